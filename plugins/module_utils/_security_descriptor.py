# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Security descriptors of Active Directory objects, as far as their DACL goes.

Binary layout: MS-DTYP 2.4.6 (SECURITY_DESCRIPTOR), 2.4.5 (ACL), 2.4.4 (ACE), 2.4.2 (SID). Nothing is lost on the way:
every ACE keeps its bytes, also of a type unknown here, and is written back as it came.
"""

from __future__ import annotations

import dataclasses
import enum
import struct
import uuid

_HEADER = struct.Struct("<BBHIIII")  # revision, sbz1, control, offsets of owner, group, SACL, DACL
_ACL_HEADER = struct.Struct("<BBHHH")  # revision, sbz1, size, count, sbz2
_ACE_HEADER = struct.Struct("<BBH")  # type, flags, size

SELF_RELATIVE = 0x8000
DACL_PRESENT = 0x0004
DACL_PROTECTED = 0x1000
# Present, defaulted, inheritance wanted and done, protected, self-relative: the control bits a DACL brings with it.
_DACL_CONTROL = SELF_RELATIVE | DACL_PROTECTED | 0x0400 | 0x0100 | 0x0008 | DACL_PRESENT

_ACL_REVISION = 2
_ACL_REVISION_DS = 4  # an ACL with object ACEs

_OBJECT_TYPE_PRESENT = 1
_INHERITED_OBJECT_TYPE_PRESENT = 2


class DescriptorError(ValueError):
    """The bytes are not a self-relative security descriptor with a DACL, or a text is not a SID."""


class AceType(enum.IntEnum):
    """The access rules understood here (MS-DTYP 2.4.4.1). Callback types carry a condition."""

    ALLOWED = 0x00
    DENIED = 0x01
    ALLOWED_OBJECT = 0x05
    DENIED_OBJECT = 0x06
    ALLOWED_CALLBACK = 0x09
    DENIED_CALLBACK = 0x0A
    ALLOWED_CALLBACK_OBJECT = 0x0B
    DENIED_CALLBACK_OBJECT = 0x0C

    @property
    def allows(self) -> bool:
        return self.name.startswith("ALLOWED")

    @property
    def is_object(self) -> bool:
        return self.name.endswith("OBJECT")

    @property
    def is_conditional(self) -> bool:
        return "CALLBACK" in self.name


class AceFlag(enum.IntFlag):
    """Inheritance flags (MS-DTYP 2.4.4.1)."""

    OBJECT_INHERIT = 0x01
    CONTAINER_INHERIT = 0x02
    NO_PROPAGATE_INHERIT = 0x04
    INHERIT_ONLY = 0x08
    INHERITED = 0x10


@dataclasses.dataclass(frozen=True)
class Rule:
    """What an ACE of a known type says."""

    type: AceType
    flags: AceFlag
    mask: int
    sid: str
    object_type: uuid.UUID | None = None
    inherited_object_type: uuid.UUID | None = None


@dataclasses.dataclass(frozen=True)
class Ace:
    """One ACE: its bytes, and what they say where the type is known. Equal bytes are equal ACEs."""

    raw: bytes
    rule: Rule | None = dataclasses.field(default=None, compare=False)

    @property
    def inherited(self) -> bool:
        return bool(self.raw[1] & AceFlag.INHERITED)

    @classmethod
    def from_rule(cls, rule: Rule) -> Ace:
        """Build the ACE of a rule without a condition."""
        body = struct.pack("<I", rule.mask)
        if rule.type.is_object:
            present = _OBJECT_TYPE_PRESENT if rule.object_type else 0
            present |= _INHERITED_OBJECT_TYPE_PRESENT if rule.inherited_object_type else 0
            guids = (guid.bytes_le for guid in (rule.object_type, rule.inherited_object_type) if guid)
            body += struct.pack("<I", present) + b"".join(guids)
        body += sid_to_bytes(rule.sid)
        return cls(_ACE_HEADER.pack(rule.type, rule.flags, _ACE_HEADER.size + len(body)) + body, rule)


@dataclasses.dataclass(frozen=True)
class SecurityDescriptor:
    """The DACL of an object: control bits, ACL revision, ACEs in order."""

    control: int
    revision: int
    aces: tuple[Ace, ...]

    @property
    def protected(self) -> bool:
        """True when the object takes no rules from above."""
        return bool(self.control & DACL_PROTECTED)

    @property
    def explicit(self) -> tuple[Ace, ...]:
        """The object's own rules; a domain controller computes the inherited ones anew (MS-ADTS 6.1.3)."""
        return tuple(ace for ace in self.aces if not ace.inherited)

    def with_explicit(self, added: tuple[Ace, ...]) -> SecurityDescriptor:
        """Add rules that allow, where canonical order wants them: after the explicit, before the inherited ones."""
        after_explicit = max((at + 1 for at, ace in enumerate(self.aces) if not ace.inherited), default=0)
        aces = self.aces[:after_explicit] + added + self.aces[after_explicit:]
        has_object_ace = any(ace.rule is not None and ace.rule.type.is_object for ace in added)
        revision = max(self.revision, _ACL_REVISION_DS) if has_object_ace else self.revision
        return dataclasses.replace(self, aces=aces, revision=revision)


def parse(data: bytes) -> SecurityDescriptor:
    """Parse a self-relative descriptor; owner, group and SACL are passed over.

    :raises DescriptorError: cut short, not self-relative, or without a DACL (absent and NULL alike: a NULL DACL allows
        everything to everybody and must never be taken for an empty one)
    """
    try:
        revision, _sbz, control, _owner, _group, _sacl, offset = _HEADER.unpack_from(data)
        if revision != 1 or not control & SELF_RELATIVE:
            raise DescriptorError("not a self-relative security descriptor of revision 1")
        if not control & DACL_PRESENT or not offset:
            raise DescriptorError("the security descriptor has no DACL")
        acl_revision, _sbz, size, count, _sbz2 = _ACL_HEADER.unpack_from(data, offset)
    except struct.error as exc:
        raise DescriptorError("the security descriptor is cut short") from exc
    if offset + size > len(data):
        raise DescriptorError("the DACL reaches beyond the security descriptor")
    acl = data[offset : offset + size]
    aces = []
    position = _ACL_HEADER.size
    for _entry in range(count):
        raw = _raw_ace(acl, position)
        aces.append(Ace(raw, _rule(raw)))
        position += len(raw)
    return SecurityDescriptor(control & _DACL_CONTROL, acl_revision, tuple(aces))


def build(descriptor: SecurityDescriptor) -> bytes:
    """The descriptor's bytes, with a DACL and nothing else."""
    body = b"".join(ace.raw for ace in descriptor.aces)
    acl = _ACL_HEADER.pack(descriptor.revision, 0, _ACL_HEADER.size + len(body), len(descriptor.aces), 0) + body
    return _HEADER.pack(1, 0, descriptor.control | SELF_RELATIVE, 0, 0, 0, _HEADER.size) + acl


def _raw_ace(acl: bytes, position: int) -> bytes:
    if position + _ACE_HEADER.size > len(acl):
        raise DescriptorError("the DACL holds fewer access rules than it says")
    size = _ACE_HEADER.unpack_from(acl, position)[2]
    if size < _ACE_HEADER.size or position + size > len(acl):
        raise DescriptorError("an access rule reaches beyond the DACL")
    return acl[position : position + size]


def _rule(raw: bytes) -> Rule | None:
    kind, flags, _size = _ACE_HEADER.unpack_from(raw)
    try:
        ace_type = AceType(kind)
    except ValueError:
        return None
    try:
        (mask,) = struct.unpack_from("<I", raw, 4)
        position, guids = 8, {}
        if ace_type.is_object:
            (present,) = struct.unpack_from("<I", raw, position)
            position += 4
            for bit in (_OBJECT_TYPE_PRESENT, _INHERITED_OBJECT_TYPE_PRESENT):
                if present & bit:
                    guids[bit] = uuid.UUID(bytes_le=raw[position : position + 16])
                    position += 16
        sid = sid_to_text(raw[position : position + 8 + 4 * raw[position + 1]])
    except (struct.error, IndexError, ValueError) as exc:
        raise DescriptorError(f"an access rule of type {ace_type.name} is cut short") from exc
    return Rule(
        ace_type,
        AceFlag(flags),
        mask,
        sid,
        guids.get(_OBJECT_TYPE_PRESENT),
        guids.get(_INHERITED_OBJECT_TYPE_PRESENT),
    )


def sid_to_text(data: bytes) -> str:
    """S-1-... (MS-DTYP 2.4.2.1); an authority of 2^32 and more is written in hexadecimal.

    :raises DescriptorError: not a SID
    """
    if len(data) < 8 or data[0] != 1 or len(data) != 8 + 4 * data[1] or data[1] > 15:
        raise DescriptorError("not a binary SID")
    authority = int.from_bytes(data[2:8], "big")
    parts = struct.unpack(f"<{data[1]}I", data[8:])
    return "-".join(["S-1", str(authority) if authority < 1 << 32 else f"0x{authority:012X}", *map(str, parts)])


def sid_to_bytes(text: str) -> bytes:
    """Undo :func:`sid_to_text`.

    :raises DescriptorError: not a SID
    """
    try:
        letter, revision, authority, *parts = text.split("-")
        if (letter.upper(), revision) != ("S", "1") or len(parts) > 15:
            raise ValueError
        head = int(authority, 16 if authority[:2].lower() == "0x" else 10).to_bytes(6, "big")
        return bytes([1, len(parts)]) + head + struct.pack(f"<{len(parts)}I", *map(int, parts))
    except (ValueError, OverflowError, struct.error) as exc:
        raise DescriptorError(f"{text} is not a SID, such as S-1-5-21-1-2-3-1105") from exc
