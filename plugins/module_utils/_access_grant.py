# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The least grant for group writeback: adding it to a DACL, taking it away, and what goes beyond it.

The rule that Microsoft's cmdlet writes is inherited by groups only and gives no right to create them in the OU. So the least
grant is two rules.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rights import (
    CREATE_CHILD,
    DELETE,
    DELETE_CHILD,
    DELETE_TREE,
    GROUP_CLASS,
    READ,
    WRITE,
    Place,
    expand_generic,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    AceType,
    Rule,
    SecurityDescriptor,
)


def least_grant(sid: str) -> dict[Place, Ace]:
    """The rules that give all :data:`RIGHTS` and nothing on other classes of objects."""
    return {
        Place.OU: Ace.from_rule(
            Rule(AceType.ALLOWED_OBJECT, AceFlag.CONTAINER_INHERIT, CREATE_CHILD | DELETE_CHILD, sid, GROUP_CLASS)
        ),
        Place.GROUPS: Ace.from_rule(
            Rule(
                AceType.ALLOWED_OBJECT,
                AceFlag.CONTAINER_INHERIT | AceFlag.INHERIT_ONLY,
                CREATE_CHILD | DELETE_CHILD | READ | WRITE | DELETE | DELETE_TREE,
                sid,
                inherited_object_type=GROUP_CLASS,
            )
        ),
    }


def with_rules(descriptor: SecurityDescriptor, missing: t.Sequence[Ace]) -> SecurityDescriptor:
    """Add rules. One that is there in part, with the same reach, becomes whole instead."""
    for ace in missing:
        part = next((held for held in descriptor.aces if _same_reach(held, ace)), None)
        if part is None or part.rule is None or ace.rule is None:
            descriptor = descriptor.with_explicit((ace,))
            continue
        whole = Ace.from_rule(dataclasses.replace(part.rule, mask=part.rule.mask | ace.rule.mask))
        aces = tuple(whole if held is part else held for held in descriptor.aces)
        descriptor = dataclasses.replace(descriptor, aces=aces)
    return descriptor


def _same_reach(first: Ace, second: Ace) -> bool:
    """True when both are the same explicit rule but for the rights in it."""
    if first.rule is None or second.rule is None:
        return False
    return dataclasses.replace(first.rule, mask=0) == dataclasses.replace(second.rule, mask=0)


def without(ace: Ace, grant: Ace) -> Ace | None:
    """The rule without the grant's rights; None when nothing is left."""
    if ace.rule is None or grant.rule is None or not _same_reach(ace, grant):
        return ace
    left = ace.rule.mask & ~grant.rule.mask
    return Ace.from_rule(dataclasses.replace(ace.rule, mask=left)) if left else None


def is_excess(ace: Ace, sid: str) -> bool:
    """True when the rule lets the account do more than the least grant. Reading is not counted."""
    rule = ace.rule
    if rule is None or rule.sid != sid or not rule.type.allows:
        return False
    mask = expand_generic(rule.mask) & ~READ
    children = rule.object_type == GROUP_CLASS and not mask & ~(CREATE_CHILD | DELETE_CHILD)
    grant = least_grant(sid)[Place.GROUPS].rule
    on_groups = grant is not None and rule.inherited_object_type == GROUP_CLASS and not mask & ~grant.mask
    here = bool(rule.flags & AceFlag.INHERIT_ONLY) or children
    below = not rule.flags & AceFlag.CONTAINER_INHERIT or children or on_groups
    return bool(mask) and not (here and below)
