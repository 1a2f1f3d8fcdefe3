# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the transport servers hold: tracking logs, queues, mailboxes; and the DNS zones that only the inside sees."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import uuid

from lab.dns.zones import Zone
from lab.mail.message import StoredMessage


@dataclasses.dataclass
class TrackingEvent:
    """A row of a message tracking log ("Message tracking", fields of the log; names as Get-MessageTrackingLog has them)."""

    source: str
    event_id: str
    sender: str
    recipients: list[str]
    subject: str
    message_id: str
    recipient_status: list[str] = dataclasses.field(default_factory=list)
    connector: str = ""
    client_hostname: str = ""
    server_hostname: str = ""
    source_context: str = ""
    related_recipient: str = ""
    reference: list[str] = dataclasses.field(default_factory=list)
    directionality: str = "Originating"
    total_bytes: int = 0
    event_data: dict[str, str] = dataclasses.field(default_factory=dict)
    timestamp: datetime.datetime = dataclasses.field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    network_message_id: uuid.UUID = dataclasses.field(default_factory=uuid.uuid4)


@dataclasses.dataclass
class QueuedMessage:
    """A message in a delivery queue."""

    message_id: str
    subject: str
    sender: str
    recipient: str
    last_error: str


@dataclasses.dataclass
class Queue:
    """A delivery queue (Get-Queue: Identity, DeliveryType, NextHopDomain, Status, LastError)."""

    name: str
    delivery_type: str
    next_hop_domain: str
    status: str = "Retry"
    next_hop_connector: uuid.UUID | None = None
    last_error: str = ""
    messages: list[QueuedMessage] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class TransportService:
    """The transport service of a server.

    :ivar log_search: the service MSExchangeTransportLogSearch runs
    :ivar log_enabled: MessageTrackingLogEnabled
    :ivar subject_logging: MessageTrackingLogSubjectLoggingEnabled
    """

    log: list[TrackingEvent] = dataclasses.field(default_factory=list)
    queues: dict[str, Queue] = dataclasses.field(default_factory=dict)
    log_search: bool = True
    log_enabled: bool = True
    subject_logging: bool = True
    log_max_age_days: int = 30


@dataclasses.dataclass
class TransportState:
    """All transport services by server name, on-premises mailboxes by address.

    :ivar internal_zones: zones of the organization's own name servers, which answer inside in place of the public ones
    """

    services: dict[str, TransportService] = dataclasses.field(default_factory=dict)
    mailboxes: dict[str, list[StoredMessage]] = dataclasses.field(default_factory=dict)
    internal_zones: dict[str, Zone] = dataclasses.field(default_factory=dict)

    def service(self, server: str) -> TransportService:
        return self.services.setdefault(server, TransportService())

    def record(self, server: str, event: TrackingEvent) -> None:
        """Write a row, as far as the server's settings want it."""
        service = self.service(server)
        if not service.log_enabled:
            return
        if not service.subject_logging:
            event.subject = ""
        service.log.append(event)

    def view(self) -> dict[str, t.Any]:
        """What a person wants to see."""
        return {
            "tracking": {
                name: [f"{event.event_id} {event.source} {', '.join(event.recipients)}: {event.subject}" for event in service.log]
                for name, service in self.services.items()
            },
            "queues": {
                f"{name}\\{queue.name}": {
                    "next_hop": queue.next_hop_domain,
                    "error": queue.last_error,
                    "messages": len(queue.messages),
                }
                for name, service in self.services.items()
                for queue in service.queues.values()
            },
            "mailboxes": {address: [message.subject for message in messages] for address, messages in self.mailboxes.items()},
        }
