# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What has to be written so that a zone has the wanted records, or has them no more."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import Owner, RecordSet, lines, relative_name
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import RecordConflict, Wanted

BESIDE_CNAME = ("A", "AAAA", "MX", "TXT", "SRV")
"""Types looked for where a CNAME is to stand: it cannot stand beside other data (RFC 1034 3.6.2)."""

View = t.Mapping[str, Owner]
"""What one server has at each owner name."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One record set to write: what was read, and what replaces it.

    :param before: None when there was none
    :param after: None when it goes
    """

    name: str
    type: str
    before: RecordSet | None
    after: RecordSet | None

    @property
    def removed_lines(self) -> list[str]:
        """The records that go, as zone-file lines."""
        if self.before is None:
            return []
        kept = self.after.data if self.after else ()
        gone = tuple(data for data in self.before.data if data not in kept)
        return lines(self.name, dataclasses.replace(self.before, data=gone))

    def to_result(self, zone: str) -> dict[str, t.Any]:
        """The whole record set to publish, or to delete, as the modules return it: fit for a DNS provider's module."""
        shown = self.after or self.before
        before = self.before.data if self.before else ()
        kept = {data.target for data in self.after.data} if self.after else set()
        return {
            "name": self.name,
            "zone": zone,
            "record": relative_name(self.name, zone),
            "type": self.type,
            "ttl": shown.ttl if shown else None,
            "rdata": [data.text for data in shown.data] if shown else [],
            "data": [data.to_result() for data in shown.data] if shown else [],
            "removed": [data.to_result() for data in before if data.target not in kept],
        }


def changes_for(wanted: t.Sequence[Wanted], views: t.Sequence[View], *, absent: bool = False) -> list[Change]:
    """The changes that bring every view to what is wanted, one for each record set.

    :param absent: the records are not wanted any more
    :raises RecordConflict: what is there must not be changed
    """
    groups: dict[tuple[str, str], list[Wanted]] = {}
    for record in wanted:
        groups.setdefault((record.name, record.type), []).append(record)
    change_for = _removal if absent else _addition
    changes = []
    for (name, _rdtype), records in groups.items():
        needed = [change_for(records, view[name]) for view in views]
        changes += [change for change in needed if change is not None][:1]
    return changes


def _addition(records: t.Sequence[Wanted], owner: Owner) -> Change | None:
    """What to write at the owner so that it has the records, all of one type; None when it has them."""
    first = records[0]
    _check_cname(first, owner)
    found = owner.sets.get(first.type)
    data = found.data if found else ()
    for record in records:
        data = record.joined(data)
    ttl = first.published_ttl if found is None or first.ttl is not None else found.ttl
    if found is not None and set(found.data) == set(data) and found.ttl == ttl:
        return None
    return Change(owner.name, first.type, found, RecordSet(first.type, ttl, data))


def _removal(records: t.Sequence[Wanted], owner: Owner) -> Change | None:
    """What to write at the owner so that the records, all of one type, are gone; None when they are."""
    found = owner.sets.get(records[0].type)
    if found is None:
        return None
    data = found.data
    for record in records:
        data = record.left(data)
    if data == found.data:
        return None
    return Change(owner.name, found.type, found, dataclasses.replace(found, data=data) if data else None)


def _check_cname(wanted: Wanted, owner: Owner) -> None:
    if wanted.type != "CNAME":
        if "CNAME" in owner.sets:
            other = owner.sets["CNAME"].data[0].text
            raise RecordConflict(
                f"{wanted.name} is a CNAME to {other} and cannot have an {wanted.type} record beside it (RFC 1034 3.6.2). "
                "Nothing was changed. Remove that CNAME first."
            )
        return
    others = sorted(owner.sets.keys() - {"CNAME"})
    if others:
        raise RecordConflict(
            f"{wanted.name} has {', '.join(others)} records and cannot be a CNAME to {wanted.target} beside them "
            "(RFC 1034 3.6.2). Nothing was changed. Remove those records first."
        )


def diff(wanted: t.Sequence[Wanted], view: View, changes: t.Sequence[Change]) -> dict[str, str]:
    """``before`` and ``after`` as zone-file lines of the record sets concerned."""
    changed = {(change.name, change.type): change.after for change in changes}
    before: list[str] = []
    after: list[str] = []
    for name, rdtype in dict.fromkeys((record.name, record.type) for record in wanted):
        found = view[name].sets.get(rdtype)
        before += lines(name, found)
        after += lines(name, changed.get((name, rdtype), found))
    return {side: "".join(f"{row}\n" for row in rows) for side, rows in (("before", before), ("after", after))}
