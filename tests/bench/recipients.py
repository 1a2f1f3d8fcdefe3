# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""1,000 groups brought into the address lists in one session, against a bare loop of pypsrp over the same wire.

Both read, update, and read again on the lab's Exchange. What a real server takes for a cmdlet is not in the figures.
"""

from __future__ import annotations

import time
import typing as t

from bench.figure import Figure
from bench.written_back import listed, plant
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._recipient_update import RecipientUpdate
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._psrp import PsrpSession
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Target
from lab import contoso
from lab.exchange.endpoint import ExchangeHost
from lab.traffic import Traffic
from lab.world import World
from lab.wsman import WsmanServer

GROUPS = 1000
LIMIT = 1.1
REPEATS = 3  # the best of each counts
PLACE = {"OrganizationalUnit": contoso.WRITEBACK_OU, "ResultSize": "Unlimited"}


def measure() -> list[Figure]:
    """The collection's own work on top of the wire's."""
    runs = [(_timed(_with_collection), _timed(_with_pypsrp)) for _repeat in range(REPEATS)]
    collection, bare = (round(min(seconds), 3) for seconds in zip(*runs, strict=True))
    return [Figure("recipients: update many in one session", "s", collection, bare, LIMIT, {"groups": GROUPS})]


def _timed(way: t.Callable[[int], None]) -> float:
    world, traffic = World(), Traffic()
    plant(world, GROUPS)
    server = WsmanServer(
        {"Microsoft.Exchange": ExchangeHost(world)},
        path="/PowerShell",
        name="exchange",
        accounts={contoso.ADMIN: contoso.ADMIN_PASSWORD},
        traffic=traffic,
    )
    server.start()
    try:
        begin = time.perf_counter()
        way(server.port)
        seconds = time.perf_counter() - begin
    finally:
        server.stop()
    if (listed(world), traffic.counts["exchange.sessions"]) != (GROUPS, 1):
        raise SystemExit(f"{listed(world)} of {GROUPS} groups in {traffic.counts['exchange.sessions']} sessions")
    return seconds


def _with_collection(port: int) -> None:
    session = PsrpSession(
        Target(
            host="127.0.0.1",
            scheme="http",
            port=port,
            path="PowerShell",
            configuration="Microsoft.Exchange",
            username=contoso.ADMIN,
            password=contoso.ADMIN_PASSWORD,
            auth="ntlm",
        )
    )
    # A session has the methods of a CmdletClient that count here.
    client = ExchangeClient(t.cast(t.Any, session))
    RecipientUpdate(client, always=False, check_mode=False, progress=lambda _done, _total: None).update_unit(contoso.WRITEBACK_OU)
    session.close()


def _with_pypsrp(port: int) -> None:
    wsman = WSMan(
        "127.0.0.1",
        port=port,
        username=contoso.ADMIN,
        password=contoso.ADMIN_PASSWORD,
        ssl=False,
        path="PowerShell",
        auth="ntlm",
    )
    with wsman, RunspacePool(wsman, configuration_name="Microsoft.Exchange") as pool:
        groups = PowerShell(pool).add_cmdlet("Get-Group").add_parameters(PLACE).invoke()
        PowerShell(pool).add_cmdlet("Get-Recipient").add_parameters(PLACE).invoke()
        for group in groups:
            parameters = {"Identity": group.adapted_properties["DistinguishedName"], "Confirm": False}
            PowerShell(pool).add_cmdlet("Update-Recipient").add_parameters(parameters).invoke()
        PowerShell(pool).add_cmdlet("Get-Recipient").add_parameters(PLACE).invoke()
