# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""CLIXML (MS-PSRP 2.2.5) to plain values that JSON can carry.

Remoting flattens what is nested in an object to its text (serialization depth 1); other senders keep it as an object with
ToString and properties. Both come out the same here: a nested object is its text. pypsrp's own decoder leaves every
collection whose type it does not know as raw XML, so Exchange's objects need this one.
"""

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COLLECTIONS = ("LST", "IE", "QUE", "STK")
_INTEGERS = ("By", "SB", "U16", "I16", "U32", "I32", "U64", "I64")
_FLOATS = ("Sg", "Db")

# _xHHHH_ stands for one UTF-16 code unit (MS-PSRP 2.2.5.3.2).
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

# Notes remoting adds to every object, and the binary copy of itself that only Exchange's own shell can read.
_NOT_DATA = frozenset({"SerializationData", "PSComputerName", "PSShowComputerName", "RunspaceId"})


class ClixmlError(ValueError):
    """The text is not CLIXML."""


def decode(text: str) -> list[t.Any]:
    """Decode a CLIXML document.

    :param text: an ``Objs`` document or a single element, as in a PIPELINE_OUTPUT message
    :returns: one value per object: a dict of its properties for a complex object, a plain value for a primitive
    :raises ClixmlError: not well-formed, or a reference leads nowhere
    """
    root = parse(text)
    decoder = _Decoder()
    elements = list(root) if root.tag == "Objs" else [root]
    return [decoder.top(element) for element in elements]


def parse(text: str) -> ET.Element:
    """Parse CLIXML; files carry a namespace and messages none, so it is taken off.

    :raises ClixmlError: not well-formed
    """
    try:
        root = ET.fromstring(text)  # noqa: S314  # expat resolves no external entities; the sender is authenticated
    except ET.ParseError as exc:
        raise ClixmlError(f"not CLIXML: {exc}") from exc
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def unescape(text: str) -> str:
    """Undo the ``_x000A_`` escapes; two escaped surrogates become the one character they stand for."""
    if "_x" not in text:
        return text
    raw = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return raw.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _string(element: ET.Element) -> str:
    return unescape(element.text or "")


_PRIMITIVES: dict[str, Callable[[ET.Element], t.Any]] = {
    "Nil": lambda _element: None,
    "B": lambda element: (element.text or "").strip().lower() == "true",
    "C": lambda element: chr(int(element.text or "0")),
    # An encrypted SecureString is of no use to anybody but the sender's own process.
    "SS": lambda _element: None,
    **dict.fromkeys(_INTEGERS, lambda element: int(element.text or "0")),
    **dict.fromkeys(_FLOATS, lambda element: float(element.text or "0")),
    # Text as it is: dates (ISO 8601), durations (ISO 8601), GUIDs, versions, decimals, base64 and the rest.
    **dict.fromkeys(("DT", "TS", "G", "D", "BA", "Version"), lambda element: element.text or ""),
    **dict.fromkeys(("S", "URI", "XD", "SBK"), _string),
}


class _Decoder:
    """One document: references may point to any object before them."""

    def __init__(self) -> None:
        self._objects: dict[str, ET.Element] = {}

    def top(self, element: ET.Element) -> t.Any:
        """A pipeline object: complex ones become dicts of their properties."""
        element = self._resolve(element)
        if element.tag != "Obj":
            return self._primitive(element)
        self._index(element)
        container = self._container(element)
        if container is not None:
            return container
        # A value without properties (an enum, a string with notes) is its text.
        return dict(self._properties(element)) or self._text(element)

    def _index(self, element: ET.Element) -> None:
        for descendant in element.iter("Obj"):
            identifier = descendant.get("RefId")
            if identifier is not None:
                self._objects[identifier] = descendant

    def _resolve(self, element: ET.Element) -> ET.Element:
        if element.tag != "Ref":
            return element
        try:
            return self._objects[element.get("RefId", "")]
        except KeyError:
            raise ClixmlError(f"reference to unknown object {element.get('RefId')}") from None

    def _properties(self, element: ET.Element) -> Iterator[tuple[str, t.Any]]:
        # Props are the .NET object's own; MS holds what PowerShell added. A name in both means MS hides Props.
        for section in ("Props", "MS"):
            holder = element.find(section)
            if holder is not None:
                for child in holder:
                    name = unescape(child.get("N", ""))
                    if name not in _NOT_DATA:
                        yield name, self._nested(child)

    def _nested(self, element: ET.Element) -> t.Any:
        """A property's value or a collection's item."""
        element = self._resolve(element)
        if element.tag != "Obj":
            return self._primitive(element)
        container = self._container(element)
        return self._text(element) if container is None else container

    def _container(self, element: ET.Element) -> list[t.Any] | dict[str, t.Any] | None:
        for child in element:
            tag = child.tag
            if tag in _COLLECTIONS:
                return [self._nested(item) for item in child]
            if tag == "DCT":
                return dict(self._entry(entry) for entry in child)
        return None

    def _entry(self, entry: ET.Element) -> tuple[str, t.Any]:
        parts = {child.get("N"): self._nested(child) for child in entry}
        return str(parts.get("Key")), parts.get("Value")

    def _text(self, element: ET.Element) -> t.Any:
        """What a flattened object is: its ToString, else the primitive it extends, else its properties' text."""
        to_string = element.find("ToString")
        if to_string is not None:
            return _string(to_string)
        own = self._own_primitive(element)
        return own if own is not None else dict(self._properties(element))

    def _own_primitive(self, element: ET.Element) -> t.Any:
        for child in element:
            tag = child.tag
            if tag in _PRIMITIVES:
                return _PRIMITIVES[tag](child)
        return None

    def _primitive(self, element: ET.Element) -> t.Any:
        try:
            return _PRIMITIVES[element.tag](element)
        except KeyError:
            raise ClixmlError(f"unknown element {element.tag}") from None
