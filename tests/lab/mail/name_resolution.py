# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host takes a domain's mail, as a name server inside or outside tells it (RFC 5321 5.1)."""

from __future__ import annotations

import typing as t

import dns.name

from lab.cloud.tenant import default_mail_exchange
from lab.dns.zones import enclosing_zone, owner_name

if t.TYPE_CHECKING:
    from lab.dns.zones import DnsState, Zone


_MICROSOFTS_OWN = ".onmicrosoft.com"
"""A zone of Microsoft's, in which each tenant's domains have their records."""


class ServerFailure(Exception):
    """The name servers do not answer (SERVFAIL)."""


def mail_exchangers(state: DnsState, domain: str, own: t.Mapping[str, Zone] | None = None) -> list[str]:
    """Hosts by preference; the domain itself where it has an address and no MX record; empty: there is no such domain.

    :param own: zones the asked name server has itself, in front of the public ones
    :raises ServerFailure: SERVFAIL
    """
    if owner_name(domain) in {owner_name(name) for name in state.servfail}:
        raise ServerFailure(domain)
    name = dns.name.from_text(domain)
    zone = enclosing_zone(dict(own or {}), name) or enclosing_zone(state.zones, name)
    records = {} if zone is None else zone.names.get(owner_name(domain), {})
    if "MX" in records:
        pairs = sorted((int(preference), host.rstrip(".")) for preference, host in (v.split() for v in records["MX"].values))
        return [host for _preference, host in pairs]
    if zone is None and domain.lower().endswith(_MICROSOFTS_OWN):
        return [default_mail_exchange(domain.lower())]
    return [domain] if "A" in records else []
