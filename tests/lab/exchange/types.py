# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of Exchange parameters: how their arguments are read, by the type names of the cmdlet reference.

Sources: the parameter pages of New-/Set-SendConnector and New-/Set-AcceptedDomain; full type names and the numbers of
enumeration values from objects of real servers in the test data of microsoft/CSS-Exchange.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
import typing as t

from lab.exchange import multivalued
from lab.exchange.address_space import AddressSpace
from lab.exchange.smtp_domain import SmtpDomain, is_host_name
from lab.powershell.binding import Parameter, basic_conversion
from lab.powershell.conversion import ConversionError, EnumType, failure, to_enum, to_string
from lab.powershell.objects import CredentialValue

_DATA = "Microsoft.Exchange.Data"
_CONFIGURATION = f"{_DATA}.Directory.SystemConfiguration"

ENUMS = {
    "AcceptedDomainType": EnumType(
        f"{_CONFIGURATION}.AcceptedDomainType", {"Authoritative": 0, "ExternalRelay": 1, "InternalRelay": 2}
    ),
    "ProtocolLoggingLevel": EnumType(f"{_DATA}.ProtocolLoggingLevel", {"None": 0, "Verbose": 1}),
    # assumed: numbers other than 0 in the enumerations below; the names are documented.
    "ErrorPolicies": EnumType(
        f"{_DATA}.ErrorPolicies",
        {"Default": 0, "DowngradeDnsFailures": 1, "DowngradeCustomFailures": 2, "UpgradeCustomFailures": 4},
        flags=True,
    ),
    "AuthMechanisms": EnumType(
        f"{_CONFIGURATION}.SmtpSendConnectorConfig+AuthMechanisms",
        {"None": 0, "BasicAuth": 2, "BasicAuthRequireTLS": 4, "ExchangeServer": 8, "ExternalAuthoritative": 16},
    ),
    "TenantConnectorType": EnumType(f"{_DATA}.SendConnectorType", {"Default": 0, "XPremises": 1}),
    "TlsAuthLevel": EnumType(f"{_DATA}.TlsAuthLevel", {"EncryptionOnly": 1, "CertificateValidation": 2, "DomainValidation": 3}),
    "UsageType": EnumType(
        "Microsoft.Exchange.Management.SystemConfigurationTasks.NewSendConnector+UsageType",
        {"Custom": 0, "Internal": 1, "Internet": 2, "Partner": 3},
    ),
}

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB)?(?:\s*\([\d,]+ bytes\))?", re.IGNORECASE)
_UNITS = {"B": 0, "KB": 1, "MB": 2, "GB": 3, "TB": 4}
_MAX_BYTES = 2147483647  # New-SendConnector reference, MaxMessageSize
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}))?")
_X509_IDENTIFIER = re.compile(r"<I>(?P<issuer>.+)<S>(?P<subject>.+)")


def convert(parameter: Parameter, value: t.Any) -> t.Any:
    """Convert an argument to its parameter's type.

    Enumerations become their name, so that the state stays plain data.

    :raises ConversionError: the value does not fit
    """
    name = parameter.type_name
    if name == "MultiValuedProperty":
        parse_item, item_type = _ELEMENTS[parameter.name]
        return multivalued.parse(value, parse_item, f"{_DATA}.MultiValuedProperty`1[{item_type}]")
    if name in ENUMS:
        # assumed: TlsAuthLevel is a nullable enumeration, the others are not.
        return None if value is None and name == "TlsAuthLevel" else to_enum(ENUMS[name], value).name
    if parameter.name == "ResultSize":
        return _to_count(value)
    if name in _CONVERTERS:
        return _CONVERTERS[name](value)
    if name.endswith("IdParameter"):
        return _to_identity(value, name)
    if name.endswith("IdParameter[]"):
        return [_to_identity(item, name.removesuffix("[]")) for item in (value if isinstance(value, (list, tuple)) else [value])]
    return basic_conversion(parameter, value)


def _to_identity(value: t.Any, name: str) -> str | None:
    if isinstance(value, dict):
        # Text seen in office-docs-powershell pull request 3299.
        raise ConversionError(
            "Cannot convert hashtable to an object of the following type: Microsoft.Exchange.Configuration.Tasks."
            f"{name}. Hashtable-to-Object conversion is not supported in restricted language mode or a Data section."
        )
    return None if value is None else to_string(value)


def _to_fqdn(value: t.Any) -> str | None:
    text = to_string(value)
    if not text:
        return None
    if not is_host_name(text):
        # assumed: no sample of this text is public.
        raise failure(value, f"{_DATA}.Fqdn", f'"{text}" isn\'t a valid FQDN.')
    return text


def _to_smtp_domain(value: t.Any) -> SmtpDomain | None:
    return None if value is None else SmtpDomain.parse(value)


def _to_smart_host(value: t.Any) -> str:
    """A host name, or an IP address with or without brackets (New-SendConnector reference, SmartHosts)."""
    text = to_string(value).strip()
    address = text.removeprefix("[").removesuffix("]")
    try:
        return f"[{ipaddress.ip_address(address)}]"
    except ValueError:
        if is_host_name(text):
            return text
    # assumed: no sample of this text is public.
    raise failure(value, f"{_DATA}.SmartHost", f"'{text}' isn't a valid smart host.")


def _to_ip_address(value: t.Any) -> str:
    try:
        return str(ipaddress.ip_address(to_string(value)))
    except ValueError:
        raise failure(value, "System.Net.IPAddress", "An invalid IP address was specified.") from None


def _to_size(value: t.Any) -> int | None:
    """Bytes, rounded up to whole kilobytes; None is unlimited."""
    type_name = f"{_DATA}.Unlimited`1[{_DATA}.ByteQuantifiedSize]"
    text = to_string(value).strip()
    if text.lower() == "unlimited":
        return None
    match = _SIZE.fullmatch(text)
    size = float(match[1]) * 1024 ** _UNITS[(match[2] or "B").upper()] if match else -1.0
    if not 0 <= size <= _MAX_BYTES:
        # assumed: the range is documented, the text is not.
        raise failure(value, type_name, f'"{text}" isn\'t a valid size.')
    return -int(-size // 1024) * 1024


def _to_count(value: t.Any) -> int | None:
    """How many objects; None is unlimited."""
    text = to_string(value).strip()
    if text.lower() == "unlimited":
        return None
    if not text.isdecimal():
        # assumed: the text.
        raise failure(value, f"{_DATA}.Unlimited`1[System.UInt32]", f'"{text}" isn\'t a number.')
    return int(text)


def _to_time_span(value: t.Any) -> datetime.timedelta:
    if isinstance(value, datetime.timedelta):
        return value
    match = _TIME_SPAN.fullmatch(to_string(value).strip())
    if match is None:
        raise failure(value, f"{_DATA}.EnhancedTimeSpan", "String was not recognized as a valid TimeSpan.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return datetime.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _to_x509_identifier(value: t.Any) -> str | None:
    """``<I>issuer<S>subject`` (New-SendConnector reference, TlsCertificateName)."""
    text = to_string(value)
    if not text:
        return None
    if not _X509_IDENTIFIER.fullmatch(text):
        # assumed: no sample of this text is public.
        raise failure(value, f"{_DATA}.SmtpX509Identifier", f"'{text}' isn't a valid X.509 identifier.")
    return text


def _to_credential(value: t.Any) -> CredentialValue | None:
    if value is None or isinstance(value, CredentialValue):
        return value
    type_name = "System.Management.Automation.PSCredential"
    raise ConversionError(f'Cannot convert the value of type "System.String" to type "{type_name}".')


_CONVERTERS: dict[str, t.Callable[[t.Any], t.Any]] = {
    "EnhancedTimeSpan": _to_time_span,
    "Fqdn": _to_fqdn,
    "IPAddress": _to_ip_address,
    "PSCredential": _to_credential,
    "SmtpDomainWithSubdomains": _to_smtp_domain,
    "SmtpX509Identifier": _to_x509_identifier,
    "Unlimited": _to_size,
}

_ELEMENTS: dict[str, tuple[multivalued.Parse, str]] = {
    "AddressSpaces": (AddressSpace.parse, f"{_DATA}.AddressSpace"),
    "SmartHosts": (_to_smart_host, f"{_DATA}.SmartHost"),
    "SourceTransportServers": (to_string, "Microsoft.Exchange.Configuration.Tasks.ServerIdParameter"),
}
