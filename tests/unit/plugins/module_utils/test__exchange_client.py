# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient


class Recorder:
    """A client that only writes down what it is asked."""

    host = "ex1.corp.contoso.com"

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, t.Any]]] = []

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        self.calls.append((cmdlet, dict(parameters or {})))
        return CmdletResult()

    def invoke_many(self, calls: t.Sequence[tuple[str, t.Mapping[str, t.Any]]]) -> list[CmdletResult]:
        return [self.invoke(*call) for call in calls]


def test_every_call_goes_to_the_domain_controller_that_is_named() -> None:
    recorder = Recorder()
    client = ExchangeClient(recorder, "dc2.corp.contoso.com")
    client.invoke("Get-AcceptedDomain")
    client.invoke("Set-AcceptedDomain", {"Identity": "x"})
    client.invoke_many([("Get-SendConnector", {})])
    client.require("match_subdomains", (15, 1))
    assert [cmdlet for cmdlet, _parameters in recorder.calls] == [
        "Get-AcceptedDomain",
        "Set-AcceptedDomain",
        "Get-SendConnector",
        "Get-ExchangeServer",
    ]
    assert {parameters["DomainController"] for _cmdlet, parameters in recorder.calls} == {"dc2.corp.contoso.com"}


def test_without_one_the_choice_is_left_to_exchange() -> None:
    recorder = Recorder()
    ExchangeClient(recorder).invoke("Get-AcceptedDomain")
    assert recorder.calls == [("Get-AcceptedDomain", {})]
