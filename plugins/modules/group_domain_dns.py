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
  - Compares the records that a group domain needs with what the zone's own name servers say, and publishes what is missing,
    or takes the records away again.
  - Publishes by dynamic update (RFC 2136) signed with TSIG, or returns the record sets to publish by other means.
  - An update is one message for a zone, which the server takes as a whole or not at all, on condition that the zone is still
    as it was read. What was written is read back, and waited for on all name servers.
  - An MX that points elsewhere is refused unless O(exclusive=true) or O(additive=true). A name that would have a CNAME and
    other records is always refused, for name servers pass over such an update without a word.
  - Where on-premises servers get their answers from an internal zone of the same name (split horizon), the records have to be
    there too. O(internal_servers) looks for such a zone, O(internal_target) publishes there.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._group_domain_dns
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  domain:
    description:
      - The group domain, such as V(groups.contoso.com). International names may be given as they are written.
    type: str
    required: true
  state:
    description:
      - With V(present), the domain has the O(records).
      - With V(absent), it has them no more. Only what O(records) stands for is taken away, so an MX that points elsewhere
        stays, and an SPF record only loses Microsoft 365's host. Whether mail is still on its way to the domain is not looked at.
    type: str
    choices:
      - absent
      - present
    default: present
  mx_host:
    description:
      - The host the MX points to, such as V(groups-contoso-com.mail.protection.outlook.com).
      - If not set, the tenant is asked for it; O(tenant_id) and a way to sign in are needed then, and the application
        permission C(Domain.Read.All). It is never guessed from the domain's name.
    type: str
  verification_text:
    description:
      - Text of the verification record, such as V(MS=ms12345678); see
        RV(exchange.hybrid_groups.m365_domain#module:verification_records).
      - If not set, the tenant is asked for it.
    type: str
  exclusive:
    description:
      - Replace an MX that points elsewhere, and MX records beside the wanted one.
      - With V(false), such an MX makes the task fail, unless O(additive=true). If the MX record of the group domain is set to the
        on-premises Exchange server, mail flow does not work correctly between on-premises users and the groups.
    type: bool
    default: false
  provider:
    description:
      - How to publish. V(rfc2136) updates O(server). V(manual) changes nothing and returns RV(to_publish), RV(to_delete) and
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
    choices: [hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
    default: hmac-sha256
  internal_target:
    description:
      - Publish the MX and the autodiscover record in the internal zone too, the one that O(internal_servers) answer from.
      - The same rules hold as for the public zone.
    type: dict
    suboptions:
      provider:
        description:
          - How to publish. V(rfc2136) updates O(internal_target.server). V(manual) changes nothing and returns
            RV(internal.to_publish) and RV(internal.to_delete).
        type: str
        choices:
          - rfc2136
          - manual
        default: manual
      server:
        description:
          - With O(internal_target.provider=rfc2136), the server that takes updates of the internal zone.
          - It is looked at too where O(internal_servers) is not set.
        type: str
      server_port:
        description:
          - Port of O(internal_target.server). If not set, O(dns_port).
        type: int
      zone:
        description:
          - The internal zone. If not set, the one that the server has for the name.
        type: str
      tsig_key_name:
        description:
          - Name of the key that signs updates. The secure updates of Active Directory's own DNS servers need Kerberos instead
            of a key and are not supported.
        type: str
      tsig_secret:
        description:
          - Secret of that key, in base64.
        type: str
      tsig_algorithm:
        description:
          - Algorithm of that key.
        type: str
        choices: [hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
        default: hmac-sha256
  wait:
    description:
      - Wait until all O(name_servers), and all given O(resolvers) and O(internal_servers), show the records, or with
        O(state=absent) show them no more, and fail when they do not in time.
      - If not set, V(true) with O(provider=rfc2136) and V(false) with O(provider=manual).
    type: bool
  wait_timeout:
    description:
      - Seconds to wait with O(wait=true).
    type: int
    default: 120
seealso:
  - module: exchange.hybrid_groups.group_domain_dns_info
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

- name: Publish in the internal zone too, which on-premises servers get their answers from
  exchange.hybrid_groups.group_domain_dns:
    domain: groups.contoso.com
    records: [mx, autodiscover, spf]
    mx_host: groups-contoso-com.mail.protection.outlook.com
    provider: rfc2136
    server: ns1.contoso.com
    tsig_key_name: hybrid-groups
    tsig_secret: "{{ dns_key_secret }}"
    internal_servers: [10.0.0.10, 10.0.0.11]
    internal_target:
      provider: rfc2136
      server: 10.0.0.10
      tsig_key_name: hybrid-groups-internal
      tsig_secret: "{{ internal_dns_key_secret }}"
  delegate_to: localhost

- name: Get the record sets, to publish them with the DNS provider's own module
  exchange.hybrid_groups.group_domain_dns:
    domain: groups.contoso.com
    mx_host: groups-contoso-com.mail.protection.outlook.com
    provider: manual
  delegate_to: localhost
  register: group_dns

- name: Publish them in Route 53
  amazon.aws.route53:
    state: present
    zone: "{{ item.zone }}"
    record: "{{ item.name }}"
    type: "{{ item.type }}"
    ttl: "{{ item.ttl }}"
    value: "{{ item.rdata }}"
    overwrite: true
  loop: "{{ group_dns.to_publish }}"
  delegate_to: localhost

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
      description: One of O(records).
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
        - What each server says. C(role) is V(authoritative), V(resolver) or V(internal).
        - C(state) is V(present), V(missing), V(different), V(unreachable), or V(not_asked) for a resolver as long as an
          authoritative server lacks the record.
        - C(serial) is that of the zone at a server that has the zone itself.
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
  description:
    - The record sets that are still to be published, each as a whole. Empty after an update.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Full name.
      type: str
    zone:
      description: The zone that holds the name.
      type: str
    record:
      description: Name inside the zone; V(@) for the zone itself.
      type: str
    type:
      description: Type of the records.
      type: str
    ttl:
      description: TTL in seconds.
      type: int
    rdata:
      description: All records of the set in zone-file form.
      type: list
      elements: str
    data:
      description: All records of the set, each with C(value), and an MX's C(preference).
      type: list
      elements: dict
    removed:
      description: Records that are there and are not in the set any more, in the form of C(data).
      type: list
      elements: dict
  sample:
    - name: groups.contoso.com
      zone: contoso.com
      record: groups
      type: MX
      ttl: 3600
      rdata: [0 groups-contoso-com.mail.protection.outlook.com.]
      data: [{value: groups-contoso-com.mail.protection.outlook.com, preference: 0}]
      removed: [{value: mail.contoso.com, preference: 10}]
to_delete:
  description: The record sets that are still to be deleted, in the form of RV(to_publish). Empty after an update.
  returned: success
  type: list
  elements: dict
  sample: []
to_remove:
  description: All records that go when RV(to_publish) and RV(to_delete) are carried out, as zone-file lines.
  returned: success
  type: list
  elements: str
  sample: [groups.contoso.com. 3600 IN MX 10 mail.contoso.com.]
zone_snippet:
  description: The wanted records as zone-file lines.
  returned: success
  type: str
  sample: "groups.contoso.com. 3600 IN MX 0 groups-contoso-com.mail.protection.outlook.com.\n"
before:
  description: The record sets concerned before the task, as zone-file lines.
  returned: success
  type: list
  elements: str
  sample: []
after:
  description: The same after the task, as far as the task itself publishes.
  returned: success
  type: list
  elements: str
  sample: [groups.contoso.com. 3600 IN MX 0 groups-contoso-com.mail.protection.outlook.com.]
internal:
  description: What the O(internal_servers) answer from.
  returned: success
  type: dict
  contains:
    split_horizon:
      description: Whether any of them has a zone of its own that holds the names.
      type: bool
    zones:
      description: Those zones.
      type: list
      elements: str
    to_publish:
      description: The record sets that are still to be published there, in the form of RV(to_publish).
      returned: when O(internal_target) is set and there is such a zone
      type: list
      elements: dict
    to_delete:
      description: The record sets that are still to be deleted there.
      returned: when O(internal_target) is set and there is such a zone
      type: list
      elements: dict
    to_remove:
      description: All records that go there, as zone-file lines.
      returned: when O(internal_target) is set and there is such a zone
      type: list
      elements: str
  sample:
    split_horizon: true
    zones: [contoso.com]
visible:
  description:
    - Whether all authoritative servers, all given resolvers and internal servers show all records now; with O(state=absent),
      whether they show none of them.
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

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _dns, _dns_changes, _dns_wanted, _graph
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _group_domain_dns as _records
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _group_domain_dns_servers as _servers
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import DnsError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_visibility import Watch
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import group_domain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run


def read_tenant(params: dict[str, t.Any], domain: str) -> _records.TenantRecords:
    """What the tenant knows of the domain's records, where it has to be asked."""
    if not _records.needs_tenant(params):
        return _records.TenantRecords()
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        return _records.tenant_records(graph, [domain]).get(domain, _records.TenantRecords())


def run(module: AnsibleModule) -> None:
    params = module.params
    absent = params["state"] == "absent"
    domain = group_domain(params["domain"])
    if params["exclusive"] and params["additive"]:
        raise DnsError("exclusive and additive contradict each other: one replaces other MX records, the other keeps them.")
    wanted, unknown = _records.wanted_records(domain, params, read_tenant(params, domain))
    if unknown and not module.check_mode:
        raise _records.unknown_error(domain, unknown)

    client = _servers.dns_client(params)
    names = list(dict.fromkeys(record.name for record in wanted)) or [domain]
    public, observed = _servers.find_public(client, params, names, wanted)
    inside = _servers.find_inside(client, params, wanted, public.zones)
    horizons = [public, *([inside.horizon] if inside.horizon else [])]
    # Every conflict comes up before anything is written.
    plans = [(horizon, *horizon.plan(client, absent=absent)) for horizon in horizons]
    result: dict[str, t.Any] = {
        "changed": any(horizon.primary and changes for horizon, _view, changes in plans) or bool(public.primary and unknown),
        "zone_snippet": _dns_wanted.snippet(wanted),
        "deferred": _records.deferred(domain, unknown),
        "internal": {"split_horizon": bool(inside.zones), "zones": list(inside.zones)},
    }
    diffs = [_dns_changes.diff(h.wanted, view, changes if h.primary else []) for h, view, changes in plans]
    lines = {side: "".join(diff[side] for diff in diffs) for side in ("before", "after")}
    result["before"] = lines["before"].splitlines()
    result["after"] = lines["after"].splitlines()
    if module._diff:
        result["diff"] = lines
    warn_of_outranking(module, wanted, plans)

    left = publish(client, plans, absent=absent) if not module.check_mode else [changes for _h, _v, changes in plans]
    result |= public.to_result(left[0])
    if inside.horizon:
        result["internal"] |= inside.horizon.to_result(left[1])

    watch = Watch(client, {**observed, **inside.observed}, absent=absent)
    wait = params["wait"] if params["wait"] is not None else public.primary is not None
    waiting = wait and not module.check_mode
    visible = watch.wait(Deadline(params["wait_timeout"])) if waiting else watch.look()
    result["visible"] = visible and not unknown
    result["records"] = [
        {**record.to_result(), "servers": [sighting.to_result() for _observer, sighting in watch.sightings(record)]}
        for record in wanted
    ]
    warn_of_internal_zones(module, wanted, watch, absent=absent)
    if waiting and not visible:
        raise DnsError(
            f"The records of {domain} were not {'gone' if absent else 'visible'} everywhere within {params['wait_timeout']} "
            f"seconds (wait_timeout). Still {'there' if absent else 'missing'}: {'; '.join(watch.lacking())}.",
            result=result,
        )
    module.exit_json(**result)


Plan = tuple[_servers.Horizon, _dns_changes.View, list[_dns_changes.Change]]


def publish(client: _dns.DnsClient, plans: t.Sequence[Plan], *, absent: bool) -> list[list[_dns_changes.Change]]:
    """Write what each side takes; returns what is left to publish by other means."""
    left: list[list[_dns_changes.Change]] = []
    changed = False
    for horizon, _view, changes in plans:
        try:
            left.append(horizon.publish(client, changes, absent=absent))
        except CollectionError as exc:
            exc.result["changed"] = changed or bool(exc.result.get("changed"))
            raise
        changed = changed or bool(horizon.primary and changes)
    return left


def warn_of_outranking(module: AnsibleModule, wanted: t.Sequence[_dns_wanted.Wanted], plans: t.Sequence[Plan]) -> None:
    """With additive, say where the domain's mail goes before it goes to Microsoft 365."""
    for record in wanted:
        for _horizon, view, changes in plans:
            after = next((change.after for change in changes if (change.name, change.type) == (record.name, record.type)), None)
            found = after or (view[record.name].sets.get(record.type) if record.name in view else None)
            if isinstance(record, _dns_wanted.MxRecord) and found and record.others == "keep" and record.outranked(found):
                module.warn(
                    f"Mail for {record.name} goes to {', '.join(record.outranked(found))} first, or as often as to Microsoft "
                    "365. If that is the on-premises Exchange server, mail flow to the groups won't work correctly: give it a "
                    "higher preference value, or set mx_preference."
                )


def warn_of_internal_zones(module: AnsibleModule, wanted: t.Sequence[_dns_wanted.Wanted], watch: Watch, *, absent: bool) -> None:
    """Say which internal zone hides the public records from on-premises servers."""
    for record in wanted if not absent else ():
        for observer, sighting in watch.sightings(record):
            if observer.role == "internal" and not observer.asks_others and not observer.counts and sighting.state != "present":
                module.warn(
                    f"{sighting.server} answers from an internal zone {observer.zone}, where {record.name} {record.type} is "
                    f"{sighting.state}. On-premises servers must resolve it to Microsoft 365 as well. Publish it there too: "
                    "see internal_target."
                )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            **_records.records_argument_spec(),
            "mx_host": {"type": "str"},
            "verification_text": {"type": "str"},
            "exclusive": {"type": "bool", "default": False},
            **_servers.publishing_argument_spec(),
            "internal_target": {
                "type": "dict",
                "options": _servers.publishing_argument_spec(),
                "required_if": [("provider", "rfc2136", ["server"])],
            },
            **_servers.servers_argument_spec(),
            "wait": {"type": "bool"},
            "wait_timeout": {"type": "int", "default": 120},
            **_graph.graph_argument_spec(),
        },
        required_if=[("provider", "rfc2136", ["server"])],
        supports_check_mode=True,
    )
    _dns.require_libraries(module)
    if _records.needs_tenant(module.params):
        _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
