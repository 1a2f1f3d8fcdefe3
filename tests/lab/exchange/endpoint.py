# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange endpoint: binds a call as the server's version would, and runs the modelled cmdlet.

No-language mode (Exchange since its April 2021 update): Exchange cmdlets with parameters, nothing of PowerShell's own.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
import uuid

from lab import contoso
from lab.exchange import accepted_domain as exchange_accepted_domain
from lab.exchange import ad_permission, localization, mailboxes, message_tracking, recipients
from lab.exchange import errors as exchange_errors
from lab.exchange import send_connector as exchange_send_connector
from lab.exchange.cmdlet_table import find_syntax, product_of
from lab.exchange.objects import hybrid_configuration, organization_config, server_dn, server_guid
from lab.exchange.roles import Permissions, account_name
from lab.exchange.server import exchange_server, legacy_dn
from lab.exchange.state import AcceptedDomain, ExchangeState, HybridConfiguration, SendConnector, Server
from lab.exchange.task import Task
from lab.exchange.types import convert
from lab.powershell.binding import bind, command_not_found
from lab.powershell.objects import Call, NetObject, PowerShellError, SessionRefused

if t.TYPE_CHECKING:
    from lab.world import World

__all__ = ["AcceptedDomain", "ExchangeHost", "ExchangeState", "HybridConfiguration", "SendConnector", "Server"]


def _get_exchange_server(task: Task) -> list[NetObject]:
    """By name, FQDN, distinguished name, GUID or legacy DN, or all of a domain (Get-ExchangeServer reference)."""
    servers = list(task.state.servers.values())
    domain = task.parameters.get("Domain")
    if domain:
        return [exchange_server(server) for server in servers if server.fqdn.lower().endswith(f".{domain.lower()}")]
    identity = task.parameters.get("Identity")
    if identity:
        servers = [server for server in servers if identity.lower() in _server_names(server)]
        if not servers:
            raise task.not_found(identity)
    return [exchange_server(server) for server in servers]


def _server_names(server: Server) -> set[str]:
    names = (server.name, server.fqdn, server_dn(server.name), str(server_guid(server)), legacy_dn(server))
    return {name.lower() for name in names}


def _get_hybrid_configuration(task: Task) -> list[NetObject]:
    # assumed: nothing, and no error, where the wizard has never run (CSS-Exchange's scripts test for an empty result).
    return [hybrid_configuration(task.state.hybrid, task.state)] if task.state.hybrid else []


def _get_organization_config(task: Task) -> list[NetObject]:
    return [organization_config(task.state)]


_CMDLETS: dict[str, t.Callable[[Task], list[NetObject]]] = {
    "Get-AcceptedDomain": exchange_accepted_domain.get,
    "New-AcceptedDomain": exchange_accepted_domain.new,
    "Set-AcceptedDomain": exchange_accepted_domain.set_,
    "Remove-AcceptedDomain": exchange_accepted_domain.remove,
    "Get-SendConnector": exchange_send_connector.get,
    "New-SendConnector": exchange_send_connector.new,
    "Set-SendConnector": exchange_send_connector.set_,
    "Remove-SendConnector": exchange_send_connector.remove,
    "Get-ADPermission": ad_permission.get,
    "Add-ADPermission": ad_permission.add,
    "Remove-ADPermission": ad_permission.remove,
    "Get-Group": recipients.get_group,
    "Get-Recipient": recipients.get_recipient,
    "Update-Recipient": recipients.update_recipient,
    "Get-ExchangeServer": _get_exchange_server,
    "Get-HybridConfiguration": _get_hybrid_configuration,
    "Get-OrganizationConfig": _get_organization_config,
    "Get-Mailbox": mailboxes.get_mailbox,
    "Get-RemoteMailbox": mailboxes.get_remote_mailbox,
    "Get-MessageTrackingLog": message_tracking.get_log,
    "Get-TransportService": message_tracking.get_transport_service,
    "Get-Queue": message_tracking.get_queue,
    "Get-Message": message_tracking.get_message,
}


def _on_domain_controller(task: Task) -> list[NetObject]:
    """Run the cmdlet on the organization as the domain controller has it that was named or that Exchange has chosen."""
    controllers = task.state.domain_controllers
    named = task.parameters.get("DomainController")
    # assumed: the short name does as well; the references ask for the FQDN.
    name = controllers.find(named) if named else controllers.chosen(reads=task.cmdlet.startswith("Get-"))
    if name is None:
        raise exchange_errors.domain_controller_unavailable(task.cmdlet, task.server.name, named)
    output = _CMDLETS[task.cmdlet](dataclasses.replace(task, state=task.state.at(name), domain_controller=name))
    for item in output:
        if "OriginatingServer" in item.properties:
            item.properties["OriginatingServer"] = name
    return output


def _discard(_text: str) -> None:
    """The warning stream under -WarningAction SilentlyContinue."""


class CallRecord(t.NamedTuple):
    """A call as it came in, with the names of its parameters."""

    product: str
    cmdlet: str
    parameters: tuple[str, ...]


class ExchangeHost:
    """The cmdlets behind configuration Microsoft.Exchange.

    :param version: product whose cmdlets are offered, such as ``Exchange Server 2016``; by default that of the build the
        state gives the endpoint's server
    :ivar calls: what has been called with what, each once
    """

    language_mode = "NoLanguage"

    def __init__(self, world: World, version: str | None = None) -> None:
        self._world = world
        self._version = version
        self.calls: set[CallRecord] = set()

    def new_runspace(self, user: str) -> ExchangeHost:
        """An Exchange session keeps nothing between calls.

        :raises SessionRefused: the user has no role (text: Microsoft Q&A 284296)
        """
        if not self._permissions(user).any:
            canonical = f"{contoso.AD_DOMAIN}/Users/{account_name(user)}"
            raise SessionRefused(
                f"[AuthZRequestId={uuid.uuid4()}][FailureCategory=AuthZ-CmdletAccessDeniedException] "
                f'The user "{canonical}" isn\'t assigned to any management roles.'
            )
        return self

    def run(self, call: Call) -> list[NetObject]:
        """Run one cmdlet as a whole under the world's lock, so that Add and Remove are one change.

        :raises PowerShellError: the engine's errors are terminating, the cmdlets' own are not
        """
        warnings: list[str] = []
        with self._world.lock:
            culture = self._world.exchange.culture
            try:
                return [localization.localized_object(item, culture) for item in self._run(call, warnings)]
            except PowerShellError as exc:
                raise localization.localized_error(exc, culture) from None
            finally:
                for text in warnings:
                    call.warn(localization.localized(text, culture))

    def _permissions(self, user: str) -> Permissions:
        state = self._world.exchange
        return Permissions(state.role_assignments.get(account_name(user), ()), state.custom_roles)

    def _run(self, call: Call, warnings: list[str]) -> list[NetObject]:
        state = self._world.exchange
        server = next(iter(state.servers.values()))
        product = self._version or product_of(server.version)
        self.calls.add(CallRecord(product, call.cmdlet, tuple(str(name) for name, _value in call.parameters)))
        syntax = find_syntax(call.cmdlet, product)
        permissions = self._permissions(call.user)
        if syntax is None or syntax.cmdlet not in _CMDLETS or not permissions.allow(syntax.cmdlet):
            raise command_not_found(call.cmdlet)
        output: list[NetObject] = []
        for binding in bind(syntax.without(permissions.lacking(syntax.cmdlet)), call, convert):
            warn = _discard if binding.warnings_hidden else warnings.append
            task = Task(syntax.cmdlet, binding.parameters, state, self._world.directory, server, warn)
            output += binding.run(functools.partial(_on_domain_controller, task))
        return output
