# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import uuid

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_grant import least_grant
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rights import GROUP_CLASS, Place, expand_generic
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rule_text import explain, sddl, sddl_dacl, words
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rules import (
    Assessment,
    Trustee,
    assess,
    same_explicit,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    AceType,
    Rule,
    SecurityDescriptor,
    build,
    parse,
)

ACCOUNT = "S-1-5-21-1-2-3-1105"
SYNC_GROUP = "S-1-5-21-1-2-3-2001"
STRANGER = "S-1-5-21-1-2-3-9999"
EVERYONE = "S-1-1-0"
USER_CLASS = uuid.UUID("bf967aba-0de6-11d0-a285-00aa003049e2")
MEMBER = uuid.UUID("bf9679c0-0de6-11d0-a285-00aa003049e2")
CI, IO, ID, NP = AceFlag.CONTAINER_INHERIT, AceFlag.INHERIT_ONLY, AceFlag.INHERITED, AceFlag.NO_PROPAGATE_INHERIT
GENERIC_ALL, GENERIC_READ, GENERIC_WRITE = 0x10000000, 0x80000000, 0x40000000
ON_GROUPS = 0x300FC  # generic read and write, delete, delete tree

TRUSTEE = Trustee(ACCOUNT, frozenset({SYNC_GROUP}))
CREATE, USE = least_grant(ACCOUNT)[Place.OU], least_grant(ACCOUNT)[Place.GROUPS]


def allow(mask: int, flags: AceFlag = CI, sid: str = ACCOUNT, of: uuid.UUID | None = None, on: uuid.UUID | None = None) -> Ace:
    kind = AceType.ALLOWED_OBJECT if of or on else AceType.ALLOWED
    return Ace.from_rule(Rule(kind, flags, mask, sid, of, on))


def deny(mask: int, flags: AceFlag = CI, sid: str = ACCOUNT, of: uuid.UUID | None = None, on: uuid.UUID | None = None) -> Ace:
    kind = AceType.DENIED_OBJECT if of or on else AceType.DENIED
    return Ace.from_rule(Rule(kind, flags, mask, sid, of, on))


def rules(*aces: Ace) -> SecurityDescriptor:
    return parse(build(SecurityDescriptor(0x8404, 4, aces)))


def judge(*aces: Ace) -> Assessment:
    return assess(rules(*aces), TRUSTEE)


def blocked(assessment: Assessment) -> list[str]:
    return [verdict.right.name for verdict in assessment.blocked]


def test_the_least_grant_as_sddl() -> None:
    assert sddl(CREATE) == f"(OA;CI;CCDC;bf967a9c-0de6-11d0-a285-00aa003049e2;;{ACCOUNT})"
    assert sddl(USE) == f"(OA;CIIO;CCDCLCSWRPWPDTLOSDRC;;bf967a9c-0de6-11d0-a285-00aa003049e2;{ACCOUNT})"
    assert USE.rule is not None and USE.rule.mask == 0x300FF


def test_nothing_there_both_are_missing() -> None:
    assessment = judge(allow(GENERIC_ALL, sid=STRANGER))
    assert assessment.missing == (CREATE, USE)
    assert not any(verdict.granted for verdict in assessment.verdicts)
    assert not assessment.blocked


def test_the_least_grant_is_enough() -> None:
    assessment = judge(CREATE, USE)
    assert assessment.missing == ()
    assert all(verdict.granted for verdict in assessment.verdicts)


@pytest.mark.parametrize(
    "aces",
    [
        (allow(GENERIC_ALL),),
        (allow(0xF01FF),),
        (allow(0xF01FF, CI | ID),),
        (allow(GENERIC_ALL, sid=SYNC_GROUP),),
        (allow(GENERIC_ALL, sid="S-1-5-11"),),
        (allow(3, of=GROUP_CLASS), allow(GENERIC_READ | GENERIC_WRITE | 0x10043, CI | IO, on=GROUP_CLASS)),
        (allow(3, AceFlag(0)), allow(ON_GROUPS, CI | IO)),
        (allow(1), allow(2, sid=SYNC_GROUP), allow(GENERIC_READ), allow(GENERIC_WRITE, sid=EVERYONE), allow(0x10040)),
        (allow(0xF01FF, CI | NP),),  # reaches groups directly below
        (deny(GENERIC_ALL, sid=STRANGER), allow(GENERIC_ALL)),
        (deny(3, of=USER_CLASS), allow(GENERIC_ALL)),
        (deny(GENERIC_ALL, CI | IO, on=USER_CLASS), allow(GENERIC_ALL)),
        (allow(GENERIC_ALL), deny(GENERIC_ALL, CI | ID)),  # inherited deny after explicit allow
        (deny(0x10040, AceFlag(0), sid=EVERYONE), allow(GENERIC_ALL)),  # the OU protected from accidental deletion
    ],
)
def test_enough_by_meaning(aces: tuple[Ace, ...]) -> None:
    assessment = judge(*aces)
    assert assessment.missing == ()
    assert assessment.blocked == ()


@pytest.mark.parametrize(
    ("aces", "missing"),
    [
        # Microsoft's cmdlet: for groups that exist, none can be created.
        ((USE,), (CREATE,)),
        ((CREATE,), (USE,)),
        # Create without delete.
        ((allow(1, of=GROUP_CLASS), USE), (CREATE,)),
        # One right on groups taken away by hand.
        ((CREATE, allow(0x300FF & ~0x40, CI | IO, on=GROUP_CLASS)), (USE,)),
        # For another class, another account, this object only.
        ((allow(3, of=USER_CLASS), USE), (CREATE,)),
        ((CREATE, allow(0x300FF, CI | IO, on=USER_CLASS)), (USE,)),
        ((allow(GENERIC_ALL, AceFlag(0)),), (USE,)),
        ((allow(GENERIC_ALL, CI | IO),), (CREATE,)),
        ((allow(GENERIC_ALL, AceFlag.OBJECT_INHERIT | IO),), (CREATE, USE)),
        # One property is not all of them.
        ((CREATE, allow(0x300FF, of=MEMBER)), (USE,)),
        # Inherited deny: an explicit allow comes before it.
        ((deny(GENERIC_ALL, CI | ID), allow(GENERIC_ALL, CI | ID)), (CREATE, USE)),
    ],
)
def test_what_is_missing(aces: tuple[Ace, ...], missing: tuple[Ace, ...]) -> None:
    descriptor = rules(*aces)
    assessment = assess(descriptor, TRUSTEE)
    assert assessment.missing == missing
    assert assessment.blocked == ()
    repaired = assess(descriptor.with_explicit(missing), TRUSTEE)
    assert repaired.missing == ()
    assert all(verdict.granted for verdict in repaired.verdicts)


def test_conditional_allow_is_not_counted_on() -> None:
    condition = b"artx"
    plain = allow(GENERIC_ALL)
    raw = (
        bytes([AceType.ALLOWED_CALLBACK])
        + plain.raw[1:2]
        + (len(plain.raw) + 4).to_bytes(2, "little")
        + plain.raw[4:]
        + condition
    )
    assert judge(Ace(raw)).missing == (CREATE, USE)


def test_explicit_deny_blocks_and_is_named() -> None:
    wall = deny(0x1, sid=SYNC_GROUP)
    assessment = judge(wall, CREATE, USE)
    assert blocked(assessment) == ["create groups"]
    assert assessment.missing == ()  # adding what is denied would help nobody
    assert assessment.blocked[0].right.essential
    assert sddl(wall) in explain(assessment.blocked[0], {SYNC_GROUP: "CONTOSO\\Sync"})
    assert "CONTOSO\\Sync" in explain(assessment.blocked[0], {SYNC_GROUP: "CONTOSO\\Sync"})


def test_what_is_not_denied_is_still_added() -> None:
    assessment = judge(deny(0x40, CI))
    assert assessment.missing == (CREATE, USE)
    assert blocked(assessment) == ["delete groups with what is below them"]


def test_protected_object_below_denies_what_is_not_essential() -> None:
    """Protecting an OU below from accidental deletion denies everybody to delete children here."""
    assessment = judge(deny(0x2, AceFlag(0), sid=EVERYONE))
    assert assessment.missing == (CREATE, USE)
    assert [(verdict.right.name, verdict.right.essential) for verdict in assessment.blocked] == [
        ("delete groups from the OU", False)
    ]
    assert judge(deny(0x2, AceFlag(0), sid=EVERYONE), CREATE, USE).missing == ()


def test_deny_of_one_property_is_a_limit() -> None:
    limit = deny(0x20, CI | IO, of=MEMBER, on=GROUP_CLASS)
    assessment = judge(limit, CREATE, USE)
    assert assessment.limits == (limit,)
    assert assessment.blocked == ()
    assert assessment.missing == ()


def test_explicit_rules_are_compared_as_a_multiset() -> None:
    first, second, inherited = allow(1), allow(2), allow(4, CI | ID)
    assert same_explicit(rules(first, second, inherited), rules(second, first))
    assert not same_explicit(rules(first, second), rules(first))
    assert not same_explicit(rules(first, first), rules(first))


def test_generic_rights() -> None:
    """MS-ADTS 5.1.3.2: what generic rights stand for on directory objects."""
    assert expand_generic(GENERIC_ALL) == 0xF01FF
    assert expand_generic(GENERIC_READ | GENERIC_WRITE) == 0x200BC
    assert expand_generic(0x20000000) == 0x20004
    assert expand_generic(0x300FF) == 0x300FF


def test_rules_in_words() -> None:
    names = {ACCOUNT: "CONTOSO\\MSOL_1"}
    assert words(CREATE, names) == (
        "allow CONTOSO\\MSOL_1 to create child objects, delete child objects of class group, here and below"
    )
    assert words(USE, names).endswith("read permissions, on group objects below only")
    assert words(deny(0x10040, AceFlag(0), EVERYONE), names) == "deny Everyone to delete tree, delete, here only"
    assert words(allow(0xF01FF), names) == "allow CONTOSO\\MSOL_1 to do everything (full control), here and below"


def test_sddl_of_what_is_not_known() -> None:
    assert sddl(Ace(b"\x11\x00\x08\x00abcd")) == "(unknown type 0x11: 1100080061626364)"
    assert sddl(allow(0x8001, AceFlag(0))) == f"(A;;0x8001;;;{ACCOUNT})"
    protected = SecurityDescriptor(0x9404, 2, (allow(1, ID),))
    assert sddl_dacl(protected) == f"D:P(A;ID;CC;;;{ACCOUNT})"


def test_verdicts_in_words() -> None:
    sentences = [explain(verdict, {}) for verdict in judge(CREATE).verdicts]
    assert sentences[0] == "may create groups (the OU itself)"
    assert sentences[2] == "may not read groups (group objects below the OU): no rule allows it"


@pytest.mark.parametrize(
    ("ace", "more_than_needed"),
    [
        (allow(0x300FF), True),
        (allow(0x20, AceFlag(0)), True),
        (allow(0x1, of=USER_CLASS), True),
        (allow(0x40000, CI | IO, on=GROUP_CLASS), True),
        (allow(0x20, CI | IO, on=USER_CLASS), True),
        (CREATE, False),
        (USE, False),
        (allow(0x20, CI | IO, on=GROUP_CLASS), False),
        (allow(0x1, AceFlag(0), of=GROUP_CLASS), False),
        (allow(GENERIC_READ), False),
        (allow(GENERIC_ALL, sid=SYNC_GROUP), False),  # a group's rights are not the account's own
        (deny(0x2), False),
    ],
)
def test_excess(ace: Ace, more_than_needed: bool) -> None:
    assert judge(ace, CREATE, USE).excess == ((ace,) if more_than_needed else ())
