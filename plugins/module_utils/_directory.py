# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""LDAP to a domain controller: accounts and DACLs. The only file that speaks LDAP.

TLS is not optional (a domain controller refuses a simple bind without it) and is verified. Referrals are not followed: the
credentials would go to a server nobody named. One connection is one domain controller, so what is read after a write is what
was written.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import socket
import ssl
import struct
import traceback
import typing as t
from pathlib import Path

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _distinguished_name
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import (
    BAD_LOGON,
    INVALID_CREDENTIALS,
    NO_SUCH_OBJECT,
    WAY_OUT,
    DirectoryError,
    refused,
    unreachable,
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

    _LDAP3_MISSING: str | None = None
except ImportError:
    ldap3 = None
    LDAPException = OSError
    _LDAP3_MISSING = traceback.format_exc()

try:
    import gssapi  # type: ignore[import-not-found,unused-ignore]

    _GSSAPI_MISSING: str | None = None
except ImportError:
    gssapi = None
    _GSSAPI_MISSING = traceback.format_exc()

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible.module_utils.basic import AnsibleModule

_DACL_ONLY = 4  # DACL_SECURITY_INFORMATION, value of the SD_FLAGS control (MS-ADTS 3.1.1.3.4.1.11)
_DESCRIPTOR_ATTID = 0x20119  # nTSecurityDescriptor in replPropertyMetaData
_METADATA_HEADER = struct.Struct("<IIII")  # version, reserved, count, reserved (MS-DRSR PROPERTY_META_DATA_EXT_VECTOR)
_METADATA_ROW = struct.Struct("<IIQ16sQQ")  # attribute, version, time, invocation id, originating USN, local USN


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


def check_requirements(module: AnsibleModule, options: DirectoryOptions) -> None:
    """End the task when the options cannot work here, before anything is contacted."""
    if _LDAP3_MISSING:
        module.fail_json(msg=missing_required_lib("ldap3"), exception=_LDAP3_MISSING)
    if options.ca_cert and not Path(options.ca_cert).is_file():
        module.fail_json(msg=f"directory_ca_cert: there is no file {options.ca_cert} on the control node.")
    if options.timeout < 1:
        module.fail_json(msg=f"directory_timeout must be at least 1 second, not {options.timeout}.")
    if options.auth == "simple" and not (options.user and options.password):
        # RFC 4513 5.1.2: a name with an empty password is an anonymous bind, and succeeds.
        module.fail_json(msg="directory_auth=simple needs directory_user and directory_password, and neither may be empty.")
    if options.auth == "kerberos":
        if _GSSAPI_MISSING:
            module.fail_json(msg=missing_required_lib("gssapi", reason="for directory_auth=kerberos"), exception=_GSSAPI_MISSING)
        if _is_address(options.host):
            module.fail_json(
                msg=f"domain_controller: Kerberos needs the domain controller's name, not its address {options.host}."
            )


class Directory(contextlib.AbstractContextManager["Directory"]):
    """A logged-on connection to one domain controller; a context manager that closes it.

    :raises DirectoryError: unreachable, certificate not trusted, or logon refused
    """

    def __init__(self, options: DirectoryOptions) -> None:
        self._options = options
        self._connection = _connect(options)
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
    def domain(self) -> str:
        """DNS name of the domain controller's domain, in small letters."""
        return _distinguished_name.dns_domain(self.domain_dn)

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection. Never raises: nothing is lost with it."""
        _close(self._connection)

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
            local, _, domain = name.partition("@")
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
            raise DirectoryError(
                f"{what} on {self._options.address}: the connection was lost ({exc}). Run again: what is already done is kept."
            ) from exc

    def _check(self, what: str) -> None:
        result = self._connection.result
        if result["result"]:
            raise refused(f"{what} on {self._options.address}", result)


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


class _VerifyingTls(ldap3.Tls if ldap3 else object):  # type: ignore[misc]
    """ldap3's TLS with the standard library's own check of chain and name; keeps the error, of which ldap3 keeps the text."""

    failure: OSError | None = None

    def wrap_socket(self, connection: t.Any, do_handshake: bool = False) -> None:  # noqa: ARG002 - ldap3's signature
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        try:
            connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)
        except OSError as exc:
            self.failure = exc
            raise


def _connect(options: DirectoryOptions) -> t.Any:
    tls = _VerifyingTls(validate=ssl.CERT_REQUIRED, ca_certs_file=options.ca_cert)
    server = ldap3.Server(
        options.host,
        port=options.effective_port,
        use_ssl=options.tls == "ldaps",
        tls=tls,
        get_info=ldap3.NONE,
        connect_timeout=options.timeout,
    )
    connection = ldap3.Connection(
        server,
        auto_bind=ldap3.AUTO_BIND_NONE,
        auto_referrals=False,
        check_names=False,
        receive_timeout=options.timeout,
        return_empty_attributes=False,
        **_logon(options),
    )
    try:
        socket.getaddrinfo(options.host, options.effective_port)
        connection.open(read_server_info=False)
        if options.tls == "starttls":
            connection.start_tls(read_server_info=False)
        connection.bind(read_server_info=False)
    except (LDAPException, OSError, *_gssapi_errors()) as exc:
        _close(connection)
        raise DirectoryError(unreachable(options, tls.failure or exc)) from exc
    if connection.result["result"]:
        error = refused(f"logging on to {options.address} as {options.user or 'the ticket holder'}", connection.result)
        _close(connection)
        raise error
    return connection


def _close(connection: t.Any) -> None:
    with contextlib.suppress(LDAPException, OSError):
        connection.unbind()
    if connection.socket is not None:  # ldap3 leaves the socket of a connection that failed half-way
        connection.socket.close()


def _logon(options: DirectoryOptions) -> dict[str, t.Any]:
    if options.auth == "simple":
        return {"authentication": ldap3.SIMPLE, "user": options.user, "password": options.password}
    logon: dict[str, t.Any] = {"authentication": ldap3.SASL, "sasl_mechanism": ldap3.KERBEROS}
    if not options.user:
        return logon  # the ticket cache's own principal
    user, at, realm = options.user.partition("@")
    principal = f"{user}{at}{realm.upper()}"  # Active Directory's realms are the domain names in capitals
    if not options.password:
        return {**logon, "user": principal}
    try:
        name = gssapi.Name(principal, gssapi.NameType.user)
        raw = gssapi.raw.acquire_cred_with_password(name, options.password.encode(), usage="initiate")
    except _gssapi_errors() as exc:
        raise DirectoryError(f"Kerberos gave no ticket for {principal}: {exc}. {BAD_LOGON}", code=INVALID_CREDENTIALS) from exc
    return {**logon, "sasl_credentials": (None, None, raw.creds)}


def _gssapi_errors() -> tuple[type[Exception], ...]:
    return (gssapi.exceptions.GSSError,) if gssapi else ()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
