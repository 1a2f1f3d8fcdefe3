#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_accepted_domain
short_description: Manage accepted domains of an Exchange organization
version_added: 0.1.0
description:
  - Creates, changes and removes accepted domains of an on-premises Exchange organization.
  - The group domain of a hybrid deployment has to be an accepted domain of type V(InternalRelay), or mail from on-premises
    mailboxes to Microsoft 365 groups is not delivered.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._exchange
options:
  domain:
    description:
      - The SMTP domain. An accepted domain is found by it, not by its display name.
      - Case and a trailing dot do not matter. International names may be given as they are read or in their C(xn--) form;
        the latter is what is stored.
      - V(*.contoso.com) accepts mail for the subdomains of V(contoso.com) and V(*) for every domain. A wildcard is an accepted
        domain of its own; neither form can be changed into the other.
    type: str
    required: true
  name:
    description:
      - The display name. It has to be unique in the organization; case does not matter.
      - When the accepted domain is created, this defaults to the value of O(domain). An existing one is renamed only when this is
        given.
    type: str
  type:
    description:
      - Who delivers the mail of the domain. V(Authoritative) means this organization alone, V(InternalRelay) this organization
        and another one behind a Send connector, V(ExternalRelay) another one alone.
      - When the accepted domain is created without it, Exchange makes it V(Authoritative). An existing one is changed only
        when this is given.
    type: str
    choices:
      - Authoritative
      - InternalRelay
      - ExternalRelay
  default:
    description:
      - V(true) makes this the default accepted domain of the organization.
      - An organization always has one default domain, so V(false) is an error on the default domain. Make another domain the
        default instead.
    type: bool
  match_subdomains:
    description:
      - Whether mail from and to addresses in subdomains is accepted too.
      - Needs Exchange Server 2016 or later.
    type: bool
  address_book_enabled:
    description:
      - Whether recipient filtering, of the anti-spam agents, rejects recipients that are not in the address book.
      - A new domain has it on when it is V(Authoritative), and off otherwise.
    type: bool
  state:
    description:
      - V(present) creates the accepted domain or changes it.
      - V(absent) removes it. The default domain, and a domain that an email address policy uses, cannot be removed.
    type: str
    choices:
      - present
      - absent
    default: present
notes:
  - The user needs the Exchange role C(Remote and Accepted Domains), which Organization Management holds.
  - Creating an accepted domain may take two cmdlets. When the task dies between them, the next run finishes what is missing.
seealso:
  - module: exchange.hybrid_groups.exchange_send_connector
  - name: Accepted domains in Exchange Server
    description: What the types mean.
    link: https://learn.microsoft.com/exchange/mail-flow/accepted-domains/accepted-domains
"""

EXAMPLES = r"""
- name: Accept mail for the group domain
  exchange.hybrid_groups.exchange_accepted_domain:
    domain: groups.contoso.com
    type: InternalRelay

- name: Make contoso.com the default domain and name it
  exchange.hybrid_groups.exchange_accepted_domain:
    domain: contoso.com
    name: Contoso
    default: true

- name: Accept mail for a domain no longer
  exchange.hybrid_groups.exchange_accepted_domain:
    domain: groups.contoso.com
    state: absent
"""

RETURN = r"""
accepted_domain:
  description:
    - The accepted domain after the task, in check mode as it would be. V(null) when there is none.
  returned: success
  type: dict
  sample:
    domain: groups.contoso.com
    name: groups.contoso.com
    type: InternalRelay
    default: false
    match_subdomains: false
    address_book_enabled: false
    guid: 6f1a5f0e-3b0c-4c1d-9a53-1d2f0a8f7c11
  contains:
    domain:
      description: The SMTP domain as Exchange spells it.
      returned: when the accepted domain exists
      type: str
      sample: groups.contoso.com
    name:
      description: The display name.
      returned: when the accepted domain exists
      type: str
      sample: groups.contoso.com
    type:
      description: V(Authoritative), V(InternalRelay) or V(ExternalRelay).
      returned: when the accepted domain exists
      type: str
      sample: InternalRelay
    default:
      description: Whether it is the default accepted domain.
      returned: when the accepted domain exists
      type: bool
      sample: false
    match_subdomains:
      description: Whether subdomains are accepted too.
      returned: when the accepted domain exists
      type: bool
      sample: false
    address_book_enabled:
      description: Whether recipients outside the address book are rejected.
      returned: when the accepted domain exists
      type: bool
      sample: false
    guid:
      description: The object's GUID. V(null) in check mode for an accepted domain that would be created.
      returned: when the accepted domain exists
      type: str
      sample: 6f1a5f0e-3b0c-4c1d-9a53-1d2f0a8f7c11
before:
  description: The accepted domain before the task, in the form of RV(accepted_domain). V(null) when there was none.
  returned: success
  type: dict
  sample: null
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Remove-AcceptedDomain
    host: ex1.corp.contoso.com
    message: The accepted domain cannot be removed because it is referenced by the email address policy templates.
    fully_qualified_error_id: "[Server=EX1] [FailureCategory=Cmdlet-InvalidOperationException] 8022381D"
    category: InvalidOperation
    exception: InvalidOperationException
    target: ""
    activity: Remove-AcceptedDomain
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._accepted_domain import (
    TYPES,
    AcceptedDomain,
    AcceptedDomains,
    WantedDomain,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import normalize_domain


def wanted_from(params: dict) -> WantedDomain:
    """Read the options.

    :raises CollectionError: for a value that cannot be meant
    """
    try:
        domain = normalize_domain(params["domain"], subdomains=True, any_domain=True)
    except ValueError as exc:
        raise CollectionError(f"domain: {exc}") from exc
    name = params["name"]
    if name is not None and not name.strip():
        raise CollectionError("name: an accepted domain needs a name; leave the option out to name it after its domain.")
    return WantedDomain(
        domain=domain,
        name=name and name.strip(),
        type=params["type"],
        default=params["default"],
        match_subdomains=params["match_subdomains"],
        address_book_enabled=params["address_book_enabled"],
    )


def run(module: AnsibleModule) -> None:
    wanted = wanted_from(module.params)
    client = ExchangeClient(CmdletClient(module), module.params["domain_controller"])
    domains = AcceptedDomains(client, check_mode=module.check_mode)
    present = module.params["state"] == "present"
    outcome = domains.ensure_present(wanted) if present else domains.ensure_absent(wanted.domain)
    before, after = as_result(outcome.before), as_result(outcome.after)
    result = {"changed": outcome.changed, "before": before, "accepted_domain": after}
    if module._diff:
        result["diff"] = {"before": before or {}, "after": after or {}}
    module.exit_json(**result)


def as_result(domain: AcceptedDomain | None) -> dict | None:
    return domain.to_result() if domain else None


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "name": {"type": "str"},
            "type": {"type": "str", "choices": list(TYPES)},
            "default": {"type": "bool"},
            "match_subdomains": {"type": "bool"},
            "address_book_enabled": {"type": "bool"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **_exchange_client.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
