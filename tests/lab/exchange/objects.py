# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Get cmdlets give: objects with the properties of real ones, in their order.

Source: CLIXML of real sessions in the test data of microsoft/CSS-Exchange. A client adds PSComputerName, RunspaceId and
PSShowComputerName itself.
"""

from __future__ import annotations

import datetime
import typing as t
import uuid

from lab import contoso
from lab.exchange import values
from lab.exchange.smtp_domain import SmtpDomain
from lab.exchange.state import AcceptedDomain, ExchangeState, HybridConfiguration, SendConnector, Server
from lab.exchange.types import ENUMS
from lab.powershell.objects import EnumValue, NetObject

_CONFIGURATION = "Microsoft.Exchange.Data.Directory.SystemConfiguration"
_AD_OBJECT = [
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
]
_CONFIGURATION_OBJECT = [f"{_CONFIGURATION}.ADConfigurationObject", *_AD_OBJECT]
_ORGANIZATION_DN = f"CN={contoso.EXCHANGE_ORGANIZATION},CN=Microsoft Exchange,CN=Services,{values.CONFIGURATION_DN}"
_GROUP_DN = f"CN=Exchange Administrative Group (FYDIBOHF23SPDLT),CN=Administrative Groups,{_ORGANIZATION_DN}"
_ROUTING_GROUP_DN = f"CN=Exchange Routing Group (DWBGZMFD01QNBJR),CN=Routing Groups,{_GROUP_DN}"
_INSTALLED = datetime.datetime(2025, 3, 3, 8, 0, tzinfo=datetime.UTC)
# Numbers from a captured Get-HybridConfiguration; CentralizedTransport fills the gap. assumed: its number.
_HYBRID_FEATURES = {
    "FreeBusy": 0,
    "MoveMailbox": 1,
    "Mailtips": 2,
    "MessageTracking": 3,
    "OwaRedirection": 4,
    "OnlineArchive": 5,
    "SecureMail": 6,
    "CentralizedTransport": 7,
    "Photos": 8,
}


def accepted_domain_dn(name: str) -> str:
    return f"CN={values.escape_rdn(name)},CN=Accepted Domains,CN=Transport Settings,{_ORGANIZATION_DN}"


def send_connector_dn(name: str) -> str:
    return f"CN={values.escape_rdn(name)},CN=Connections,{_ROUTING_GROUP_DN}"


def server_dn(name: str) -> str:
    return f"CN={name},CN=Servers,{_GROUP_DN}"


def accepted_domain(domain: AcceptedDomain) -> NetObject:
    """What Get- and New-AcceptedDomain give."""
    domain_name = SmtpDomain(domain.domain_name)
    return NetObject(
        [f"{_CONFIGURATION}.AcceptedDomain", *_CONFIGURATION_OBJECT],
        domain.name,
        {
            "DomainName": values.smtp_domain_with_subdomains(domain_name),
            "CatchAllRecipientID": None,
            "DomainType": ENUMS["AcceptedDomainType"].value(domain.domain_type),
            "MatchSubDomains": domain.match_sub_domains,
            "AddressBookEnabled": domain.address_book_enabled,
            "Default": domain.default,
            "EmailOnly": False,
            "ExternallyManaged": False,
            "AuthenticationType": None,
            "LiveIdInstanceType": None,
            "PendingRemoval": domain.pending_removal,
            "PendingCompletion": domain.pending_completion,
            "FederatedOrganizationLink": None,
            "MailFlowPartner": None,
            "OutboundOnly": False,
            "PendingFederatedAccountNamespace": False,
            "PendingFederatedDomain": False,
            "IsCoexistenceDomain": False,
            "PerimeterDuplicateDetected": False,
            "IsDefaultFederatedDomain": False,
            "EnableNego2Authentication": False,
            "InitialDomain": False,
            **_tail(
                domain.name,
                accepted_domain_dn(domain.name),
                domain.guid,
                values.object_version(20, "15.0.0.0"),
                "ms-Exch-Accepted-Domain",
                ["top", "msExchAcceptedDomain"],
                domain.when_created,
                domain.when_changed,
            ),
        },
    )


def send_connector(connector: SendConnector) -> NetObject:
    """What Get- and New-SendConnector give."""
    settings = connector.settings
    source_servers = [_server_id(name) for name in settings["SourceTransportServers"]]
    home = source_servers[0] if source_servers else None
    return NetObject(
        [
            f"{_CONFIGURATION}.SmtpSendConnectorConfig",
            f"{_CONFIGURATION}.MailGateway",
            f"{_CONFIGURATION}.SendConnector",
            f"{_CONFIGURATION}.ADLegacyVersionableObject",
            *_CONFIGURATION_OBJECT,
        ],
        connector.name,
        {
            "DNSRoutingEnabled": settings["DNSRoutingEnabled"],
            "TlsDomain": _optional(_domain, settings["TlsDomain"]),
            "TlsAuthLevel": _optional(ENUMS["TlsAuthLevel"].value, settings["TlsAuthLevel"]),
            "ErrorPolicies": ENUMS["ErrorPolicies"].value(settings["ErrorPolicies"]),
            "SmartHosts": values.multivalued(f"{values.DATA}.SmartHost", map(values.smart_host, settings["SmartHosts"])),
            "Port": settings["Port"],
            "ConnectionInactivityTimeOut": values.time_span(settings["ConnectionInactivityTimeOut"]),
            "ForceHELO": settings["ForceHELO"],
            "FrontendProxyEnabled": settings["FrontendProxyEnabled"],
            "IgnoreSTARTTLS": settings["IgnoreSTARTTLS"],
            "CloudServicesMailEnabled": settings["CloudServicesMailEnabled"],
            "Fqdn": _optional(values.fqdn, settings["Fqdn"]),
            "TlsCertificateName": _optional(values.x509_identifier, settings["TlsCertificateName"]),
            "RequireTLS": settings["RequireTLS"],
            "RequireOorg": settings["RequireOorg"],
            "Enabled": settings["Enabled"],
            "ProtocolLoggingLevel": ENUMS["ProtocolLoggingLevel"].value(settings["ProtocolLoggingLevel"]),
            "SmartHostAuthMechanism": ENUMS["AuthMechanisms"].value(settings["SmartHostAuthMechanism"]),
            "AuthenticationCredential": _optional(_credential, settings["AuthenticationCredential"]),
            "UseExternalDNSServersEnabled": settings["UseExternalDNSServersEnabled"],
            "DomainSecureEnabled": settings["DomainSecureEnabled"],
            "SourceIPAddress": values.ip_address(settings["SourceIPAddress"]),
            "SmtpMaxMessagesPerConnection": settings["SmtpMaxMessagesPerConnection"],
            "ConnectorType": ENUMS["TenantConnectorType"].value(settings["ConnectorType"]),
            "SmartHostsString": ",".join(settings["SmartHosts"]),
            "CertificateSubject": None,
            "Region": EnumValue(f"{values.DATA}.SendConnectorRegion", "NotSpecified", 0),
            "AddressSpaces": values.multivalued(
                f"{values.DATA}.AddressSpace", map(values.address_space, connector.address_spaces)
            ),
            "ConnectedDomains": values.multivalued(f"{values.DATA}.ConnectedDomain", []),
            "IsScopedConnector": settings["IsScopedConnector"],
            "IsSmtpConnector": True,
            "Comment": settings["Comment"],
            "SourceRoutingGroup": values.ad_object_id(_ROUTING_GROUP_DN, uuid.UUID(int=0)),
            "SourceTransportServers": values.ad_multivalued(values.AD_OBJECT_ID, source_servers),
            "HomeMTA": None if home is None else _microsoft_mta(home.to_string),
            "HomeMtaServerId": home,
            "MaxMessageSize": values.unlimited_size(settings["MaxMessageSize"]),
            **_tail(
                connector.name,
                send_connector_dn(connector.name),
                connector.guid,
                values.object_version(1, "8.0.535.0"),
                "ms-Exch-Routing-SMTP-Connector",
                ["top", "msExchConnector", "mailGateway", "msExchRoutingSMTPConnector"],
                connector.when_created,
                connector.when_changed,
            ),
        },
    )


def hybrid_configuration(hybrid: HybridConfiguration, state: ExchangeState) -> NetObject:
    """What Get-HybridConfiguration gives."""
    name = "Hybrid Configuration"
    transport_servers = [_server_id(server) for server in hybrid.transport_servers]
    features = [EnumValue("HybridFeature", feature, _HYBRID_FEATURES[feature]) for feature in hybrid.features]
    return NetObject(
        [f"{_CONFIGURATION}.HybridConfiguration", *_CONFIGURATION_OBJECT],
        name,
        {
            "ClientAccessServers": values.ad_multivalued(values.AD_OBJECT_ID, []),
            "EdgeTransportServers": values.ad_multivalued(values.AD_OBJECT_ID, []),
            "ReceivingTransportServers": values.ad_multivalued(values.AD_OBJECT_ID, transport_servers),
            "SendingTransportServers": values.ad_multivalued(values.AD_OBJECT_ID, transport_servers),
            "OnPremisesSmartHost": values.smtp_domain(hybrid.smart_host),
            "Domains": values.multivalued(
                f"{values.DATA}.AutoDiscoverSmtpDomain", map(values.autodiscover_domain, hybrid.domains)
            ),
            "Features": values.ad_multivalued("HybridFeature", features),
            "ExternalIPAddresses": values.multivalued(f"{values.DATA}.IPRange", []),
            "TlsCertificateName": values.x509_identifier(hybrid.certificate),
            "ServiceInstance": 0,
            **_tail(
                name,
                f"CN={name},CN={name},{_ORGANIZATION_DN}",
                uuid.uuid5(state.organization_guid, name),
                values.object_version(20, "15.0.0.0"),
                "ms-Exch-Coexistence-Relationship",
                ["top", "msExchCoexistenceRelationship"],
                _INSTALLED,
                _INSTALLED,
                state="Changed",
            ),
        },
    )


def organization_config(state: ExchangeState) -> NetObject:
    """What Get-OrganizationConfig gives, the common properties only."""
    return NetObject(
        [f"{values.DATA}.Directory.Management.OrganizationConfig", f"{_CONFIGURATION}.Organization", *_AD_OBJECT],
        state.organization,
        _tail(
            state.organization,
            _ORGANIZATION_DN,
            state.organization_guid,
            values.object_version(20, "15.0.0.0"),
            "ms-Exch-Organization-Container",
            ["top", "container", "msExchOrganizationContainer"],
            _INSTALLED,
            _INSTALLED,
        ),
    )


def server_guid(server: Server) -> uuid.UUID:
    return uuid.uuid5(uuid.UUID(contoso.ORGANIZATION_GUID), f"server {server.name}")


def _server_id(name: str) -> NetObject:
    return values.ad_object_id(server_dn(name), uuid.uuid5(uuid.UUID(contoso.ORGANIZATION_GUID), f"server {name}"))


def _microsoft_mta(server: str) -> NetObject:
    dn = f"CN=Microsoft MTA,{server_dn(server)}"
    return values.ad_object_id(dn, uuid.uuid5(uuid.UUID(contoso.ORGANIZATION_GUID), dn))


def _credential(user_name: str) -> NetObject:
    # assumed: the form; captured connectors have none. A password never leaves the server.
    return NetObject(
        ["System.Management.Automation.PSCredential", "System.Object"],
        "System.Management.Automation.PSCredential",
        {"UserName": user_name},
    )


def _domain(text: str) -> NetObject:
    return values.smtp_domain_with_subdomains(SmtpDomain(text))


def _optional(build: t.Callable[[t.Any], t.Any], value: t.Any) -> t.Any:
    return None if value is None else build(value)


def _tail(
    name: str,
    distinguished_name: str,
    guid: uuid.UUID,
    version: NetObject,
    category: str,
    classes: list[str],
    created: datetime.datetime,
    changed: datetime.datetime,
    *,
    state: str = "Unchanged",
) -> dict[str, t.Any]:
    """The properties every configuration object ends with."""
    identity = values.ad_object_id(distinguished_name, guid)
    return {
        "AdminDisplayName": "",
        "ExchangeVersion": version,
        "Name": name,
        "DistinguishedName": distinguished_name,
        "Identity": identity,
        "Guid": guid,
        "ObjectCategory": values.object_category(category),
        "ObjectClass": values.strings(*classes),
        "WhenChanged": changed,
        "WhenCreated": created,
        "WhenChangedUTC": changed,
        "WhenCreatedUTC": created,
        "OrganizationId": values.organization_id(),
        "Id": identity,
        "OriginatingServer": contoso.DC_HOST,
        "IsValid": True,
        "ObjectState": values.object_state(state),
    }
