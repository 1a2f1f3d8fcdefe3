# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: step_table
short_description: Lay out the steps of the procedure as a table of text
version_added: 0.1.0
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
description:
  - Turns a list of dictionaries into lines of text with aligned columns, the keys of the first one being the heads.
options:
  _input:
    description:
      - The rows. Each is a dictionary with the same keys.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ [{'step': 'Accepted domain', 'changed': 'yes'}] | exchange.hybrid_groups.step_table }}"
"""

RETURN = r"""
_value:
  description: One line of text per row, below a line with the heads and a ruler.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError


def step_table(rows: t.Any) -> list[str]:
    """Lay out rows in columns as wide as their widest cell."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
        raise AnsibleFilterError("step_table takes a list of dictionaries that have the same keys")
    if not rows:
        return []
    lines = [[str(key) for key in rows[0]], *([" ".join(str(cell).split()) for cell in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"step_table": step_table}
