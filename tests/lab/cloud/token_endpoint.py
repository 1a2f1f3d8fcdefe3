# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Microsoft identity platform as far as an application needs it: discovery, client credentials and device code grant.

Source: Microsoft identity platform documentation, "OAuth 2.0 client credentials flow" and "Microsoft Entra authentication
and authorization error codes" (the AADSTS numbers); RFC 6749 5.2 for the error names.
"""

from __future__ import annotations

import hmac
import secrets
import typing as t

from lab.cloud.client_assertion import assertion_problem
from lab.cloud.device_code import DeviceCodeGrant
from lab.cloud.login_error import LoginError
from lab.cloud.tenant import AccessToken, Application, TenantState

Payload = dict[str, t.Any]

DISCOVERY = "v2.0/.well-known/openid-configuration"
TOKEN = "oauth2/v2.0/token"
DEVICE_CODE = "oauth2/v2.0/devicecode"
OPENID_SCOPES = ("openid", "profile", "offline_access", "email")
LIFETIME_SECONDS = 3599
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Graph in the clouds that have it (Graph documentation, "National cloud deployments").
RESOURCES = (
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
)


def answer_login(tenant: TenantState, method: str, path: str, form: dict[str, str], base_url: str) -> Payload:
    """Answer a request below ``/{tenant}/``.

    :param form: the fields of a POST
    :param base_url: scheme and host as the client wrote them
    :raises LoginError: refused
    """
    name, _slash, rest = path.strip("/").partition("/")
    if (method, rest) not in (("GET", DISCOVERY), ("POST", TOKEN), ("POST", DEVICE_CODE)):
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
    application = _application(tenant, form.get("client_id", ""))
    grant = form.get("grant_type", "")
    if rest == DEVICE_CODE:
        _check_scope(form.get("scope", ""), base_url)
        return DeviceCodeGrant(tenant, application).begin()
    if grant == "client_credentials":
        _authenticate(application, form, f"{base_url}/{name}/{TOKEN}")
        _check_scope(form.get("scope", ""), base_url)
        return issue_token(tenant, application, application.roles)
    if grant in DeviceCodeGrant.GRANT_TYPES:
        permissions = DeviceCodeGrant(tenant, application).finish(form.get("device_code", form.get("code", "")))
        return issue_token(tenant, application, permissions) | {"scope": form.get("scope", "")}
    raise LoginError(400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")


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


def _application(tenant: TenantState, client_id: str) -> Application:
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
    return application


def issue_token(tenant: TenantState, application: Application, permissions: list[str]) -> Payload:
    """An opaque token with the permissions of this moment."""
    token = secrets.token_urlsafe(48)
    tenant.tokens[token] = AccessToken(application.client_id, list(permissions))
    return {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "access_token": token,
    }


def _check_scope(scope: str, base_url: str) -> None:
    """Only Graph's default scope is known; the lab's own address stands for Graph too."""
    scope = next((part for part in scope.split() if part not in OPENID_SCOPES), "")
    resource, _slash, suffix = scope.rpartition("/")
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
        problem = "The assertion type is not known."
        if form.get("client_assertion_type") == ASSERTION_TYPE:
            problem = assertion_problem(application, form["client_assertion"], audience)
        if problem:
            raise LoginError(
                401, "invalid_client", 700027, f"Client assertion contains an invalid signature. [Reason - {problem}]"
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
    if any(hmac.compare_digest(given, secret.encode()) for secret in application.expired_secrets):
        raise LoginError(
            401, "invalid_client", 7000222, f"The provided client secret keys for app '{application.client_id}' are expired."
        )
    if not any(hmac.compare_digest(given, secret.encode()) for secret in application.secrets):
        raise LoginError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
            f"the client secret ID, for a secret added to app '{application.client_id}'.",
        )
