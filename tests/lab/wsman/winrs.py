# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRS: a WS-Management shell that runs command lines, with their input and output as streams.

Source: MS-WSMV 3.1.4.1 (shell cmd: Create, Command, Send, Receive, Signal, Delete; options WINRS_CONSOLEMODE_STDIN,
WINRS_SKIP_CMD_SHELL, WINRS_CODEPAGE).
"""

from __future__ import annotations

import queue
import sys
import traceback
import typing as t

from lab.wsman import soap
from lab.wsman.shells import Command, Shell, Workers

RESOURCE_URI = f"{soap.SHELL}/cmd"

_TERMINATED = 1073807364  # 0x40010004, DBG_TERMINATE_PROCESS


class Streams:
    """Input and output of one process, as its program sees them."""

    def __init__(self, shell: WinrsShell, command: Command) -> None:
        self._shell = shell
        self._command = command
        self._input: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def feed(self, data: bytes, end: bool) -> None:
        if data:
            self._input.put(data)
        if end:
            self._input.put(None)

    def lines(self) -> t.Iterator[bytes]:
        """Input lines without their end, until the input is closed."""
        rest = b""
        while (data := self._input.get()) is not None:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line.rstrip(b"\r")
        if rest:
            yield rest

    def write(self, data: bytes, stream: t.Literal["stdout", "stderr"] = "stdout") -> None:
        with self._shell.changed:
            if not self._command.done:
                self._command.output.append((stream, data))
                self._shell.changed.notify_all()


class Program(t.Protocol):
    """What a command line starts."""

    def __call__(self, command_line: str, user: str, streams: Streams) -> int:
        """Run to the end; returns the exit code."""


class WinrsShell(Shell):
    """One shell; its commands run as threads."""

    def __init__(self, shell_id: str, owner: str, program: Program, workers: Workers) -> None:
        super().__init__(shell_id, owner)
        self._program = program
        self._workers = workers
        self._streams: dict[str, Streams] = {}

    def describe(self) -> dict[str, str]:
        return {}

    def run(self, command: Command, line: str, arguments: list[str]) -> None:
        streams = self._streams[command.id] = Streams(self, command)
        command_line = " ".join([line, *arguments])

        def process() -> None:
            try:
                code = self._program(command_line, self.owner, streams)
            except Exception:  # a bug of the lab: seen by whoever runs the test, on both sides
                traceback.print_exc(file=sys.stderr)
                streams.write(b"LabFailure", "stderr")
                code = 1
            with self.changed:
                self._end(command, code)

        self._workers.start(process, f"winrs-{command.id}")

    def send(self, command: Command | None, data: bytes, end: bool) -> None:
        if command is None:
            raise soap.command_not_found()
        self._streams[command.id].feed(data, end)

    def stop(self, command: Command) -> None:
        self._end(command, _TERMINATED)
        # The thread behind the process sees the end of its input.
        self._streams[command.id].feed(b"", end=True)

    def _end(self, command: Command, code: int) -> None:
        if not command.done:
            command.done, command.exit_code = True, code
            self.changed.notify_all()


def opener(program: Program, workers: Workers) -> t.Callable[[soap.Request, str, str], Shell]:
    """Makes WinRS shells."""

    def open_shell(_request: soap.Request, shell_id: str, user: str) -> Shell:
        return WinrsShell(shell_id, user, program, workers)

    return open_shell
