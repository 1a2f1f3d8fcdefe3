# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search filters: from BER (RFC 4511 4.5.1.7) to a test on an object.

An attribute the schema does not have makes a filter undefined.
"""

from __future__ import annotations

from lab.directory.matching import Filter, Values, comparable
from lab.directory.schema import attribute
from lab.ldap.ber import BerError, Reader

_AND, _OR, _NOT, _EQUAL, _SUBSTRINGS = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4
_GREATER, _LESS, _PRESENT, _APPROXIMATE, _EXTENSIBLE = 0xA5, 0xA6, 0x87, 0xA8, 0xA9
_INITIAL, _ANY, _FINAL = 0x80, 0x81, 0x82
_MAX_DEPTH = 100

BIT_AND = "1.2.840.113556.1.4.803"
BIT_OR = "1.2.840.113556.1.4.804"


def read_filter(reader: Reader, depth: int = 0) -> Filter:
    """Take the next element as a filter.

    :raises BerError: not a filter, or nested too deeply
    """
    if depth > _MAX_DEPTH:
        raise BerError("filter nested too deeply")
    tag = reader.next_tag()
    if tag == _PRESENT:
        return _present(reader.text(_PRESENT))
    if tag not in (_AND, _OR, _NOT, _EQUAL, _SUBSTRINGS, _GREATER, _LESS, _APPROXIMATE, _EXTENSIBLE):
        raise BerError("not a filter")
    inner = reader.constructed(tag)
    if tag == _EXTENSIBLE:
        return _extensible(inner)
    if tag == _SUBSTRINGS:
        return _substrings(inner.text(), inner.constructed())
    if tag in (_AND, _OR):
        parts = []
        while inner:
            parts.append(read_filter(inner, depth + 1))
        return _combined(parts, all_of=tag == _AND)
    if tag == _NOT:
        return _negated(read_filter(inner, depth + 1))
    return _compared(tag, inner.text(), inner.octets())


def _combined(parts: list[Filter], *, all_of: bool) -> Filter:
    def test(values: Values) -> bool | None:
        results = [part(values) for part in parts]
        if (not all_of) in results:
            return not all_of
        return None if None in results else all_of

    return test


def _negated(part: Filter) -> Filter:
    def test(values: Values) -> bool | None:
        result = part(values)
        return None if result is None else not result

    return test


def _undefined(_values: Values) -> None:
    return None


def _present(name: str) -> Filter:
    schema = attribute(name)
    if schema is None:
        return _undefined
    return lambda values: bool(values(schema))


def _compared(tag: int, name: str, asserted: bytes) -> Filter:
    schema = attribute(name)
    if schema is None:
        return _undefined
    wanted = comparable(schema, asserted)
    if wanted is None:
        return _undefined

    def holds(value: bytes) -> bool:
        found = comparable(schema, value)
        if found is None:
            return False
        if tag == _GREATER:
            return bool(found >= wanted)
        if tag == _LESS:
            return bool(found <= wanted)
        return bool(found == wanted)

    return lambda values: any(holds(value) for value in values(schema))


def _substrings(name: str, pieces: Reader) -> Filter:
    schema = attribute(name)
    parts: list[tuple[int, str]] = []
    while pieces:
        tag, value = pieces.element()
        if tag not in (_INITIAL, _ANY, _FINAL):
            raise BerError("not a substring")
        parts.append((tag, value.decode(errors="replace").casefold()))
    if not parts:
        raise BerError("no substrings")
    # A DN, a number or octets have no substrings to Active Directory (MS-ADTS 3.1.1.3.1.3.1).
    if schema is None or schema.syntax not in ("text", "oid"):
        return _undefined
    return lambda values: any(_has_parts(value.decode(errors="replace").casefold(), parts) for value in values(schema))


def _has_parts(text: str, parts: list[tuple[int, str]]) -> bool:
    at = 0
    for tag, part in parts:
        if tag == _INITIAL:
            if not text.startswith(part):
                return False
            at = len(part)
        elif tag == _ANY:
            found = text.find(part, at)
            if found < 0:
                return False
            at = found + len(part)
        else:
            return text.endswith(part) and len(text) - len(part) >= at
    return True


def _extensible(inner: Reader) -> Filter:
    """The bitwise rules; any other rule is undefined (MS-ADTS 3.1.1.3.4.4)."""
    rule = inner.text(0x81) if inner.next_tag() == 0x81 else ""
    name = inner.text(0x82) if inner.next_tag() == 0x82 else ""
    asserted = inner.octets(0x83)
    schema = attribute(name)
    wanted = comparable(schema, asserted) if schema is not None else None
    if schema is None or schema.syntax != "integer" or wanted is None or rule not in (BIT_AND, BIT_OR):
        return _undefined

    def holds(value: bytes) -> bool:
        common = int(value) & wanted
        return bool(common == wanted if rule == BIT_AND else common)

    return lambda values: any(holds(value) for value in values(schema))
