# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions and updates against real DNS servers on loopback."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import Answer, DnsClient, Question, TsigKey
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_changes import Change, changes_for
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_publish import Rfc2136Publisher, read_view
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import Data, RecordSet
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import (
    DnsError,
    Server,
    UpdateConflict,
    parse_server,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import MxRecord, RecordConflict
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_zones import (
    Source,
    find_name_servers,
    find_zones,
    own_zones,
    value_of,
)
from lab import contoso
from lab.dns.zones import Zone
from lab.traffic import Fault

GROUPS = contoso.GROUP_DOMAIN
CLOUD = "groups-contoso-com.mail.protection.outlook.com"
WANTED = MxRecord(GROUPS, CLOUD)
REPLACING = MxRecord(GROUPS, CLOUD, others="replace")
KEY = TsigKey(contoso.TSIG_KEY_NAME, contoso.TSIG_SECRET, contoso.TSIG_ALGORITHM)


@pytest.fixture
def client() -> DnsClient:
    return DnsClient(timeout=0.2)


@pytest.fixture
def primary(cloud_lab: t.Any) -> Server:
    return Server("127.0.0.1", cloud_lab.dns.port)


def zone(lab: t.Any, origin: str = "contoso.com.") -> Zone:
    return t.cast(Zone, lab.world.dns.zones[origin])


@pytest.mark.parametrize(
    ("text", "server", "shown"),
    [
        ("192.0.2.1", Server("192.0.2.1", 5353), "192.0.2.1:5353"),
        ("192.0.2.1:53", Server("192.0.2.1", 53), "192.0.2.1"),
        ("2001:db8::1", Server("2001:db8::1", 5353), "[2001:db8::1]:5353"),
        ("[2001:db8::1]:54", Server("2001:db8::1", 54), "[2001:db8::1]:54"),
        ("localhost:54", Server("127.0.0.1", 54, "localhost"), "localhost (127.0.0.1:54)"),
    ],
)
def test_servers_as_people_write_them(text: str, server: Server, shown: str) -> None:
    found = parse_server("server", text, 5353)
    if server.name:  # localhost may be ::1 as well
        assert (found.port, found.name) == (server.port, server.name)
    else:
        assert found == server
        assert str(found) == shown


@pytest.mark.parametrize("text", ["", ":53", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:dns", "no-such.invalid"])
def test_what_is_no_server_is_named_by_option(text: str) -> None:
    with pytest.raises(DnsError, match=r"^name_servers: "):
        parse_server("name_servers", text)


def test_an_answer_has_the_data_in_comparable_form(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    zone(cloud_lab).add(f"{GROUPS}.", "MX", "5 Mail.Contoso.COM.", ttl=60)
    zone(cloud_lab).add(f"{GROUPS}.", "TXT", '"MS=" "ms1"', ttl=60)
    answer = client.ask(primary, GROUPS, "MX")
    assert answer.sets["MX"] == RecordSet("MX", 60, (Data("", "mail.contoso.com", 5),))
    assert answer.sets["MX"].data[0].text.lower() == "5 mail.contoso.com."
    assert client.ask(primary, GROUPS.upper(), "MX").sets == answer.sets
    assert client.ask(primary, GROUPS, "TXT").sets["TXT"].data[0].target == "MS=ms1"


def test_absent_names_and_types(client: DnsClient, primary: Server) -> None:
    assert client.ask(primary, GROUPS, "MX") == Answer("NXDOMAIN", {}, "contoso.com", 1, authoritative=True)
    assert client.ask(primary, "mail.contoso.com", "MX") == Answer("NOERROR", {}, "contoso.com", 1, authoritative=True)


def test_a_truncated_answer_is_fetched_by_tcp(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    for number in range(60):
        zone(cloud_lab).add(f"{GROUPS}.", "TXT", f'"{"x" * 60}{number}"')
    assert len(client.ask(primary, GROUPS, "TXT").sets["TXT"].data) == 60
    assert len(cloud_lab.traffic.log) == 2


def test_lost_datagrams_are_sent_again_then_tcp_is_tried(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    cloud_lab.traffic.set_fault(Fault(at=1, lose="request", once=True))
    assert client.ask(primary, "contoso.com", "SOA").serial == 1
    cloud_lab.traffic.set_fault(Fault(at=1, lose="request"))
    with pytest.raises(
        DnsError, match=r"127\.0\.0\.1:\d+ gave no usable answer when asked for contoso.com SOA: no answer in time"
    ):
        client.ask(primary, "contoso.com", "SOA")
    assert len(cloud_lab.traffic.log) == 2 + 3


def test_refusals_and_failures_are_named(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    cloud_lab.world.dns.servfail = {GROUPS}
    with pytest.raises(DnsError, match=r"SERVFAIL when asked for groups\.contoso\.com MX"):
        client.ask(primary, GROUPS, "MX")
    with pytest.raises(DnsError, match="REFUSED"):
        client.ask(primary, "example.org", "MX")


def zone_of(client: DnsClient, server: Server, name: str, *, recursion: bool = False) -> str:
    return value_of(find_zones(client, [Source(server, recursion)], [name])[name])


def test_the_zone_of_a_name(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    name = f"autodiscover.{GROUPS}"
    assert zone_of(client, primary, name) == "contoso.com"
    zone(cloud_lab).add(f"{GROUPS}.", "NS", "ns1.contoso.com.")
    delegated = Zone.new(GROUPS)
    cloud_lab.world.dns.zones[delegated.origin] = delegated
    assert zone_of(client, primary, name) == GROUPS
    assert zone_of(client, primary, GROUPS) == GROUPS
    assert zone_of(client, primary, "mail.contoso.com") == "contoso.com"
    assert zone_of(client, Server("127.0.0.3", primary.port), name, recursion=True) == GROUPS


def test_an_alias_into_another_zone_does_not_mislead(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    zone(cloud_lab).add(f"autodiscover.{GROUPS}.", "CNAME", "autodiscover.fabrikam.com.")
    assert zone_of(client, primary, f"autodiscover.{GROUPS}") == "contoso.com"


def test_a_zone_that_was_left_to_other_servers_is_no_zone_here(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    delegated = Zone.new(GROUPS)
    cloud_lab.world.dns.zones[delegated.origin] = delegated
    cloud_lab.world.dns.hosts = {delegated.origin: {"127.0.0.2"}}
    zone(cloud_lab).add(f"{GROUPS}.", "NS", "ns2.contoso.com.")
    assert client.ask(primary, f"autodiscover.{GROUPS}", "CNAME").referral == GROUPS
    with pytest.raises(DnsError, match=r"has left the zone groups\.contoso\.com to other name servers"):
        zone_of(client, primary, f"autodiscover.{GROUPS}")
    assert zone_of(client, Server("127.0.0.2", primary.port), f"autodiscover.{GROUPS}") == GROUPS
    resolver = Source(Server("127.0.0.3", primary.port), recursion=True)
    assert find_name_servers(client, [resolver], [GROUPS], primary.port) == {
        # The delegated zone's own NS records count, not those of the zone above.
        GROUPS: [
            Server("127.0.0.1", primary.port, f"ns1.{GROUPS}"),
            Server("127.0.0.2", primary.port, f"ns2.{GROUPS}"),
        ]
    }


def test_zones_of_many_names_take_few_questions(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    names = [f"g{number}.contoso.com" for number in range(20)] + ["g.example.org", "x.y.fabrikam.com"]
    found = find_zones(client, [Source(primary, recursion=False)], names)
    assert {found[name] for name in names[:20]} == {"contoso.com"}
    assert found["x.y.fabrikam.com"] == "fabrikam.com"
    assert isinstance(found["g.example.org"], DnsError)
    assert len(cloud_lab.traffic.log) == len(names)


def test_zones_a_server_has_itself(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    inside = Server("127.0.0.4", primary.port)
    names = [GROUPS, "groups.fabrikam.com"]
    assert own_zones(client, inside, names) == {}
    internal = Zone.new("contoso.com")
    cloud_lab.world.internal_dns.zones[internal.origin] = internal
    assert own_zones(client, inside, names) == {GROUPS: "contoso.com"}


def test_a_server_without_edns_is_asked_without_it(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    cloud_lab.world.dns.without_edns = {"127.0.0.1"}
    assert client.ask(primary, "contoso.com", "MX").sets["MX"].data[0].target == "mail.contoso.com"


def test_many_questions_are_answered_in_their_order(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    for number in range(50):
        zone(cloud_lab).add(f"g{number}.contoso.com.", "MX", f"{number} mail.contoso.com.")
    questions = [Question(primary, f"g{number}.contoso.com", "MX") for number in range(50)]
    questions.insert(7, Question(primary, "g.example.org", "MX"))
    answers = client.ask_many(questions)
    refused = answers.pop(7)
    assert isinstance(refused, DnsError)
    assert "REFUSED" in str(refused)
    assert [value_of(answer).sets["MX"].data[0].preference for answer in answers] == list(range(50))
    assert client.ask_many([]) == []


def test_a_silent_server_is_given_up_and_the_others_are_asked(cloud_lab: t.Any, primary: Server) -> None:
    cloud_lab.traffic.set_fault(Fault(at=1, lose="request", server="resolver"))
    silent = Server("127.0.0.3", primary.port)
    questions = [Question(server, "contoso.com", "MX") for _repeat in range(20) for server in (silent, primary)]
    answers = DnsClient(timeout=0.3, concurrency=1).ask_many(questions)
    assert [isinstance(answer, DnsError) for answer in answers] == [True, False] * 20
    # Three questions, each twice by UDP and once by TCP.
    assert cloud_lab.traffic.counts["resolver"] == 9
    assert cloud_lab.traffic.counts["dns"] == 20


def test_the_zones_name_servers(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    port = primary.port
    sources = [Source(primary, recursion=False)]
    expected = [Server("127.0.0.1", port, "ns1.contoso.com"), Server("127.0.0.2", port, "ns2.contoso.com")]
    assert find_name_servers(client, sources, ["contoso.com"], port) == {"contoso.com": expected}
    del zone(cloud_lab).names["ns1.contoso.com."], zone(cloud_lab).names["ns2.contoso.com."]
    with pytest.raises(DnsError, match=r"ns1\.contoso\.com.*Give them in name_servers"):
        value_of(find_name_servers(client, sources, ["contoso.com"], port)["contoso.com"])


def test_an_update_of_a_zone_that_has_moved_changes_nothing(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    stale = change(client, primary)
    zone(cloud_lab).add(f"{GROUPS}.", "MX", "10 mail.contoso.com.")
    before = cloud_lab.world.dns.view()
    with pytest.raises(UpdateConflict, match="YXRRSET"):
        client.update(primary, "contoso.com", [stale], KEY)
    assert cloud_lab.world.dns.view() == before


def change(client: DnsClient, server: Server) -> Change:
    """What is to be written now."""
    (needed,) = changes_for([REPLACING], [read_view(client, server, [REPLACING])])
    return needed


def publisher(client: DnsClient, server: Server) -> Rfc2136Publisher:
    return Rfc2136Publisher(client, server, {GROUPS: "contoso.com"}, KEY)


def test_publishing_looks_again_when_the_zone_has_moved(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    stale = change(client, primary)
    zone(cloud_lab).add(f"{GROUPS}.", "MX", "10 mail.contoso.com.")
    with pytest.raises(RecordConflict, match=r"10 mail\.contoso\.com"):
        publisher(client, primary).publish([WANTED], [stale])
    assert cloud_lab.values(GROUPS, "MX") == ["10 mail.contoso.com."]
    publisher(client, primary).publish([REPLACING], [stale])
    assert cloud_lab.values(GROUPS, "MX") == [f"0 {CLOUD}."]


def test_an_update_that_is_passed_over_is_noticed(cloud_lab: t.Any, client: DnsClient, primary: Server) -> None:
    # A server that answers NOERROR from an old copy looks the same as one that passed the update over.
    cloud_lab.world.dns.lag = {"127.0.0.1": -1}
    with pytest.raises(DnsError, match=r"accepted the update but does not have it: groups\.contoso\.com MX") as caught:
        publisher(client, primary).publish([WANTED], [change(client, primary)])
    assert caught.value.result == {"changed": True}


def test_the_secret_is_in_no_representation() -> None:
    assert contoso.TSIG_SECRET not in repr(KEY)
