# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distinguished names: parsing and comparing (RFC 4514; values compare without regard to case, as in Active Directory)."""

from __future__ import annotations

import re

Key = tuple[tuple[str, str], ...]
"""A DN that can be compared: (attribute type, value) from the object up to the root, in lower case."""

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9-]*|\d+(\.\d+)*")
_HEX = re.compile(r"[0-9A-Fa-f]{2}")
_SPECIAL = '"+,;<>\\ #='


class DnError(ValueError):
    """Not a distinguished name."""


def parse(dn: str) -> list[tuple[str, str]]:
    """The RDNs of a DN from left to right, as attribute type and value without escapes; the empty DN has none.

    :raises DnError: malformed, or an RDN of several values (Active Directory has none)
    """
    if not dn.strip():
        return []
    return [_parse_rdn(rdn) for rdn in split(dn)]


def split(dn: str) -> list[str]:
    """The RDNs as they are written.

    :raises DnError: a backslash at the end
    """
    parts, start, at = [], 0, 0
    while at < len(dn):
        if dn[at] == "\\":
            at += 1
            if at == len(dn):
                raise DnError(dn)
        elif dn[at] in ",;":
            parts.append(dn[start:at])
            start = at + 1
        at += 1
    parts.append(dn[start:])
    return [part.lstrip(" ") for part in parts]


def _parse_rdn(rdn: str) -> tuple[str, str]:
    kind, equals, raw = rdn.partition("=")
    if not equals or not _TYPE.fullmatch(kind.strip()):
        raise DnError(rdn)
    value = _unescape(raw.lstrip(" "))
    if not value:
        raise DnError(rdn)
    return kind.strip(), value


def _unescape(raw: str) -> str:
    out = bytearray()
    at, end = 0, len(raw)
    kept = 0  # length of out up to the last character that is not a space at the end
    while at < end:
        char = raw[at]
        if char != "\\":
            if char in '"+<>':
                raise DnError(raw)
            out += char.encode()
            at += 1
            kept = kept if char == " " else len(out)
            continue
        if _HEX.match(raw, at + 1):
            out.append(int(raw[at + 1 : at + 3], 16))
            at += 3
        elif raw[at + 1 : at + 2] and raw[at + 1] in _SPECIAL:
            out += raw[at + 1].encode()
            at += 2
        else:
            raise DnError(raw)
        kept = len(out)
    try:
        return out[:kept].decode()
    except UnicodeDecodeError as exc:
        raise DnError(raw) from exc


def key(dn: str) -> Key:
    """The DN in a form that can be compared.

    :raises DnError: malformed
    """
    return tuple((kind.lower(), value.casefold()) for kind, value in parse(dn))


def escape(value: str) -> str:
    """A value as an RDN writes it (RFC 4514 2.4)."""
    escaped = "".join(f"\\{char}" if char in '"+,;<>\\=' else char for char in value)
    if escaped.startswith((" ", "#")):
        escaped = "\\" + escaped
    return escaped[:-1] + "\\ " if escaped.endswith(" ") and value != " " else escaped
