# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
import types
import typing as t

import pytest
from ansible.module_utils import _internal
from helpers.cmdlet_calls import unknown_to_the_reference
from helpers.exchange_modules import Runner

from lab.directory.state import DirectoryState
from lab.exchange.state import ExchangeState

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def outside_the_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module runs in a process of its own; here others may have imported the controller, which then shows its warnings."""
    monkeypatch.setattr(_internal, "is_controller", False)


@pytest.fixture
def world() -> t.Any:
    """An Exchange organization and nothing else."""
    return types.SimpleNamespace(lock=threading.RLock(), exchange=ExchangeState.seed(), directory=DirectoryState.seed())


@pytest.fixture
def run(world: t.Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Runner]:
    """Runs Exchange modules there; whatever they called has to be in the cmdlet reference of the server's version."""
    runner = Runner(world, monkeypatch, capsys)
    yield runner
    assert unknown_to_the_reference(runner.host.calls) == []
