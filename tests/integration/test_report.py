# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The task hybrid_report: files, permissions, check mode, what stays of an earlier report."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from conftest import Ansible
from helpers import reports

DONE = {"id": "a", "title": "A step", "changed": True}


def task(path: pathlib.Path, **options: t.Any) -> dict[str, t.Any]:
    keywords = {name: options.pop(name) for name in ("check_mode", "diff", "ignore_errors") if name in options}
    report = {"path": str(path), "domain": "groups.contoso.com", **options}
    return {"name": "Report", "exchange.hybrid_groups.hybrid_report": report, **keywords}


def test_life_of_a_report(ansible: Ansible, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    page, data = folder / "groups.html", folder / "groups.json"
    found = reports.sections(affected=1)
    tasks = [
        task(page, check_mode=True, **found),
        task(page, **found),
        task(page, **found),
        task(page, steps=[DONE], diff=True),
        task(page, steps=[DONE], keep=False, mode="0640"),
        task(page, domain="groups.fabrikam.com", known_issues=[]),
        task(folder / "another" / "one" / "groups.html", check_mode=True),
        task(folder / "another" / "one" / "groups.html"),
        task(page / "groups.html", ignore_errors=True),
        task(folder, ignore_errors=True),
        task(page, verification=[{"id": "a", "title": "A"}], ignore_errors=True),
        task(page, mode="u=rw", ignore_errors=True),
    ]
    # A Windows host: the report is written on the control node all the same.
    run = ansible.run([{"hosts": "exchange", "gather_facts": False, "tasks": tasks}])
    assert run.returncode == 0, run.output
    planned, first, again, later, alone, other, predicted, made, homeless, nameless, wrong, mode = (
        line["result"] for line in run.results
    )
    assert planned["changed"]
    assert first["changed"]
    assert planned["summary"] == first["summary"]
    assert not again["changed"]
    # Only the steps are new; the rest is taken over from the report before.
    assert later["changed"]
    assert later["summary"]["steps"] == {"changed": 1, "unchanged": 0, "not_run": 0}
    assert later["summary"]["verification"] == first["summary"]["verification"]
    assert '"id": "a"' in later["diff"][0]["after"]
    assert "send_connector" in later["diff"][0]["before"]
    assert set(alone["summary"]) == {"domain", "verdict", "breaks_at", "problems", "steps"}
    assert "steps" not in other["summary"]
    assert predicted["changed"]
    assert (folder / "another/one/groups.json").is_file()
    assert made["path"] == str(folder / "another/one/groups.html")
    assert f"path: {page / 'groups.html'} could not be written: " in homeless["msg"]
    assert "the name of a file on the control node is needed" in nameless["msg"]
    assert "verification: record 1 (a) has the verdict None" in wrong["msg"]
    assert "'0640'" in mode["msg"]
    assert sorted(path.name for path in folder.iterdir()) == ["another", "groups.html", "groups.json"]
    assert [path.stat().st_mode & 0o777 for path in (page, data)] == [0o600, 0o600]
    assert json.loads(data.read_text())["domain"] == "groups.fabrikam.com"
    assert "groups.fabrikam.com" in page.read_text()


def test_life_of_an_overview(ansible: Ansible, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()

    def overview(path: str = "overview.html", **options: t.Any) -> dict[str, t.Any]:
        keywords = {name: options.pop(name) for name in ("check_mode", "diff", "ignore_errors") if name in options}
        pages = {name: str(folder / f"{name}.html") for name in ("contoso", "fabrikam")}
        arguments = {"path": str(folder / path), "reports": pages, **options}
        return {"name": "Overview", "exchange.hybrid_groups.hybrid_overview": arguments, **keywords}

    tasks = [
        task(folder / "contoso.html", steps=[DONE]),
        overview(check_mode=True),
        overview(),
        overview(),
        task(folder / "fabrikam.html", steps=[DONE]),
        overview(diff=True, mode="0644"),
        overview("contoso.html", ignore_errors=True),
        overview(reports={}, ignore_errors=True),
        overview(reports={"contoso": None}, ignore_errors=True),
        overview(max_age=-1, ignore_errors=True),
    ]
    run = ansible.run([{"hosts": "exchange", "gather_facts": False, "tasks": tasks}])
    assert run.returncode == 0, run.output
    found = [line["result"] for line in run.results if line["action"].endswith("hybrid_overview")]
    planned, first, again, later, over, none, nameless, negative = found
    assert planned["summary"] == first["summary"]
    assert (first["summary"]["missing"], later["summary"]["missing"]) == (1, 0)
    assert [result["changed"] for result in (planned, first, again, later)] == [True, True, False, True]
    assert "There is no report." in later["diff"][0]["before"]
    assert "There is no report." not in later["diff"][0]["after"]
    assert "is a report, and would be written over" in over["msg"]
    assert "reports: there are none" in none["msg"]
    assert "reports: contoso has None" in nameless["msg"]
    assert "max_age: -1" in negative["msg"]
    assert json.loads((folder / "contoso.json").read_text())["domain"] == "groups.contoso.com"
    assert (folder / "overview.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("no_log", ["task", "block", None])
def test_what_no_log_hides_gets_into_no_report(ansible: Ansible, no_log: str | None) -> None:
    """Core hands it to a rescue."""
    role = {"name": "exchange.hybrid_groups.report", "tasks_from": "failed"}
    failing: dict[str, t.Any] = {"name": "Publish", "ansible.builtin.fail": {"msg": "the key {{ item }}"}, "loop": ["S3cret-1"]}
    block: dict[str, t.Any] = {"name": "A step", "block": [failing]}
    if no_log:
        {"task": failing, "block": block}[no_log]["no_log"] = True
    # The block's no_log would hide the rescue as well.
    outer = {"name": "All", "block": [block], "rescue": [{"name": "End", "ansible.builtin.include_role": role}]}
    run = ansible.run([{"hosts": "localhost", "gather_facts": False, "tasks": [outer]}])
    assert run.returncode == 2
    failed = [line["result"] for line in run.results if line["action"].endswith("fail")][-1]["msg"]
    written = [(ansible.directory / f"report.{kind}").read_text() for kind in ("html", "json")]
    assert json.loads(written[1])["failure"]["task"] == "Publish"
    for text in (failed, *written):
        assert ("S3cret-1" in text) is (no_log is None)
        assert ("The output is hidden" in text) is (no_log is not None)
