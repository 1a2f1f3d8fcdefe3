# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converged runs in a row, and runs that are killed: ``make soak``, or

    PYTHONPATH=tests:.venv/collections .venv/bin/python -m bench.soak [--runs N] [--kills N] [--seed N] [--tags tags]

Each run is an ansible-playbook of its own, of the playbook hybrid_groups.yml, against a lab where it finds nothing to change.
After each, no session is open on the lab's servers, no process is left, and files and the lab's own threads and descriptors are
as many as after the first. A killed run may leave a session until its idle time-out, a connection helper until its own, and
files; the run after it ends as ever.

Ends with 1 at the first thing that is not so.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import random
import signal
import subprocess
import sys
import time

import psutil
from bench import lab_process, playbook, processes
from bench.lab_process import LabProcess

from lab.configured import configure
from lab.lab import Lab

SESSION_IDLE = 900  # the connection's default, seconds
HELPER_IDLE = 30  # seconds Ansible's connection helper waits for a task; 300 by default
PATIENCE = 20  # seconds what belongs to a run may take to end by itself, however busy the machine is
ROOM = 4096  # bytes by which files may vary: the report's dates and durations
REPORT_EVERY = 20


@dataclasses.dataclass(frozen=True)
class Footprint:
    """What is there after a run.

    :param files: the user's home, temporary files, the report, and the lab's own
    :param threads: of the lab, as descriptors
    """

    files: int
    size: int
    threads: int
    descriptors: int


@dataclasses.dataclass(frozen=True)
class Remains:
    """What a killed run leaves.

    :param seconds: until the last of its processes had ended
    :param sessions: until their idle time-out
    :param files: for good
    """

    seconds: float
    sessions: int
    files: int


class Soak:
    """Runs and kills against one lab."""

    def __init__(self, lab: LabProcess, tags: str | None) -> None:
        self.lab = lab
        temporary = lab.directory / "tmp"
        temporary.mkdir()
        lab.inventory["all"]["vars"]["ansible_cmdlet_process_idle_timeout"] = HELPER_IDLE
        self._command, environment = playbook.command(lab, "hybrid_groups", ("--tags", tags) if tags else ())
        self._environment = {**environment, "TMPDIR": str(temporary)}
        self._others = {child.pid for child in psutil.Process().children()}

    def run(self) -> float:
        """One run to its end; returns its seconds.

        :raises SystemExit: it fails, changes something, or leaves something running
        """
        begin = time.monotonic()
        process = subprocess.run(
            self._command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - begin
        if process.returncode or "changed=1" in process.stdout:
            raise SystemExit(f"a run ended with {process.returncode}:\n{process.stdout}{process.stderr}")
        self._expect_nothing_running(PATIENCE)
        if shells := self.lab.do(lab_process.open_shells):
            raise SystemExit(f"a run left {shells} sessions open")
        return seconds

    def kill_one(self, after: float, *, everything: bool) -> Remains:
        """Kill a run.

        :param after: seconds
        :param everything: ansible-playbook and all it has started at once, as the end of a container does; else it alone
        :raises SystemExit: sessions outlive their idle time-out, or processes outlive the kill
        """
        files = self.footprint().files
        process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(after)
        if everything:
            for victim in reversed(self._ours(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    victim.kill()
        else:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        begin = time.monotonic()
        self._expect_nothing_running(HELPER_IDLE + PATIENCE)
        seconds = time.monotonic() - begin
        shells = self.lab.do(lab_process.open_shells)
        if not everything and shells:
            raise SystemExit(f"{shells} sessions are open although their process could have closed them")
        self.lab.do(_pass_time, SESSION_IDLE + 1)
        if left := self.lab.do(lab_process.open_shells):
            raise SystemExit(f"{left} sessions outlive their idle time-out of {SESSION_IDLE} s")
        return Remains(round(seconds, 1), shells, self.footprint().files - files)

    def footprint(self) -> Footprint:
        self.lab.do(lab_process.forget)
        entries = list(self.lab.directory.rglob("*"))
        size = sum(entry.stat().st_size for entry in entries if entry.is_file())
        return Footprint(len(entries), size, **self.lab.do(lab_process.footprint))

    def _ours(self, *, recursive: bool) -> list[psutil.Process]:
        return [
            process
            for child in psutil.Process().children()
            if child.pid not in self._others
            for process in [child, *(child.children(recursive=True) if recursive else [])]
        ]

    def _expect_nothing_running(self, patience: float) -> None:
        """Orphans become children of this process: they end by themselves soon, or something is wrong."""
        deadline = time.monotonic() + patience
        # What one leaves when it ends is adopted then.
        while left := self._ours(recursive=False):
            psutil.wait_procs(left, timeout=max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                raise SystemExit(f"still running {patience} s after the end of ansible-playbook: {left}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.soak")
    parser.add_argument("--runs", type=int, default=1000, help="converged runs in a row (default: %(default)s)")
    parser.add_argument("--kills", type=int, default=20, help="runs to kill, each followed by a whole one (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments they are killed at (default: %(default)s)")
    parser.add_argument("--tags", help="steps to run, such as accepted_domain; the whole procedure by default")
    arguments = parser.parse_args()
    processes.adopt_orphans()
    with lab_process.lab_process() as lab:
        lab.do(_configure)
        soak = Soak(lab, arguments.tags)
        soak.run()
        seconds = _row(soak, arguments.runs)
        _kills(soak, arguments.kills, seconds, random.Random(arguments.seed))  # noqa: S311 - moments, no secrets
    return 0


def _row(soak: Soak, runs: int) -> float:
    """Returns what a run takes."""
    first = soak.footprint()
    begin = time.monotonic()
    for number in range(1, runs + 1):
        soak.run()
        now = soak.footprint()
        if now.files > first.files or now.size > first.size + ROOM:
            raise SystemExit(f"files grow: {first} after the first run, {now} after {number} more")
        if now.threads > first.threads or now.descriptors > first.descriptors:
            raise SystemExit(f"the lab holds more than after the first run: {first}, now {now}")
        if number % REPORT_EVERY == 0 or number == runs:
            print(f"{number} runs, {(time.monotonic() - begin) / number:.1f} s each: {now}", flush=True)
    return (time.monotonic() - begin) / max(runs, 1)


def _kills(soak: Soak, kills: int, seconds: float, random_moments: random.Random) -> None:
    for number in range(1, kills + 1):
        after, everything = random_moments.uniform(0, seconds), number % 2 == 0
        remains = soak.kill_one(after, everything=everything)
        soak.run()
        what = "everything" if everything else "ansible-playbook alone"
        print(
            f"kill {number}, {what} after {after:.1f} s: {remains}; the next run converged",
            flush=True,
        )


# In the lab's process


def _configure(lab: Lab) -> None:
    configure(lab.world)


def _pass_time(lab: Lab, seconds: float) -> None:
    for server in lab.windows:
        server.pass_time(seconds)


if __name__ == "__main__":
    sys.exit(main())
