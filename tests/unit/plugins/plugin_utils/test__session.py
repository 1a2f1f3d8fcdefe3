# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session does, over either transport: the same tests, the same results."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from helpers.endpoint import Endpoint, serve

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Credential, Secret, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Session
from lab import contoso
from lab.certificates import CertificateAuthority
from lab.powershell.objects import CredentialValue, SecretText
from lab.traffic import Fault

if t.TYPE_CHECKING:
    from collections.abc import Iterator

TRANSPORTS = ("psrp", "winrm")


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return t.cast(str, request.param)


@pytest.fixture(params=[False, True], ids=["flattened", "rich"])
def either_form(transport: str, request: pytest.FixtureRequest) -> Iterator[Endpoint]:
    endpoint = serve(transport, rich=request.param)
    yield endpoint
    endpoint.server.stop()


@pytest.fixture
def endpoint(transport: str) -> Iterator[Endpoint]:
    endpoint = serve(transport)
    yield endpoint
    endpoint.server.stop()


@pytest.fixture
def session(endpoint: Endpoint) -> Iterator[Session]:
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


def test_null_is_an_object_too(session: Session) -> None:
    assert session.invoke("Get-Null", {}).objects == [None, "after"]


def test_the_server_says_what_it_is(endpoint: Endpoint, session: Session) -> None:
    told = session.server()
    assert told["powershell"] == "5.1.17763.6189"
    # Over WinRM it is the process that runs the script, not the endpoint, that the mode belongs to.
    assert told["language_mode"] == {"psrp": "NoLanguage", "winrm": "FullLanguage"}[endpoint.target.transport]


def test_one_session_serves_all_calls_and_leaves_no_shell(endpoint: Endpoint) -> None:
    session = endpoint.session()
    session.invoke("Get-Text", {})
    results = session.invoke_many([("Get-Text", {}), ("Get-Many", {"Count": 300})])
    assert [len(result.objects) for result in results] == [1, 300]
    assert endpoint.traffic.counts["exchange.sessions"] == 1
    assert endpoint.server.open_shells == 1
    session.close()
    assert endpoint.server.open_shells == 0


def test_values_arrive_typed(endpoint: Endpoint, session: Session) -> None:
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


@pytest.mark.parametrize(
    "value",
    [
        "",
        "=",
        "B\u00fcrger \u65e5\u672c \U0001f600",
        "line\r\nline\ttab \x1e \"'`$(Get-Date)<&>",
        "2026-11-24T10:15:00Z",
        "/Date(1000)/",
        [],
        ["one"],
        ["2026-11-24", 7, None],
        {"Add": ["a"], "Remove": []},
        {},
        2**40,
        True,
        None,
    ],
    ids=repr,
)
def test_a_value_arrives_as_it_is(endpoint: Endpoint, session: Session, value: t.Any) -> None:
    session.invoke("Set-Connector", {"Value": value})
    assert dict(endpoint.commands.calls[-1].parameters) == {"Value": value}


def test_kinds_of_output(session: Session) -> None:
    assert session.invoke("Get-Kinds", {}).objects == [
        True,
        2**40,
        "\u00fc \U0001f600 <&>' \x1e\n",
        {
            "When": "2026-11-24T10:15:00Z",
            "Took": "PT1M30S",
            "Inner": "inner",
            "Many": ["a", "inner"],
            "Nothing": None,
        },
    ]


def test_a_large_answer(session: Session) -> None:
    assert [item["Number"] for item in session.invoke("Get-Many", {"Count": 1500}).objects] == list(range(1500))


def test_a_large_request(endpoint: Endpoint, session: Session) -> None:
    spaces = [f"smtp:domain{number}.example;1" for number in range(10_000)]
    session.invoke("Set-Connector", {"AddressSpaces": spaces})
    assert dict(endpoint.commands.calls[-1].parameters) == {"AddressSpaces": spaces}


def test_secrets_arrive_as_secure_strings(endpoint: Endpoint, session: Session) -> None:
    session.invoke("Set-Secret", {"Password": Secret("s3cret \u00fc"), "Credential": Credential("relay", "pa55")})
    parameters = dict(endpoint.commands.calls[-1].parameters)
    assert isinstance(parameters["Password"], SecretText)
    assert parameters["Password"] == "s3cret \u00fc"
    assert parameters["Credential"] == CredentialValue("relay", "pa55")


def test_pipelines_feed_the_next_cmdlet(session: Session) -> None:
    assert session.invoke_pipeline([("Get-Text", {}), ("Get-Input", {})]).objects == ["plain"]


def test_warnings_come_through(session: Session) -> None:
    assert session.invoke("Set-Connector", {}).warnings == [
        "The command completed successfully but no settings of 'Internet' have been modified."
    ]


def test_errors_that_do_not_end_the_pipeline_are_not_lost(session: Session) -> None:
    (error,) = session.invoke("Get-Missing", {}).errors
    assert error.message == "Das Objekt wurde nicht gefunden."
    assert error.is_exception("ManagementObjectNotFoundException")
    assert error.category == "NotSpecified"
    assert error.activity == "Get-Missing"


def test_errors_that_end_the_pipeline(session: Session) -> None:
    (error,) = session.invoke("Get-Nothing", {}).errors
    assert error.is_error_id("CommandNotFoundException")
    assert (error.category, error.target) == ("ObjectNotFound", "Get-Nothing")
    assert session.invoke("Get-Text", {}).objects == ["plain"]


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_read_survives_a_lost_connection(endpoint: Endpoint, session: Session, lose: str) -> None:
    session.invoke("Get-Text", {})
    endpoint.traffic.set_fault(Fault(at=1, lose=lose, once=True))
    assert session.invoke("Get-Text", {}).objects == ["plain"]
    # A runspace pool survives; of a process, part of the output may be lost with the connection.
    assert endpoint.traffic.counts["exchange.sessions"] == (1 if session.target.transport == "psrp" else 2)


def test_a_write_is_not_repeated_when_its_answer_is_lost(endpoint: Endpoint, session: Session) -> None:
    session.invoke("Get-Text", {})
    endpoint.traffic.set_fault(Fault(at=1, lose="answer", once=True))
    with pytest.raises(SessionError, match="Set-Connector was under way"):
        session.invoke("Set-Connector", {})
    assert [call.cmdlet for call in endpoint.commands.calls].count("Set-Connector") <= 1
    assert session.invoke("Get-Text", {}).objects == ["plain"]


def test_a_write_over_a_connection_that_was_idle_too_long(endpoint: Endpoint, session: Session) -> None:
    session.invoke("Get-Text", {})
    drop_tcp(session)
    session.invoke("Set-Connector", {})
    assert [call.cmdlet for call in endpoint.commands.calls].count("Set-Connector") == 1


def drop_tcp(session: Session) -> None:
    """The TCP connection is gone, as after minutes without traffic through a firewall; the client does not know it."""
    client = getattr(session, "_wsman", None) or getattr(session, "_protocol", None)
    assert client is not None
    client.transport.session.close()


def test_a_server_that_does_not_come_back(endpoint: Endpoint, session: Session) -> None:
    session.invoke("Get-Text", {})
    endpoint.traffic.set_fault(Fault(at=1, lose="request"))
    with pytest.raises(SessionError, match=r"127\.0\.0\.1 was lost again|cannot reach 127\.0\.0\.1"):
        session.invoke("Get-Text", {})


def test_wrong_password(endpoint: Endpoint) -> None:
    session = endpoint.session(password="not-the-password")
    with pytest.raises(SessionError, match=r"refused user .* with ntlm: check ansible_user, ansible_password") as info:
        session.invoke("Get-Text", {})
    assert "not-the-password" not in str(info.value)


def test_wrong_path(endpoint: Endpoint) -> None:
    with pytest.raises(SessionError, match="answered HTTP 404: check ansible_cmdlet_uri"):
        endpoint.session(path="nothing").invoke("Get-Text", {})


def test_nobody_there(endpoint: Endpoint) -> None:
    endpoint.server.stop()
    with pytest.raises(SessionError, match=r"cannot reach 127\.0\.0\.1 .*refused"):
        endpoint.session().invoke("Get-Text", {})


def test_shell_quota(transport: str) -> None:
    endpoint = serve(transport, max_shells=1)
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
def test_tls(transport: str, authority: CertificateAuthority, auth: str) -> None:
    endpoint = serve(transport, tls=authority.server_context("127.0.0.1"), authentication=("Negotiate", "Basic"))
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
    transport: str,
    authority: CertificateAuthority,
    tmp_path: pathlib.Path,
    names: tuple[str, ...],
    expired: bool,
    trusted: bool,
    text: str,
) -> None:
    endpoint = serve(transport, tls=authority.server_context(*names, expired=expired))
    ca_file = authority.ca_file if trusted else CertificateAuthority(tmp_path).ca_file
    with pytest.raises(SessionError, match=f"is not accepted: .*{text}.*ansible_cmdlet_ca_cert"):
        endpoint.session(ca_cert=str(ca_file)).invoke("Get-Text", {})
    endpoint.server.stop()
