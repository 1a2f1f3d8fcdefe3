#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_accepted_domain_info
short_description: Read accepted domains of an Exchange organization
version_added: 0.1.0
description:
  - Reads the accepted domains of an on-premises Exchange organization.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._exchange
options:
  domain:
    description:
      - Return only the accepted domain for this SMTP domain, or nothing when there is none. Case, a trailing dot and the form
        of international names do not matter.
    type: str
notes:
  - The user needs the Exchange role C(View-Only Configuration) or C(Remote and Accepted Domains).
seealso:
  - module: exchange.hybrid_groups.exchange_accepted_domain
"""

EXAMPLES = r"""
- name: Read all accepted domains
  exchange.hybrid_groups.exchange_accepted_domain_info:
  register: exchange

- name: Stop when the group domain is not accepted as internal relay
  ansible.builtin.assert:
    that: >-
      'groups.contoso.com' in
      exchange.accepted_domains | selectattr('type', 'eq', 'InternalRelay') | map(attribute='domain')
    fail_msg: Run the procedure first.
"""

RETURN = r"""
accepted_domains:
  description: The accepted domains, by SMTP domain.
  returned: success
  type: list
  elements: dict
  sample:
    - domain: groups.contoso.com
      name: groups.contoso.com
      type: InternalRelay
      default: false
      match_subdomains: false
      address_book_enabled: false
      guid: 6f1a5f0e-3b0c-4c1d-9a53-1d2f0a8f7c11
  contains:
    domain:
      description: The SMTP domain as Exchange spells it.
      returned: success
      type: str
      sample: groups.contoso.com
    name:
      description: The display name.
      returned: success
      type: str
      sample: groups.contoso.com
    type:
      description: V(Authoritative), V(InternalRelay) or V(ExternalRelay).
      returned: success
      type: str
      sample: InternalRelay
    default:
      description: Whether it is the default accepted domain.
      returned: success
      type: bool
      sample: false
    match_subdomains:
      description: Whether subdomains are accepted too.
      returned: success
      type: bool
      sample: false
    address_book_enabled:
      description: Whether recipients outside the address book are rejected.
      returned: success
      type: bool
      sample: false
    guid:
      description: The object's GUID.
      returned: success
      type: str
      sample: 6f1a5f0e-3b0c-4c1d-9a53-1d2f0a8f7c11
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Get-AcceptedDomain
    host: ex1.corp.contoso.com
    message: The term 'Get-AcceptedDomain' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Get-AcceptedDomain
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._accepted_domain import AcceptedDomains
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import domain_key, normalize_domain


def run(module: AnsibleModule) -> None:
    wanted = module.params["domain"]
    try:
        key = domain_key(normalize_domain(wanted, subdomains=True, any_domain=True)) if wanted is not None else None
    except ValueError as exc:
        raise CollectionError(f"domain: {exc}") from exc
    client = ExchangeClient(CmdletClient(module), module.params["domain_controller"])
    domains = sorted(AcceptedDomains(client, check_mode=True).read(), key=lambda domain: domain_key(domain.domain))
    found = [domain.to_result() for domain in domains if key in (None, domain_key(domain.domain))]
    module.exit_json(changed=False, accepted_domains=found)


def main() -> None:
    spec = {"domain": {"type": "str"}, **_exchange_client.ARGUMENT_SPEC}
    guarded_run(run, AnsibleModule(argument_spec=spec, supports_check_mode=True))


if __name__ == "__main__":
    main()
