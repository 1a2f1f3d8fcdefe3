# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory of many organizations, each with servers and a tenant of its own, where the procedure has been carried out.

One run for all; then one run for each of four slices of the inventory, side by side, from organizations as they were at the
beginning: these have to end as one run for all does.
"""

from __future__ import annotations

import json
import pathlib
import tempfile
import time
import typing as t

from bench import playbook, processes
from bench.figure import Figure
from bench.lab_process import LabProcess, lab_process
from helpers.slices import Job, launch_slices

from lab.configured import configure
from lab.organizations import Organizations

if t.TYPE_CHECKING:
    from collections.abc import Iterator

MANY = 100
FEW = 25
FORKS = 50
SLICES = 4
PATIENCE = {"hybrid_groups_dns_timeout": 60, "hybrid_groups_directory_timeout": 120}
"""Seconds. All servers are one process here, which answers so many clients later than real ones would."""
GROWTH = 1.2
"""How much longer an organization may take among many than among few."""


def measure() -> Iterator[Figure]:
    with lab_process(organizations=MANY) as lab, tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        lab.do(_configure)
        for variables in lab.inventory["organizations"]["hosts"].values():
            variables.update(PATIENCE)
        few = _converged(lab, FEW, place)
        many = _converged(lab, MANY, place)
        yield _one_among_many(few, many)
        yield Figure("organizations: sessions, against two each", "sessions", lab.do(_sessions), 2 * MANY, 1.0)
        expected, seconds = _from_the_beginning(lab, 1, place / "whole")
        sliced, sliced_seconds = _from_the_beginning(lab, SLICES, place / "slices")
        if sliced != expected:
            raise SystemExit("the slices left another state, or other reports, than the whole")
    yield Figure(
        f"organizations: {SLICES} slices side by side, first run",
        "s",
        round(sliced_seconds, 1),
        round(seconds, 1),
        1.5,
        {"organizations": MANY},
        against="the whole's",
    )


def _one_among_many(few: processes.Cost, many: processes.Cost) -> Figure:
    details = {
        "organizations": MANY,
        "forks": FORKS,
        "processor seconds each": round(many.processor / MANY, 2),
        "MiB at the peak": many.memory,
        "MiB for each further one": round((many.memory - few.memory) / (MANY - FEW), 1),
    }
    return Figure(
        "organizations: one among many",
        "s",
        round(many.seconds / MANY, 3),
        round(few.seconds / FEW, 3),
        GROWTH,
        details,
        against=f"one among {FEW},",
    )


def _converged(lab: LabProcess, count: int, place: pathlib.Path) -> processes.Cost:
    lab.do(_forget)
    reports = f"hybrid_groups_report={place}/{{{{ inventory_hostname }}}}.html"
    limit = ",".join(sorted(lab.inventory["organizations"]["hosts"])[:count])
    cost = playbook.run(lab, "hybrid_groups", ("--forks", str(FORKS), "--limit", limit, "-e", reports))
    if cost.output.count(" changed=0 ") != count:
        raise SystemExit(f"the run was to find nothing to change:\n{cost.output[-5000:]}")
    return cost


def _from_the_beginning(lab: LabProcess, count: int, directory: pathlib.Path) -> tuple[t.Any, float]:
    """What so many slices leave, and the seconds they take."""
    lab.do(_reset)
    begin = time.perf_counter()
    jobs = launch_slices(lab.inventory, directory, "hybrid_groups", count=count, forks=FORKS // count)
    seconds = time.perf_counter() - begin
    for job in jobs:
        if job.returncode:
            raise SystemExit(job.output[-5000:])
    return (lab.do(Organizations.view), _merged(jobs), _summaries(directory)), seconds


def _merged(jobs: t.Iterable[Job]) -> dict[str, t.Any]:
    return {name: value for job in jobs for name, value in job.stats.items()}


def _summaries(directory: pathlib.Path) -> dict[str, t.Any]:
    return {path.stem: json.loads(path.read_text())["summary"] for path in directory.glob("*.json")}


# In the organizations' process


def _configure(organizations: Organizations) -> None:
    for lab in organizations.labs.values():
        configure(lab.world)


def _reset(organizations: Organizations) -> None:
    organizations.reset()


def _forget(organizations: Organizations) -> None:
    for lab in organizations.labs.values():
        lab.traffic.reset()


def _sessions(organizations: Organizations) -> int:
    counts = organizations.traffic()
    return counts["exchange.sessions"] + counts["connect.sessions"]
