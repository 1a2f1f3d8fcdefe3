# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One inventory of many organizations: each is worked for by itself, in whichever slice of the inventory it lies."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from conftest import Ansible
from helpers.slices import launch_slices

from lab import contoso
from lab.configured import configure
from lab.organizations import Organizations

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def organizations(tmp_path: pathlib.Path) -> Iterator[Organizations]:
    with Organizations(tmp_path / "organizations", 4) as organizations:
        yield organizations


def configured(organizations: Organizations) -> set[str]:
    """Names of those whose on-premises mail finds its way to groups."""
    connectors = {name: view["exchange"]["send_connectors"] for name, view in organizations.view().items()}
    return {name for name, found in connectors.items() if contoso.GROUP_DOMAIN in json.dumps(found)}


def reports(directory: pathlib.Path) -> dict[str, t.Any]:
    """What the organizations' reports say, without when."""
    found = {path.stem: json.loads(path.read_text()) for path in directory.glob("*.json")}
    return {name: report["summary"] for name, report in found.items()}


def test_one_that_fails_stops_no_other(ansible: Ansible, organizations: Organizations, tmp_path: pathlib.Path) -> None:
    ansible.inventory = organizations.inventory()
    hosts = ansible.inventory["organizations"]["hosts"]
    hosts["org2"]["ansible_password"] = "wrong"
    hosts["org3"]["hybrid_groups_client_secret"] = "wrong"
    for name, variables in hosts.items():
        variables["hybrid_groups_report"] = str(tmp_path / f"{name}.html")
    run = ansible.run("hybrid_groups", "--forks", "4")
    assert run.returncode == 2, run.output
    assert {name: summary["failures"] + summary["unreachable"] for name, summary in run.stats.items()} == {
        "org1": 0,
        "org2": 1,
        "org3": 1,
        "org4": 0,
    }
    assert configured(organizations) == {"org1", "org4"}
    traffic = {name: organization.traffic.counts for name, organization in organizations.labs.items()}
    assert traffic["org1"]["exchange.sessions"] == traffic["org1"]["connect.sessions"] == 1
    assert sorted(path.name for path in tmp_path.glob("*.html")) == [f"org{number}.html" for number in range(1, 5)]
    # Nothing of one organization's went to the servers of another.
    views = organizations.view()
    assert views["org1"]["exchange"] == views["org4"]["exchange"]

    ansible.inventory["all"] = {"vars": {"hybrid_groups_overview": str(tmp_path / "overview.html")}}
    overview = ansible.run("overview")
    assert overview.returncode == 0, overview.output
    summary = overview.result("hybrid_overview")["summary"]
    assert summary == {"verdict": "problems", "organizations": 4, "problems": 2, "missing": 0, "unknown": 0, "sound": 2}
    rows = json.loads((tmp_path / "overview.json").read_text())["organizations"]
    assert [row["name"] for row in rows] == ["org2", "org3", "org1", "org4"]
    assert [row["ended_at"] for row in rows] == ["Read the Exchange organization", "Read the tenant", None, None]
    assert 'href="org3.html"' in (tmp_path / "overview.html").read_text()


def test_every_playbook_runs_for_an_organization(ansible: Ansible, organizations: Organizations) -> None:
    """With nothing in the inventory but the organization."""
    lab = organizations.labs["org1"]
    configure(lab.world)
    ansible.inventory = {"organizations": {"hosts": {"org1": lab.organization()}}}
    ansible.inventory["organizations"]["hosts"]["org1"].update(
        hybrid_groups_report=False, hybrid_groups_readded_file=str(ansible.directory / "readded.json")
    )
    playbooks = ["verify", "known_issues", "address_list_refresh", "before_wizard", "after_wizard"]
    failed = {playbook: run.output for playbook in playbooks if (run := ansible.run(playbook)).returncode}
    assert failed == {}
    assert configured(organizations) == {"org1"}

    # Groups use the domain, so there is no way back.
    refused = ansible.run("rollback")
    assert "Groups" in refused.failure
    assert refused.changed == 0


def test_the_doctor_says_which_variable_an_endpoint_goes_by(ansible: Ansible, organizations: Organizations) -> None:
    ansible.inventory = organizations.inventory()
    variables = ansible.inventory["organizations"]["hosts"]["org1"]
    # Of both endpoints; each has one of its own besides.
    variables["ansible_cmdlet_port"] = 1
    run = ansible.run("doctor", "--limit", "org1")
    assert run.returncode == 0, run.output
    ports = [run.result("cmdlet_ping", occurrence)["settings"]["port"] for occurrence in range(2)]
    assert ports == [
        {"value": variables[f"ansible_cmdlet_{endpoint}_port"], "from": f"var: ansible_cmdlet_{endpoint}_port"}
        for endpoint in ("exchange", "windows")
    ]


def test_slices_side_by_side_do_what_the_whole_would(organizations: Organizations, tmp_path: pathlib.Path) -> None:
    whole = launch_slices(organizations.inventory(), tmp_path / "whole", "hybrid_groups", count=1)
    assert [job.returncode for job in whole] == [0], whole[0].output
    expected = organizations.view()
    assert configured(organizations) == set(organizations.labs)

    organizations.reset()
    slices = launch_slices(organizations.inventory(), tmp_path / "slices", "hybrid_groups", count=2)
    assert [job.returncode for job in slices] == [0, 0], "".join(job.output for job in slices)
    assert [sorted(job.hosts) for job in slices] == [["org1", "org3"], ["org2", "org4"]]
    assert organizations.view() == expected
    merged: dict[str, t.Any] = {}
    for job in slices:
        merged |= job.stats
    assert merged == whole[0].stats
    assert sorted(merged) == [f"hybrid_groups_report_{name}" for name in organizations.labs]
    assert reports(tmp_path / "slices") == reports(tmp_path / "whole") != {}
