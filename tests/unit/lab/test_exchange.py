# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Exchange model: its objects against real ones, accepted domains, send connectors, errors."""

from __future__ import annotations

import copy
import json
import pathlib
import re
import threading
import types
import typing as t
import xml.etree.ElementTree as ET

import pytest

from lab import contoso
from lab.directory.state import DirectoryState
from lab.exchange.endpoint import ExchangeHost, ExchangeState
from lab.powershell.objects import Call, CredentialValue, EnumValue, MultiValued, NetObject, PowerShellError, SecretText

CAPTURES = pathlib.Path(__file__).parents[1] / "plugins" / "plugin_utils" / "clixml"
NAMESPACE = "{http://schemas.microsoft.com/powershell/2004/04}"
GROUP = contoso.GROUP_DOMAIN
HYBRID = contoso.HYBRID_CONNECTOR
HYBRID_SPACE = "smtp:contoso.mail.onmicrosoft.com;1"
ERROR_ID = re.compile(
    r"\[Server=EX1,RequestId=[0-9a-f-]{36},TimeStamp=\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M\] "
    r"\[FailureCategory=Cmdlet-(?P<name>\w+)\] [0-9A-F]{1,8},"
    r"Microsoft\.Exchange\.Management\.SystemConfigurationTasks\.(?P<task>\w+)"
)


class Exchange:
    """A host with its state, called as the endpoint would."""

    def __init__(self) -> None:
        self.world = types.SimpleNamespace(lock=threading.RLock(), exchange=ExchangeState.seed(), directory=DirectoryState.seed())
        self.host = ExchangeHost(t.cast(t.Any, self.world))
        self.warnings: list[str] = []

    @property
    def state(self) -> ExchangeState:
        return t.cast(ExchangeState, self.world.exchange)

    def __call__(self, cmdlet: str, *positional: t.Any, pipeline: t.Sequence[t.Any] = (), **named: t.Any) -> list[NetObject]:
        self.warnings.clear()
        parameters: list[tuple[str | None, t.Any]] = [*((None, value) for value in positional), *named.items()]
        return self.host.run(Call(cmdlet, parameters, list(pipeline), contoso.ADMIN, self.warnings.append))

    def error(self, cmdlet: str, *positional: t.Any, **named: t.Any) -> PowerShellError:
        """The error of a call, which must leave the state as it was."""
        before = copy.deepcopy(self.state)
        with pytest.raises(PowerShellError) as caught:
            self(cmdlet, *positional, **named)
        assert self.state == before
        return caught.value

    def spaces(self, name: str = HYBRID) -> list[str]:
        return [str(space) for space in self.state.connector(name).address_spaces]


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def texts(value: t.Any) -> list[str]:
    assert isinstance(value, MultiValued)
    return [item.to_string if isinstance(item, NetObject) else getattr(item, "name", item) for item in value.items]


def is_no_op(exchange: Exchange, name: str) -> bool:
    return exchange.warnings == [f"The command completed successfully but no settings of '{name}' have been modified."]


# Objects


def real(name: str, index: int = 0) -> ET.Element:
    """An object of a captured file, its references to type names resolved."""
    root = ET.parse(CAPTURES / f"{name}.xml").getroot()  # noqa: S314 - our own test data
    names: dict[str | None, ET.Element] = {}
    for element in root.iter(f"{NAMESPACE}Obj"):
        for child in list(element):
            if tag(child) == "TN":
                names[child.get("RefId")] = child
            elif tag(child) == "TNRef":
                element.remove(child)
                element.insert(0, names[child.get("RefId")])
    return list(root)[index]


def tag(element: ET.Element) -> str:
    return element.tag.removeprefix(NAMESPACE)


def real_properties(element: ET.Element) -> dict[str, ET.Element]:
    properties = element.find(f"{NAMESPACE}Props")
    return {} if properties is None else {child.get("N", ""): child for child in properties}


def real_types(element: ET.Element) -> list[str]:
    return [child.text or "" for child in element.findall(f"{NAMESPACE}TN/{NAMESPACE}T")]


@pytest.mark.parametrize(
    ("cmdlet", "capture"),
    [
        ("Get-AcceptedDomain", "E19_Exchange_GetAcceptedDomain"),
        ("Get-SendConnector", "E19_Exchange_GetSendConnector"),
        ("Get-HybridConfiguration", "E19_Exchange_GetHybridConfiguration"),
        ("Get-ExchangeServer", "E16_Exchange_GetExchangeServer"),
    ],
)
def test_objects_are_built_as_real_ones(exchange: Exchange, cmdlet: str, capture: str) -> None:
    """Same type names, same properties in the same order, and the same kind of value in each."""
    captured, modelled = real(capture), exchange(cmdlet)[-1]
    assert modelled.type_names == real_types(captured)
    assert list(modelled.properties) == list(real_properties(captured))
    for name, element in real_properties(captured).items():
        value = modelled.properties[name]
        if tag(element) in ("Nil", "Ref") or value is None or not real_types(element):
            continue
        where = f"{cmdlet} {name}"
        if isinstance(value, NetObject):
            assert value.type_names == real_types(element), where
            assert list(value.properties) == list(real_properties(element)), where
        elif isinstance(value, EnumValue):
            assert value.type_name == real_types(element)[0], where
        elif isinstance(value, MultiValued):
            assert value.type_name == real_types(element)[0], where
            for item in element.findall(f"{NAMESPACE}LST/{NAMESPACE}Obj")[:1]:
                if value.items and isinstance(value.items[0], NetObject):
                    known = list(value.items[0].properties)
                    assert known == list(real_properties(item)), where


def test_texts_of_values_are_those_of_real_ones(exchange: Exchange) -> None:
    connector = next(item for item in exchange("Get-SendConnector") if item.to_string == "Internet").properties
    captured = real_properties(real("E19_Exchange_GetSendConnector"))
    for name in ("ConnectionInactivityTimeOut", "MaxMessageSize", "ExchangeVersion", "SourceRoutingGroup", "HomeMTA"):
        assert connector[name].to_string == captured[name].findtext(f"{NAMESPACE}ToString"), name
    assert texts(connector["AddressSpaces"]) == ["SMTP:*;1"]
    assert connector["SourceIPAddress"].properties["Address"] == 0


def test_wildcard_domain_as_a_real_one(exchange: Exchange) -> None:
    [created] = exchange("New-AcceptedDomain", "Contoso Wild", DomainName="*.contoso.local")
    domain_name = created.properties["DomainName"]
    captured = real_properties(real_properties(real("E19_Exchange_GetAcceptedDomain", 1))["DomainName"])
    for name, element in captured.items():
        assert str(domain_name.properties[name]).lower() == (element.text or "").lower(), name
    assert created.properties["MatchSubDomains"] is False


def test_identity_is_the_name_with_dn_and_guid(exchange: Exchange) -> None:
    [domain] = exchange("Get-AcceptedDomain", "contoso.com")
    identity = domain.properties["Identity"]
    assert identity.to_string == "contoso.com"
    assert identity.properties["DistinguishedName"] == domain.properties["DistinguishedName"]
    assert identity.properties["ObjectGuid"] == domain.properties["Guid"]
    assert identity.properties["Depth"] == domain.properties["DistinguishedName"].count(",")


def test_seed(exchange: Exchange) -> None:
    [server] = exchange("Get-ExchangeServer", Identity="ex1.corp.contoso.com")
    assert server.properties["AdminDisplayVersion"].to_string == "Version 15.2 (Build 1748.10)"
    assert server.properties["ServerRole"].name == "Mailbox"
    [hybrid] = exchange("Get-HybridConfiguration")
    assert texts(hybrid.properties["Domains"]) == ["contoso.com"]
    assert "CentralizedTransport" not in texts(hybrid.properties["Features"])
    [connector] = exchange("Get-SendConnector", HYBRID)
    assert connector.properties["TlsAuthLevel"].name == "DomainValidation"
    assert connector.properties["TlsDomain"].to_string == "mail.protection.outlook.com"
    assert texts(connector.properties["SourceTransportServers"]) == ["EX1"]
    [organization] = exchange("Get-OrganizationConfig")
    assert organization.properties["Name"] == contoso.EXCHANGE_ORGANIZATION
    defaults = {item.to_string: item.properties["Default"] for item in exchange("Get-AcceptedDomain")}
    assert defaults == {"contoso.com": True, "contoso.mail.onmicrosoft.com": False}


def test_equal_states_have_equal_views(exchange: Exchange) -> None:
    other = Exchange()
    for each in (exchange, other):
        each("New-AcceptedDomain", GROUP, DomainName=GROUP, DomainType="InternalRelay")
    assert exchange.state == other.state
    assert exchange.state.view() == other.state.view()
    assert json.loads(json.dumps(exchange.state.view())) == exchange.state.view()
    exchange("Set-AcceptedDomain", GROUP, DomainType="ExternalRelay")
    assert exchange.state.view() != other.state.view()


# Which cmdlets there are


@pytest.mark.parametrize("name", ["Select-Object", "Get-MailContact", "Get-UnifiedGroup", "New-Nonsense"])
def test_unknown_and_unmodelled_cmdlets_look_the_same(exchange: Exchange, name: str) -> None:
    error = exchange.error(name)
    assert error.message.startswith(f"The term '{name}' is not recognized as the name of a cmdlet,")
    assert (error.error_id, error.category, error.target) == ("CommandNotFoundException", "ObjectNotFound", name)
    assert error.terminating


def test_cmdlet_names_in_any_case(exchange: Exchange) -> None:
    assert exchange("get-accepteddomain", "CONTOSO.COM")


def test_version_follows_the_planted_build(exchange: Exchange) -> None:
    exchange.state.servers["EX1"].version = "15.0.1497.2"
    assert exchange("Get-ExchangeServer")[0].properties["AdminDisplayVersion"].to_string == "Version 15.0 (Build 1497.2)"
    error = exchange.error("Set-AcceptedDomain", "contoso.com", MatchSubDomains=True)
    assert error.error_id == "NamedParameterNotFound,Set-AcceptedDomain"


def test_no_hybrid_configuration(exchange: Exchange) -> None:
    exchange.state.hybrid = None
    assert exchange("Get-HybridConfiguration") == []


def test_servers_of_a_domain(exchange: Exchange) -> None:
    assert len(exchange("Get-ExchangeServer", Domain=contoso.AD_DOMAIN)) == 1
    assert exchange("Get-ExchangeServer", Domain="fabrikam.com") == []
    assert "'EX9'" in exchange.error("Get-ExchangeServer", "EX9").message


# Errors and confirmation


def test_not_found(exchange: Exchange) -> None:
    error = exchange.error("Set-AcceptedDomain", Identity="nowhere.com", DomainType="InternalRelay")
    assert error.message == (
        f"The operation couldn't be performed because object 'nowhere.com' couldn't be found on '{contoso.DC_HOST}'."
    )
    match = ERROR_ID.fullmatch(error.error_id)
    assert match and match["name"] == "ManagementObjectNotFoundException" and match["task"] == "SetAcceptedDomain"
    assert error.exception_type == "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException"
    assert (error.category, error.target, error.terminating) == ("NotSpecified", None, False)


def test_error_action(exchange: Exchange) -> None:
    assert exchange("Get-AcceptedDomain", "nowhere.com", ErrorAction="SilentlyContinue") == []
    assert exchange.error("Get-AcceptedDomain", "nowhere.com", ErrorAction="Stop").terminating


@pytest.mark.parametrize("cmdlet", ["Remove-AcceptedDomain", "Remove-SendConnector"])
def test_remove_asks_and_nobody_answers(exchange: Exchange, cmdlet: str) -> None:
    name = "contoso.mail.onmicrosoft.com" if "Domain" in cmdlet else HYBRID
    error = exchange.error(cmdlet, name)
    assert "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available." in error.message
    assert error.terminating
    exchange(cmdlet, name, Confirm=False)
    assert exchange.error(cmdlet, name, Confirm=False).category == "NotSpecified", "it is gone"


def test_confirm_on_a_cmdlet_that_does_not_ask(exchange: Exchange) -> None:
    assert exchange.error("Set-AcceptedDomain", "contoso.com", Name="x", Confirm=True).terminating


@pytest.mark.parametrize(
    ("cmdlet", "parameters"),
    [
        ("New-AcceptedDomain", {"Name": "x", "DomainName": "x.com"}),
        ("Set-AcceptedDomain", {"Identity": "contoso.com", "Name": "x"}),
        ("Remove-AcceptedDomain", {"Identity": "contoso.mail.onmicrosoft.com"}),
        ("New-SendConnector", {"Name": "x", "AddressSpaces": "x.com"}),
        ("Set-SendConnector", {"Identity": "Internet", "AddressSpaces": {"Add": "x.com"}}),
        ("Remove-SendConnector", {"Identity": "Internet"}),
    ],
)
def test_what_if_changes_nothing(exchange: Exchange, cmdlet: str, parameters: dict[str, t.Any]) -> None:
    before = copy.deepcopy(exchange.state)
    assert exchange(cmdlet, WhatIf=True, **parameters) == []
    assert exchange.state == before
    assert exchange.warnings == []


# Accepted domains


def test_the_procedures_accepted_domain(exchange: Exchange) -> None:
    [created] = exchange("New-AcceptedDomain", Name=GROUP, DomainName=GROUP, DomainType="InternalRelay")
    assert created.properties["DomainType"] == EnumValue(
        "Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomainType", "InternalRelay", 2
    )
    assert created.properties["AddressBookEnabled"] is False
    assert exchange("Get-AcceptedDomain", GROUP)[0].properties == created.properties


def test_new_domain_is_authoritative_by_default(exchange: Exchange) -> None:
    [created] = exchange("New-AcceptedDomain", "x", DomainName="x.com")
    assert created.properties["DomainType"].name == "Authoritative"
    assert created.properties["AddressBookEnabled"] is True
    assert created.properties["Default"] is False


def test_first_domain_is_the_default(exchange: Exchange) -> None:
    exchange.state.accepted_domains.clear()
    assert exchange("New-AcceptedDomain", "x", DomainName="x.com")[0].properties["Default"] is True


def test_domain_is_found_by_name_dn_and_guid_but_not_by_domain(exchange: Exchange) -> None:
    [created] = exchange("New-AcceptedDomain", "Groups", DomainName=GROUP)
    for identity in ("groups", created.properties["DistinguishedName"], str(created.properties["Guid"])):
        assert exchange("Get-AcceptedDomain", identity)[0].to_string == "Groups"
    exchange.error("Get-AcceptedDomain", GROUP)


def test_existing_name(exchange: Exchange) -> None:
    error = exchange.error("New-AcceptedDomain", "Contoso.com", DomainName="other.com")
    assert error.message.startswith(f"Active Directory operation failed on {contoso.DC_HOST}. The object 'CN=Contoso.com,CN=Acc")
    assert error.message.endswith(f"{contoso.BASE_DN}' already exists.")
    assert "[FailureCategory=Cmdlet-ADObjectAlreadyExistsException]" in error.error_id


def test_existing_domain_under_another_name(exchange: Exchange) -> None:
    error = exchange.error("New-AcceptedDomain", "Other", DomainName="CONTOSO.com")
    assert "[FailureCategory=Cmdlet-DuplicateAcceptedDomainException]" in error.error_id
    assert error.category == "ResourceExists"
    exchange("New-AcceptedDomain", "Other", DomainName="*.contoso.com")


def test_name_of_more_than_64_characters(exchange: Exchange) -> None:
    assert "maximum length is 64" in exchange.error("New-AcceptedDomain", "x" * 65, DomainName="x.com").message


def test_domain_name_cannot_be_changed(exchange: Exchange) -> None:
    error = exchange.error("Set-AcceptedDomain", "contoso.com", DomainName="x.com")
    assert error.error_id == "NamedParameterNotFound,Set-AcceptedDomain"


def test_change_of_a_domain(exchange: Exchange) -> None:
    exchange("New-AcceptedDomain", GROUP, DomainName=GROUP)
    changed_before = exchange("Get-AcceptedDomain", GROUP)[0].properties["WhenChangedUTC"]
    assert exchange("Set-AcceptedDomain", GROUP, DomainType="InternalRelay", MatchSubDomains=True, Name="Groups") == []
    assert exchange.warnings == []
    [domain] = exchange("Get-AcceptedDomain", "Groups")
    assert domain.properties["DomainType"].name == "InternalRelay"
    assert domain.properties["MatchSubDomains"] is True
    assert domain.properties["WhenChangedUTC"] > changed_before
    exchange("Set-AcceptedDomain", "Groups", DomainType="InternalRelay", MatchSubDomains=True)
    assert is_no_op(exchange, "Groups")


def test_warning_can_be_silenced(exchange: Exchange) -> None:
    exchange("Set-AcceptedDomain", "contoso.com", WarningAction="SilentlyContinue")
    assert exchange.warnings == []


def test_there_is_exactly_one_default_domain(exchange: Exchange) -> None:
    exchange("Set-AcceptedDomain", "contoso.mail.onmicrosoft.com", MakeDefault=True)
    defaults = [domain.name for domain in exchange.state.accepted_domains if domain.default]
    assert defaults == ["contoso.mail.onmicrosoft.com"]
    exchange("Set-AcceptedDomain", "contoso.mail.onmicrosoft.com", MakeDefault=True)
    assert is_no_op(exchange, "contoso.mail.onmicrosoft.com")


def test_default_domain_can_neither_be_given_up_nor_removed(exchange: Exchange) -> None:
    exchange.error("Set-AcceptedDomain", "contoso.com", MakeDefault=False)
    exchange.error("Remove-AcceptedDomain", "contoso.com", Confirm=False)
    exchange("Set-AcceptedDomain", "contoso.mail.onmicrosoft.com", MakeDefault=False)
    assert is_no_op(exchange, "contoso.mail.onmicrosoft.com")


def test_recreated_domain_is_another_object(exchange: Exchange) -> None:
    exchange("New-AcceptedDomain", "x", DomainName="x.com")
    exchange("Set-AcceptedDomain", "x", Name="y")
    [new] = exchange("New-AcceptedDomain", "x", DomainName="z.com")
    assert new.properties["Guid"] != exchange("Get-AcceptedDomain", "y")[0].properties["Guid"]


def test_domain_from_the_pipeline(exchange: Exchange) -> None:
    objects = exchange("Get-AcceptedDomain", "contoso.mail*")
    exchange("Set-AcceptedDomain", pipeline=objects, DomainType="ExternalRelay")
    assert exchange.state.domain("contoso.mail.onmicrosoft.com").domain_type == "ExternalRelay"


# Send connectors


def test_a_plain_list_replaces_the_address_spaces(exchange: Exchange) -> None:
    exchange("Set-SendConnector", Identity=HYBRID, AddressSpaces=[GROUP])
    assert exchange.spaces() == [f"smtp:{GROUP};1"]


def test_hashtable_adds_and_removes(exchange: Exchange) -> None:
    exchange("Set-SendConnector", HYBRID, AddressSpaces={"Add": [f"SMTP:{GROUP};1", "old.com"]})
    assert exchange.spaces() == [HYBRID_SPACE, f"SMTP:{GROUP};1", "smtp:old.com;1"]
    exchange("Set-SendConnector", HYBRID, AddressSpaces={"Add": "new.com;7", "Remove": ["SMTP:OLD.com"]})
    assert exchange.spaces() == [HYBRID_SPACE, f"SMTP:{GROUP};1", "smtp:new.com;7"]


@pytest.mark.parametrize("change", [{"Add": "SMTP:Contoso.Mail.OnMicrosoft.com;1"}, {"Remove": "absent.com"}])
def test_adding_what_is_there_and_removing_what_is_not(exchange: Exchange, change: dict[str, str]) -> None:
    exchange("Set-SendConnector", HYBRID, AddressSpaces=change)
    assert is_no_op(exchange, HYBRID)
    assert exchange.spaces() == [HYBRID_SPACE]


def test_another_cost_is_another_address_space(exchange: Exchange) -> None:
    exchange("Set-SendConnector", HYBRID, AddressSpaces={"Remove": "contoso.mail.onmicrosoft.com;2"})
    assert exchange.spaces() == [HYBRID_SPACE]


def test_last_address_space_cannot_be_removed(exchange: Exchange) -> None:
    exchange.error("Set-SendConnector", HYBRID, AddressSpaces={"Remove": HYBRID_SPACE})
    exchange.error("Set-SendConnector", HYBRID, AddressSpaces=[])


def test_concurrent_additions_are_all_kept(exchange: Exchange) -> None:
    names = [f"d{number}.com" for number in range(8)]
    hosts = [ExchangeHost(t.cast(t.Any, exchange.world)) for _name in names]
    barrier = threading.Barrier(len(names))

    def add(host: ExchangeHost, name: str) -> None:
        barrier.wait()
        host.run(Call("Set-SendConnector", [("Identity", HYBRID), ("AddressSpaces", {"Add": name})], [], contoso.ADMIN, print))

    threads = [threading.Thread(target=add, args=pair) for pair in zip(hosts, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(exchange.spaces()) == {HYBRID_SPACE, *(f"smtp:{name};1" for name in names)}


def test_wildcard_identity_as_in_microsofts_support_script(exchange: Exchange) -> None:
    exchange("Set-SendConnector", "Outbound to Office 365*", Comment="seen")
    assert exchange.state.connector(HYBRID).settings["Comment"] == "seen"
    error = exchange.error("Set-SendConnector", "*", Comment="all")
    assert "[FailureCategory=Cmdlet-ManagementObjectAmbiguousException]" in error.error_id
    assert len(exchange("Get-SendConnector", "*")) == 2
    assert exchange("Get-SendConnector", "None*") == []


def test_the_pages_bare_connector_name_is_not_found(exchange: Exchange) -> None:
    exchange.error("Set-SendConnector", "Outbound to Office 365", AddressSpaces=[GROUP])


def test_new_connector_has_documented_defaults(exchange: Exchange) -> None:
    [created] = exchange("New-SendConnector", "Partner", AddressSpaces=["fabrikam.com;5"], Partner=True)
    values = created.properties
    assert texts(values["AddressSpaces"]) == ["smtp:fabrikam.com;5"]
    assert (values["DNSRoutingEnabled"], values["Enabled"], values["Port"], values["RequireTLS"]) == (True, True, 25, False)
    assert values["MaxMessageSize"].to_string == "35 MB (36,700,160 bytes)"
    assert exchange("Get-SendConnector", str(values["Guid"]))[0].to_string == "Partner"


def test_all_settings_of_a_connector_are_kept(exchange: Exchange) -> None:
    settings: dict[str, t.Any] = {
        "AddressSpaces": "fabrikam.com",
        "CloudServicesMailEnabled": True,
        "Comment": "to Fabrikam",
        "ConnectionInactivityTimeOut": "00:15:00",
        "ConnectorType": "XPremises",
        "DNSRoutingEnabled": False,
        "Enabled": False,
        "ErrorPolicies": "DowngradeDnsFailures",
        "Fqdn": "mail.contoso.com",
        "MaxMessageSize": "10MB",
        "Port": 587,
        "ProtocolLoggingLevel": "Verbose",
        "RequireTLS": True,
        "SmartHosts": ["10.0.0.1", "relay.fabrikam.com"],
        "SmtpMaxMessagesPerConnection": 5,
        "SourceTransportServers": "ex1.corp.contoso.com",
        "TlsAuthLevel": "CertificateValidation",
        "TlsCertificateName": "<I>CN=CA<S>CN=mail.contoso.com",
    }
    exchange("New-SendConnector", "Fabrikam", **settings)
    values = exchange("Get-SendConnector", "Fabrikam")[0].properties
    assert values["ConnectionInactivityTimeOut"].to_string == "00:15:00"
    assert values["MaxMessageSize"].to_string == "10 MB (10,485,760 bytes)"
    assert values["ProtocolLoggingLevel"].name == "Verbose"
    assert texts(values["SmartHosts"]) == ["[10.0.0.1]", "relay.fabrikam.com"]
    assert values["SmartHostsString"] == "[10.0.0.1],relay.fabrikam.com"
    assert texts(values["SourceTransportServers"]) == ["EX1"]
    assert values["TlsCertificateName"].properties["SubjectCommonName"] == "mail.contoso.com"
    assert (values["Enabled"], values["Port"], values["SmtpMaxMessagesPerConnection"]) == (False, 587, 5)
    settings.pop("AddressSpaces")
    exchange("Set-SendConnector", "Fabrikam", **settings)
    assert is_no_op(exchange, "Fabrikam")


def test_connector_rename_and_removal(exchange: Exchange) -> None:
    assert "already exists" in exchange.error("Set-SendConnector", "Internet", Name=HYBRID).message
    exchange("Set-SendConnector", "Internet", Name="Default route")
    exchange("Remove-SendConnector", "Default route", Confirm=False)
    assert [item.to_string for item in exchange("Get-SendConnector")] == [HYBRID]


def test_existing_connector_name(exchange: Exchange) -> None:
    error = exchange.error("New-SendConnector", "internet", AddressSpaces="x.com")
    assert "The object 'CN=internet,CN=Connections,CN=Exchange Routing Group (DWBGZMFD01QNBJR)," in error.message


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"SmartHosts": "relay.com"}, "DNSRoutingEnabled"),
        ({"DNSRoutingEnabled": False}, "SmartHosts"),
        ({"AddressSpaces": {"Add": "X400:c=US;a=x;1"}}, "SMTP"),
        ({"RequireTLS": True, "IgnoreSTARTTLS": True}, "IgnoreSTARTTLS"),
        ({"TlsAuthLevel": "EncryptionOnly"}, "RequireTLS"),
        (
            {
                "RequireTLS": True,
                "TlsAuthLevel": "DomainValidation",
                "DNSRoutingEnabled": False,
                "SmartHosts": "relay.com",
            },
            "TlsDomain",
        ),
        ({"SmartHostAuthMechanism": "BasicAuth"}, "AuthenticationCredential"),
        ({"Port": 65536}, "port"),
        ({"ConnectionInactivityTimeOut": "2.00:00:00"}, "ConnectionInactivityTimeOut"),
    ],
)
def test_values_that_do_not_go_together(exchange: Exchange, parameters: dict[str, t.Any], word: str) -> None:
    error = exchange.error("Set-SendConnector", "Internet", **parameters)
    assert word in error.message
    assert ERROR_ID.fullmatch(error.error_id)


def test_unknown_source_server(exchange: Exchange) -> None:
    assert "'EX7'" in exchange.error("Set-SendConnector", "Internet", SourceTransportServers={"Add": "EX7"}).message


def test_usages_exclude_each_other(exchange: Exchange) -> None:
    exchange.error("New-SendConnector", "x", AddressSpaces="x.com", Internet=True, Usage="Partner")


def test_password_of_a_connector_is_never_shown(exchange: Exchange) -> None:
    credential = CredentialValue("relay-user", SecretText("hidden-secret"))
    exchange(
        "New-SendConnector",
        "Relay",
        AddressSpaces="fabrikam.com",
        SmartHosts="relay.fabrikam.com",
        DNSRoutingEnabled=False,
        SmartHostAuthMechanism="BasicAuth",
        AuthenticationCredential=credential,
    )
    [connector] = exchange("Get-SendConnector", "Relay")
    assert connector.properties["AuthenticationCredential"].properties == {"UserName": "relay-user"}
    assert "hidden-secret" not in repr(exchange.state) + repr(connector) + json.dumps(exchange.state.view())
