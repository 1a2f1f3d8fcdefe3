# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory for people and tests: objects by DN, access rules as sentences, and what they let the connector account do."""

from __future__ import annotations

import typing as t
import uuid

from lab import contoso
from lab.directory import access_check
from lab.directory import security_descriptor as security
from lab.directory.schema import ATTRIBUTES, CLASSES
from lab.directory.security_descriptor import RIGHTS, Ace, SecurityDescriptor

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState, Entry

_VOLATILE = frozenset(("objectClass", "name", "whenCreated", "cn", "ou", "dc"))

_WORDS = {
    0xF01FF: "full control",
    RIGHTS["CC"]: "create child",
    RIGHTS["DC"]: "delete child",
    RIGHTS["LC"]: "list",
    RIGHTS["SW"]: "validated write",
    RIGHTS["RP"]: "read",
    RIGHTS["WP"]: "write",
    RIGHTS["DT"]: "delete tree",
    RIGHTS["LO"]: "list object",
    RIGHTS["CR"]: "extended right",
    RIGHTS["SD"]: "delete",
    RIGHTS["RC"]: "read permissions",
    RIGHTS["WD"]: "change permissions",
    RIGHTS["WO"]: "take ownership",
}


_WELL_KNOWN = {
    "S-1-1-0": "Everyone",
    "S-1-3-0": "Creator Owner",
    "S-1-5-9": "Enterprise Domain Controllers",
    "S-1-5-10": "Self",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-18": "SYSTEM",
    "S-1-5-32-548": "BUILTIN\\Account Operators",
    "S-1-5-32-550": "BUILTIN\\Print Operators",
}


def view(state: DirectoryState) -> dict[str, t.Any]:
    """Objects by DN with class and attributes; OUs with their explicit ACEs; the connector account's rights in words."""
    objects = {entry.dn: _object(state, entry) for entry in state.entries.values()}
    return {"objects": dict(sorted(objects.items())), "rights": connector_rights(state)}


def _object(state: DirectoryState, entry: Entry) -> dict[str, t.Any]:
    shown: dict[str, t.Any] = {"class": entry.object_class.name}
    for name, values in sorted(entry.attributes.items()):
        if name in _VOLATILE:
            continue
        texts = sorted(value.decode(errors="backslashreplace") for value in values)
        shown[name] = texts[0] if ATTRIBUTES[name.lower()].single else texts
    if entry.object_class.name == "organizationalUnit":
        explicit = [ace for ace in entry.descriptor.dacl or () if not ace.inherited]
        shown["access"] = sorted(ace_in_words(state, ace) for ace in explicit)
        shown["protected"] = bool(entry.descriptor.control & security.DACL_PROTECTED)
    return shown


def ace_in_words(state: DirectoryState, ace: Ace) -> str:
    """An ACE as a sentence, such as ``allow CONTOSO\\x: create child, delete child (group); this object and below``."""
    rights, mask = [], ace.mask
    for bits, word in _WORDS.items():
        if mask & bits == bits:
            rights.append(word)
            mask &= ~bits
    if mask:
        rights.append(f"{mask:#x}")
    limited = f" ({_guid_name(ace.object_type)})" if ace.object_type else ""
    verb = "allow" if ace.allows else "deny"
    return f"{verb} {_account(state, ace.sid)}: {', '.join(rights)}{limited}; {_reach(ace)}"


def _reach(ace: Ace) -> str:
    if not ace.flags & security.CONTAINER_INHERIT:
        return "this object"
    below = f"every {_guid_name(ace.inherited_object_type)} below" if ace.inherited_object_type else "below"
    if ace.flags & security.NO_PROPAGATE:
        below = f"{below}, one level"
    return below if ace.flags & security.INHERIT_ONLY else f"this object and {below}"


def _account(state: DirectoryState, sid: str) -> str:
    if sid in _WELL_KNOWN:
        return _WELL_KNOWN[sid]
    entry = state.find_sid(sid)
    name = entry and entry.text("sAMAccountName")
    return f"{contoso.AD_NETBIOS}\\{name}" if name else sid


def _guid_name(guid: uuid.UUID | None) -> str:
    names = {item.guid: item.name for item in CLASSES.values()} | {item.guid: item.name for item in ATTRIBUTES.values()}
    return names[guid] if guid in names else str(guid)


def connector_rights(state: DirectoryState) -> dict[str, bool]:
    """What the access check lets the connector account do in the writeback OU; empty when one of the two is gone."""
    entry = state.find(contoso.WRITEBACK_OU)
    sid = f"{contoso.DOMAIN_SID}-{contoso.CONNECTOR_ACCOUNT_RID}"
    if entry is None or state.find_sid(sid) is None:
        return {}
    sids = state.security_context(sid)
    group, user = CLASSES["group"], CLASSES["user"]
    below = _group_made_by_an_administrator(entry)

    def may(descriptor: SecurityDescriptor, rights: int, *path: uuid.UUID) -> bool:
        return access_check.is_granted(descriptor, sids, rights, path)

    ou, here = entry.descriptor, entry.object_class.guid
    delete_child = may(ou, access_check.DELETE_CHILD, group.guid)
    return {
        "may create groups": may(ou, access_check.CREATE_CHILD, group.guid),
        "may delete groups": delete_child or may(below, access_check.DELETE, group.guid),
        "may change groups below": may(below, access_check.WRITE_PROPERTY, group.guid),
        "may create users": may(ou, access_check.CREATE_CHILD, user.guid),
        "may change the OU": may(ou, access_check.WRITE_PROPERTY, here),
        "may change the OU's permissions": may(ou, access_check.WRITE_DAC, here),
    }


def _group_made_by_an_administrator(parent: Entry) -> SecurityDescriptor:
    """The descriptor a group has that somebody else creates in the OU."""
    group = CLASSES["group"]
    aces = security.aces_from_sddl(group.default_sddl, contoso.DOMAIN_SID)
    owner = f"{contoso.DOMAIN_SID}-512"
    made = SecurityDescriptor(security.SELF_RELATIVE, owner, owner, aces)
    return access_check.with_inheritance(made, parent.descriptor, group.guid)
