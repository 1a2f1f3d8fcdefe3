# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Get-ExchangeServer gives.

Source: a captured Get-ExchangeServer in the test data of microsoft/CSS-Exchange (properties and their order).
"""

from __future__ import annotations

import datetime
import typing as t

from lab import contoso
from lab.exchange import values
from lab.exchange.objects import server_dn, server_guid
from lab.exchange.state import Server
from lab.powershell.objects import EnumValue, MultiValued, NetObject

_INSTALLED = datetime.datetime(2025, 3, 3, 8, 0, tzinfo=datetime.UTC)
_MAILBOX_PATH = r"C:\Program Files\Microsoft\Exchange Server\V15\Mailbox"


def exchange_server(server: Server) -> NetObject:
    """An ExchangeServer, as Get-ExchangeServer without -Status gives it."""
    directory = f"{values.DATA}.Directory"
    return NetObject(
        [
            f"{directory}.Management.ExchangeServer",
            f"{directory}.Management.ADPresentationObject",
            f"{directory}.ADObject",
            f"{directory}.ADRawEntry",
            f"{values.DATA}.ConfigurableObject",
            "System.Object",
        ],
        server.name,
        {**_installation(server), **_network(server), **_state(server), **_directory_entry(server)},
    )


def legacy_dn(server: Server) -> str:
    return (
        f"/o={contoso.EXCHANGE_ORGANIZATION}/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
        f"/cn=Configuration/cn=Servers/cn={server.name}"
    )


def _installation(server: Server) -> dict[str, t.Any]:
    is_mailbox = server.role == "Mailbox"
    return {
        "Name": server.name,
        "DataPath": NetObject(
            [f"{values.DATA}.LocalLongFullPath", f"{values.DATA}.LongPath", "System.Object"],
            _MAILBOX_PATH,
            {"PathName": _MAILBOX_PATH, "IsLocalFull": True, "IsUnc": False, "DriveName": "C:"},
        ),
        "Domain": contoso.AD_DOMAIN,
        "Edition": EnumValue(f"{values.DATA}.ServerEditionType", "StandardEvaluation", 2),
        "ExchangeLegacyDN": legacy_dn(server),
        "ExchangeLegacyServerRole": 0,
        "Fqdn": server.fqdn,
        "CustomerFeedbackEnabled": True,
        "InternetWebProxy": None,
        "InternetWebProxyBypassList": None,
        "IsHubTransportServer": is_mailbox,
        "IsClientAccessServer": is_mailbox,
        "IsExchange2007OrLater": True,
        "IsEdgeServer": not is_mailbox,
        "IsMailboxServer": is_mailbox,
        "IsE14OrLater": True,
        "IsE15OrLater": server.version.startswith("15."),
        "IsProvisionedServer": False,
        "IsUnifiedMessagingServer": False,
        "IsFrontendTransportServer": is_mailbox,
    }


def _network(server: Server) -> dict[str, t.Any]:
    return {
        "NetworkAddress": MultiValued(
            f"{values.DATA}.NetworkAddressCollection",
            [
                _network_address("ncacn_vns_spp", server.name),
                _network_address("netbios", server.name),
                _network_address("ncacn_np", server.name),
                _network_address("ncacn_spx", server.name),
                _network_address("ncacn_ip_tcp", server.fqdn),
                _network_address("ncalrpc", server.name),
            ],
        ),
        "OrganizationalUnit": f"{contoso.AD_DOMAIN}/{server.name}",
        "AdminDisplayVersion": _version(server),
        "Site": values.ad_object_id(
            f"CN=Default-First-Site-Name,CN=Sites,{values.CONFIGURATION_DN}", server_guid(server), canonical=True
        ),
        "ServerRole": _role(server),
    }


def _state(server: Server) -> dict[str, t.Any]:
    return {
        "ErrorReportingEnabled": True,
        "MitigationsEnabled": True,
        "StaticDomainControllers": values.strings(),
        "StaticGlobalCatalogs": values.strings(),
        "StaticConfigDomainController": "",
        "StaticExcludedDomainControllers": values.strings(),
        "MonitoringGroup": "",
        "CurrentDomainControllers": values.strings(contoso.DC_HOST),
        "CurrentGlobalCatalogs": values.strings(contoso.DC_HOST),
        "CurrentConfigDomainController": contoso.DC_HOST,
        "ProductID": "",
        "IsExchangeTrialEdition": True,
        "IsExpiredExchangeTrialEdition": False,
        "MailboxProvisioningAttributes": None,
        "RemainingTrialPeriod": values.time_span(datetime.timedelta(days=90)),
        "MitigationsApplied": None,
        "MitigationsBlocked": None,
        "DataCollectionEnabled": False,
        "Identity": values.ad_object_id(server_dn(server.name), server_guid(server)),
        "IsValid": True,
    }


def _directory_entry(server: Server) -> dict[str, t.Any]:
    return {
        "ExchangeVersion": values.object_version(1, "8.0.535.0"),
        "DistinguishedName": server_dn(server.name),
        "Guid": server_guid(server),
        "ObjectCategory": values.object_category("ms-Exch-Exchange-Server"),
        "ObjectClass": values.strings("top", "server", "msExchExchangeServer"),
        "WhenChanged": _INSTALLED,
        "WhenCreated": _INSTALLED,
        "WhenChangedUTC": _INSTALLED,
        "WhenCreatedUTC": _INSTALLED,
        "OrganizationId": values.organization_id(),
        "Id": values.ad_object_id(server_dn(server.name), server_guid(server)),
        "OriginatingServer": contoso.DC_HOST,
        "ObjectState": values.object_state(),
    }


def _version(server: Server) -> NetObject:
    major, minor, build, revision = (int(part) for part in server.version.split("."))
    return NetObject(
        [f"{values.DATA}.ServerVersion", "System.Object"],
        server.admin_display_version,
        {"Major": major, "Minor": minor, "Build": build, "Revision": revision, "FilePatchLevelDescription": None},
    )


def _role(server: Server) -> EnumValue:
    # assumed: Edge's number; Mailbox is 2 in the captured object.
    return EnumValue(
        f"{values.DATA}.Directory.SystemConfiguration.ServerRole", server.role, {"Mailbox": 2, "Edge": 64}[server.role]
    )


def _network_address(protocol: str, address: str) -> NetObject:
    return NetObject(
        [
            f"{values.DATA}.CustomNetworkAddress",
            f"{values.DATA}.NetworkAddress",
            f"{values.DATA}.ProtocolAddress",
            "System.Object",
        ],
        f"{protocol}:{address}",
        {"ProtocolType": protocol, "AddressString": address},
    )
