#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_domain_info
short_description: Read the domains of a Microsoft 365 tenant and the DNS records they need
version_added: 0.1.0
description:
  - Reads through Microsoft Graph the tenant's domains, and for each the records that prove ownership and those of its services.
  - The application needs the application permission C(Domain.Read.All).
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  domains:
    description:
      - The domains to read. International names may be given as they are written.
      - If not set, all of the tenant's.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Read all domains of the tenant
  exchange.hybrid_groups.m365_domain_info:
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost
  register: tenant

- name: Name those that are not verified
  ansible.builtin.debug:
    msg: "{{ tenant.domains | rejectattr('verified') | map(attribute='id') }}"
"""

RETURN = r"""
domains:
  description: The domains that were found, by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its name.
      type: str
    verified:
      description: Whether its ownership has been verified.
      type: bool
    root:
      description: Whether it is a verified domain with no verified domain above it.
      type: bool
    default:
      description: Whether new users get it by default.
      type: bool
    initial:
      description: Whether it is the domain the tenant began with.
      type: bool
    services:
      description: The services that use it.
      type: list
      elements: str
    verification_records:
      description: The DNS records of which one proves the domain's ownership.
      type: list
      elements: dict
    service_records:
      description: The DNS records that the domain's services need. Empty as long as it is not verified or has no service.
      type: list
      elements: dict
  sample:
    - id: groups.contoso.com
      verified: true
      root: false
      default: false
      initial: false
      services: [Email]
      verification_records:
        - name: groups.contoso.com
          type: TXT
          value: MS=ms12345678
          ttl: 3600
      service_records:
        - name: groups.contoso.com
          type: MX
          value: groups-contoso-com.mail.protection.outlook.com
          preference: 0
          ttl: 3600
absent:
  description: Those of O(domains) that the tenant does not have.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import TenantDomains, group_domain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    given = module.params["domains"]
    asked = None if given is None else {group_domain(name, "domains") for name in given}
    with _graph.GraphClient(_graph.GraphSettings.from_params(module.params)) as graph:
        domains = TenantDomains(graph)
        found = sorted((d for d in domains.all() if asked is None or d.id in asked), key=lambda d: d.id)
        records = domains.records_of(found)
    module.exit_json(
        changed=False,
        domains=[
            {**domain.to_result(), "verification_records": own.verification, "service_records": own.service}
            for domain, own in zip(found, records, strict=True)
        ],
        absent=sorted((asked or set()) - {domain.id for domain in found}),
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={"domains": {"type": "list", "elements": "str"}, **_graph.graph_argument_spec()},
        supports_check_mode=True,
    )
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
