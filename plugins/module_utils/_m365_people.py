# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Users and Microsoft 365 groups of a tenant, found by address, and which groups a user is in."""

from __future__ import annotations

import urllib.parse

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, Json
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

READ_USERS = "User.Read.All"
READ_GROUPS = "GroupMember.Read.All"


def quoted(text: str) -> str:
    """A value as it stands in ``$filter`` ("Use query parameters": quotation marks are doubled), fit for a URL."""
    return urllib.parse.quote("'" + text.replace("'", "''") + "'")


def find_group(graph: GraphClient, address: str) -> Json:
    """The Microsoft 365 group with this primary SMTP address.

    :raises CollectionError: there is none, or it is no Microsoft 365 group
    """
    found = graph.list(f"/groups?$filter=mail%20eq%20{quoted(address)}", permission=READ_GROUPS)
    groups = [group for group in found if "Unified" in (group.get("groupTypes") or ())]
    if not groups:
        kind = "a group of another kind has" if found else "no group has"
        raise CollectionError(
            f"group: {kind} the primary address {address} in the tenant. Give the primary address of a Microsoft 365 group."
        )
    return groups[0]


def find_user(graph: GraphClient, name: str) -> Json:
    """The user with this user principal name, id or mail address.

    :raises CollectionError: there is none
    """
    user = graph.find(f"/users/{urllib.parse.quote(name, safe='@')}", permission=READ_USERS)
    if user is None:
        found = graph.list(f"/users?$filter=mail%20eq%20{quoted(name)}", permission=READ_USERS)
        user = found[0] if found else None
    if user is None:
        raise CollectionError(f"user: the tenant has no user with the name, id or address {name}.")
    return user


def user_result(user: Json) -> Json:
    return {"id": user["id"], "principal_name": user.get("userPrincipalName"), "mail": user.get("mail")}


def group_result(group: Json) -> Json:
    return {"id": group["id"], "display_name": group.get("displayName"), "mail": group.get("mail")}


def groups_of(graph: GraphClient, user: Json) -> list[str]:
    """Addresses of the Microsoft 365 groups a user is a member of ("List memberOf")."""
    found = graph.list(f"/users/{user['id']}/memberOf", permission=READ_GROUPS)
    return sorted(str(item["mail"]) for item in found if "Unified" in (item.get("groupTypes") or ()) and item.get("mail"))
