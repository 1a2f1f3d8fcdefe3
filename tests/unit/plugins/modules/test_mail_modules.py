# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules of the verification from their options to their result, against the lab's mail systems."""

from __future__ import annotations

import typing as t

import pytest
from helpers.verification import MailLab, Verification

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.modules import (
    exchange_mail_flow_info,
    exchange_message_trace,
    m365_group_member,
    m365_mail,
    m365_mail_info,
    smtp_mail,
)
from lab import contoso
from lab.mail.message import compose
from lab.traffic import Fault

GROUP, SENDER = contoso.VERIFICATION_GROUP, contoso.ON_PREMISES_MAILBOX
MAIL = {"sender": SENDER, "recipient": GROUP, "subject": "Re: 8f14", "body": "A reply."}


@pytest.fixture
def when_waiting(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[t.Callable[[], None]], None]:
    """Do something in place of the first pause, and do not pause at all."""

    def plant(action: t.Callable[[], None]) -> None:
        actions = [action]

        def sleep(_seconds: float) -> None:
            if actions:
                actions.pop()()

        monkeypatch.setitem(t.cast("dict[str, t.Any]", Deadline.__init__.__kwdefaults__), "sleep", sleep)

    return plant


def requests(lab: MailLab, method: str) -> list[str]:
    return [what for server, what in lab.traffic.log if server == "graph" and what.startswith(method)]


def test_membership_and_back(verification: Verification) -> None:
    group = verification.lab.world.tenant.groups[-1]
    added = verification.member(SENDER)
    assert (added["changed"], added["was_member"], added["user"]["mail"]) == (True, False, SENDER)
    assert group.members == [f"{contoso.USER}@{contoso.AD_DOMAIN}"]
    assert verification.member(SENDER)["changed"] is False
    assert verification.member(SENDER, "absent")["was_member"] is True
    assert group.members == []
    assert verification.member(SENDER, "absent")["changed"] is False
    # Without $ref at the end, the request would delete the user.
    [deleted] = requests(verification.lab, "DELETE")
    assert deleted.endswith("/$ref")
    assert len(verification.lab.world.tenant.online.users) == 3


def test_membership_in_check_mode(verification: Verification) -> None:
    options = {"group": GROUP, "user": SENDER, "_ansible_check_mode": True}
    assert verification.graph(m365_group_member, **options)["changed"] is True
    assert requests(verification.lab, "POST") == []


@pytest.mark.parametrize("lose", ["answer", "request"])
def test_membership_when_an_answer_is_lost(verification: Verification, lose: str) -> None:
    verification.member(contoso.CLOUD_USER)  # signs in and shows how many requests there are
    number = next(i for i, (_server, what) in enumerate(verification.lab.traffic.log, 1) if what.startswith("POST /v1.0/groups"))
    verification.lab.traffic.reset()
    verification.lab.traffic.set_fault(Fault(at=number, lose=lose, once=True))
    added = verification.graph(m365_group_member, group=GROUP, user=contoso.CLOUD_USER, state="absent")
    verification.lab.traffic.set_fault(None)
    assert "msg" not in added
    assert verification.lab.world.tenant.groups[-1].members == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": "nobody@groups.contoso.com", "user": SENDER}, "group: no group has the primary address nobody@"),
        ({"group": GROUP, "user": "nobody@contoso.com"}, "user: the tenant has no user with the name, id or address nobody@"),
    ],
)
def test_membership_of_what_is_not_there(verification: Verification, options: dict[str, str], message: str) -> None:
    assert message in verification.graph(m365_group_member, **options)["msg"]


def test_a_mail_is_sent_once(verification: Verification) -> None:
    first = verification.post(contoso.CLOUD_USER, "It's 8f14")
    again = verification.post(contoso.CLOUD_USER, "It's 8f14")
    assert (first["changed"], again["changed"]) == (True, False)
    assert first["message_id"] == again["message_id"]
    assert first["message_id"] is not None
    assert len(verification.lab.world.tenant.groups[-1].threads[0].posts) == 1


def test_a_mailbox_that_is_on_premises_cannot_send(verification: Verification) -> None:
    assert "has no mailbox in Exchange Online (MailboxNotEnabledForRESTAPI)" in verification.post(SENDER, "x")["msg"]
    assert verification.graph(m365_mail_info, user=SENDER)["is_online"] is False


def test_a_mail_in_check_mode_is_not_sent(verification: Verification) -> None:
    options = {"user": contoso.CLOUD_USER, "recipient": GROUP, "subject": "s", "body": "b", "_ansible_check_mode": True}
    result = verification.graph(m365_mail, **options)
    assert (result["changed"], result["message_id"]) == (True, None)
    assert verification.lab.world.tenant.groups[-1].threads == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"password": "wr0ng-secret"}, "user: the mail server localhost:"),
        ({"ca_cert": None}, "ca_cert: the certificate of the mail server localhost:"),
        ({"sender": contoso.MOVED_MAILBOX}, "refused the message: 550 5.7.60"),
        ({"port": 9}, "Check host, port and tls"),
        ({"tls": "tls"}, "Check host, port and tls"),
    ],
)
def test_a_mail_that_cannot_be_handed_in(verification: Verification, changes: dict[str, t.Any], message: str) -> None:
    options = {**verification.lab.submit(dict(MAIL)), **changes}
    result = verification.module(smtp_mail, **{name: value for name, value in options.items() if value is not None})
    assert message in result["msg"]
    assert "wr0ng-secret" not in str(result)
    assert verification.lab.world.exchange.transport.services == {}


def test_a_mail_handed_in(verification: Verification) -> None:
    result = verification.module(smtp_mail, **verification.lab.submit({**MAIL, "in_reply_to": "<1@x>"}))
    assert result["response"].startswith("250 2.6.0")
    [thread] = verification.lab.world.tenant.groups[-1].threads
    assert thread.posts[0].internet_message_id == result["message_id"]
    assert ("In-Reply-To", "<1@x>") in thread.posts[0].headers
    assert verification.module(smtp_mail, **verification.lab.submit({**MAIL, "_ansible_check_mode": True}))["message_id"] is None
    assert len(thread.posts) == 1


def test_a_message_that_comes_while_it_is_waited_for(
    verification: Verification, when_waiting: t.Callable[[t.Callable[[], None]], None]
) -> None:
    lab = verification.lab
    verification.member(SENDER)

    def arrive() -> None:
        lab.mail.post(compose(contoso.CLOUD_USER, GROUP, "late 8f14", "t", message_id="<late@x>"))
        lab.mail.settle()

    when_waiting(arrive)
    trace = verification.module(exchange_message_trace, subject="late 8f14", recipient=SENDER, wait_timeout=60)
    assert [(event["server"], event["event"]) for event in trace["found"]] == [("EX1", "DELIVER")]
    assert trace["servers"] == [{"name": "EX1", "searched": True, "reason": ""}]


@pytest.mark.parametrize(
    ("setting", "searched", "reason"),
    [
        ("log_search", False, "Transport Log Search service"),
        ("log_enabled", False, "Message tracking is off there"),
        ("subject_logging", True, "Subjects are not logged there"),
    ],
)
def test_a_log_that_is_off(verification: Verification, setting: str, searched: bool, reason: str) -> None:
    setattr(verification.lab.world.exchange.transport.service("EX1"), setting, False)
    trace = verification.module(exchange_message_trace, message_id="<1@x>", wait_timeout=0)
    [server] = trace["servers"]
    assert server["searched"] is searched
    assert reason in server["reason"]


def test_a_message_in_a_queue(verification: Verification) -> None:
    verification.lab.world.exchange.send_connectors.clear()
    sent = verification.module(smtp_mail, **verification.lab.submit(dict(MAIL)))
    trace = verification.trace(sent, "8f14", GROUP, "SENDEXTERNAL")
    [queued] = trace["queued"]
    assert (queued["queue"], queued["delivery_type"]) == (r"EX1\Unreachable", "Unreachable")
    assert trace["found"] == trace["failures"] == []


def test_a_trace_needs_a_key(verification: Verification) -> None:
    assert "message_id, subject" in verification.module(exchange_message_trace)["msg"]


def test_mail_flow(verification: Verification) -> None:
    mailboxes = [SENDER, contoso.MOVED_MAILBOX, "nobody@contoso.com"]
    flow = verification.module(exchange_mail_flow_info, domain=contoso.GROUP_DOMAIN, group=GROUP, mailboxes=mailboxes)
    assert flow["accepted_domain"]["type"] == "InternalRelay"
    assert flow["carrier"] == flow["hybrid_connector"]["name"] == contoso.HYBRID_CONNECTOR
    assert flow["hybrid_connector"]["has_domain"] is True
    assert flow["group"]["stamped"] is False
    assert [mailbox and mailbox["is_remote"] for mailbox in flow["mailboxes"].values()] == [False, True, None]


def test_mail_flow_without_a_hybrid_deployment(verification: Verification) -> None:
    exchange = verification.lab.world.exchange
    exchange.hybrid = None
    exchange.send_connectors.remove(exchange.connector(contoso.HYBRID_CONNECTOR))
    flow = verification.module(exchange_mail_flow_info, domain="other.contoso.com", group="other@groups.contoso.com")
    assert (flow["accepted_domain"], flow["carrier"], flow["hybrid_connector"], flow["group"]) == (None, "Internet", None, None)
