# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    AceType,
    DescriptorError,
    Rule,
    SecurityDescriptor,
    build,
    parse,
    sid_to_bytes,
    sid_to_text,
)

GROUP = uuid.UUID("bf967a9c-0de6-11d0-a285-00aa003049e2")
NONE = AceFlag(0)
ACCOUNT = "S-1-5-21-1004336348-1177238915-682003330-1105"


def sid(authority: int, parts: list[int]) -> str:
    return sid_to_text(bytes([1, len(parts)]) + authority.to_bytes(6, "big") + struct.pack(f"<{len(parts)}I", *parts))


sids = st.builds(sid, st.integers(0, 2**48 - 1), st.lists(st.integers(0, 2**32 - 1), max_size=15))
guids = st.none() | st.uuids()
plain_rules = st.builds(
    Rule,
    st.sampled_from([AceType.ALLOWED, AceType.DENIED]),
    st.integers(0, 255).map(AceFlag),
    st.integers(0, 2**32 - 1),
    sids,
)
object_rules = st.builds(
    Rule,
    st.sampled_from([AceType.ALLOWED_OBJECT, AceType.DENIED_OBJECT]),
    st.integers(0, 255).map(AceFlag),
    st.integers(0, 2**32 - 1),
    sids,
    guids,
    guids,
)
foreign_aces = st.builds(
    lambda kind, flags, body: Ace(struct.pack("<BBH", kind, flags, 4 + len(body)) + body),
    st.sampled_from([0x02, 0x07, 0x11, 0x7F]),
    st.integers(0, 255),
    st.binary(max_size=60),
)
aces = st.one_of(plain_rules.map(Ace.from_rule), object_rules.map(Ace.from_rule), foreign_aces)
descriptors = st.builds(
    SecurityDescriptor,
    st.sampled_from([0x8004, 0x8404, 0x9404, 0x9504]),
    st.sampled_from([2, 4]),
    st.lists(aces, max_size=30).map(tuple),
)


@given(descriptors)
def test_parse_undoes_build_and_build_parse(descriptor: SecurityDescriptor) -> None:
    data = build(descriptor)
    assert parse(data) == descriptor
    assert build(parse(data)) == data
    assert [ace.rule for ace in parse(data).aces] == [ace.rule for ace in descriptor.aces]


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    with contextlib.suppress(DescriptorError):
        parse(data)


@given(descriptors, st.data())
def test_damaged_descriptors_are_parsed_or_refused(descriptor: SecurityDescriptor, data: st.DataObject) -> None:
    damaged = bytearray(build(descriptor))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DescriptorError):
        parse(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))


@given(sids)
def test_sid_text_and_bytes_are_one_to_one(text: str) -> None:
    assert sid_to_text(sid_to_bytes(text)) == text


def test_sid_as_windows_writes_it() -> None:
    administrators = bytes.fromhex("01020000000000052000000020020000")
    assert sid_to_text(administrators) == "S-1-5-32-544"
    assert sid_to_bytes("S-1-5-32-544") == administrators


@pytest.mark.parametrize("text", ["", "S-1", "S-2-5-32", "S-1-5-x", "S-1-5-4294967296", "S-1-5--1", "CONTOSO\\x"])
def test_not_a_sid(text: str) -> None:
    with pytest.raises(DescriptorError):
        sid_to_bytes(text)


def test_object_ace_in_bytes() -> None:
    """Layout of MS-DTYP 2.4.4.3, written out by hand."""
    rule = Rule(AceType.ALLOWED_OBJECT, AceFlag.CONTAINER_INHERIT, 3, "S-1-5-32-544", GROUP)
    assert Ace.from_rule(rule).raw == bytes.fromhex(
        "05022c0003000000010000009c7a96bfe60dd011a28500aa003049e201020000000000052000000020020000"
    )


def test_absent_and_null_dacl_are_refused() -> None:
    for control, offset in ((0x8000, 0), (0x8004, 0)):
        with pytest.raises(DescriptorError, match="no DACL"):
            parse(struct.pack("<BBHIIII", 1, 0, control, 0, 0, 0, offset))


def test_empty_dacl_is_a_dacl() -> None:
    assert parse(build(SecurityDescriptor(0x8004, 2, ()))).aces == ()


def test_owner_group_and_sacl_are_passed_over() -> None:
    dacl_only = build(SecurityDescriptor(0x8404, 4, (Ace.from_rule(Rule(AceType.ALLOWED, AceFlag(0), 1, ACCOUNT)),)))
    owner = sid_to_bytes("S-1-5-32-544")
    moved = struct.pack("<BBHIIII", 1, 0, 0x8414, 20, 0, 20, 20 + len(owner)) + owner + dacl_only[20:]
    assert build(parse(moved)) == dacl_only


def test_added_rules_come_after_explicit_and_before_inherited_ones() -> None:
    def ace(mask: int, flags: AceFlag = NONE, kind: AceType = AceType.ALLOWED) -> Ace:
        return Ace.from_rule(Rule(kind, flags, mask, ACCOUNT))

    deny, own, inherited = ace(1, kind=AceType.DENIED), ace(2), ace(3, AceFlag.INHERITED)
    added = Ace.from_rule(Rule(AceType.ALLOWED_OBJECT, AceFlag(0), 4, ACCOUNT, GROUP))
    descriptor = SecurityDescriptor(0x9404, 2, (deny, own, inherited)).with_explicit((added,))
    assert descriptor.aces == (deny, own, added, inherited)
    assert descriptor.revision == 4  # an ACL with object ACEs (MS-DTYP 2.4.5)
    assert descriptor.protected
    assert descriptor.explicit == (deny, own, added)


def test_added_rules_come_first_when_all_others_are_inherited() -> None:
    inherited = Ace.from_rule(Rule(AceType.ALLOWED, AceFlag.INHERITED, 3, ACCOUNT))
    added = Ace.from_rule(Rule(AceType.ALLOWED, AceFlag(0), 4, ACCOUNT))
    assert SecurityDescriptor(0x8404, 2, (inherited,)).with_explicit((added,)).aces == (added, inherited)
