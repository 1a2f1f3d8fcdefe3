# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cmdlets of Entra Connect give, as .NET objects.

Property names and order from public code that reads them: sean-m/laparoscope (connectors, partitions, runs), transcripts
of Get-ADSyncScheduler and the AdSyncConfig module of 2019. Type names marked below are assumed.
"""

from __future__ import annotations

import datetime
import typing as t
import uuid
from xml.etree import ElementTree

from lab.adsync.export import ExportError
from lab.adsync.state import AD, Connector, ConnectState, Partition, Run
from lab.powershell.custom_object import custom_object
from lab.powershell.objects import EnumValue, MultiValued, NetObject

_MODEL = "Microsoft.IdentityManagement.PowerShell.ObjectModel"
_INSTALLED = datetime.datetime(2025, 9, 15, 8, 0, tzinfo=datetime.UTC)
_GUIDS = uuid.uuid5(uuid.NAMESPACE_URL, _MODEL)
_POLICIES = {"Unspecified": 0, "Delta": 1, "Initial": 2}  # assumed: the numbers
_NEVER_FILLED = (
    "ObjectInclusionList",
    "AttributeInclusionList",
    "AnchorConstructionSettings",
)


def connector(item: Connector) -> NetObject:
    """A connector. Its parameters and partitions are collections of objects, keyed by name."""
    run_profiles = ("Full Import", "Full Synchronization", "Delta Import", "Delta Synchronization", "Export")
    return _model(
        "Connector",
        f"{_MODEL}.Connector",
        {
            "ConnectorTypeName": item.type,
            "Identifier": item.identifier,
            "Version": 1,
            "InternalVersion": 1,
            "FormatVersion": 1,
            "Name": item.name,
            "Description": "",
            "CreationTime": _INSTALLED,
            "LastModificationTime": _INSTALLED,
            "Partitions": _collection("ConnectorPartition", [_partition(item, part) for part in item.partitions]),
            "RunProfiles": _collection("RunProfile", [_run_profile(item, name) for name in run_profiles]),
            "ComponentProvisioningMappings": None,
            "Schema": None,
            "AllParameterDefinitions": _collection("ConfigurationParameter", []),
            "ConnectivityParameters": parameters(item.connectivity, "Connectivity"),
            "GlobalParameters": parameters(item.global_parameters, "Global"),
            "CapabilityParameters": parameters({}, "Capability"),
            "SchemaParameters": parameters({}, "Schema"),
            **{name: _collection("String", []) for name in _NEVER_FILLED},
            "ListName": item.subtype or "Active Directory Domain Services",
            "CompanyName": item.company,
            "Type": item.type,
            "Subtype": item.subtype,
            "IsUpgradeOrImportScenario": False,
            "ExtensionConfiguration": None,
            "PasswordHashConfiguration": None,
            "AADPasswordResetConfiguration": None,
        },
    )


def parameters(values: t.Mapping[str, str], scope: str) -> MultiValued:
    """A keyed collection of configuration parameters."""
    return _collection("ConfigurationParameter", [_parameter(name, value, scope) for name, value in values.items()])


def global_settings(state: ConnectState) -> NetObject:
    """Get-ADSyncGlobalSettings; all values of Parameters are texts. The scheduler's state is among them."""
    settings = {
        **state.settings,
        "Microsoft.Synchronize.StagingMode": str(state.scheduler.staging_mode),
        "Microsoft.Synchronize.SchedulerSuspended": str(state.scheduler.suspended),
    }
    return _model(
        "GlobalSettings",
        f"{_MODEL}.GlobalSettings",
        {
            "Version": 22102,
            "InstanceId": uuid.uuid5(_GUIDS, "instance"),
            "SqlSchemaVersion": 616,
            "Parameters": parameters(settings, "SynchronizationGlobal"),
        },
    )


def company_feature(state: ConnectState) -> NetObject:
    """Get-ADSyncAADCompanyFeature: one Boolean per feature."""
    return _model("AADCompanyFeature", f"{_MODEL}.AADCompanyFeature", dict(state.features))


def scheduler(state: ConnectState, in_progress: bool, now: datetime.datetime) -> NetObject:
    """Get-ADSyncScheduler. While a cycle runs, the next start lies in the past."""
    item = state.scheduler
    until_next = -datetime.timedelta(seconds=5) if in_progress else item.next_start_in
    type_name = "Microsoft.MetadirectoryServices.Scheduler"
    return NetObject(
        [f"{type_name}.SchedulerSettings", "System.Object"],  # assumed: the type
        f"{type_name}.SchedulerSettings",
        {
            "AllowedSyncCycleInterval": datetime.timedelta(minutes=30),
            "CurrentlyEffectiveSyncCycleInterval": item.interval,
            "CustomizedSyncCycleInterval": None,
            "NextSyncCyclePolicyType": EnumValue(f"{type_name}.SyncPolicyType", item.next_policy, _POLICIES[item.next_policy]),
            "NextSyncCycleStartTimeInUTC": now + until_next,
            "PurgeRunHistoryInterval": datetime.timedelta(days=7),
            "SyncCycleEnabled": item.sync_cycle_enabled,
            "MaintenanceEnabled": item.maintenance_enabled,
            "StagingModeEnabled": item.staging_mode,
            "SchedulerSuspended": item.suspended,
            "SyncCycleInProgress": in_progress,
        },
    )


def start_result() -> NetObject:
    """Start-ADSyncSyncCycle returns at once; Success means started."""
    name = "Microsoft.MetadirectoryServices.Scheduler.SchedulerOperationResult"  # assumed: the type
    return NetObject([name, "System.Object"], name, {"Result": "Success"})


def run_status(connector_name: str) -> NetObject:
    """Get-ADSyncConnectorRunStatus gives one for each connector at work, and nothing when idle."""
    return _model(
        "ConnectorRunStatus",
        f"{_MODEL}.ConnectorRunStatus",
        {"RunState": EnumValue(f"{_MODEL}.RunState", "Busy", 1), "ConnectorName": connector_name},
    )


def run_profile_result(run: Run, state: ConnectState, *, with_steps: bool) -> NetObject:
    """Get-ADSyncRunProfileResult; RunStepResults stays empty unless asked for."""
    item = next(item for item in state.connectors if item.name == run.connector)
    end = run.start + datetime.timedelta(seconds=5)
    steps = _collection("RunStepResult", [_run_step(run, end)]) if with_steps else None
    return _model(
        "RunProfileResult",
        f"{_MODEL}.RunProfileResult",
        {
            "RunHistoryId": run.history_id,
            "ConnectorId": item.identifier,
            "ConnectorName": item.name,
            "RunProfileId": _profile_id(item, run.profile),
            "RunProfileName": run.profile,
            "RunNumber": run.number,
            "Username": r"NT SERVICE\ADSync",
            "IsRunComplete": True,
            "Result": run.result,
            "CurrentStepNumber": 1,
            "TotalSteps": 1,
            "StartDate": run.start,
            "EndDate": end,
            "RunStepResults": steps,
        },
    )


def connector_account(item: Connector) -> NetObject:
    """Get-ADSyncADConnectorAccount, for a connector of type AD; the domain is the DNS name."""
    return custom_object(
        {
            "ADConnectorName": item.name,
            "ADConnectorAccountName": item.connectivity["forest-login-user"],
            "ADConnectorAccountDomain": item.connectivity["forest-login-domain"],
            # assumed: its place; newer versions of the module have this property.
            "ADConnectorForest": item.connectivity.get("forest-name", item.name),
        }
    )


def _parameter(name: str, value: str, scope: str) -> NetObject:
    return _model(
        "ConfigurationParameter",
        name,  # assumed: ToString
        {
            "Name": name,
            "InputType": EnumValue(f"{_MODEL}.ConfigurationParameterType", "String", 1),
            "Scope": EnumValue(f"{_MODEL}.ConfigurationParameterScope", scope, 0),
            "Description": None,
            "RegexValidationPattern": None,
            "DefaultValue": None,
            "Value": value,
            "Extensible": False,
            "PageNumber": 0,
            "Intrinsic": False,
            "DataType": EnumValue(f"{_MODEL}.AttributeType", "String", 0),
        },
    )


def _partition(item: Connector, partition: Partition) -> NetObject:
    scope = {
        "ObjectClasses": _collection("String", ["contact", "container", "domainDNS", "group", "organizationalUnit", "user"]),
        "ContainerInclusionList": _collection("String", partition.inclusion),
        "ContainerExclusionList": _collection("String", partition.exclusion),
    }
    return _model(
        "ConnectorPartition",
        partition.dn,  # assumed: ToString
        {
            "Identifier": uuid.uuid5(item.identifier, partition.dn),
            "DN": partition.dn,
            "Version": 1,
            "CreationTime": _INSTALLED,
            "LastModificationTime": _INSTALLED,
            "Selected": partition.selected,
            "ConnectorPartitionScope": _model("ConnectorPartitionScope", f"{_MODEL}.ConnectorPartitionScope", scope),
            "Name": item.name if item.type == AD else partition.dn,
            "Parameters": parameters({}, "Partition"),
            "PreferredDCs": _collection("String", []),
            "IsDomain": item.type == AD,
        },
    )


def _run_profile(item: Connector, name: str) -> NetObject:
    return _model("RunProfile", name, {"Identifier": _profile_id(item, name), "Name": name})


def _profile_id(item: Connector, name: str) -> uuid.UUID:
    return uuid.uuid5(item.identifier, name)


def _run_step(run: Run, end: datetime.datetime) -> NetObject:
    """One step: an export counts here what it did and what failed."""
    counters = ("ExportAdd", "ExportUpdate", "ExportRename", "ExportDelete", "ExportDeleteAdd", "ExportFailure")
    return _model(
        "RunStepResult",
        f"{_MODEL}.RunStepResult",
        {
            "RunHistoryId": run.history_id,
            "StepHistoryId": uuid.uuid5(run.history_id, "1"),
            "StepNumber": 1,
            "StepResult": run.result,
            "StartDate": run.start,
            "EndDate": end,
            **dict.fromkeys(("StageAdd", "StageUpdate", "StageRename", "StageDelete"), 0),
            **{counter: run.counters.get(counter, 0) for counter in counters},
            "ConnectorConnectionInformationXml": "",
            "ConnectorDiscoveryErrors": "",
            "SyncErrors": _sync_errors(run.errors),
            "StepXml": "",
        },
    )


def _sync_errors(errors: t.Mapping[str, ExportError]) -> str:
    """``<synchronization-errors>`` of FIM's Run History XML. assumed: the step's SyncErrors holds this element."""
    if not errors:
        return ""
    root = ElementTree.Element("synchronization-errors")
    for dn, error in errors.items():
        identifier = f"{{{str(uuid.uuid5(_GUIDS, dn)).upper()}}}"
        item = ElementTree.SubElement(root, "export-error", {"cs-guid": identifier, "dn": dn})
        for name, value in (
            ("date-occurred", f"{error.last:%Y-%m-%d %H:%M:%S}.000"),
            ("first-occurred", f"{error.first:%Y-%m-%d %H:%M:%S}.000"),
            ("retry-count", str(error.retries)),
            ("error-type", error.kind),
        ):
            ElementTree.SubElement(item, name).text = value
        details = ElementTree.SubElement(item, "cd-error")
        for name, value in (
            ("error-code", error.code),
            ("error-literal", error.literal),
            ("server-error-detail", error.detail),
        ):
            ElementTree.SubElement(details, name).text = value
    return ElementTree.tostring(root, encoding="unicode")


def _model(type_name: str, to_string: str, properties: dict[str, t.Any]) -> NetObject:
    # assumed: all names but ConfigurationParameter's, which a public script creates by its full name.
    return NetObject([f"{_MODEL}.{type_name}", "System.Object"], to_string, properties)


def _collection(item_type: str, items: list[t.Any]) -> MultiValued:
    # assumed: the collection's name; it is keyed by name and enumerates its items.
    return MultiValued(f"{_MODEL}.{item_type}Collection", items)
