# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSMan endpoint, tried with an unmodified pypsrp as its client."""

from __future__ import annotations

import contextlib
import datetime
import http.client
import itertools
import pathlib
import threading
import typing as t
import uuid

import psrpcore
import psrpcore.types
import pypsrp.complex_objects
import pypsrp.exceptions
import pypsrp.powershell
import pypsrp.serializer
import pypsrp.wsman
import pytest
import requests.exceptions

from lab import contoso
from lab.certificates import CertificateAuthority
from lab.powershell.objects import Call, CredentialValue, EnumValue, MultiValued, NetObject, PowerShellError, SecretText
from lab.traffic import Fault, Traffic
from lab.wsman import WsmanServer, wire

PASSWORD = contoso.ADMIN_PASSWORD  # a process knows one for an account
CONFIGURATION = "Microsoft.Exchange"
NAME = "exchange"
CONNECTOR_TYPE = "Microsoft.Exchange.Data.Directory.SystemConfiguration.SmtpSendConnectorConfig"
SPACES_TYPE = "Microsoft.Exchange.Data.MultiValuedProperty`1[[Microsoft.Exchange.Data.AddressSpace]]"
GUID = uuid.UUID("5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10")


def identity() -> NetObject:
    return NetObject(["Microsoft.Exchange.Data.Directory.ADObjectId", "System.Object"], "Outbound", {"Depth": 8})


def connector() -> NetObject:
    here = identity()
    space = NetObject(["Microsoft.Exchange.Data.AddressSpace", "System.Object"], "SMTP:contoso.com;1", {"Address": "contoso.com"})
    properties = {
        "Name": "Outbound",
        "Enabled": True,
        "Port": 25,
        "Size": 2**40,
        "Negative": -(2**40),
        "Ratio": 0.5,
        "TlsDomain": None,
        "Certificate": b"\x01\x02",
        "Guid": GUID,
        "WhenCreated": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
        "Timeout": datetime.timedelta(minutes=1, seconds=10),
        "Level": EnumValue("Microsoft.Exchange.Data.ProtocolLoggingLevel", "Verbose", 1),
        "AddressSpaces": MultiValued(SPACES_TYPE, [space]),
        "Identity": here,
        "Id": here,
    }
    return NetObject([CONNECTOR_TYPE, "System.Object"], "Outbound", properties)


class Host:
    """Cmdlets for the tests; keeps the calls it got."""

    def __init__(self, language_mode: str = "NoLanguage") -> None:
        self.language_mode = language_mode
        self.calls: list[Call] = []
        self.entered = threading.Event()
        self.release = threading.Event()

    def new_runspace(self, _user: str) -> Host:
        return self

    def run(self, call: Call) -> t.Iterator[t.Any]:
        self.calls.append(call)
        cmdlet = getattr(self, "_" + call.cmdlet.replace("-", "_").lower(), None)
        if cmdlet is None:
            raise PowerShellError(
                f"The term '{call.cmdlet}' is not recognized as the name of a cmdlet",
                error_id="CommandNotFoundException",
                category="ObjectNotFound",
                exception_type="System.Management.Automation.CommandNotFoundException",
                target=call.cmdlet,
                terminating=True,
            )
        yield from cmdlet(call)

    def _get_number(self, call: Call) -> t.Iterator[t.Any]:
        yield from range(dict(call.parameters).get("Count", 3))

    def _get_double(self, call: Call) -> t.Iterator[t.Any]:
        yield from (2 * value for value in call.pipeline_input)

    def _get_connector(self, _call: Call) -> t.Iterator[t.Any]:
        yield connector()

    def _get_row(self, _call: Call) -> t.Iterator[t.Any]:
        for number in range(1000):
            yield NetObject(["Lab.Row", "System.Object"], f"row {number}", {"Number": number, "Text": "x" * 1000})

    def _set_connector(self, call: Call) -> t.Iterator[t.Any]:
        call.warn("No settings of 'Outbound' have been modified.")
        yield from ()

    def _get_missing(self, _call: Call) -> t.Iterator[t.Any]:
        yield "before"
        raise PowerShellError(
            "The operation couldn't be performed because object 'X' couldn't be found.",
            error_id="[Server=EX1] [FailureCategory=Cmdlet-ManagementObjectNotFoundException] 8288830C,GetMissing",
            category="InvalidData",
            exception_type="Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
            target=identity(),
        )

    def _get_bug(self, _call: Call) -> t.Iterator[t.Any]:
        yield object()

    def _wait_event(self, _call: Call) -> t.Iterator[t.Any]:
        self.entered.set()
        self.release.wait(20)
        yield "done"


class Lab:
    """A server with its host, and clients for it."""

    def __init__(self, ca_file: pathlib.Path, **options: t.Any) -> None:
        self.host = options.pop("host", None) or Host()
        self.traffic = Traffic()
        self._ca_file = ca_file
        self._tls = options.get("tls") is not None
        self.server = WsmanServer(
            {CONFIGURATION: self.host},
            path="/PowerShell",
            accounts={contoso.ADMIN: PASSWORD, contoso.USER: PASSWORD},
            traffic=self.traffic,
            name=NAME,
            **options,
        )

    def connect(self, **options: t.Any) -> pypsrp.wsman.WSMan:
        settings = {
            "server": "127.0.0.1",
            "port": self.server.port,
            "ssl": self._tls,
            "cert_validation": str(self._ca_file),
            "path": "PowerShell/",
            "auth": "ntlm",
            "username": f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}",
            "password": PASSWORD,
            **options,
        }
        return pypsrp.wsman.WSMan(**settings)

    @contextlib.contextmanager
    def session(self, **options: t.Any) -> t.Iterator[pypsrp.powershell.RunspacePool]:
        with (
            self.connect(**options) as connection,
            pypsrp.powershell.RunspacePool(connection, configuration_name=CONFIGURATION) as pool,
        ):
            yield pool


OpenLab = t.Callable[..., Lab]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def open_lab(authority: CertificateAuthority) -> t.Iterator[OpenLab]:
    labs: list[Lab] = []

    def make(**options: t.Any) -> Lab:
        lab = Lab(authority.ca_file, **options)
        lab.server.start()
        labs.append(lab)
        return lab

    yield make
    for lab in labs:
        lab.host.release.set()
        lab.server.stop()


@pytest.fixture
def tls(authority: CertificateAuthority) -> t.Any:
    return authority.server_context("localhost", "127.0.0.1")


def pipeline(pool: pypsrp.powershell.RunspacePool, cmdlet: str, **parameters: t.Any) -> pypsrp.powershell.PowerShell:
    shell = pypsrp.powershell.PowerShell(pool)
    shell.add_cmdlet(cmdlet)
    shell.add_parameters(parameters)
    return shell


def invoke(pool: pypsrp.powershell.RunspacePool, cmdlet: str, **parameters: t.Any) -> list[t.Any]:
    return list(pipeline(pool, cmdlet, **parameters).invoke())


def reset_transport(connection: pypsrp.wsman.WSMan) -> None:
    """Forget connection and key, as a client must after losing the TCP connection."""
    connection.transport.close()
    connection.transport.session = None
    connection.transport.encryption = None


# Authentication


@pytest.mark.parametrize(
    "username",
    [
        f"{contoso.AD_NETBIOS}\\{contoso.ADMIN}",
        f"{contoso.ADMIN}@{contoso.AD_DOMAIN}",
        f"{contoso.AD_DOMAIN}\\{contoso.ADMIN}",
        contoso.ADMIN.upper(),
    ],
)
@pytest.mark.parametrize("auth", ["ntlm", "negotiate"])
def test_sealed_over_http(open_lab: OpenLab, username: str, auth: str) -> None:
    lab = open_lab()
    with lab.session(username=username, auth=auth) as pool:
        assert invoke(pool, "Get-Number", Count=2) == [0, 1]
    assert [call.user for call in lab.host.calls] == [contoso.ADMIN]


@pytest.mark.parametrize(
    "options", [{"auth": "ntlm"}, {"auth": "ntlm", "encryption": "always"}, {"auth": "basic", "username": contoso.ADMIN}]
)
def test_over_tls(open_lab: OpenLab, tls: t.Any, options: dict[str, str]) -> None:
    lab = open_lab(tls=tls, authentication=("Negotiate", "Basic"))
    with lab.session(**options) as pool:
        assert invoke(pool, "Get-Number", Count=1) == [0]
    assert [call.user for call in lab.host.calls] == [contoso.ADMIN]


def test_basic_is_refused_unless_offered(open_lab: OpenLab, tls: t.Any) -> None:
    lab = open_lab(tls=tls)
    with pytest.raises(pypsrp.exceptions.AuthenticationError), lab.session(auth="basic", username=contoso.ADMIN):
        pass


@pytest.mark.parametrize("auth", ["ntlm", "basic"])
def test_wrong_password(open_lab: OpenLab, tls: t.Any, auth: str) -> None:
    lab = open_lab(tls=tls, authentication=("Negotiate", "Basic"))
    with pytest.raises(pypsrp.exceptions.AuthenticationError), lab.session(auth=auth, password="wrong"):
        pass
    assert lab.server.open_shells == 0
    assert lab.traffic.counts[NAME] == 0


def test_unknown_user(open_lab: OpenLab) -> None:
    lab = open_lab()
    with pytest.raises(pypsrp.exceptions.AuthenticationError), lab.session(username="CONTOSO\\nobody"):
        pass


def test_challenge_names_the_schemes(open_lab: OpenLab) -> None:
    lab = open_lab(authentication=("Negotiate", "Basic"))
    status, headers, _body = post(lab.server.port, "/PowerShell/", b"<x/>", {})
    assert status == 401
    assert headers.get_all("WWW-Authenticate") == ["Negotiate", 'Basic realm="WSMAN"']


def test_untrusted_certificate(open_lab: OpenLab, tls: t.Any) -> None:
    lab = open_lab(tls=tls)
    with pytest.raises(requests.exceptions.SSLError), lab.session(cert_validation=True):
        pass


def test_one_password_per_account_in_a_process(open_lab: OpenLab) -> None:
    open_lab()
    other = WsmanServer({}, path="/wsman", accounts={contoso.ADMIN: "other"}, traffic=Traffic(), name="other")
    with pytest.raises(ValueError, match=contoso.ADMIN):
        other.start()
    other.stop()


def test_an_account_of_another_server_is_refused(open_lab: OpenLab) -> None:
    lab = open_lab()
    other = WsmanServer({}, path="/wsman", accounts={"somebody": "else"}, traffic=Traffic(), name="other")
    other.start()
    try:
        with pytest.raises(pypsrp.exceptions.AuthenticationError), lab.session(username="somebody", password="else"):
            pass
    finally:
        other.stop()


# HTTP


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, t.Any, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_unsealed_body_is_refused_without_tls(open_lab: OpenLab) -> None:
    lab = open_lab()
    with pytest.raises(pypsrp.exceptions.WinRMTransportError) as caught, lab.session(encryption="never"):
        pass
    assert caught.value.code == 500
    assert lab.traffic.counts[NAME] == 0


def test_basic_over_http_does_not_get_through(open_lab: OpenLab) -> None:
    lab = open_lab(authentication=("Basic",))
    with pytest.raises(pypsrp.exceptions.WinRMTransportError) as caught, lab.session(auth="basic", encryption="never"):
        pass
    assert caught.value.code == 500


def test_wrong_path(open_lab: OpenLab) -> None:
    lab = open_lab()
    assert post(lab.server.port, "/wsman", b"", {})[0] == 404


def test_bytes_and_requests_are_counted(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        invoke(pool, "Get-Number")
    operations = [what for what, _repeats in itertools.groupby(what for _server, what in lab.traffic.log)]
    assert operations == ["Create", "Receive", "Command", "Receive", "Delete"]
    assert lab.traffic.counts[NAME] == len(lab.traffic.log)
    assert lab.traffic.counts[f"{NAME}.bytes_in"] > 5000
    assert lab.traffic.counts[f"{NAME}.bytes_out"] > 5000


# Sessions


def test_wrong_configuration(open_lab: OpenLab) -> None:
    lab = open_lab()
    with (
        lab.connect() as connection,
        pytest.raises(pypsrp.exceptions.WSManFaultError, match=r"resource URI .*Microsoft\.PowerShell") as caught,
        pypsrp.powershell.RunspacePool(connection, configuration_name="Microsoft.PowerShell"),
    ):
        pass
    assert caught.value.code == 2150858811


def test_shell_quota_is_per_user(open_lab: OpenLab) -> None:
    lab = open_lab(max_shells=1)
    with lab.session():
        with pytest.raises(pypsrp.exceptions.WSManFaultError, match="a maximum of 1 concurrent shells") as caught, lab.session():
            pass
        assert caught.value.code == 2150859173
        with lab.session(username=contoso.USER):
            assert lab.server.open_shells == 2
    with lab.session():
        pass


def test_sessions_are_counted_and_closed(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        assert lab.server.open_shells == 1
        for _repeat in range(5):
            invoke(pool, "Get-Number")
    with lab.session():
        pass
    assert lab.server.open_shells == 0
    assert lab.traffic.counts[f"{NAME}.sessions"] == 2


def test_a_shell_that_nothing_is_asked_of_ends_after_its_idle_timeout(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.connect() as connection:
        pool = pypsrp.powershell.RunspacePool(connection, configuration_name=CONFIGURATION)
        pool.shell.idle_time_out = 900
        pool.open()
        for _repeat in range(3):
            lab.server.pass_time(600)
            invoke(pool, "Get-Number")
        assert lab.server.open_shells == 1
        lab.server.pass_time(901)
        assert lab.server.open_shells == 0
        with pytest.raises(pypsrp.exceptions.WSManFaultError) as caught:
            invoke(pool, "Get-Number")
        assert caught.value.code == 2150858843


def test_a_shell_belongs_to_its_user(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool, lab.connect(username=contoso.USER) as connection:
        own = pool.shell.wsman
        pool.shell.wsman = connection
        with pytest.raises(pypsrp.exceptions.WSManFaultError, match="shell was not found") as caught:
            invoke(pool, "Get-Number")
        pool.shell.wsman = own
        assert caught.value.code == 2150858843
        assert lab.host.calls == []


def test_a_client_can_ask_whether_its_shell_lives(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.connect() as connection:
        pool = pypsrp.powershell.RunspacePool(connection, configuration_name=CONFIGURATION, idle_timeout=300)
        pool.open()
        assert pool.shell.idle_time_out == "PT300S"
        assert pool.is_alive()
        shell_id = pool.shell._selector_set
        pool.close()
        with pytest.raises(pypsrp.exceptions.WSManFaultError, match="shell was not found"):
            connection.get(pool.shell.resource_uri, selector_set=shell_id)


def test_slow_session_start_can_be_interrupted(open_lab: OpenLab) -> None:
    lab = open_lab(session_delay=3600)
    failures: list[BaseException] = []

    def open_session() -> None:
        try:
            with lab.session():
                pass
        except (requests.exceptions.RequestException, pypsrp.exceptions.WinRMError) as exc:
            failures.append(exc)

    client = threading.Thread(target=open_session)
    arrived = threading.Event()
    arrive = lab.traffic.arrive
    lab.traffic.arrive = lambda server, what: (arrived.set(), arrive(server, what))[1]  # type: ignore[method-assign]
    client.start()
    assert arrived.wait(10)
    lab.server.stop()
    client.join(10)
    assert not client.is_alive()
    assert failures


def test_stop_ends_what_is_running(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.connect() as connection:
        pool = pypsrp.powershell.RunspacePool(connection, configuration_name=CONFIGURATION)
        pool.open()
        waiting = pipeline(pool, "Wait-Event")
        waiting.begin_invoke()
        assert lab.host.entered.wait(10)
        lab.host.release.set()
        before = {thread.name for thread in threading.enumerate()}
        assert any(name.startswith(("pipeline-", "wsman-")) for name in before)
        lab.server.stop()
        names = {thread.name for thread in threading.enumerate()}
        assert not any(name.startswith(("pipeline-", "wsman-")) for name in names)
        assert lab.server.open_shells == 0


# Pipelines


def test_statements_and_pipes(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Get-Number", Count=2).add_cmdlet("Get-Double").add_statement().add_cmdlet("Get-Number")
        assert list(shell.invoke()) == [0, 2, 0, 1, 2]
    assert [call.pipeline_input for call in lab.host.calls] == [[], [0, 1], []]


def test_nothing_flows_on_when_nothing_comes(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        assert list(pipeline(pool, "Get-Number", Count=0).add_cmdlet("Get-Double").invoke()) == []
    assert [call.cmdlet for call in lab.host.calls] == ["Get-Number"]


def test_input_from_the_client(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        assert list(pipeline(pool, "Get-Double").invoke([1, 2, 3])) == [2, 4, 6]


@pytest.mark.parametrize("first", ["", "Get-Number"])
def test_scripts_are_refused_whole(open_lab: OpenLab, first: str) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pypsrp.powershell.PowerShell(pool)
        if first:
            shell.add_cmdlet(first).add_statement()
        shell.add_script("Get-Number | % { $_ }")
        assert list(shell.invoke()) == []
        (error,) = shell.streams.error
    assert shell.state == pypsrp.complex_objects.PSInvocationState.FAILED
    assert error.fq_error == "ScriptsNotAllowed"
    assert "no-language mode" in str(error)
    assert error.reason == "ParseException"
    assert error.category == 17  # ParserError
    assert lab.host.calls == []


def test_non_terminating_error(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Get-Missing").add_statement().add_cmdlet("Get-Number")
        assert list(shell.invoke()) == ["before", 0, 1, 2]
        (error,) = shell.streams.error
    assert shell.state == pypsrp.complex_objects.PSInvocationState.COMPLETED
    assert error.fq_error.endswith("8288830C,GetMissing")
    assert error.reason == "ManagementObjectNotFoundException"
    assert error.activity == "Get-Missing"
    assert (error.target_name, error.target_type) == ("Outbound", "ADObjectId")
    assert str(error.target_object) == "Outbound"
    assert error.exception.types == [
        "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException",
        "System.Exception",
        "System.Object",
    ]


@pytest.mark.parametrize(
    ("action", "errors", "output"), [("SilentlyContinue", 0, ["before", 0]), ("Stop", 1, ["before"]), (1, 1, ["before"])]
)
def test_error_action(open_lab: OpenLab, action: str | int, errors: int, output: list[t.Any]) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Get-Missing", ErrorAction=action).add_statement()
        shell.add_cmdlet("Get-Number").add_parameter("Count", 1)
        assert list(shell.invoke()) == output
        assert len(shell.streams.error) == errors


def test_terminating_error(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Get-Nonsense").add_statement().add_cmdlet("Get-Number")
        assert list(shell.invoke()) == []
        (error,) = shell.streams.error
        assert invoke(pool, "Get-Number", Count=1) == [0]  # the session goes on
    assert shell.state == pypsrp.complex_objects.PSInvocationState.FAILED
    assert error.fq_error == "CommandNotFoundException"
    assert (error.target_name, error.target_type) == ("Get-Nonsense", "String")
    assert not error.activity


def test_warning(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Set-Connector")
        assert list(shell.invoke()) == []
        assert [record.message for record in shell.streams.warning] == ["No settings of 'Outbound' have been modified."]


def test_a_bug_of_a_model_is_loud(open_lab: OpenLab, capfd: pytest.CaptureFixture[str]) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Get-Bug")
        shell.invoke()
        (error,) = shell.streams.error
    assert error.fq_error == "LabFailure"
    assert "lab.objects does not know" in str(error)
    assert "lab.objects does not know" in capfd.readouterr().err


def test_stop_a_pipeline(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Wait-Event").add_statement().add_cmdlet("Get-Row")
        shell.begin_invoke()
        assert lab.host.entered.wait(10)
        shell.stop()
        assert shell.state == pypsrp.complex_objects.PSInvocationState.STOPPED
        lab.host.release.set()
        assert invoke(pool, "Get-Number", Count=1) == [0]
    lab.server.stop()  # joins the pipelines
    assert [call.cmdlet for call in lab.host.calls] == ["Wait-Event", "Get-Number"]


def test_receive_times_out_and_is_repeated(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pipeline(pool, "Wait-Event")
        shell.begin_invoke()
        assert lab.host.entered.wait(10)
        with pytest.raises(pypsrp.exceptions.WSManFaultError) as caught:
            pool.shell.receive("stdout", command_id=shell.id, timeout=0.1)
        assert caught.value.code == 2150858793
        lab.host.release.set()
        assert list(shell.end_invoke()) == ["done"]


# Values


def test_parameters_of_all_types(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        pool.exchange_keys()
        secret = pool.serialize("S3cret!", pypsrp.serializer.ObjectMeta("SS"))
        credential = pypsrp.complex_objects.PSCredential(username="relay", password="S3cret!")
        invoke(
            pool,
            "Get-Connector",
            Text="Grüße_x000A_\n<&>",
            Number=-7,
            Large=pool.serialize(2**40, pypsrp.serializer.ObjectMeta("I64")),
            Yes=True,
            No=False,
            Nothing=None,
            List=["a", 1, True, None],
            Table={"Add": ["x", "y"], "Remove": "z"},
            Bytes=b"\x00\xff",
            Id=GUID,
            Secret=secret,
            Credential=credential,
        )
    (call,) = lab.host.calls
    values = dict(call.parameters)
    assert values == {
        "Text": "Grüße_x000A_\n<&>",
        "Number": -7,
        "Large": 2**40,
        "Yes": True,
        "No": False,
        "Nothing": None,
        "List": ["a", 1, True, None],
        "Table": {"Add": ["x", "y"], "Remove": "z"},
        "Bytes": b"\x00\xff",
        "Id": str(GUID),
        "Secret": "S3cret!",
        "Credential": CredentialValue("relay", "S3cret!"),
    }
    assert {name: type(value) for name, value in values.items()} == {
        "Text": str,
        "Number": int,
        "Large": int,
        "Yes": bool,
        "No": bool,
        "Nothing": type(None),
        "List": list,
        "Table": dict,
        "Bytes": bytes,
        "Id": str,
        "Secret": SecretText,
        "Credential": CredentialValue,
    }
    assert [type(item) for item in values["List"]] == [str, int, bool, type(None)]
    assert [type(item) for item in values["Table"]] == [str, str]


def test_positional_and_large_parameters(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        shell = pypsrp.powershell.PowerShell(pool)
        shell.add_cmdlet("Get-Number").add_argument("first").add_parameter("Blob", b"\x30" * 600_000)
        shell.invoke()
    assert "Send" in {what for _server, what in lab.traffic.log}
    assert lab.host.calls[0].parameters == [(None, "first"), ("Blob", b"\x30" * 600_000)]


def test_flattened_objects(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        (value,) = invoke(pool, "Get-Connector")
    assert value.types == [CONNECTOR_TYPE, "System.Object"]
    assert str(value) == "Outbound"
    properties = value.adapted_properties
    spaces = properties.pop("AddressSpaces")
    assert spaces.types[0] == SPACES_TYPE
    assert spaces.property_sets == ["<LST><S>SMTP:contoso.com;1</S></LST>"]
    assert properties == {
        "Name": "Outbound",
        "Enabled": True,
        "Port": 25,
        "Size": 2**40,
        "Negative": -(2**40),
        "Ratio": 0.5,
        "TlsDomain": None,
        "Certificate": b"\x01\x02",
        "Guid": GUID,
        "WhenCreated": "2026-01-02T03:04:05Z",
        "Timeout": "PT1M10S",
        "Level": "Verbose",
        "Identity": "Outbound",
        "Id": "Outbound",
    }
    assert isinstance(value.extended_properties["RunspaceId"], uuid.UUID)
    assert len(value.extended_properties["SerializationData"]) >= 200


def test_rich_objects(open_lab: OpenLab) -> None:
    lab = open_lab(rich=True)
    with lab.session() as pool:
        (value,) = invoke(pool, "Get-Connector")
    properties = value.adapted_properties
    assert str(properties["Level"]) == "Verbose"
    assert properties["Level"].types == [
        *("Microsoft.Exchange.Data.ProtocolLoggingLevel", "System.Enum", "System.ValueType", "System.Object"),
    ]
    assert str(properties["Identity"]) == "Outbound"
    assert properties["Identity"].adapted_properties == {"Depth": 8}
    assert properties["Id"] is properties["Identity"]  # sent as a reference
    assert "<ToString>SMTP:contoso.com;1</ToString>" in properties["AddressSpaces"].property_sets[0]


def test_a_thousand_objects(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.session() as pool:
        rows = invoke(pool, "Get-Row")
    assert [row.adapted_properties["Number"] for row in rows] == list(range(1000))


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (datetime.timedelta(), "PT0S"),
        (datetime.timedelta(seconds=10), "PT10S"),
        (datetime.timedelta(minutes=-30), "-PT30M"),
        (datetime.timedelta(days=20), "P20D"),
        (datetime.timedelta(days=1, hours=2, seconds=3, milliseconds=40), "P1DT2H3.04S"),
    ],
)
def test_time_spans(duration: datetime.timedelta, text: str) -> None:
    value = wire.ObjectWriter(rich=False, runspace_id=GUID).output(duration)
    element = psrpcore.types.serialize(value, psrpcore.ServerRunspacePool()._cipher)
    assert (element.tag, element.text) == ("TS", text)


# Faults


@pytest.mark.parametrize(("lose", "executed"), [("request", 0), ("answer", 1)])
def test_lost_command(open_lab: OpenLab, lose: str, executed: int) -> None:
    lab = open_lab()
    with lab.connect() as connection:
        pool = pypsrp.powershell.RunspacePool(connection, configuration_name=CONFIGURATION)
        pool.open()
        lab.traffic.set_fault(Fault(at=1, lose=lose, once=True))
        with pytest.raises(requests.exceptions.ConnectionError):
            invoke(pool, "Wait-Event")
        if executed:
            assert lab.host.entered.wait(10)
        assert len(lab.host.calls) == executed

        # The client logs on again but sends what it sealed with the old key.
        with pytest.raises(pypsrp.exceptions.WinRMTransportError) as caught:
            invoke(pool, "Get-Number")
        assert (caught.value.code, caught.value.response_text) == (400, "")
        assert len(lab.host.calls) == executed

        reset_transport(connection)
        assert invoke(pool, "Get-Number", Count=1) == [0]
        lab.host.release.set()
        pool.close()
    assert lab.server.open_shells == 0


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_server_gone_for_good(open_lab: OpenLab, lose: str) -> None:
    lab = open_lab()
    with lab.connect() as connection:
        pool = pypsrp.powershell.RunspacePool(connection, configuration_name=CONFIGURATION)
        pool.open()
        lab.traffic.set_fault(Fault(at=1, lose=lose, once=False))
        for _repeat in range(3):
            with pytest.raises(requests.exceptions.ConnectionError):
                invoke(pool, "Get-Number")
            reset_transport(connection)
        lab.traffic.set_fault(None)
        pool.close()
    assert lab.server.open_shells == 0


def test_lost_connection_over_tls_is_mended_by_the_client(open_lab: OpenLab, tls: t.Any) -> None:
    lab = open_lab(tls=tls)
    with lab.session() as pool:
        lab.traffic.set_fault(Fault(at=1, lose="request", once=True))
        with pytest.raises(requests.exceptions.ConnectionError):
            invoke(pool, "Get-Number")
        assert invoke(pool, "Get-Number", Count=1) == [0]


def test_a_client_that_dies_leaves_its_shell(open_lab: OpenLab) -> None:
    lab = open_lab()
    with lab.connect() as connection:
        pypsrp.powershell.RunspacePool(connection, configuration_name=CONFIGURATION).open()
    assert lab.server.open_shells == 1
