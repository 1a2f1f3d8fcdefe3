# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mailboxes of the organization: here, or moved to Microsoft 365 (Get-Mailbox and Get-RemoteMailbox references)."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from lab import contoso
from lab.exchange import values
from lab.powershell.objects import EnumValue, NetObject

if t.TYPE_CHECKING:
    from lab.exchange.task import Task

_RECIPIENT = "Microsoft.Exchange.Data.Directory.Recipient"
_MANAGEMENT = "Microsoft.Exchange.Data.Directory.Management"
_BASES = [f"{_MANAGEMENT}.MailEnabledOrgPerson", f"{_MANAGEMENT}.MailEnabledRecipient", f"{_MANAGEMENT}.ADPresentationObject"]
_AD_OBJECT = ["Microsoft.Exchange.Data.Directory.ADObject", "Microsoft.Exchange.Data.ConfigurableObject", "System.Object"]


@dataclasses.dataclass
class Mailbox:
    """A mailbox; with a remote routing address it is one in Microsoft 365.

    :ivar server: name of the server that holds it, "" for a remote one
    :ivar remote_type: RemoteRecipientType, such as ``Migrated``
    """

    name: str
    address: str
    user: str
    server: str = ""
    remote_routing_address: str = ""
    remote_type: str = ""

    @property
    def is_remote(self) -> bool:
        return bool(self.remote_routing_address)

    @property
    def guid(self) -> uuid.UUID:
        return uuid.uuid5(uuid.UUID(contoso.ORGANIZATION_GUID), f"mailbox {self.address}")

    @property
    def dn(self) -> str:
        return f"CN={values.escape_rdn(self.name)},{contoso.OTHER_OU}"

    @property
    def user_principal_name(self) -> str:
        return f"{self.user}@{contoso.AD_DOMAIN}"

    def is_named(self, identity: str) -> bool:
        """Whether an Identity means it: alias, address, UPN, account, name, DN or GUID (Get-Mailbox reference, Identity)."""
        account = f"{contoso.AD_NETBIOS}\\{self.user}"
        names = (self.name, self.user, self.address, self.user_principal_name, account, self.dn, str(self.guid))
        return identity.lower() in {name.lower() for name in names}


def seed(server: str) -> list[Mailbox]:
    """One mailbox here, one that has been moved."""
    initial = contoso.TENANT.partition(".")[0]
    return [
        Mailbox("John Doe", contoso.ON_PREMISES_MAILBOX, contoso.USER, server=server),
        Mailbox(
            "Mia Moved",
            contoso.MOVED_MAILBOX,
            contoso.MOVED_USER,
            remote_routing_address=f"{contoso.MOVED_USER}@{initial}.mail.onmicrosoft.com",
            remote_type="Migrated",
        ),
    ]


def get_mailbox(task: Task) -> list[NetObject]:
    """Get-Mailbox: mailboxes here; a remote one is not found (Get-RemoteMailbox reference)."""
    return [_mailbox(item, "UserMailbox") for item in _find(task, remote=False)]


def get_remote_mailbox(task: Task) -> list[NetObject]:
    """Get-RemoteMailbox."""
    return [_mailbox(item, "RemoteUserMailbox") for item in _find(task, remote=True)]


def _find(task: Task, *, remote: bool) -> list[Mailbox]:
    items = [item for item in task.state.mailboxes if item.is_remote == remote]
    identity = task.parameters.get("Identity")
    if not identity:
        return items
    found = [item for item in items if item.is_named(str(identity))]
    if not found:
        raise task.not_found(str(identity))
    return found


def _mailbox(mailbox: Mailbox, details: str) -> NetObject:
    kind = "RemoteMailbox" if mailbox.is_remote else "Mailbox"
    identity = values.ad_object_id(mailbox.dn, mailbox.guid, canonical=True)
    own: dict[str, t.Any] = {}
    if mailbox.is_remote:
        own = {"RemoteRoutingAddress": f"SMTP:{mailbox.remote_routing_address}", "RemoteRecipientType": mailbox.remote_type}
    else:
        own = {"ServerName": mailbox.server.lower(), "Database": f"DB-{mailbox.server}"}
    return NetObject(
        [f"{_MANAGEMENT}.{kind}", *_BASES, *_AD_OBJECT],
        mailbox.name,
        {
            **own,
            "Alias": mailbox.user,
            "DisplayName": mailbox.name,
            "PrimarySmtpAddress": mailbox.address,
            "EmailAddresses": values.strings(f"SMTP:{mailbox.address}"),
            "UserPrincipalName": mailbox.user_principal_name,
            "SamAccountName": mailbox.user,
            "RecipientType": EnumValue(f"{_RECIPIENT}.RecipientType", "MailUser" if mailbox.is_remote else "UserMailbox", 1),
            "RecipientTypeDetails": EnumValue(f"{_RECIPIENT}.RecipientTypeDetails", details, 1),
            "Name": mailbox.name,
            "DistinguishedName": mailbox.dn,
            "Identity": identity,
            "Guid": mailbox.guid,
            "OriginatingServer": contoso.DC_HOST,
            "IsValid": True,
        },
    )
