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

import importlib.metadata
import shutil
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet_needs import NEEDS

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient

_NO_SUCH_PARAMETER = "CmdletPingTriesBindingOnly"


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


def not_allowed(client: CmdletClient, endpoint: str, playbooks: t.Collection[str]) -> list[dict[str, t.Any]]:
    """Cmdlets and parameters that the playbooks need and that are not there.

    :returns: ``cmdlet``, ``parameter`` (None: the cmdlet itself), ``held_by``, ``needed_by``
    :raises SessionError: the host cannot be reached or refuses the user
    """
    if endpoint == "windows":
        _try(client, "Import-Module", {"Name": "ADSync"})
    found: list[dict[str, t.Any]] = []
    for need in NEEDS[endpoint]:
        needed_by = [name for name in playbooks if name in need.playbooks]
        if not needed_by:
            continue
        there = _is_there(client, need.cmdlet)
        absent = [name for name in need.parameters if not _takes(client, need.cmdlet, name)] if there else [None]
        found += [{"cmdlet": need.cmdlet, "parameter": name, "held_by": need.held_by, "needed_by": needed_by} for name in absent]
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
