# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Microsoft 365 groups of a tenant in Microsoft Graph: addresses, members, owners.

Source: Graph reference, pages group-list, group-list-members, group-list-owners, group-post-members, group-delete-members.
"""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, Json

READ = "GroupMember.Read.All"
WRITE = "GroupMember.ReadWrite.All"
WRITE_OWNERS = "Group.ReadWrite.All"
_GROUPS = "/groups?$filter=groupTypes/any(c:c eq 'Unified')&$select=id,displayName,mail,proxyAddresses"
_PERSON = "$select=id,displayName,mail,userPrincipalName"

Role = t.Literal["members", "owners"]
ROLES: tuple[Role, ...] = ("members", "owners")


class TenantGroups:
    """Every method raises GraphError as the client does."""

    def __init__(self, graph: GraphClient) -> None:
        self._graph = graph

    def read(self, domain: str | None = None) -> list[Json]:
        """The groups, or those with an address in a domain, by display name."""
        groups = [_group(found) for found in self._graph.list(_GROUPS, permission=READ)]
        if domain is not None:
            groups = [group for group in groups if any(_lies_in(address, domain) for address in group["addresses"])]
        return sorted(groups, key=lambda group: (str(group["display_name"]).casefold(), group["id"]))

    def add_people(self, groups: t.Sequence[Json]) -> None:
        """Read members and owners of the groups into them."""
        paths = [f"/groups/{group['id']}/{role}?{_PERSON}" for group in groups for role in ROLES]
        answers = iter(self._graph.list_many(paths, permission=READ))
        for group in groups:
            for role in ROLES:
                group[role] = [_person(found) for found in next(answers)]

    def has(self, group: str, role: Role, user: str) -> bool:
        people = self._graph.list(f"/groups/{group}/{role}?{_PERSON}", permission=READ)
        return any(person["id"] == user for person in people)

    def take_out(self, group: str, role: Role, user: str) -> None:
        """End a membership; the user stays."""
        # Without /$ref the request would delete the user ("Remove member").
        self._write("DELETE", f"/groups/{group}/{role}/{user}/$ref", None, role, lambda: not self.has(group, role, user))

    def put_in(self, group: str, role: Role, user: str) -> None:
        body = {"@odata.id": f"{self._graph.base_url}/directoryObjects/{user}"}
        self._write("POST", f"/groups/{group}/{role}/$ref", body, role, lambda: self.has(group, role, user))

    def readd(self, group: str, user: str) -> None:
        """Take a member out and put it in again.

        :raises CollectionError: it was taken out and could not be put in; the sentence says how to do that
        """
        self.take_out(group, "members", user)
        # What was taken out may be seen for a while; added meanwhile, it would count as there (Graph is eventually consistent).
        self._graph.await_state(lambda: not self.has(group, "members", user))
        try:
            self.put_in(group, "members", user)
        except GraphError as exc:
            raise CollectionError(
                f"User {user} was taken out of group {group} and could not be added again: {exc} Add the user by hand, in the "
                "Microsoft 365 admin center or with POST /groups/{group-id}/members/$ref.",
                result={"changed": True},
            ) from exc

    def _write(self, method: str, path: str, body: Json | None, role: Role, landed: t.Callable[[], bool]) -> None:
        permission = WRITE if role == "members" else WRITE_OWNERS
        self._graph.write(method, path, body, permission=permission, landed=landed)


def _group(found: Json) -> Json:
    addresses = [text[5:] for text in found.get("proxyAddresses") or [] if text[:5].lower() == "smtp:"]
    mail = found.get("mail")
    if mail and mail.casefold() not in {address.casefold() for address in addresses}:
        addresses.insert(0, mail)
    return {"id": found["id"], "display_name": found.get("displayName"), "mail": mail, "addresses": addresses}


def _person(found: Json) -> Json:
    """A member; one that is no user has neither principal name nor, perhaps, address."""
    return {
        "id": found["id"],
        "display_name": found.get("displayName"),
        "mail": found.get("mail"),
        "user_principal_name": found.get("userPrincipalName"),
    }


def _lies_in(address: str, domain: str) -> bool:
    return address.rpartition("@")[2].casefold() == domain.casefold()
