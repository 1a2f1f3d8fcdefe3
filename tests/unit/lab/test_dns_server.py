# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS servers, asked by dnspython over real sockets."""

from __future__ import annotations

import base64
import copy
import socket
import struct
import threading
import types
import typing as t

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.tsig
import dns.tsigkeyring
import dns.update
import dns.zone
import pytest

from lab import contoso
from lab.dns.server import DnsServer, DnsState
from lab.dns.zones import Zone
from lab.traffic import Fault, Traffic

PRIMARY, SECONDARY, RESOLVER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
TIMEOUT = 5
KEYRING = dns.tsigkeyring.from_text({contoso.TSIG_KEY_NAME: contoso.TSIG_SECRET})


class Lab(t.NamedTuple):
    """What a test needs of the servers."""

    world: t.Any
    traffic: Traffic
    port: int

    @property
    def state(self) -> DnsState:
        return t.cast(DnsState, self.world.dns)

    def serial(self) -> int:
        return t.cast(int, self.state.view()["contoso.com"]["serial"])

    def records(self) -> list[str]:
        return t.cast("list[str]", self.state.view()["contoso.com"]["records"])

    def query(self, name: str, rdtype: str, *, at: str = PRIMARY, tcp: bool = False) -> dns.message.Message:
        ask = dns.query.tcp if tcp else dns.query.udp
        return ask(dns.message.make_query(name, rdtype), at, port=self.port, timeout=TIMEOUT)

    def texts(self, name: str, rdtype: str, *, at: str = PRIMARY) -> list[str]:
        return [rdata.to_text() for rrset in self.query(name, rdtype, at=at).answer for rdata in rrset]

    def send(self, message: dns.message.Message, *, at: str = PRIMARY) -> str:
        """Send an update; returns the response code's name."""
        response = dns.query.tcp(message, at, port=self.port, timeout=TIMEOUT)
        return dns.rcode.to_text(response.rcode())


def new_world() -> t.Any:
    """As much of a world as the servers read."""
    return types.SimpleNamespace(lock=threading.RLock(), dns=DnsState.seed())


@pytest.fixture(name="servers", scope="module")
def fixture_servers() -> t.Iterator[Lab]:
    world, traffic = new_world(), Traffic()
    servers = DnsServer(world, traffic=traffic, addresses=(PRIMARY, SECONDARY))
    resolver = DnsServer(world, traffic=traffic, name="resolver", addresses=(RESOLVER,), port=servers.port, recursive=True)
    servers.start()
    resolver.start()
    try:
        yield Lab(world, traffic, servers.port)
    finally:
        resolver.stop()
        servers.stop()


@pytest.fixture(name="lab")
def fixture_lab(servers: Lab) -> Lab:
    servers.world.dns = DnsState.seed()
    servers.traffic.reset()
    return servers


def update(zone: str = "contoso.com", **options: t.Any) -> dns.update.UpdateMessage:
    """An update signed with the lab's key, unless told otherwise."""
    return dns.update.UpdateMessage(zone, **({"keyring": KEYRING, "keyalgorithm": contoso.TSIG_ALGORITHM} | options))


# Queries


@pytest.mark.parametrize("at", [PRIMARY, SECONDARY])
@pytest.mark.parametrize("tcp", [False, True])
def test_every_name_server_answers_with_authority(lab: Lab, at: str, tcp: bool) -> None:
    response = lab.query("contoso.com", "MX", at=at, tcp=tcp)
    assert response.rcode() == dns.rcode.NOERROR
    assert [rdata.to_text() for rdata in response.answer[0]] == ["10 mail.contoso.com."]
    assert response.flags & dns.flags.AA
    assert not response.flags & dns.flags.RA


def test_name_servers_are_found_by_ns_and_a(lab: Lab) -> None:
    assert sorted(lab.texts("contoso.com", "NS")) == ["ns1.contoso.com.", "ns2.contoso.com."]
    assert lab.texts("ns1.contoso.com", "A") == [PRIMARY]
    assert lab.texts("ns2.contoso.com", "A") == [SECONDARY]


def test_names_compare_without_case(lab: Lab) -> None:
    assert lab.texts("MAIL.Contoso.COM", "A") == ["127.0.0.25"]


def test_negative_answers_carry_the_soa(lab: Lab) -> None:
    missing_name = lab.query("nothere.contoso.com", "MX")
    missing_type = lab.query("mail.contoso.com", "MX")
    assert missing_name.rcode() == dns.rcode.NXDOMAIN
    assert missing_type.rcode() == dns.rcode.NOERROR
    for response in (missing_name, missing_type):
        assert not response.answer
        assert response.authority[0].rdtype == dns.rdatatype.SOA


def test_name_with_records_only_below_it_exists(lab: Lab) -> None:
    lab.state.zones["contoso.com."].add("deep.down.contoso.com", "A", "127.0.0.1")
    assert lab.query("down.contoso.com", "A").rcode() == dns.rcode.NOERROR


def test_alias_is_followed_inside_the_zones_only(lab: Lab) -> None:
    lab.state.zones["contoso.com."].add("inside.contoso.com", "CNAME", "mail.contoso.com.")
    lab.state.zones["contoso.com."].add("outside.contoso.com", "CNAME", "autodiscover.outlook.com.")
    assert lab.texts("inside.contoso.com", "A") == ["mail.contoso.com.", "127.0.0.25"]
    assert lab.texts("inside.contoso.com", "CNAME") == ["mail.contoso.com."]
    assert lab.texts("outside.contoso.com", "A") == ["autodiscover.outlook.com."]


def test_wildcard_answers_for_names_that_do_not_exist(lab: Lab) -> None:
    lab.state.zones["contoso.com."].add("*.contoso.com", "MX", "5 any.contoso.com.")
    assert lab.texts("groups.contoso.com", "MX") == ["5 any.contoso.com."]
    assert lab.texts("mail.contoso.com", "MX") == []


def test_foreign_name_is_refused(lab: Lab) -> None:
    response = lab.query("example.org", "MX")
    assert response.rcode() == dns.rcode.REFUSED
    assert not response.flags & dns.flags.AA


def test_any_query_gives_all_types(lab: Lab) -> None:
    assert {rrset.rdtype for rrset in lab.query("contoso.com", "ANY", tcp=True).answer} == {
        dns.rdatatype.SOA,
        dns.rdatatype.NS,
        dns.rdatatype.MX,
    }


def test_resolver_answers_without_authority(lab: Lab) -> None:
    response = lab.query("contoso.com", "MX", at=RESOLVER)
    assert response.answer
    assert response.flags & dns.flags.RA
    assert not response.flags & dns.flags.AA
    assert lab.query("example.org", "MX", at=RESOLVER).rcode() == dns.rcode.NXDOMAIN
    assert lab.query("com", "SOA", at=RESOLVER).rcode() == dns.rcode.NOERROR
    assert lab.send(update(), at=RESOLVER) == "NOTAUTH"


def test_dnspython_finds_the_zone_through_the_resolver(lab: Lab) -> None:
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [RESOLVER]
    resolver.port = lab.port
    assert dns.resolver.zone_for_name("groups.contoso.com", resolver=resolver).to_text() == "contoso.com."


def test_long_answer_is_truncated_over_udp_and_whole_over_tcp(lab: Lab) -> None:
    for number in range(40):
        lab.state.zones["contoso.com."].add("many.contoso.com", "TXT", f'"value {number} {"x" * 40}"')
    small = lab.query("many.contoso.com", "TXT")
    assert small.flags & dns.flags.TC
    assert not small.answer
    assert len(lab.query("many.contoso.com", "TXT", tcp=True).answer[0]) == 40
    with_edns = dns.message.make_query("many.contoso.com", "TXT", use_edns=0, payload=4096)
    assert len(dns.query.udp(with_edns, PRIMARY, port=lab.port, timeout=TIMEOUT).answer[0]) == 40


def test_unknown_edns_version_is_told_so(lab: Lab) -> None:
    query = dns.message.make_query("contoso.com", "MX", use_edns=1)
    assert dns.query.udp(query, PRIMARY, port=lab.port, timeout=TIMEOUT).rcode() == dns.rcode.BADVERS


def test_a_server_from_before_edns_refuses_it(lab: Lab) -> None:
    lab.state.without_edns = {PRIMARY}
    query = dns.message.make_query("contoso.com", "MX", use_edns=0)
    response = dns.query.udp(query, PRIMARY, port=lab.port, timeout=TIMEOUT)
    assert response.rcode() == dns.rcode.FORMERR
    assert response.edns == -1
    assert lab.texts("contoso.com", "MX") == ["10 mail.contoso.com."]


def test_a_delegated_zone_is_referred_to_its_servers(lab: Lab) -> None:
    child = Zone.new("groups.contoso.com")
    lab.state.zones[child.origin] = child
    lab.state.zones["contoso.com."].add("groups.contoso.com", "NS", "ns2.contoso.com.")
    lab.state.hosts = {child.origin: {SECONDARY}}
    response = lab.query("autodiscover.groups.contoso.com", "CNAME")
    assert not response.flags & dns.flags.AA
    assert not response.answer
    assert [str(rrset) for rrset in response.authority] == ["groups.contoso.com. 3600 IN NS ns2.contoso.com."]
    assert [str(rrset) for rrset in response.additional] == [f"ns2.contoso.com. 300 IN A {SECONDARY}"]
    assert lab.texts("groups.contoso.com", "MX", at=SECONDARY) == ["10 mail.groups.contoso.com."]
    assert lab.texts("groups.contoso.com", "MX", at=RESOLVER) == ["10 mail.groups.contoso.com."]
    assert lab.send(update("groups.contoso.com")) == "NOTAUTH"
    assert lab.send(update("groups.contoso.com"), at=SECONDARY) == "NOERROR"


def test_a_resolver_may_have_a_zone_of_its_own(lab: Lab) -> None:
    inside = DnsState({zone.origin: zone for zone in [Zone.new("contoso.com")]})
    inside.zones["contoso.com."].add("ex1.contoso.com", "A", "127.0.0.9")
    server = DnsServer(
        lab.world, traffic=lab.traffic, addresses=("127.0.0.4",), port=lab.port, recursive=True, own=lambda: inside
    )
    server.start()
    try:
        response = lab.query("ex1.contoso.com", "A", at="127.0.0.4")
        assert response.flags & dns.flags.AA
        assert response.answer
        assert lab.query("groups.contoso.com", "MX", at="127.0.0.4").rcode() == dns.rcode.NXDOMAIN
        assert not lab.query("fabrikam.com", "MX", at="127.0.0.4").flags & dns.flags.AA
        change = update()
        change.add("groups", 300, "MX", "0 mail.example.")
        assert lab.send(change, at="127.0.0.4") == "NOERROR"
        assert inside.values("groups.contoso.com", "MX") == ["0 mail.example."]
        assert lab.texts("groups.contoso.com", "MX") == []
    finally:
        server.stop()


def test_other_opcodes_are_not_implemented(lab: Lab) -> None:
    notify = dns.message.make_query("contoso.com", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    assert lab.send(notify) == "NOTIMP"


@pytest.mark.parametrize("junk", [b"\x12\x34\x01\x00\x00\x05" + bytes(6), b"\x12\x34" + b"\x01\x00" + b"\xff" * 20])
def test_malformed_message_gets_formerr(lab: Lab, junk: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT)
        client.sendto(junk, (PRIMARY, lab.port))
        answer = client.recv(512)
    request_id, flags = struct.unpack("!HH", answer[:4])
    assert request_id == 0x1234
    assert flags & dns.flags.QR
    assert flags & 0xF == dns.rcode.FORMERR


# Updates


def test_update_adds_records_and_raises_the_serial_once(lab: Lab) -> None:
    before = lab.serial()
    message = update()
    message.replace("groups", 3600, "MX", "0 groups-contoso-com.mail.protection.outlook.com.")
    message.replace("autodiscover.groups", 300, "CNAME", "autodiscover.outlook.com.")
    assert lab.send(message) == "NOERROR"
    assert lab.serial() == before + 1
    for at in (PRIMARY, SECONDARY, RESOLVER):
        assert lab.texts("groups.contoso.com", "MX", at=at) == ["0 groups-contoso-com.mail.protection.outlook.com."]
    assert "autodiscover.groups.contoso.com. 300 IN CNAME autodiscover.outlook.com." in lab.records()


def test_repeated_update_changes_nothing(lab: Lab) -> None:
    message = update()
    message.add("groups", 3600, "MX", "0 Groups.example.net.")
    lab.send(message)
    view = lab.state.view()
    again = update()
    again.add("GROUPS", 3600, "MX", "0 groups.EXAMPLE.net.")
    assert lab.send(again) == "NOERROR"
    assert lab.state.view() == view


def test_add_joins_the_record_set_and_sets_its_ttl(lab: Lab) -> None:
    message = update()
    message.add("txt", 600, "TXT", '"one"')
    message.add("txt", 60, "TXT", '"two"')
    lab.send(message)
    assert [line for line in lab.records() if line.startswith("txt.")] == [
        'txt.contoso.com. 60 IN TXT "one"',
        'txt.contoso.com. 60 IN TXT "two"',
    ]


def test_delete_one_record_a_set_and_a_name(lab: Lab) -> None:
    lab.state.zones["contoso.com."].add("x.contoso.com", "TXT", '"one"')
    lab.state.zones["contoso.com."].add("x.contoso.com", "TXT", '"two"')
    lab.state.zones["contoso.com."].add("x.contoso.com", "A", "127.0.0.9")
    one = update()
    one.delete("x", "TXT", '"one"')
    lab.send(one)
    assert lab.texts("x.contoso.com", "TXT") == ['"two"']
    whole_set = update()
    whole_set.delete("x", "TXT")
    lab.send(whole_set)
    assert lab.texts("x.contoso.com", "TXT") == []
    assert lab.texts("x.contoso.com", "A") == ["127.0.0.9"]
    name = update()
    name.delete("x")
    lab.send(name)
    assert lab.query("x.contoso.com", "A").rcode() == dns.rcode.NXDOMAIN


def test_apex_keeps_its_soa_and_name_servers(lab: Lab) -> None:
    message = update()
    message.delete("@")
    message.delete("@", "NS", "ns1.contoso.com.")
    message.delete("@", "NS", "ns2.contoso.com.")
    assert lab.send(message) == "NOERROR"
    assert lab.texts("contoso.com", "NS") == ["ns2.contoso.com."]
    assert lab.texts("contoso.com", "MX") == []
    assert lab.query("contoso.com", "SOA").answer


def test_cname_beside_other_data_is_silently_ignored(lab: Lab) -> None:
    lab.state.zones["contoso.com."].add("alias.contoso.com", "CNAME", "mail.contoso.com.")
    view = lab.state.view()
    cname_at_data = update()
    cname_at_data.add("mail", 300, "CNAME", "x.example.net.")
    data_at_cname = update()
    data_at_cname.add("alias", 300, "MX", "0 x.example.net.")
    assert lab.send(cname_at_data) == "NOERROR"
    assert lab.send(data_at_cname) == "NOERROR"
    assert lab.state.view() == view


def test_cname_replaces_cname(lab: Lab) -> None:
    lab.state.zones["contoso.com."].add("alias.contoso.com", "CNAME", "mail.contoso.com.")
    message = update()
    message.add("alias", 300, "CNAME", "autodiscover.outlook.com.")
    lab.send(message)
    assert lab.texts("alias.contoso.com", "CNAME") == ["autodiscover.outlook.com."]


def test_soa_is_replaced_only_by_a_later_serial(lab: Lab) -> None:
    before = lab.serial()
    for serial in (before, before + 10):
        message = update()
        message.add("@", 300, "SOA", f"ns1.contoso.com. hostmaster.contoso.com. {serial} 1 1 1 1")
        assert lab.send(message) == "NOERROR"
    assert lab.serial() == before + 10


@pytest.mark.parametrize(
    ("method", "arguments", "rcode"),
    [
        ("present", ("nothere",), "NXDOMAIN"),
        ("present", ("mail", "MX"), "NXRRSET"),
        ("present", ("mail", "A", "127.0.0.99"), "NXRRSET"),
        ("absent", ("mail",), "YXDOMAIN"),
        ("absent", ("mail", "A"), "YXRRSET"),
        ("present", ("x.example.org.",), "NOTZONE"),
        ("present", ("mail",), "NOERROR"),
        ("present", ("mail", "A"), "NOERROR"),
        ("present", ("mail", "A", "127.0.0.25"), "NOERROR"),
        ("absent", ("nothere",), "NOERROR"),
        ("absent", ("mail", "MX"), "NOERROR"),
    ],
)
def test_prerequisites(lab: Lab, method: str, arguments: tuple[str, ...], rcode: str) -> None:
    message = update()
    getattr(message, method)(*arguments)
    message.add("new", 300, "TXT", '"value"')
    assert lab.send(message) == rcode
    assert bool(lab.texts("new.contoso.com", "TXT")) == (rcode == "NOERROR")


def test_update_is_all_or_nothing(lab: Lab) -> None:
    view = lab.state.view()
    message = update()
    message.add("new", 300, "TXT", '"value"')
    message.add("new.example.org.", 300, "TXT", '"value"')
    assert lab.send(message) == "NOTZONE"
    assert lab.state.view() == view


def test_zone_of_others_is_not_ours_and_the_answer_is_signed(lab: Lab) -> None:
    message = update("example.org")
    message.add("x", 300, "TXT", '"value"')
    response = dns.query.tcp(message, PRIMARY, port=lab.port, timeout=TIMEOUT)
    assert dns.rcode.to_text(response.rcode()) == "NOTAUTH"
    assert response.had_tsig


# TSIG


def test_update_without_a_key_is_refused(lab: Lab) -> None:
    view = lab.state.view()
    message = update(keyring=None)
    message.add("x", 300, "TXT", '"value"')
    assert lab.send(message) == "REFUSED"
    assert lab.state.view() == view


@pytest.mark.parametrize(
    ("key_name", "algorithm", "expected"),
    [
        (contoso.TSIG_KEY_NAME, contoso.TSIG_ALGORITHM, dns.tsig.PeerBadSignature),
        ("stranger.", contoso.TSIG_ALGORITHM, dns.tsig.PeerBadKey),
        (contoso.TSIG_KEY_NAME, "hmac-sha512", dns.tsig.PeerBadKey),
    ],
)
def test_wrong_key_is_told_so(lab: Lab, key_name: str, algorithm: str, expected: type[dns.exception.DNSException]) -> None:
    view = lab.state.view()
    secret = base64.b64encode(b"another secret of thirty-two byt").decode()
    keyring = dns.tsigkeyring.from_text({key_name: (algorithm, secret)})
    message = update(keyring=keyring)
    message.add("x", 300, "TXT", '"value"')
    with pytest.raises(expected):
        dns.query.tcp(message, PRIMARY, port=lab.port, timeout=TIMEOUT)
    assert lab.state.view() == view


def test_wrong_clock_is_told_so_in_a_signed_answer(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    message = update()
    message.add("x", 300, "TXT", '"value"')
    with monkeypatch.context() as clock:
        clock.setattr(dns.message, "time", types.SimpleNamespace(time=lambda: 1_000_000_000))
        wire = message.to_wire()
    with socket.create_connection((PRIMARY, lab.port), timeout=TIMEOUT) as client:
        client.sendall(struct.pack("!H", len(wire)) + wire)
        answer = client.makefile("rb").read(struct.unpack("!H", client.recv(2))[0])
    response = dns.message.from_wire(answer, keyring=False)
    assert response.rcode() == dns.rcode.NOTAUTH
    assert response.tsig is not None
    tsig = response.tsig[0]
    assert tsig.error == dns.rcode.BADTIME
    assert tsig.time_signed == 1_000_000_000
    assert len(tsig.other) == 6
    response.tsig = None
    unsigned = response.to_wire()
    key = dns.tsig.Key(contoso.TSIG_KEY_NAME, contoso.TSIG_SECRET, contoso.TSIG_ALGORITHM)
    assert dns.tsig.sign(unsigned, key, tsig, tsig.time_signed, request_mac=message.mac)[0].mac == tsig.mac
    assert not lab.texts("x.contoso.com", "TXT")


# Zone transfer


def test_zone_transfer_needs_a_key(lab: Lab) -> None:
    zone = dns.zone.from_xfr(
        dns.query.xfr(PRIMARY, "contoso.com", port=lab.port, keyring=KEYRING, keyalgorithm=contoso.TSIG_ALGORITHM)
    )
    assert {name.to_text() for name in zone.nodes} == {"@", "ns1", "ns2", "mail"}
    with pytest.raises(dns.query.TransferError) as failure:
        list(dns.query.xfr(PRIMARY, "contoso.com", port=lab.port))
    assert failure.value.rcode == dns.rcode.REFUSED


# Faults


def test_planted_servfail(lab: Lab) -> None:
    lab.state.servfail.add("groups.contoso.com")
    for at in (PRIMARY, SECONDARY, RESOLVER):
        assert lab.query("Groups.contoso.com", "MX", at=at).rcode() == dns.rcode.SERVFAIL
    assert lab.query("contoso.com", "MX").rcode() == dns.rcode.NOERROR


def test_lagging_secondary_catches_up_after_so_many_queries(lab: Lab) -> None:
    lab.state.lag[SECONDARY] = 2
    assert lab.texts("mail.contoso.com", "A", at=SECONDARY) == ["127.0.0.25"]
    message = update()
    message.add("new", 300, "TXT", '"value"')
    lab.send(message)
    assert lab.texts("new.contoso.com", "TXT", at=PRIMARY) == ['"value"']
    assert lab.query("new.contoso.com", "TXT", at=SECONDARY).rcode() == dns.rcode.NXDOMAIN
    assert lab.query("new.contoso.com", "TXT", at=SECONDARY).rcode() == dns.rcode.NXDOMAIN
    assert lab.texts("new.contoso.com", "TXT", at=SECONDARY) == ['"value"']


def test_secondary_that_never_follows_until_told(lab: Lab) -> None:
    lab.state.lag[SECONDARY] = -1
    for name in ("first", "second"):
        message = update()
        message.add(name, 300, "TXT", '"value"')
        lab.send(message)
    for _attempt in range(3):
        assert lab.texts("first.contoso.com", "TXT", at=SECONDARY) == []
    lab.state.catch_up(SECONDARY)
    assert lab.texts("second.contoso.com", "TXT", at=SECONDARY) == ['"value"']


def test_traffic_is_noted_and_datagrams_can_be_lost(lab: Lab) -> None:
    lab.texts("contoso.com", "MX")
    assert lab.traffic.log[-1] == ("dns", "QUERY contoso.com. MX")
    lab.traffic.set_fault(Fault(at=1, lose="request", once=True))
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(dns.message.make_query("contoso.com", "MX"), PRIMARY, port=lab.port, timeout=0.1)
    assert lab.texts("contoso.com", "MX")


def test_lost_answer_to_an_update_that_landed(lab: Lab) -> None:
    lab.traffic.set_fault(Fault(at=1, lose="answer", once=True))
    message = update()
    message.add("new", 300, "TXT", '"value"')
    with pytest.raises(EOFError):
        lab.send(message)
    assert lab.texts("new.contoso.com", "TXT") == ['"value"']
    assert lab.traffic.log[0] == ("dns", "UPDATE contoso.com. SOA")


def test_state_can_be_copied_and_put_back(lab: Lab) -> None:
    snapshot = copy.deepcopy(lab.state)
    message = update()
    message.add("new", 300, "TXT", '"value"')
    lab.send(message)
    assert lab.state.view() != snapshot.view()
    lab.world.dns = snapshot
    assert lab.texts("new.contoso.com", "TXT") == []


def test_stop_ends_open_connections_and_threads() -> None:
    world = new_world()
    before = set(threading.enumerate())
    server = DnsServer(world, traffic=Traffic())
    server.start()
    with socket.create_connection((PRIMARY, server.port), timeout=TIMEOUT) as client:
        query = dns.message.make_query("contoso.com", "MX").to_wire()
        client.sendall(struct.pack("!H", len(query)) + query)
        assert client.recv(2)
        server.stop()
    assert not set(threading.enumerate()) - before


def test_server_that_never_started_can_be_stopped() -> None:
    DnsServer(new_world(), traffic=Traffic()).stop()
