# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory a connector is connected to, as its account sees and changes it.

Two of a kind: the lab's own directory, and any domain controller over LDAP. Neither has rights beyond the account's.
"""

from __future__ import annotations

import typing as t
import warnings

from lab import contoso
from lab.directory import client
from lab.directory import errors as directory_errors
from lab.directory import search as directory_search
from lab.directory import security_descriptor as security
from lab.directory import update as directory_update
from lab.directory.errors import LdapFailure
from lab.directory.schema import attribute
from lab.directory.search import Request, Requester
from lab.directory.security_descriptor import Ace, SecurityDescriptor
from lab.directory.update import Change

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.utils.conv import escape_filter_chars

if t.TYPE_CHECKING:
    from lab.directory.matching import Values as Readable
    from lab.directory.state import DirectoryState

Attributes = dict[str, list[str]]
GROUP = "group"


class ConnectedDirectory(t.Protocol):
    """What the synchronization asks of a directory. Every method raises LdapFailure when it is refused."""

    @property
    def has_exchange_schema(self) -> bool:
        """Whether the schema has been extended by Exchange setup."""

    def find_user(self, principal_name: str) -> str | None:
        """DN of the user with this userPrincipalName."""

    def find_account(self, name: str) -> str | None:
        """DN of the account with this sAMAccountName."""

    def sid(self, dn: str) -> str:
        """SID of an account."""

    def read(self, dn: str, names: t.Iterable[str]) -> Attributes | None:
        """Attributes of an object; those without values are left out. None: there is no such object."""

    def add_group(self, dn: str, attributes: Attributes) -> None:
        """Create a group."""

    def replace(self, dn: str, attributes: Attributes) -> None:
        """Replace attributes of an object; an empty list removes one."""

    def delete(self, dn: str) -> None:
        """Delete an object."""

    def read_dacl(self, dn: str) -> list[Ace]:
        """An object's access rules."""

    def write_dacl(self, dn: str, aces: list[Ace]) -> None:
        """Replace an object's access rules."""


class EmbeddedDirectory:
    """The lab's own directory, without a wire between.

    :param account: sAMAccountName
    :raises LdapFailure: 49, there is no such account
    """

    def __init__(self, state: DirectoryState, account: str) -> None:
        found = [e for e in state.entries.values() if (e.text("sAMAccountName") or "").lower() == account.lower()]
        if not found or found[0].sid is None:
            raise directory_errors.bad_credentials()
        self._requester = Requester(state, found[0].sid)

    @property
    def has_exchange_schema(self) -> bool:
        return attribute("mailNickname") is not None

    def find_user(self, principal_name: str) -> str | None:
        return self._find("userPrincipalName", principal_name)

    def find_account(self, name: str) -> str | None:
        return self._find("sAMAccountName", name)

    def _find(self, name: str, wanted: str) -> str | None:
        schema = attribute(name)
        assert schema is not None

        def is_it(values: Readable) -> bool:
            return any(value.decode().casefold() == wanted.casefold() for value in values(schema))

        rows = directory_search.search(self._requester, Request(contoso.BASE_DN, directory_search.SUBTREE, is_it, ("1.1",)))
        return rows[0][0] if rows else None

    def sid(self, dn: str) -> str:
        return security.read_sid(self._values(dn, "objectSid"))[0]

    def read(self, dn: str, names: t.Iterable[str]) -> Attributes | None:
        request = Request(dn, directory_search.BASE, lambda _values: True, tuple(names))
        try:
            [(_dn, values)] = directory_search.search(self._requester, request)
        except LdapFailure as failure:
            if failure.code == directory_errors.NO_SUCH_OBJECT:
                return None
            raise
        return {name: [value.decode() for value in found] for name, found in values.items()}

    def add_group(self, dn: str, attributes: Attributes) -> None:
        given = {name: [value.encode() for value in values] for name, values in attributes.items()}
        directory_update.add(self._requester, dn, {"objectClass": [b"top", GROUP.encode()], **given})

    def replace(self, dn: str, attributes: Attributes) -> None:
        changes = [
            Change(directory_update.REPLACE, name, tuple(value.encode() for value in values))
            for name, values in attributes.items()
        ]
        directory_update.modify(self._requester, dn, changes)

    def delete(self, dn: str) -> None:
        directory_update.delete(self._requester, dn)

    def read_dacl(self, dn: str) -> list[Ace]:
        return SecurityDescriptor.from_bytes(self._values(dn, client.SD, security.DACL)).dacl or []

    def write_dacl(self, dn: str, aces: list[Ace]) -> None:
        value = SecurityDescriptor(security.SELF_RELATIVE, dacl=aces).to_bytes(security.DACL)
        directory_update.modify(self._requester, dn, [Change(directory_update.REPLACE, client.SD, (value,))], security.DACL)

    def _values(self, dn: str, name: str, sd_flags: int | None = None) -> bytes:
        request = Request(dn, directory_search.BASE, lambda _values: True, (name,), sd_flags)
        [(_dn, values)] = directory_search.search(self._requester, request)
        return values[name][0]


class LdapDirectory:
    """A domain controller.

    :param connection: logged on as the connector's account
    """

    def __init__(self, connection: ldap3.Connection, *, has_exchange_schema: bool) -> None:
        self._connection = connection
        self.has_exchange_schema = has_exchange_schema

    def find_user(self, principal_name: str) -> str | None:
        return self._find(f"(userPrincipalName={escape_filter_chars(principal_name)})")

    def find_account(self, name: str) -> str | None:
        return self._find(f"(sAMAccountName={escape_filter_chars(name)})")

    def _find(self, where: str) -> str | None:
        found = self._search(contoso.BASE_DN, where, ldap3.SUBTREE, ["cn"])
        return found[0]["dn"] if found else None

    def sid(self, dn: str) -> str:
        [entry] = self._search(dn, "(objectClass=*)", ldap3.BASE, ["objectSid"])
        return security.read_sid(entry["raw_attributes"]["objectSid"][0])[0]

    def read(self, dn: str, names: t.Iterable[str]) -> Attributes | None:
        try:
            [entry] = self._search(dn, "(objectClass=*)", ldap3.BASE, list(names))
        except LdapFailure as failure:
            if failure.code == directory_errors.NO_SUCH_OBJECT:
                return None
            raise
        return {name: [value.decode() for value in values] for name, values in entry["raw_attributes"].items() if values}

    def add_group(self, dn: str, attributes: Attributes) -> None:
        self._connection.add(dn, GROUP, attributes)
        self._check()

    def replace(self, dn: str, attributes: Attributes) -> None:
        self._connection.modify(dn, {name: [(ldap3.MODIFY_REPLACE, values)] for name, values in attributes.items()})
        self._check()

    def delete(self, dn: str) -> None:
        self._connection.delete(dn)
        self._check()

    def read_dacl(self, dn: str) -> list[Ace]:
        return client.dacl(self._connection, dn)

    def write_dacl(self, dn: str, aces: list[Ace]) -> None:
        client.write_dacl(self._connection, aces, dn)
        self._check()

    def _search(self, base: str, where: str, scope: str, names: list[str]) -> list[dict[str, t.Any]]:
        self._connection.search(base, where, scope, attributes=names)
        self._check()
        return [entry for entry in self._connection.response or () if entry["type"] == "searchResEntry"]

    def _check(self) -> None:
        result = self._connection.result
        if result["result"]:
            raise LdapFailure(result["result"], str(result["message"]).strip("\0\r\n "))
