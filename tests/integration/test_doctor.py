# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First aid: cmdlet_ping and playbooks/doctor.yml."""

from __future__ import annotations

import pytest
from conftest import Ansible
from helpers.documented_rights import allow_only

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet_needs import PLAYBOOKS
from lab import contoso
from lab.exchange import endpoint
from lab.exchange.roles import CustomRole
from lab.lab import Lab


@pytest.mark.parametrize(
    ("ansible", "told"),
    [
        # Exchange's endpoint, then the Connect server's: language mode and open shells.
        ("psrp", [("NoLanguage", None), ("FullLanguage", 1)]),
        ("winrm", [("FullLanguage", None), ("FullLanguage", None)]),
    ],
    indirect=["ansible"],
)
def test_a_healthy_organization(lab: Lab, ansible: Ansible, told: list[tuple[str, int | None]]) -> None:
    before = lab.world.view()
    run = ansible.run("doctor", "-e", "hybrid_groups_doctor_playbooks=" + ",".join(PLAYBOOKS))
    assert run.returncode == 0, run.output
    assert lab.world.view() == before
    for occurrence in (0, 1):
        result = run.result("cmdlet_ping", occurrence)
        assert (result["answers"], result["not_allowed"], result["missing_software"]) == (True, [], [])
        assert result["server"]["powershell"].startswith("5.1.")
        assert (result["server"]["language_mode"], result["server"]["open_shells"]) == told[occurrence]
    exchange = run.result("cmdlet_ping")
    assert exchange["connection"]["username"] == f"{contoso.ADMIN}@{contoso.AD_DOMAIN}"
    assert exchange["settings"]["auth"] == {"value": "ntlm", "from": "var: ansible_cmdlet_auth"}
    assert exchange["settings"]["remote_user"]["from"] == "var: ansible_user"


def test_what_does_not_answer(ansible: Ansible) -> None:
    ansible.vars["ansible_password"] = "not-the-password"
    run = ansible.task("exchange", "cmdlet_ping")
    assert run.returncode != 0
    result = run.result("cmdlet_ping")
    assert result["answers"] is False
    assert "refused user" in run.failure
    assert "not-the-password" not in run.output


def test_a_cmdlet_that_is_not_there(ansible: Ansible, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is for an account without the role."""
    monkeypatch.delitem(endpoint._CMDLETS, "Set-SendConnector")
    run = ansible.task("exchange", "cmdlet_ping")
    assert [item["cmdlet"] for item in run.result("cmdlet_ping")["not_allowed"]] == ["Set-SendConnector"]
    assert "Set-SendConnector is not there for svc-ansible" in run.failure
    assert "the role Send Connectors (role group Organization Management)" in run.failure


def test_a_parameter_that_a_role_of_its_own_lacks(lab: Lab, ansible: Ansible) -> None:
    exchange = lab.world.exchange
    exchange.custom_roles["Less"] = CustomRole("Send Connectors", {"Set-SendConnector": frozenset({"AddressSpaces"})})
    exchange.role_assignments[contoso.ADMIN] = ("View-Only Configuration", "Remote and Accepted Domains", "Less")
    run = ansible.task("exchange", "cmdlet_ping")
    [missing] = run.result("cmdlet_ping")["not_allowed"]
    assert (missing["cmdlet"], missing["parameter"]) == ("Set-SendConnector", "AddressSpaces")
    before = lab.world.view()
    run = ansible.run("hybrid_groups", "--tags", "send_connector")
    assert "'AddressSpaces'" in run.failure
    assert "It takes the role Send Connectors (role group Organization Management), or a newer server." in run.failure
    assert lab.world.view() == before


def test_an_account_that_is_for_the_procedure_alone(lab: Lab, ansible: Ansible) -> None:
    allow_only(lab, "hybrid_groups")
    assert ansible.run("doctor").returncode == 0
    run = ansible.task("exchange", "cmdlet_ping", playbooks=["hybrid_groups", "verify"])
    missing = {(item["cmdlet"], item["parameter"]) for item in run.result("cmdlet_ping")["not_allowed"]}
    assert missing == {
        (name, None)
        for name in (
            *("Get-Group", "Get-Mailbox", "Get-RemoteMailbox"),
            *("Get-TransportService", "Get-MessageTrackingLog", "Get-Queue", "Get-Message"),
        )
    }
    assert "Get-Queue is not there" in run.failure
    assert "needed by verify: it takes the role Transport Queues" in run.failure
