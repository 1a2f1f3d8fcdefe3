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

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult, Parameters


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a session goes and how it logs on. Times are seconds."""

    host: str
    scheme: t.Literal["http", "https"]
    port: int
    path: str
    configuration: str
    username: str
    password: str = dataclasses.field(repr=False)
    auth: str
    cert_validation: bool = True
    ca_cert: str | None = None
    message_encryption: t.Literal["auto", "always", "never"] = "auto"
    negotiate_service: str | None = None
    negotiate_hostname: str | None = None
    connection_timeout: int = 30
    operation_timeout: int = 60
    read_timeout: int = 90
    idle_timeout: int = 900

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/{self.path.strip('/')}"


class Session(abc.ABC):
    """Runs cmdlets on one host, one after another, until it is closed.

    No text is ever evaluated: a call is a cmdlet name with typed parameters.
    """

    def __init__(self, target: Target) -> None:
        self.target = target

    @abc.abstractmethod
    def invoke_pipeline(self, commands: Sequence[tuple[str, Parameters]]) -> CmdletResult:
        """Run the commands as one pipeline, each fed by the one before.

        Errors the cmdlets wrote are in the result. The session opens itself at the first call.

        :raises SessionError: the host cannot be reached, refuses the user, or the session was lost while a command that
            writes was under way
        """

    @abc.abstractmethod
    def close(self) -> None:
        """End the session on the server too. Never raises: the server forgets an idle session by itself."""

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
    return all(name.partition("-")[0].lower() in {"get", "test", "select", "where", "import"} for name, _ in commands)
