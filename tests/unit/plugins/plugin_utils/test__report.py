# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from helpers import reports

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report import (
    ReportError,
    as_lines,
    as_name,
    as_text,
    build,
    differences,
    summarize,
)

TIME = "2026-11-24T12:00:00+00:00"


def make(time: str = TIME, previous: t.Any = None, failure: t.Any = None, **sections: t.Any) -> dict[str, t.Any]:
    return build("groups.contoso.com", sections, time=time, check_mode=False, previous=previous, failure=failure)


def test_totals() -> None:
    summary = make(**reports.sections())["summary"]
    assert summary == {
        "domain": "groups.contoso.com",
        "verdict": "problems",
        "breaks_at": ["to_tenant", "to_recipient"],
        "problems": ["The reply left by the hybrid connector", "New groups are not in the address list"],
        "prerequisites": {"passed": 3},
        "steps": {"changed": 2, "unchanged": 1, "not_run": 1},
        "verification": {"passed": 1, "failed": 1, "unknown": 1, "person": 1},
        "known_issues": {"ok": 1, "found": 1, "unknown": 1, "limitation": 1, "mended": 1},
    }


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ([], "sound"),
        ([{"id": "a", "title": "A", "verdict": "passed", "place": "group"}], "sound"),
        ([{"id": "a", "title": "A", "verdict": "person"}], "sound"),
        ([{"id": "a", "title": "A", "verdict": "unknown"}], "sound"),
        ([{"id": "a", "title": "A", "verdict": "unknown", "place": "group"}], "unknown"),
        ([{"id": "a", "title": "A", "verdict": "failed"}, {"id": "b", "title": "B", "verdict": "unknown"}], "problems"),
    ],
)
def test_the_verdict_over_all(records: list[dict[str, t.Any]], verdict: str) -> None:
    assert make(verification=records)["summary"]["verdict"] == verdict


def test_a_step_that_failed_is_a_problem_and_counts_once() -> None:
    steps = [
        {"id": "tenant_domain", "title": "Tenant domain", "changed": True, "verdict": "passed"},
        {"id": "accepted_domain", "title": "Accepted domain", "changed": False, "verdict": "failed"},
        {"id": "send_connector", "title": "Send connector", "changed": None, "verdict": None},
    ]
    summary = make(steps=steps)["summary"]
    assert summary["steps"] == {"changed": 1, "unchanged": 0, "not_run": 1, "failed": 1}
    assert (summary["verdict"], summary["problems"], summary["breaks_at"]) == ("problems", ["Accepted domain"], ["on_premises"])


def test_a_run_that_ended_early_is_one_with_problems_until_the_next() -> None:
    failure = {"task": "Read the tenant", "message": "AADSTS7000215"}
    ended = make(failure=failure, verification=[])
    assert ended["failure"] == failure
    assert (ended["summary"]["verdict"], ended["summary"]["ended_at"]) == ("problems", "Read the tenant")
    later = make(previous=ended)
    assert later["failure"] is None
    assert later["summary"]["verdict"] == "sound"
    assert "ended_at" not in later["summary"]


def test_a_section_of_an_earlier_run_stays_with_its_time() -> None:
    earlier = make(**{name: records for name, records in reports.sections().items() if name != "verification"})
    later = make("2026-11-25T08:00:00+00:00", earlier, known_issues=[], verification=[])
    assert later["sections"]["steps"] == earlier["sections"]["steps"]
    assert {name: section["time"] for name, section in later["sections"].items()} == {
        "prerequisites": TIME,
        "steps": TIME,
        "verification": "2026-11-25T08:00:00+00:00",
        "known_issues": "2026-11-25T08:00:00+00:00",
    }
    assert later["summary"] == summarize("groups.contoso.com", later["sections"], later["mail_path"])
    assert later["summary"]["known_issues"] == {}


@pytest.mark.parametrize(
    ("section", "records", "words"),
    [
        ("verification", {"id": "a"}, "verification: a list of records is needed, not dict"),
        ("verification", ["a"], "record 1 is str"),
        ("verification", [{"title": "A", "verdict": "passed"}], "record 1 has no id"),
        ("prerequisites", [{"id": "a", "verdict": "passed"}], "record 1 has no title"),
        ("verification", [{"id": "a", "title": "A", "verdict": "ok"}], "(a) has the verdict 'ok': one of passed, failed"),
        ("known_issues", [{"id": "a", "title": "A", "verdict": "failed"}], "one of ok, found, unknown"),
        ("steps", [{"id": "a", "title": "A", "changed": "yes"}], "'yes' as changed"),
        ("steps", [{"id": "a", "title": "A", "changed": True, "place": "moon"}], "the place 'moon': one of on_premises"),
    ],
)
def test_records_that_cannot_be_meant(section: str, records: t.Any, words: str) -> None:
    with pytest.raises(ReportError) as caught:
        make(**{section: records})
    assert words in str(caught.value)


def test_differences() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == [("b", 2, 3), ("c", None, 4)]
    assert differences(None, {"a": 1}) == [("a", None, 1)]
    assert differences({"a": 1}, None) == [("a", 1, None)]
    assert differences("x", "y") == [("", "x", "y")]
    assert differences(None, None) == differences(["x"], ["x"]) == []
    assert differences("x", {"a": 1}) == [("", "x", {"a": 1})]


def test_values_as_text() -> None:
    assert as_text({"a": True, "b": [1, None], "c": []}) == "a: yes; b: 1, —; c: —"
    assert as_text(False) == "no"
    assert as_lines(["a", "b"]) == "a\nb"
    assert as_lines([]) == "—"
    assert as_name({"mailbox": "a@b", "membership": {"group_id": "1"}}) == "mailbox: a@b"
    assert as_text(0) == "0"
