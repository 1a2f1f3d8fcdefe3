# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the collection has its content for Event-Driven Ansible, as ansible-rulebook finds it."""

from __future__ import annotations

import ast
import pathlib
import sys
import typing as t

import yaml

COLLECTIONS = next(path for path in map(pathlib.Path, sys.path) if (path / "ansible_collections/exchange/hybrid_groups").is_dir())
EDA = COLLECTIONS / "ansible_collections/exchange/hybrid_groups/extensions/eda"
SOURCE = EDA / "plugins/event_source/written_back_groups.py"


def source_options() -> dict[str, dict[str, t.Any]]:
    """The documented options of the event source."""
    [documentation] = [
        ast.literal_eval(node.value)
        for node in ast.parse(SOURCE.read_text()).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
    ]
    return t.cast("dict[str, dict[str, t.Any]]", yaml.safe_load(documentation)["options"])
