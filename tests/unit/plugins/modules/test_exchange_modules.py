# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Exchange modules, from their options to their result, against the lab's Exchange model in this process."""

from __future__ import annotations

import json
import typing as t
import uuid

import pytest
from helpers.cmdlet_calls import unknown_to_the_reference
from helpers.exchange_modules import Runner

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._connector_properties import PROPERTIES
from ansible_collections.exchange.hybrid_groups.plugins.modules import (
    exchange_accepted_domain,
    exchange_organization_info,
    exchange_send_connector,
)
from lab import contoso
from lab.exchange.endpoint import CallRecord
from lab.exchange.state import Server

DOMAINS = {
    "domain": contoso.GROUP_DOMAIN,
    "type": "InternalRelay",
}
CONNECTOR = {"name": "Outbound to Office 365", "address_spaces": {"add": [contoso.GROUP_DOMAIN]}}


def test_accepted_domain_life(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    predicted = run(exchange_accepted_domain, **DOMAINS, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"]
    assert predicted["diff"]["before"] == {}
    assert predicted["diff"]["after"]["type"] == "InternalRelay"
    assert world.exchange.view() == before

    created = run(exchange_accepted_domain, **DOMAINS)
    assert created["changed"]
    assert "diff" not in created
    assert uuid.UUID(created["accepted_domain"]["guid"])
    assert world.exchange.domain(contoso.GROUP_DOMAIN).domain_type == "InternalRelay"
    assert not run(exchange_accepted_domain, **DOMAINS)["changed"]

    changed = run(exchange_accepted_domain, domain="GROUPS.contoso.com.", name="Groups", match_subdomains=True)
    assert changed["accepted_domain"] == {
        **created["accepted_domain"],
        "name": "Groups",
        "match_subdomains": True,
        "address_book_enabled": False,
    }

    removed = run(exchange_accepted_domain, domain=contoso.GROUP_DOMAIN, state="absent", _ansible_diff=True)
    assert removed["changed"]
    assert removed["accepted_domain"] is None
    assert removed["diff"]["after"] == {}
    assert not run(exchange_accepted_domain, domain=contoso.GROUP_DOMAIN, state="absent")["changed"]
    assert world.exchange.view()["accepted_domains"] == before["accepted_domains"]


def test_international_and_wildcard_domains(world: t.Any, run: Runner) -> None:
    assert run(exchange_accepted_domain, domain="münchen.example", type="InternalRelay")["changed"]
    assert not run(exchange_accepted_domain, domain="xn--mnchen-3ya.example")["changed"]
    assert world.exchange.domain("xn--mnchen-3ya.example").name == "xn--mnchen-3ya.example"
    assert run(exchange_accepted_domain, domain="*.fabrikam.com", type="ExternalRelay")["changed"]
    assert not run(exchange_accepted_domain, domain="*.Fabrikam.com")["changed"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"domain": "*contoso.com"}, "domain: "),
        ({"domain": "user@contoso.com"}, "domain: "),
        ({"domain": ""}, "domain: "),
        ({"domain": "groups.contoso.com", "name": " "}, "name: "),
        ({"domain": "groups.contoso.com", "type": "Relay"}, "value of type must be one of"),
        ({"domain": "groups.contoso.com", "typ": "InternalRelay"}, "Unsupported parameters"),
        ({"domain": "contoso.com", "state": "absent"}, "Make another domain the default first"),
    ],
)
def test_bad_accepted_domain_changes_nothing(world: t.Any, run: Runner, options: dict[str, t.Any], text: str) -> None:
    before = world.exchange.view()
    result = run(exchange_accepted_domain, **options)
    assert result["failed"]
    assert text in result["msg"]
    assert world.exchange.view() == before


def test_cmdlet_error_comes_with_its_parts(run: Runner) -> None:
    result = run(exchange_accepted_domain, domain=contoso.GROUP_DOMAIN, name="x" * 65)
    assert result["failed"]
    assert result["cmdlet_error"]["cmdlet"] == "New-AcceptedDomain"
    assert result["cmdlet_error"]["host"] == contoso.EXCHANGE_HOST
    assert result["cmdlet_error"]["fully_qualified_error_id"] in result["msg"]


def test_send_connector_life(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    predicted = run(exchange_send_connector, **CONNECTOR, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"]
    assert world.exchange.view() == before

    added = run(exchange_send_connector, **CONNECTOR, _ansible_diff=True)
    assert added["send_connector"]["name"] == contoso.HYBRID_CONNECTOR
    assert added["diff"] == predicted["diff"]
    assert added["send_connector"]["address_spaces"] == sorted(
        [*added["diff"]["before"]["address_spaces"], "SMTP:groups.contoso.com;1"]
    )
    assert not run(exchange_send_connector, **CONNECTOR)["changed"]

    dearer = run(exchange_send_connector, name=contoso.HYBRID_CONNECTOR, address_spaces={"add": ["groups.contoso.com;9"]})
    assert "SMTP:groups.contoso.com;9" in dearer["send_connector"]["address_spaces"]
    assert "SMTP:groups.contoso.com;1" not in dearer["send_connector"]["address_spaces"]
    assert not run(exchange_send_connector, **CONNECTOR)["changed"]

    removed = run(exchange_send_connector, name=contoso.HYBRID_CONNECTOR, address_spaces={"remove": ["groups.contoso.com"]})
    assert removed["changed"]
    assert removed["send_connector"]["address_spaces"] == added["diff"]["before"]["address_spaces"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"address_spaces": {"add": ["contoso.com;101"]}}, 'address_spaces.add: "contoso.com;101" is not a valid address space'),
        ({"address_spaces": {"remove": ["*contoso.com"]}}, "address_spaces.remove: "),
        ({"address_spaces": {"set": []}}, "would be left without an address space"),
        ({"address_spaces": {"set": ["a.com"], "add": ["b.com"]}}, "address_spaces: set gives the whole list"),
        ({"address_spaces": {"add": ["a.com"], "remove": ["A.com"]}}, "both to be added and to be removed"),
        ({"name": "Outbound to Mars"}, contoso.HYBRID_CONNECTOR),
        ({"name": " "}, "name: "),
    ],
)
def test_bad_send_connector_changes_nothing(world: t.Any, run: Runner, options: dict[str, t.Any], text: str) -> None:
    before = world.exchange.view()
    result = run(exchange_send_connector, **{**CONNECTOR, **options})
    assert result["failed"]
    assert text in result["msg"]
    assert world.exchange.view() == before


PARTNER = {
    "name": "To Fabrikam",
    "create": True,
    "usage": "Custom",
    "address_spaces": {"set": ["fabrikam.com", "*.fabrikam.com;5"]},
    "smart_hosts": {"set": ["SMTP.fabrikam.com", "192.0.2.25"]},
    "dns_routing_enabled": False,
    "require_tls": True,
    "smart_host_auth_mechanism": "BasicAuthRequireTLS",
    "authentication_credential": {"username": "contoso", "password": "Smart-H0st-Passw0rd"},
    "max_message_size": "20MB",
}


def test_a_send_connector_is_created_only_when_asked_for_and_removed(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    refused = run(exchange_send_connector, **{**PARTNER, "create": False})
    assert 'there is no send connector "To Fabrikam"' in refused["msg"]
    predicted = run(exchange_send_connector, **PARTNER, _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"]
    assert predicted["diff"]["before"] == {}
    assert predicted["diff"]["after"]["max_message_size"] == str(20 * 1024**2)
    assert world.exchange.view() == before

    created = run(exchange_send_connector, **PARTNER)
    assert created["send_connector"]["address_spaces"] == ["SMTP:*.fabrikam.com;5", "SMTP:fabrikam.com;1"]
    assert created["send_connector"]["smart_hosts"] == ["SMTP.fabrikam.com", "[192.0.2.25]"]
    assert created["send_connector"]["has_credential"] is True
    assert not run(exchange_send_connector, **PARTNER)["changed"]

    assert run(exchange_send_connector, name="to fabrikam", state="absent")["changed"]
    assert not run(exchange_send_connector, name="to fabrikam", state="absent")["changed"]
    assert world.exchange.view() == before


def test_the_wizards_connector_is_removed_by_its_whole_name_only(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    assert not run(exchange_send_connector, name="Outbound to Office 365", state="absent")["changed"]
    assert world.exchange.view() == before


def test_a_new_send_connector_needs_an_address_space(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    result = run(exchange_send_connector, name="To Fabrikam", create=True)
    assert "a new one needs an address space" in result["msg"]
    assert world.exchange.view() == before


# Option, a value that is not there yet, another spelling of it, and how it is returned.
VALUES: list[tuple[str, t.Any, t.Any, t.Any]] = [
    ("enabled", False, "no", False),
    ("comment", "For groups", "For groups", "For groups"),
    ("port", 587, "587", 587),
    ("fqdn", "Mail.Fabrikam.com", "mail.fabrikam.com", "mail.fabrikam.com"),
    ("fqdn", "", "", ""),
    ("source_ip_address", "192.0.2.1", " 192.0.2.1", "192.0.2.1"),
    ("max_message_size", "40MB", "40960 KB", str(40 * 1024**2)),
    ("max_message_size", "unlimited", "Unlimited", "unlimited"),
    ("connection_inactivity_timeout", "00:20:00", "0:20:0", "00:20:00"),
    ("connection_inactivity_timeout", "1.00:00:00", "24:00:00", "1.00:00:00"),
    ("smtp_max_messages_per_connection", 40, 40, 40),
    ("protocol_logging_level", "Verbose", "Verbose", "Verbose"),
    ("tls_auth_level", "CertificateValidation", "CertificateValidation", "CertificateValidation"),
    ("tls_auth_level", "None", "None", "None"),
    ("tls_domain", "mail.FABRIKAM.com", "mail.fabrikam.com", "mail.fabrikam.com"),
    ("tls_certificate_name", "<I>CN=CA<S>CN=mail", "<I>CN=CA<S>CN=mail", "<I>CN=CA<S>CN=mail"),
    ("domain_secure_enabled", True, "yes", True),
    ("cloud_services_mail_enabled", False, "no", False),
    ("require_oorg", True, True, True),
    ("force_helo", True, True, True),
    ("frontend_proxy_enabled", True, True, True),
    ("use_external_dns_servers_enabled", True, True, True),
    ("is_scoped_connector", True, True, True),
    (
        "error_policies",
        ["UpgradeCustomFailures", "DowngradeDnsFailures"],
        ["DowngradeDnsFailures", "UpgradeCustomFailures"],
        ["DowngradeDnsFailures", "UpgradeCustomFailures"],
    ),
    ("connector_type", "XPremises", "XPremises", "XPremises"),
    ("source_transport_servers", {"add": ["EX2.corp.contoso.com"]}, {"set": ["ex1", "EX2"]}, ["EX1", "EX2"]),
    ("new_name", "Outbound", "Outbound", None),
]


@pytest.mark.parametrize(("option", "value", "same", "stored"), VALUES)
def test_every_property_is_compared_by_value(
    world: t.Any, run: Runner, option: str, value: t.Any, same: t.Any, stored: t.Any
) -> None:
    world.exchange.servers["EX2"] = Server("EX2", "ex2.corp.contoso.com", "15.2.1748.10")
    name = "Outbound to Office 365"
    predicted = run(exchange_send_connector, name=name, _ansible_check_mode=True, _ansible_diff=True, **{option: value})
    written = run(exchange_send_connector, name=name, _ansible_diff=True, **{option: value})
    assert predicted.get("changed") is written.get("changed") is True, written
    if option != "source_transport_servers":  # Exchange shows short names
        assert predicted["diff"] == written["diff"]
    if option != "new_name":
        assert written["send_connector"][option] == stored
    for again in (value, same):
        result = run(exchange_send_connector, name=name, **{option: again})
        assert result.get("changed") is False, result


def test_every_property_is_tested() -> None:
    tested = {row[0] for row in VALUES} | {*PARTNER}
    assert {item.option for item in PROPERTIES} - tested == {"ignore_starttls"}  # in the next test


def test_what_does_not_go_together_is_refused_by_the_server_and_changes_nothing(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    result = run(exchange_send_connector, name=contoso.HYBRID_CONNECTOR, ignore_starttls=True)
    assert "IgnoreSTARTTLS must be $false" in result["msg"]
    assert world.exchange.view() == before
    assert run(exchange_send_connector, name="Internet", ignore_starttls=True)["changed"]
    assert not run(exchange_send_connector, name="Internet", ignore_starttls=True)["changed"]


def test_a_secret_is_no_change_unless_asked_for(run: Runner) -> None:
    run(exchange_send_connector, **PARTNER)
    other = {**PARTNER, "authentication_credential": {"username": "contoso", "password": "An0ther-Passw0rd"}}
    assert not run(exchange_send_connector, **other)["changed"]
    always = run(exchange_send_connector, **other, update_secret="always", _ansible_diff=True)
    assert always["changed"]
    assert "An0ther" not in json.dumps(always)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_message_size": "big"}, 'max_message_size: "big" is not a size such as 35MB, or unlimited.'),
        ({"connection_inactivity_timeout": "10m"}, 'connection_inactivity_timeout: "10m" is not a time span'),
        ({"source_ip_address": "here"}, 'source_ip_address: "here" is not an IP address.'),
        ({"port": 65536}, "port: 65536 is not a whole number from 0 to 65535."),
        ({"smart_hosts": {"add": [" "]}}, "smart_hosts.add: a name is empty."),
        ({"source_transport_servers": {"add": ["EX9"]}}, "'EX9' couldn't be found"),
    ],
)
def test_bad_property_changes_nothing(world: t.Any, run: Runner, options: dict[str, t.Any], text: str) -> None:
    before = world.exchange.view()
    assert text in run(exchange_send_connector, name="Internet", enabled=False, **options)["msg"]
    assert world.exchange.view() == before


def test_connector_type_is_refused_before_2016(world: t.Any, run: Runner) -> None:
    world.exchange.servers["EX1"].version = "15.0.1497.2"
    before = world.exchange.view()
    result = run(exchange_send_connector, name="Internet", enabled=False, connector_type="XPremises")
    assert "connector_type: the Exchange servers behind" in result["msg"]
    assert world.exchange.view() == before


def test_organization(run: Runner) -> None:
    result = run(exchange_organization_info)
    assert not result["changed"]
    assert result["organization"] == contoso.EXCHANGE_ORGANIZATION
    assert [server["fqdn"] for server in result["servers"]] == [contoso.EXCHANGE_HOST]
    assert result["servers"][0]["product"].startswith("Exchange Server ")
    assert result["hybrid_configuration"]["present"]
    assert result["default_domain"] == "contoso.com"


def test_organization_by_a_newer_table(world: t.Any, run: Runner) -> None:
    row = {"product": "Exchange Server SE", "name": "CU1", "build": "15.2.3000.5"}
    world.exchange.servers["EX1"].version = "15.2.3000.9"
    result = run(
        exchange_organization_info,
        cumulative_updates=[row],
        cumulative_updates_date="2027-01",
        domain_controller=contoso.DC2_HOST,
    )
    assert result["build_table_date"] == "2027-01"
    assert result["servers"][0]["cumulative_update"] == "CU1"
    wrong = run(exchange_organization_info, cumulative_updates=[{**row, "build": "15.1.1.1"}])
    assert wrong["msg"] == "cumulative_updates: 15.1.1.1 is not a build of Exchange Server SE."
    assert "is not a build such as" in run(exchange_organization_info, cumulative_updates=[{**row, "build": "CU1"}])["msg"]


def test_organization_without_hybrid(world: t.Any, run: Runner) -> None:
    world.exchange.hybrid = None
    assert not run(exchange_organization_info)["hybrid_configuration"]["present"]


# Several domain controllers


def test_one_domain_controller_is_written_to_and_read_back_from(world: t.Any, run: Runner) -> None:
    world.exchange.hold_replication(contoso.DC2_HOST)
    world.exchange.domain_controllers.reads_on = contoso.DC2_HOST
    for module, options in ((exchange_accepted_domain, DOMAINS), (exchange_send_connector, CONNECTOR)):
        assert run(module, **options, domain_controller=contoso.DC_HOST)["changed"]
        assert not run(module, **options, domain_controller=contoso.DC_HOST)["changed"]
    assert world.exchange.domain(contoso.GROUP_DOMAIN)


def test_without_a_choice_the_task_stays_with_the_domain_controller_it_has_read_from(world: t.Any, run: Runner) -> None:
    world.exchange.hold_replication(contoso.DC2_HOST)
    world.exchange.domain_controllers.reads_on = contoso.DC2_HOST
    for module, options in ((exchange_accepted_domain, DOMAINS), (exchange_send_connector, CONNECTOR)):
        assert run(module, **options)["changed"]
        assert not run(module, **options)["changed"]
    assert contoso.GROUP_DOMAIN not in world.exchange.view()["accepted_domains"]
    world.exchange.replicate()
    assert contoso.GROUP_DOMAIN in world.exchange.view()["accepted_domains"]
    assert f"SMTP:{contoso.GROUP_DOMAIN};1" in map(str, world.exchange.connector(contoso.HYBRID_CONNECTOR).address_spaces)


def test_an_unknown_domain_controller_changes_nothing(world: t.Any, run: Runner) -> None:
    before = world.exchange.view()
    result = run(exchange_accepted_domain, **DOMAINS, domain_controller="dc9.corp.contoso.com")
    assert "dc9.corp.contoso.com" in result["msg"]
    assert world.exchange.view() == before


# Servers that do not speak English


def test_a_german_server(world: t.Any, run: Runner) -> None:
    world.exchange.culture = "de-DE"
    for module, options in (
        (exchange_accepted_domain, {**DOMAINS, "match_subdomains": True}),
        (exchange_send_connector, {**CONNECTOR, "max_message_size": "50MB", "connection_inactivity_timeout": "00:05:00"}),
    ):
        assert run(module, **options)["changed"]
        assert not run(module, **options)["changed"]
    assert run(exchange_accepted_domain, domain=contoso.GROUP_DOMAIN, state="absent")["changed"]
    assert run(exchange_organization_info)["servers"]


def test_the_walk_over_calls_finds_what_a_version_lacks() -> None:
    known = CallRecord("Exchange Server 2016", "Set-AcceptedDomain", ("Identity", "MatchSubDomains"))
    unknown = [known._replace(product="Exchange Server 2013"), known._replace(cmdlet="Set-Nothing")]
    assert unknown_to_the_reference([known]) == []
    assert unknown_to_the_reference(unknown) == [
        "Set-AcceptedDomain -MatchSubDomains (Exchange Server 2013)",
        "Set-Nothing (Exchange Server 2016)",
    ]
