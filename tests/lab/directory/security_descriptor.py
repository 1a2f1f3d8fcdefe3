# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows security descriptors: SIDs, access control entries and lists, in bytes and as SDDL (MS-DTYP 2.4, 2.5.1)."""

from __future__ import annotations

import dataclasses
import re
import struct
import uuid

# Access rights on directory objects (MS-ADTS 5.1.3.2), in the order SDDL writes them here.
RIGHTS = {
    "CC": 0x1,  # create child
    "DC": 0x2,  # delete child
    "LC": 0x4,  # list contents
    "SW": 0x8,  # validated writes
    "RP": 0x10,  # read property
    "WP": 0x20,  # write property
    "DT": 0x40,  # delete tree
    "LO": 0x80,  # list object
    "CR": 0x100,  # control access
    "SD": 0x10000,  # delete
    "RC": 0x20000,  # read control
    "WD": 0x40000,  # write DACL
    "WO": 0x80000,  # write owner
    "AS": 0x1000000,  # access system security
    "GA": 0x10000000,
    "GX": 0x20000000,
    "GW": 0x40000000,
    "GR": 0x80000000,
}

# ACE flags (MS-DTYP 2.4.4.1).
OBJECT_INHERIT = 0x01
CONTAINER_INHERIT = 0x02
NO_PROPAGATE = 0x04
INHERIT_ONLY = 0x08
INHERITED = 0x10
FLAGS = {"OI": 0x01, "CI": 0x02, "NP": 0x04, "IO": 0x08, "ID": 0x10, "SA": 0x40, "FA": 0x80}

# ACE types (MS-DTYP 2.4.4.1).
ALLOWED, DENIED, AUDIT, ALLOWED_OBJECT, DENIED_OBJECT, AUDIT_OBJECT = 0, 1, 2, 5, 6, 7
TYPES = {"A": ALLOWED, "D": DENIED, "AU": AUDIT, "OA": ALLOWED_OBJECT, "OD": DENIED_OBJECT, "OU": AUDIT_OBJECT}
OBJECT_TYPES = frozenset((ALLOWED_OBJECT, DENIED_OBJECT, AUDIT_OBJECT))

# Control bits of a descriptor (MS-DTYP 2.4.6).
DACL_PRESENT = 0x0004
SACL_PRESENT = 0x0010
DACL_AUTO_INHERITED = 0x0400
SACL_AUTO_INHERITED = 0x0800
DACL_PROTECTED = 0x1000
SACL_PROTECTED = 0x2000
SELF_RELATIVE = 0x8000

# Parts of a descriptor, as the SD_FLAGS control names them (MS-ADTS 3.1.1.3.4.1.11).
OWNER, GROUP, DACL, SACL = 1, 2, 4, 8

# Two-letter names of SIDs (MS-DTYP 2.5.1.1); those of a domain are a RID below the domain's SID.
WELL_KNOWN_SIDS = {
    "WD": "S-1-1-0",
    "CO": "S-1-3-0",
    "CG": "S-1-3-1",
    "OW": "S-1-3-4",
    "ED": "S-1-5-9",
    "PS": "S-1-5-10",
    "AU": "S-1-5-11",
    "SY": "S-1-5-18",
    "BA": "S-1-5-32-544",
    "BU": "S-1-5-32-545",
    "AO": "S-1-5-32-548",
    "PO": "S-1-5-32-550",
    "RU": "S-1-5-32-554",
}
DOMAIN_RIDS = {"DA": 512, "DU": 513, "CA": 517, "EA": 519, "RS": 553}

_ACE_TEXT = re.compile(r"\(([^()]*)\)")
_SID_TEXT = re.compile(r"S-1-\d+(-\d+){1,15}")


class SecurityDescriptorError(ValueError):
    """The bytes or the text are not a security descriptor, an ACE or a SID."""


def sid_to_bytes(sid: str) -> bytes:
    """:raises SecurityDescriptorError: not of the form S-1-5-..."""
    if not _SID_TEXT.fullmatch(sid):
        raise SecurityDescriptorError(f"SID {sid!r}")
    authority, *sub = (int(number) for number in sid.split("-")[2:])
    try:
        return struct.pack("<BB", 1, len(sub)) + authority.to_bytes(6, "big") + struct.pack(f"<{len(sub)}I", *sub)
    except (struct.error, OverflowError) as exc:
        raise SecurityDescriptorError(f"SID {sid!r}") from exc


def read_sid(data: bytes, at: int = 0) -> tuple[str, int]:
    """The SID that begins there and where it ends.

    :raises SecurityDescriptorError: no SID there
    """
    if at < 0 or len(data) < at + 8 or data[at] != 1 or not 0 < data[at + 1] <= 15:
        raise SecurityDescriptorError("SID expected")
    end = at + 8 + 4 * data[at + 1]
    if end > len(data):
        raise SecurityDescriptorError("SID cut short")
    sub = struct.unpack_from(f"<{data[at + 1]}I", data, at + 8)
    return "-".join(map(str, ("S-1", int.from_bytes(data[at + 2 : at + 8], "big"), *sub))), end


def resolve_sid(text: str, domain_sid: str) -> str:
    """A SID from SDDL: S-1-... itself or one of the two-letter names.

    :raises SecurityDescriptorError: neither
    """
    if text in WELL_KNOWN_SIDS:
        return WELL_KNOWN_SIDS[text]
    if text in DOMAIN_RIDS:
        return f"{domain_sid}-{DOMAIN_RIDS[text]}"
    sid_to_bytes(text)
    return text


@dataclasses.dataclass(frozen=True)
class Ace:
    """An access control entry.

    :param object_type: the class, attribute, property set or extended right it is limited to
    :param inherited_object_type: the class of objects it is inherited by
    """

    type: int
    flags: int
    mask: int
    sid: str
    object_type: uuid.UUID | None = None
    inherited_object_type: uuid.UUID | None = None

    @property
    def allows(self) -> bool:
        return self.type in (ALLOWED, ALLOWED_OBJECT)

    @property
    def inherited(self) -> bool:
        return bool(self.flags & INHERITED)

    def replace(self, **changes: int | str) -> Ace:
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def to_bytes(self) -> bytes:
        body = struct.pack("<I", self.mask)
        if self.type in OBJECT_TYPES:
            types = (self.object_type, self.inherited_object_type)
            body += struct.pack("<I", (types[0] is not None) | (types[1] is not None) << 1)
            body += b"".join(guid.bytes_le for guid in types if guid is not None)
        body += sid_to_bytes(self.sid)
        return struct.pack("<BBH", self.type, self.flags, 4 + len(body)) + body

    @classmethod
    def from_bytes(cls, data: bytes) -> Ace:
        """:raises SecurityDescriptorError: malformed, or a type that this lab does not know"""
        try:
            kind, flags, _size, mask = struct.unpack_from("<BBHI", data)
            at = 8
            guids: list[uuid.UUID | None] = []
            if kind not in TYPES.values():
                raise SecurityDescriptorError(f"ACE type {kind}")
            if kind in OBJECT_TYPES:
                (present,) = struct.unpack_from("<I", data, at)
                at, guids = _read_guids(data, at + 4, present)
        except struct.error as exc:
            raise SecurityDescriptorError("ACE cut short") from exc
        return cls(kind, flags, mask, read_sid(data, at)[0], *guids)

    def to_sddl(self) -> str:
        """As SDDL, rights and flags by name, GUIDs and SIDs in full."""
        kind = next(name for name, number in TYPES.items() if number == self.type)
        guids = (str(guid) if guid else "" for guid in (self.object_type, self.inherited_object_type))
        flags = "".join(name for name, bit in FLAGS.items() if self.flags & bit)
        rights = "".join(name for name, bit in RIGHTS.items() if self.mask & bit)
        return "(" + ";".join((kind, flags, rights, *guids, self.sid)) + ")"

    @classmethod
    def from_sddl(cls, text: str, domain_sid: str) -> Ace:
        """:raises SecurityDescriptorError: not one ACE in SDDL"""
        fields = text.strip("()").split(";")
        if len(fields) != 6 or fields[0] not in TYPES:
            raise SecurityDescriptorError(f"ACE {text!r}")
        try:
            mask = int(fields[2], 16) if fields[2].startswith("0x") else _bits(fields[2], RIGHTS)
            guids = [uuid.UUID(field) if field else None for field in fields[3:5]]
            return cls(TYPES[fields[0]], _bits(fields[1], FLAGS), mask, resolve_sid(fields[5], domain_sid), *guids)
        except (KeyError, ValueError) as exc:
            raise SecurityDescriptorError(f"ACE {text!r}") from exc


def _read_guids(data: bytes, at: int, present: int) -> tuple[int, list[uuid.UUID | None]]:
    guids: list[uuid.UUID | None] = []
    for bit in (1, 2):
        if not present & bit:
            guids.append(None)
            continue
        if len(data) < at + 16:
            raise SecurityDescriptorError("ACE cut short")
        guids.append(uuid.UUID(bytes_le=data[at : at + 16]))
        at += 16
    return at, guids


def _bits(names: str, table: dict[str, int]) -> int:
    bits = 0
    for at in range(0, len(names), 2):
        bits |= table[names[at : at + 2]]
    return bits


def aces_from_sddl(text: str, domain_sid: str) -> list[Ace]:
    """The ACEs of a list in SDDL, such as ``D:(A;;GA;;;SY)(A;;GR;;;AU)``."""
    return [Ace.from_sddl(match, domain_sid) for match in _ACE_TEXT.findall(text)]


def acl_to_bytes(aces: list[Ace]) -> bytes:
    """An ACL; revision 4 as an ACL with object ACEs must have (MS-DTYP 2.4.5)."""
    body = b"".join(ace.to_bytes() for ace in aces)
    return struct.pack("<BBHHH", 4, 0, 8 + len(body), len(aces), 0) + body


def acl_from_bytes(data: bytes, at: int) -> list[Ace]:
    """:raises SecurityDescriptorError: malformed"""
    if len(data) < at + 8:
        raise SecurityDescriptorError("ACL cut short")
    revision, _padding, size, count, _more_padding = struct.unpack_from("<BBHHH", data, at)
    end = at + size
    if revision not in (2, 4) or end > len(data):
        raise SecurityDescriptorError("ACL malformed")
    aces = []
    at += 8
    for _entry in range(count):
        length = struct.unpack_from("<H", data, at + 2)[0] if at + 8 <= end else 0
        if length < 16 or at + length > end:
            raise SecurityDescriptorError("ACE cut short")
        aces.append(Ace.from_bytes(data[at : at + length]))
        at += length
    return aces


@dataclasses.dataclass
class SecurityDescriptor:
    """A security descriptor; a list that is None is not there (which is not the same as empty)."""

    control: int = SELF_RELATIVE
    owner: str | None = None
    group: str | None = None
    dacl: list[Ace] | None = None
    sacl: list[Ace] | None = None

    def to_bytes(self, parts: int = OWNER | GROUP | DACL | SACL) -> bytes:
        """Self-relative, with only the wanted parts (SD_FLAGS bits)."""
        control = self.control & ~(DACL_PRESENT | SACL_PRESENT) | SELF_RELATIVE
        blobs = [
            sid_to_bytes(self.owner) if self.owner and parts & OWNER else b"",
            sid_to_bytes(self.group) if self.group and parts & GROUP else b"",
            acl_to_bytes(self.sacl) if self.sacl is not None and parts & SACL else b"",
            acl_to_bytes(self.dacl) if self.dacl is not None and parts & DACL else b"",
        ]
        control |= (SACL_PRESENT if blobs[2] else 0) | (DACL_PRESENT if blobs[3] else 0)
        if not blobs[2]:
            control &= ~(SACL_AUTO_INHERITED | SACL_PROTECTED)
        if not blobs[3]:
            control &= ~(DACL_AUTO_INHERITED | DACL_PROTECTED)
        offsets, at = [], 20
        for blob in blobs:
            offsets.append(at if blob else 0)
            at += len(blob)
        return struct.pack("<BBHIIII", 1, 0, control, *offsets) + b"".join(blobs)

    @classmethod
    def from_bytes(cls, data: bytes) -> SecurityDescriptor:
        """:raises SecurityDescriptorError: not a self-relative security descriptor"""
        if len(data) < 20:
            raise SecurityDescriptorError("security descriptor cut short")
        revision, _padding, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", data)
        if revision != 1 or not control & SELF_RELATIVE:
            raise SecurityDescriptorError("not a self-relative security descriptor of revision 1")
        return cls(
            control,
            read_sid(data, owner)[0] if owner else None,
            read_sid(data, group)[0] if group else None,
            acl_from_bytes(data, dacl) if control & DACL_PRESENT and dacl else None,
            acl_from_bytes(data, sacl) if control & SACL_PRESENT and sacl else None,
        )
