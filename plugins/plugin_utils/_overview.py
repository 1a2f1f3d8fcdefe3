# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Many organizations' reports as one table: plain data, which knows nothing of files and HTML."""

from __future__ import annotations

import datetime
import os
import pathlib
import typing as t
import urllib.parse

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report import as_time, is_report

Json = dict[str, t.Any]

KIND = "overview"
VERDICTS = ("problems", "missing", "unknown", "sound")
"""In the order in which somebody has to look. ``missing``: the organization has no report that counts."""


def is_overview(data: t.Mapping[str, t.Any]) -> bool:
    """Whether data from a file are an overview that this version can read."""
    return data.get("kind") == KIND


def build(
    pages: t.Mapping[str, pathlib.Path],
    reports: t.Mapping[str, Json | None],
    folder: pathlib.Path,
    *,
    time: str,
    max_age: int,
) -> Json:
    """The whole overview.

    :param pages: the report's page by the organization's name
    :param reports: the report by the same name; None where there is none
    :param folder: what links are relative to
    :param time: ISO 8601
    :param max_age: hours after which a report does not count, 0 for none
    """
    rows = [_row(name, reports[name], time, max_age) for name in sorted(pages)]
    for row in rows:
        row["page"] = None if row["time"] is None else _link(pages[row["name"]], folder)
    rows.sort(key=lambda row: VERDICTS.index(row["verdict"]))
    found = [row["verdict"] for row in rows]
    return {
        "kind": KIND,
        "time": time,
        "summary": {
            "verdict": next((verdict for verdict in VERDICTS if verdict in found), "sound"),
            "organizations": len(rows),
            **{verdict: found.count(verdict) for verdict in VERDICTS},
        },
        "organizations": rows,
    }


def _row(name: str, report: Json | None, time: str, max_age: int) -> Json:
    row: Json = {
        "name": name,
        "domain": None,
        "verdict": "missing",
        "ended_at": None,
        "problems": [],
        "changed": None,
        "time": None,
    }
    if report is None or not is_report(report):
        return {**row, "reason": "There is no report."}
    summary = report["summary"]
    row.update(domain=report["domain"], time=report["time"])
    if max_age and _seconds(time) - _seconds(report["time"]) > max_age * 3600:
        return {**row, "reason": f"The report is of {as_time(report['time'])}."}
    return {
        **row,
        "verdict": summary["verdict"],
        "ended_at": summary.get("ended_at"),
        "problems": summary["problems"],
        "changed": summary.get("steps", {}).get("changed"),
        "reason": report["failure"]["message"] if report.get("failure") else None,
    }


def _seconds(time: str) -> float:
    return datetime.datetime.fromisoformat(time).timestamp()


def _link(page: pathlib.Path, folder: pathlib.Path) -> str:
    return urllib.parse.quote(os.path.relpath(page, folder))
