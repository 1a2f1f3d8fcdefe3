# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delta syncs of the modelled Connect server that write to a directory, with the connector account's rights alone."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from ldap3 import MODIFY_REPLACE

from lab import contoso
from lab.adsync.connected_directory import LdapDirectory
from lab.adsync.endpoint import ConnectHost
from lab.cloud.unified_group import UnifiedGroup
from lab.directory.client import CHANGE, CREATE, add_rules, explicit, read, write_dacl
from lab.powershell.objects import Call
from lab.world import World

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.directory.domain import Domain

NAMES = ("displayName", "description", "groupType", "member", "mail", "proxyAddresses", "showInAddressBook")


class Connect:
    """The Connect server beside a domain controller."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.world = World()
        self.host = ConnectHost(self.world, self._log_on)

    @contextlib.contextmanager
    def _log_on(self, account: str) -> Iterator[LdapDirectory]:
        with self.domain.connect(account, contoso.PASSWORDS[account]) as connection:
            yield LdapDirectory(connection, has_exchange_schema=self.domain.has_exchange_schema)

    @property
    def groups(self) -> list[UnifiedGroup]:
        return self.world.tenant.groups

    def dn(self, number: int) -> str:
        return f"CN=Group_{self.groups[number].id},{contoso.WRITEBACK_OU}"

    def sync(self) -> dict[str, t.Any]:
        """A delta sync; returns the step of the forest's export."""
        self("Start-ADSyncSyncCycle", PolicyType="Delta")
        while self("Get-ADSyncScheduler")[0].properties["SyncCycleInProgress"]:
            pass
        identifier = self.world.connect.ad_connector.identifier
        runs = self("Get-ADSyncRunProfileResult", ConnectorId=identifier, RunStepDetails=True)
        export = next(run for run in runs if run.properties["RunProfileName"] == "Export")
        [step] = export.properties["RunStepResults"].items
        assert step.properties["StepResult"] == export.properties["Result"]
        return dict(step.properties)

    def exported(self) -> dict[str, int]:
        """As :meth:`sync`; returns the counters that are not 0."""
        return {name: value for name, value in self.sync().items() if name.startswith("Export") and value}

    def read(self, number: int) -> dict[str, list[str]]:
        with self.domain.admin() as admin:
            names = ["mailNickname"] if self.domain.has_exchange_schema else []
            values = read(admin, self.dn(number), *NAMES, *names)
        return {name: [value.decode() for value in found] for name, found in values.items()}

    def __call__(self, cmdlet: str, **named: t.Any) -> list[t.Any]:
        return list(self.host.run(Call(cmdlet, list(named.items()), [], contoso.ADMIN, print)))


@pytest.fixture
def connect(domain: Domain) -> Connect:
    return Connect(domain)


@pytest.fixture
def granted(connect: Connect) -> Connect:
    """With the rights that writeback needs."""
    with connect.domain.admin() as admin:
        add_rules(admin, CREATE, CHANGE)
    return connect


def test_groups_are_created_with_what_is_written_back(granted: Connect) -> None:
    assert granted.exported() == {"ExportAdd": 2}
    engineering = granted.read(0)
    address = "engineering@contoso.com"
    mail = {"mail": [address], "mailNickname": ["engineering"], "proxyAddresses": [f"SMTP:{address}"]}
    assert engineering == {
        "displayName": ["Engineering"],
        "description": ["All who build"],
        "groupType": ["8"],
        "member": [f"CN={contoso.USER},{contoso.OTHER_OU}"],  # the guest is known to the cloud only
        **(mail if granted.domain.has_exchange_schema else {}),
    }
    assert "member" not in granted.read(1)
    assert granted.exported() == {}


def test_changes_follow(granted: Connect) -> None:
    granted.sync()
    group = granted.groups[0]
    group.display_name, group.description, group.members = "Engineering and Design", "x" * 500, []
    assert granted.exported() == {"ExportUpdate": 1}
    changed = granted.read(0)
    assert changed["displayName"] == ["Engineering and Design"]
    assert changed["description"] == ["x" * 448]
    assert "member" not in changed


def test_changes_made_on_premises_are_overwritten(granted: Connect) -> None:
    granted.sync()
    with granted.domain.admin() as admin:
        admin.modify(granted.dn(0), {"displayName": [(MODIFY_REPLACE, ["Mine"])], "info": [(MODIFY_REPLACE, ["kept"])]})
    assert granted.exported() == {"ExportUpdate": 1}
    assert granted.read(0)["displayName"] == ["Engineering"]
    with granted.domain.admin() as admin:
        assert read(admin, granted.dn(0), "info") == {"info": [b"kept"]}


def test_a_group_deleted_in_the_cloud(granted: Connect) -> None:
    granted.sync()
    dn = granted.dn(1)
    del granted.groups[1]
    assert granted.exported() == {"ExportDelete": 1}
    with granted.domain.admin() as admin, pytest.raises(RuntimeError, match="noSuchObject"):
        read(admin, dn, "cn")


def test_disabling_writeback_deletes_the_groups(granted: Connect) -> None:
    granted.sync()
    granted.world.connect.set_group_writeback(None)
    assert granted.exported() == {"ExportDelete": 2}


@pytest.mark.parametrize("rules", [[], [CHANGE]], ids=["none", "Microsoft's cmdlet's"])
def test_without_the_right_to_create(connect: Connect, rules: list[str]) -> None:
    if rules:
        with connect.domain.admin() as admin:
            add_rules(admin, *rules)
    step = connect.sync()
    assert step["StepResult"] == "completed-export-errors"
    assert (step["ExportFailure"], step["ExportAdd"]) == (2, 0)
    assert step["SyncErrors"].count("<error-type>permission-issue</error-type>") == 2
    assert step["SyncErrors"].count("<error-code>8344</error-code>") == 2
    assert connect.dn(0) in step["SyncErrors"]
    assert "<retry-count>1</retry-count>" in connect.sync()["SyncErrors"]


def test_a_right_given_later_ends_the_error(connect: Connect) -> None:
    assert connect.exported() == {"ExportFailure": 2}
    with connect.domain.admin() as admin:
        add_rules(admin, CREATE, CHANGE)
    assert connect.exported() == {"ExportAdd": 2}
    assert connect.sync()["SyncErrors"] == ""


def test_a_group_that_inherits_nothing_cannot_be_changed(granted: Connect) -> None:
    granted.sync()
    dn = granted.dn(0)
    with granted.domain.admin() as admin:
        assert write_dacl(admin, explicit(admin, dn), dn, protected=True) == 0
    granted.groups[0].display_name = granted.groups[1].display_name = "Renamed"
    step = granted.sync()
    assert (step["ExportUpdate"], step["ExportFailure"]) == (1, 1)
    assert dn in step["SyncErrors"] and granted.dn(1) not in step["SyncErrors"]


def test_staging_exports_nothing(granted: Connect) -> None:
    granted.world.connect.scheduler.staging_mode = True
    granted.host.run(Call("Start-ADSyncSyncCycle", [], [], contoso.ADMIN, print))
    while granted("Get-ADSyncScheduler")[0].properties["SyncCycleInProgress"]:
        pass
    with granted.domain.admin() as admin, pytest.raises(RuntimeError, match="noSuchObject"):
        read(admin, granted.dn(0), "cn")


def test_the_scheduler_starts_cycles_by_itself() -> None:
    world = World()
    host = ConnectHost(world)
    before = len(world.connect.runs)
    host.run(Call("Start-ADSyncSyncCycle", [], [], contoso.ADMIN, print))
    host.run_scheduled_cycle()
    assert world.connect.cycle is None
    assert len(world.connect.runs) == before + 12  # the one in progress, and its own


def test_the_lab_as_a_whole_exports_to_its_own_directory() -> None:
    world = World()
    host = ConnectHost(world)
    before = world.directory.view()

    def sync() -> None:
        host.run(Call("Start-ADSyncSyncCycle", [], [], contoso.ADMIN, print))
        while host.run(Call("Get-ADSyncScheduler", [], [], contoso.ADMIN, print))[0].properties["SyncCycleInProgress"]:
            pass

    sync()
    assert world.directory.view() == before
    assert set(world.connect.view()["written_back"][contoso.AD_DOMAIN].values()) == {"permission-issue"}

    world.connect.ad_connector.connectivity["forest-login-user"] = "MSOL_gone"
    sync()
    [export] = [run for run in world.connect.runs[-6:] if (run.connector, run.profile) == (contoso.AD_DOMAIN, "Export")]
    assert export.result == "no-start-credentials"
