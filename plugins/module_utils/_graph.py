# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Microsoft Graph v1.0: reads, writes that happen once, paging and batches."""

from __future__ import annotations

import typing as t
import urllib.parse

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph_http, _graph_token
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_http import (
    THROTTLED,
    TRY_AGAIN,
    Http,
    MetadataHttp,
    first_line,
    retry_after,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_settings import (
    CLOUDS,
    GRANT,
    VERSION,
    GraphAnswerLost,
    GraphError,
    GraphSettings,
    graph_argument_spec,
)

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

__all__ = ["CLOUDS", "GraphAnswerLost", "GraphClient", "GraphError", "GraphSettings", "graph_argument_spec", "require_libraries"]

Json = dict[str, t.Any]

_Objects = list[Json]  # named here, because GraphClient has a method called list
_Collections = list[_Objects]

_BATCH_SIZE = 20  # "Combine multiple HTTP requests using JSON batching": batch size limitations


def require_libraries(module: AnsibleModule) -> None:
    """End the task when msal or requests is missing."""
    problem = _graph_http.IMPORT_ERROR or _graph_token.IMPORT_ERROR
    if problem is not None:
        module.fail_json(msg=missing_required_lib("msal and requests"), exception=problem)


class GraphClient:
    """Reads and writes of Microsoft Graph v1.0.

    Every call names the permission it needs, so that a refusal (403) can say which one is missing.
    """

    def __init__(self, settings: GraphSettings, *, make_deadline: t.Callable[[float], Deadline] = Deadline) -> None:
        self._base = settings.graph_url + VERSION
        self._timeout = settings.timeout
        self._grant = GRANT[settings.auth]
        self._make_deadline = make_deadline
        self._http = Http(settings, make_deadline)
        self._metadata_http = MetadataHttp(settings, make_deadline)
        self._token = _graph_token.token_source(settings, self._http, self._metadata_http)

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._http.close()
        self._metadata_http.close()

    @property
    def base_url(self) -> str:
        """Address of the API with its version, for references to objects in request bodies."""
        return self._base

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

    def list(self, path: str, *, permission: str) -> _Objects:
        """All objects of a collection, following ``@odata.nextLink`` ("Paging Microsoft Graph data").

        :raises GraphError: refused or unreachable
        """
        return self._pages(path, self.get(path, permission=permission), permission)

    def list_many(self, paths: t.Sequence[str], *, permission: str) -> _Collections:
        """All objects of each of many collections, twenty collections a request ("JSON batching").

        A request of a batch that is throttled is sent again with the next batch, after the pause it asks for.

        :raises GraphError: one of them is refused or unreachable
        """
        found: dict[str, Json] = {}
        waiting = list(dict.fromkeys(paths))
        deadline = self._make_deadline(self._timeout)
        while waiting:
            batch, waiting = waiting[:_BATCH_SIZE], waiting[_BATCH_SIZE:]
            pause = 0.0
            for path, status, headers, body in self._batch(batch, permission):
                if status < 300:
                    found[path] = body
                    continue
                pause = max(pause, retry_after(headers))
                refusal = self._refusal("GET", f"{self._base}{path}", status, headers, body, permission)
                if status not in TRY_AGAIN or pause >= deadline.remaining():
                    raise refusal
                waiting.append(path)
                last = refusal
            if waiting and waiting[-1] in batch and not deadline.pause(pause):
                raise last
        return [self._pages(path, found[path], permission) for path in paths]

    def write(self, method: str, path: str, body: Json | None, *, permission: str, landed: t.Callable[[], bool]) -> None:
        """POST, PATCH or DELETE, which must not happen twice.

        When the answer is lost, ``landed`` reads whether the request was carried out; only if not is it sent again.

        :raises GraphError: refused, or no answer until the deadline
        """
        deadline = self._make_deadline(self._timeout)
        repeated = False
        while True:
            try:
                self._call(method, f"{self._base}{path}", permission, body=body, repeatable=False)
                return
            except GraphAnswerLost as exc:
                if landed():
                    return
                if not deadline.pause(exc.retry_after):
                    raise
                # What was carried out may need that long to become visible (Graph is eventually consistent).
                if landed():
                    return
                repeated = True
            except GraphError:
                # A repeated request is refused when the first one was carried out after all, unseen until now.
                if repeated and landed():
                    return
                raise

    def await_state(self, reached: t.Callable[[], bool]) -> bool:
        """Read until a write has become visible (Graph is eventually consistent) or the deadline passes."""
        deadline = self._make_deadline(self._timeout)
        while not reached():
            if not deadline.pause():
                return False
        return True

    def _pages(self, path: str, page: Json, permission: str) -> _Objects:
        objects = [*page.get("value", [])]
        while url := page.get("@odata.nextLink"):
            # The token goes along: a link to another host is not followed.
            if not url.startswith(f"{self._base}/"):
                raise GraphError(f"The next page of {path} lies on another host ({url}): not followed.")
            page = self._call("GET", url, permission)
            objects.extend(page.get("value", []))
        return objects

    def _batch(self, paths: t.Sequence[str], permission: str) -> t.Iterator[tuple[str, int, t.Mapping[str, str], Json]]:
        """Path, status, headers and body of each answer; answers come in any order."""
        body = {"requests": [{"id": str(number), "method": "GET", "url": path} for number, path in enumerate(paths)]}
        answer = self._call("POST", f"{self._base}/$batch", permission, body=body)  # reads only: may be repeated
        answers = {str(part["id"]): part for part in answer.get("responses", [])}
        for number, path in enumerate(paths):
            part = answers.get(str(number))
            if part is None:
                raise GraphError(f"POST {self._base}/$batch was answered without an answer for {path}.")
            yield path, int(part["status"]), part.get("headers") or {}, part.get("body") or {}

    def _call(self, method: str, url: str, permission: str, *, body: Json | None = None, repeatable: bool = True) -> Json:
        headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
        answer = self._http.send(method, url, repeatable=repeatable, headers=headers, json=body, allow_redirects=False)
        try:
            content: t.Any = answer.json() if answer.content else {}
        except ValueError:
            content = None
        if answer.status_code >= 300:
            refusal = self._refusal(method, url, answer.status_code, answer.headers, content, permission)
            if not repeatable and answer.status_code in TRY_AGAIN and answer.status_code != THROTTLED:
                raise GraphAnswerLost(
                    str(refusal), status=refusal.status, code=refusal.code, retry_after=retry_after(answer.headers)
                )
            raise refusal
        if not isinstance(content, dict):
            raise GraphError(f"{method} {url} was answered with something that is not JSON: check graph_url.")
        return content

    def _refusal(
        self, method: str, url: str, status: int, headers: t.Mapping[str, str], content: t.Any, permission: str
    ) -> GraphError:
        """Graph's error as a sentence ("Microsoft Graph error responses and resource types")."""
        try:
            error: Json = content["error"]
            code, message = str(error["code"]), first_line(str(error["message"]))
            request_id = (error.get("innerError") or {}).get("request-id")
        except (KeyError, TypeError, AttributeError):
            code, message, request_id = "no error code", "no message", None
        request_id = request_id or headers.get("request-id") or "unknown"
        text = (
            f"{method} {urllib.parse.urlsplit(url).path} was refused by {urllib.parse.urlsplit(url).netloc}: "
            f"{code}: {message} (HTTP {status}, request-id {request_id})."
        )
        if status == 403:
            text += f" {self._grant.format(permission)}"
        elif status == 401:
            text += " The token was not accepted: check that cloud, authority_url and graph_url belong together."
        elif status in TRY_AGAIN:
            text += " It was tried until graph_timeout had passed; run again later, or raise it."
        return GraphError(text, status=status, code=code)
