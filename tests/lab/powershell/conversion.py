# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of arguments to .NET types, as Windows PowerShell does it.

Texts are those of PowerShell's own resources (ParameterBinderStrings, ExtendedTypeSystem).
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from lab.powershell.objects import CredentialValue, EnumValue, NetObject

_INT32 = range(-(2**31), 2**31)


class ConversionError(Exception):
    """A value does not fit a type; ``str()`` is PowerShell's sentence ``Cannot convert value …``."""


@dataclasses.dataclass(frozen=True)
class EnumType:
    """A .NET enumeration; ``flags`` allows several values separated by commas."""

    type_name: str
    members: t.Mapping[str, int]
    flags: bool = False

    def value(self, name: str) -> EnumValue:
        """The value of this (exact) name, or of a list of names for flags."""
        names = [part.strip() for part in name.split(",")]
        return EnumValue(self.type_name, ", ".join(names), sum(self.members[part] for part in names))


def display(value: t.Any) -> str:
    """The text .NET's ToString gives for a value that came over the wire."""
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    if isinstance(value, (list, tuple)):
        return "System.Collections.ArrayList"
    if isinstance(value, bytes):
        return "System.Byte[]"
    if isinstance(value, NetObject):
        return value.to_string
    if isinstance(value, EnumValue):
        return value.name
    if isinstance(value, CredentialValue):
        return "System.Management.Automation.PSCredential"
    return "" if value is None else str(value)


def failure(value: t.Any, type_name: str, reason: str) -> ConversionError:
    """The general sentence: value, wanted type, and the converter's own words."""
    return ConversionError(f'Cannot convert value "{display(value)}" to type "{type_name}". Error: "{reason}"')


def to_string(value: t.Any) -> str:
    """System.String: anything has a text; a list's items are joined by blanks."""
    if isinstance(value, (list, tuple)):
        return " ".join(to_string(item) for item in value)
    return display(value)


def to_boolean(value: t.Any, type_name: str = "System.Boolean") -> bool:
    """System.Boolean and SwitchParameter take Booleans and numbers, no text (about_Booleans)."""
    if isinstance(value, (bool, int, float)):
        return bool(value)
    shown = "System.String" if isinstance(value, str) else display(value)
    raise ConversionError(
        f'Cannot convert value "{shown}" to type "{type_name}". Boolean parameters accept only Boolean values and '
        "numbers, such as $True, $False, 1 or 0."
    )


def to_int32(value: t.Any) -> int:
    """System.Int32, from a number or its text."""
    try:
        number = int(value, 0) if isinstance(value, str) else round(value)
    except (TypeError, ValueError):
        raise failure(value, "System.Int32", "Input string was not in a correct format.") from None
    if number not in _INT32:
        raise failure(value, "System.Int32", "Value was either too large or too small for an Int32.")
    return number


def to_guid(value: t.Any) -> uuid.UUID:
    """System.Guid."""
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(to_string(value))
    except ValueError:
        reason = "Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)."
        raise failure(value, "System.Guid", reason) from None


def to_enum(enum: EnumType, value: t.Any) -> EnumValue:
    """An enumeration: name in any case, unambiguous beginning of a name, or number."""
    if isinstance(value, EnumValue):
        value = value.name
    if isinstance(value, int) and not isinstance(value, bool):
        for name, number in enum.members.items():
            if number == value:
                return enum.value(name)
        reason = f"Cannot convert value {value} to the type because the enumeration value is not valid."
        raise failure(value, enum.type_name, reason)
    parts = [to_string(value)]
    if enum.flags:
        parts = [to_string(item) for item in value] if isinstance(value, (list, tuple)) else parts[0].split(",")
    return enum.value(",".join(_enum_name(enum, part.strip(), value) for part in parts))


def _enum_name(enum: EnumType, text: str, whole: t.Any) -> str:
    matches = [name for name in enum.members if name.lower() == text.lower()] or [
        name for name in enum.members if text and name.lower().startswith(text.lower())
    ]
    if len(matches) == 1:
        return matches[0]
    reason = (
        f"Unable to match the identifier name {text} to a valid enumerator name. Specify one of the following "
        f"enumerator names and try again: {', '.join(enum.members)}"
    )
    raise failure(whole, enum.type_name, reason)
