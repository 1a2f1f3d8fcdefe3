# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Whether every server shows the wanted records yet."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import Answer, DnsClient, Question
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import Owner
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import DnsError, Server
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import Wanted

NOT_ASKED = "not_asked"
UNREACHABLE = "unreachable"
PRESENT = "present"
MISSING = "missing"


@dataclasses.dataclass(frozen=True)
class Observer:
    """A server to ask about one zone's records.

    :param role: ``authoritative``, ``resolver``, or ``internal``: one that the on-premises servers use
    :param counts: False: reported, but not waited for
    :param asks_others: it does not have the zone itself
    """

    server: Server
    zone: str
    role: str
    counts: bool = True
    asks_others: bool = False


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


Watched = t.Mapping[Observer, t.Sequence[Wanted]]
"""The records of which each observer is asked."""


class Watch:
    """Asks all observers at once and remembers what they said.

    Those that ask others are asked about a record only once all that have the zone themselves show it: earlier, they would
    remember that there is none (RFC 2308 5).

    :param absent: wait for the records to be gone
    """

    def __init__(self, client: DnsClient, watched: Watched, *, absent: bool = False) -> None:
        self._client = client
        self._absent = absent
        self._goal = MISSING if absent else PRESENT
        self._seen: dict[Wanted, dict[Observer, Sighting]] = {}
        for observer, records in watched.items():
            for record in records:
                self._seen.setdefault(record, {})[observer] = Sighting(str(observer.server), observer.role)

    def look(self) -> bool:
        """Ask those that have not shown everything yet; True when all that count do."""
        self._ask([(record, o) for record, seen in self._seen.items() for o in seen if not o.asks_others])
        published = [
            record
            for record, seen in self._seen.items()
            if all(self._shown(sighting) for o, sighting in seen.items() if o.counts and not o.asks_others)
        ]
        self._ask([(record, o) for record in published for o in self._seen[record] if o.asks_others])
        return not self.lacking()

    def wait(self, deadline: Deadline) -> bool:
        """Look until everything is visible or the deadline passes."""
        while not self.look():
            if not deadline.pause():
                return False
        return True

    def sightings(self, record: Wanted) -> list[tuple[Observer, Sighting]]:
        """What every server said about the record."""
        return list(self._seen.get(record, {}).items())

    def visible(self, record: Wanted) -> bool:
        """Whether all servers that count show the record as it is to be."""
        return all(self._shown(sighting) for observer, sighting in self.sightings(record) if observer.counts)

    def lacking(self) -> list[str]:
        """A phrase for each server and record that is waited for in vain."""
        return [
            f"{sighting.server} ({record.name} {record.type}: {sighting.error or sighting.state.replace('_', ' ')})"
            for record, seen in self._seen.items()
            for observer, sighting in seen.items()
            if observer.counts and not self._shown(sighting)
        ]

    def _shown(self, sighting: Sighting) -> bool:
        return sighting.state == self._goal

    def _ask(self, pairs: t.Sequence[tuple[Wanted, Observer]]) -> None:
        """One question for each pair that is not done, and one for the serial of each zone at each server that has it."""
        pairs = [(record, observer) for record, observer in pairs if not self._shown(self._seen[record][observer])]
        apexes = list(dict.fromkeys((o.server, o.zone) for _record, o in pairs if not o.asks_others))
        answers = self._client.ask_many(
            [
                *(Question(server, zone, "SOA") for server, zone in apexes),
                *(Question(o.server, record.name, record.type, o.asks_others) for record, o in pairs),
            ]
        )
        serials = {
            apex: None if isinstance(answer, DnsError) else answer.serial for apex, answer in zip(apexes, answers, strict=False)
        }
        for (record, observer), answer in zip(pairs, answers[len(apexes) :], strict=True):
            serial = serials.get((observer.server, observer.zone))
            self._seen[record][observer] = self._sighting(record, observer, answer, serial)

    def _sighting(self, record: Wanted, observer: Observer, answer: Answer | DnsError, serial: int | None) -> Sighting:
        shown = Sighting(str(observer.server), observer.role, serial=serial)
        if isinstance(answer, DnsError):
            return dataclasses.replace(shown, state=UNREACHABLE, error=str(answer))
        own = answer.sets.get(record.type)
        if self._absent:
            state = PRESENT if own and record.matching(own) else MISSING
        else:
            state = record.state(Owner(record.name, answer.sets), ttl_counts=not observer.asks_others)
        found = own or answer.sets.get("CNAME")
        return dataclasses.replace(
            shown,
            state=state,
            answer=tuple(data.text for data in found.data) if found else (),
            ttl=found.ttl if found else None,
        )
