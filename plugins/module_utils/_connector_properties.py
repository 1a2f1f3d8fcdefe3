# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The single-valued properties of a send connector: option, parameter, and how two values are compared.

Source: New-SendConnector and Set-SendConnector references, the parameters of Exchange Server 2013 and later. Parameter and
property of the object have one name.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_values as values
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import EXCHANGE_2016


def _as_it_is(value: t.Any) -> t.Any:
    return value


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of value.

    :param spec: of the module's option
    :param parse: from the option, or from what a server shows, to a value that can be compared; raises ValueError
    :param write: from that value to the parameter
    """

    spec: t.Mapping[str, t.Any]
    parse: t.Callable[[t.Any], t.Any] = _as_it_is
    write: t.Callable[[t.Any], t.Any] = _as_it_is


def _enumeration(*names: str) -> Kind:
    """One of these names; what a server of another version shows stays as it is."""
    known = {name.lower(): name for name in names}
    return Kind({"type": "str", "choices": list(names)}, lambda value: known.get(str(value).lower(), value))


def _flags(*names: str) -> Kind:
    """Several of these names; a server shows them with commas between."""

    def parse(value: t.Any) -> tuple[str, ...]:
        items = value if isinstance(value, list) else str(value).split(",")
        return tuple(sorted({item.strip() for item in items if item.strip()}))

    return Kind({"type": "list", "elements": "str", "choices": list(names)}, parse, ", ".join)


def _number(low: int, high: int) -> Kind:
    def parse(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"{value} is not a whole number from {low} to {high}.")
        return value

    return Kind({"type": "int"}, parse)


_BOOL = Kind({"type": "bool"})
_TEXT = Kind({"type": "str"}, str)
# Names of hosts and domains; an empty one takes the setting away.
_NAME = Kind({"type": "str"}, lambda value: str(value).strip().lower() or None)
_CERTIFICATE = Kind({"type": "str"}, lambda value: str(value).strip() or None)
_SIZE = Kind({"type": "str"}, values.parse_size, values.format_size)
_TIME_SPAN = Kind({"type": "str"}, values.parse_time_span, values.format_time_span)
_ADDRESS = Kind({"type": "str"}, values.parse_ip_address)
_TLS_AUTH_LEVEL = _enumeration("None", "EncryptionOnly", "CertificateValidation", "DomainValidation")


@dataclasses.dataclass(frozen=True)
class Property:
    """One property.

    :param since: first version of Exchange that has it, where that is later than 2013
    """

    option: str
    parameter: str
    kind: Kind
    since: tuple[int, int] | None = None

    def wanted(self, value: t.Any) -> t.Any:
        """The option's value for comparing.

        :raises ValueError: names the option
        """
        try:
            return None if value is None else self.kind.parse(value)
        except ValueError as exc:
            raise ValueError(f"{self.option}: {exc}") from exc

    def read(self, value: t.Any) -> t.Any:
        """What a server shows, for comparing; a form we do not know is kept, never refused."""
        if value is None:
            return None
        try:
            return self.kind.parse(value)
        except ValueError:
            return value

    def to_parameter(self, value: t.Any) -> t.Any:
        return None if value is None else self.kind.write(value)

    def shown(self, value: t.Any) -> t.Any:
        """For results and differences."""
        if isinstance(value, tuple):
            return list(value)
        return None if value is None else self.kind.write(value)


@dataclasses.dataclass(frozen=True)
class NullableEnumeration(Property):
    """Not set is a value of its own; the option calls it V(None)."""

    def read(self, value: t.Any) -> t.Any:
        return "None" if value is None else super().read(value)

    def to_parameter(self, value: t.Any) -> t.Any:
        return None if value == "None" else super().to_parameter(value)


@dataclasses.dataclass(frozen=True)
class ClearableText(Property):
    """Not set is empty."""

    def wanted(self, value: t.Any) -> t.Any:
        return None if value is None else super().wanted(value) or ""

    def read(self, value: t.Any) -> t.Any:
        return super().read(value) or ""

    def to_parameter(self, value: t.Any) -> t.Any:
        return value or None


PROPERTIES: tuple[Property, ...] = (
    Property("enabled", "Enabled", _BOOL),
    ClearableText("comment", "Comment", _TEXT),
    Property("dns_routing_enabled", "DNSRoutingEnabled", _BOOL),
    Property("port", "Port", _number(0, 65535)),
    ClearableText("fqdn", "Fqdn", _NAME),
    Property("source_ip_address", "SourceIPAddress", _ADDRESS),
    Property("max_message_size", "MaxMessageSize", _SIZE),
    Property("connection_inactivity_timeout", "ConnectionInactivityTimeOut", _TIME_SPAN),
    Property("smtp_max_messages_per_connection", "SmtpMaxMessagesPerConnection", _number(0, 2147483647)),
    Property("protocol_logging_level", "ProtocolLoggingLevel", _enumeration("None", "Verbose")),
    Property("require_tls", "RequireTLS", _BOOL),
    Property("ignore_starttls", "IgnoreSTARTTLS", _BOOL),
    NullableEnumeration("tls_auth_level", "TlsAuthLevel", _TLS_AUTH_LEVEL),
    ClearableText("tls_domain", "TlsDomain", _NAME),
    ClearableText("tls_certificate_name", "TlsCertificateName", _CERTIFICATE),
    Property("domain_secure_enabled", "DomainSecureEnabled", _BOOL),
    Property(
        "smart_host_auth_mechanism",
        "SmartHostAuthMechanism",
        _enumeration("None", "BasicAuth", "BasicAuthRequireTLS", "ExchangeServer", "ExternalAuthoritative"),
    ),
    Property("cloud_services_mail_enabled", "CloudServicesMailEnabled", _BOOL),
    Property("require_oorg", "RequireOorg", _BOOL),
    Property("force_helo", "ForceHELO", _BOOL),
    Property("frontend_proxy_enabled", "FrontendProxyEnabled", _BOOL),
    Property("use_external_dns_servers_enabled", "UseExternalDNSServersEnabled", _BOOL),
    Property("is_scoped_connector", "IsScopedConnector", _BOOL),
    Property(
        "error_policies",
        "ErrorPolicies",
        _flags("Default", "DowngradeDnsFailures", "DowngradeCustomFailures", "UpgradeCustomFailures"),
    ),
    Property("connector_type", "ConnectorType", _enumeration("Default", "XPremises"), EXCHANGE_2016),
)

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {item.option: dict(item.kind.spec) for item in PROPERTIES}
