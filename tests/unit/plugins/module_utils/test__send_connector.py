# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import parse_address_space
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._list_change import ListChange
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import SendConnector, WantedConnector
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connectors import SendConnectors

GUID = "5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10"
HYBRID = f"Outbound to Office 365 - {GUID}"
TENANT_SPACE = "smtp:Contoso.mail.onmicrosoft.com;1"


class Exchange:
    """The server behind a client: Get-SendConnector, and Set-SendConnector with a hashtable.

    :param during: called while the write runs, before it takes effect
    """

    host = "ex1.corp.contoso.com"

    def __init__(self, **connectors: list[str]) -> None:
        self.connectors = {
            name: {"Name": name, "Guid": f"guid of {name}", "AddressSpaces": spaces} for name, spaces in connectors.items()
        }
        self.writes: list[dict[str, t.Any]] = []
        self.during: t.Callable[[], None] = lambda: None
        self.answer: t.Callable[[], None] = lambda: None

    def spaces(self, name: str) -> list[str]:
        return self.connectors[name]["AddressSpaces"]

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        if cmdlet == "Get-SendConnector":
            assert not parameters
            return CmdletResult([dict(connector) for connector in self.connectors.values()])
        assert cmdlet == "Set-SendConnector"
        assert parameters is not None
        self.writes.append(dict(parameters))
        self.during()
        connector = next(item for item in self.connectors.values() if item["Guid"] == parameters["Identity"])
        change = parameters["AddressSpaces"]
        for text in change.get("Remove", []):
            connector["AddressSpaces"].remove(text)
        connector["AddressSpaces"] += change.get("Add", [])
        self.answer()
        return CmdletResult()


def wanted(name: str = HYBRID, **change: list[str]) -> WantedConnector:
    spaces = ListChange.from_option("address_spaces", change, parse_address_space, lambda space: space.key)
    return WantedConnector(name, address_spaces=spaces)


class Changed(t.NamedTuple):
    after: SendConnector
    changed: bool


def ensure(exchange: Exchange, connector: WantedConnector, *, check_mode: bool = False) -> Changed:
    outcome = SendConnectors(ExchangeClient(exchange), check_mode=check_mode).ensure_present(connector)
    assert outcome.after is not None
    return Changed(outcome.after, outcome.changed)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange(**{HYBRID: [TENANT_SPACE], "Internet": ["SMTP:*;10"]})


def test_add_keeps_what_was_there(exchange: Exchange) -> None:
    outcome = ensure(exchange, wanted(add=["groups.contoso.com"]))
    assert outcome.changed
    assert exchange.writes == [
        {"Identity": f"guid of {HYBRID}", "AddressSpaces": {"Add": ["SMTP:groups.contoso.com;1"]}},
    ]
    assert (outcome.after.name, outcome.after.guid) == (HYBRID, f"guid of {HYBRID}")
    assert outcome.after.to_result()["address_spaces"] == ["SMTP:contoso.mail.onmicrosoft.com;1", "SMTP:groups.contoso.com;1"]
    assert not ensure(exchange, wanted(add=["smtp:Groups.Contoso.com; 1"])).changed
    assert len(exchange.writes) == 1


@pytest.mark.parametrize("add", ["groups.contoso.com", "groups.contoso.com;7"])
def test_cost_that_is_there_already(add: str) -> None:
    exchange = Exchange(**{HYBRID: ["SMTP:Groups.contoso.com;7"]})
    assert not ensure(exchange, wanted(add=[add])).changed
    assert not ensure(exchange, wanted(set=[add])).changed


@pytest.mark.parametrize("option", ["add", "set"])
def test_cost_is_changed_in_one_write(option: str) -> None:
    exchange = Exchange(**{HYBRID: ["smtp:Groups.contoso.com;7"]})
    outcome = ensure(exchange, wanted(**{option: ["groups.contoso.com;1"]}))
    assert [write["AddressSpaces"] for write in exchange.writes] == [
        {"Add": ["SMTP:groups.contoso.com;1"], "Remove": ["smtp:Groups.contoso.com;7"]},
    ]
    assert outcome.after.to_result()["address_spaces"] == ["SMTP:groups.contoso.com;1"]


def test_remove_in_the_servers_spelling_whatever_the_cost(exchange: Exchange) -> None:
    exchange.spaces(HYBRID).append("smtp:GROUPS.contoso.com;9")
    assert ensure(exchange, wanted(remove=["groups.contoso.com"])).changed
    assert exchange.writes[0]["AddressSpaces"] == {"Remove": ["smtp:GROUPS.contoso.com;9"]}
    assert not ensure(exchange, wanted(remove=["groups.contoso.com"])).changed


def test_set_is_written_as_a_difference(exchange: Exchange) -> None:
    exchange.spaces(HYBRID).append("SMTP:old.contoso.com;1")
    ensure(exchange, wanted(set=["contoso.mail.onmicrosoft.com", "groups.contoso.com"]))
    assert exchange.writes[0]["AddressSpaces"] == {
        "Add": ["SMTP:groups.contoso.com;1"],
        "Remove": ["SMTP:old.contoso.com;1"],
    }
    assert exchange.spaces(HYBRID) == [TENANT_SPACE, "SMTP:groups.contoso.com;1"]


def test_concurrent_addition_is_not_lost(exchange: Exchange) -> None:
    exchange.during = lambda: exchange.spaces(HYBRID).append("SMTP:other.contoso.com;1")
    outcome = ensure(exchange, wanted(add=["groups.contoso.com"]))
    assert "SMTP:other.contoso.com;1" in outcome.after.to_result()["address_spaces"]


def test_check_mode_predicts_and_writes_nothing(exchange: Exchange) -> None:
    connector = wanted(add=["groups.contoso.com;3"], remove=["contoso.mail.onmicrosoft.com"])
    predicted = ensure(exchange, connector, check_mode=True)
    assert predicted.changed
    assert exchange.writes == []
    assert ensure(exchange, connector).after.to_result() == predicted.after.to_result()


@pytest.mark.parametrize("change", [{"set": []}, {"remove": ["contoso.mail.onmicrosoft.com"]}])
@pytest.mark.parametrize("check_mode", [True, False])
def test_last_address_space_stays(exchange: Exchange, change: dict[str, list[str]], check_mode: bool) -> None:
    with pytest.raises(CollectionError, match=r"address_spaces: .* would be left without an address space"):
        ensure(exchange, wanted(**change), check_mode=check_mode)
    assert exchange.writes == []


def test_nothing_asked_for(exchange: Exchange) -> None:
    outcome = ensure(exchange, WantedConnector("internet"))
    assert not outcome.changed
    assert outcome.after.name == "Internet"


@pytest.mark.parametrize("name", [HYBRID, "Outbound to Office 365", "outbound to office 365", HYBRID.upper()])
def test_names_of_the_hybrid_connector(exchange: Exchange, name: str) -> None:
    assert ensure(exchange, WantedConnector(name)).after.name == HYBRID


def test_exact_name_wins() -> None:
    exchange = Exchange(**{HYBRID: [TENANT_SPACE], "Outbound to Office 365": ["SMTP:a.com;1"]})
    assert ensure(exchange, WantedConnector("Outbound to Office 365")).after.name == "Outbound to Office 365"


@pytest.mark.parametrize("name", ["Outbound to Office", "Outbound to Office 365 -", GUID, "Outbound*"])
def test_unknown_connector_names_those_there_are(exchange: Exchange, name: str) -> None:
    with pytest.raises(CollectionError) as caught:
        ensure(exchange, WantedConnector(name))
    assert str(caught.value).startswith(f'name: there is no send connector "{name}" on ex1.corp.contoso.com. ')
    assert f'There are: "Internet", "{HYBRID}".' in str(caught.value)


def test_suffix_has_to_be_a_guid() -> None:
    exchange = Exchange(**{"Outbound to Office 365 - test": [TENANT_SPACE]})
    with pytest.raises(CollectionError, match="there is no send connector"):
        ensure(exchange, WantedConnector("Outbound to Office 365"))


def test_no_connector_at_all() -> None:
    with pytest.raises(CollectionError, match="There is none at all"):
        ensure(Exchange(), WantedConnector("Outbound to Office 365"))


def test_two_connectors_of_the_wizard() -> None:
    other = f"Outbound to Office 365 - {GUID[:-1]}1"
    exchange = Exchange(**{HYBRID: [TENANT_SPACE], other: [TENANT_SPACE]})
    with pytest.raises(CollectionError, match="matches more than one send connector") as caught:
        ensure(exchange, wanted("Outbound to Office 365", add=["groups.contoso.com"]))
    assert HYBRID in str(caught.value)
    assert other in str(caught.value)
    assert exchange.writes == []


@pytest.mark.parametrize("done", [True, False])
def test_next_run_converges_after_a_lost_session(exchange: Exchange, done: bool) -> None:
    def lose() -> None:
        exchange.during = exchange.answer = lambda: None
        raise SessionError("lost")

    setattr(exchange, "answer" if done else "during", lose)
    connector = wanted(add=["groups.contoso.com"])
    with pytest.raises(SessionError):
        ensure(exchange, connector)
    assert ensure(exchange, connector).changed is not done
    assert exchange.spaces(HYBRID) == [TENANT_SPACE, "SMTP:groups.contoso.com;1"]


def test_change_that_did_not_land(exchange: Exchange) -> None:
    exchange.answer = lambda: exchange.spaces(HYBRID).remove("SMTP:groups.contoso.com;1")
    with pytest.raises(CollectionError, match=r"it still differs in AddressSpaces: SMTP:contoso\.mail") as caught:
        ensure(exchange, wanted(add=["groups.contoso.com"]))
    assert caught.value.result == {"changed": True}


def test_connector_that_is_gone(exchange: Exchange) -> None:
    exchange.answer = lambda: exchange.connectors.pop(HYBRID)
    with pytest.raises(CollectionError, match="the connector is gone"):
        ensure(exchange, wanted(add=["groups.contoso.com"]))


def test_space_in_an_unknown_form_is_left_alone() -> None:
    exchange = Exchange(**{HYBRID: ["smtp:--;100"]})
    ensure(exchange, wanted(add=["groups.contoso.com"]))
    assert exchange.spaces(HYBRID) == ["smtp:--;100", "SMTP:groups.contoso.com;1"]
