# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command and everything it starts costs: the clock, processor time, memory.

Ansible's connection helper leaves the process that started it, so that ansible-playbook cannot tell what it cost. Here it becomes
a child of the bench (prctl(2), PR_SET_CHILD_SUBREAPER), which waits for it.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import resource
import subprocess
import tempfile
import threading
import time
import typing as t

import psutil

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_SECONDS_BETWEEN_SAMPLES = 0.25


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a command cost.

    :param seconds: by the clock, until the last of its processes ended
    :param processor: seconds of processor time, user and system, of all its processes
    :param memory: MiB at the peak: proportional set sizes of all its processes at one moment, four times a second
    """

    seconds: float
    processor: float
    memory: float
    output: str


def run(command: t.Sequence[str], environment: t.Mapping[str, str]) -> Cost:
    """Run a command to the end of all its processes.

    :raises SystemExit: it fails
    """
    adopt_orphans()
    bench = psutil.Process()
    others = {child.pid for child in bench.children()}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        with _Memory(process.pid, others) as memory:
            process.wait()
            while left := [child.pid for child in bench.children() if child.pid not in others]:
                os.waitpid(left[0], 0)
        seconds = time.perf_counter() - begin
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Cost(round(seconds, 2), round(processor, 2), round(memory.peak / 2**20, 1), text)


def adopt_orphans() -> None:
    """Be the parent of what descendants leave behind."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class _Memory:
    """Watches the memory of the bench's descendants but those of ``others``."""

    def __init__(self, pid: int, others: t.Container[int]) -> None:
        self.peak = 0
        self._pid = pid
        self._others = others
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory")

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        bench = psutil.Process()
        while not self._over.wait(_SECONDS_BETWEEN_SAMPLES):
            ours = [child for child in bench.children() if child.pid not in self._others]
            self.peak = max(self.peak, sum(_proportional(process) for child in ours for process in _tree(child)))


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _proportional(process: psutil.Process) -> int:
    """Bytes; a page that several share counts in parts."""
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has just ended
        return 0
