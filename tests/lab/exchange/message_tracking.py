# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-MessageTrackingLog, Get-TransportService, Get-Queue and Get-Message.

Sources: the cmdlet references, "Search message tracking logs" (the service has to run; the log is the server's own), and
rows of real servers (property order) in saved Microsoft Q&A threads.
"""

from __future__ import annotations

import datetime
import re
import typing as t

from lab.exchange import errors as exchange_errors
from lab.exchange import values
from lab.exchange.objects import server_dn, server_guid
from lab.exchange.state import Server
from lab.exchange.task import Task
from lab.mail.state import Queue, QueuedMessage, TrackingEvent, TransportService
from lab.powershell.objects import EnumValue, MultiValued, NetObject

_TRACKING = "Microsoft.Exchange.Management.TransportLogSearchTasks"
_QUEUE_VIEWER = "Microsoft.Exchange.Data.QueueViewer"
_TRANSPORT_SERVER = "Microsoft.Exchange.Data.Directory.Management.TransportServer"
_DEFAULT_RESULT_SIZE = 1000
_EQUALS = re.compile(r"(?P<name>\w+) -eq '(?P<value>(?:[^']|'')*)'")
_STRING_ARRAY = "System.String[]"


def get_log(task: Task) -> list[NetObject]:
    """Rows of one server's log: the one named, or the one the endpoint runs on."""
    server = _server(task)
    service = task.state.transport.service(server.name)
    if server.role == "Edge" or not service.log_search:
        # assumed: text, type and category; and that an Edge server, which is outside the domain, answers no search from inside.
        raise exchange_errors.exchange_error(
            task.cmdlet,
            task.server.name,
            f"{_TRACKING}.LogSearchException",
            f'Failed to connect to the Microsoft Exchange Transport Log Search service on computer "{server.name}". Verify that '
            "a valid computer name was used and the Microsoft Exchange Transport Log Search service is started there.",
            category="ResourceUnavailable",
        )
    rows = [event for event in service.log if _matches(event, task.parameters)]
    size = task.parameters.get("ResultSize", _DEFAULT_RESULT_SIZE)
    if size is not None and len(rows) > size:
        task.warn(
            "There are more results available than are currently displayed. To view them, increase the value of the "
            "ResultSize parameter."
        )
        rows = rows[:size]
    return [_event(event, service.log.index(event) + 1, task) for event in rows]


def get_transport_service(task: Task) -> list[NetObject]:
    """Servers with a transport service, or the one named."""
    servers = list(task.state.servers.values()) if not task.parameters.get("Identity") else [_named(task, "Identity")]
    return [_transport_service(server, task.state.transport.service(server.name)) for server in servers]


def get_queue(task: Task) -> list[NetObject]:
    """Queues of one server (Get-Queue reference: without -Server, of the local one)."""
    server = _server(task)
    return [_queue(server, queue) for queue in task.state.transport.service(server.name).queues.values()]


def get_message(task: Task) -> list[NetObject]:
    """Queued messages of one server, filtered by one equality."""
    server = _server(task)
    text = str(task.parameters.get("Filter", ""))
    match = _EQUALS.fullmatch(text.strip())
    if text and match is None:
        # assumed: the text.
        raise task.refuse(f"The filter '{text}' isn't valid.")
    found = []
    for queue in task.state.transport.service(server.name).queues.values():
        for number, message in enumerate(queue.messages, 1):
            shown = _message(server, queue, message, number)
            if match is None or str(shown.properties.get(match["name"])) == match["value"].replace("''", "'"):
                found.append(shown)
    return found


def _server(task: Task) -> Server:
    return _named(task, "Server") if task.parameters.get("Server") else task.server


def _named(task: Task, parameter: str) -> Server:
    wanted = str(task.parameters[parameter]).lower()
    for server in task.state.servers.values():
        if wanted in (server.name.lower(), server.fqdn.lower(), server_dn(server.name).lower(), str(server_guid(server))):
            return server
    raise task.not_found(str(task.parameters[parameter]))


def _matches(event: TrackingEvent, parameters: dict[str, t.Any]) -> bool:
    """The cmdlet's search parameters: subject by part, the others by equality; End is exclusive (reference)."""
    start, end = _time(parameters.get("Start")), _time(parameters.get("End"))
    recipients = {str(recipient).lower() for recipient in parameters.get("Recipients") or ()}
    checks = (
        ("MessageId", lambda wanted: wanted.strip("<>").lower() == event.message_id.strip("<>").lower()),
        ("MessageSubject", lambda wanted: wanted.lower() in event.subject.lower()),
        ("EventId", lambda wanted: wanted.lower() == event.event_id.lower()),
        ("Sender", lambda wanted: wanted.lower() == event.sender.lower()),
        ("Source", lambda wanted: wanted.lower() == event.source.lower()),
        ("NetworkMessageId", lambda wanted: wanted.lower() == str(event.network_message_id)),
        ("Reference", lambda wanted: wanted in event.reference),
    )
    return (
        all(check(str(parameters[name])) for name, check in checks if parameters.get(name))
        and (not recipients or bool(recipients & {recipient.lower() for recipient in event.recipients}))
        and (start is None or event.timestamp >= start)
        and (end is None or event.timestamp < end)
    )


def _time(value: t.Any) -> datetime.datetime | None:
    """A DateTime argument; without a zone it is the server's local time, which is UTC in the lab."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def _event(event: TrackingEvent, number: int, task: Task) -> NetObject:
    return NetObject(
        [f"{_TRACKING}.MessageTrackingEvent", "System.Object"],
        f"{_TRACKING}.MessageTrackingEvent",
        {
            "Timestamp": event.timestamp,
            "ClientIp": "127.0.0.1" if event.client_hostname else "",
            "ClientHostname": event.client_hostname,
            "ServerIp": "127.0.0.1" if event.server_hostname else "",
            "ServerHostname": event.server_hostname,
            "SourceContext": event.source_context,
            "ConnectorId": event.connector,
            "Source": event.source,
            "EventId": event.event_id,
            "InternalMessageId": str(number),
            "MessageId": event.message_id,
            "NetworkMessageId": str(event.network_message_id),
            "Recipients": MultiValued(_STRING_ARRAY, list(event.recipients)),
            "RecipientStatus": MultiValued(_STRING_ARRAY, list(event.recipient_status)),
            "TotalBytes": event.total_bytes,
            "RecipientCount": len(event.recipients),
            "RelatedRecipientAddress": event.related_recipient,
            "Reference": MultiValued(_STRING_ARRAY, list(event.reference)),
            "MessageSubject": event.subject,
            "Sender": event.sender,
            "ReturnPath": event.sender or "<>",
            "Directionality": event.directionality,
            "TenantId": "",
            "OriginalClientIp": "",
            "MessageInfo": "",
            "MessageLatency": None,
            "MessageLatencyType": "None",
            "EventData": MultiValued(
                "System.Collections.Generic.KeyValuePair`2[]", [f"[{key}, {value}]" for key, value in event.event_data.items()]
            ),
            "TransportTrafficType": "Email",
            "SchemaVersion": task.server.version,
        },
    )


def _transport_service(server: Server, service: TransportService) -> NetObject:
    # The properties a search asks for, of the many there are (Set-TransportService reference).
    return NetObject(
        [_TRANSPORT_SERVER, "System.Object"],
        server.name,
        {
            "Name": server.name,
            "MessageTrackingLogEnabled": service.log_enabled,
            "MessageTrackingLogSubjectLoggingEnabled": service.subject_logging,
            "MessageTrackingLogMaxAge": values.time_span(datetime.timedelta(days=service.log_max_age_days)),
            "Identity": values.ad_object_id(server_dn(server.name), server_guid(server)),
            "Guid": server_guid(server),
        },
    )


def _queue(server: Server, queue: Queue) -> NetObject:
    status = {"Active": 1, "Ready": 2, "Retry": 3, "Suspended": 4}
    return NetObject(
        [f"{_QUEUE_VIEWER}.ExtensibleQueueInfo", "System.Object"],
        rf"{server.name}\{queue.name}",
        {
            "Identity": rf"{server.name}\{queue.name}",
            # assumed: numbers of the enumerations.
            "DeliveryType": EnumValue("Microsoft.Exchange.Transport.DeliveryType", queue.delivery_type, 1),
            "NextHopDomain": queue.next_hop_domain,
            "NextHopConnector": queue.next_hop_connector,
            "Status": EnumValue(f"{_QUEUE_VIEWER}.QueueStatus", queue.status, status[queue.status]),
            "MessageCount": len(queue.messages),
            "LastError": queue.last_error,
            "RetryCount": 1 if queue.status == "Retry" else 0,
        },
    )


def _message(server: Server, queue: Queue, message: QueuedMessage, number: int) -> NetObject:
    shown: dict[str, t.Any] = {
        "Identity": rf"{server.name}\{queue.name}\{number}",
        "Subject": message.subject,
        "InternetMessageId": message.message_id,
        "FromAddress": message.sender,
        "Status": EnumValue(f"{_QUEUE_VIEWER}.MessageStatus", "Retry" if queue.status == "Retry" else "Ready", 1),
        "Queue": rf"{server.name}\{queue.name}",
        "LastError": message.last_error,
        "Recipients": MultiValued(_STRING_ARRAY, [f"{message.recipient};2;3;{message.last_error};16"]),
    }
    return NetObject([f"{_QUEUE_VIEWER}.ExtensibleMessageInfo", "System.Object"], str(shown["Identity"]), shown)
