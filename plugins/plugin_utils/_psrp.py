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
import xml.etree.ElementTree as ET

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import (
    CmdletResult,
    Credential,
    ErrorDetail,
    Secret,
    SessionError,
)
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _clixml, _error_record
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._failure import LOST, reason, why_not_open
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._kerberos import TicketError, Tickets
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import NotExecuted, Session, SessionLost, Target

try:
    from pypsrp.complex_objects import GenericComplexObject, ObjectMeta, PSCredential, PSInvocationState
    from pypsrp.exceptions import WinRMError, WinRMTransportError, WSManFaultError
    from pypsrp.messages import ErrorRecordMessage, PipelineState
    from pypsrp.powershell import PowerShell, RunspacePool
    from pypsrp.serializer import Serializer
    from pypsrp.wsman import NAMESPACES, WSMan
except ImportError as exc:
    IMPORT_ERROR: ImportError | None = exc
    Serializer = object
else:
    IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Parameters

# The shell is gone: idle timeout, restart of the application pool, another server behind the load balancer.
_FAULT_SHELL_NOT_FOUND = 2150858843
_ASK_LANGUAGE_MODE = "$ExecutionContext.SessionState.LanguageMode"
_SHELLS = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"


@dataclasses.dataclass(frozen=True)
class _DecodedError:
    """An error record in place of pypsrp's own class for it."""

    detail: ErrorDetail

    @property
    def MESSAGE_TYPE(self) -> int:
        return t.cast(int, ErrorRecordMessage.MESSAGE_TYPE)


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
        self._tickets = Tickets(target, from_password=False)
        self._wsman: WSMan | None = None
        self._pool: RunspacePool | None = None

    def server(self) -> dict[str, str | int | None]:
        try:
            with self._tickets.use():
                pool = self._open()
                mode, shells = self._language_mode(pool), self._open_shells(pool)
        except TicketError as exc:
            raise SessionError(why_not_open(exc, self.target)) from exc
        versions = (getattr(pool.application_private_data, "data", None) or {}).get("PSVersionTable") or {}
        version = versions.get("PSVersion")
        return {"powershell": None if version is None else str(version), "language_mode": mode, "open_shells": shells}

    def _language_mode(self, pool: RunspacePool) -> str | None:
        """Asked by the one script there is: where scripts are refused, that is the answer."""
        shell = PowerShell(pool)
        shell.add_script(_ASK_LANGUAGE_MODE)
        try:
            result = self._result(shell, shell.invoke())
        except (WSManFaultError, WinRMError, *LOST):
            return None
        if any(error.is_error_id("ScriptsNotAllowed") for error in result.errors):
            return "NoLanguage"
        return str(result.objects[0]) if result.objects else None

    def _open_shells(self, pool: RunspacePool) -> int | None:
        """Counted by owner; None where the endpoint or the account's rights do not allow it."""
        message = ET.Element(f"{{{NAMESPACES['wsen']}}}Enumerate")
        ET.SubElement(message, f"{{{NAMESPACES['wsman']}}}OptimizeEnumeration")
        ET.SubElement(message, f"{{{NAMESPACES['wsman']}}}MaxElements").text = "32000"
        try:
            answer = pool.connection.enumerate(_SHELLS, message)
        except (WSManFaultError, WinRMError, *LOST):
            return None
        owners = {
            shell.findtext("rsp:ShellId", "", NAMESPACES).upper(): shell.findtext("rsp:Owner", "", NAMESPACES)
            for shell in answer.findall("wsen:EnumerateResponse/wsman:Items/rsp:Shell", NAMESPACES)
        }
        own = owners.get(pool.id.upper())
        return None if own is None else sum(owner == own for owner in owners.values())

    def close(self) -> None:
        pool, wsman, self._pool, self._wsman = self._pool, self._wsman, None, None
        # Whatever is wrong now, the server drops an idle shell after idle_timeout.
        if pool is not None:
            with contextlib.suppress(Exception), self._tickets.use():
                pool.close()
        if wsman is not None:
            with contextlib.suppress(Exception):
                wsman.transport.close()
        self._tickets.close()

    def run(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        try:
            with self._tickets.use():
                return self._run(commands)
        except TicketError as exc:
            raise SessionError(why_not_open(exc, self.target)) from exc

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
                    raise NotExecuted(str(exc)) from exc
                raise
            output = shell.end_invoke()
        except WSManFaultError as exc:
            if exc.code == _FAULT_SHELL_NOT_FOUND:
                self.close()
                raise SessionLost("the server no longer knows the session") from exc
            raise SessionError(f"{self.target.host} answered with a fault: {reason(exc)}") from exc
        except (WinRMTransportError, *LOST) as exc:
            self._renew_transport()
            raise SessionLost(reason(exc)) from exc
        except WinRMError as exc:
            self.close()
            raise SessionError(f"the session to {self.target.host} failed: {reason(exc)}") from exc
        return self._result(shell, output)

    def _open(self) -> RunspacePool:
        if self._pool is not None:
            return self._pool
        target = self.target
        wsman = WSMan(
            target.host,
            port=target.port,
            username=target.username or None,
            # With a keytab the ticket is there already.
            password=None if target.keytab else target.password or None,
            ssl=target.scheme == "https",
            path=f"{target.path.strip('/')}/",
            auth=target.auth,
            cert_validation=target.ca_cert or True if target.cert_validation else False,
            connection_timeout=target.connection_timeout,
            operation_timeout=target.operation_timeout,
            read_timeout=target.read_timeout,
            encryption=target.message_encryption,
            proxy=target.proxy,
            no_proxy=target.proxy is None,
            negotiate_service=target.service,
            **{
                key: value
                for key, value in {
                    "negotiate_hostname_override": target.negotiate_hostname,
                    "negotiate_delegate": target.delegate,
                    "certificate_pem": target.certificate_pem,
                    "certificate_key_pem": target.certificate_key_pem,
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
            raise SessionError(why_not_open(exc, target)) from exc
        return pool

    def _renew_transport(self) -> None:
        """Next request on a new TCP connection with a new security context; the shell on the server lives on."""
        if self._wsman is not None:
            transport = self._wsman.transport
            transport.close()
            transport.session = None
            transport.encryption = None

    def _to_wire(self, pool: RunspacePool, value: t.Any) -> t.Any:
        if isinstance(value, Secret):
            pool.exchange_keys()
            return pool.serialize(value.value, ObjectMeta("SS"))
        if isinstance(value, Credential):
            pool.exchange_keys()
            return PSCredential(username=value.username, password=value.password)
        if isinstance(value, int) and not -(2**31) <= value < 2**31:
            # pypsrp sends any integer as Int32.
            return pool.serialize(value, ObjectMeta("I64"))
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
            # psrpcore's servers send $null as an empty message.
            objects=[value for text in output for value in (_clixml.decode(text) if text else [None])],
            warnings=[_warning_text(record) for record in shell.streams.warning],
            errors=errors,
        )


def _warning_text(record: t.Any) -> str:
    return str(record.message) if not isinstance(record, GenericComplexObject) else str(record)
