# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Which DNS records a group domain needs, how they compare with what a zone has, and what must change.

Nothing here sends or receives anything. The records are those of "Configure Office 365 Groups with on-premises Exchange
hybrid", Configure a group domain, step 3.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

AUTODISCOVER_HOST = "autodiscover.outlook.com"
DEFAULT_TTL = 3600  # seconds; what Microsoft's tenants ask for
BESIDE_CNAME = ("A", "AAAA", "MX", "TXT", "SRV")
"""Types looked for where a CNAME is to stand: it cannot stand beside other data (RFC 1034 3.6.2)."""

_TXT_STRING = 255  # octets, RFC 1035 3.3


class RecordConflict(CollectionError):
    """The zone holds something that must not be overwritten; ``str()`` says what, why, and the way out."""


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of one record.

    :param text: zone-file form, as the server writes it; not compared, for the case of names in it may vary (RFC 4343)
    :param target: what is compared: a host in lower case without the last dot, or the text of a TXT
    """

    text: str = dataclasses.field(compare=False)
    target: str
    preference: int | None = None


@dataclasses.dataclass(frozen=True)
class RecordSet:
    """All records of one name and type."""

    type: str
    ttl: int
    data: tuple[Data, ...]


@dataclasses.dataclass(frozen=True)
class Owner:
    """What one server has at one name, as far as it was asked."""

    name: str
    sets: t.Mapping[str, RecordSet]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A record to have.

    :param purpose: ``mx``, ``autodiscover`` or ``verification``
    :param preference: of an MX; None accepts any
    :param ttl: seconds; None accepts any
    """

    purpose: str
    name: str
    type: str
    target: str
    preference: int | None = None
    ttl: int | None = None
    new_preference: int = 0
    new_ttl: int = DEFAULT_TTL

    @property
    def data(self) -> Data:
        """The record's data as it is published."""
        if self.type == "MX":
            preference = self.new_preference if self.preference is None else self.preference
            return Data(f"{preference} {self.target}.", self.target, preference)
        if self.type == "TXT":
            return Data(quote(self.target), self.target)
        return Data(f"{self.target}.", self.target)

    def to_result(self, ttl: int | None = None) -> dict[str, t.Any]:
        """As the modules return records."""
        result: dict[str, t.Any] = {"name": self.name, "type": self.type, "value": self.target}
        if self.type == "MX":
            result["preference"] = self.data.preference
        result["ttl"] = ttl if ttl is not None else self.published_ttl
        return result

    @property
    def published_ttl(self) -> int:
        return self.new_ttl if self.ttl is None else self.ttl


@dataclasses.dataclass(frozen=True)
class Change:
    """One record set to write: what was read, and what replaces it.

    :param before: None when there was none
    """

    wanted: Wanted
    before: RecordSet | None
    after: RecordSet

    @property
    def name(self) -> str:
        return self.wanted.name

    @property
    def removed_lines(self) -> list[str]:
        """The records that go, as zone-file lines."""
        if self.before is None:
            return []
        gone = tuple(data for data in self.before.data if data not in self.after.data)
        return lines(self.name, dataclasses.replace(self.before, data=gone))


def state_of(wanted: Wanted, owner: Owner, *, ttl_counts: bool = True) -> str:
    """``present``, ``missing`` or ``different``.

    :param ttl_counts: False for a resolver, whose TTL runs down
    """
    found = owner.sets.get(wanted.type)
    if found is None:
        return "different" if "CNAME" in owner.sets else "missing"
    if wanted.type == "TXT":  # stands beside others, such as SPF
        matching = [data for data in found.data if data.target == wanted.target]
        alone = True
    else:
        matching = [data for data in found.data if _same(wanted, data)]
        alone = len(found.data) == len(matching) == 1
    if not matching:
        return "missing" if wanted.type == "TXT" else "different"
    if not alone or (ttl_counts and wanted.ttl is not None and found.ttl != wanted.ttl):
        return "different"
    return "present"


def _same(wanted: Wanted, data: Data) -> bool:
    return data.target == wanted.target and wanted.preference in (None, data.preference)


def change_for(wanted: Wanted, owner: Owner, *, exclusive: bool = False) -> Change | None:
    """What to write at the owner so that it has the wanted record; None when it has it.

    :param exclusive: replace an MX that points elsewhere
    :raises RecordConflict: an MX points elsewhere, or a CNAME and other data would meet
    """
    _check_cname(wanted, owner)
    found = owner.sets.get(wanted.type)
    if wanted.type == "MX" and found and not exclusive:
        _check_mx(wanted, found)
    if state_of(wanted, owner) == "present":
        return None
    data: tuple[Data, ...] = (wanted.data,)
    ttl = wanted.published_ttl if found is None or wanted.ttl is not None else found.ttl
    if found and wanted.type == "TXT":
        data = tuple(item for item in found.data if item.target != wanted.target) + data
    elif found and wanted.type == "MX" and wanted.preference is None:
        # Only strangers go: the record that was right keeps its preference.
        data = tuple(item for item in found.data if item.target == wanted.target)[:1] or data
    return Change(wanted, found, RecordSet(wanted.type, ttl, data))


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


def _check_mx(wanted: Wanted, found: RecordSet) -> None:
    elsewhere = [data.text for data in found.data if data.target != wanted.target]
    if elsewhere:
        raise RecordConflict(
            f"The MX of {wanted.name} points elsewhere: {', '.join(elsewhere)} instead of {wanted.target}. If the MX record "
            "of the group domain is set to the on-premises Exchange server, mail flow won't work correctly between users in "
            "the on-premises Exchange organization and the Microsoft 365 group. Nothing was changed. Set exclusive to true "
            "to replace it."
        )


def changes_for(wanted: t.Sequence[Wanted], views: t.Sequence[t.Mapping[str, Owner]], *, exclusive: bool = False) -> list[Change]:
    """The changes that bring every view (one server's owners by name) to what is wanted.

    :raises RecordConflict: as :func:`change_for`
    """
    changes = []
    for record in wanted:
        needed = [change_for(record, view[record.name], exclusive=exclusive) for view in views]
        changes += [change for change in needed if change is not None][:1]
    return changes


def lines(name: str, records: RecordSet) -> list[str]:
    """A record set as zone-file lines with full names (RFC 1035 5.1)."""
    return [f"{name}. {records.ttl} IN {records.type} {data.text}" for data in records.data]


def snippet(wanted: t.Sequence[Wanted]) -> str:
    """The wanted records as a piece of a zone file."""
    rows = [line for record in wanted for line in lines(record.name, _published(record))]
    return "".join(f"{row}\n" for row in rows)


def _published(record: Wanted) -> RecordSet:
    return RecordSet(record.type, record.published_ttl, (record.data,))


def diff(wanted: t.Sequence[Wanted], view: t.Mapping[str, Owner], changes: t.Sequence[Change]) -> dict[str, str]:
    """``before`` and ``after`` as zone-file lines of the record sets concerned."""
    changed = {(change.name, change.wanted.type): change.after for change in changes}
    before: list[str] = []
    after: list[str] = []
    for record in wanted:
        found = view[record.name].sets.get(record.type)
        then = changed.get((record.name, record.type), found)
        before += lines(record.name, found) if found else []
        after += lines(record.name, then) if then else []
    return {side: "".join(f"{row}\n" for row in rows) for side, rows in (("before", before), ("after", after))}


def quote(text: str) -> str:
    """A TXT's text in zone-file form, cut into strings of at most 255 octets."""
    raw = text.encode()
    pieces = [raw[start : start + _TXT_STRING] for start in range(0, len(raw), _TXT_STRING)] or [b""]
    return " ".join('"' + "".join(_escape(octet) for octet in piece) + '"' for piece in pieces)


def _escape(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"
