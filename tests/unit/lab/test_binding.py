# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameter binding: PowerShell's rules and errors, with the Exchange cmdlets' table and with syntaxes of our own."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from lab.exchange import multivalued
from lab.exchange.address_space import AddressSpace
from lab.exchange.cmdlet_table import find_syntax, product_of
from lab.exchange.smtp_domain import SmtpDomain
from lab.exchange.types import convert
from lab.powershell.binding import Binding, Parameter, Syntax, bind
from lab.powershell.objects import Call, CredentialValue, NetObject, PowerShellError, SecretText

SE, E2019, E2016, E2013 = (f"Exchange Server {name}" for name in ("SE", "2019", "2016", "2013"))
EITHER = Syntax(
    "Get-Thing",
    {
        "Identity": Parameter("Identity", position=1, from_pipeline=True),
        "Domain": Parameter("Domain"),
        "DomainList": Parameter("DomainList", "String[]"),
        "Count": Parameter("Count", "Int32", position=2),
        "Force": Parameter("Force", "SwitchParameter", aliases=("f",)),
    },
    {
        "One": {"Identity": True, "Count": False, "Force": False},
        "Many": {"Domain": True, "DomainList": False, "Count": False, "Force": False},
    },
    "Contoso.GetThing",
)


def call(cmdlet: str, *positional: t.Any, pipeline: t.Sequence[t.Any] = (), **named: t.Any) -> Call:
    parameters: list[tuple[str | None, t.Any]] = [*((None, value) for value in positional), *named.items()]
    return Call(cmdlet, parameters, list(pipeline), "CONTOSO\\admin", print)


def exchange(cmdlet: str, *positional: t.Any, product: str = E2019, **named: t.Any) -> dict[str, t.Any]:
    syntax = find_syntax(cmdlet, product)
    assert syntax is not None
    [binding] = bind(syntax, call(cmdlet, *positional, **named), convert)
    return binding.parameters


def thing(*positional: t.Any, **named: t.Any) -> Binding:
    [binding] = bind(EITHER, call("Get-Thing", *positional, **named))
    return binding


def refused(function: t.Callable[..., t.Any], *args: t.Any, **kwargs: t.Any) -> PowerShellError:
    with pytest.raises(PowerShellError) as caught:
        function(*args, **kwargs)
    assert caught.value.terminating, "the engine's errors end the pipeline"
    return caught.value


def test_names_in_any_case_and_positional_arguments() -> None:
    assert thing("x", 3).parameters == {"Identity": "x", "Count": 3}
    assert thing(IDENTITY="x", count="3").parameters == {"Identity": "x", "Count": 3}


def test_positions_skip_what_is_bound_by_name() -> None:
    assert thing(5, Identity="x").parameters == {"Identity": "x", "Count": 5}


def test_beginning_of_a_name_and_alias() -> None:
    assert thing("x", Co=3, f=None).parameters == {"Identity": "x", "Count": 3, "Force": True}


def test_exact_name_wins_over_longer_one() -> None:
    assert thing(Domain="x").parameters == {"Domain": "x"}


def test_ambiguous_beginning() -> None:
    error = refused(thing, Do="x")
    assert error.error_id == "AmbiguousParameter,Contoso.GetThing"
    assert "-Domain -DomainList" in error.message


def test_unknown_parameter_names_the_cmdlet_in_an_exchange_session() -> None:
    error = refused(exchange, "Get-AcceptedDomain", Bogus=1)
    assert error.message == "A parameter cannot be found that matches parameter name 'Bogus'."
    assert error.error_id == "NamedParameterNotFound,Get-AcceptedDomain"
    assert (error.category, error.exception_type) == (
        "InvalidArgument",
        "System.Management.Automation.ParameterBindingException",
    )


def test_same_parameter_twice() -> None:
    twice = Call("Get-Thing", [("Identity", "x"), ("identity", "y")], [], "u", print)
    assert refused(bind, EITHER, twice).error_id == "ParameterAlreadyBound,Contoso.GetThing"


def test_too_many_positional_arguments() -> None:
    error = refused(thing, "x", 1, "extra")
    assert error.error_id == "PositionalParameterNotFound,Contoso.GetThing"
    assert "'extra'" in error.message


def test_parameters_of_two_sets() -> None:
    error = refused(exchange, "Get-ExchangeServer", Identity="EX1", Domain="contoso.com")
    assert error.message == "Parameter set cannot be resolved using the specified named parameters."
    assert error.error_id == "AmbiguousParameterSet,Get-ExchangeServer"


def test_set_is_chosen_by_what_is_given() -> None:
    assert thing(Domain="x").parameter_set == "Many"
    assert exchange("Get-ExchangeServer") == {}


def test_missing_mandatory_parameter() -> None:
    error = refused(exchange, "New-AcceptedDomain", Name="x")
    assert error.message == ("Cannot process command because of one or more missing mandatory parameters: DomainName.")
    assert error.error_id == "MissingMandatoryParameter,New-AcceptedDomain"


def test_mandatory_only_in_its_own_set() -> None:
    """New-SendConnector's second set is of 2010 only, so today AddressSpaces cannot be left out."""
    assert "AddressSpaces." in refused(exchange, "New-SendConnector", Name="x").message
    assert exchange("New-SendConnector", Name="x", product="Exchange Server 2010") == {"Name": "x"}


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "Null"), ("", "EmptyString"), ([], "EmptyCollection")], ids=["null", "text", "list"]
)
def test_empty_value_of_a_mandatory_parameter(value: t.Any, kind: str) -> None:
    error = refused(exchange, "New-SendConnector", Name="x", AddressSpaces=value)
    assert error.error_id == f"ParameterArgumentValidationError{kind}NotAllowed,New-SendConnector"
    assert exchange("Set-SendConnector", Identity="x", Comment="")["Comment"] == ""


def test_parameter_of_a_later_version_is_unknown() -> None:
    assert exchange("Set-AcceptedDomain", "x", MatchSubDomains=True, product=E2016)["MatchSubDomains"] is True
    error = refused(exchange, "Set-AcceptedDomain", "x", MatchSubDomains=True, product=E2013)
    assert error.error_id == "NamedParameterNotFound,Set-AcceptedDomain"


def test_cloud_cmdlets_and_parameters_are_not_on_premises() -> None:
    assert find_syntax("Get-OutboundConnector", SE) is None
    assert refused(exchange, "Get-AcceptedDomain", ResultSize=5).error_id.startswith("NamedParameterNotFound")


@pytest.mark.parametrize(
    ("version", "product"),
    [
        ("15.0.1497.2", E2013),
        ("15.1.2507.6", E2016),
        ("15.2.1748.10", E2019),
        ("15.2.2562.17", SE),
        ("14.3.123.4", "Exchange Server 2010"),
    ],
)
def test_product_of_a_build(version: str, product: str) -> None:
    assert product_of(version) == product


def test_switches() -> None:
    for value, expected in ((None, True), (True, True), (False, False), (0, False)):
        assert exchange("Set-SendConnector", "x", WhatIf=value)["WhatIf"] is expected
    error = refused(exchange, "Set-SendConnector", "x", wi="yes")
    assert 'Cannot convert value "System.String" to type "System.Management.Automation.SwitchParameter"' in error.message


def test_boolean_takes_no_text() -> None:
    error = refused(exchange, "Set-AcceptedDomain", "x", MakeDefault="true")
    assert error.message == (
        "Cannot process argument transformation on parameter 'MakeDefault'. Cannot convert value \"System.String\" to "
        'type "System.Boolean". Boolean parameters accept only Boolean values and numbers, such as $True, $False, 1 or 0.'
    )
    assert error.error_id == "ParameterArgumentTransformationError,Set-AcceptedDomain"
    assert error.category == "InvalidData"
    assert error.exception_type.endswith(".ParameterBindingArgumentTransformationException")
    assert exchange("Set-AcceptedDomain", "x", MakeDefault=1)["MakeDefault"] is True


def test_compiled_cmdlets_say_bind_instead_of_transform() -> None:
    error = refused(thing, "x", Count="many")
    assert error.error_id == "CannotConvertArgumentNoMessage,Contoso.GetThing"
    assert error.message.startswith('Cannot bind parameter \'Count\'. Cannot convert value "many" to type "System.Int32".')


def test_common_parameters_are_kept_apart() -> None:
    binding = thing("x", ErrorAction="Stop", wa="SilentlyContinue")
    assert binding.parameters == {"Identity": "x"}
    assert binding.warnings_hidden
    assert not thing("x").warnings_hidden


@pytest.mark.parametrize("action", ["Continue", "Stop", "SilentlyContinue"])
def test_error_action(action: str) -> None:
    def command() -> list[t.Any]:
        raise PowerShellError("no", error_id="x", category="NotSpecified", exception_type="X")

    binding = thing("x", ErrorAction=action)
    if action == "SilentlyContinue":
        assert binding.run(command) == []
        return
    with pytest.raises(PowerShellError) as caught:
        binding.run(command)
    assert caught.value.terminating is (action == "Stop")


def test_each_object_of_the_pipeline_is_bound() -> None:
    items = [NetObject(["X"], "first", {}), "second"]
    bindings = bind(EITHER, call("Get-Thing", Count=1, pipeline=items))
    assert [binding.parameters["Identity"] for binding in bindings] == ["first", "second"]


@pytest.mark.parametrize("value", ["InternalRelay", "internalrelay", "Int", 2])
def test_enumeration(value: t.Any) -> None:
    assert exchange("Set-AcceptedDomain", "x", DomainType=value)["DomainType"] == "InternalRelay"


@pytest.mark.parametrize("value", ["Relay", "", 7])
def test_wrong_enumeration_value(value: t.Any) -> None:
    error = refused(exchange, "Set-AcceptedDomain", "x", DomainType=value)
    assert 'to type "Microsoft.Exchange.Data.Directory.SystemConfiguration.AcceptedDomainType"' in error.message


def test_flags_enumeration() -> None:
    expected = "DowngradeDnsFailures, UpgradeCustomFailures"
    for value in ("downgradednsfailures,UpgradeCustomFailures", ["DowngradeDnsFailures", "UpgradeCustomFailures"]):
        assert exchange("Set-SendConnector", "x", ErrorPolicies=value)["ErrorPolicies"] == expected


@pytest.mark.parametrize("value", ["contoso.com", "*.contoso.com", "*", "xn--bcher-kva.example", "local"])
def test_smtp_domain(value: str) -> None:
    assert exchange("New-AcceptedDomain", "x", DomainName=value)["DomainName"] == SmtpDomain(value)


@pytest.mark.parametrize(
    "value", ["*contoso.com", "mail.*.contoso.com", "bücher.example", "a b.com", ".com", "a..b", "-a.com", "a" * 64 + ".com"]
)
def test_invalid_smtp_domain(value: str) -> None:
    error = refused(exchange, "New-AcceptedDomain", "x", DomainName=value)
    assert error.message == (
        f"Cannot process argument transformation on parameter 'DomainName'. Cannot convert value \"{value}\" to type "
        f'"Microsoft.Exchange.Data.SmtpDomainWithSubdomains". Error: ""{value}" isn\'t a valid SMTP domain."'
    )


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("contoso.com", "smtp:contoso.com;1"),
        ("SMTP:Contoso.com", "SMTP:Contoso.com;1"),
        ("smtp:contoso.com; 5", "smtp:contoso.com;5"),
        ("contoso.com;100", "smtp:contoso.com;100"),
        ("*", "smtp:*;1"),
        ("*.com", "smtp:*.com;1"),
        ("X400:c=US;p=Fabrikam;a=Contoso;o=Sales;1", "X400:c=US;p=Fabrikam;a=Contoso;o=Sales;1"),
        ("Fax:any text", "Fax:any text;1"),
    ],
)
def test_address_space(text: str, stored: str) -> None:
    [space] = exchange("Set-SendConnector", "x", AddressSpaces=text)["AddressSpaces"]
    assert str(space) == stored


@pytest.mark.parametrize(
    "text", ["*contoso.com", "contoso.com;0", "contoso.com;101", "contoso.com;x", "contoso.com;", "contoso.com;-1", "SMTP:", ""]
)
def test_invalid_address_space(text: str) -> None:
    error = refused(exchange, "Set-SendConnector", "x", AddressSpaces=["fine.com", text])
    assert error.error_id == "ParameterArgumentTransformationError,Set-SendConnector"
    assert 'type "Microsoft.Exchange.Data.MultiValuedProperty`1[Microsoft.Exchange.Data.AddressSpace]"' in error.message


def test_address_spaces_compare_in_any_case_but_with_cost() -> None:
    space = AddressSpace.parse("SMTP:Contoso.com;1")
    assert space == AddressSpace.parse("contoso.COM")
    assert space != AddressSpace.parse("contoso.com;2")
    assert len({space, AddressSpace.parse("contoso.com")}) == 1


def test_multivalued_hashtable() -> None:
    change = exchange("Set-SendConnector", "x", AddressSpaces={"add": ["a.com", "b.com"], "Remove": "c.com"})["AddressSpaces"]
    assert isinstance(change, multivalued.Change)
    assert [[str(space) for space in part] for part in (change.add, change.remove)] == [
        ["smtp:a.com;1", "smtp:b.com;1"],
        ["smtp:c.com;1"],
    ]


@pytest.mark.parametrize("value", [{"Set": "a.com"}, {"Add": "*a.com"}, ["a.com", "SMTP:A.com;1"]])
def test_wrong_multivalued_argument(value: t.Any) -> None:
    error = refused(exchange, "Set-SendConnector", "x", AddressSpaces=value)
    assert error.error_id == "ParameterArgumentTransformationError,Set-SendConnector"


def test_a_value_twice_in_a_list() -> None:
    error = refused(exchange, "Set-SendConnector", "x", AddressSpaces=["a.com", "a.com"])
    assert error.message.endswith("Error: \"The value 'smtp:a.com;1' is already present in the collection.\"")


@pytest.mark.parametrize(
    ("parameter", "value", "result"),
    [
        ("MaxMessageSize", "35MB", 35 * 1024**2),
        ("MaxMessageSize", "35 MB (36,700,160 bytes)", 36_700_160),
        ("MaxMessageSize", 1000, 1024),
        ("MaxMessageSize", "Unlimited", None),
        ("ConnectionInactivityTimeOut", "00:15:00", datetime.timedelta(minutes=15)),
        ("ConnectionInactivityTimeOut", "1.00:00:00", datetime.timedelta(days=1)),
        ("SmartHosts", ["10.0.0.1", "mail.contoso.com"], ["[10.0.0.1]", "mail.contoso.com"]),
        ("SmartHosts", None, []),
        ("TlsAuthLevel", None, None),
        ("TlsCertificateName", "<I>CN=CA<S>CN=mail", "<I>CN=CA<S>CN=mail"),
        ("Fqdn", "", None),
        ("SourceIPAddress", "10.0.0.2", "10.0.0.2"),
        ("Port", "2525", 2525),
    ],
)
def test_other_types(parameter: str, value: t.Any, result: t.Any) -> None:
    assert exchange("Set-SendConnector", "x", **{parameter: value})[parameter] == result


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("MaxMessageSize", "much"),
        ("MaxMessageSize", "3GB"),
        ("ConnectionInactivityTimeOut", "soon"),
        ("SmartHosts", ["not a host"]),
        ("TlsAuthLevel", "Strict"),
        ("TlsCertificateName", "CN=mail"),
        ("Fqdn", "mail contoso"),
        ("SourceIPAddress", "10.0.0.256"),
        ("Port", 2**31),
        ("AuthenticationCredential", "user"),
        ("Identity", {"Name": "x"}),
    ],
)
def test_wrong_values_of_other_types(parameter: str, value: t.Any) -> None:
    arguments = {"Identity": "x", parameter: value}
    error = refused(exchange, "Set-SendConnector", **arguments)
    assert error.error_id == "ParameterArgumentTransformationError,Set-SendConnector"
    assert f"on parameter '{parameter}'" in error.message


def test_no_error_shows_a_password() -> None:
    credential = CredentialValue("user", SecretText("hidden"))
    error = refused(exchange, "Set-SendConnector", "x", Port=credential)
    assert "hidden" not in error.message
