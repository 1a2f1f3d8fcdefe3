# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small Exchange value types as .NET objects, with the properties objects of real servers show.

Source: CLIXML of real sessions in the test data of microsoft/CSS-Exchange.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
import typing as t
import uuid

from lab import contoso
from lab.exchange.address_space import AddressSpace
from lab.exchange.smtp_domain import SmtpDomain
from lab.powershell.objects import EnumValue, MultiValued, NetObject

DATA = "Microsoft.Exchange.Data"
AD_OBJECT_ID = f"{DATA}.Directory.ADObjectId"
CONFIGURATION_DN = f"CN=Configuration,{contoso.BASE_DN}"
# All captured configuration objects carry this one, whatever the forest.
_PARTITION_GUID = uuid.UUID("59ce2f71-eaa2-4ddf-a4fa-f25069d0b324")
_SCHEMA_GUIDS = uuid.uuid5(uuid.NAMESPACE_DNS, f"schema.{contoso.AD_DOMAIN}")
_RDN_SEPARATOR = re.compile(r"(?<!\\),")


def qualified(type_name: str, assembly: str = DATA) -> str:
    """A type name with its assembly, as generic arguments are written."""
    return f"{type_name}, {assembly}, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35"


def multivalued(item_type: str, items: t.Iterable[t.Any]) -> MultiValued:
    """An Exchange MultiValuedProperty."""
    return MultiValued(f"{DATA}.MultiValuedProperty`1[[{qualified(item_type)}]]", list(items))


def ad_multivalued(item_type: str, items: t.Iterable[t.Any]) -> MultiValued:
    """An ADMultiValuedProperty, for values of the directory layer."""
    return MultiValued(f"{DATA}.Directory.ADMultiValuedProperty`1[[{qualified(item_type, f'{DATA}.Directory')}]]", list(items))


def strings(*items: str) -> MultiValued:
    """A MultiValuedProperty of System.String."""
    corlib = "System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
    return MultiValued(f"{DATA}.MultiValuedProperty`1[[{corlib}]]", list(items))


def escape_rdn(value: str) -> str:
    """A value as it stands in a distinguished name (RFC 4514 2.4)."""
    return re.sub(r'([,+"\\<>;])', r"\\\1", value)


def canonical_name(distinguished_name: str) -> str:
    """``corp.contoso.com/Staff/Name``."""
    rdns, names = _parts(distinguished_name)
    containers = [name for rdn, name in zip(rdns, names, strict=True) if not rdn.upper().startswith("DC=")]
    return "/".join([contoso.AD_DOMAIN, *reversed(containers)])


def _parts(distinguished_name: str) -> tuple[list[str], list[str]]:
    """The relative names, and their values."""
    rdns = _RDN_SEPARATOR.split(distinguished_name)
    return rdns, [rdn.partition("=")[2].replace("\\", "") for rdn in rdns]


def ad_object_id(distinguished_name: str, guid: uuid.UUID, *, canonical: bool = False) -> NetObject:
    """An ADObjectId. Exchange's own objects show their name, others their canonical path."""
    rdns, names = _parts(distinguished_name)
    path = canonical_name(distinguished_name)
    return NetObject(
        [AD_OBJECT_ID, f"{DATA}.ObjectId", "System.Object"],
        path if canonical else names[0],
        {
            "OrgHierarchyToIgnore": None,
            "IsDeleted": False,
            "Rdn": rdns[0],
            "Parent": path.rpartition("/")[0] if canonical else names[1],
            "Depth": len(rdns) - 1,
            "DistinguishedName": distinguished_name,
            "IsRelativeDn": False,
            "DomainId": contoso.AD_DOMAIN,
            "PartitionGuid": _PARTITION_GUID,
            "PartitionFQDN": contoso.AD_DOMAIN,
            "ObjectGuid": guid,
            "Name": names[0],
        },
    )


def object_category(schema_name: str) -> NetObject:
    """The class of an object as its schema entry, such as ms-Exch-Accepted-Domain."""
    return ad_object_id(f"CN={schema_name},CN=Schema,{CONFIGURATION_DN}", uuid.uuid5(_SCHEMA_GUIDS, schema_name), canonical=True)


def object_version(minor: int, build: str) -> NetObject:
    """An ExchangeObjectVersion, such as ``0.20 (15.0.0.0)``."""
    return NetObject(
        [f"{DATA}.ExchangeObjectVersion", "System.Object"],
        f"0.{minor} ({build})",
        {
            "NextMajorVersion": "1.0 (0.0.0.0)",
            "NextMinorVersion": f"0.{minor + 1} (0.0.0.0)",
            "Major": 0,
            "Minor": minor,
            "ExchangeBuild": build,
        },
    )


def organization_id() -> NetObject:
    """On premises there is one organization and it has no name."""
    return NetObject(
        [f"{DATA}.Directory.OrganizationId", "System.Object"],
        "None",
        {"OrganizationalUnit": None, "ConfigurationUnit": None, "IsConsumerOrganization": False, "IdForEventLog": ""},
    )


def object_state(name: str = "Unchanged") -> EnumValue:
    return EnumValue(f"{DATA}.ObjectState", name, {"Unchanged": 1, "Changed": 2}[name])


def smtp_domain_with_subdomains(domain: SmtpDomain) -> NetObject:
    return NetObject(
        [f"{DATA}.SmtpDomainWithSubdomains", "System.Object"],
        domain.address,
        {
            "Address": domain.address,
            "IncludeSubDomains": domain.include_subdomains,
            "Domain": domain.domain,
            "SmtpDomain": None if domain.is_star else domain.domain,
            "IsStar": domain.is_star,
        },
    )


def smtp_domain(text: str) -> NetObject:
    return NetObject([f"{DATA}.SmtpDomain", "System.Object"], text, {"Domain": text})


def autodiscover_domain(text: str) -> NetObject:
    return NetObject(
        [f"{DATA}.AutoDiscoverSmtpDomain", f"{DATA}.SmtpDomain", "System.Object"],
        text,
        {"AutoDiscover": False, "Domain": text},
    )


def address_space(space: AddressSpace) -> NetObject:
    wildcard = space.is_smtp and space.address.startswith("*")
    return NetObject(
        [f"{DATA}.AddressSpace", "System.Object"],
        str(space),
        {
            "Address": space.address,
            "Type": space.type,
            "Cost": space.cost,
            "IncludeSubDomains": wildcard,
            "Domain": space.address.removeprefix("*.") if space.is_smtp else None,
            "IsSmtpType": space.is_smtp,
            "IsX400Type": space.type.upper() == "X400",
            "X400Address": space.address if space.type.upper() == "X400" else None,
        },
    )


def ip_address(text: str) -> NetObject:
    address = ipaddress.ip_address(text)
    number = int.from_bytes(address.packed, "little") if address.version == 4 else None
    flags = ("IsIPv6Multicast", "IsIPv6LinkLocal", "IsIPv6SiteLocal", "IsIPv6Teredo", "IsIPv4MappedToIPv6")
    return NetObject(
        ["System.Net.IPAddress", "System.Object"],
        text,
        {
            "Address": number,
            "AddressFamily": "InterNetwork" if address.version == 4 else "InterNetworkV6",
            **dict.fromkeys(flags, False),
            "IPAddressToString": text,
        },
    )


def smart_host(text: str) -> NetObject:
    is_address = text.startswith("[")
    address = text.strip("[]") if is_address else "0.0.0.0"  # noqa: S104 - what a real smart host by name shows
    return NetObject(
        [f"{DATA}.SmartHost", "System.Object"],
        text,
        {"Address": ip_address(address), "IsIPAddress": is_address, "Domain": None if is_address else text},
    )


def x509_identifier(text: str) -> NetObject:
    issuer, _tag, subject = text.removeprefix("<I>").partition("<S>")
    common_name = re.search(r"CN=([^,]+)", subject)
    return NetObject(
        [f"{DATA}.SmtpX509Identifier", "System.Object"],
        text,
        {
            "CertificateSubject": subject,
            "CertificateIssuer": issuer,
            "SubjectCommonName": common_name[1] if common_name else None,
        },
    )


def fqdn(text: str) -> NetObject:
    # assumed: the property; captured connectors have no Fqdn.
    return NetObject([f"{DATA}.Fqdn", f"{DATA}.SmtpDomain", "System.Object"], text, {"Domain": text})


def time_span(value: datetime.timedelta) -> NetObject:
    hours, seconds = divmod(value.seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    days = f"{value.days}." if value.days else ""
    total = value.total_seconds()
    return NetObject(
        [f"{DATA}.EnhancedTimeSpan", "System.ValueType", "System.Object"],
        f"{days}{hours:02}:{minutes:02}:{seconds:02}",
        {
            "Days": value.days,
            "Hours": hours,
            "Milliseconds": 0,
            "Minutes": minutes,
            "Seconds": seconds,
            "Ticks": int(total) * 10_000_000,
            "TotalDays": total / 86400,
            "TotalHours": total / 3600,
            "TotalMilliseconds": total * 1000,
            "TotalMinutes": total / 60,
            "TotalSeconds": total,
            "Sign": (total > 0) - (total < 0),
        },
    )


def unlimited_size(size: int | None) -> NetObject:
    """An Unlimited ByteQuantifiedSize, such as ``35 MB (36,700,160 bytes)``; None is ``Unlimited``."""
    text = "Unlimited" if size is None else size_text(size)
    return NetObject(
        [f"{DATA}.Unlimited`1[[{qualified(f'{DATA}.ByteQuantifiedSize')}]]", "System.ValueType", "System.Object"],
        text,
        {"IsUnlimited": size is None, "Value": None if size is None else text},
    )


def size_text(size: int) -> str:
    """The text of a ByteQuantifiedSize: the largest unit that fits, with up to four digits."""
    value, unit = float(size), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.4g} {unit} ({size:,} bytes)"
