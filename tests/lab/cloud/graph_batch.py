# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON batching: many requests in one ("Combine multiple HTTP requests using JSON batching", Graph documentation)."""

from __future__ import annotations

import typing as t
import urllib.parse
import uuid

from lab.cloud.graph_errors import GraphError

PATH = "/$batch"
MOST_REQUESTS = 20

Part = dict[str, t.Any]
Answer = tuple[int, Part | None, dict[str, str]]
"""Status, body and headers."""


def answer_batch(body: Part, answer_part: t.Callable[[str, str, dict[str, str], Part], Answer]) -> Part:
    """Answer each request of a batch. The batch succeeds even when all its requests fail; answers come in any order.

    :param answer_part: answers method, path, query and body; raises GraphError
    :raises GraphError: the batch as a whole is malformed
    """
    parts = body.get("requests")
    if not isinstance(parts, list) or not parts or not all(isinstance(part, dict) for part in parts):
        raise GraphError(400, "BadRequest", "Invalid batch payload format.")
    if len(parts) > MOST_REQUESTS:
        raise GraphError(400, "BadRequest", f"Number of batch request steps exceeds the maximum value of {MOST_REQUESTS}.")
    ids = [part.get("id") for part in parts]
    if len(set(map(str, ids))) < len(ids) or not all(isinstance(number, str) and number for number in ids):
        raise GraphError(400, "BadRequest", "Every request of a batch needs an id of its own.")  # assumed: the text
    answers = [_answer(part, answer_part) for part in parts]
    return {"responses": answers[::-1]}  # the last first: a client must go by the id


def _answer(part: Part, answer_part: t.Callable[[str, str, dict[str, str], Part], Answer]) -> Part:
    url = urllib.parse.urlsplit(str(part.get("url", "")))
    request_id = str(uuid.uuid4())
    try:
        query = dict(urllib.parse.parse_qsl(url.query))
        path = "/" + urllib.parse.unquote(url.path).lstrip("/")
        status, body, headers = answer_part(str(part.get("method", "")).upper(), path, query, part.get("body") or {})
    except GraphError as error:
        status, body, headers = error.status, error.payload(request_id, request_id), error.headers
    return {"id": part["id"], "status": status, "headers": headers, **({} if body is None else {"body": body})}
