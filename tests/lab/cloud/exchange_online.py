# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchange Online of the tenant: users with their mailboxes, and the connectors the Hybrid Configuration wizard makes."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from lab import contoso
from lab.mail.message import Mail, StoredMessage

ONLINE, ON_PREMISES = "online", "on_premises"


@dataclasses.dataclass
class CloudUser:
    """A user of the tenant.

    :ivar mailbox: where it is: ONLINE, ON_PREMISES
    :ivar synchronized: it comes from the directory on premises
    """

    principal_name: str
    mail: str
    display_name: str
    mailbox: str = ONLINE
    synchronized: bool = False
    inbox: list[StoredMessage] = dataclasses.field(default_factory=list)
    sent: list[StoredMessage] = dataclasses.field(default_factory=list)

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"user:{self.principal_name}"))


@dataclasses.dataclass
class InboundConnector:
    """``Inbound from <guid>``: whose mail is taken for the organization's own (New-InboundConnector reference).

    :ivar sender_certificate: TlsSenderCertificateName
    :ivar cloud_services: CloudServicesMailEnabled
    """

    enabled: bool = True
    sender_certificate: str = "mail.contoso.com"
    cloud_services: bool = True


@dataclasses.dataclass
class OutboundConnector:
    """``Outbound to <guid>`` (New-OutboundConnector reference).

    :ivar route_all: RouteAllMessagesViaOnPremises, centralized mail flow
    """

    enabled: bool = True
    smart_host: str = "mail.contoso.com"
    route_all: bool = False


def _users() -> list[CloudUser]:
    return [
        CloudUser(f"{contoso.USER}@{contoso.AD_DOMAIN}", contoso.ON_PREMISES_MAILBOX, "John Doe", ON_PREMISES, synchronized=True),
        CloudUser(f"{contoso.MOVED_USER}@{contoso.AD_DOMAIN}", contoso.MOVED_MAILBOX, "Mia Moved", synchronized=True),
        CloudUser(contoso.CLOUD_USER, contoso.CLOUD_USER, "Cara Cloud"),
    ]


@dataclasses.dataclass
class ExchangeOnlineState:
    """Users, connectors, and the mail that has been accepted and not yet sent.

    :ivar outbox: mail that sendMail has taken, until the lab's mail network fetches it
    """

    users: list[CloudUser] = dataclasses.field(default_factory=_users)
    inbound: InboundConnector = dataclasses.field(default_factory=InboundConnector)
    outbound: OutboundConnector = dataclasses.field(default_factory=OutboundConnector)
    outbox: list[Mail] = dataclasses.field(default_factory=list)

    def user(self, name: str) -> CloudUser | None:
        """By id or user principal name."""
        return next((user for user in self.users if name.lower() in (user.id, user.principal_name.lower())), None)

    def mailbox(self, address: str) -> CloudUser | None:
        """The user with this address."""
        return next((user for user in self.users if user.mail.lower() == address.lower()), None)

    def view(self) -> dict[str, t.Any]:
        """What a person wants to see."""
        return {
            "users": {
                user.principal_name: {
                    "mail": user.mail,
                    "mailbox": user.mailbox,
                    "inbox": [message.subject for message in user.inbox],
                }
                for user in self.users
            },
            "inbound_connector": dataclasses.asdict(self.inbound),
            "outbound_connector": dataclasses.asdict(self.outbound),
        }
