# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Users and Microsoft 365 groups of a tenant, found by address, and who is a member of what."""

from __future__ import annotations

import urllib.parse

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, GraphError, Json
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

READ_USERS = "User.Read.All"
READ_GROUPS = "GroupMember.Read.All"
WRITE_MEMBERS = "GroupMember.ReadWrite.All"


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


class Membership:
    """One user's membership in one group ("Add members", "Remove member")."""

    def __init__(self, graph: GraphClient, group: Json, user: Json) -> None:
        self._graph = graph
        self._members = f"/groups/{group['id']}/members"
        self._user_id = str(user["id"])

    def exists(self) -> bool:
        members = self._graph.list(f"{self._members}?$select=id", permission=READ_GROUPS)
        return any(member["id"] == self._user_id for member in members)

    def set(self, wanted: bool, graph_url: str) -> None:
        """Make the user a member, or not.

        :param graph_url: Graph's address, of which the reference to the user is made
        """
        if wanted:
            self._add(graph_url)
        else:
            self._remove()
        if not self._graph.await_state(lambda: self.exists() is wanted):
            raise CollectionError(
                f"The membership of {self._user_id} was changed and Microsoft Graph does not show it within graph_timeout. "
                "Run again later, or raise it."
            )

    def _add(self, graph_url: str) -> None:
        """One who is there meanwhile counts as added."""
        body = {"@odata.id": f"{graph_url}/directoryObjects/{self._user_id}"}
        try:
            self._graph.write("POST", f"{self._members}/$ref", body, permission=WRITE_MEMBERS, landed=self.exists)
        except GraphError as exc:
            if exc.status != 400 or not self.exists():
                raise

    def _remove(self) -> None:
        """Remove the user from the group. Without ``/$ref`` the request would delete the user itself."""
        path = f"{self._members}/{self._user_id}/$ref"
        self._graph.write("DELETE", path, None, permission=WRITE_MEMBERS, landed=lambda: not self.exists())


def user_result(user: Json) -> Json:
    return {"id": user["id"], "principal_name": user.get("userPrincipalName"), "mail": user.get("mail")}


def group_result(group: Json) -> Json:
    return {"id": group["id"], "display_name": group.get("displayName"), "mail": group.get("mail")}


def groups_of(graph: GraphClient, user: Json) -> list[str]:
    """Addresses of the Microsoft 365 groups a user is a member of ("List memberOf")."""
    found = graph.list(f"/users/{user['id']}/memberOf", permission=READ_GROUPS)
    return sorted(str(item["mail"]) for item in found if "Unified" in (item.get("groupTypes") or ()) and item.get("mail"))
