# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Entra Connect model: what its cmdlets give, pipelines into Select-Object, sync cycles, modules."""

from __future__ import annotations

import copy
import datetime
import json
import typing as t

import pytest

from lab import contoso
from lab.adsync.endpoint import ADSYNC_PATH, ADSYNCCONFIG_PATH, ConnectHost, ConnectState, Partition
from lab.powershell.objects import Call, MultiValued, NetObject, PowerShellError
from lab.world import World

AAD = f"{contoso.TENANT} - AAD"
CONTAINER = "Connector.GroupWriteBackContainerDn"
SETTING = "Microsoft.OptionalFeature.GroupWriteBack"
KEY = r"HKLM:\SOFTWARE\Microsoft\Azure AD Connect"

Command = tuple[str, dict[str, t.Any]]


class Connect:
    """A host with its state, called as the endpoint would."""

    def __init__(self) -> None:
        self.world = World()
        self.host = ConnectHost(t.cast(t.Any, self.world))

    @property
    def state(self) -> ConnectState:
        return t.cast(ConnectState, self.world.connect)

    def __call__(self, cmdlet: str, *positional: t.Any, **named: t.Any) -> list[t.Any]:
        parameters: list[tuple[str | None, t.Any]] = [*((None, value) for value in positional), *named.items()]
        return list(self.host.run(Call(cmdlet, parameters, [], "CONTOSO\\admin", print)))

    def pipeline(self, *commands: Command) -> list[t.Any]:
        """Several cmdlets, each fed by the one before."""
        objects: list[t.Any] = []
        for cmdlet, parameters in commands:
            objects = list(self.host.run(Call(cmdlet, list(parameters.items()), objects, "CONTOSO\\admin", print)))
        return objects

    def error(self, cmdlet: str, *positional: t.Any, **named: t.Any) -> PowerShellError:
        with pytest.raises(PowerShellError) as caught:
            self(cmdlet, *positional, **named)
        return caught.value

    def parameters(self, collection: str) -> dict[str, str]:
        """What a client reads: one collection of the AD connector, expanded on the server."""
        items = self.pipeline(
            ("Get-ADSyncConnector", {"Name": contoso.AD_DOMAIN}), ("Select-Object", {"ExpandProperty": collection})
        )
        return {item.properties["Name"]: item.properties["Value"] for item in items}

    def settings(self) -> dict[str, str]:
        items = self.pipeline(("Get-ADSyncGlobalSettings", {}), ("Select-Object", {"ExpandProperty": "Parameters"}))
        return {item.properties["Name"]: item.properties["Value"] for item in items}

    def in_progress(self) -> bool:
        return bool(self("Get-ADSyncScheduler")[0].properties["SyncCycleInProgress"])


@pytest.fixture
def connect() -> Connect:
    return Connect()


# Connectors and settings


def test_connectors(connect: Connect) -> None:
    ad, entra = connect("Get-ADSyncConnector")
    assert (ad.properties["Name"], ad.properties["Type"], ad.properties["ConnectorTypeName"]) == ("corp.contoso.com", "AD", "AD")
    assert (entra.properties["Name"], entra.properties["Type"]) == (AAD, "Extensible2")
    assert str(entra.properties["Identifier"]) == "b891884f-051e-4a83-95af-2544101c9083"
    assert list(ad.properties)[:11] == [
        "ConnectorTypeName",
        "Identifier",
        "Version",
        "InternalVersion",
        "FormatVersion",
        "Name",
        "Description",
        "CreationTime",
        "LastModificationTime",
        "Partitions",
        "RunProfiles",
    ]
    assert list(ad.properties)[-3:] == ["ExtensionConfiguration", "PasswordHashConfiguration", "AADPasswordResetConfiguration"]


def test_connector_by_name_and_identifier(connect: Connect) -> None:
    [by_name] = connect("Get-ADSyncConnector", AAD.upper())
    [by_identifier] = connect("Get-ADSyncConnector", Identifier=str(by_name.properties["Identifier"]))
    assert by_identifier.properties["Name"] == AAD


def test_unknown_connector(connect: Connect) -> None:
    error = connect.error("Get-ADSyncConnector", Name="nowhere.com")
    assert error.message == "Operation failed because the specified MA could not be found."
    assert error.exception_type.endswith(".ConnectorNotFoundException")


def test_collections_of_a_connector_hold_objects(connect: Connect) -> None:
    """So remoting's depth of 1 flattens their items, and clients have to expand them on the server."""
    [ad] = connect("Get-ADSyncConnector", contoso.AD_DOMAIN)
    for name in ("GlobalParameters", "ConnectivityParameters", "Partitions"):
        collection = ad.properties[name]
        assert isinstance(collection, MultiValued) and all(isinstance(item, NetObject) for item in collection.items), name


def test_three_signs_of_writeback_agree(connect: Connect) -> None:
    assert connect("Get-ADSyncAADCompanyFeature")[0].properties["UnifiedGroupWriteback"] is True
    assert connect.settings()[SETTING] == "True"
    assert connect.parameters("GlobalParameters")[CONTAINER] == contoso.WRITEBACK_OU
    connect.state.set_group_writeback(None)
    assert connect("Get-ADSyncAADCompanyFeature")[0].properties["UnifiedGroupWriteback"] is False
    assert connect.settings()[SETTING] == "False"
    assert CONTAINER not in connect.parameters("GlobalParameters"), "absent, not empty"


def test_signs_can_be_made_to_disagree(connect: Connect) -> None:
    connect.state.features["UnifiedGroupWriteback"] = False
    assert connect("Get-ADSyncAADCompanyFeature")[0].properties["UnifiedGroupWriteback"] is False
    assert connect.settings()[SETTING] == "True"


def test_company_features_in_order(connect: Connect) -> None:
    [feature] = connect("Get-ADSyncAADCompanyFeature")
    assert list(feature.properties) == [
        "PasswordHashSync",
        "ForcePasswordChangeOnLogOn",
        "UserWriteback",
        "DeviceWriteback",
        "UnifiedGroupWriteback",
        "GroupWritebackV2",
    ]
    assert feature.properties["PasswordHashSync"] is True


def test_version_can_be_read_two_ways_and_disagree(connect: Connect) -> None:
    setting = "Microsoft.Synchronize.ServerConfigurationVersion"
    assert connect.settings()[setting] == "2.5.79.0"
    [item] = connect("Get-ItemProperty", KEY)
    assert item.properties["Version"] == "2.5.79.0"
    assert item.properties["WizardPath"].startswith(r"C:\Program Files\Microsoft Azure Active Directory Connect" + "\\")
    connect.state.version = "2.5.90.0"
    assert connect.settings()[setting] != connect("Get-ItemProperty", KEY, "Version")[0].properties["Version"]


def test_scheduler_settings_among_the_global_ones(connect: Connect) -> None:
    assert connect.settings()["Microsoft.Synchronize.StagingMode"] == "False"
    connect.state.scheduler.staging_mode = connect.state.scheduler.suspended = True
    assert connect.settings()["Microsoft.Synchronize.StagingMode"] == "True"
    assert connect.settings()["Microsoft.Synchronize.SchedulerSuspended"] == "True"


def test_partition_scope_holds_the_writeback_ou(connect: Connect) -> None:
    connect.state.ad_connector.partitions = [Partition(contoso.BASE_DN, [contoso.BASE_DN], [contoso.OTHER_OU])]
    [scope] = connect.pipeline(
        ("Get-ADSyncConnector", {"Name": contoso.AD_DOMAIN}),
        ("Select-Object", {"ExpandProperty": "Partitions"}),
        ("Where-Object", {"Property": "Selected", "EQ": True, "Value": True}),
        ("Select-Object", {"ExpandProperty": "ConnectorPartitionScope"}),
    )
    assert scope.properties["ContainerInclusionList"].items == [contoso.BASE_DN]
    assert scope.properties["ContainerExclusionList"].items == [contoso.OTHER_OU]


# Modules


def test_adsync_loads_itself_and_adsyncconfig_by_its_path(connect: Connect) -> None:
    assert connect("Get-ADSyncScheduler")
    error = connect.error("Get-ADSyncADConnectorAccount")
    assert error.error_id == "CommandNotFoundException"
    assert connect("Import-Module", Name=ADSYNCCONFIG_PATH) == []
    [account] = connect("Get-ADSyncADConnectorAccount")
    assert list(account.properties.items())[:3] == [
        ("ADConnectorName", "corp.contoso.com"),
        ("ADConnectorAccountName", contoso.CONNECTOR_ACCOUNT),
        ("ADConnectorAccountDomain", "corp.contoso.com"),
    ]


def test_account_from_the_connectivity_parameters(connect: Connect) -> None:
    parameters = connect.parameters("ConnectivityParameters")
    assert parameters["forest-login-user"] == contoso.CONNECTOR_ACCOUNT
    assert parameters["forest-login-domain"] == contoso.AD_DOMAIN


def test_imports_belong_to_a_runspace(connect: Connect) -> None:
    connect("Import-Module", ADSYNCCONFIG_PATH)
    other = connect.host.new_runspace(contoso.ADMIN)
    with pytest.raises(PowerShellError, match="is not recognized"):
        other.run(Call("Get-ADSyncADConnectorAccount", [], [], "u", print))


def test_module_that_is_not_on_the_path_yet(connect: Connect) -> None:
    connect.state.module_on_path = False
    assert connect.error("Get-ADSyncScheduler").error_id == "CommandNotFoundException"
    error = connect.error("Import-Module", "ADSync")
    assert error.error_id == "Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand"
    assert (error.category, error.terminating) == ("ResourceUnavailable", False)
    connect("Import-Module", ADSYNC_PATH.upper())
    assert connect("Get-ADSyncScheduler")


def test_module_of_old_installations_is_gone(connect: Connect) -> None:
    path = r"C:\Program Files\Microsoft Azure Active Directory Connect\AdPrep\AdSyncPrep.psm1"
    assert path in connect.error("Import-Module", path).message


def test_binding_errors_name_the_class(connect: Connect) -> None:
    error = connect.error("Get-ADSyncScheduler", Name="x")
    assert error.error_id == "NamedParameterNotFound,Microsoft.IdentityManagement.PowerShell.Cmdlet.GetADSyncScheduler"


# Cycles


def test_scheduler(connect: Connect) -> None:
    values = connect("Get-ADSyncScheduler")[0].properties
    assert list(values) == [
        "AllowedSyncCycleInterval",
        "CurrentlyEffectiveSyncCycleInterval",
        "CustomizedSyncCycleInterval",
        "NextSyncCyclePolicyType",
        "NextSyncCycleStartTimeInUTC",
        "PurgeRunHistoryInterval",
        "SyncCycleEnabled",
        "MaintenanceEnabled",
        "StagingModeEnabled",
        "SchedulerSuspended",
        "SyncCycleInProgress",
    ]
    assert values["CurrentlyEffectiveSyncCycleInterval"] == datetime.timedelta(minutes=30)
    assert values["NextSyncCyclePolicyType"].name == "Delta"
    assert values["NextSyncCycleStartTimeInUTC"] > datetime.datetime.now(datetime.UTC)
    assert (values["SyncCycleEnabled"], values["StagingModeEnabled"], values["SchedulerSuspended"]) == (True, False, False)
    connect.state.scheduler.sync_cycle_enabled = False
    connect.state.scheduler.next_start_in = datetime.timedelta(hours=-2)
    values = connect("Get-ADSyncScheduler")[0].properties
    assert values["SyncCycleEnabled"] is False
    assert values["NextSyncCycleStartTimeInUTC"] < datetime.datetime.now(datetime.UTC)


def test_reading_changes_nothing_when_idle(connect: Connect) -> None:
    before = copy.deepcopy(connect.state)
    for cmdlet in ("Get-ADSyncScheduler", "Get-ADSyncConnector", "Get-ADSyncGlobalSettings", "Get-ADSyncRunProfileResult"):
        connect(cmdlet)
    assert connect.state == before


@pytest.mark.parametrize("polls", [0, 2, 5])
def test_cycle_ends_after_so_many_polls(connect: Connect, polls: int) -> None:
    connect.state.polls_per_cycle = polls
    [result] = connect("Start-ADSyncSyncCycle", PolicyType="Delta")
    assert result.properties == {"Result": "Success"}
    assert [connect.in_progress() for _poll in range(polls + 2)] == [True] * polls + [False, False]


def test_while_a_cycle_runs(connect: Connect) -> None:
    assert connect("Get-ADSyncConnectorRunStatus") == []
    connect("Start-ADSyncSyncCycle", "delta")
    [status] = connect("Get-ADSyncConnectorRunStatus")
    assert status.properties["RunState"].name == "Busy"
    values = connect("Get-ADSyncScheduler")[0].properties
    assert values["NextSyncCycleStartTimeInUTC"] < datetime.datetime.now(datetime.UTC)
    error = connect.error("Start-ADSyncSyncCycle", PolicyType="Delta")
    assert error.message.startswith(f"System.InvalidOperationException: Connector: {AAD} is busy.\n   at Microsoft.")
    assert (error.category, error.exception_type) == ("WriteError", "System.InvalidOperationException")
    assert error.error_id.endswith(",Microsoft.IdentityManagement.PowerShell.Cmdlet.StartADSyncSyncCycle")
    assert not error.terminating


def test_finished_cycle_is_in_the_run_history(connect: Connect) -> None:
    before = len(connect.state.runs)
    connect("Start-ADSyncSyncCycle", PolicyType="Delta")
    assert len(connect.state.runs) == before
    while connect.in_progress():
        pass
    assert [(run.connector, run.profile) for run in connect.state.runs[before:]] == [
        (contoso.AD_DOMAIN, "Delta Import"),
        (AAD, "Delta Import"),
        (contoso.AD_DOMAIN, "Delta Synchronization"),
        (AAD, "Delta Synchronization"),
        (contoso.AD_DOMAIN, "Export"),
        (AAD, "Export"),
    ]
    identifier = str(connect.state.ad_connector.identifier)
    [last] = connect("Get-ADSyncRunProfileResult", ConnectorId=identifier, NumberRequested=1)
    assert last.properties["RunProfileName"] == "Export"
    assert last.properties["Result"] == "completed-export-errors"  # the account has no rights on the OU yet
    assert last.properties["IsRunComplete"] is True
    assert last.properties["RunStepResults"] is None


def test_failed_export(connect: Connect) -> None:
    connect.state.results[contoso.AD_DOMAIN, "Export"] = "completed-export-errors"
    connect("Start-ADSyncSyncCycle", PolicyType="Initial")
    while connect.in_progress():
        pass
    last, *_earlier = connect(
        "Get-ADSyncRunProfileResult", ConnectorId=connect.state.ad_connector.identifier, RunStepDetails=None
    )
    assert last.properties["Result"] == "completed-export-errors"
    [step] = last.properties["RunStepResults"].items
    assert step.properties["ExportFailure"] == 1
    assert connect.state.runs[-6].profile == "Full Import"


def test_staging_server_exports_nothing(connect: Connect) -> None:
    connect.state.scheduler.staging_mode = True
    before = len(connect.state.runs)
    connect("Start-ADSyncSyncCycle")
    while connect.in_progress():
        pass
    profiles = {run.profile for run in connect.state.runs[before:]}
    assert profiles == {"Delta Import", "Delta Synchronization"}


def test_suspended_scheduler_and_wrong_policy(connect: Connect) -> None:
    error = connect.error("Start-ADSyncSyncCycle", PolicyType="Full")
    assert "Unspecified,Delta,Initial" in error.message
    connect.state.scheduler.suspended = True
    assert connect.error("Start-ADSyncSyncCycle", PolicyType="Delta").category == "WriteError"
    assert connect.state.cycle is None


def test_view_is_json_and_follows_the_state(connect: Connect) -> None:
    view = connect.state.view()
    assert json.loads(json.dumps(view)) == view
    assert view == ConnectState.seed().view()
    assert view["connectors"][contoso.AD_DOMAIN]["group_writeback_container"] == contoso.WRITEBACK_OU
    assert view["connectors"][contoso.AD_DOMAIN]["account"] == contoso.CONNECTOR_ACCOUNT
    connect("Start-ADSyncSyncCycle")
    assert connect.state.view() != view
    assert "Passw0rd" not in repr(connect.state) + json.dumps(view)


# PowerShell's own cmdlets


def test_select_properties(connect: Connect) -> None:
    ad, entra = connect.pipeline(("Get-ADSyncConnector", {}), ("select", {"Property": ["name", "Type", "Missing"]}))
    assert ad.properties == {"Name": contoso.AD_DOMAIN, "Type": "AD", "Missing": None}
    assert ad.type_names[0] == "Selected.Microsoft.IdentityManagement.PowerShell.ObjectModel.Connector"
    assert entra.properties["Name"] == AAD
    [chosen] = connect.pipeline(("Get-ADSyncGlobalSettings", {}), ("Select-Object", {"Property": "*Version"}))
    assert list(chosen.properties) == ["Version", "SqlSchemaVersion"]


def test_select_first_last_and_skip(connect: Connect) -> None:
    runs = [run.number for run in reversed(connect.state.runs)]

    def numbers(**parameters: int) -> list[int]:
        selected = connect.pipeline(("Get-ADSyncRunProfileResult", {}), ("Select-Object", dict(parameters)))
        return [item.properties["RunNumber"] for item in selected]

    assert numbers(First=2) == runs[:2]
    assert numbers(Last=1) == runs[-1:]
    assert numbers(Skip=1, First=1) == runs[1:2]
    assert numbers(First=0) == []


def test_expand_of_single_value_null_and_missing_property(connect: Connect) -> None:
    def expand(name: str) -> list[t.Any]:
        command: Command = ("Get-ADSyncConnector", {"Name": contoso.AD_DOMAIN})
        return connect.pipeline(command, ("Select-Object", {"ExpandProperty": name}))

    assert expand("name") == [contoso.AD_DOMAIN]
    assert expand("Schema") == []
    with pytest.raises(PowerShellError, match='Property "Nope" cannot be found') as caught:
        expand("Nope")
    assert caught.value.error_id == "ExpandPropertyNotFound,Microsoft.PowerShell.Commands.SelectObjectCommand"
    assert not caught.value.terminating


def test_expand_together_with_properties(connect: Connect) -> None:
    items = connect.pipeline(
        ("Get-ADSyncConnector", {"Name": contoso.AD_DOMAIN}),
        ("Select-Object", {"ExpandProperty": "GlobalParameters", "Property": "Identifier"}),
    )
    assert {item.properties["Identifier"] for item in items} == {connect.state.ad_connector.identifier}
    assert items[0].properties["Scope"].name == "Global"


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({"Property": "ConnectorTypeName", "EQ": None, "Value": "ad"}, [contoso.AD_DOMAIN]),
        ({"Property": "Type", "NE": True, "Value": "AD"}, [AAD]),
        ({"Property": "Name", "Like": True, "Value": "*- aad"}, [AAD]),
        ({"Property": "Name", "NotLike": True, "Value": "*- aad"}, [contoso.AD_DOMAIN]),
        ({"Property": "Version", "EQ": True, "Value": 1}, [contoso.AD_DOMAIN, AAD]),
        ({"Property": "Version", "EQ": True, "Value": "1"}, [contoso.AD_DOMAIN, AAD]),
        ({"Property": "Subtype"}, [AAD]),
        ({"Property": "Identifier", "EQ": True, "Value": "B891884F-051E-4A83-95AF-2544101C9083"}, [AAD]),
        ({"Property": "Missing", "EQ": True, "Value": "x"}, []),
    ],
)
def test_where(connect: Connect, condition: dict[str, t.Any], names: list[str]) -> None:
    found = connect.pipeline(("Get-ADSyncConnector", {}), ("Where-Object", condition))
    assert [item.properties["Name"] for item in found] == names


def test_where_with_two_operators(connect: Connect) -> None:
    error = connect.error("Where-Object", "Name", "x", EQ=True, Like=True)
    assert error.error_id == "AmbiguousParameterSet,Microsoft.PowerShell.Commands.WhereObjectCommand"


def test_item_property_errors(connect: Connect) -> None:
    error = connect.error("Get-ItemProperty", r"HKLM:\SOFTWARE\Contoso")
    assert error.error_id == "PathNotFound,Microsoft.PowerShell.Commands.GetItemPropertyCommand"
    assert "Property Nope does not exist" in connect.error("Get-ItemProperty", KEY, "Nope").message
    [item] = connect("Get-ItemProperty", Path=r"Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Azure AD Connect", Name="version")
    assert list(item.properties)[:2] == ["Version", "PSPath"]


def test_unknown_cmdlet_and_silenced_error(connect: Connect) -> None:
    assert connect.error("Initialize-ADSyncGroupWriteBack").terminating
    assert connect("Get-ADSyncConnector", "nowhere.com", ErrorAction="Ignore") == []
