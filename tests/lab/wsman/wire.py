# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between the values of the models (lab.objects) and those of the PowerShell Remoting Protocol (psrpcore).

Sources: MS-PSRP 2.2.5 (serialization), 2.2.3.15 (ErrorRecord); about_Remote_Output (what remoting does to objects).
"""

from __future__ import annotations

import datetime
import enum
import typing as t
import uuid

import psrpcore.types as ps
from psrpcore.types import _serializer

from lab.powershell.objects import CredentialValue, EnumValue, MultiValued, NetObject, PowerShellError, SecretText

_OBJECT = "System.Object"
_INT32 = range(-(2**31), 2**31)

# What BinaryFormatter writes first; Exchange's SerializationData holds the object in that form.
_BINARY_FORMATTER = bytes.fromhex("0001000000ffffffff0100000000000000")
_SERIALIZATION_DATA_SIZE = 300


def _duration_text(value: datetime.timedelta) -> str:
    """An xs:duration of days, hours, minutes and seconds (MS-PSRP 2.2.5.1.5)."""
    microseconds = value // datetime.timedelta(microseconds=1)
    sign = "-" if microseconds < 0 else ""
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    decimals = f".{fraction:06}".rstrip("0") if fraction else ""
    time = "".join(
        [
            f"{hours}H" if hours else "",
            f"{minutes}M" if minutes else "",
            f"{seconds}{decimals}S" if seconds or fraction else "",
        ]
    )
    if not days and not time:
        time = "0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{time}' if time else ''}"


# psrpcore 0.3 writes 10 seconds as PT1S: it strips the zeros of the number together with those of its decimals.
_serializer._serialize_duration = _duration_text


# To the client


class ObjectWriter:
    """Makes wire objects of what cmdlets output.

    :param rich: send nested objects as objects; otherwise as the text of their ToString, as remoting's depth of 1 does
    :param runspace_id: value of RunspaceId, which implicit remoting puts on each object
    """

    def __init__(self, *, rich: bool, runspace_id: uuid.UUID) -> None:
        self._rich = rich
        self._runspace_id = runspace_id

    def output(self, value: t.Any) -> t.Any:
        """One object of the output stream.

        :raises TypeError: a type lab.objects does not name
        """
        if _is_primitive(value):
            return _primitive(value)
        if isinstance(value, EnumValue):
            return _enum(value)
        known: dict[int, t.Any] = {}
        if isinstance(value, NetObject):
            wire = self._object(value, known)
            _add_note(wire, "RunspaceId", self._runspace_id)
            return wire
        return self._collection(value, known)

    def _property(self, value: t.Any, known: dict[int, t.Any]) -> t.Any:
        if isinstance(value, (list, tuple, MultiValued)):
            return self._collection(value, known)
        return self._item(value, known)

    def _item(self, value: t.Any, known: dict[int, t.Any]) -> t.Any:
        """A value that stands inside an object or a collection."""
        if _is_primitive(value):
            return _primitive(value)
        if not self._rich:
            return _text(value)
        if isinstance(value, EnumValue):
            return _enum(value)
        if isinstance(value, NetObject):
            return self._object(value, known)
        return self._collection(value, known)

    def _object(self, value: NetObject, known: dict[int, t.Any]) -> t.Any:
        """:param known: objects already made, so that one met twice is sent as a reference"""
        if id(value) in known:
            return known[id(value)]
        wire = known[id(value)] = ps.PSObject()
        wire.PSObject.type_names = list(value.type_names)
        wire.PSObject.to_string = value.to_string
        for name, item in value.properties.items():
            wire.PSObject.adapted_properties.append(ps.PSNoteProperty(name, self._property(item, known)))
        if value.type_names[0].startswith("Microsoft.Exchange"):
            _add_note(wire, "SerializationData", _serialization_data(value))
        return wire

    def _collection(self, value: t.Any, known: dict[int, t.Any]) -> t.Any:
        if isinstance(value, MultiValued):
            wire = ps.PSList([self._item(item, known) for item in value.items])
            bases = ["Microsoft.Exchange.Data.MultiValuedPropertyBase"] if "MultiValuedProperty" in value.type_name else []
            wire.PSObject.type_names = [value.type_name, *bases, _OBJECT]
            return wire
        if isinstance(value, (list, tuple)):
            return ps.PSList([self._item(item, known) for item in value])
        raise TypeError(f"a cmdlet of the lab returned a {type(value).__name__}, which lab.objects does not know")


def _is_primitive(value: t.Any) -> bool:
    types = (str, bool, int, float, bytes, uuid.UUID, datetime.datetime, datetime.timedelta)
    return value is None or isinstance(value, types)


def _primitive(value: t.Any) -> t.Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return ps.PSInt(value) if value in _INT32 else ps.PSInt64(value)
    if isinstance(value, float):
        return ps.PSDouble(value)
    return value


def _enum(value: EnumValue) -> enum.Enum:
    """psrpcore takes type name, ToString and number from a Python enumeration's module, class, member and value."""
    namespace, _dot, name = value.type_name.rpartition(".")
    kind = enum.Enum(name, {value.name: value.number}, module=namespace)  # type: ignore[misc] # made at run time
    return t.cast(enum.Enum, next(iter(kind)))


def _text(value: t.Any) -> str:
    """ToString of a .NET value."""
    if isinstance(value, NetObject):
        return value.to_string
    if isinstance(value, EnumValue):
        return value.name
    if isinstance(value, MultiValued):
        return value.type_name
    if isinstance(value, (list, tuple)):
        return "System.Collections.ArrayList"
    raise TypeError(f"a cmdlet of the lab returned a {type(value).__name__}, which lab.objects does not know")


def _add_note(wire: t.Any, name: str, value: t.Any) -> None:
    wire.PSObject.extended_properties.append(ps.PSNoteProperty(name, value))


def _serialization_data(value: NetObject) -> bytes:
    """Stands for the blob Exchange adds to its objects; only its kind and its presence are modelled."""
    content = _BINARY_FORMATTER + value.type_names[0].encode() + b"\0" + value.to_string.encode()
    return content.ljust(_SERIALIZATION_DATA_SIZE, b"\x0b")


def error_record(error: PowerShellError, activity: str, writer: ObjectWriter) -> t.Any:
    """An ErrorRecord.

    :param activity: the cmdlet that wrote it; empty when none ran
    """
    short_name = error.exception_type.rpartition(".")[2]
    exception = ps.NETException(Message=error.message, HResult=-2146233088)
    names = [error.exception_type, "System.Exception", _OBJECT]
    exception.PSObject.type_names = list(dict.fromkeys(names))
    target_name, target_type = "", ""
    if isinstance(error.target, NetObject):
        target_name, target_type = error.target.to_string, error.target.type_names[0].rpartition(".")[2]
    elif error.target is not None:
        target_name, target_type = str(error.target), "String"
    return ps.ErrorRecord(
        Exception=exception,
        CategoryInfo=ps.ErrorCategoryInfo(
            Category=ps.ErrorCategory[error.category],
            Activity=activity,
            Reason=short_name,
            TargetName=target_name,
            TargetType=target_type,
        ),
        TargetObject=writer.output(error.target),
        FullyQualifiedErrorId=error.error_id,
    )


# From the client


def plain(value: t.Any) -> t.Any:
    """A parameter's value as plain Python; texts stay texts, so dates, GUIDs and versions are str.

    :raises TypeError: an object, which Exchange refuses as well ("SerializationData is not signed")
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, ps.PSSecureString):
        return SecretText(value.decrypt())
    if isinstance(value, ps.PSCredential):
        return CredentialValue(str(value.UserName), str(value.Password.decrypt()))
    if isinstance(value, ps.PSChar):
        return chr(int(value))
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (str, uuid.UUID, datetime.datetime, datetime.timedelta, ps.PSVersion)):
        return str(value)
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return _plain_object(value)


def _plain_object(value: t.Any) -> t.Any:
    names = [name.removeprefix("Deserialized.") for name in value.PSObject.type_names]
    if "System.Management.Automation.SwitchParameter" in names:
        return bool(value.IsPresent)
    raise TypeError(f"an object of type {names[0] if names else 'unknown'} as a parameter; send its text")
