# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory's state: objects, their descriptors and versions, accounts and groups.

Operations on it are in ``search`` and ``update``; the LDAP wire is in ``lab.ldap``.
"""

from __future__ import annotations

import dataclasses
import struct
import time
import typing as t
import uuid

from lab import contoso
from lab.directory import access_check
from lab.directory import names as directory_names
from lab.directory import security_descriptor as security
from lab.directory.names import Key
from lab.directory.schema import CLASSES, NT_SECURITY_DESCRIPTOR_ATTID, ObjectClass, attribute
from lab.directory.security_descriptor import SecurityDescriptor
from lab.directory.seed import populate
from lab.directory.view import view

INVOCATION_ID = uuid.UUID("0d1c7a5e-6f4b-4b1e-9c53-2a8f0e6d7b41")
"""The DC's id in replication metadata; made up."""

EVERYONE, NETWORK, AUTHENTICATED_USERS, THIS_ORGANIZATION = "S-1-1-0", "S-1-5-2", "S-1-5-11", "S-1-5-15"
_SECONDS_1601_TO_1970 = 11_644_473_600


@dataclasses.dataclass
class Version:
    """Replication metadata of one attribute: each originating change adds one (MS-DRSR 5.164, MS-ADTS 3.1.1.1.9)."""

    number: int
    usn: int
    seconds: int  # since 1601


@dataclasses.dataclass
class Entry:
    """An object.

    :param attributes: stored attributes, by the schema's name
    :param password: of an account that may log on
    """

    dn: str
    guid: uuid.UUID
    object_class: ObjectClass
    descriptor: SecurityDescriptor
    attributes: dict[str, list[bytes]]
    sid: str | None = None
    password: str | None = dataclasses.field(default=None, repr=False)
    versions: dict[int, Version] = dataclasses.field(default_factory=dict)
    usn_created: int = 0
    usn_changed: int = 0

    @property
    def key(self) -> Key:
        return directory_names.key(self.dn)

    def text(self, name: str) -> str | None:
        """The first value of an attribute as text."""
        values = self.attributes.get(name)
        return values[0].decode() if values else None


@dataclasses.dataclass
class DirectoryState:
    """All objects of the domain, by comparable DN, and the counters behind them."""

    entries: dict[Key, Entry] = dataclasses.field(default_factory=dict)
    usn: int = 12_000
    next_rid: int = 2000

    @classmethod
    def seed(cls) -> DirectoryState:
        """The domain as it is before anyone has touched it."""
        state = cls()
        populate(state)
        return state

    def view(self) -> dict[str, t.Any]:
        """The objects for people and tests; without volatile metadata, so that equal states have equal views."""
        return view(self)

    # Finding objects

    def find(self, dn: str) -> Entry | None:
        """:raises DnError: malformed"""
        return self.entries.get(directory_names.key(dn))

    def find_sid(self, sid: str) -> Entry | None:
        return next((entry for entry in self.entries.values() if entry.sid == sid), None)

    def parent(self, entry: Entry) -> Entry | None:
        """The object above, None for the root of the domain."""
        return self.entries.get(entry.key[1:])

    def below(self, key: Key) -> list[Entry]:
        """The object and everything under it, parents before children."""
        found = [(len(other), entry) for other, entry in self.entries.items() if other[-len(key) :] == key]
        return [entry for _depth, entry in sorted(found, key=lambda pair: pair[0])]

    # Accounts

    def authenticate(self, name: str, password: str) -> Entry | None:
        """The account with this name and password: UPN, DOMAIN\\user or DN (MS-ADTS 5.1.1.1.1)."""
        for entry in self.entries.values():
            if entry.password is not None and password == entry.password and _is_logon_name(entry, name):
                return entry
        return None

    def security_context(self, sid: str) -> frozenset[str]:
        """All SIDs an account's access checks go by: its own, its groups', those every network logon has."""
        entry = self.find_sid(sid)
        if entry is None:
            return frozenset((sid, EVERYONE))
        seeds = [entry, *(e for e in self.entries.values() if e.sid == AUTHENTICATED_USERS)]
        always = (sid, EVERYONE, NETWORK, AUTHENTICATED_USERS, THIS_ORGANIZATION)
        return frozenset((*always, *self._sids_of_groups(seeds)))

    def token_groups(self, entry: Entry) -> list[str]:
        """The SIDs of the groups an object is in, directly or by nesting, its primary group too (MS-ADTS 3.1.1.4.5.19)."""
        return sorted(self._sids_of_groups([entry]))

    def member_of(self, entry: Entry) -> list[Entry]:
        """The groups that list the object as a member."""
        return [group for group in self.entries.values() if _lists(group, entry.key)]

    def _sids_of_groups(self, members: list[Entry]) -> set[str]:
        found: dict[str, Entry] = {}
        waiting = list(members)
        while waiting:
            entry = waiting.pop()
            groups = self.member_of(entry)
            primary = entry.text("primaryGroupID")
            if primary is not None:
                groups += [e for e in self.entries.values() if e.sid == f"{contoso.DOMAIN_SID}-{primary}"]
            for group in groups:
                if group.sid is not None and group.sid not in found:
                    found[group.sid] = group
                    waiting.append(group)
        return set(found)

    # Changing objects; access has been checked by then

    def insert(
        self,
        dn: str,
        class_name: str,
        attributes: dict[str, list[bytes]],
        *,
        owner: str,
        sid: str | None = None,
        password: str | None = None,
        guid: uuid.UUID | None = None,
        descriptor: SecurityDescriptor | None = None,
    ) -> Entry:
        """Put a new object below an existing one; attributes that every object has are filled in.

        :param descriptor: explicit ACEs and control bits; None: the class's default (MS-ADTS 6.1.3.6)
        """
        object_class = CLASSES[class_name.lower()]
        if descriptor is None:
            aces = security.aces_from_sddl(object_class.default_sddl, contoso.DOMAIN_SID)
            descriptor = SecurityDescriptor(security.SELF_RELATIVE, dacl=aces)
        group = f"{contoso.DOMAIN_SID}-513"
        descriptor = dataclasses.replace(descriptor, owner=descriptor.owner or owner, group=descriptor.group or group)
        _rdn_type, rdn_value = directory_names.parse(dn)[0]
        rdn_attribute = attribute(object_class.rdn)
        assert rdn_attribute is not None
        stored = {
            "objectClass": [name.encode() for name in object_class.chain],
            rdn_attribute.name: [rdn_value.encode()],
            "name": [rdn_value.encode()],
            "whenCreated": [time.strftime("%Y%m%d%H%M%S.0Z", time.gmtime()).encode()],
            **attributes,
        }
        entry = Entry(dn, guid or uuid.uuid4(), object_class, descriptor, stored, sid, password)
        self.entries[entry.key] = entry
        entry.descriptor = self._settled(entry, descriptor)
        for name in (*stored, "nTSecurityDescriptor"):
            self.touch(entry, name)
        entry.usn_created = entry.usn_changed
        return entry

    def touch(self, entry: Entry, name: str) -> None:
        """Note an originating change of an attribute."""
        self.usn += 1
        entry.usn_changed = self.usn
        schema = attribute(name)
        if schema is not None and schema.attid is not None:
            version = entry.versions.get(schema.attid)
            number = version.number + 1 if version else 1
            entry.versions[schema.attid] = Version(number, self.usn, int(time.time()) + _SECONDS_1601_TO_1970)

    def set_attribute(self, entry: Entry, name: str, values: list[bytes]) -> None:
        """Replace the values; an empty list removes the attribute, and what changes nothing is no change."""
        if values == entry.attributes.get(name, []):
            return
        if values:
            entry.attributes[name] = values
        else:
            del entry.attributes[name]
        self.touch(entry, name)

    def set_descriptor(self, entry: Entry, descriptor: SecurityDescriptor) -> None:
        """Store a descriptor as a DC does and bring its inheritable ACEs down the tree.

        A value that comes to the same raises no version (seen on Samba 4.17 and 4.22). What is inherited anew by objects
        below is no originating change of theirs (MS-ADTS 6.1.3.3).
        """
        settled = self._settled(entry, descriptor)
        if settled == entry.descriptor:
            return
        entry.descriptor = settled
        self.touch(entry, "nTSecurityDescriptor")
        self.propagate(entry.key)

    def propagate(self, key: Key) -> None:
        """Compute the inherited ACEs of an object and of all below it anew."""
        for entry in self.below(key):
            entry.descriptor = self._settled(entry, entry.descriptor)

    def remove(self, key: Key) -> None:
        """Take an object away, and its name out of every group (MS-ADTS 3.1.1.5.5: links to deleted objects go)."""
        del self.entries[key]
        for group in self.entries.values():
            members = group.attributes.get("member", [])
            left = [value for value in members if directory_names.key(value.decode()) != key]
            self.set_attribute(group, "member", left)

    def move(self, entry: Entry, dn: str) -> None:
        """Give an object another name or place; objects below and links to all of them follow."""
        old = entry.key
        moved = {item.key: item for item in self.below(old)}
        for key, item in moved.items():
            del self.entries[key]
            rdns = directory_names.split(item.dn)
            item.dn = ",".join((*rdns[: len(key) - len(old)], dn))
            self.entries[item.key] = item
        for other in self.entries.values():
            for name in ("member", "managedBy"):
                for at, value in enumerate(other.attributes.get(name, ())):
                    target = moved.get(directory_names.key(value.decode()))
                    if target is not None:
                        other.attributes[name][at] = target.dn.encode()
        rdn_type, rdn_value = directory_names.parse(dn)[0]
        rdn_attribute = attribute(rdn_type)
        assert rdn_attribute is not None
        for name in (rdn_attribute.name, "name"):
            self.set_attribute(entry, name, [rdn_value.encode()])
        self.propagate(entry.key)

    def metadata(self, entry: Entry) -> bytes:
        """replPropertyMetaData: a header and one row per attribute, ordered by ATTRTYP (MS-DRSR 5.163)."""
        rows = [
            struct.pack("<IIQ16sQQ", attid, v.number, v.seconds, INVOCATION_ID.bytes_le, v.usn, v.usn)
            for attid, v in sorted(entry.versions.items())
        ]
        return struct.pack("<IIII", 1, 0, len(rows), 0) + b"".join(rows)

    def descriptor_version(self, entry: Entry) -> int:
        """How often the object's descriptor has been changed by someone."""
        return entry.versions[NT_SECURITY_DESCRIPTOR_ATTID].number

    def _settled(self, entry: Entry, descriptor: SecurityDescriptor) -> SecurityDescriptor:
        parent = self.parent(entry)
        above = parent.descriptor if parent is not None else None
        return access_check.with_inheritance(descriptor, above, entry.object_class.guid)


def _is_logon_name(entry: Entry, name: str) -> bool:
    account = entry.text("sAMAccountName")
    names = (entry.text("userPrincipalName"), f"{account}@{contoso.AD_DOMAIN}", f"{contoso.AD_NETBIOS}\\{account}")
    if name.lower() in {known.lower() for known in names if known}:
        return True
    try:
        return directory_names.key(name) == entry.key
    except directory_names.DnError:
        return False


def _lists(group: Entry, key: Key) -> bool:
    return any(directory_names.key(value.decode()) == key for value in group.attributes.get("member", ()))
