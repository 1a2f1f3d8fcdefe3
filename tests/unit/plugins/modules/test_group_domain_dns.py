# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""group_domain_dns from its options to its result, against real DNS servers on loopback."""

from __future__ import annotations

import json
import typing as t

import dns.name
import dns.rdatatype
import pytest
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.modules import group_domain_dns
from lab import contoso
from lab.cloud.tenant import Domain
from lab.dns.zones import Zone
from lab.traffic import Fault

GROUPS = contoso.GROUP_DOMAIN
AUTODISCOVER = f"autodiscover.{GROUPS}"
CLOUD = "groups-contoso-com.mail.protection.outlook.com"
MX = f"0 {CLOUD}."


class Runner:
    def __init__(self, lab: t.Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self.capsys = capsys

    def __call__(self, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """Run the module; the MX host is given unless the tenant is asked."""
        arguments = self.lab.dns_options(**{"mx_host": CLOUD, **options})
        arguments |= {"_ansible_check_mode": check, "_ansible_diff": True}
        warnings._global_warnings.clear()  # a module's process has but one run
        with patch_module_args(arguments), pytest.raises(SystemExit):
            group_domain_dns.main()
        output = self.capsys.readouterr().out
        assert contoso.TSIG_SECRET not in output
        assert contoso.CLIENT_SECRET not in output
        return t.cast("dict[str, t.Any]", json.loads(output))

    def updates(self) -> int:
        return sum(what.startswith("UPDATE") for _server, what in self.lab.traffic.log)


@pytest.fixture
def run(cloud_lab: t.Any, capsys: pytest.CaptureFixture[str], short_pauses: None) -> Runner:  # noqa: ARG001
    return Runner(cloud_lab, capsys)


def put(lab: t.Any, name: str, rdtype: str, *values: str) -> None:
    """Records that were there before."""
    for value in values:
        lab.world.dns.zones["contoso.com."].add(f"{name}.", rdtype, value)


def test_publishes_once_and_reports_every_server(run: Runner) -> None:
    first = run()
    assert first["changed"], first
    assert run.lab.values(GROUPS, "MX") == [MX]
    assert run.lab.values(AUTODISCOVER, "CNAME") == ["autodiscover.outlook.com."]
    assert first["visible"]
    assert first["to_publish"] == []
    assert first["diff"]["before"] == ""
    assert f"{GROUPS}. 3600 IN MX {MX}\n" in first["diff"]["after"]
    assert run.updates() == 1  # one message for both records
    record = first["records"][0]
    assert (record["name"], record["type"], record["value"], record["preference"]) == (GROUPS, "MX", CLOUD, 0)
    assert {(s["role"], s["state"]) for s in record["servers"]} == {("authoritative", "present"), ("resolver", "present")}
    assert len(record["servers"]) == 3
    assert [s["serial"] for s in record["servers"] if s["role"] == "authoritative"] == [2, 2]
    assert record["servers"][0]["answer"] == [MX]

    second = run()
    assert not second["changed"], second
    assert second["diff"]["before"] == second["diff"]["after"]


def test_check_mode_predicts_and_changes_nothing(run: Runner) -> None:
    before = run.lab.world.dns.view()
    predicted = run(check=True)
    assert predicted["changed"]
    assert [record["type"] for record in predicted["to_publish"]] == ["MX", "CNAME"]
    assert not predicted["visible"]
    assert run.lab.world.dns.view() == before
    assert {s["state"] for r in predicted["records"] for s in r["servers"]} == {"missing", "not_asked"}
    assert predicted["diff"] == run()["diff"]


def test_manual_returns_what_to_publish(run: Runner) -> None:
    before = run.lab.world.dns.view()
    result = run(provider="manual", server=None, tsig_key_name=None, tsig_secret=None, name_servers=["127.0.0.1", "127.0.0.2"])
    assert not result["changed"]
    assert result["to_publish"][0] == {
        "name": GROUPS,
        "zone": "contoso.com",
        "record": "groups",
        "type": "MX",
        "ttl": 3600,
        "rdata": [MX],
        "data": [{"value": CLOUD, "preference": 0}],
        "removed": [],
    }
    assert result["zone_snippet"].splitlines()[1] == f"{AUTODISCOVER}. 3600 IN CNAME autodiscover.outlook.com."
    assert run.lab.world.dns.view() == before


def test_manual_finds_zone_and_servers_through_a_resolver(run: Runner) -> None:
    result = run(provider="manual", server=None, tsig_key_name=None, tsig_secret=None)
    names = [s["server"] for s in result["records"][0]["servers"]]
    assert [name.split(" ")[0] for name in names[:2]] == ["ns1.contoso.com", "ns2.contoso.com"]


def test_manual_waits_when_told_to(run: Runner) -> None:
    result = run(provider="manual", server=None, tsig_key_name=None, tsig_secret=None, wait=True, wait_timeout=1)
    assert result["failed"]
    assert "ns2.contoso.com" in result["msg"]
    assert "wait_timeout" in result["msg"]


def test_the_mx_host_comes_from_the_tenant(run: Runner) -> None:
    run.lab.world.tenant.domains[GROUPS] = Domain(
        GROUPS, verified=True, services=["Email"], mail_exchange="x1.v-groups.mx.microsoft"
    )
    assert run(mx_host=None, **run.lab.graph_options())["changed"]
    assert run.lab.values(GROUPS, "MX") == ["0 x1.v-groups.mx.microsoft."]


def test_an_unknown_mx_host_is_never_guessed(run: Runner) -> None:
    before = run.lab.world.dns.view()
    result = run(mx_host=None, **run.lab.graph_options())
    assert result["failed"]
    assert "m365_domain" in result["msg"]
    assert run.lab.world.dns.view() == before


def test_check_mode_before_the_domain_is_in_the_tenant(run: Runner) -> None:
    result = run(check=True, mx_host=None, **run.lab.graph_options())
    assert result["changed"]
    assert "The MX host of groups.contoso.com is known once" in result["deferred"][0]
    assert [record["type"] for record in result["to_publish"]] == ["CNAME"]
    assert not result["visible"]


def test_verification_joins_the_texts_that_are_there(run: Runner) -> None:
    put(run.lab, GROUPS, "TXT", '"v=spf1 -all"')
    assert run(records=["verification"], verification_text="MS=ms123")["changed"]
    assert sorted(run.lab.values(GROUPS, "TXT")) == ['"MS=ms123"', '"v=spf1 -all"']
    assert not run(records=["verification"], verification_text="MS=ms123")["changed"]


def test_an_mx_on_premises_is_refused_unless_exclusive(run: Runner) -> None:
    put(run.lab, GROUPS, "MX", "10 mail.contoso.com.")
    before = run.lab.world.dns.view()
    refused = run()
    assert refused["failed"]
    assert "mail flow won't work correctly" in refused["msg"]
    assert run.lab.world.dns.view() == before

    replaced = run(exclusive=True)
    assert replaced["changed"]
    assert run.lab.values(GROUPS, "MX") == [MX]
    assert run.updates() == 1


def test_an_mx_may_stand_beside_others(run: Runner) -> None:
    put(run.lab, GROUPS, "MX", "10 filter.example.")
    result = run(additive=True, mx_preference=5)
    assert result["changed"]
    assert sorted(run.lab.values(GROUPS, "MX")) == ["10 filter.example.", f"5 {CLOUD}."]
    assert "warnings" not in result
    again = run(additive=True)
    assert (again["changed"], again["visible"]) == (False, True)
    assert "contradict" in run(additive=True, exclusive=True)["msg"]


def test_an_mx_that_others_outrank_is_warned_of(run: Runner) -> None:
    put(run.lab, GROUPS, "MX", "0 mail.contoso.com.")
    (warning,) = run(additive=True, mx_preference=5)["warnings"]
    assert "0 mail.contoso.com." in str(warning)
    assert "mx_preference" in str(warning)


def test_spf_is_merged_and_verification_added_in_one_update(run: Runner) -> None:
    put(run.lab, GROUPS, "TXT", '"v=spf1 mx ~all"', '"other"')
    options = {"records": ["verification", "spf"], "verification_text": "MS=ms123"}
    assert run(**options)["changed"]
    assert sorted(run.lab.values(GROUPS, "TXT")) == [
        '"MS=ms123"',
        '"other"',
        '"v=spf1 mx include:spf.protection.outlook.com ~all"',
    ]
    assert run.updates() == 1
    assert not run(**options)["changed"]


def test_hosts_of_another_cloud_are_not_guessed(run: Runner) -> None:
    options = {"records": ["autodiscover", "spf"], **run.lab.graph_options(cloud="china")}
    result = run(**options)
    assert result["failed"]
    assert "give autodiscover_host and spf_host" in result["msg"]
    given = run(**options, autodiscover_host="autodiscover.partner.outlook.cn", spf_host="spf.protection.partner.outlook.cn")
    assert given["changed"]
    assert run.lab.values(AUTODISCOVER, "CNAME") == ["autodiscover.partner.outlook.cn."]


def test_absent_takes_away_what_present_made(run: Runner) -> None:
    put(run.lab, GROUPS, "TXT", '"other"')
    before = run.lab.world.dns.view()["contoso.com"]["records"]
    options = {"records": ["mx", "autodiscover", "verification", "spf"], "verification_text": "MS=ms123"}
    run(**options)
    predicted = run(**options, state="absent", check=True)
    assert predicted["changed"]
    removed = run(**options, state="absent")
    assert removed["changed"]
    assert removed["visible"]
    assert removed["diff"] == predicted["diff"]
    assert removed["diff"]["after"] == f'{GROUPS}. 3600 IN TXT "other"\n'
    assert run.lab.world.dns.view()["contoso.com"]["records"] == before
    assert run.updates() == 2
    assert not run(**options, state="absent")["changed"]


def test_absent_leaves_what_others_have_put_there(run: Runner) -> None:
    put(run.lab, GROUPS, "MX", "10 mail.contoso.com.")
    put(run.lab, AUTODISCOVER, "CNAME", "autodiscover.contoso.com.")
    before = run.lab.world.dns.view()
    assert not run(state="absent")["changed"]
    assert run.lab.world.dns.view() == before


def test_absent_does_not_touch_what_a_wildcard_gives(run: Runner) -> None:
    put(run.lab, "*.contoso.com", "MX", f"0 {CLOUD}.")
    result = run(state="absent", records=["mx"], wait=False)
    assert not result["changed"]
    assert not result["visible"]


def test_absent_by_other_means(run: Runner) -> None:
    run()
    result = run(provider="manual", server=None, tsig_key_name=None, tsig_secret=None, state="absent")
    assert [record_set["type"] for record_set in result["to_delete"]] == ["MX", "CNAME"]
    assert result["to_publish"] == []
    assert result["to_remove"][0] == f"{GROUPS}. 3600 IN MX {MX}"


def inside(lab: t.Any, origin: str = "contoso.com") -> Zone:
    """An internal zone of the same name as the public one."""
    zone = Zone.new(origin)
    lab.world.internal_dns.zones[zone.origin] = zone
    return zone


INTERNAL = {"internal_servers": ["127.0.0.4"]}
TARGET = {
    "provider": "rfc2136",
    "server": "127.0.0.4",
    "tsig_key_name": contoso.TSIG_KEY_NAME,
    "tsig_secret": contoso.TSIG_SECRET,
}


def internal_states(result: dict[str, t.Any]) -> list[str]:
    return [s["state"] for record in result["records"] for s in record["servers"] if s["role"] == "internal"]


def test_an_internal_server_without_a_zone_must_see_the_public_records(run: Runner) -> None:
    result = run(**INTERNAL)
    assert internal_states(result) == ["present", "present"]
    assert result["visible"]
    assert result["internal"] == {"split_horizon": False, "zones": []}


def test_an_internal_zone_that_hides_the_records_is_reported(run: Runner) -> None:
    inside(run.lab).add(GROUPS, "MX", "10 mail.contoso.com.")
    before = run.lab.world.internal_dns.view()
    result = run(**INTERNAL)
    assert internal_states(result) == ["different", "missing"]
    assert result["internal"] == {"split_horizon": True, "zones": ["contoso.com"]}
    assert result["visible"]  # of the public records
    assert len(result["warnings"]) == 2
    assert "internal zone contoso.com, where groups.contoso.com MX is different" in str(result["warnings"][0])
    assert "internal_target" in str(result["warnings"][0])
    assert run.lab.world.internal_dns.view() == before


def test_the_internal_zone_is_published_to(run: Runner) -> None:
    inside(run.lab)
    options = {"records": ["mx", "autodiscover", "spf"], "internal_target": TARGET}
    first = run(**options)
    assert first["changed"]
    assert internal_states(first) == ["present", "present"]
    assert run.lab.world.internal_dns.values(GROUPS, "MX") == [MX]
    assert run.lab.world.internal_dns.values(GROUPS, "TXT") == []
    assert run.lab.values(GROUPS, "TXT") != []
    assert "warnings" not in first
    assert not run(**options)["changed"]
    assert run(**options, state="absent")["changed"]
    assert run.lab.world.internal_dns.values(GROUPS, "MX") == []


def test_an_internal_mx_on_premises_stops_everything(run: Runner) -> None:
    inside(run.lab).add(GROUPS, "MX", "10 mail.contoso.com.")
    before = run.lab.world.dns.view()
    result = run(internal_target=TARGET)
    assert "mail flow won't work correctly" in result["msg"]
    assert run.lab.world.dns.view() == before
    assert run(internal_target=TARGET, exclusive=True)["changed"]
    assert run.lab.world.internal_dns.values(GROUPS, "MX") == [MX]


def test_an_internal_zone_by_other_means(run: Runner) -> None:
    inside(run.lab)
    result = run(**INTERNAL, internal_target={"provider": "manual"}, wait=False)
    assert [record_set["name"] for record_set in result["internal"]["to_publish"]] == [GROUPS, AUTODISCOVER]
    assert result["to_publish"] == []


def test_a_failure_inside_does_not_hide_what_was_changed_outside(run: Runner) -> None:
    inside(run.lab)
    result = run(internal_target={**TARGET, "tsig_secret": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert result["failed"]
    assert result["changed"]
    assert run.lab.values(GROUPS, "MX") == [MX]


def test_an_internal_target_without_the_zone_is_named(run: Runner) -> None:
    result = run(internal_target=TARGET)
    assert "internal_target.server: 127.0.0.4" in result["msg"]
    assert "has no zone of its own" in result["msg"]


def test_a_delegated_zone_is_updated_at_its_own_server(run: Runner) -> None:
    delegated = Zone.new(GROUPS)
    run.lab.world.dns.zones[delegated.origin] = delegated
    run.lab.world.dns.hosts = {delegated.origin: {"127.0.0.2"}}
    put(run.lab, GROUPS, "NS", "ns2.contoso.com.")
    delegated.delete(dns.name.from_text(GROUPS), dns.rdatatype.MX)
    before = run.lab.world.dns.view()
    assert "has left the zone groups.contoso.com to other name servers" in run()["msg"]
    assert run.lab.world.dns.view() == before
    result = run(server="127.0.0.2", name_servers=["127.0.0.2"])
    assert result.get("changed"), result
    assert run.lab.values(GROUPS, "MX") == [MX]


@pytest.mark.parametrize(
    ("name", "rdtype", "value"),
    [(GROUPS, "CNAME", "www.contoso.com."), (AUTODISCOVER, "A", "127.0.0.9"), (AUTODISCOVER, "TXT", '"x"')],
)
def test_a_cname_and_other_data_are_refused_before_writing(run: Runner, name: str, rdtype: str, value: str) -> None:
    put(run.lab, name, rdtype, value)
    before = run.lab.world.dns.view()
    result = run(exclusive=True)
    assert result["failed"]
    assert "RFC 1034 3.6.2" in result["msg"]
    assert run.lab.world.dns.view() == before
    assert run.updates() == 0


def test_other_data_of_a_type_not_asked_for_is_refused_by_the_server(run: Runner) -> None:
    put(run.lab, AUTODISCOVER, "CAA", '0 issue "ca.example"')
    before = run.lab.world.dns.view()
    result = run()
    assert result["failed"]
    assert f"{AUTODISCOVER} has other records already" in result["msg"]
    assert run.lab.world.dns.view() == before


def test_a_wildcard_does_not_stand_in_the_way(run: Runner) -> None:
    put(run.lab, "*.contoso.com", "MX", "10 mail.contoso.com.")
    put(run.lab, "*.contoso.com", "A", "127.0.0.9")
    put(run.lab, "*.contoso.com", "TXT", '"v=spf1 -all"')
    result = run(records=["mx", "autodiscover", "verification"], verification_text="MS=ms1")
    assert result.get("changed"), result
    assert run.lab.values(GROUPS, "MX") == [MX]
    assert run.lab.values(GROUPS, "TXT") == ['"MS=ms1"']


def test_records_that_equal_a_wildcards_are_the_names_own(run: Runner) -> None:
    for name in ("*.contoso.com", GROUPS):
        put(run.lab, name, "MX", "10 mail.contoso.com.")
    assert "mail flow won't work correctly" in run()["msg"]
    assert run(exclusive=True)["changed"]
    assert run.lab.values(GROUPS, "MX") == [MX]


def test_waits_for_servers_that_lag(run: Runner) -> None:
    run.lab.world.dns.lag = {"127.0.0.2": 3, "127.0.0.3": 1}
    result = run()
    assert result["visible"], result
    assert {s["serial"] for s in result["records"][0]["servers"] if s["role"] == "authoritative"} == {2}


def test_a_server_that_never_follows_fails_the_task_and_is_named(run: Runner) -> None:
    run.lab.world.dns.lag = {"127.0.0.2": -1}
    result = run(wait_timeout=1)
    assert result["failed"]
    assert result["changed"]
    assert "ns2.contoso.com" in result["msg"]
    assert "ns1.contoso.com" not in result["msg"]
    assert run.lab.values(GROUPS, "MX") == [MX]


def test_servfail_is_reported(run: Runner) -> None:
    run.lab.world.dns.servfail = {GROUPS}
    result = run()
    assert result["failed"]
    assert "SERVFAIL" in result["msg"]


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_message_lost_anywhere_converges(run: Runner, lose: str) -> None:
    run()
    total = len(run.lab.traffic.log)
    for at in range(1, total + 1):
        run.lab.reset()
        run.lab.traffic.set_fault(Fault(at=at, lose=lose, once=True))
        result = run()
        assert result.get("changed"), (at, result)
        assert run.lab.values(GROUPS, "MX") == [MX]
        assert not run()["changed"]


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_run_cut_at_the_update_is_finished_by_the_next(run: Runner, lose: str) -> None:
    run()
    at = next(n for n, (_server, what) in enumerate(run.lab.traffic.log, 1) if what.startswith("UPDATE"))
    run.lab.reset()
    run.lab.traffic.set_fault(Fault(at=at, lose=lose))
    assert run()["failed"]
    run.lab.traffic.set_fault(None)
    assert run()["changed"] == (lose == "request")
    assert run.lab.values(GROUPS, "MX") == [MX]
    assert run.lab.values(AUTODISCOVER, "CNAME") == ["autodiscover.outlook.com."]


def test_zone_given(run: Runner) -> None:
    assert run(zone="contoso.com.")["changed"]
    assert "zone: groups.contoso.com does not lie in fabrikam.com" in run(zone="fabrikam.com")["msg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tsig_secret": "AAAAAAAAAAAAAAAAAAAAAA=="}, "check tsig_secret"),
        ({"tsig_key_name": "other."}, "tsig_key_name"),
        ({"tsig_key_name": None, "tsig_secret": None}, "REFUSED"),
        ({"tsig_key_name": None}, "belong together"),
        ({"tsig_secret": "not base64!"}, "tsig_secret must be"),
        ({"tsig_algorithm": "hmac-sha512"}, "tsig"),
        ({"domain": "groups.example.org"}, "zone of groups.example.org was not found"),
        ({"server": "127.0.0.99"}, "127.0.0.99"),
        ({"server": "no-such-host.invalid"}, "server: the host name no-such-host.invalid has no address"),
        ({"server": "127.0.0.1:x"}, "server:"),
        ({"name_servers": ["127.0.0.1:99999"]}, "name_servers:"),
        ({"domain": "*.contoso.com"}, "domain: "),
        ({"domain": "groups..contoso.com"}, "domain: "),
        ({"domain": "groups_x.contoso.com"}, "domain: "),
        ({"domain": "contoso"}, "domain: "),
        ({"mx_host": "192.0.2.1"}, "mx_host: "),
        ({"records": ["spf"], "spf_host": "spf outlook.com"}, "spf_host: "),
        ({"internal_servers": ["127.0.0.4:x"]}, "internal_servers:"),
        ({"internal_target": {"provider": "rfc2136", "server": "127.0.0.4:x"}}, "internal_target.server:"),
        ({"internal_target": {**TARGET, "tsig_secret": None}}, "internal_target.tsig_key_name"),
        ({"internal_target": {"provider": "rfc2136"}}, "server"),
        ({"concurrency": 0}, "concurrency: 0"),
        ({"timeout": 0}, "timeout: 0"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(run: Runner, options: dict[str, t.Any], message: str) -> None:
    before = run.lab.world.dns.view()
    result = run(**options)
    assert result["failed"], result
    assert message in result["msg"]
    assert "Traceback" not in str(result)
    assert run.lab.world.dns.view() == before


def test_an_international_domain_is_published_in_its_wire_form(run: Runner) -> None:
    assert run(domain="gr\u00fcppen.contoso.com")["changed"]
    assert run.lab.values("xn--grppen-4ya.contoso.com", "MX") == [MX]
