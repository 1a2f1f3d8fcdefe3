# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the processor time of a converged run of the procedure goes, by kind of process:

    PYTHONPATH=tests:.venv/collections .venv/bin/python -m bench.profile

A process' time is what it has used when it is last seen, fifty times a second; so the last moments of each are missing, and are
shown as the rest.
"""

from __future__ import annotations

import collections
import sys
import threading
import time

import psutil
from bench import lab_process, playbook

from lab.configured import configure
from lab.lab import Lab

_SECONDS_BETWEEN_SAMPLES = 0.02
_ATTRIBUTES = ["pid", "ppid", "create_time", "cmdline", "cpu_times"]


class Watch:
    """A context manager that looks at all descendants of this process but those of ``others``."""

    def __init__(self, others: set[int]) -> None:
        self.seconds: collections.Counter[str] = collections.Counter()
        self.number: collections.Counter[str] = collections.Counter()
        self._others = others
        self._seen: dict[tuple[int, float], tuple[str, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="profile")

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()
        for kind, seconds in self._seen.values():
            self.seconds[kind] += seconds
            self.number[kind] += 1

    def _watch(self) -> None:
        bench = psutil.Process()
        while not self._over.wait(_SECONDS_BETWEEN_SAMPLES):
            for child in bench.children():
                if child.pid not in self._others:
                    self._look(child, bench.pid)

    def _look(self, top: psutil.Process, bench: int) -> None:
        try:
            tree = [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        playbooks = {top.pid} if top.ppid() == bench else set()
        for process in tree:
            try:
                seen = process.as_dict(_ATTRIBUTES)
            except psutil.NoSuchProcess:
                continue
            if seen["cmdline"]:
                times = seen["cpu_times"]
                kind = _kind(seen["cmdline"], seen["pid"] in playbooks, seen["ppid"] in playbooks)
                self._seen[seen["pid"], seen["create_time"]] = kind, times.user + times.system


def _kind(command: list[str], is_top: bool, is_below_top: bool) -> str:
    text = " ".join(command)
    if "ansible_connection_cli_stub" in text:
        return "connection helper"
    if "ansible-tmp" in text or "AnsiballZ" in text:
        return "module in a Python of its own"
    if "ansible-playbook" not in text:
        return "other"
    if is_top:
        return "ansible-playbook"
    return "worker: a task's templating, action and start of its module" if is_below_top else "module in a child of its worker"


def main() -> int:
    with lab_process.lab_process() as lab:
        lab.do(_configure)
        others = {child.pid for child in psutil.Process().children()}
        begin = time.perf_counter()
        with Watch(others) as watch:
            cost = playbook.run(lab, "hybrid_groups")
        print(f"{time.perf_counter() - begin:.1f} s by the clock, {cost.processor:.1f} s of processor time")
        for kind, seconds in watch.seconds.most_common():
            print(f"{seconds:6.2f} s {100 * seconds / cost.processor:3.0f} %  {watch.number[kind]:3} x {kind}")
        rest = cost.processor - sum(watch.seconds.values())
        print(f"{rest:6.2f} s {100 * rest / cost.processor:3.0f} %        not seen")
    return 0


def _configure(lab: Lab) -> None:
    configure(lab.world)


if __name__ == "__main__":
    sys.exit(main())
