# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One suite over the lab's own name servers and over BIND, in an unsigned and in a signed zone."""

from __future__ import annotations

import dataclasses
import itertools
import json
import pathlib
import subprocess
import typing as t

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.update
import dns.zone
import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.modules import group_domain_dns
from lab import contoso
from lab.dns.bind import SIGNED_ZONE, Bind, program

if t.TYPE_CHECKING:
    from collections.abc import Iterator

CLOUD = "groups-contoso-com.mail.protection.outlook.com"
SPF = "v=spf1 mx include:spf.protection.outlook.com -all"
KEYRING = dns.tsigkeyring.from_text({contoso.TSIG_KEY_NAME: contoso.TSIG_SECRET})
_NUMBERS = itertools.count()

MADE_BY_SIGNING = {
    dns.rdatatype.RRSIG,
    dns.rdatatype.NSEC,
    dns.rdatatype.DNSKEY,
    dns.rdatatype.CDS,
    dns.rdatatype.CDNSKEY,
    65534,  # BIND's own notes on signing
}

Address = tuple[str, int]


@dataclasses.dataclass
class Servers:
    """A primary and a secondary, spoken to by dnspython, not by the code under test.

    :param domain: a group domain nobody has used yet
    """

    primary: Address
    secondary: Address
    zone: str
    domain: str = dataclasses.field(default_factory=lambda: f"g{next(_NUMBERS)}")

    def __post_init__(self) -> None:
        self.domain = f"{self.domain}.{self.zone}"

    def put(self, name: str, rdtype: str, *values: str) -> None:
        """Records that were there before."""
        update = dns.update.UpdateMessage(self.zone, keyring=KEYRING, keyalgorithm=contoso.TSIG_ALGORITHM)
        update.add(f"{name}.", 300, rdtype, *values)
        response = dns.query.tcp(update, self.primary[0], port=self.primary[1], timeout=5)
        assert response.rcode() == dns.rcode.NOERROR

    def query(self, name: str, rdtype: str, *, dnssec: bool = False) -> dns.message.Message:
        question = dns.message.make_query(f"{name}.", rdtype, want_dnssec=dnssec)
        return dns.query.tcp(question, self.primary[0], port=self.primary[1], timeout=5)

    def values(self, name: str, rdtype: str) -> list[str]:
        return sorted(str(rdata) for rrset in self.query(name, rdtype).answer for rdata in rrset)

    def serial(self) -> int:
        return int(self.values(self.zone, "SOA")[0].split()[2])

    def records(self) -> set[str]:
        """What the zone holds, without what a signing server makes and without the SOA, whose serial moves by itself."""
        query = dns.message.make_query(self.zone, "AXFR")
        query.use_tsig(KEYRING, algorithm=contoso.TSIG_ALGORITHM)
        transfer = dns.zone.Zone(self.zone, relativize=False)
        dns.query.inbound_xfr(self.primary[0], transfer, query, port=self.primary[1], timeout=5)
        return {
            f"{name} {ttl} {dns.rdatatype.to_text(rdata.rdtype)} {rdata}"
            for name, ttl, rdata in transfer.iterate_rdatas()
            if rdata.rdtype not in MADE_BY_SIGNING and rdata.rdtype != dns.rdatatype.SOA
        }


def text(address: Address) -> str:
    return f"{address[0]}:{address[1]}"


class Runner:
    def __init__(self, servers: Servers, capsys: pytest.CaptureFixture[str]) -> None:
        self.servers = servers
        self.capsys = capsys

    def __call__(self, **options: t.Any) -> dict[str, t.Any]:
        arguments = {
            "domain": self.servers.domain,
            "mx_host": CLOUD,
            "provider": "rfc2136",
            "server": text(self.servers.primary),
            "tsig_key_name": contoso.TSIG_KEY_NAME,
            "tsig_secret": contoso.TSIG_SECRET,
            "name_servers": [text(self.servers.primary), text(self.servers.secondary)],
            "resolvers": [],
            "timeout": 1,
            "wait_timeout": 20,
            **options,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            group_domain_dns.main()
        return t.cast("dict[str, t.Any]", json.loads(self.capsys.readouterr().out))


@pytest.fixture(scope="session")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bind]:
    if not program("named"):
        pytest.skip("named is not installed (Debian: bind9)")
    with Bind(tmp_path_factory.mktemp("bind")) as servers:
        yield servers


@pytest.fixture(
    params=["built-in", pytest.param("BIND", marks=pytest.mark.heavy), pytest.param("BIND signed", marks=pytest.mark.heavy)]
)
def servers(request: pytest.FixtureRequest) -> Servers:
    if request.param == "built-in":
        lab = request.getfixturevalue("cloud_lab")
        return Servers(("127.0.0.1", lab.dns.port), ("127.0.0.2", lab.dns.port), "contoso.com")
    started = request.getfixturevalue("bind")
    zone = SIGNED_ZONE if request.param == "BIND signed" else "contoso.com"
    return Servers(("127.0.0.1", started.primary), ("127.0.0.1", started.secondary), zone)


@pytest.fixture
def run(servers: Servers, capsys: pytest.CaptureFixture[str], short_pauses: None) -> Runner:  # noqa: ARG001
    return Runner(servers, capsys)


def test_publishes_once_everywhere_and_takes_it_away_again(run: Runner, servers: Servers) -> None:
    servers.put(servers.domain, "TXT", '"v=spf1 mx -all"', '"other"')
    before = servers.records()
    options = {"records": ["mx", "autodiscover", "verification", "spf"], "verification_text": "MS=ms1"}
    first = run(**options)
    assert first.get("changed"), first
    assert first["visible"]
    assert servers.values(servers.domain, "MX") == [f"0 {CLOUD}."]
    assert servers.values(f"autodiscover.{servers.domain}", "CNAME") == ["autodiscover.outlook.com."]
    assert servers.values(servers.domain, "TXT") == ['"MS=ms1"', '"other"', f'"{SPF}"']
    assert [s["server"] for s in first["records"][0]["servers"]] == [text(servers.primary), text(servers.secondary)]
    assert {s["state"] for record in first["records"] for s in record["servers"]} == {"present"}
    assert not run(**options)["changed"]

    assert run(**options, state="absent")["changed"]
    assert servers.records() == before
    assert not run(**options, state="absent")["changed"]


def test_an_mx_on_premises_is_refused_then_replaced_in_one_update(run: Runner, servers: Servers) -> None:
    servers.put(servers.domain, "MX", "10 mail.contoso.com.", "20 mail.example.")
    before = servers.records()
    refused = run()
    assert "mail flow won't work correctly between users in the on-premises Exchange organization" in refused["msg"]
    assert "Set exclusive to true" in refused["msg"]
    assert servers.records() == before

    serial = servers.serial()
    result = run(exclusive=True)
    assert result.get("changed"), result
    assert servers.values(servers.domain, "MX") == [f"0 {CLOUD}."]
    # One update of the zone is one step of its serial; a signing server takes further ones for its signatures.
    assert servers.zone == SIGNED_ZONE or servers.serial() == serial + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tsig_secret": "AAAAAAAAAAAAAAAAAAAAAA=="}, "check tsig_secret"),
        ({"tsig_key_name": "other."}, "check tsig_key_name"),
        ({"tsig_key_name": None, "tsig_secret": None}, "REFUSED. Allow this key to update these names there."),
        ({"tsig_algorithm": "hmac-sha512"}, "tsig_algorithm"),
    ],
    ids=["wrong secret", "unknown key", "no key", "wrong algorithm"],
)
def test_a_key_that_is_not_accepted_changes_nothing(
    run: Runner, servers: Servers, options: dict[str, t.Any], message: str
) -> None:
    before = servers.records()
    result = run(**options)
    assert result["failed"]
    assert message in result["msg"]
    assert contoso.TSIG_SECRET not in str(result)
    assert servers.records() == before


@pytest.mark.parametrize("rdtype", ["A", "CAA"], ids=["looked for", "seen by the server"])
def test_a_cname_beside_other_data_is_refused(run: Runner, servers: Servers, rdtype: str) -> None:
    servers.put(f"autodiscover.{servers.domain}", rdtype, "127.0.0.9" if rdtype == "A" else '0 issue "ca.example"')
    before = servers.records()
    result = run()
    assert result["failed"]
    assert "RFC 1034 3.6.2" in result["msg"]
    assert servers.records() == before


def test_a_wildcard_does_not_stand_in_the_way(run: Runner, servers: Servers) -> None:
    # Below a name of its own, so that other tests do not see it.
    parent, servers.domain = servers.domain, f"groups.{servers.domain}"
    servers.put(f"*.{parent}", "MX", "10 mail.contoso.com.")
    assert run().get("changed")
    assert servers.values(servers.domain, "MX") == [f"0 {CLOUD}."]
    assert servers.values(f"x.{parent}", "MX") == ["10 mail.contoso.com."]


def test_a_delegated_zone_is_named(run: Runner, servers: Servers) -> None:
    servers.put(servers.domain, "NS", "ns.example.")
    before = servers.records()
    assert f"has left the zone {servers.domain} to other name servers" in run()["msg"]
    assert servers.records() == before


def test_answers_too_long_for_udp_are_read_whole(run: Runner, servers: Servers) -> None:
    servers.put(servers.domain, "TXT", *(f'"{number:02} {"x" * 60}"' for number in range(40)))
    assert run(records=["verification"], verification_text="MS=ms1").get("changed")
    assert len(servers.values(servers.domain, "TXT")) == 41


def test_a_signed_zone_signs_what_was_published(run: Runner, servers: Servers) -> None:
    if servers.zone != SIGNED_ZONE:
        pytest.skip("the zone is not signed")
    assert run().get("changed")
    answer = servers.query(servers.domain, "MX", dnssec=True).answer
    assert {rrset.rdtype for rrset in answer} == {dns.rdatatype.MX, dns.rdatatype.RRSIG}


def tool(name: str) -> str:
    found = program(name)
    if not found:
        pytest.skip(f"{name} is not installed (Debian: bind9-utils, bind9-dnsutils)")
    return found


def test_dig_agrees_with_the_report(run: Runner, servers: Servers) -> None:
    dig = tool("dig")
    result = run(records=["mx", "autodiscover", "spf"])
    for record in result["records"]:
        for server, address in zip(record["servers"], (servers.primary, servers.secondary), strict=True):
            command = [dig, f"@{address[0]}", "-p", str(address[1]), "+norecurse", "+short", record["name"], record["type"]]
            shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
            assert sorted(shown.splitlines()) == sorted(server["answer"])
            command[-2:] = [servers.zone, "SOA"]
            soa = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
            assert server["serial"] <= int(soa.split()[2])


def test_named_checkzone_agrees_with_the_snippet(run: Runner, servers: Servers, tmp_path: pathlib.Path) -> None:
    checkzone = tool("named-checkzone")
    result = run(records=["mx", "autodiscover", "verification", "spf"], verification_text='a "quoted" \\ text' + "x" * 300)
    zone = tmp_path / "zone"
    zone.write_text(
        f"@ 300 IN SOA ns1 hostmaster 1 3600 600 86400 300\n@ 300 IN NS ns1\nns1 300 IN A 127.0.0.1\n{result['zone_snippet']}"
    )
    command = [checkzone, "-D", "-i", "none", servers.zone, str(zone)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = {" ".join(line.split()) for line in done.stdout.splitlines()}
    assert set(result["zone_snippet"].splitlines()) <= loaded
    # And what it reads from the snippet is what the server holds.
    for record in result["records"]:
        for answer in record["servers"][0]["answer"]:
            assert f"{record['name']}. {record['ttl']} IN {record['type']} {answer}" in loaded
