# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.module_utils import _internal


@pytest.fixture(autouse=True)
def outside_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module runs in a process of its own; here others may have imported the controller, which then shows its warnings."""
    monkeypatch.setattr(_internal, "is_controller", False)
