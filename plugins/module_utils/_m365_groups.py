# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Microsoft 365 groups of a tenant in Microsoft Graph: addresses, members, owners.

Source: Graph reference, pages group-list, group-list-members, group-list-owners.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, Json

READ = "GroupMember.Read.All"
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
