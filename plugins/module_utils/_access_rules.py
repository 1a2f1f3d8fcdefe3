# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Which access rules the connector account lacks to write groups back into an OU.

Decided by what the rules mean, not by their text: an access check as a domain controller does it (MS-DTYP 2.5.3.2, MS-ADTS
5.1.3.3), for the account and its groups, once on the OU and once on a group that inherits from it.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_grant import (
    is_excess,
    least_grant,
    with_rules,
    without,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rights import (
    GROUP_CLASS,
    RIGHTS,
    Place,
    Right,
    expand_generic,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    Rule,
    SecurityDescriptor,
)

# Whoever logs on over the network is one of these; tokenGroups leaves them out (MS-DTYP 2.4.2.4).
EVERYONE = "S-1-1-0"
_LOGON_SIDS = frozenset({EVERYONE, "S-1-5-2", "S-1-5-11", "S-1-5-15"})


@dataclasses.dataclass(frozen=True)
class Trustee:
    """An account as the access check sees it.

    :param sid: its own SID
    :param groups: SIDs of all groups it is in, nested ones too
    """

    sid: str
    groups: frozenset[str] = frozenset()

    @property
    def sids(self) -> frozenset[str]:
        return self.groups | _LOGON_SIDS | {self.sid}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One right of the account.

    :param granted: the rules give it in full
    :param denied_by: the rule that takes it away, when one does
    """

    right: Right
    granted: bool
    denied_by: Ace | None = None


@dataclasses.dataclass(frozen=True)
class Assessment:
    """What an account may do, and the rules to add.

    :param verdicts: one for each of :data:`RIGHTS`, by the rules as they are
    :param missing: rules of the least grant that would give rights the account lacks, in the order to write them
    :param blocked: rights that a deny rule takes away even then
    :param limits: deny rules for single properties of groups: they do not take a right away as a whole
    :param excess: the account's own explicit rules that let it do more than the least grant; reading is not counted
    """

    verdicts: tuple[Verdict, ...]
    missing: tuple[Ace, ...]
    blocked: tuple[Verdict, ...]
    limits: tuple[Ace, ...]
    excess: tuple[Ace, ...]


def assess(descriptor: SecurityDescriptor, trustee: Trustee) -> Assessment:
    """Compare what ``trustee`` may do under these rules with what group writeback needs."""
    before = {place: _check(descriptor, trustee, place) for place in Place}
    missing: list[Ace] = []
    for place, ace in least_grant(trustee.sid).items():
        gained = _check(descriptor.with_explicit((ace,)), trustee, place).granted & ~before[place].granted
        if gained & _needed(place):
            missing.append(ace)
    with_missing = with_rules(descriptor, missing)
    after = {place: _check(with_missing, trustee, place) for place in Place}
    return Assessment(
        verdicts=tuple(before[right.place].verdict(right) for right in RIGHTS),
        missing=tuple(missing),
        blocked=tuple(verdict for right in RIGHTS if not (verdict := after[right.place].verdict(right)).granted),
        limits=before[Place.GROUPS].limits,
        excess=tuple(ace for ace in descriptor.explicit if is_excess(ace, trustee.sid)),
    )


def granted(descriptor: SecurityDescriptor, trustee: Trustee) -> SecurityDescriptor:
    """The DACL with what ``trustee`` lacks.

    A rule of the account that a part was taken from gets that part back; otherwise a rule of the least grant is added.
    """
    return with_rules(descriptor, assess(descriptor, trustee).missing)


def revoked(descriptor: SecurityDescriptor, sid: str) -> SecurityDescriptor:
    """The DACL without what :func:`granted` gives.

    Exactly the rights of the least grant go, from the account's explicit rules of the same reach. A rule that reaches further
    or allows more keeps the rest: taking from it would take what somebody else gave.
    """
    aces = list(descriptor.aces)
    for grant in least_grant(sid).values():
        aces = [kept for ace in aces if (kept := without(ace, grant)) is not None]
    return dataclasses.replace(descriptor, aces=tuple(aces))


def same_explicit(first: SecurityDescriptor, second: SecurityDescriptor) -> bool:
    """True when both hold the same explicit rules, in whatever order: a domain controller sorts a DACL (MS-ADTS 6.1.3.1)."""
    return collections.Counter(first.explicit) == collections.Counter(second.explicit)


@dataclasses.dataclass
class _Access:
    """The outcome of one access check: rights decided so far, the rule behind each denied one."""

    granted: int = 0
    denied: dict[int, Ace] = dataclasses.field(default_factory=dict)
    limits: tuple[Ace, ...] = ()

    def apply(self, ace: Ace, *, allows: bool, mask: int) -> None:
        """The first rule that speaks of a right decides it (MS-DTYP 2.5.3.2)."""
        open_bits = [bit for bit in _bits(mask) if not self.granted & bit and bit not in self.denied]
        for bit in open_bits:
            if allows:
                self.granted |= bit
            else:
                self.denied[bit] = ace

    def verdict(self, right: Right) -> Verdict:
        denied_by = next((self.denied[bit] for bit in _bits(right.mask) if bit in self.denied), None)
        return Verdict(right, self.granted & right.mask == right.mask, denied_by)


def _needed(place: Place) -> int:
    mask = 0
    for right in RIGHTS:
        if right.place is place:
            mask |= right.mask
    return mask


def _check(descriptor: SecurityDescriptor, trustee: Trustee, place: Place) -> _Access:
    access = _Access()
    for ace in descriptor.aces:
        rule = ace.rule
        if rule is None or rule.sid not in trustee.sids or not _applies(rule, place):
            continue
        if rule.type.is_conditional and rule.type.allows:
            continue  # its condition cannot be judged from here: not counted on
        mask = expand_generic(rule.mask) & _needed(place)
        if rule.object_type is None or (place is Place.OU and rule.object_type == GROUP_CLASS):
            access.apply(ace, allows=rule.type.allows, mask=mask)
        elif place is Place.GROUPS and mask and not rule.type.allows:
            access.limits += (ace,)
    return access


def _applies(rule: Rule, place: Place) -> bool:
    if place is Place.OU:
        return not rule.flags & AceFlag.INHERIT_ONLY
    # Every directory object counts as a container for inheritance (MS-ADTS 6.1.3).
    return bool(rule.flags & AceFlag.CONTAINER_INHERIT) and rule.inherited_object_type in (None, GROUP_CLASS)


def _bits(mask: int) -> t.Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest
