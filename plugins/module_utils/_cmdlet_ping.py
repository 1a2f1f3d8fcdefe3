# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""First aid: what a host's session needs here, what answers there, and which cmdlets and parameters the account may not run.

A cmdlet is tried without being run: one parameter that no cmdlet has makes the binding fail, which comes before anything is
done (about_Functions_Advanced_Parameters; NamedParameterNotFound). A cmdlet or parameter that the account's roles do not hold is
absent from its session, so it looks like one the server's version does not have.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import shutil
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient

_NO_SUCH_PARAMETER = "CmdletPingTriesBindingOnly"


@dataclasses.dataclass(frozen=True)
class Need:
    """One cmdlet the collection uses, with its parameters, and who may run it."""

    cmdlet: str
    parameters: tuple[str, ...]
    held_by: str


_ACCEPTED_DOMAINS = "the role Remote and Accepted Domains (role group Organization Management)"
_SEND_CONNECTORS = "the role Send Connectors (role group Organization Management)"
_RECIPIENTS = "the role Mail Recipients (role groups Recipient Management, Organization Management)"
_CONFIGURATION = "the role View-Only Configuration (role groups View-Only Organization Management, Organization Management)"
_ADSYNC = "the local group ADSyncAdmins of the Entra Connect server"

# "Feature permissions" of Exchange's documentation; Entra Connect: "Accounts and permissions".
NEEDS: t.Mapping[str, tuple[Need, ...]] = {
    "exchange": (
        Need("Get-ExchangeServer", (), _CONFIGURATION),
        Need("Get-OrganizationConfig", (), _CONFIGURATION),
        Need("Get-HybridConfiguration", (), _CONFIGURATION),
        Need("Get-AcceptedDomain", ("Identity",), _CONFIGURATION),
        Need("New-AcceptedDomain", ("Name", "DomainName", "DomainType"), _ACCEPTED_DOMAINS),
        Need("Set-AcceptedDomain", ("Identity", "DomainType"), _ACCEPTED_DOMAINS),
        Need("Remove-AcceptedDomain", ("Identity", "Confirm"), _ACCEPTED_DOMAINS),
        Need("Get-SendConnector", ("Identity",), _CONFIGURATION),
        Need("New-SendConnector", ("Name", "AddressSpaces"), _SEND_CONNECTORS),
        Need("Set-SendConnector", ("Identity", "AddressSpaces"), _SEND_CONNECTORS),
        Need("Remove-SendConnector", ("Identity", "Confirm"), _SEND_CONNECTORS),
        Need("Get-Group", ("OrganizationalUnit", "ResultSize"), _RECIPIENTS),
        Need("Get-Recipient", ("OrganizationalUnit", "ResultSize"), _RECIPIENTS),
        Need("Update-Recipient", ("Identity", "Confirm"), _RECIPIENTS),
    ),
    "windows": (
        Need("Get-ADSyncScheduler", (), _ADSYNC),
        Need("Get-ADSyncConnector", (), _ADSYNC),
        Need("Get-ADSyncAADCompanyFeature", (), _ADSYNC),
    ),
}


def missing_software(transport: str, auth: str) -> list[str]:
    """What the control node lacks for this transport and authentication, and how to get it."""
    needed = {"psrp": [("pypsrp", "pypsrp")], "winrm": [("pywinrm", "pywinrm")]}[transport]
    if auth == "credssp":
        needed.append(("requests-credssp", "requests-credssp"))
    if auth == "kerberos":
        needed.append(("gssapi", "pypsrp[kerberos]") if transport == "psrp" else ("pykerberos", "pywinrm[kerberos]"))
    missing = [f"pip install {package!r}" for distribution, package in needed if not _installed(distribution)]
    if auth == "kerberos" and transport == "winrm" and shutil.which("kinit") is None:
        missing.append("install kinit: krb5-user (Debian) or krb5-workstation (Red Hat)")
    return missing


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def not_allowed(client: CmdletClient, endpoint: str) -> list[dict[str, t.Any]]:
    """Cmdlets and parameters that are needed and not there.

    :returns: ``cmdlet``, ``parameter`` (None: the cmdlet itself), ``held_by``
    :raises SessionError: the host cannot be reached or refuses the user
    """
    if endpoint == "windows":
        _try(client, "Import-Module", {"Name": "ADSync"})
    found: list[dict[str, t.Any]] = []
    for need in NEEDS[endpoint]:
        if not _is_there(client, need.cmdlet):
            found.append({"cmdlet": need.cmdlet, "parameter": None, "held_by": need.held_by})
            continue
        found += [
            {"cmdlet": need.cmdlet, "parameter": parameter, "held_by": need.held_by}
            for parameter in need.parameters
            if not _takes(client, need.cmdlet, parameter)
        ]
    return found


def _is_there(client: CmdletClient, cmdlet: str) -> bool:
    error = _try(client, cmdlet, {_NO_SUCH_PARAMETER: True})
    return error is None or not error.error.is_error_id("CommandNotFoundException")


def _takes(client: CmdletClient, cmdlet: str, parameter: str) -> bool:
    """The binder names the first parameter it does not know; names are not translated."""
    error = _try(client, cmdlet, {parameter: None, _NO_SUCH_PARAMETER: True})
    if error is None or not error.error.is_error_id("NamedParameterNotFound"):
        return True
    return _NO_SUCH_PARAMETER in error.error.message


def _try(client: CmdletClient, cmdlet: str, parameters: dict[str, t.Any]) -> CmdletError | None:
    try:
        client.invoke(cmdlet, parameters)
    except CmdletError as exc:
        return exc
    return None
