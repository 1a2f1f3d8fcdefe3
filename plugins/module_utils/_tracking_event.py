# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""A row of a message tracking log, in plain words ("Message tracking", Exchange Server mail flow)."""

from __future__ import annotations

import dataclasses
import re
import typing as t

LEFT = ("SENDEXTERNAL", "SEND")
"""Events of a message that goes to another server. Newer builds write the first for one that leaves the organization."""
_NO_SENDER = "<>"
_INTRA_ORGANIZATION = "intra-organization smtp"
_DETAIL = re.compile(r"\{(?P<key>[A-Z]{2,4})=(?P<value>[^{}]*)\}")
_EVENT_DATA = re.compile(r"\[(?P<key>[^,\]]+),\s*(?P<value>.*)\]")
_REPLY = re.compile(r"(?P<reply>\d{3}[ -][^\r\n]*)")


@dataclasses.dataclass(frozen=True)
class TrackingEvent:
    """One event.

    :ivar server: whose log it is in
    :ivar response: the SMTP reply that belongs to it, "" for none
    :ivar connector: which connector it came or went by
    :ivar remote_host: the other server
    :ivar is_report: of a message without a return path, which a delivery status notification is (RFC 3464 2)
    :ivar tls: level of TLS authentication reached, "" where the log does not tell
    """

    server: str
    time: str
    event: str
    source: str
    sender: str
    recipients: tuple[str, ...]
    connector: str
    remote_host: str
    response: str
    tls: str
    message_id: str
    subject: str
    is_report: bool = False

    @classmethod
    def from_object(cls, server: str, properties: t.Mapping[str, t.Any]) -> TrackingEvent:
        """Take one object of Get-MessageTrackingLog."""
        status = " ".join(str(part) for part in properties.get("RecipientStatus") or [])
        data = _event_data(properties.get("EventData") or [])
        event = str(properties["EventId"])
        context = str(properties.get("SourceContext") or "")
        return cls(
            server=server,
            time=str(properties["Timestamp"]),
            event=event,
            source=str(properties.get("Source") or ""),
            sender=str(properties.get("Sender") or ""),
            recipients=tuple(str(address) for address in properties.get("Recipients") or []),
            connector=str(properties.get("ConnectorId") or ""),
            remote_host=str(properties.get("ServerHostname") or ""),
            response=parse_reply(context.lstrip(";")) if event in LEFT else parse_reply(status),
            tls=data.get("EffectiveTlsAuthLevel", ""),
            message_id=str(properties.get("MessageId") or ""),
            subject=str(properties.get("MessageSubject") or ""),
            is_report=properties.get("ReturnPath") == _NO_SENDER,
        )

    @property
    def stays(self) -> bool:
        """Whether it tells of a hop between two servers of the organization, by the connector that all of them share."""
        return self.event == "SEND" and self.connector.casefold().startswith(_INTRA_ORGANIZATION)

    def concerns(self, address: str) -> bool:
        return any(recipient.casefold() == address.casefold() for recipient in self.recipients)

    def to_result(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "recipients": list(self.recipients)}


def parse_reply(text: str) -> str:
    """The SMTP reply in a status: ``[{LED=550 5.7.1 …};{MSG=};{FQDN=…}]`` or the reply itself."""
    details = {match["key"]: match["value"] for match in _DETAIL.finditer(text)}
    match = _REPLY.search(details.get("LED", text))
    return match["reply"].strip() if match else ""


def _event_data(pairs: t.Iterable[t.Any]) -> dict[str, str]:
    found = (_EVENT_DATA.fullmatch(str(pair)) for pair in pairs)
    return {match["key"].strip(): match["value"].strip() for match in found if match}
