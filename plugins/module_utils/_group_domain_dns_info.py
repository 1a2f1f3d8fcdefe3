# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Whether many group domains have their records at all their servers, with as few rounds of questions as one needs."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import DnsClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import DnsError, Server
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_visibility import Observer, Watch
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import Wanted
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_zones import find_zones
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._group_domain_dns import deferred
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._group_domain_dns_servers import Knowing, find_inside

Params = t.Mapping[str, t.Any]


@dataclasses.dataclass
class Check:
    """One domain and what it is found to have.

    :param unknown: purposes of records whose value neither options nor tenant give
    :param problems: a sentence each
    """

    domain: str
    wanted: list[Wanted]
    unknown: list[str]
    problems: list[str] = dataclasses.field(default_factory=list)

    def to_result(self, watch: Watch) -> dict[str, t.Any]:
        """As the module returns it."""
        seen = {record: watch.sightings(record) for record in self.wanted}
        internal = {
            observer.zone
            for sightings in seen.values()
            for observer, _sighting in sightings
            if observer.role == "internal" and not observer.asks_others
        }
        # A record that nobody could be asked about is not visible.
        visible = bool(self.wanted) and all(seen[record] and watch.visible(record) for record in self.wanted)
        return {
            "domain": self.domain,
            "visible": visible and not self.unknown,
            "records": [
                {**record.to_result(), "servers": [sighting.to_result() for _observer, sighting in sightings]}
                for record, sightings in seen.items()
            ],
            "internal_zones": sorted(internal),
            "problems": [*self.problems, *deferred(self.domain, self.unknown)],
        }


def watch_domains(client: DnsClient, params: Params, checks: t.Sequence[Check]) -> Watch:
    """Find the servers of all domains and ask them; what cannot be found becomes a problem of the domain.

    :raises DnsError: an option is malformed
    """
    knowing = Knowing.from_params(params)
    names = list(dict.fromkeys(record.name for check in checks for record in check.wanted))
    found = find_zones(client, knowing.sources, names)
    zones = {name: zone for name, zone in found.items() if not isinstance(zone, DnsError)}
    servers = knowing.servers(client, sorted(set(zones.values())), params["dns_port"])
    observed: dict[Observer, list[Wanted]] = {}
    for check in checks:
        for record in check.wanted:
            authoritative = _servers_of(found[record.name], servers)
            if isinstance(authoritative, DnsError):
                check.problems += [text for text in [str(authoritative)] if text not in check.problems]
                continue
            for observer in knowing.observers(params, zones[record.name], authoritative):
                observed.setdefault(observer, []).append(record)
    reachable = [record for check in checks for record in check.wanted if record.name in zones]
    inside = find_inside(client, params, reachable, zones)
    watch = Watch(client, {**observed, **inside.observed})
    watch.look()
    return watch


def _servers_of(zone: str | DnsError, servers: t.Mapping[str, list[Server] | DnsError]) -> list[Server] | DnsError:
    return zone if isinstance(zone, DnsError) else servers[zone]
