# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of multivalued properties: a whole new list, or what to add and to remove.

Source: "Modifying multivalued properties" (Exchange Server): a plain value overwrites the list,
``@{Add="…";Remove="…"}`` changes it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from lab.powershell.conversion import ConversionError, failure

Parse = t.Callable[[t.Any], t.Any]


@dataclasses.dataclass(frozen=True)
class Change:
    """What the hashtable form asks for."""

    add: tuple[t.Any, ...] = ()
    remove: tuple[t.Any, ...] = ()


def parse(value: t.Any, parse_item: Parse, type_name: str) -> list[t.Any] | Change:
    """Read an argument: one value, a list, ``$null`` or a hashtable.

    :raises ConversionError: an item is not valid, a value occurs twice, or the hashtable has other keys
    """
    if isinstance(value, dict):
        return _parse_change(value, parse_item, type_name)
    return _parse_list(value, value, parse_item, type_name)


def _parse_list(value: t.Any, whole: t.Any, parse_item: Parse, type_name: str) -> list[t.Any]:
    result: list[t.Any] = []
    for item in _items(value):
        try:
            parsed = parse_item(item)
        except ConversionError as exc:
            raise failure(whole, type_name, _reason(exc)) from None
        if parsed in result:
            # Text seen with a ProxyAddressCollection (timmcmic/DLConversionV2 issue 184).
            raise failure(whole, type_name, f"The value '{parsed}' is already present in the collection.")
        result.append(parsed)
    return result


def _parse_change(value: dict[t.Any, t.Any], parse_item: Parse, type_name: str) -> Change:
    lists: dict[str, tuple[t.Any, ...]] = {}
    for key, items in value.items():
        name = str(key).lower()
        if name not in ("add", "remove"):
            # assumed: no sample of this text is public.
            reason = f"The hash table contains the key '{key}'. Use only the keys Add and Remove."
            raise failure(value, type_name, reason)
        lists[name] = tuple(_parse_list(items, value, parse_item, type_name))
    return Change(**lists)


def _items(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _reason(exc: ConversionError) -> str:
    """The converter's own words, without the sentence of the item's type around them."""
    _before, marker, reason = str(exc).partition('Error: "')
    return reason.removesuffix('"') if marker else str(exc)


def apply(current: t.Sequence[t.Any], wanted: list[t.Any] | Change) -> list[t.Any]:
    """The list after the command."""
    if isinstance(wanted, list):
        return wanted
    # assumed: adding a value that is there, and removing one that is not, are no errors and change nothing.
    kept = [item for item in current if item not in wanted.remove]
    return kept + [item for item in wanted.add if item not in kept]
