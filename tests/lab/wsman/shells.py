# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shells and their commands: the WS-Management operations, whatever runs inside the shell.

A kind of shell (a runspace pool, later a WinRS process) subclasses :class:`Shell`. Source: MS-WSMV, message processing of shells.
"""

from __future__ import annotations

import abc
import base64
import collections
import dataclasses
import threading
import time
import typing as t
import uuid

from lab.wsman import soap

ENVELOPE_ROOM = 100_000
"""Base64 characters of streams in one answer: stays below MaxEnvelopeSize of the smallest client (150 KiB)."""

BLOCK_TIME = 0.1
"""Seconds an answer waits for more of a command's output (BufferMode Block); so a quick cmdlet takes one Receive, not two."""

_DEFAULT_IDLE_SECONDS = 7200.0
_LEAST_IDLE_SECONDS = 60.0
"""Used for smaller values (policy Specify idle Timeout of Windows Remote Shell)."""

Chunk = tuple[str, bytes]
"""Stream name and data."""


class Workers:
    """Threads that run commands; joined when the server stops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, target: t.Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        with self._lock:
            self._threads = [running for running in self._threads if running.is_alive()]
            self._threads.append(thread)
            thread.start()

    def join(self, timeout: float = 10.0) -> None:
        """:raises RuntimeError: a command does not end"""
        deadline = time.monotonic() + timeout
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                raise RuntimeError(f"{thread.name} is still running {timeout:g} s after the server stopped")


@dataclasses.dataclass
class Command:
    """One command of a shell and what it has written."""

    id: str
    output: collections.deque[Chunk] = dataclasses.field(default_factory=collections.deque)
    done: bool = False
    exit_code: int = 0


class Shell(abc.ABC):
    """One open shell.

    ``changed`` guards everything in it and is notified when output comes or a command ends.
    """

    chunks_per_receive = 2
    """Chunks of the shell's own output in one answer. Recorded from Windows: SESSION_CAPABILITY and APPLICATION_PRIVATE_DATA
    come together, RUNSPACEPOOL_STATE in the next."""

    def __init__(self, shell_id: str, owner: str) -> None:
        self.id = shell_id
        self.owner = owner
        self.changed = threading.Condition(threading.RLock())
        self.output: collections.deque[Chunk] = collections.deque()
        self.commands: dict[str, Command] = {}
        self.closed = False
        self.idle_timeout = _DEFAULT_IDLE_SECONDS
        self.last_used = 0.0
        """By the table's clock."""
        self.fields: dict[str, str] = {}
        """Its description: children of rsp:Shell."""

    @abc.abstractmethod
    def describe(self) -> dict[str, str]:
        """Children of rsp:Shell in the answer to Create that this kind of shell adds."""

    @abc.abstractmethod
    def run(self, command: Command, line: str, arguments: list[str]) -> None:
        """Start a command; called with ``changed`` held."""

    @abc.abstractmethod
    def send(self, command: Command | None, data: bytes, end: bool) -> None:
        """Take input for a command, or for the shell when None; called with ``changed`` held."""

    @abc.abstractmethod
    def stop(self, command: Command) -> None:
        """End a command that is running; called with ``changed`` held."""

    def command(self, command_id: str | None) -> Command:
        """:raises soap.Fault: no such command"""
        try:
            return self.commands[(command_id or "").upper()]
        except KeyError:
            raise soap.command_not_found() from None

    def close(self) -> None:
        """Stop what runs and wake who waits."""
        with self.changed:
            self.closed = True
            for command in self.commands.values():
                if not command.done:
                    self.stop(command)
            self.changed.notify_all()

    def receive(self, command: Command | None, timeout: float) -> str:
        """Body of the answer to Receive: waits for output, for the end of the command, or for OperationTimeout.

        :raises soap.Fault: nothing came in time, or the shell was closed
        """
        output = command.output if command else self.output

        def ready() -> bool:
            return bool(output) or self.closed or bool(command and command.done)

        with self.changed:
            if not self.changed.wait_for(ready, timeout):
                raise soap.timed_out()
            if self.closed:
                raise soap.aborted()
            if command and not command.done:
                self.changed.wait_for(lambda: command.done or self.closed or _size(output) >= ENVELOPE_ROOM, BLOCK_TIME)
            chunks: list[Chunk] = []
            room = ENVELOPE_ROOM
            while output and room > 0 and (command or len(chunks) < self.chunks_per_receive):
                chunks.append(output.popleft())
                room -= _size(chunks[-1:])
            if command is None:
                return soap.receive_response(chunks, None, None)
            return soap.receive_response(chunks, command.id, command.done and not output, command.exit_code)


def _size(chunks: t.Iterable[Chunk]) -> int:
    """Length in Base64."""
    return sum(len(data) * 4 // 3 for _name, data in chunks)


OpenShell = t.Callable[[soap.Request, str, str], Shell]
"""Request, shell id and user to a new shell; raises a Fault when the resource URI means none."""


class ShellTable:
    """The shells of one server and the operations on them.

    :param open_shell: makes the shell a Create asks for
    :param max_shells: how many a user may have (MaxShellsPerUser, PowerShellMaxConcurrency)
    :param before_create: called before a shell is made, for servers that are slow at it
    :param lists_shells: shells can be enumerated
    """

    def __init__(
        self, open_shell: OpenShell, *, max_shells: int, before_create: t.Callable[[], None], lists_shells: bool = False
    ) -> None:
        self._lists_shells = lists_shells
        self._open_shell = open_shell
        self._max_shells = max_shells
        self._before_create = before_create
        self._lock = threading.Condition()
        self._shells: dict[str, Shell] = {}
        self._passed = 0.0

    def __len__(self) -> int:
        self._drop_idle()
        with self._lock:
            return len(self._shells)

    def pass_time(self, seconds: float) -> None:
        """Be so much later, without anything having been asked meanwhile."""
        with self._lock:
            self._passed += seconds

    def _now(self) -> float:
        return time.monotonic() + self._passed

    def _drop_idle(self) -> None:
        """End shells whose idle time-out has passed.

        Counted "since the last received message from the client" (policy Specify idle Timeout of Windows Remote Shell).
        """
        with self._lock:
            over = [shell for shell in self._shells.values() if self._now() - shell.last_used > shell.idle_timeout]
            for shell in over:
                del self._shells[shell.id]
            if over:
                self._lock.notify_all()
        for shell in over:
            shell.close()

    def wait_for(self, count: int, timeout: float) -> bool:
        """Wait until so many shells are open; False when that does not happen in time."""
        with self._lock:
            return self._lock.wait_for(lambda: len(self._shells) == count, timeout)

    def close_all(self) -> None:
        with self._lock:
            shells = list(self._shells.values())
            self._shells.clear()
            self._lock.notify_all()
        for shell in shells:
            shell.close()

    def perform(self, request: soap.Request, user: str) -> str:
        """Carry out one operation; returns the body of its answer.

        :raises soap.Fault: it cannot be done
        """
        operations: dict[str, t.Callable[[soap.Request, str], str]] = {
            "Create": self._create,
            "Get": self._get,
            "Delete": self._delete,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            **({"Enumerate": self._enumerate} if self._lists_shells else {}),
        }
        if request.operation not in operations:
            raise soap.action_not_supported(request.action)
        return operations[request.operation](request, user)

    def _shell(self, request: soap.Request, user: str) -> Shell:
        self._drop_idle()
        with self._lock:
            shell = self._shells.get(request.shell_id.upper())
            if shell is None or shell.owner != user:
                raise soap.shell_not_found(request.shell_id)
            shell.last_used = self._now()
        return shell

    def _create(self, request: soap.Request, user: str) -> str:
        wanted = request.find("rsp:Shell")
        shell_id = (wanted.get("ShellId") or str(uuid.uuid4())).upper()
        self._before_create()
        self._drop_idle()
        with self._lock:
            if shell_id in self._shells:
                raise soap.already_exists(shell_id)
            if sum(shell.owner == user for shell in self._shells.values()) >= self._max_shells:
                raise soap.quota_exceeded(self._max_shells)
            shell = self._shells[shell_id] = self._open_shell(request, shell_id, user)
            idle = soap.seconds(wanted.findtext("rsp:IdleTimeOut", "", soap.NAMESPACES))
            shell.idle_timeout = _DEFAULT_IDLE_SECONDS if idle is None else max(idle, _LEAST_IDLE_SECONDS)
            shell.last_used = self._now()
            self._lock.notify_all()
        shell.fields = {
            "ShellId": shell_id,
            "ResourceUri": request.resource_uri,
            "Owner": user,
            "ClientIP": "127.0.0.1",
            "IdleTimeOut": wanted.findtext("rsp:IdleTimeOut", "PT7200.000S", soap.NAMESPACES),
            "InputStreams": wanted.findtext("rsp:InputStreams", "stdin", soap.NAMESPACES),
            "OutputStreams": wanted.findtext("rsp:OutputStreams", "stdout", soap.NAMESPACES),
            **shell.describe(),
            "ShellRunTime": "P0DT0H0M0S",
            "ShellInactivity": "P0DT0H0M0S",
        }
        return soap.shell_created("http://127.0.0.1/wsman", shell.fields)

    def _get(self, request: soap.Request, user: str) -> str:
        return soap.shell_description(self._shell(request, user).fields)

    def _enumerate(self, _request: soap.Request, _user: str) -> str:
        # assumed: an administrator is told of everybody's shells; the lab does not ask who is one.
        with self._lock:
            return soap.enumeration([shell.fields for shell in self._shells.values()])

    def _delete(self, request: soap.Request, user: str) -> str:
        shell = self._shell(request, user)
        with self._lock:
            self._shells.pop(shell.id, None)
            self._lock.notify_all()
        shell.close()
        return ""

    def _command(self, request: soap.Request, user: str) -> str:
        shell = self._shell(request, user)
        line = request.find("rsp:CommandLine")
        command = Command((line.get("CommandId") or str(uuid.uuid4())).upper())
        arguments = [item.text or "" for item in line.iterfind("rsp:Arguments", soap.NAMESPACES)]
        with shell.changed:
            shell.commands[command.id] = command
            shell.run(command, line.findtext("rsp:Command", "", soap.NAMESPACES), arguments)
        return soap.command_response(command.id)

    def _send(self, request: soap.Request, user: str) -> str:
        shell = self._shell(request, user)
        with shell.changed:
            for stream in request.find("rsp:Send").iterfind("rsp:Stream", soap.NAMESPACES):
                command = shell.command(stream.get("CommandId")) if stream.get("CommandId") else None
                end = stream.get("End", "").casefold() == "true"
                shell.send(command, base64.b64decode(stream.text or ""), end)
        return "<rsp:SendResponse/>"

    def _receive(self, request: soap.Request, user: str) -> str:
        shell = self._shell(request, user)
        command_id = request.find("rsp:Receive/rsp:DesiredStream").get("CommandId")
        with shell.changed:
            command = shell.command(command_id) if command_id else None
        return shell.receive(command, request.timeout)

    def _signal(self, request: soap.Request, user: str) -> str:
        shell = self._shell(request, user)
        with shell.changed:
            command = shell.command(request.find("rsp:Signal").get("CommandId"))
            if command.done:  # the client has read all it wants
                del shell.commands[command.id]
            else:
                shell.stop(command)
        return "<rsp:SignalResponse/>"
