# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Following a message through the tracking logs and queues of all transport servers.

A message's events lie on the servers it has passed, so one server's log proves nothing; and a message that waits in a queue
is late and not lost ("Search message tracking logs", "Queues").
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._tracking_event import TrackingEvent, parse_reply

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient, Parameters

FAILED = "FAIL"
_UNLIMITED = "Unlimited"
_FIRST_PAUSE = 5.0
_ROLES = ("IsHubTransportServer", "IsMailboxServer", "IsEdgeServer")
_LOOP = 3
"""A server that has taken a message so often has had it back twice."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is looked for.

    :param message_id: with or without angle brackets; None: unknown
    :param subject: a part of the subject, unique to the message; None: not looked for
    :param recipient: events count only for this address
    :param events: any of these ends the search
    :param since: no event before this is looked at
    """

    message_id: str | None
    subject: str | None
    recipient: str | None
    events: tuple[str, ...]
    since: datetime.datetime

    def searches(self) -> list[dict[str, str]]:
        """The searches to make in each log."""
        # With a zone, so that no server reads it as its own local time.
        common = {"ResultSize": _UNLIMITED, "Start": self.since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        keys = (("MessageId", self.message_id), ("MessageSubject", self.subject))
        return [{**common, name: value} for name, value in keys if value]

    def is_met_by(self, event: TrackingEvent) -> bool:
        return event.event in self.events and not event.stays and (self.recipient is None or event.concerns(self.recipient))


@dataclasses.dataclass
class ServerSearch:
    """How the search went on one server; ``reason`` says why its log could not be searched, or only in part."""

    name: str
    searched: bool = False
    reason: str = ""


@dataclasses.dataclass
class Trace:
    """What was found."""

    events: list[TrackingEvent] = dataclasses.field(default_factory=list)
    found: list[TrackingEvent] = dataclasses.field(default_factory=list)
    queued: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    servers: list[ServerSearch] = dataclasses.field(default_factory=list)
    waited: float = 0.0

    @property
    def reports(self) -> list[TrackingEvent]:
        """Delivery status notifications about the message, as they went to its sender."""
        return [event for event in self.events if event.is_report]

    @property
    def looped(self) -> bool:
        """Whether a server has had the message again and again."""
        taken = collections.Counter(event.server for event in self.events if event.event == "RECEIVE" and not event.is_report)
        return any(count >= _LOOP for count in taken.values())

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be waited for."""
        return bool(self.found or self.reports) or any(event.event == FAILED for event in self.events)

    def to_result(self) -> dict[str, t.Any]:
        return {
            "found": [event.to_result() for event in self.found],
            "failures": [event.to_result() for event in self.events if event.event == FAILED],
            "events": [event.to_result() for event in self.events],
            "reports": [event.to_result() for event in self.reports],
            "looped": self.looped,
            "queued": self.queued,
            "servers": [dataclasses.asdict(server) for server in self.servers],
            "waited": round(self.waited, 1),
        }


def follow(client: CmdletClient, wanted: Wanted, timeout: float, *, progress: t.Callable[[str], None]) -> Trace:
    """Search all logs until a wanted event is there, the message has failed, or the time has passed.

    :param progress: is told how far the search has come
    :raises CmdletError: the servers cannot be listed
    """
    deadline = Deadline(timeout, first_pause=_FIRST_PAUSE)
    servers = _transport_servers(client)
    while True:
        trace = Trace(servers=[ServerSearch(name, reason=reason) for name, reason in servers.items()])
        for server in trace.servers:
            _search(client, server, wanted, trace)
        trace.events.sort(key=lambda event: event.time)
        trace.found = [event for event in trace.events if wanted.is_met_by(event)]
        trace.waited = timeout - deadline.remaining()
        if trace.settled:
            return trace
        seen = ", ".join(dict.fromkeys(event.event for event in trace.events)) or "nothing"
        progress(f"{trace.waited:.0f} of {timeout:.0f} seconds: {seen} in {len(trace.servers)} logs")
        # A message in a queue may still go, so its being there does not end the search.
        if not deadline.pause():
            trace.queued = _queued(client, wanted, trace)
            return trace


def _transport_servers(client: CmdletClient) -> dict[str, str]:
    """All servers that carry mail, each with what limits a search of its log ("" for nothing)."""
    servers = client.invoke("Get-ExchangeServer").objects
    names = [str(server["Name"]) for server in servers if any(server.get(role) for role in _ROLES)]
    try:
        services = {str(item["Name"]): item for item in client.invoke("Get-TransportService").objects}
    except CmdletError:
        services = {}  # the account may not read them; the search tells
    return {name: _limits(services.get(name, {})) for name in sorted(names, key=str.casefold)}


def _limits(service: t.Mapping[str, t.Any]) -> str:
    if service.get("MessageTrackingLogEnabled") is False:
        return "Message tracking is off there: Set-TransportService -MessageTrackingLogEnabled $true."
    if service.get("MessageTrackingLogSubjectLoggingEnabled") is False:
        return "Subjects are not logged there, so it was searched by message id only."
    return ""


def _search(client: CmdletClient, server: ServerSearch, wanted: Wanted, trace: Trace) -> None:
    seen: set[tuple[t.Any, ...]] = set()
    try:
        for search in wanted.searches():
            for item in client.invoke("Get-MessageTrackingLog", {"Server": server.name, **search}).objects:
                # The number tells messages of a server apart; one message has an event for each recipient and step.
                event = TrackingEvent.from_object(server.name, item)
                key = (item.get("InternalMessageId"), event.event, event.time, event.recipients)
                if key not in seen:
                    seen.add(key)
                    trace.events.append(event)
    except CmdletError as exc:
        server.reason = str(exc)
        return
    server.searched = not server.reason.startswith("Message tracking is off")


def _queued(client: CmdletClient, wanted: Wanted, trace: Trace) -> list[dict[str, t.Any]]:
    """The message where it waits in a queue, with what the queue says."""
    ids = {wanted.message_id, *(event.message_id for event in trace.events)} - {None, ""}
    found: list[dict[str, t.Any]] = []
    for server in trace.servers:
        try:
            queues = {str(queue["Identity"]): queue for queue in client.invoke("Get-Queue", {"Server": server.name}).objects}
            for message_id in sorted(str(value) for value in ids):
                for message in client.invoke("Get-Message", _by_message_id(server.name, message_id)).objects:
                    found.append(_queued_message(server.name, message, queues.get(str(message.get("Queue")), {})))
        except CmdletError:
            continue  # an Edge server, or one that is down: its log could not be searched either, and that is told
    return found


def _by_message_id(server: str, message_id: str) -> Parameters:
    value = f"<{message_id.strip('<>')}>".replace("'", "''")
    return {"Server": server, "Filter": f"InternetMessageId -eq '{value}'", "ResultSize": _UNLIMITED}


def _queued_message(server: str, message: t.Mapping[str, t.Any], queue: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    error = str(message.get("LastError") or queue.get("LastError") or "")
    return {
        "server": server,
        "queue": str(message.get("Queue") or ""),
        "next_hop": str(queue.get("NextHopDomain") or ""),
        "delivery_type": str(queue.get("DeliveryType") or ""),
        "status": str(queue.get("Status") or ""),
        "last_error": error,
        "response": parse_reply(error),
        "message_id": str(message.get("InternetMessageId") or ""),
    }
