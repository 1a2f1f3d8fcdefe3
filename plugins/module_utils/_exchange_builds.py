# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Exchange Server builds: which cumulative update a build is, and whether the procedure's prerequisite is met.

The prerequisite (Microsoft 365 Groups with on-premises Exchange hybrid, Prerequisites): Exchange 2013 CU11 or 2016 CU1, and,
because it is a hybrid deployment, the newest cumulative update of the product or the one before it.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

EXCHANGE_2013 = "Exchange Server 2013"
EXCHANGE_2016 = "Exchange Server 2016"
EXCHANGE_2019 = "Exchange Server 2019"
EXCHANGE_SE = "Exchange Server SE"


class Build(t.NamedTuple):
    """A version such as 15.1.2507.6; compares as a tuple."""

    major: int
    minor: int
    build: int
    revision: int

    def __str__(self) -> str:
        return ".".join(str(part) for part in self)


@dataclasses.dataclass(frozen=True)
class CumulativeUpdate:
    """The first build of a cumulative update; security updates raise its revision only."""

    product: str
    name: str
    build: Build


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a server meets the prerequisite, and why or why not.

    :param minimum: the product's cumulative update is one the procedure works with at all
    :param current: it is the newest of its product, or the one before
    """

    minimum: bool
    current: bool
    reason: str

    @property
    def supported(self) -> bool:
        return self.minimum and self.current


# Microsoft, "Exchange Server build numbers and release dates", as of TABLE_DATE; oldest first.
TABLE_DATE = "2026-08"
CUMULATIVE_UPDATES: tuple[CumulativeUpdate, ...] = (
    CumulativeUpdate(EXCHANGE_2013, "RTM", Build(15, 0, 516, 32)),
    CumulativeUpdate(EXCHANGE_2013, "CU1", Build(15, 0, 620, 29)),
    CumulativeUpdate(EXCHANGE_2013, "CU2", Build(15, 0, 712, 24)),
    CumulativeUpdate(EXCHANGE_2013, "CU3", Build(15, 0, 775, 38)),
    CumulativeUpdate(EXCHANGE_2013, "SP1", Build(15, 0, 847, 32)),
    CumulativeUpdate(EXCHANGE_2013, "CU5", Build(15, 0, 913, 22)),
    CumulativeUpdate(EXCHANGE_2013, "CU6", Build(15, 0, 995, 29)),
    CumulativeUpdate(EXCHANGE_2013, "CU7", Build(15, 0, 1044, 25)),
    CumulativeUpdate(EXCHANGE_2013, "CU8", Build(15, 0, 1076, 9)),
    CumulativeUpdate(EXCHANGE_2013, "CU9", Build(15, 0, 1104, 5)),
    CumulativeUpdate(EXCHANGE_2013, "CU10", Build(15, 0, 1130, 7)),
    CumulativeUpdate(EXCHANGE_2013, "CU11", Build(15, 0, 1156, 6)),
    CumulativeUpdate(EXCHANGE_2013, "CU12", Build(15, 0, 1178, 4)),
    CumulativeUpdate(EXCHANGE_2013, "CU13", Build(15, 0, 1210, 3)),
    CumulativeUpdate(EXCHANGE_2013, "CU14", Build(15, 0, 1236, 3)),
    CumulativeUpdate(EXCHANGE_2013, "CU15", Build(15, 0, 1263, 5)),
    CumulativeUpdate(EXCHANGE_2013, "CU16", Build(15, 0, 1293, 2)),
    CumulativeUpdate(EXCHANGE_2013, "CU17", Build(15, 0, 1320, 4)),
    CumulativeUpdate(EXCHANGE_2013, "CU18", Build(15, 0, 1347, 2)),
    CumulativeUpdate(EXCHANGE_2013, "CU19", Build(15, 0, 1365, 1)),
    CumulativeUpdate(EXCHANGE_2013, "CU20", Build(15, 0, 1367, 3)),
    CumulativeUpdate(EXCHANGE_2013, "CU21", Build(15, 0, 1395, 4)),
    CumulativeUpdate(EXCHANGE_2013, "CU22", Build(15, 0, 1473, 3)),
    CumulativeUpdate(EXCHANGE_2013, "CU23", Build(15, 0, 1497, 2)),
    CumulativeUpdate(EXCHANGE_2016, "Preview", Build(15, 1, 225, 16)),
    CumulativeUpdate(EXCHANGE_2016, "RTM", Build(15, 1, 225, 42)),
    CumulativeUpdate(EXCHANGE_2016, "CU1", Build(15, 1, 396, 30)),
    CumulativeUpdate(EXCHANGE_2016, "CU2", Build(15, 1, 466, 34)),
    CumulativeUpdate(EXCHANGE_2016, "CU3", Build(15, 1, 544, 27)),
    CumulativeUpdate(EXCHANGE_2016, "CU4", Build(15, 1, 669, 32)),
    CumulativeUpdate(EXCHANGE_2016, "CU5", Build(15, 1, 845, 34)),
    CumulativeUpdate(EXCHANGE_2016, "CU6", Build(15, 1, 1034, 26)),
    CumulativeUpdate(EXCHANGE_2016, "CU7", Build(15, 1, 1261, 35)),
    CumulativeUpdate(EXCHANGE_2016, "CU8", Build(15, 1, 1415, 2)),
    CumulativeUpdate(EXCHANGE_2016, "CU9", Build(15, 1, 1466, 3)),
    CumulativeUpdate(EXCHANGE_2016, "CU10", Build(15, 1, 1531, 3)),
    CumulativeUpdate(EXCHANGE_2016, "CU11", Build(15, 1, 1591, 10)),
    CumulativeUpdate(EXCHANGE_2016, "CU12", Build(15, 1, 1713, 5)),
    CumulativeUpdate(EXCHANGE_2016, "CU13", Build(15, 1, 1779, 2)),
    CumulativeUpdate(EXCHANGE_2016, "CU14", Build(15, 1, 1847, 3)),
    CumulativeUpdate(EXCHANGE_2016, "CU15", Build(15, 1, 1913, 5)),
    CumulativeUpdate(EXCHANGE_2016, "CU16", Build(15, 1, 1979, 3)),
    CumulativeUpdate(EXCHANGE_2016, "CU17", Build(15, 1, 2044, 4)),
    CumulativeUpdate(EXCHANGE_2016, "CU18", Build(15, 1, 2106, 2)),
    CumulativeUpdate(EXCHANGE_2016, "CU19", Build(15, 1, 2176, 2)),
    CumulativeUpdate(EXCHANGE_2016, "CU20", Build(15, 1, 2242, 4)),
    CumulativeUpdate(EXCHANGE_2016, "CU21", Build(15, 1, 2308, 8)),
    CumulativeUpdate(EXCHANGE_2016, "CU22", Build(15, 1, 2375, 7)),
    CumulativeUpdate(EXCHANGE_2016, "CU23", Build(15, 1, 2507, 6)),
    CumulativeUpdate(EXCHANGE_2019, "Preview", Build(15, 2, 196, 0)),
    CumulativeUpdate(EXCHANGE_2019, "RTM", Build(15, 2, 221, 12)),
    CumulativeUpdate(EXCHANGE_2019, "CU1", Build(15, 2, 330, 5)),
    CumulativeUpdate(EXCHANGE_2019, "CU2", Build(15, 2, 397, 3)),
    CumulativeUpdate(EXCHANGE_2019, "CU3", Build(15, 2, 464, 5)),
    CumulativeUpdate(EXCHANGE_2019, "CU4", Build(15, 2, 529, 5)),
    CumulativeUpdate(EXCHANGE_2019, "CU5", Build(15, 2, 595, 3)),
    CumulativeUpdate(EXCHANGE_2019, "CU6", Build(15, 2, 659, 4)),
    CumulativeUpdate(EXCHANGE_2019, "CU7", Build(15, 2, 721, 2)),
    CumulativeUpdate(EXCHANGE_2019, "CU8", Build(15, 2, 792, 3)),
    CumulativeUpdate(EXCHANGE_2019, "CU9", Build(15, 2, 858, 5)),
    CumulativeUpdate(EXCHANGE_2019, "CU10", Build(15, 2, 922, 7)),
    CumulativeUpdate(EXCHANGE_2019, "CU11", Build(15, 2, 986, 5)),
    CumulativeUpdate(EXCHANGE_2019, "CU12", Build(15, 2, 1118, 7)),
    CumulativeUpdate(EXCHANGE_2019, "CU13", Build(15, 2, 1258, 12)),
    CumulativeUpdate(EXCHANGE_2019, "CU14", Build(15, 2, 1544, 4)),
    CumulativeUpdate(EXCHANGE_2019, "CU15", Build(15, 2, 1748, 10)),
    CumulativeUpdate(EXCHANGE_SE, "RTM", Build(15, 2, 2562, 17)),
)

# Exchange 2019 and SE are not named in the prerequisites; every release of them is newer than what is asked for.
_MINIMUM = {EXCHANGE_2013: "CU11", EXCHANGE_2016: "CU1", EXCHANGE_2019: "RTM", EXCHANGE_SE: "RTM"}
_OLDER_PRODUCTS = {8: "Exchange Server 2007", 14: "Exchange Server 2010"}
_PRODUCTS = {0: EXCHANGE_2013, 1: EXCHANGE_2016, 2: EXCHANGE_2019}
_FIRST_SE_BUILD = 2562  # 15.2 as well; the build number alone tells SE from 2019
_DISPLAY_VERSION = re.compile(r"Version (\d+)\.(\d+) \(Build (\d+)\.(\d+)\)")


def parse_display_version(text: str) -> Build:
    """Read an AdminDisplayVersion, such as ``Version 15.2 (Build 1748.10)``.

    :raises ValueError: when the text has another form
    """
    match = _DISPLAY_VERSION.search(text)
    if not match:
        raise ValueError(f'"{text}" is not an AdminDisplayVersion such as "Version 15.2 (Build 1748.10)".')
    return Build(*(int(part) for part in match.groups()))


def parse_build(text: str) -> Build:
    """Read a build such as ``15.2.2562.17`` or, as some tables write it, ``15.02.2562.017``.

    :raises ValueError: when the text has another form
    """
    parts = text.strip().split(".")
    if len(parts) != 4 or not all(part.isdecimal() for part in parts):
        raise ValueError(f'"{text}" is not a build such as 15.2.2562.17.')
    return Build(*map(int, parts))


def product_of(build: Build) -> str | None:
    """The product's name, or None for a version of no product we know."""
    if build.major == 15 and build.minor == 2 and build.build >= _FIRST_SE_BUILD:
        return EXCHANGE_SE
    return _PRODUCTS.get(build.minor) if build.major == 15 else _OLDER_PRODUCTS.get(build.major)


@dataclasses.dataclass(frozen=True)
class BuildTable:
    """The cumulative updates there are, as of a date.

    :param rows: by build, oldest first
    :param date: ``YYYY-MM`` or ``YYYY-MM-DD``, for people
    """

    rows: tuple[CumulativeUpdate, ...] = CUMULATIVE_UPDATES
    date: str = TABLE_DATE

    def extended(self, rows: t.Iterable[CumulativeUpdate], date: str | None = None) -> BuildTable:
        """The table with more rows; one of the same product and name takes the other's place."""
        known = {(row.product, row.name): row for row in (*self.rows, *rows)}
        return BuildTable(tuple(sorted(known.values(), key=lambda row: row.build)), date or self.date)

    def cumulative_update_of(self, build: Build) -> CumulativeUpdate | None:
        """The cumulative update whose build this is, with or without security updates; None when the table has none."""
        found = [row for row in self.rows if row.build[:3] == build[:3] and row.build <= build]
        return max(found, key=lambda row: row.build, default=None)

    def judge(self, build: Build) -> Verdict:
        """Hold a build against the prerequisite."""
        product = product_of(build)
        rows = [row for row in self.rows if row.product == product]
        newest = rows[-1] if rows else self.rows[-1]
        if build[:3] > newest.build[:3]:
            known = f"{newest.product} {newest.name}, the newest one known in {self.date}"
            return Verdict(True, True, f"{product or 'Exchange'} build {build} is newer than {known}.")
        if not rows:
            name = product or f"Exchange version {build}"
            return Verdict(False, False, f"{name} is too old for Microsoft 365 Groups; {EXCHANGE_2013} CU11 is the oldest.")
        minimum = next(row for row in rows if row.name == _MINIMUM[row.product])
        if build < minimum.build:
            return Verdict(False, False, f"{product} build {build} is older than {minimum.name} ({minimum.build}).")
        oldest_current = rows[-2:][0]
        if build < oldest_current.build:
            wanted = " or ".join(dict.fromkeys(row.name for row in (newest, oldest_current)))
            return Verdict(True, False, f"{product} build {build} is too old for hybrid; {wanted} is needed ({self.date}).")
        row = self.cumulative_update_of(build)
        name = f"{product} {row.name}" if row else f"{product} build {build}"
        return Verdict(True, True, f"{name} is the newest cumulative update or the one before it ({self.date}).")
