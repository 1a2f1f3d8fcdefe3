# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What the procedure wants to know of a tenant before it begins: licenses, directory synchronization, initial domain."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, GraphError, Json
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import READ as READ_DOMAINS

READ_ORGANIZATION = "Organization.Read.All"
READ_SYNC = "OnPremDirectorySynchronization.Read.All"
PREMIUM_PLANS = frozenset({"AAD_PREMIUM", "AAD_PREMIUM_P2"})
"""Service plans of Microsoft Entra ID P1 and P2, of which group writeback needs one."""


def license_from_graph(sku: t.Mapping[str, t.Any]) -> Json:
    """A ``subscribedSku`` ("List subscribedSkus") as the module returns it."""
    units = sku.get("prepaidUnits") or {}
    return {
        "sku": sku.get("skuPartNumber"),
        "capability_status": sku.get("capabilityStatus"),
        "enabled_units": units.get("enabled") or 0,
        "warning_units": units.get("warning") or 0,
        "suspended_units": units.get("suspended") or 0,
        "consumed_units": sku.get("consumedUnits") or 0,
        "service_plans": [
            {"name": plan.get("servicePlanName"), "provisioning_status": plan.get("provisioningStatus")}
            for plan in sku.get("servicePlans") or ()
        ],
    }


def has_entra_premium(licenses: t.Iterable[t.Mapping[str, t.Any]]) -> bool:
    """True when a license in force carries Microsoft Entra ID P1 or P2."""
    return any(
        plan["name"] in PREMIUM_PLANS and plan["provisioning_status"] != "Disabled"
        for found in licenses
        if found["capability_status"] == "Enabled" and found["enabled_units"] > 0
        for plan in found["service_plans"]
    )


def snake_case(name: str) -> str:
    """``unifiedGroupWritebackEnabled`` as ``unified_group_writeback_enabled``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def read_tenant(graph: GraphClient, warn: t.Callable[[str], None]) -> Json:
    """Everything the module returns. What the application may not read is None, with a warning.

    :raises GraphError: domains or licenses cannot be read
    """
    domains = graph.list("/domains", permission=READ_DOMAINS)
    licenses = [license_from_graph(sku) for sku in graph.list("/subscribedSkus", permission=READ_ORGANIZATION)]
    organization = _if_allowed(lambda: _first(graph.list("/organization", permission=READ_ORGANIZATION)), warn)
    features = _if_allowed(lambda: _sync_features(graph), warn)
    return {
        "tenant_id": organization.get("id") if organization else None,
        "display_name": organization.get("displayName") if organization else None,
        "verified_domains": sorted(str(domain["id"]).lower() for domain in domains if domain.get("isVerified")),
        "initial_domain": next((str(domain["id"]).lower() for domain in domains if domain.get("isInitial")), None),
        "default_domain": next((str(domain["id"]).lower() for domain in domains if domain.get("isDefault")), None),
        "licenses": licenses,
        "has_entra_premium": has_entra_premium(licenses),
        "sync_features": features,
        "sync_enabled": organization.get("onPremisesSyncEnabled") if organization else None,
        "last_sync": organization.get("onPremisesLastSyncDateTime") if organization else None,
    }


def _sync_features(graph: GraphClient) -> Json | None:
    """The tenant's synchronization features; None when it has no synchronization.

    The reference shows one object, the type is a collection of at most one ("Get onPremisesDirectorySynchronization"):
    both are read.
    """
    data = graph.find("/directory/onPremisesSynchronization", permission=READ_SYNC)
    if data and "value" in data:
        data = _first(data["value"])
    if not data:
        return None
    features = data.get("features") or {}
    return {snake_case(name): value for name, value in features.items() if not name.startswith("@")}


def _if_allowed(read: t.Callable[[], Json | None], warn: t.Callable[[str], None]) -> Json | None:
    try:
        return read()
    except GraphError as exc:
        if exc.status != 403:
            raise
        warn(str(exc))
        return None


def _first(objects: t.Sequence[Json]) -> Json | None:
    return objects[0] if objects else None
