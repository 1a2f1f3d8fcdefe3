# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Shows the lines that a running module leaves on how far it has come."""

from __future__ import annotations

import pathlib
import threading
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._progress import FILE_NAME

_SECONDS_BETWEEN = 5.0


class ProgressDisplay:
    """A context manager around the module's run; shows a line every five seconds, when there is a new one.

    :param directory: the task's temporary directory
    :param show: called with each line, from a thread of its own
    """

    def __init__(self, directory: str, show: t.Callable[[str], None], *, interval: float = _SECONDS_BETWEEN) -> None:
        self._file = pathlib.Path(directory, FILE_NAME)
        self._show = show
        self._interval = interval
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> ProgressDisplay:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        shown = ""
        while not self._over.wait(self._interval):
            try:
                text = self._file.read_text(encoding="utf-8")
            except OSError:
                continue  # nothing said yet
            if text != shown:
                shown = text
                self._show(text)
