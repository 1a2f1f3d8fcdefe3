# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Entra Connect server's PowerShell endpoint: the modules ADSync and AdSyncConfig, and a few cmdlets of PowerShell's own.

Sources: Entra Connect documentation (ADSync and AdSyncConfig references, scheduler) and public transcripts, as noted.
"""

from __future__ import annotations

import contextlib
import datetime
import typing as t

from lab.adsync import objects as adsync_objects
from lab.adsync import permissions
from lab.adsync.connected_directory import ConnectedDirectory, EmbeddedDirectory
from lab.adsync.export import Exported, export
from lab.adsync.state import AD, CONTAINER_PARAMETER, Connector, ConnectState, Cycle, Partition, Run, Scheduler
from lab.directory import errors as directory_errors
from lab.directory.errors import LdapFailure
from lab.powershell import cmdlets as powershell_cmdlets
from lab.powershell.binding import Parameter, Syntax, bind, command_not_found
from lab.powershell.cmdlets import (
    GET_COMMAND,
    GET_ITEM_PROPERTY,
    IMPORT_MODULE,
    SELECT_OBJECT,
    SET_VARIABLE,
    WHERE_OBJECT,
    syntax,
)
from lab.powershell.objects import Call, NetObject, PowerShellError

if t.TYPE_CHECKING:
    from lab.world import World

__all__ = ["ConnectHost", "ConnectState", "Connector", "Cycle", "Partition", "Run", "Scheduler"]

_CMDLETS = "Microsoft.IdentityManagement.PowerShell.Cmdlet"
_INSTALLATION = r"C:\Program Files\Microsoft Azure Active Directory Connect"
REGISTRY_KEY = r"HKLM:\SOFTWARE\Microsoft\Azure AD Connect"
ADSYNC_PATH = r"C:\Program Files\Microsoft Azure AD Sync\Bin\ADSync"
ADSYNCCONFIG_PATH = rf"{_INSTALLATION}\AdSyncConfig\AdSyncConfig.psm1"
ADSYNCPREP_PATH = rf"{_INSTALLATION}\AdPrep\AdSyncPrep.psm1"
_MODULE_PATHS = {
    ADSYNC_PATH.lower(): "ADSync",
    rf"{ADSYNC_PATH}\ADSync.psd1".lower(): "ADSync",
    ADSYNCCONFIG_PATH.lower(): "AdSyncConfig",
    rf"{_INSTALLATION}\AdSyncConfig".lower(): "AdSyncConfig",
    ADSYNCPREP_PATH.lower(): "AdSyncPrep",
}

OpenDirectory = t.Callable[[str], contextlib.AbstractContextManager[ConnectedDirectory]]
"""Logs an account (sAMAccountName) on to the directory; raises LdapFailure when that is refused."""

Handler = t.Callable[[ConnectState, t.Mapping[str, t.Any]], t.Iterable[NetObject]]


def _get_connector(state: ConnectState, parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
    found = [
        item
        for item in state.connectors
        if parameters.get("Name", item.name).lower() == item.name.lower()
        and parameters.get("Identifier", item.identifier) == item.identifier
    ]
    if not found:
        # assumed: category, id and the exception's namespace; text and short name are known.
        raise PowerShellError(
            "Operation failed because the specified MA could not be found.",
            error_id=f"ConnectorNotFoundException,{_CMDLETS}.GetADSyncConnector",
            category="ObjectNotFound",
            exception_type="Microsoft.IdentityManagement.PowerShell.ObjectModel.ConnectorNotFoundException",
        )
    return [adsync_objects.connector(item) for item in found]


def _start_cycle(state: ConnectState, parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
    """A cycle runs in the background; a second one is refused while it does (transcript on easy365manager.com)."""
    policy = _policy(parameters.get("PolicyType", "Unspecified"))
    if state.cycle is not None:
        raise _cannot_start(f"Connector: {state.entra_connector.name} is busy.")
    if state.scheduler.suspended:
        # assumed: refused in this form; no text for a suspended scheduler is public.
        raise _cannot_start("The scheduler is suspended.")
    state.start_cycle(state.scheduler.next_policy if policy == "Unspecified" else policy)
    return [adsync_objects.start_result()]


def _policy(text: str) -> str:
    for policy in ("Unspecified", "Delta", "Initial"):
        if policy.lower() == text.lower():
            return policy
    # assumed: the parameter is a text with a set of values.
    raise PowerShellError(
        f"Cannot validate argument on parameter 'PolicyType'. The argument \"{text}\" does not belong to the set "
        '"Unspecified,Delta,Initial" specified by the ValidateSet attribute. Supply an argument that is in the set and '
        "then try the command again.",
        error_id=f"ParameterArgumentValidationError,{_CMDLETS}.StartADSyncSyncCycle",
        category="InvalidData",
        exception_type="System.Management.Automation.ParameterBindingValidationException",
        terminating=True,
    )


def _cannot_start(reason: str) -> PowerShellError:
    text = (
        f"System.InvalidOperationException: {reason}\n   at Microsoft.MetadirectoryServices.Scheduler.Scheduler."
        "StartSyncCycle(String overridePolicy, Boolean interactiveMode)\n   at SchedulerUtils.StartSyncCycle("
        "SchedulerUtils* , Char* policyType, Int32 interactiveMode, Char** errorString)"
    )
    return PowerShellError(
        text,
        error_id=f"{text},{_CMDLETS}.StartADSyncSyncCycle",
        category="WriteError",
        exception_type="System.InvalidOperationException",
        target=f"{_CMDLETS}.StartADSyncSyncCycle",
    )


def _get_run_profile_result(state: ConnectState, parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
    # assumed: the newest run comes first, so that -NumberRequested 1 is the last run.
    names = {item.name for item in state.connectors if parameters.get("ConnectorId", item.identifier) == item.identifier}
    runs = [run for run in reversed(state.runs) if run.connector in names][: parameters.get("NumberRequested")]
    with_steps = bool(parameters.get("RunStepDetails"))
    return [adsync_objects.run_profile_result(run, state, with_steps=with_steps) for run in runs]


def _get_connector_account(state: ConnectState, _parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
    return [adsync_objects.connector_account(item) for item in state.connectors if item.type == AD]


def _get_run_status(state: ConnectState, _parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
    return [adsync_objects.run_status(state.ad_connector.name)] if state.cycle else []


def _adsync(cmdlet: str, *parameters: Parameter) -> Syntax:
    return syntax(cmdlet, f"{_CMDLETS}.{cmdlet.replace('-', '')}", *parameters)


_ADSYNC: tuple[tuple[Syntax, Handler], ...] = (
    (_adsync("Get-ADSyncConnector", Parameter("Name", position=1), Parameter("Identifier", "Guid")), _get_connector),
    (_adsync("Get-ADSyncAADCompanyFeature"), lambda state, _: [adsync_objects.company_feature(state)]),
    (_adsync("Get-ADSyncGlobalSettings"), lambda state, _: [adsync_objects.global_settings(state)]),
    (
        _adsync("Start-ADSyncSyncCycle", Parameter("PolicyType", position=1), Parameter("InteractiveMode", "Boolean")),
        _start_cycle,
    ),
    (_adsync("Get-ADSyncConnectorRunStatus"), _get_run_status),
    (
        _adsync(
            "Get-ADSyncRunProfileResult",
            Parameter("ConnectorId", "Guid"),
            Parameter("NumberRequested", "Int32"),
            Parameter("RunStepDetails", "SwitchParameter"),
        ),
        _get_run_profile_result,
    ),
)
_GET_SCHEDULER = _adsync("Get-ADSyncScheduler")
# A script module: its functions name themselves in error ids.
_ADSYNCCONFIG: tuple[tuple[Syntax, Handler], ...] = (
    (syntax("Get-ADSyncADConnectorAccount", "Get-ADSyncADConnectorAccount"), _get_connector_account),
)
_ALIASES = {
    "select": "Select-Object",
    "where": "Where-Object",
    "?": "Where-Object",
    "ipmo": "Import-Module",
    "gp": "Get-ItemProperty",
}


class ConnectHost:
    """The cmdlets of one runspace on the Connect server.

    The modules it has imported belong to the runspace: see :meth:`new_runspace`. ADSync loads itself at first use (as
    modules on the module path do); AdSyncConfig lies elsewhere and is imported by its path.

    :param open_directory: the directory groups are exported to and permissions changed on; by default the world's own
    """

    language_mode = "FullLanguage"

    def __init__(self, world: World, open_directory: OpenDirectory | None = None) -> None:
        self._world = world
        self._open_directory = open_directory or self._open_embedded_directory
        self._imported: set[str] = set()
        self._variables: dict[str, str] = {}

    def new_runspace(self, _user: str) -> ConnectHost:
        """The same server, with nothing imported yet."""
        return ConnectHost(self._world, self._open_directory)

    def run_scheduled_cycle(self) -> None:
        """What the scheduler does every half hour, from beginning to end; a cycle in progress ends first."""
        with self._world.lock:
            state = self._world.connect
            for start in (False, True):
                if start:
                    state.start_cycle(state.scheduler.next_policy)
                while state.poll_cycle(self._export):
                    pass

    def run(self, call: Call) -> list[t.Any]:
        """Run one cmdlet under the world's lock.

        :raises PowerShellError: the engine's errors are terminating, the cmdlets' own are not
        """
        name = _ALIASES.get(call.cmdlet.lower(), call.cmdlet).lower()
        with self._world.lock:
            state = self._world.connect
            own: dict[str, tuple[Syntax, Handler]] = {
                "select-object": (SELECT_OBJECT, lambda _, p: powershell_cmdlets.select_object(p, call.pipeline_input)),
                "where-object": (WHERE_OBJECT, lambda _, p: powershell_cmdlets.where_object(p, call.pipeline_input)),
                "import-module": (IMPORT_MODULE, self._import),
                "get-itemproperty": (GET_ITEM_PROPERTY, _get_item_property),
                "set-variable": (SET_VARIABLE, self._set_variable),
                "get-command": (
                    GET_COMMAND,
                    lambda _, p: powershell_cmdlets.get_command(p, self._available(call), state.programs),
                ),
            }
            command, run = own[name] if name in own else self._find(call)
            [binding] = bind(command, call)
            return binding.run(lambda: run(state, binding.parameters))

    def _find(self, call: Call) -> tuple[Syntax, Handler]:
        for command, handler in self._commands(call):
            if command.cmdlet.lower() == call.cmdlet.lower():
                return command, handler
        raise command_not_found(call.cmdlet)

    def _available(self, call: Call) -> list[Syntax]:
        return [command for command, _handler in self._commands(call)]

    def _commands(self, call: Call) -> t.Iterator[tuple[Syntax, Handler]]:
        """The cmdlets of the modules that are loaded or load themselves."""
        state = self._world.connect
        if "ADSync" in self._imported or state.module_on_path:
            yield from (*_ADSYNC, (_GET_SCHEDULER, self._get_scheduler))
        if "AdSyncConfig" in self._imported:
            yield from _ADSYNCCONFIG
            if state.permission_command in ("current", "refuses OUs"):
                yield permissions.current_syntax(state), self._as_user(call, self._set_permissions)
        if "AdSyncPrep" in self._imported:
            yield permissions.LEGACY_SYNTAX, self._as_user(call, permissions.initialize_group_writeback)

    def _as_user(self, call: Call, command: t.Callable[[ConnectedDirectory, t.Mapping[str, t.Any]], t.Any]) -> Handler:
        """A command that goes on to a domain controller as the session's user. assumed: the logon is delegated."""

        def run(_state: ConnectState, parameters: t.Mapping[str, t.Any]) -> t.Any:
            with self._open_directory(call.user.rpartition("\\")[2].partition("@")[0]) as directory:
                return command(directory, parameters)

        return run

    def _set_permissions(self, directory: ConnectedDirectory, parameters: t.Mapping[str, t.Any]) -> t.Any:
        preference = self._variables.get("confirmpreference", "High")
        return permissions.set_writeback_permissions(self._world.connect, directory, parameters, preference)

    def _set_variable(self, _state: ConnectState, parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
        self._variables[parameters["Name"].lower()] = str(parameters["Value"])
        return []

    def _get_scheduler(self, state: ConnectState, _parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
        in_progress = state.poll_cycle(self._export)
        return [adsync_objects.scheduler(state, in_progress, datetime.datetime.now(datetime.UTC))]

    def _export(self, connector: Connector, at: datetime.datetime) -> Exported:
        """The export run of a connector to a forest."""
        state, space = self._world.connect, self._world.connect.spaces.setdefault(connector.name, {})
        container = connector.global_parameters.get(CONTAINER_PARAMETER) if state.features["UnifiedGroupWriteback"] else None
        if not (container or space):
            return Exported()
        try:
            with self._open_directory(connector.connectivity["forest-login-user"]) as directory:
                return export(space, self._world.tenant.groups, container, directory, at)
        except LdapFailure as failure:
            # Result codes of a run that cannot begin (FIM's Run History XML, <result>).
            refused = failure.code == directory_errors.INVALID_CREDENTIALS
            return Exported("no-start-credentials" if refused else "no-start-connection")

    @contextlib.contextmanager
    def _open_embedded_directory(self, account: str) -> t.Iterator[ConnectedDirectory]:
        yield EmbeddedDirectory(self._world.directory, account)

    def _import(self, state: ConnectState, parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
        for name in parameters["Name"]:
            found_by_name = {module.lower(): module for module in self._imported}
            if state.module_on_path:
                found_by_name["adsync"] = "ADSync"
            wanted = name.rstrip("\\").lower()
            module = _MODULE_PATHS.get(wanted) or found_by_name.get(wanted)
            if module is None or module not in state.modules:
                raise powershell_cmdlets.module_not_found(name)
            self._imported.add(module)
        return []


def _get_item_property(state: ConnectState, parameters: t.Mapping[str, t.Any]) -> list[NetObject]:
    # assumed: WizardPath names the wizard's program; the installation folder is known.
    values = {"Version": state.version, "WizardPath": rf"{_INSTALLATION}\AzureADConnect.exe"}
    return [powershell_cmdlets.registry_item(REGISTRY_KEY, values, parameters)]
