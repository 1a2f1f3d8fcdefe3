# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of one way to do something, for the page that sets the ways side by side."""

from __future__ import annotations

import dataclasses
import typing as t

from bench import lab_process

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from bench.lab_process import LabProcess
    from bench.processes import Cost

_WINDOWS = ("exchange", "connect")


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run cost.

    :param work: what was done
    :param way: how
    :param session_start: seconds a Windows host takes to open a session
    :param seconds: by the clock
    :param processor: seconds of processor time, as :class:`bench.processes.Cost`
    :param memory: MiB, as there
    :param sessions: opened on Windows hosts, as the next two
    :param requests: over HTTP, those that only authenticate too
    :param kilobytes: in both directions, bodies only
    :param output: what it printed
    """

    work: str
    way: str
    session_start: float
    seconds: float
    processor: float
    memory: float
    sessions: int
    requests: int
    kilobytes: int
    output: str = dataclasses.field(default="", repr=False)

    def to_json(self) -> dict[str, t.Any]:
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "output"}

    def to_text(self) -> str:
        return (
            f"         {self.work}, {self.way}, session start {self.session_start:g} s: {self.seconds:.1f} s, "
            f"processor {self.processor:.1f} s, {self.memory:.0f} MiB, {self.sessions} sessions, {self.requests} requests, "
            f"{self.kilobytes} kB"
        )


def counted(lab: LabProcess, work: str, way: str, session_start: float, command: Callable[[], Cost]) -> Run:
    """Run a command and count what arrives at the lab meanwhile."""
    lab.do(lab_process.forget)
    cost = command()
    counts = lab.do(lab_process.counts)

    def total(*names: str) -> int:
        return sum(counts.get(f"{host}.{name}", 0) for host in _WINDOWS for name in names)

    return Run(
        work,
        way,
        session_start,
        cost.seconds,
        cost.processor,
        cost.memory,
        total("sessions"),
        total("http_requests"),
        total("bytes_in", "bytes_out") // 1000,
        cost.output,
    )
