# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answering DNS queries from zones (RFC 1034 4.3.2)."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset

from lab.dns.zones import Zone, enclosing_zone

MAX_CHAIN = 8


def answer_query(zones: dict[str, Zone], request: dns.message.Message, response: dns.message.Message, *, recursive: bool) -> None:
    """Fill in the response to a query of one question.

    :param recursive: answer as a resolver does: RA is set and AA is not; a name outside all zones does not exist
    """
    question = request.question[0]
    if question.rdclass != dns.rdataclass.IN:
        response.set_rcode(dns.rcode.REFUSED)
        return
    if not recursive:
        if enclosing_zone(zones, question.name) is None:
            response.set_rcode(dns.rcode.REFUSED)
            return
        response.flags |= dns.flags.AA
    _follow(zones, question.name, question.rdtype, response, recursive=recursive)


def zone_transfer(zone: Zone, response: dns.message.Message) -> None:
    """All records of a zone between two copies of its SOA (RFC 5936 2.2), in one message: lab zones are small."""
    response.flags |= dns.flags.AA
    origin = dns.name.from_text(zone.origin)
    soa = _rrset(origin, zone.names[zone.origin]["SOA"].rdataset("SOA"))
    response.answer.append(soa)
    for owner, rdatasets in zone.names.items():
        for rdtype, record_set in rdatasets.items():
            if rdtype != "SOA":
                response.answer.append(_rrset(dns.name.from_text(owner), record_set.rdataset(rdtype)))
    response.answer.append(soa)


def _follow(
    zones: dict[str, Zone],
    name: dns.name.Name,
    rdtype: dns.rdatatype.RdataType,
    response: dns.message.Message,
    *,
    recursive: bool,
) -> None:
    """Answer for a name and for what its alias, if it is one, stands for (RFC 1034 4.3.2 step 3a)."""
    for _step in range(MAX_CHAIN):
        zone = enclosing_zone(zones, name)
        if zone is None:
            if recursive:
                _outside(zones, name, response)
            return
        cut = _cut(zone, name)
        if cut is not None:
            _refer(zone, cut, response)
            return
        source = _source(zone, name)
        if source is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
            _add_soa(zone, response)
            return
        alias = zone.get(source, dns.rdatatype.CNAME)
        if alias is not None and rdtype not in (dns.rdatatype.CNAME, dns.rdatatype.ANY):
            response.answer.append(_rrset(name, alias))
            name = alias[0].target
            continue
        wanted = zone.types(source) if rdtype == dns.rdatatype.ANY else [rdtype]
        found = [rdataset for wanted_type in wanted if (rdataset := zone.get(source, wanted_type))]
        response.answer.extend(_rrset(name, rdataset) for rdataset in found)
        if not found:
            _add_soa(zone, response)
        return


def _cut(zone: Zone, name: dns.name.Name) -> dns.name.Name | None:
    """The topmost name at or above this one, below the zone's own, that has NS records (RFC 1034 4.3.2 step 3b)."""
    origin = dns.name.from_text(zone.origin)
    cut = None
    while name != origin:
        if zone.get(name, dns.rdatatype.NS):
            cut = name
        name = name.parent()
    return cut


def _refer(zone: Zone, cut: dns.name.Name, response: dns.message.Message) -> None:
    """Name the servers of a delegated zone, with their addresses where this zone has them, not as an authority."""
    response.flags &= ~dns.flags.AA
    servers = zone.get(cut, dns.rdatatype.NS)
    if servers is None:
        raise ValueError(f"{cut} has no NS records")
    response.authority.append(_rrset(cut, servers))
    for server in servers:
        if server.target.is_subdomain(dns.name.from_text(zone.origin)):
            address = zone.get(server.target, dns.rdatatype.A)
            if address:
                response.additional.append(_rrset(server.target, address))


def _source(zone: Zone, name: dns.name.Name) -> dns.name.Name | None:
    """The name whose records answer for a name: itself, or the wildcard beside it (RFC 4592 3.3.1); None: NXDOMAIN."""
    if zone.types(name) or zone.holds_below(name):
        return name
    encloser = name.parent()
    while not (zone.types(encloser) or zone.holds_below(encloser)):
        encloser = encloser.parent()
    wildcard = dns.name.Name((b"*", *encloser.labels))
    return wildcard if zone.types(wildcard) else None


def _outside(zones: dict[str, Zone], name: dns.name.Name, response: dns.message.Message) -> None:
    """A resolver's answer for a name outside all zones.

    # assumed: NXDOMAIN. The lab's zones are the whole of its name space, so nothing else exists. A real resolver cut off
    # from the root would say SERVFAIL, which clients take for a passing fault and wait out. Names above a zone do exist.
    """
    if not any(dns.name.from_text(origin).is_subdomain(name) for origin in zones):
        response.set_rcode(dns.rcode.NXDOMAIN)


def _add_soa(zone: Zone, response: dns.message.Message) -> None:
    """A negative answer carries the zone's SOA (RFC 2308 3)."""
    response.authority.append(_rrset(dns.name.from_text(zone.origin), zone.names[zone.origin]["SOA"].rdataset("SOA")))


def _rrset(name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
