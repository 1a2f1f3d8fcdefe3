# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups that Entra Connect has written back and that are in no address list yet."""

from __future__ import annotations

import typing as t
import uuid

from lab import contoso

if t.TYPE_CHECKING:
    from lab.world import World


def plant(world: World, number: int) -> list[str]:
    """So many groups in the writeback OU; returns their distinguished names."""
    names = []
    for index in range(number):
        values = {"displayName": f"Team {index}", "mail": f"team{index}@groups.contoso.com", "mailNickname": f"team{index}"}
        stored = {name: [value.encode()] for name, value in values.items()}
        group_id = uuid.uuid5(uuid.NAMESPACE_URL, str(index))
        name = f"CN=Group_{group_id},{contoso.WRITEBACK_OU}"
        world.directory.insert(name, "group", stored, owner="S-1-5-18", guid=group_id)
        names.append(name)
    return names


def listed(world: World) -> int:
    """How many objects are in an address list."""
    return sum("showInAddressBook" in entry.attributes for entry in world.directory.entries.values())
