# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of the lab's DNS: zones as text, and which server still shows an older copy of them."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

import dns.name
import dns.rdata
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.SOA

from lab import contoso

PRIMARY_ADDRESS = "127.0.0.1"
SECONDARY_ADDRESS = "127.0.0.2"
MAX_SERIAL = 0xFFFFFFFF
FOR_EVER = -1


@dataclasses.dataclass
class RecordSet:
    """The records of one name and type (RFC 2181 5): they share one TTL, in seconds."""

    ttl: int
    values: list[str]

    def rdataset(self, rdtype: str) -> dns.rdataset.Rdataset:
        """As dnspython's type, in which names compare without regard to case (RFC 2136 1.1.1)."""
        return dns.rdataset.from_text_list("IN", rdtype, self.ttl, self.values)


@dataclasses.dataclass
class Zone:
    """One zone; ``names`` maps an owner name (absolute, lower case) to its record sets by type."""

    origin: str
    names: dict[str, dict[str, RecordSet]]

    @classmethod
    def new(cls, domain: str) -> Zone:
        """A zone with two name servers on loopback and a mail server."""
        origin = owner_name(domain)
        zone = cls(origin, {})
        zone.add(origin, "SOA", f"ns1.{origin} hostmaster.{origin} 1 3600 600 86400 300", ttl=300)
        for label, address in (("ns1", PRIMARY_ADDRESS), ("ns2", SECONDARY_ADDRESS)):
            zone.add(origin, "NS", f"{label}.{origin}", ttl=300)
            zone.add(f"{label}.{origin}", "A", address, ttl=300)
        zone.add(origin, "MX", f"10 mail.{origin}", ttl=300)
        zone.add(f"mail.{origin}", "A", "127.0.0.25", ttl=300)
        return zone

    def add(self, name: str, rdtype: str, value: str, *, ttl: int = 3600) -> None:
        """Put one record into the zone as if it had been there from the start: no checks, the serial stays.

        :param value: RDATA in master file form (RFC 1035 5.1), names absolute
        """
        rdatasets = self.names.setdefault(owner_name(name), {})
        record_set = rdatasets.setdefault(rdtype, RecordSet(ttl, []))
        record_set.ttl = ttl
        record_set.values.append(dns.rdata.from_text("IN", rdtype, value).to_text())

    def get(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.rdataset.Rdataset | None:
        """The records of one name and type, or None."""
        text = dns.rdatatype.to_text(rdtype)
        record_set = self.names.get(_key(name), {}).get(text)
        return record_set.rdataset(text) if record_set else None

    def types(self, name: dns.name.Name) -> list[dns.rdatatype.RdataType]:
        """The types a name has records of; empty when it has none."""
        return [dns.rdatatype.from_text(text) for text in self.names.get(_key(name), {})]

    def put(self, name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> None:
        """Replace the records of one name and type."""
        values = [rdata.to_text() for rdata in rdataset]
        self.names.setdefault(_key(name), {})[dns.rdatatype.to_text(rdataset.rdtype)] = RecordSet(rdataset.ttl, values)

    def delete(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> None:
        """Remove the records of one name and type, if any."""
        key = _key(name)
        rdatasets = self.names.get(key, {})
        rdatasets.pop(dns.rdatatype.to_text(rdtype), None)
        if not rdatasets:
            self.names.pop(key, None)

    def holds_below(self, name: dns.name.Name) -> bool:
        """Whether a name below this one has records, which makes this an empty non-terminal (RFC 8020 2)."""
        suffix = "." + _key(name)
        return any(owner.endswith(suffix) for owner in self.names)

    @property
    def soa(self) -> dns.rdtypes.ANY.SOA.SOA:
        """The zone's start of authority."""
        return t.cast("dns.rdtypes.ANY.SOA.SOA", self.names[self.origin]["SOA"].rdataset("SOA")[0])

    def raise_serial(self) -> None:
        """The next serial number (RFC 1982 3.1); zero is left out, as RFC 2136 4.2 asks."""
        soa = self.soa
        serial = soa.serial % MAX_SERIAL + 1
        self.names[self.origin]["SOA"].values = [soa.replace(serial=serial).to_text()]


@dataclasses.dataclass
class StaleCopy:
    """What a server that has not yet fetched the last update still answers."""

    zones: dict[str, Zone]
    queries: int
    """Answers it gives from this copy before it catches up; FOR_EVER: until it is told to."""


@dataclasses.dataclass
class DnsState:
    """All zones by origin, and the faults planted on them.

    :ivar servfail: names for which every server answers SERVFAIL
    :ivar lag: server address to the number of queries it answers from its old copy after each update (FOR_EVER: until
        :meth:`catch_up`). Models secondaries and resolver caches that follow the primary late (RFC 1034 4.3.5) without
        clocks: a waiting client gets the new answer after so many questions.
    :ivar hosts: zone to the addresses of the only servers that have it, where not all do; the others delegate it
    :ivar without_edns: addresses of servers that know no EDNS
    """

    zones: dict[str, Zone]
    servfail: set[str] = dataclasses.field(default_factory=set)
    lag: dict[str, int] = dataclasses.field(default_factory=dict)
    stale: dict[str, StaleCopy] = dataclasses.field(default_factory=dict)
    hosts: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    without_edns: set[str] = dataclasses.field(default_factory=set)

    @classmethod
    def seed(cls) -> DnsState:
        """The zones of contoso."""
        zones = [Zone.new(domain) for domain in contoso.ZONES]
        return cls({zone.origin: zone for zone in zones})

    def view(self) -> dict[str, t.Any]:
        """Zone to serial and records as sorted text; the SOA appears as its serial only."""
        return {
            zone.origin.rstrip("."): {
                "serial": zone.soa.serial,
                "records": sorted(
                    f"{name} {record_set.ttl} IN {rdtype} {value}"
                    for name, rdatasets in zone.names.items()
                    for rdtype, record_set in rdatasets.items()
                    if rdtype != "SOA"
                    for value in record_set.values
                ),
            }
            for zone in self.zones.values()
        }

    def values(self, name: str, rdtype: str) -> list[str]:
        """The values of a name as they stand on the primary, in master file form; empty when there are none."""
        zone = enclosing_zone(self.zones, dns.name.from_text(name))
        if zone is None:
            return []
        record_set = zone.names.get(owner_name(name), {}).get(rdtype)
        return list(record_set.values) if record_set else []

    def seen_by(self, address: str) -> dict[str, Zone]:
        """The zones as the server at this address answers one query from them; counts the query against its lag."""
        copy_held = self.stale.get(address)
        if copy_held is None:
            return self.zones
        if copy_held.queries != FOR_EVER:
            copy_held.queries -= 1
            if copy_held.queries == 0:
                self.catch_up(address)
        return copy_held.zones

    def served_by(self, address: str) -> set[str]:
        """The origins of the zones that the server at this address has."""
        return {origin for origin in self.zones if address in self.hosts.get(origin, {address})}

    def catch_up(self, address: str) -> None:
        """Let a lagging server fetch the zones now."""
        self.stale.pop(address, None)

    def replace(self, zone: Zone) -> None:
        """Put a changed zone in place; lagging servers keep what they answered before."""
        for address, queries in self.lag.items():
            held = self.stale.get(address)
            before = held.zones if held else copy.deepcopy(self.zones)
            if queries:
                self.stale[address] = StaleCopy(before, queries)
        self.zones[zone.origin] = zone


def owner_name(name: str) -> str:
    """A name as the zones spell it: absolute, lower case."""
    return name.rstrip(".").lower() + "."


def _key(name: dns.name.Name) -> str:
    return owner_name(name.to_text())


def enclosing_zone(zones: dict[str, Zone], name: dns.name.Name) -> Zone | None:
    """The zone a name belongs to: the nearest one above or at it."""
    while name != dns.name.root:
        zone = zones.get(_key(name))
        if zone is not None:
            return zone
        name = name.parent()
    return None
