# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_builds as builds
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_builds import (
    Build,
    BuildTable,
    CumulativeUpdate,
    parse_build,
    parse_display_version,
    product_of,
)


def test_table_is_in_order() -> None:
    rows = [row.build for row in builds.CUMULATIVE_UPDATES]
    assert rows == sorted(set(rows))
    assert all(product_of(row.build) == row.product for row in builds.CUMULATIVE_UPDATES)


def test_display_version() -> None:
    build = parse_display_version("Version 15.2 (Build 1748.10)")
    assert build == Build(15, 2, 1748, 10)
    assert str(build) == "15.2.1748.10"
    with pytest.raises(ValueError, match=r'"15\.2\.1748\.10" is not an AdminDisplayVersion'):
        parse_display_version("15.2.1748.10")


@pytest.mark.parametrize(
    ("build", "product", "update"),
    [
        ((15, 0, 847, 32), "Exchange Server 2013", "SP1"),
        ((15, 0, 1497, 48), "Exchange Server 2013", "CU23"),
        ((15, 1, 225, 16), "Exchange Server 2016", "Preview"),
        ((15, 1, 225, 42), "Exchange Server 2016", "RTM"),
        ((15, 1, 2375, 7), "Exchange Server 2016", "CU22"),
        ((15, 2, 986, 5), "Exchange Server 2019", "CU11"),
        ((15, 2, 1748, 49), "Exchange Server 2019", "CU15"),
        ((15, 2, 2562, 17), "Exchange Server SE", "RTM"),
        ((15, 2, 3000, 1), "Exchange Server SE", None),
        ((15, 1, 2376, 1), "Exchange Server 2016", None),
        ((14, 3, 123, 4), "Exchange Server 2010", None),
        ((8, 3, 83, 6), "Exchange Server 2007", None),
        ((16, 0, 1, 0), None, None),
    ],
)
def test_product_and_cumulative_update(build: tuple[int, int, int, int], product: str | None, update: str | None) -> None:
    row = BuildTable().cumulative_update_of(Build(*build))
    assert product_of(Build(*build)) == product
    assert (row.name if row else None) == update


@pytest.mark.parametrize(
    ("build", "minimum", "current", "reason"),
    [
        ((14, 3, 123, 4), False, False, "Exchange Server 2010 is too old"),
        ((15, 0, 1130, 7), False, False, "older than CU11"),
        ((15, 0, 1156, 6), True, False, "CU23 or CU22 is needed"),
        ((15, 0, 1473, 3), True, True, "Exchange Server 2013 CU22 is"),
        ((15, 0, 1497, 2), True, True, "Exchange Server 2013 CU23 is"),
        ((15, 1, 225, 42), False, False, "older than CU1"),
        ((15, 1, 396, 30), True, False, "CU23 or CU22 is needed"),
        ((15, 1, 2375, 7), True, True, "Exchange Server 2016 CU22 is"),
        ((15, 2, 196, 0), False, False, "older than RTM"),
        ((15, 2, 1258, 12), True, False, "CU15 or CU14 is needed"),
        ((15, 2, 1544, 4), True, True, "Exchange Server 2019 CU14 is"),
        ((15, 2, 1600, 0), True, True, "Exchange Server 2019 build 15.2.1600.0 is"),
        ((15, 2, 2562, 17), True, True, "Exchange Server SE RTM is"),
        ((15, 2, 3000, 1), True, True, "newer than Exchange Server SE RTM"),
        ((16, 0, 1, 0), True, True, "newer than Exchange Server SE RTM"),
    ],
)
def test_verdict(build: tuple[int, int, int, int], minimum: bool, current: bool, reason: str) -> None:
    verdict = BuildTable().judge(Build(*build))
    assert (verdict.minimum, verdict.current) == (minimum, current)
    assert verdict.supported is (minimum and current)
    assert reason in verdict.reason


def test_a_newer_table() -> None:
    update = CumulativeUpdate(builds.EXCHANGE_SE, "CU1", parse_build("15.02.3000.005"))
    table = BuildTable().extended([update], "2027-01")
    assert table.rows[-1] == update
    assert table.judge(Build(15, 2, 2562, 17)).current
    assert table.judge(Build(15, 2, 3000, 9)).reason == (
        "Exchange Server SE CU1 is the newest cumulative update or the one before it (2027-01)."
    )
    corrected = table.extended([CumulativeUpdate(builds.EXCHANGE_SE, "CU1", Build(15, 2, 3001, 1))])
    assert [row.build for row in corrected.rows if row.name == "CU1" and row.product == builds.EXCHANGE_SE] == [(15, 2, 3001, 1)]
    assert corrected.date == "2027-01"


@pytest.mark.parametrize("text", ["15.2.3000", "CU1", "15.2.x.1", ""])
def test_no_build(text: str) -> None:
    with pytest.raises(ValueError, match="is not a build such as"):
        parse_build(text)
