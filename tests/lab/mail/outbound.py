# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a transport server of the organization sends: to a server of its own, or by a send connector.

Sources: Set-SendConnector reference (DNSRoutingEnabled, SmartHosts, RequireTLS, TlsAuthLevel, TlsDomain, TlsCertificateName,
CloudServicesMailEnabled); "Non-delivery reports in Exchange Online" for the texts of DNS failures.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from lab.exchange.cmdlet_table import product_of
from lab.mail import routing
from lab.mail import smtp as mail_smtp
from lab.mail.message import ANONYMOUS, AUTH_AS, CROSS_PREMISES_AUTH_AS, INTERNAL, Mail
from lab.mail.name_resolution import ServerFailure, mail_exchangers
from lab.mail.smtp import Outgoing

if t.TYPE_CHECKING:
    from lab.exchange.state import SendConnector, Server
    from lab.mail.network import MailNetwork

INTRA_ORGANIZATION = "Intra-Organization SMTP Send Connector"
NO_SUCH_DOMAIN = "554 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain"
DNS_FAILED = "450 4.4.312 DNS query failed. The error was: SMTPSEND.DNS.ServerFailure"


@dataclasses.dataclass
class Hop:
    """Where a message goes next.

    :ivar problem: why it cannot go there, "" when it can
    :ivar event: what the log calls it
    """

    host: str
    port: int
    mail: Mail
    outgoing: Outgoing
    connector: str
    next_hop: str
    delivery_type: str
    event: str = "SEND"
    connector_guid: uuid.UUID | None = None
    problem: str = ""
    event_data: dict[str, str] = dataclasses.field(default_factory=dict)


class Outbound:
    """The sending side."""

    def __init__(self, network: MailNetwork) -> None:
        self._network = network

    def to_server(self, server: Server, mail: Mail, target: str) -> Hop:
        """To another server of the organization, which is known by its certificate."""
        host = self._network.world.exchange.servers[target].fqdn
        outgoing = Outgoing(server.fqdn, self._network.certificate(server.fqdn))
        port = self._network.server_port(target)
        return Hop(host, port, mail, outgoing, INTRA_ORGANIZATION, target, "SmtpRelayWithinAdSite")

    def by_connector(self, server: Server, mail: Mail, connector: SendConnector) -> Hop:
        """To what the connector's smart hosts or DNS say."""
        settings = connector.settings
        domain = routing.domain_of(mail.recipient)
        smart_hosts = [str(host) for host in settings["SmartHosts"]] if not settings["DNSRoutingEnabled"] else []
        problem = ""
        try:
            hosts = smart_hosts or self._exchangers(domain)
        except ServerFailure:
            hosts, problem = [], DNS_FAILED
        if not hosts:
            problem = problem or NO_SUCH_DOMAIN
        host = hosts[0] if hosts else ""
        port = self._network.locate(host)
        if host and port is None:
            problem = "451 4.4.0 DNS query failed. The error was: SMTPSEND.DNS.NonExistentDomain; nonexistent domain"
        return Hop(
            host,
            port or 0,
            self._prepared(mail, connector),
            self._outgoing(server, connector, domain),
            connector.name,
            ",".join(smart_hosts) or domain,
            "SmartHostConnectorDelivery" if smart_hosts else "DnsConnectorDelivery",
            event=_external_event(server),
            connector_guid=connector.guid,
            problem=problem,
            event_data=_event_data(connector),
        )

    def send(self, hop: Hop) -> str:
        return mail_smtp.send(hop.port, hop.outgoing, hop.mail.sender, hop.mail.recipient, hop.mail.content)

    def _exchangers(self, domain: str) -> list[str]:
        world = self._network.world
        return mail_exchangers(world.dns, domain, world.exchange.transport.internal_zones)

    def _prepared(self, mail: Mail, connector: SendConnector) -> Mail:
        """The organization's headers go along to the cloud, in their form for the way between, and nowhere else.

        # assumed: only for an accepted domain. Microsoft says that without one the connector cannot be used to deliver to
        # the group domain, and that mail then arrives only where external senders are allowed; not by what.
        """
        auth_as = mail.header(AUTH_AS) or (INTERNAL if mail.authenticated else ANONYMOUS)
        plain = mail.without_organization_headers()
        known = routing.accepted_domain(self._network.world.exchange, mail.recipient) is not None
        if connector.settings["CloudServicesMailEnabled"] and known:
            return plain.with_headers(**{CROSS_PREMISES_AUTH_AS: auth_as})
        return plain

    def _outgoing(self, server: Server, connector: SendConnector, domain: str) -> Outgoing:
        settings = connector.settings
        certificate = str(settings["TlsCertificateName"] or "").rpartition("CN=")[2] or server.fqdn
        validated = settings["TlsAuthLevel"] == "DomainValidation"
        return Outgoing(
            str(settings["Fqdn"] or server.fqdn),
            self._network.certificate(certificate),
            self._network.ca_file,
            tls_domain=str(settings["TlsDomain"] or domain) if validated else "",
        )


def _external_event(server: Server) -> str:
    """SENDEXTERNAL in newer builds, in no table of the documentation (the support article; 15.1.2507 in elastic/integrations).

    # assumed: since which build.
    """
    older = product_of(server.version) in ("Exchange Server 2010", "Exchange Server 2013")
    return "SEND" if older else "SENDEXTERNAL"


def _event_data(connector: SendConnector) -> dict[str, str]:
    level = connector.settings["TlsAuthLevel"]
    data = {"ToEntity": "Internet", "FromEntity": "Internet", "MsgRecipCount": "1", "DeliveryPriority": "Normal"}
    if level:
        data |= {"RequiredTlsAuthLevel": str(level), "EffectiveTlsAuthLevel": str(level)}
    return data | {"IsSmtpResponseFromExternalServer": "True"}
