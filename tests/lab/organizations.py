# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many organizations side by side, each with servers and a tenant of its own."""

from __future__ import annotations

import collections
import contextlib
import pathlib
import typing as t

from lab.lab import Lab


class Organizations:
    """So many labs; a context manager that starts and stops them.

    :param directory: for certificates; each organization has a folder in it
    :param session_delay: seconds a Windows host takes to open a session
    """

    def __init__(self, directory: pathlib.Path, count: int, *, session_delay: float = 0.0) -> None:
        names = [f"org{number:0{len(str(count))}}" for number in range(1, count + 1)]
        self.labs = {name: Lab(directory / name, session_delay=session_delay) for name in names}
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Organizations:
        with contextlib.ExitStack() as stack:
            for lab in self.labs.values():
                stack.enter_context(lab)
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._running.close()

    def inventory(self) -> dict[str, t.Any]:
        """Hosts that stand for organizations, and no others."""
        return {"organizations": {"hosts": {name: lab.organization() for name, lab in self.labs.items()}}}

    def view(self) -> dict[str, t.Any]:
        return {name: lab.world.view() for name, lab in self.labs.items()}

    def traffic(self) -> dict[str, int]:
        """Over all of them."""
        return dict(sum((collections.Counter(lab.traffic.counts) for lab in self.labs.values()), collections.Counter()))

    def reset(self) -> None:
        for lab in self.labs.values():
            lab.reset()
