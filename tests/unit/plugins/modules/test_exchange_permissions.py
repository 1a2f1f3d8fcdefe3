# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Extended rights on send connectors, and the modules that only read, against the lab's Exchange model in this process."""

from __future__ import annotations

import typing as t

import pytest
from helpers.exchange_modules import Runner

from ansible_collections.exchange.hybrid_groups.plugins.modules import (
    exchange_accepted_domain_info,
    exchange_send_connector_info,
    exchange_send_connector_permission,
)
from lab import contoso

RIGHTS = {"name": "Internet", "user": "jdoe", "extended_rights": ["Send As", "ms-exch-smtp-send-exch50"]}


def permissions(world: t.Any) -> list[str]:
    return t.cast("list[str]", world.exchange.view()["send_connectors"]["Internet"].get("permissions", []))


def test_rights_are_given_and_taken_back(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    predicted = run(exchange_send_connector_permission, **RIGHTS, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"]
    assert [item["extended_right"] for item in predicted["permissions"]] == RIGHTS["extended_rights"]
    assert world.exchange.view() == before

    given = run(exchange_send_connector_permission, **RIGHTS, _ansible_diff=True)
    assert given["changed"]
    assert given["diff"]["before"] == {"permissions": []}
    assert permissions(world) == ["allow CONTOSO\\jdoe Send-As", "allow CONTOSO\\jdoe ms-Exch-SMTP-Send-Exch50"]
    for user in ("jdoe", "CONTOSO\\JDOE", "jdoe@corp.contoso.com"):
        assert not run(exchange_send_connector_permission, **{**RIGHTS, "user": user})["changed"]

    one = {**RIGHTS, "extended_rights": ["send-as"], "state": "absent"}
    assert run(exchange_send_connector_permission, **one, _ansible_check_mode=True)["permissions"] == [
        {"user": "CONTOSO\\jdoe", "extended_right": "ms-Exch-SMTP-Send-Exch50", "deny": False, "inherited": False}
    ]
    assert run(exchange_send_connector_permission, **one)["changed"]
    assert not run(exchange_send_connector_permission, **one)["changed"]
    assert permissions(world) == ["allow CONTOSO\\jdoe ms-Exch-SMTP-Send-Exch50"]
    assert run(exchange_send_connector_permission, **RIGHTS)["changed"], "only what is missing"


def test_given_and_denied_are_different_rules(world: t.Any, run: Runner) -> None:
    run(exchange_send_connector_permission, **RIGHTS)
    denied = {**RIGHTS, "extended_rights": ["Send-As"], "deny": True}
    assert run(exchange_send_connector_permission, **denied)["changed"]
    assert not run(exchange_send_connector_permission, **denied)["changed"]
    assert "deny CONTOSO\\jdoe Send-As" in permissions(world)
    assert run(exchange_send_connector_permission, **denied, state="absent")["changed"]
    assert permissions(world) == ["allow CONTOSO\\jdoe Send-As", "allow CONTOSO\\jdoe ms-Exch-SMTP-Send-Exch50"]


def test_inherited_rights_are_there_and_stay(run: Runner) -> None:
    options = {"name": "Internet", "user": "Exchange Servers", "extended_rights": ["ms-Exch-Send-Headers-Routing"]}
    assert not run(exchange_send_connector_permission, **options)["changed"]
    result = run(exchange_send_connector_permission, **options, state="absent")
    assert not result["changed"]
    assert "ms-Exch-Send-Headers-Routing" in [item["extended_right"] for item in result["permissions"] if item["inherited"]]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"user": "nobody"}, "nobody"),
        ({"extended_rights": ["ms-Exch-Nothing"]}, "ms-Exch-Nothing"),
        ({"extended_rights": [" "]}, "extended_rights: give at least one right"),
        ({"extended_rights": []}, "extended_rights: give at least one right"),
        ({"name": "Nowhere"}, 'name: there is no send connector "Nowhere"'),
    ],
)
def test_bad_input_changes_nothing(world: t.Any, run: Runner, options: dict[str, t.Any], text: str) -> None:
    before = world.exchange.view()
    assert text in run(exchange_send_connector_permission, **{**RIGHTS, **options})["msg"]
    assert world.exchange.view() == before


def test_without_the_role_the_cmdlet_is_named(world: t.Any, run: Runner) -> None:
    world.exchange.role_assignments[contoso.ADMIN] = ("Send Connectors",)
    result = run(exchange_send_connector_permission, **RIGHTS)
    assert result["cmdlet_error"]["cmdlet"] == "Get-ADPermission"
    assert result["cmdlet_error"]["exception"] == "CommandNotFoundException"


def test_accepted_domains_are_read(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    result = run(exchange_accepted_domain_info)
    assert not result["changed"]
    assert [item["domain"] for item in result["accepted_domains"]] == ["contoso.com", "contoso.mail.onmicrosoft.com"]
    [one] = run(exchange_accepted_domain_info, domain="CONTOSO.com.")["accepted_domains"]
    assert (one["default"], one["type"]) == (True, "Authoritative")
    assert run(exchange_accepted_domain_info, domain="fabrikam.com")["accepted_domains"] == []
    assert "domain:" in run(exchange_accepted_domain_info, domain="no domain")["msg"]
    assert world.exchange.view() == before


def test_send_connectors_are_read(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    result = run(exchange_send_connector_info)
    assert not result["changed"]
    assert [item["name"] for item in result["send_connectors"]] == ["Internet", contoso.HYBRID_CONNECTOR]
    assert "permissions" not in result["send_connectors"][0]
    [hybrid] = run(exchange_send_connector_info, name="Outbound to Office 365", permissions=True)["send_connectors"]
    assert hybrid["name"] == contoso.HYBRID_CONNECTOR
    assert {item["user"] for item in hybrid["permissions"]} == {"CONTOSO\\Exchange Servers"}
    assert run(exchange_send_connector_info, name="Nowhere")["send_connectors"] == []
    assert world.exchange.view() == before
