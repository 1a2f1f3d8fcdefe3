#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: group_domain_dns
short_description: Publish the DNS records of a domain for Microsoft 365 groups
version_added: 0.1.0
description:
  - Compares the MX record and the autodiscover CNAME record of a group domain, and the TXT record that proves its ownership,
    with what the zone's own name servers say, and publishes what is missing.
  - Publishes by dynamic update (RFC 2136) signed with TSIG, or returns the records to publish by other means.
  - An update is one message that the server takes as a whole or not at all, on condition that the zone is still as it was
    read. What was written is read back, and waited for on all name servers.
  - An MX that points elsewhere is refused unless O(exclusive=true). A name that would have a CNAME and other records is
    always refused, for name servers pass over such an update without a word.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._graph
requirements:
  - dnspython
options:
  domain:
    description:
      - The group domain, such as V(groups.contoso.com). International names may be given as they are written.
    type: str
    required: true
  records:
    description:
      - The records to have.
      - V(mx) delivers the domain's mail to Microsoft 365.
      - V(autodiscover) is the CNAME that lets Outlook find the groups.
      - V(verification) is the TXT record that proves the domain's ownership.
    type: list
    elements: str
    choices:
      - mx
      - autodiscover
      - verification
    default:
      - mx
      - autodiscover
  mx_host:
    description:
      - The host the MX points to, such as V(groups-contoso-com.mail.protection.outlook.com).
      - If not set, the tenant is asked for it; O(tenant_id), O(client_id) and O(client_secret) are needed then, and the
        application permission C(Domain.Read.All). It is never guessed from the domain's name.
    type: str
  mx_preference:
    description:
      - Preference of the MX. If not set, a new MX gets what the tenant says, or V(0), and an existing one may have any.
    type: int
  autodiscover_host:
    description:
      - The host the autodiscover CNAME points to.
      - If not set, what the tenant says where it is asked for the MX, else V(autodiscover.outlook.com).
    type: str
  verification_text:
    description:
      - Text of the verification record, such as V(MS=ms12345678); see
        RV(exchange.hybrid_groups.m365_domain#module:verification_records).
      - If not set, the tenant is asked for it.
    type: str
  ttl:
    description:
      - TTL of the records in seconds. If not set, new records get what the tenant says, or V(3600), and existing ones may
        have any.
    type: int
  exclusive:
    description:
      - Replace an MX that points elsewhere, and MX records beside the wanted one.
      - With V(false), such an MX makes the task fail. If the MX record of the group domain is set to the on-premises Exchange
        server, mail flow does not work correctly between on-premises users and the groups.
    type: bool
    default: false
  provider:
    description:
      - How to publish. V(rfc2136) updates O(server). V(manual) changes nothing and returns RV(to_publish) and
        RV(zone_snippet).
    type: str
    choices:
      - rfc2136
      - manual
    default: manual
  server:
    description:
      - With O(provider=rfc2136), address or name of the server that takes updates, the zone's primary.
    type: str
  server_port:
    description:
      - Port of O(server). If not set, O(dns_port).
    type: int
  zone:
    description:
      - The zone that holds the records. If not set, it is found by SOA records, upwards from the name.
    type: str
  tsig_key_name:
    description:
      - Name of the key that signs updates.
    type: str
  tsig_secret:
    description:
      - Secret of that key, in base64.
    type: str
  tsig_algorithm:
    description:
      - Algorithm of that key.
    type: str
    choices:
      - hmac-sha1
      - hmac-sha224
      - hmac-sha256
      - hmac-sha384
      - hmac-sha512
    default: hmac-sha256
  name_servers:
    description:
      - The authoritative servers to compare with and wait for, each C(address) or C(address:port).
      - If not set, the zone's own, by its NS records.
    type: list
    elements: str
  resolvers:
    description:
      - Resolvers that must show the records too, each C(address) or C(address:port).
      - If not set, the control node's own are asked and reported, but not waited for. An empty list asks none.
      - Resolvers are asked once all authoritative servers have the records, so that they do not remember their absence.
    type: list
    elements: str
  dns_port:
    description:
      - Port of servers that are found by NS records or given without a port.
    type: int
    default: 53
  timeout:
    description:
      - Seconds to wait for one answer. A question is tried twice by UDP and once by TCP.
    type: float
    default: 3
  wait:
    description:
      - Wait until all O(name_servers) and given O(resolvers) show the records, and fail when they do not in time.
      - If not set, V(true) with O(provider=rfc2136) and V(false) with O(provider=manual).
    type: bool
  wait_timeout:
    description:
      - Seconds to wait with O(wait=true).
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Publish MX and autodiscover of the group domain by dynamic update
  exchange.hybrid_groups.group_domain_dns:
    domain: groups.contoso.com
    provider: rfc2136
    server: ns1.contoso.com
    tsig_key_name: hybrid-groups
    tsig_secret: "{{ dns_key_secret }}"
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost

- name: Get the records, to publish them with the DNS provider's own module
  exchange.hybrid_groups.group_domain_dns:
    domain: groups.contoso.com
    mx_host: groups-contoso-com.mail.protection.outlook.com
    provider: manual
  delegate_to: localhost
  register: group_dns

- name: Show what is left to publish
  ansible.builtin.debug:
    var: group_dns.to_publish

- name: Wait until everybody sees them
  exchange.hybrid_groups.group_domain_dns:
    domain: groups.contoso.com
    mx_host: groups-contoso-com.mail.protection.outlook.com
    provider: manual
    resolvers: [9.9.9.9, 1.1.1.1]
    wait: true
    wait_timeout: 900
  delegate_to: localhost
"""

RETURN = r"""
records:
  description: The wanted records, each with what every server says about it.
  returned: success
  type: list
  elements: dict
  contains:
    purpose:
      description: V(mx), V(autodiscover) or V(verification).
      type: str
    name:
      description: Name of the record.
      type: str
    type:
      description: Type of the record.
      type: str
    value:
      description: The host, or the text of a TXT record.
      type: str
    preference:
      description: Preference of an MX.
      type: int
    ttl:
      description: TTL in seconds.
      type: int
    servers:
      description:
        - What each server says. C(state) is V(present), V(missing), V(different), V(unreachable), or V(not_asked) for a resolver
          as long as an authoritative server lacks the records.
      type: list
      elements: dict
  sample:
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
to_publish:
  description: The records that are still to be published. Empty after an update.
  returned: success
  type: list
  elements: dict
  sample:
    - name: autodiscover.groups.contoso.com
      type: CNAME
      value: autodiscover.outlook.com
      ttl: 3600
to_remove:
  description: The records that have to go when those of RV(to_publish) are published, as zone-file lines.
  returned: success
  type: list
  elements: str
  sample: [groups.contoso.com. 3600 IN MX 10 mail.contoso.com.]
zone_snippet:
  description: The wanted records as zone-file lines.
  returned: success
  type: str
  sample: "groups.contoso.com. 3600 IN MX 0 groups-contoso-com.mail.protection.outlook.com.\n"
visible:
  description: Whether all authoritative servers and all given resolvers show all records now.
  returned: success
  type: bool
  sample: true
deferred:
  description: What check mode cannot tell, because only a step that it does not take makes it known. One sentence each.
  returned: success
  type: list
  elements: str
  sample:
    - The MX host of groups.contoso.com is known once the domain is verified in the tenant with the service Email on.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import (
    _dns,
    _dns_publish,
    _dns_records,
    _dns_visibility,
    _graph,
    _group_domain_dns,
    _m365_domain,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def read_tenant(params: dict[str, t.Any], domain: str) -> _group_domain_dns.TenantRecords:
    """What the tenant knows of the domain's records, where it has to be asked."""
    if not _group_domain_dns.needs_tenant(params):
        return _group_domain_dns.TenantRecords()
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        return _group_domain_dns.tenant_records(graph, domain)


def run(module: AnsibleModule) -> None:
    params = module.params
    domain = _m365_domain.group_domain(params["domain"])
    key = _group_domain_dns.tsig_key(params)
    wanted, unknown = _group_domain_dns.wanted_records(domain, params, read_tenant(params, domain))
    if unknown and not module.check_mode:
        raise _group_domain_dns.unknown_error(domain, unknown)

    client = _dns.DnsClient(params["timeout"])
    servers = _group_domain_dns.find_servers(client, params, [record.name for record in wanted] or [domain])
    views = _dns_publish.read_views(client, servers.deciding, wanted)
    changes = _dns_records.changes_for(wanted, views, exclusive=params["exclusive"])
    result: dict[str, t.Any] = {
        "changed": bool(servers.primary and (changes or unknown)),
        "zone_snippet": _dns_records.snippet(wanted),
        "deferred": _group_domain_dns.deferred(domain, unknown),
    }
    if module._diff:
        result["diff"] = _dns_records.diff(wanted, views[0], changes if servers.primary else [])
    if servers.primary and changes and not module.check_mode:
        publisher = _dns_publish.Rfc2136Publisher(client, servers.primary, servers.zones, key)
        publisher.publish(wanted, changes, exclusive=params["exclusive"])
        changes = []
    result["to_publish"] = [change.wanted.to_result(change.after.ttl) for change in changes]
    result["to_remove"] = [line for change in changes for line in change.removed_lines]

    watch = _dns_visibility.Watch(client, wanted, servers.zones, servers.observers)
    wait = params["wait"] if params["wait"] is not None else servers.primary is not None
    waiting = wait and not module.check_mode
    visible = watch.wait(Deadline(params["wait_timeout"])) if waiting else watch.look()
    result["visible"] = visible and not unknown
    result["records"] = [
        {
            "purpose": record.purpose,
            **record.to_result(),
            "servers": [sighting.to_result() for sighting in watch.sightings(record)],
        }
        for record in wanted
    ]
    if waiting and not visible:
        raise _dns.DnsError(
            f"The records of {domain} were not visible everywhere within {params['wait_timeout']} seconds (wait_timeout). "
            f"Still missing: {'; '.join(watch.lacking())}.",
            result=result,
        )
    module.exit_json(**result)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "records": {
                "type": "list",
                "elements": "str",
                "choices": ["mx", "autodiscover", "verification"],
                "default": ["mx", "autodiscover"],
            },
            "mx_host": {"type": "str"},
            "mx_preference": {"type": "int"},
            "autodiscover_host": {"type": "str"},
            "verification_text": {"type": "str"},
            "ttl": {"type": "int"},
            "exclusive": {"type": "bool", "default": False},
            "provider": {"type": "str", "choices": ["rfc2136", "manual"], "default": "manual"},
            "server": {"type": "str"},
            "server_port": {"type": "int"},
            "zone": {"type": "str"},
            "tsig_key_name": {"type": "str", "no_log": False},
            "tsig_secret": {"type": "str", "no_log": True},
            "tsig_algorithm": {"type": "str", "choices": list(_dns.TSIG_ALGORITHMS), "default": "hmac-sha256"},
            "name_servers": {"type": "list", "elements": "str"},
            "resolvers": {"type": "list", "elements": "str"},
            "dns_port": {"type": "int", "default": 53},
            "timeout": {"type": "float", "default": 3},
            "wait": {"type": "bool"},
            "wait_timeout": {"type": "int", "default": 120},
            **_graph.graph_argument_spec(),
        },
        required_if=[("provider", "rfc2136", ["server"])],
        supports_check_mode=True,
    )
    _dns.require_libraries(module)
    if _group_domain_dns.needs_tenant(module.params):
        _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
