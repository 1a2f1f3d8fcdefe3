# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs Exchange modules, from their options to their result, against the lab's Exchange model in this process."""

from __future__ import annotations

import json
import types
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import (
    CmdletError,
    CmdletResult,
    Credential,
    ErrorDetail,
)
from lab import contoso
from lab.exchange.endpoint import ExchangeHost
from lab.powershell.objects import Call, CredentialValue, EnumValue, MultiValued, NetObject, PowerShellError


class Client:
    """What CmdletClient is to a module, without the wire between."""

    host = contoso.EXCHANGE_HOST

    def __init__(self, exchange: ExchangeHost) -> None:
        self._exchange = exchange
        self.warnings: list[str] = []

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        arguments = [(name, on_the_server(value)) for name, value in (parameters or {}).items()]
        call = Call(cmdlet, arguments, [], contoso.ADMIN, self.warnings.append)
        try:
            return CmdletResult([flatten(item) for item in self._exchange.run(call)])
        except PowerShellError as exc:
            exception = exc.exception_type.rpartition(".")[2]
            raise CmdletError(cmdlet, self.host, ErrorDetail(exc.message, exc.error_id, exc.category, exception)) from exc

    def invoke_many(self, calls: t.Sequence[tuple[str, t.Mapping[str, t.Any]]]) -> list[CmdletResult]:
        return [self.invoke(cmdlet, parameters) for cmdlet, parameters in calls]


def on_the_server(value: t.Any) -> t.Any:
    """A credential as the endpoint has decrypted it."""
    return CredentialValue(value.username, value.password) if isinstance(value, Credential) else value


def flatten(item: NetObject) -> dict[str, t.Any]:
    """What is left of an object at remoting depth 1."""
    return {name: value_of(value) for name, value in item.properties.items()}


def value_of(value: t.Any) -> t.Any:
    if isinstance(value, MultiValued):
        return [value_of(item) for item in value.items]
    if isinstance(value, NetObject):
        return value.to_string
    if isinstance(value, EnumValue):
        return value.name
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)


class Runner:
    """Runs a module's main function; returns what it prints."""

    def __init__(self, world: t.Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.host = ExchangeHost(world)
        self.client = Client(self.host)

    def __call__(self, module: types.ModuleType, **options: t.Any) -> dict[str, t.Any]:
        self._monkeypatch.setattr(module, "CmdletClient", lambda _module: self.client)
        with patch_module_args(options), pytest.raises(SystemExit):
            module.main()
        return t.cast("dict[str, t.Any]", json.loads(self._capsys.readouterr().out))
