# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once on one connector, against the lab's Exchange model."""

from __future__ import annotations

import concurrent.futures
import threading
import types
import typing as t

import pytest
from helpers.exchange_modules import Client

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import WantedConnector, list_change
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connectors import SendConnectors
from lab import contoso
from lab.exchange.endpoint import ExchangeHost
from lab.exchange.state import ExchangeState

TIMES = 50


class Meeting(Client):
    """Writes only when the other run has read as well."""

    def __init__(self, host: ExchangeHost, barrier: threading.Barrier) -> None:
        super().__init__(host)
        self._barrier = barrier

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        if cmdlet == "Set-SendConnector":
            self._barrier.wait(timeout=30)
        return super().invoke(cmdlet, parameters)


def change(client: Client, **address_spaces: list[str]) -> bool:
    wanted = WantedConnector(contoso.HYBRID_CONNECTOR, address_spaces=list_change("address_spaces", address_spaces))
    return SendConnectors(ExchangeClient(t.cast(t.Any, client)), check_mode=False).ensure_present(wanted).changed


@pytest.mark.parametrize("first", [{"add": ["a.example"]}, {"add": ["a.example"], "remove": ["contoso.mail.onmicrosoft.com"]}])
def test_address_spaces_of_two_runs_at_once_are_both_there(first: dict[str, list[str]]) -> None:
    for number in range(TIMES):
        state = ExchangeState.seed()
        host = ExchangeHost(t.cast(t.Any, types.SimpleNamespace(lock=threading.RLock(), exchange=state, directory=None)))
        barrier = threading.Barrier(2)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(change, Meeting(host, barrier), **spaces) for spaces in (first, {"add": ["b.example"]})]
            assert all(run.result() for run in runs)
        spaces = {space.address for space in state.connector(contoso.HYBRID_CONNECTOR).address_spaces}
        assert {"a.example", "b.example"} <= spaces, f"round {number}"
