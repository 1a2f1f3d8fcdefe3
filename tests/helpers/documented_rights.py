# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets the lab's account and application do what docs/permissions.md says a playbook needs, and no more."""

from __future__ import annotations

from helpers.pages import DOCS, code, page
from lab import contoso
from lab.lab import Lab


def allow_only(lab: Lab, playbook: str, *, in_addition: bool = False) -> None:
    """The rights of a playbook; a row that begins with a tag belongs to the playbook above it.

    :param in_addition: also those that it needs in addition, for what it does on request
    """
    roles: set[str] = set()
    permissions: set[str] = set()
    of: list[str] = []
    for what, exchange, _connect, graph, _also in page(DOCS / "permissions.md").tables["By step"]:
        of = of if what.startswith("tag ") else code(what)
        if playbook in of and (in_addition or "in addition" not in what):
            roles |= {role for role in exchange.split(", ") if role}
            permissions |= set(code(graph))
    assert roles
    lab.world.exchange.role_assignments[contoso.ADMIN] = tuple(sorted(roles))
    lab.world.tenant.applications[contoso.CLIENT_ID].roles = sorted(permissions)
