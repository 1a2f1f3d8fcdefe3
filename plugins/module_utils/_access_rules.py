# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Which access rules the connector account lacks to write groups back into an OU.

Decided by what the rules mean, not by their text: an access check as a domain controller does it (MS-DTYP 2.5.3.2, MS-ADTS
5.1.3.3), for the account and its groups, once on the OU and once on a group that inherits from it.

Microsoft documents the rights ("Configure AD DS connector account permissions", Group writeback): read, write, create,
delete and delete tree on group objects. Creating needs a right on the parent, for the class of the new object (MS-ADTS
3.1.1.5.2.1); the rule that Microsoft's cmdlet writes is inherited by groups only and does not give it. So the least grant
is two rules.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import typing as t
import uuid

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    AceType,
    Rule,
    SecurityDescriptor,
)

GROUP_CLASS = uuid.UUID("bf967a9c-0de6-11d0-a285-00aa003049e2")  # schemaIDGUID of the class group (MS-ADSC)

# Rights on directory objects (MS-ADTS 5.1.3.2).
CREATE_CHILD = 0x1
DELETE_CHILD = 0x2
LIST_CHILDREN = 0x4
SELF_WRITE = 0x8
READ_PROPERTY = 0x10
WRITE_PROPERTY = 0x20
DELETE_TREE = 0x40
LIST_OBJECT = 0x80
DELETE = 0x10000
READ_CONTROL = 0x20000

_GENERIC_RIGHTS = {
    0x10000000: 0xF01FF,  # GENERIC_ALL
    0x80000000: READ_CONTROL | LIST_CHILDREN | READ_PROPERTY | LIST_OBJECT,  # GENERIC_READ
    0x40000000: READ_CONTROL | SELF_WRITE | WRITE_PROPERTY,  # GENERIC_WRITE
    0x20000000: READ_CONTROL | LIST_CHILDREN,  # GENERIC_EXECUTE
}
_READ = _GENERIC_RIGHTS[0x80000000]
_WRITE = _GENERIC_RIGHTS[0x40000000]

# Whoever logs on over the network is one of these; tokenGroups leaves them out (MS-DTYP 2.4.2.4).
EVERYONE = "S-1-1-0"
_LOGON_SIDS = frozenset({EVERYONE, "S-1-5-2", "S-1-5-11", "S-1-5-15"})


class Place(enum.Enum):
    """Where a right is exercised."""

    OU = "the OU itself"
    GROUPS = "group objects below the OU"


@dataclasses.dataclass(frozen=True)
class Right:
    """Something the connector account must be able to do.

    :param essential: False when writeback works without it as long as the other rights are there
    """

    name: str
    mask: int
    place: Place
    essential: bool = True


# Delete on the group is enough to delete it, so delete child on the OU is not essential (MS-ADTS 3.1.1.5.5). It is often
# denied to everybody: protecting an object below the OU from accidental deletion does that.
RIGHTS = (
    Right("create groups", CREATE_CHILD, Place.OU),
    Right("delete groups from the OU", DELETE_CHILD, Place.OU, essential=False),
    Right("read groups", _READ, Place.GROUPS),
    Right("change groups", _WRITE, Place.GROUPS),
    Right("delete groups", DELETE, Place.GROUPS),
    Right("delete groups with what is below them", DELETE_TREE, Place.GROUPS),
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
                CREATE_CHILD | DELETE_CHILD | _READ | _WRITE | DELETE | DELETE_TREE,
                sid,
                inherited_object_type=GROUP_CLASS,
            )
        ),
    }


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
    """

    verdicts: tuple[Verdict, ...]
    missing: tuple[Ace, ...]
    blocked: tuple[Verdict, ...]
    limits: tuple[Ace, ...]


def assess(descriptor: SecurityDescriptor, trustee: Trustee) -> Assessment:
    """Compare what ``trustee`` may do under these rules with what group writeback needs."""
    before = {place: _check(descriptor, trustee, place) for place in Place}
    missing: list[Ace] = []
    for place, ace in least_grant(trustee.sid).items():
        gained = _check(descriptor.with_explicit((ace,)), trustee, place).granted & ~before[place].granted
        if gained & _needed(place):
            missing.append(ace)
    with_missing = descriptor.with_explicit(tuple(missing))
    after = {place: _check(with_missing, trustee, place) for place in Place}
    return Assessment(
        verdicts=tuple(before[right.place].verdict(right) for right in RIGHTS),
        missing=tuple(missing),
        blocked=tuple(verdict for right in RIGHTS if not (verdict := after[right.place].verdict(right)).granted),
        limits=before[Place.GROUPS].limits,
    )


def same_explicit(first: SecurityDescriptor, second: SecurityDescriptor) -> bool:
    """True when both hold the same explicit rules, in whatever order: a domain controller sorts a DACL (MS-ADTS 6.1.3.1)."""
    return collections.Counter(first.explicit) == collections.Counter(second.explicit)


def expand_generic(mask: int) -> int:
    """Replace generic rights by what they stand for on directory objects (MS-ADTS 5.1.3.2)."""
    for generic, rights in _GENERIC_RIGHTS.items():
        if mask & generic:
            mask = mask & ~generic | rights
    return mask


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
