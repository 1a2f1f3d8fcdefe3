# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OData query options on lists, as far as the lab has them: $select, $top, $skiptoken, $filter by an equality or contains()."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

from lab.cloud.graph_entities import Entity
from lab.cloud.graph_errors import GraphError

ALWAYS_SHOWN = ("@odata.type",)
CONTAINS = re.compile(r"contains\((?P<name>\w+),\s*'(?P<value>(?:[^']|'')*)'\)")
EQUALITY = re.compile(r"(?P<name>\w+) eq (?P<value>true|false|null|\d+|'(?:[^']|'')*')")


def select(entities: list[Entity], query: dict[str, str]) -> list[Entity]:
    """The properties asked for.

    :raises GraphError: 400, an entity has no such property
    """
    if "$select" not in query:
        return entities
    names = [name.strip() for name in query["$select"].split(",")]
    for entity in entities:
        for name in names:
            if name not in entity:
                raise GraphError(400, "BadRequest", f"Could not find a property named '{name}'.")
    return [{name: value for name, value in entity.items() if name in names or name in ALWAYS_SHOWN} for entity in entities]


def page(entities: list[Entity], query: dict[str, str], *, url: str, size: int | None) -> tuple[list[Entity], str | None]:
    """One page of a list, filtered and selected, and the link to the next page or None.

    :param size: the server's page size; $top may ask for less
    """
    if "$filter" in query:
        entities = _filtered(entities, query["$filter"])
    start = _number(query, "$skiptoken") or 0
    top = _number(query, "$top")
    if top is not None:
        size = min(size or top, top)
    end = len(entities) if size is None else start + size
    next_link = None
    if end < len(entities):
        next_link = f"{url}?{urllib.parse.urlencode({**query, '$skiptoken': str(end)}, safe='$')}"
    return select(entities[start:end], query), next_link


def _number(query: dict[str, str], option: str) -> int | None:
    text = query.get(option)
    if text is None:
        return None
    if not text.isdecimal():
        raise GraphError(400, "BadRequest", f"Invalid value '{text}' for {option} query option.")
    return int(text)


def _filtered(entities: list[Entity], text: str) -> list[Entity]:
    contains = CONTAINS.fullmatch(text.strip())
    if contains is not None:
        wanted = contains["value"].replace("''", "'").lower()
        return [entity for entity in entities if wanted in str(entity.get(contains["name"]) or "").lower()]
    match = EQUALITY.fullmatch(text.strip())
    if match is None:
        raise GraphError(400, "Request_UnsupportedQuery", f"Unsupported or invalid query filter clause '{text}'.")
    value = _literal(match["value"])
    return [entity for entity in entities if entity.get(match["name"]) == value]


def _literal(text: str) -> t.Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return json.loads(text)
