# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Trying again, with growing pauses, until a deadline."""

from __future__ import annotations

import random
import time
import typing as t

_LONGEST_PAUSE = 15.0


class Deadline:
    """A span of time that began when the object was made.

    :param seconds: length of the span
    :param first_pause: seconds of the first pause; each further one is twice as long, up to 15 seconds
    """

    def __init__(
        self,
        seconds: float,
        *,
        first_pause: float = 0.5,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], None] = time.sleep,
    ) -> None:
        self.seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._end = clock() + seconds
        self._pause = first_pause

    def remaining(self) -> float:
        """Seconds left; 0 when the deadline has passed."""
        return max(0.0, self._end - self._clock())

    def pause(self, at_least: float = 0.0) -> bool:
        """Sleep before the next attempt, ``at_least`` as long as the server asked for.

        The pause is lengthened by up to a quarter at random, so that clients that failed together do not return together.
        Returns False, without sleeping, when the pause would not end before the deadline.
        """
        length = max(at_least, self._pause) * random.uniform(1.0, 1.25)  # noqa: S311 - spreads load, guards nothing
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        if length >= self.remaining():
            return False
        self._sleep(length)
        return True
