# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of BER that LDAP uses: one-byte tags and definite lengths (X.690; RFC 4511 5.1)."""

from __future__ import annotations

BOOLEAN = 0x01
INTEGER = 0x02
OCTET_STRING = 0x04
ENUMERATED = 0x0A
SEQUENCE = 0x30
SET = 0x31

MAX_LENGTH = 16 << 20
"""Longest value accepted, in bytes. assumed: a DC's limit (MaxReceiveBuffer) is of this order."""


class BerError(ValueError):
    """The bytes are not what the protocol asks for at this place."""


def encode(tag: int, *parts: bytes) -> bytes:
    """One element; its value is the parts one after another."""
    value = b"".join(parts)
    length = len(value)
    if length < 0x80:
        return bytes((tag, length)) + value
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + value


def octets(value: bytes | str, tag: int = OCTET_STRING) -> bytes:
    """An OCTET STRING; text becomes UTF-8, as LDAPString asks (RFC 4511 4.1.2)."""
    return encode(tag, value.encode() if isinstance(value, str) else value)


def integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER in two's complement; with another tag an ENUMERATED or an implicitly tagged one."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return encode(tag, value.to_bytes(size, "big", signed=True))


def frame_length(buffer: bytes | bytearray) -> int | None:
    """Length of the first element of a stream with its header, or None while that cannot be told yet.

    :raises BerError: no element can begin like this
    """
    if len(buffer) < 2:
        return None
    first = buffer[1]
    if first < 0x80:
        return 2 + first
    count = first & 0x7F
    if not 0 < count <= 4:
        raise BerError(f"length octet {first:#04x}")
    if len(buffer) < 2 + count:
        return None
    length = int.from_bytes(buffer[2 : 2 + count], "big")
    if length > MAX_LENGTH:
        raise BerError(f"element of {length} bytes")
    return 2 + count + length


class Reader:
    """Takes the elements of a constructed value one by one.

    Every method raises BerError when the next element is missing, cut short or of another type.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """True while elements are left."""
        return self._at < len(self._data)

    def next_tag(self) -> int | None:
        """The tag of the next element, or None at the end."""
        return self._data[self._at] if self else None

    def element(self) -> tuple[int, bytes]:
        """The next element, whatever its tag: tag and value."""
        rest = self._data[self._at :]
        size = frame_length(rest)
        if size is None or size > len(rest):
            raise BerError("element cut short")
        header = 2 if rest[1] < 0x80 else 2 + (rest[1] & 0x7F)
        self._at += size
        return rest[0], rest[header:size]

    def octets(self, tag: int = OCTET_STRING) -> bytes:
        found = self.next_tag()
        if found != tag:
            raise BerError(f"expected tag {tag:#04x}, found {'the end' if found is None else f'{found:#04x}'}")
        return self.element()[1]

    def text(self, tag: int = OCTET_STRING) -> str:
        try:
            return self.octets(tag).decode()
        except UnicodeDecodeError as exc:
            raise BerError("text that is not UTF-8") from exc

    def integer(self, tag: int = INTEGER) -> int:
        value = self.octets(tag)
        if not value:
            raise BerError("integer without octets")
        return int.from_bytes(value, "big", signed=True)

    def boolean(self, tag: int = BOOLEAN) -> bool:
        value = self.octets(tag)
        if len(value) != 1:
            raise BerError(f"boolean of {len(value)} octets")
        return value != b"\0"

    def constructed(self, tag: int = SEQUENCE) -> Reader:
        """A reader over the contents of the next element."""
        return Reader(self.octets(tag))
