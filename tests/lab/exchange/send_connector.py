# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-, New-, Set- and Remove-SendConnector.

Source: the cmdlet references; what they demand of values together is in :func:`_broken_rule`.
"""

from __future__ import annotations

import copy
import typing as t

from lab.exchange import errors as exchange_errors
from lab.exchange import multivalued
from lab.exchange.objects import send_connector, send_connector_dn
from lab.exchange.state import CONNECTOR_DEFAULTS, SendConnector
from lab.exchange.task import Task
from lab.powershell.objects import NetObject

_USAGES = ("Custom", "Internal", "Internet", "Partner", "Usage")


def get(task: Task) -> list[NetObject]:
    return [send_connector(connector) for connector in task.find(task.state.send_connectors, _dn)]


def new(task: Task) -> list[NetObject]:
    name = task.parameters["Name"]
    task.check_name(name, task.state.send_connectors, send_connector_dn(name))
    if sum(bool(task.parameters.get(usage)) for usage in _USAGES) > 1:
        # assumed: the text; the reference says that they exclude each other.
        raise task.refuse(f"Specify only one of the parameters {', '.join(_USAGES)}.")
    settings = copy.deepcopy(CONNECTOR_DEFAULTS)
    settings.update(SourceTransportServers=[task.server.name])
    if task.parameters.get("SmartHosts"):
        # assumed: smart hosts alone turn DNS routing off; the reference only says that it must be off.
        settings["DNSRoutingEnabled"] = False
    settings.update(_given(task, settings))
    spaces = multivalued.apply([], task.parameters["AddressSpaces"])
    _check(task, spaces, settings)
    if not task.should_process():
        return []
    connector = task.state.add_send_connector(name, map(str, spaces), **settings)
    return [send_connector(connector)]


def set_(task: Task) -> list[NetObject]:
    connector = task.find_one(task.state.send_connectors, _dn)
    name = task.parameters.get("Name", connector.name)
    if name != connector.name:
        others = [other for other in task.state.send_connectors if other is not connector]
        task.check_name(name, others, send_connector_dn(name))
    settings = {**connector.settings, **_given(task, connector.settings)}
    spaces = connector.address_spaces
    if "AddressSpaces" in task.parameters:
        spaces = multivalued.apply(spaces, task.parameters["AddressSpaces"])
    _check(task, spaces, settings)
    if not task.should_process():
        return []
    # assumed: the order of address spaces, and the case they are written in, is no difference.
    unchanged = set(spaces) == set(connector.address_spaces) and settings == connector.settings
    if unchanged and name == connector.name:
        task.warn_nothing_changed(connector.name)
        return []
    connector.name, connector.address_spaces, connector.settings = name, spaces, settings
    connector.changed = task.state.tick()
    return []


def remove(task: Task) -> list[NetObject]:
    connector = task.find_one(task.state.send_connectors, _dn)
    if task.should_process(prompts=True):
        task.state.send_connectors.remove(connector)
        task.state.tick()
    return []


def _given(task: Task, current: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The settings the call gives, as plain data; of a credential only the user name is kept."""
    given = {name: value for name, value in task.parameters.items() if name in CONNECTOR_DEFAULTS}
    for name in ("SmartHosts", "SourceTransportServers"):
        if name in given:
            given[name] = multivalued.apply(current[name], given[name])
    if given.get("TlsDomain") is not None:
        given["TlsDomain"] = str(given["TlsDomain"])
    if given.get("AuthenticationCredential") is not None:
        given["AuthenticationCredential"] = given["AuthenticationCredential"].username
    return given


def _check(task: Task, spaces: t.Sequence[t.Any], settings: dict[str, t.Any]) -> None:
    """Refuse what the references do not allow, and source servers the organization does not have."""
    servers = {name.lower(): server for server in task.state.servers.values() for name in (server.name, server.fqdn)}
    for name in settings["SourceTransportServers"]:
        if name.lower() not in servers:
            raise exchange_errors.not_found(task.cmdlet, task.server.name, name)
    settings["SourceTransportServers"] = [servers[name.lower()].name for name in settings["SourceTransportServers"]]
    problem = _broken_rule(spaces, settings)
    if problem:
        raise task.refuse(problem)


def _broken_rule(spaces: t.Sequence[t.Any], settings: t.Mapping[str, t.Any]) -> str | None:
    """The first rule of the references that the connector would break."""
    # assumed: all texts, and that a connector needs an address space on Set as it does on New.
    smart_hosts, dns = settings["SmartHosts"], settings["DNSRoutingEnabled"]
    seconds = settings["ConnectionInactivityTimeOut"].total_seconds()
    rules = (
        (not spaces, "A Send connector must have at least one address space."),
        (bool(smart_hosts) and dns, "DNSRoutingEnabled must be $false when smart hosts are specified."),
        (not smart_hosts and not dns, "SmartHosts must be specified when DNSRoutingEnabled is $false."),
        (
            dns and not all(space.is_smtp for space in spaces),
            "A Send connector with an address space that isn't SMTP needs smart hosts, and DNSRoutingEnabled $false.",
        ),
        (settings["RequireTLS"] and settings["IgnoreSTARTTLS"], "IgnoreSTARTTLS must be $false when RequireTLS is $true."),
        (
            settings["TlsAuthLevel"] is not None and not settings["RequireTLS"],
            "TlsAuthLevel can't be specified when RequireTLS is $false.",
        ),
        (
            settings["TlsAuthLevel"] == "DomainValidation" and not dns and settings["TlsDomain"] is None,
            "TlsDomain must be specified when TlsAuthLevel is DomainValidation and DNSRoutingEnabled is $false.",
        ),
        (
            settings["SmartHostAuthMechanism"].startswith("BasicAuth") and settings["AuthenticationCredential"] is None,
            "AuthenticationCredential must be specified for basic authentication.",
        ),
        (not 0 <= settings["Port"] <= 65535, "The port must be a number between 0 and 65535."),
        (not 1 <= seconds <= 86400, "ConnectionInactivityTimeOut must be between 00:00:01 and 1.00:00:00."),
    )
    return next((message for broken, message in rules if broken), None)


def _dn(connector: SendConnector) -> str:
    return send_connector_dn(connector.name)
