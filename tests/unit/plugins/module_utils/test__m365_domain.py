# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import (
    DomainError,
    Plan,
    TenantDomain,
    group_domain,
    plain_record,
    plan,
    predict,
)

NAME = "groups.contoso.com"


def domain(*services: str, verified: bool = True) -> TenantDomain:
    return TenantDomain(NAME, verified, services=services)


@pytest.mark.parametrize(
    ("current", "verified", "services", "steps"),
    [
        (None, False, ["Email"], Plan(add=True)),
        (None, True, ["Email"], Plan(add=True, verify=True, services=("Email",))),
        (domain(verified=False), False, ["Email"], Plan()),
        (domain(verified=False), True, ["Email"], Plan(verify=True, services=("Email",))),
        (domain(), True, ["Email"], Plan(services=("Email",))),
        (domain("Yammer"), True, ["Email"], Plan(services=("Yammer", "Email"))),
        (domain("Yammer", "Email"), True, ["Email"], Plan()),
        (domain("Yammer"), True, [], Plan()),
    ],
)
def test_plan(current: TenantDomain | None, verified: bool, services: list[str], steps: Plan) -> None:
    assert plan(current, verified=verified, services=services) == steps
    assert steps.changes == (steps != Plan())


def test_prediction_below_a_verified_domain() -> None:
    added = predict(NAME, None, Plan(add=True), verified_parent=True)
    assert (added.verified, added.root) == (True, False)
    alone = predict(NAME, None, Plan(add=True), verified_parent=False)
    assert (alone.verified, alone.root) == (False, False)
    verified = predict(NAME, None, Plan(add=True, verify=True, services=("Email",)), verified_parent=False)
    assert (verified.verified, verified.root, verified.services) == (True, True, ("Email",))


@pytest.mark.parametrize(
    ("data", "record"),
    [
        (
            {"@odata.type": "#microsoft.graph.domainDnsMxRecord", "label": NAME, "ttl": 3600, "preference": 0,
             "mailExchange": "Groups-contoso-com.mail.protection.outlook.com."},
            {"name": NAME, "type": "MX", "value": "groups-contoso-com.mail.protection.outlook.com", "preference": 0, "ttl": 3600},
        ),
        (
            {"@odata.type": "#microsoft.graph.domainDnsCnameRecord", "label": f"Autodiscover.{NAME}", "ttl": 60,
             "canonicalName": "autodiscover.outlook.com"},
            {"name": f"autodiscover.{NAME}", "type": "CNAME", "value": "autodiscover.outlook.com", "ttl": 60},
        ),
        (
            {"@odata.type": "#microsoft.graph.domainDnsTxtRecord", "label": NAME, "ttl": 60, "text": "MS=ms1"},
            {"name": NAME, "type": "TXT", "value": "MS=ms1", "ttl": 60},
        ),
        (
            {"@odata.type": "#microsoft.graph.domainDnsSrvRecord", "label": NAME, "ttl": 60, "service": "_sip",
             "protocol": "_tls", "nameTarget": "sipdir.online.lync.com", "port": 443, "priority": 100, "weight": 1},
            {"name": f"_sip._tls.{NAME}", "type": "SRV", "value": "100 1 443 sipdir.online.lync.com", "ttl": 60},
        ),
        ({"@odata.type": "#microsoft.graph.domainDnsUnavailableRecord", "label": NAME, "description": "no"}, None),
    ],
)  # fmt: skip
def test_plain_records(data: dict[str, t.Any], record: dict[str, t.Any] | None) -> None:
    assert plain_record(data) == record


def test_group_domain_has_one_spelling() -> None:
    assert group_domain("Groups.Contoso.COM.") == NAME
    assert group_domain("gr\u00fcppen.contoso.com") == "xn--grppen-4ya.contoso.com"


@pytest.mark.parametrize("value", ["*.contoso.com", "*", "contoso", "a..b", "", "user@contoso.com", "192.0.2.1", "a b.com"])
def test_what_cannot_be_a_group_domain_is_refused_by_option(value: str) -> None:
    with pytest.raises(DomainError, match=r"^domain: "):
        group_domain(value)
