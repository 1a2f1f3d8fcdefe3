# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds the cmdlet calls that tests have caused against Microsoft's cmdlet reference."""

from __future__ import annotations

import json
import pathlib
import typing as t

import lab.exchange

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.exchange.endpoint import CallRecord

# cmdlet_ping sends it so that nothing is run.
_MEANT_TO_BE_UNKNOWN = "CmdletPingTriesBindingOnly"
_COMMON = ("ErrorAction", "WarningAction")


def unknown_to_the_reference(calls: Iterable[CallRecord]) -> list[str]:
    """Cmdlets and parameters that the server's version does not have."""
    table = json.loads(pathlib.Path(lab.exchange.__file__).with_name("cmdlets.json").read_text(encoding="utf-8"))
    found: set[str] = set()
    for call in calls:
        if _MEANT_TO_BE_UNKNOWN in call.parameters:
            continue
        entry = table.get(call.cmdlet)
        if entry is None or call.product not in entry["applicable"]:
            found.add(f"{call.cmdlet} ({call.product})")
            continue
        for name in call.parameters:
            if name not in _COMMON and call.product not in entry["parameters"].get(name, {"applicable": ()})["applicable"]:
                found.add(f"{call.cmdlet} -{name} ({call.product})")
    return sorted(found)
