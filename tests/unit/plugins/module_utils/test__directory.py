# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""LDAP against the lab's domain controller: a real connection, TLS and access checks."""

from __future__ import annotations

import dataclasses
import pathlib
import socket
import threading
import types
import typing as t
import warnings

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_grant import least_grant
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rules import Trustee, assess, granted
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dacl_update import DaclConflict, update
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import refused
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import DirectoryOptions
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    AceType,
    Rule,
    SecurityDescriptor,
)
from lab import contoso
from lab.certificates import CertificateAuthority
from lab.directory.state import DirectoryState
from lab.ldap.server import LdapServer
from lab.traffic import Fault, Traffic

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import (
        Dacl,
        Directory,
        DirectoryError,
        attribute_version,
    )

if t.TYPE_CHECKING:
    from collections.abc import Iterator

OU = contoso.WRITEBACK_OU
SID = f"{contoso.DOMAIN_SID}-{contoso.CONNECTOR_ACCOUNT_RID}"
DESCRIPTOR_ATTID = 0x20119


class DirectoryLab:
    """A domain controller on two ports, with what its clients need to know."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.traffic = Traffic()
        self.world: t.Any = types.SimpleNamespace(lock=threading.RLock(), directory=DirectoryState.seed())
        self.authority = CertificateAuthority(directory)
        tls = self.authority.server_context("localhost")
        self.ldaps = self.server(tls=tls, ldaps=True)
        self.ldap = self.server(tls=tls, ldaps=False)

    def server(self, **arguments: t.Any) -> LdapServer:
        return LdapServer(self.world, traffic=self.traffic, **arguments)

    def reset(self) -> None:
        self.world.directory = DirectoryState.seed()
        self.traffic.reset()

    def options(self, **changes: t.Any) -> DirectoryOptions:
        options = DirectoryOptions(
            host="localhost",
            user=f"{contoso.ADMIN}@{contoso.AD_DOMAIN}",
            password=contoso.ADMIN_PASSWORD,
            ca_cert=str(self.authority.ca_file),
            port=self.ldap.port if changes.get("tls") == "starttls" else self.ldaps.port,
            timeout=5,
        )
        return dataclasses.replace(options, **changes)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectoryLab]:
    lab = DirectoryLab(tmp_path_factory.mktemp("directory"))
    lab.ldaps.start()
    lab.ldap.start()
    yield lab
    lab.ldaps.stop()
    lab.ldap.stop()


@pytest.fixture
def lab(started: DirectoryLab) -> DirectoryLab:
    started.reset()
    return started


@pytest.fixture
def directory(lab: DirectoryLab) -> Iterator[Directory]:
    with Directory(lab.options()) as connection:
        yield connection


def missing(descriptor: SecurityDescriptor) -> tuple[Ace, ...]:
    return assess(descriptor, Trustee(SID)).missing


def wanted(descriptor: SecurityDescriptor) -> SecurityDescriptor:
    return granted(descriptor, Trustee(SID))


def failure(options: DirectoryOptions) -> DirectoryError:
    with pytest.raises(DirectoryError) as caught:
        Directory(options)
    message = str(caught.value)
    assert options.password not in message
    assert options.address in message
    return caught.value


# Connecting


@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
@pytest.mark.parametrize("user", [f"{contoso.ADMIN}@{contoso.AD_DOMAIN}", f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}"])
def test_log_on(lab: DirectoryLab, tls: str, user: str) -> None:
    with Directory(lab.options(tls=tls, user=user)) as directory:
        assert directory.domain_dn == contoso.BASE_DN
        assert directory.domain == contoso.AD_DOMAIN


def test_an_address_is_a_name_when_the_certificate_says_so(lab: DirectoryLab) -> None:
    server = lab.server(tls=lab.authority.server_context("127.0.0.1"), ldaps=True)
    server.start()
    try:
        with Directory(lab.options(host="127.0.0.1", port=server.port)) as directory:
            assert directory.domain == contoso.AD_DOMAIN
    finally:
        server.stop()


@pytest.mark.parametrize("user", [f"{contoso.ADMIN}@{contoso.AD_DOMAIN}", "nobody@corp.contoso.com"])
def test_wrong_password_and_unknown_user(lab: DirectoryLab, user: str) -> None:
    error = failure(lab.options(user=user, password="Not-The-Passw0rd"))
    assert error.code == 49
    assert "directory_password" in str(error)


@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
def test_unknown_authority(lab: DirectoryLab, tmp_path: pathlib.Path, tls: str) -> None:
    other = CertificateAuthority(tmp_path)
    message = str(failure(lab.options(tls=tls, ca_cert=str(other.ca_file))))
    assert "certificate is not accepted" in message
    assert "directory_ca_cert" in message
    assert "ldap" not in lab.traffic.counts or tls == "starttls"  # nothing but StartTLS was sent


def test_without_a_ca_file_the_systems_authorities_decide(lab: DirectoryLab) -> None:
    assert "certificate is not accepted" in str(failure(lab.options(ca_cert=None)))


@pytest.mark.parametrize(
    ("names", "expired", "reason"), [(("localhost",), True, "expired"), (("dc9.example.com",), False, "localhost")]
)
def test_certificate_of_another_time_or_name(lab: DirectoryLab, names: tuple[str, ...], expired: bool, reason: str) -> None:
    server = lab.server(tls=lab.authority.server_context(*names, expired=expired), ldaps=True)
    server.start()
    try:
        message = str(failure(lab.options(port=server.port)))
    finally:
        server.stop()
    assert "certificate is not accepted" in message
    assert reason in message


def test_no_tls_on_the_server(lab: DirectoryLab) -> None:
    server = lab.server(tls=None, ldaps=False)
    server.start()
    try:
        assert "starttls" in str(failure(lab.options(tls="starttls", port=server.port)))
    finally:
        server.stop()


def test_nobody_listens(lab: DirectoryLab) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        message = str(failure(lab.options(port=held.getsockname()[1])))
    assert "refused" in message and "directory_port" in message


def test_a_server_that_hangs(lab: DirectoryLab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = str(failure(lab.options(port=silent.getsockname()[1], timeout=1)))
    assert "no answer within 1 seconds (directory_timeout)" in message


def test_unknown_host(lab: DirectoryLab) -> None:
    assert "the name is not known" in str(failure(lab.options(host="dc1.corp.contoso.invalid")))


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_connection_cut_at_any_request_is_one_clear_error(lab: DirectoryLab, number: int, lose: str) -> None:
    lab.traffic.set_fault(Fault(at=number, lose=lose))
    with pytest.raises(DirectoryError, match=r"localhost:\d+"), Directory(lab.options()) as directory:
        directory.read_dacl(OU)


# Accounts


@pytest.mark.parametrize(
    "name",
    [
        contoso.CONNECTOR_ACCOUNT,
        contoso.CONNECTOR_ACCOUNT.lower(),
        f"{contoso.AD_NETBIOS}\\{contoso.CONNECTOR_ACCOUNT}",
        f"{contoso.AD_DOMAIN}\\{contoso.CONNECTOR_ACCOUNT}",
        f"{contoso.CONNECTOR_ACCOUNT}@{contoso.AD_DOMAIN}",
        f"CN={contoso.CONNECTOR_ACCOUNT},CN=Users,{contoso.BASE_DN}",
    ],
)
def test_find_account(directory: Directory, name: str) -> None:
    account = directory.find_account(name)
    assert account.sid == SID
    assert account.name == contoso.CONNECTOR_ACCOUNT
    assert account.dn == f"CN={contoso.CONNECTOR_ACCOUNT},CN=Users,{contoso.BASE_DN}"
    assert account.groups is not None and f"{contoso.DOMAIN_SID}-513" in account.groups  # Domain Users


@pytest.mark.parametrize(
    "name",
    [
        "MSOL_unknown",
        "*",  # is a name, not a pattern
        f"{contoso.CONNECTOR_ACCOUNT}@other.example.com",
        f"other.example.com\\{contoso.CONNECTOR_ACCOUNT}",
    ],
)
def test_account_that_is_not_there(directory: Directory, name: str) -> None:
    with pytest.raises(DirectoryError, match=r"is not in the domain corp\.contoso\.com"):
        directory.find_account(name)


def test_account_by_sid_is_taken_as_it_is(directory: Directory) -> None:
    account = directory.find_account("S-1-5-21-9-9-9-1105")
    assert (account.sid, account.dn, account.groups) == ("S-1-5-21-9-9-9-1105", None, None)


# DACLs


def test_read_dacl(lab: DirectoryLab, directory: Directory) -> None:
    entry = lab.world.directory.find(OU)
    dacl = directory.read_dacl(OU)
    assert len(dacl.descriptor.aces) == len(entry.descriptor.dacl)
    assert dacl.version == lab.world.directory.descriptor_version(entry)


def test_no_such_ou(directory: Directory) -> None:
    with pytest.raises(DirectoryError, match="no such object") as caught:
        directory.read_dacl(f"OU=Nowhere,{contoso.BASE_DN}")
    assert caught.value.code == 32


def test_malformed_name(directory: Directory) -> None:
    with pytest.raises(DirectoryError) as caught:
        directory.read_dacl("OU=Groups,,DC=com")
    assert caught.value.code == 34


def test_add_rules(lab: DirectoryLab, directory: Directory) -> None:
    before = directory.read_dacl(OU)
    change = update(directory, OU, before, wanted)
    assert set(change.added) == set(least_grant(SID).values())
    assert set(change.after.descriptor.explicit) == set(before.descriptor.explicit) | set(change.added)
    assert change.after.version == (before.version or 0) + 1
    again = update(directory, OU, directory.read_dacl(OU), wanted)
    assert again.added == ()
    assert lab.world.directory.descriptor_version(lab.world.directory.find(OU)) == change.after.version


def test_the_account_may_do_what_it_needs_afterwards(lab: DirectoryLab, directory: Directory) -> None:
    rights = lab.world.directory.view()["rights"]
    update(directory, OU, directory.read_dacl(OU), wanted)
    assert lab.world.directory.view()["rights"] != rights


def test_no_right_to_write(lab: DirectoryLab) -> None:
    with Directory(lab.options(user=f"{contoso.USER}@{contoso.AD_DOMAIN}", password=contoso.USER_PASSWORD)) as directory:
        before = directory.read_dacl(OU)
        with pytest.raises(DirectoryError, match="directory_user lacks the right") as caught:
            update(directory, OU, before, wanted)
        assert caught.value.code == 50
        assert directory.read_dacl(OU) == before


def test_an_absent_descriptor_is_an_error(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a domain controller answers a user who may not read it."""
    monkeypatch.setattr(directory, "_search", lambda *_args, **_kwargs: [(OU, {"replpropertymetadata": [b""]})])
    with pytest.raises(DirectoryError, match="may not read the permissions"):
        directory.read_dacl(OU)


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_write_lost_on_the_wire_converges(lab: DirectoryLab, lose: str) -> None:
    """Log on, root, read, read again, write."""
    lab.traffic.set_fault(Fault(at=5, lose=lose))
    with Directory(lab.options()) as directory, pytest.raises(DirectoryError, match="Run again"):
        update(directory, OU, directory.read_dacl(OU), wanted)
    assert "modify" in lab.traffic.log[4][1].lower()
    lab.traffic.set_fault(None)
    with Directory(lab.options()) as directory:
        change = update(directory, OU, directory.read_dacl(OU), wanted)
    assert bool(change.added) is (lose == "request")
    assert missing(change.after.descriptor) == ()


class Rival:
    """Another writer: adds a rule of its own to the DACL at a chosen moment of ours."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.ace = Ace.from_rule(Rule(AceType.ALLOWED, AceFlag(0), 0x10, f"{contoso.DOMAIN_SID}-{contoso.USER_RID}"))

    def write(self, aces: int = 1) -> None:
        dacl = self.directory.read_dacl(OU)
        self.directory.write_dacl(OU, dacl.descriptor.with_explicit((self.ace,) * aces))


def test_a_change_before_the_write_is_kept(directory: Directory) -> None:
    before = directory.read_dacl(OU)
    rival = Rival(directory)
    rival.write()
    change = update(directory, OU, before, wanted)
    assert rival.ace in change.after.descriptor.explicit
    assert missing(change.after.descriptor) == ()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_change_in_the_last_moment_is_not_lost_in_silence(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    rival = Rival(directory)
    write = directory.write_dacl

    def write_with_rival(dn: str, descriptor: SecurityDescriptor) -> None:
        monkeypatch.setattr(directory, "write_dacl", write)
        if moment == "before":
            rival.write()
        write(dn, descriptor)
        if moment == "after":
            rival.write()

    before = directory.read_dacl(OU)
    monkeypatch.setattr(directory, "write_dacl", write_with_rival)
    with pytest.raises(DaclConflict, match=r"Before: D:.* Written: D:.* Now: D:") as caught:
        update(directory, OU, before, wanted)
    assert caught.value.result == {"changed": True}


def test_a_rival_who_never_stops(directory: Directory) -> None:
    rival = Rival(directory)
    number = 0

    def decide(descriptor: SecurityDescriptor) -> SecurityDescriptor:
        nonlocal number
        number += 1
        rival.write(number)
        return wanted(descriptor)

    with pytest.raises(DaclConflict, match="Nothing was written"):
        update(directory, OU, directory.read_dacl(OU), decide)


def test_without_a_version_the_rules_are_still_compared(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    read = directory.read_dacl
    monkeypatch.setattr(directory, "read_dacl", lambda dn: Dacl(read(dn).descriptor, None))
    before = directory.read_dacl(OU)
    write = directory.write_dacl
    monkeypatch.setattr(directory, "write_dacl", lambda dn, _descriptor: write(dn, before.descriptor))
    with pytest.raises(DaclConflict, match="they are not what was written"):
        update(directory, OU, before, wanted)
    monkeypatch.setattr(directory, "write_dacl", write)
    assert missing(update(directory, OU, before, wanted).after.descriptor) == ()


# Answers


def test_attribute_version(lab: DirectoryLab) -> None:
    state = lab.world.directory
    metadata = state.metadata(state.find(OU))
    assert attribute_version(metadata, DESCRIPTOR_ATTID) == state.descriptor_version(state.find(OU))
    assert attribute_version(metadata, 0x7FFFFFFF) is None
    assert attribute_version(metadata[:20], DESCRIPTOR_ATTID) is None
    assert attribute_version(b"", DESCRIPTOR_ATTID) is None


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (49, "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v2580", "Check directory_user"),
        (49, "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 775, v2580", "locked out"),
        (49, "80090346: LdapErr: DSID-0C09056D, comment: AcceptSecurityContext error, data 35b", "channel binding"),
        (8, "00002028: LdapErr: DSID-0C090259", "directory_tls=none"),
        (10, "0000202B: RefErr: DSID-0310082F", "name a writable domain controller"),
        (50, "00002098: SecErr: DSID-03150E49\n\0", "directory_user lacks the right"),
        (80, "", "80 other"),
    ],
)
def test_refusals_by_code(code: int, message: str, expected: str) -> None:
    result = {"result": code, "description": "other", "message": message, "referrals": ["ldap://other.example.com/DC=x"]}
    error = refused("doing something on dc1:636", result)
    assert error.code == code
    assert expected in str(error)
    assert str(error).isprintable()
    assert ("ldap://other.example.com" in str(error)) is (code == 10)
