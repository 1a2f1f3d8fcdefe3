# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Shows the lines that a running module leaves on how far it has come."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._progress import FILE_NAME


class ProgressDisplay:
    """Shows each line once.

    :param directory: the task's temporary directory
    :param show: called with each line
    """

    def __init__(self, directory: str, show: t.Callable[[str], None]) -> None:
        self._file = pathlib.Path(directory, FILE_NAME)
        self._show = show
        self._shown = ""

    def look(self) -> None:
        """Show the line that is there now, when it is a new one."""
        try:
            text = self._file.read_text(encoding="utf-8")
        except OSError:
            return  # nothing said yet
        if text != self._shown:
            self._shown = text
            self._show(text)
