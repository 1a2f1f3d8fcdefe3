# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles' tasks hand to modules."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import ARGUMENT_SPEC

ROOT = pathlib.Path(__file__).parents[3]
# An inventory says it once, for each step that reads the directory.
LOGON = {name for name in ARGUMENT_SPEC if name.startswith("directory_")}


def reading_the_directory() -> list[t.Any]:
    found = []
    for path in sorted(ROOT.glob("roles/*/tasks/*.yml")):
        for task in yaml.safe_load(path.read_text()) or []:
            for module in ("adsync_group_writeback", "adsync_groups_info"):
                if options := task.get(f"exchange.hybrid_groups.{module}"):
                    found.append(pytest.param(set(options), id=f"{path.relative_to(ROOT)}: {module}"))
    return found


@pytest.mark.parametrize("options", reading_the_directory())
def test_each_step_logs_on_to_the_directory_as_the_inventory_says(options: set[str]) -> None:
    assert options >= LOGON


def test_there_are_such_steps() -> None:
    assert len(reading_the_directory()) == 3
