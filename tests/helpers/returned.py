# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds what a module returned against what its RETURN documents."""

from __future__ import annotations

import re
import typing as t

from helpers.examples import documented

Json = dict[str, t.Any]

# Keys that any task may have (Ansible documentation, Return Values).
_COMMON = {"changed", "failed", "failed_when_result", "msg", "warnings", "deprecations", "diff", "invocation"}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "int": int,
    "float": (int, float),
    "list": list,
    "dict": dict,
}


def differences(result: Json, plugin: str) -> list[str]:
    """What differs between the result of a task that succeeded outside check mode and its documentation; a sentence each."""
    if "censored" in result:
        return []
    own = {name: value for name, value in result.items() if name not in _COMMON and not name.startswith("_ansible")}
    documentation = documented(plugin, "RETURN")
    return [*_missing(own, documentation), *_wrong(own, documentation, plugin)]


def _missing(values: Json, documentation: Json) -> list[str]:
    required = [name for name, said in documentation.items() if str(said["returned"]).startswith(("always", "success"))]
    return [f"{name} is not returned" for name in required if name not in values]


def _wrong(values: Json, documentation: Json, plugin: str) -> list[str]:
    found = []
    for name, value in values.items():
        if name not in documentation:
            found.append(f"{name} is not documented")
            continue
        said = documentation[name]
        if value is not None and not isinstance(value, _TYPES[said["type"]]):
            found.append(f"{name} is {type(value).__name__}, and documented as {said['type']}")
        if contains := said.get("contains"):
            contains = {**_options(str(said["description"]), plugin), **contains}
            items = value if isinstance(value, list) else [value]
            found += [f"{name}: {text}" for item in items if isinstance(item, dict) for text in _wrong(item, contains, plugin)]
    return found


def _options(description: str, plugin: str) -> Json:
    """The options that a description says there is a key for each of."""
    said = re.search(r"key for (?:each|every) option(?: of M\(exchange\.hybrid_groups\.(?P<module>\w+)\))?", description)
    if said is None:
        return {}
    options = documented(f"modules/{said['module']}" if said["module"] else plugin, "DOCUMENTATION")["options"]
    # A list is given as what to add and remove, and returned as it is.
    return {name: {**option, "type": "list" if option["type"] == "dict" else option["type"]} for name, option in options.items()}
