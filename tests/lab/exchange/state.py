# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange organization of the lab: servers, hybrid configuration, accepted domains, send connectors.

Plain data. The seed is an organization whose administrator has run the Hybrid Configuration wizard.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import typing as t
import uuid

from lab import contoso
from lab.exchange import mailboxes as exchange_mailboxes
from lab.exchange import roles
from lab.exchange.address_space import AddressSpace
from lab.exchange.mailboxes import Mailbox
from lab.exchange.replication import DomainControllers
from lab.mail.state import TransportState

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState

SERVER = contoso.EXCHANGE_HOST.partition(".")[0].upper()
HYBRID_DOMAIN = f"{contoso.TENANT.partition('.')[0]}.mail.onmicrosoft.com"
CERTIFICATE = "<I>CN=Contoso Issuing CA, DC=corp, DC=contoso, DC=com<S>CN=mail.contoso.com"
_CLOCK_START = datetime.datetime(2026, 1, 12, 9, 0, tzinfo=datetime.UTC)
_GUIDS = uuid.UUID(contoso.ORGANIZATION_GUID)

# Defaults of the New-SendConnector reference; the size is what connectors of real servers show (CSS-Exchange test data).
CONNECTOR_DEFAULTS: dict[str, t.Any] = {
    "DNSRoutingEnabled": True,
    "TlsDomain": None,
    "TlsAuthLevel": None,
    "ErrorPolicies": "Default",
    "SmartHosts": [],
    "Port": 25,
    "ConnectionInactivityTimeOut": datetime.timedelta(minutes=10),
    "ForceHELO": False,
    "FrontendProxyEnabled": False,
    "IgnoreSTARTTLS": False,
    "CloudServicesMailEnabled": False,
    "Fqdn": None,
    "TlsCertificateName": None,
    "RequireTLS": False,
    "RequireOorg": False,
    "Enabled": True,
    "ProtocolLoggingLevel": "None",
    "SmartHostAuthMechanism": "None",
    "AuthenticationCredential": None,
    "UseExternalDNSServersEnabled": False,
    "DomainSecureEnabled": False,
    "SourceIPAddress": "0.0.0.0",  # noqa: S104 - a documented default, nothing is bound to it
    "SmtpMaxMessagesPerConnection": 20,
    "ConnectorType": "Default",
    "IsScopedConnector": False,
    "Comment": "",
    "SourceTransportServers": [SERVER],
    "MaxMessageSize": 35 * 1024**2,
}


@dataclasses.dataclass
class Server:
    """An Exchange server; ``version`` is its build, such as ``15.2.1748.10``."""

    name: str
    fqdn: str
    version: str
    role: str = "Mailbox"

    @property
    def admin_display_version(self) -> str:
        """The form of AdminDisplayVersion: ``Version 15.2 (Build 1748.10)``."""
        major, minor, build, revision = self.version.split(".")
        return f"Version {major}.{minor} (Build {build}.{revision})"


@dataclasses.dataclass
class HybridConfiguration:
    """What the Hybrid Configuration wizard stores."""

    domains: list[str]
    features: list[str]
    transport_servers: list[str]
    smart_host: str
    certificate: str


@dataclasses.dataclass
class ConfigurationObject:
    """What accepted domains and send connectors have in common; ``created`` and ``changed`` count the writes before."""

    name: str
    guid: uuid.UUID
    created: int = 0
    changed: int = 0

    @property
    def when_created(self) -> datetime.datetime:
        return _CLOCK_START + datetime.timedelta(seconds=self.created)

    @property
    def when_changed(self) -> datetime.datetime:
        return _CLOCK_START + datetime.timedelta(seconds=self.changed)


@dataclasses.dataclass
class AcceptedDomain(ConfigurationObject):
    """An accepted domain; its domain name never changes."""

    domain_name: str = ""
    domain_type: str = "Authoritative"
    match_sub_domains: bool = False
    address_book_enabled: bool = True
    default: bool = False
    pending_removal: bool = False
    pending_completion: bool = False


@dataclasses.dataclass(frozen=True)
class Permission:
    """An access rule for one extended right."""

    user: str
    right: str
    deny: bool = False
    inherited: bool = False


@dataclasses.dataclass
class SendConnector(ConfigurationObject):
    """A send connector; ``settings`` holds every property of :data:`CONNECTOR_DEFAULTS`."""

    address_spaces: list[AddressSpace] = dataclasses.field(default_factory=list)
    settings: dict[str, t.Any] = dataclasses.field(default_factory=lambda: copy.deepcopy(CONNECTOR_DEFAULTS))
    permissions: list[Permission] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class ExchangeState:
    """The organization. Tests plant what they need: an old build, no hybrid configuration, other domains."""

    organization: str
    servers: dict[str, Server] = dataclasses.field(default_factory=dict)
    hybrid: HybridConfiguration | None = None
    accepted_domains: list[AcceptedDomain] = dataclasses.field(default_factory=list)
    send_connectors: list[SendConnector] = dataclasses.field(default_factory=list)
    writes: int = 0
    role_assignments: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=roles.seed)
    custom_roles: dict[str, roles.CustomRole] = dataclasses.field(default_factory=dict)
    culture: str = "en-US"
    domain_controllers: DomainControllers = dataclasses.field(default_factory=DomainControllers)
    mailboxes: list[Mailbox] = dataclasses.field(default_factory=lambda: exchange_mailboxes.seed(SERVER))
    transport: TransportState = dataclasses.field(default_factory=TransportState)
    # Extended rights on groups, by distinguished name.
    group_permissions: dict[str, list[Permission]] = dataclasses.field(default_factory=dict)

    @classmethod
    def seed(cls) -> ExchangeState:
        """Exchange 2019 CU15, hybrid set up, group domain not yet known."""
        state = cls(
            contoso.EXCHANGE_ORGANIZATION,
            servers={SERVER: Server(SERVER, contoso.EXCHANGE_HOST, "15.2.1748.10")},
            hybrid=HybridConfiguration(
                domains=["contoso.com"],
                features=[
                    "FreeBusy",
                    "MoveMailbox",
                    "Mailtips",
                    "MessageTracking",
                    "OwaRedirection",
                    "OnlineArchive",
                    "SecureMail",
                    "Photos",
                ],
                transport_servers=[SERVER],
                smart_host="mail.contoso.com",
                certificate=CERTIFICATE,
            ),
        )
        state.add_accepted_domain("contoso.com", "contoso.com", default=True)
        state.add_accepted_domain(HYBRID_DOMAIN, HYBRID_DOMAIN, domain_type="InternalRelay", address_book_enabled=False)
        state.add_send_connector("Internet", ["SMTP:*;1"])
        state.add_send_connector(
            contoso.HYBRID_CONNECTOR,
            [f"smtp:{HYBRID_DOMAIN};1"],
            CloudServicesMailEnabled=True,
            Fqdn="mail.contoso.com",
            RequireTLS=True,
            TlsAuthLevel="DomainValidation",
            TlsCertificateName=CERTIFICATE,
            TlsDomain="mail.protection.outlook.com",
        )
        return state

    def at(self, domain_controller: str) -> ExchangeState:
        """The organization as this domain controller has it."""
        return self.domain_controllers.lagging.get(domain_controller, self)

    def hold_replication(self, domain_controller: str, directory: DirectoryState | None = None) -> None:
        """From now on nothing reaches this domain controller, and nothing leaves it.

        :param directory: the domain's objects, when they are to be held as well
        """
        self.domain_controllers.hold(domain_controller, self, directory)

    def replicate(self, directory: DirectoryState | None = None) -> None:
        """All domain controllers agree again."""
        self.domain_controllers.release(self, directory)

    @property
    def organization_guid(self) -> uuid.UUID:
        return _GUIDS

    def add_accepted_domain(self, name: str, domain_name: str, **properties: t.Any) -> AcceptedDomain:
        """Put a domain in without any of the cmdlet's checks."""
        guid, moment = self._new_object("accepted domain", name)
        domain = AcceptedDomain(name, guid, moment, moment, domain_name=domain_name, **properties)
        self.accepted_domains.append(domain)
        return domain

    def add_send_connector(self, name: str, address_spaces: t.Iterable[str], **settings: t.Any) -> SendConnector:
        """Put a connector in without any of the cmdlet's checks; ``settings`` by property name."""
        guid, moment = self._new_object("send connector", name)
        spaces = [AddressSpace.parse(space) for space in address_spaces]
        connector = SendConnector(name, guid, moment, moment, spaces)
        connector.settings.update(settings)
        self.send_connectors.append(connector)
        return connector

    def connector(self, name: str) -> SendConnector:
        """The connector of this name."""
        return next(connector for connector in self.send_connectors if connector.name == name)

    def domain(self, domain_name: str) -> AcceptedDomain:
        """The accepted domain for this SMTP domain."""
        return next(domain for domain in self.accepted_domains if domain.domain_name == domain_name)

    def tick(self) -> int:
        """Count a write; the clock of the lab's Exchange."""
        self.writes += 1
        return self.writes

    def _new_object(self, kind: str, name: str) -> tuple[uuid.UUID, int]:
        """A GUID that depends on kind and name only, so that equal runs end in equal states."""
        used = {item.guid for item in (*self.accepted_domains, *self.send_connectors)}
        text = f"{kind} {name.lower()}"
        while (guid := uuid.uuid5(_GUIDS, text)) in used:
            text += " again"
        return guid, self.tick()

    def view(self) -> dict[str, t.Any]:
        """What a person wants to see; names are keys, times and GUIDs are left out."""
        return {
            "organization": self.organization,
            "servers": {server.name: {"version": server.version, "role": server.role} for server in self.servers.values()},
            "hybrid_configuration": dataclasses.asdict(self.hybrid) if self.hybrid else None,
            "accepted_domains": {domain.name: _domain_view(domain) for domain in self.accepted_domains},
            "send_connectors": {connector.name: _connector_view(connector) for connector in self.send_connectors},
            "transport": self.transport.view(),
        }


def _domain_view(domain: AcceptedDomain) -> dict[str, t.Any]:
    return {
        field.name: getattr(domain, field.name)
        for field in dataclasses.fields(domain)
        if field.name not in ("name", "guid", "created", "changed")
    }


def _connector_view(connector: SendConnector) -> dict[str, t.Any]:
    """The address spaces, and the settings that are not the default."""
    settings = {
        name: value if isinstance(value, (str, int, list, type(None))) else str(value)
        for name, value in connector.settings.items()
        if value != CONNECTOR_DEFAULTS[name]
    }
    permissions = [f"{'deny' if item.deny else 'allow'} {item.user} {item.right}" for item in connector.permissions]
    return {
        "AddressSpaces": [str(space) for space in connector.address_spaces],
        **settings,
        **({"permissions": permissions} if permissions else {}),
    }
