# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the Connect modules, from their options to their result, against the lab's Connect model and a domain controller."""

from __future__ import annotations

import contextlib
import json
import types
import typing as t
import warnings

import pytest
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError, CmdletResult, ErrorDetail
from helpers.exchange_modules import flatten
from lab import contoso
from lab.adsync.connected_directory import LdapDirectory
from lab.adsync.endpoint import ConnectHost, ConnectState
from lab.directory.domain import Domain, EmbeddedDomain
from lab.powershell.objects import Call, PowerShellError
from lab.world import World

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ansible_collections.exchange.hybrid_groups.plugins.modules import adsync_group_writeback

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class Client:
    """What CmdletClient is to a module, without the wire between.

    :ivar calls: first cmdlets of the pipelines run
    :ivar answers: planted: errors that calls of a cmdlet to come end with; None lets one through
    """

    host = contoso.CONNECT_HOST

    def __init__(self, connect: ConnectHost) -> None:
        self._connect = connect
        self.calls: list[str] = []
        self.answers: dict[str, list[ErrorDetail | None]] = {}

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        return self.invoke_pipeline([(cmdlet, parameters or {})])

    def invoke_pipeline(self, commands: t.Sequence[tuple[str, t.Mapping[str, t.Any]]]) -> CmdletResult:
        first = commands[0][0]
        self.calls.append(first)
        planned = self.answers.get(first)
        if planned and (error := planned.pop(0)) is not None:
            raise CmdletError(first, self.host, error)
        objects: list[t.Any] = []
        try:
            for cmdlet, parameters in commands:
                call = Call(cmdlet, list(parameters.items()), objects, contoso.ADMIN, lambda _text: None)
                objects = list(self._connect.run(call))
        except PowerShellError as exc:
            exception = exc.exception_type.rpartition(".")[2]
            raise CmdletError(cmdlet, self.host, ErrorDetail(exc.message, exc.error_id, exc.category, exception)) from exc
        return CmdletResult([flatten(item) if hasattr(item, "properties") else {"Value": item} for item in objects])


class ConnectLab:
    """The Connect server beside a domain controller, both at their beginning."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        domain.reset()
        self.world = World()
        if isinstance(domain, EmbeddedDomain):
            self.world.directory = domain.world.directory
        host = ConnectHost(self.world, None if isinstance(domain, EmbeddedDomain) else self._log_on)
        self.client = Client(host)

    @contextlib.contextmanager
    def _log_on(self, account: str) -> Iterator[LdapDirectory]:
        with self.domain.connect(account, contoso.PASSWORDS[account]) as connection:
            yield LdapDirectory(connection, has_exchange_schema=self.domain.has_exchange_schema)

    @property
    def connect(self) -> ConnectState:
        return self.world.connect

    def state(self) -> list[t.Any]:
        return [self.world.directory.view(), self.world.connect.view()]

    def options(self, **changes: t.Any) -> dict[str, t.Any]:
        return {
            "ou": contoso.WRITEBACK_OU,
            "domain_controller": self.domain.address,
            "directory_port": self.domain.ldaps_port,
            "directory_ca_cert": str(self.domain.authority.ca_file),
            "directory_user": f"{contoso.ADMIN}@{contoso.AD_DOMAIN}",
            "directory_password": contoso.ADMIN_PASSWORD,
            **changes,
        }


class Runner:
    """Runs a module's main function; returns what it prints."""

    def __init__(self, lab: ConnectLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._lab = lab
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def grant(self, **changes: t.Any) -> dict[str, t.Any]:
        """Run adsync_group_writeback with the lab's options and these."""
        return self(adsync_group_writeback, **self._lab.options(**changes))

    def __call__(self, module: types.ModuleType, **options: t.Any) -> dict[str, t.Any]:
        self._monkeypatch.setattr(module, "CmdletClient", lambda _module: self._lab.client)
        # A module runs in a process of its own; in this one, warnings would go on to the next run's result.
        self._monkeypatch.setattr(module_warnings, "_global_warnings", {})
        with patch_module_args(options), pytest.raises(SystemExit):
            module.main()
        output = self._capsys.readouterr().out
        assert contoso.ADMIN_PASSWORD not in output
        return t.cast("dict[str, t.Any]", json.loads(output))
