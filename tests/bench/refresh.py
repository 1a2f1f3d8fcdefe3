# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many groups brought into the address lists by playbooks: against a loop, and 10,000 against 1,000.

Everything runs in real ansible-playbook processes. A loop over 1,000 groups is not run to its end: what one more group costs
is measured over twenty, and 1,000 times that is what it would take.
"""

from __future__ import annotations

import re
import typing as t

from bench import playbook, written_back
from bench.figure import Figure
from bench.lab_process import LabProcess, lab_process
from bench.procedure import COLLECTION, DELAYS, psrp_play
from bench.run import Run, counted

from lab.lab import Lab

if t.TYPE_CHECKING:
    from collections.abc import Iterator

FEW, MANY = 1000, 10_000
LOOPED = 20
WORK = "groups brought into the address lists"
GROWTH = 1.3
LOOP = 1 / 100
LOOP_WITHOUT_WAITING = 1 / 4
"""Where no session has to be waited for by each group: what is left is the wire and the server, which both have."""
SILENCE = 10  # seconds


def measure() -> Iterator[Figure | Run]:
    """Both comparisons."""
    for delay in DELAYS:
        with lab_process(delay) as lab:
            yield from _against_a_loop(lab, delay)
    with lab_process() as lab:
        yield from _growth(lab)


def _against_a_loop(lab: LabProcess, delay: float) -> list[Figure | Run]:
    def loop(number: int) -> Run:
        task = {
            "exchange.hybrid_groups.exchange_recipient_update": {"identities": ["{{ item }}"], "update": "always"},
            "loop": lab.do(_plant, number),
        }
        plays = [{"hosts": "exchange[0]", "gather_facts": False, "tasks": [task]}]
        return counted(lab, WORK, f"a loop, {number}", delay, lambda: playbook.run(lab, plays))

    def tasks(number: int) -> Run:
        pipelines = [[("Update-Recipient", {"Identity": name, "Confirm": False})] for name in lab.do(_plant, number)]
        plays = [psrp_play(lab, "exchange", pipelines)]
        return counted(lab, WORK, f"a task for each, {number}", delay, lambda: playbook.run(lab, plays))

    refresh = _refresh(lab, FEW, delay)
    results: list[Figure | Run] = [refresh]
    for name, way in (("a loop", loop), ("a task for each group", tasks)):
        one, more = way(1), way(LOOPED + 1)
        each = (more.seconds - one.seconds) / LOOPED
        details = {"groups": FEW, "seconds for each group": round(each, 3)}
        title = f"refresh, session start {delay:g} s: against {name}, extrapolated"
        # A loop keeps its session.
        limit = LOOP if delay and way is tasks else LOOP_WITHOUT_WAITING
        results += [one, more, Figure(title, "s", refresh.seconds, round(each * FEW, 1), limit, details, "the other's")]
    return results


def _growth(lab: LabProcess) -> list[Figure | Run]:
    """What one group costs among many and among few, what a run without groups costs taken off."""
    none, few, many = (_refresh(lab, number, 0.0) for number in (0, FEW, MANY))
    each_of_few, each_of_many = ((run.seconds - none.seconds) / number for run, number in ((few, FEW), (many, MANY)))
    memory = (many.memory - few.memory) / (MANY - FEW) * 1000
    return [
        none,
        few,
        many,
        Figure(
            f"refresh: a group of {MANY:,}",
            "ms",
            round(each_of_many * 1000, 2),
            round(each_of_few * 1000, 2),
            GROWTH,
            {"MiB for each 1,000 groups": round(memory, 2)},
            f"a group of {FEW:,}'s",
        ),
    ]


def _refresh(lab: LabProcess, groups: int, delay: float) -> Run:
    lab.do(_plant, groups)
    run = counted(lab, WORK, f"{COLLECTION}, {groups:,}", delay, lambda: playbook.run(lab, "address_list_refresh"))
    if lab.do(_listed) != groups:
        raise SystemExit(f"{lab.do(_listed)} of {groups} groups are in an address list")
    shown = len(re.findall(rf"\d+ of {groups} recipients", run.output))
    if shown < run.seconds // SILENCE - 1:
        raise SystemExit(f"how far it had come was shown {shown} times in {run.seconds} s")
    return run


# In the lab's process


def _plant(lab: Lab, number: int) -> list[str]:
    lab.reset()
    return written_back.plant(lab.world, number)


def _listed(lab: Lab) -> int:
    return written_back.listed(lab.world)
