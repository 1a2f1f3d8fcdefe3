# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange model beside its cmdlets: roles of accounts, several domain controllers, servers in another language."""

from __future__ import annotations

import re
import threading
import types
import typing as t

import pytest

from lab import contoso
from lab.directory.state import DirectoryState
from lab.exchange.endpoint import ExchangeHost
from lab.exchange.roles import CustomRole
from lab.exchange.state import ExchangeState
from lab.powershell.objects import Call, NetObject, PowerShellError, SessionRefused

GROUP = contoso.GROUP_DOMAIN


class Exchange:
    def __init__(self) -> None:
        self.state = ExchangeState.seed()
        self.directory = DirectoryState.seed()
        world = types.SimpleNamespace(lock=threading.RLock(), exchange=self.state, directory=self.directory)
        self.host = ExchangeHost(t.cast(t.Any, world))
        self.warnings: list[str] = []

    def __call__(self, cmdlet: str, user: str = contoso.ADMIN, **parameters: t.Any) -> list[NetObject]:
        return self.host.run(Call(cmdlet, list(parameters.items()), [], user, self.warnings.append))

    def error(self, cmdlet: str, **parameters: t.Any) -> PowerShellError:
        with pytest.raises(PowerShellError) as caught:
            self(cmdlet, **parameters)
        return caught.value

    def domains(self, domain_controller: str) -> list[str]:
        return [item.to_string for item in self("Get-AcceptedDomain", DomainController=domain_controller)]


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


# Roles


def test_without_a_role_there_is_no_session(exchange: Exchange) -> None:
    with pytest.raises(SessionRefused, match=r'The user "corp.contoso.com/Users/jdoe" isn\'t assigned to any management roles'):
        exchange.host.new_runspace(f"CONTOSO\\{contoso.USER}")
    assert exchange.host.new_runspace(f"{contoso.ADMIN}@corp.contoso.com") is exchange.host


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("View-Only Organization Management", "Get-SendConnector", "Set-SendConnector"),
        ("Remote and Accepted Domains", "New-AcceptedDomain", "Get-SendConnector"),
        ("Send Connectors", "Get-SendConnector", "Get-AcceptedDomain"),
    ],
)
def test_a_cmdlet_of_no_role_is_not_there(exchange: Exchange, role: str, allowed: str, refused: str) -> None:
    exchange.state.role_assignments[contoso.USER] = (role,)
    assert exchange.host.new_runspace(contoso.USER)
    try:
        exchange(allowed, user=contoso.USER)
    except PowerShellError as exc:
        assert exc.error_id != "CommandNotFoundException"
    assert exchange.error(refused, user=contoso.USER).error_id == "CommandNotFoundException"


def test_a_custom_role_has_less_than_its_parent(exchange: Exchange) -> None:
    exchange.state.custom_roles["Less"] = CustomRole(
        "Send Connectors", {"Remove-SendConnector": None, "Set-SendConnector": frozenset({"AddressSpaces"})}
    )
    exchange.state.role_assignments[contoso.USER] = ("Less",)
    connector = {"Identity": "Internet", "user": contoso.USER}
    assert exchange("Get-SendConnector", user=contoso.USER)
    exchange("Set-SendConnector", Comment="A comment", **connector)
    assert exchange.error("Remove-SendConnector", **connector).error_id == "CommandNotFoundException"
    error = exchange.error("Set-SendConnector", AddressSpaces=["*"], **connector)
    assert error.error_id.startswith("NamedParameterNotFound")
    assert "'AddressSpaces'" in error.message
    # Another role may have what the first one lacks.
    exchange.state.role_assignments[contoso.USER] = ("Less", "Send Connectors")
    exchange("Set-SendConnector", AddressSpaces=["fabrikam.com"], **connector)


# Domain controllers


def test_the_domain_controller_is_named_in_objects_and_errors(exchange: Exchange) -> None:
    [domain] = exchange("Get-AcceptedDomain", Identity="contoso.com", DomainController="DC2")
    assert domain.properties["OriginatingServer"] == contoso.DC2_HOST
    assert contoso.DC2_HOST in exchange.error("Get-AcceptedDomain", Identity="x", DomainController=contoso.DC2_HOST).message
    error = exchange.error("Get-AcceptedDomain", DomainController="dc9.corp.contoso.com")
    assert "suitability of server 'dc9.corp.contoso.com'" in error.message


def test_a_change_is_elsewhere_after_replication(exchange: Exchange) -> None:
    exchange.state.hold_replication(contoso.DC2_HOST)
    exchange("New-AcceptedDomain", Name=GROUP, DomainName=GROUP)
    exchange("Remove-AcceptedDomain", Identity="contoso.mail.onmicrosoft.com", Confirm=False)
    assert GROUP in exchange.domains(contoso.DC_HOST)
    assert exchange.domains(contoso.DC2_HOST) == ["contoso.com", "contoso.mail.onmicrosoft.com"]
    exchange.state.replicate()
    assert exchange.domains(contoso.DC2_HOST) == exchange.domains(contoso.DC_HOST) == ["contoso.com", GROUP]


def test_changes_of_two_domain_controllers_meet(exchange: Exchange) -> None:
    exchange.state.hold_replication(contoso.DC2_HOST)
    exchange("New-AcceptedDomain", Name=GROUP, DomainName=GROUP, DomainController=contoso.DC2_HOST)
    exchange("Set-AcceptedDomain", Identity="contoso.com", Name="Contoso", DomainController=contoso.DC2_HOST)
    exchange("Remove-AcceptedDomain", Identity="contoso.mail.onmicrosoft.com", Confirm=False, DomainController=contoso.DC2_HOST)
    exchange("New-AcceptedDomain", Name="here", DomainName="here.example")
    assert exchange.domains(contoso.DC_HOST) == ["contoso.com", "contoso.mail.onmicrosoft.com", "here"]
    exchange.state.replicate()
    assert exchange.domains(contoso.DC_HOST) == ["Contoso", "here", GROUP]


def test_without_a_choice_reads_and_writes_may_go_to_different_ones(exchange: Exchange) -> None:
    exchange.state.hold_replication(contoso.DC2_HOST)
    exchange.state.domain_controllers.reads_on = contoso.DC2_HOST
    exchange("New-AcceptedDomain", Name=GROUP, DomainName=GROUP)
    assert [item.to_string for item in exchange("Get-AcceptedDomain")] == ["contoso.com", "contoso.mail.onmicrosoft.com"]


# Language


def test_a_german_server_writes_german(exchange: Exchange) -> None:
    exchange.state.culture = "de-DE"
    error = exchange.error("Get-AcceptedDomain", Identity="x.example")
    assert error.message.startswith("Der Vorgang konnte nicht ausgeführt werden, weil das Objekt 'x.example' auf 'dc1.")
    assert re.search(r"TimeStamp=\d\d\.\d\d\.\d{4} \d\d:\d\d:\d\d]", error.error_id)
    assert "Cmdlet-ManagementObjectNotFoundException]" in error.error_id
    missing = exchange.error("Get-AcceptedDomain", Nothing=1)
    assert missing.message == 'Es wurde kein Parameter gefunden, der dem Parameternamen "Nothing" entspricht.'
    exchange("Set-AcceptedDomain", Identity="contoso.com", DomainType="Authoritative")
    assert exchange.warnings == [
        "Der Befehl wurde erfolgreich abgeschlossen, aber es wurden keine Einstellungen von 'contoso.com' geändert."
    ]
    connector = exchange("Get-SendConnector")[0]
    assert connector.properties["MaxMessageSize"].to_string == "35 MB (36.700.160 bytes)"
