# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: the access check on a security descriptor, and how ACEs come down from the parent object.

Sources: MS-DTYP 2.5.3.2 (access check), MS-ADTS 5.1.3.3 (object-specific access), 6.1.3 (requirements on stored
descriptors: inheritance, order), Win32 "ACE Inheritance Rules".
"""

from __future__ import annotations

import typing as t
import uuid

from lab.directory import security_descriptor as security
from lab.directory.security_descriptor import RIGHTS, Ace, SecurityDescriptor

CREATE_CHILD = RIGHTS["CC"]
DELETE_CHILD = RIGHTS["DC"]
LIST_CONTENTS = RIGHTS["LC"]
READ_PROPERTY = RIGHTS["RP"]
WRITE_PROPERTY = RIGHTS["WP"]
DELETE_TREE = RIGHTS["DT"]
DELETE = RIGHTS["SD"]
READ_CONTROL = RIGHTS["RC"]
WRITE_DAC = RIGHTS["WD"]
WRITE_OWNER = RIGHTS["WO"]
ACCESS_SYSTEM_SECURITY = RIGHTS["AS"]

GENERIC_MAPPING = {
    RIGHTS["GR"]: 0x20094,  # RC LC RP LO
    RIGHTS["GW"]: 0x20028,  # RC WP SW
    RIGHTS["GX"]: 0x20004,  # RC LC
    RIGHTS["GA"]: 0xF01FF,
}
"""What the generic rights mean on a directory object (MS-ADTS 5.1.3.2.1)."""

_CREATOR_OWNER = security.WELL_KNOWN_SIDS["CO"]
_CREATOR_GROUP = security.WELL_KNOWN_SIDS["CG"]
_OWNER_RIGHTS = security.WELL_KNOWN_SIDS["OW"]
_PRINCIPAL_SELF = security.WELL_KNOWN_SIDS["PS"]
_ADMINISTRATORS = security.WELL_KNOWN_SIDS["BA"]


def map_generic(mask: int) -> int:
    """Replace generic rights by the rights they stand for."""
    for generic, specific in GENERIC_MAPPING.items():
        if mask & generic:
            mask = mask & ~generic | specific
    return mask


def granted_rights(
    descriptor: SecurityDescriptor,
    sids: t.AbstractSet[str],
    path: t.Collection[uuid.UUID] = (),
    *,
    self_sid: str | None = None,
) -> int:
    """All rights a security context has on an object, or on the class or attribute at the end of ``path``.

    The first ACE that speaks about a right decides it, whether it allows or denies (MS-DTYP 2.5.3.2). An object ACE speaks
    only about what its GUID names or what lies below that in the object type tree (MS-ADTS 5.1.3.3.3), so one path through
    the tree is enough for one question.

    :param sids: SIDs of the account and of all its groups
    :param path: GUIDs from the class of the object down to what is asked about: property set, attribute; or the class of a
        child to create or delete
    :param self_sid: the object's own SID, for ACEs of Principal Self
    """
    granted, denied = _granted_without_acl(descriptor, sids), 0
    trustees = set(sids)
    if self_sid in sids:
        trustees.add(_PRINCIPAL_SELF)
    if descriptor.owner in sids:
        trustees.add(_OWNER_RIGHTS)
    if descriptor.dacl is None:
        return granted | GENERIC_MAPPING[RIGHTS["GA"]]
    for ace in descriptor.dacl:
        if ace.flags & security.INHERIT_ONLY or ace.sid not in trustees:
            continue
        if ace.object_type is not None and ace.object_type not in path:
            continue
        if ace.allows:
            granted |= map_generic(ace.mask) & ~denied
        else:
            denied |= map_generic(ace.mask) & ~granted
    return granted


def _granted_without_acl(descriptor: SecurityDescriptor, sids: t.AbstractSet[str]) -> int:
    """Rights from privileges and from owning the object.

    Administrators hold the privileges SeSecurity and SeTakeOwnership. An owner may read and write the DACL unless the DACL
    says otherwise by an ACE for OWNER RIGHTS (MS-DTYP 2.5.3.2).
    assumed: BlockOwnerImplicitRights in dSHeuristics is not in force (MS-ADTS 6.1.3.4 lets both be).
    """
    granted = ACCESS_SYSTEM_SECURITY | WRITE_OWNER if _ADMINISTRATORS in sids else 0
    limited = any(ace.sid == _OWNER_RIGHTS and not ace.flags & security.INHERIT_ONLY for ace in descriptor.dacl or ())
    if descriptor.owner in sids and not limited:
        granted |= READ_CONTROL | WRITE_DAC
    return granted


def is_granted(
    descriptor: SecurityDescriptor,
    sids: t.AbstractSet[str],
    rights: int,
    path: t.Collection[uuid.UUID] = (),
    *,
    self_sid: str | None = None,
) -> bool:
    """True when all of ``rights`` are granted; the other arguments as in :func:`granted_rights`."""
    return not map_generic(rights) & ~granted_rights(descriptor, sids, path, self_sid=self_sid)


def inherited_aces(parent: list[Ace], class_guid: uuid.UUID, owner: str | None, group: str | None) -> list[Ace]:
    """The ACEs an object gets from the DACL of its parent, in the parent's order.

    Every directory object counts as a container. An ACE for another class comes along as inherit-only, so that it reaches
    objects further down (MS-ADTS 6.1.3: "both applicable and nonapplicable").

    :param class_guid: schemaIDGUID of the most specific class of the object
    """
    result = []
    for ace in parent:
        if not ace.flags & (security.CONTAINER_INHERIT | security.OBJECT_INHERIT):
            continue
        applies = bool(ace.flags & security.CONTAINER_INHERIT) and ace.inherited_object_type in (None, class_guid)
        ends_here = bool(ace.flags & security.NO_PROPAGATE)
        if ends_here and not applies:
            continue
        flags = ace.flags & (security.CONTAINER_INHERIT | security.OBJECT_INHERIT) if not ends_here else 0
        flags |= security.INHERITED | (0 if applies else security.INHERIT_ONLY)
        result.extend(settle(ace.replace(flags=flags), owner, group))
    return result


def settle(ace: Ace, owner: str | None, group: str | None) -> list[Ace]:
    """Give an effective ACE its final form: generic rights mapped, creator SIDs replaced (Win32 ACE Inheritance Rules).

    An inheritable ACE that changes by this splits in two: the final form for this object, the original for those below.
    """
    if ace.flags & security.INHERIT_ONLY:
        return [ace]
    creators = {_CREATOR_OWNER: owner, _CREATOR_GROUP: group}
    final = ace.replace(mask=map_generic(ace.mask), sid=creators.get(ace.sid) or ace.sid)
    if final == ace or not ace.flags & (security.CONTAINER_INHERIT | security.OBJECT_INHERIT):
        return [final]
    here = final.replace(flags=ace.flags & security.INHERITED)
    return [here, ace.replace(flags=ace.flags | security.INHERIT_ONLY)]


def is_canonical(aces: list[Ace]) -> bool:
    """True when explicit ACEs come before inherited ones, and denying before allowing ones in each (MS-DTYP 2.4.5)."""
    groups = [(ace.inherited, ace.allows) for ace in aces]
    return groups == sorted(groups)


def in_stored_order(aces: list[Ace]) -> list[Ace]:
    """The order a DC stores a DACL in: a canonical one is sorted by its rules, any other kept (MS-ADTS 6.1.3.1)."""
    if not is_canonical(aces):
        return aces
    return sorted(aces, key=lambda ace: (ace.inherited, ace.allows, ace.type in security.OBJECT_TYPES, ace.to_bytes()))


def with_inheritance(
    descriptor: SecurityDescriptor, parent: SecurityDescriptor | None, class_guid: uuid.UUID
) -> SecurityDescriptor:
    """The descriptor as a DC stores it: explicit ACEs kept, inherited ones computed anew from the parent (MS-ADTS 6.1.3.3).

    :param parent: the parent object's descriptor; None for the root of the naming context, which inherits nothing
    """
    explicit = [final for ace in descriptor.dacl or () if not ace.inherited for final in _settled(ace, descriptor)]
    control = descriptor.control | security.DACL_AUTO_INHERITED | security.DACL_PRESENT
    inherited: list[Ace] = []
    if parent is not None and not control & security.DACL_PROTECTED:
        inherited = inherited_aces(parent.dacl or [], class_guid, descriptor.owner, descriptor.group)
    return SecurityDescriptor(control, descriptor.owner, descriptor.group, in_stored_order(explicit + inherited), descriptor.sacl)


def _settled(ace: Ace, descriptor: SecurityDescriptor) -> list[Ace]:
    return settle(ace, descriptor.owner, descriptor.group)
