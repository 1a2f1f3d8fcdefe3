# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The LDAP server as a real client (ldap3) meets it, and as a broken one does."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import threading
import typing as t
import uuid
import warnings

import hypothesis
import pytest
from hypothesis import strategies as st

from lab import contoso
from lab.certificates import CertificateAuthority
from lab.contoso import BASE_DN, OTHER_OU, WRITEBACK_OU
from lab.directory import security_descriptor as security
from lab.directory.security_descriptor import Ace, SecurityDescriptor
from lab.directory.state import DirectoryState
from lab.ldap import ber
from lab.ldap.messages import read_message
from lab.ldap.server import LdapServer
from lab.ldap.session import Session
from lab.traffic import Fault, Traffic

with warnings.catch_warnings():
    # ldap3 2.9.1 uses old names of pyasn1 0.6.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core.exceptions import LDAPExceptionError
    from ldap3.protocol.microsoft import security_descriptor_control

# ldap3 2.9.1 compares names with what Python 3.12 has dropped.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning")

GROUP_GUID = "bf967a9c-0de6-11d0-a285-00aa003049e2"
CONNECTOR_SID = f"{contoso.DOMAIN_SID}-{contoso.CONNECTOR_ACCOUNT_RID}"
CREATE = Ace.from_sddl(f"(OA;CI;CCDC;{GROUP_GUID};;{CONNECTOR_SID})", contoso.DOMAIN_SID)
CHANGE = Ace.from_sddl(f"(OA;CIIO;CCDCLCSWRPWPDTLOSDRC;;{GROUP_GUID};{CONNECTOR_SID})", contoso.DOMAIN_SID)
GROUP = f"CN=Group_{uuid.UUID(int=7)},{WRITEBACK_OU}"
SD = "nTSecurityDescriptor"


class DirectoryWorld:
    """The part of the lab's world the server reads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.directory = DirectoryState.seed()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def tls(authority: CertificateAuthority) -> ssl.SSLContext:
    return authority.server_context(contoso.DC_HOST, "localhost", "127.0.0.1")


@pytest.fixture
def world() -> DirectoryWorld:
    return DirectoryWorld()


@pytest.fixture
def traffic() -> Traffic:
    return Traffic()


@contextlib.contextmanager
def running(world: t.Any, traffic: Traffic, **kwargs: t.Any) -> t.Iterator[LdapServer]:
    server = LdapServer(world, traffic=traffic, **kwargs)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def ldaps(world: DirectoryWorld, traffic: Traffic, tls: ssl.SSLContext) -> t.Iterator[LdapServer]:
    with running(world, traffic, tls=tls, ldaps=True) as server:
        yield server


@pytest.fixture
def plain(world: DirectoryWorld, traffic: Traffic, tls: ssl.SSLContext) -> t.Iterator[LdapServer]:
    with running(world, traffic, tls=tls, ldaps=False) as server:
        yield server


class Client:
    """Opens ldap3 connections and closes them after the test."""

    def __init__(self, ca_file: pathlib.Path) -> None:
        # By name: from Python 3.12 on ldap3 2.9.1 does not find an IP address in a certificate.
        names = [contoso.DC_HOST]
        self._tls = ldap3.Tls(ca_certs_file=str(ca_file), validate=ssl.CERT_REQUIRED, valid_names=names)
        self._open: list[ldap3.Connection] = []

    def connection(self, server: LdapServer, user: str | None = None, password: str | None = None) -> ldap3.Connection:
        target = ldap3.Server(
            "127.0.0.1", server.port, use_ssl=server.ldaps, tls=self._tls, get_info=ldap3.NONE, connect_timeout=5
        )
        connection = ldap3.Connection(
            target, user, password, receive_timeout=5, auto_referrals=False, return_empty_attributes=False
        )
        self._open.append(connection)
        return connection

    def bound(self, server: LdapServer, account: str, password: str) -> ldap3.Connection:
        connection = self.connection(server, f"{account}@{contoso.AD_DOMAIN}", password)
        connection.open()
        if not server.ldaps:
            assert connection.start_tls()
        assert connection.bind(), connection.result
        return connection

    def admin(self, server: LdapServer) -> ldap3.Connection:
        return self.bound(server, contoso.ADMIN, contoso.ADMIN_PASSWORD)

    def connector(self, server: LdapServer) -> ldap3.Connection:
        return self.bound(server, contoso.CONNECTOR_ACCOUNT, contoso.CONNECTOR_PASSWORD)

    def close(self) -> None:
        for connection in self._open:
            with contextlib.suppress(LDAPExceptionError):
                connection.unbind()


@pytest.fixture
def client(authority: CertificateAuthority) -> t.Iterator[Client]:
    client = Client(authority.ca_file)
    yield client
    client.close()


def read_dacl(connection: ldap3.Connection, dn: str = WRITEBACK_OU) -> list[Ace]:
    connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=[SD], controls=security_descriptor_control(sdflags=4))
    dacl = SecurityDescriptor.from_bytes(connection.entries[0][SD].raw_values[0]).dacl
    assert dacl is not None
    return dacl


def write_dacl(connection: ldap3.Connection, aces: list[Ace], dn: str = WRITEBACK_OU) -> bool:
    value = SecurityDescriptor(0x8404, dacl=aces).to_bytes(security.DACL)
    changes = {SD: [(ldap3.MODIFY_REPLACE, [value])]}
    return bool(connection.modify(dn, changes, controls=security_descriptor_control(sdflags=4)))


def code(connection: ldap3.Connection) -> tuple[int, str]:
    """Result code and the leading hex digits of the text."""
    return connection.result["result"], connection.result["message"][:8]


def descriptor_version(connection: ldap3.Connection) -> int:
    connection.search(WRITEBACK_OU, "(objectClass=*)", ldap3.BASE, attributes=["replPropertyMetaData"])
    data = connection.entries[0]["replPropertyMetaData"].raw_values[0]
    rows = [data[at : at + 48] for at in range(16, len(data), 48)]
    return next(int.from_bytes(row[4:8], "little") for row in rows if row[:4] == (0x20119).to_bytes(4, "little"))


# Binding


@pytest.mark.parametrize(
    "name",
    [
        f"{contoso.ADMIN}@{contoso.AD_DOMAIN}",
        f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}",
        f"CN={contoso.ADMIN},CN=Users,{BASE_DN}",
    ],
)
def test_simple_bind_over_ldaps(ldaps: LdapServer, client: Client, name: str) -> None:
    connection = client.connection(ldaps, name, contoso.ADMIN_PASSWORD)
    assert connection.bind()
    assert connection.extend.standard.who_am_i() == f"u:CONTOSO\\{contoso.ADMIN}"


@pytest.mark.parametrize("name", [contoso.ADMIN, "nobody"])
def test_wrong_password_and_unknown_user_look_alike(ldaps: LdapServer, client: Client, name: str) -> None:
    connection = client.connection(ldaps, f"{name}@{contoso.AD_DOMAIN}", "wrong")
    assert not connection.bind()
    assert code(connection) == (49, "80090308")
    assert "data 52e" in connection.result["message"]


def test_no_simple_bind_in_clear_text(plain: LdapServer, client: Client) -> None:
    connection = client.connection(plain, f"{contoso.ADMIN}@{contoso.AD_DOMAIN}", contoso.ADMIN_PASSWORD)
    assert not connection.bind()
    assert code(connection) == (8, "00002028")


def test_start_tls(plain: LdapServer, client: Client, traffic: Traffic) -> None:
    connection = client.admin(plain)
    assert read_dacl(connection)
    assert [what for _server, what in traffic.log] == ["extended", "bind", "search"]


def test_without_certificate_there_is_no_start_tls(world: DirectoryWorld, traffic: Traffic, client: Client) -> None:
    with running(world, traffic, tls=None, ldaps=False) as server:
        connection = client.connection(server)
        connection.open()
        connection.extended("1.3.6.1.4.1.1466.20037")
        assert connection.result["result"] == 1
        connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["supportedExtension"])
        assert "1.3.6.1.4.1.1466.20037" not in connection.entries[0]["supportedExtension"].values


def test_name_without_password_is_refused(ldaps: LdapServer) -> None:
    # ldap3 does not send this, so it is written by hand.
    with raw(ldaps) as stream:
        name = f"{contoso.ADMIN}@{contoso.AD_DOMAIN}"
        stream.sendall(request(1, ber.encode(0x60, ber.integer(3), ber.octets(name), ber.octets("", 0x80))))
        assert result_code(stream) == 53


def test_only_the_root_dse_without_bind(ldaps: LdapServer, client: Client) -> None:
    connection = client.connection(ldaps)
    connection.open()
    connection.search("", "(objectClass=*)", ldap3.BASE, attributes=["*", "+"])
    row = connection.entries[0].entry_attributes_as_dict
    assert row["defaultNamingContext"] == [BASE_DN]
    assert row["dnsHostName"] == [contoso.DC_HOST]
    assert "1.2.840.113556.1.4.801" in row["supportedControl"]
    assert "1.3.6.1.4.1.1466.20037" in row["supportedExtension"]
    assert not connection.search(BASE_DN, "(objectClass=*)")
    assert code(connection) == (1, "00002020")
    assert not connection.delete(WRITEBACK_OU)
    assert code(connection) == (1, "00002020")


def test_failed_bind_forgets_who_was_bound(ldaps: LdapServer, client: Client) -> None:
    connection = client.admin(ldaps)
    assert not connection.rebind(f"{contoso.ADMIN}@{contoso.AD_DOMAIN}", "wrong")
    connection.search(BASE_DN, "(objectClass=*)")
    assert connection.result["result"] == 1


# TLS


@pytest.mark.parametrize(("expired", "known", "match"), [(False, False, "unable to get local"), (True, True, "expired")])
def test_client_refuses_the_certificate(
    world: DirectoryWorld,
    traffic: Traffic,
    authority: CertificateAuthority,
    tmp_path: pathlib.Path,
    expired: bool,
    known: bool,
    match: str,
) -> None:
    trusted = authority if known else CertificateAuthority(tmp_path)
    context = ssl.create_default_context(cafile=str(trusted.ca_file))
    with (
        running(world, traffic, tls=authority.server_context("127.0.0.1", expired=expired), ldaps=True) as server,
        socket.create_connection(("127.0.0.1", server.port), 5) as stream,
        pytest.raises(ssl.SSLCertVerificationError, match=match),
    ):
        context.wrap_socket(stream, server_hostname="127.0.0.1")


def test_clear_text_behind_start_tls_is_not_taken_for_secured(plain: LdapServer) -> None:
    start_tls = request(1, ber.encode(0x77, ber.octets("1.3.6.1.4.1.1466.20037", 0x80)))
    with socket.create_connection(("127.0.0.1", plain.port), 5) as stream:
        stream.sendall(start_tls + request(2, ber.encode(0x42)))
        assert result_code(stream) == 0
        with contextlib.suppress(ConnectionResetError):
            assert stream.recv(1) == b""


# The connector account's rights, end to end


def test_connector_account_before_and_after_the_grant(ldaps: LdapServer, client: Client) -> None:
    admin, connector = client.admin(ldaps), client.connector(ldaps)
    old = f"CN=made before,{WRITEBACK_OU}"
    assert admin.add(old, ["top", "group"], {"groupType": "8", "sAMAccountName": "before"})
    assert not connector.add(GROUP, "group")
    assert code(connector) == (50, "00002098")

    original = read_dacl(admin)
    assert write_dacl(admin, [*original, CHANGE])
    assert not connector.add(GROUP, "group")
    assert code(connector) == (50, "00002098")
    assert effective(connector) == ([], 0)

    version = descriptor_version(admin)
    assert write_dacl(admin, [*original, CREATE, CHANGE])
    assert descriptor_version(admin) == version + 1
    assert write_dacl(admin, [*original, CREATE, CHANGE])
    assert descriptor_version(admin) == version + 1
    explicit = [ace for ace in read_dacl(admin) if not ace.inherited]
    assert set(explicit) == {*(ace for ace in original if not ace.inherited), CREATE, CHANGE}
    assert effective(connector) == (["group"], 0)

    assert connector.add(GROUP, ["top", "group"], {"groupType": "8", "sAMAccountName": "Group_7", "mail": "x@contoso.com"})
    for dn in (GROUP, old):
        assert connector.modify(dn, {"description": [(ldap3.MODIFY_REPLACE, ["changed"])]})
        assert connector.modify(dn, {"member": [(ldap3.MODIFY_ADD, [f"CN={contoso.USER},{OTHER_OU}"])]})
        assert connector.modify_dn(dn, "CN=renamed")
        assert connector.delete(f"CN=renamed,{WRITEBACK_OU}")
    assert not connector.add(f"CN=u,{WRITEBACK_OU}", "user")
    assert code(connector) == (50, "00002098")
    assert not connector.add(f"CN=g,{OTHER_OU}", "group")
    assert code(connector) == (50, "00002098")
    assert not write_dacl(connector, [*original])
    assert code(connector) == (50, "00002098")

    assert write_dacl(admin, [ace for ace in read_dacl(admin) if ace.sid != CONNECTOR_SID])
    assert read_dacl(admin) == original
    assert not connector.add(GROUP, "group")
    assert code(connector) == (50, "00002098")


def effective(connection: ldap3.Connection) -> tuple[list[str], int]:
    names = ["allowedChildClassesEffective", "sDRightsEffective"]
    connection.search(WRITEBACK_OU, "(objectClass=*)", ldap3.BASE, attributes=names)
    row = connection.response[0]["raw_attributes"]
    return [value.decode() for value in row[names[0]]] if names[0] in row else [], int(row[names[1]][0])


def test_descriptor_is_absent_without_the_control(ldaps: LdapServer, client: Client) -> None:
    connector = client.connector(ldaps)
    connector.search(WRITEBACK_OU, "(objectClass=*)", ldap3.BASE, attributes=[SD, "ou"])
    assert set(connector.response[0]["raw_attributes"]) == {"ou"}
    assert read_dacl(connector)


def test_full_descriptor_write_is_refused(ldaps: LdapServer, client: Client) -> None:
    admin = client.admin(ldaps)
    value = SecurityDescriptor(0x8404, dacl=read_dacl(admin)).to_bytes(security.DACL)
    assert not admin.modify(WRITEBACK_OU, {SD: [(ldap3.MODIFY_REPLACE, [value])]})
    assert code(admin) == (50, "00002098")


# The protocol


@pytest.mark.parametrize(
    ("base", "result"),
    [
        (f"OU=No,{BASE_DN}", (32, "0000208D")),
        ("OU=M365Groups,DC=fabrikam,DC=com", (10, "0000202B")),
    ],
)
def test_base_that_is_not_there(ldaps: LdapServer, client: Client, base: str, result: tuple[int, str]) -> None:
    admin = client.admin(ldaps)
    assert not admin.search(base, "(objectClass=*)", ldap3.BASE)
    assert code(admin) == result
    if result[0] == 10:
        assert admin.result["referrals"] == [f"ldap://fabrikam.com/{base}"]


def test_malformed_dn(ldaps: LdapServer, client: Client) -> None:
    admin = client.admin(ldaps)
    with socket_of(admin) as stream:
        stream.sendall(request(77, ber.encode(0x4A, b"no name at all")))
        assert result_code(stream) == 34


def test_controls(ldaps: LdapServer, client: Client) -> None:
    admin = client.admin(ldaps)
    assertion = ("1.3.6.1.1.12", True, b"")
    assert not admin.modify(WRITEBACK_OU, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]}, controls=[assertion])
    assert code(admin) == (12, "00002040")
    ignored = ("1.3.6.1.1.12", False, b"")
    assert admin.modify(WRITEBACK_OU, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]}, controls=[ignored])
    assert not admin.search(WRITEBACK_OU, "(objectClass=*)", controls=[("1.2.840.113556.1.4.801", True, b"x")])
    assert admin.result["result"] == 2


def test_paged_results(ldaps: LdapServer, client: Client) -> None:
    admin = client.admin(ldaps)
    for number in range(7):
        assert admin.add(f"CN=g{number},{WRITEBACK_OU}", "group")
    pages = admin.extend.standard.paged_search(WRITEBACK_OU, "(objectClass=group)", paged_size=3, generator=True)
    assert sorted(row["dn"] for row in pages) == [f"CN=g{number},{WRITEBACK_OU}" for number in range(7)]
    admin.search(WRITEBACK_OU, "(objectClass=group)", paged_size=3, paged_cookie=b"unknown")
    assert admin.result["result"] == 53
    admin.search(WRITEBACK_OU, "(objectClass=group)", size_limit=3)
    assert (admin.result["result"], len(admin.response)) == (4, 3)


def request(number: int, operation: bytes) -> bytes:
    return ber.encode(ber.SEQUENCE, ber.integer(number), operation)


def read_frame(stream: socket.socket) -> bytes:
    data = b""
    while (size := ber.frame_length(data)) is None or len(data) < size:
        more = stream.recv(1)
        if not more:
            return b""
        data += more
    return data


def result_code(stream: socket.socket) -> int:
    message = ber.Reader(read_frame(stream)).constructed()
    message.integer()
    return ber.Reader(message.element()[1]).integer(ber.ENUMERATED)


@contextlib.contextmanager
def raw(server: LdapServer) -> t.Iterator[socket.socket]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", server.port), 5) as stream,
        context.wrap_socket(stream) as secured,
    ):
        yield secured


@contextlib.contextmanager
def socket_of(connection: ldap3.Connection) -> t.Iterator[socket.socket]:
    yield connection.socket


def test_message_ids_are_echoed_and_abandon_is_ignored(plain: LdapServer) -> None:
    root = (ber.octets(""), *(ber.integer(0, 10),) * 2, *(ber.integer(0),) * 2, ber.encode(1, b"\0"))
    search = ber.encode(0x63, *root, ber.octets("objectClass", 0x87), ber.encode(0x30))
    with socket.create_connection(("127.0.0.1", plain.port), 5) as stream:
        stream.sendall(request(5, search) + request(6, ber.integer(5, 0x50)) + request(300, search))
        numbers = [ber.Reader(read_frame(stream)).constructed().integer() for _frame in range(4)]
        assert numbers == [5, 5, 300, 300]


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80\x00\x00",
        b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100,
        request(1, ber.encode(0x63, ber.octets(""))),
        request(1, ber.encode(0x7F)),
        request(1, ber.encode(0x63, ber.octets(""), ber.integer(0, 10), b"\xa2" * 90)),
    ],
)
def test_broken_protocol_closes_the_connection(plain: LdapServer, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", plain.port), 5) as stream:
        stream.sendall(data)
        message = ber.Reader(read_frame(stream)).constructed()
        assert message.integer() == 0  # notice of disconnection
        with contextlib.suppress(ConnectionResetError):
            assert stream.recv(1) == b""


_VALID = (
    request(1, ber.encode(0x60, ber.integer(3), ber.octets("x"), ber.octets("y", 0x80))),
    request(2, ber.encode(0x68, ber.octets(GROUP), ber.encode(0x30))),
    request(
        3,
        ber.encode(
            0x63,
            ber.octets(BASE_DN),
            ber.integer(2, 10),
            ber.integer(0, 10),
            ber.integer(0),
            ber.integer(0),
            ber.encode(1, b"\0"),
            ber.encode(0xA4, ber.octets("cn"), ber.encode(0x30, ber.octets("a", 0x80))),
            ber.encode(0x30, ber.octets("*")),
        ),
    ),
    request(4, ber.encode(0x6C, ber.octets(GROUP), ber.octets("CN=x"), ber.encode(1, b"\xff"))),
)


@hypothesis.example(data=_VALID[0], changes=[(5, 0x42)])  # unbind, which has no answer
@hypothesis.given(st.sampled_from(_VALID), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=3))
def test_garbage_is_answered_or_ends_the_connection(data: bytes, changes: list[tuple[int, int]]) -> None:
    garbled = bytearray(data)
    for at, octet in changes:
        garbled[at % len(garbled)] = octet
    session = Session(t.cast(t.Any, _FUZZED), secure=True, tls_available=True)
    with contextlib.suppress(ber.BerError):
        session.handle(read_message(bytes(garbled)))


_FUZZED = DirectoryWorld()


def test_unbind_closes_the_connection(plain: LdapServer) -> None:
    with socket.create_connection(("127.0.0.1", plain.port), 5) as stream:
        stream.sendall(request(1, ber.encode(0x42)))
        assert stream.recv(1) == b""


# Traffic and lifetime


@pytest.mark.parametrize(("lose", "done"), [("answer", True), ("request", False)])
def test_faults(ldaps: LdapServer, client: Client, traffic: Traffic, world: DirectoryWorld, lose: str, done: bool) -> None:
    admin = client.admin(ldaps)
    assert (traffic.counts["ldap"], traffic.log[-1]) == (1, ("ldap", "bind"))
    traffic.set_fault(Fault(at=1, lose=lose))
    with pytest.raises(LDAPExceptionError):
        admin.add(GROUP, "group")
    assert (world.directory.find(GROUP) is not None) is done
    traffic.set_fault(None)
    assert read_dacl(client.admin(ldaps))


def test_state_put_back_is_seen_by_open_connections(ldaps: LdapServer, client: Client, world: DirectoryWorld) -> None:
    admin = client.admin(ldaps)
    assert admin.add(GROUP, "group")
    with world.lock:
        world.directory = DirectoryState.seed()
    assert not admin.search(GROUP, "(objectClass=*)", ldap3.BASE)
    assert admin.result["result"] == 32


def test_stop_ends_everything(world: DirectoryWorld, traffic: Traffic, tls: ssl.SSLContext, client: Client) -> None:
    before = threading.active_count()
    server = LdapServer(t.cast(t.Any, world), traffic=traffic, tls=tls, ldaps=True)
    server.start()
    port = server.port
    client.admin(server)
    with socket.create_connection(("127.0.0.1", port), 5):  # one that never shakes hands
        server.stop()
    server.stop()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_ldaps_needs_a_certificate(world: DirectoryWorld, traffic: Traffic) -> None:
    with pytest.raises(ValueError, match="TLS"):
        LdapServer(t.cast(t.Any, world), traffic=traffic, tls=None, ldaps=True)
