# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searching the directory as an account: what it may see, and the attributes that are computed when asked for."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
import uuid

from lab import contoso
from lab.directory import access_check
from lab.directory import errors as directory_errors
from lab.directory import names as directory_names
from lab.directory import security_descriptor as security
from lab.directory.matching import Filter
from lab.directory.names import Key
from lab.directory.schema import ATTRIBUTES, CLASSES, Attribute

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState, Entry

BASE, ONE_LEVEL, SUBTREE = 0, 1, 2
ALL_PARTS = security.OWNER | security.GROUP | security.DACL | security.SACL

Row = tuple[str, dict[str, list[bytes]]]


@dataclasses.dataclass(frozen=True)
class Request:
    """What a search asks for.

    :param attributes: names; empty or ``*``: all that are not operational; ``1.1``: none
    :param sd_flags: the SD_FLAGS control's value, None without the control
    """

    base: str
    scope: int
    filter: Filter
    attributes: tuple[str, ...] = ()
    sd_flags: int | None = None


class Requester:
    """An account at the directory: its security context and the checks that go by it."""

    def __init__(self, state: DirectoryState, sid: str) -> None:
        self.state = state
        self.sid = sid
        self.sids = state.security_context(sid)

    @property
    def is_administrator(self) -> bool:
        return security.WELL_KNOWN_SIDS["BA"] in self.sids

    def may(self, entry: Entry, rights: int, *path: uuid.UUID) -> bool:
        """True when the object's descriptor grants the rights, on the object or on what ``path`` ends in."""
        return access_check.is_granted(
            entry.descriptor, self.sids, rights, path or (entry.object_class.guid,), self_sid=entry.sid
        )

    def may_use(self, entry: Entry, rights: int, schema: Attribute) -> bool:
        """:meth:`may` for one attribute: by its own GUID, its property set's or its class's (MS-ADTS 5.1.3.3.3)."""
        path = [entry.object_class.guid, schema.guid]
        if schema.property_set is not None:
            path.append(schema.property_set)
        return self.may(entry, rights, *path)

    def sees(self, entry: Entry) -> bool:
        """An object is visible to who may list its parent (MS-ADTS 3.1.1.4.3)."""
        parent = self.state.parent(entry)
        return parent is None or self.may(parent, access_check.LIST_CONTENTS)

    def resolve(self, dn: str) -> Entry:
        """The visible object with this name.

        :raises LdapFailure: 34 malformed, 10 in another domain, 32 not there or not visible
        """
        key = name_key(dn)
        entry = self.state.entries.get(key)
        if entry is not None and self.sees(entry):
            return entry
        raise self._not_found(dn, key)

    def _not_found(self, dn: str, key: Key) -> directory_errors.LdapFailure:
        base = directory_names.key(contoso.BASE_DN)
        if key[-len(base) :] != base and key and key[-1][0] == "dc":
            domain = ".".join(value for kind, value in key if kind == "dc")
            return directory_errors.other_domain(dn, domain)
        ancestors = (self.state.entries.get(key[at:]) for at in range(1, len(key)))
        return directory_errors.no_such_object(next((entry.dn for entry in ancestors if entry is not None), ""))


def name_key(dn: str) -> Key:
    """:raises LdapFailure: 34, malformed"""
    try:
        return directory_names.key(dn)
    except directory_names.DnError as exc:
        raise directory_errors.malformed_dn(dn) from exc


def search(requester: Requester, request: Request) -> list[Row]:
    """The objects that match, with the attributes asked for.

    :raises LdapFailure: the base is not there
    """
    base = requester.resolve(request.base)
    rows = []
    for entry in _in_scope(requester.state, base, request.scope):
        if not requester.sees(entry):
            continue
        if request.filter(functools.partial(_readable, requester, entry)):
            rows.append((entry.dn, _selected(requester, entry, request)))
    return rows


def _in_scope(state: DirectoryState, base: Entry, scope: int) -> list[Entry]:
    if scope == BASE:
        return [base]
    below = state.below(base.key)
    return below if scope == SUBTREE else [entry for entry in below if entry.key[1:] == base.key]


def _selected(requester: Requester, entry: Entry, request: Request) -> dict[str, list[bytes]]:
    wanted = {name.lower() for name in request.attributes}
    everything = not wanted or "*" in wanted
    found: dict[str, list[bytes]] = {}
    for schema in ATTRIBUTES.values():
        named = schema.name.lower() in wanted
        if schema.name == "nTSecurityDescriptor":
            # With the control it comes along with "all attributes" too (MS-ADTS 3.1.1.3.4.1.11).
            if named or (everything and request.sd_flags is not None):
                found[schema.name] = _descriptor_parts(requester, entry, request.sd_flags)
        elif schema.name == "tokenGroups":
            # Only in a base search (MS-ADTS 3.1.1.4.5.19).
            if named and request.scope == BASE:
                found[schema.name] = _readable(requester, entry, schema)
        elif named or (everything and not schema.operational):
            found[schema.name] = _readable(requester, entry, schema)
    return {name: values for name, values in found.items() if values}


def _readable(requester: Requester, entry: Entry, schema: Attribute) -> list[bytes]:
    """The values of an attribute; none when the account may not read it (MS-ADTS 3.1.1.4.3: as if it did not exist)."""
    if schema.name == "sDRightsEffective":
        return [str(_effective_parts(requester, entry)).encode()]
    if schema.name == "allowedChildClassesEffective":
        return [name.encode() for name in _effective_child_classes(requester, entry)]
    if schema.name == "nTSecurityDescriptor" or not requester.may_use(entry, access_check.READ_PROPERTY, schema):
        return []
    computed = _COMPUTED.get(schema.name)
    return computed(requester.state, entry) if computed else entry.attributes.get(schema.name, [])


def _descriptor_parts(requester: Requester, entry: Entry, sd_flags: int | None) -> list[bytes]:
    """The wanted parts; none at all when one of them may not be read (MS-ADTS 3.1.1.4.4).

    No control, or one without a bit, asks for all parts, and so for the SACL (MS-ADTS 3.1.1.3.4.1.11).
    """
    parts = (sd_flags or 0) & ALL_PARTS or ALL_PARTS
    rights = access_check.ACCESS_SYSTEM_SECURITY if parts & security.SACL else 0
    if parts & ~security.SACL:
        rights |= access_check.READ_CONTROL
    return [entry.descriptor.to_bytes(parts)] if requester.may(entry, rights) else []


def _effective_parts(requester: Requester, entry: Entry) -> int:
    """sDRightsEffective: the parts of the descriptor the account may write (MS-ADTS 3.1.1.4.5.4)."""
    parts = security.OWNER | security.GROUP if requester.may(entry, access_check.WRITE_OWNER) else 0
    if requester.may(entry, access_check.WRITE_DAC):
        parts |= security.DACL
    if requester.may(entry, access_check.ACCESS_SYSTEM_SECURITY):
        parts |= security.SACL
    return parts


def _effective_child_classes(requester: Requester, entry: Entry) -> list[str]:
    """allowedChildClassesEffective: what the account may create below the object (MS-ADTS 3.1.1.4.5.5)."""
    return sorted(
        child.name
        for child in CLASSES.values()
        if entry.object_class.name in child.superiors and requester.may(entry, access_check.CREATE_CHILD, child.guid)
    )


_COMPUTED: dict[str, t.Callable[[DirectoryState, Entry], list[bytes]]] = {
    "distinguishedName": lambda _state, entry: [entry.dn.encode()],
    "objectGUID": lambda _state, entry: [entry.guid.bytes_le],
    "objectSid": lambda _state, entry: [security.sid_to_bytes(entry.sid)] if entry.sid else [],
    "memberOf": lambda state, entry: [group.dn.encode() for group in state.member_of(entry)],
    "uSNChanged": lambda _state, entry: [str(entry.usn_changed).encode()],
    "uSNCreated": lambda _state, entry: [str(entry.usn_created).encode()],
    "replPropertyMetaData": lambda state, entry: [state.metadata(entry)],
    "tokenGroups": lambda state, entry: [security.sid_to_bytes(sid) for sid in state.token_groups(entry)],
}


def root_dse(state: DirectoryState, *, controls: t.Sequence[str], extensions: t.Sequence[str]) -> dict[str, list[bytes]]:
    """What anyone may read about the server (MS-ADTS 3.1.1.3.2)."""
    configuration = f"CN=Configuration,{contoso.BASE_DN}"
    texts: dict[str, t.Sequence[str]] = {
        "namingContexts": [contoso.BASE_DN, configuration, f"CN=Schema,{configuration}"],
        "defaultNamingContext": [contoso.BASE_DN],
        "rootDomainNamingContext": [contoso.BASE_DN],
        "configurationNamingContext": [configuration],
        "schemaNamingContext": [f"CN=Schema,{configuration}"],
        "dnsHostName": [contoso.DC_HOST],
        "ldapServiceName": [f"{contoso.AD_DOMAIN}:{contoso.DC_HOST.partition('.')[0]}$@{contoso.AD_DOMAIN.upper()}"],
        "highestCommittedUSN": [str(state.usn)],
        "supportedLDAPVersion": ["3", "2"],
        "supportedControl": controls,
        "supportedExtension": extensions,
        "supportedCapabilities": ["1.2.840.113556.1.4.800"],  # Active Directory
        "isGlobalCatalogReady": ["TRUE"],
        "isSynchronized": ["TRUE"],
        "domainFunctionality": ["7"],
        "forestFunctionality": ["7"],
    }
    return {name: [value.encode() for value in values] for name, values in texts.items()}
