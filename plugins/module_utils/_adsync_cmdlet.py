# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Microsoft's own command for the permissions of group writeback, current or legacy.

Current: Set-ADSyncUnifiedGroupWritebackPermissions of AdSyncConfig.psm1, since 1.1.880.0 ("Azure AD Connect: ADSyncConfig
PowerShell Reference"). Its switch for AdminSDHolder turned round with 2.0.3.0 (version history): -SkipAdminSdHolders before,
-IncludeAdminSdHolders since; the server says which it has. Legacy: Initialize-ADSyncGroupWriteBack of AdSyncPrep.psm1, gone from
the module in 2018. Both need the server's RSAT tools, and reach the domain controller from the server by themselves.
"""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import AdsyncError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import Connector
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient

CURRENT = "Set-ADSyncUnifiedGroupWritebackPermissions"
LEGACY = "Initialize-ADSyncGroupWriteBack"
_INSTALLATION = r"C:\Program Files\Microsoft Azure Active Directory Connect"
_CURRENT_MODULE = rf"{_INSTALLATION}\AdSyncConfig\AdSyncConfig.psm1"
_LEGACY_MODULE = rf"{_INSTALLATION}\AdPrep\AdSyncPrep.psm1"
# The module's own texts are English on every server.
_REFUSES_OU = "are not applicable for AD ObjectClass"
_NOT_INSTALLED = ("Modules_ModuleNotFound", "CommandNotFoundException")


def grant(client: CmdletClient, connector: Connector, ou: str, *, admin_sd_holder: bool) -> str:
    """Run the command for the connector's account on the OU; returns its name.

    What it says is not a sign of what it did: compare the access rules.

    :param admin_sd_holder: change the AdminSDHolder container as well
    :raises AdsyncError: the server has neither command, or its version refuses OUs
    :raises CmdletError: the command failed
    """
    if not (connector.account_name and connector.account_domain):
        raise AdsyncError(f"method: connector {connector.name} does not tell its account, which the command needs.")
    # The command asks for confirmation in places that its own parameter Confirm does not reach.
    client.invoke("Set-Variable", {"Name": "ConfirmPreference", "Value": "None", "Scope": "Global"})
    if _import(client, _CURRENT_MODULE) and _has(client, CURRENT):
        parameters: dict[str, t.Any] = {
            "ADConnectorAccountName": connector.account_name,
            "ADConnectorAccountDomain": connector.account_domain,
            "ADobjectDN": ou,
            "Confirm": False,
        }
        if admin_sd_holder and _has(client, CURRENT, "IncludeAdminSdHolders"):
            parameters["IncludeAdminSdHolders"] = True
        elif not admin_sd_holder and _has(client, CURRENT, "SkipAdminSdHolders"):
            parameters["SkipAdminSdHolders"] = True
        return _run(client, CURRENT, parameters)
    if _import(client, _LEGACY_MODULE) and _has(client, LEGACY):
        if admin_sd_holder:
            raise AdsyncError(f"include_admin_sd_holder: {LEGACY}, the command this server has, knows nothing of AdminSDHolder.")
        return _run(client, LEGACY, {"ADConnectorAccount": connector.account_name, "GroupWriteBackContainerDN": ou})
    raise AdsyncError(f"method: {client.host} has neither {CURRENT} nor {LEGACY}: use method=ldap.")


def _run(client: CmdletClient, cmdlet: str, parameters: dict[str, t.Any]) -> str:
    try:
        client.invoke(cmdlet, parameters)
    except CmdletError as exc:
        if _REFUSES_OU in exc.error.message:
            raise AdsyncError(f"method: {cmdlet} on {client.host} refuses OUs in this version: use method=ldap.") from exc
        raise
    return cmdlet


def _import(client: CmdletClient, module: str) -> bool:
    try:
        client.invoke("Import-Module", {"Name": module})
    except CmdletError as exc:
        if exc.error.is_error_id(*_NOT_INSTALLED):
            return False
        raise
    return True


def _has(client: CmdletClient, cmdlet: str, parameter: str | None = None) -> bool:
    """True when the server has the command, with the parameter."""
    # A pattern: a name that is not found would be an error, a pattern that matches nothing is not.
    wanted: dict[str, t.Any] = {"Name": f"{cmdlet}*"}
    if parameter is not None:
        wanted["ParameterName"] = parameter
    return any(item.get("Name") == cmdlet for item in client.invoke("Get-Command", wanted).objects)
