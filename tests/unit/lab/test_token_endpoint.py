# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The token endpoint, used by msal as an application uses Microsoft's."""

from __future__ import annotations

import hashlib
import pathlib
import threading
import types
import typing as t

import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from helpers.application_identity import Identity

from lab import contoso
from lab.certificates import CertificateAuthority
from lab.cloud.server import CloudServer
from lab.cloud.tenant import TenantState
from lab.dns.server import DnsState
from lab.traffic import Traffic

SCOPE = "https://graph.microsoft.com/.default"
TIMEOUT = 10


class Lab(t.NamedTuple):
    """What a test needs of the server."""

    world: t.Any
    traffic: Traffic
    base: str
    ca_file: str

    @property
    def tenant(self) -> TenantState:
        return t.cast(TenantState, self.world.tenant)

    def application(self, *, tenant: str = contoso.TENANT, **options: t.Any) -> msal.ConfidentialClientApplication:
        given = {
            "client_id": contoso.CLIENT_ID,
            "authority": f"{self.base}/{tenant}",
            "client_credential": contoso.CLIENT_SECRET,
        }
        return msal.ConfidentialClientApplication(**(given | options), instance_discovery=False, verify=self.ca_file)

    def post(self, form: dict[str, str], *, tenant: str = contoso.TENANT) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(f"{self.base}/{tenant}/oauth2/v2.0/token", data=form, verify=self.ca_file, timeout=TIMEOUT)


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    authority = CertificateAuthority(tmp_path_factory.mktemp("ca"))
    world: t.Any = types.SimpleNamespace(lock=threading.RLock(), tenant=TenantState.seed(), dns=DnsState.seed())
    traffic = Traffic()
    server = CloudServer(world, traffic=traffic, tls=authority.server_context("localhost", "127.0.0.1"))
    server.start()
    try:
        yield Lab(world, traffic, f"https://localhost:{server.port}", str(authority.ca_file))
    finally:
        server.stop()


@pytest.fixture(name="lab")
def fixture_lab(server: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would override msal's verify
        monkeypatch.delenv(name, raising=False)
    server.world.tenant = TenantState.seed()
    server.traffic.reset()
    return server


@pytest.fixture(name="key_pair", scope="module")
def fixture_key_pair() -> tuple[str, str]:
    """An application's private key and certificate, PEM."""
    identity = Identity.make()
    private = identity.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), identity.pem


@pytest.mark.parametrize("tenant", [contoso.TENANT, contoso.TENANT_ID, "contoso.com"])
def test_secret_gives_a_token_with_the_applications_roles(lab: Lab, tenant: str) -> None:
    application = lab.application(tenant=tenant)
    result = application.acquire_token_for_client([SCOPE])
    token = lab.tenant.tokens[result["access_token"]]
    assert token.client_id == contoso.CLIENT_ID
    assert "Domain.ReadWrite.All" in token.roles
    assert result["expires_in"] > 3000
    assert application.acquire_token_for_client([SCOPE])["access_token"] == result["access_token"]
    assert lab.traffic.log == [
        ("token", f"GET /{tenant}/v2.0/.well-known/openid-configuration"),
        ("token", f"POST /{tenant}/oauth2/v2.0/token"),
    ]


def test_token_opens_graph(lab: Lab) -> None:
    token = lab.application().acquire_token_for_client([SCOPE])["access_token"]
    with requests.Session() as session:
        session.trust_env = False
        response = session.get(
            f"{lab.base}/v1.0/domains", headers={"Authorization": f"Bearer {token}"}, verify=lab.ca_file, timeout=TIMEOUT
        )
    assert response.status_code == 200


def test_oidc_authority_works_too(lab: Lab) -> None:
    application = msal.ConfidentialClientApplication(
        contoso.CLIENT_ID,
        client_credential=contoso.CLIENT_SECRET,
        oidc_authority=f"{lab.base}/{contoso.TENANT}/v2.0",
        verify=lab.ca_file,
    )
    assert "access_token" in application.acquire_token_for_client([SCOPE])


@pytest.mark.parametrize("form", ["thumbprint", "certificate"])
def test_certificate_gives_a_token(lab: Lab, key_pair: tuple[str, str], form: str) -> None:
    private, certificate = key_pair
    credential = {"private_key": private}
    if form == "thumbprint":
        der = x509.load_pem_x509_certificate(certificate.encode()).public_bytes(serialization.Encoding.DER)
        credential["thumbprint"] = hashlib.sha1(der).hexdigest()  # noqa: S324 - the protocol's thumbprint
    else:
        credential["public_certificate"] = certificate
    refused = lab.application(client_credential=credential).acquire_token_for_client([SCOPE])
    assert refused["error_codes"] == [700027]
    lab.tenant.applications[contoso.CLIENT_ID].certificates.append(certificate)
    assert "access_token" in lab.application(client_credential=credential).acquire_token_for_client([SCOPE])


def test_key_that_is_not_the_certificates_is_refused(lab: Lab, key_pair: tuple[str, str]) -> None:
    _private, certificate = key_pair
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    lab.tenant.applications[contoso.CLIENT_ID].certificates.append(certificate)
    credential = {"private_key": other.decode(), "public_certificate": certificate}
    result = lab.application(client_credential=credential).acquire_token_for_client([SCOPE])
    assert result["error_codes"] == [700027]


@pytest.mark.parametrize(
    ("options", "error", "number"),
    [
        ({"client_credential": "not-the-secret"}, "invalid_client", 7000215),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, "unauthorized_client", 700016),
    ],
)
def test_wrong_credentials(lab: Lab, options: dict[str, str], error: str, number: int) -> None:
    result = lab.application(**options).acquire_token_for_client([SCOPE])
    assert (result["error"], result["error_codes"]) == (error, [number])
    assert f"AADSTS{number}" in result["error_description"]
    assert "not-the-secret" not in result["error_description"]
    assert not lab.tenant.tokens


def test_unknown_tenant(lab: Lab) -> None:
    with pytest.raises(ValueError, match="tenant"):
        lab.application(tenant="nothere.onmicrosoft.com").acquire_token_for_client([SCOPE])
    answer = lab.post({"grant_type": "client_credentials"}, tenant="nothere.onmicrosoft.com")
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [90002]


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "https://graph.microsoft.com/Domain.Read.All"}, 400, "invalid_scope"),
        ({"scope": "https://vault.azure.net/.default"}, 400, "invalid_resource"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_secret": None, "client_assertion": "nonsense"}, 401, "invalid_client"),
    ],
)
def test_malformed_requests(lab: Lab, changes: dict[str, t.Any], status: int, error: str) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": contoso.CLIENT_ID,
        "client_secret": contoso.CLIENT_SECRET,
        "scope": SCOPE,
    }
    answer = lab.post({name: value for name, value in (form | changes).items() if value is not None})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert not lab.tenant.tokens


def test_expired_server_certificate_is_refused_by_the_client(tmp_path: pathlib.Path) -> None:
    authority = CertificateAuthority(tmp_path)
    world: t.Any = types.SimpleNamespace(lock=threading.RLock(), tenant=TenantState.seed(), dns=DnsState.seed())
    server = CloudServer(world, traffic=Traffic(), tls=authority.server_context("localhost", expired=True))
    server.start()
    try:
        lab = Lab(world, Traffic(), f"https://localhost:{server.port}", str(authority.ca_file))
        with pytest.raises(requests.exceptions.SSLError, match="certificate has expired"):
            lab.post({})
    finally:
        server.stop()
