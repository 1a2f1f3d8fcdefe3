# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import queue

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._progress import Progress
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._progress_display import ProgressDisplay


def test_lines_are_shown_while_it_runs(tmp_path: pathlib.Path) -> None:
    lines: queue.Queue[str] = queue.Queue()
    with ProgressDisplay(str(tmp_path), lines.put, interval=0.01):
        Progress(str(tmp_path)).say("1 of 3")
        assert lines.get(timeout=10) == "1 of 3"
        Progress(str(tmp_path)).say("2 of 3")
        assert lines.get(timeout=10) == "2 of 3"
    assert lines.empty(), "a line is shown once"


def test_at_most_one_line_a_second(tmp_path: pathlib.Path) -> None:
    progress = Progress(str(tmp_path))
    progress.say("1 of 3")
    progress.say("2 of 3")
    assert (tmp_path / "progress").read_text() == "1 of 3"


def test_a_short_task_shows_nothing(tmp_path: pathlib.Path) -> None:
    lines: list[str] = []
    with ProgressDisplay(str(tmp_path), lines.append):
        Progress(str(tmp_path)).say("1 of 1")
    assert lines == []
