# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What goes to and comes from C(cmdlet_host.ps1), the far end of the transport C(winrm). No input or output here.

Both directions are ASCII, so that no code page on the way matters. A request is one line of JSON. Answers are a JSON text
sequence (RFC 7464); whatever else the process prints lies between the texts and is skipped.
"""

from __future__ import annotations

import base64
import json
import pathlib
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import (
    CmdletResult,
    Credential,
    ErrorDetail,
    Secret,
)
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _clixml

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Parameters

SCRIPT = pathlib.Path(__file__).with_name("cmdlet_host.ps1")

REQUEST_LIMIT = 1_000_000
"""Characters of one request. ConvertFrom-Json of Windows PowerShell rests on JavaScriptSerializer, whose MaxJsonLength is
2,097,152 characters unless somebody raises it."""

# Takes the script from the first line of its input: a command line holds 8,191 characters, the script has more.
_BOOTSTRAP = (
    "$t=[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([Console]::In.ReadLine()));. ([ScriptBlock]::Create($t))"
)

COMMAND = "powershell.exe"
ARGUMENTS = (
    "-NoLogo",
    "-NoProfile",
    "-NonInteractive",
    # RemoteExchange.ps1 is a local file.
    "-ExecutionPolicy",
    "RemoteSigned",
    # PowerShell leaves the input to the script.
    "-InputFormat",
    "None",
    "-OutputFormat",
    "Text",
    "-EncodedCommand",
    base64.b64encode(_BOOTSTRAP.encode("utf-16-le")).decode(),
)

_RECORD_SEPARATOR = b"\x1e"


class RequestTooLarge(ValueError):
    """The request has more characters than Windows PowerShell reads."""


class ProtocolError(ValueError):
    """The far end wrote something that is no answer."""


def start(load: t.Literal["exchange", "none"]) -> bytes:
    """The first two lines: the script, and what it loads."""
    script = base64.b64encode(SCRIPT.read_bytes())
    return script + b"\n" + json.dumps({"load": load}).encode() + b"\n"


def request(number: int, commands: Sequence[tuple[str, Parameters]]) -> bytes:
    """One request; its answers carry its number.

    :raises RequestTooLarge: longer than REQUEST_LIMIT
    """
    pipeline = [
        {"cmdlet": name, "parameters": {key: _value(value) for key, value in parameters.items()}} for name, parameters in commands
    ]
    line = json.dumps({"id": number, "pipeline": pipeline})
    if len(line) > REQUEST_LIMIT:
        raise RequestTooLarge(
            f"the parameters of {commands[0][0]} take {len(line):,} characters; the transport winrm carries {REQUEST_LIMIT:,}"
        )
    return line.encode("ascii") + b"\n"


def _value(value: t.Any) -> t.Any:
    """A parameter's value; see ConvertFrom-HostValue in the script."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Secret):
        return {"secret": _value(value.value)}
    if isinstance(value, Credential):
        return {"credential": {"username": _value(value.username), "password": _value(value.password)}}
    if isinstance(value, t.Mapping):
        return {"hashtable": {str(key): _value(item) for key, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    # Never bare: some readers of JSON turn a text that looks like a date into one.
    return f"={value}"


class Reader:
    """Takes the output as it comes and gives the records in it."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[dict[str, t.Any]]:
        """:raises ProtocolError: a record that is not JSON"""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            _noise, found, text = line.rpartition(_RECORD_SEPARATOR)
            if not found:
                continue
            try:
                record = json.loads(text)
            except ValueError as exc:
                raise ProtocolError(f"not an answer: {text[:200]!r}") from exc
            if isinstance(record, dict):
                yield record


class Answer:
    """Collects what belongs to one request."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.done = False
        self.result = CmdletResult()

    def take(self, record: t.Mapping[str, t.Any]) -> None:
        if record.get("id") != self.number:
            return
        if "object" in record:
            self.result.objects += _clixml.decode(record["object"])
        elif "warning" in record:
            self.result.warnings.append(record["warning"])
        elif "error" in record:
            self.result.errors.append(ErrorDetail(**record["error"]))
        else:
            self.done = bool(record.get("done"))
