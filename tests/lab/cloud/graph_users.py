# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and their mailboxes in Microsoft Graph (Graph reference, user-*, message-*; Outlook mail)."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from lab.cloud.exchange_online import ONLINE, CloudUser
from lab.cloud.graph_entities import Entity
from lab.cloud.graph_errors import GraphError
from lab.cloud.graph_groups import group_entity, user_entity
from lab.cloud.graph_mail_entities import message_entity
from lab.cloud.graph_request import GraphAnswer, GraphRequest, list_, one
from lab.cloud.graph_request import require as require_permission
from lab.cloud.tenant import AccessToken, TenantState
from lab.mail.message import compose

READ_USERS = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All")
READ_MEMBERSHIP = ("Directory.Read.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All")
READ_MAIL = ("Mail.Read", "Mail.ReadWrite")
SEND_MAIL = ("Mail.Send",)


def answer_users(tenant: TenantState, request: GraphRequest, token: AccessToken, rest: list[str]) -> GraphAnswer:
    """Everything below /users.

    :raises GraphError: refused
    """
    match request.method, rest:
        case "GET", []:
            require_permission(request, token, "GET", READ_USERS)
            return list_(tenant, request, [user_entity(user) for user in tenant.online.users])
        case "GET", [name]:
            require_permission(request, token, "GET", READ_USERS)
            return one(request, "users", user_entity(_find(tenant, name)))
        case "GET", [name, "memberOf"]:
            require_permission(request, token, "GET", READ_MEMBERSHIP)
            return list_(tenant, request, _groups_of(tenant, _find(tenant, name)))
        case "GET", [name, "messages"]:
            user = _mailbox(tenant, name, token, READ_MAIL)
            return _messages(tenant, request, [*user.inbox, *user.sent])
        case "GET", [name, "mailFolders", "inbox" | "sentitems" as folder, "messages"]:
            user = _mailbox(tenant, name, token, READ_MAIL)
            # The context names the collection of messages, whichever folder they are in. assumed: its exact form.
            whole = dataclasses.replace(request, path=f"/users/{name}/messages")
            return _messages(tenant, whole, user.inbox if folder == "inbox" else user.sent)
        case "POST", [name, "sendMail" | "microsoft.graph.sendMail"]:
            return _send(tenant, _mailbox(tenant, name, token, SEND_MAIL), request.body)
        case _, [] | [_] | [_, "memberOf" | "messages" | "sendMail"]:
            raise GraphError.method_not_allowed()
        case _:
            raise GraphError.no_segment(rest[-1])


def _find(tenant: TenantState, name: str) -> CloudUser:
    user = tenant.online.user(name)
    if user is None:
        raise GraphError.no_resource(name)
    return user


def _mailbox(tenant: TenantState, name: str, token: AccessToken, permissions: tuple[str, ...]) -> CloudUser:
    """A user whose mailbox Graph can reach ("REST API calls to mailboxes on premises" are not supported any more)."""
    if not set(permissions) & set(token.roles):
        raise GraphError.access_denied()
    user = tenant.online.user(name)
    if user is None:
        raise GraphError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")
    if user.mailbox != ONLINE:
        raise GraphError(
            404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        )
    return user


def _groups_of(tenant: TenantState, user: CloudUser) -> list[Entity]:
    mine = [group for group in tenant.groups if user.principal_name in group.members]
    return [{"@odata.type": "#microsoft.graph.group", **group_entity(group)} for group in mine]


def _messages(tenant: TenantState, request: GraphRequest, messages: list[t.Any]) -> GraphAnswer:
    headers = "internetMessageHeaders" in request.query.get("$select", "").split(",")
    return list_(tenant, request, [message_entity(message, headers=headers) for message in messages])


def _send(tenant: TenantState, user: CloudUser, body: dict[str, t.Any]) -> GraphAnswer:
    """sendMail: 202, which says that the message was accepted and no more (user-sendmail)."""
    try:
        message = body["message"]
        recipients = [str(item["emailAddress"]["address"]) for item in message["toRecipients"]]
        subject, content = str(message["subject"]), str(message["body"]["content"])
    except (KeyError, TypeError):
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.") from None  # assumed: the code
    mails = [
        compose(user.mail, recipient, subject, content, message_id=f"<{uuid.uuid4()}@am0pr01mb1234.eurprd01.prod.outlook.com>")
        for recipient in recipients
    ]
    tenant.online.outbox += mails
    if body.get("saveToSentItems", True):
        user.sent += [mail.stored() for mail in mails]
    return GraphAnswer(202)
