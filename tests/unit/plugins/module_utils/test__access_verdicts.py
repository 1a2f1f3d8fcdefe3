# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts on generated access rules agree with what a domain controller then allows; printed rules are what it parses."""

from __future__ import annotations

import subprocess
import typing as t
import uuid

import ldap3
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rights import (
    CREATE_CHILD,
    DELETE,
    DELETE_CHILD,
    GROUP_CLASS,
    READ,
    WRITE,
    WRITE_PROPERTY,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rule_text import sddl
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rules import Trustee, assess
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    AceType,
    Rule,
    build,
    parse,
)
from lab import contoso
from lab.directory import client
from lab.directory import security_descriptor as security

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.directory.domain import Domain

OU = contoso.WRITEBACK_OU
GROUP = f"CN=generated,{OU}"
USER_CLASS = uuid.UUID("bf967aba-0de6-11d0-a285-00aa003049e2")
GENERIC_ALL, GENERIC_WRITE = 0x10000000, 0x40000000
CI, IO, NP = AceFlag.CONTAINER_INHERIT, AceFlag.INHERIT_ONLY, AceFlag.NO_PROPAGATE_INHERIT

# The account stands for itself when the test runs, because each domain controller has its own SID for it.
ACCOUNT, DOMAIN_USERS = "the account", f"{contoso.DOMAIN_SID}-513"
sids = st.sampled_from([ACCOUNT, ACCOUNT, ACCOUNT, DOMAIN_USERS, "S-1-5-11", "S-1-1-0", f"{contoso.DOMAIN_SID}-9999"])
flags = st.sampled_from([AceFlag(0), CI, CI | IO, CI | NP, CI | IO | NP, IO])
classes = st.sampled_from([None, GROUP_CLASS, USER_CLASS])


class Generated(t.NamedTuple):
    """A rule without the account's SID."""

    allows: bool
    flags: AceFlag
    mask: int
    sid: str
    object_type: uuid.UUID | None
    inherited_object_type: uuid.UUID | None

    def ace(self, account: str) -> Ace:
        has_type = self.object_type or self.inherited_object_type
        kind = {
            (True, False): AceType.ALLOWED,
            (True, True): AceType.ALLOWED_OBJECT,
            (False, False): AceType.DENIED,
            (False, True): AceType.DENIED_OBJECT,
        }[self.allows, bool(has_type)]
        sid = account if self.sid == ACCOUNT else self.sid
        return Ace.from_rule(Rule(kind, self.flags, self.mask, sid, self.object_type, self.inherited_object_type))


children = st.sampled_from([CREATE_CHILD, DELETE_CHILD, CREATE_CHILD | DELETE_CHILD])
everything = st.sampled_from([WRITE, READ | WRITE, GENERIC_WRITE, GENERIC_ALL, 0x300FF, 0xF01FF])
# What is denied leaves the administrator's right to change the permissions alone.
denied = st.sampled_from([CREATE_CHILD, WRITE_PROPERTY, DELETE])
rules = st.one_of(
    st.builds(Generated, st.just(True), flags, children, sids, classes, classes),
    st.builds(Generated, st.just(True), flags, everything, sids, st.none(), classes),
    st.builds(Generated, st.just(False), flags, children, sids, classes, classes),
    st.builds(Generated, st.just(False), flags, denied, sids, st.none(), classes),
)


def test_verdicts_are_what_the_domain_controller_allows(domain: Domain) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        admin.add(GROUP, "group", {"sAMAccountName": "generated", "groupType": "8"})
        before = client.explicit(admin)
        sid = client.sid_of(admin, contoso.CONNECTOR_ACCOUNT)
        trustee = Trustee(sid, frozenset({DOMAIN_USERS}))
        create = Generated(True, CI, CREATE_CHILD | DELETE_CHILD, ACCOUNT, GROUP_CLASS, None)
        change = Generated(True, CI | IO, 0x300FF, ACCOUNT, None, GROUP_CLASS)

        @settings(max_examples=80, deadline=None, database=None)
        @given(st.lists(rules, max_size=5))
        @example([create, change])
        @example([Generated(False, AceFlag(0), CREATE_CHILD, "S-1-1-0", GROUP_CLASS, None), create, change])
        @example([create, Generated(False, CI, WRITE_PROPERTY, DOMAIN_USERS, None, GROUP_CLASS), change])
        def agrees(generated: list[Generated]) -> None:
            added = [security.Ace.from_bytes(rule.ace(sid).raw) for rule in generated]
            assert client.write_dacl(admin, [*added, *before]) == 0
            verdicts = assess(parse(client.descriptor(admin).to_bytes(security.DACL)), trustee).verdicts
            granted = {verdict.right.name for verdict in verdicts if verdict.granted}
            classes = client.read(connector, OU, "allowedChildClassesEffective", "ou").get("allowedChildClassesEffective", [])
            assert (b"group" in classes) is ("create groups" in granted)
            connector.modify(GROUP, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]})
            assert (client.code(connector) == 0) is ("change groups" in granted)

        agrees()


plain_masks = st.integers(0, 0x1FF) | st.sampled_from([0x300FF, 0xF01FF, 0x10000000, 0x80000000, 0x60000])
printable = st.builds(Generated, st.booleans(), flags, plain_masks, sids, classes, classes)


@given(printable)
def test_a_printed_rule_is_parsed_to_the_same_bytes(rule: Generated) -> None:
    ace = rule.ace(f"{contoso.DOMAIN_SID}-1105")
    if rule.mask:
        assert security.Ace.from_sddl(sddl(ace), contoso.DOMAIN_SID).to_bytes() == ace.raw


ORACLE = """
import sys
from samba.dcerpc import security
from samba.ndr import ndr_pack, ndr_unpack
sid = security.dom_sid(sys.argv[1])
for line in sys.stdin:
    text, value = line.split()
    if text == "-":
        print(ndr_pack(ndr_unpack(security.descriptor, bytes.fromhex(value))).hex(), flush=True)
    else:
        print(ndr_pack(security.descriptor.from_sddl(text, sid)).hex(), flush=True)
"""


@pytest.fixture(scope="module")
def samba_parser() -> Iterator[t.Callable[[str, str], bytes]]:
    """Samba's own code for descriptors, in the system's Python, which has it."""
    program = "/usr/bin/python3"
    probe = subprocess.run([program, "-c", "import samba.dcerpc.security"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("the Debian package python3-samba is not installed")
    process = subprocess.Popen(
        [program, "-c", ORACLE, contoso.DOMAIN_SID], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    source, sink = process.stdout, process.stdin

    def ask(text: str, value: str) -> bytes:
        sink.write(f"{text} {value}\n")
        sink.flush()
        return bytes.fromhex(source.readline())

    yield ask
    sink.close()
    process.wait(10)
    source.close()


@pytest.mark.heavy
def test_samba_reads_descriptors_and_printed_rules_as_we_do(samba_parser: t.Callable[[str, str], bytes]) -> None:
    @settings(max_examples=100, deadline=None, database=None)
    @given(st.lists(printable.filter(lambda rule: rule.mask != 0), max_size=6))
    def agrees(generated: list[Generated]) -> None:
        aces = tuple(rule.ace(f"{contoso.DOMAIN_SID}-1105") for rule in generated)
        from_text = parse(samba_parser("D:" + "".join(map(sddl, aces)), "-")) if aces else None
        if from_text is not None:
            assert from_text.aces == aces
            ours = build(from_text)
            assert parse(samba_parser("-", ours.hex())) == parse(ours)

    agrees()
