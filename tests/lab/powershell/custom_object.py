# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's own objects: PSCustomObject, and looking into the properties of anything."""

from __future__ import annotations

import typing as t

from lab.powershell.conversion import display
from lab.powershell.objects import MultiValued, NetObject

_CUSTOM_OBJECT = ["System.Management.Automation.PSCustomObject", "System.Object"]


def custom_object(properties: t.Mapping[str, t.Any], *, type_names: t.Sequence[str] = ()) -> NetObject:
    """A PSCustomObject; its text is ``@{Name=value; …}``."""
    text = "; ".join(f"{name}={display(value)}" for name, value in properties.items())
    return NetObject([*type_names, *_CUSTOM_OBJECT], f"@{{{text}}}", dict(properties))


def property_name(item: t.Any, name: str) -> str | None:
    """The property of this name in any case, as the object writes it."""
    if not isinstance(item, NetObject):
        return None
    return next((known for known in item.properties if known.lower() == name.lower()), None)


def property_value(item: t.Any, name: str) -> t.Any:
    """The property's value; None where there is no such property."""
    known = property_name(item, name)
    return None if known is None else item.properties[known]


def enumerate_value(value: t.Any) -> list[t.Any] | None:
    """The items of a collection; None for a single value (a text is one)."""
    if isinstance(value, MultiValued):
        return list(value.items)
    if isinstance(value, (list, tuple)):
        return list(value)
    return None
