# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerShell's own cmdlets the Connect server offers: Select-Object, Where-Object, Import-Module, Get-Command and a few more.

Only the parameters a pipeline of cmdlets needs. Sources: the references of Microsoft.PowerShell.Utility, .Core and
.Management, about_Comparison_Operators.
"""

from __future__ import annotations

import fnmatch
import typing as t
import uuid

from lab.powershell.binding import Parameter, Syntax, command_not_found
from lab.powershell.conversion import display
from lab.powershell.custom_object import custom_object, enumerate_value, property_name, property_value
from lab.powershell.objects import EnumValue, NetObject, PowerShellError

_COMMANDS = "Microsoft.PowerShell.Commands"
_OPERATORS = ("EQ", "NE", "Like", "NotLike")


def syntax(cmdlet: str, source: str, *parameters: Parameter, mandatory: t.Sequence[str] = ()) -> Syntax:
    """A cmdlet with one parameter set."""
    members = {parameter.name: parameter.name in mandatory for parameter in parameters}
    return Syntax(cmdlet, {parameter.name: parameter for parameter in parameters}, {"Default": members}, source)


SELECT_OBJECT = syntax(
    "Select-Object",
    f"{_COMMANDS}.SelectObjectCommand",
    Parameter("Property", "String[]", 1),
    Parameter("ExpandProperty"),
    Parameter("First", "Int32"),
    Parameter("Last", "Int32"),
    Parameter("Skip", "Int32"),
)

_WHERE_COMMON = {"Property": True, "Value": False}
WHERE_OBJECT = Syntax(
    "Where-Object",
    {
        "Property": Parameter("Property", "String", 1),
        "Value": Parameter("Value", "Object", 2),
        **{name: Parameter(name, "SwitchParameter") for name in _OPERATORS},
    },
    # Without an operator the property itself is tested: EqualSet, whose -EQ is optional.
    {name: {**_WHERE_COMMON, name: name != "EQ"} for name in _OPERATORS},
    f"{_COMMANDS}.WhereObjectCommand",
)

IMPORT_MODULE = syntax(
    "Import-Module",
    f"{_COMMANDS}.ImportModuleCommand",
    Parameter("Name", "String[]", 1),
    Parameter("Force", "SwitchParameter"),
    Parameter("DisableNameChecking", "SwitchParameter"),
    mandatory=["Name"],
)

GET_ITEM_PROPERTY = syntax(
    "Get-ItemProperty",
    f"{_COMMANDS}.GetItemPropertyCommand",
    Parameter("Path", "String", 1),
    Parameter("Name", "String[]", 2),
    mandatory=["Path"],
)

SET_VARIABLE = syntax(
    "Set-Variable",
    f"{_COMMANDS}.SetVariableCommand",
    Parameter("Name", "String", 1),
    Parameter("Value", "Object", 2),
    Parameter("Scope"),
    mandatory=["Name"],
)

GET_COMMAND = syntax(
    "Get-Command",
    f"{_COMMANDS}.GetCommandCommand",
    Parameter("Name", "String[]", 1),
    Parameter("ParameterName", "String[]"),
    Parameter("CommandType", "CommandTypes"),
)


def get_command(
    parameters: t.Mapping[str, t.Any], available: t.Iterable[Syntax], programs: t.Iterable[str] = ()
) -> t.Iterator[NetObject]:
    """Get-Command: by wildcard, and by the names of parameters; programs, where CommandType asks for them (Application).

    :raises PowerShellError: a name without wildcard that is not there
    """
    patterns, names = parameters.get("Name", ["*"]), {name.lower() for name in parameters.get("ParameterName", ())}
    if parameters.get("CommandType", "").lower() == "application":
        yield from _applications(patterns, programs)
        return
    commands = list(available)
    for pattern in patterns:
        found = [item for item in commands if fnmatch.fnmatchcase(item.cmdlet.lower(), pattern.lower())]
        if not found and not any(wildcard in pattern for wildcard in "*?"):
            raise command_not_found(pattern)
        for item in found:
            if not names or names & {parameter.lower() for parameter in item.parameters}:
                kind = "CmdletInfo" if item.compiled else "FunctionInfo"
                yield NetObject([f"System.Management.Automation.{kind}", "System.Object"], item.cmdlet, {"Name": item.cmdlet})


def _applications(patterns: t.Iterable[str], programs: t.Iterable[str]) -> t.Iterator[NetObject]:
    for pattern in patterns:
        found = [name for name in programs if fnmatch.fnmatchcase(name.lower(), pattern.lower())]
        if not found and not any(wildcard in pattern for wildcard in "*?"):
            raise command_not_found(pattern)
        for name in found:
            yield NetObject(["System.Management.Automation.ApplicationInfo", "System.Object"], name, {"Name": name})


def select_object(parameters: t.Mapping[str, t.Any], items: list[t.Any]) -> t.Iterator[t.Any]:
    """Select-Object. Expanding a collection gives its items.

    :raises PowerShellError: a property to expand that an object does not have
    """
    items = items[parameters.get("Skip", 0) :]
    if "Last" in parameters:
        items = items[-parameters["Last"] :] if parameters["Last"] else []
    for item in items[: parameters.get("First")]:
        selected = _selected(parameters["Property"], item) if "Property" in parameters else item
        if "ExpandProperty" in parameters:
            yield from _expanded(parameters["ExpandProperty"], item, selected if "Property" in parameters else None)
        else:
            yield selected


def _selected(names: list[str], item: t.Any) -> NetObject:
    """A new object with these properties; one that is missing is there, and empty."""
    known = list(item.properties) if isinstance(item, NetObject) else []
    chosen: dict[str, t.Any] = {}
    for name in names:
        matches = [p for p in known if fnmatch.fnmatchcase(p.lower(), name.lower())]
        if not matches and not any(wildcard in name for wildcard in "*?"):
            chosen[name] = None
        for match in matches:
            chosen[match] = item.properties[match]
    original = item.type_names[0] if isinstance(item, NetObject) else "System.Object"
    return custom_object(chosen, type_names=[f"Selected.{original}"])


def _expanded(name: str, item: t.Any, extra: NetObject | None) -> t.Iterator[t.Any]:
    if property_name(item, name) is None:
        raise PowerShellError(
            f'Property "{name}" cannot be found.',
            error_id=f"ExpandPropertyNotFound,{SELECT_OBJECT.source}",
            category="InvalidArgument",
            exception_type="System.Management.Automation.PSArgumentException",
            target=item,
        )
    value = property_value(item, name)
    if value is None:
        return  # assumed: nothing is written for $null
    values = enumerate_value(value)
    for part in [value] if values is None else values:
        if extra is not None and isinstance(part, NetObject):
            yield NetObject(part.type_names, part.to_string, {**part.properties, **extra.properties})
        else:
            yield part


def where_object(parameters: t.Mapping[str, t.Any], items: list[t.Any]) -> t.Iterator[t.Any]:
    """Where-Object in its simplified form: ``-Property P -EQ -Value V`` and alike."""
    operator = next((name for name in _OPERATORS if parameters.get(name)), None)
    wanted = parameters.get("Value")
    for item in items:
        value = property_value(item, parameters["Property"])
        if operator is None:
            matches = bool(value)
        elif operator in ("EQ", "NE"):
            matches = _equal(value, wanted) == (operator == "EQ")
        else:
            matches = fnmatch.fnmatchcase(display(value).lower(), display(wanted).lower()) == (operator == "Like")
        if matches:
            yield item


def _equal(left: t.Any, right: t.Any) -> bool:
    """-eq: the type of the left side decides, text in any case."""
    if left is None or right is None:
        return left is right
    if isinstance(left, bool):
        return left == bool(right)
    if isinstance(left, EnumValue) and isinstance(right, int):
        return left.number == right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    if isinstance(left, uuid.UUID):
        return str(left) == display(right).lower().strip("{}")
    return display(left).lower() == display(right).lower()


def module_not_found(name: str) -> PowerShellError:
    return PowerShellError(
        f"The specified module '{name}' was not loaded because no valid module file was found in any module directory.",
        error_id=f"Modules_ModuleNotFound,{IMPORT_MODULE.source}",
        category="ResourceUnavailable",
        exception_type="System.IO.FileNotFoundException",
        target=name,
    )


def registry_item(key: str, values: t.Mapping[str, t.Any], parameters: t.Mapping[str, t.Any]) -> NetObject:
    r"""Get-ItemProperty for one key that exists, such as ``HKLM:\SOFTWARE\X``.

    :raises PowerShellError: another path, or a value the key does not have
    """
    path = parameters["Path"]
    full = key.replace("HKLM:", "HKEY_LOCAL_MACHINE")
    spellings = [key, f"Registry::{full}", f"Microsoft.PowerShell.Core\\Registry::{full}"]
    if path.rstrip("\\").lower() not in (spelling.lower() for spelling in spellings):
        raise PowerShellError(
            f"Cannot find path '{path}' because it does not exist.",
            error_id=f"PathNotFound,{GET_ITEM_PROPERTY.source}",
            category="ObjectNotFound",
            exception_type="System.Management.Automation.ItemNotFoundException",
            target=path,
        )
    chosen = dict(values)
    if "Name" in parameters:
        chosen = {}
        for name in parameters["Name"]:
            match = next((known for known in values if known.lower() == name.lower()), None)
            if match is None:
                raise PowerShellError(
                    f"Property {name} does not exist at path {full}.",
                    error_id=f"System.Management.Automation.PSArgumentException,{GET_ITEM_PROPERTY.source}",
                    category="InvalidArgument",
                    exception_type="System.Management.Automation.PSArgumentException",
                    target=name,
                )
            chosen[match] = values[match]
    provider = "Microsoft.PowerShell.Core\\Registry"
    parent, _backslash, child = full.rpartition("\\")
    return custom_object(
        {
            **chosen,
            "PSPath": f"{provider}::{full}",
            "PSParentPath": f"{provider}::{parent}",
            "PSChildName": child,
            "PSDrive": "HKLM",
            "PSProvider": provider,
        }
    )
