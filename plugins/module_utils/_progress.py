# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Lines on how far a long task has come, for the action plugin to show while the module still runs.

A module cannot print: what it prints is its result. So the last line goes into a file in the task's own temporary directory.
"""

from __future__ import annotations

import pathlib
import time

FILE_NAME = "progress"
_SECONDS_BETWEEN = 1.0


class Progress:
    """Where a module leaves word.

    :param directory: the task's temporary directory, ``AnsibleModule.tmpdir``
    """

    def __init__(self, directory: str) -> None:
        self._file = pathlib.Path(directory, FILE_NAME)
        self._written = 0.0

    def say(self, text: str) -> None:
        """Leave a line, at most one a second."""
        now = time.monotonic()
        if now - self._written < _SECONDS_BETWEEN:
            return
        self._written = now
        # Whole or not at all: the reader looks at any time.
        new = self._file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._file)
