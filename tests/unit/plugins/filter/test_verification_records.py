# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault of the procedure turns the step red that shows it, with the explanation that is true, and no other."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from helpers.verification import MailLab, Verification

from ansible_collections.exchange.hybrid_groups.plugins.filter.verification_records import verification_records
from lab import contoso
from lab.configured import add_group, configure_mail, grant, synchronize
from lab.dns.zones import Zone
from lab.exchange.state import SendConnector, Server
from lab.mail.routing import written_back_group


def failed(found: dict[str, t.Any]) -> dict[str, str]:
    """Red steps with their explanations."""
    return {name: record["explanation"] for name, record in found.items() if record["verdict"] == "failed"}


def test_a_configured_lab_is_green(verification: Verification) -> None:
    found = verification.run()
    verdicts = {name: record["verdict"] for name, record in found.items()}
    assert {name for name, verdict in verdicts.items() if verdict != "passed"} == {"moved_4"}, json.dumps(found, indent=1)
    assert verdicts["moved_4"] == "person"


def authoritative_and_not_written_back(lab: MailLab) -> None:
    lab.world.exchange.domain(contoso.GROUP_DOMAIN).domain_type = "Authoritative"
    remove_group_object(lab)


def remove_group_object(lab: MailLab) -> None:
    entry = written_back_group(lab.world.directory, contoso.VERIFICATION_GROUP)
    assert entry is not None
    lab.world.directory.remove(entry.key)


def domain_not_accepted(lab: MailLab) -> None:
    state = lab.world.exchange
    state.accepted_domains.remove(state.domain(contoso.GROUP_DOMAIN))


def domain_not_used_in_the_tenant(lab: MailLab) -> None:
    lab.world.tenant.domains[contoso.GROUP_DOMAIN].services = []


def space_missing(lab: MailLab) -> None:
    hybrid(lab).address_spaces.pop()


def space_missing_and_no_star(lab: MailLab) -> None:
    space_missing(lab)
    lab.world.exchange.send_connectors.remove(lab.world.exchange.connector("Internet"))


def space_missing_and_external_senders_allowed(lab: MailLab) -> None:
    space_missing(lab)
    lab.world.tenant.groups[-1].allow_external_senders = True


def mx_on_premises(lab: MailLab) -> None:
    inside(lab).add(f"{contoso.GROUP_DOMAIN}.", "MX", "10 mail.contoso.com.")


def mx_not_resolvable_inside(lab: MailLab) -> None:
    inside(lab)


def name_servers_fail(lab: MailLab) -> None:
    lab.world.dns.servfail.add(contoso.GROUP_DOMAIN)


def inside(lab: MailLab) -> Zone:
    """The organization's own zone, in front of the public one (split DNS)."""
    zone = Zone.new("contoso.com")
    lab.world.exchange.transport.internal_zones[zone.origin] = zone
    return zone


def edge_source(lab: MailLab) -> None:
    lab.world.exchange.servers["EDGE1"] = Server("EDGE1", "edge1.corp.contoso.com", "15.2.1748.10", "Edge")
    hybrid(lab).settings["SourceTransportServers"] = ["EDGE1"]


def wrong_certificate(lab: MailLab) -> None:
    hybrid(lab).settings["TlsCertificateName"] = "<I>CN=ex1<S>CN=ex1"


def cloud_services_off(lab: MailLab) -> None:
    hybrid(lab).settings["CloudServicesMailEnabled"] = False


def other_inbound_connector(lab: MailLab) -> None:
    lab.world.tenant.online.inbound.sender_certificate = "old.contoso.com"


def outbound_connector_off(lab: MailLab) -> None:
    lab.world.tenant.online.outbound.enabled = False


def centralized(lab: MailLab) -> None:
    assert lab.world.exchange.hybrid is not None
    lab.world.exchange.hybrid.features.append("CentralizedTransport")
    lab.world.tenant.online.outbound.route_all = True


def permissions_missing(lab: MailLab) -> None:
    lab.reset()
    configure_mail(lab.world)
    add_group(lab.world)
    synchronize(lab.world)


def synchronization_stopped(lab: MailLab) -> None:
    lab.reset()
    configure_mail(lab.world)
    grant(lab.world)
    lab.world.connect.scheduler.sync_cycle_enabled = False
    add_group(lab.world)


def hybrid(lab: MailLab) -> SendConnector:
    return lab.world.exchange.connector(contoso.HYBRID_CONNECTOR)


Plant = t.Callable[[MailLab], None]
REPLY = "on_premises_7"
# What is wrong, the steps that show it, the cause they name, and words of the explanation.
FAULTS: list[tuple[Plant, set[str], str, str]] = [
    (
        authoritative_and_not_written_back,
        {REPLY, "directory"},
        "authoritative_not_written_back",
        "Authoritative accepted domain, and the group has not been written back",
    ),
    (domain_not_accepted, {REPLY}, "domain_not_accepted", "is not an accepted domain"),
    (domain_not_used_in_the_tenant, {REPLY}, "domain_not_in_tenant", "not used for mail"),
    (space_missing, {REPLY}, "address_space_missing", "leaves by Internet as Internet mail"),
    (space_missing_and_external_senders_allowed, {REPLY}, "address_space_missing", "whose address spaces lack the domain"),
    (space_missing_and_no_star, {REPLY}, "no_connector", "waits in the queue Unreachable"),
    (mx_on_premises, {REPLY}, "mx_on_premises", "It leads to mail.contoso.com"),
    (mx_not_resolvable_inside, {REPLY}, "mx_not_resolvable", "cannot resolve the MX record"),
    (name_servers_fail, {REPLY}, "mx_not_resolvable", "cannot resolve the MX record"),
    (edge_source, {REPLY}, "edge_source", "EDGE1, an Edge Transport server, is source"),
    (wrong_certificate, {REPLY}, "connector_certificate", "shows the certificate <I>CN=ex1<S>CN=ex1"),
    (cloud_services_off, {REPLY}, "cloud_services_mail", "CloudServicesMailEnabled is off"),
    (other_inbound_connector, {REPLY}, "inbound_connector", "took the sender for anonymous, although"),
    (outbound_connector_off, {"on_premises_6", "moved_6"}, "", "has not handed the member's copy"),
    (centralized, {"centralized_mail_flow"}, "", "which Microsoft does not support with groups"),
    (permissions_missing, {"directory"}, "", "could not write it: permission-issue, Insufficient access rights"),
    (synchronization_stopped, {"directory"}, "", "The scheduler is disabled"),
]


@pytest.mark.parametrize(("plant", "steps", "cause", "words"), FAULTS, ids=[fault[0].__name__ for fault in FAULTS])
def test_a_fault_turns_its_step_red(verification: Verification, plant: Plant, steps: set[str], cause: str, words: str) -> None:
    plant(verification.lab)
    found = verification.run()
    red = failed(found)
    assert set(red) == steps, red
    shown = found[REPLY if REPLY in steps else min(steps)]
    assert words in shown["explanation"]
    assert shown["evidence"].get("cause", "") == cause
    assert shown["remedy"]
    if REPLY in steps:
        assert found["on_premises_8"]["verdict"] == "unknown"
    assert found["restored"]["verdict"] == "passed"
    assert verification.lab.world.tenant.groups[-1].members == []


def second_server(lab: MailLab) -> None:
    """The mailbox lies on a server that is not the one the session goes to."""
    exchange = lab.world.exchange
    exchange.servers["EX2"] = Server("EX2", "ex2.corp.contoso.com", "15.2.1748.10")
    exchange.mailboxes[0].server = "EX2"


def test_a_message_is_found_on_the_server_that_is_asked_last(verification: Verification) -> None:
    second_server(verification.lab)
    found = verification.run()
    assert failed(found) == {}
    assert found["on_premises_6"]["evidence"]["server"] == found["moved_6"]["evidence"]["server"] == "EX2"


def test_a_log_that_cannot_be_searched_is_named_and_does_not_count_as_not_delivered(verification: Verification) -> None:
    second_server(verification.lab)
    verification.lab.world.exchange.transport.service("EX2").log_search = False
    found = verification.run()
    assert failed(found) == {}
    for step in ("on_premises_6", "moved_6"):
        assert found[step]["verdict"] == "unknown"
        assert "EX2" in found[step]["explanation"]
        assert found[step]["evidence"]["searched"] == ["EX1"]
        assert "Transport Log Search" in found[step]["remedy"]
    assert found["on_premises_7"]["verdict"] == "passed"


def test_a_message_without_its_id_is_found_by_its_subject(verification: Verification) -> None:
    """That the Message-ID stays the same through a group is an assumption."""
    rewrite = verification.trace
    verification.trace = lambda _sent, *arguments: rewrite({"message_id": "<other@x>"}, *arguments)  # type: ignore[method-assign]
    assert failed(verification.run()) == {}


def test_who_was_a_member_stays_one(verification: Verification) -> None:
    group = verification.lab.world.tenant.groups[-1]
    group.members = [contoso.CLOUD_USER]
    found = verification.run()
    assert group.members == [contoso.CLOUD_USER]
    assert found["restored"]["evidence"]["removed"] == [contoso.ON_PREMISES_MAILBOX, contoso.MOVED_MAILBOX]


def test_mailboxes_that_are_not_where_they_should_be(verification: Verification) -> None:
    here, moved = verification.lab.world.exchange.mailboxes
    here.remote_routing_address, here.remote_type = "x@contoso.mail.onmicrosoft.com", "ProvisionMailbox"
    moved.remote_type = "ProvisionMailbox"
    found = verification.run()
    assert "is a mailbox in Microsoft 365" in failed(found)["on_premises_5"]
    assert "was made in Microsoft 365 and not moved" in failed(found)["moved_1"]
    assert found["on_premises_7"]["verdict"] == "unknown"


def test_a_group_that_takes_no_posts(verification: Verification) -> None:
    verification.lab.world.tenant.groups[-1].post = lambda _message: None  # type: ignore[method-assign]
    found = verification.run()
    assert {"on_premises_4", "moved_5", "on_premises_8"} == set(failed(found))
    assert found["on_premises_6"]["explanation"] == "Not tried, because this did not succeed: Post a message to the group."


def test_permissions_that_the_application_lacks(verification: Verification) -> None:
    application = verification.lab.world.tenant.applications[contoso.CLIENT_ID]
    application.roles = [role for role in application.roles if role not in ("Mail.Send", "Group-Conversation.Read.All")]
    found = verification.run()
    assert "Mail.Send" in failed(found)["on_premises_4"]
    assert found["on_premises_8"]["verdict"] == "unknown"
    assert "Group-Conversation.Read.All" in found["on_premises_8"]["explanation"]


@pytest.mark.parametrize("moved", ["", "mia@contoso.com"])
def test_nothing_has_run(moved: str) -> None:
    settings = {"domain": "d", "group": "g", "on_premises_mailbox": "o", "cloud_mailbox": "c", "moved_mailbox": moved}
    found = verification_records({"settings": settings})
    assert {record["verdict"] for record in found} <= {"unknown", "person"}
    assert len(found) == 16


def test_what_is_no_result() -> None:
    with pytest.raises(AnsibleFilterError, match="key settings"):
        verification_records({})
