# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Distinguished names in the string form of RFC 4514: validity and equality."""

from __future__ import annotations

import re

_TYPE = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)\s*=\s*")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
# What RFC 4514 section 2.4 wants escaped inside a value; "=" may be, so that it is accepted both ways.
_SPECIAL = frozenset('"+,;<>')

DistinguishedName = tuple[frozenset[tuple[str, str]], ...]
"""From the leaf to the root: each RDN as its (type, value) pairs, folded for comparison."""


class InvalidDistinguishedName(ValueError):
    """Not a distinguished name; ``str()`` says what is wrong with it."""


def parse(text: str) -> DistinguishedName:
    """Parse a DN for comparison: two texts are the same name when they parse equal.

    Types and values are compared without case, as Active Directory does for the naming attributes.

    :raises InvalidDistinguishedName: empty, or not the string form of RFC 4514
    """
    names: list[frozenset[tuple[str, str]]] = []
    pairs: list[tuple[str, str]] = []
    position = 0
    while True:
        match = _TYPE.match(text, position)
        if match is None:
            part = text[position:].strip() or "nothing"
            raise InvalidDistinguishedName(f"expected <type>=<value>, such as OU=Groups, and found {part}")
        value, position = _value(text, match.end())
        if not value:
            raise InvalidDistinguishedName(f"{match[1]} has no value")
        pairs.append((match[1].casefold(), value.casefold()))
        separator = text[position : position + 1]
        position += 1
        if separator != "+":
            names.append(frozenset(pairs))
            pairs = []
        if not separator:
            return tuple(names)


def is_same(first: str, second: str) -> bool:
    """True when both texts name the same object.

    :raises InvalidDistinguishedName: one of them is not a DN
    """
    return parse(first) == parse(second)


def is_below(text: str, above: str) -> bool:
    """True when the first names an object below the second, or the same one.

    :raises InvalidDistinguishedName: one of them is not a DN
    """
    name, base = parse(text), parse(above)
    return name[len(name) - len(base) :] == base if len(name) >= len(base) else False


def dns_domain(text: str) -> str:
    """The DNS name of the domain a DN lies in: its DC parts joined; empty when it has none.

    :raises InvalidDistinguishedName: not a DN
    """
    return ".".join(value for name in parse(text) for kind, value in name if kind == "dc")


def _value(text: str, position: int) -> tuple[str, int]:
    """Read a value up to an unescaped separator; returns it unescaped, and where it ended."""
    octets = bytearray()
    kept = 0  # trailing spaces beyond this length are not part of the value
    while position < len(text) and text[position] not in ",+":
        character = text[position]
        if character == "\\":
            pair = text[position + 1 : position + 3]
            if _HEX_PAIR.fullmatch(pair):
                octets += bytes.fromhex(pair)
                position += 3
            elif pair and pair[0] in _SPECIAL | frozenset("\\ #="):
                octets += pair[0].encode()
                position += 2
            else:
                raise InvalidDistinguishedName(f"\\{pair} is not an escape")
            kept = len(octets)
            continue
        if character in _SPECIAL or character == "\0":
            raise InvalidDistinguishedName(f"{character!r} must be written with a backslash before it")
        octets += character.encode()
        position += 1
        if not character.isspace():
            kept = len(octets)
    try:
        return octets[:kept].decode(), position
    except UnicodeDecodeError as exc:
        raise InvalidDistinguishedName("an escaped value is not UTF-8") from exc
