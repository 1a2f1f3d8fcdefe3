# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""One user's membership in one Microsoft 365 group.

Source: Graph reference, pages group-list-members, group-post-members, group-delete-members.
"""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient

READ_MEMBERS = "GroupMember.Read.All"
WRITE_MEMBERS = "GroupMember.ReadWrite.All"


class Membership:
    """Every method raises GraphError as the client does.

    :param group_id: object ID of the group
    :param user_id: object ID of the user
    """

    def __init__(self, graph: GraphClient, group_id: str, user_id: str) -> None:
        self._graph = graph
        self._group_id = group_id
        self._user_id = user_id
        self._members = f"/groups/{group_id}/members"

    def exists(self) -> bool:
        members = self._graph.list(f"{self._members}?$select=id", permission=READ_MEMBERS)
        return any(member["id"] == self._user_id for member in members)

    def set(self, wanted: bool) -> None:
        """Make the user a member, or not.

        :raises CollectionError: it was changed, and Graph does not show it in time
        """
        if wanted:
            self._add_unless_there()
        else:
            self._remove()
        if not self._graph.await_state(lambda: self.exists() is wanted):
            raise CollectionError(
                f"The membership of {self._user_id} was changed and Microsoft Graph does not show it within graph_timeout. "
                "Run again later, or raise it."
            )

    def renew(self) -> None:
        """Take a member out and put it in again.

        :raises CollectionError: it was taken out and could not be put in; the sentence says how to do that
        """
        self._remove()
        # What was taken out may be seen for a while; added meanwhile, it would count as there (Graph is eventually consistent).
        self._graph.await_state(lambda: not self.exists())
        try:
            self._add()
        except GraphError as exc:
            raise CollectionError(
                f"User {self._user_id} was taken out of group {self._group_id} and could not be added again: {exc} Add the user "
                "by hand, in the Microsoft 365 admin center or with POST /groups/{group-id}/members/$ref.",
                result={"changed": True},
            ) from exc

    def _add_unless_there(self) -> None:
        """One who is there meanwhile counts as added."""
        try:
            self._add()
        except GraphError as exc:
            if exc.status != 400 or not self.exists():
                raise

    def _add(self) -> None:
        body = {"@odata.id": f"{self._graph.base_url}/directoryObjects/{self._user_id}"}
        self._graph.write("POST", f"{self._members}/$ref", body, permission=WRITE_MEMBERS, landed=self.exists)

    def _remove(self) -> None:
        """Remove the user from the group. Without ``/$ref`` the request would delete the user itself."""
        path = f"{self._members}/{self._user_id}/$ref"
        self._graph.write("DELETE", path, None, permission=WRITE_MEMBERS, landed=lambda: not self.exists())
