# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to log on to a real domain controller, and what comes of every way not to."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import pathlib
import socket
import typing as t
import warnings

import pytest

from lab import contoso, samba
from lab.certificates import CertificateAuthority
from lab.directory.domain import Domain

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _directory_locator, _directory_logon
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import Directory, open_directory
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import DirectoryError
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import DirectoryOptions

if t.TYPE_CHECKING:
    from collections.abc import Iterator

heavy = pytest.mark.heavy
needs_gssapi = pytest.mark.skipif(
    importlib.util.find_spec("gssapi") is None,
    reason="the Python package gssapi is not installed (needs the Debian package libkrb5-dev)",
)
needs_sealing = pytest.mark.skipif(
    "session_security" not in inspect.signature(ldap3.Connection.__init__).parameters,
    reason=f"ldap3 {ldap3.__version__} does not seal",
)
USER = f"{contoso.ADMIN}@{contoso.AD_DOMAIN}"


def options(domain: Domain, **changes: t.Any) -> DirectoryOptions:
    given = DirectoryOptions(
        host=contoso.DC_HOST,
        user=USER,
        password=contoso.ADMIN_PASSWORD,
        ca_cert=str(domain.authority.ca_file),
        port=domain.ldaps_port if changes.get("tls", "ldaps") == "ldaps" else domain.ldap_port,
        timeout=5,
    )
    return dataclasses.replace(given, **changes)


def resolve_to(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """The name service of a network where the hosts of the domain have this address."""
    ask = socket.getaddrinfo

    def answer(host: t.Any, *arguments: t.Any, **keywords: t.Any) -> t.Any:
        domain_host = isinstance(host, str) and host.endswith(contoso.AD_DOMAIN)
        return ask(address if domain_host else host, *arguments, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.fixture
def named(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> Domain:
    """Each domain controller, known by its name."""
    resolve_to(monkeypatch, domain.address)
    return domain


@pytest.fixture
def realm(samba_domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch) -> samba.SambaDomain:
    """Samba with its Kerberos realm."""
    samba_domain.reset()
    use(samba_domain, monkeypatch)
    return samba_domain


@pytest.fixture(scope="module")
def channel_binding_domain(samba_image: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[samba.SambaDomain]:
    """A newer Samba: it takes Kerberos inside TLS only when it is bound to the channel."""
    if not samba.NEWER.is_dir():
        pytest.skip(f"no Samba 4.22 in {samba.NEWER}: .ci/run puts it there, from bookworm-backports")
    directory = tmp_path_factory.mktemp("channel_binding")
    authority = CertificateAuthority(directory / "ca")
    with samba.SambaDomain(samba_image, directory / "dc", authority, number=3, usr=samba.NEWER) as domain:
        yield domain


@pytest.fixture(scope="module")
def told_domain(samba_image: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[samba.SambaDomain]:
    """The Samba of Debian 12 takes Kerberos inside TLS when it is told to, and does not check what it is bound to."""
    directory = tmp_path_factory.mktemp("told")
    authority = CertificateAuthority(directory / "ca")
    told = {"ldap server require strong auth": "allow_sasl_over_tls"}
    with samba.SambaDomain(samba_image, directory / "dc", authority, number=1, options=told) as domain:
        yield domain


@pytest.fixture(params=["told_domain", "channel_binding_domain"])
def tls_kerberos_domain(request: pytest.FixtureRequest) -> samba.SambaDomain:
    return t.cast("samba.SambaDomain", request.getfixturevalue(request.param))


def use(domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its realm and its address."""
    resolve_to(monkeypatch, domain.address)
    monkeypatch.setenv("KRB5_CONFIG", str(domain.krb5_config))
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{domain.directory / 'none'}")


def logged_on(given: DirectoryOptions) -> None:
    with Directory(given) as directory:
        assert directory.domain == contoso.AD_DOMAIN
        assert directory.read_dacl(contoso.WRITEBACK_OU).descriptor.aces
        assert directory.find_account(contoso.CONNECTOR_ACCOUNT).name == contoso.CONNECTOR_ACCOUNT


def refusal(given: DirectoryOptions) -> str:
    with pytest.raises(DirectoryError) as caught:
        Directory(given)
    message = str(caught.value)
    assert contoso.ADMIN_PASSWORD not in message
    assert message.isprintable()
    return message


# Passwords inside TLS, on both domain controllers


@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
@pytest.mark.parametrize("user", [USER, f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}"])
def test_password_inside_tls(named: Domain, tls: str, user: str) -> None:
    logged_on(options(named, tls=tls, user=user))


@pytest.mark.parametrize("user", [USER, f"nobody@{contoso.AD_DOMAIN}"])
def test_wrong_password(named: Domain, user: str) -> None:
    message = refusal(options(named, user=user, password="Not-The-Passw0rd"))
    assert "49 invalidCredentials" in message and "directory_password" in message


@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
def test_unknown_authority(named: Domain, tls: str, tmp_path: pathlib.Path) -> None:
    message = refusal(options(named, tls=tls, ca_cert=str(CertificateAuthority(tmp_path).ca_file)))
    assert "certificate is not accepted" in message and "directory_ca_cert" in message


def test_another_name_than_the_certificates(named: Domain) -> None:
    assert "certificate is not accepted" in refusal(options(named, host=f"dc9.{contoso.AD_DOMAIN}"))


@heavy
def test_expired_certificate(samba_image: pathlib.Path, tmp_path: pathlib.Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    with samba.SambaDomain(samba_image, tmp_path / "dc", authority, number=2, expired=True) as domain:
        assert "has expired" in refusal(options(domain, host=domain.address))


# Kerberos

WAYS = ["password", "keytab", "cache"]


def credentials(domain: samba.SambaDomain, way: str) -> dict[str, t.Any]:
    if way == "password":
        return {}
    if way == "keytab":
        return {"password": None, "keytab": str(domain.keytab(contoso.ADMIN))}
    cache = domain.ticket(contoso.ADMIN, contoso.ADMIN_PASSWORD)
    return {"password": None, "user": None, "credential_cache": str(cache)}


@heavy
@needs_gssapi
@needs_sealing
@pytest.mark.parametrize("way", WAYS)
def test_kerberos_sealed(realm: samba.SambaDomain, way: str) -> None:
    logged_on(options(realm, auth="kerberos", tls="none", **credentials(realm, way)))


@heavy
@needs_gssapi
@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
@pytest.mark.parametrize("way", WAYS)
def test_kerberos_inside_tls(tls_kerberos_domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch, tls: str, way: str) -> None:
    use(tls_kerberos_domain, monkeypatch)
    logged_on(options(tls_kerberos_domain, auth="kerberos", tls=tls, **credentials(tls_kerberos_domain, way)))


@heavy
@needs_gssapi
@pytest.mark.parametrize("tls", ["ldaps", "starttls"])
def test_a_ticket_that_is_not_bound_to_the_channel(
    channel_binding_domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    """So the binding is checked, and what passes is bound."""
    use(channel_binding_domain, monkeypatch)
    given = options(channel_binding_domain, auth="kerberos", tls=tls)
    logged_on(given)
    monkeypatch.setattr(ldap3.protocol.sasl.kerberos, "get_channel_bindings", lambda _socket: None)
    message = refusal(given)
    assert "49 invalidCredentials" in message and "channel binding" in message


@heavy
def test_a_newer_domain_controller_takes_passwords_inside_tls(
    channel_binding_domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(channel_binding_domain, monkeypatch)
    for tls in ("ldaps", "starttls"):
        logged_on(options(channel_binding_domain, tls=tls))


@heavy
@needs_gssapi
@needs_sealing
def test_a_newer_domain_controller_takes_kerberos_sealed(
    channel_binding_domain: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(channel_binding_domain, monkeypatch)
    logged_on(options(channel_binding_domain, auth="kerberos", tls="none"))


@heavy
@needs_gssapi
def test_a_ticket_of_the_default_cache(realm: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = realm.ticket(contoso.ADMIN, contoso.ADMIN_PASSWORD)
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{cache}")
    given = options(realm, auth="kerberos", user=None, password=None)
    assert "8 strongerAuthRequired" in refusal(given)  # this Samba's default wants it sealed


@heavy
@needs_gssapi
@needs_sealing
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "Not-The-Passw0rd"}, ("no ticket for svc-ansible@CORP.CONTOSO.COM", "directory_password")),
        ({"user": f"nobody@{contoso.AD_DOMAIN}"}, ("nobody@CORP.CONTOSO.COM", "not found in Kerberos database")),
        ({"user": "svc-ansible@corp.fabrikam.com"}, ("krb5.conf",)),
        ({"user": None, "password": None}, ("kinit",)),
        ({"password": None, "credential_cache": "/nowhere/cache"}, ("kinit",)),
        (
            {"host": f"dc9.{contoso.AD_DOMAIN}", "tls": "none"},
            ("ldap/dc9", "not found in Kerberos database", "domain_controller"),
        ),
    ],
)
def test_kerberos_refused(realm: samba.SambaDomain, changes: dict[str, t.Any], words: tuple[str, ...]) -> None:
    message = refusal(options(realm, **{"auth": "kerberos", **changes}))
    for word in words:
        assert word in message


# A domain controller found by DNS


@heavy
def test_found_by_dns(realm: samba.SambaDomain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samba's own name server has the records that every domain has."""
    resolver = _directory_locator.dns.resolver.Resolver(configure=False)
    resolver.nameservers = [realm.address]
    monkeypatch.setattr(_directory_locator.dns.resolver, "default_resolver", resolver)
    with open_directory(options(realm, host=""), contoso.AD_DOMAIN) as directory:
        assert directory.host == contoso.DC_HOST
    with pytest.raises(DirectoryError, match=r"_ldap\._tcp\.dc\._msdcs\.corp\.fabrikam\.com"):
        open_directory(options(realm, host=""), "corp.fabrikam.com")


@dataclasses.dataclass(frozen=True)
class Record:
    priority: int
    weight: int
    target: str


def test_order_of_domain_controllers() -> None:
    records = [Record(10, 100, "far"), Record(0, 100, "near"), Record(0, 0, "spare")]
    first = [_directory_locator.in_order(records)[0].target for _draw in range(100)]
    assert set(first) <= {"near", "spare"}
    assert first.count("near") > first.count("spare")
    assert all(_directory_locator.in_order(records)[2].target == "far" for _draw in range(10))


# What is said before anything is contacted


class Stopped(Exception):
    """The module would have ended here."""


class Module:
    def fail_json(self, msg: str, **_details: t.Any) -> t.NoReturn:
        raise Stopped(msg)


BASE = DirectoryOptions(host="dc1.corp.contoso.com", user=USER, password="x")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": ""}, "directory_password"),
        ({"tls": "none"}, "would show the password"),
        ({"keytab": __file__}, "directory_keytab"),
        ({"keytab": "/nowhere/keytab"}, "there is no file /nowhere/keytab"),
        ({"auth": "kerberos", "keytab": __file__}, "give one"),
        ({"auth": "kerberos", "user": None}, "directory_user must name"),
        ({"auth": "kerberos", "host": "192.0.2.1"}, "not its address 192.0.2.1"),
        ({"auth": "kerberos", "host": "2001:db8::1"}, "not its address 2001:db8::1"),
    ],
)
def test_options_that_cannot_work(monkeypatch: pytest.MonkeyPatch, changes: dict[str, t.Any], words: str) -> None:
    monkeypatch.setattr(_directory_logon, "_GSSAPI_MISSING", None)
    with pytest.raises(Stopped, match=words):
        _directory_logon.check_requirements(t.cast("t.Any", Module()), dataclasses.replace(BASE, **changes))


@pytest.mark.parametrize("library", ["ldap3", "gssapi"])
def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setattr(_directory_logon, "_GSSAPI_MISSING", None)
    monkeypatch.setattr(_directory_logon, f"_{library.upper()}_MISSING", "Traceback")
    with pytest.raises(Stopped, match=library):
        _directory_logon.check_requirements(t.cast("t.Any", Module()), dataclasses.replace(BASE, auth="kerberos"))


def test_an_ldap3_that_cannot_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_directory_logon, "_GSSAPI_MISSING", None)
    monkeypatch.setattr(_directory_logon, "_can_seal", lambda: False)
    with pytest.raises(Stopped, match=r"ldap3 2\.10"):
        _directory_logon.check_requirements(t.cast("t.Any", Module()), dataclasses.replace(BASE, auth="kerberos", tls="none"))
