# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""group_domain_dns_info from its options to its result, against real DNS servers on loopback."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.modules import group_domain_dns_info
from lab.cloud.tenant import Domain
from lab.dns.zones import Zone

CLOUD = "groups-contoso-com.mail.protection.outlook.com"


class Runner:
    def __init__(self, lab: t.Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self.capsys = capsys

    def __call__(self, **options: t.Any) -> dict[str, t.Any]:
        arguments = {
            "domains": ["groups.contoso.com"],
            "mx_hosts": {"groups.contoso.com": CLOUD},
            "resolvers": ["127.0.0.3"],
            "dns_port": self.lab.dns.port,
            "timeout": 0.2,
            **options,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            group_domain_dns_info.main()
        return t.cast("dict[str, t.Any]", json.loads(self.capsys.readouterr().out))

    def put(self, name: str, rdtype: str, value: str, zone: str = "contoso.com.") -> None:
        self.lab.world.dns.zones[zone].add(f"{name}.", rdtype, value)


@pytest.fixture
def run(cloud_lab: t.Any, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(cloud_lab, capsys)


def publish(run: Runner, domain: str, zone: str) -> None:
    run.put(domain, "MX", f"0 {CLOUD}.", zone)
    run.put(f"autodiscover.{domain}", "CNAME", "autodiscover.outlook.com.", zone)


def states(domain: dict[str, t.Any]) -> list[list[str]]:
    return [[server["state"] for server in record["servers"]] for record in domain["records"]]


def test_says_of_many_domains_who_shows_what(run: Runner) -> None:
    domains = ["groups.contoso.com", "groups.fabrikam.com", "other.contoso.com"]
    publish(run, domains[0], "contoso.com.")
    publish(run, domains[1], "fabrikam.com.")
    before = run.lab.world.dns.view()
    result = run(domains=domains, mx_hosts=dict.fromkeys(domains, CLOUD))
    assert not result["changed"]
    assert [domain["domain"] for domain in result["domains"]] == domains
    assert [domain["visible"] for domain in result["domains"]] == [True, True, False]
    assert states(result["domains"][0]) == [["present"] * 3] * 2
    # One domain that lacks its records does not keep resolvers from being asked about the others.
    assert states(result["domains"][2]) == [["missing", "missing", "not_asked"]] * 2
    server = result["domains"][1]["records"][0]["servers"][0]
    assert (server["server"].split()[0], server["serial"]) == ("ns1.fabrikam.com", 1)
    assert server["answer"] == [f"0 {CLOUD}."]
    # On the way up from the alias autodiscover.groups too, the name is asked about but once.
    assert run.lab.traffic.log.count(("resolver", "QUERY groups.contoso.com. SOA")) == 1
    assert run.lab.world.dns.view() == before


def test_a_domain_whose_zone_is_unknown_does_not_spoil_the_others(run: Runner) -> None:
    publish(run, "groups.contoso.com", "contoso.com.")
    hosts = {"groups.contoso.com": CLOUD, "groups.example.org": CLOUD}
    result = run(domains=list(hosts), mx_hosts=hosts)
    good, bad = result["domains"]
    assert good["visible"]
    assert not bad["visible"]
    assert any("The zone of groups.example.org was not found" in problem for problem in bad["problems"])
    assert states(bad) == [[], []]


def test_hosts_come_from_the_tenant_in_few_requests(run: Runner) -> None:
    tenant = run.lab.world.tenant
    names = [f"g{number}.contoso.com" for number in range(12)]
    for name in names:
        tenant.domains[name] = Domain(name, verified=True, services=["Email"], mail_exchange=f"{name}.mx.microsoft")
        run.put(name, "MX", f"0 {name}.mx.microsoft.")
    result = run(domains=[*names, "groups.contoso.com"], mx_hosts={}, records=["mx"], **run.lab.graph_options())
    *known, unknown = result["domains"]
    assert all(domain["visible"] for domain in known)
    assert known[3]["records"][0]["value"] == "g3.contoso.com.mx.microsoft"
    assert not unknown["visible"]
    assert "The MX host of groups.contoso.com is known once" in unknown["problems"][0]
    graph = [what for server, what in run.lab.traffic.log if server == "graph"]
    assert 0 < len(graph) <= 4, graph


def test_an_internal_zone_is_named(run: Runner) -> None:
    publish(run, "groups.contoso.com", "contoso.com.")
    zone = Zone.new("contoso.com")
    run.lab.world.internal_dns.zones[zone.origin] = zone
    (domain,) = run(internal_servers=["127.0.0.4"])["domains"]
    assert domain["internal_zones"] == ["contoso.com"]
    assert [states[-1] for states in states(domain)] == ["missing", "missing"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"domains": ["*.contoso.com"]}, "domains: "),
        ({"mx_hosts": {"groups.contoso.com": "192.0.2.1"}}, "mx_host: "),
        ({"resolvers": []}, "name_servers or resolvers"),
    ],
)
def test_bad_input_is_named(run: Runner, options: dict[str, t.Any], message: str) -> None:
    result = run(**options)
    assert result["failed"], result
    assert message in result["msg"]
