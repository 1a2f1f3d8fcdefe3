# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What the objects of an Exchange organization say about it, in plain words."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_builds as builds
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._accepted_domain import AcceptedDomain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient

_HYBRID = "Get-HybridConfiguration"
# Set-HybridConfiguration takes the first, Get-HybridConfiguration shows the second.
_CENTRALIZED = ("centralized", "centralizedtransport")
_AUTODISCOVER_PREFIX = "autod:"  # marks the domain whose Autodiscover is used (Set-HybridConfiguration reference, Domains)


def read_organization(client: ExchangeClient, table: builds.BuildTable) -> dict[str, t.Any]:
    """Read servers, accepted domains, hybrid configuration and organization.

    :param table: that the servers' versions are held against
    :raises CmdletError, SessionError: as the client
    """
    others: list[tuple[str, dict[str, t.Any]]] = [
        ("Get-ExchangeServer", {}),
        ("Get-OrganizationConfig", {}),
        ("Get-AcceptedDomain", {}),
    ]
    try:
        servers, organization, domains, hybrid = (answer.objects for answer in client.invoke_many([*others, (_HYBRID, {})]))
    except CmdletError as exc:
        # assumed: no page says whether an organization without the object gives nothing or this error.
        if exc.cmdlet != _HYBRID or not exc.error.is_exception("ManagementObjectNotFoundException"):
            raise
        servers, organization, domains = (answer.objects for answer in client.invoke_many(others))
        hybrid = []
    return {
        "organization": organization[0]["Name"] if organization else None,
        "default_domain": next((domain.domain for domain in map(AcceptedDomain.from_object, domains) if domain.default), None),
        "servers": sorted((describe_server(server, table) for server in servers), key=lambda server: server["name"].casefold()),
        "build_table_date": table.date,
        "hybrid_configuration": describe_hybrid(hybrid[0] if hybrid else None),
    }


def describe_server(
    properties: t.Mapping[str, t.Any],
    table: builds.BuildTable = builds.BuildTable(),  # noqa: B008 - immutable
) -> dict[str, t.Any]:
    """Take one object of Get-ExchangeServer."""
    text = properties["AdminDisplayVersion"]
    try:
        build = builds.parse_display_version(text)
    except ValueError as exc:
        product = update = None
        verdict = builds.Verdict(False, False, str(exc))
        number = None
    else:
        product, row, number = builds.product_of(build), table.cumulative_update_of(build), str(build)
        update = row.name if row else None
        verdict = table.judge(build)
    return {
        "name": properties["Name"],
        "fqdn": properties["Fqdn"],
        "version": text,
        "build": number,
        "product": product,
        "cumulative_update": update,
        "is_edge": bool(properties.get("IsEdgeServer")),
        "roles": [role.strip() for role in (properties.get("ServerRole") or "").split(",") if role.strip()],
        "minimum": verdict.minimum,
        "current": verdict.current,
        "supported": verdict.supported,
        "reason": verdict.reason,
    }


def describe_hybrid(properties: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    """Take the object of Get-HybridConfiguration, or None when there is none."""
    if properties is None:
        return {"present": False, "domains": [], "features": [], "centralized_mail_flow": False}
    features = list(properties.get("Features") or [])
    return {
        "present": True,
        "domains": [_without_prefix(domain) for domain in properties.get("Domains") or []],
        "features": features,
        "centralized_mail_flow": any(feature.lower() in _CENTRALIZED for feature in features),
    }


def _without_prefix(domain: str) -> str:
    return domain[len(_AUTODISCOVER_PREFIX) :] if domain.lower().startswith(_AUTODISCOVER_PREFIX) else domain
