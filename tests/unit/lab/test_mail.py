# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail in the lab: who may send what, which way it goes, and what the servers keep of it."""

from __future__ import annotations

import smtplib
import ssl
import typing as t

import pytest

from lab import contoso
from lab.exchange.endpoint import ExchangeHost
from lab.exchange.state import Server
from lab.mail.message import AUTH_AS, CROSS_PREMISES_AUTH_AS, compose
from lab.powershell.objects import Call, PowerShellError

if t.TYPE_CHECKING:
    from helpers.verification import MailLab

GROUP, SENDER = contoso.VERIFICATION_GROUP, contoso.ON_PREMISES_MAILBOX
USER = f"{contoso.USER}@{contoso.AD_DOMAIN}"


class Client:
    """A mail client of the on-premises mailbox."""

    def __init__(self, lab: MailLab) -> None:
        self.lab = lab

    def __enter__(self) -> smtplib.SMTP:
        self._smtp = smtplib.SMTP("localhost", self.lab.mail.submission_port, timeout=10)
        self._smtp.starttls(context=ssl.create_default_context(cafile=self.lab.authority.ca_file))
        return self._smtp

    def __exit__(self, *_exc: object) -> None:
        self._smtp.close()


def send(lab: MailLab, recipient: str, *, sender: str = SENDER, **headers: str) -> list[str]:
    """Hand in a message and wait until it rests; returns the events of all logs as server and name."""
    mail = compose(sender, recipient, "subject", "text", message_id="<1@contoso.com>")
    with Client(lab) as client:
        client.login(USER, contoso.USER_PASSWORD)
        client.sendmail(sender, [recipient], mail.with_headers(**headers).content)
    lab.mail.settle()
    services = lab.world.exchange.transport.services
    return [f"{name} {event.event_id}" for name, service in services.items() for event in service.log]


def run(lab: MailLab, cmdlet: str, **parameters: t.Any) -> list[t.Any]:
    return list(ExchangeHost(lab.world).run(Call(cmdlet, list(parameters.items()), [], contoso.ADMIN, lambda _text: None)))


def inbox(lab: MailLab, name: str) -> list[t.Any]:
    user = lab.world.tenant.online.user(name)
    assert user is not None
    return user.inbox


def test_a_mail_leaves_by_the_hybrid_connector_and_is_the_organizations_own(mail_lab: MailLab) -> None:
    group = mail_lab.world.tenant.groups[-1]
    group.members = [contoso.CLOUD_USER]
    assert send(mail_lab, GROUP) == ["EX1 RECEIVE", "EX1 SENDEXTERNAL"]
    [row] = run(mail_lab, "Get-MessageTrackingLog", EventId="SENDEXTERNAL", MessageId="1@contoso.com")
    shown = row.properties
    assert shown["ConnectorId"] == contoso.HYBRID_CONNECTOR
    assert shown["ServerHostname"] == "groups-contoso-com.mail.protection.outlook.com"
    assert shown["SourceContext"].startswith(";250 2.6.0 <1@contoso.com>")
    assert "[EffectiveTlsAuthLevel, DomainValidation]" in shown["EventData"].items
    assert dict(inbox(mail_lab, contoso.CLOUD_USER)[0].headers)[AUTH_AS] == "Internal"
    assert [thread.topic for thread in group.threads] == ["subject"]


def test_nobody_sends_as_another_without_logon_or_without_tls(mail_lab: MailLab) -> None:
    mail = compose(SENDER, GROUP, "s", "t", message_id="<1@x>").content
    with Client(mail_lab) as client:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            client.sendmail(SENDER, [GROUP], mail)
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(USER, "wrong")
    with Client(mail_lab) as client:
        client.login(USER, contoso.USER_PASSWORD)
        with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.60"):
            client.sendmail(contoso.MOVED_MAILBOX, [GROUP], mail)
    with smtplib.SMTP("localhost", mail_lab.mail.submission_port, timeout=10) as plain:
        plain.ehlo()
        assert not plain.has_extn("auth")


def test_what_a_client_claims_of_itself_is_taken_away(mail_lab: MailLab) -> None:
    hybrid = mail_lab.world.exchange.connector(contoso.HYBRID_CONNECTOR)
    hybrid.settings["CloudServicesMailEnabled"] = False
    assert "EX1 FAIL" in send(mail_lab, GROUP, **{CROSS_PREMISES_AUTH_AS: "Internal", AUTH_AS: "Internal"})
    assert mail_lab.world.tenant.groups[-1].threads == []


def test_a_stranger_reaches_only_groups_that_allow_it(mail_lab: MailLab) -> None:
    mail = compose("x@example.net", GROUP, "hello", "t", message_id="<2@example.net>").content
    assert mail_lab.mail.inject("x@example.net", GROUP, mail).startswith("550 5.7.133")
    assert mail_lab.mail.inject("x@example.net", "nobody@example.org", mail).startswith("550 5.4.1")
    group = mail_lab.world.tenant.groups[-1]
    group.allow_external_senders = True
    assert mail_lab.mail.inject("x@example.net", GROUP, mail).startswith("250")
    mail_lab.mail.settle()
    assert [thread.topic for thread in group.threads] == ["hello"]


def test_with_centralized_mail_flow_a_strangers_mail_is_refused_on_premises(mail_lab: MailLab) -> None:
    group = mail_lab.world.tenant.groups[-1]
    group.allow_external_senders = True
    mail_lab.world.tenant.online.outbound.route_all = True
    mail = compose("x@example.net", GROUP, "hello", "t", message_id="<2@example.net>").content
    assert mail_lab.mail.inject("x@example.net", GROUP, mail).startswith("250")
    mail_lab.mail.settle()
    # The report to the stranger fails as well: the lab's DNS has no such domain.
    row, _report = run(mail_lab, "Get-MessageTrackingLog", EventId="FAIL")
    assert row.properties["RecipientStatus"].items[0].startswith("550 5.7.133")
    assert group.threads == []


def test_a_members_copy_goes_to_the_server_with_the_mailbox(mail_lab: MailLab) -> None:
    exchange = mail_lab.world.exchange
    exchange.servers["EX2"] = Server("EX2", "ex2.corp.contoso.com", "15.2.1748.10")
    exchange.mailboxes[0].server = "EX2"
    mail_lab.world.tenant.groups[-1].members = [USER]
    mail_lab.mail.post(compose(contoso.CLOUD_USER, GROUP, "post", "t", message_id="<3@x>"))
    mail_lab.mail.settle()
    events = {server: [event.event_id for event in item.log] for server, item in exchange.transport.services.items()}
    assert events == {"EX1": ["RECEIVE", "SEND"], "EX2": ["RECEIVE", "DELIVER"]}
    assert run(mail_lab, "Get-MessageTrackingLog", EventId="DELIVER") == []  # the local server's log only
    assert len(run(mail_lab, "Get-MessageTrackingLog", EventId="DELIVER", Server="EX2")) == 1


def test_the_sender_gets_no_copy_and_an_unsubscribed_member_none(mail_lab: MailLab) -> None:
    group = mail_lab.world.tenant.groups[-1]
    moved = f"{contoso.MOVED_USER}@{contoso.AD_DOMAIN}"
    group.members, group.unsubscribed = [contoso.CLOUD_USER, moved], [moved]
    mail_lab.mail.post(compose(contoso.CLOUD_USER, GROUP, "post", "t", message_id="<3@x>"))
    mail_lab.mail.settle()
    assert inbox(mail_lab, contoso.CLOUD_USER) == inbox(mail_lab, moved) == []
    assert len(group.threads) == 1


def test_a_mail_to_a_moved_mailbox_follows_it(mail_lab: MailLab) -> None:
    mail_lab.world.tenant.online.users[1].mail = mail_lab.world.exchange.mailboxes[1].remote_routing_address
    assert send(mail_lab, contoso.MOVED_MAILBOX) == ["EX1 RECEIVE", "EX1 RESOLVE", "EX1 SENDEXTERNAL"]


def test_a_refusal_is_reported_to_the_sender(mail_lab: MailLab) -> None:
    events = send(mail_lab, "nobody@contoso.com")
    assert events == ["EX1 RECEIVE", "EX1 FAIL", "EX1 DSN", "EX1 DELIVER"]
    [report] = mail_lab.world.exchange.transport.mailboxes[SENDER]
    assert report.subject == "Undeliverable: subject"
    assert "550 5.1.10" in report.body


def test_a_message_that_waits_is_in_a_queue_and_not_reported(mail_lab: MailLab) -> None:
    mail_lab.world.exchange.send_connectors.clear()
    assert send(mail_lab, GROUP) == ["EX1 RECEIVE"]
    [queue] = run(mail_lab, "Get-Queue")
    assert queue.properties["Identity"] == r"EX1\Unreachable"
    [message] = run(mail_lab, "Get-Message", Filter="InternetMessageId -eq '<1@contoso.com>'")
    assert message.properties["Queue"] == r"EX1\Unreachable"
    assert run(mail_lab, "Get-Message", Filter="InternetMessageId -eq '<9@contoso.com>'") == []


def test_a_loop_over_an_edge_server_ends_at_the_hop_count(mail_lab: MailLab) -> None:
    exchange = mail_lab.world.exchange
    exchange.servers["EDGE1"] = Server("EDGE1", "edge1.corp.contoso.com", "15.2.1748.10", "Edge")
    exchange.connector(contoso.HYBRID_CONNECTOR).settings["SourceTransportServers"] = ["EDGE1"]
    events = send(mail_lab, GROUP)
    assert events.count("EX1 RECEIVE") > 20
    assert sum(event.endswith("FAIL") for event in events) == 1
    assert len(exchange.transport.mailboxes[SENDER]) == 1


def test_a_log_that_is_off_tells_nothing(mail_lab: MailLab) -> None:
    service = mail_lab.world.exchange.transport.service("EX1")
    service.subject_logging = False
    send(mail_lab, GROUP)
    assert run(mail_lab, "Get-MessageTrackingLog", MessageSubject="subject") == []
    assert len(run(mail_lab, "Get-MessageTrackingLog", MessageId="<1@contoso.com>")) == 2
    [shown] = run(mail_lab, "Get-TransportService", Identity="EX1")
    assert shown.properties["MessageTrackingLogSubjectLoggingEnabled"] is False
    service.log_search = False
    with pytest.raises(PowerShellError, match="Transport Log Search"):
        run(mail_lab, "Get-MessageTrackingLog")


def test_only_so_many_rows_and_only_those_in_time(mail_lab: MailLab) -> None:
    send(mail_lab, GROUP)
    assert len(run(mail_lab, "Get-MessageTrackingLog", ResultSize=1)) == 1
    assert run(mail_lab, "Get-MessageTrackingLog", Start="2090-01-01T00:00:00Z") == []
    assert run(mail_lab, "Get-MessageTrackingLog", End="2020-01-01T00:00:00Z") == []


def test_mailboxes_here_and_moved_ones(mail_lab: MailLab) -> None:
    [here] = run(mail_lab, "Get-Mailbox")
    assert here.properties["PrimarySmtpAddress"] == SENDER
    [moved] = run(mail_lab, "Get-RemoteMailbox", Identity=contoso.MOVED_MAILBOX)
    assert moved.properties["RemoteRecipientType"] == "Migrated"
    with pytest.raises(PowerShellError, match="couldn't be found"):
        run(mail_lab, "Get-Mailbox", Identity=contoso.MOVED_MAILBOX)
