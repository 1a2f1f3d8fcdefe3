# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""From the options of C(group_domain_dns) to the records to have and the servers to deal with."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import (
    DnsClient,
    DnsError,
    Server,
    TsigKey,
    parse_server,
    system_resolvers,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import (
    AUTODISCOVER_HOST,
    DEFAULT_TTL,
    Wanted,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_visibility import Observer
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import (
    DomainError,
    Record,
    TenantDomains,
    group_domain,
)

Params = t.Mapping[str, t.Any]

_TYPES = {"mx": "MX", "autodiscover": "CNAME", "verification": "TXT"}


def needs_tenant(params: Params) -> bool:
    """True when a value is not given and only the tenant can tell it."""
    return any(
        purpose in params["records"] and not params[option]
        for purpose, option in (("mx", "mx_host"), ("verification", "verification_text"))
    )


class TenantRecords(t.NamedTuple):
    """What the tenant says about a domain. The two kinds look alike: a verification MX must not become the domain's MX."""

    service: t.Sequence[Record] = ()
    verification: t.Sequence[Record] = ()

    def offer(self, purpose: str, name: str, rdtype: str) -> Record:
        """The record for the purpose; empty when there is none."""
        records = self.verification if purpose == "verification" else self.service
        return next((record for record in records if record["name"] == name and record["type"] == rdtype), {})


def tenant_records(graph: GraphClient, domain: str) -> TenantRecords:
    """The records the tenant has for the domain; none when it does not have the domain."""
    domains = TenantDomains(graph)
    found = domains.find(domain)
    if found is None:
        return TenantRecords()
    return TenantRecords(domains.service_records(domain) if found.verified else (), domains.verification_records(domain))


def wanted_records(domain: str, params: Params, tenant: TenantRecords) -> tuple[list[Wanted], list[str]]:
    """The records to have, and the purposes whose value is not known.

    What the options give counts first, then the tenant; the MX host is never guessed.

    :raises DomainError: an option is malformed
    """
    given = {
        "mx": params["mx_host"] and group_domain(params["mx_host"], "mx_host"),
        "autodiscover": params["autodiscover_host"] and group_domain(params["autodiscover_host"], "autodiscover_host"),
        "verification": params["verification_text"],
    }
    wanted, unknown = [], []
    for purpose in dict.fromkeys(params["records"]):
        name = f"autodiscover.{domain}" if purpose == "autodiscover" else domain
        rdtype = _TYPES[purpose]
        offered = tenant.offer(purpose, name, rdtype)
        target = given[purpose] or offered.get("value") or (AUTODISCOVER_HOST if purpose == "autodiscover" else None)
        if target is None:
            unknown.append(purpose)
            continue
        wanted.append(
            Wanted(
                purpose,
                name,
                rdtype,
                target,
                preference=params["mx_preference"] if purpose == "mx" else None,
                ttl=params["ttl"],
                new_preference=offered.get("preference") or 0,
                new_ttl=offered.get("ttl") or DEFAULT_TTL,
            )
        )
    return wanted, unknown


def deferred(domain: str, unknown: t.Sequence[str]) -> list[str]:
    """Sentences on what only a later step of the procedure makes known."""
    sentences = {
        "mx": f"The MX host of {domain} is known once the domain is verified in the tenant with the service Email on.",
        "verification": f"The text that proves ownership of {domain} is made when the domain is added to the tenant.",
    }
    return [sentences[purpose] for purpose in unknown]


def unknown_error(domain: str, unknown: t.Sequence[str]) -> DomainError:
    """Why the task cannot go on, and what to do first."""
    missing = " ".join(deferred(domain, unknown))
    return DomainError(
        f"{missing} The tenant does not give it now: run m365_domain first (state verified, services [Email], for the MX; "
        "state present for the verification record), or give mx_host or verification_text."
    )


def tsig_key(params: Params) -> TsigKey | None:
    """The key that signs updates; None without one.

    :raises DnsError: half of it is missing
    """
    name, secret = params["tsig_key_name"], params["tsig_secret"]
    if bool(name) != bool(secret):
        raise DnsError("tsig_key_name and tsig_secret belong together: one of them is missing.")
    return TsigKey(name, secret, params["tsig_algorithm"]) if name else None


@dataclasses.dataclass(frozen=True)
class Servers:
    """Who is asked and written to.

    :param primary: takes the updates; None when published by other means
    :param zones: owner name to the zone that holds it
    """

    primary: Server | None
    zones: t.Mapping[str, str]
    observers: tuple[Observer, ...]

    @property
    def deciding(self) -> list[Server]:
        """Those whose records decide what is to be published."""
        if self.primary:
            return [self.primary]
        return list(dict.fromkeys(o.server for o in self.observers if o.role == "authoritative"))


def find_servers(client: DnsClient, params: Params, names: t.Sequence[str]) -> Servers:
    """Find zone and name servers of the owner names.

    The server that takes the updates knows best which zones it has; without one, given name servers are asked, else the
    resolvers.

    :raises DnsError: an option is malformed, or the zone or its servers cannot be found
    """
    port = params["dns_port"]
    given = [parse_server("name_servers", text, port) for text in params["name_servers"] or ()]
    resolvers = [parse_server("resolvers", text, port) for text in params["resolvers"] or ()]
    counts = params["resolvers"] is not None
    if not counts:
        resolvers = system_resolvers()
    primary = None
    if params["provider"] == "rfc2136":
        primary = parse_server("server", params["server"], params["server_port"] or port)
    knowing = [(server, False) for server in ([primary] if primary else given)]
    sources = [*knowing, *((server, True) for server in resolvers)]
    if not sources:
        raise DnsError("There is no server to ask for the zone: give name_servers or resolvers.")
    zones = {name: _zone(client, params["zone"], name, sources) for name in dict.fromkeys(names)}
    observers: list[Observer] = []
    for zone in dict.fromkeys(zones.values()):
        servers = given or client.name_servers(sources, zone, port)
        observers += [Observer(server, zone, "authoritative") for server in servers]
        observers += [Observer(server, zone, "resolver", counts) for server in resolvers]
    return Servers(primary, zones, tuple(observers))


def _zone(client: DnsClient, given: str | None, name: str, sources: t.Sequence[tuple[Server, bool]]) -> str:
    if given:
        zone = given.rstrip(".").lower()
        if name != zone and not name.endswith(f".{zone}"):
            raise DnsError(f"zone: {name} does not lie in {zone}.")
        return zone
    problems = []
    for server, recursion in sources:
        try:
            return client.zone_of(server, name, recursion=recursion)
        except DnsError as exc:
            problems.append(str(exc))
    raise DnsError(f"The zone of {name} was not found. {' '.join(problems)}")
