# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing the directory as an account: add, modify, delete and rename, each with its access check (MS-ADTS 3.1.1.5)."""

from __future__ import annotations

import dataclasses
import typing as t

from lab import contoso
from lab.directory import access_check
from lab.directory import errors as directory_errors
from lab.directory import names as directory_names
from lab.directory import security_descriptor as security
from lab.directory.errors import LdapFailure
from lab.directory.matching import comparable
from lab.directory.schema import CLASSES, Attribute, ObjectClass, attribute
from lab.directory.search import ALL_PARTS, Requester, name_key
from lab.directory.security_descriptor import SecurityDescriptor

if t.TYPE_CHECKING:
    from lab.directory.state import Entry

ADD, DELETE, REPLACE = 0, 1, 2

Values = dict[str, list[bytes]]

_SECURITY_PRINCIPALS = frozenset(("user", "inetOrgPerson", "computer", "group"))
_GLOBAL_SECURITY_GROUP = b"-2147483646"


@dataclasses.dataclass(frozen=True)
class Change:
    """One change of a modify request: ADD, DELETE or REPLACE values of an attribute."""

    operation: int
    attribute: str
    values: tuple[bytes, ...]


# Adding


def add(requester: Requester, dn: str, attributes: Values, sd_flags: int | None = None) -> None:
    """Create an object (MS-ADTS 3.1.1.5.2): the account needs the right to create its class below the parent.

    :raises LdapFailure: and nothing has changed
    """
    key = name_key(dn)
    if not key:
        raise directory_errors.update_problem(directory_errors.NAMING_VIOLATION, "00002099", "6004 (NAMING_VIOLATION)")
    rdn, *above = directory_names.split(dn)
    parent = requester.resolve(",".join(above))
    given = {_known(name).name: values for name, values in attributes.items()}
    object_class = _most_specific(given.pop("objectClass", []))
    if not requester.may(parent, access_check.CREATE_CHILD, object_class.guid):
        raise directory_errors.access_denied(f"no right to create {object_class.name}")
    if parent.object_class.name not in object_class.superiors or key[0][0] != object_class.rdn.lower():
        raise directory_errors.update_problem(directory_errors.NAMING_VIOLATION, "00002099", "6004 (NAMING_VIOLATION)")
    if key in requester.state.entries:
        raise directory_errors.update_problem(directory_errors.ENTRY_ALREADY_EXISTS, "00002071", "6005 (ENTRY_EXISTS)")
    descriptor = _given_descriptor(requester, given.pop("nTSecurityDescriptor", None), sd_flags)
    given.pop(object_class.rdn.lower(), None)
    for name, values in given.items():
        schema = _known(name)
        _check_writable(schema)
        if not values:
            raise _bad_syntax(schema)
        _check_values(requester, schema, values)
    sid = _complete_principal(requester, object_class, directory_names.parse(rdn)[0][1], given)
    owner = f"{contoso.DOMAIN_SID}-512" if requester.is_administrator else requester.sid
    stored_dn = f"{rdn},{parent.dn}"
    requester.state.insert(stored_dn, object_class.name, given, owner=owner, sid=sid, descriptor=descriptor)


def _most_specific(values: list[bytes]) -> ObjectClass:
    names = {value.decode(errors="replace").lower() for value in values}
    known = [CLASSES[name] for name in names if name in CLASSES]
    best = max(known, key=lambda item: len(item.chain), default=None)
    if best is None or not names <= {name.lower() for name in best.chain}:
        raise directory_errors.update_problem(directory_errors.OBJECT_CLASS_VIOLATION, "0000207D", "6002 (OBJ_CLASS_VIOLATION)")
    return best


def _given_descriptor(requester: Requester, values: list[bytes] | None, sd_flags: int | None) -> SecurityDescriptor | None:
    """A descriptor given with a new object; its owner under the rule of MS-ADTS 6.1.3.5."""
    if not values:
        return None
    descriptor = _parsed_descriptor(values)
    parts = sd_flags or ALL_PARTS
    owner = descriptor.owner if parts & security.OWNER else None
    if owner is not None:
        _check_owner(requester, owner)
    return SecurityDescriptor(descriptor.control, owner, None, descriptor.dacl if parts & security.DACL else [])


def _complete_principal(requester: Requester, object_class: ObjectClass, rdn: str, given: Values) -> str | None:
    """Fill in what a DC fills in for an account or a group; returns its new SID (MS-SAMR 3.1.1.8, 3.1.1.9)."""
    state = requester.state
    if object_class.name not in _SECURITY_PRINCIPALS:
        return None
    # assumed: a DC makes up a name that begins with "$"; the lab takes the RDN.
    name = given.setdefault("sAMAccountName", [rdn.encode()])[0].lower()
    if any(name == (entry.text("sAMAccountName") or "").lower().encode() for entry in state.entries.values()):
        raise directory_errors.update_problem(directory_errors.ENTRY_ALREADY_EXISTS, "00000524", "6005 (ENTRY_EXISTS)")
    if object_class.name == "group":
        given.setdefault("groupType", [_GLOBAL_SECURITY_GROUP])
    else:
        given.setdefault("userAccountControl", [b"546"])  # NORMAL_ACCOUNT, ACCOUNTDISABLE, PASSWD_NOTREQD
        given.setdefault("primaryGroupID", [b"513"])
    state.next_rid += 1
    return f"{contoso.DOMAIN_SID}-{state.next_rid}"


# Modifying


def modify(requester: Requester, dn: str, changes: list[Change], sd_flags: int | None = None) -> None:
    """Change attributes, all or none (MS-ADTS 3.1.1.5.3): each needs the right to write it, the DACL that of WRITE_DAC.

    :raises LdapFailure: and nothing has changed
    """
    entry = requester.resolve(dn)
    new: Values = {}
    descriptor = None
    for change in changes:
        schema = _known(change.attribute)
        if schema.name == "nTSecurityDescriptor":
            descriptor = _changed_descriptor(requester, entry, change, sd_flags)
            continue
        if not requester.may_use(entry, access_check.WRITE_PROPERTY, schema):
            raise directory_errors.access_denied(f"no right to write {schema.name}")
        if schema.name.lower() in (entry.key[0][0], "name"):
            raise directory_errors.attribute_problem(
                directory_errors.NOT_ALLOWED_ON_RDN, "000020B1", "1005 (CONSTRAINT_ATT_TYPE)", schema.name
            )
        _check_writable(schema)
        before = new.get(schema.name, entry.attributes.get(schema.name, []))
        after = _changed(schema, before, change)
        _check_values(requester, schema, [value for value in after if value not in before], count=len(after))
        new[schema.name] = after
    for name, values in new.items():
        requester.state.set_attribute(entry, name, values)
    if descriptor is not None:
        requester.state.set_descriptor(entry, descriptor)


def _changed(schema: Attribute, before: list[bytes], change: Change) -> list[bytes]:
    if change.operation == REPLACE:
        return list(change.values)
    held = [comparable(schema, value) for value in before]
    given = [comparable(schema, value) for value in change.values]
    if change.operation == ADD:
        if any(value in held for value in given):
            raise _value_exists(schema)
        return [*before, *change.values]
    if any(value not in held for value in given) or not before:
        raise _value_missing(schema)
    return [value for value, form in zip(before, held, strict=True) if given and form not in given]


def _value_exists(schema: Attribute) -> LdapFailure:
    """A member twice has a code of its own (MS-ADTS 3.1.1.5.3.2)."""
    if schema.name == "member":
        return directory_errors.update_problem(directory_errors.ENTRY_ALREADY_EXISTS, "00000562", "6005 (ENTRY_EXISTS)")
    return directory_errors.attribute_problem(
        directory_errors.ATTRIBUTE_OR_VALUE_EXISTS, "00002083", "1006 (ATT_OR_VALUE_EXISTS)", schema.name
    )


def _value_missing(schema: Attribute) -> LdapFailure:
    """As :func:`_value_exists`."""
    if schema.name == "member":
        return directory_errors.unwilling("00000561", "not a member")
    return directory_errors.attribute_problem(
        directory_errors.NO_SUCH_ATTRIBUTE, "00002085", "1001 (NO_ATTRIBUTE_OR_VAL)", schema.name
    )


def _changed_descriptor(requester: Requester, entry: Entry, change: Change, sd_flags: int | None) -> SecurityDescriptor:
    """The object's descriptor with the parts of the value that SD_FLAGS names (MS-ADTS 6.1.3.5).

    The codes for adding, deleting and malformed values are those Samba 4.17 and 4.22 answer with.
    """
    parts = (sd_flags or 0) & ALL_PARTS or ALL_PARTS
    may_write_dacl = requester.may(entry, access_check.WRITE_DAC)
    if parts & security.DACL and not may_write_dacl:
        raise directory_errors.access_denied("no write dacl access")
    if change.operation == ADD:
        raise directory_errors.attribute_problem(
            directory_errors.ATTRIBUTE_OR_VALUE_EXISTS, "00002083", "1006 (ATT_OR_VALUE_EXISTS)", change.attribute
        )
    if change.operation == DELETE:
        raise directory_errors.unwilling("00002035", "deleting nTSecurityDescriptor")
    if not change.values:
        raise directory_errors.unwilling("00002035", "nTSecurityDescriptor without a value")
    given, old = _parsed_descriptor(list(change.values)), entry.descriptor
    if parts & (security.OWNER | security.GROUP) and not requester.may(entry, access_check.WRITE_OWNER):
        raise directory_errors.access_denied("no write owner access")
    if parts & security.SACL and not requester.may(entry, access_check.ACCESS_SYSTEM_SECURITY):
        raise directory_errors.access_denied("no access to the SACL")
    if parts & security.OWNER:
        _check_owner(requester, given.owner)
    new = dataclasses.replace(old)
    if parts & security.OWNER:
        new.owner = given.owner
    if parts & security.GROUP:
        new.group = given.group or old.group
    if parts & security.SACL:
        new.sacl = given.sacl
    if parts & security.DACL:
        new.dacl = given.dacl or []
        protected = given.control & security.DACL_PROTECTED
        new.control = old.control & ~security.DACL_PROTECTED | protected
    return new


def _parsed_descriptor(values: list[bytes]) -> SecurityDescriptor:
    try:
        return SecurityDescriptor.from_bytes(values[0])
    except security.SecurityDescriptorError as exc:
        raise LdapFailure(
            directory_errors.OPERATIONS_ERROR, "00002020: LdapErr: DSID-0C090D8A, comment: not a security descriptor"
        ) from exc


def _check_owner(requester: Requester, owner: str | None) -> None:
    """An owner must be the account itself, or any for who may restore (MS-ADTS 6.1.3.5); else ERROR_INVALID_OWNER."""
    if owner is None or not (owner == requester.sid or requester.is_administrator):
        raise directory_errors.attribute_problem(
            directory_errors.CONSTRAINT_VIOLATION, "0000051B", "1005 (CONSTRAINT_ATT_TYPE)", "nTSecurityDescriptor"
        )


# Deleting and renaming


def delete(requester: Requester, dn: str, *, tree: bool = False) -> None:
    """Delete an object: DELETE on it, or DELETE_CHILD for its class on the parent, is enough (MS-ADTS 3.1.1.5.5).

    :param tree: the tree-delete control: with what is below, for which DELETE_TREE on the object is needed
    :raises LdapFailure: and nothing has changed
    """
    entry = requester.resolve(dn)
    below = requester.state.below(entry.key)
    if not (requester.may(entry, access_check.DELETE_TREE) if tree else _may_take_away(requester, entry)):
        raise directory_errors.access_denied("no right to delete")
    if len(below) > 1 and not tree:
        raise directory_errors.update_problem(directory_errors.NOT_ALLOWED_ON_NON_LEAF, "00002015", "6003 (CANT_ON_NON_LEAF)")
    for item in reversed(below):
        requester.state.remove(item.key)


def _may_take_away(requester: Requester, entry: Entry) -> bool:
    parent = requester.state.parent(entry)
    if requester.may(entry, access_check.DELETE):
        return True
    return parent is not None and requester.may(parent, access_check.DELETE_CHILD, entry.object_class.guid)


def rename(requester: Requester, dn: str, new_rdn: str, *, delete_old: bool, new_parent: str | None = None) -> None:
    """Rename or move an object (MS-ADTS 3.1.1.5.4.1).

    Renaming needs the right to write ``name``; moving also that to create the class at the new parent, and to delete the
    object from the old one.

    :raises LdapFailure: and nothing has changed
    """
    entry = requester.resolve(dn)
    old_parent = requester.state.parent(entry)
    if not delete_old or old_parent is None:
        raise directory_errors.unwilling("00000057", "the old RDN cannot be kept")
    parent = requester.resolve(new_parent) if new_parent else old_parent
    if not requester.may_use(entry, access_check.WRITE_PROPERTY, _known("name")):
        raise directory_errors.access_denied("no right to write name")
    if parent is not old_parent and not (
        requester.may(parent, access_check.CREATE_CHILD, entry.object_class.guid) and _may_take_away(requester, entry)
    ):
        raise directory_errors.access_denied("no right to move")
    new_dn = f"{new_rdn},{parent.dn}"
    key = name_key(new_dn)
    superior = parent.object_class.name in entry.object_class.superiors
    if len(name_key(new_rdn)) != 1 or key[0][0] != entry.object_class.rdn.lower() or not superior:
        raise directory_errors.update_problem(directory_errors.NAMING_VIOLATION, "00002099", "6004 (NAMING_VIOLATION)")
    if parent in requester.state.below(entry.key):
        raise directory_errors.unwilling("00002089", "an object cannot lie below itself")
    if requester.state.entries.get(key, entry) is not entry:
        raise directory_errors.update_problem(directory_errors.ENTRY_ALREADY_EXISTS, "00002071", "6005 (ENTRY_EXISTS)")
    requester.state.move(entry, new_dn)


# What all have in common


def _known(name: str) -> Attribute:
    schema = attribute(name)
    if schema is None:
        raise directory_errors.unknown_attribute(name)
    return schema


def _check_writable(schema: Attribute) -> None:
    if not schema.writable:
        raise directory_errors.attribute_problem(
            directory_errors.CONSTRAINT_VIOLATION, "000020B1", "1005 (CONSTRAINT_ATT_TYPE)", schema.name
        )


def _bad_syntax(schema: Attribute) -> LdapFailure:
    return directory_errors.attribute_problem(
        directory_errors.INVALID_ATTRIBUTE_SYNTAX, "00000057", "1002 (INVALID_ATT_SYNTAX)", schema.name
    )


def _check_values(requester: Requester, schema: Attribute, values: list[bytes], *, count: int | None = None) -> None:
    """Values of the attribute's syntax, one where it has one; members and managers exist."""
    if schema.single and (len(values) if count is None else count) > 1:
        raise directory_errors.attribute_problem(
            directory_errors.CONSTRAINT_VIOLATION, "00002081", "1005 (CONSTRAINT_ATT_TYPE)", schema.name
        )
    for value in values:
        form = comparable(schema, value)
        if form is None or not value:
            raise _bad_syntax(schema)
        if schema.name in ("member", "managedBy") and form not in requester.state.entries:
            raise directory_errors.no_such_object("")
