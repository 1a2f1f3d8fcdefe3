# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role-based access control: which cmdlets an account's management roles give it.

Sources: "Built-in management roles" and "Built-in role groups" (Exchange Server permissions), "Feature permissions" for who may
run what. A cmdlet of no role is absent from the session, as one that the version does not have (dpaulson45/ExchangeLogCollector
issue 76); without any role there is no session at all.
"""

from __future__ import annotations

import dataclasses
import typing as t

from lab import contoso

_CONFIGURATION = (
    "Get-ExchangeServer",
    "Get-OrganizationConfig",
    "Get-HybridConfiguration",
    "Get-AcceptedDomain",
    "Get-SendConnector",
)
# assumed: which role holds a cmdlet, where the pages name features rather than cmdlets; no public page lists role entries.
ROLES: dict[str, frozenset[str]] = {
    "View-Only Configuration": frozenset(_CONFIGURATION),
    "Remote and Accepted Domains": frozenset(
        ("Get-AcceptedDomain", "New-AcceptedDomain", "Set-AcceptedDomain", "Remove-AcceptedDomain")
    ),
    "Send Connectors": frozenset(("Get-SendConnector", "New-SendConnector", "Set-SendConnector", "Remove-SendConnector")),
    # "Mail flow permissions", entries Message tracking and Queues.
    "Message Tracking": frozenset(("Get-MessageTrackingLog", "Get-TransportService")),
    "Transport Queues": frozenset(("Get-Queue", "Get-Message")),
    "Mail Recipients": frozenset(("Get-Group", "Get-Mailbox", "Get-Recipient", "Get-RemoteMailbox", "Update-Recipient")),
    "View-Only Recipients": frozenset(("Get-Group", "Get-Mailbox", "Get-Recipient", "Get-RemoteMailbox")),
    "Active Directory Permissions": frozenset(("Get-ADPermission", "Add-ADPermission", "Remove-ADPermission")),
}
EVERYTHING = "Organization Management"
ROLE_GROUPS: dict[str, tuple[str, ...]] = {
    "Recipient Management": ("Mail Recipients",),
    "View-Only Organization Management": ("View-Only Configuration", "View-Only Recipients"),
}


@dataclasses.dataclass(frozen=True)
class CustomRole:
    """A child of a role, with less in it ("Understanding management role entries": whole entries, or parameters of theirs).

    :param without: cmdlet to the parameters taken away; None for the cmdlet itself
    """

    parent: str
    without: t.Mapping[str, frozenset[str] | None]

    def entries(self) -> dict[str, frozenset[str]]:
        """Cmdlets to the parameters they lack."""
        left = {cmdlet: self.without.get(cmdlet, frozenset()) for cmdlet in ROLES[self.parent]}
        return {cmdlet: lacking for cmdlet, lacking in left.items() if lacking is not None}


def seed() -> dict[str, tuple[str, ...]]:
    """Account to role groups and roles: the administrator only."""
    return {contoso.ADMIN: (EVERYTHING,)}


class Permissions:
    """What one account may run.

    :param assigned: names of role groups and roles
    :param custom: custom roles by name
    """

    def __init__(self, assigned: tuple[str, ...], custom: t.Mapping[str, CustomRole]) -> None:
        self._all = EVERYTHING in assigned
        self._lacking: dict[str, frozenset[str]] = {}
        roles = {role for name in assigned for role in ROLE_GROUPS.get(name, (name,))}
        for role in roles - {EVERYTHING}:
            for cmdlet, lacking in (custom[role] if role in custom else CustomRole(role, {})).entries().items():
                # What one role lacks, another may have.
                self._lacking[cmdlet] = self._lacking.get(cmdlet, lacking) & lacking

    @property
    def any(self) -> bool:
        return self._all or bool(self._lacking)

    def allow(self, cmdlet: str) -> bool:
        return self._all or cmdlet in self._lacking

    def lacking(self, cmdlet: str) -> frozenset[str]:
        """Parameters of a cmdlet that its session does not have."""
        return frozenset() if self._all else self._lacking[cmdlet]


def account_name(user: str) -> str:
    """``DOMAIN\\name`` or ``name@realm`` to the plain name."""
    return user.rpartition("\\")[2].partition("@")[0].lower()
