# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Mailboxes on premises, mailboxes that were moved, and who may send as a group.

Source: Get-Mailbox, Get-RemoteMailbox and Get-ADPermission references; msExchRemoteRecipientType for ``Migrated``.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient

_MOVED = "Migrated"
_SEND_AS = "send-as"
# Every group may send as itself. Well-known names come in the server's language, so this one is known by its SID or by English.
_SELF = ("nt authority\\self", "s-1-5-10")


def read_mailboxes(client: ExchangeClient) -> dict[str, list[dict[str, t.Any]]]:
    """All mailboxes here, and those that were moved.

    :raises CmdletError, SessionError: as the client
    """
    everything = {"ResultSize": "Unlimited"}
    here, remote = client.invoke_many([("Get-Mailbox", everything), ("Get-RemoteMailbox", everything)])
    # Flags, such as "Migrated, ProvisionArchive".
    moved = [item for item in remote.objects if _MOVED in str(item.get("RemoteRecipientType")).replace(" ", "").split(",")]
    return {"mailboxes": _described(here.objects), "moved_mailboxes": _described(moved)}


def read_send_as(client: ExchangeClient, groups: t.Sequence[str]) -> list[dict[str, str]]:
    """Who was given Send As on groups, by distinguished name; without what is inherited or denied.

    :raises CmdletError, SessionError: as the client
    """
    if not groups:
        return []
    answers = client.invoke_many([("Get-ADPermission", {"Identity": group}) for group in groups])
    return [
        {"group": group, "user": str(entry["User"])}
        for group, answer in zip(groups, answers, strict=True)
        for entry in answer.objects
        if not entry["Deny"] and not entry["IsInherited"] and str(entry["User"]).casefold() not in _SELF
        if any(str(right).casefold() == _SEND_AS for right in entry.get("ExtendedRights") or [])
    ]


def _described(mailboxes: t.Iterable[t.Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    found = [
        {"mail": str(item["PrimarySmtpAddress"]), "user_principal_name": item.get("UserPrincipalName")} for item in mailboxes
    ]
    return sorted(found, key=lambda mailbox: mailbox["mail"].casefold())
