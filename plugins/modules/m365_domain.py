#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_domain
short_description: Add a domain to the Microsoft 365 tenant, verify it, turn services on, or remove it
version_added: 0.1.0
description:
  - Adds a domain to the tenant through Microsoft Graph, gives the DNS records that prove its ownership, has Microsoft verify
    it, turns on the services that use it, and can make it the tenant's default domain.
  - A subdomain of a verified domain is verified at once when it is added.
  - The application needs the application permission C(Domain.ReadWrite.All). In check mode C(Domain.Read.All) is enough.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
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
      - With V(absent), it is not in the tenant. The initial and the default domain cannot be removed, nor one that users, groups,
        or applications still have names in. DNS records are left as they are.
    type: str
    choices:
      - absent
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
  make_default:
    description:
      - With O(state=verified), make it the tenant's default domain, which new users get.
      - With V(false), nothing is changed about that. A domain ceases to be the default when another one is made it.
    type: bool
    default: false
  verify_timeout:
    description:
      - Seconds to go on until Microsoft has verified the domain, with growing pauses. V(0) tries once.
      - Microsoft is asked once all authoritative name servers that answer show the verification record. Where these cannot
        be asked, Microsoft is asked anyway.
    type: int
    default: 120
  resolvers:
    description:
      - Resolvers, each C(address) or C(address:port), through which the authoritative name servers are found.
      - If not set, those of the control node. With an empty list, Microsoft is asked without looking.
    type: list
    elements: str
  dns_port:
    description:
      - Port of the authoritative name servers and of O(resolvers) given without a port.
    type: int
    default: 53
  dns_timeout:
    description:
      - Seconds to wait for one DNS answer. A question is tried twice by UDP and once by TCP.
    type: float
    default: 3
requirements:
  - dnspython
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

- name: Take the domain out of the tenant, signed in by certificate
  exchange.hybrid_groups.m365_domain:
    domain: groups.contoso.com
    state: absent
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_certificate: /etc/ansible/m365.pem
  delegate_to: localhost
"""

RETURN = r"""
domain:
  description: The domain as it is now; in check mode as it is predicted. V(null) when it is absent.
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
    initial:
      description: Whether it is the domain the tenant began with.
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
    initial: false
    services: [Email]
before:
  description: The domain before the task, in the form of RV(domain). V(null) when the tenant did not have it.
  returned: success
  type: dict
  sample: null
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
    - The verification records of groups.contoso.com are made when it is added to the tenant.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _dns, _graph
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import (
    TenantDomains,
    carry_out,
    group_domain,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain_plan import (
    SETTABLE_SERVICES,
    plan,
    predict,
    unknown_until_done,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_verification import PublicText
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    domain = group_domain(params["domain"])
    public = PublicText(_dns.DnsClient(params["dns_timeout"]), params["resolvers"], params["dns_port"])
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        domains = TenantDomains(graph)
        current = domains.find(domain)
        steps = plan(current, state=params["state"], services=params["services"], make_default=params["make_default"])
        before = current.to_result() if current else None
        result: dict[str, t.Any] = {"changed": steps.changes, "before": before, "deferred": []}
        if not steps.changes:
            after = current
        elif module.check_mode:
            below_verified = current is None and domains.has_verified_parent(domain)
            after = predict(domain, current, steps, verified_parent=below_verified)
            result["deferred"] = unknown_until_done(after, steps, verified_parent=below_verified)
        else:
            after = carry_out(
                domains,
                domain,
                current,
                steps,
                verify=lambda name: domains.verify(name, float(params["verify_timeout"]), public.lacking),
            )
        result["domain"] = after.to_result() if after else None
        actual = current if module.check_mode else after
        result["verification_records"] = domains.verification_records(domain) if actual else []
        result["service_records"] = domains.service_records(domain) if actual and actual.verified else []
    if module._diff:
        result["diff"] = {"before": before or {}, "after": result["domain"] or {}}
    module.exit_json(**result)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["absent", "present", "verified"], "default": "present"},
            "services": {"type": "list", "elements": "str", "choices": list(SETTABLE_SERVICES), "default": ["Email"]},
            "make_default": {"type": "bool", "default": False},
            "verify_timeout": {"type": "int", "default": 120},
            "resolvers": {"type": "list", "elements": "str"},
            "dns_port": {"type": "int", "default": 53},
            "dns_timeout": {"type": "float", "default": 3},
            **_graph.graph_argument_spec(),
        },
        supports_check_mode=True,
    )
    _graph.require_libraries(module)
    _dns.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
