# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import read_address_space
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._mail_flow import select_connector
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import SendConnector


def connector(name: str, *spaces: str, enabled: bool = True) -> SendConnector:
    return SendConnector(name, None, tuple(map(read_address_space, spaces)), settings={"enabled": enabled})


@pytest.mark.parametrize(
    ("connectors", "chosen"),
    [
        ([connector("star", "*"), connector("wild", "*.contoso.com;50"), connector("exact", "groups.contoso.com;99")], "exact"),
        ([connector("star", "*;1"), connector("wild", "*.contoso.com;50")], "wild"),
        ([connector("wide", "*.com"), connector("narrow", "*.contoso.com;9")], "narrow"),
        ([connector("dear", "*;9"), connector("cheap", "*;2")], "cheap"),
        ([connector("off", "groups.contoso.com", enabled=False), connector("star", "*")], "star"),
        ([connector("other", "contoso.com"), connector("x400", "X400:c=us;a=x;1")], None),
        ([connector("itself", "*.groups.contoso.com")], "itself"),
        ([connector("edge", "SMTP:--;100")], None),
        ([], None),
    ],
)
def test_the_closest_address_space_before_the_lowest_cost(connectors: list[SendConnector], chosen: str | None) -> None:
    found = select_connector(connectors, "groups.contoso.com")
    assert (found and found.name) == chosen
