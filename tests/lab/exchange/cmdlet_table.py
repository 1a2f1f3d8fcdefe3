# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The syntax of Exchange cmdlets by product version, from a table made of Microsoft's cmdlet reference.

Source: MicrosoftDocs/office-docs-powershell, exchange/exchange-ps (cmdlets.json beside this file).
"""

from __future__ import annotations

import functools
import json
import pathlib
import typing as t

from lab.powershell.binding import Parameter, Syntax

_TABLE = pathlib.Path(__file__).with_name("cmdlets.json")
_ALIASES = {"Confirm": ("cf",), "WhatIf": ("wi",)}
_FIRST_SE_BUILD = 2562  # Exchange Server build numbers and release dates


def product_of(version: str) -> str:
    """The product of a build such as ``15.2.1748.10``."""
    major, minor, build = (int(part) for part in version.split(".")[:3])
    if (major, minor) == (15, 2):
        return "Exchange Server SE" if build >= _FIRST_SE_BUILD else "Exchange Server 2019"
    return {
        (14, 0): "Exchange Server 2010",
        (14, 3): "Exchange Server 2010",
        (15, 0): "Exchange Server 2013",
        (15, 1): "Exchange Server 2016",
    }[major, minor]


@functools.cache
def _table() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(_TABLE.read_text(encoding="utf-8")))


@functools.cache
def find_syntax(cmdlet: str, product: str) -> Syntax | None:
    """The cmdlet of this name (in any case) as that product has it; None when it has none."""
    name = next((name for name in _table() if name.lower() == cmdlet.lower()), None)
    if name is None or product not in _table()[name]["applicable"]:
        return None
    entry = _table()[name]
    parameters = {key: _parameter(key, value) for key, value in entry["parameters"].items() if product in value["applicable"]}
    sets = {
        set_name: {key: bool(value["required"]) for key, value in members.items() if key in parameters}
        for set_name, members in entry["parameter_sets"].items()
        if _exists(set_name, entry, parameters)
    }
    return Syntax(name, parameters, sets, source=name)


def _parameter(name: str, entry: t.Mapping[str, t.Any]) -> Parameter:
    position = int(entry["position"]) if entry["position"].isdigit() else None
    return Parameter(name, entry["type"], position, entry["pipeline"].startswith("True"), _ALIASES.get(name, ()))


def _exists(set_name: str, entry: t.Mapping[str, t.Any], parameters: t.Mapping[str, Parameter]) -> bool:
    """A set whose own parameters are all missing from a product is not there either (New-SendConnector's second)."""
    others = [members for name, members in entry["parameter_sets"].items() if name != set_name]
    own = [name for name in entry["parameter_sets"][set_name] if all(name not in members for members in others)]
    return not own or any(name in parameters for name in own)
