# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The DNS records a group domain needs, and how each compares with the records a zone has at its name.

The records are those of "Configure Office 365 Groups with on-premises Exchange hybrid", Configure a group domain, step 3,
with the TXT records that Microsoft 365 asks for beside them.
"""

from __future__ import annotations

import abc
import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _spf
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import (
    Data,
    Owner,
    RecordSet,
    host_data,
    lines,
    mx_data,
    text_data,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

AUTODISCOVER_HOST = "autodiscover.outlook.com"
SPF_HOST = "spf.protection.outlook.com"
DEFAULT_TTL = 3600  # seconds; what Microsoft's tenants ask for

Others = t.Literal["refuse", "replace", "keep"]
"""What becomes of MX records that point elsewhere."""


class RecordConflict(CollectionError):
    """The zone holds something that must not be overwritten; ``str()`` says what, why, and the way out."""


@dataclasses.dataclass(frozen=True)
class Wanted(abc.ABC):
    """A record to have.

    :param target: host, or text of a TXT
    :param ttl: seconds; None accepts any
    :param new_ttl: of a new record set when ``ttl`` is None
    """

    purpose: t.ClassVar[str]
    type: t.ClassVar[str]
    _incomplete: t.ClassVar[str] = "different"

    name: str
    target: str
    _keyword_only: dataclasses.KW_ONLY
    ttl: int | None = None
    new_ttl: int = DEFAULT_TTL

    @property
    @abc.abstractmethod
    def data(self) -> Data:
        """The record as it is published where there is none."""

    @abc.abstractmethod
    def joined(self, found: tuple[Data, ...]) -> tuple[Data, ...]:
        """The found records, changed so that this one is among them as wanted.

        :raises RecordConflict: they must not be changed so
        """

    def matching(self, found: RecordSet) -> tuple[Data, ...]:
        """Those of the found records that are this one."""
        return tuple(data for data in found.data if data.target == self.target)

    def left(self, found: tuple[Data, ...]) -> tuple[Data, ...]:
        """The found records without this one."""
        return tuple(data for data in found if data.target != self.target)

    def state(self, owner: Owner, *, ttl_counts: bool = True) -> str:
        """``present``, ``missing`` or ``different``.

        :param ttl_counts: False for a resolver, whose TTL runs down
        """
        found = owner.sets.get(self.type)
        if found is None:
            return "different" if "CNAME" in owner.sets else "missing"
        if not self._is_complete(found):
            return self._incomplete
        return "different" if ttl_counts and self.ttl is not None and found.ttl != self.ttl else "present"

    def _is_complete(self, found: RecordSet) -> bool:
        try:
            return set(self.joined(found.data)) == set(found.data)
        except RecordConflict:
            return False

    @property
    def published_ttl(self) -> int:
        return self.new_ttl if self.ttl is None else self.ttl

    def to_result(self) -> dict[str, t.Any]:
        """As the modules return wanted records."""
        return {"purpose": self.purpose, "name": self.name, "type": self.type, **self.data.to_result(), "ttl": self.published_ttl}


def snippet(wanted: t.Sequence[Wanted]) -> str:
    """The wanted records as a piece of a zone file."""
    rows = [line for w in wanted for line in lines(w.name, RecordSet(w.type, w.published_ttl, (w.data,)))]
    return "".join(f"{row}\n" for row in rows)


@dataclasses.dataclass(frozen=True)
class MxRecord(Wanted):
    """Delivers the domain's mail to Microsoft 365.

    :param preference: None accepts any
    :param new_preference: of a new record when ``preference`` is None
    """

    purpose = "mx"
    type = "MX"

    _keyword_only: dataclasses.KW_ONLY
    preference: int | None = None
    new_preference: int = 0
    others: Others = "refuse"

    @property
    def data(self) -> Data:
        return mx_data(self.new_preference if self.preference is None else self.preference, self.target)

    def joined(self, found: tuple[Data, ...]) -> tuple[Data, ...]:
        elsewhere = self.left(found)
        if elsewhere and self.others == "refuse":
            raise RecordConflict(
                f"The MX of {self.name} points elsewhere: {', '.join(data.text for data in elsewhere)} instead of {self.target}. "
                "If the MX record of the group domain is set to the on-premises Exchange server, mail flow won't work correctly "
                "between users in the on-premises Exchange organization and the Microsoft 365 group. Nothing was changed. Set "
                "exclusive to true to replace it."
            )
        # A record that is right keeps its preference.
        right = tuple(data for data in found if data.target == self.target and self.preference in (None, data.preference))
        own = right[:1] or (self.data,)
        return (*elsewhere, *own) if self.others == "keep" else own

    def outranked(self, found: RecordSet) -> list[str]:
        """Other hosts that mail goes to first, or as often (RFC 5321 5.1)."""
        own = min((data.preference or 0 for data in self.matching(found)), default=self.data.preference or 0)
        return [data.text for data in self.left(found.data) if (data.preference or 0) <= own]


@dataclasses.dataclass(frozen=True)
class AliasRecord(Wanted):
    """The CNAME that lets Outlook find the groups."""

    purpose = "autodiscover"
    type = "CNAME"

    @property
    def data(self) -> Data:
        return host_data(self.target)

    def joined(self, found: tuple[Data, ...]) -> tuple[Data, ...]:
        return tuple(data for data in found if data.target == self.target) or (self.data,)


@dataclasses.dataclass(frozen=True)
class TextRecord(Wanted):
    """The TXT that proves the domain's ownership; stands beside others."""

    purpose = "verification"
    type = "TXT"
    _incomplete = "missing"

    @property
    def data(self) -> Data:
        return text_data(self.target)

    def joined(self, found: tuple[Data, ...]) -> tuple[Data, ...]:
        return found if self.data in found else (*found, self.data)


@dataclasses.dataclass(frozen=True)
class SpfRecord(Wanted):
    """The TXT that lets Microsoft 365 send for the domain; the target is the host to include.

    A domain has one SPF record at most (RFC 7208 3.2), so an existing one is changed.
    """

    purpose = "spf"
    type = "TXT"
    _incomplete = "missing"

    @property
    def data(self) -> Data:
        return text_data(_spf.new_record(self.target))

    def matching(self, found: RecordSet) -> tuple[Data, ...]:
        return tuple(data for data in found.data if self._is_included(data))

    def joined(self, found: tuple[Data, ...]) -> tuple[Data, ...]:
        present = [data for data in found if _spf.is_spf(data.target)]
        if len(present) > 1:
            raise RecordConflict(
                f"{self.name} has {len(present)} SPF records: {', '.join(data.text for data in present)}. With more than one, "
                "receivers take none of them (RFC 7208 4.5). Nothing was changed. Make one of them first."
            )
        if not present:
            return (*found, self.data)
        if self._is_included(present[0]):
            return found
        merged = text_data(_spf.with_include(present[0].target, self.target))
        return tuple(merged if data == present[0] else data for data in found)

    def left(self, found: tuple[Data, ...]) -> tuple[Data, ...]:
        return tuple(rest for data in found for rest in self._stripped(data))

    def _is_included(self, data: Data) -> bool:
        return _spf.is_spf(data.target) and _spf.includes(data.target, self.target)

    def _stripped(self, data: Data) -> tuple[Data, ...]:
        if not self._is_included(data):
            return (data,)
        rest = _spf.without_include(data.target, self.target)
        return (text_data(rest),) if rest else ()
