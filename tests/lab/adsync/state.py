# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Entra Connect server of the lab: connectors, features, settings, scheduler and run history.

Plain data. The seed is a server on which the wizard has enabled group writeback. Sources: Microsoft Entra Connect
documentation (scheduler, accounts, version history), and public code that reads these objects, as noted.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import uuid

from lab import contoso
from lab.adsync.export import Exported, ExportError, Space

AD = "AD"
ENTRA = "Extensible2"
CONTAINER_PARAMETER = "Connector.GroupWriteBackContainerDn"
WRITEBACK_SETTING = "Microsoft.OptionalFeature.GroupWriteBack"
VERSION_SETTING = "Microsoft.Synchronize.ServerConfigurationVersion"
ENTRA_CONNECTOR_ID = uuid.UUID("b891884f-051e-4a83-95af-2544101c9083")  # the same on every server (ADSync reference)
_GUIDS = uuid.uuid5(uuid.NAMESPACE_DNS, contoso.CONNECT_HOST)
_HISTORY_START = datetime.datetime(2026, 1, 12, 9, 0, tzinfo=datetime.UTC)
_INTERVAL = datetime.timedelta(minutes=30)


@dataclasses.dataclass
class Partition:
    """A partition of a connector; the lists hold distinguished names, the longest match decides."""

    dn: str
    inclusion: list[str]
    exclusion: list[str] = dataclasses.field(default_factory=list)
    selected: bool = True


@dataclasses.dataclass
class Connector:
    """A connector with its parameters (name to value)."""

    name: str
    identifier: uuid.UUID
    type: str
    subtype: str = ""
    company: str = ""
    connectivity: dict[str, str] = dataclasses.field(default_factory=dict)
    global_parameters: dict[str, str] = dataclasses.field(default_factory=dict)
    partitions: list[Partition] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Scheduler:
    """What Get-ADSyncScheduler shows.

    :ivar next_start_in: from now to the next cycle; negative when the scheduler is not alive
    """

    sync_cycle_enabled: bool = True
    maintenance_enabled: bool = True
    staging_mode: bool = False
    suspended: bool = False
    next_policy: str = "Delta"
    interval: datetime.timedelta = _INTERVAL
    next_start_in: datetime.timedelta = datetime.timedelta(minutes=20)


@dataclasses.dataclass
class Cycle:
    """The synchronization cycle under way; it ends when the scheduler has been asked ``polls_left`` more times."""

    policy: str
    polls_left: int


@dataclasses.dataclass
class Run:
    """One finished run of a run profile.

    :ivar counters: of its one step, such as ExportAdd; those that are not there are 0
    :ivar errors: objects an export could not write, by DN
    """

    number: int
    connector: str
    profile: str
    result: str = "success"
    start: datetime.datetime = _HISTORY_START
    counters: dict[str, int] = dataclasses.field(default_factory=dict)
    errors: dict[str, ExportError] = dataclasses.field(default_factory=dict)

    @property
    def history_id(self) -> uuid.UUID:
        return uuid.uuid5(_GUIDS, f"run {self.number}")


Export = t.Callable[[Connector, datetime.datetime], Exported]
"""Carries out the export run of a connector to a forest, at the given time."""


@dataclasses.dataclass
class ConnectState:
    """The server. Tests plant contradictions by editing features, settings and parameters directly.

    :ivar polls_per_cycle: how many reads of the scheduler see a started cycle in progress
    :ivar results: planted: result of runs to come, by connector name and run profile; they do nothing then
    :ivar spaces: the written-back groups of each connector, by its name
    :ivar permission_command: Microsoft's command for the rights of group writeback: ``current``, ``refuses OUs`` (the current
        one, as in 2019), ``legacy`` (that of 1.1 builds) or ``none``
    :ivar programs: on its search path; dsacls comes with the remote server administration tools (RSAT)
    :ivar module_on_path: False: ADSync is found by its path only, as in a session older than the installation
    """

    version: str
    connectors: list[Connector]
    features: dict[str, bool]
    settings: dict[str, str]
    scheduler: Scheduler = dataclasses.field(default_factory=Scheduler)
    cycle: Cycle | None = None
    polls_per_cycle: int = 2
    results: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    runs: list[Run] = dataclasses.field(default_factory=list)
    spaces: dict[str, Space] = dataclasses.field(default_factory=dict)
    permission_command: str = "current"
    module_on_path: bool = True
    programs: list[str] = dataclasses.field(default_factory=lambda: ["dsacls.exe"])

    @classmethod
    def seed(cls) -> ConnectState:
        """Version 2.5.79.0, one forest, one tenant, writeback on, one delta cycle done."""
        state = cls(
            version="2.5.79.0",
            connectors=[_ad_connector(), _entra_connector()],
            features={
                "PasswordHashSync": True,
                "ForcePasswordChangeOnLogOn": False,
                "UserWriteback": False,
                "DeviceWriteback": False,
                "UnifiedGroupWriteback": False,
                "GroupWritebackV2": False,
            },
            settings={
                VERSION_SETTING: "2.5.79.0",
                WRITEBACK_SETTING: "False",
                "Microsoft.OptionalFeature.HybridExchange": "True",
                "Microsoft.OptionalFeature.ExportDeletionThreshold": "True",
                "Microsoft.OptionalFeature.ExportDeletionThresholdValue": "500",
                "Microsoft.SystemInformation.MachineRole": "RoleMemberServer",
                "Microsoft.SynchronizationOption.AnchorAttribute": "mS-DS-ConsistencyGuid",
            },
        )
        state.set_group_writeback(contoso.WRITEBACK_OU)
        state._record("Delta")
        return state

    @property
    def modules(self) -> set[str]:
        """The PowerShell modules on the server's disk."""
        return {"ADSync", "AdSyncPrep" if self.permission_command == "legacy" else "AdSyncConfig"}

    @property
    def ad_connector(self) -> Connector:
        return next(connector for connector in self.connectors if connector.type == AD)

    @property
    def entra_connector(self) -> Connector:
        return next(connector for connector in self.connectors if connector.type == ENTRA)

    def set_group_writeback(self, container: str | None) -> None:
        """What the wizard does: write the three signs of writeback. None: as before the wizard enabled it.

        Without writeback the container's parameter is absent, not empty (AADConnectConfigDocumenter's sample data).
        """
        self.features["UnifiedGroupWriteback"] = container is not None
        self.settings[WRITEBACK_SETTING] = str(container is not None)
        if container is None:
            self.ad_connector.global_parameters.pop(CONTAINER_PARAMETER, None)
        else:
            self.ad_connector.global_parameters[CONTAINER_PARAMETER] = container

    def start_cycle(self, policy: str) -> None:
        """Start a cycle; the caller has checked that none runs."""
        self.cycle = Cycle(policy, self.polls_per_cycle)

    def poll_cycle(self, export: Export) -> bool:
        """Is a cycle in progress? Each question brings it nearer to its end: the lab has no clock for it.

        :param export: called at the end of a cycle, for each connector to a forest
        """
        if self.cycle is None:
            return False
        if self.cycle.polls_left > 0:
            self.cycle.polls_left -= 1
            return True
        self._record(self.cycle.policy, export)
        self.cycle = None
        return False

    def _record(self, policy: str, export: Export | None = None) -> None:
        """Add a finished cycle to the run history: import, synchronization, export of each connector.

        A staging server does not export (Entra Connect: staging server).

        :param export: None: there was nothing to export
        """
        kind = "Full" if policy == "Initial" else "Delta"
        profiles = [f"{kind} Import", f"{kind} Synchronization"]
        if not self.scheduler.staging_mode:
            profiles.append("Export")
        for profile in profiles:
            for connector in self.connectors:
                number = len(self.runs) + 1
                start = _HISTORY_START + number * datetime.timedelta(seconds=10)
                planted = self.results.get((connector.name, profile))
                if planted is not None:
                    outcome = Exported(planted, {"ExportFailure": int(planted == "completed-export-errors")})
                elif profile == "Export" and connector.type == AD and export is not None:
                    outcome = export(connector, start)
                else:
                    outcome = Exported()
                self.runs.append(Run(number, connector.name, profile, outcome.result, start, outcome.counters, outcome.errors))

    def view(self) -> dict[str, t.Any]:
        """What a person wants to see."""
        scheduler = dataclasses.asdict(self.scheduler)
        return {
            "version": self.version,
            "module_on_path": self.module_on_path,
            "programs": list(self.programs),
            "permission_command": self.permission_command,
            "connectors": {connector.name: _connector_view(connector) for connector in self.connectors},
            "features": dict(self.features),
            "settings": dict(self.settings),
            "scheduler": {name: str(v) if isinstance(v, datetime.timedelta) else v for name, v in scheduler.items()},
            "cycle": dataclasses.asdict(self.cycle) if self.cycle else None,
            "polls_per_cycle": self.polls_per_cycle,
            "results": {" / ".join(key): value for key, value in self.results.items()},
            "written_back": {
                name: {item.dn: item.error.kind if item.error else "exported" for item in space.values()}
                for name, space in self.spaces.items()
            },
            "runs": [f"{run.number} {run.connector} {run.profile}: {run.result}" for run in self.runs],
        }


def _connector_view(connector: Connector) -> dict[str, t.Any]:
    return {
        "type": connector.type,
        "account": connector.connectivity.get("forest-login-user", connector.connectivity.get("UserName")),
        "group_writeback_container": connector.global_parameters.get(CONTAINER_PARAMETER),
        "connectivity": dict(connector.connectivity),
        "global_parameters": dict(connector.global_parameters),
        "partitions": [dataclasses.asdict(partition) for partition in connector.partitions],
    }


def _ad_connector() -> Connector:
    """Parameter names from AADConnectConfigDocumenter's sample data."""
    return Connector(
        name=contoso.AD_DOMAIN,
        identifier=uuid.uuid5(_GUIDS, contoso.AD_DOMAIN),
        type=AD,
        connectivity={
            "forest-name": contoso.AD_DOMAIN,
            "forest-login-domain": contoso.AD_DOMAIN,
            "forest-login-user": contoso.CONNECTOR_ACCOUNT,
        },
        global_parameters={
            "Connector.GroupFilteringGroupDn": "",
            "ADS_UF_ACCOUNTDISABLE": "2",
            "ADS_GROUP_TYPE_GLOBAL_GROUP": "2",
            "ADS_GROUP_TYPE_DOMAIN_LOCAL_GROUP": "4",
            "ADS_GROUP_TYPE_UNIVERSAL_GROUP": "8",
            "ADS_GROUP_TYPE_SECURITY_ENABLED": "-2147483648",
            "Forest.FQDN": contoso.AD_DOMAIN,
            "Forest.LDAP": contoso.BASE_DN,
            "Forest.Netbios": contoso.AD_NETBIOS,
        },
        partitions=[Partition(contoso.BASE_DN, inclusion=[contoso.BASE_DN])],
    )


def _entra_connector() -> Connector:
    server = contoso.CONNECT_HOST.partition(".")[0].upper()
    return Connector(
        name=f"{contoso.TENANT} - AAD",
        identifier=ENTRA_CONNECTOR_ID,
        type=ENTRA,
        subtype="Windows Azure Active Directory (Microsoft)",
        company="Microsoft",
        connectivity={"UserName": f"Sync_{server}_d1edb676ca03@{contoso.TENANT}"},
        partitions=[Partition("default", inclusion=[])],
    )
