# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A runspace pool as a WS-Management shell: receives pipelines, runs them on a CommandHost, sends what they write.

Sources: MS-PSRP (server role, and how its fragments travel in WS-Management). psrpcore is the state machine; it takes no
locks, so every call to it is made with the shell's ``changed`` held. It is used a little below its public surface
(``_send_buffer``, ``_change_state``, ``create_fragment``) because Windows sends one message to a rsp:Stream and no Running state.
"""

from __future__ import annotations

import base64
import typing as t
import uuid

import psrpcore
import psrpcore.types as ps
from psrpcore._payload import create_fragment

from lab.powershell.objects import CommandHost, SessionRefused
from lab.wsman import soap, wire
from lab.wsman.pipeline import PipelineRun
from lab.wsman.shells import Command, Shell, Workers

_FRAGMENT = 32768 - 21  # bytes of a message in one fragment, header taken off
_POWERSHELL_VERSION = "5.1.17763.6189"

Note = t.Callable[[t.Sequence[psrpcore.Command]], None]


def _private_data() -> dict[str, t.Any]:
    """What $PSVersionTable says on Windows Server 2019."""
    return {
        "PSVersionTable": {
            "PSVersion": ps.PSVersion(_POWERSHELL_VERSION),
            "PSEdition": "Desktop",
            "PSCompatibleVersions": [ps.PSVersion(v) for v in ("1.0", "2.0", "3.0", "4.0", "5.0", _POWERSHELL_VERSION)],
            "CLRVersion": ps.PSVersion("4.0.30319.42000"),
            "BuildVersion": ps.PSVersion("10.0.17763.6189"),
            "WSManStackVersion": ps.PSVersion("3.0"),
            "PSRemotingProtocolVersion": ps.PSVersion("2.3"),
            "SerializationVersion": ps.PSVersion("1.1.0.1"),
        }
    }


class RunspaceShell(Shell):
    """One runspace pool.

    :param creation: the fragments of creationXml: SESSION_CAPABILITY and INIT_RUNSPACEPOOL
    :param rich: see :class:`lab.wsman.wire.ObjectWriter`
    :param note: told of each pipeline before it runs
    """

    def __init__(
        self,
        shell_id: str,
        owner: str,
        creation: bytes,
        *,
        host: CommandHost,
        rich: bool,
        workers: Workers,
        note: Note,
    ) -> None:
        super().__init__(shell_id, owner)
        self.host = host
        self.writer = wire.ObjectWriter(rich=rich, runspace_id=uuid.uuid4())
        self._workers = workers
        self._note = note
        self._pool = psrpcore.ServerRunspacePool(application_private_data=_private_data())
        self._runs: dict[str, PipelineRun] = {}
        with self.changed:
            self._take(creation, None)

    def describe(self) -> dict[str, str]:
        return {
            "ProcessId": "4321",
            "MaxIdleTimeOut": "PT2147483.647S",
            "Locale": "en-US",
            "DataLocale": "en-US",
            "CompressionMode": "NoCompression",
            "ProfileLoaded": "Yes",
            "Encoding": "UTF8",
            "BufferMode": "Block",
            "State": "Connected",
        }

    def run(self, command: Command, _line: str, arguments: list[str]) -> None:
        """The first fragment of CREATE_PIPELINE comes as the argument; the line is empty."""
        pipeline = psrpcore.ServerPipeline(self._pool, uuid.UUID(command.id))
        self._runs[command.id] = PipelineRun(self, command, pipeline)
        self._take(base64.b64decode("".join(arguments)), pipeline.pipeline_id)

    def send(self, command: Command | None, data: bytes, _end: bool) -> None:
        self._take(data, uuid.UUID(command.id) if command else None)

    def stop(self, command: Command) -> None:
        self._runs[command.id].stop()

    def flush(self) -> None:
        """Queue what psrpcore has to send; called with ``changed`` held."""
        messages = self._pool._send_buffer
        while messages:
            message = messages.pop(0)
            target = self if message.pipeline_id is None else self.commands[str(message.pipeline_id).upper()]
            while len(message):
                part = message.fragment(_FRAGMENT)
                data = create_fragment(part.object_id, part.fragment_id, part.data, part.end)
                target.output.append(("stdout", data))
        self.changed.notify_all()

    def _take(self, data: bytes, pipeline_id: uuid.UUID | None) -> None:
        self._pool.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, pipeline_id))
        while (event := self._pool.next_event()) is not None:
            self._handle(event)
        self.flush()

    def _handle(self, event: psrpcore.PSRPEvent) -> None:
        """Do what psrpcore leaves to the application."""
        if isinstance(event, psrpcore.CreatePipelineEvent):
            run = self._runs[str(event.pipeline_id).upper()]
            run.prepare(event.pipeline)
            self._note(event.pipeline.commands)
            if event.pipeline.no_input:
                self._start(run)
        elif isinstance(event, psrpcore.PipelineInputEvent):
            self._runs[str(event.pipeline_id).upper()].input.append(wire.plain(event.data))
        elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
            self._start(self._runs[str(event.pipeline_id).upper()])
        elif isinstance(event, psrpcore.GetAvailableRunspacesEvent):
            self._pool.runspace_availability_response(event.ci, 1)
        elif isinstance(
            event,
            (psrpcore.SetMaxRunspacesEvent, psrpcore.SetMinRunspacesEvent, psrpcore.ResetRunspaceStateEvent),
        ):
            self._pool.runspace_availability_response(event.ci, True)
        elif not isinstance(event, (psrpcore.SessionCapabilityEvent, psrpcore.InitRunspacePoolEvent, psrpcore.PublicKeyEvent)):
            raise NotImplementedError(f"the lab does not answer {type(event).__name__}")

    def _start(self, run: PipelineRun) -> None:
        self._workers.start(run, f"pipeline-{run.command.id}")


def plain_pipeline(commands: t.Sequence[psrpcore.Command]) -> list[tuple[str, dict[str, t.Any]]]:
    """Cmdlets, each with its named parameters, of a pipeline that was noted."""
    return [
        (wire.plain(command.command_text), {wire.plain(name): wire.plain(value) for name, value in command.parameters})
        for command in commands
    ]


def opener(
    configurations: t.Mapping[str, CommandHost], *, rich: bool, workers: Workers, note: Note
) -> t.Callable[[soap.Request, str, str], Shell]:
    """Makes runspace pools of the configuration a request names; a Fault for a configuration there is not."""
    hosts = {f"{soap.POWERSHELL}/{name}".casefold(): host for name, host in configurations.items()}

    def open_shell(request: soap.Request, shell_id: str, user: str) -> Shell:
        host = hosts.get(request.resource_uri.casefold())
        if host is None:
            raise soap.resource_not_found(request.resource_uri)
        creation = request.find("rsp:Shell/ps:creationXml").text or ""
        try:
            runspace = host.new_runspace(user)
        except SessionRefused as exc:
            raise soap.access_denied(str(exc)) from exc
        fragments = base64.b64decode(creation)
        return RunspaceShell(shell_id, user, fragments, host=runspace, rich=rich, workers=workers, note=note)

    return open_shell
