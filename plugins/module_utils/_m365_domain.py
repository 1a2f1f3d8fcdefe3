# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""A domain of the Microsoft 365 tenant: its state, its DNS records, and the steps that bring it into use.

The steps and their order are those of "domain resource type", Microsoft Graph v1.0: add, prove ownership by a DNS record,
verify, say which services use the domain, publish the records of those services.
"""

from __future__ import annotations

import dataclasses
import typing as t
import urllib.parse

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, GraphError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import normalize_domain

READ = "Domain.Read.All"
WRITE = "Domain.ReadWrite.All"
SETTABLE_SERVICES = ("Email", "OfficeCommunicationsOnline", "Yammer")
"""The services that can be set through Graph ("domain resource type", supportedServices)."""

Record = dict[str, t.Any]
"""A DNS record as the modules return it: name, type, value, ttl, and preference for an MX."""


class DomainError(CollectionError):
    """The domain cannot be brought into the wanted state; ``str()`` says why and what to do."""


def group_domain(value: str, option: str = "domain") -> str:
    """The option's domain in its one spelling.

    :raises DomainError: malformed, a wildcard, or without a dot
    """
    try:
        domain = normalize_domain(value)
    except ValueError as exc:
        raise DomainError(f"{option}: {exc}") from exc
    if "." not in domain:
        raise DomainError(f'{option}: "{value}" is a single label; give the full name, such as groups.contoso.com.')
    return domain


@dataclasses.dataclass(frozen=True)
class TenantDomain:
    """What the tenant says about one of its domains."""

    id: str
    verified: bool
    root: bool = False
    default: bool = False
    services: tuple[str, ...] = ()

    @classmethod
    def from_graph(cls, data: t.Mapping[str, t.Any]) -> TenantDomain:
        return cls(
            id=str(data["id"]).lower(),
            verified=bool(data.get("isVerified")),
            root=bool(data.get("isRoot")),
            default=bool(data.get("isDefault")),
            services=tuple(data.get("supportedServices") or ()),
        )

    def to_result(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "services": sorted(self.services)}


@dataclasses.dataclass(frozen=True)
class Plan:
    """The steps still to do; ``services`` is the full list to set, or None to leave it."""

    add: bool = False
    verify: bool = False
    services: tuple[str, ...] | None = None

    @property
    def changes(self) -> bool:
        return self.add or self.verify or self.services is not None


def plan(current: TenantDomain | None, *, verified: bool, services: t.Sequence[str]) -> Plan:
    """Compare the domain with what is wanted. Services that are on stay on.

    :param verified: the domain is to be verified, with ``services`` on
    """
    if not verified:
        return Plan(add=current is None)
    present = current.services if current else ()
    missing = tuple(service for service in services if service not in present)
    return Plan(
        add=current is None,
        verify=current is None or not current.verified,
        services=(*present, *missing) if missing else None,
    )


def predict(domain: str, current: TenantDomain | None, steps: Plan, *, verified_parent: bool) -> TenantDomain:
    """The domain as it will be once the steps are done."""
    before = current or TenantDomain(id=domain, verified=verified_parent)
    return dataclasses.replace(
        before,
        verified=before.verified or steps.verify,
        root=before.root or (steps.verify and not verified_parent),
        services=before.services if steps.services is None else steps.services,
    )


def unknown_until_done(predicted: TenantDomain, steps: Plan, *, verified_parent: bool) -> list[str]:
    """Sentences on what check mode cannot tell."""
    name = predicted.id
    sentences = []
    if steps.add and not verified_parent:
        sentences.append(f"The records that prove ownership of {name} are made when the domain is added to the tenant.")
    if steps.verify and not verified_parent:
        sentences.append(f"Whether Microsoft finds the record that proves ownership of {name} shows when it is verified.")
    if predicted.services and (steps.add or steps.verify or steps.services is not None):
        sentences.append(f"The records of the services of {name}, its MX among them, are made when the services are on.")
    return sentences


def plain_record(data: t.Mapping[str, t.Any]) -> Record | None:
    """A ``domainDnsRecord`` as a plain record; None for one without DNS data (domainDnsUnavailableRecord).

    Kinds and properties: "domainDnsRecord resource type" and those derived from it.
    """
    kind = str(data.get("@odata.type", "")).rpartition(".")[2]
    name = str(data.get("label", "")).rstrip(".").lower()
    ttl = data.get("ttl")
    if kind == "domainDnsMxRecord":
        value = _host(data["mailExchange"])
        return {"name": name, "type": "MX", "value": value, "preference": data.get("preference") or 0, "ttl": ttl}
    if kind == "domainDnsCnameRecord":
        return {"name": name, "type": "CNAME", "value": _host(data.get("canonicalName")), "ttl": ttl}
    if kind == "domainDnsTxtRecord":
        return {"name": name, "type": "TXT", "value": str(data["text"]), "ttl": ttl}
    if kind == "domainDnsSrvRecord":
        numbers = " ".join(str(data.get(part) or 0) for part in ("priority", "weight", "port"))
        if not name.startswith("_"):
            name = f"{data.get('service')}.{data.get('protocol')}.{name}".lower()
        return {"name": name, "type": "SRV", "value": f"{numbers} {_host(data.get('nameTarget'))}", "ttl": ttl}
    return None


def _host(value: t.Any) -> str:
    return str(value or "").rstrip(".").lower()


class TenantDomains:
    """The tenant's domains over Graph. Every method raises GraphError when Graph refuses or cannot be reached."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def find(self, domain: str) -> TenantDomain | None:
        """The domain, or None when the tenant does not have it ("Get domain")."""
        data = self._graph.find(_path(domain), permission=READ)
        return TenantDomain.from_graph(data) if data else None

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
        return self._records(domain, "verificationDnsRecords")

    def service_records(self, domain: str) -> list[Record]:
        """The records the domain's services need; none before a service is on ("List serviceConfigurationRecords")."""
        return self._records(domain, "serviceConfigurationRecords")

    def _records(self, domain: str, collection: str) -> list[Record]:
        records = (plain_record(data) for data in self._graph.list(f"{_path(domain)}/{collection}", permission=READ))
        return [record for record in records if record is not None]

    def add(self, domain: str) -> TenantDomain:
        """Add the domain, never twice, and read it back ("Create domain")."""
        self._graph.write("POST", "/domains", {"id": domain}, permission=WRITE, landed=lambda: self.find(domain) is not None)
        return self._await(domain, lambda _found: True, "was added to the tenant but cannot be read there")

    def set_services(self, domain: str, services: t.Sequence[str]) -> TenantDomain:
        """Set the list of services and read it back ("Update domain")."""

        def on(found: TenantDomain) -> bool:
            return set(services) <= set(found.services)

        # assumed: services that Graph cannot set pass in the list when they are on already; leaving them out
        # would ask to take them off.
        self._graph.write(
            "PATCH",
            _path(domain),
            {"supportedServices": list(services)},
            permission=WRITE,
            landed=lambda: (found := self.find(domain)) is not None and on(found),
        )
        return self._await(domain, on, f"does not show the services {', '.join(services)} after they were set")

    def verify(self, domain: str, timeout: float, make_deadline: t.Callable[[float], Deadline] = Deadline) -> TenantDomain:
        """Ask Microsoft to look for the verification record until it is found ("domain: verify").

        :param timeout: seconds to go on trying; 0 tries once
        :raises DomainError: not verified until then; the message gives the record to publish
        """
        deadline = make_deadline(timeout)
        while True:
            try:
                self._graph.write(
                    "POST", f"{_path(domain)}/verify", None, permission=WRITE, landed=lambda: self._is_verified(domain)
                )
                return self._await(domain, lambda found: found.verified, "does not show as verified after the verification")
            except GraphError as exc:
                # Microsoft documents no code for "record not seen yet": a 400 that leaves the domain unverified is that.
                if exc.status != 400:
                    raise
                found = self.find(domain)
                if found is not None and found.verified:
                    return found
                if not deadline.pause():
                    raise self._not_verified(domain, timeout, exc) from exc

    def _is_verified(self, domain: str) -> bool:
        found = self.find(domain)
        return found is not None and found.verified

    def _not_verified(self, domain: str, timeout: float, last: GraphError) -> DomainError:
        texts = [record for record in self.verification_records(domain) if record["type"] == "TXT"]
        publish = " or ".join(f'{record["name"]}. {record["ttl"]} IN TXT "{record["value"]}"' for record in texts)
        return DomainError(
            f"{domain} could not be verified within {timeout:g} seconds. Publish this record in the public zone and run "
            f"again: {publish or 'see verification_records'}. Last answer: {last}"
        )

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
    domains: TenantDomains, domain: str, current: TenantDomain | None, steps: Plan, *, verify_timeout: float
) -> TenantDomain:
    """Do the steps in order; returns the domain as read back.

    :raises GraphError, DomainError: a step failed; ``result`` says whether one before it changed something
    """
    changed = False
    try:
        if current is None:
            current = domains.add(domain)
            changed = True
        # A domain below a verified one is verified already when it has been added.
        if steps.verify and not current.verified:
            current = domains.verify(domain, verify_timeout)
            changed = True
        if steps.services is not None:
            missing = [service for service in steps.services if service not in current.services]
            if missing:
                current = domains.set_services(domain, (*current.services, *missing))
    except CollectionError as exc:
        exc.result["changed"] = changed
        raise
    return current


def _path(domain: str) -> str:
    return f"/domains/{urllib.parse.quote(domain, safe='')}"
