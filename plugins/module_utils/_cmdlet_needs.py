# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Which cmdlets the playbooks run, and who may run those."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError

PLAYBOOKS = ("hybrid_groups", "address_list_refresh", "verify", "known_issues", "rollback")
_PROCEDURE, _REFRESH, _VERIFY, _ISSUES, _ROLLBACK = PLAYBOOKS


@dataclasses.dataclass(frozen=True)
class Need:
    """One cmdlet that playbooks run, with its parameters, and who may run it."""

    cmdlet: str
    parameters: tuple[str, ...]
    held_by: str
    playbooks: tuple[str, ...]


_ACCEPTED_DOMAINS = "the role Remote and Accepted Domains (role group Organization Management)"
_SEND_CONNECTORS = "the role Send Connectors (role group Organization Management)"
_RECIPIENTS = "the role Mail Recipients (role groups Recipient Management, Organization Management)"
_CONFIGURATION = "the role View-Only Configuration (role groups View-Only Organization Management, Organization Management)"
_VIEW_RECIPIENTS = "the role View-Only Recipients (role groups View-Only Organization Management, Organization Management)"
_TRACKING = "the role Message Tracking (role groups Recipient Management, Organization Management)"
_QUEUES = "the role Transport Queues (role groups Server Management, Organization Management)"
_PERMISSIONS = "the role Active Directory Permissions (role group Organization Management)"
_ADSYNC = "the local group ADSyncAdmins of the Entra Connect server"

# "Feature permissions" of Exchange's documentation; Entra Connect: "Accounts and permissions".
NEEDS: t.Mapping[str, tuple[Need, ...]] = {
    "exchange": (
        Need("Get-ExchangeServer", (), _CONFIGURATION, (_PROCEDURE, _VERIFY, _ISSUES)),
        Need("Get-OrganizationConfig", (), _CONFIGURATION, (_PROCEDURE, _ISSUES)),
        Need("Get-HybridConfiguration", (), _CONFIGURATION, (_PROCEDURE, _ISSUES)),
        Need("Get-AcceptedDomain", (), _CONFIGURATION, (_PROCEDURE, _VERIFY, _ISSUES)),
        Need("New-AcceptedDomain", ("Name", "DomainName", "DomainType"), _ACCEPTED_DOMAINS, (_PROCEDURE,)),
        Need("Set-AcceptedDomain", ("Identity", "DomainType"), _ACCEPTED_DOMAINS, (_PROCEDURE,)),
        Need("Get-AcceptedDomain", (), _ACCEPTED_DOMAINS, (_ROLLBACK,)),
        Need("Remove-AcceptedDomain", ("Identity", "Confirm"), _ACCEPTED_DOMAINS, (_ROLLBACK,)),
        Need("Get-SendConnector", (), _CONFIGURATION, (_PROCEDURE, _VERIFY, _ISSUES)),
        Need("Get-SendConnector", (), _SEND_CONNECTORS, (_ROLLBACK,)),
        Need("Set-SendConnector", ("Identity", "AddressSpaces"), _SEND_CONNECTORS, (_PROCEDURE, _ROLLBACK)),
        Need("Get-Group", ("OrganizationalUnit", "ResultSize"), _RECIPIENTS, (_REFRESH,)),
        Need("Get-Recipient", ("OrganizationalUnit", "ResultSize"), _RECIPIENTS, (_REFRESH,)),
        Need("Update-Recipient", ("Identity", "Confirm"), _RECIPIENTS, (_REFRESH,)),
        Need("Get-Group", ("Filter", "ResultSize"), _VIEW_RECIPIENTS, (_VERIFY,)),
        Need("Get-Mailbox", ("Identity", "ResultSize"), _VIEW_RECIPIENTS, (_VERIFY, _ISSUES)),
        Need("Get-RemoteMailbox", ("Identity", "ResultSize"), _VIEW_RECIPIENTS, (_VERIFY, _ISSUES)),
        Need("Get-TransportService", (), _TRACKING, (_VERIFY,)),
        Need("Get-MessageTrackingLog", ("Server", "ResultSize"), _TRACKING, (_VERIFY,)),
        Need("Get-Queue", ("Server",), _QUEUES, (_VERIFY,)),
        Need("Get-Message", ("Server", "Filter", "ResultSize"), _QUEUES, (_VERIFY,)),
        Need("Get-ADPermission", ("Identity",), _PERMISSIONS, (_ISSUES,)),
    ),
    "windows": (
        Need("Get-ADSyncScheduler", (), _ADSYNC, (_PROCEDURE, _VERIFY, _ISSUES)),
        Need("Get-ADSyncConnector", (), _ADSYNC, (_PROCEDURE, _VERIFY, _ISSUES)),
        Need("Get-ADSyncAADCompanyFeature", (), _ADSYNC, (_PROCEDURE, _VERIFY, _ISSUES)),
    ),
}


def way_out(error: CmdletError) -> str:
    """What to do about a cmdlet or a parameter that is not there; "" for any other error.

    To an account whose roles do not hold it, it is not there, as it is not on a server whose version does not have it.
    """
    if not any(error.error.is_error_id(name) for name in ("CommandNotFoundException", "NamedParameterNotFound")):
        return ""
    holders = dict.fromkeys(need.held_by for needs in NEEDS.values() for need in needs if need.cmdlet == error.cmdlet)
    return f"It takes {' or '.join(holders) or 'a role that holds it'}, or a newer server. The playbook doctor tells which."
