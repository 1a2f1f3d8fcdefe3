# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""A session to a Windows host: the interface every transport offers, and how its target is described."""

from __future__ import annotations

import abc
import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import SessionError

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult, Parameters


class NotExecuted(Exception):
    """The server could not read the request."""


class SessionLost(Exception):
    """The connection broke; what had been sent may have been carried out."""


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a session goes and how it logs on. Times are seconds."""

    host: str
    scheme: t.Literal["http", "https"]
    port: int
    path: str
    configuration: str
    transport: t.Literal["psrp", "winrm"] = dataclasses.field(kw_only=True, default="psrp")
    load: t.Literal["exchange", "none"] = dataclasses.field(kw_only=True, default="none")  # by the transport winrm
    username: str
    password: str = dataclasses.field(repr=False)
    auth: str
    cert_validation: bool = True
    ca_cert: str | None = None
    message_encryption: t.Literal["auto", "always", "never"] = "auto"
    negotiate_service: str | None = None
    negotiate_hostname: str | None = None
    keytab: str | None = None
    ccache: str | None = None
    delegate: bool = False
    certificate_pem: str | None = None
    certificate_key_pem: str | None = None
    proxy: str | None = None
    connection_timeout: int = 30
    operation_timeout: int = 60
    read_timeout: int = 90
    idle_timeout: int = 900

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/{self.path.strip('/')}"

    @property
    def service(self) -> str:
        """Service class of the service principal: what the transport's library asks a ticket for."""
        return self.negotiate_service or ("HTTP" if self.transport == "winrm" else "WSMAN")


class Session(abc.ABC):
    """Runs cmdlets on one host, one after another, until it is closed.

    No text is ever evaluated: a call is a cmdlet name with typed parameters.
    """

    def __init__(self, target: Target) -> None:
        self.target = target

    @abc.abstractmethod
    def run(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        """Run one pipeline, once; opens the session when it is not open.

        :raises NotExecuted: the server could not read the request
        :raises SessionLost: whether it was carried out is unknown
        :raises SessionError: everything else
        """

    @abc.abstractmethod
    def server(self) -> dict[str, str | int | None]:
        """What the far end says of itself; None where it does not tell.

        ``powershell`` (its version), ``language_mode``, and ``open_shells``, how many the user has open there, this one included.

        :raises SessionError: the session cannot be opened
        """

    @abc.abstractmethod
    def close(self) -> None:
        """End the session on the server too. Never raises: the server forgets an idle session by itself."""

    def invoke_pipeline(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        """Run the commands as one pipeline, each fed by the one before.

        Errors the cmdlets wrote are in the result. The session opens itself at the first call.

        :raises SessionError: the host cannot be reached, refuses the user, or the session was lost while a command that
            writes was under way
        """
        try:
            return self.run(commands)
        except NotExecuted:
            # Nothing happened, so what writes may be repeated too.
            return self._run_again(commands)
        except SessionLost as exc:
            if only_reads(commands):
                return self._run_again(commands)
            raise SessionError(
                f"the connection to {self.target.host} was lost while {commands[0][0]} was under way, so whether it took "
                f"effect is unknown ({exc}). Run the play again: it reads the state before it writes."
            ) from exc

    def _run_again(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        try:
            return self.run(commands)
        except (NotExecuted, SessionLost) as exc:
            raise SessionError(f"the connection to {self.target.host} was lost again right after it was renewed ({exc})") from exc

    def invoke(self, cmdlet: str, parameters: Parameters) -> CmdletResult:
        """Run one cmdlet; as :meth:`invoke_pipeline`."""
        return self.invoke_pipeline([(cmdlet, parameters)])

    def invoke_many(self, calls: Sequence[tuple[str, Parameters]]) -> list[CmdletResult]:
        """Run several reads; one result per call, in order. As :meth:`invoke_pipeline`."""
        return [self.invoke(cmdlet, parameters) for cmdlet, parameters in calls]


def only_reads(commands: Sequence[tuple[str, Parameters]]) -> bool:
    """True when the pipeline changes nothing on the server, so that it may be repeated.

    By PowerShell's approved verbs: Get and Test read, Select and Where filter, Import loads a module into the session.
    """
    return all(name.partition("-")[0].lower() in {"get", "test", "select", "where", "import"} for name, _parameters in commands)
