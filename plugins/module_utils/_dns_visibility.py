# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Whether every server shows the wanted records yet."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import DnsClient, DnsError, Server
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import Owner, Wanted, state_of

_CONCURRENCY = 32
NOT_ASKED = "not_asked"
UNREACHABLE = "unreachable"
PRESENT = "present"


@dataclasses.dataclass(frozen=True)
class Observer:
    """A server to ask about one zone's records.

    :param role: ``authoritative`` or ``resolver``
    :param counts: False: reported, but not waited for
    """

    server: Server
    zone: str
    role: str
    counts: bool = True


@dataclasses.dataclass(frozen=True)
class Sighting:
    """What one server said about one record.

    :param state: ``present``, ``missing``, ``different``, ``unreachable`` or ``not_asked``
    :param answer: zone-file form of the data
    :param serial: of the zone's SOA at an authoritative server
    """

    server: str
    role: str
    state: str = NOT_ASKED
    answer: tuple[str, ...] = ()
    ttl: int | None = None
    serial: int | None = None
    error: str | None = None

    def to_result(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "answer": list(self.answer)}


class Watch:
    """Asks all observers at once and remembers what they said.

    Resolvers are asked only once all authoritative servers have the records: earlier, they would remember that there
    are none (RFC 2308 5).

    :param zones: owner name to zone
    """

    def __init__(
        self, client: DnsClient, wanted: t.Sequence[Wanted], zones: t.Mapping[str, str], observers: t.Sequence[Observer]
    ) -> None:
        self._client = client
        self._records: dict[Observer, list[Wanted]] = {
            observer: [record for record in wanted if zones[record.name] == observer.zone] for observer in observers
        }
        self._seen: dict[Observer, dict[Wanted, Sighting]] = {
            observer: {record: Sighting(str(observer.server), observer.role) for record in records}
            for observer, records in self._records.items()
        }

    def look(self) -> bool:
        """Ask those that have not shown everything yet; True when all that count do."""
        self._ask("authoritative")
        if self._shown("authoritative"):
            self._ask("resolver")
        return self.visible

    def wait(self, deadline: Deadline) -> bool:
        """Look until everything is visible or the deadline passes."""
        while not self.look():
            if not deadline.pause():
                return False
        return True

    @property
    def visible(self) -> bool:
        return self._shown("authoritative") and self._shown("resolver")

    def sightings(self, record: Wanted) -> list[Sighting]:
        """What every server said about the record."""
        return [seen[record] for seen in self._seen.values() if record in seen]

    def lacking(self) -> list[str]:
        """A phrase for each server and record that is waited for in vain."""
        return [
            f"{sighting.server} ({record.name} {record.type}: {sighting.error or sighting.state.replace('_', ' ')})"
            for observer, seen in self._seen.items()
            for record, sighting in seen.items()
            if observer.counts and sighting.state != PRESENT
        ]

    def _shown(self, role: str) -> bool:
        return all(
            sighting.state == PRESENT
            for observer, seen in self._seen.items()
            for sighting in seen.values()
            if observer.role == role and observer.counts
        )

    def _ask(self, role: str) -> None:
        pending = [
            observer
            for observer, seen in self._seen.items()
            if observer.role == role and any(sighting.state != PRESENT for sighting in seen.values())
        ]
        if not pending:
            return
        with concurrent.futures.ThreadPoolExecutor(max_workers=min(_CONCURRENCY, len(pending))) as pool:
            for observer, seen in zip(pending, pool.map(self._observe, pending), strict=True):
                self._seen[observer] = seen

    def _observe(self, observer: Observer) -> dict[Wanted, Sighting]:
        resolver = observer.role == "resolver"
        server = str(observer.server)
        seen: dict[Wanted, Sighting] = {}
        serial: int | None = None
        try:
            if not resolver:
                serial = self._client.ask(observer.server, observer.zone, "SOA").serial
            for record in self._records[observer]:
                sets = self._client.ask(observer.server, record.name, record.type, recursion=resolver).sets
                found = sets.get(record.type) or sets.get("CNAME")
                seen[record] = Sighting(
                    server,
                    observer.role,
                    state=state_of(record, Owner(record.name, sets), ttl_counts=not resolver),
                    answer=tuple(data.text for data in found.data) if found else (),
                    ttl=found.ttl if found else None,
                    serial=serial,
                )
        except DnsError as exc:
            for record in self._records[observer]:
                seen.setdefault(record, Sighting(server, observer.role, UNREACHABLE, serial=serial, error=str(exc)))
        return seen
