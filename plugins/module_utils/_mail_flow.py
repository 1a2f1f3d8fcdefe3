# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What decides, in an Exchange organization, where mail to a domain goes: accepted domain, connectors, hybrid configuration."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._accepted_domain import AcceptedDomain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import SMTP
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_organization import describe_hybrid
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_values import server_key
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import SendConnector
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import domain_key

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import AddressSpace
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient

_WIZARDS_NAME = "outbound to office 365"
_ROUTING_DOMAIN = ".mail.onmicrosoft.com"
_NOT_MAIL_ENABLED = ("UniversalDistributionGroup", "UniversalSecurityGroup", "Group")


def read_mail_flow(client: CmdletClient, domain: str) -> dict[str, t.Any]:
    """What the module returns for a domain.

    :raises CmdletError: something cannot be read
    """
    calls: list[tuple[str, dict[str, t.Any]]] = [
        ("Get-AcceptedDomain", {}),
        ("Get-SendConnector", {}),
        ("Get-ExchangeServer", {}),
        ("Get-HybridConfiguration", {}),
    ]
    domains, connectors, servers, hybrid = (answer.objects for answer in client.invoke_many(calls))
    accepted = [AcceptedDomain.from_object(item) for item in domains]
    mine = next((item for item in accepted if domain_key(item.domain) == domain_key(domain)), None)
    edges = {server_key(str(server["Name"])) for server in servers if server.get("IsEdgeServer")}
    pairs = [(SendConnector.from_object(item), item) for item in connectors]
    wizards = hybrid[0] if hybrid else {}
    carrier = select_connector([connector for connector, _item in pairs], domain)
    hybrid_pair = next((pair for pair in pairs if _is_hybrid(*pair)), None)
    return {
        "accepted_domain": mine.to_result() if mine else None,
        "carrier": carrier.name if carrier else None,
        "hybrid_connector": _describe(*hybrid_pair, domain, edges, wizards) if hybrid_pair else None,
        "centralized_mail_flow": describe_hybrid(wizards or None)["centralized_mail_flow"],
    }


def select_connector(connectors: t.Sequence[SendConnector], domain: str) -> SendConnector | None:
    """The connector that carries mail for a domain: the most specific address space goes before the lowest cost ("Send
    connectors").
    """
    candidates = [
        (-specificity, space.effective_cost, connector.name.casefold(), connector)
        for connector in connectors
        if connector.settings.get("enabled") is not False
        for space in connector.address_spaces
        if (specificity := _specificity(space, domain)) is not None
    ]
    return min(candidates, key=lambda candidate: candidate[:3])[3] if candidates else None


def _specificity(space: AddressSpace, domain: str) -> int | None:
    """How closely an address space fits a domain; None: not at all."""
    name, wanted = space.space.lower(), domain.lower()
    if space.type != SMTP:
        return None
    if name == wanted:
        return 1000
    if name == "*":
        return 0
    if name.startswith("*.") and (wanted == name[2:] or wanted.endswith(name[1:])):
        return name.count(".")
    return None


def _is_hybrid(connector: SendConnector, properties: t.Mapping[str, t.Any]) -> bool:
    """Whether the Hybrid Configuration Wizard made it: by name, or by what it sends where (its name may have been changed)."""
    routes = any(space.space.lower().endswith(_ROUTING_DOMAIN) for space in connector.address_spaces)
    return connector.name.lower().startswith(_WIZARDS_NAME) or (routes and properties.get("CloudServicesMailEnabled") is True)


def _describe(
    connector: SendConnector,
    properties: t.Mapping[str, t.Any],
    domain: str,
    edges: set[str],
    wizards: t.Mapping[str, t.Any],
) -> dict[str, t.Any]:
    sources = list(connector.source_transport_servers)
    return {
        "name": connector.name,
        "address_spaces": sorted(str(space) for space in connector.address_spaces),
        "has_domain": any(space.type == SMTP and space.space.lower() == domain.lower() for space in connector.address_spaces),
        "enabled": connector.settings.get("enabled") is not False,
        "source_transport_servers": sources,
        "edge_sources": [name for name in sources if server_key(name) in edges],
        "certificate": _text(properties.get("TlsCertificateName")),
        "wizards_certificate": _text(wizards.get("TlsCertificateName")),
        "cloud_services_mail": properties.get("CloudServicesMailEnabled") is True,
    }


def read_group(client: CmdletClient, address: str) -> dict[str, t.Any] | None:
    """The group with this address in the directory, mail-enabled or not; None: it has not been written back.

    :raises CmdletError: it cannot be read
    """
    # WindowsEmailAddress is the attribute mail, which a group has before Exchange has stamped it ("Filterable properties").
    condition = "WindowsEmailAddress -eq '" + address.replace("'", "''") + "'"
    found = client.invoke("Get-Group", {"Filter": condition, "ResultSize": "Unlimited"}).objects
    if not found:
        return None
    kind = str(found[0].get("RecipientTypeDetails") or "")
    return {
        "name": found[0].get("Name"),
        "distinguished_name": found[0].get("DistinguishedName"),
        "recipient_type": kind,
        "stamped": bool(kind) and kind not in _NOT_MAIL_ENABLED,
    }


def read_mailbox(client: CmdletClient, identity: str) -> dict[str, t.Any] | None:
    """A mailbox, here or moved to Microsoft 365; None: there is no such mailbox.

    :raises CmdletError: it cannot be read
    """
    for cmdlet in ("Get-Mailbox", "Get-RemoteMailbox"):
        try:
            found = client.invoke(cmdlet, {"Identity": identity}).objects
        except CmdletError as exc:
            if not exc.error.is_exception("ManagementObjectNotFoundException"):
                raise
            continue
        if found:
            return {
                "name": found[0].get("Name"),
                "address": found[0].get("PrimarySmtpAddress"),
                "is_remote": cmdlet == "Get-RemoteMailbox",
                "server": found[0].get("ServerName"),
                "remote_recipient_type": _text(found[0].get("RemoteRecipientType")),
            }
    return None


def _text(value: t.Any) -> str | None:
    return None if value in (None, "") else str(value)
