# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft's commands that give the connector account its rights for group writeback, run by the session's user.

Current: Set-ADSyncUnifiedGroupWritebackPermissions of AdSyncConfig.psm1 ("Azure AD Connect: ADSyncConfig PowerShell Reference";
what it does: a public copy of the signed module of 2019). Legacy: Initialize-ADSyncGroupWriteBack of AdSyncPrep.psm1, of which
only the parameters are public.
"""

from __future__ import annotations

import typing as t

from lab import contoso
from lab.adsync.connected_directory import ConnectedDirectory
from lab.directory import names as directory_names
from lab.directory.client import CHANGE, GROUP
from lab.directory.errors import LdapFailure
from lab.directory.security_descriptor import Ace
from lab.powershell.binding import Parameter, Syntax
from lab.powershell.objects import PowerShellError

if t.TYPE_CHECKING:
    from lab.adsync.state import ConnectState

CURRENT = "Set-ADSyncUnifiedGroupWritebackPermissions"
LEGACY = "Initialize-ADSyncGroupWriteBack"
_SWITCH_TURNED = (2, 0, 3, 0)  # version history: -SkipAdminSdHolders before, -IncludeAdminSdHolders since
_EVERYTHING_BELOW = "(A;CI;CCDCLCSWRPWPDTLOSDRC;;;{sid})"


def current_syntax(state: ConnectState) -> Syntax:
    """Two parameter sets; the switch for AdminSDHolder depends on the version."""
    version = tuple(map(int, state.version.split(".")))
    switch = "IncludeAdminSdHolders" if version >= _SWITCH_TURNED else "SkipAdminSdHolders"
    optional = {"ADobjectDN": False, switch: False, "Confirm": False, "WhatIf": False}
    names = ("ADConnectorAccountName", "ADConnectorAccountDomain", "ADConnectorAccountDN", "ADobjectDN")
    switches = (switch, "Confirm", "WhatIf")
    return Syntax(
        CURRENT,
        {name: Parameter(name) for name in names} | {name: Parameter(name, "SwitchParameter") for name in switches},
        {
            "UserDomain": {"ADConnectorAccountName": True, "ADConnectorAccountDomain": True, **optional},
            "DistinguishedName": {"ADConnectorAccountDN": True, **optional},
        },
        CURRENT,
    )


LEGACY_SYNTAX = Syntax(
    LEGACY,
    {name: Parameter(name) for name in ("ADConnectorAccount", "GroupWriteBackContainerDN")},
    {"Default": {"ADConnectorAccount": True, "GroupWriteBackContainerDN": True}},
    LEGACY,
)


def set_writeback_permissions(
    state: ConnectState, directory: ConnectedDirectory, parameters: t.Mapping[str, t.Any], confirm_preference: str
) -> list[str]:
    """Set-ADSyncUnifiedGroupWritebackPermissions: one rule, inherited by groups only (``GRGWCCDCSDDT;;group``, dsacls /I:S).

    :param confirm_preference: $ConfirmPreference; the functions inside ask too, and -Confirm:$false does not reach them
    """
    if parameters.get("Confirm", True) or confirm_preference.lower() != "none":
        raise _failed(
            "A command that prompts the user failed because the host program or the command type does not support user "
            "interaction.",
            "HostException",
        )
    if parameters.get("WhatIf"):
        return []
    account = parameters.get("ADConnectorAccountDN") or _find(directory, parameters["ADConnectorAccountName"])
    target = parameters.get("ADobjectDN", contoso.BASE_DN)
    targets = [target]
    on_ou = directory_names.parse(target)[0][0].lower() == "ou"
    if on_ou and state.permission_command == "refuses OUs":
        raise _failed(
            "Grant permissions on AD object : AD permissions are not applicable for AD ObjectClass 'organizationalUnit': "
            "GRGWCCDCSDDT;;group",
            "RuntimeException",
        )
    # assumed: with AdminSDHolder the same rule goes there, when no object is named.
    if "ADobjectDN" not in parameters and (parameters.get("IncludeAdminSdHolders") or "SkipAdminSdHolders" not in parameters):
        targets.append(f"CN=AdminSDHolder,CN=System,{contoso.BASE_DN}")
    for dn in targets:
        _grant(directory, dn, account, CHANGE)
    return [f"Grant permissions on AD object : Setting permissions on AD object '{target}'..."]


def initialize_group_writeback(directory: ConnectedDirectory, parameters: t.Mapping[str, t.Any]) -> list[str]:
    """Initialize-ADSyncGroupWriteBack. assumed: the rule its sibling for devices writes (``GRGWCCDCSDDT``, dsacls /I:T)."""
    account = _find(directory, parameters["ADConnectorAccount"].rpartition("\\")[2])
    _grant(directory, parameters["GroupWriteBackContainerDN"], account, _EVERYTHING_BELOW)
    return []


def _find(directory: ConnectedDirectory, name: str) -> str:
    dn = directory.find_account(name)
    if dn is None:
        raise _failed(f"Unable to find '{name}' in AD Forest.", "RuntimeException")
    return dn


def _grant(directory: ConnectedDirectory, dn: str, account: str, rule: str) -> None:
    """Add a rule as dsacls does: not twice."""
    try:
        ace = Ace.from_sddl(rule.format(group=GROUP, sid=directory.sid(account)), contoso.DOMAIN_SID)
        aces = directory.read_dacl(dn)
        if ace not in aces:
            directory.write_dacl(dn, [ace, *aces])
    except LdapFailure as failure:
        # dsacls' own words; assumed: one text for all it is refused.
        raise _failed("Access is denied.\n\nThe command failed to complete successfully.", "WriteErrorException") from failure


def _failed(text: str, exception: str) -> PowerShellError:
    return PowerShellError(
        text,
        error_id=f"{text},{CURRENT}",
        category="NotSpecified",
        exception_type=f"System.Management.Automation.{exception}",
        terminating=True,
    )
