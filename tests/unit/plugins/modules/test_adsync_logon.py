# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Logging on to a domain controller through adsync_group_writeback: what works, and one sentence for what does not."""

from __future__ import annotations

import importlib.util
import inspect
import pathlib
import socket
import typing as t
import warnings

import pytest
from helpers.connect_modules import ConnectLab, Runner

from lab import contoso, samba
from lab.certificates import CertificateAuthority
from lab.directory.client import explicit
from lab.directory.domain import Domain

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3

if t.TYPE_CHECKING:
    from lab.directory.security_descriptor import Ace

_SEALS = "session_security" in inspect.signature(ldap3.Connection.__init__).parameters
needs_kerberos = pytest.mark.skipif(
    importlib.util.find_spec("gssapi") is None
    or "session_security" not in inspect.signature(ldap3.Connection.__init__).parameters,
    reason="the Python package gssapi is not installed (needs the Debian package libkrb5-dev), or ldap3 does not seal",
)


@pytest.fixture
def lab(domain: Domain) -> ConnectLab:
    return ConnectLab(domain)


@pytest.fixture
def run(lab: ConnectLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(lab, monkeypatch, capsys)


def rules(lab: ConnectLab) -> list[Ace]:
    with lab.domain.admin() as admin:
        return explicit(admin)


def refusal(lab: ConnectLab, run: Runner, **changes: t.Any) -> str:
    """What the module says; nothing may have changed."""
    before = rules(lab)
    failed = run.grant(**changes)
    assert failed["failed"] and not failed.get("changed")
    message = t.cast("str", failed["msg"])
    assert message.isprintable() and message.endswith((".", ")")) and "Traceback" not in message
    assert rules(lab) == before
    return message


def of_another_authority(directory: pathlib.Path) -> str:
    return str(CertificateAuthority(directory).ca_file)


USER = {"directory_user": f"{contoso.USER}@{contoso.AD_DOMAIN}", "directory_password": contoso.USER_PASSWORD}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"directory_password": "Not-The-Passw0rd"}, ("49 invalidCredentials", "directory_password")),
        ({"directory_user": f"nobody@{contoso.AD_DOMAIN}"}, ("49 invalidCredentials", "directory_user")),
        ({"directory_tls": "none"}, ("directory_tls=none would show the password", "directory_tls=ldaps")),
        (USER, ("50 insufficientAccessRights", "directory_user lacks the right")),
        ({"ou": "OU=M365Groups,,DC=com"}, ("is not a distinguished name",)),
        ({"account": "nobody"}, ("account nobody is not in the domain",)),
    ],
    ids=["wrong password", "unknown user", "no TLS", "no rights", "malformed name", "unknown account"],
)
def test_refused(lab: ConnectLab, run: Runner, changes: dict[str, t.Any], words: tuple[str, ...]) -> None:
    message = refusal(lab, run, **changes)
    assert all(word in message for word in words), message


def test_unknown_authority(lab: ConnectLab, run: Runner, tmp_path: pathlib.Path) -> None:
    for tls, port in (("ldaps", lab.domain.ldaps_port), ("starttls", lab.domain.ldap_port)):
        changes = {"directory_ca_cert": of_another_authority(tmp_path), "directory_tls": tls, "directory_port": port}
        message = refusal(lab, run, **changes)
        assert "certificate is not accepted" in message and "directory_ca_cert" in message


def test_tls_on_the_port_without(lab: ConnectLab, run: Runner) -> None:
    message = refusal(lab, run, directory_port=lab.domain.ldap_port, directory_timeout=2)
    assert f"no connection to {lab.domain.address}:{lab.domain.ldap_port}" in message


def test_an_ou_that_is_not_there(lab: ConnectLab, run: Runner) -> None:
    lab.connect.set_group_writeback(f"OU=Gone,{contoso.BASE_DN}")
    message = refusal(lab, run, ou=None)
    assert "OU=Gone" in message and "32 noSuchObject" in message and "check the name" in message


@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
def test_a_password_inside_tls(lab: ConnectLab, run: Runner, tls: str) -> None:
    port = lab.domain.ldaps_port if tls == "ldaps" else lab.domain.ldap_port
    assert len(run.grant(directory_tls=tls, directory_port=port)["added"]) == 2
    assert not run.grant(directory_tls=tls, directory_port=port)["changed"]


# Kerberos, sealed, without a certificate


@pytest.fixture
def realm(samba_domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch) -> samba.SambaDomain:
    ask = socket.getaddrinfo

    def answer(host: t.Any, *arguments: t.Any, **keywords: t.Any) -> t.Any:
        return ask(samba_domain.address if host == contoso.DC_HOST else host, *arguments, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    monkeypatch.setenv("KRB5_CONFIG", str(samba_domain.krb5_config))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{samba_domain.directory / 'none'}")
    return samba_domain


SEALED = {
    "domain_controller": contoso.DC_HOST,
    "directory_auth": "kerberos",
    "directory_tls": "none",
    "directory_port": 389,
    "directory_ca_cert": None,
}


@pytest.mark.heavy
@needs_kerberos
@pytest.mark.parametrize("domain", ["samba"], indirect=True)
def test_kerberos_sealed(realm: samba.SambaDomain, lab: ConnectLab, run: Runner) -> None:
    assert len(run.grant(**SEALED)["added"]) == 2
    keytab = {"directory_password": None, "directory_keytab": str(realm.keytab(contoso.ADMIN))}
    assert not run.grant(**SEALED, **keytab)["changed"]
    ticket = {"directory_password": None, "directory_user": None}
    cache = str(realm.ticket(contoso.ADMIN, contoso.ADMIN_PASSWORD))
    assert not run.grant(**SEALED, **ticket, directory_credential_cache=cache)["changed"]
    for changes, words in (
        ({"directory_password": "Not-The-Passw0rd"}, f"Kerberos gave no ticket for {contoso.ADMIN}@CORP.CONTOSO.COM"),
        ({"domain_controller": realm.address}, "needs the domain controller's name, not its address"),
        (ticket, "Get a ticket with kinit"),
    ):
        assert words in refusal(lab, run, **{**SEALED, **changes})
