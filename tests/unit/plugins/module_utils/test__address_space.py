# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import parse_address_space, read_address_space


@pytest.mark.parametrize(
    "text",
    ["contoso.com;1", "SMTP:contoso.com;1", "smtp:Contoso.com;1", "SMTP:Contoso.com; 1", " smtp : CONTOSO.com. ;01 "],
)
def test_spellings_of_one_address_space(text: str) -> None:
    assert parse_address_space(text) == parse_address_space("contoso.com;1")
    assert str(parse_address_space(text)) == "SMTP:contoso.com;1"


def test_cost_that_is_not_named() -> None:
    space = parse_address_space("contoso.com")
    assert space.cost is None
    assert space.effective_cost == 1
    assert str(space) == "SMTP:contoso.com;1"
    assert space.key == parse_address_space("contoso.com;7").key


@pytest.mark.parametrize(("text", "space"), [("*", "*"), ("*.Contoso.com;5", "*.contoso.com"), ("*.com", "*.com")])
def test_wildcards(text: str, space: str) -> None:
    assert parse_address_space(text).space == space


def test_international_name() -> None:
    assert parse_address_space("münchen.example;2") == parse_address_space("SMTP:xn--mnchen-3ya.example;2")


@pytest.mark.parametrize(
    "text", ["contoso.com;0", "contoso.com;101", "contoso.com;-1", "contoso.com;1.5", "contoso.com;", "contoso.com;1;2", "a;x"]
)
def test_wrong_cost(text: str) -> None:
    with pytest.raises(ValueError, match="is not a whole number from 1 to 100") as caught:
        parse_address_space(text)
    assert f'"{text}" is not a valid address space' in str(caught.value)


@pytest.mark.parametrize("cost", [1, 100])
def test_costs_at_the_ends(cost: int) -> None:
    assert parse_address_space(f"contoso.com;{cost}").cost == cost


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("*contoso.com", r"\* may only stand alone"),
        ("", "it names no domain"),
        ("SMTP:", "it names no domain"),
        ("SMTP:;1", "it names no domain"),
        (":contoso.com", "the type"),
        ("SM TP:contoso.com", "the type"),
        ("con_toso.com", "not made of letters"),
        ("SMTP:SMTP:contoso.com", "not made of letters"),
    ],
)
def test_bad_address_space(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse_address_space(text)
    assert str(caught.value).startswith(f'"{text}" is not a valid address space: ')
    assert str(caught.value).endswith(".")
    assert not str(caught.value).endswith("..")


def test_another_type_keeps_its_semicolons() -> None:
    # The reference of Set-DeliveryAgentConnector, AddressSpaces
    space = parse_address_space("X400:c=US;p=Fabrikam;a=Contoso;o=Sales;1")
    assert (space.type, space.space, space.cost) == ("X400", "c=us;p=fabrikam;a=contoso;o=sales", 1)
    assert parse_address_space("x400:c=US;p=Fabrikam;a=Contoso;o=Sales").key == space.key
    with pytest.raises(ValueError, match="from 1 to 100"):
        parse_address_space("X400:c=US;p=Fabrikam;200")


def test_what_a_server_says_keeps_its_spelling() -> None:
    space = read_address_space("smtp:Contoso.mail.onmicrosoft.com;1")
    assert space.text == "smtp:Contoso.mail.onmicrosoft.com;1"
    assert space == parse_address_space("contoso.mail.onmicrosoft.com;1")


def test_what_a_server_says_never_fails() -> None:
    edge = read_address_space("smtp:--;100")
    assert (edge.type, edge.space, edge.cost, edge.text) == ("SMTP", "--", 100, "smtp:--;100")
    assert read_address_space("SMTP:odd_name.local;x").cost is None


def test_cost_comparison() -> None:
    present = read_address_space("SMTP:contoso.com;5")
    assert present.costs_as(parse_address_space("contoso.com"))
    assert present.costs_as(parse_address_space("contoso.com;5"))
    assert not present.costs_as(parse_address_space("contoso.com;1"))
