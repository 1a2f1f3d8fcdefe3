# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft 365 Groups in Microsoft Graph: members, owners, conversations (Graph reference, pages group-*)."""

from __future__ import annotations

import typing as t

from lab.cloud.exchange_online import CloudUser
from lab.cloud.graph_entities import Entity
from lab.cloud.graph_errors import GraphError
from lab.cloud.graph_mail_entities import post_entity, thread_entity
from lab.cloud.graph_request import GraphAnswer, GraphRequest, list_, one, require
from lab.cloud.tenant import AccessToken, TenantState
from lab.cloud.unified_group import UnifiedGroup

READ_GROUPS = ("GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All")
WRITE_MEMBERS = ("GroupMember.ReadWrite.All", "Group.ReadWrite.All")
WRITE_OWNERS = ("Group.ReadWrite.All",)
READ_CONVERSATIONS = ("Group-Conversation.Read.All", "Group-Conversation.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All")
_UNIFIED = "groupTypes/any(c:c eq 'Unified')"
# Properties of the mailbox, which a group shows only when asked for and only alone ("group resource type").
_SELECTED_ONLY = ("allowExternalSenders", "autoSubscribeNewMembers", "hideFromAddressLists", "hideFromOutlookClients")
_ALREADY_THERE = "One or more added object references already exist for the following modified properties: '{}'."


def answer_groups(tenant: TenantState, request: GraphRequest, token: AccessToken, rest: list[str]) -> GraphAnswer:
    """Everything below /groups.

    :raises GraphError: refused
    """
    match request.method, rest:
        case "GET", []:
            require(request, token, "GET", READ_GROUPS)
            if request.query.get("$filter") == _UNIFIED:
                del request.query["$filter"]  # the lab has no other groups
            return list_(tenant, request, [group_entity(group) for group in tenant.groups])
        case "GET", [name]:
            require(request, token, "GET", READ_GROUPS)
            group = _find(tenant, name)
            selected = request.query.get("$select", "").split(",")
            extra = {key: value for key, value in _mailbox_properties(group).items() if key in selected}
            return one(request, "groups", {**group_entity(group), **extra})
        case "GET", [name, "members" | "owners" as kind]:
            require(request, token, "GET", READ_GROUPS)
            return list_(tenant, request, _people(tenant, getattr(_find(tenant, name), kind)))
        case "POST", [name, "members" | "owners" as kind, "$ref"]:
            require(request, token, "POST", WRITE_MEMBERS if kind == "members" else WRITE_OWNERS)
            return _add(tenant, _find(tenant, name), kind, request.body)
        case "DELETE", [name, "members" | "owners" as kind, user, "$ref"]:
            require(request, token, "DELETE", WRITE_MEMBERS if kind == "members" else WRITE_OWNERS)
            return _remove(tenant, _find(tenant, name), kind, user)
        case "GET", [name, "threads"]:
            require(request, token, "GET", READ_CONVERSATIONS)
            return list_(tenant, request, [thread_entity(thread) for thread in _find(tenant, name).threads])
        case "GET", [name, "threads", thread_id, "posts"]:
            require(request, token, "GET", READ_CONVERSATIONS)
            thread = next((item for item in _find(tenant, name).threads if item.id == thread_id), None)
            if thread is None:
                raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
            return list_(tenant, request, [post_entity(post, thread) for post in thread.posts])
        case "POST", [_, "threads" | "conversations"] | [_, "threads", _, "reply"]:
            # Not for applications, whatever their permissions (group-post-threads; microsoft-graph-docs pull request 3606).
            raise GraphError.access_denied()
        case _, [] | [_] | [_, "members" | "owners" | "threads"]:
            raise GraphError.method_not_allowed()
        case _:
            raise GraphError.no_segment(rest[-1])


def group_entity(group: UnifiedGroup) -> Entity:
    """The group resource type, its most asked-for properties."""
    return {
        "id": group.id,
        "displayName": group.display_name,
        "description": group.description or None,
        "groupTypes": ["Unified"],
        "mail": group.mail,
        "mailEnabled": True,
        "mailNickname": group.mail_nickname,
        "onPremisesSyncEnabled": None,
        "proxyAddresses": [f"SMTP:{group.mail}", *(f"smtp:{address}" for address in group.other_addresses)],
        "securityEnabled": False,
        "visibility": "Private",
    }


def user_entity(user: CloudUser) -> Entity:
    """The user resource type, its most asked-for properties."""
    return {
        "id": user.id,
        "displayName": user.display_name,
        "mail": user.mail,
        "userPrincipalName": user.principal_name,
        "onPremisesSyncEnabled": user.synchronized or None,
        "userType": "Member",
    }


def _mailbox_properties(group: UnifiedGroup) -> Entity:
    return {**dict.fromkeys(_SELECTED_ONLY, False), "allowExternalSenders": group.allow_external_senders}


def _find(tenant: TenantState, name: str) -> UnifiedGroup:
    group = next((item for item in tenant.groups if item.id == name), None)
    if group is None:
        raise GraphError.no_resource(name)
    return group


def _people(tenant: TenantState, names: list[str]) -> list[Entity]:
    users = [tenant.online.user(name) for name in names]
    return [{"@odata.type": "#microsoft.graph.user", **user_entity(user)} for user in users if user is not None]


def _add(tenant: TenantState, group: UnifiedGroup, kind: str, body: dict[str, t.Any]) -> GraphAnswer:
    """group-post-members, group-post-owners: 204, or 400 for one who is there already."""
    reference = str(body.get("@odata.id", ""))
    user = tenant.online.user(reference.rpartition("/")[2])
    if "/directoryObjects/" not in reference and "/users/" not in reference:
        raise GraphError.bad_request("Invalid entity reference.")  # assumed: the text
    if user is None:
        raise GraphError.no_resource(reference.rpartition("/")[2])
    people: list[str] = getattr(group, kind)
    if user.principal_name in people:
        raise GraphError.bad_request(_ALREADY_THERE.format(kind))
    people.append(user.principal_name)
    return GraphAnswer(204)


def _remove(tenant: TenantState, group: UnifiedGroup, kind: str, name: str) -> GraphAnswer:
    """group-delete-members, group-delete-owners."""
    user = tenant.online.user(name)
    people: list[str] = getattr(group, kind)
    if user is None or user.principal_name not in people:
        raise GraphError.no_resource(name)
    people.remove(user.principal_name)
    return GraphAnswer(204)
