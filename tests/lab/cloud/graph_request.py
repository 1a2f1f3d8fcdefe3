# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to Microsoft Graph and the forms of its answers, which all parts of the model share."""

from __future__ import annotations

import dataclasses
import typing as t

from lab.cloud.graph_entities import Entity
from lab.cloud.graph_errors import GraphError
from lab.cloud.graph_query import page, select
from lab.cloud.tenant import AccessToken, TenantState

PREFIX = "/v1.0"


@dataclasses.dataclass
class GraphRequest:
    """One request.

    :ivar path: below /v1.0, without the query string
    :ivar query: the query string's options
    :ivar body: the parsed JSON body, {} when there is none
    :ivar token: the bearer token, "" when there is none
    :ivar base_url: scheme and host as the client wrote them, for links in the answer
    """

    method: str
    path: str
    query: dict[str, str]
    body: t.Any
    token: str
    base_url: str

    @property
    def url(self) -> str:
        """The address without the query string."""
        return f"{self.base_url}{PREFIX}{self.path}"


@dataclasses.dataclass
class GraphAnswer:
    """Status, JSON payload (None: no content) and extra headers."""

    status: int
    payload: Entity | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


def require(request: GraphRequest, token: AccessToken, method: str, permissions: tuple[str, ...]) -> None:
    """Refuse another method, and an application without any of these permissions."""
    if request.method != method:
        raise GraphError.method_not_allowed()
    if not set(permissions) & set(token.roles):
        raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def context(request: GraphRequest, path: str) -> str:
    """The @odata.context of an answer."""
    selected = request.query.get("$select")
    return f"{request.base_url}{PREFIX}/$metadata#{path}" + (f"({selected})" if selected else "")


def one(request: GraphRequest, entity_set: str, entity: Entity, *, status: int = 200) -> GraphAnswer:
    """One object."""
    chosen = select([entity], request.query)[0]
    return GraphAnswer(status, {"@odata.context": f"{context(request, entity_set)}/$entity", **chosen})


def list_(tenant: TenantState, request: GraphRequest, entities: list[Entity]) -> GraphAnswer:
    """A page of a collection."""
    segments = request.path.strip("/").split("/")
    path = segments[0] if len(segments) % 2 else "/".join(segments)
    if len(segments) % 2:
        for key, navigation in zip(segments[1::2], segments[2::2], strict=True):
            path += f"('{key}')/{navigation}"
    shown, next_link = page(entities, request.query, url=request.url, size=tenant.page_size)
    payload: Entity = {"@odata.context": context(request, path)}
    if next_link:
        payload["@odata.nextLink"] = next_link
    return GraphAnswer(200, {**payload, "value": shown})
