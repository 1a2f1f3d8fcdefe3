# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access check and inheritance, one rule a test."""

from __future__ import annotations

import uuid

import pytest

from lab.directory import access_check
from lab.directory import security_descriptor as security
from lab.directory.access_check import granted_rights, is_granted, with_inheritance
from lab.directory.schema import ATTRIBUTES, CLASSES
from lab.directory.security_descriptor import RIGHTS, SecurityDescriptor

DOMAIN = "S-1-5-21-1-2-3"
ACCOUNT = f"{DOMAIN}-1105"
OTHER = f"{DOMAIN}-1106"
SIDS = frozenset((ACCOUNT, "S-1-5-11"))
GROUP, USER, OU = CLASSES["group"].guid, CLASSES["user"].guid, CLASSES["organizationalunit"].guid
MEMBER = ATTRIBUTES["member"]
MEMBERSHIP = MEMBER.property_set
assert MEMBERSHIP is not None
CC, DC, WP, RP = (RIGHTS[name] for name in ("CC", "DC", "WP", "RP"))


def descriptor(sddl: str, *, control: int = security.SELF_RELATIVE, owner: str = OTHER) -> SecurityDescriptor:
    return SecurityDescriptor(control, owner, owner, security.aces_from_sddl(sddl.format(**globals()), DOMAIN))


def test_rights_add_up_over_aces_and_sids() -> None:
    dacl = descriptor("(A;;CC;;;{ACCOUNT})(A;;DC;;;AU)(A;;WP;;;{OTHER})")
    assert granted_rights(dacl, SIDS) == CC | DC
    assert is_granted(dacl, SIDS, CC | DC)
    assert not is_granted(dacl, SIDS, CC | WP)


@pytest.mark.parametrize(
    ("sddl", "allowed"),
    [
        ("(D;;CC;;;{ACCOUNT})(A;;CCDC;;;{ACCOUNT})", DC),
        ("(A;;CCDC;;;{ACCOUNT})(D;;CC;;;{ACCOUNT})", CC | DC),  # the order of the list decides, not the kind
        ("(D;;CC;;;AU)(A;;CC;;;{ACCOUNT})", 0),
        ("(D;;CC;;;{OTHER})(A;;CC;;;{ACCOUNT})", CC),
    ],
)
def test_first_ace_about_a_right_decides(sddl: str, allowed: int) -> None:
    assert granted_rights(descriptor(sddl), SIDS) == allowed


def test_inherit_only_is_not_effective() -> None:
    assert granted_rights(descriptor("(A;CIIO;GA;;;{ACCOUNT})"), SIDS) == 0
    # Without inherit-only an ACE for another class counts for the object itself.
    assert granted_rights(descriptor("(OA;CI;CC;;{GROUP};{ACCOUNT})"), SIDS) == CC


def test_object_type_of_a_child_class() -> None:
    dacl = descriptor("(OA;;CCDC;{GROUP};;{ACCOUNT})")
    assert is_granted(dacl, SIDS, CC, [GROUP])
    assert not is_granted(dacl, SIDS, CC, [USER])
    assert not is_granted(dacl, SIDS, CC, [])


def test_object_type_of_attribute_and_property_set() -> None:
    path = [GROUP, MEMBER.guid, MEMBERSHIP]
    for guid in path:
        dacl = SecurityDescriptor(owner=OTHER, dacl=security.aces_from_sddl(f"(OA;;WP;{guid};;{ACCOUNT})", DOMAIN))
        assert is_granted(dacl, SIDS, WP, path)
    other = ATTRIBUTES["displayname"]
    assert not is_granted(dacl, SIDS, WP, [GROUP, other.guid])
    denied = descriptor("(OD;;WP;{MEMBERSHIP};;{ACCOUNT})(A;;WP;;;{ACCOUNT})")
    assert not is_granted(denied, SIDS, WP, path)
    assert is_granted(denied, SIDS, WP, [GROUP, other.guid])


@pytest.mark.parametrize(("generic", "mask"), [("GR", 0x20094), ("GW", 0x20028), ("GX", 0x20004), ("GA", 0xF01FF)])
def test_generic_rights(generic: str, mask: int) -> None:
    dacl = descriptor(f"(A;;{generic};;;{ACCOUNT})")
    assert granted_rights(dacl, SIDS) == mask
    assert is_granted(dacl, SIDS, RIGHTS[generic])


def test_owner_rights() -> None:
    owned = descriptor("(A;;RP;;;AU)", owner=ACCOUNT)
    assert granted_rights(owned, SIDS) == RP | access_check.READ_CONTROL | access_check.WRITE_DAC
    limited = descriptor("(A;;RC;;;OW)(A;;RP;;;AU)", owner=ACCOUNT)
    assert granted_rights(limited, SIDS) == RP | access_check.READ_CONTROL
    assert granted_rights(descriptor("(A;;WP;;;OW)"), SIDS) == 0


def test_principal_self() -> None:
    dacl = descriptor("(A;;RP;;;PS)")
    assert is_granted(dacl, SIDS, RP, self_sid=ACCOUNT)
    assert not is_granted(dacl, SIDS, RP, self_sid=OTHER)


def test_no_dacl_and_empty_dacl() -> None:
    assert granted_rights(SecurityDescriptor(owner=OTHER, dacl=None), SIDS) == 0xF01FF
    assert granted_rights(SecurityDescriptor(owner=OTHER, dacl=[]), SIDS) == 0


def test_system_security_is_a_privilege() -> None:
    dacl = descriptor("(A;;GA;;;{ACCOUNT})")
    assert not is_granted(dacl, SIDS, access_check.ACCESS_SYSTEM_SECURITY)
    assert is_granted(dacl, SIDS | {"S-1-5-32-544"}, access_check.ACCESS_SYSTEM_SECURITY)


def inherited(parent: str, class_guid: uuid.UUID, *, explicit: str = "", control: int = security.SELF_RELATIVE) -> list[str]:
    """The DACL of an object of the class below one with the DACL ``parent``."""
    settled = with_inheritance(descriptor(explicit, control=control), descriptor(parent), class_guid)
    assert settled.dacl is not None
    return [ace.to_sddl() for ace in settled.dacl]


@pytest.mark.parametrize(
    ("parent", "child"),
    [
        ("(A;;RP;;;AU)", None),
        ("(A;CI;RP;;;AU)", "(A;CIID;RP;;;S-1-5-11)"),
        ("(A;CIIO;RP;;;AU)", "(A;CIID;RP;;;S-1-5-11)"),
        ("(A;CINP;RP;;;AU)", "(A;ID;RP;;;S-1-5-11)"),
        ("(A;OI;RP;;;AU)", "(A;OIIOID;RP;;;S-1-5-11)"),
        ("(OA;CIIO;RP;;{GROUP};AU)", f"(OA;CIID;RP;;{GROUP};S-1-5-11)"),
        ("(OA;CIIO;RP;;{USER};AU)", f"(OA;CIIOID;RP;;{USER};S-1-5-11)"),
        ("(OA;CINPIO;RP;;{USER};AU)", None),
        ("(A;CIID;RP;;;AU)", "(A;CIID;RP;;;S-1-5-11)"),
    ],
)
def test_inheritance_of_a_group(parent: str, child: str | None) -> None:
    assert inherited(parent, GROUP) == ([child] if child else [])


def test_inherited_for_another_class_reaches_further_down() -> None:
    ou = with_inheritance(descriptor(""), descriptor("(OA;CIIO;WP;;{GROUP};{ACCOUNT})"), OU)
    assert not is_granted(ou, SIDS, WP, [OU])
    group = with_inheritance(descriptor(""), ou, GROUP)
    assert is_granted(group, SIDS, WP, [GROUP])


def test_inherited_generic_and_creator_split() -> None:
    assert set(inherited("(A;CI;GA;;;CO)", GROUP)) == {
        f"(A;ID;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;{OTHER})",
        "(A;CIIOID;GA;;;S-1-3-0)",
    }


def test_protected_inherits_nothing() -> None:
    protected = security.SELF_RELATIVE | security.DACL_PROTECTED
    assert inherited("(A;CI;RP;;;AU)", GROUP, explicit="(A;;WP;;;AU)", control=protected) == ["(A;;WP;;;S-1-5-11)"]


def test_inherited_aces_in_a_value_are_computed_anew() -> None:
    assert inherited("(A;CI;RP;;;AU)", GROUP, explicit="(A;CIID;GA;;;{ACCOUNT})") == ["(A;CIID;RP;;;S-1-5-11)"]


def test_canonical_dacl_is_sorted() -> None:
    given = "(OA;;CC;{GROUP};;{ACCOUNT})(A;;RP;;;{OTHER})(A;;RP;;;AU)"
    expected = ["(A;;RP;;;S-1-5-11)", f"(A;;RP;;;{OTHER})", f"(OA;;CC;{GROUP};;{ACCOUNT})"]
    assert inherited("", GROUP, explicit=given) == expected
    with_deny = inherited("", GROUP, explicit="(D;;RP;;;{OTHER})" + given)
    assert with_deny == [f"(D;;RP;;;{OTHER})", *expected]


def test_other_order_is_kept() -> None:
    assert inherited("", GROUP, explicit="(A;;WP;;;AU)(D;;RP;;;AU)(A;;CC;;;AU)") == [
        "(A;;WP;;;S-1-5-11)",
        "(D;;RP;;;S-1-5-11)",
        "(A;;CC;;;S-1-5-11)",
    ]


def test_settling_twice_changes_nothing() -> None:
    parent = descriptor("(A;CI;GA;;;CO)(OA;CIIO;WP;;{GROUP};AU)(D;CI;SD;;;WD)")
    once = with_inheritance(descriptor("(A;CI;GR;;;{ACCOUNT})(D;;WP;;;AU)"), parent, OU)
    assert with_inheritance(once, parent, OU) == once
