# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security descriptors in bytes and text, and the BER below LDAP."""

from __future__ import annotations

import contextlib
import struct
import uuid

import hypothesis
import pytest
from hypothesis import strategies as st

from lab.directory import security_descriptor as security
from lab.directory.security_descriptor import Ace, SecurityDescriptor, SecurityDescriptorError
from lab.ldap import ber

DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
GROUP = uuid.UUID("bf967a9c-0de6-11d0-a285-00aa003049e2")


def test_sid_in_bytes() -> None:
    # The example of MS-DTYP 2.4.2: one octet of revision and of count, authority big-endian, the rest little-endian.
    data = bytes.fromhex("01020000000000052000000020020000")
    assert security.sid_to_bytes("S-1-5-32-544") == data
    assert security.read_sid(data) == ("S-1-5-32-544", 16)


@pytest.mark.parametrize("text", ["", "S-1-5", "S-2-5-32", "S-1-5-4294967296", "administrators"])
def test_no_sid(text: str) -> None:
    with pytest.raises(SecurityDescriptorError):
        security.sid_to_bytes(text)


def test_object_ace_layout() -> None:
    ace = Ace.from_sddl(f"(OA;CIIO;CCDCLCSWRPWPDTLOSDRC;;{GROUP};{DOMAIN}-1105)", DOMAIN)
    assert (ace.type, ace.flags, ace.mask) == (5, 0x0A, 0x300FF)
    expected = struct.pack("<BBHII", 5, 0x0A, 56, 0x300FF, 2) + GROUP.bytes_le
    assert ace.to_bytes() == expected + security.sid_to_bytes(f"{DOMAIN}-1105")
    assert ace.object_type is None
    assert ace.inherited_object_type == GROUP


@pytest.mark.parametrize(
    "text",
    [
        "(A;;RP;;;S-1-5-11)",
        "(D;CIID;SD;;;S-1-1-0)",
        f"(OA;CI;CCDC;{GROUP};;{DOMAIN}-512)",
        f"(OD;CINPIO;WP;bf9679c0-0de6-11d0-a285-00aa003049e2;{GROUP};S-1-5-10)",
    ],
)
def test_ace_round_trip(text: str) -> None:
    ace = Ace.from_sddl(text, DOMAIN)
    assert ace.to_sddl() == text
    assert Ace.from_bytes(ace.to_bytes()) == ace


def test_sddl_names_of_sids_and_hexadecimal_rights() -> None:
    assert Ace.from_sddl("(A;;0x300ff;;;DA)", DOMAIN) == Ace(0, 0, 0x300FF, f"{DOMAIN}-512")
    assert Ace.from_sddl("(A;;GA;;;SY)", DOMAIN).sid == "S-1-5-18"


@pytest.mark.parametrize("text", ["(A;;RP;;S-1-5-11)", "(X;;RP;;;SY)", "(A;;QQ;;;SY)", "(A;;RP;not-a-guid;;SY)"])
def test_no_ace(text: str) -> None:
    with pytest.raises(SecurityDescriptorError):
        Ace.from_sddl(text, DOMAIN)


def _descriptor() -> SecurityDescriptor:
    return SecurityDescriptor(
        security.SELF_RELATIVE | security.DACL_PRESENT | security.DACL_PROTECTED,
        owner=f"{DOMAIN}-512",
        group=f"{DOMAIN}-513",
        dacl=security.aces_from_sddl(f"D:(A;;GA;;;SY)(OA;CI;CCDC;{GROUP};;AU)", DOMAIN),
    )


def test_descriptor_round_trip() -> None:
    descriptor = _descriptor()
    assert SecurityDescriptor.from_bytes(descriptor.to_bytes()) == descriptor


def test_descriptor_in_parts() -> None:
    dacl = SecurityDescriptor.from_bytes(_descriptor().to_bytes(security.DACL))
    assert (dacl.owner, dacl.group) == (None, None)
    assert dacl.dacl == _descriptor().dacl
    assert dacl.control & security.DACL_PROTECTED
    owner = SecurityDescriptor.from_bytes(_descriptor().to_bytes(security.OWNER))
    assert (owner.owner, owner.dacl) == (f"{DOMAIN}-512", None)
    assert not owner.control & security.DACL_PRESENT


def test_an_empty_dacl_is_there() -> None:
    empty = SecurityDescriptor(dacl=[])
    assert SecurityDescriptor.from_bytes(empty.to_bytes()).dacl == []


def test_acl_with_object_aces_has_revision_4() -> None:
    data = _descriptor().to_bytes(security.DACL)
    at = struct.unpack_from("<I", data, 16)[0]
    assert data[at] == 4


_WHOLE = _descriptor().to_bytes()


@hypothesis.given(
    st.integers(0, len(_WHOLE)), st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255)), max_size=4)
)
def test_garbage_never_does_more_than_raise(length: int, changes: list[tuple[int, int]]) -> None:
    data = bytearray(_WHOLE)
    for at, octet in changes:
        data[at] = octet
    with contextlib.suppress(SecurityDescriptorError):
        SecurityDescriptor.from_bytes(bytes(data[:length]))


def test_ber_integers_and_long_lengths() -> None:
    for number in (0, 1, -1, 127, 128, -128, -129, 65536, -2147483646):
        assert ber.Reader(ber.integer(number)).integer() == number
    assert ber.integer(128) == bytes.fromhex("02020080")
    long = ber.octets(b"x" * 300)
    assert long[:4] == bytes.fromhex("0482012c")
    assert ber.Reader(long).octets() == b"x" * 300


def test_ber_frames() -> None:
    whole = ber.octets(b"x" * 300)
    assert ber.frame_length(b"") is None
    assert ber.frame_length(whole[:3]) is None
    assert ber.frame_length(whole[:10]) == len(whole)
    for start in (b"\x30\x80", b"\x30\x85\x01\x01\x01\x01\x01", b"\x30\x84\xff\xff\xff\xff"):
        with pytest.raises(ber.BerError):
            ber.frame_length(start)


def test_ber_wrong_type_and_cut_short() -> None:
    with pytest.raises(ber.BerError, match="expected tag"):
        ber.Reader(ber.octets("x")).integer()
    with pytest.raises(ber.BerError, match="cut short"):
        ber.Reader(b"\x04\x05ab").octets()
    with pytest.raises(ber.BerError, match="the end"):
        ber.Reader(b"").text()
    with pytest.raises(ber.BerError, match="UTF-8"):
        ber.Reader(ber.octets(b"\xff")).text()
