# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Calling cmdlets from a module: what a call returns, how it fails, and the client that carries it.

The module runs on the control node; the session to the Windows host is held by the connection plugin C(cmdlet), in a
process of its own, and reached over its socket. Both sides use the types below.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible.module_utils.connection import Connection, ConnectionError

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Parameters = t.Mapping[str, t.Any]
"""Parameter name without the dash to value: str, int, float, bool (switches too), None, list, dict, Secret, Credential."""

_SECRET_KEY = "__cmdlet_secret__"  # noqa: S105 (a marker, not a secret)
_CREDENTIAL_KEY = "__cmdlet_credential__"


@dataclasses.dataclass(frozen=True)
class Secret:
    """A value that becomes a SecureString on the wire and is never shown."""

    value: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Credential:
    """A user name and password that become a PSCredential on the wire."""

    username: str
    password: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class ErrorDetail:
    """One error record.

    Texts come in the server's language: decide by ``fully_qualified_error_id``, ``category`` or ``exception``.
    """

    message: str
    fully_qualified_error_id: str = ""
    category: str = ""  # a name of System.Management.Automation.ErrorCategory, such as ObjectNotFound
    exception: str = ""  # short type name of the exception, such as ManagementObjectNotFoundException
    target: str = ""
    activity: str = ""  # the cmdlet that wrote the record

    def is_exception(self, *names: str) -> bool:
        """True when the exception is one of these short type names.

        Exchange names it in the error id as well (``[FailureCategory=Cmdlet-<name>]``), and that survives where the type
        was lost on the way.
        """
        return self.exception in names or any(f"Cmdlet-{name}]" in self.fully_qualified_error_id for name in names)

    def is_error_id(self, *ids: str) -> bool:
        """True when the error id, up to its first comma, is one of these (PowerShell's own errors)."""
        return self.fully_qualified_error_id.partition(",")[0] in ids


@dataclasses.dataclass
class CmdletResult:
    """What one pipeline wrote: objects as JSON-safe dicts (property to value; a primitive as itself), warnings, errors."""

    objects: list[t.Any] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    errors: list[ErrorDetail] = dataclasses.field(default_factory=list)

    def to_dict(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: t.Mapping[str, t.Any]) -> CmdletResult:
        return cls(
            objects=list(data["objects"]),
            warnings=list(data["warnings"]),
            errors=[ErrorDetail(**error) for error in data["errors"]],
        )


class CmdletError(Exception):
    """A cmdlet wrote an error.

    ``str()`` is a sentence for the user: cmdlet, host, the server's text and its error id.
    """

    def __init__(self, cmdlet: str, host: str, error: ErrorDetail) -> None:
        self.cmdlet = cmdlet
        self.host = host
        self.error = error
        identifier = f" ({error.fully_qualified_error_id})" if error.fully_qualified_error_id else ""
        super().__init__(f"{cmdlet} on {host} failed: {error.message.strip()}{identifier}")


class SessionError(Exception):
    """The session to the host could not be opened or was lost; ``str()`` names the host and the way out."""


def encode(value: t.Any) -> t.Any:
    """Turn parameter values into what JSON carries to the connection process."""
    if isinstance(value, Secret):
        return {_SECRET_KEY: value.value}
    if isinstance(value, Credential):
        return {_CREDENTIAL_KEY: [value.username, value.password]}
    if isinstance(value, t.Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return value


def decode(value: t.Any) -> t.Any:
    """Undo :func:`encode` on the connection's side."""
    if isinstance(value, dict):
        if set(value) == {_SECRET_KEY}:
            return Secret(value[_SECRET_KEY])
        if set(value) == {_CREDENTIAL_KEY}:
            return Credential(*value[_CREDENTIAL_KEY])
        return {key: decode(item) for key, item in value.items()}
    if isinstance(value, list):
        return [decode(item) for item in value]
    return value


class CmdletClient:
    """Runs cmdlets on the task's host through the connection plugin.

    :param module: the running module; its action plugin has put the connection's socket into it
    """

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        if not module._socket_path:
            module.fail_json(
                msg=f"{module._name} needs a Windows host to run cmdlets on: run the task on that host, or delegate it there."
            )
        self._connection = Connection(module._socket_path)
        self._host: str | None = None

    @property
    def host(self) -> str:
        """The host the cmdlets run on, for messages."""
        if self._host is None:
            self._host = str(self.describe()["host"])
        return self._host

    def describe(self) -> dict[str, t.Any]:
        """Where the session goes and how it logs on; opens nothing."""
        return dict(self._rpc("describe"))

    def server(self) -> dict[str, t.Any]:
        """What the far end says of its PowerShell; opens the session.

        :raises SessionError: the host cannot be reached or refuses the user
        """
        return dict(self._rpc("server"))

    def invoke(self, cmdlet: str, parameters: Parameters | None = None) -> CmdletResult:
        """Run one cmdlet.

        :raises CmdletError: when the cmdlet wrote an error
        :raises SessionError: when the host cannot be reached, refuses the user, or the session is lost
        """
        return self.invoke_pipeline([(cmdlet, parameters or {})])

    def invoke_pipeline(self, commands: t.Sequence[tuple[str, Parameters]]) -> CmdletResult:
        """Run several cmdlets as one pipeline, each fed by the one before. Not for the Exchange endpoint.

        Raises as :meth:`invoke`.
        """
        result = CmdletResult.from_dict(self._rpc("invoke_pipeline", [[name, encode(p)] for name, p in commands]))
        return self._checked(commands[0][0], result)

    def invoke_many(self, calls: t.Sequence[tuple[str, Parameters]]) -> list[CmdletResult]:
        """Run several reads with one request to the connection; one result per call, in order.

        Raises as :meth:`invoke`, for the first call that failed.
        """
        answers = self._rpc("invoke_many", [[name, encode(p)] for name, p in calls])
        return [
            self._checked(name, CmdletResult.from_dict(answer))
            for (name, _parameters), answer in zip(calls, answers, strict=True)
        ]

    def _checked(self, cmdlet: str, result: CmdletResult) -> CmdletResult:
        for text in result.warnings:
            self._module.warn(f"{cmdlet}: {text}")
        if result.errors:
            error = result.errors[0]
            raise CmdletError(error.activity or cmdlet, self.host, error)
        return result

    def _rpc(self, method: str, *arguments: t.Any) -> t.Any:
        try:
            return json.loads(getattr(self._connection, method)(*arguments))
        except ConnectionError as exc:
            raise SessionError(str(exc)) from exc
