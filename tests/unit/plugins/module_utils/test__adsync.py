# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What needs no server: dates, and schedulers of other builds. The rest is in test_adsync_modules.py."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import Connector, Scheduler, parse_utc

NOW = datetime.datetime(2026, 11, 24, 4, 0, tzinfo=datetime.UTC)
ALIVE: dict[str, t.Any] = {
    "SyncCycleEnabled": True,
    "StagingModeEnabled": False,
    "NextSyncCycleStartTimeInUTC": "2026-11-24T04:10:00",
}


@pytest.mark.parametrize(
    "text",
    ["2026-11-24T04:00:00", "2026-11-24T04:00:00Z", "2026-11-24T04:00:00.0000000Z", "2026-11-24T05:00:00.0000000+01:00"],
)
def test_dates_as_remoting_writes_them(text: str) -> None:
    assert parse_utc(text) == NOW


@pytest.mark.parametrize("value", [None, "", "24.11.2026 04:00:00", "11/24/2026 4:00:00 AM", 5])
def test_a_date_of_an_unknown_culture_is_no_date(value: t.Any) -> None:
    assert parse_utc(value) is None


def test_early_builds_leave_properties_out() -> None:
    scheduler = Scheduler.from_object(ALIVE)
    assert not scheduler.suspended
    assert not scheduler.in_progress
    assert scheduler.interval is None
    assert scheduler.problems(NOW) == []


@pytest.mark.parametrize(("minutes", "late"), [(-4, False), (-6, True)])
def test_clocks_may_differ_a_little(minutes: int, late: bool) -> None:
    start = (NOW + datetime.timedelta(minutes=minutes)).isoformat()
    scheduler = Scheduler.from_object({**ALIVE, "NextSyncCycleStartTimeInUTC": start})
    assert bool(scheduler.problems(NOW)) is late


def test_a_start_that_cannot_be_read_is_not_called_late() -> None:
    scheduler = Scheduler.from_object({**ALIVE, "NextSyncCycleStartTimeInUTC": "24.11.2016 04:00:00"})
    assert scheduler.next_start is None
    assert scheduler.problems(NOW) == []


def test_being_disabled_or_suspended_is_the_reason_for_being_late() -> None:
    late = {**ALIVE, "NextSyncCycleStartTimeInUTC": "2026-11-01T00:00:00"}
    assert len(Scheduler.from_object({**late, "SyncCycleEnabled": False}).problems(NOW)) == 1
    assert len(Scheduler.from_object({**late, "SchedulerSuspended": True}).problems(NOW)) == 1


def test_account_names() -> None:
    assert Connector("x", "AD", account_name="MSOL_1", account_domain="contoso.com").account == "contoso.com\\MSOL_1"
    assert Connector("x", "AD", account_name="MSOL_1@contoso.com").account == "MSOL_1@contoso.com"
    assert Connector("x", "AD").account is None
