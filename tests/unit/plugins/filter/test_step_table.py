# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.exchange.hybrid_groups.plugins.filter.step_table import step_table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [{"step": "DNS records", "changed": True}, {"step": "Tenant", "changed": "no,\n  not yet"}]
    assert step_table(rows) == [
        "step         changed",
        "-----------  -----------",
        "DNS records  True",
        "Tenant       no, not yet",
    ]


def test_no_rows() -> None:
    assert step_table([]) == []


@pytest.mark.parametrize("rows", ["text", [1], [{"a": 1}, {"b": 1}], None])
def test_what_is_no_table_is_refused(rows: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match="list of dictionaries that have the same keys"):
        step_table(rows)
