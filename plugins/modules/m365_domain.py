#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_domain
short_description: Add a domain to the Microsoft 365 tenant, verify it and turn services on
version_added: 0.1.0
description:
  - Adds a domain to the tenant through Microsoft Graph, gives the DNS records that prove its ownership, has Microsoft verify
    it, and turns on the services that use it.
  - A subdomain of a verified domain is verified at once when it is added.
  - The application needs the application permission C(Domain.ReadWrite.All). In check mode C(Domain.Read.All) is enough.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._graph
options:
  domain:
    description:
      - The domain, such as V(groups.contoso.com). International names may be given as they are written.
    type: str
    required: true
  state:
    description:
      - With V(present), the domain is in the tenant, verified or not.
      - With V(verified), it is in the tenant and verified, and the O(services) are on. The verification record must be in
        the public zone; see RV(verification_records).
    type: str
    choices:
      - present
      - verified
    default: present
  services:
    description:
      - Services to turn on for the domain, with O(state=verified) only. Services that are on already stay on.
      - V(Email) is what gives the domain its MX record.
    type: list
    elements: str
    choices:
      - Email
      - OfficeCommunicationsOnline
      - Yammer
    default:
      - Email
  verify_timeout:
    description:
      - Seconds to go on asking Microsoft to verify the domain, with growing pauses. V(0) asks once.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Add the group domain to the tenant
  exchange.hybrid_groups.m365_domain:
    domain: groups.contoso.com
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost
  register: tenant_domain

- name: Show the record that proves ownership
  ansible.builtin.debug:
    var: tenant_domain.verification_records

- name: Verify the group domain and turn mail on, once that record is public
  exchange.hybrid_groups.m365_domain:
    domain: groups.contoso.com
    state: verified
    services: [Email]
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost
"""

RETURN = r"""
domain:
  description: The domain as it is now; in check mode as it is predicted.
  returned: success
  type: dict
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
    services:
      description: The services that use it.
      type: list
      elements: str
  sample:
    id: groups.contoso.com
    verified: true
    root: false
    default: false
    services: [Email]
verification_records:
  description:
    - The DNS records of which one proves the domain's ownership.
    - Empty in check mode when the domain is not in the tenant yet, see RV(deferred).
  returned: success
  type: list
  elements: dict
  sample:
    - name: groups.contoso.com
      type: TXT
      value: MS=ms12345678
      ttl: 3600
service_records:
  description:
    - The DNS records that the domain's services need. MX records have C(preference) as well.
    - Empty as long as the domain is not verified or has no service.
  returned: success
  type: list
  elements: dict
  sample:
    - name: groups.contoso.com
      type: MX
      value: groups-contoso-com.mail.protection.outlook.com
      preference: 0
      ttl: 3600
    - name: autodiscover.groups.contoso.com
      type: CNAME
      value: autodiscover.outlook.com
      ttl: 3600
deferred:
  description: What check mode cannot tell, because only a step that it does not take makes it known. One sentence each.
  returned: success
  type: list
  elements: str
  sample:
    - The records that prove ownership of groups.contoso.com are made when the domain is added to the tenant.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph, _m365_domain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    domain = _m365_domain.group_domain(params["domain"])
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        domains = _m365_domain.TenantDomains(graph)
        current = domains.find(domain)
        steps = _m365_domain.plan(current, verified=params["state"] == "verified", services=params["services"])
        result: dict[str, t.Any] = {"changed": steps.changes, "deferred": []}
        before = current.to_result() if current else {}
        if current is not None and not steps.changes:
            after = current
        elif module.check_mode:
            below_verified = current is None and domains.has_verified_parent(domain)
            after = _m365_domain.predict(domain, current, steps, verified_parent=below_verified)
            result["deferred"] = _m365_domain.unknown_until_done(after, steps, verified_parent=below_verified)
        else:
            after = _m365_domain.carry_out(domains, domain, current, steps, verify_timeout=float(params["verify_timeout"]))
        result["domain"] = after.to_result()
        actual = current if module.check_mode else after
        result["verification_records"] = domains.verification_records(domain) if actual else []
        result["service_records"] = domains.service_records(domain) if actual and actual.verified else []
    if module._diff:
        result["diff"] = {"before": before, "after": result["domain"]}
    module.exit_json(**result)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "verified"], "default": "present"},
            "services": {
                "type": "list",
                "elements": "str",
                "choices": list(_m365_domain.SETTABLE_SERVICES),
                "default": ["Email"],
            },
            "verify_timeout": {"type": "int", "default": 120},
            **_graph.graph_argument_spec(),
        },
        supports_check_mode=True,
    )
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
