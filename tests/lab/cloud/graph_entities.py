# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tenant's objects as Microsoft Graph v1.0 spells them (property names and types: Graph's published CSDL)."""

from __future__ import annotations

import typing as t
import uuid

from lab.cloud.tenant import Domain, Licence, TenantState

Entity = dict[str, t.Any]

RECORD_TTL = 3600
NAMESPACE = uuid.UUID("6f1c5d0e-3c5e-4f4f-9a55-5b1f0f0c7a11")


def domain_entity(domain: Domain, *, availability: str | None = None) -> Entity:
    """The domain resource type.

    :param availability: availabilityStatus, null but in the answer to verify
    """
    return {
        "authenticationType": "Managed",
        "availabilityStatus": availability,
        "id": domain.name,
        "isAdminManaged": True,
        "isDefault": domain.default,
        "isInitial": domain.initial,
        "isRoot": domain.root,
        "isVerified": domain.verified,
        "supportedServices": list(domain.services),
        "passwordValidityPeriodInDays": None,
        "passwordNotificationWindowInDays": None,
        "state": None,
    }


def verification_records(domain: Domain) -> list[Entity]:
    """List verificationDnsRecords: a TXT and, for DNS services without TXT, an MX record; one of them is enough.

    # assumed: TTL, preference and supportedService, after what administrators show of their tenants.
    """
    host = f"ms{domain.verification_code}.msv1.invalid"
    return [
        _record(domain, "Txt", domain.name, "verification", text=domain.verification_text),
        _record(domain, "Mx", domain.name, "verification", mailExchange=host, preference=32767),
    ]


def service_records(domain: Domain) -> list[Entity]:
    """List serviceConfigurationRecords: empty until the domain is verified and has a service."""
    if not domain.verified or "Email" not in domain.services:
        return []
    if domain.records_unavailable is not None:
        return [_record(domain, "Unavailable", domain.name, "service", description=domain.records_unavailable)]
    return [
        _record(domain, "Mx", domain.name, "service", mailExchange=domain.mail_exchange, preference=0),
        _record(domain, "Txt", domain.name, "service", text="v=spf1 include:spf.protection.outlook.com -all"),
        _record(domain, "CName", f"autodiscover.{domain.name}", "service", canonicalName="autodiscover.outlook.com"),
    ]


def _record(domain: Domain, record_type: str, label: str, purpose: str, **properties: t.Any) -> Entity:
    """A domainDnsRecord of one of its derived types."""
    derived = {"CName": "Cname"}.get(record_type, record_type)
    return {
        "@odata.type": f"#microsoft.graph.domainDns{derived}Record",
        "id": str(uuid.uuid5(NAMESPACE, f"{domain.name}/{purpose}/{record_type}")),
        "isOptional": False,
        "label": label,
        "recordType": record_type,
        "supportedService": "Email",
        "ttl": RECORD_TTL,
        **properties,
    }


def licence_entity(tenant: TenantState, licence: Licence) -> Entity:
    """The subscribedSku resource type."""
    enabled = licence.status == "Enabled"
    return {
        "accountId": tenant.tenant_id,
        "accountName": tenant.display_name,
        "appliesTo": "User",
        "capabilityStatus": licence.status,
        "consumedUnits": licence.consumed,
        "id": f"{tenant.tenant_id}_{licence.sku_id}",
        "skuId": licence.sku_id,
        "skuPartNumber": licence.sku_part_number,
        "subscriptionIds": [str(uuid.uuid5(NAMESPACE, licence.sku_part_number))],
        "prepaidUnits": {
            "enabled": licence.units if enabled else 0,
            "lockedOut": 0,
            "suspended": 0 if enabled else licence.units,
            "warning": 0,
        },
        "servicePlans": [
            {
                "servicePlanId": plan_id,
                "servicePlanName": plan_name,
                "provisioningStatus": "Success" if enabled else "Disabled",
                "appliesTo": "User",
            }
            for plan_name, plan_id in licence.plans.items()
        ],
    }


def organization_entity(tenant: TenantState) -> Entity:
    """The organization resource type, its most asked-for properties."""
    return {
        "id": tenant.tenant_id,
        "displayName": tenant.display_name,
        "onPremisesSyncEnabled": tenant.sync_enabled or None,
        "onPremisesLastSyncDateTime": "2026-11-24T06:00:00Z" if tenant.sync_enabled else None,
        "verifiedDomains": [
            {
                "capabilities": ", ".join(domain.services),
                "isDefault": domain.default,
                "isInitial": domain.initial,
                "name": domain.name,
                "type": "Managed",
            }
            for domain in tenant.domains.values()
            if domain.verified
        ],
    }


def synchronization_entity(tenant: TenantState) -> Entity:
    """The onPremisesDirectorySynchronization resource type."""
    return {
        "id": tenant.tenant_id,
        "configuration": {
            "accidentalDeletionPrevention": {"synchronizationPreventionType": "enabledForCount", "alertThreshold": 500}
        },
        "features": dict(tenant.features),
    }
