# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""LDAP to a domain controller: accounts and DACLs. The only file that speaks LDAP, besides _directory_logon.

Referrals are not followed: the credentials would go to a server nobody named. One connection is one domain controller, so what
is read after a write is what was written.
"""

from __future__ import annotations

import contextlib
import dataclasses
import struct
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _distinguished_name
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import (
    NO_SUCH_OBJECT,
    WAY_OUT,
    DirectoryError,
    refused,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_locator import find_domain_controllers
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_logon import (
    log_off,
    log_on,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import DirectoryOptions
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    DescriptorError,
    SecurityDescriptor,
    build,
    parse,
    sid_to_text,
)

try:
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.protocol.microsoft import security_descriptor_control
    from ldap3.utils.conv import escape_filter_chars
except ImportError:
    ldap3 = None  # _directory_logon.check_requirements says so
    LDAPException = OSError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

_DACL_ONLY = 4  # DACL_SECURITY_INFORMATION, value of the SD_FLAGS control (MS-ADTS 3.1.1.3.4.1.11)
_DESCRIPTOR_ATTID = 0x20119  # nTSecurityDescriptor in replPropertyMetaData
_METADATA_HEADER = struct.Struct("<IIII")  # version, reserved, count, reserved (MS-DRSR PROPERTY_META_DATA_EXT_VECTOR)
_METADATA_ROW = struct.Struct("<IIQ16sQQ")  # attribute, version, time, invocation id, originating USN, local USN
_MOST_TRIED = 3  # domain controllers found by DNS; each may take the whole timeout
_PAGE = 500
_STAMPS = ("legacyExchangeDN", "showInAddressBook", "msExchHideFromAddressLists")
_PAGED_RESULTS = "1.2.840.113556.1.4.319"  # RFC 2696


@dataclasses.dataclass(frozen=True)
class Account:
    """A user of the directory.

    :param dn: None for an account known by its SID alone
    :param groups: SIDs of all its groups, nested ones too; None when they are not known
    """

    dn: str | None
    name: str
    sid: str
    groups: frozenset[str] | None


@dataclasses.dataclass(frozen=True)
class Dacl:
    """A DACL as it stood at one moment.

    :param version: counts the changes of the descriptor (replPropertyMetaData); None when it cannot be read
    """

    descriptor: SecurityDescriptor
    version: int | None


@dataclasses.dataclass(frozen=True)
class Group:
    """A group as Exchange sees it.

    :param mail: its address; None for one without
    :param addresses: proxyAddresses
    :param in_address_lists: showInAddressBook has a value
    :param is_hidden: msExchHideFromAddressLists: it is kept out of address lists, as groups made by Teams are
    :param has_legacy_dn: legacyExchangeDN has a value
    """

    dn: str
    name: str
    display_name: str | None
    mail: str | None
    addresses: tuple[str, ...]
    in_address_lists: bool
    is_hidden: bool
    has_legacy_dn: bool

    @property
    def is_stamped(self) -> bool:
        """Exchange has made it a recipient: it has a legacy DN and, unless hidden, is in address lists (Update-Recipient)."""
        return self.has_legacy_dn and (self.in_address_lists or self.is_hidden)


def open_directory(options: DirectoryOptions, domain: str) -> Directory:
    """Log on to the domain controller the options name, or to the first of the domain's that DNS names and that answers.

    :raises DirectoryError: none answers, or one refuses
    """
    if options.host:
        return Directory(options)
    problems = []
    for host in find_domain_controllers(domain)[:_MOST_TRIED]:
        try:
            return Directory(dataclasses.replace(options, host=host))
        except DirectoryError as exc:
            if exc.code is not None:  # it answered: another one would say the same
                raise
            problems.append(str(exc))
    raise DirectoryError(" ".join(problems))


class Directory(contextlib.AbstractContextManager["Directory"]):
    """A logged-on connection to one domain controller; a context manager that closes it.

    :raises DirectoryError: unreachable, certificate not trusted, or logon refused
    """

    def __init__(self, options: DirectoryOptions) -> None:
        self._options = options
        self._connection = log_on(options)
        try:
            root = self._read("", "the server's description", ["defaultNamingContext"])
            self.domain_dn = root["defaultnamingcontext"][0].decode()
        except KeyError:
            self.close()
            raise DirectoryError(
                f"domain_controller: {options.address} names no domain (defaultNamingContext): is it a domain controller?"
            ) from None
        except DirectoryError:
            self.close()
            raise

    @property
    def host(self) -> str:
        """The domain controller's name, as it was given or found."""
        return self._options.host

    @property
    def domain(self) -> str:
        """DNS name of the domain controller's domain, in small letters."""
        return _distinguished_name.dns_domain(self.domain_dn)

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection. Never raises: nothing is lost with it."""
        log_off(self._connection)

    def find_account(self, name: str) -> Account:
        """Find a user of the domain by sAMAccountName, DOMAIN\\name, name@domain, or DN.

        A SID is taken as it is, so that an account of another domain can be named; its groups are not known then.

        :raises DirectoryError: not found, not unique, or its SID cannot be read
        """
        if name.upper().startswith("S-1-"):
            return Account(dn=None, name=name, sid=name.upper(), groups=None)
        what = f"account {name}"
        dn = name if "=" in name else self._find_user(name, what)
        values = self._read(dn, what, ["objectSid", "sAMAccountName", "tokenGroups"])
        if "objectsid" not in values:
            raise DirectoryError(f"{what} on {self._options.address} has no objectSid that directory_user may read.")
        groups = values.get("tokengroups")
        return Account(
            dn=dn,
            name=values.get("samaccountname", [name.encode()])[0].decode(),
            sid=sid_to_text(values["objectsid"][0]),
            groups=None if groups is None else frozenset(sid_to_text(value) for value in groups),
        )

    def read_dacl(self, dn: str) -> Dacl:
        """Read an object's DACL.

        :raises DirectoryError: no such object, or the DACL cannot be read: an attribute that is not there is one the user may
            not read (MS-ADTS 3.1.1.4.4), never an empty DACL
        """
        control = security_descriptor_control(criticality=True, sdflags=_DACL_ONLY)
        values = self._read(dn, f"permissions of {dn}", ["nTSecurityDescriptor", "replPropertyMetaData"], control)
        if "ntsecuritydescriptor" not in values:
            raise DirectoryError(f"directory_user may not read the permissions of {dn} on {self._options.address}. {WAY_OUT[50]}")
        try:
            descriptor = parse(values["ntsecuritydescriptor"][0])
        except DescriptorError as exc:
            raise DirectoryError(f"permissions of {dn} on {self._options.address} make no sense: {exc}.") from exc
        metadata = values.get("replpropertymetadata")
        return Dacl(descriptor, attribute_version(metadata[0], _DESCRIPTOR_ATTID) if metadata else None)

    def blocked_below(self, dn: str) -> list[str]:
        """DNs of groups and OUs below an object that take no rules from above (a protected DACL).

        An object whose DACL may not be read is passed over.

        :raises DirectoryError: no such object
        """
        control = security_descriptor_control(criticality=True, sdflags=_DACL_ONLY)
        where = "(|(objectClass=group)(objectClass=organizationalUnit))"
        rows = self._search_all(dn, where, f"permissions below {dn}", ["nTSecurityDescriptor"], control)
        found = [entry_dn for entry_dn, values in rows if _is_protected(values)]
        return sorted(found_dn for found_dn in found if not _distinguished_name.is_same(found_dn, dn))

    def find_groups(self, ou: str) -> list[Group]:
        """The groups in an OU and below, in the order of their DNs.

        :raises DirectoryError: no such object
        """
        return self._find_groups(ou, "(objectClass=group)")

    def find_unstamped_groups(self, ou: str) -> list[Group]:
        """Of :meth:`find_groups` those with an address that Exchange has not made recipients, cheaply enough to ask often."""
        where = "(&(objectClass=group)(mail=*)(|(!(legacyExchangeDN=*))(!(showInAddressBook=*))))"
        return [group for group in self._find_groups(ou, where) if not group.is_stamped]

    def _find_groups(self, ou: str, where: str) -> list[Group]:
        names = ["cn", "displayName", "mail", "proxyAddresses", *_STAMPS]
        rows = self._search_all(ou, where, f"groups in {ou}", names)
        return sorted((_group(dn, values) for dn, values in rows), key=lambda group: group.dn.casefold())

    def write_dacl(self, dn: str, descriptor: SecurityDescriptor) -> None:
        """Replace an object's DACL; owner, group and SACL stay.

        :raises DirectoryError: refused, or the answer was lost: then it may have been written
        """
        control = security_descriptor_control(criticality=True, sdflags=_DACL_ONLY)
        change = {"nTSecurityDescriptor": [(ldap3.MODIFY_REPLACE, [build(descriptor)])]}
        what = f"writing the permissions of {dn}"
        with self._talking(what):
            self._connection.modify(dn, change, controls=control)
        self._check(what)

    def _find_user(self, name: str, what: str) -> str:
        domain, backslash, local = name.rpartition("\\")
        found = []
        # The part before a backslash is a DNS or a NetBIOS name; only the former can be compared with the DN.
        if not backslash or "." not in domain or domain.casefold() == self.domain:
            found = self._search(self.domain_dn, self._user_filter(local), what, ["sAMAccountName"])
        if len(found) != 1:
            problem = "is not" if not found else "is more than once"
            raise DirectoryError(
                f"{what} {problem} in the domain {self.domain} (asked {self._options.address}): check the name; for an account "
                "of another domain give its SID."
            )
        return found[0][0]

    def _user_filter(self, name: str) -> str:
        if "@" in name:
            local, _at, domain = name.partition("@")
            principal = f"(userPrincipalName={escape_filter_chars(name)})"
            if domain.casefold() != self.domain:
                return principal
            # Every account has user@domain as a principal name, stored or not (MS-ADTS 5.1.1.1.1).
            return f"(|{principal}(sAMAccountName={escape_filter_chars(local)}))"
        return f"(sAMAccountName={escape_filter_chars(name)})"

    def _read(self, dn: str, what: str, attributes: list[str], control: t.Any = None) -> dict[str, list[bytes]]:
        found = self._search(dn, "(objectClass=*)", what, attributes, scope="BASE", control=control)
        if not found:  # success without an entry: it is there, and hidden from this user
            raise DirectoryError(
                f"reading {what} on {self._options.address}: nothing came back. {WAY_OUT[NO_SUCH_OBJECT]}", code=NO_SUCH_OBJECT
            )
        return found[0][1]

    def _search(
        self, base: str, where: str, what: str, attributes: list[str], *, scope: str = "SUBTREE", control: t.Any = None
    ) -> list[tuple[str, dict[str, list[bytes]]]]:
        with self._talking(f"reading {what}"):
            self._connection.search(base, where, search_scope=scope, attributes=attributes, controls=control)
        self._check(f"reading {what}")
        return self._rows()

    def _search_all(
        self, base: str, where: str, what: str, attributes: list[str], control: t.Any = None
    ) -> list[tuple[str, dict[str, list[bytes]]]]:
        """All of what is below an object, page by page: a domain controller gives no more than 1,000 at once."""
        found, cookie = [], None
        while cookie != b"":
            with self._talking(f"reading {what}"):
                self._connection.search(
                    base, where, attributes=attributes, controls=control, paged_size=_PAGE, paged_cookie=cookie
                )
            self._check(f"reading {what}")
            found += self._rows()
            page = self._connection.result["controls"].get(_PAGED_RESULTS, {"value": {"cookie": b""}})
            cookie = page["value"]["cookie"]
        return found

    def _rows(self) -> list[tuple[str, dict[str, list[bytes]]]]:
        return [
            (entry["dn"], {name.lower(): values for name, values in entry["raw_attributes"].items() if values})
            for entry in self._connection.response or []
            if entry["type"] == "searchResEntry"
        ]

    @contextlib.contextmanager
    def _talking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (LDAPException, OSError) as exc:
            problem = " ".join(str(exc).split())
            raise DirectoryError(
                f"{what} on {self._options.address}: the connection broke ({problem}). Run again: what is already done is kept."
            ) from exc

    def _check(self, what: str) -> None:
        result = self._connection.result
        if result["result"]:
            raise refused(f"{what} on {self._options.address}", result)


def _group(dn: str, values: dict[str, list[bytes]]) -> Group:
    def text(name: str) -> str | None:
        return values[name][0].decode() if name in values else None

    return Group(
        dn=dn,
        name=text("cn") or dn,
        display_name=text("displayname"),
        mail=text("mail"),
        addresses=tuple(sorted(value.decode() for value in values.get("proxyaddresses", ()))),
        in_address_lists="showinaddressbook" in values,
        is_hidden=text("msexchhidefromaddresslists") == "TRUE",
        has_legacy_dn="legacyexchangedn" in values,
    )


def _is_protected(values: dict[str, list[bytes]]) -> bool:
    try:
        return any(parse(value).protected for value in values.get("ntsecuritydescriptor", ()))
    except DescriptorError:
        return False


def attribute_version(metadata: bytes, attid: int) -> int | None:
    """How often an attribute was changed, from the binary replPropertyMetaData; None when it is not listed.

    Each originating change adds one, replication adds none, a write that changes nothing adds none.
    """
    if len(metadata) < _METADATA_HEADER.size:
        return None
    _version, _reserved, count, _reserved2 = _METADATA_HEADER.unpack_from(metadata)
    if len(metadata) < _METADATA_HEADER.size + count * _METADATA_ROW.size:
        return None
    for row in range(count):
        found, version, *_rest = _METADATA_ROW.unpack_from(metadata, _METADATA_HEADER.size + row * _METADATA_ROW.size)
        if found == attid:
            return int(version)
    return None
