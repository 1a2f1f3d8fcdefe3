# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What adsync_group_writeback gives and takes on a domain controller: on the embedded directory and on Samba."""

from __future__ import annotations

import typing as t
import warnings

import pytest
from helpers.connect_modules import ConnectLab, Runner

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from lab import contoso
from lab.directory.client import CHANGE, CREATE, GROUP, add_rules, code, dacl, explicit, write_dacl
from lab.directory.domain import Domain
from lab.directory.security_descriptor import Ace

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3

    from ansible_collections.exchange.hybrid_groups.plugins.modules import adsync_group_writeback

OU, OTHER = contoso.WRITEBACK_OU, contoso.OTHER_OU
USER = f"CN={contoso.USER},{OTHER}"
FULL = "CCDCLCSWRPWPDTLOSDRC"


@pytest.fixture
def lab(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> ConnectLab:
    no_sleep = {"clock": lambda: 0.0, "sleep": lambda _seconds: None}
    monkeypatch.setattr(adsync_group_writeback, "Deadline", lambda seconds: Deadline(seconds, **no_sleep))
    return ConnectLab(domain)


@pytest.fixture
def run(lab: ConnectLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(lab, monkeypatch, capsys)


def rules(lab: ConnectLab) -> list[Ace]:
    with lab.domain.admin() as admin:
        return explicit(admin)


def put(lab: ConnectLab, *texts: str) -> None:
    """Somebody adds rules by hand."""
    with lab.domain.admin() as admin:
        add_rules(admin, *texts)


def sddl(result: dict[str, t.Any], key: str) -> list[str]:
    sid = result["account_sid"]
    return [rule["sddl"].replace(sid, "{sid}").replace(str(GROUP), "{group}") for rule in result[key]]


class Connector:
    """What the connector account can do, by result code."""

    def __init__(self, connection: ldap3.Connection) -> None:
        self._connection = connection

    def create(self, name: str, ou: str = OU, class_name: str = "group") -> int:
        kind = "OU" if class_name == "organizationalUnit" else "CN"
        attributes = {"sAMAccountName": name, "groupType": "8", "member": USER} if class_name == "group" else {}
        self._connection.add(f"{kind}={name},{ou}", class_name, attributes)
        return code(self._connection)

    def change(self, dn: str, **values: str) -> int:
        self._connection.modify(dn, {name: [(ldap3.MODIFY_REPLACE, [value])] for name, value in values.items()})
        return code(self._connection)

    def rename(self, dn: str, name: str) -> int:
        self._connection.modify_dn(dn, f"CN={name}")
        return code(self._connection)

    def delete(self, dn: str) -> int:
        self._connection.delete(dn)
        return code(self._connection)

    def manage(self, name: str) -> list[int]:
        """Change, fill, rename and delete a group."""
        dn, renamed = f"CN={name},{OU}", f"CN={name} renamed,{OU}"
        return [
            self.change(dn, description="changed"),
            self.change(dn, member=f"CN={contoso.ADMIN},CN=Users,{contoso.BASE_DN}"),
            self.rename(dn, f"{name} renamed"),
            self.delete(dn if self._connection.result["result"] else renamed),
        ]

    def beyond(self) -> dict[str, int]:
        """What writeback must never need."""
        return {
            "create a user": self.create("user", class_name="user"),
            "create a contact": self.create("contact", class_name="contact"),
            "create an OU": self.create("ou", class_name="organizationalUnit"),
            "create a group elsewhere": self.create("elsewhere", OTHER),
            "change a user": self.change(USER, description="x"),
            "change a group elsewhere": self.change(f"CN=All Staff,{OTHER}", description="x"),
            "change the OU": self.change(OU, description="x"),
            "delete the OU": self.delete(OU),
            "change the OU's permissions": write_dacl(self._connection, dacl(self._connection)),
            "change another OU's permissions": write_dacl(self._connection, dacl(self._connection, OTHER), OTHER),
        }


REFUSED = 50


def test_what_the_connector_account_can_do_before_and_after(lab: ConnectLab, run: Runner) -> None:
    with lab.domain.admin() as admin:
        assert Connector(admin).create("old") == 0
    with lab.domain.connector() as connection:
        connector = Connector(connection)
        assert connector.create("new") == REFUSED
        assert connector.manage("old") == [REFUSED] * 4
        assert set(connector.beyond().values()) == {REFUSED}

        assert run.grant()["changed"]

        assert connector.create("new") == 0
        assert connector.manage("new") == [0] * 4
        assert connector.manage("old") == [0] * 4
        left = {what: result for what, result in connector.beyond().items() if result != REFUSED}
        assert left == {}


def test_second_run_changes_nothing(lab: ConnectLab, run: Runner) -> None:
    assert sddl(run.grant(), "added") == [CREATE, CHANGE]
    held = rules(lab)
    again = run.grant()
    assert not again["changed"]
    assert again["missing"] == again["added"] == again["removed"] == []
    assert rules(lab) == held


def test_who_may_read_and_change_the_permissions_may_give_them(lab: ConnectLab, run: Runner) -> None:
    """What docs/permissions.md asks for."""
    user = {"directory_user": f"{contoso.USER}@{contoso.AD_DOMAIN}", "directory_password": contoso.USER_PASSWORD}
    assert "directory_user lacks the right" in run.grant(**user)["msg"]
    with lab.domain.admin() as admin:
        add_rules(admin, "(A;;RCWD;;;{sid})", account=contoso.USER)
    assert sddl(run.grant(**user), "added") == [CREATE, CHANGE]
    assert not run.grant(**user)["changed"]


def test_the_rule_of_microsofts_command_alone_is_told(lab: ConnectLab, run: Runner) -> None:
    put(lab, CHANGE)
    with lab.domain.connector() as connection:
        connector = Connector(connection)
        assert connector.create("g") == REFUSED
        predicted = run.grant(_ansible_check_mode=True)
        assert predicted["rights"][0] == "may not create groups (the OU itself): no rule allows it"
        assert sddl(predicted, "missing") == [CREATE]
        assert connector.create("g") == REFUSED
        assert sddl(run.grant(), "added") == [CREATE]
        assert connector.create("g") == 0


@pytest.mark.parametrize(
    ("left", "added", "removed"),
    [
        ([CHANGE], [CREATE], []),
        ([CREATE], [CHANGE], []),
        ([CREATE.replace("CCDC", "DC"), CHANGE], [CREATE], [CREATE.replace("CCDC", "DC")]),
        ([CREATE, CHANGE.replace("DT", "")], [CHANGE], [CHANGE.replace("DT", "")]),
        ([CREATE, CHANGE.replace("WP", "")], [CHANGE], [CHANGE.replace("WP", "")]),
    ],
    ids=["create", "change", "a part of create", "delete tree", "write"],
)
def test_exactly_the_right_removed_by_hand_is_given_back(
    lab: ConnectLab, run: Runner, left: list[str], added: list[str], removed: list[str]
) -> None:
    before = rules(lab)
    run.grant()
    complete = rules(lab)
    with lab.domain.admin() as admin:
        write_dacl(admin, before)
        add_rules(admin, *left)
    repaired = run.grant()
    assert (sddl(repaired, "added"), sddl(repaired, "removed")) == (added, removed)
    assert rules(lab) == complete


def test_an_ou_protected_from_accidental_deletion(lab: ConnectLab, run: Runner) -> None:
    put(lab, "(D;;SDDT;;;WD)")
    assert "warnings" not in run.grant()
    with lab.domain.connector() as connection:
        connector = Connector(connection)
        assert connector.create("g") == 0
        assert connector.manage("g") == [0] * 4


# Revoking


def test_absent_leaves_the_rules_as_they_were(lab: ConnectLab, run: Runner) -> None:
    put(lab, "(A;CI;RPWP;;;{sid})", "(D;;DC;;;WD)", "(OA;CI;CC;bf967aba-0de6-11d0-a285-00aa003049e2;;{sid})")
    before = rules(lab)
    run.grant()
    granted = rules(lab)
    predicted = run.grant(state="absent", _ansible_check_mode=True, _ansible_diff=True)
    assert predicted["changed"] and rules(lab) == granted
    revoked = run.grant(state="absent", _ansible_diff=True)
    assert revoked["diff"] == predicted["diff"]
    assert sddl(revoked, "removed") == [CREATE, CHANGE]
    assert revoked["added"] == []
    assert rules(lab) == before
    assert not run.grant(state="absent")["changed"]
    with lab.domain.connector() as connection:
        assert Connector(connection).create("g") == REFUSED


def test_absent_leaves_writeback_enabled_and_says_so(lab: ConnectLab, run: Runner) -> None:
    run.grant()
    revoked = run.grant(state="absent")
    assert any("still enabled" in str(warning) and "deletes the groups" in str(warning) for warning in revoked["warnings"])
    assert lab.connect.features["UnifiedGroupWriteback"]
    assert contoso.WRITEBACK_OU in lab.connect.ad_connector.global_parameters.values()


def test_absent_keeps_what_somebody_else_gave(lab: ConnectLab, run: Runner) -> None:
    """A rule that reaches further is not ours; that of the same reach loses our rights only."""
    put(lab, f"(A;CI;{FULL};;;{{sid}})", "(OA;CI;CCDCLC;{group};;{sid})")
    revoked = run.grant(state="absent")
    assert sddl(revoked, "removed") == ["(OA;CI;CCDCLC;{group};;{sid})"]
    assert sddl(revoked, "added") == ["(OA;CI;LC;{group};;{sid})"]
    assert any(FULL in str(warning) and "keeps rights" in str(warning) for warning in revoked["warnings"])


def test_absent_after_writeback_was_disabled(lab: ConnectLab, run: Runner) -> None:
    before = rules(lab)
    run.grant()
    lab.connect.set_group_writeback(None)
    revoked = run.grant(state="absent")
    assert revoked["changed"] and "warnings" not in revoked
    assert rules(lab) == before
    assert run.grant(state="absent", ou=None)["msg"].startswith("ou: ")


# Excess rights, blocked inheritance


@pytest.mark.parametrize(
    ("rule", "is_excess"),
    [
        ("(A;CI;GA;;;{sid})", True),
        ("(OA;CI;CC;bf967aba-0de6-11d0-a285-00aa003049e2;;{sid})", True),
        ("(OA;CIIO;WD;;{group};{sid})", True),
        ("(A;CI;RPLCLORC;;;{sid})", False),
        (CHANGE, False),
    ],
)
def test_rights_beyond_the_need_are_told_and_left(lab: ConnectLab, run: Runner, rule: str, is_excess: bool) -> None:
    put(lab, rule)
    first = run.grant()
    assert bool(first["excess"]) is is_excess
    again = run.grant()
    assert not again["changed"]
    assert bool(again["excess"]) is is_excess


def test_objects_that_inherit_nothing_are_named(lab: ConnectLab, run: Runner) -> None:
    with lab.domain.admin() as admin:
        assert Connector(admin).create("open") == 0
        assert Connector(admin).create("closed") == 0
        dn = f"CN=closed,{OU}"
        assert write_dacl(admin, explicit(admin, dn), dn, protected=True) == 0
    result = run.grant()
    assert result["blocked_below"] == [dn]
    assert any(dn in str(warning) and "Inheritance is blocked" in str(warning) for warning in result["warnings"])
    with lab.domain.connector() as connection:
        assert Connector(connection).change(dn, description="x") == REFUSED


# Microsoft's own command


def test_the_current_command_leaves_the_right_to_create_out(lab: ConnectLab, run: Runner) -> None:
    result = run.grant(method="cmdlet")
    assert sddl(result, "added") == [CHANGE]
    assert sddl(result, "left_out") == [CREATE]
    assert any("Give it with method=ldap" in str(warning) for warning in result["warnings"])
    with lab.domain.connector() as connection:
        assert Connector(connection).create("g") == REFUSED
    assert run.grant()["left_out"] == []
    held = rules(lab)
    assert not run.grant(method="cmdlet")["changed"]
    assert rules(lab) == held


def test_the_legacy_command_gives_everything_below(lab: ConnectLab, run: Runner) -> None:
    lab.connect.permission_command = "legacy"
    result = run.grant(method="cmdlet")
    assert sddl(result, "added") == [f"(A;CI;{FULL};;;{{sid}})"]
    assert result["left_out"] == []
    with lab.domain.connector() as connection:
        assert Connector(connection).create("g") == 0
    again = run.grant(method="cmdlet")
    assert not again["changed"]
    assert sddl(again, "excess") == [f"(A;CI;{FULL};;;{{sid}})"]


@pytest.mark.parametrize(
    ("command", "words"),
    [("refuses OUs", "refuses OUs in this version: use method=ldap"), ("none", "has neither")],
)
def test_a_server_whose_command_is_of_no_use(lab: ConnectLab, run: Runner, command: str, words: str) -> None:
    lab.connect.permission_command = command
    before = rules(lab)
    failed = run.grant(method="cmdlet")
    assert failed["msg"].startswith("method: ") and words in failed["msg"]
    assert rules(lab) == before


def test_the_command_in_check_mode(lab: ConnectLab, run: Runner) -> None:
    before = rules(lab)
    assert run.grant(method="cmdlet", _ansible_check_mode=True)["changed"]
    assert rules(lab) == before
    assert "Set-Variable" not in lab.client.calls


# Sync


def test_a_sync_writes_the_groups(lab: ConnectLab, run: Runner) -> None:
    assert run.grant(sync=True)["sync"] == {"waited": False, "finished": True, "export": "success", "failures": 0}
    with lab.domain.admin() as admin:
        admin.search(OU, "(objectClass=group)", attributes=["displayName"])
        names = [entry["attributes"]["displayName"] for entry in admin.response if entry["type"] == "searchResEntry"]
    assert sorted(str(name[0] if isinstance(name, list) else name) for name in names) == ["Engineering", "Partners"]


def test_groups_that_cannot_be_written_are_counted(lab: ConnectLab, run: Runner) -> None:
    with lab.domain.admin() as admin:
        dn = f"CN=Group_{lab.world.tenant.groups[0].id},{OU}"
        admin.add(dn, "group", {"sAMAccountName": "mine", "groupType": "8"})
        assert write_dacl(admin, explicit(admin, dn), dn, protected=True) == 0
    result = run.grant(sync=True)
    assert (result["sync"]["export"], result["sync"]["failures"]) == ("completed-export-errors", 1)
    assert any("had 1 errors" in str(warning) for warning in result["warnings"])
