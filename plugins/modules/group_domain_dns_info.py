#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: group_domain_dns_info
short_description: Check the DNS records of domains for Microsoft 365 groups
version_added: 0.1.0
description:
  - Asks all name servers of each domain's zone, the resolvers and the internal servers whether they show the records that a group
    domain needs. Changes nothing.
  - All servers of all domains are asked at once, as many questions at a time as O(concurrency) says.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._group_domain_dns
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  domains:
    description:
      - The group domains. International names may be given as they are written.
    type: list
    elements: str
    required: true
  mx_hosts:
    description:
      - Domain to the host its MX points to. For domains that are not in it, the tenant is asked, which needs the application
        permission C(Domain.Read.All).
    type: dict
    default: {}
  verification_texts:
    description:
      - Domain to the text of its verification record. For domains that are not in it, the tenant is asked.
    type: dict
    default: {}
seealso:
  - module: exchange.hybrid_groups.group_domain_dns
"""

EXAMPLES = r"""
- name: Check the group domains, seen from outside and from the on-premises servers
  exchange.hybrid_groups.group_domain_dns_info:
    domains: [groups.contoso.com, groups.fabrikam.com]
    resolvers: [9.9.9.9]
    internal_servers: [10.0.0.10]
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost
  register: dns

- name: Name the domains that are not in order
  ansible.builtin.debug:
    msg: "{{ dns.domains | rejectattr('visible') | map(attribute='domain') }}"

- name: Check one without the tenant
  exchange.hybrid_groups.group_domain_dns_info:
    domains: [groups.contoso.com]
    mx_hosts:
      groups.contoso.com: groups-contoso-com.mail.protection.outlook.com
  delegate_to: localhost
"""

RETURN = r"""
domains:
  description: The domains in the order given.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: Its name.
      type: str
    visible:
      description: Whether all servers that are to show the records show all of them.
      type: bool
    records:
      description:
        - The records, each with what every server says about it; see RV(exchange.hybrid_groups.group_domain_dns#module:records).
        - Those whose value is not known are left out and named in RV(domains[].problems).
      type: list
      elements: dict
    internal_zones:
      description: Zones of their own from which O(internal_servers) answer.
      type: list
      elements: str
    problems:
      description: Why something could not be found out. One sentence each.
      type: list
      elements: str
  sample:
    - domain: groups.contoso.com
      visible: true
      records:
        - purpose: mx
          name: groups.contoso.com
          type: MX
          value: groups-contoso-com.mail.protection.outlook.com
          preference: 0
          ttl: 3600
          servers:
            - server: ns1.contoso.com (192.0.2.1)
              role: authoritative
              state: present
              answer: [0 groups-contoso-com.mail.protection.outlook.com.]
              ttl: 3600
              serial: 2026112401
              error: null
      internal_zones: []
      problems: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _dns, _graph
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _group_domain_dns as _records
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._group_domain_dns_info import Check, watch_domains
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._group_domain_dns_servers import (
    dns_client,
    servers_argument_spec,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import group_domain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def options_of(params: dict[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Each domain's own options, as group_domain_dns would have them."""
    domains = dict.fromkeys(group_domain(name, "domains") for name in params["domains"])
    own = {}
    for option, single in (("mx_hosts", "mx_host"), ("verification_texts", "verification_text")):
        own[single] = {group_domain(name, option): value for name, value in params[option].items()}
    return {domain: {**params, **{single: own[single].get(domain) for single in own}} for domain in domains}


def read_tenant(module: AnsibleModule, options: dict[str, dict[str, t.Any]]) -> dict[str, _records.TenantRecords]:
    """What the tenant knows of those domains whose options do not say everything."""
    asked = [domain for domain, own in options.items() if _records.needs_tenant(own)]
    if not asked:
        return {}
    _graph.require_libraries(module)
    with _graph.GraphClient(_graph.GraphSettings.from_params(module.params)) as graph:
        return _records.tenant_records(graph, asked)


def run(module: AnsibleModule) -> None:
    params = module.params
    client = dns_client(params)
    options = options_of(params)
    tenant = read_tenant(module, options)
    checks = [
        Check(domain, *_records.wanted_records(domain, own, tenant.get(domain, _records.TenantRecords())))
        for domain, own in options.items()
    ]
    watch = watch_domains(client, params, checks)
    module.exit_json(changed=False, domains=[check.to_result(watch) for check in checks])


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domains": {"type": "list", "elements": "str", "required": True},
            **_records.records_argument_spec(),
            "mx_hosts": {"type": "dict", "default": {}},
            "verification_texts": {"type": "dict", "default": {}},
            **servers_argument_spec(),
            **_graph.graph_argument_spec(),
        },
        supports_check_mode=True,
    )
    _dns.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
