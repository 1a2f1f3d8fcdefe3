# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""HTTP to Microsoft: one session of our own, with bounded repetition.

It trusts what the options say: the environment's ``REQUESTS_CA_BUNDLE`` and ``.netrc`` neither break nor weaken it, and
only the environment's proxies are honoured.
"""

from __future__ import annotations

import email.utils
import time
import traceback
import typing as t
import urllib.parse

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_settings import (
    GraphAnswerLost,
    GraphError,
    GraphSettings,
)

try:
    import requests
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

_ATTEMPT_TIMEOUT = 30.0  # seconds one HTTP request may take
_CONNECTION_ATTEMPTS = 4  # a host that does not answer this often in a row is taken for unreachable
THROTTLED = 429  # refused before anything happened ("Microsoft Graph throttling guidance")
TRY_AGAIN = frozenset({THROTTLED, 500, 502, 503, 504})


class Http:
    """Sends requests. msal uses it as its HTTP client through :meth:`get` and :meth:`post`."""

    def __init__(self, settings: GraphSettings, make_deadline: t.Callable[[float], Deadline] = Deadline) -> None:
        self._timeout = settings.timeout
        self._proxy = settings.proxy
        self._make_deadline = make_deadline
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = settings.ca_cert or True

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def send(self, method: str, url: str, *, repeatable: bool = True, **options: t.Any) -> requests.Response:
        """Send, and send again on throttling, an overloaded server or a lost connection, until the deadline.

        :param repeatable: False: the request may not be carried out twice; it is sent again only when it was throttled
        :returns: the last answer, whatever its status
        :raises GraphAnswerLost: not repeatable, and perhaps carried out
        :raises GraphError: no answer until the deadline, or the certificate was not trusted
        """
        host = urllib.parse.urlsplit(url).netloc
        options.setdefault("proxies", self._proxies(url))
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
                    way = " through the proxy" if options["proxies"] else ""
                    raise GraphError(
                        f"{problem} (tried {unanswered} times). Check that {host} can be reached from the control node{way}."
                    ) from exc
                continue
            except requests.RequestException as exc:
                raise GraphError(f"{method} {url} could not be sent: {_reason(exc)}.") from exc
            unanswered = 0
            again = answer.status_code in TRY_AGAIN if repeatable else answer.status_code == THROTTLED
            if not again or not deadline.pause(retry_after(answer.headers)):
                return answer

    def get(self, url: str, **options: t.Any) -> requests.Response:
        """GET as msal calls it."""
        return self.send("GET", url, **options)

    def post(self, url: str, **options: t.Any) -> requests.Response:
        """POST as msal calls it: asking for a token twice does no harm."""
        return self.send("POST", url, **options)

    def close(self) -> None:
        self._session.close()

    def _proxies(self, url: str) -> t.Mapping[str, str]:
        """A proxy is no matter of trust, so the environment may name one: TLS reaches through it."""
        if self._proxy is None:
            return requests.utils.get_environ_proxies(url)
        return {"https": self._proxy} if self._proxy else {}


class MetadataHttp(Http):
    """As :class:`Http`, for the machine's own identity endpoint, which no proxy can reach."""

    def _proxies(self, url: str) -> t.Mapping[str, str]:  # noqa: ARG002 - the same for every address
        return {}


def retry_after(headers: t.Mapping[str, str]) -> float:
    """Seconds the server asks to wait: a number or a date (RFC 9110 10.2.3); 0 when it does not say."""
    value = headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0


def first_line(text: str) -> str:
    """Without what the sign-in appends for Microsoft's support."""
    return text.partition("Trace ID:")[0].strip().partition("\n")[0].strip().rstrip(".")


def _reason(exc: BaseException) -> str:
    """The innermost cause, for requests wraps urllib3 wraps OSError."""
    inner: t.Any = exc
    while True:
        deeper = getattr(inner, "reason", None) or next(
            (part for part in getattr(inner, "args", ()) if isinstance(part, BaseException)), None
        )
        if not isinstance(deeper, BaseException):
            return first_line(str(inner)) or type(inner).__name__
        inner = deeper
