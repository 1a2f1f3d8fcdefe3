# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange Online: takes mail at Exchange Online Protection, delivers to groups and mailboxes, sends to the organization.

Sources: "Non-delivery reports in Exchange Online" and the support article on Microsoft 365 group email delivery (texts, and what
the inbound connector's certificate decides); "Connectors in hybrid deployments" and "Centralized mail transport".
"""

from __future__ import annotations

import email.utils
import functools
import typing as t
import uuid

from lab.cloud.exchange_online import ONLINE
from lab.mail import message as mail_message
from lab.mail import smtp as mail_smtp
from lab.mail.message import ANONYMOUS, AUTH_AS, CROSS_PREMISES_AUTH_AS, INTERNAL, Mail
from lab.mail.on_premises import NOT_FOUND, SENDER_NOT_AUTHENTICATED
from lab.mail.routing import domain_of
from lab.mail.smtp import CertificateMismatch, Outgoing, Peer

if t.TYPE_CHECKING:
    from lab.cloud.exchange_online import ExchangeOnlineState
    from lab.cloud.tenant import TenantState
    from lab.cloud.unified_group import UnifiedGroup
    from lab.mail.network import MailNetwork

EDGE_NAME = "mail.protection.outlook.com"
SERVER = "am0pr01mb1234.eurprd01.prod.outlook.com"
NO_SUCH_DOMAIN = "550 5.4.1 Recipient address rejected: Access denied"
NOT_ATTRIBUTED = "550 5.7.64 TenantAttribution; Relay Access Denied"


class ExchangeOnline:
    """The tenant's side."""

    def __init__(self, network: MailNetwork) -> None:
        self._network = network

    @property
    def _tenant(self) -> TenantState:
        return self._network.world.tenant

    @property
    def _online(self) -> ExchangeOnlineState:
        return self._network.world.tenant.online

    def receive(self, peer: Peer, sender: str, recipient: str, content: bytes) -> str:
        """Exchange Online Protection takes a message, or refuses it."""
        with self._network.world.lock:
            inbound = self._online.inbound
            mail = Mail(sender, recipient, content)
            attributed = inbound.enabled and inbound.sender_certificate in peer.certificate
            preserved = attributed and inbound.cloud_services
            mail.authenticated = preserved and mail.header(CROSS_PREMISES_AUTH_AS) == INTERNAL
            auth_as = INTERNAL if mail.authenticated else ANONYMOUS
            mail = mail.without_organization_headers().with_headers(**{AUTH_AS: auth_as}).received(EDGE_NAME, peer.helo)
            refusal = self._refusal(mail, relays=bool(peer.certificate) and not attributed)
            if refusal is None and not attributed and self._online.outbound.route_all:
                # Centralized mail flow: what comes from outside goes through the organization first.
                self._network.enqueue(functools.partial(self._to_organization, mail))
            elif refusal is None:
                self._network.enqueue(functools.partial(self._deliver, mail))
            return refusal or f"250 2.6.0 {mail.message_id} [InternalId=1, Hostname={SERVER}] Queued mail for delivery"

    def send(self, mail: Mail) -> None:
        """A mailbox of the tenant has sent a message."""
        with self._network.world.lock:
            refusal = self._refusal(mail, relays=False) if self._is_own(mail.recipient) else None
        if refusal is None:
            self._deliver(mail)
        else:
            self._report(mail, refusal)

    def _is_own(self, address: str) -> bool:
        domain = self._tenant.domains.get(domain_of(address))
        return domain is not None and domain.verified and "Email" in domain.services

    def _group(self, address: str) -> UnifiedGroup | None:
        return next((g for g in self._tenant.groups if address.lower() in (item.lower() for item in g.addresses)), None)

    def _refusal(self, mail: Mail, *, relays: bool) -> str | None:
        """Why a recipient is not accepted.

        :param relays: the sender shows a certificate that belongs to no connector
        """
        if not self._is_own(mail.recipient):
            return NOT_ATTRIBUTED if relays else NO_SUCH_DOMAIN
        group = self._group(mail.recipient)
        if group is not None:
            return None if mail.authenticated or group.allow_external_senders else SENDER_NOT_AUTHENTICATED
        return None if self._online.mailbox(mail.recipient) else NOT_FOUND

    def _deliver(self, mail: Mail) -> None:
        """To a group, to a mailbox here, or onwards to the organization."""
        with self._network.world.lock:
            group = self._group(mail.recipient)
            if group is not None and not mail.sender:
                return  # assumed: a report on a copy is no post; answering it would go on for ever (RFC 5321 6.1)
            if group is not None:
                group.post(mail.stored())
                copies = self._copies(mail, group)
            else:
                copies = [mail]
            onwards = [copy for copy in copies if not self._put(copy)]
        for copy in onwards:
            self._to_organization(copy)

    def _copies(self, mail: Mail, group: UnifiedGroup) -> list[Mail]:
        """A message to each subscribed member; the sender gets none of its own ("Set up Microsoft 365 Groups with on-premises
        Exchange hybrid", known issues: the sender's own copy; members on premises are always subscribed).

        # assumed: that the Message-ID stays the same.
        """
        members = [user for name in group.members if (user := self._online.user(name)) is not None]
        return [
            Mail(mail.recipient, user.mail, mail.content, authenticated=True)
            for user in members
            if user.mail.lower() != email.utils.parseaddr(str(mail.message["From"]))[1].lower()
            and (user.mailbox != ONLINE or user.principal_name not in group.unsubscribed)
        ]

    def _put(self, mail: Mail) -> bool:
        """Into a mailbox of the tenant, if it is one."""
        user = self._online.mailbox(mail.recipient)
        if user is None or user.mailbox != ONLINE:
            return False
        user.inbox.append(mail.stored())
        return True

    def _to_organization(self, mail: Mail) -> None:
        """By the outbound connector the Hybrid Configuration wizard has made."""
        with self._network.world.lock:
            outbound = self._online.outbound
            port = self._network.locate(outbound.smart_host) if outbound.enabled else None
            auth_as = INTERNAL if mail.authenticated else ANONYMOUS
            content = mail.without_organization_headers().with_headers(**{CROSS_PREMISES_AUTH_AS: auth_as}).content
        if port is None:
            return  # it stays queued there, where nobody on premises can look
        certificate = self._network.certificate(EDGE_NAME)
        outgoing = Outgoing(f"mail-am0.outbound.{EDGE_NAME.removeprefix('mail.')}", certificate, self._network.ca_file)
        try:
            answer = mail_smtp.send(port, outgoing, mail.sender, mail.recipient, content)
        except (CertificateMismatch, OSError):
            return
        if answer.startswith("5"):
            self._report(mail, answer)

    def _report(self, mail: Mail, status: str) -> None:
        """A non-delivery report into the sender's mailbox here."""
        with self._network.world.lock:
            user = self._online.mailbox(mail.sender)
            if user is not None:
                subject = f"Undeliverable: {mail.subject}"
                text = f"Remote Server returned '{status}'"
                report_id = f"<{uuid.uuid4()}@{SERVER}>"
                report = mail_message.compose(f"postmaster@{EDGE_NAME}", mail.sender, subject, text, message_id=report_id)
                user.inbox.append(report.stored())
