# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from helpers.connect_modules import ConnectLab, Runner

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.modules import adsync_delta_sync, adsync_info
from lab.directory.domain import EmbeddedDomain


@pytest.fixture
def lab(embedded_domain: EmbeddedDomain, monkeypatch: pytest.MonkeyPatch) -> ConnectLab:
    no_sleep = {"clock": lambda: 0.0, "sleep": lambda _seconds: None}
    monkeypatch.setattr(adsync_delta_sync, "Deadline", lambda seconds: Deadline(seconds, **no_sleep))
    return ConnectLab(embedded_domain)


@pytest.fixture
def run(lab: ConnectLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(lab, monkeypatch, capsys)


def test_a_sync_is_started_and_awaited(lab: ConnectLab, run: Runner) -> None:
    runs = len(lab.connect.runs)
    assert run(adsync_delta_sync, _ansible_check_mode=True)["changed"]
    assert len(lab.connect.runs) == runs
    done = run(adsync_delta_sync)
    assert done["changed"]
    assert (done["waited"], done["finished"]) == (False, True)
    assert len(lab.connect.runs) > runs


def test_a_server_that_exports_nothing_is_refused(lab: ConnectLab, run: Runner) -> None:
    lab.connect.scheduler.staging_mode = True
    assert "staging mode" in run(adsync_delta_sync)["msg"]
    assert "timeout must be at least 1 second" in run(adsync_delta_sync, timeout=0)["msg"]


def test_a_program_on_the_server(lab: ConnectLab, run: Runner) -> None:
    assert run(adsync_info)["has_dsacls"]
    lab.connect.programs = ["dsacls.exe.old"]
    assert not run(adsync_info)["has_dsacls"]
