# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._tracking_event import TrackingEvent, parse_reply

# A row of a real 15.1.2507 server (elastic/integrations), with other names.
LEFT = {
    "Timestamp": "2024-05-07T10:00:00.1234567Z",
    "ServerHostname": "contoso-mail-onmicrosoft-com.mail.protection.outlook.com",
    "SourceContext": (
        ";250 2.6.0 <1@contoso.com> [InternalId=1, Hostname=AM0PR01MB1.eurprd01.prod.outlook.com] 141301 bytes in 0.101, "
        "1366.1 KB/sec Queued mail for delivery -> 250 2.1.5;ClientSubmitTime:"
    ),
    "ConnectorId": "Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10",
    "Source": "SMTP",
    "EventId": "SENDEXTERNAL",
    "MessageId": "<1@contoso.com>",
    "Recipients": ["Sales@groups.contoso.com"],
    "RecipientStatus": ["250 2.1.5 Recipient OK"],
    "MessageSubject": "Test",
    "Sender": "john@contoso.com",
    "ReturnPath": "john@contoso.com",
    "EventData": ["[E2ELatency, 0.5]", "[EffectiveTlsAuthLevel, DomainValidation]", "[AccountForest, corp.contoso.com]"],
}


def test_a_row_of_a_message_that_left() -> None:
    event = TrackingEvent.from_object("EX1", LEFT)
    assert event.response.startswith("250 2.6.0 <1@contoso.com>")
    assert event.tls == "DomainValidation"
    assert event.concerns("sales@groups.contoso.com")
    assert not event.stays
    assert not event.is_report


def test_a_hop_between_two_servers_stays_inside() -> None:
    hop = {**LEFT, "EventId": "SEND", "ConnectorId": "Intra-Organization SMTP Send Connector"}
    assert TrackingEvent.from_object("EX1", hop).stays
    assert not TrackingEvent.from_object("EX1", {**hop, "ConnectorId": "Internet"}).stays


def test_a_row_with_next_to_nothing_in_it() -> None:
    event = TrackingEvent.from_object("EX1", {"Timestamp": None, "EventId": "FAIL", "RecipientStatus": None, "EventData": None})
    assert (event.response, event.recipients, event.tls) == ("", (), "")


PROXY = "450 4.7.0 Proxy session setup failed with '451 4.4.0 x'"
NOT_FOUND = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found"


@pytest.mark.parametrize(
    ("status", "reply"),
    [
        ("[{LED=550 5.7.1 Not Permitted};{MSG=};{FQDN=};{IP=x};{LRT=}]", "550 5.7.1 Not Permitted"),
        (f"[{{LRT=1/2/2026}};{{LED={PROXY}}};{{FQDN=}}]", PROXY),
        (NOT_FOUND, NOT_FOUND),
        ("", ""),
    ],
)
def test_replies(status: str, reply: str) -> None:
    assert parse_reply(status) == reply
