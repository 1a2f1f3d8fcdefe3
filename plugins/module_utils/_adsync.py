# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What the Entra Connect server says: features, connectors, scheduler. Reads only, by cmdlets of its module ADSync.

Cmdlets and their properties: "Azure AD Connect: ADSync PowerShell Reference" and the scheduler's page, "Microsoft Entra Connect
Sync: Scheduler". Remoting flattens nested collections, so a collection wanted is expanded on the server by Select-Object.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient, Parameters

# Where version 2 keeps its module until the next logon makes it known by name.
_MODULE_PATH = r"C:\Program Files\Microsoft Azure AD Sync\Bin\ADSync"

FOREST = "AD"
"""Type of a connector to an Active Directory forest."""

_CONTAINER = "Connector.GroupWriteBackContainerDn"
_OPTIONAL_FEATURE = "Microsoft.OptionalFeature.GroupWriteBack"
_VERSION = "Microsoft.Synchronize.ServerConfigurationVersion"

# "Hardening updates for Microsoft Entra Connect Sync, AD FS": the first build that goes on after 30 September 2026.
_OLDEST_SERVED = (2, 5, 79, 0)

# Clocks in an Active Directory domain may differ by this much (Kerberos policy, maximum tolerance).
_CLOCK_TOLERANCE = datetime.timedelta(minutes=5)

# .NET writes seven digits of a second, Python reads six.
_EXCESS_DIGITS = re.compile(r"(\.\d{6})\d+")

WIZARD_STEPS = (
    "Start Microsoft Entra Connect (Azure AD Connect) on the server, select Customize synchronization options and then Next.",
    "On the Connect to Azure AD page, enter the Office 365 and on-premises credentials, then Next.",
    "On the Optional features page, verify that the options configured before are still selected.",
    "Select Group writeback, then Next.",
    "On the Writeback page, select the OU that is to hold the groups, then Next.",
    "On the Ready to configure page, click Configure.",
    "When the wizard is complete, click Exit on the Configuration complete page.",
)
"""How group writeback is turned on ("Configure Office 365 Groups with on-premises Exchange hybrid"): no cmdlet does it."""


class AdsyncError(CollectionError):
    """The Connect server is not set up as the task needs it; ``str()`` says what to do."""


@dataclasses.dataclass(frozen=True)
class Connector:
    """A connector to an Active Directory forest.

    :param container: DN of the OU the wizard stored for written-back groups; None when it stored none
    :param account_name: its account's sAMAccountName
    :param account_domain: DNS or NetBIOS name of the account's domain
    """

    name: str
    type: str
    identifier: str | None = None
    container: str | None = None
    account_name: str | None = None
    account_domain: str | None = None

    @property
    def account(self) -> str | None:
        """The account as a name for people and for a search: DOMAIN\\name."""
        if self.account_name and self.account_domain:
            return f"{self.account_domain}\\{self.account_name}"
        return self.account_name


@dataclasses.dataclass(frozen=True)
class Features:
    """The three signs of group writeback, and the other features the tenant reports.

    :param tenant: the feature flags as the tenant has them, by name
    :param server: the wizard's own note on the server that group writeback is selected
    """

    tenant: Mapping[str, bool]
    server: bool

    @property
    def unified_group_writeback(self) -> bool:
        """The tenant's flag for Microsoft 365 groups (version 1)."""
        return self.tenant.get("UnifiedGroupWriteback", False)


@dataclasses.dataclass(frozen=True)
class Scheduler:
    """The sync scheduler. None where the server's version does not tell."""

    enabled: bool
    suspended: bool
    staging: bool
    in_progress: bool
    next_start: datetime.datetime | None
    next_policy: str | None
    interval: str | None

    @classmethod
    def from_object(cls, data: Mapping[str, t.Any]) -> Scheduler:
        """From what Get-ADSyncScheduler returns; early builds leave out what their scheduler cannot do."""
        interval = data.get("CurrentlyEffectiveSyncCycleInterval")
        return cls(
            enabled=bool(data.get("SyncCycleEnabled")),
            suspended=bool(data.get("SchedulerSuspended")),
            staging=bool(data.get("StagingModeEnabled")),
            in_progress=bool(data.get("SyncCycleInProgress")),
            next_start=parse_utc(data.get("NextSyncCycleStartTimeInUTC")),
            next_policy=data.get("NextSyncCyclePolicyType"),
            interval=None if interval is None else str(interval),
        )

    def problems(self, now: datetime.datetime) -> list[str]:
        """What keeps groups from being written back, each with the way out.

        :param now: the time, with a time zone
        """
        found = []
        if not self.enabled:
            found.append(
                "The scheduler is disabled, so nothing is synchronized: run Set-ADSyncScheduler -SyncCycleEnabled $true on the "
                "Connect server."
            )
        if self.suspended:
            found.append(SUSPENDED)
        if self.staging:
            found.append(STAGING)
        overdue = self.next_start is not None and self.next_start + _CLOCK_TOLERANCE < now
        if overdue and not self.in_progress and self.enabled and not self.suspended:
            found.append(
                f"The next sync should have started at {self.next_start:%Y-%m-%d %H:%M:%S} UTC and has not: restart the service "
                "ADSync on the Connect server and look at its event log."
            )
        return found


SUSPENDED = (
    "The scheduler is suspended, as it is during an upgrade and while the Connect wizard is open: finish the upgrade or close "
    "the wizard."
)
STAGING = (
    "The server is in staging mode, so it exports nothing: use the active Connect server, or turn staging mode off in the wizard."
)


def import_module(client: CmdletClient) -> None:
    """Load the module ADSync into the session.

    :raises AdsyncError: the host has no such module
    :raises CmdletError: it is there and cannot be loaded
    """
    for name in ("ADSync", _MODULE_PATH):
        try:
            client.invoke("Import-Module", {"Name": name})
        except CmdletError as exc:
            if not exc.error.is_error_id("Modules_ModuleNotFound"):
                raise
        else:
            return
    raise AdsyncError(
        f"{client.host} has no PowerShell module ADSync, neither by name nor in {_MODULE_PATH}: run the task on the server where "
        "Microsoft Entra Connect (Azure AD Connect) is installed."
    )


def read_connectors(client: CmdletClient) -> list[Connector]:
    """All connectors, of every type, without their parameters."""
    return [
        Connector(str(item["Name"]), str(item.get("ConnectorTypeName") or ""), item.get("Identifier"))
        for item in client.invoke("Get-ADSyncConnector").objects
    ]


def complete(client: CmdletClient, connector: Connector) -> Connector:
    """Read a connector's writeback container and account."""
    source = ("Get-ADSyncConnector", {"Name": connector.name})
    settings = _expanded(client, source, "GlobalParameters")
    connectivity = _expanded(client, source, "ConnectivityParameters")
    return dataclasses.replace(
        connector,
        container=settings.get(_CONTAINER) or None,
        account_name=connectivity.get("forest-login-user") or None,
        account_domain=connectivity.get("forest-login-domain") or None,
    )


def choose(connectors: Sequence[Connector], name: str | None) -> Connector:
    """The connector to a forest by name, or the only one.

    :raises AdsyncError: none of that name, or several and no name
    """
    forests = [connector for connector in connectors if connector.type == FOREST]
    known = ", ".join(sorted(connector.name for connector in forests)) or "none"
    if name is not None:
        found = [connector for connector in forests if connector.name.casefold() == name.casefold()]
        if not found:
            raise AdsyncError(f"connector: the Connect server has no connector {name} to a forest. It has: {known}.")
        return found[0]
    if len(forests) != 1:
        raise AdsyncError(
            f"connector: the Connect server has {len(forests)} connectors to forests ({known}): name one."
            if forests
            else "The Connect server has no connector to a forest: add the forest in the Connect wizard."
        )
    return forests[0]


def read_settings(client: CmdletClient) -> dict[str, str]:
    """The server's global settings by name; all values are text."""
    return _expanded(client, ("Get-ADSyncGlobalSettings", {}), "Parameters")


def read_features(client: CmdletClient, settings: Mapping[str, str]) -> Features:
    """The feature flags. The Connect server asks the tenant for its part.

    :raises CmdletError: among others when the tenant cannot be reached from the server
    """
    objects = client.invoke("Get-ADSyncAADCompanyFeature").objects
    flags = {name: value for item in objects for name, value in item.items() if isinstance(value, bool)}
    return Features(flags, settings.get(_OPTIONAL_FEATURE, "").casefold() == "true")


def read_scheduler(client: CmdletClient) -> Scheduler:
    """The scheduler's state now."""
    objects = client.invoke("Get-ADSyncScheduler").objects
    if not objects:
        raise AdsyncError(f"Get-ADSyncScheduler on {client.host} returned nothing: is the service ADSync running?")
    return Scheduler.from_object(objects[0])


def has_program(client: CmdletClient, name: str) -> bool:
    """Whether the server finds a program by its name (Get-Command reference, CommandType Application)."""
    # A pattern: a name that is not found would be an error, a pattern that matches nothing is not.
    found = client.invoke("Get-Command", {"Name": f"{name}*", "CommandType": "Application"}).objects
    return any(str(item.get("Name")).casefold() == name.casefold() for item in found)


def version(settings: Mapping[str, str]) -> str | None:
    """The server's build, such as 2.5.79.0."""
    return settings.get(_VERSION)


def outdated(build: str | None) -> str | None:
    """A warning about a build that Microsoft no longer serves; None when there is nothing to say."""
    if build is None or not re.fullmatch(r"\d+(\.\d+)+", build):
        return None
    if tuple(map(int, build.split("."))) >= _OLDEST_SERVED:
        return None
    return (
        f"Microsoft Entra Connect {build} is older than {'.'.join(map(str, _OLDEST_SERVED))}: it no longer synchronizes after "
        "30 September 2026. Upgrade it."
    )


def require_writeback(connector: Connector, features: Features) -> str:
    """The OU the wizard stored, once group writeback is enabled by all three signs.

    :raises AdsyncError: it is not; the message holds the wizard's steps, ``result`` too (``wizard_steps``)
    """
    signs = {
        "the tenant's flag UnifiedGroupWriteback": features.unified_group_writeback,
        f"the server's setting {_OPTIONAL_FEATURE}": features.server,
        f"the connector's setting {_CONTAINER}": connector.container is not None,
    }
    if all(signs.values()) and connector.container is not None:
        return connector.container
    steps = " ".join(f"{number}. {step}" for number, step in enumerate(WIZARD_STEPS, 1))
    if any(signs.values()):
        state = "; ".join(f"{sign} is {'set' if value else 'not set'}" for sign, value in signs.items())
        problem = f"Group writeback is enabled in part only for connector {connector.name}: {state}. Run the wizard again"
    else:
        problem = f"Group writeback is not enabled for connector {connector.name}, and only the wizard can do it"
    raise AdsyncError(f"{problem}: {steps}", result={"wizard_steps": list(WIZARD_STEPS)})


def parse_utc(value: t.Any) -> datetime.datetime | None:
    """A date the session gave as ISO 8601; None for anything else, such as the text of an unknown culture."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.datetime.fromisoformat(_EXCESS_DIGITS.sub(r"\1", value))
    except ValueError:
        return None
    return parsed.replace(tzinfo=datetime.UTC) if parsed.tzinfo is None else parsed.astimezone(datetime.UTC)


def _expanded(client: CmdletClient, source: tuple[str, Parameters], collection: str) -> dict[str, str]:
    """A collection of named parameters as a mapping of name to value."""
    result = client.invoke_pipeline([source, ("Select-Object", {"ExpandProperty": collection})])
    return {str(item["Name"]): "" if item.get("Value") is None else str(item["Value"]) for item in result.objects}
