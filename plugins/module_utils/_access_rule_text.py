# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Access rules as people read them: SDDL (MS-DTYP 2.5.1), and plain words."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rights import GROUP_CLASS, expand_generic
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rules import EVERYONE, Verdict
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import (
    Ace,
    AceFlag,
    AceType,
    Rule,
    SecurityDescriptor,
)

Names = t.Mapping[str, str]
"""SID to the name people know it by."""

_TYPES = {
    AceType.ALLOWED: "A",
    AceType.DENIED: "D",
    AceType.ALLOWED_OBJECT: "OA",
    AceType.DENIED_OBJECT: "OD",
    AceType.ALLOWED_CALLBACK: "XA",
    AceType.DENIED_CALLBACK: "XD",
    AceType.ALLOWED_CALLBACK_OBJECT: "ZA",
    AceType.DENIED_CALLBACK_OBJECT: "ZD",
}
_FLAGS = {
    AceFlag.OBJECT_INHERIT: "OI",
    AceFlag.CONTAINER_INHERIT: "CI",
    AceFlag.NO_PROPAGATE_INHERIT: "NP",
    AceFlag.INHERIT_ONLY: "IO",
    AceFlag.INHERITED: "ID",
}
_RIGHTS = {
    0x1: ("CC", "create child objects"),
    0x2: ("DC", "delete child objects"),
    0x4: ("LC", "list contents"),
    0x8: ("SW", "validated writes"),
    0x10: ("RP", "read properties"),
    0x20: ("WP", "write properties"),
    0x40: ("DT", "delete tree"),
    0x80: ("LO", "list object"),
    0x100: ("CR", "extended rights"),
    0x10000: ("SD", "delete"),
    0x20000: ("RC", "read permissions"),
    0x40000: ("WD", "change permissions"),
    0x80000: ("WO", "take ownership"),
    0x10000000: ("GA", "full control"),
    0x20000000: ("GX", "generic execute"),
    0x40000000: ("GW", "generic write"),
    0x80000000: ("GR", "generic read"),
}
_FULL_CONTROL = 0xF01FF
_WELL_KNOWN = {
    EVERYONE: "Everyone",
    "S-1-3-0": "CREATOR OWNER",
    "S-1-5-10": "SELF",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-18": "SYSTEM",
    "S-1-5-32-544": "BUILTIN\\Administrators",
    "S-1-5-32-554": "BUILTIN\\Pre-Windows 2000 Compatible Access",
}


def sddl(ace: Ace) -> str:
    """The rule as an SDDL ACE string; a type not known here as its bytes in hexadecimal."""
    rule = ace.rule
    if rule is None:
        return f"(unknown type 0x{ace.raw[0]:02X}: {ace.raw.hex()})"
    letters = [letters for bit, (letters, _words) in _RIGHTS.items() if rule.mask & bit]
    whole = rule.mask & ~sum(_RIGHTS) == 0
    return "({};{};{};{};{};{}{})".format(
        _TYPES[rule.type],
        "".join(text for flag, text in _FLAGS.items() if rule.flags & flag),
        "".join(letters) if whole else f"0x{rule.mask:x}",
        rule.object_type or "",
        rule.inherited_object_type or "",
        rule.sid,
        ";<condition>" if rule.type.is_conditional else "",
    )


def sddl_dacl(descriptor: SecurityDescriptor) -> str:
    """All rules of a descriptor in one SDDL string."""
    return f"D:{'P' if descriptor.protected else ''}{''.join(sddl(ace) for ace in descriptor.aces)}"


def explicit_lines(descriptor: SecurityDescriptor, names: Names) -> list[str]:
    """The object's own rules, one a line, sorted: SDDL, then the same in words."""
    return sorted(f"{sddl(ace)} {words(ace, names)}" for ace in descriptor.explicit)


def words(ace: Ace, names: Names) -> str:
    """The rule in plain words, such as "allow CONTOSO\\MSOL_1 to create child objects of class group, here and below"."""
    rule = ace.rule
    if rule is None:
        return f"a rule of a type not known here (0x{ace.raw[0]:02X})"
    verb = "allow" if rule.type.allows else "deny"
    who = names.get(rule.sid) or _WELL_KNOWN.get(rule.sid, rule.sid)
    condition = " under a condition" if rule.type.is_conditional else ""
    return f"{verb} {who} to {_rights(rule)}, {_scope(rule)}{condition}"


def as_dict(ace: Ace, names: Names) -> dict[str, str]:
    """The rule as a task returns it."""
    return {"sddl": sddl(ace), "text": words(ace, names)}


def explain(verdict: Verdict, names: Names) -> str:
    """A verdict in one sentence."""
    right = verdict.right
    if verdict.granted:
        return f"may {right.name} ({right.place.value})"
    if verdict.denied_by is not None:
        denied_by = f"{sddl(verdict.denied_by)}, {words(verdict.denied_by, names)}"
        return f"may not {right.name} ({right.place.value}): denied by {denied_by}"
    return f"may not {right.name} ({right.place.value}): no rule allows it"


def _rights(rule: Rule) -> str:
    if expand_generic(rule.mask) & _FULL_CONTROL == _FULL_CONTROL:
        what = "do everything (full control)"
    else:
        what = ", ".join(text for bit, (_letters, text) in _RIGHTS.items() if rule.mask & bit) or f"0x{rule.mask:x}"
    if rule.object_type is None:
        return what
    return f"{what} of {'class group' if rule.object_type == GROUP_CLASS else f'type {rule.object_type}'}"


def _scope(rule: Rule) -> str:
    kind = "objects"
    if rule.inherited_object_type is not None:
        known = rule.inherited_object_type == GROUP_CLASS
        kind = "group objects" if known else f"objects of class {rule.inherited_object_type}"
    if not rule.flags & AceFlag.CONTAINER_INHERIT:
        return "here only"
    if rule.flags & AceFlag.INHERIT_ONLY:
        return f"on {kind} below only"
    return "here and below" if kind == "objects" else f"here and on {kind} below"
