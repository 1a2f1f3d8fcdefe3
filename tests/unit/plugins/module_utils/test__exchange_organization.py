# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError, CmdletResult, ErrorDetail
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_builds import BuildTable
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_organization import (
    describe_hybrid,
    describe_server,
    read_organization,
)

EX1 = {
    "Name": "EX1",
    "Fqdn": "ex1.corp.contoso.com",
    "AdminDisplayVersion": "Version 15.2 (Build 1748.10)",
    "IsEdgeServer": False,
    "ServerRole": "Mailbox",
}
DOMAIN = {
    "DomainName": "groups.contoso.com",
    "Name": "Groups",
    "DomainType": "InternalRelay",
    "Default": False,
    "AddressBookEnabled": False,
    "Guid": "6f1a5f0e-3b0c-4c1d-9a53-1d2f0a8f7c11",
}
HYBRID = {"Domains": ["contoso.com", "autod:Fabrikam.com"], "Features": ["FreeBusy", "SecureMail"]}


class Exchange:
    """The server behind a client, answering reads."""

    host = "ex1.corp.contoso.com"

    def __init__(self, **answers: list[dict[str, t.Any]] | str) -> None:
        self.answers = answers
        self.requests = 0

    def invoke_many(self, calls: t.Sequence[tuple[str, t.Mapping[str, t.Any]]]) -> list[CmdletResult]:
        self.requests += 1
        results = []
        for cmdlet, parameters in calls:
            assert not parameters
            answer = self.answers[cmdlet.removeprefix("Get-")]
            if isinstance(answer, str):
                raise CmdletError(cmdlet, self.host, ErrorDetail("It failed.", exception=answer))
            results.append(CmdletResult(answer))
        return results


def exchange(**answers: list[dict[str, t.Any]] | str) -> Exchange:
    defaults: dict[str, t.Any] = {
        "ExchangeServer": [EX1],
        "OrganizationConfig": [{"Name": "Contoso"}],
        "HybridConfiguration": [HYBRID],
        "AcceptedDomain": [DOMAIN, {**DOMAIN, "DomainName": "contoso.com", "Default": True}],
    }
    return Exchange(**{**defaults, **answers})


def test_organization_in_one_request() -> None:
    client = exchange(ExchangeServer=[{**EX1, "Name": "ex2"}, EX1])
    result = read_organization(client, BuildTable())
    assert client.requests == 1
    assert result["organization"] == "Contoso"
    assert result["default_domain"] == "contoso.com"
    assert result["build_table_date"] == "2026-08"
    assert [server["name"] for server in result["servers"]] == ["EX1", "ex2"]
    assert result["hybrid_configuration"] == {
        "present": True,
        "domains": ["contoso.com", "Fabrikam.com"],
        "features": ["FreeBusy", "SecureMail"],
        "centralized_mail_flow": False,
    }


@pytest.mark.parametrize("answer", [[], "ManagementObjectNotFoundException"])
def test_no_hybrid_configuration(answer: list[dict[str, t.Any]] | str) -> None:
    result = read_organization(exchange(HybridConfiguration=answer), BuildTable())
    assert result["hybrid_configuration"] == {
        "present": False,
        "domains": [],
        "features": [],
        "centralized_mail_flow": False,
    }
    assert result["organization"] == "Contoso"


@pytest.mark.parametrize("cmdlet", ["HybridConfiguration", "ExchangeServer"])
def test_other_errors_pass(cmdlet: str) -> None:
    with pytest.raises(CmdletError):
        read_organization(exchange(**{cmdlet: "CommandNotFoundException"}), BuildTable())
    with pytest.raises(CmdletError):
        read_organization(exchange(ExchangeServer="ManagementObjectNotFoundException"), BuildTable())


@pytest.mark.parametrize("feature", ["CentralizedTransport", "Centralized", "CENTRALIZEDTRANSPORT"])
def test_centralized_mail_flow(feature: str) -> None:
    assert describe_hybrid({**HYBRID, "Features": ["FreeBusy", feature]})["centralized_mail_flow"]


def test_server() -> None:
    assert describe_server(EX1) == {
        "name": "EX1",
        "fqdn": "ex1.corp.contoso.com",
        "version": "Version 15.2 (Build 1748.10)",
        "build": "15.2.1748.10",
        "product": "Exchange Server 2019",
        "cumulative_update": "CU15",
        "is_edge": False,
        "roles": ["Mailbox"],
        "minimum": True,
        "current": True,
        "supported": True,
        "reason": "Exchange Server 2019 CU15 is the newest cumulative update or the one before it (2026-08).",
    }


def test_edge_server() -> None:
    edge = describe_server({**EX1, "IsEdgeServer": True, "ServerRole": "Edge"})
    assert (edge["is_edge"], edge["roles"]) == (True, ["Edge"])


def test_several_roles() -> None:
    assert describe_server({**EX1, "ServerRole": "Mailbox, ClientAccess"})["roles"] == ["Mailbox", "ClientAccess"]


def test_old_server() -> None:
    server = describe_server({**EX1, "AdminDisplayVersion": "Version 15.0 (Build 1130.7)"})
    assert (server["product"], server["cumulative_update"]) == ("Exchange Server 2013", "CU10")
    assert (server["minimum"], server["supported"]) == (False, False)
    assert "CU11" in server["reason"]


def test_version_in_an_unknown_form() -> None:
    server = describe_server({**EX1, "AdminDisplayVersion": "15.2.1748.10"})
    assert (server["build"], server["product"], server["supported"]) == (None, None, False)
    assert "not an AdminDisplayVersion" in server["reason"]
