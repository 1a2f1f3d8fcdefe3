# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def make(seconds: float) -> tuple[Deadline, Clock]:
    clock = Clock()
    return Deadline(seconds, clock=clock, sleep=clock.sleep), clock


def test_pauses_grow_and_end_before_the_deadline() -> None:
    deadline, clock = make(60)
    while deadline.pause():
        pass
    assert sum(clock.slept) < 60
    for pause, base in zip(clock.slept, (0.5, 1, 2, 4, 8, 15, 15), strict=False):
        assert base <= pause <= base * 1.25


def test_the_server_may_ask_for_a_longer_pause() -> None:
    deadline, clock = make(60)
    assert deadline.pause(10)
    assert 10 <= clock.slept[0] <= 12.5


def test_a_pause_beyond_the_deadline_is_not_begun() -> None:
    deadline, clock = make(60)
    assert not deadline.pause(60)
    assert clock.slept == []


def test_no_time_at_all() -> None:
    deadline, _clock = make(0)
    assert deadline.remaining() == 0
    assert not deadline.pause()
