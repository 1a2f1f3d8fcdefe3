# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._progress import Progress
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._progress_display import ProgressDisplay


def test_each_line_is_shown_once(tmp_path: pathlib.Path) -> None:
    lines: list[str] = []
    display = ProgressDisplay(str(tmp_path), lines.append)
    display.look()
    assert lines == [], "nothing was said yet"
    for text in ("1 of 3", "2 of 3"):
        Progress(str(tmp_path)).say(text)
        display.look()
        display.look()
    assert lines == ["1 of 3", "2 of 3"]


def test_at_most_one_line_a_second(tmp_path: pathlib.Path) -> None:
    progress = Progress(str(tmp_path))
    progress.say("1 of 3")
    progress.say("2 of 3")
    assert (tmp_path / "progress").read_text() == "1 of 3"
