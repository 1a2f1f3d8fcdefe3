# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Access tokens for Microsoft Graph, by msal; they live in memory only."""

from __future__ import annotations

import datetime
import pathlib
import time
import traceback
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_http import Http, first_line
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_settings import GraphError, GraphSettings

try:
    import msal
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

Json = dict[str, t.Any]
Token = t.Callable[[], str]
"""Gives an access token that is valid now. Raises GraphError when the sign-in fails."""


def token_source(settings: GraphSettings, http: Http, metadata_http: Http) -> Token:
    """The way to sign in that the options choose.

    :param metadata_http: for the machine's own identity endpoint
    """
    match settings.auth:
        case "access_token":
            return lambda: settings.access_token
        case "managed_identity":
            return ManagedIdentityToken(settings, metadata_http)
        case _:
            return ApplicationToken(settings, http)


class ApplicationToken:
    """Tokens for an application that shows its secret or signs with its certificate (client credentials grant)."""

    def __init__(self, settings: GraphSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._application: t.Any = None

    def __call__(self) -> str:
        settings = self._settings
        if self._application is None:
            credential = settings.client_secret if settings.auth == "client_secret" else load_certificate(settings)
            self._application = _application(
                msal.ConfidentialClientApplication, settings, self._http, client_credential=credential
            )
        # msal keeps a token for as long as it lasts.
        answer = self._application.acquire_token_for_client([_scope(settings)])
        return _access_token(settings, answer, f"Check client_id and {settings.auth}.")


class ManagedIdentityToken:
    """Tokens for the Azure machine this runs on; the system's identity, or the one of ``client_id``."""

    def __init__(self, settings: GraphSettings, http: Http) -> None:
        self._settings = settings
        identity: t.Any = (
            msal.UserAssignedManagedIdentity(client_id=settings.client_id)
            if settings.client_id
            else msal.SystemAssignedManagedIdentity()
        )
        self._client = msal.ManagedIdentityClient(identity, http_client=http)

    def __call__(self) -> str:
        advice = "Managed identities exist on Azure and Azure Arc machines only; check that one is assigned to this machine."
        try:
            answer = self._client.acquire_token_for_client(resource=self._settings.graph_url)
        except (GraphError, ValueError, msal.ManagedIdentityError) as exc:
            raise GraphError(f"The managed identity gave no token: {first_line(str(exc))}. {advice}") from exc
        return _access_token(self._settings, answer, advice)


class DeviceLogin:
    """A person signs in with a browser elsewhere ("OAuth 2.0 device authorization grant", RFC 8628)."""

    def __init__(self, settings: GraphSettings, http: Http, make_deadline: t.Callable[[float], Deadline] = Deadline) -> None:
        self._settings = settings
        self._make_deadline = make_deadline
        self._application = _application(msal.PublicClientApplication, settings, http)

    def begin(self) -> Json:
        """Ask for a code: ``message`` tells the person where to enter it, ``device_code`` is for :meth:`finish`.

        :raises GraphError: refused
        """
        flow: Json = self._application.initiate_device_flow([_scope(self._settings)])
        if "device_code" not in flow:
            raise _sign_in_error(self._settings, flow, "Allow public client flows for the application, and check client_id.")
        return flow

    def finish(self, device_code: str, timeout: float) -> Json:
        """Wait until the person has signed in: ``access_token`` and ``expires_in`` (seconds).

        :raises GraphError: refused, or not signed in within ``timeout`` seconds
        """
        deadline = self._make_deadline(timeout)
        interval = 5.0  # RFC 8628 3.2: the default; 3.5: five seconds more when asked to slow down
        while True:
            flow = {"device_code": device_code, "expires_at": time.time() + timeout}
            answer: Json = self._application.acquire_token_by_device_flow(flow, exit_condition=lambda _flow: True)
            if "access_token" in answer:
                return answer
            if answer.get("error") == "slow_down":
                interval += 5
            elif answer.get("error") != "authorization_pending":
                raise _sign_in_error(self._settings, answer, "Begin again to get a new code.")
            if not deadline.pause(interval):
                raise GraphError(f"Nobody entered the code within {timeout:g} seconds. Begin again to get a new code.")


def load_certificate(settings: GraphSettings) -> Json:
    """The certificate and its key, as msal takes them, from a PEM or PKCS #12 file.

    :raises GraphError: unreadable, without a key, or expired
    """
    path = settings.client_certificate
    password = settings.client_certificate_password.encode() if settings.client_certificate_password else None
    try:
        content = pathlib.Path(path).read_bytes()
        key: t.Any
        certificate: x509.Certificate | None
        if b"-----BEGIN" in content:
            key = serialization.load_pem_private_key(content, password)
            certificate = x509.load_pem_x509_certificate(content)
        else:
            key, certificate, _chain = pkcs12.load_key_and_certificates(content, password)
    except (OSError, ValueError, TypeError) as exc:
        # The library's text is left out: it speaks of formats, not of what to do.
        raise GraphError(
            f"client_certificate: {path} cannot be read. It must hold the certificate and its private key, as PEM or "
            "PKCS #12 (.pfx), and client_certificate_password must fit."
        ) from exc
    if key is None or certificate is None:
        raise GraphError(f"client_certificate: {path} lacks the certificate or its private key.")
    if certificate.not_valid_after_utc < datetime.datetime.now(datetime.UTC):
        raise GraphError(
            f"client_certificate: the certificate in {path} expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC. "
            "Register a new one with the application and give its file."
        )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {
        "private_key": private.decode(),
        "public_certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }


def _scope(settings: GraphSettings) -> str:
    return f"{settings.graph_url}/.default"


def _application(kind: t.Any, settings: GraphSettings, http: Http, **options: t.Any) -> t.Any:
    try:
        return kind(
            settings.client_id,
            authority=f"{settings.authority_url}/{settings.tenant_id}",
            instance_discovery=False,  # the authority is one of ours or the user's own
            http_client=http,
            **options,
        )
    except ValueError as exc:  # msal: the authority does not know the tenant
        raise GraphError(
            f"{settings.authority_url} knows no tenant {settings.tenant_id}: check tenant_id, cloud and authority_url."
        ) from exc


def _access_token(settings: GraphSettings, answer: Json, advice: str) -> str:
    if "access_token" not in answer:
        raise _sign_in_error(settings, answer, advice)
    return str(answer["access_token"])


def _sign_in_error(settings: GraphSettings, answer: Json, advice: str) -> GraphError:
    who = "the managed identity" if settings.auth == "managed_identity" else f"application {settings.client_id}"
    where = f" to tenant {settings.tenant_id}" if settings.tenant_id else ""
    correlation = answer.get("correlation_id") or "unknown"
    return GraphError(
        f"Signing in{where} as {who} failed: {first_line(str(answer.get('error_description') or ''))} "
        f"({answer.get('error')}, correlation id {correlation}). {advice}",
        code=str(answer.get("error")),
    )
