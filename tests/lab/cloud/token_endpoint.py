# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Microsoft identity platform as far as an application needs it: discovery and the client credentials grant.

Source: Microsoft identity platform documentation, "OAuth 2.0 client credentials flow" and "Microsoft Entra authentication
and authorization error codes" (the AADSTS numbers); RFC 6749 5.2 for the error names.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hmac
import secrets
import typing as t
import uuid

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lab.cloud.tenant import AccessToken, Application, TenantState

Payload = dict[str, t.Any]

DISCOVERY = "v2.0/.well-known/openid-configuration"
TOKEN = "oauth2/v2.0/token"
LIFETIME_SECONDS = 3599
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Graph in the clouds that have it (Graph documentation, "National cloud deployments").
RESOURCES = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)


class LoginError(Exception):
    """The token endpoint refuses.

    :ivar status: HTTP status
    :ivar error: RFC 6749's name
    :ivar number: of AADSTS
    """

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.number = number
        self.message = message

    def payload(self) -> Payload:
        """The answer's body."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        timestamp = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.message} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {timestamp}",
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }


def answer_login(tenant: TenantState, method: str, path: str, form: dict[str, str], base_url: str) -> Payload:
    """Answer a request below ``/{tenant}/``.

    :param form: the fields of a POST
    :param base_url: scheme and host as the client wrote them
    :raises LoginError: refused
    """
    name, _, rest = path.strip("/").partition("/")
    if (method, rest) not in (("GET", DISCOVERY), ("POST", TOKEN)):
        raise LoginError(404, "invalid_request", 900144, "The endpoint does not exist.")  # assumed: code and text
    if not tenant.is_named(name):
        raise LoginError(
            400,
            "invalid_request",
            90002,
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the tenant.",
        )
    if method == "GET":
        return _discovery(name, base_url)
    return _client_credentials(tenant, form, base_url, audience=f"{base_url}/{name}/{TOKEN}")


def _discovery(tenant_name: str, base_url: str) -> Payload:
    """OpenID Connect discovery of a tenant."""
    tenant_url = f"{base_url}/{tenant_name}"
    return {
        "issuer": f"{tenant_url}/v2.0",
        "authorization_endpoint": f"{tenant_url}/oauth2/v2.0/authorize",
        "token_endpoint": f"{tenant_url}/{TOKEN}",
        "device_authorization_endpoint": f"{tenant_url}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{tenant_url}/discovery/v2.0/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _client_credentials(tenant: TenantState, form: dict[str, str], base_url: str, *, audience: str) -> Payload:
    """The client credentials grant: an opaque token with the application's permissions of this moment."""
    grant = form.get("grant_type", "")
    if grant != "client_credentials":
        raise LoginError(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")
    client_id = form.get("client_id", "")
    application = tenant.applications.get(client_id.lower())
    if application is None:
        raise LoginError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client_id}' was not found in the directory '{tenant.display_name}'. This can "
            "happen if the application has not been installed by the administrator of the tenant or consented to by any "
            "user in the tenant. You may have sent your authentication request to the wrong tenant.",
        )
    _authenticate(application, form, audience)
    _check_scope(form.get("scope", ""), base_url)
    token = secrets.token_urlsafe(48)
    tenant.tokens[token] = AccessToken(application.client_id, list(application.roles))
    return {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "access_token": token,
    }


def _check_scope(scope: str, base_url: str) -> None:
    """Only Graph's default scope is known; the lab's own address stands for Graph too."""
    resource, _, suffix = scope.rpartition("/")
    if suffix != ".default":
        raise LoginError(
            400,
            "invalid_scope",
            1002012,
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value with "
            "/.default suffixed to the resource identifier (application ID URI).",
        )
    if resource.rstrip("/") not in (*RESOURCES, base_url):
        raise LoginError(
            400,
            "invalid_resource",
            500011,
            f"The resource principal named {resource} was not found in the tenant.",
        )


def _authenticate(application: Application, form: dict[str, str], audience: str) -> None:
    """Check the client's secret or the assertion it signed."""
    if "client_assertion" in form:
        if form.get("client_assertion_type") != ASSERTION_TYPE or not _assertion_valid(
            application, form["client_assertion"], audience
        ):
            raise LoginError(
                401,
                "invalid_client",
                700027,
                "The certificate with identifier used to sign the client assertion is not registered on application.",
            )
        return
    if "client_secret" not in form:
        raise LoginError(
            401,
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    given = form["client_secret"].encode()
    if not any(hmac.compare_digest(given, secret.encode()) for secret in application.secrets):
        raise LoginError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
            f"the client secret ID, for a secret added to app '{application.client_id}'.",
        )


def _assertion_valid(application: Application, assertion: str, audience: str) -> bool:
    """Whether one of the application's certificates signed the assertion for this endpoint.

    Source: "Microsoft identity platform application authentication certificate credentials": x5t is the SHA-1 thumbprint,
    x5t#S256 the SHA-256 one; iss and sub are the client id, aud the token endpoint.
    """
    try:
        header = jwt.get_unverified_header(assertion)
        certificate = _find_certificate(application, header)
        if certificate is None:
            return False
        claims = jwt.decode(
            assertion,
            t.cast("t.Any", certificate.public_key()),
            algorithms=["RS256", "PS256"],
            audience=audience,
            options={"require": ["exp", "iss", "sub", "aud"]},
        )
    except (jwt.InvalidTokenError, binascii.Error, ValueError):
        return False
    return bool(claims["iss"] == claims["sub"] == application.client_id)


def _find_certificate(application: Application, header: dict[str, t.Any]) -> x509.Certificate | None:
    """The registered certificate an assertion's header names by thumbprint."""
    name, algorithm = ("x5t#S256", hashes.SHA256()) if "x5t#S256" in header else ("x5t", hashes.SHA1())  # noqa: S303 - the protocol's thumbprint
    value = str(header.get(name, ""))
    thumbprint = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    for pem in application.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if certificate.fingerprint(algorithm) == thumbprint:
            return certificate
    return None
