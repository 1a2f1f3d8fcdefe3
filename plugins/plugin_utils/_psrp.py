# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The transport C(psrp): a PowerShell remoting session over WSMan, carried by pypsrp.

pypsrp speaks the protocol; what comes back is decoded by our own decoder, because pypsrp's leaves Exchange's collections as
raw XML and fails on some of its objects.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

import requests
from pypsrp.complex_objects import GenericComplexObject, ObjectMeta, PSCredential, PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMError, WinRMTransportError, WSManFaultError
from pypsrp.messages import ErrorRecordMessage, PipelineState
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.serializer import Serializer
from pypsrp.wsman import WSMan

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import (
    CmdletResult,
    Credential,
    ErrorDetail,
    Secret,
    SessionError,
)
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _clixml, _error_record
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Session, Target, only_reads

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Parameters

# The shell is gone: idle timeout, restart of the application pool, another server behind the load balancer.
_FAULT_SHELL_NOT_FOUND = 2150858843
_LOST = (requests.exceptions.ConnectionError, requests.exceptions.Timeout, requests.exceptions.ChunkedEncodingError)


@dataclasses.dataclass(frozen=True)
class _DecodedError:
    """An error record in place of pypsrp's own class for it."""

    detail: ErrorDetail
    MESSAGE_TYPE = ErrorRecordMessage.MESSAGE_TYPE


class _TextOutput(Serializer):
    """Leaves pipeline output as text and reads error records by itself; the rest is pypsrp's business."""

    def deserialize(self, element: t.Any, metadata: t.Any = None, clear: bool = True) -> t.Any:
        if isinstance(element, str):
            if metadata is None:
                return element
            if metadata.object is ErrorRecordMessage:
                return _DecodedError(_error_record.decode(_clixml.parse(element)))
            if metadata.object is PipelineState:
                state, error = _error_record.decode_state(_clixml.parse(element))
                return PipelineState(state=state, error_record=_DecodedError(error) if error else None)
        return super().deserialize(element, metadata, clear)


class PsrpSession(Session):
    """One runspace pool, opened at the first call and kept."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._wsman: WSMan | None = None
        self._pool: RunspacePool | None = None

    def invoke_pipeline(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        repeatable = only_reads(commands)
        try:
            return self._run(commands)
        except _NotExecuted:
            # The server could not even read the request, so nothing happened: what writes may be repeated too.
            return self._run_again(commands)
        except _SessionLost as exc:
            if repeatable:
                return self._run_again(commands)
            raise SessionError(
                f"the connection to {self.target.host} was lost while {commands[0][0]} was under way, so whether it took "
                f"effect is unknown ({exc}). Run the play again: it reads the state before it writes."
            ) from exc

    def close(self) -> None:
        pool, wsman, self._pool, self._wsman = self._pool, self._wsman, None, None
        # Whatever is wrong now, the server drops an idle shell after idle_timeout.
        if pool is not None:
            with contextlib.suppress(Exception):
                pool.close()
        if wsman is not None:
            with contextlib.suppress(Exception):
                wsman.transport.close()

    def _run_again(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        try:
            return self._run(commands)
        except (_NotExecuted, _SessionLost) as exc:
            raise SessionError(f"the connection to {self.target.host} was lost again right after it was renewed ({exc})") from exc

    def _run(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        pool = self._open()
        shell = PowerShell(pool)
        try:
            for cmdlet, parameters in commands:
                shell.add_cmdlet(cmdlet)
                for name, value in parameters.items():
                    shell.add_parameter(name, self._to_wire(pool, value))
            try:
                shell.begin_invoke()
            except WinRMTransportError as exc:
                if exc.code == 400:
                    # A new TCP connection has a new security context, and pypsrp had sealed the request with the old one.
                    self._renew_transport()
                    raise _NotExecuted(str(exc)) from exc
                raise
            output = shell.end_invoke()
        except WSManFaultError as exc:
            if exc.code == _FAULT_SHELL_NOT_FOUND:
                self._forget()
                raise _SessionLost("the server no longer knows the session") from exc
            raise SessionError(f"{self.target.host} answered with a fault: {_reason(exc)}") from exc
        except (WinRMTransportError, *_LOST) as exc:
            self._renew_transport()
            raise _SessionLost(_reason(exc)) from exc
        except WinRMError as exc:
            self._forget()
            raise SessionError(f"the session to {self.target.host} failed: {_reason(exc)}") from exc
        return self._result(shell, output)

    def _open(self) -> RunspacePool:
        if self._pool is not None:
            return self._pool
        target = self.target
        wsman = WSMan(
            target.host,
            port=target.port,
            username=target.username or None,
            password=target.password or None,
            ssl=target.scheme == "https",
            path=f"{target.path.strip('/')}/",
            auth=target.auth,
            cert_validation=target.ca_cert or True if target.cert_validation else False,
            connection_timeout=target.connection_timeout,
            operation_timeout=target.operation_timeout,
            read_timeout=target.read_timeout,
            encryption=target.message_encryption,
            no_proxy=True,
            **{
                key: value
                for key, value in {
                    "negotiate_service": target.negotiate_service,
                    "negotiate_hostname_override": target.negotiate_hostname,
                }.items()
                if value
            },
        )
        pool = RunspacePool(wsman, configuration_name=target.configuration)
        pool.shell.idle_time_out = target.idle_timeout
        # Private to pypsrp, so requirements.txt holds the series and a test opens a session through it.
        pool._serializer = pool._fragmenter.serializer = _TextOutput()
        self._wsman, self._pool = wsman, pool
        try:
            pool.open()
        except Exception as exc:
            # The server may have made the shell before the answer was lost.
            self.close()
            raise SessionError(self._why_not_open(exc)) from exc
        return pool

    def _why_not_open(self, exc: Exception) -> str:
        target = self.target
        where = f"{target.host} ({target.url}, configuration {target.configuration})"
        if isinstance(exc, AuthenticationError):
            return (
                f"{where} refused user {target.username!r} with {target.auth}: check ansible_user, ansible_password and "
                "ansible_cmdlet_auth"
            )
        if isinstance(exc, requests.exceptions.SSLError):
            return (
                f"the certificate of {where} is not accepted: {_reason(exc)}. Name the CA that issued it in "
                "ansible_cmdlet_ca_cert, or renew the certificate"
            )
        if isinstance(exc, requests.exceptions.Timeout):
            return f"{where} did not answer in time: {_reason(exc)}"
        if isinstance(exc, _LOST):
            return f"cannot reach {where}: {_reason(exc)}"
        if isinstance(exc, WSManFaultError):
            return f"{where} refused the session: {_reason(exc)}"
        if isinstance(exc, WinRMTransportError):
            return f"{where} answered HTTP {exc.code}: check ansible_cmdlet_uri (or port and path)"
        if isinstance(exc, ImportError) or "gssapi" in str(exc).lower() or "krb5" in str(exc).lower():
            return (
                f"Kerberos to {where} is not possible here: {_reason(exc)}. Install pypsrp[kerberos] on the control node, or "
                "choose another ansible_cmdlet_auth that the server allows"
            )
        return f"no session to {where}: {_reason(exc)}"

    def _renew_transport(self) -> None:
        """Next request on a new TCP connection with a new security context; the shell on the server lives on."""
        if self._wsman is not None:
            transport = self._wsman.transport
            transport.close()
            transport.session = None
            transport.encryption = None

    def _forget(self) -> None:
        self.close()

    def _to_wire(self, pool: RunspacePool, value: t.Any) -> t.Any:
        if isinstance(value, Secret):
            pool.exchange_keys()
            return pool.serialize(value.value, ObjectMeta("SS"))
        if isinstance(value, Credential):
            pool.exchange_keys()
            return PSCredential(username=value.username, password=value.password)
        if isinstance(value, dict):
            return {key: self._to_wire(pool, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._to_wire(pool, item) for item in value]
        return value

    def _result(self, shell: PowerShell, output: Sequence[str]) -> CmdletResult:
        errors = [record.detail for record in shell.streams.error]
        if shell.state == PSInvocationState.FAILED and not errors:
            raise SessionError(f"the pipeline on {self.target.host} failed without saying why")
        return CmdletResult(
            objects=[value for text in output for value in _clixml.decode(text)],
            warnings=[_warning_text(record) for record in shell.streams.warning],
            errors=errors,
        )


class _NotExecuted(Exception):
    """The server could not read the request."""


class _SessionLost(Exception):
    """The connection broke; what had been sent may have been carried out."""


def _warning_text(record: t.Any) -> str:
    return str(record.message) if not isinstance(record, GenericComplexObject) else str(record)


def _reason(exc: BaseException) -> str:
    """The innermost reason, without requests' wrapping of pools and objects."""
    if isinstance(exc, WSManFaultError):
        return str(exc.provider_fault or exc.reason or exc).strip()
    seen: BaseException = exc
    while True:
        inner = getattr(seen, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        if inner is None:
            break
        seen = inner
    text = str(seen).strip() or type(seen).__name__
    # urllib3 puts the repr of its connection object before the text.
    return text.partition(">: ")[2] or text
