# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running one pipeline on a CommandHost: statements, cmdlets piped into each other, records of errors and warnings.

Sources: about_Pipelines, about_CommonParameters (ErrorAction), about_Language_Modes; MS-PSRP, server role.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
import typing as t

import psrpcore
import psrpcore.types as ps

from lab.powershell.objects import Call, CommandHost, EnumValue, PowerShellError
from lab.wsman import wire
from lab.wsman.shells import Command

_CORE = "System.Management.Automation"


class Runspace(t.Protocol):
    """What a pipeline needs of the shell it runs in."""

    owner: str
    changed: threading.Condition
    host: CommandHost
    writer: wire.ObjectWriter

    def flush(self) -> None: ...


class _Stopped(Exception):
    """The client stopped the pipeline, or closed the shell, while it ran."""


class _Terminated(Exception):
    """The pipeline ends in state Failed, with this record."""

    def __init__(self, record: t.Any) -> None:
        super().__init__("pipeline failed")
        self.record = record


_LANGUAGE_MODE = "$ExecutionContext.SessionState.LanguageMode"
_LANGUAGE_MODES = ("FullLanguage", "RestrictedLanguage", "NoLanguage", "ConstrainedLanguage")


class PipelineRun:
    """One pipeline: its statements, each a chain of cmdlets. Call it to run it; it takes the runspace's lock to write."""

    def __init__(self, runspace: Runspace, command: Command, pipeline: psrpcore.ServerPipeline) -> None:
        self.command = command
        self.input: list[t.Any] = []
        self._runspace = runspace
        self._pipeline = pipeline
        self._commands: list[psrpcore.Command] = []

    def prepare(self, description: psrpcore.PowerShell) -> None:
        """Take the pipeline's description; called with the lock held."""
        self._commands = description.commands
        self._pipeline._change_state(ps.PSInvocationState.Running, emit=False)

    def stop(self) -> None:
        """End it from outside; called with the lock held."""
        if self._pipeline.state == ps.PSInvocationState.Running:
            self._pipeline.stop()
        self._done()

    def __call__(self) -> None:
        state, record = ps.PSInvocationState.Completed, None
        try:
            self._compile()
            for statement in self._statements():
                self._run_statement(statement)
        except _Stopped:
            return
        except _Terminated as end:
            # assumed: no later statement of the pipeline runs
            state, record = ps.PSInvocationState.Failed, end.record
        except Exception as exc:  # a bug of the lab: seen by whoever runs the test, on both sides
            traceback.print_exc(file=sys.stderr)
            state, record = ps.PSInvocationState.Failed, self._record(_lab_failure(exc), "")
        with self._runspace.changed:
            if self._pipeline.state == ps.PSInvocationState.Running:
                self._pipeline._change_state(state, error=record)
                self._done()

    def _done(self) -> None:
        if self._pipeline.state != ps.PSInvocationState.Running:
            self._pipeline.close()
        self.command.done = True
        self._runspace.flush()

    def _compile(self) -> None:
        """A pipeline is parsed as a whole before any of it runs."""
        for command in self._commands:
            if not command.is_script:
                continue
            if self._runspace.host.language_mode == "NoLanguage":
                raise _Terminated(self._record(_scripts_not_allowed(), ""))
            if command.command_text != _LANGUAGE_MODE:
                raise NotImplementedError("the lab runs cmdlets; it has no interpreter for scripts")

    def _statements(self) -> t.Iterator[list[psrpcore.Command]]:
        statement: list[psrpcore.Command] = []
        for command in self._commands:
            statement.append(command)
            if command.end_of_statement:
                yield statement
                statement = []
        if statement:
            yield statement

    def _run_statement(self, statement: list[psrpcore.Command]) -> None:
        objects = self.input
        for number, command in enumerate(statement):
            # A cmdlet in the middle of a pipeline processes what comes in, so nothing when nothing comes.
            if number and not objects:
                return
            output = self._run_command(command, objects)
            if command is statement[-1]:
                for value in output:
                    self._write(self._runspace.writer.output(value), ps.PSRPMessageType.PipelineOutput)
            else:
                objects = list(output)

    def _run_command(self, command: psrpcore.Command, objects: list[t.Any]) -> t.Iterator[t.Any]:
        self._check_running()
        if command.is_script:
            mode = self._runspace.host.language_mode
            yield EnumValue(f"{_CORE}.PSLanguageMode", mode, _LANGUAGE_MODES.index(mode))
            return
        parameters = [(name.lstrip("-").rstrip(":") if name else None, wire.plain(value)) for name, value in command.parameters]
        call = Call(
            cmdlet=command.command_text,
            parameters=parameters,
            pipeline_input=list(objects),
            user=self._runspace.owner,
            warn=self._warn,
        )
        try:
            yield from self._runspace.host.run(call)
        except PowerShellError as error:
            self._report(error, call)

    def _report(self, error: PowerShellError, call: Call) -> None:
        """Write an error record, or end the pipeline (about_CommonParameters, ErrorAction)."""
        # No cmdlet ran where none was found: CategoryInfo is "ObjectNotFound: (X:String) [], CommandNotFoundException".
        found = error.exception_type != f"{_CORE}.CommandNotFoundException"
        record = self._record(error, call.cmdlet if found else "")
        action = error_action(call)
        if error.terminating or action == "stop":
            raise _Terminated(record)
        if action not in ("silentlycontinue", "ignore"):
            self._write(record, ps.PSRPMessageType.ErrorRecord)

    def _record(self, error: PowerShellError, activity: str) -> t.Any:
        return wire.error_record(error, activity, self._runspace.writer)

    def _warn(self, message: str) -> None:
        with self._writing():
            self._pipeline.write_warning(message)

    def _write(self, value: t.Any, message_type: ps.PSRPMessageType) -> None:
        with self._writing():
            self._pipeline.prepare_message(value, message_type=message_type)

    @contextlib.contextmanager
    def _writing(self) -> t.Iterator[None]:
        """The lock, while the pipeline may still write; then what was written is queued."""
        with self._runspace.changed:
            self._check_running()
            yield
            self._runspace.flush()

    def _check_running(self) -> None:
        if self._pipeline.state != ps.PSInvocationState.Running:
            raise _Stopped


def error_action(call: Call) -> str:
    """What a call wants done with errors (about_CommonParameters): its -ErrorAction in lower case."""
    numbers = {0: "silentlycontinue", 1: "stop", 2: "continue", 4: "ignore"}
    for name, value in call.parameters:
        if name is not None and name.casefold() in ("erroraction", "ea"):
            return numbers.get(value, "continue") if isinstance(value, int) else str(value).casefold()
    return "continue"


def _scripts_not_allowed() -> PowerShellError:
    """What an endpoint in no-language mode says to any script."""
    return PowerShellError(
        "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode.",
        error_id="ScriptsNotAllowed",
        category="ParserError",
        exception_type=f"{_CORE}.ParseException",
        terminating=True,
    )


def _lab_failure(exc: Exception) -> PowerShellError:
    return PowerShellError(
        f"LabFailure: {exc!r}",
        error_id="LabFailure",
        category="NotSpecified",
        exception_type=f"{_CORE}.RuntimeException",
        terminating=True,
    )
