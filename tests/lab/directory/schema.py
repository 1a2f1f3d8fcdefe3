# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the Active Directory schema the lab has: classes and attributes (MS-ADSC, MS-ADA1, MS-ADA2, MS-ADA3)."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

Syntax = t.Literal["text", "dn", "octets", "integer", "boolean", "time", "oid"]

NT_SECURITY_DESCRIPTOR_ATTID = 0x20119
"""ATTRTYP of nTSecurityDescriptor, 1.2.840.113556.1.2.281 (MS-DRSR 5.16)."""

_GENERAL = uuid.UUID("59ba2f42-79a2-11d0-9020-00c04fc2d3cf")
_PUBLIC = uuid.UUID("e48d0154-bcf8-11d1-8702-00c04fb96050")
_MEMBERSHIP = uuid.UUID("bc0ac240-79a9-11d0-9020-00c04fc2d4cf")
_RESTRICTIONS = uuid.UUID("4c164200-20c0-11d0-a768-00aa006e0529")
_PERSONAL = uuid.UUID("77b5b886-944a-11d1-aebd-0000f80367c1")
_LOGON = uuid.UUID("037088f8-0ae1-11d2-b422-00a0c968f939")


@dataclasses.dataclass(frozen=True)
class ObjectClass:
    """A structural class.

    :param chain: values of objectClass, from top to the class itself
    :param superiors: classes of objects it may lie below (possSuperiors)
    :param rdn: type of its RDN
    :param default_sddl: defaultSecurityDescriptor
    """

    name: str
    guid: uuid.UUID
    chain: tuple[str, ...]
    superiors: tuple[str, ...]
    rdn: str
    default_sddl: str = "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPLCLORC;;;AU)"


@dataclasses.dataclass(frozen=True)
class Attribute:
    """An attribute.

    :param property_set: attributeSecurityGUID
    :param writable: False for what only the directory itself sets (systemOnly, back links, constructed)
    :param attid: ATTRTYP, for replPropertyMetaData; None for what is not replicated
    """

    name: str
    guid: uuid.UUID
    syntax: Syntax = "text"
    property_set: uuid.UUID | None = None
    single: bool = True
    writable: bool = True
    attid: int | None = None
    operational: bool = False  # returned only when asked for by name


_CONTAINERS = ("domainDNS", "organizationalUnit", "container")
# defaultSecurityDescriptor of the classes in MS-ADSC; that of user without the ACEs for attributes and services the lab has not.
# Domain, container and foreign security principal have ObjectClass's own default.
# assumed: that of user does for computer, and the common one for foreign security principals and the builtin domain.
_USER_SDDL = (
    "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;AO)"
    "(A;;RPLCLORC;;;PS)(A;;RC;;;AU)"
    f"(OA;;RP;{_GENERAL};;AU)(OA;;RP;{_PUBLIC};;AU)(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;WD)"
    f"(OA;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;PS)(OA;;RP;{_RESTRICTIONS};;RS)(OA;;RP;{_MEMBERSHIP};;RS)"
)
_GROUP_SDDL = (
    "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPLCLORC;;;AU)"
    "(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;AO)(A;;RPLCLORC;;;PS)(OA;;CR;ab721a55-1e2f-11d0-9819-00aa0040529b;;AU)"
    "(OA;;RP;46a9b11d-60ae-405a-b7e8-ff8a58d456d2;;S-1-5-32-560)"
)
_OU_SDDL = (
    "D:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)"
    "(OA;;CCDC;bf967a86-0de6-11d0-a285-00aa003049e2;;AO)(OA;;CCDC;bf967aba-0de6-11d0-a285-00aa003049e2;;AO)"
    "(OA;;CCDC;bf967a9c-0de6-11d0-a285-00aa003049e2;;AO)(OA;;CCDC;bf967aa8-0de6-11d0-a285-00aa003049e2;;PO)"
    "(A;;RPLCLORC;;;AU)(A;;LCRPLORC;;;ED)(OA;;CCDC;4828cc14-1437-45bc-9b07-ad6f015e5f28;;AO)"
)


def _base(suffix: str) -> uuid.UUID:
    """The GUIDs of the first schema differ in their beginning only."""
    return uuid.UUID(f"{suffix}-0de6-11d0-a285-00aa003049e2")


_PERSON = ("top", "person", "organizationalPerson")
CLASSES: dict[str, ObjectClass] = {
    item.name.lower(): item
    for item in (
        ObjectClass("domainDNS", uuid.UUID("19195a5b-6da0-11d0-afd3-00c04fd930c9"), ("top", "domain", "domainDNS"), (), "DC"),
        ObjectClass("container", _base("bf967a8b"), ("top", "container"), _CONTAINERS, "CN"),
        ObjectClass("builtinDomain", _base("bf967a81"), ("top", "builtinDomain"), ("domainDNS",), "CN"),
        ObjectClass(
            "organizationalUnit",
            _base("bf967aa5"),
            ("top", "organizationalUnit"),
            ("domainDNS", "organizationalUnit"),
            "OU",
            _OU_SDDL,
        ),
        ObjectClass("user", _base("bf967aba"), (*_PERSON, "user"), (*_CONTAINERS, "builtinDomain"), "CN", _USER_SDDL),
        ObjectClass(
            "inetOrgPerson",
            uuid.UUID("4828cc14-1437-45bc-9b07-ad6f015e5f28"),
            (*_PERSON, "user", "inetOrgPerson"),
            _CONTAINERS,
            "CN",
            _USER_SDDL,
        ),
        ObjectClass("contact", uuid.UUID("5cb41ed0-0e4c-11d0-a286-00aa003049e2"), (*_PERSON, "contact"), _CONTAINERS, "CN"),
        ObjectClass("computer", _base("bf967a86"), (*_PERSON, "user", "computer"), _CONTAINERS, "CN", _USER_SDDL),
        ObjectClass("group", _base("bf967a9c"), ("top", "group"), (*_CONTAINERS, "builtinDomain"), "CN", _GROUP_SDDL),
        ObjectClass(
            "foreignSecurityPrincipal",
            uuid.UUID("89e31c12-8530-11d0-afda-00c04fd930c9"),
            ("top", "foreignSecurityPrincipal"),
            ("container",),
            "CN",
        ),
    )
}

ATTRIBUTES: dict[str, Attribute] = {
    item.name.lower(): item
    for item in (
        Attribute("objectClass", _base("bf9679e5"), "oid", _PUBLIC, single=False, writable=False, attid=0x0),
        Attribute("cn", _base("bf96793f"), "text", _PUBLIC, attid=0x3),
        Attribute("ou", _base("bf9679f0"), "text", _PUBLIC, single=False, attid=0xB),
        Attribute("dc", uuid.UUID("19195a55-6da0-11d0-afd3-00c04fd930c9"), attid=0x150019),
        Attribute("name", _base("bf967a0e"), "text", _PUBLIC, writable=False, attid=0x90001),
        Attribute("distinguishedName", _base("bf9679e4"), "dn", _PUBLIC, writable=False),
        Attribute("objectGUID", _base("bf9679e7"), "octets", _PUBLIC, writable=False),
        Attribute("objectSid", _base("bf9679e8"), "octets", _GENERAL, writable=False, attid=0x90092),
        Attribute("objectCategory", uuid.UUID("26d97369-6070-11d1-a9c6-0000f80367c1"), "dn", _PUBLIC, attid=0x9030E),
        Attribute("sAMAccountName", uuid.UUID("3e0abfd0-126a-11d0-a060-00aa006c33ed"), "text", _GENERAL, attid=0x900DD),
        Attribute("userPrincipalName", uuid.UUID("28630ebb-41d5-11d1-a9c1-0000f80367c1"), "text", _PUBLIC, attid=0x90290),
        Attribute("userAccountControl", _base("bf967a68"), "integer", _RESTRICTIONS, attid=0x90008),
        Attribute("primaryGroupID", _base("bf967a00"), "integer", _GENERAL, attid=0x90062),
        Attribute("groupType", uuid.UUID("9a9a021e-4a5b-11d1-a9c3-0000f80367c1"), "integer", attid=0x902EE),
        Attribute("member", _base("bf9679c0"), "dn", _MEMBERSHIP, single=False, attid=0x1F),
        Attribute("memberOf", _base("bf967991"), "dn", _MEMBERSHIP, single=False, writable=False),
        Attribute("managedBy", uuid.UUID("0296c120-40da-11d1-a9c0-0000f80367c1"), "dn", attid=0x9028D),
        Attribute("description", _base("bf967950"), "text", _PUBLIC, single=False, attid=0xD),
        Attribute("displayName", _base("bf967953"), "text", _GENERAL, attid=0x2000D),
        Attribute("info", _base("bf96793e"), "text", _PERSONAL, attid=0x20051),
        Attribute("mail", _base("bf967961"), "text", _PUBLIC, attid=0x150003),
        # assumed: Exchange adds mailNickname with the GUID of its own schema; the lab made this one up.
        Attribute("mailNickname", uuid.UUID("e3b0c442-98fc-4c14-9afb-f4c8996fb924"), attid=0x201BF),
        Attribute("proxyAddresses", _base("bf967a06"), "text", _PUBLIC, single=False, attid=0x200D2),
        Attribute("legacyExchangeDN", uuid.UUID("28630ebc-41d5-11d1-a9c1-0000f80367c1"), "text", _PUBLIC, attid=0x9028F),
        Attribute(
            "showInAddressBook", uuid.UUID("3e74f60e-3e73-11d1-a9c0-0000f80367c1"), "dn", _PUBLIC, single=False, attid=0x90284
        ),
        # assumed: the GUID, as that of mailNickname.
        Attribute("msExchHideFromAddressLists", uuid.UUID("e3b0c442-98fc-4c14-9afb-f4c8996fb925"), attid=0x201C0),
        Attribute("whenCreated", _base("bf967a78"), "time", writable=False, attid=0x20002),
        Attribute("uSNChanged", _base("bf967a6f"), "integer", writable=False),
        Attribute("uSNCreated", _base("bf967a70"), "integer", writable=False),
        Attribute("nTSecurityDescriptor", _base("bf9679e3"), "octets", attid=NT_SECURITY_DESCRIPTOR_ATTID, operational=True),
        Attribute(
            "replPropertyMetaData",
            uuid.UUID("281416c0-1968-11d0-a28f-00aa003049e2"),
            "octets",
            writable=False,
            operational=True,
        ),
        Attribute(
            "allowedChildClassesEffective",
            uuid.UUID("9a7ad943-ca53-11d1-bbd0-0080c76670c0"),
            "oid",
            _PUBLIC,
            single=False,
            writable=False,
            operational=True,
        ),
        Attribute(
            "sDRightsEffective",
            uuid.UUID("c3dbafa6-33df-11d2-98b2-0000f87a57d4"),
            "integer",
            _GENERAL,
            writable=False,
            operational=True,
        ),
        Attribute(
            "tokenGroups",
            uuid.UUID("b7c69e6d-2cc7-11d2-854e-00a0c983f608"),
            "octets",
            _LOGON,
            single=False,
            writable=False,
            operational=True,
        ),
    )
}


def attribute(name: str) -> Attribute | None:
    """An attribute by name in any case; None when the schema has no such attribute."""
    return ATTRIBUTES.get(name.lower())
