# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Exchange modules, from their options to their result, against the lab's Exchange model in this process."""

from __future__ import annotations

import json
import threading
import types
import typing as t
import uuid

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError, CmdletResult, ErrorDetail
from ansible_collections.exchange.hybrid_groups.plugins.modules import (
    exchange_accepted_domain,
    exchange_organization_info,
    exchange_send_connector,
)
from lab import contoso
from lab.exchange.endpoint import ExchangeHost
from lab.exchange.state import ExchangeState
from lab.powershell.objects import Call, EnumValue, MultiValued, NetObject, PowerShellError

DOMAINS = {
    "domain": contoso.GROUP_DOMAIN,
    "type": "InternalRelay",
}
CONNECTOR = {"name": "Outbound to Office 365", "address_spaces": {"add": [contoso.GROUP_DOMAIN]}}


class Client:
    """What CmdletClient is to a module, without the wire between."""

    host = contoso.EXCHANGE_HOST

    def __init__(self, exchange: ExchangeHost) -> None:
        self._exchange = exchange
        self.warnings: list[str] = []

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        call = Call(cmdlet, list((parameters or {}).items()), [], contoso.ADMIN, self.warnings.append)
        try:
            return CmdletResult([flatten(item) for item in self._exchange.run(call)])
        except PowerShellError as exc:
            exception = exc.exception_type.rpartition(".")[2]
            raise CmdletError(cmdlet, self.host, ErrorDetail(exc.message, exc.error_id, exc.category, exception)) from exc

    def invoke_many(self, calls: t.Sequence[tuple[str, t.Mapping[str, t.Any]]]) -> list[CmdletResult]:
        return [self.invoke(cmdlet, parameters) for cmdlet, parameters in calls]


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


@pytest.fixture
def world() -> t.Any:
    return types.SimpleNamespace(lock=threading.RLock(), exchange=ExchangeState.seed())


class Runner:
    """Runs a module's main function; returns what it prints."""

    def __init__(self, world: t.Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.client = Client(ExchangeHost(world))
        for module in (exchange_accepted_domain, exchange_send_connector, exchange_organization_info):
            monkeypatch.setattr(module, "CmdletClient", lambda _module: self.client)

    def __call__(self, module: types.ModuleType, **options: t.Any) -> dict[str, t.Any]:
        with patch_module_args(options), pytest.raises(SystemExit):
            module.main()
        return json.loads(self._capsys.readouterr().out)


@pytest.fixture
def run(world: t.Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(world, monkeypatch, capsys)


def test_accepted_domain_life(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    predicted = run(exchange_accepted_domain, **DOMAINS, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"]
    assert predicted["diff"]["before"] == {}
    assert predicted["diff"]["after"]["type"] == "InternalRelay"
    assert world.exchange.view() == before

    created = run(exchange_accepted_domain, **DOMAINS)
    assert created["changed"]
    assert "diff" not in created
    assert uuid.UUID(created["accepted_domain"]["guid"])
    assert world.exchange.domain(contoso.GROUP_DOMAIN).domain_type == "InternalRelay"
    assert not run(exchange_accepted_domain, **DOMAINS)["changed"]

    changed = run(exchange_accepted_domain, domain="GROUPS.contoso.com.", name="Groups", match_subdomains=True)
    assert changed["accepted_domain"] == {
        **created["accepted_domain"],
        "name": "Groups",
        "match_subdomains": True,
    }

    removed = run(exchange_accepted_domain, domain=contoso.GROUP_DOMAIN, state="absent", _ansible_diff=True)
    assert removed["changed"]
    assert removed["accepted_domain"] is None
    assert removed["diff"]["after"] == {}
    assert not run(exchange_accepted_domain, domain=contoso.GROUP_DOMAIN, state="absent")["changed"]
    assert world.exchange.view()["accepted_domains"] == before["accepted_domains"]


def test_international_and_wildcard_domains(world: t.Any, run: Runner) -> None:
    assert run(exchange_accepted_domain, domain="münchen.example", type="InternalRelay")["changed"]
    assert not run(exchange_accepted_domain, domain="xn--mnchen-3ya.example")["changed"]
    assert world.exchange.domain("xn--mnchen-3ya.example").name == "xn--mnchen-3ya.example"
    assert run(exchange_accepted_domain, domain="*.fabrikam.com", type="ExternalRelay")["changed"]
    assert not run(exchange_accepted_domain, domain="*.Fabrikam.com")["changed"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"domain": "*contoso.com"}, "domain: "),
        ({"domain": "user@contoso.com"}, "domain: "),
        ({"domain": ""}, "domain: "),
        ({"domain": "groups.contoso.com", "name": " "}, "name: "),
        ({"domain": "groups.contoso.com", "type": "Relay"}, "value of type must be one of"),
        ({"domain": "groups.contoso.com", "typ": "InternalRelay"}, "Unsupported parameters"),
        ({"domain": "contoso.com", "state": "absent"}, "Make another domain the default first"),
    ],
)
def test_bad_accepted_domain_changes_nothing(world: t.Any, run: Runner, options: dict[str, t.Any], text: str) -> None:
    before = world.exchange.view()
    result = run(exchange_accepted_domain, **options)
    assert result["failed"]
    assert text in result["msg"]
    assert world.exchange.view() == before


def test_cmdlet_error_comes_with_its_parts(run: Runner) -> None:
    result = run(exchange_accepted_domain, domain=contoso.GROUP_DOMAIN, name="x" * 65)
    assert result["failed"]
    assert result["cmdlet_error"]["cmdlet"] == "New-AcceptedDomain"
    assert result["cmdlet_error"]["host"] == contoso.EXCHANGE_HOST
    assert result["cmdlet_error"]["fully_qualified_error_id"] in result["msg"]


def test_send_connector_life(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    predicted = run(exchange_send_connector, **CONNECTOR, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"]
    assert world.exchange.view() == before

    added = run(exchange_send_connector, **CONNECTOR, _ansible_diff=True)
    assert added["name"] == contoso.HYBRID_CONNECTOR
    assert added["diff"] == predicted["diff"]
    assert added["address_spaces"] == sorted([*added["diff"]["before"]["address_spaces"], "SMTP:groups.contoso.com;1"])
    assert not run(exchange_send_connector, **CONNECTOR)["changed"]

    dearer = run(exchange_send_connector, name=contoso.HYBRID_CONNECTOR, address_spaces={"add": ["groups.contoso.com;9"]})
    assert "SMTP:groups.contoso.com;9" in dearer["address_spaces"]
    assert "SMTP:groups.contoso.com;1" not in dearer["address_spaces"]
    assert not run(exchange_send_connector, **CONNECTOR)["changed"]

    removed = run(exchange_send_connector, name=contoso.HYBRID_CONNECTOR, address_spaces={"remove": ["groups.contoso.com"]})
    assert removed["changed"]
    assert removed["address_spaces"] == added["diff"]["before"]["address_spaces"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"address_spaces": {"add": ["contoso.com;101"]}}, 'address_spaces.add: "contoso.com;101" is not a valid address space'),
        ({"address_spaces": {"remove": ["*contoso.com"]}}, "address_spaces.remove: "),
        ({"address_spaces": {"set": []}}, "would be left without an address space"),
        ({"address_spaces": {"set": ["a.com"], "add": ["b.com"]}}, "address_spaces: set gives the whole list"),
        ({"address_spaces": {"add": ["a.com"], "remove": ["A.com"]}}, "both to be added and to be removed"),
        ({"name": "Outbound to Mars"}, contoso.HYBRID_CONNECTOR),
        ({"name": " "}, "name: "),
    ],
)
def test_bad_send_connector_changes_nothing(world: t.Any, run: Runner, options: dict[str, t.Any], text: str) -> None:
    before = world.exchange.view()
    result = run(exchange_send_connector, **{**CONNECTOR, **options})
    assert result["failed"]
    assert text in result["msg"]
    assert world.exchange.view() == before


def test_organization(run: Runner) -> None:
    result = run(exchange_organization_info)
    assert not result["changed"]
    assert result["organization"] == contoso.EXCHANGE_ORGANIZATION
    assert [server["fqdn"] for server in result["servers"]] == [contoso.EXCHANGE_HOST]
    assert result["servers"][0]["product"].startswith("Exchange Server ")
    assert result["hybrid_configuration"]["present"]


def test_organization_without_hybrid(world: t.Any, run: Runner) -> None:
    world.exchange.hybrid = None
    assert not run(exchange_organization_info)["hybrid_configuration"]["present"]
