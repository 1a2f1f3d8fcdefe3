# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault of the procedure turns the step red that shows it, with the explanation that is true, and no other."""

from __future__ import annotations

import json
import typing as t

import pytest
from helpers.verification import CLOUD, MailLab, Verification

from lab import contoso

if t.TYPE_CHECKING:
    from collections.abc import Callable


def failed(found: dict[str, t.Any]) -> dict[str, str]:
    """Red steps with their explanations."""
    return {name: record["explanation"] for name, record in found.items() if record["verdict"] == "failed"}


def test_a_configured_lab_is_green(verification: Verification) -> None:
    found = verification.run()
    verdicts = {name: record["verdict"] for name, record in found.items()}
    assert {name for name, verdict in verdicts.items() if verdict != "passed"} == {"moved_4"}, json.dumps(found, indent=1)
    assert verdicts["moved_4"] == "person"
