# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

import pytest
from helpers import reports

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _overview, _report
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report_page import render_overview

FOLDER = pathlib.Path("/var/www/reports")
TIME = "2026-11-24T12:00:00+00:00"


def report(time: str = TIME, domain: str = "groups.contoso.com", failure: t.Any = None, **sections: t.Any) -> dict[str, t.Any]:
    return _report.build(domain, sections, time=time, check_mode=False, failure=failure)


def overview(max_age: int = 24, **found: t.Any) -> dict[str, t.Any]:
    pages = {name: FOLDER / f"{name}.html" for name in found}
    return _overview.build(pages, found, FOLDER, time=TIME, max_age=max_age)


def verdicts(data: dict[str, t.Any]) -> dict[str, str]:
    return {row["name"]: row["verdict"] for row in data["organizations"]}


def test_those_to_look_at_come_first() -> None:
    data = overview(
        a=report(),
        b=report(verification=[{"id": "x", "title": "X", "verdict": "unknown", "place": "group"}]),
        c=report(failure={"task": "Read the tenant", "message": "AADSTS7000215"}),
        d=None,
        e=report(verification=[{"id": "x", "title": "The reply", "verdict": "failed"}]),
    )
    assert verdicts(data) == {"c": "problems", "e": "problems", "d": "missing", "b": "unknown", "a": "sound"}
    assert [row["name"] for row in data["organizations"]] == ["c", "e", "d", "b", "a"]
    assert data["summary"] == {"verdict": "problems", "organizations": 5, "problems": 2, "missing": 1, "unknown": 1, "sound": 1}
    ended, broken, *_rest = data["organizations"]
    assert (ended["ended_at"], ended["reason"]) == ("Read the tenant", "AADSTS7000215")
    assert broken["problems"] == ["The reply"]


@pytest.mark.parametrize(
    "found", [None, {}, {"format": 1}, {**report(), "format": 99}, {**report(), "time": None}, {"kind": "overview"}]
)
def test_what_is_no_report_counts_as_none(found: t.Any) -> None:
    assert verdicts(overview(a=found)) == {"a": "missing"}


@pytest.mark.parametrize(
    ("time", "max_age", "verdict"),
    [
        ("2026-11-23T12:00:00+00:00", 24, "sound"),
        ("2026-11-23T11:59:59+00:00", 24, "missing"),
        ("2020-01-01T00:00:00+00:00", 0, "sound"),
    ],
)
def test_an_old_report_counts_as_none(time: str, max_age: int, verdict: str) -> None:
    data = overview(max_age, a=report(time))
    assert verdicts(data) == {"a": verdict}
    assert data["organizations"][0]["page"] == "a.html"


def test_all_sound() -> None:
    assert overview(a=report(), b=report())["summary"]["verdict"] == "sound"


def test_links_are_relative_and_quoted() -> None:
    pages = {"a": pathlib.Path("/var/www/other/50% a&b.html")}
    data = _overview.build(pages, {"a": report()}, FOLDER, time=TIME, max_age=0)
    assert data["organizations"][0]["page"] == "../other/50%25%20a%26b.html"


def test_names_of_others_are_text() -> None:
    hostile = {"task": reports.HOSTILE, "message": reports.HOSTILE}
    text = render_overview(overview(a=report(domain=reports.HOSTILE, failure=hostile)), "overview.json")
    assert "<script" not in text
    assert "<img" not in text
    assert "owned" in text
