# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole procedure: playbooks/hybrid_groups.yml against the lab."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
from conftest import Ansible
from helpers.documented_rights import allow_only

from lab import contoso
from lab.lab import Lab

TRANSPORTS = pytest.mark.parametrize("ansible", ["psrp", "winrm"], indirect=True)
WAYS = pytest.mark.parametrize(
    "ansible",
    [
        "psrp ntlm",
        "winrm ntlm",
        "psrp basic",
        "winrm basic",
        pytest.param("psrp kerberos", marks=pytest.mark.heavy),
        pytest.param("winrm kerberos", marks=pytest.mark.heavy),
    ],
    indirect=True,
)
SOUND = ["on_premises", "to_connector", "connector", "to_tenant", "tenant", "to_directory", "directory"]
STEPS = {"Group writeback", "Tenant domain", "Accepted domain", "DNS records", "Send connector"}


def table(run: t.Any) -> dict[str, str]:
    """Step to the column ``changed`` of the table that ends a run."""
    rows = [re.split(r"  +", line) for line in run.result("debug")["msg"][2:]]
    return {row[0]: row[1] for row in rows}


@WAYS
def test_first_run_changes_every_step_second_run_nothing(lab: Lab, ansible: Ansible, tmp_path: pathlib.Path) -> None:
    allow_only(lab, "hybrid_groups")
    first = ansible.run("hybrid_groups")
    assert first.returncode == 0, first.output
    assert table(first) == dict.fromkeys(STEPS, "yes")

    view = lab.world.view()
    domain = view["exchange"]["accepted_domains"][contoso.GROUP_DOMAIN]
    assert (domain["domain_name"], domain["domain_type"]) == (contoso.GROUP_DOMAIN, "InternalRelay")
    assert view["exchange"]["send_connectors"][contoso.HYBRID_CONNECTOR]["AddressSpaces"] == [
        "smtp:contoso.mail.onmicrosoft.com;1",
        "SMTP:groups.contoso.com;1",
    ]
    assert view["exchange"]["send_connectors"]["Internet"]["AddressSpaces"] == ["SMTP:*;1"]
    assert lab.world.dns.values(contoso.GROUP_DOMAIN, "MX") == ["0 groups-contoso-com.mail.protection.outlook.com."]
    assert lab.world.dns.values(f"autodiscover.{contoso.GROUP_DOMAIN}", "CNAME") == ["autodiscover.outlook.com."]
    assert view["tenant"]["domains"][contoso.GROUP_DOMAIN]["verified"] is True
    assert "Email" in view["tenant"]["domains"][contoso.GROUP_DOMAIN]["services"]
    rights = view["directory"]["rights"]
    assert rights["may create groups"] is True
    assert rights["may create users"] is False
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["summary"]["steps"] == {"changed": 5, "unchanged": 0, "not_run": 0}
    assert report["summary"]["prerequisites"] == {"passed": 4}
    assert [place["id"] for place in report["mail_path"] if place["state"] == "sound"] == SOUND
    before_and_after = {step["id"]: (step["before"], step["after"]) for step in report["sections"]["steps"]["records"]}
    assert before_and_after["accepted_domain"][0] is None
    assert [state["address_spaces"] for state in before_and_after["send_connector"]] == [
        ["SMTP:contoso.mail.onmicrosoft.com;1"],
        ["SMTP:contoso.mail.onmicrosoft.com;1", "SMTP:groups.contoso.com;1"],
    ]

    second = ansible.run("hybrid_groups")
    assert second.returncode == 0, second.output
    assert second.changed == 0
    assert table(second) == dict.fromkeys(STEPS, "no")
    assert second.result("hybrid_report")["summary"]["steps"] == {"changed": 0, "unchanged": 5, "not_run": 0}
    assert lab.world.view() == view


def test_endpoints_that_send_whole_objects(tmp_path: pathlib.Path) -> None:
    """Remoting flattens nested objects to text where the server says so, and sends them whole where it does not."""
    with Lab(tmp_path / "lab", rich=True) as lab:
        ansible = Ansible(lab, tmp_path)
        first = ansible.run("hybrid_groups")
        assert first.returncode == 0, first.output
        assert table(first) == dict.fromkeys(STEPS, "yes")
        assert lab.world.view()["exchange"]["send_connectors"][contoso.HYBRID_CONNECTOR]["AddressSpaces"] == [
            "smtp:contoso.mail.onmicrosoft.com;1",
            "SMTP:groups.contoso.com;1",
        ]
        assert ansible.run("hybrid_groups").changed == 0


@TRANSPORTS
def test_check_mode_predicts_the_first_run_and_changes_nothing(lab: Lab, ansible: Ansible) -> None:
    before = lab.world.view()
    predicted = ansible.run("hybrid_groups", "--check", "--diff")
    assert predicted.returncode == 0, predicted.output
    assert lab.world.view() == before
    assert table(predicted) == dict.fromkeys(STEPS, "yes")
    # What only becomes known once the domain is in the tenant is named, not guessed.
    deferred = predicted.result("debug", 1)["msg"]
    assert any("MX host of groups.contoso.com" in sentence for sentence in deferred)
    assert not pathlib.Path(predicted.result("hybrid_report")["path"]).exists()
    assert "+autodiscover.groups.contoso.com. 3600 IN CNAME autodiscover.outlook.com." in predicted.output
    assert "protection.outlook.com" not in str(predicted.result("group_domain_dns"))

    real = ansible.run("hybrid_groups", "--diff")
    changed = [(line["host"], line["task"]) for line in predicted.results if line["result"].get("changed")]
    assert [(line["host"], line["task"]) for line in real.results if line["result"].get("changed")] == changed
    for module in ("adsync_group_writeback", "exchange_accepted_domain", "exchange_send_connector"):
        assert without_guid(predicted.diff(module)) == without_guid(real.diff(module))


def without_guid(diff: dict[str, t.Any]) -> dict[str, t.Any]:
    """A new object's GUID is made by the server."""
    if isinstance(diff["after"], dict):
        diff["after"].pop("guid", None)
    return diff


def test_check_mode_of_a_configured_organization_predicts_nothing(lab: Lab, ansible: Ansible) -> None:
    ansible.run("hybrid_groups")
    before = lab.world.view()
    predicted = ansible.run("hybrid_groups", "--check")
    assert predicted.returncode == 0, predicted.output
    assert predicted.changed == 0
    assert lab.world.view() == before


@TRANSPORTS
def test_one_session_per_windows_host_and_play(lab: Lab, ansible: Ansible) -> None:
    run = ansible.run("hybrid_groups")
    assert run.returncode == 0, run.output
    assert lab.traffic.counts["exchange.sessions"] == 1
    assert lab.traffic.counts["connect.sessions"] == 1
    # Core closes the first session of the play's host; the other ends once ansible-playbook has.
    assert all(server.wait_for_shells(0, timeout=30) for server in lab.windows)


def test_many_tasks_of_a_play_share_one_session(lab: Lab, ansible: Ansible) -> None:
    task = {"exchange.hybrid_groups.exchange_accepted_domain": {"domain": "{{ item }}.contoso.com", "type": "InternalRelay"}}
    loop = {"name": "Loop", **task, "loop": ["one", "two", "three"]}
    single = {"name": "Single", "exchange.hybrid_groups.exchange_organization_info": None}
    run = ansible.run([{"hosts": "exchange", "gather_facts": False, "tasks": [single, loop, single]}])
    assert run.returncode == 0, run.output
    assert lab.traffic.counts["exchange.sessions"] == 1


def test_a_domain_of_another_name_is_proven_by_its_dns_record(lab: Lab, ansible: Ansible) -> None:
    ansible.vars["hybrid_groups_domain"] = "groups.fabrikam.com"
    first = ansible.run("hybrid_groups")
    assert first.returncode == 0, first.output
    (text,) = lab.world.dns.values("groups.fabrikam.com", "TXT")
    assert text.startswith('"MS=ms')
    assert lab.world.view()["tenant"]["domains"]["groups.fabrikam.com"]["verified"] is True
    assert ansible.run("hybrid_groups").changed == 0


def test_records_for_another_dns_provider_are_said_not_written(lab: Lab, ansible: Ansible) -> None:
    ansible.vars["hybrid_groups_dns_provider"] = "manual"
    run = ansible.run("hybrid_groups")
    assert run.returncode == 0, run.output
    assert run.result("debug")["msg"].splitlines() == [
        "groups.contoso.com. 3600 IN MX 0 groups-contoso-com.mail.protection.outlook.com.",
        "autodiscover.groups.contoso.com. 3600 IN CNAME autodiscover.outlook.com.",
    ]
    assert lab.world.dns.values(contoso.GROUP_DOMAIN, "MX") == []


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (
            lambda world: setattr(world.exchange.servers["EX1"], "version", "15.1.225.42"),
            ["EX1", "Exchange Server 2016", "cumulative update"],
        ),
        (lambda world: setattr(world.exchange, "hybrid", None), ["Hybrid Configuration Wizard"]),
        (
            lambda world: setattr(world.connect.scheduler, "sync_cycle_enabled", False),
            ["Set-ADSyncScheduler -SyncCycleEnabled $true"],
        ),
        (lambda world: setattr(world.tenant.licences[0], "status", "Suspended"), ["Entra ID P1 or P2", "AAD_PREMIUM"]),
    ],
    ids=["exchange version", "hybrid deployment", "scheduler", "licence"],
)
def test_a_missing_prerequisite_stops_the_run_before_anything_is_changed(
    lab: Lab, ansible: Ansible, plant: t.Callable[[t.Any], None], words: list[str]
) -> None:
    plant(lab.world)
    before = lab.world.view()
    run = ansible.run("hybrid_groups")
    assert run.returncode != 0
    assert run.failure.startswith("Prerequisite not met:")
    assert all(word in run.failure for word in words), run.failure
    assert lab.world.view() == before
    assert not any(line["result"].get("changed") for line in run.results)


def test_a_run_that_ends_early_reports_how_far_it_came(lab: Lab, ansible: Ansible, tmp_path: pathlib.Path) -> None:
    role = "Remote and Accepted Domains"
    roles = lab.world.exchange.role_assignments[contoso.ADMIN]
    lab.world.exchange.role_assignments[contoso.ADMIN] = ("View-Only Configuration",)
    tags = ("--tags", "prerequisites,group_writeback,accepted_domain,send_connector")
    run = ansible.run("hybrid_groups", *tags)
    assert run.returncode == 2
    assert role in run.failure
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["failure"]["task"] == "Accept mail for the group domain"
    assert run.failure == f"{report['failure']['message']} How far it came is in {tmp_path / 'report.html'}."
    assert report["summary"]["ended_at"] == "Accept mail for the group domain"
    # What was planned ahead of it and not done is no step that ran.
    assert report["summary"]["steps"] == {"changed": 1, "unchanged": 0, "not_run": 3, "failed": 1}
    assert report["summary"]["breaks_at"] == ["on_premises"]
    failed = next(step for step in report["sections"]["steps"]["records"] if step["id"] == "accepted_domain")
    assert role in failed["explanation"]

    lab.world.exchange.role_assignments[contoso.ADMIN] = roles
    assert ansible.run("hybrid_groups", *tags, "--tags", "report").returncode == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["failure"] is None
    assert report["summary"]["verdict"] == "sound"


def test_a_run_that_ends_early_can_do_without_a_report(lab: Lab, ansible: Ansible, tmp_path: pathlib.Path) -> None:
    lab.world.tenant.applications[contoso.CLIENT_ID].roles.clear()
    run = ansible.run("hybrid_groups", "--tags", "tenant", "--skip-tags", "report")
    assert run.returncode == 2
    assert not (tmp_path / "report.json").exists()
    # One that cannot be written does not hide why.
    ansible.vars["hybrid_groups_report"] = str(tmp_path / "inventory.yml" / "report.html")
    homeless = ansible.run("hybrid_groups", "--tags", "tenant")
    assert "could not be written" in homeless.result("hybrid_report")["msg"]
    for failure in (run.failure, homeless.failure):
        assert "Give the application the application permission" in failure


def test_an_older_cumulative_update_can_be_allowed(lab: Lab, ansible: Ansible) -> None:
    lab.world.exchange.servers["EX1"].version = "15.2.858.5"  # 2019 CU9
    refused = ansible.run("hybrid_groups", "--tags", "prerequisites")
    assert "hybrid_groups_require_current_update" in refused.failure
    ansible.vars["hybrid_groups_require_current_update"] = False
    assert ansible.run("hybrid_groups", "--tags", "prerequisites").returncode == 0


@TRANSPORTS
def test_writeback_that_the_wizard_has_not_enabled(lab: Lab, ansible: Ansible) -> None:
    lab.world.connect.set_group_writeback(None)
    run = ansible.run("hybrid_groups")
    assert run.returncode != 0
    result = run.result("adsync_group_writeback")
    assert "wizard" in result["msg"]
    assert any("Group writeback" in step for step in result["wizard_steps"])
    assert lab.world.view()["directory"]["rights"]["may create groups"] is False
