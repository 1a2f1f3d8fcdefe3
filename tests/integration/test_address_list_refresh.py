# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/address_list_refresh.yml: a thousand groups in one session."""

from __future__ import annotations

import uuid

from conftest import Ansible
from helpers.documented_rights import allow_only

from lab import contoso
from lab.lab import Lab


def plant(lab: Lab, number: int, alias: str) -> str:
    group_id = uuid.uuid5(uuid.NAMESPACE_URL, str(number))
    dn = f"CN=Group_{group_id},{contoso.WRITEBACK_OU}"
    attributes = {"displayName": f"Team {number}", "mail": f"team{number}@{contoso.GROUP_DOMAIN}", "mailNickname": alias}
    stored = {name: [value.encode()] for name, value in attributes.items()}
    lab.world.directory.insert(dn, "group", stored, owner="S-1-5-18", guid=group_id)
    return dn


def test_a_thousand_groups_of_which_ten_fail(lab: Lab, ansible: Ansible) -> None:
    bad = {plant(lab, number, f"not valid {number}") for number in range(10)}
    for number in range(10, 1000):
        plant(lab, number, f"team{number}")
    allow_only(lab, "address_list_refresh")
    run = ansible.run("address_list_refresh")
    assert run.returncode != 0
    result = run.result("exchange_recipient_update")
    assert {item["identity"] for item in result["failed_recipients"]} == bad
    assert len(result["updated"]) == 990
    assert "10 of 1000 recipients could not be updated" in run.failure
    assert lab.traffic.counts["exchange.sessions"] == 1
    assert lab.exchange.open_shells == 0

    lab.traffic.reset()
    for dn in bad:
        del lab.world.directory.entries[lab.world.directory.find(dn).key]
    again = ansible.run("address_list_refresh")
    assert (again.returncode, again.changed) == (0, 0), again.output
    assert again.result("exchange_recipient_update")["up_to_date"] == 990


def test_without_the_ou_nothing_is_done(lab: Lab, ansible: Ansible) -> None:
    del ansible.vars["hybrid_groups_writeback_ou"]
    before = lab.world.view()
    run = ansible.run("address_list_refresh")
    assert run.returncode != 0
    assert "configure_writeback_ou" in run.failure
    assert lab.world.view() == before
