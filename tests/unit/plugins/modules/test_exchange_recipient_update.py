# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Groups that were written back come into the address lists, against the lab's Exchange model in this process."""

from __future__ import annotations

import json
import typing as t
import uuid

import pytest
from helpers.exchange_modules import Client, Runner

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.modules import exchange_recipient_update
from lab import contoso

UNIT = {"organizational_unit": contoso.WRITEBACK_OU}


def plant(world: t.Any, number: int, **attributes: str | None) -> str:
    """A group as the export writes it; returns its DN."""
    group_id = uuid.uuid5(uuid.NAMESPACE_URL, str(number))
    dn = f"CN=Group_{group_id},{contoso.WRITEBACK_OU}"
    values = {
        "displayName": f"Team {number}",
        "mail": f"team{number}@{contoso.GROUP_DOMAIN}",
        "mailNickname": f"team{number}",
        "groupType": "8",
        **attributes,
    }
    stored = {name: [value.encode()] for name, value in values.items() if value is not None}
    world.directory.insert(dn, "group", stored, owner="S-1-5-18", guid=group_id)
    return dn


def listed(world: t.Any, dn: str) -> bool:
    return "showInAddressBook" in world.directory.find(dn).attributes


def test_new_groups_come_into_the_address_lists(world: t.Any, run: Runner) -> None:
    names = sorted(plant(world, number) for number in range(3))
    predicted = run(exchange_recipient_update, **UNIT, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"]
    assert sorted(predicted["updated"]) == names
    assert predicted["diff"] == {"before": {"in_no_address_list": names}, "after": {"in_no_address_list": []}}
    assert not any(listed(world, name) for name in names)

    written = run(exchange_recipient_update, **UNIT)
    assert written["changed"]
    assert sorted(written["updated"]) == names
    assert all(listed(world, name) for name in names)
    again = run(exchange_recipient_update, **UNIT)
    assert (again["changed"], again["updated"], again["up_to_date"]) == (False, [], 3)

    new = plant(world, 4)
    assert run(exchange_recipient_update, **UNIT)["updated"] == [new]
    assert run(exchange_recipient_update, **UNIT, update="always")["changed"]


def test_by_name(world: t.Any, run: Runner) -> None:
    first, _second = plant(world, 1), plant(world, 2)
    result = run(exchange_recipient_update, identities=[first.upper().replace("CN=", "cn="), first])
    assert [name.casefold() for name in result["updated"]] == [first.casefold()]
    assert not run(exchange_recipient_update, identities=[first])["changed"]
    gone = f"CN=Group\\, gone,{contoso.WRITEBACK_OU}"
    failed = run(exchange_recipient_update, identities=[first, gone])
    assert [item["identity"] for item in failed["failed_recipients"]] == [gone]
    assert "couldn't be found" in failed["msg"]


def test_hidden_groups_and_those_without_an_address_are_left_alone(world: t.Any, run: Runner) -> None:
    hidden = plant(world, 1, msExchHideFromAddressLists="TRUE", legacyExchangeDN="/o=Contoso/cn=Recipients/cn=1")
    bare = plant(world, 2, mail=None, mailNickname=None)
    result = run(exchange_recipient_update, **UNIT)
    assert (result["changed"], result["up_to_date"], result["without_address"]) == (False, 1, [bare])
    assert not listed(world, hidden)


def test_a_hidden_group_is_updated_once(world: t.Any, run: Runner) -> None:
    hidden = plant(world, 1, msExchHideFromAddressLists="TRUE")
    assert run(exchange_recipient_update, **UNIT)["updated"] == [hidden]
    assert not listed(world, hidden)
    assert not run(exchange_recipient_update, **UNIT)["changed"]


class Counting(Client):
    """Counts calls; loses the session when told to.

    :param lose_at: number of the call that loses it
    :param for_good: no call after it gets through either
    :param executed: the call is carried out, and its answer lost
    """

    def __init__(self, client: Client, lose_at: int | None = None, *, for_good: bool = True, executed: bool = False) -> None:
        super().__init__(client._exchange)
        self.requests: list[str] = []
        self._lose_at = lose_at
        self._for_good = for_good
        self._executed = executed

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        self.requests.append(cmdlet)
        number = len(self.requests)
        if self._lose_at and (number == self._lose_at or (self._for_good and number > self._lose_at)):
            if self._executed:
                super().invoke(cmdlet, parameters)
            raise SessionError(f"lost the session to {self.host}.")
        return super().invoke(cmdlet, parameters)


def test_ten_of_a_thousand_fail_and_are_named(world: t.Any, run: Runner) -> None:
    bad = {
        plant(world, number, mailNickname=f"team {number}" if number % 100 == 7 else f"team{number}")
        for number in range(1000)
        if number % 100 == 7 or not plant(world, number)
    }
    run.client = counting = Counting(run.client)
    result = run(exchange_recipient_update, **UNIT)
    assert result["failed"]
    assert result["changed"]
    assert {item["identity"] for item in result["failed_recipients"]} == bad
    assert len(bad) == 10
    assert len(result["updated"]) == 990
    assert result["msg"].startswith("10 of 1000 recipients could not be updated on ex1.corp.contoso.com: Team ")
    # Two reads before, one after, and no more than one write each.
    assert len(counting.requests) == 1003
    again = run(exchange_recipient_update, **UNIT)
    assert (len(again["failed_recipients"]), again["up_to_date"], again["changed"]) == (10, 990, False)


def test_a_lost_session_tells_what_was_done_and_the_next_run_does_the_rest(world: t.Any, run: Runner) -> None:
    names = [plant(world, number) for number in range(5)]
    kept = run.client
    run.client = Counting(kept, lose_at=5)
    result = run(exchange_recipient_update, **UNIT)
    assert result["failed"]
    assert result["changed"]
    assert len(result["updated"]) == 2
    assert "Recipients updated before that: 2; not reached: 3. Run again." in result["msg"]
    run.client = kept
    assert len(run(exchange_recipient_update, **UNIT)["updated"]) == 3
    assert all(listed(world, name) for name in names)


@pytest.mark.parametrize("executed", [True, False])
def test_a_lost_answer_costs_one_more_call(world: t.Any, run: Runner, executed: bool) -> None:
    names = [plant(world, number) for number in range(3)]
    run.client = counting = Counting(run.client, lose_at=4, for_good=False, executed=executed)
    result = run(exchange_recipient_update, **UNIT)
    assert sorted(result["updated"]) == sorted(names)
    assert counting.requests.count("Update-Recipient") == 4
    assert all(listed(world, name) for name in names)


def test_what_is_in_no_list_afterwards_is_a_failure(world: t.Any, run: Runner) -> None:
    plant(world, 1)
    world.exchange.hold_replication(contoso.DC2_HOST, world.directory)
    client = run.client

    class Elsewhere(Counting):
        def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
            other = {"DomainController": contoso.DC2_HOST} if cmdlet == "Update-Recipient" else {}
            return super().invoke(cmdlet, {**(parameters or {}), **other})

    run.client = Elsewhere(client)
    result = run(exchange_recipient_update, **UNIT)
    assert not result["changed"]
    assert "reported success, but read back it is in no address list" in result["msg"]


def test_one_domain_controller_for_everything(world: t.Any, run: Runner) -> None:
    name = plant(world, 1)
    world.exchange.hold_replication(contoso.DC2_HOST, world.directory)
    world.exchange.domain_controllers.reads_on = contoso.DC2_HOST  # and the writes would go to the other one
    assert run(exchange_recipient_update, **UNIT)["updated"] == [name]
    assert not run(exchange_recipient_update, **UNIT)["changed"]
    assert not listed(world, name)
    assert run(exchange_recipient_update, **UNIT, domain_controller=contoso.DC_HOST, _ansible_check_mode=True)["changed"]
    world.exchange.replicate(world.directory)
    assert listed(world, name)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"organizational_unit": f"OU=Nowhere,{contoso.BASE_DN}"}, "OU=Nowhere"),
        ({"organizational_unit": "M365Groups"}, 'organizational_unit: "M365Groups" is not a distinguished name'),
        ({"identities": ["Engineering"]}, 'identities: "Engineering" is not a distinguished name'),
        ({"identities": ["CN=Engineering"]}, 'identities: "CN=Engineering" has no DC= part'),
        ({}, "one of the following is required: organizational_unit, identities"),
        ({**UNIT, "identities": []}, "mutually exclusive"),
    ],
)
def test_bad_input_changes_nothing(world: t.Any, run: Runner, options: dict[str, t.Any], text: str) -> None:
    name = plant(world, 1)
    assert text in run(exchange_recipient_update, **options)["msg"]
    assert not listed(world, name)


def test_without_the_role_it_stops_at_once(world: t.Any, run: Runner) -> None:
    for number in range(3):
        plant(world, number)
    world.exchange.role_assignments[contoso.ADMIN] = ("View-Only Recipients",)
    run.client = counting = Counting(run.client)
    result = run(exchange_recipient_update, **UNIT)
    assert result["cmdlet_error"]["cmdlet"] == "Update-Recipient"
    assert counting.requests.count("Update-Recipient") == 1


def test_progress_is_left_in_the_tasks_directory(world: t.Any, run: Runner, tmp_path: t.Any) -> None:
    plant(world, 1)
    run(exchange_recipient_update, **UNIT, _ansible_tmpdir=str(tmp_path))
    assert (tmp_path / "progress").read_text() == "1 of 1 recipients"
    assert json.dumps([path.name for path in tmp_path.iterdir()]) == '["progress"]'
