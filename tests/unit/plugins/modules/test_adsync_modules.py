# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Connect modules from their options to their result, against the lab's Connect model and its LDAP server."""

from __future__ import annotations

import copy
import datetime
import typing as t
import uuid
import warnings

import pytest
from helpers.connect_modules import ConnectLab, Runner

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import ErrorDetail
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from lab import contoso
from lab.adsync.endpoint import Partition
from lab.directory import security_descriptor as security
from lab.directory.domain import EmbeddedDomain
from lab.traffic import Fault, Traffic

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ansible_collections.exchange.hybrid_groups.plugins.modules import adsync_group_writeback, adsync_info

SID = f"{contoso.DOMAIN_SID}-{contoso.CONNECTOR_ACCOUNT_RID}"
GROUP = "bf967a9c-0de6-11d0-a285-00aa003049e2"
LEAST_GRANT = [f"(OA;CI;CCDC;{GROUP};;{SID})", f"(OA;CIIO;CCDCLCSWRPWPDTLOSDRC;;{GROUP};{SID})"]


@pytest.fixture
def lab(embedded_domain: EmbeddedDomain, monkeypatch: pytest.MonkeyPatch) -> ConnectLab:
    no_sleep = {"clock": lambda: 0.0, "sleep": lambda _seconds: None}
    monkeypatch.setattr(adsync_group_writeback, "Deadline", lambda seconds: Deadline(seconds, **no_sleep))
    return ConnectLab(embedded_domain)


@pytest.fixture
def run(lab: ConnectLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(lab, monkeypatch, capsys)


def test_grant_and_again(lab: ConnectLab, run: Runner) -> None:
    first = run.grant(_ansible_diff=True)
    assert first["changed"]
    assert [rule["sddl"] for rule in first["added"]] == LEAST_GRANT
    assert first["missing"] == first["added"]
    assert first["connector"] == contoso.AD_DOMAIN
    assert first["account"] == f"{contoso.AD_DOMAIN}\\{contoso.CONNECTOR_ACCOUNT}"
    assert first["account_sid"] == SID
    assert first["ou"] == contoso.WRITEBACK_OU
    assert first["features"]["UnifiedGroupWriteback"] is True
    assert first["rights"][0] == "may not create groups (the OU itself): no rule allows it"
    before, after = (set(first["diff"][side].splitlines()) for side in ("before", "after"))
    assert before < after
    assert {line.partition(" ")[0] for line in after - before} == set(LEAST_GRANT)
    assert "sync" not in first

    state = lab.state()
    second = run.grant(_ansible_diff=True)
    assert not second["changed"]
    assert second["added"] == second["missing"] == []
    assert second["diff"]["before"] == second["diff"]["after"]
    assert all(sentence.startswith("may ") and "may not" not in sentence for sentence in second["rights"])
    assert lab.state() == state


def test_check_mode_tells_and_writes_nothing(lab: ConnectLab, run: Runner) -> None:
    state = lab.state()
    predicted = run.grant(_ansible_check_mode=True, _ansible_diff=True, sync=True)
    assert predicted["changed"]
    assert [rule["sddl"] for rule in predicted["added"]] == LEAST_GRANT
    assert lab.state() == state
    assert run.grant(_ansible_diff=True)["diff"] == predicted["diff"]


def test_only_what_was_taken_away_is_given_back(lab: ConnectLab, run: Runner) -> None:
    run.grant()
    directory = lab.world.directory
    entry = directory.find(contoso.WRITEBACK_OU)
    kept = [ace for ace in entry.descriptor.dacl if not (ace.sid == SID and ace.inherited_object_type is not None)]
    directory.set_descriptor(entry, type(entry.descriptor)(entry.descriptor.control, entry.descriptor.owner, None, kept))
    repaired = run.grant()
    assert [rule["sddl"] for rule in repaired["added"]] == LEAST_GRANT[1:]


def test_the_ou_is_the_wizards_choice(run: Runner) -> None:
    assert run.grant(ou=None)["ou"] == contoso.WRITEBACK_OU
    assert not run.grant(ou=contoso.WRITEBACK_OU.lower().replace(",", ", "))["changed"]


def test_another_ou_than_the_wizards(lab: ConnectLab, run: Runner) -> None:
    state = lab.state()
    failed = run.grant(ou=contoso.OTHER_OU)
    assert failed["failed"]
    assert failed["msg"].startswith("ou: ")
    assert contoso.WRITEBACK_OU in failed["msg"] and contoso.OTHER_OU in failed["msg"]
    assert lab.state() == state
    assert not traffic(lab).counts


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"ou": "M365Groups"}, "ou"),
        ({"ou": "OU=M365Groups,,DC=com"}, "ou"),
        ({"sync_timeout": 0}, "sync_timeout"),
        ({"directory_ca_cert": "/nowhere/ca.pem"}, "directory_ca_cert"),
        ({"directory_timeout": 0}, "directory_timeout"),
        ({"directory_password": ""}, "directory_password"),
        ({"directory_user": None}, "directory_user"),
    ],
)
def test_options_refused_before_anything_is_contacted(
    lab: ConnectLab, run: Runner, changes: dict[str, t.Any], option: str
) -> None:
    failed = run.grant(**changes)
    assert failed["failed"]
    assert option in failed["msg"]
    assert not lab.client.calls
    assert not traffic(lab).counts


def test_not_enabled_tells_the_wizards_steps(lab: ConnectLab, run: Runner) -> None:
    lab.connect.set_group_writeback(None)
    failed = run.grant()
    assert failed["failed"]
    assert "only the wizard can do it" in failed["msg"]
    assert len(failed["wizard_steps"]) == 7
    assert "Group writeback" in failed["wizard_steps"][3]
    assert all(step in failed["msg"] for step in failed["wizard_steps"])


@pytest.mark.parametrize("sign", ["tenant", "server", "connector"])
def test_signs_that_disagree(lab: ConnectLab, run: Runner, sign: str) -> None:
    if sign == "tenant":
        lab.connect.features["UnifiedGroupWriteback"] = False
    elif sign == "server":
        lab.connect.settings["Microsoft.OptionalFeature.GroupWriteBack"] = "False"
    else:
        lab.connect.ad_connector.global_parameters["Connector.GroupWriteBackContainerDn"] = ""
    failed = run.grant()
    assert "enabled in part only" in failed["msg"]
    assert failed["msg"].count("is not set") == 1
    assert failed["wizard_steps"]


def test_connector_names(lab: ConnectLab, run: Runner) -> None:
    assert contoso.AD_DOMAIN in run.grant(connector="fabrikam.com")["msg"]
    entra = lab.connect.entra_connector.name
    assert f"no connector {entra} to a forest" in run.grant(connector=entra)["msg"]
    assert run.grant(connector=contoso.AD_DOMAIN.upper())["connector"] == contoso.AD_DOMAIN


def test_several_forests_need_a_name(lab: ConnectLab, run: Runner) -> None:
    second = type(lab.connect.ad_connector)("fabrikam.com", lab.connect.entra_connector.identifier, "AD")
    lab.connect.connectors.append(second)
    failed = run.grant()
    assert "2 connectors to forests (corp.contoso.com, fabrikam.com): name one" in failed["msg"]
    assert run.grant(connector=contoso.AD_DOMAIN)["changed"]


def test_another_account(run: Runner) -> None:
    granted = run.grant(account=f"{contoso.USER}@{contoso.AD_DOMAIN}")
    assert granted["account_sid"] == f"{contoso.DOMAIN_SID}-{contoso.USER_RID}"
    assert len(granted["added"]) == 2


def test_unknown_account(lab: ConnectLab, run: Runner) -> None:
    lab.connect.ad_connector.connectivity["forest-login-user"] = "MSOL_gone"
    assert "account corp.contoso.com\\MSOL_gone is not in the domain" in run.grant()["msg"]


def test_ou_that_is_gone(lab: ConnectLab, run: Runner) -> None:
    lab.connect.set_group_writeback(f"OU=Gone,{contoso.BASE_DN}")
    failed = run.grant(ou=None)
    assert "OU=Gone" in failed["msg"] and "32 noSuchObject" in failed["msg"]


def test_ou_of_another_domain(lab: ConnectLab, run: Runner) -> None:
    lab.connect.set_group_writeback("OU=Groups,DC=fabrikam,DC=com")
    lab.connect.ad_connector.partitions.append(Partition("DC=fabrikam,DC=com", inclusion=["DC=fabrikam,DC=com"]))
    failed = run.grant(ou=None)
    assert failed["msg"].startswith("domain_controller: ")
    assert "serves the domain corp.contoso.com" in failed["msg"]


def test_user_without_the_right_to_write(lab: ConnectLab, run: Runner) -> None:
    state = lab.state()
    failed = run.grant(directory_user=f"{contoso.USER}@{contoso.AD_DOMAIN}", directory_password=contoso.USER_PASSWORD)
    assert "50 insufficientAccessRights" in failed["msg"]
    assert lab.state() == state


def traffic(lab: ConnectLab) -> Traffic:
    """What has reached the embedded domain controller."""
    return t.cast("EmbeddedDomain", lab.domain).traffic


def add_ace(lab: ConnectLab, sddl: str) -> None:
    entry = lab.world.directory.find(contoso.WRITEBACK_OU)
    explicit = [ace for ace in entry.descriptor.dacl if not ace.inherited]
    dacl = [*security.aces_from_sddl(sddl, contoso.DOMAIN_SID), *explicit]
    descriptor = type(entry.descriptor)(entry.descriptor.control, entry.descriptor.owner, None, dacl)
    lab.world.directory.set_descriptor(entry, descriptor)


def test_a_rule_that_denies_is_named(lab: ConnectLab, run: Runner) -> None:
    add_ace(lab, f"(OD;;CC;{GROUP};;WD)")
    state = lab.state()
    failed = run.grant()
    assert "may not create groups" in failed["msg"]
    assert f"(OD;;CC;{GROUP};;S-1-1-0)" in failed["msg"] and "Everyone" in failed["msg"]
    assert lab.state() == state


def test_what_protection_from_deletion_denies_is_a_warning(lab: ConnectLab, run: Runner) -> None:
    add_ace(lab, "(D;;DC;;;WD)")
    first = run.grant()
    assert len(first["added"]) == 2
    assert any("may not delete groups from the OU" in str(warning) for warning in first["warnings"])
    assert not run.grant()["changed"]


def test_module_found_by_its_path_only(lab: ConnectLab, run: Runner) -> None:
    lab.connect.module_on_path = False
    assert run.grant()["changed"]


def test_not_a_connect_server(lab: ConnectLab, run: Runner) -> None:
    missing = ErrorDetail("not found", "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand")
    lab.client.answers["Import-Module"] = [missing, missing]
    assert "has no PowerShell module ADSync" in run(adsync_info)["msg"]


# Sync

BUSY = ErrorDetail(
    "System.InvalidOperationException: Connector: contoso.onmicrosoft.com - AAD is busy.\n   at Microsoft...",
    "System.InvalidOperationException: ...",
    "WriteError",
    "InvalidOperationException",
)
RUNNING = ErrorDetail("Sync is already running. Cannot start a new run till this one completes.", "x", "WriteError", "x")
BROKEN = ErrorDetail("The service is not there.", "x", "WriteError", "InvalidOperationException")


def test_sync_after_a_change_only(lab: ConnectLab, run: Runner) -> None:
    exports = len(lab.connect.runs)
    assert run.grant(sync=True)["sync"] == {"waited": False, "finished": True, "export": "success", "failures": 0}
    assert len(lab.connect.runs) > exports
    again = run.grant(sync=True)
    assert not again["changed"]
    assert "sync" not in again
    assert lab.client.calls.count("Start-ADSyncSyncCycle") == 1


def test_a_sync_in_progress_is_awaited(lab: ConnectLab, run: Runner) -> None:
    lab.connect.start_cycle("Delta")
    assert run.grant(sync=True)["sync"] == {"waited": True, "finished": True, "export": "success", "failures": 0}
    assert lab.client.calls.count("Start-ADSyncSyncCycle") == 1


def test_what_is_waited_for_is_told(lab: ConnectLab, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(adsync_group_writeback.Progress, "say", lambda _self, text: told.append(text))
    lab.connect.start_cycle("Delta")
    run.grant(sync=True, sync_timeout=60)
    kinds = [text.partition(",")[0] for text in told]
    assert kinds[0] == f"waiting for the end of another sync on {contoso.CONNECT_HOST}"
    assert kinds[-1] == f"the sync on {contoso.CONNECT_HOST} is running"
    assert told[0].endswith("for up to 60 seconds")


@pytest.mark.parametrize("refusal", [BUSY, RUNNING])
def test_a_sync_that_began_in_between_is_awaited(lab: ConnectLab, run: Runner, refusal: ErrorDetail) -> None:
    lab.client.answers["Start-ADSyncSyncCycle"] = [refusal, refusal]
    assert run.grant(sync=True)["sync"] == {"waited": True, "finished": True, "export": "success", "failures": 0}
    assert lab.client.calls.count("Start-ADSyncSyncCycle") == 3


def test_waiting_has_an_end(lab: ConnectLab, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adsync_group_writeback, "Deadline", lambda _seconds: Deadline(0))
    lab.connect.start_cycle("Delta")
    failed = run.grant(sync=True)
    assert "The access rules were added, but sync: another sync was in progress" in failed["msg"]
    assert failed["changed"] is True
    assert len(failed["added"]) == 2
    assert "Start-ADSyncSyncCycle" not in lab.client.calls


def test_our_sync_may_outlast_the_wait(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adsync_group_writeback, "Deadline", lambda _seconds: Deadline(0))
    assert run.grant(sync=True)["sync"] == {"waited": False, "finished": False, "export": None, "failures": 0}


def test_a_write_that_cannot_be_verified_is_told(lab: ConnectLab, run: Runner) -> None:
    """Log on, root, account twice, DACL, what is below, DACL, write; then the line goes dead."""
    traffic(lab).set_fault(Fault(at=9, lose="request"))
    failed = run.grant()
    assert "modify" in traffic(lab).log[7][1].lower()
    assert "Run again" in failed["msg"]
    assert failed["changed"] is True


def test_a_sync_that_fails_still_tells_of_the_rules(lab: ConnectLab, run: Runner) -> None:
    lab.client.answers["Start-ADSyncSyncCycle"] = [BROKEN]
    failed = run.grant(sync=True)
    assert "The access rules were added, but the sync failed" in failed["msg"]
    assert "The service is not there." in failed["msg"]
    assert failed["changed"] is True


@pytest.mark.parametrize("obstacle", ["staging_mode", "suspended"])
def test_sync_refused_before_anything_is_changed(lab: ConnectLab, run: Runner, obstacle: str) -> None:
    setattr(lab.connect.scheduler, obstacle, True)
    state = lab.state()
    failed = run.grant(sync=True)
    assert failed["msg"].startswith("sync: ")
    assert ("staging mode" in failed["msg"]) is (obstacle == "staging_mode")
    assert lab.state() == state
    assert run.grant()["changed"]


# adsync_info


def test_info(lab: ConnectLab, run: Runner) -> None:
    state = lab.state()
    info = run(adsync_info)
    assert not info["changed"]
    assert info["version"] == "2.5.79.0"
    assert info["features"]["UnifiedGroupWriteback"] is True
    assert info["problems"] == []
    forest = next(connector for connector in info["connectors"] if connector["type"] == "AD")
    runs = forest.pop("runs")
    assert [(run["profile"], run["result"], run["failures"]) for run in runs] == [
        ("Export", "success", 0),
        ("Delta Synchronization", "success", 0),
        ("Delta Import", "success", 0),
    ]
    ends = [datetime.datetime.fromisoformat(run["end"]) for run in runs]
    assert ends == sorted(ends, reverse=True) and ends[0].tzinfo is not None
    assert forest == {
        "name": contoso.AD_DOMAIN,
        "type": "AD",
        "account": f"{contoso.AD_DOMAIN}\\{contoso.CONNECTOR_ACCOUNT}",
        "container": contoso.WRITEBACK_OU,
        "in_scope": True,
        "partitions": [{"dn": contoso.BASE_DN, "selected": True, "included": [contoso.BASE_DN], "excluded": []}],
        "export_errors": [],
    }
    assert {connector["type"] for connector in info["connectors"]} == {"AD", "Extensible2"}
    scheduler = info["scheduler"]
    assert scheduler["enabled"] and not scheduler["staging"] and not scheduler["suspended"] and not scheduler["in_progress"]
    assert scheduler["next_policy"] == "Delta"
    start = datetime.datetime.fromisoformat(scheduler["next_start"])
    assert start > datetime.datetime.now(datetime.UTC)
    assert lab.state() == state


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("sync_cycle_enabled", False, "Set-ADSyncScheduler -SyncCycleEnabled $true"),
        ("suspended", True, "wizard"),
        ("staging_mode", True, "staging mode"),
        ("next_start_in", datetime.timedelta(hours=-2), "restart the service ADSync"),
    ],
)
def test_info_names_what_is_in_the_way(lab: ConnectLab, run: Runner, attribute: str, value: t.Any, words: str) -> None:
    setattr(lab.connect.scheduler, attribute, value)
    [problem] = run(adsync_info)["problems"]
    assert words in problem


def sync(lab: ConnectLab) -> None:
    lab.client.invoke("Start-ADSyncSyncCycle")
    while lab.client.invoke("Get-ADSyncScheduler").objects[0]["SyncCycleInProgress"]:
        pass


def forest(run: Runner, **options: t.Any) -> dict[str, t.Any]:
    return next(connector for connector in run(adsync_info, **options)["connectors"] if connector["type"] == "AD")


def test_info_tells_which_groups_could_not_be_written(lab: ConnectLab, run: Runner) -> None:
    sync(lab)
    sync(lab)
    found = forest(run)
    assert (found["runs"][0]["result"], found["runs"][0]["failures"]) == ("completed-export-errors", 2)
    errors = found["export_errors"]
    assert [error["dn"] for error in errors] == [f"CN=Group_{g.id},{contoso.WRITEBACK_OU}" for g in lab.world.tenant.groups]
    assert {(error["type"], error["code"], error["retries"]) for error in errors} == {("permission-issue", "8344", 1)}
    assert errors[0]["message"].startswith("Insufficient access rights to perform the operation. 00002098")
    assert errors[0]["since"].startswith("2026-01-12")
    run.grant(sync=True)
    assert forest(run)["export_errors"] == []


def test_info_reads_what_is_asked_for(lab: ConnectLab, run: Runner) -> None:
    assert set(forest(run, gather=[])) == {"name", "type", "account", "container"}
    assert "Get-ADSyncRunProfileResult" not in lab.client.calls
    assert set(forest(run, gather=["scope"])) - set(forest(run, gather=[])) == {"in_scope", "partitions"}


def test_info_without_an_ou_or_with_one_out_of_scope(lab: ConnectLab, run: Runner) -> None:
    scope(lab, exclusion=[contoso.WRITEBACK_OU])
    assert forest(run)["in_scope"] is False
    lab.connect.set_group_writeback(None)
    assert forest(run)["in_scope"] is None


def test_start_in_the_past_is_right_while_a_sync_runs(lab: ConnectLab, run: Runner) -> None:
    lab.connect.scheduler.next_start_in = datetime.timedelta(hours=-2)
    lab.connect.start_cycle("Delta")
    info = run(adsync_info)
    assert info["scheduler"]["in_progress"]
    assert info["problems"] == []


# What rights alone do not mend


def scope(lab: ConnectLab, **changes: t.Any) -> None:
    for name, value in changes.items():
        setattr(lab.connect.ad_connector.partitions[0], name, value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"selected": False}, "the partition DC=corp,DC=contoso,DC=com is not selected"),
        ({"inclusion": [contoso.OTHER_OU]}, "not among the OUs chosen"),
        ({"exclusion": [contoso.WRITEBACK_OU]}, "not among the OUs chosen"),
        ({"inclusion": [contoso.BASE_DN, f"OU=Below,{contoso.WRITEBACK_OU}"], "exclusion": [contoso.WRITEBACK_OU]}, "not among"),
    ],
)
def test_an_ou_that_is_not_synchronized(lab: ConnectLab, run: Runner, changes: dict[str, t.Any], reason: str) -> None:
    scope(lab, **changes)
    state = lab.state()
    failed = run.grant()
    assert failed["msg"].startswith(f"ou: {contoso.WRITEBACK_OU} is outside the sync scope of connector {contoso.AD_DOMAIN}: ")
    assert reason in failed["msg"] and "wizard" in failed["msg"]
    assert lab.state() == state
    assert not traffic(lab).counts


@pytest.mark.parametrize(
    "changes",
    [
        {"inclusion": [contoso.WRITEBACK_OU.lower()]},
        {"exclusion": [contoso.OTHER_OU]},
        {"inclusion": [contoso.WRITEBACK_OU], "exclusion": [contoso.BASE_DN]},
    ],
)
def test_an_ou_that_is_synchronized(lab: ConnectLab, run: Runner, changes: dict[str, t.Any]) -> None:
    scope(lab, **changes)
    assert run.grant()["changed"]


@pytest.mark.parametrize(
    ("obstacle", "words"),
    [("staging_mode", "staging mode, so it exports nothing"), ("suspended", "finish the upgrade or close the wizard")],
)
def test_a_server_that_does_not_write_now_is_a_warning(lab: ConnectLab, run: Runner, obstacle: str, words: str) -> None:
    setattr(lab.connect.scheduler, obstacle, True)
    result = run.grant()
    assert result["changed"]
    assert any(words in str(warning) for warning in result["warnings"])


@pytest.mark.parametrize(
    ("build", "is_old"), [("2.5.78.0", True), ("2.10.0.0", False), ("1.6.16.0", True), ("2.5.79.0", False), ("unknown", False)]
)
def test_a_build_that_is_no_longer_served(lab: ConnectLab, run: Runner, build: str, is_old: bool) -> None:
    lab.connect.settings["Microsoft.Synchronize.ServerConfigurationVersion"] = build
    result = run.grant()
    assert any("30 September 2026" in str(warning) for warning in result.get("warnings", ())) is is_old


def test_two_forests_have_an_ou_and_an_account_each(lab: ConnectLab, run: Runner) -> None:
    other = copy.deepcopy(lab.connect.ad_connector)
    other.name, other.identifier = "fabrikam.com", uuid.uuid4()
    other.global_parameters["Connector.GroupWriteBackContainerDn"] = contoso.OTHER_OU
    other.connectivity["forest-login-user"] = contoso.USER
    lab.connect.connectors.append(other)
    first = run.grant(connector=contoso.AD_DOMAIN, ou=None)
    assert (first["ou"], first["account_sid"]) == (contoso.WRITEBACK_OU, SID)
    second = run.grant(connector="fabrikam.com", ou=None, _ansible_check_mode=True)
    assert second["ou"] == contoso.OTHER_OU
    assert second["account_sid"] == f"{contoso.DOMAIN_SID}-{contoso.USER_RID}"


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"method": "cmdlet", "state": "absent"}, "method=cmdlet cannot revoke"),
        ({"method": "cmdlet", "account": "x"}, "account: "),
        ({"include_admin_sd_holder": True}, "include_admin_sd_holder"),
    ],
)
def test_options_that_exclude_each_other(lab: ConnectLab, run: Runner, changes: dict[str, t.Any], option: str) -> None:
    assert option in run.grant(**changes)["msg"]
    assert not lab.client.calls
