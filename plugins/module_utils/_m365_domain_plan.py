# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""A domain of the Microsoft 365 tenant: its state, and the steps that bring it into use.

The steps and their order are those of "domain resource type", Microsoft Graph v1.0: add, prove ownership by a DNS record,
verify, say which services use the domain, publish the records of those services.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import normalize_domain

SETTABLE_SERVICES = ("Email", "OfficeCommunicationsOnline", "Yammer")
"""The services that can be set through Graph ("domain resource type", supportedServices)."""


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
    initial: bool = False
    services: tuple[str, ...] = ()

    @classmethod
    def from_graph(cls, data: t.Mapping[str, t.Any]) -> TenantDomain:
        return cls(
            id=str(data["id"]).lower(),
            verified=bool(data.get("isVerified")),
            root=bool(data.get("isRoot")),
            default=bool(data.get("isDefault")),
            initial=bool(data.get("isInitial")),
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
    make_default: bool = False
    remove: bool = False

    @property
    def changes(self) -> bool:
        return self != Plan()


def plan(current: TenantDomain | None, *, state: str, services: t.Sequence[str] = (), make_default: bool = False) -> Plan:
    """Compare the domain with what is wanted. Services that are on stay on.

    :param state: ``present``, ``verified`` (with ``services`` on and, if asked for, as the default domain) or ``absent``
    :raises DomainError: absent is wanted of a domain that a tenant cannot be without
    """
    if state == "absent":
        if current is not None and current.initial:
            raise DomainError(f"{current.id} is the tenant's initial domain, which cannot be removed.")
        if current is not None and current.default:
            raise DomainError(
                f"{current.id} is the tenant's default domain: make another one the default first (make_default), then remove it."
            )
        return Plan(remove=current is not None)
    if state == "present":
        return Plan(add=current is None)
    present = current.services if current else ()
    missing = tuple(service for service in services if service not in present)
    return Plan(
        add=current is None,
        verify=current is None or not current.verified,
        services=(*present, *missing) if missing else None,
        make_default=make_default and not (current and current.default),
    )


def predict(domain: str, current: TenantDomain | None, steps: Plan, *, verified_parent: bool) -> TenantDomain | None:
    """The domain as it will be once the steps are done; None: removed, or never there."""
    if steps.remove or (current is None and not steps.add):
        return None
    before = current or TenantDomain(id=domain, verified=verified_parent)
    return dataclasses.replace(
        before,
        verified=before.verified or steps.verify,
        root=before.root or (steps.verify and not verified_parent),
        default=before.default or steps.make_default,
        services=before.services if steps.services is None else steps.services,
    )


def unknown_until_done(predicted: TenantDomain | None, steps: Plan, *, verified_parent: bool) -> list[str]:
    """Sentences on what check mode cannot tell."""
    if predicted is None:
        return []
    name = predicted.id
    sentences = []
    if steps.add and not verified_parent:
        sentences.append(f"The verification records of {name} are made when it is added to the tenant.")
    if steps.verify and not verified_parent:
        sentences.append(f"Microsoft looks for the verification record of {name} when it is verified.")
    if predicted.services and (steps.add or steps.verify or steps.services is not None):
        sentences.append(f"The service records of {name}, such as its MX, are made when the services are on.")
    return sentences
