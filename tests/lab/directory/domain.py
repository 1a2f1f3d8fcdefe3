# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain as its clients see it: one domain controller on the wire, whoever plays it.

The embedded directory is one; a Samba domain controller (``lab.samba``) is the other. Tests that take a :class:`Domain` run on
both, so that the real one keeps the embedded one honest.
"""

from __future__ import annotations

import abc
import contextlib
import ssl
import threading
import types
import typing as t
import warnings

from lab import contoso
from lab.certificates import CertificateAuthority
from lab.directory.state import DirectoryState
from lab.ldap.server import LdapServer
from lab.traffic import Traffic

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class _Tls(ldap3.Tls):  # type: ignore[misc]
    """ldap3's TLS with the standard library's check of the name; ldap3's own is not fit for Python 3.12 and newer."""

    def wrap_socket(self, connection: t.Any, do_handshake: bool = False) -> None:  # noqa: ARG002 - ldap3's signature
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        connection.socket = context.wrap_socket(connection.socket, server_hostname=contoso.DC_HOST)


class Domain(abc.ABC):
    """A domain controller of the contoso domain with the lab's OUs and accounts in it.

    :ivar address: where it listens; its certificate has this address too
    :ivar ldaps_port: LDAP over TLS
    :ivar ldap_port: LDAP with StartTLS
    :ivar has_exchange_schema: Exchange setup has extended the schema
    """

    kind: str
    address: str
    ldaps_port: int
    ldap_port: int
    has_exchange_schema: bool

    def __init__(self, authority: CertificateAuthority) -> None:
        self.authority = authority

    @abc.abstractmethod
    def reset(self) -> None:
        """Back to the beginning: OUs, their permissions and what is in them."""

    @contextlib.contextmanager
    def connect(self, account: str, password: str) -> Iterator[ldap3.Connection]:
        """Log on over LDAPS, with the certificate checked.

        :raises ldap3.core.exceptions.LDAPException: unreachable, or the logon is refused
        """
        tls = _Tls(ca_certs_file=str(self.authority.ca_file), validate=ssl.CERT_REQUIRED)
        server = ldap3.Server(self.address, self.ldaps_port, use_ssl=True, tls=tls, get_info=ldap3.NONE, connect_timeout=5)
        connection = ldap3.Connection(
            server,
            f"{account}@{contoso.AD_DOMAIN}",
            password,
            receive_timeout=10,
            auto_referrals=False,
            return_empty_attributes=False,
            check_names=False,
        )
        try:
            connection.open()
            if not connection.bind():
                raise PermissionError(f"{account}: {connection.result['description']}")
            yield connection
        finally:
            connection.unbind()
            if connection.socket is not None:  # ldap3 2.9.1 leaves that of a connection that failed
                connection.socket.close()

    def admin(self) -> contextlib.AbstractContextManager[ldap3.Connection]:
        """As the administrator of the playbooks."""
        return self.connect(contoso.ADMIN, contoso.ADMIN_PASSWORD)

    def connector(self) -> contextlib.AbstractContextManager[ldap3.Connection]:
        """As the connector account."""
        return self.connect(contoso.CONNECTOR_ACCOUNT, contoso.CONNECTOR_PASSWORD)


class EmbeddedDomain(Domain):
    """The lab's own directory behind its own LDAP server; a context manager that starts and stops it."""

    kind = "embedded"
    has_exchange_schema = True
    address = "127.0.0.1"

    def __init__(self, authority: CertificateAuthority) -> None:
        super().__init__(authority)
        self.traffic = Traffic()
        self.world: t.Any = types.SimpleNamespace(lock=threading.RLock(), directory=DirectoryState.seed())
        tls = authority.server_context(contoso.DC_HOST, "localhost", self.address)
        self._ldaps = LdapServer(self.world, traffic=self.traffic, tls=tls, ldaps=True)
        self._ldap = LdapServer(self.world, traffic=self.traffic, tls=tls, ldaps=False)

    def __enter__(self) -> EmbeddedDomain:
        for server in (self._ldaps, self._ldap):
            server.start()
        self.ldaps_port, self.ldap_port = self._ldaps.port, self._ldap.port
        return self

    def __exit__(self, *_exc: object) -> None:
        for server in (self._ldaps, self._ldap):
            server.stop()

    def reset(self) -> None:
        self.world.directory = DirectoryState.seed()
        self.traffic.reset()
