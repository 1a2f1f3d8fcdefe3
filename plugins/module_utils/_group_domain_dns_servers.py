# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Who is asked about a group domain's records and who takes them, seen from the Internet and from inside."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import (
    TSIG_ALGORITHMS,
    DnsClient,
    TsigKey,
    system_resolvers,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_changes import Change, View, changes_for
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_publish import Rfc2136Publisher, read_views
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import (
    DnsError,
    Server,
    parse_server,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_visibility import Observer
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import Wanted
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_zones import (
    Source,
    find_name_servers,
    find_zones,
    own_zones,
    value_of,
)

Params = t.Mapping[str, t.Any]
Observed = dict[Observer, list[Wanted]]

INSIDE = ("mx", "autodiscover")
"""What on-premises servers look up. Who verifies the domain, or receives its mail, asks the public zone."""


def servers_argument_spec() -> dict[str, t.Any]:
    """The options on servers to ask that the modules share."""
    return {
        "name_servers": {"type": "list", "elements": "str"},
        "resolvers": {"type": "list", "elements": "str"},
        "internal_servers": {"type": "list", "elements": "str"},
        "dns_port": {"type": "int", "default": 53},
        "timeout": {"type": "float", "default": 3},
        "concurrency": {"type": "int", "default": 32},
    }


def publishing_argument_spec() -> dict[str, t.Any]:
    """The options on where to publish."""
    return {
        "provider": {"type": "str", "choices": ["rfc2136", "manual"], "default": "manual"},
        "server": {"type": "str"},
        "server_port": {"type": "int"},
        "zone": {"type": "str"},
        "tsig_key_name": {"type": "str", "no_log": False},
        "tsig_secret": {"type": "str", "no_log": True},
        "tsig_algorithm": {"type": "str", "choices": list(TSIG_ALGORITHMS), "default": "hmac-sha256"},
    }


def dns_client(params: Params) -> DnsClient:
    """:raises DnsError: an option is out of range"""
    for option in ("timeout", "concurrency"):
        if params[option] <= 0:
            raise DnsError(f"{option}: {params[option]} is not greater than 0.")
    return DnsClient(params["timeout"], params["concurrency"])


@dataclasses.dataclass(frozen=True)
class Horizon:
    """One side the records are seen from.

    :param zones: owner name to the zone that holds it
    :param deciding: the servers whose records decide what is to be published
    :param primary: takes the updates; None when published by other means
    """

    wanted: t.Sequence[Wanted]
    zones: t.Mapping[str, str]
    deciding: t.Sequence[Server]
    primary: Server | None = None
    key: TsigKey | None = None

    def plan(self, client: DnsClient, *, absent: bool) -> tuple[View, list[Change]]:
        """What the first of the deciding servers has, and what has to change.

        :raises DnsError: none of them answers
        :raises RecordConflict: what is there must not be changed
        """
        views = read_views(client, self.deciding, self.wanted, absent=absent)
        return (views[0] if views else {}), changes_for(self.wanted, views, absent=absent)

    def publish(self, client: DnsClient, changes: t.Sequence[Change], *, absent: bool) -> list[Change]:
        """Write the changes where there is a primary; returns those that are left to publish by other means.

        :raises DnsError: refused, unreachable, or the records did not land
        """
        if self.primary is None:
            return list(changes)
        if changes:
            Rfc2136Publisher(client, self.primary, self.zones, self.key).publish(self.wanted, changes, absent=absent)
        return []

    def to_result(self, changes: t.Sequence[Change]) -> dict[str, t.Any]:
        """Changes that are left to publish, as the modules return them."""
        sets = [(change, change.to_result(self.zones[change.name])) for change in changes]
        return {
            "to_publish": [result for change, result in sets if change.after],
            "to_delete": [result for change, result in sets if not change.after],
            "to_remove": [line for change in changes for line in change.removed_lines],
        }


def tsig_key(params: Params, prefix: str = "") -> TsigKey | None:
    """The key that signs updates; None without one.

    :param prefix: of the options' names in errors
    :raises DnsError: half of it is missing, or it is malformed
    """
    name, secret = params["tsig_key_name"], params["tsig_secret"]
    if bool(name) != bool(secret):
        raise DnsError(f"{prefix}tsig_key_name and {prefix}tsig_secret belong together: one of them is missing.")
    return TsigKey(name, secret, params["tsig_algorithm"]) if name else None


@dataclasses.dataclass(frozen=True)
class Knowing:
    """Who knows the public zones.

    :param sources: whom to ask, in this order
    :param name_servers: those that were given
    """

    sources: t.Sequence[Source]
    name_servers: t.Sequence[Server]
    resolvers: t.Sequence[Server]

    @classmethod
    def from_params(cls, params: Params, primary: Server | None = None) -> Knowing:
        """The server that takes the updates knows best which zones it has; without one, the given name servers are
        asked, else the resolvers.

        :raises DnsError: an option is malformed, or there is nobody to ask
        """
        port = params["dns_port"]
        given = [parse_server("name_servers", text, port) for text in params["name_servers"] or ()]
        if params["resolvers"] is None:
            resolvers = system_resolvers()
        else:
            resolvers = [parse_server("resolvers", text, port) for text in params["resolvers"]]
        sources = [Source(server, recursion=False) for server in ([primary] if primary else given)]
        sources += [Source(server, recursion=True) for server in resolvers]
        if not sources:
            raise DnsError("There is no server to ask for the zone: give name_servers or resolvers.")
        return cls(sources, given, resolvers)

    def servers(self, client: DnsClient, zones: t.Sequence[str], port: int) -> t.Mapping[str, list[Server] | DnsError]:
        """Zone to its name servers."""
        if self.name_servers:
            return {zone: list(self.name_servers) for zone in zones}
        return find_name_servers(client, self.sources, zones, port)

    def observers(self, params: Params, zone: str, servers: t.Sequence[Server]) -> list[Observer]:
        """Everyone who is asked about a record of the zone."""
        counts = params["resolvers"] is not None
        return [
            *(Observer(server, zone, "authoritative") for server in servers),
            *(Observer(server, zone, "resolver", counts, asks_others=True) for server in self.resolvers),
        ]


def find_public(
    client: DnsClient, params: Params, names: t.Sequence[str], wanted: t.Sequence[Wanted]
) -> tuple[Horizon, Observed]:
    """The public zone with who decides, and who is asked about each record.

    :param names: owner names whose zone has to be found, also when no record is known yet
    :raises DnsError: an option is malformed, or the zone or its servers cannot be found
    """
    port = params["dns_port"]
    primary = None
    if params["provider"] == "rfc2136":
        primary = parse_server("server", params["server"], params["server_port"] or port)
    key = tsig_key(params)
    knowing = Knowing.from_params(params, primary)
    if params["zone"]:
        zones = _given_zone(params["zone"], names)
    else:
        zones = {name: value_of(zone) for name, zone in find_zones(client, knowing.sources, names).items()}
    servers = knowing.servers(client, list(dict.fromkeys(zones.values())), port)
    authoritative = {zone: value_of(found) for zone, found in servers.items()}
    observed: Observed = {}
    for record in wanted:
        zone = zones[record.name]
        for observer in knowing.observers(params, zone, authoritative[zone]):
            observed.setdefault(observer, []).append(record)
    deciding = [primary] if primary else list(dict.fromkeys(server for found in authoritative.values() for server in found))
    return Horizon(wanted, zones, deciding, primary, key), observed


@dataclasses.dataclass(frozen=True)
class Inside:
    """The records as on-premises servers see them.

    :param zones: the internal zones that were found
    :param horizon: where to publish inside; None: nowhere
    """

    observed: Observed
    zones: t.Sequence[str] = ()
    horizon: Horizon | None = None


def find_inside(client: DnsClient, params: Params, wanted: t.Sequence[Wanted], public: t.Mapping[str, str]) -> Inside:
    """The DNS servers that on-premises servers use, and which of them answer from an internal zone (split horizon).

    :param public: owner name to public zone
    :raises DnsError: an option is malformed, or the server that is to take updates has no such zone
    """
    target: Params | None = params.get("internal_target")
    port = params["dns_port"]
    primary = key = None
    if target and target["provider"] == "rfc2136":
        primary = parse_server("internal_target.server", target["server"], target["server_port"] or port)
        key = tsig_key(target, "internal_target.")
    servers = [parse_server("internal_servers", text, port) for text in params["internal_servers"] or ()]
    servers = servers or ([primary] if primary else [])
    seen = [record for record in wanted if record.purpose in INSIDE]
    names = list(dict.fromkeys(record.name for record in seen))
    own = {server: own_zones(client, server, names) for server in dict.fromkeys([*servers, *([primary] if primary else [])])}
    observed: Observed = {}
    for server in servers:
        for record in seen:
            zone = own[server].get(record.name)
            # Without an internal zone, the server shows what the public one has.
            counts = zone is None or target is not None
            observer = Observer(server, zone or public[record.name], "internal", counts, asks_others=zone is None)
            observed.setdefault(observer, []).append(record)
    zones = sorted({zone for server in servers for zone in own[server].values()})
    if target is None:
        return Inside(observed, zones)
    if primary:
        return Inside(observed, zones, _inside_by_update(target, primary, key, seen, own[primary]))
    held = {name: zone for server in servers for name, zone in own[server].items()}
    records = [record for record in seen if record.name in held]
    deciding = [server for server in servers if held.keys() <= own[server].keys()]
    return Inside(observed, zones, Horizon(records, held, deciding) if records else None)


def _inside_by_update(
    target: Params, primary: Server, key: TsigKey | None, records: t.Sequence[Wanted], zones: t.Mapping[str, str]
) -> Horizon:
    names = list(dict.fromkeys(record.name for record in records))
    if target["zone"]:
        zones = _given_zone(target["zone"], names, "internal_target.")
    without = [name for name in names if name not in zones]
    if without:
        raise DnsError(f"internal_target.server: {primary} has no zone of its own that holds {' or '.join(without)}.")
    return Horizon(records, zones, [primary], primary, key)


def _given_zone(zone: str, names: t.Sequence[str], prefix: str = "") -> dict[str, str]:
    apex = zone.rstrip(".").lower()
    for name in names:
        if name != apex and not name.endswith(f".{apex}"):
            raise DnsError(f"{prefix}zone: {name} does not lie in {apex}.")
    return dict.fromkeys(names, apex)
