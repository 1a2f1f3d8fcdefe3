# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab, or many, in a process of its own, so that its processor time and memory are not in the figures."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import tempfile
import threading
import typing as t

from lab.lab import Lab
from lab.organizations import Organizations

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Result = t.TypeVar("Result")


class LabProcess:
    """A running lab.

    :ivar pid: its process
    :ivar directory: where its files are; a place for those of a run too
    :ivar inventory: an Ansible inventory of it
    """

    def __init__(self, pid: int, directory: pathlib.Path, pipe: multiprocessing.connection.Connection) -> None:
        self.pid = pid
        self.directory = directory
        self._pipe = pipe
        self.inventory = self.do(_inventory)

    def do(self, function: t.Callable[..., Result], *arguments: t.Any) -> Result:
        """Call a function of a module there, with the lab, or the organizations, as its first argument."""
        self._pipe.send((function, arguments))
        return t.cast(Result, self._pipe.recv())


@contextlib.contextmanager
def lab_process(session_delay: float = 0.0, *, organizations: int = 0) -> Iterator[LabProcess]:
    """A running lab, or so many side by side.

    :param session_delay: seconds a Windows host takes to open a session
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with tempfile.TemporaryDirectory() as name:
        process = context.Process(target=_serve, args=(name, session_delay, organizations, there))
        process.start()
        there.close()
        try:
            yield LabProcess(t.cast(int, process.pid), pathlib.Path(name), here)
        finally:
            with contextlib.suppress(BrokenPipeError):
                here.send(None)
            process.join()


def _serve(directory: str, session_delay: float, organizations: int, control: multiprocessing.connection.Connection) -> None:
    place = pathlib.Path(directory)
    servers = (
        Organizations(place, organizations, session_delay=session_delay)
        if organizations
        else Lab(place, session_delay=session_delay)
    )
    with servers as lab, contextlib.suppress(EOFError):
        while (request := control.recv()) is not None:
            function, arguments = request
            control.send(function(lab, *arguments))


def _inventory(lab: Lab | Organizations) -> dict[str, t.Any]:
    return lab.inventory()


def counts(lab: Lab) -> dict[str, int]:
    """What has been counted since the last :func:`forget`."""
    return dict(lab.traffic.counts)


def forget(lab: Lab) -> None:
    """Start counting anew."""
    lab.traffic.reset()


def open_shells(lab: Lab) -> int:
    """Sessions that clients hold open."""
    return sum(server.open_shells for server in lab.windows)


def footprint(_lab: Lab) -> dict[str, int]:
    """What the lab's own process holds: a thread and a descriptor for each connection."""
    return {"threads": threading.active_count(), "descriptors": len(os.listdir("/proc/self/fd"))}  # noqa: PTH208 - Path.iterdir opens one more
