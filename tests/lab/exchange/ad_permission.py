# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-, Add- and Remove-ADPermission on send connectors, Get- on groups too: extended rights.

Sources: the cmdlet references; "Send connectors" (Send connector permissions) for the rights; property names of the objects from
public scripts that filter on User, ExtendedRights, Deny and IsInherited.
"""

from __future__ import annotations

import typing as t

from lab import contoso
from lab.directory import names as directory_names
from lab.exchange import errors as exchange_errors
from lab.exchange import values
from lab.exchange.objects import send_connector_dn
from lab.exchange.state import Permission, SendConnector
from lab.exchange.task import Task
from lab.powershell.objects import EnumValue, MultiValued, NetObject, PowerShellError

if t.TYPE_CHECKING:
    from lab.directory.state import Entry

_TASKS = "Microsoft.Exchange.Configuration.Tasks"
RIGHTS = (
    "ms-Exch-Send-Headers-Routing",
    "ms-Exch-Send-Headers-Organization",
    "ms-Exch-Send-Headers-Forest",
    "ms-Exch-SMTP-Send-Exch50",
    "ms-Exch-SMTP-Send-XShadow",
    "Send-As",
    "Receive-As",
)
# What a name may look like, and what Get-ADPermission makes of it.
_PRINCIPALS = {
    **{
        form.lower(): f"{contoso.AD_NETBIOS}\\{name}"
        for name in (contoso.ADMIN, contoso.USER, "Exchange Servers", "Partner Gateways")
        for form in (name, f"{contoso.AD_NETBIOS}\\{name}", f"{name}@{contoso.AD_DOMAIN}")
    },
    "s-1-5-7": "NT AUTHORITY\\ANONYMOUS LOGON",
    "nt authority\\anonymous logon": "NT AUTHORITY\\ANONYMOUS LOGON",
    "anonymous logon": "NT AUTHORITY\\ANONYMOUS LOGON",
}
_EXCHANGE_SERVERS = f"{contoso.AD_NETBIOS}\\Exchange Servers"
# assumed: what a connector inherits; the page names the group and these rights for its servers.
_INHERITED = tuple(Permission(_EXCHANGE_SERVERS, right, inherited=True) for right in RIGHTS[:3])


def get(task: Task) -> list[NetObject]:
    """The rules of a connector, or of a group of the domain by its distinguished name."""
    user = _principal(task) if task.parameters.get("User") else None
    group = _group(task)
    if group is not None:
        permissions, identity = task.state.group_permissions.get(group.dn, []), values.ad_object_id(group.dn, group.guid)
    else:
        connector = _connector(task)
        permissions, identity = [*connector.permissions, *_INHERITED], _identity(connector)
    return [_entry(item, identity) for item in permissions if user in (None, item.user)]


def add(task: Task) -> list[NetObject]:
    connector, wanted = _connector(task), _wanted(task)
    if not task.should_process():
        return []
    for item in wanted:
        if item in connector.permissions:
            task.warn(
                f'The appropriate access control entry is already present on the object "{send_connector_dn(connector.name)}" '
                f'for account "{item.user}".'
            )
            continue
        connector.permissions.append(item)
        connector.changed = task.state.tick()
    return [_entry(item, _identity(connector)) for item in wanted]


def remove(task: Task) -> list[NetObject]:
    connector, unwanted = _connector(task), _wanted(task)
    if not task.should_process(prompts=True):
        return []
    for item in unwanted:
        if item not in connector.permissions:
            # assumed: the text, and that it is a warning.
            task.warn(
                f'Can\'t remove the access control entry on the object "{send_connector_dn(connector.name)}" for account '
                f'"{item.user}" because it isn\'t present.'
            )
            continue
        connector.permissions.remove(item)
        connector.changed = task.state.tick()
    return []


def _connector(task: Task) -> SendConnector:
    return task.find_one(task.state.send_connectors, lambda connector: send_connector_dn(connector.name))


def _group(task: Task) -> Entry | None:
    try:
        entry = task.directory.find(str(task.parameters["Identity"]))
    except directory_names.DnError:
        return None
    return entry if entry is not None and entry.object_class.name == "group" else None


def _identity(connector: SendConnector) -> NetObject:
    return values.ad_object_id(send_connector_dn(connector.name), connector.guid)


def _wanted(task: Task) -> list[Permission]:
    user = _principal(task)
    deny = bool(task.parameters.get("Deny"))
    return [Permission(user, _right(task, name), deny) for name in task.parameters.get("ExtendedRights") or ()]


def _principal(task: Task) -> str:
    given = str(task.parameters["User"])
    if given.lower() not in _PRINCIPALS:
        # assumed: the exception; the text is that of other cmdlets with a User parameter.
        raise _not_found(task, f"User or group \"{given}\" wasn't found. Please make sure you've typed it correctly.")
    return _PRINCIPALS[given.lower()]


def _right(task: Task, name: str) -> str:
    """Display names are taken as well: ``Send As`` in Microsoft's examples."""
    wanted = name.replace(" ", "-").lower()
    found = next((right for right in RIGHTS if right.lower() == wanted), None)
    if found is None:
        # assumed: text and exception.
        raise _not_found(task, f"The extended right '{name}' couldn't be found in the schema.")
    return found


def _not_found(task: Task, message: str) -> PowerShellError:
    exception = f"{_TASKS}.ManagementObjectNotFoundException"
    return exchange_errors.exchange_error(task.cmdlet, task.server.name, exception, message)


def _entry(item: Permission, identity: NetObject) -> NetObject:
    # assumed: types and order of the properties.
    rights = MultiValued(
        f"{values.DATA}.MultiValuedProperty",
        [NetObject([f"{_TASKS}.ExtendedRightIdParameter", "System.Object"], item.right, {})],
    )
    access = MultiValued(
        "System.DirectoryServices.ActiveDirectoryRights[]",
        [EnumValue("System.DirectoryServices.ActiveDirectoryRights", "ExtendedRight", 256)],
    )
    properties: dict[str, t.Any] = {
        "AccessRights": access,
        "ExtendedRights": rights,
        "ChildObjectTypes": None,
        "InheritedObjectType": None,
        "Properties": None,
        "Deny": item.deny,
        "InheritanceType": EnumValue("System.DirectoryServices.ActiveDirectorySecurityInheritance", "All", 1),
        "User": NetObject([f"{_TASKS}.SecurityPrincipalIdParameter", "System.Object"], item.user, {}),
        "Identity": identity,
        "IsInherited": item.inherited,
        "IsValid": True,
        "ObjectState": values.object_state("Unchanged"),
    }
    return NetObject(
        [
            "Microsoft.Exchange.Management.RecipientTasks.ADAcePresentationObject",
            "Microsoft.Exchange.Management.RecipientTasks.AcePresentationObject",
            "Microsoft.Exchange.Data.ConfigurableObject",
            "System.Object",
        ],
        "",
        properties,
    )
