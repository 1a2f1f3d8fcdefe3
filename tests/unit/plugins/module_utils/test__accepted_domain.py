# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._accepted_domain import (
    AcceptedDomain,
    AcceptedDomains,
    Outcome,
    WantedDomain,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import (
    CmdletError,
    CmdletResult,
    ErrorDetail,
    SessionError,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

HOST = "ex1.corp.contoso.com"
CONTOSO = {
    "DomainName": "Contoso.com",
    "DomainType": "Authoritative",
    "MatchSubDomains": False,
    "AddressBookEnabled": True,
    "Default": True,
    "Name": "Contoso",
    "Guid": "00000000-0000-0000-0000-000000000001",
}
GROUPS = WantedDomain("groups.contoso.com", type="InternalRelay")


class Exchange:
    """The server behind a client: the accepted domains of New-, Set-, Remove- and Get-AcceptedDomain.

    :param before: called with a cmdlet's name before it runs; what it raises is what the cmdlet raises
    :param after: the same, once the cmdlet has done its work
    """

    host = HOST

    def __init__(self, *domains: dict[str, t.Any]) -> None:
        self.domains = [dict(domain) for domain in domains]
        self.versions = ["Version 15.0 (Build 1497.2)", "Version 15.2 (Build 1748.10)"]
        self.calls: list[tuple[str, dict[str, t.Any]]] = []
        self.before: t.Callable[[str], None] = lambda _cmdlet: None
        self.after: t.Callable[[str], None] = lambda _cmdlet: None

    @property
    def writes(self) -> list[tuple[str, dict[str, t.Any]]]:
        return [call for call in self.calls if not call[0].startswith("Get-")]

    def invoke(self, cmdlet: str, parameters: t.Mapping[str, t.Any] | None = None) -> CmdletResult:
        values = dict(parameters or {})
        self.calls.append((cmdlet, values))
        self.before(cmdlet)
        if cmdlet == "Get-ExchangeServer":
            result = CmdletResult([{"AdminDisplayVersion": version} for version in self.versions])
        else:
            result = CmdletResult(getattr(self, cmdlet.partition("-")[0].lower())(values) or [])
        self.after(cmdlet)
        return result

    def get(self, _parameters: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        return [dict(domain) for domain in self.domains]

    def new(self, parameters: dict[str, t.Any]) -> None:
        domain_type = parameters.pop("DomainType", "Authoritative")
        self.domains.append(
            {
                "DomainName": parameters.pop("DomainName"),
                "DomainType": domain_type,
                "Name": parameters.pop("Name"),
                "MatchSubDomains": False,
                "AddressBookEnabled": domain_type == "Authoritative",
                "Default": False,
                "Guid": f"00000000-0000-0000-0000-{len(self.domains) + 1:012}",
            }
        )
        assert not parameters

    def set(self, parameters: dict[str, t.Any]) -> None:
        domain = self._one(parameters.pop("Identity"))
        if parameters.pop("MakeDefault", False):
            for other in self.domains:
                other["Default"] = other is domain
        assert set(parameters) <= {"Name", "DomainType", "MatchSubDomains", "AddressBookEnabled"}
        domain.update(parameters)

    def remove(self, parameters: dict[str, t.Any]) -> None:
        assert parameters["Confirm"] is False
        self.domains.remove(self._one(parameters["Identity"]))

    def _one(self, guid: str) -> dict[str, t.Any]:
        return next(domain for domain in self.domains if domain["Guid"] == guid)


def error(cmdlet: str, exception: str = "", error_id: str = "") -> CmdletError:
    identifier = error_id or f"[Server=EX1] [FailureCategory=Cmdlet-{exception}] 8022381D"
    return CmdletError(cmdlet, HOST, ErrorDetail("It failed.", identifier, exception=exception))


def present(exchange: Exchange, wanted: WantedDomain, *, check_mode: bool = False) -> Outcome:
    return AcceptedDomains(ExchangeClient(exchange), check_mode=check_mode).ensure_present(wanted)


def absent(exchange: Exchange, domain: str, *, check_mode: bool = False) -> Outcome:
    return AcceptedDomains(ExchangeClient(exchange), check_mode=check_mode).ensure_absent(domain)


def test_create_with_what_new_knows() -> None:
    exchange = Exchange(CONTOSO)
    outcome = present(exchange, GROUPS)
    assert outcome.changed
    assert outcome.before is None
    assert outcome.after is not None
    assert outcome.after.to_result() == {
        "domain": "groups.contoso.com",
        "name": "groups.contoso.com",
        "type": "InternalRelay",
        "default": False,
        "match_subdomains": False,
        "address_book_enabled": False,
        "guid": "00000000-0000-0000-0000-000000000002",
    }
    assert [cmdlet for cmdlet, _parameters in exchange.calls] == [
        "Get-AcceptedDomain",
        "New-AcceptedDomain",
        "Get-AcceptedDomain",
    ]
    assert not present(exchange, GROUPS).changed


def test_create_with_what_only_set_knows() -> None:
    exchange = Exchange(CONTOSO)
    wanted = WantedDomain("groups.contoso.com", name="Groups", default=True, match_subdomains=True)
    outcome = present(exchange, wanted)
    assert outcome.after == AcceptedDomain(
        "groups.contoso.com", "Groups", "Authoritative", True, True, True, "00000000-0000-0000-0000-000000000002"
    )
    assert [cmdlet for cmdlet, _parameters in exchange.writes] == ["New-AcceptedDomain", "Set-AcceptedDomain"]
    assert not present(exchange, wanted).changed


def test_one_write_for_all_changes() -> None:
    exchange = Exchange(CONTOSO, {**CONTOSO, "DomainName": "groups.contoso.com", "Name": "G", "Guid": "g", "Default": False})
    outcome = present(exchange, WantedDomain("groups.contoso.com", "Groups", "InternalRelay", True, True, False))
    assert outcome.changed
    assert [cmdlet for cmdlet, _parameters in exchange.writes] == ["Set-AcceptedDomain"]
    assert outcome.after == AcceptedDomain("groups.contoso.com", "Groups", "InternalRelay", True, True, False, "g")


def test_found_by_domain_not_by_name() -> None:
    exchange = Exchange({**CONTOSO, "Name": "groups.contoso.com"})
    assert present(exchange, WantedDomain("contoso.com")).changed is False
    assert absent(exchange, "groups.contoso.com").changed is False


def test_what_is_not_asked_for_stays() -> None:
    exchange = Exchange({**CONTOSO, "DomainType": "InternalRelay", "MatchSubDomains": True})
    assert not present(exchange, WantedDomain("contoso.com")).changed
    assert exchange.writes == []


def test_name_differing_in_case_only_is_no_change() -> None:
    assert not present(Exchange(CONTOSO), WantedDomain("contoso.com", name="CONTOSO")).changed


def test_wildcard_is_a_domain_of_its_own() -> None:
    exchange = Exchange(CONTOSO)
    assert present(exchange, WantedDomain("*.contoso.com")).before is None
    assert [domain["DomainName"] for domain in exchange.domains] == ["Contoso.com", "*.contoso.com"]


@pytest.mark.parametrize("wanted", [GROUPS, WantedDomain("contoso.com", type="InternalRelay")])
def test_check_mode_predicts_and_writes_nothing(wanted: WantedDomain) -> None:
    exchange = Exchange(CONTOSO)
    predicted = present(exchange, wanted, check_mode=True)
    assert exchange.writes == []
    done = present(exchange, wanted)
    assert predicted.changed is done.changed is True
    assert predicted.before == done.before
    assert predicted.after is not None
    assert done.after is not None
    assert dataclasses.replace(predicted.after, guid=done.after.guid) == done.after


def test_default_false_on_the_default_domain() -> None:
    exchange = Exchange(CONTOSO)
    with pytest.raises(CollectionError, match=r"default: contoso\.com is the default accepted domain on ex1") as caught:
        present(exchange, WantedDomain("contoso.com", type="InternalRelay", default=False))
    assert "another domain is made the default" in str(caught.value)
    assert exchange.writes == []


def test_default_false_elsewhere_is_no_change() -> None:
    exchange = Exchange(CONTOSO, {**CONTOSO, "DomainName": "fabrikam.com", "Name": "F", "Guid": "f", "Default": False})
    assert not present(exchange, WantedDomain("fabrikam.com", default=False)).changed


@pytest.mark.parametrize("wanted", [WantedDomain("groups.contoso.com", name="contoso"), WantedDomain("f.com", name="CONTOSO")])
@pytest.mark.parametrize("check_mode", [True, False])
def test_name_that_another_domain_has(wanted: WantedDomain, check_mode: bool) -> None:
    exchange = Exchange(CONTOSO, {**CONTOSO, "DomainName": "f.com", "Name": "F", "Guid": "f", "Default": False})
    with pytest.raises(CollectionError, match=r"name: the accepted domain Contoso\.com on ex1.* already has the name"):
        present(exchange, wanted, check_mode=check_mode)
    assert exchange.writes == []


def test_domain_as_default_name_that_another_domain_has() -> None:
    exchange = Exchange({**CONTOSO, "Name": "groups.contoso.com"})
    with pytest.raises(CollectionError, match="Give another name"):
        present(exchange, GROUPS)
    assert exchange.writes == []


@pytest.mark.parametrize("exception", ["DuplicateAcceptedDomainException", "ADObjectAlreadyExistsException"])
def test_somebody_else_creates_it_meanwhile(exception: str) -> None:
    exchange = Exchange(CONTOSO)

    def race(cmdlet: str) -> None:
        if cmdlet == "New-AcceptedDomain":
            exchange.new({"Name": "Groups", "DomainName": "groups.contoso.com"})
            raise error(cmdlet, exception)

    exchange.before = race
    outcome = present(exchange, GROUPS)
    assert outcome.before is not None
    assert outcome.before.type == "Authoritative"
    assert outcome.after is not None
    assert (outcome.after.name, outcome.after.type) == ("Groups", "InternalRelay")
    assert outcome.changed


def test_somebody_else_creates_the_same_meanwhile() -> None:
    exchange = Exchange(CONTOSO)

    def race(cmdlet: str) -> None:
        exchange.new({"Name": "Groups", "DomainName": "groups.contoso.com", "DomainType": "InternalRelay"})
        raise error(cmdlet, "DuplicateAcceptedDomainException")

    exchange.before = lambda cmdlet: race(cmdlet) if cmdlet == "New-AcceptedDomain" else None
    assert not present(exchange, GROUPS).changed


def test_somebody_else_takes_the_name_meanwhile() -> None:
    exchange = Exchange(CONTOSO)

    def race(cmdlet: str) -> None:
        if cmdlet == "New-AcceptedDomain":
            raise error(cmdlet, "ADObjectAlreadyExistsException")

    exchange.before = race
    with pytest.raises(CollectionError, match=r'name: another accepted domain on ex1.*"groups\.contoso\.com"'):
        present(exchange, GROUPS)


def test_other_errors_of_new_pass() -> None:
    exchange = Exchange(CONTOSO)

    def fail(cmdlet: str) -> None:
        if cmdlet == "New-AcceptedDomain":
            raise error(cmdlet, "ConflictingAcceptedDomainException")

    exchange.before = fail
    with pytest.raises(CmdletError, match=r"New-AcceptedDomain on ex1"):
        present(exchange, GROUPS)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", range(1, 7))
def test_next_run_converges_after_a_lost_session(when: str, call: int) -> None:
    """Six cmdlets: read, read versions, create, read, set, read. The session is lost at each, before or after it has worked."""
    wanted = WantedDomain("groups.contoso.com", "Groups", "InternalRelay", True, True)
    exchange = Exchange(CONTOSO)

    def lose(_cmdlet: str) -> None:
        if len(exchange.calls) == call:
            raise SessionError("lost")

    setattr(exchange, when, lose)
    with pytest.raises(SessionError):
        present(exchange, wanted)
    outcome = present(exchange, wanted)
    assert outcome.after == AcceptedDomain(
        "groups.contoso.com", "Groups", "InternalRelay", True, True, False, "00000000-0000-0000-0000-000000000002"
    )
    assert not present(exchange, wanted).changed


def test_created_domain_that_is_not_there() -> None:
    exchange = Exchange(CONTOSO)
    exchange.new = lambda _parameters: None  # type: ignore[method-assign]
    with pytest.raises(CollectionError, match=r"New-AcceptedDomain on ex1.* reported success, but groups") as caught:
        present(exchange, GROUPS)
    assert caught.value.result == {"changed": True}


def test_change_that_did_not_land() -> None:
    exchange = Exchange(CONTOSO)
    exchange.set = lambda _parameters: None  # type: ignore[method-assign]
    with pytest.raises(CollectionError, match="read back it lacks: DomainType InternalRelay") as caught:
        present(exchange, WantedDomain("contoso.com", type="InternalRelay"))
    assert caught.value.result == {"changed": True}


def test_match_subdomains_is_refused_before_anything_is_created_where_no_server_has_it() -> None:
    exchange = Exchange(CONTOSO)
    exchange.versions = ["Version 15.0 (Build 1497.2)"]
    with pytest.raises(CollectionError, match=r"match_subdomains: .* Exchange Server 2016; .* Exchange Server 2013\."):
        present(exchange, dataclasses.replace(GROUPS, match_subdomains=True))
    assert exchange.writes == []


def test_an_account_that_may_not_read_servers_can_set_match_subdomains() -> None:
    exchange = Exchange(CONTOSO)

    def before(cmdlet: str) -> None:
        if cmdlet == "Get-ExchangeServer":
            raise error(cmdlet, error_id="CommandNotFoundException")

    exchange.before = before
    assert present(exchange, dataclasses.replace(GROUPS, match_subdomains=True)).changed


def test_server_without_match_subdomains() -> None:
    exchange = Exchange(CONTOSO)

    def fail(cmdlet: str) -> None:
        if cmdlet == "Set-AcceptedDomain":
            raise error(cmdlet, error_id="NamedParameterNotFound,Set-AcceptedDomain")

    exchange.before = fail
    with pytest.raises(CollectionError, match=r"match_subdomains: .* needs Exchange Server 2016"):
        present(exchange, WantedDomain("contoso.com", match_subdomains=True))
    with pytest.raises(CmdletError):
        present(exchange, WantedDomain("contoso.com", type="InternalRelay"))


def test_remove() -> None:
    exchange = Exchange(CONTOSO)
    present(exchange, GROUPS)
    assert absent(exchange, "groups.contoso.com", check_mode=True).changed
    assert len(exchange.domains) == 2
    outcome = absent(exchange, "groups.contoso.com")
    assert outcome.changed
    assert outcome.after is None
    assert [domain["Name"] for domain in exchange.domains] == ["Contoso"]
    assert not absent(exchange, "groups.contoso.com").changed


@pytest.mark.parametrize("check_mode", [True, False])
def test_default_domain_is_not_removed(check_mode: bool) -> None:
    exchange = Exchange(CONTOSO)
    with pytest.raises(CollectionError, match="Make another domain the default first"):
        absent(exchange, "contoso.com", check_mode=check_mode)
    assert exchange.writes == []


def test_somebody_else_removes_it_meanwhile() -> None:
    exchange = Exchange(CONTOSO)
    present(exchange, GROUPS)

    def race(cmdlet: str) -> None:
        if cmdlet == "Remove-AcceptedDomain":
            exchange.domains.pop()
            raise error(cmdlet, "ManagementObjectNotFoundException")

    exchange.before = race
    assert absent(exchange, "groups.contoso.com").after is None


def test_removed_domain_that_is_still_there() -> None:
    exchange = Exchange(CONTOSO)
    present(exchange, GROUPS)
    exchange.remove = lambda _parameters: None  # type: ignore[method-assign]
    with pytest.raises(CollectionError, match="still among the accepted domains"):
        absent(exchange, "groups.contoso.com")
