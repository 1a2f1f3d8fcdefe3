# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Reading a group domain's records from one server, and writing them by RFC 2136 until they are there."""

from __future__ import annotations

import dataclasses
import secrets
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import DnsClient, TsigKey
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_changes import BESIDE_CNAME, Change, View, changes_for
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import Owner, RecordSet
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import (
    DnsError,
    Server,
    UpdateConflict,
    UpdateLost,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import Wanted

_ATTEMPTS = 4


def read_view(
    client: DnsClient, server: Server, wanted: t.Sequence[Wanted], *, absent: bool = False, see_wildcards: bool = True
) -> View:
    """What the server has at the names of the wanted records.

    Records that only a wildcard makes are left out: one that is written beside it takes its place (RFC 4592 2.2), and
    there is nothing to remove.

    :param absent: the records are to go
    :param see_wildcards: False: take everything for the name's own
    :raises DnsError: the server gave no answer
    """
    groups: dict[tuple[str, str], list[Wanted]] = {}
    for record in wanted:
        groups.setdefault((record.name, record.type), []).append(record)
    owners: dict[str, dict[str, RecordSet]] = {}
    for (name, rdtype), records in groups.items():
        sets = _read(client, server, name, rdtype)
        settled = not absent and all(record.state(Owner(name, sets)) == "present" for record in records)
        if see_wildcards and sets and not settled:
            # A neighbour that nobody has made shows what the wildcard gives.
            neighbour = f"{secrets.token_hex(8)}.{name.partition('.')[2]}"
            made = _read(client, server, neighbour, rdtype)
            sets = {kind: found for kind, found in sets.items() if not _same_data(found, made.get(kind))}
        owners.setdefault(name, {}).update(sets)
    return {name: Owner(name, sets) for name, sets in owners.items()}


def read_views(client: DnsClient, servers: t.Sequence[Server], wanted: t.Sequence[Wanted], *, absent: bool = False) -> list[View]:
    """A view of every server that answers.

    :raises DnsError: none does
    """
    views: list[View] = []
    problems: list[DnsError] = []
    for server in servers:
        try:
            views.append(read_view(client, server, wanted, absent=absent))
        except DnsError as exc:
            problems.append(exc)
    if not views and problems:
        raise problems[0]
    return views


def _read(client: DnsClient, server: Server, name: str, rdtype: str) -> dict[str, RecordSet]:
    answer = client.ask(server, name, rdtype)
    sets = dict(answer.sets)
    if rdtype == "CNAME" and not sets and answer.rcode != "NXDOMAIN":
        for kind in BESIDE_CNAME:
            sets.update(client.ask(server, name, kind).sets)
    return sets


def _same_data(one: RecordSet, other: RecordSet | None) -> bool:
    return other is not None and one.data == other.data


@dataclasses.dataclass
class Rfc2136Publisher:
    """Writes record sets to a zone's primary server.

    :param zones: owner name to the zone that holds it
    :param key: None sends unsigned updates
    """

    client: DnsClient
    server: Server
    zones: t.Mapping[str, str]
    key: TsigKey | None = None

    def publish(self, wanted: t.Sequence[Wanted], changes: t.Sequence[Change], *, absent: bool = False) -> None:
        """Write the changes, one update message a zone, and read back; converge when the zone moves meanwhile.

        A lost answer, or a zone that is no longer as it was read, leads to reading again before anything is repeated.

        :raises DnsError: refused, unreachable, or the records did not land
        :raises RecordConflict: what was found meanwhile must not be overwritten
        """
        see_wildcards = True
        for attempt in range(1, _ATTEMPTS + 1):
            accepted = False
            try:
                self._send(changes)
                accepted = True
            except UpdateLost:
                if attempt == _ATTEMPTS:
                    raise
            except UpdateConflict:
                if attempt == _ATTEMPTS:
                    raise
                # Perhaps the name has of its own just what the wildcard gives.
                see_wildcards = False
            view = read_view(self.client, self.server, wanted, absent=absent, see_wildcards=see_wildcards)
            changes = changes_for(wanted, [view], absent=absent)
            if not changes:
                return
            if accepted:
                names = ", ".join(f"{change.name} {change.type}" for change in changes)
                raise DnsError(
                    f"{self.server} accepted the update but does not have it: {names}. Servers pass over a record that "
                    "conflicts with others at its name without a word; look at what the zone has there.",
                    result={"changed": True},
                )

    def _send(self, changes: t.Sequence[Change]) -> None:
        for zone in sorted({self.zones[change.name] for change in changes}):
            group = [change for change in changes if self.zones[change.name] == zone]
            self.client.update(self.server, zone, group, self.key)
