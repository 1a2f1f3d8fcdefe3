# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for powershell.exe that runs the collection's host script.

There is no PowerShell here: this program speaks the script's protocol (docs/connection.md) in front of the modelled cmdlets.
It models what Windows PowerShell 5.1 does with the script's constructs, and proves nothing about the script itself; that is
parsed, and run where ``pwsh`` is installed, by tests of its own.

Sources: references of ConvertTo-Json, ConvertFrom-Json, PSSerializer (remoting's serializer at depth 1), powershell.exe
(about_PowerShell_exe: EncodedCommand, InputFormat), about_Redirection, about_Splatting.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t
import uuid
import xml.etree.ElementTree as ET

import psrpcore.types as ps

from lab.powershell.objects import Call, CommandHost, CredentialValue, PowerShellError, SecretText, SessionRefused
from lab.wsman import wire
from lab.wsman.pipeline import error_action
from lab.wsman.winrs import Streams

MAX_JSON_LENGTH = 2_097_152
"""Characters JavaScriptSerializer takes by default; ConvertFrom-Json of Windows PowerShell rests on it."""

_NOT_FOUND = "System.Management.Automation.CommandNotFoundException"
_NAMESPACE = "http://schemas.microsoft.com/powershell/2004/04"


class PowerShellStandIn:
    """The program powershell.exe of one server.

    :param cmdlets: what a new process can run
    :param exchange: what the Exchange Management Shell adds; None where Exchange is not installed
    """

    def __init__(self, *, cmdlets: CommandHost | None = None, exchange: CommandHost | None = None) -> None:
        self._cmdlets = cmdlets
        self._exchange = exchange
        self.scripts: list[str] = []
        """Scripts the processes were given, for tests to compare with the collection's."""
        self.command_lines: list[str] = []
        self.requests: list[str] = []

    def __call__(self, command_line: str, user: str, streams: Streams) -> int:
        self.command_lines.append(command_line)
        bootstrap = _bootstrap(command_line)
        if bootstrap is None:
            streams.write(f"the lab runs the host script only, not {command_line!r}".encode(), "stderr")
            return 1
        lines = streams.lines()
        try:
            self.scripts.append(base64.b64decode(next(lines)).decode("utf-8"))
            load = json.loads(next(lines))["load"]
        except StopIteration:
            return 0
        _HostScript(self, user, streams).run(lines, load)
        return 0

    def host(self, load: str, user: str) -> tuple[CommandHost | None, str]:
        """What the process can run after loading, and the script's word on why it did not load."""
        host = self._exchange if load == "exchange" else self._cmdlets
        if host is None:
            return None, "the Exchange management tools are not installed on this server" if load == "exchange" else ""
        try:
            return host.new_runspace(user), ""
        except SessionRefused as exc:
            return None, str(exc)


def _bootstrap(command_line: str) -> str | None:
    """The text of -EncodedCommand, when the process leaves its input to it."""
    encoded = re.search(r"-EncodedCommand (\S+)", command_line, re.IGNORECASE)
    if not command_line.casefold().startswith("powershell.exe ") or encoded is None:
        return None
    # Otherwise powershell.exe itself reads the input, for $input.
    if not re.search(r"-InputFormat None\b", command_line, re.IGNORECASE):
        return None
    return base64.b64decode(encoded[1]).decode("utf-16-le")


class _HostScript:
    """One process."""

    def __init__(self, program: PowerShellStandIn, user: str, streams: Streams) -> None:
        self._program = program
        self._user = user
        self._streams = streams
        self._writer = wire.ObjectWriter(rich=False, runspace_id=uuid.uuid4())
        self._host: CommandHost | None = None

    def run(self, lines: t.Iterator[bytes], load: str) -> None:
        self._host, problem = self._program.host(load, self._user)
        if load == "exchange":
            # What the shell prints goes to the same output.
            self._streams.write("         Welcome to the Exchange Management Shell!\r\nTip: ü\r\n".encode())
        self._record(ready="5.1.17763.6189", language_mode="FullLanguage", problem=problem)
        for line in lines:
            text = line.decode("ascii")
            self._program.requests.append(text)
            if len(text) > MAX_JSON_LENGTH:
                self._streams.write(
                    b"ConvertFrom-Json : The length of the string exceeds the value set on maxJsonLength", "stderr"
                )
                return
            request = json.loads(text)
            self._pipeline(request["id"], request["pipeline"])
            self._record(id=request["id"], done=True)

    def _pipeline(self, number: int, stages: list[dict[str, t.Any]]) -> None:
        objects: list[t.Any] = []
        try:
            for position, stage in enumerate(stages):
                # A cmdlet in the middle of a pipeline processes what comes in, so nothing when nothing comes.
                if position and not objects:
                    return
                last = position == len(stages) - 1
                written: list[t.Any] = []
                for value in self._call(number, stage, objects):
                    if last:
                        self._record(id=number, object=_serialize(self._writer.output(value)))
                    else:
                        written.append(value)
                objects = written
        except _Ended:
            return

    def _call(self, number: int, stage: dict[str, t.Any], objects: list[t.Any]) -> t.Iterator[t.Any]:
        name = stage["cmdlet"]
        call = Call(
            cmdlet=name,
            parameters=[(key, _value(value)) for key, value in stage["parameters"].items()],
            pipeline_input=objects,
            user=self._user,
            warn=lambda text: self._record(id=number, warning=text),
        )
        try:
            if self._host is None or not re.fullmatch(r"[A-Za-z]+-[A-Za-z0-9]+", name) or name == "Invoke-Expression":
                raise _not_found(name)
            yield from self._host.run(call)
        except PowerShellError as error:
            action = error_action(call)
            if error.exception_type == _NOT_FOUND:
                error = _not_found(name)
            if error.terminating or action not in ("silentlycontinue", "ignore"):
                self._error(number, error, name)
            if error.terminating or action == "stop":
                raise _Ended from None

    def _error(self, number: int, error: PowerShellError, cmdlet: str) -> None:
        activity = "" if error.exception_type == _NOT_FOUND else cmdlet
        category = wire.error_record(error, activity, self._writer).CategoryInfo
        self._record(
            id=number,
            error={
                "message": error.message,
                "fully_qualified_error_id": error.error_id,
                "category": error.category,
                "exception": str(category.Reason),
                "target": str(category.TargetName),
                "activity": activity,
            },
        )

    def _record(self, **record: t.Any) -> None:
        text = json.dumps(record, separators=(",", ":"))
        # ConvertTo-Json of Windows PowerShell escapes these.
        for character in "<>&'":
            text = text.replace(character, f"\\u{ord(character):04x}")
        self._streams.write(f"\x1e{text}\n".encode("ascii"))


class _Ended(Exception):
    """A terminating error was written."""


def _not_found(name: str) -> PowerShellError:
    """The script's own error for a name that is no cmdlet or function."""
    return PowerShellError(
        f"The term '{name}' is not recognized as the name of a cmdlet or function.",
        error_id="CommandNotFoundException",
        category="ObjectNotFound",
        exception_type=_NOT_FOUND,
        target=name,
        terminating=True,
    )


def _value(value: t.Any) -> t.Any:
    """What the script makes of a parameter's JSON."""
    if isinstance(value, str):
        return value[1:]
    if isinstance(value, list):
        return [_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "hashtable":
        return {key: _value(item) for key, item in content.items()}
    if kind == "secret":
        return SecretText(_value(content))
    if kind == "credential":
        return CredentialValue(_value(content["username"]), _value(content["password"]))
    raise ValueError(f"unknown type of value {kind!r}")


def _serialize(value: t.Any) -> str:
    """PSSerializer.Serialize: a CLIXML document."""
    element = ps.serialize(value, t.cast(t.Any, None))  # the cipher is for SecureStrings, which no cmdlet of the lab gives
    root = ET.Element("Objs", {"Version": "1.1.0.1", "xmlns": _NAMESPACE})
    root.append(element)
    return ET.tostring(root, encoding="unicode")
