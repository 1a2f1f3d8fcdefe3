# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/verify.yml over the wires; which fault turns which step red is in tests/unit/verification."""

from __future__ import annotations

import json
import typing as t

from helpers.documented_rights import allow_only

from lab import contoso
from lab.configured import configure
from lab.traffic import Fault

if t.TYPE_CHECKING:
    from conftest import Ansible, Run

    from lab.lab import Lab


def records(run: Run) -> dict[str, dict[str, t.Any]]:
    """The verdicts by step."""
    found = run.result("set_fact", 1)["ansible_facts"]["hybrid_groups_verification"]
    return {record["id"]: record for record in found}


def test_a_configured_lab_is_green_and_as_before(lab: Lab, ansible: Ansible) -> None:
    group = configure(lab.world)
    group.members.append(contoso.CLOUD_USER)
    allow_only(lab, "verify")
    run = ansible.run("verify")
    assert run.returncode == 0, run.output
    found = records(run)
    assert {name for name, record in found.items() if record["verdict"] != "passed"} == {"moved_4"}, found
    assert found["on_premises_7"]["evidence"]["connector"] == contoso.HYBRID_CONNECTOR
    assert found["on_premises_8"]["evidence"]["auth_as"] == "Internal"
    assert group.members == [contoso.CLOUD_USER]  # who was there stays, who was added is gone
    assert contoso.USER_PASSWORD not in run.output
    report = json.loads((ansible.directory / "report.json").read_text())
    assert report["summary"]["verification"] == {"passed": 16, "person": 1}
    page = (ansible.directory / "report.html").read_text()
    assert contoso.USER_PASSWORD not in page
    assert "Outlook on the web" in page


def test_a_fault_is_explained_and_what_was_made_is_undone(lab: Lab, ansible: Ansible) -> None:
    group = configure(lab.world)
    lab.world.exchange.connector(contoso.HYBRID_CONNECTOR).address_spaces.pop()
    run = ansible.run("verify", "-e", "hybrid_groups_verify_moved_mailbox=")
    assert run.returncode != 0
    assert "leaves by Internet as Internet mail" in run.failure
    assert "run the role configure (step send_connector)" in run.failure
    assert group.members == []
    found = records(run)
    assert found["moved_6"]["verdict"] == "unknown"
    assert [name for name, record in found.items() if record["verdict"] == "failed"] == ["on_premises_7"]
    report = json.loads((ansible.directory / "report.json").read_text())
    assert report["summary"]["verdict"] == "problems"
    assert report["summary"]["ended_at"] == "Fail when a step has failed"
    assert report["summary"]["verification"]["failed"] == 1


def test_what_was_made_is_undone_when_the_server_is_lost(lab: Lab, ansible: Ansible) -> None:
    group = configure(lab.world)
    ansible.vars["hybrid_groups_verify_wait_timeout"] = 1
    # The first task on the server reads the configuration; it is lost while the post is looked for.
    lab.traffic.set_fault(Fault(at=20, server="exchange"))
    run = ansible.run("verify", "-e", "hybrid_groups_verify_moved_mailbox=")
    assert lab.traffic.counts["exchange"] >= 20
    assert group.members == []
    assert [thread.topic for thread in group.threads]  # so it had gone some way
    assert records(run)["on_premises_6"]["verdict"] == "unknown"
