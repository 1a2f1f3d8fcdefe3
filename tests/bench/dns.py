# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""1,000 group domains looked up at four name servers by group_domain_dns_info, and 100 to compare with."""

from __future__ import annotations

import contextlib
import io
import json
import time
import typing as t

from ansible.module_utils.testing import patch_module_args
from bench.figure import Figure
from bench.slow_dns import slow_servers

from ansible_collections.exchange.hybrid_groups.plugins.modules import group_domain_dns_info
from lab.dns.zones import Zone

DOMAINS = 1000
FEW = 100
SERVERS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
DELAY = 0.02  # seconds an answer takes
CONCURRENCY = 32  # the module's default
LIMIT = 1.5
GROWTH = 1.3
REPEATS = 3  # the best counts: what else runs on the machine is not what is measured


def measure() -> list[Figure]:
    """All the module does, against nothing but waiting for its questions' answers."""
    zone = Zone.new("contoso.com")
    hosts = {f"g{number}.contoso.com": f"g{number}-contoso-com.mail.protection.outlook.com" for number in range(DOMAINS)}
    for domain, host in hosts.items():
        zone.add(domain, "MX", f"0 {host}.")
        zone.add(f"autodiscover.{domain}", "CNAME", "autodiscover.outlook.com.")
    with slow_servers(zone, SERVERS, DELAY) as (port, asked):
        options = {
            "domains": list(hosts),
            "mx_hosts": hosts,
            "name_servers": [f"{address}:{port}" for address in SERVERS],
            "resolvers": [],
            "concurrency": CONCURRENCY,
        }
        seconds, processor, queries = min(_timed(options, asked) for _repeat in range(REPEATS))
        few = {"domains": list(hosts)[:FEW], "mx_hosts": dict(list(hosts.items())[:FEW])}
        seconds_of_few = min(_timed({**options, **few}, asked)[0] for _repeat in range(REPEATS))
    ideal = DELAY * queries / CONCURRENCY
    details = {
        "domains": DOMAINS,
        "servers": len(SERVERS),
        "queries": queries,
        "concurrency": CONCURRENCY,
        "processor seconds": round(processor, 3),
    }
    each, each_of_few = (round(total / number * 1000, 2) for total, number in ((seconds, DOMAINS), (seconds_of_few, FEW)))
    return [
        Figure("dns: check many domains", "s", round(seconds, 3), round(ideal, 3), LIMIT, details),
        Figure(f"dns: a domain of {DOMAINS:,}", "ms", each, each_of_few, GROWTH, against=f"a domain of {FEW:,}'s"),
    ]


def _timed(options: dict[str, t.Any], asked: t.Callable[[], int]) -> tuple[float, float, int]:
    """Seconds by the clock, seconds of processor time, and questions."""
    before = asked()
    output = io.StringIO()
    begin, processor = time.perf_counter(), time.process_time()
    with patch_module_args(options), contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        group_domain_dns_info.main()
    seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    result = json.loads(output.getvalue())
    if not all(domain["visible"] for domain in result.get("domains", [{"visible": False}])):
        raise SystemExit(f"not all domains have their records: {result.get('msg')}")
    return seconds, processor, asked() - before
