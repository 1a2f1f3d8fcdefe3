# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WSMan endpoint of the lab with a command host made for the purpose, and sessions to it over either transport."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import uuid

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._psrp import PsrpSession
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Session, Target
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._winrm import WinrmSession
from lab import contoso
from lab.powershell.objects import Call, EnumValue, MultiValued, NetObject, PowerShellError
from lab.traffic import Traffic
from lab.wsman import WsmanServer
from lab.wsman.host_script import PowerShellStandIn

CONFIGURATION = "Microsoft.Exchange"


class Commands:
    """Cmdlets that show what arrives and send back all kinds of things."""

    language_mode = "NoLanguage"

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def new_runspace(self, _user: str) -> Commands:
        return self

    def run(self, call: Call) -> t.Iterable[t.Any]:
        self.calls.append(call)
        parameters = dict(call.parameters)
        match call.cmdlet:
            case "Get-Connector":
                yield NetObject(
                    ["Microsoft.Exchange.Data.Connector", "System.Object"],
                    "Internet",
                    {
                        "Name": "Internet",
                        "Size": NetObject(
                            ["System.ValueType", "System.Object"], "35 MB (36,700,160 bytes)", {"IsUnlimited": False}
                        ),
                        "Spaces": MultiValued(
                            "Microsoft.Exchange.Data.MultiValuedProperty", ["SMTP:*;1", "SMTP:b\u00fccher.example;2"]
                        ),
                        "Kind": EnumValue("Microsoft.Exchange.Data.Kind", "InternalRelay", 2),
                        "Guid": uuid.UUID(int=7),
                        "Fqdn": None,
                        "Port": 25,
                        "Enabled": True,
                    },
                )
            case "Set-Connector":
                call.warn("The command completed successfully but no settings of 'Internet' have been modified.")
            case "Get-Missing":
                raise PowerShellError(
                    "Das Objekt wurde nicht gefunden.",
                    error_id="[Server=EX1] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 8288830C,X.GetMissing",
                    category="NotSpecified",
                    exception_type="Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
                    target=NetObject(["X", "System.Object"], "Internet", {"Spaces": MultiValued("Y", ["a"])}),
                )
            case "Get-Text":
                yield "plain"
            case "Get-Null":
                yield None
                yield "after"
            case "Get-Kinds":
                inner = NetObject(["Y", "System.Object"], "inner", {"Deep": 1})
                yield from (True, 2**40, "\u00fc \U0001f600 <&>' \x1e\n")
                yield NetObject(
                    ["X", "System.Object"],
                    "kinds",
                    {
                        "When": datetime.datetime(2026, 11, 24, 10, 15, tzinfo=datetime.UTC),
                        "Took": datetime.timedelta(seconds=90),
                        "Inner": inner,
                        "Many": ["a", inner],
                        "Nothing": None,
                    },
                )
            case "Get-Input":
                yield from call.pipeline_input
            case "Get-Many":
                for number in range(int(parameters["Count"])):
                    yield NetObject(["X", "System.Object"], str(number), {"Number": number})
            case "Set-Secret":
                pass
            case name:
                raise PowerShellError(
                    f"The term '{name}' is not recognized.",
                    error_id="CommandNotFoundException",
                    category="ObjectNotFound",
                    exception_type="System.Management.Automation.CommandNotFoundException",
                    target=name,
                    terminating=True,
                )


@dataclasses.dataclass
class Endpoint:
    commands: Commands
    traffic: Traffic
    server: WsmanServer
    target: Target
    powershell: PowerShellStandIn

    def session(self, **changes: t.Any) -> Session:
        target = dataclasses.replace(self.target, **changes)
        return WinrmSession(target) if target.transport == "winrm" else PsrpSession(target)


def serve(transport: str = "psrp", **options: t.Any) -> Endpoint:
    commands, traffic = Commands(), Traffic()
    powershell = PowerShellStandIn(exchange=commands)
    server = WsmanServer(
        {CONFIGURATION: commands},
        path="/wsman" if transport == "winrm" else "/PowerShell",
        name="exchange",
        program=powershell if transport == "winrm" else None,
        accounts={contoso.ADMIN: contoso.ADMIN_PASSWORD},
        traffic=traffic,
        **options,
    )
    target = Target(
        host="127.0.0.1",
        scheme="https" if options.get("tls") else "http",
        port=server.port,
        path="wsman" if transport == "winrm" else "PowerShell",
        configuration=CONFIGURATION,
        transport=t.cast(t.Any, transport),
        load="exchange",
        username=f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}",
        password=contoso.ADMIN_PASSWORD,
        auth="ntlm",
        connection_timeout=5,
        operation_timeout=10,
        read_timeout=15,
    )
    server.start()
    return Endpoint(commands, traffic, server, target, powershell)
