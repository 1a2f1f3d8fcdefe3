# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes that the lab cannot bring about; the others are in tests/unit/plugins/filter/test_verification_records.py."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._delivery_causes import (
    cause_of_failure,
    cause_of_queue,
    loop,
    status_code,
)
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._mail_path import IDS

DOMAIN = "groups.contoso.com"
CERTIFICATE = "<I>CN=CA<S>CN=mail.contoso.com"
FLOW: dict[str, t.Any] = {
    "accepted_domain": {"type": "InternalRelay"},
    "carrier": "Outbound to Office 365",
    "hybrid_connector": {
        "name": "Outbound to Office 365",
        "edge_sources": [],
        "certificate": CERTIFICATE,
        "wizards_certificate": CERTIFICATE,
        "cloud_services_mail": True,
    },
}


@pytest.mark.parametrize(
    ("response", "code"),
    [
        ("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup", "5.7.133"),
        ("454 4.7.5 Certificate validation failure, Reason:UntrustedRoot", "4.7.5"),
        ("5.4.14 Hop count exceeded - possible mail loop ATTR34 [AM0.prod.outlook.com]", "5.4.14"),
        ("421 Service not available", ""),
        ("250 2.6.0 queued at 15.1.2507.61", ""),
        ("", ""),
    ],
)
def test_status_codes(response: str, code: str) -> None:
    assert status_code(response) == code


@pytest.mark.parametrize(
    ("response", "host", "cause"),
    [
        ("550 5.7.124 RESOLVER.RST.SenderNotInAllowList", "", "sender_not_allowed"),
        ("550 5.7.64 TenantAttribution; Relay Access Denied", "", "inbound_connector"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", "x.mail.protection.outlook.com", "recipient_not_found"),
        (
            "454 4.7.5 Certificate validation failure, Reason:UntrustedRoot",
            "x.mail.protection.outlook.com",
            "certificate_not_trusted",
        ),
        ("454 4.7.5 Certificate validation failure, Reason:UntrustedRoot", "x.mx.microsoft", "certificate_not_trusted"),
        ("454 4.7.5 Certificate validation failure", "mail.contoso.com", "mx_on_premises"),
        ("5.4.14 Hop count exceeded", "", "mx_on_premises"),
        ("421 Service not available", "", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_causes(response: str, host: str, cause: str) -> None:
    found = cause_of_failure(response, FLOW, DOMAIN, host=host)
    assert found.id == cause
    assert found.explanation
    assert found.remedy
    assert found.place in IDS


def test_a_certificate_that_no_attribution_follows_from() -> None:
    hybrid = {**FLOW["hybrid_connector"], "certificate": None}
    found = cause_of_failure("550 5.7.64 TenantAttribution", {**FLOW, "hybrid_connector": hybrid}, DOMAIN)
    assert found.id == "connector_certificate"
    assert "shows the certificate none" in found.explanation


@pytest.mark.parametrize("response", ["550 5.7.133 x", "550 5.1.1 x", "550 5.4.6 x", "550 5.7.64 x"])
def test_without_the_configuration_nothing_is_made_up(response: str) -> None:
    found = cause_of_failure(response, {}, DOMAIN)
    assert found.id not in ("domain_not_accepted", "authoritative_not_written_back", "edge_source", "address_space_missing")


def test_a_queue_names_the_host_in_its_error() -> None:
    queued = {
        "delivery_type": "DnsConnectorDelivery",
        "last_error": "[{LED=454 4.7.5 Failure};{MSG=};{FQDN=mail.contoso.com};{IP=}]",
    }
    assert "It leads to mail.contoso.com" in cause_of_queue(queued, FLOW, DOMAIN).explanation


def test_a_loop_without_an_edge_server_lies_in_dns() -> None:
    assert loop(FLOW, DOMAIN).id == "mx_on_premises"
