# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""m365_domain and m365_tenant_info from their options to their result, against the lab's Graph."""

from __future__ import annotations

import json
import types
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.modules import (
    m365_device_login,
    m365_domain,
    m365_domain_info,
    m365_tenant_info,
)
from lab import contoso
from lab.cloud.tenant import Domain, Refusal
from lab.dns.zones import Zone
from lab.traffic import Fault

GROUPS = contoso.GROUP_DOMAIN
RESOLVER = "127.0.0.3"
OWN = "groups.example.net"  # below no verified domain


class Runner:
    def __init__(self, lab: t.Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self.capsys = capsys

    def __call__(self, module: types.ModuleType, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {**self.lab.graph_options(), **options}
        arguments = {
            **{name: value for name, value in given.items() if value is not None},
            "_ansible_check_mode": check,
            "_ansible_diff": True,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        output = self.capsys.readouterr().out
        assert contoso.CLIENT_SECRET not in output
        return t.cast("dict[str, t.Any]", json.loads(output))

    def domain(self, **options: t.Any) -> dict[str, t.Any]:
        dns = {"resolvers": [RESOLVER], "dns_port": self.lab.dns.port, "dns_timeout": 0.2}
        return self(m365_domain, **{"domain": GROUPS, **dns, **options})

    def publish(self, name: str) -> None:
        """Put the verification record of a domain into public DNS."""
        domain = self.lab.world.tenant.domains[name]
        zone = Zone.new("example.net")
        zone.add(f"{name}.", "TXT", f'"{domain.verification_text}"')
        self.lab.world.dns.zones[zone.origin] = zone

    def graph_requests(self, method: str) -> int:
        return sum(server == "graph" and what.startswith(method) for server, what in self.lab.traffic.log)


@pytest.fixture
def run(cloud_lab: t.Any, capsys: pytest.CaptureFixture[str], short_pauses: None) -> Runner:  # noqa: ARG001
    return Runner(cloud_lab, capsys)


def test_a_subdomain_of_a_verified_domain_is_verified_at_once(run: Runner) -> None:
    added = run.domain()
    assert added["changed"], added
    assert added["domain"] == {"id": GROUPS, "verified": True, "root": False, "default": False, "initial": False, "services": []}
    assert added["diff"] == {"before": {}, "after": added["domain"]}
    used = run.domain(state="verified")
    assert used["changed"]
    assert used["domain"]["services"] == ["Email"]
    mx = next(record for record in used["service_records"] if record["type"] == "MX")
    assert mx == {
        "name": GROUPS,
        "type": "MX",
        "value": "groups-contoso-com.mail.protection.outlook.com",
        "preference": 0,
        "ttl": 3600,
    }
    assert run.graph_requests("POST /v1.0/domains/") == 0
    for state in ("present", "verified"):
        assert not run.domain(state=state)["changed"]


def test_check_mode_predicts_and_changes_nothing(run: Runner) -> None:
    before = run.lab.world.tenant.view()
    predicted = run.domain(state="verified", check=True)
    assert predicted["changed"]
    assert predicted["verification_records"] == predicted["service_records"] == []
    assert predicted["deferred"] == [f"The service records of {GROUPS}, such as its MX, are made when the services are on."]
    assert run.lab.world.tenant.view() == before
    assert predicted["domain"] == run.domain(state="verified")["domain"]


def test_check_mode_names_what_only_adding_makes_known(run: Runner) -> None:
    predicted = run.domain(domain=OWN, state="verified", check=True)
    assert len(predicted["deferred"]) == 3
    assert f"verification records of {OWN} are made when it is added" in predicted["deferred"][0]
    assert predicted["domain"]["verified"]


def test_a_domain_of_its_own_is_verified_by_its_record(run: Runner) -> None:
    added = run.domain(domain=OWN)
    assert not added["domain"]["verified"]
    record = next(record for record in added["verification_records"] if record["type"] == "TXT")
    assert record["name"] == OWN
    assert record["value"].startswith("MS=ms")
    assert added["service_records"] == []
    run.publish(OWN)
    verified = run.domain(domain=OWN, state="verified")
    assert verified["changed"]
    assert verified["domain"] == {
        "id": OWN,
        "verified": True,
        "root": True,
        "default": False,
        "initial": False,
        "services": ["Email"],
    }
    assert not run.domain(domain=OWN, state="verified")["changed"]


def test_verification_is_tried_again_until_it_succeeds(run: Runner) -> None:
    run.domain(domain=OWN)
    run.publish(OWN)
    run.lab.world.tenant.unseen_verifications = 1
    assert run.domain(domain=OWN, state="verified", verify_timeout=20)["domain"]["verified"]


def test_a_failed_verification_gives_the_record_to_publish(run: Runner) -> None:
    failed = run.domain(domain=OWN, state="verified", verify_timeout=0)
    assert failed["failed"]
    text = run.lab.world.tenant.domains[OWN].verification_text
    assert f'{OWN}. 3600 IN TXT "{text}"' in failed["msg"]
    assert "Request_BadRequest" in failed["msg"]
    assert failed["changed"]  # the domain has been added


def test_services_that_are_on_stay_on(run: Runner) -> None:
    run.lab.world.tenant.domains[GROUPS] = Domain(GROUPS, verified=True, services=["Yammer", "EmailInternalRelayOnly"])
    assert run.domain(state="verified")["domain"]["services"] == ["Email", "EmailInternalRelayOnly", "Yammer"]


@pytest.mark.parametrize("lose", ["request", "answer"])
@pytest.mark.parametrize("domain", [GROUPS, OWN])
def test_a_request_lost_anywhere_still_ends_right(run: Runner, domain: str, lose: str) -> None:
    def arrange() -> None:
        run.lab.reset()
        run.domain(domain=domain)
        run.publish(domain)
        if domain == GROUPS:  # begin with adding; a domain of its own begins with verifying
            del run.lab.world.tenant.domains[domain]

    arrange()
    run.lab.traffic.reset()
    run.domain(domain=domain, state="verified")
    for at in range(1, len(run.lab.traffic.log) + 1):
        arrange()
        run.lab.traffic.set_fault(Fault(at=at, lose=lose, once=True))
        result = run.domain(domain=domain, state="verified")
        assert result.get("changed"), (at, result)
        assert result["domain"]["services"] == ["Email"]
        assert not run.domain(domain=domain, state="verified")["changed"]


def test_a_missing_permission_is_named_and_nothing_changes(run: Runner) -> None:
    run.lab.world.tenant.applications[contoso.CLIENT_ID].roles = ["Domain.Read.All"]
    before = run.lab.world.tenant.view()
    failed = run.domain()
    assert failed["failed"]
    assert "application permission Domain.ReadWrite.All" in failed["msg"]
    assert run.lab.world.tenant.view() == before
    assert run.domain(check=True)["changed"]  # reading is enough for check mode


@pytest.mark.parametrize("domain", ["*.contoso.com", "contoso", "a..b.com"])
def test_a_malformed_domain_is_named_before_anything_is_asked(run: Runner, domain: str) -> None:
    failed = run.domain(domain=domain)
    assert failed["failed"]
    assert failed["msg"].startswith("domain: ")
    assert run.lab.traffic.log == []


def test_tenant_info(run: Runner) -> None:
    info = run(m365_tenant_info)
    assert not info["changed"]
    assert info["initial_domain"] == contoso.TENANT
    assert info["default_domain"] == "contoso.com"
    assert info["has_entra_premium"] is True
    assert info["licenses"][0]["enabled_units"] == 25
    assert info["sync_features"]["unified_group_writeback_enabled"] is True
    assert info["sync_enabled"] is True


@pytest.mark.parametrize(("status", "units", "plans"), [("Suspended", 25, None), ("Enabled", 0, None), ("Enabled", 25, {})])
def test_a_licence_that_is_not_in_force_does_not_count(
    run: Runner, status: str, units: int, plans: dict[str, str] | None
) -> None:
    licence = run.lab.world.tenant.licences[0]
    licence.status, licence.units = status, units
    licence.plans = licence.plans if plans is None else plans
    assert run(m365_tenant_info)["has_entra_premium"] is False


def test_sync_features_that_may_not_be_read_are_null_with_a_warning(run: Runner) -> None:
    run.lab.world.tenant.applications[contoso.CLIENT_ID].roles = ["Domain.Read.All", "Organization.Read.All"]
    info = run(m365_tenant_info)
    assert info["sync_features"] is None
    assert "OnPremDirectorySynchronization.Read.All" in str(info["warnings"])


def test_absent_removes_once(run: Runner) -> None:
    run.domain()
    before = run.lab.world.tenant.view()
    assert run.domain(state="absent", check=True)["changed"]
    assert run.lab.world.tenant.view() == before
    removed = run.domain(state="absent")
    assert removed["changed"]
    assert removed["domain"] is None
    assert GROUPS not in run.lab.world.tenant.domains
    assert not run.domain(state="absent")["changed"]


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_removal_lost_on_the_way_still_ends_right(run: Runner, lose: str) -> None:
    run.domain()
    run.lab.traffic.reset()
    run.domain(state="absent")
    for at in range(1, len(run.lab.traffic.log) + 1):
        run.lab.reset()
        run.domain()
        run.lab.traffic.set_fault(Fault(at=at, lose=lose, once=True))
        result = run.domain(state="absent")
        assert result.get("changed"), (at, result)
        assert GROUPS not in run.lab.world.tenant.domains


def test_a_domain_still_in_use_is_not_removed(run: Runner) -> None:
    run.domain()
    run.domain(domain=f"sub.{GROUPS}")
    failed = run.domain(state="absent")
    assert failed["failed"]
    assert "still have names in it" in failed["msg"]
    assert GROUPS in run.lab.world.tenant.domains


def test_default_domain(run: Runner) -> None:
    assert not run.domain(state="verified")["domain"]["default"]
    made = run.domain(state="verified", make_default=True)
    assert made["changed"]
    assert made["domain"]["default"]
    assert not run.domain(state="verified", make_default=True)["changed"]
    assert "make another one the default first" in run.domain(state="absent")["msg"]


def test_microsoft_is_not_asked_before_the_record_is_public(run: Runner) -> None:
    run.domain(domain=OWN)
    zone = Zone.new("example.net")
    run.lab.world.dns.zones[zone.origin] = zone
    failed = run.domain(domain=OWN, state="verified", verify_timeout=0)
    assert "not visible at ns1.example.net" in failed["msg"]
    assert run.graph_requests("POST /v1.0/domains/") == 0
    assert "Request_BadRequest" in run.domain(domain=OWN, state="verified", verify_timeout=0, resolvers=[])["msg"]
    assert run.graph_requests("POST /v1.0/domains/") == 1


# What is throttled (429) has not been carried out.
@pytest.mark.parametrize(
    ("status", "carried_out"), [(429, False), *((status, done) for status in (500, 502, 503, 504) for done in (True, False))]
)
@pytest.mark.parametrize("at", range(4))
def test_a_refusal_anywhere_ends_right_and_nothing_happens_twice(run: Runner, status: int, carried_out: bool, at: int) -> None:
    refusals = run.lab.world.tenant.refusals
    run.lab.world.tenant.lag = 2
    for _before in range(at):
        refusals.append(None)
    refusals.append(Refusal(status, retry_after=0, carried_out=carried_out))
    result = run.domain(state="verified")
    assert result.get("changed"), result
    assert result["domain"]["services"] == ["Email"]
    assert list(run.lab.world.tenant.domains).count(GROUPS) == 1
    assert not run.domain(state="verified")["changed"]


def test_reads_that_lag_behind_writes(run: Runner) -> None:
    run.lab.world.tenant.lag = 3
    used = run.domain(state="verified")
    assert used["domain"]["services"] == ["Email"]
    assert run.graph_requests("POST") == run.graph_requests("PATCH") == 1


def test_domain_info_reads_everything_with_few_requests(run: Runner) -> None:
    for number in range(30):
        run.domain(domain=f"g{number}.contoso.com")
    run.lab.traffic.reset()
    info = run(m365_domain_info)
    assert not info["changed"]
    assert [domain["id"] for domain in info["domains"]] == sorted(run.lab.world.tenant.domains)
    default = next(domain for domain in info["domains"] if domain["default"])
    assert {record["type"] for record in default["service_records"]} == {"MX", "TXT", "CNAME"}
    assert [record["name"] for record in default["verification_records"]] == ["contoso.com", "contoso.com"]
    assert len(run.lab.traffic.log) == 2 + 1 + 4  # sign-in, list, 66 collections by twenty


def test_domain_info_of_some(run: Runner) -> None:
    info = run(m365_domain_info, domains=["Contoso.com", OWN])
    assert [domain["id"] for domain in info["domains"]] == ["contoso.com"]
    assert info["absent"] == [OWN]


def test_device_login_in_two_tasks(run: Runner) -> None:
    credentials = ("client_secret",)
    options = dict.fromkeys(credentials)
    begun = run(m365_device_login, **options)
    assert begun["user_code"] in begun["message"]
    code = next(iter(run.lab.world.tenant.device_codes.values()))
    waiting = run(m365_device_login, device_code=begun["device_code"], login_timeout=1, **options)
    assert "Nobody entered the code" in waiting["msg"]
    for status, reason in (("authorization_declined", "declined"), ("expired_token", "expired")):
        code.status = status
        refused = run(m365_device_login, device_code=begun["device_code"], **options)["msg"]
        assert reason in refused
        assert "Begin again to get a new code" in refused
    code.status = ""
    token = run(m365_device_login, device_code=begun["device_code"], **options)["access_token"]
    info = run(m365_domain_info, access_token=token, client_secret=None)
    assert info["domains"], info
