# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""DNS records as values, and their zone-file form. Nothing here sends or receives anything."""

from __future__ import annotations

import dataclasses
import typing as t

_TXT_STRING = 255  # octets, RFC 1035 3.3


@dataclasses.dataclass(frozen=True)
class Data:
    """The data of one record.

    :param text: zone-file form, as the server writes it; not compared, for the case of names in it may vary (RFC 4343)
    :param target: what is compared: a host in lower case without the last dot, or the text of a TXT
    """

    text: str = dataclasses.field(compare=False)
    target: str
    preference: int | None = None

    def to_result(self) -> dict[str, t.Any]:
        """As the modules return it: the host or text, and an MX's preference."""
        return {"value": self.target} if self.preference is None else {"value": self.target, "preference": self.preference}


def host_data(host: str) -> Data:
    """The data of a CNAME."""
    return Data(f"{host}.", host)


def mx_data(preference: int, host: str) -> Data:
    """The data of an MX."""
    return Data(f"{preference} {host}.", host, preference)


def text_data(text: str) -> Data:
    """The data of a TXT."""
    return Data(quote(text), text)


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


def lines(name: str, records: RecordSet | None) -> list[str]:
    """A record set as zone-file lines with full names (RFC 1035 5.1); none for None."""
    return [f"{name}. {records.ttl} IN {records.type} {data.text}" for data in records.data] if records else []


def relative_name(name: str, zone: str) -> str:
    """A name as it is written inside its zone: ``@`` for the zone itself."""
    return "@" if name == zone else name.removesuffix(f".{zone}")


def quote(text: str) -> str:
    """A TXT's text in zone-file form, cut into strings of at most 255 octets."""
    raw = text.encode()
    pieces = [raw[start : start + _TXT_STRING] for start in range(0, len(raw), _TXT_STRING)] or [b""]
    return " ".join('"' + "".join(_escape(octet) for octet in piece) + '"' for piece in pieces)


def _escape(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"
