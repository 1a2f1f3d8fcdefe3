# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the lab's Microsoft Entra tenant: domains, licences, sync features, and the applications that may log on.

``lab.cloud.graph_api`` answers Microsoft Graph requests from it, ``lab.cloud.token_endpoint`` issues the tokens.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from lab import contoso
from lab.cloud import unified_group
from lab.cloud.exchange_online import ExchangeOnlineState
from lab.cloud.unified_group import UnifiedGroup

AAD_PREMIUM = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
EXCHANGE_S_ENTERPRISE = "efb87545-963c-4e0d-99df-69c6916d9eb0"
M365_E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"

# onPremisesDirectorySynchronizationFeature, with the values its reference page shows.
DEFAULT_FEATURES = {
    "blockCloudObjectTakeoverThroughHardMatchEnabled": False,
    "blockSoftMatchEnabled": False,
    "bypassDirSyncOverridesEnabled": False,
    "cloudPasswordPolicyForPasswordSyncedUsersEnabled": False,
    "concurrentCredentialUpdateEnabled": False,
    "concurrentOrgIdProvisioningEnabled": False,
    "deviceWritebackEnabled": False,
    "directoryExtensionsEnabled": False,
    "fopeConflictResolutionEnabled": False,
    "groupWriteBackEnabled": False,
    "passwordSyncEnabled": True,
    "passwordWritebackEnabled": False,
    "quarantineUponProxyAddressesConflictEnabled": True,
    "quarantineUponUpnConflictEnabled": True,
    "softMatchOnUpnEnabled": True,
    "synchronizeUpnForManagedUsersEnabled": True,
    "unifiedGroupWritebackEnabled": True,
    "userForcePasswordChangeOnLogonEnabled": False,
    "userWritebackEnabled": False,
}


@dataclasses.dataclass
class Application:
    """An app registration with its application permissions.

    :ivar roles: permissions granted with admin consent; a token carries those of the moment it is issued
    :ivar expired_secrets: secrets whose time has run out
    :ivar certificates: PEM certificates it may sign a client assertion with
    :ivar delegated: permissions it has on behalf of a signed-in user
    :ivar public_client: "Allow public client flows"
    :ivar managed_identity: it is the identity of an Azure machine: "system" or "user" assigned, or "" when it is none
    """

    client_id: str
    roles: list[str]
    secrets: list[str] = dataclasses.field(default_factory=list)
    expired_secrets: list[str] = dataclasses.field(default_factory=list)
    certificates: list[str] = dataclasses.field(default_factory=list)
    delegated: list[str] = dataclasses.field(default_factory=list)
    public_client: bool = False
    managed_identity: str = ""


@dataclasses.dataclass
class DeviceCode:
    """A device code that has been given out: ``authorization_pending``, ``authorization_declined``, ``expired_token``,
    ``slow_down`` (once, then pending), or ``""`` when the user has signed in.
    """

    client_id: str
    user_code: str
    status: str = "authorization_pending"


@dataclasses.dataclass
class AccessToken:
    """A token that has been issued. It has no clock: it is valid until ``expired`` is planted."""

    client_id: str
    roles: list[str]
    expired: bool = False


@dataclasses.dataclass
class Domain:
    """A domain of the tenant (Graph's domain resource type).

    :ivar mail_exchange: the host that receives its mail
    :ivar records_unavailable: planted: why its service records cannot be told (domainDnsUnavailableRecord)
    """

    name: str
    verified: bool = False
    root: bool = False
    default: bool = False
    initial: bool = False
    services: list[str] = dataclasses.field(default_factory=list)
    mail_exchange: str = ""
    records_unavailable: str | None = None

    def __post_init__(self) -> None:
        self.mail_exchange = self.mail_exchange or default_mail_exchange(self.name)

    @property
    def verification_code(self) -> str:
        """Eight digits, always the same for a domain, in its ``MS=ms########`` record."""
        return f"{int(hashlib.sha256(self.name.encode()).hexdigest(), 16) % 10**8:08d}"

    @property
    def verification_text(self) -> str:
        """The text of the record that proves ownership."""
        return f"MS=ms{self.verification_code}"


@dataclasses.dataclass
class Licence:
    """A subscription (Graph's subscribedSku); plans map servicePlanName to servicePlanId."""

    sku_part_number: str
    sku_id: str
    plans: dict[str, str]
    status: str = "Enabled"
    units: int = 25
    consumed: int = 14


@dataclasses.dataclass
class Refusal:
    """A planted answer to one Graph request: 429 or a 5xx, Retry-After in seconds or absent.

    :ivar carried_out: the request is carried out all the same, as behind a gateway that did not wait
    """

    status: int = 429
    retry_after: int | None = 1
    carried_out: bool = False


@dataclasses.dataclass
class TenantState:
    """The tenant as Microsoft's side holds it, and the faults planted on it.

    :ivar features: what GET /directory/onPremisesSynchronization says is switched on
    :ivar groups: its Microsoft 365 Groups
    :ivar online: its users and Exchange Online
    :ivar refusals: the next so many Graph requests are answered with these; None lets one through
    :ivar page_size: objects on a page of a list; None: all
    :ivar unseen_verifications: so many verify calls do not yet see a record that is there
    :ivar lag: so many reads after a write still see the domains as they were before it
    """

    tenant_id: str
    display_name: str
    domains: dict[str, Domain]
    licences: list[Licence]
    features: dict[str, bool]
    applications: dict[str, Application]
    sync_enabled: bool = True
    groups: list[UnifiedGroup] = dataclasses.field(default_factory=list)
    online: ExchangeOnlineState = dataclasses.field(default_factory=ExchangeOnlineState)
    tokens: dict[str, AccessToken] = dataclasses.field(default_factory=dict)
    device_codes: dict[str, DeviceCode] = dataclasses.field(default_factory=dict)
    refusals: list[Refusal | None] = dataclasses.field(default_factory=list)
    page_size: int | None = None
    unseen_verifications: int = 0
    lag: int = 0
    _stale_domains: dict[str, Domain] = dataclasses.field(default_factory=dict, init=False)
    _stale_reads: int = dataclasses.field(default=0, init=False)

    @classmethod
    def seed(cls) -> TenantState:
        """The tenant before the procedure: hybrid, licensed, its root domain verified, no domain for groups yet."""
        domains = [
            Domain(contoso.TENANT, verified=True, root=True, initial=True, services=["Email"]),
            Domain("contoso.com", verified=True, root=True, default=True, services=["Email"]),
            Domain("contoso.mail.onmicrosoft.com", verified=True, services=["Email"]),
        ]
        roles = [
            "Domain.ReadWrite.All",
            "Group-Conversation.Read.All",
            "GroupMember.ReadWrite.All",
            "Mail.Read",
            "Mail.Send",
            "OnPremDirectorySynchronization.Read.All",
            "Organization.Read.All",
            "User.Read.All",
        ]
        return cls(
            tenant_id=contoso.TENANT_ID,
            display_name="Contoso",
            domains={domain.name: domain for domain in domains},
            licences=[
                Licence(
                    "SPE_E3",
                    M365_E3,
                    {"AAD_PREMIUM": AAD_PREMIUM, "EXCHANGE_S_ENTERPRISE": EXCHANGE_S_ENTERPRISE},
                )
            ],
            features=dict(DEFAULT_FEATURES),
            groups=unified_group.seed(),
            applications={
                contoso.CLIENT_ID: Application(
                    contoso.CLIENT_ID, roles, secrets=[contoso.CLIENT_SECRET], delegated=list(roles), public_client=True
                ),
                contoso.SYSTEM_IDENTITY_ID: Application(contoso.SYSTEM_IDENTITY_ID, list(roles), managed_identity="system"),
                contoso.USER_IDENTITY_ID: Application(contoso.USER_IDENTITY_ID, list(roles), managed_identity="user"),
            },
        )

    def view(self) -> dict[str, t.Any]:
        """Domains, licences and sync features; no tokens, no secrets."""
        return {
            "domains": {
                domain.name: {
                    "verified": domain.verified,
                    "root": domain.root,
                    "default": domain.default,
                    "initial": domain.initial,
                    "services": sorted(domain.services),
                    "mail_exchange": domain.mail_exchange,
                }
                for domain in self.domains.values()
            },
            "licences": {
                licence.sku_part_number: {"status": licence.status, "plans": sorted(licence.plans)} for licence in self.licences
            },
            "features": dict(self.features),
            "groups": [group.view() for group in self.groups],
            "exchange_online": self.online.view(),
        }

    def is_named(self, tenant: str) -> bool:
        """Whether a name in a login URL means this tenant: its id or one of its verified domains."""
        domain = self.domains.get(tenant.lower())
        return tenant.lower() == self.tenant_id or (domain is not None and domain.verified)

    def verified_root_of(self, name: str) -> Domain | None:
        """The verified root domain a name lies below."""
        for domain in self.domains.values():
            if domain.root and domain.verified and name.endswith(f".{domain.name}"):
                return domain
        return None

    def written(self, before: dict[str, Domain]) -> None:
        """A write is done; reads may lag behind it (Graph documentation: reads come from replicas).

        :param before: the domains before it
        """
        self._stale_domains, self._stale_reads = before, self.lag

    def replica(self) -> TenantState:
        """What one read sees: the tenant, or, for as long as it lags, the tenant with the domains before the last write."""
        if not self._stale_reads:
            return self
        self._stale_reads -= 1
        return dataclasses.replace(self, domains=self._stale_domains)

    def expire_tokens(self) -> None:
        """Plant: every token issued so far has run out."""
        for token in self.tokens.values():
            token.expired = True


def default_mail_exchange(name: str) -> str:
    """The host Exchange Online receives a domain's mail on: groups-contoso-com.mail.protection.outlook.com.

    # assumed: for a name with hyphens, these go and a short code follows (Microsoft says only that the host is to be read
    # from serviceConfigurationRecords). What matters: it cannot be computed from the name.
    """
    label = name.replace("-", "").replace(".", "-")
    code = "0i" if "-" in name else ""
    return f"{label}{code}.mail.protection.outlook.com"
