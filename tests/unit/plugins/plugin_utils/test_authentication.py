# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transport by authentication, against the lab's listeners; Kerberos with a real KDC. docs/connection.md has the table."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import pathlib
import re
import typing as t
import warnings

import pytest
from helpers.endpoint import Endpoint, serve

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import SessionError
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Session
from lab import contoso, kdc
from lab.certificates import CertificateAuthority
from lab.wsman import security

if t.TYPE_CHECKING:
    from collections.abc import Iterator

UPN = f"{contoso.ADMIN}@{kdc.REALM}"
NTLM_NAME = f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}"
LIBRARIES = {"psrp": "gssapi", "winrm": "kerberos"}


def no_kerberos(transport: str) -> str | None:
    """Why Kerberos cannot be tried here."""
    package = kdc.missing()
    if package:
        return f"the Debian package {package} is not installed"
    library = LIBRARIES[transport]
    if importlib.util.find_spec(library) is None or importlib.util.find_spec("gssapi") is None:
        return f"the Python package behind {transport}[kerberos] is not installed (needs the Debian package libkrb5-dev)"
    return None


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kdc.Kdc]:
    reason = no_kerberos("psrp")
    if reason:
        pytest.skip(reason)
    directory = tmp_path_factory.mktemp("kdc")
    services = [f"{service}/localhost" for service in ("HTTP", "WSMAN", "host")]
    with kdc.Kdc(directory, users={contoso.ADMIN: contoso.ADMIN_PASSWORD}, services=services) as realm:
        patch = pytest.MonkeyPatch()
        for name, value in realm.environment.items():
            patch.setenv(name, value)
        yield realm
        patch.undo()


@contextlib.contextmanager
def listener(
    authority: CertificateAuthority, transport: str, scheme: str, schemes: tuple[str, ...], **options: t.Any
) -> Iterator[Endpoint]:
    """A listener; over https it wants the context bound to its certificate."""
    if scheme == "https":
        certificate, key = authority.issue("localhost", expired=options.pop("expired", False))
        options["tls"] = authority.context(certificate, key, clients="Certificate" in schemes)
        options.setdefault("channel_binding", security.end_point(certificate))
    endpoint = serve(transport, authentication=schemes, certificates={"admin": contoso.ADMIN}, **options)
    try:
        yield endpoint
    finally:
        endpoint.server.stop()


def settings(authority: CertificateAuthority, auth: str, **changes: t.Any) -> dict[str, t.Any]:
    kerberos = auth in ("kerberos", "negotiate")
    return {
        "host": "localhost",
        "auth": auth,
        "username": UPN if kerberos else contoso.ADMIN if auth == "basic" else NTLM_NAME,
        "negotiate_service": "HTTP",
        "ca_cert": str(authority.ca_file),
        **changes,
    }


def failure(session: Session) -> str:
    """Why the session does not open.

    The libraries leave the connection of a failed logon to the garbage collector.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        text = ""
        try:
            session.invoke("Get-Text", {})
        except SessionError as exc:
            text = str(exc)
        session.close()
        gc.collect()
    assert text, "the session opened"
    assert "\n" not in text
    assert not session.target.password or session.target.password not in text
    return text


def kerberos_cases(*cases: t.Any) -> list[t.Any]:
    return [pytest.param(*case, id="-".join(map(str, case)), marks=pytest.mark.heavy) for case in cases]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("transport", "auth", "offered"),
    [
        ("psrp", "ntlm", "NTLM"),
        ("psrp", "ntlm", "Negotiate"),
        ("psrp", "credssp", "CredSSP"),
        ("winrm", "ntlm", "NTLM"),
        ("winrm", "ntlm", "Negotiate"),
        ("winrm", "credssp", "CredSSP"),
    ],
)
def test_a_password_without_a_realm(
    authority: CertificateAuthority, transport: str, auth: str, offered: str, scheme: str
) -> None:
    with listener(authority, transport, scheme, (offered,)) as endpoint:
        session = endpoint.session(**settings(authority, auth))
        assert session.invoke("Get-Text", {}).objects == ["plain"]
        assert len(session.invoke("Get-Many", {"Count": 400}).objects) == 400
        assert len(session.invoke("Set-Connector", {"Value": "x" * 40_000}).warnings) == 1
        session.close()
        wrong = endpoint.session(**settings(authority, auth, password="wrong-one"))
        assert re.search(r"localhost.* refused user .*: check ansible_user, ansible_password", failure(wrong))


@pytest.mark.parametrize("transport", ["psrp", "winrm"])
def test_basic_over_tls(authority: CertificateAuthority, transport: str) -> None:
    with listener(authority, transport, "https", ("Negotiate", "Basic")) as endpoint:
        session = endpoint.session(**settings(authority, "basic"))
        assert session.invoke("Get-Text", {}).objects == ["plain"]
        session.close()
        assert "refused user" in failure(endpoint.session(**settings(authority, "basic", password="wrong")))


@pytest.mark.parametrize("transport", ["psrp", "winrm"])
@pytest.mark.parametrize(("name", "mapped"), [("admin", True), ("stranger", False)])
def test_a_client_certificate(authority: CertificateAuthority, transport: str, name: str, mapped: bool) -> None:
    certificate, key = authority.issue(name, client=True)
    files = {"certificate_pem": str(certificate), "certificate_key_pem": str(key), "username": "", "password": ""}
    with listener(authority, transport, "https", ("Negotiate", "Certificate")) as endpoint:
        session = endpoint.session(**settings(authority, "certificate", **files))
        if mapped:
            assert session.invoke("Get-Text", {}).objects == ["plain"]
            assert endpoint.commands.calls[-1].user == contoso.ADMIN
        else:
            assert f"does not map the certificate {certificate} to a user" in failure(session)
        session.close()


@pytest.mark.parametrize("transport", ["psrp", "winrm"])
def test_a_context_bound_to_another_certificate_is_refused(authority: CertificateAuthority, transport: str) -> None:
    """As somebody in the middle would have it."""
    other, _key = authority.issue("localhost")
    with listener(authority, transport, "https", ("NTLM",), channel_binding=security.end_point(other)) as endpoint:
        assert "refused user" in failure(endpoint.session(**settings(authority, "ntlm")))


@pytest.mark.parametrize("transport", ["psrp", "winrm"])
def test_certificates_that_are_not_trusted(authority: CertificateAuthority, tmp_path: pathlib.Path, transport: str) -> None:
    with listener(authority, transport, "https", ("NTLM",), expired=True) as endpoint:
        text = failure(endpoint.session(**settings(authority, "ntlm")))
        assert re.search(r"not accepted: .*expired.* or renew the certificate", text)
    with listener(authority, transport, "https", ("NTLM",)) as endpoint:
        ca_cert = str(CertificateAuthority(tmp_path).ca_file)
        text = failure(endpoint.session(**settings(authority, "ntlm", ca_cert=ca_cert)))
        assert re.search(r"not accepted: .*Name the CA that issued it in ansible_cmdlet_ca_cert", text)


@pytest.mark.parametrize("transport", ["psrp", "winrm"])
def test_no_proxy_of_the_environment_is_used(
    authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with listener(authority, transport, "http", ("NTLM",)) as endpoint:
        session = endpoint.session(**settings(authority, "ntlm"))
        assert session.invoke("Get-Text", {}).objects == ["plain"]
        session.close()
        assert "cannot reach localhost" in failure(endpoint.session(**settings(authority, "ntlm", proxy="http://127.0.0.1:9")))


# Kerberos

ALL = [("psrp", "kerberos"), ("psrp", "negotiate"), ("winrm", "kerberos")]


@pytest.mark.parametrize(("transport", "auth"), kerberos_cases(*ALL))
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("means", ["password", "keytab", "ccache"])
def test_kerberos(authority: CertificateAuthority, realm: kdc.Kdc, transport: str, auth: str, scheme: str, means: str) -> None:
    if reason := no_kerberos(transport):
        pytest.skip(reason)
    given: dict[str, t.Any] = {
        "password": {},
        "keytab": {"password": "", "keytab": str(realm.user_keytab(contoso.ADMIN))},
        "ccache": {"password": "", "ccache": realm.ticket(contoso.ADMIN)},
    }[means]
    before = os.environ["KRB5CCNAME"]
    # Exchange's directory offers Kerberos alone; a WinRM listener offers it inside Negotiate.
    offered = "Kerberos" if transport == "psrp" and auth == "kerberos" and scheme == "http" else "Negotiate"
    with listener(authority, transport, scheme, (offered,)) as endpoint:
        session = endpoint.session(**settings(authority, auth, **given))
        assert session.invoke("Get-Text", {}).objects == ["plain"]
        assert endpoint.commands.calls[-1].user == contoso.ADMIN
        session.close()
        assert endpoint.server.open_shells == 0
    assert os.environ["KRB5CCNAME"] == before


@pytest.mark.usefixtures("realm")
@pytest.mark.parametrize("transport", kerberos_cases(("psrp",), ("winrm",)))
@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"password": "wrong-one"}, r"the password of svc-ansible@\S+ is wrong: check ansible_password"),
        ({"username": f"nobody@{kdc.REALM}"}, r"the realm does not know nobody@\S+: check ansible_user"),
        (
            {"negotiate_hostname": "other.corp.contoso.com"},
            r"no service principal HTTP/other\.corp\.contoso\.com: set ansible_host .* or ansible_cmdlet_kerberos_hostname",
        ),
        ({"username": "svc@NOWHERE.EXAMPLE"}, r"no domain controller is known for the realm of svc@NOWHERE\.EXAMPLE"),
        ({"password": "", "username": ""}, r"there is no ticket"),
    ],
    ids=["password", "user", "spn", "realm", "no ticket"],
)
def test_kerberos_says_what_is_wrong(
    authority: CertificateAuthority, transport: str, change: dict[str, t.Any], text: str
) -> None:
    if reason := no_kerberos(transport):
        pytest.skip(reason)
    with listener(authority, transport, "http", ("Kerberos", "Negotiate")) as endpoint:
        words = failure(endpoint.session(**settings(authority, "kerberos", **change)))
        assert re.search(rf"^no logon to localhost \(http://localhost:\d+/.* with kerberos: .*{text}", words), words
        assert endpoint.server.open_shells == 0
