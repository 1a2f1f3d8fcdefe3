# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport servers of the Exchange organization: they take mail, decide by the configuration as it stands, and keep a log.

Sources: "Message tracking" (events and fields), "Mail routing", "Connector selection", "Queues" of the Exchange Server
documentation; "Non-delivery reports in Exchange Online" and the support article on Microsoft 365 group email delivery for
the texts; rows of real servers in elastic/integrations.
"""

from __future__ import annotations

import datetime
import functools
import typing as t

from lab import contoso
from lab.mail import message as mail_message
from lab.mail import routing
from lab.mail.message import AUTH_AS, CROSS_PREMISES_AUTH_AS, INTERNAL, Mail
from lab.mail.outbound import Hop, Outbound
from lab.mail.smtp import CertificateMismatch, Peer
from lab.mail.state import Queue, QueuedMessage, TrackingEvent

if t.TYPE_CHECKING:
    from lab.exchange.state import ExchangeState, Server
    from lab.mail.network import MailNetwork

MAX_HOPS = 60
"""MaxHopCount of receive connectors (New-ReceiveConnector reference)."""

# Texts: "NDR 550 5.1.10", the support article on delivery to groups, "NDR 554 5.4.6".
NOT_FOUND = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
SENDER_NOT_AUTHENTICATED = (
    "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed "
    "because the sender was not authenticated when sending to this group"
)
HOP_COUNT = "554 5.4.6 Hop count exceeded - possible mail loop"
UNREACHABLE = "A matching connector cannot be found to route the external recipient"
QUEUED = "250 2.6.0 {} [InternalId=1, Hostname={}] Queued mail for delivery"


class OnPremises:
    """All servers of the organization; which one is meant comes with each call."""

    def __init__(self, network: MailNetwork) -> None:
        self._network = network
        self._outbound = Outbound(network)

    @property
    def _exchange(self) -> ExchangeState:
        return self._network.world.exchange

    def may_log_on(self, user: str, password: str) -> bool:
        """Whether an account and its password belong together."""
        with self._network.world.lock:
            return self._network.world.directory.authenticate(user, password) is not None

    def submit(self, server: str, peer: Peer, sender: str, recipient: str, content: bytes) -> str:
        """A client of the organization hands in a message ("Client Frontend", port 587)."""
        with self._network.world.lock:
            mailbox = next((item for item in self._exchange.mailboxes if item.is_named(peer.user)), None)
            if mailbox is None or mailbox.address.lower() != sender.lower():
                return "550 5.7.60 SMTP; Client does not have permissions to send as this sender"
            mail = Mail(sender, recipient, content, authenticated=True).without_organization_headers()
            mail = mail.with_headers(**{AUTH_AS: INTERNAL}).received(server, peer.helo)
            return self._take(server, mail, peer, rf"{server}\Client Proxy {server}")

    def receive(self, server: str, peer: Peer, sender: str, recipient: str, content: bytes) -> str:
        """Another server hands over a message ("Default Frontend", port 25)."""
        with self._network.world.lock:
            mail = Mail(sender, recipient, content)
            if mail.hops >= MAX_HOPS:
                return HOP_COUNT
            if self._is_own_server(peer):
                mail.authenticated = mail.header(AUTH_AS) == INTERNAL
            else:
                from_cloud = any(name.endswith("mail.protection.outlook.com") for name in peer.certificate)
                mail.authenticated = from_cloud and mail.header(CROSS_PREMISES_AUTH_AS) == INTERNAL
                if not mail.authenticated and routing.accepted_domain(self._exchange, recipient) is None:
                    return "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"
                value = INTERNAL if mail.authenticated else mail_message.ANONYMOUS
                mail = mail.without_organization_headers().with_headers(**{AUTH_AS: value})
            return self._take(server, mail.received(server, peer.helo), peer, rf"{server}\Default {server}")

    def _is_own_server(self, peer: Peer) -> bool:
        return any(server.fqdn.lower() in peer.certificate for server in self._exchange.servers.values())

    def _take(self, server: str, mail: Mail, peer: Peer, connector: str) -> str:
        self._record(server, mail, "SMTP", "RECEIVE", connector=connector, client_hostname=peer.helo)
        self._network.enqueue(functools.partial(self._process, server, mail))
        return QUEUED.format(mail.message_id, self._exchange.servers[server].fqdn)

    def _process(self, server: str, mail: Mail) -> None:
        with self._network.world.lock:
            hop = self._decide(self._exchange.servers[server], mail)
        if hop is None:
            return
        try:
            answer = self._outbound.send(hop)
        except CertificateMismatch:
            # RequireTLS with DomainValidation and another name in the certificate (OfficeDocs-Exchange issue 2347).
            answer = "454 4.7.5 Certificate validation failure, Reason:SubjectMismatch"
        except OSError:
            answer = "451 4.4.0 Primary target IP address responded with: 421 4.4.2 Connection dropped"
        with self._network.world.lock:
            self._finish(server, mail, hop, answer)

    def _decide(self, server: Server, mail: Mail) -> Hop | None:
        """Deliver, refuse or queue here, or say where it goes next."""
        if server.role == "Edge":
            return self._decide_on_edge(server, mail)
        found = routing.resolve(self._exchange, self._network.world.directory, mail.recipient)
        if found.mailbox is not None and not found.mailbox.is_remote:
            if found.mailbox.server != server.name:
                return self._outbound.to_server(server, mail, found.mailbox.server)
            self._deliver(server.name, mail)
            return None
        if found.mailbox is not None:
            related, mail.recipient = mail.recipient, found.mailbox.remote_routing_address
            self._record(server.name, mail, "ROUTING", "RESOLVE", related_recipient=related)
        elif found.group is not None:
            # The object demands it whatever the group's own setting is (msExchRequireAuthToSendTo, the support article).
            if not mail.authenticated:
                return self._fail(server.name, mail, "ROUTING", SENDER_NOT_AUTHENTICATED)
        else:
            accepted = routing.accepted_domain(self._exchange, mail.recipient)
            if accepted is not None and accepted.domain_type == "Authoritative":
                return self._fail(server.name, mail, "ROUTING", NOT_FOUND)
        return self._route(server, mail)

    def _decide_on_edge(self, server: Server, mail: Mail) -> Hop | None:
        """What EdgeSync has configured: accepted domains go inside by the address space "--" ("Edge Subscriptions").

        This is why an Edge server as source of the hybrid connector makes a loop (known issue in Microsoft's procedure).
        """
        if routing.accepted_domain(self._exchange, mail.recipient) is not None:
            inside = next(item.name for item in self._exchange.servers.values() if item.role == "Mailbox")
            return self._outbound.to_server(server, mail, inside)
        return self._route(server, mail)

    def _route(self, server: Server, mail: Mail) -> Hop | None:
        connector = routing.select_connector(self._exchange, mail.recipient)
        if connector is None:
            queue = Queue("Unreachable", "Unreachable", "Unreachable Domain", status="Ready")
            self._enqueue(server.name, mail, queue, UNREACHABLE)
            return None
        sources = routing.source_servers(self._exchange, connector)
        if server.name not in sources:
            return self._outbound.to_server(server, mail, sources[0])
        hop = self._outbound.by_connector(server, mail, connector)
        if hop.problem.startswith("5"):
            return self._fail(server.name, mail, "DNS", hop.problem, connector=connector.name)
        if hop.problem:
            self._defer(server.name, mail, hop, hop.problem)
            return None
        return hop

    def _finish(self, server: str, mail: Mail, hop: Hop, answer: str) -> None:
        if answer.startswith("4"):
            self._defer(server, mail, hop, answer)
        elif answer.startswith("5"):
            status = _last_error(answer, hop.host)
            self._fail(server, mail, "SMTP", status, connector=hop.connector, server_hostname=hop.host)
        else:
            self._record(
                server,
                mail,
                "SMTP",
                hop.event,
                connector=hop.connector,
                server_hostname=hop.host,
                recipient_status=["250 2.1.5 Recipient OK"],
                source_context=f";{answer}",
                event_data=hop.event_data,
            )

    def _deliver(self, server: str, mail: Mail) -> None:
        self._exchange.transport.mailboxes.setdefault(mail.recipient.lower(), []).append(mail.stored())
        self._record(server, mail, "STOREDRIVER", "DELIVER", recipient_status=[""], directionality="Incoming")

    def _defer(self, server: str, mail: Mail, hop: Hop, text: str) -> None:
        error = _last_error(text, hop.host)
        self._record(server, mail, "SMTP", "DEFER", connector=hop.connector, recipient_status=[error])
        queue = Queue(hop.next_hop, hop.delivery_type, hop.next_hop, next_hop_connector=hop.connector_guid, last_error=error)
        self._enqueue(server, mail, queue, error)

    def _enqueue(self, server: str, mail: Mail, queue: Queue, error: str) -> None:
        queues = self._exchange.transport.service(server).queues
        held = queues.setdefault(queue.name, queue)
        held.messages.append(QueuedMessage(mail.message_id, mail.subject, mail.sender, mail.recipient, error))

    def _fail(self, server: str, mail: Mail, source: str, status: str, **row: t.Any) -> None:
        """Give up, and tell the sender ("Message tracking": FAIL and DSN)."""
        report_id = f"<{mail.message_id.strip('<>')}.dsn@{contoso.AD_DOMAIN}>"
        self._record(server, mail, source, "FAIL", recipient_status=[status], reference=[report_id], **row)
        if not mail.sender:
            return
        postmaster = f"postmaster@{contoso.AD_DOMAIN}"
        subject = f"Undeliverable: {mail.subject}"
        report = mail_message.compose(postmaster, mail.sender, subject, status, message_id=report_id)
        report.sender = ""
        self._record(server, report, "DSN", "DSN", reference=[mail.message_id])
        self._network.enqueue(functools.partial(self._process, server, report))

    def _record(self, server: str, mail: Mail, source: str, event_id: str, **row: t.Any) -> None:
        event = TrackingEvent(
            source,
            event_id,
            mail.sender,
            [mail.recipient],
            mail.subject,
            mail.message_id,
            total_bytes=len(mail.content),
            **row,
        )
        self._exchange.transport.record(server, event)


def _last_error(text: str, host: str) -> str:
    """The form of LastError and of a remote refusal's RecipientStatus (as real servers write it)."""
    now = datetime.datetime.now(datetime.UTC)
    return f"[{{LED={text}}};{{MSG=}};{{FQDN={host}}};{{IP=127.0.0.1}};{{LRT={now:%m/%d/%Y %I:%M:%S %p}}}]"
