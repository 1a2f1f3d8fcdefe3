# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The domains of the Microsoft 365 tenant over Graph: reading them, and the steps that change one."""

from __future__ import annotations

import typing as t
import urllib.parse

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, GraphError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain_plan import (
    DomainError,
    Plan,
    TenantDomain,
    group_domain,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_records import Record, plain_records
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

__all__ = ["READ", "WRITE", "DomainError", "Record", "TenantDomain", "TenantDomains", "carry_out", "group_domain"]

READ = "Domain.Read.All"
WRITE = "Domain.ReadWrite.All"


class DomainRecords(t.NamedTuple):
    """The DNS records the tenant wants for a domain."""

    verification: list[Record]
    service: list[Record]


class TenantDomains:
    """The tenant's domains over Graph. Every method raises GraphError when Graph refuses or cannot be reached."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def find(self, domain: str) -> TenantDomain | None:
        """The domain, or None when the tenant does not have it ("Get domain")."""
        data = self._graph.find(_path(domain), permission=READ)
        return TenantDomain.from_graph(data) if data else None

    def all(self) -> list[TenantDomain]:
        """Every domain of the tenant ("List domains")."""
        return [TenantDomain.from_graph(data) for data in self._graph.list("/domains", permission=READ)]

    def records_of(self, domains: t.Sequence[TenantDomain]) -> list[DomainRecords]:
        """The records of many domains, with few requests."""
        paths = [
            f"{_path(domain.id)}/{kind}"
            for domain in domains
            for kind in ("verificationDnsRecords", "serviceConfigurationRecords")
        ]
        found = [plain_records(objects) for objects in self._graph.list_many(paths, permission=READ)]
        return [DomainRecords(*pair) for pair in zip(found[::2], found[1::2], strict=True)]

    def has_verified_parent(self, domain: str) -> bool:
        """True when a domain above it is verified, so that this one is verified when it is added ("Create domain")."""
        labels = domain.split(".")
        for start in range(1, len(labels) - 1):
            parent = self.find(".".join(labels[start:]))
            if parent and parent.verified:
                return True
        return False

    def verification_records(self, domain: str) -> list[Record]:
        """The records of which one proves ownership ("List verificationDnsRecords")."""
        return plain_records(self._graph.list(f"{_path(domain)}/verificationDnsRecords", permission=READ))

    def service_records(self, domain: str) -> list[Record]:
        """The records the domain's services need; none before a service is on ("List serviceConfigurationRecords")."""
        return plain_records(self._graph.list(f"{_path(domain)}/serviceConfigurationRecords", permission=READ))

    def add(self, domain: str) -> TenantDomain:
        """Add the domain, never twice, and read it back ("Create domain")."""
        self._graph.write("POST", "/domains", {"id": domain}, permission=WRITE, landed=lambda: self.find(domain) is not None)
        return self._await(domain, lambda _found: True, "was added to the tenant but cannot be read there")

    def set_services(self, domain: str, services: t.Sequence[str]) -> TenantDomain:
        """Set the list of services and read it back ("Update domain")."""
        # assumed: services that Graph cannot set pass in the list when they are on already; leaving them out
        # would ask to take them off.
        return self._update(
            domain,
            {"supportedServices": list(services)},
            lambda found: set(services) <= set(found.services),
            f"does not show the services {', '.join(services)} after they were set",
        )

    def make_default(self, domain: str) -> TenantDomain:
        """Make it the domain new users get, instead of the present one, and read it back ("Update domain")."""
        return self._update(
            domain, {"isDefault": True}, lambda found: found.default, "does not show as the default domain after it was made it"
        )

    def remove(self, domain: str) -> None:
        """Remove the domain and see it gone ("Delete domain").

        :raises DomainError: it is still there
        """
        try:
            self._graph.write("DELETE", _path(domain), None, permission=WRITE, landed=lambda: self.find(domain) is None)
        except GraphError as exc:
            if exc.status == 400:
                raise DomainError(
                    f"{domain} could not be removed: users, groups, or applications still have names in it, or it has "
                    f"subdomains in the tenant. Rename or remove those first. {exc}"
                ) from exc
            if exc.status != 404:
                raise
        if not self._graph.await_state(lambda: self.find(domain) is None):
            raise DomainError(f"{domain} is still in the tenant after it was removed. Run again.")

    def _update(
        self, domain: str, body: dict[str, t.Any], reached: t.Callable[[TenantDomain], bool], problem: str
    ) -> TenantDomain:
        def landed() -> bool:
            found = self.find(domain)
            return found is not None and reached(found)

        self._graph.write("PATCH", _path(domain), body, permission=WRITE, landed=landed)
        return self._await(domain, reached, problem)

    def verify(
        self,
        domain: str,
        timeout: float,
        visible: t.Callable[[str, list[str]], str] = lambda _domain, _texts: "",
        make_deadline: t.Callable[[float], Deadline] = Deadline,
    ) -> TenantDomain:
        """Have Microsoft look for the verification record until it is found ("domain: verify").

        :param timeout: seconds to go on trying; 0 tries once
        :param visible: says why none of the TXT texts is visible at a domain's name servers yet, "" when one is
            or that cannot be told; only then is Microsoft asked
        :raises DomainError: not verified until then; the message gives the record to publish
        """
        deadline = make_deadline(timeout)
        records = [record for record in self.verification_records(domain) if record["type"] == "TXT"]
        while True:
            problem = visible(domain, [record["value"] for record in records])
            if not problem:
                try:
                    self._graph.write(
                        "POST", f"{_path(domain)}/verify", None, permission=WRITE, landed=lambda: self._is_verified(domain)
                    )
                    return self._await(domain, lambda found: found.verified, "does not show as verified after the verification")
                except GraphError as exc:
                    # Microsoft documents no code for "record not seen yet": a 400 that leaves the domain unverified is that.
                    if exc.status != 400:
                        raise
                    problem = f"Last answer: {exc}"
                found = self.find(domain)
                if found is not None and found.verified:
                    return found
            if not deadline.pause():
                publish = " or ".join(f'{record["name"]}. {record["ttl"]} IN TXT "{record["value"]}"' for record in records)
                raise DomainError(
                    f"{domain} could not be verified within {timeout:g} seconds. Publish this record in the public zone and "
                    f"run again: {publish or 'see verification_records'}. {problem}"
                )

    def _is_verified(self, domain: str) -> bool:
        found = self.find(domain)
        return found is not None and found.verified

    def _await(self, domain: str, reached: t.Callable[[TenantDomain], bool], problem: str) -> TenantDomain:
        seen: list[TenantDomain] = []

        def look() -> bool:
            found = self.find(domain)
            if found is not None and reached(found):
                seen.append(found)
            return bool(seen)

        if not self._graph.await_state(look):
            raise DomainError(f"{domain} {problem}. Run again; what was done already is not repeated.")
        return seen[0]


def carry_out(
    domains: TenantDomains,
    domain: str,
    current: TenantDomain | None,
    steps: Plan,
    *,
    verify: t.Callable[[str], TenantDomain],
) -> TenantDomain | None:
    """Do the steps in order; returns the domain as read back, None when it has been removed.

    :param verify: verifies the domain
    :raises GraphError, DomainError: a step failed; ``result`` says whether one before it changed something
    """
    changed = False
    try:
        if steps.remove:
            domains.remove(domain)
            return None
        if current is None:
            current = domains.add(domain)
            changed = True
        # A domain below a verified one is verified already when it has been added.
        if steps.verify and not current.verified:
            current = verify(domain)
            changed = True
        if steps.services is not None:
            missing = [service for service in steps.services if service not in current.services]
            if missing:
                current = domains.set_services(domain, (*current.services, *missing))
                changed = True
        if steps.make_default:
            current = domains.make_default(domain)
    except CollectionError as exc:
        exc.result["changed"] = changed
        raise
    return current


def _path(domain: str) -> str:
    return f"/domains/{urllib.parse.quote(domain, safe='')}"
