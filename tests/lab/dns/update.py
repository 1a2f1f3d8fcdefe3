# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dynamic update of a zone: RFC 2136, section by section."""

from __future__ import annotations

import copy

import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.serial
import dns.update

from lab.dns.zones import DnsState, Zone

# Types that may stand beside a CNAME (RFC 2136 3.4.2.2, RFC 4035 2.5).
BESIDE_CNAME = frozenset({dns.rdatatype.CNAME, dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.KEY})


class UpdateRefused(Exception):
    """The update is refused whole.

    :ivar rcode: what the requestor is told
    """

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(rcode))
        self.rcode = rcode


def apply_update(state: DnsState, update: dns.update.UpdateMessage, *, signed: bool) -> None:
    """Carry out an update message: all of it or nothing (RFC 2136 3.7).

    :param signed: it carried a valid TSIG of a known key; without one it is refused (3.3)
    :raises UpdateRefused: nothing has changed
    """
    zone = _zone(state, update)
    if not signed:
        raise UpdateRefused(dns.rcode.REFUSED)
    _check_prerequisites(zone, update.prerequisite)
    _prescan(zone, update.update)
    changed = copy.deepcopy(zone)
    for record in update.update:
        _apply(changed, record)
    if changed == zone:
        return
    if changed.soa == zone.soa:
        changed.raise_serial()
    state.replace(changed)


def _zone(state: DnsState, update: dns.update.UpdateMessage) -> Zone:
    """The zone section (3.1)."""
    if len(update.zone) != 1 or update.zone[0].rdtype != dns.rdatatype.SOA:
        raise UpdateRefused(dns.rcode.FORMERR)
    named = update.zone[0]
    zone = state.zones.get(named.name.to_text().lower())
    if zone is None or named.rdclass != dns.rdataclass.IN:
        raise UpdateRefused(dns.rcode.NOTAUTH)
    return zone


def _check_prerequisites(zone: Zone, prerequisites: list[dns.rrset.RRset]) -> None:
    """The prerequisite section (3.2.5)."""
    expected: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set[dns.rdata.Rdata]] = {}
    for record in prerequisites:
        if record.ttl != 0:
            raise UpdateRefused(dns.rcode.FORMERR)
        _check_in_zone(zone, record)
        if record.deleting == dns.rdataclass.ANY:
            if not _in_use(zone, record):
                whole_name = record.rdtype == dns.rdatatype.ANY
                raise UpdateRefused(dns.rcode.NXDOMAIN if whole_name else dns.rcode.NXRRSET)
        elif record.deleting == dns.rdataclass.NONE:
            if _in_use(zone, record):
                whole_name = record.rdtype == dns.rdatatype.ANY
                raise UpdateRefused(dns.rcode.YXDOMAIN if whole_name else dns.rcode.YXRRSET)
        elif record.rdclass == dns.rdataclass.IN:
            expected.setdefault((record.name, record.rdtype), set()).update(record)
        else:
            raise UpdateRefused(dns.rcode.FORMERR)
    for (name, rdtype), rdatas in expected.items():
        rdataset = zone.get(name, rdtype)
        if rdataset is None or set(rdataset) != rdatas:
            raise UpdateRefused(dns.rcode.NXRRSET)


def _in_use(zone: Zone, record: dns.rrset.RRset) -> bool:
    """Whether the name has records of the type asked for, ANY being any type."""
    if record.rdtype == dns.rdatatype.ANY:
        return bool(zone.types(record.name))
    return zone.get(record.name, record.rdtype) is not None


def _prescan(zone: Zone, updates: list[dns.rrset.RRset]) -> None:
    """Look over the whole update section before anything is changed (3.4.1)."""
    for record in updates:
        _check_in_zone(zone, record)
        if record.deleting is None:
            valid = record.rdclass == dns.rdataclass.IN and not dns.rdatatype.is_metatype(record.rdtype)
        elif record.deleting == dns.rdataclass.ANY:
            valid = record.rdtype == dns.rdatatype.ANY or not dns.rdatatype.is_metatype(record.rdtype)
        else:
            valid = record.ttl == 0 and not dns.rdatatype.is_metatype(record.rdtype)
        if not valid:
            raise UpdateRefused(dns.rcode.FORMERR)


def _check_in_zone(zone: Zone, record: dns.rrset.RRset) -> None:
    if not record.name.is_subdomain(dns.name.from_text(zone.origin)):
        raise UpdateRefused(dns.rcode.NOTZONE)


def _apply(zone: Zone, record: dns.rrset.RRset) -> None:
    """One record of the update section (3.4.2.2 to 3.4.2.4)."""
    if record.deleting is None:
        _add(zone, record)
    elif record.deleting == dns.rdataclass.ANY:
        apex = record.name == dns.name.from_text(zone.origin)
        for rdtype in zone.types(record.name):
            if record.rdtype in (rdtype, dns.rdatatype.ANY) and not (apex and rdtype in (dns.rdatatype.SOA, dns.rdatatype.NS)):
                zone.delete(record.name, rdtype)
    else:
        _delete_record(zone, record)


def _add(zone: Zone, record: dns.rrset.RRset) -> None:
    """Add to a record set (3.4.2.2). What would put a CNAME beside other data is passed over without an error."""
    types = set(zone.types(record.name))
    if record.rdtype == dns.rdatatype.CNAME:
        if types - BESIDE_CNAME:
            return
    elif dns.rdatatype.CNAME in types and record.rdtype not in BESIDE_CNAME:
        return
    current = zone.get(record.name, record.rdtype)
    if record.rdtype == dns.rdatatype.SOA and (
        current is None or dns.serial.Serial(record[0].serial) <= dns.serial.Serial(current[0].serial)
    ):
        return
    one_only = record.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.SOA)
    kept = [] if current is None or one_only else [rdata for rdata in current if rdata != record[0]]
    if current is not None and current.ttl == record.ttl and record[0] in current:
        return
    zone.put(record.name, dns.rdataset.from_rdata_list(record.ttl, [*kept, record[0]]))


def _delete_record(zone: Zone, record: dns.rrset.RRset) -> None:
    """Delete one record (3.4.2.4); the SOA and the last NS of the zone stay."""
    current = zone.get(record.name, record.rdtype)
    if current is None or record.rdtype == dns.rdatatype.SOA or record[0] not in current:
        return
    kept = [rdata for rdata in current if rdata != record[0]]
    if kept:
        zone.put(record.name, dns.rdataset.from_rdata_list(current.ttl, kept))
    elif not (record.rdtype == dns.rdatatype.NS and record.name == dns.name.from_text(zone.origin)):
        zone.delete(record.name, record.rdtype)
