# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Microsoft Graph v1.0: the only file that speaks HTTP to Microsoft.

Tokens come from msal, the rest goes through requests. Both use one session of our own, which trusts what the options say:
the environment's ``REQUESTS_CA_BUNDLE`` neither breaks nor weakens it. Tokens live in memory only.
"""

from __future__ import annotations

import dataclasses
import pathlib
import traceback
import typing as t
import urllib.parse

from ansible.module_utils.basic import env_fallback, missing_required_lib

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

try:
    import msal
    import requests
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Json = dict[str, t.Any]

_VERSION = "/v1.0"
_ATTEMPT_TIMEOUT = 30.0  # seconds one HTTP request may take
_CONNECTION_ATTEMPTS = 4  # a host that does not answer this often in a row is taken for unreachable
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_NOT_CARRIED_OUT = 429  # throttled: refused before anything happened ("Microsoft Graph throttling guidance")


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Where a national cloud signs in and serves Graph ("National cloud deployments", Microsoft Graph)."""

    authority_url: str
    graph_url: str


CLOUDS: t.Mapping[str, Cloud] = {
    "global": Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "us_government_l4": Cloud("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "us_government_l5": Cloud("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": Cloud("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}


class GraphError(CollectionError):
    """Microsoft Graph, or the sign-in to it, failed. ``str()`` is a sentence for the user.

    :param status: HTTP status, or None when nothing was answered
    :param code: Graph's error code, such as ``Request_BadRequest``, or the sign-in's, such as ``invalid_client``
    """

    def __init__(self, message: str, *, status: int | None = None, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class GraphAnswerLost(GraphError):
    """A request was sent and no answer came: it may have been carried out or not."""


@dataclasses.dataclass(frozen=True)
class GraphSettings:
    """Which tenant, as whom, where, trusting whom."""

    tenant_id: str
    client_id: str
    client_secret: str = dataclasses.field(repr=False)
    authority_url: str = CLOUDS["global"].authority_url
    graph_url: str = CLOUDS["global"].graph_url
    ca_cert: str | None = None
    timeout: float = 60.0

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any]) -> GraphSettings:
        """From a module's options.

        :raises GraphError: an option is missing or malformed
        """
        for name in ("tenant_id", "client_id", "client_secret"):
            if not params[name]:
                raise GraphError(f"{name} is missing: give the option, or set the environment variable M365_{name.upper()}.")
        cloud = CLOUDS[params["cloud"]]
        return cls(
            tenant_id=_tenant(params["tenant_id"]),
            client_id=params["client_id"],
            client_secret=params["client_secret"],
            authority_url=_https("authority_url", params["authority_url"] or cloud.authority_url),
            graph_url=_https("graph_url", params["graph_url"] or cloud.graph_url).removesuffix(_VERSION),
            ca_cert=_file("graph_ca_cert", params["graph_ca_cert"]),
            timeout=float(params["graph_timeout"]),
        )


def graph_argument_spec() -> dict[str, t.Any]:
    """The options of the documentation fragment ``_graph``."""
    return {
        "tenant_id": {"type": "str", "fallback": (env_fallback, ["M365_TENANT_ID"])},
        "client_id": {"type": "str", "fallback": (env_fallback, ["M365_CLIENT_ID"])},
        "client_secret": {"type": "str", "no_log": True, "fallback": (env_fallback, ["M365_CLIENT_SECRET"])},
        "cloud": {"type": "str", "choices": list(CLOUDS), "default": "global"},
        "authority_url": {"type": "str"},
        "graph_url": {"type": "str"},
        "graph_ca_cert": {"type": "path"},
        "graph_timeout": {"type": "int", "default": 60},
    }


def require_libraries(module: AnsibleModule) -> None:
    """End the task when msal or requests is missing."""
    if IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("msal and requests"), exception=IMPORT_ERROR)


class Http:
    """One session with bounded repetition. msal uses it as its HTTP client through :meth:`get` and :meth:`post`."""

    def __init__(self, settings: GraphSettings, make_deadline: t.Callable[[float], Deadline] = Deadline) -> None:
        self._timeout = settings.timeout
        self._make_deadline = make_deadline
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = settings.ca_cert or True
        # trust_env would also have carried the proxies, which are no matter of trust.
        for url in (settings.authority_url, settings.graph_url):
            self._session.proxies.update(requests.utils.get_environ_proxies(url))

    def send(self, method: str, url: str, *, repeatable: bool = True, **options: t.Any) -> requests.Response:
        """Send, and send again on throttling, an overloaded server or a lost connection, until the deadline.

        :param repeatable: False: the request may not be carried out twice
        :raises GraphAnswerLost: not repeatable, and perhaps carried out
        :raises GraphError: no usable answer until the deadline, or the certificate was not trusted
        """
        host = urllib.parse.urlsplit(url).netloc
        deadline = self._make_deadline(self._timeout)
        unanswered = 0
        while True:
            try:
                answer = self._session.request(
                    method, url, timeout=min(_ATTEMPT_TIMEOUT, max(1.0, deadline.remaining())), **options
                )
            except requests.exceptions.SSLError as exc:
                raise GraphError(
                    f"The certificate of {host} is not trusted: {_reason(exc)}. "
                    "If a CA of your own signed it, name that CA's file in graph_ca_cert."
                ) from exc
            except (requests.ConnectionError, requests.Timeout) as exc:
                unanswered += 1
                problem = f"{method} {url} got no answer: {_reason(exc)}"
                if not repeatable:
                    raise GraphAnswerLost(f"{problem}.") from exc
                if unanswered >= _CONNECTION_ATTEMPTS or not deadline.pause():
                    raise GraphError(
                        f"{problem} (tried {unanswered} times). Check that {host} can be reached from the control node."
                    ) from exc
                continue
            except requests.RequestException as exc:
                raise GraphError(f"{method} {url} could not be sent: {_reason(exc)}.") from exc
            if answer.status_code not in _TRY_AGAIN:
                return answer
            if not repeatable and answer.status_code != _NOT_CARRIED_OUT:
                raise GraphAnswerLost(f"{method} {url} was answered with HTTP {answer.status_code}.")
            unanswered = 0
            if not deadline.pause(_retry_after(answer)):
                return answer

    def get(self, url: str, **options: t.Any) -> requests.Response:
        """GET as msal calls it."""
        return self.send("GET", url, **options)

    def post(self, url: str, **options: t.Any) -> requests.Response:
        """POST as msal calls it: asking for a token twice does no harm."""
        return self.send("POST", url, **options)

    def close(self) -> None:
        self._session.close()


class ClientSecretToken:
    """Access tokens for an application that shows its secret (client credentials grant)."""

    def __init__(self, settings: GraphSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._application: t.Any = None

    def __call__(self) -> str:
        """A token that is valid now; msal keeps it for as long as it lasts.

        :raises GraphError: the sign-in failed
        """
        settings = self._settings
        try:
            if self._application is None:
                self._application = msal.ConfidentialClientApplication(
                    settings.client_id,
                    authority=f"{settings.authority_url}/{settings.tenant_id}",
                    client_credential=settings.client_secret,
                    instance_discovery=False,  # the authority is one of ours or the user's own
                    http_client=self._http,
                )
            answer = self._application.acquire_token_for_client([f"{settings.graph_url}/.default"])
        except ValueError as exc:  # msal: the authority does not know the tenant
            raise GraphError(
                f"{settings.authority_url} knows no tenant {settings.tenant_id}: check tenant_id, cloud and authority_url."
            ) from exc
        if "access_token" not in answer:
            raise GraphError(
                f"Signing in to tenant {settings.tenant_id} as application {settings.client_id} failed: "
                f"{_first_line(answer.get('error_description') or '')} ({answer.get('error')}, "
                f"correlation id {answer.get('correlation_id') or 'unknown'}). Check client_id and client_secret.",
                code=str(answer.get("error")),
            )
        return str(answer["access_token"])


class GraphClient:
    """Reads and writes of Microsoft Graph v1.0.

    Every call names the application permission it needs, so that a refusal (403) can say which one is missing.

    :param token: gives an access token; by default the application's secret is used
    """

    def __init__(
        self,
        settings: GraphSettings,
        *,
        token: t.Callable[[], str] | None = None,
        make_deadline: t.Callable[[float], Deadline] = Deadline,
    ) -> None:
        self._base = settings.graph_url + _VERSION
        self._timeout = settings.timeout
        self._make_deadline = make_deadline
        self._http = Http(settings, make_deadline)
        self._token = token or ClientSecretToken(settings, self._http)

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._http.close()

    def get(self, path: str, *, permission: str) -> Json:
        """The object at ``path``, such as ``/domains/contoso.com``.

        :raises GraphError: refused or unreachable
        """
        return self._call("GET", f"{self._base}{path}", permission)

    def find(self, path: str, *, permission: str) -> Json | None:
        """As :meth:`get`, and None when there is no such object (404)."""
        try:
            return self.get(path, permission=permission)
        except GraphError as exc:
            if exc.status == 404:
                return None
            raise

    def list(self, path: str, *, permission: str) -> list[Json]:
        """All objects of a collection, following ``@odata.nextLink`` ("Paging Microsoft Graph data").

        :raises GraphError: refused or unreachable
        """
        objects: list[Json] = []
        url: str | None = f"{self._base}{path}"
        while url:
            # The token goes along: a link to another host is not followed.
            if not url.startswith(f"{self._base}/"):
                raise GraphError(f"The next page of {path} lies on another host ({url}): not followed.")
            page = self._call("GET", url, permission)
            objects.extend(page.get("value", []))
            url = page.get("@odata.nextLink")
        return objects

    def write(self, method: str, path: str, body: Json | None, *, permission: str, landed: t.Callable[[], bool]) -> None:
        """POST or PATCH something that must not happen twice.

        When the answer is lost, ``landed`` reads whether the request was carried out; only if not is it sent again.

        :raises GraphError: refused, or no answer until the deadline
        """
        deadline = self._make_deadline(self._timeout)
        while True:
            try:
                self._call(method, f"{self._base}{path}", permission, body=body, repeatable=False)
                return
            except GraphAnswerLost:
                if landed():
                    return
                if not deadline.pause():
                    raise

    def await_state(self, reached: t.Callable[[], bool]) -> bool:
        """Read until a write has become visible (Graph is eventually consistent) or the deadline passes."""
        deadline = self._make_deadline(self._timeout)
        while not reached():
            if not deadline.pause():
                return False
        return True

    def _call(self, method: str, url: str, permission: str, *, body: Json | None = None, repeatable: bool = True) -> Json:
        headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
        answer = self._http.send(method, url, repeatable=repeatable, headers=headers, json=body, allow_redirects=False)
        if answer.status_code >= 300:
            raise _refusal(method, url, answer, permission)
        if not answer.content:
            return {}
        try:
            return t.cast(Json, answer.json())
        except ValueError as exc:
            raise GraphError(f"{method} {url} was answered with something that is not JSON: check graph_url.") from exc


def _refusal(method: str, url: str, answer: requests.Response, permission: str) -> GraphError:
    """Graph's error as a sentence ("Microsoft Graph error responses and resource types")."""
    try:
        error: Json = answer.json()["error"]
        code, message = str(error["code"]), _first_line(str(error["message"]))
        request_id = (error.get("innerError") or {}).get("request-id")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, message, request_id = "no error code", "no message", None
    request_id = request_id or answer.headers.get("request-id") or "unknown"
    text = (
        f"{method} {urllib.parse.urlsplit(url).path} was refused by {urllib.parse.urlsplit(url).netloc}: "
        f"{code}: {message} (HTTP {answer.status_code}, request-id {request_id})."
    )
    if answer.status_code == 403:
        text += f" Give the application the application permission {permission}, with an administrator's consent."
    elif answer.status_code == 401:
        text += " The token was not accepted: check that cloud, authority_url and graph_url belong together."
    elif answer.status_code in _TRY_AGAIN:
        text += " It was tried until graph_timeout had passed; run again later, or raise it."
    return GraphError(text, status=answer.status_code, code=code)


def _retry_after(answer: requests.Response) -> float:
    """Seconds the server asks for; Graph gives whole seconds (RFC 9110 10.2.3 would also allow a date)."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else 0.0


def _reason(exc: BaseException) -> str:
    """The innermost cause, for requests wraps urllib3 wraps OSError."""
    inner: t.Any = exc
    while True:
        deeper = getattr(inner, "reason", None) or next(
            (part for part in getattr(inner, "args", ()) if isinstance(part, BaseException)), None
        )
        if not isinstance(deeper, BaseException):
            return _first_line(str(inner)) or type(inner).__name__
        inner = deeper


def _first_line(text: str) -> str:
    """Without what the sign-in appends for Microsoft's support."""
    return text.partition("Trace ID:")[0].strip().partition("\n")[0].strip().rstrip(".")


def _https(option: str, url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise GraphError(f"{option} must be an https address such as https://graph.microsoft.com, not {url!r}.")
    return url.rstrip("/")


def _file(option: str, path: str | None) -> str | None:
    if path is not None and not pathlib.Path(path).is_file():
        raise GraphError(f"{option}: there is no file {path} on the control node.")
    return path


def _tenant(value: str) -> str:
    if not value.replace("-", "").replace(".", "").isalnum():
        raise GraphError(f"tenant_id must be the tenant's id or one of its domains, not {value!r}.")
    return value
