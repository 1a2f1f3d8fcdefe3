# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds every answer of the Graph model against Microsoft's published types (Graph v1.0 CSDL, cut to ``graph_types.json``).

The type is told by ``@odata.context`` and ``@odata.type``, as a client tells it ("OData Version 4.0 JSON Format", 4.5.1).
"""

from __future__ import annotations

import functools
import json
import pathlib
import re
import typing as t

Types = dict[str, t.Any]

SETS = {
    "domains": "domain",
    "subscribedSkus": "subscribedSku",
    "organization": "organization",
    "groups": "group",
    "users": "user",
    "directory/onPremisesSynchronization": "onPremisesDirectorySynchronization",
}
KINDS: dict[str, type] = {
    "Edm.Boolean": bool,
    "Edm.String": str,
    "Edm.Int32": int,
    "Edm.Guid": str,
    "Edm.DateTimeOffset": str,
}
CONTEXT = re.compile(r"#(?P<set>[\w/]+?)(?P<navigation>(?:\('[^']*'\)/\w+)*)(?:\([\w,]+\))?(?:/\$entity)?$")
STEP = re.compile(r"\('[^']*'\)/(\w+)")


class ContractBreach(AssertionError):
    """The lab was about to answer what Microsoft's Graph cannot."""


@functools.cache
def types() -> Types:
    """Entity and complex types by name, without ``graph.``."""
    path = pathlib.Path(__file__).with_name("graph_types.json")
    return t.cast(Types, json.loads(path.read_text(encoding="utf-8"))["entities"])


def check_answer(payload: dict[str, t.Any] | None) -> None:
    """Check an object or a list as Graph answers it.

    :raises ContractBreach: a property is unknown, null or of another kind, or the type is not known at all
    """
    if payload is None:
        return
    context = str(payload.get("@odata.context", ""))
    match = CONTEXT.search(context)
    if match is None or match["set"] not in SETS:
        raise ContractBreach(f"@odata.context {context!r} names no known set")
    type_name = SETS[match["set"]]
    for navigation in STEP.findall(match["navigation"]):
        type_name = _bare(types()[type_name]["navigation"][navigation])
    for entity in payload.get("value", [payload]):
        check_type(entity, type_name)


def check_type(value: dict[str, t.Any], type_name: str) -> None:
    """Every property is one of the type's, and of its kind.

    :raises ContractBreach: one is not
    """
    derived = str(value.get("@odata.type", "")).removeprefix("#microsoft.graph.")
    if derived:
        if not _derives(derived, type_name):
            raise ContractBreach(f"{derived} is no {type_name}")
        type_name = derived
    known = properties(type_name)
    for name, content in value.items():
        if name.startswith("@"):
            continue
        if name not in known:
            raise ContractBreach(f"{type_name} has no property {name}")
        if content is None:
            if not known[name]["nullable"]:
                raise ContractBreach(f"{type_name}.{name} is null")
        else:
            _check_value(content, known[name]["type"], f"{type_name}.{name}")


def properties(type_name: str) -> dict[str, t.Any]:
    """All properties of a type with those it inherits."""
    entity = types()[type_name]
    inherited = properties(_bare(entity["base"])) if entity["base"] else {}
    return inherited | t.cast("dict[str, t.Any]", entity["properties"])


def _check_value(content: t.Any, edm: str, where: str) -> None:
    if edm.startswith("Collection("):
        if not isinstance(content, list):
            raise ContractBreach(f"{where} is no collection")
        for item in content:
            _check_value(item, edm.removeprefix("Collection(").removesuffix(")"), where)
    elif edm in KINDS:
        # A boolean is an int in Python, and no number in JSON.
        if not isinstance(content, KINDS[edm]) or (isinstance(content, bool) and KINDS[edm] is not bool):
            raise ContractBreach(f"{where} is {type(content).__name__}, not {edm}")
    elif _bare(edm) in types():  # some complex types are not in the cut
        check_type(content, _bare(edm))


def _derives(type_name: str, base: str) -> bool:
    entity = types().get(type_name)
    return entity is not None and (type_name == base or (bool(entity["base"]) and _derives(_bare(entity["base"]), base)))


def _bare(name: str) -> str:
    return name.removeprefix("Collection(").removesuffix(")").removeprefix("graph.")
