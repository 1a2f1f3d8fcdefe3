# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions over the lab's WSMan endpoint, with a command host made for the purpose."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t
import uuid

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Credential, Secret, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._psrp import PsrpSession
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Target
from lab import contoso
from lab.certificates import CertificateAuthority
from lab.powershell.objects import Call, CredentialValue, EnumValue, MultiValued, NetObject, PowerShellError, SecretText
from lab.traffic import Fault, Traffic
from lab.wsman import WsmanServer

if t.TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = "Microsoft.Exchange"


class Commands:
    """Cmdlets that show what arrives and send back all kinds of things."""

    language_mode = "NoLanguage"

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def new_runspace(self) -> Commands:
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

    def session(self, **changes: t.Any) -> PsrpSession:
        return PsrpSession(dataclasses.replace(self.target, **changes))


def serve(**options: t.Any) -> Endpoint:
    commands, traffic = Commands(), Traffic()
    server = WsmanServer(
        {CONFIGURATION: commands},
        path="/PowerShell",
        name="exchange",
        accounts={contoso.ADMIN: contoso.ADMIN_PASSWORD},
        traffic=traffic,
        **options,
    )
    target = Target(
        host="127.0.0.1",
        scheme="https" if options.get("tls") else "http",
        port=server.port,
        path="PowerShell",
        configuration=CONFIGURATION,
        username=f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}",
        password=contoso.ADMIN_PASSWORD,
        auth="ntlm",
        connection_timeout=5,
        operation_timeout=10,
        read_timeout=15,
    )
    server.start()
    return Endpoint(commands, traffic, server, target)


@pytest.fixture(params=[False, True], ids=["flattened", "rich"])
def either_form(request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    endpoint = serve(rich=request.param)
    yield endpoint
    endpoint.server.stop()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = serve()
    yield endpoint
    endpoint.server.stop()


@pytest.fixture
def session(endpoint: Endpoint) -> Iterator[PsrpSession]:
    session = endpoint.session()
    yield session
    session.close()


def test_objects_are_decoded_in_full_in_either_form(either_form: Endpoint) -> None:
    session = either_form.session()
    assert session.invoke("Get-Connector", {}).objects == [
        {
            "Name": "Internet",
            "Size": "35 MB (36,700,160 bytes)",
            "Spaces": ["SMTP:*;1", "SMTP:b\u00fccher.example;2"],
            "Kind": "InternalRelay",
            "Guid": "00000000-0000-0000-0000-000000000007",
            "Fqdn": None,
            "Port": 25,
            "Enabled": True,
        }
    ]
    session.close()


def test_one_session_serves_all_calls_and_leaves_no_shell(endpoint: Endpoint) -> None:
    session = endpoint.session()
    session.invoke("Get-Text", {})
    results = session.invoke_many([("Get-Text", {}), ("Get-Many", {"Count": 300})])
    assert [len(result.objects) for result in results] == [1, 300]
    assert endpoint.traffic.counts["exchange.sessions"] == 1
    assert endpoint.server.open_shells == 1
    session.close()
    assert endpoint.server.open_shells == 0


def test_requests_of_a_session_are_seven_and_two_per_call(endpoint: Endpoint) -> None:
    session = endpoint.session()
    for _ in range(3):
        session.invoke("Get-Text", {})
    session.close()
    # Without the two legs of NTLM: create, two receives, get (envelope size is not asked), delete.
    assert endpoint.traffic.counts["exchange"] <= 5 + 2 * 3


def test_values_arrive_typed(endpoint: Endpoint, session: PsrpSession) -> None:
    spaces = {"Add": ["SMTP:groups.contoso.com;1"], "Remove": []}
    session.invoke(
        "Set-Connector",
        {"Identity": "Internet", "AddressSpaces": spaces, "Enabled": True, "Port": 25, "Fqdn": None, "SmartHosts": ["a", "b"]},
    )
    assert dict(endpoint.commands.calls[-1].parameters) == {
        "Identity": "Internet",
        "AddressSpaces": spaces,
        "Enabled": True,
        "Port": 25,
        "Fqdn": None,
        "SmartHosts": ["a", "b"],
    }


def test_secrets_arrive_as_secure_strings(endpoint: Endpoint, session: PsrpSession) -> None:
    session.invoke("Set-Secret", {"Password": Secret("s3cret \u00fc"), "Credential": Credential("relay", "pa55")})
    parameters = dict(endpoint.commands.calls[-1].parameters)
    assert isinstance(parameters["Password"], SecretText)
    assert parameters["Password"] == "s3cret \u00fc"
    assert parameters["Credential"] == CredentialValue("relay", "pa55")


def test_pipelines_feed_the_next_cmdlet(session: PsrpSession) -> None:
    assert session.invoke_pipeline([("Get-Text", {}), ("Get-Input", {})]).objects == ["plain"]


def test_warnings_come_through(session: PsrpSession) -> None:
    assert session.invoke("Set-Connector", {}).warnings == [
        "The command completed successfully but no settings of 'Internet' have been modified."
    ]


def test_errors_that_do_not_end_the_pipeline_are_not_lost(session: PsrpSession) -> None:
    (error,) = session.invoke("Get-Missing", {}).errors
    assert error.message == "Das Objekt wurde nicht gefunden."
    assert error.is_exception("ManagementObjectNotFoundException")
    assert error.category == "NotSpecified"
    assert error.activity == "Get-Missing"


def test_errors_that_end_the_pipeline(session: PsrpSession) -> None:
    (error,) = session.invoke("Get-Nothing", {}).errors
    assert error.is_error_id("CommandNotFoundException")
    assert (error.category, error.target) == ("ObjectNotFound", "Get-Nothing")
    assert session.invoke("Get-Text", {}).objects == ["plain"]


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_read_survives_a_lost_connection(endpoint: Endpoint, session: PsrpSession, lose: str) -> None:
    session.invoke("Get-Text", {})
    endpoint.traffic.set_fault(Fault(at=1, lose=lose, once=True))
    assert session.invoke("Get-Text", {}).objects == ["plain"]
    assert endpoint.traffic.counts["exchange.sessions"] == 1


def test_a_write_is_not_repeated_when_its_answer_is_lost(endpoint: Endpoint, session: PsrpSession) -> None:
    session.invoke("Get-Text", {})
    endpoint.traffic.set_fault(Fault(at=1, lose="answer", once=True))
    with pytest.raises(SessionError, match="Set-Connector was under way"):
        session.invoke("Set-Connector", {})
    assert [call.cmdlet for call in endpoint.commands.calls].count("Set-Connector") <= 1
    assert session.invoke("Get-Text", {}).objects == ["plain"]


def test_a_write_over_a_connection_that_was_idle_too_long(endpoint: Endpoint, session: PsrpSession) -> None:
    session.invoke("Get-Text", {})
    drop_tcp(session)
    session.invoke("Set-Connector", {})
    assert [call.cmdlet for call in endpoint.commands.calls].count("Set-Connector") == 1


def test_a_session_the_server_forgot_is_opened_anew_for_reads(endpoint: Endpoint, session: PsrpSession) -> None:
    session.invoke("Get-Text", {})
    other = endpoint.session()
    other.invoke("Get-Text", {})
    assert session._pool is not None
    assert other._pool is not None
    session._pool.shell._selector_set = other._pool.shell._selector_set
    other.close()
    assert session.invoke("Get-Text", {}).objects == ["plain"]
    assert endpoint.traffic.counts["exchange.sessions"] == 3


def drop_tcp(session: PsrpSession) -> None:
    """The TCP connection is gone, as after minutes without traffic through a firewall; the client does not know it."""
    assert session._wsman is not None
    session._wsman.transport.session.close()


def test_a_server_that_does_not_come_back(endpoint: Endpoint, session: PsrpSession) -> None:
    session.invoke("Get-Text", {})
    endpoint.traffic.set_fault(Fault(at=1, lose="request"))
    with pytest.raises(SessionError, match=r"127\.0\.0\.1 was lost again"):
        session.invoke("Get-Text", {})


def test_wrong_password(endpoint: Endpoint) -> None:
    session = endpoint.session(password="not-the-password")
    with pytest.raises(SessionError, match=r"refused user .* with ntlm: check ansible_user, ansible_password") as info:
        session.invoke("Get-Text", {})
    assert "not-the-password" not in str(info.value)


def test_unknown_configuration(endpoint: Endpoint) -> None:
    with pytest.raises(SessionError, match=r"configuration Microsoft\.Nothing\) refused the session: .*not found"):
        endpoint.session(configuration="Microsoft.Nothing").invoke("Get-Text", {})


def test_wrong_path(endpoint: Endpoint) -> None:
    with pytest.raises(SessionError, match="answered HTTP 404: check ansible_cmdlet_uri"):
        endpoint.session(path="nothing").invoke("Get-Text", {})


def test_nobody_there(endpoint: Endpoint) -> None:
    endpoint.server.stop()
    with pytest.raises(SessionError, match=r"cannot reach 127\.0\.0\.1 .*refused"):
        endpoint.session().invoke("Get-Text", {})


def test_shell_quota() -> None:
    endpoint = serve(max_shells=1)
    first, second = endpoint.session(), endpoint.session()
    first.invoke("Get-Text", {})
    with pytest.raises(SessionError, match="concurrent shells"):
        second.invoke("Get-Text", {})
    first.close()
    assert second.invoke("Get-Text", {}).objects == ["plain"]
    second.close()
    endpoint.server.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_tls(authority: CertificateAuthority, auth: str) -> None:
    endpoint = serve(tls=authority.server_context("127.0.0.1"), authentication=("Negotiate", "Basic"))
    username = contoso.ADMIN if auth == "basic" else endpoint.target.username
    session = endpoint.session(auth=auth, ca_cert=str(authority.ca_file), username=username)
    assert session.invoke("Get-Text", {}).objects == ["plain"]
    session.close()
    endpoint.server.stop()


@pytest.mark.parametrize(
    ("names", "expired", "trusted", "text"),
    [
        (("127.0.0.1",), True, True, "certificate has expired"),
        (("127.0.0.1",), False, False, "certificate"),
        (("other.example",), False, True, "127.0.0.1"),
    ],
)
def test_certificates_that_are_not_accepted(
    authority: CertificateAuthority, tmp_path: pathlib.Path, names: tuple[str, ...], expired: bool, trusted: bool, text: str
) -> None:
    endpoint = serve(tls=authority.server_context(*names, expired=expired))
    ca_file = authority.ca_file if trusted else CertificateAuthority(tmp_path).ca_file
    with pytest.raises(SessionError, match=f"is not accepted: .*{text}.*ansible_cmdlet_ca_cert"):
        endpoint.session(ca_cert=str(ca_file)).invoke("Get-Text", {})
    endpoint.server.stop()
