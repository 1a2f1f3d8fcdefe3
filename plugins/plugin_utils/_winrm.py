# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The transport C(winrm): one WinRS shell with one powershell.exe that runs our host script, carried by pywinrm.

For servers whose remote PowerShell is withdrawn. What is sent and what comes back is in _host_protocol.
"""

from __future__ import annotations

import contextlib
import itertools
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _host_protocol
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._failure import LOST, reason, why_not_open
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._kerberos import Tickets
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Session, SessionLost, Target

try:
    from winrm.exceptions import WinRMError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError
    from winrm.protocol import Protocol
except ImportError as exc:
    IMPORT_ERROR: ImportError | None = exc
else:
    IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Parameters

_CHUNK = 65_536
"""Bytes of input in one message: in Base64 well below 153,600, the smallest MaxEnvelopeSize (MS-WSMV 3.1.4.1.17)."""

_UTF8 = 65001
_FAULT_SHELL_NOT_FOUND = 2150858843


class WinrmSession(Session):
    """One powershell.exe, started at the first call and kept."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._tickets = Tickets(target, from_password=True)
        self._protocol: Protocol | None = None
        self._shell = ""
        self._command = ""
        self._reader = _host_protocol.Reader()
        self._numbers = itertools.count(1)
        self.hello: dict[str, t.Any] = {}
        """What the host script said of its PowerShell when it started."""

    def run(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        answer = _host_protocol.Answer(next(self._numbers))
        try:
            line = _host_protocol.request(answer.number, commands)
        except _host_protocol.RequestTooLarge as exc:
            raise SessionError(f"{self.target.host}: {exc}") from exc
        self._open()
        with self._tickets.use(), self._losses():
            self._send(line)
            for record in self._records():
                answer.take(record)
                if answer.done:
                    break
        return answer.result

    def server(self) -> dict[str, str | int | None]:
        self._open()
        return {"powershell": self.hello["ready"], "language_mode": self.hello["language_mode"], "open_shells": None}

    def close(self) -> None:
        protocol, self._protocol = self._protocol, None
        # Whatever is wrong now, the server drops an idle shell after idle_timeout.
        if protocol is not None:
            with contextlib.suppress(Exception), self._tickets.use():
                if self._command:
                    protocol.cleanup_command(self._shell, self._command)
            with contextlib.suppress(Exception), self._tickets.use():
                if self._shell:
                    protocol.close_shell(self._shell)
            with contextlib.suppress(Exception):
                protocol.transport.close_session()
        self._shell = self._command = ""
        self._tickets.close()

    def _open(self) -> None:
        if self._protocol is not None:
            return
        self._reader = _host_protocol.Reader()
        try:
            with self._tickets.use():
                self._protocol = self._connect()
                self._shell = self._protocol.open_shell(codepage=_UTF8, idle_timeout=f"PT{self.target.idle_timeout}S")
                self._command = self._protocol.run_command(
                    self._shell, _host_protocol.COMMAND, _host_protocol.ARGUMENTS, console_mode_stdin=False
                )
                self._send(_host_protocol.start(self.target.load))
                self.hello = next(record for record in self._records() if "ready" in record)
        except SessionError:
            self.close()
            raise
        except Exception as exc:
            self.close()
            raise SessionError(why_not_open(exc, self.target)) from exc
        if self.hello["problem"]:
            self.close()
            raise SessionError(
                f"the Exchange Management Shell on {self.target.host} did not load: {self.hello['problem']}. It logs on to "
                "Exchange from there: set ansible_cmdlet_delegate (Kerberos), or ansible_cmdlet_auth to credssp"
            )

    def _connect(self) -> Protocol:
        target = self.target
        return Protocol(
            target.url,
            transport=t.cast(t.Any, target.auth),
            username=target.username or None,
            password=target.password or None,
            service=target.service,
            ca_trust_path=t.cast(t.Any, target.ca_cert),
            cert_pem=target.certificate_pem,
            cert_key_pem=target.certificate_key_pem,
            server_cert_validation="validate" if target.cert_validation else "ignore",
            kerberos_delegation=target.delegate,
            kerberos_hostname_override=target.negotiate_hostname,
            read_timeout_sec=target.read_timeout,
            operation_timeout_sec=target.operation_timeout,
            message_encryption=target.message_encryption,
            proxy=target.proxy,
        )

    def _send(self, data: bytes) -> None:
        """Write to the process' input."""
        for start in range(0, len(data), _CHUNK):
            piece = data[start : start + _CHUNK]
            try:
                self._input(piece)
            except WinRMTransportError as exc:
                if exc.code != 400:
                    raise
                # A new TCP connection has a new security context, and pywinrm had sealed the message with the old one.
                self._renew_transport()
                self._input(piece)

    def _input(self, piece: bytes) -> None:
        t.cast(Protocol, self._protocol).send_command_input(self._shell, self._command, piece)

    def _records(self) -> Iterator[dict[str, t.Any]]:
        """What the process writes, until it ends.

        :raises SessionLost: it has ended
        """
        protocol = t.cast(Protocol, self._protocol)
        complaints = b""
        done = False
        while not done:
            try:
                output, errors, _code, done = protocol.get_command_output_raw(self._shell, self._command)
            except WinRMOperationTimeoutError:
                continue  # nothing yet
            complaints = (complaints + errors)[-2000:]
            yield from self._reader.feed(output)
        text = complaints.decode("utf-8", "replace").strip() or "it said nothing"
        raise SessionLost(f"powershell.exe has ended on {self.target.host}: {text}")

    @contextlib.contextmanager
    def _losses(self) -> Iterator[None]:
        """Sort out what went wrong. Part of an answer may be lost with a message, so the process is given up."""
        try:
            yield
        except SessionLost:
            self.close()
            raise
        except WSManFaultError as exc:
            self.close()
            if exc.wsman_fault_code == _FAULT_SHELL_NOT_FOUND:
                raise SessionLost("the server no longer knows the session") from exc
            raise SessionError(f"{self.target.host} answered with a fault: {reason(exc)}") from exc
        except (WinRMTransportError, *LOST) as exc:
            self._renew_transport()
            self.close()
            raise SessionLost(reason(exc)) from exc
        except (WinRMError, _host_protocol.ProtocolError) as exc:
            self.close()
            raise SessionError(f"the session to {self.target.host} failed: {reason(exc)}") from exc

    def _renew_transport(self) -> None:
        """Next message on a new TCP connection with a new security context; the shell on the server lives on."""
        if self._protocol is not None:
            transport = self._protocol.transport
            transport.close_session()
            transport.encryption = None
