# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The way of a mail between on-premises Exchange and a Microsoft 365 group, and where on it something was found.

The five stations and the links between them are places. A record (prerequisite, step, check, known issue) belongs to one of
them or to none; the picture shows each place as the worst of what is known there.
"""

from __future__ import annotations

import dataclasses
import typing as t

State = t.Literal["broken", "unknown", "sound", "unseen"]
_WORST_FIRST: tuple[State, ...] = ("broken", "unknown", "sound")

STATE_OF_VERDICT: dict[str, State] = {
    "failed": "broken",
    "found": "broken",
    "unknown": "unknown",
    "passed": "sound",
    "ok": "sound",
}
"""What a verdict says of its place. What only a person can see (``person``) says nothing."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A station of the path, or a link between two.

    :param kind: ``station`` or ``link``
    :param hint: what decides there
    """

    id: str
    kind: t.Literal["station", "link"]
    title: str
    hint: str


PLACES = (
    Place("on_premises", "station", "On-premises Exchange", "servers, accepted domain, mailboxes"),
    Place("to_connector", "link", "On-premises Exchange to Send connector", "address space"),
    Place("connector", "station", "Send connector", "source servers, certificate"),
    Place("to_tenant", "link", "Send connector to tenant", "MX record, TLS"),
    Place("tenant", "station", "Microsoft 365 tenant", "licence, domain"),
    Place("to_group", "link", "Tenant to group", "delivery to the group"),
    Place("group", "station", "Microsoft 365 group", "members, addresses"),
    Place("to_directory", "link", "Group to directory", "group writeback, synchronization"),
    Place("directory", "station", "Active Directory", "writeback OU, its permissions"),
    Place("to_recipient", "link", "Directory to on-premises Exchange", "the group as a recipient"),
    Place("to_members", "link", "Tenant to on-premises mailboxes", "posts to on-premises members"),
)
IDS = tuple(place.id for place in PLACES)

# Of records that do not say it themselves: those of the collection's own playbooks.
_PLACE_OF = {
    "exchange_version": "on_premises",
    "hybrid_deployment": "connector",
    "synchronization": "to_directory",
    "licence": "tenant",
    "group_writeback": "directory",
    "tenant_domain": "tenant",
    "accepted_domain": "on_premises",
    "dns_records": "to_tenant",
    "send_connector": "to_connector",
}


def place_of(record: t.Mapping[str, t.Any]) -> str | None:
    """The place a record belongs to; None for one that is not about the path."""
    return record.get("place") or _PLACE_OF.get(str(record.get("id")))


def mail_path(records: t.Iterable[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Every place with its state and what was found there, in the order of the path.

    :param records: with ``verdict``, and ``place`` where it is not one of the known ids; a mended issue counts as none
    """
    found: dict[str, list[tuple[State, str]]] = {name: [] for name in IDS}
    for record in records:
        place = place_of(record)
        state = "sound" if record.get("mended") else STATE_OF_VERDICT.get(str(record.get("verdict")))
        if place is not None and state is not None:
            found[place].append((state, str(record["title"])))
    return [
        {
            **dataclasses.asdict(place),
            "state": (state := _worst(found[place.id])),
            "findings": [title for its, title in found[place.id] if its == state and its in ("broken", "unknown")],
        }
        for place in PLACES
    ]


def _worst(found: t.Sequence[tuple[State, str]]) -> State:
    return next((state for state in _WORST_FIRST if any(its == state for its, _title in found)), "unseen")
