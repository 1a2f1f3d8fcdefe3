# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contoso domain as it is before anyone has touched it."""

from __future__ import annotations

import typing as t
import uuid

from lab import contoso
from lab.directory import security_descriptor as security
from lab.directory.security_descriptor import SecurityDescriptor

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState

BASE = contoso.BASE_DN
USERS = f"CN=Users,{BASE}"
BUILTIN = f"CN=Builtin,{BASE}"
FOREIGN = f"CN=ForeignSecurityPrincipals,{BASE}"

DOMAIN_ADMINS = f"{contoso.DOMAIN_SID}-512"
FULL_CONTROL = "CCDCLCSWRPWPDTLOCRSDRCWDWO"

# groupType (MS-ADTS 2.2.12): scope and, in the sign bit, whether it is a security group.
GLOBAL_SECURITY = -2147483646
UNIVERSAL_SECURITY = -2147483640
UNIVERSAL_DISTRIBUTION = 8
BUILTIN_LOCAL = -2147483643

# defaultSecurityDescriptor of domainDNS (MS-ADSC), without the ACEs for attributes and extended rights the lab has not.
_DOMAIN_SDDL = (
    "D:(A;;RPWPCRCCLCLORCWOWDSW;;;DA)(A;CI;RPWPCRCCDCLCLORCWOWDSDDTSW;;;EA)(A;CI;RPWPCRCCLCLORCWOWDSDSW;;;BA)"
    "(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPLCLORC;;;AU)(A;;RPLCLORC;;;ED)(A;;RP;;;WD)(A;;RPRC;;;RU)(A;CI;LC;;;RU)"
    "(OA;CIIO;RPLCLORC;;bf967a9c-0de6-11d0-a285-00aa003049e2;RU)"
    "(OA;CIIO;RPLCLORC;;bf967aba-0de6-11d0-a285-00aa003049e2;RU)"
    "(OA;CIIO;RPLCLORC;;4828cc14-1437-45bc-9b07-ad6f015e5f28;RU)"
    "(OA;CIIO;RPWPCR;91e647de-d96f-4b70-9557-d63ff4f3ccd8;;PS)"
)


def populate(state: DirectoryState) -> None:
    """Fill an empty directory."""
    root = SecurityDescriptor(
        security.SELF_RELATIVE,
        owner=security.WELL_KNOWN_SIDS["BA"],
        group=security.WELL_KNOWN_SIDS["BA"],
        dacl=security.aces_from_sddl(_DOMAIN_SDDL, contoso.DOMAIN_SID),
    )
    _insert(state, BASE, "domainDNS", sid=contoso.DOMAIN_SID, descriptor=root)
    _insert(state, USERS, "container", description="Default container for upgraded user accounts")
    _insert(state, BUILTIN, "builtinDomain", sid="S-1-5-32")
    _insert(state, FOREIGN, "container")
    _insert(state, contoso.OTHER_OU, "organizationalUnit")
    _insert(state, contoso.WRITEBACK_OU, "organizationalUnit", description="Microsoft 365 groups written back by Entra Connect")
    _populate_accounts(state)
    _populate_groups(state)
    _delegate(state)


def _populate_accounts(state: DirectoryState) -> None:
    for name, place, rid, password in (
        ("Administrator", USERS, 500, None),
        (contoso.CONNECTOR_ACCOUNT, USERS, contoso.CONNECTOR_ACCOUNT_RID, contoso.CONNECTOR_PASSWORD),
        (contoso.ADMIN, USERS, contoso.ADMIN_RID, contoso.ADMIN_PASSWORD),
        (contoso.USER, contoso.OTHER_OU, contoso.USER_RID, contoso.USER_PASSWORD),
    ):
        _insert(
            state,
            f"CN={name},{place}",
            "user",
            sid=f"{contoso.DOMAIN_SID}-{rid}",
            password=password,
            sAMAccountName=name,
            userPrincipalName=f"{name}@{contoso.AD_DOMAIN}",
            userAccountControl="66048",  # NORMAL_ACCOUNT, DONT_EXPIRE_PASSWD
            primaryGroupID="513",
        )


def _populate_groups(state: DirectoryState) -> None:
    authenticated = f"CN=S-1-5-11,{FOREIGN}"
    _insert(state, authenticated, "foreignSecurityPrincipal", sid="S-1-5-11")
    administrator = f"CN=Administrator,{USERS}"
    domain_admins, domain_users = f"CN=Domain Admins,{USERS}", f"CN=Domain Users,{USERS}"
    enterprise_admins = f"CN=Enterprise Admins,{USERS}"
    domain, staff = contoso.DOMAIN_SID, f"CN=All Staff,{contoso.OTHER_OU}"
    for dn, sid, group_type, members in (
        (domain_admins, DOMAIN_ADMINS, GLOBAL_SECURITY, [administrator]),
        (domain_users, f"{domain}-513", GLOBAL_SECURITY, []),
        (enterprise_admins, f"{domain}-519", UNIVERSAL_SECURITY, [administrator]),
        (staff, f"{domain}-1130", UNIVERSAL_DISTRIBUTION, [f"CN={contoso.USER},{contoso.OTHER_OU}"]),
        (f"CN=Administrators,{BUILTIN}", "S-1-5-32-544", BUILTIN_LOCAL, [administrator, domain_admins, enterprise_admins]),
        (f"CN=Users,{BUILTIN}", "S-1-5-32-545", BUILTIN_LOCAL, [domain_users, authenticated]),
        (f"CN=Pre-Windows 2000 Compatible Access,{BUILTIN}", "S-1-5-32-554", BUILTIN_LOCAL, [authenticated]),
    ):
        name = dn[3:].partition(",")[0]
        _insert(state, dn, "group", sid=sid, sAMAccountName=name, groupType=str(group_type), member=members)


def _delegate(state: DirectoryState) -> None:
    """The administrator of the playbooks has been given the writeback OU, and nothing else."""
    entry = state.find(contoso.WRITEBACK_OU)
    assert entry is not None
    admin = f"(A;CI;{FULL_CONTROL};;;{contoso.DOMAIN_SID}-{contoso.ADMIN_RID})"
    dacl = [*(entry.descriptor.dacl or ()), *security.aces_from_sddl(admin, contoso.DOMAIN_SID)]
    explicit = [ace for ace in dacl if not ace.inherited]
    state.set_descriptor(entry, SecurityDescriptor(entry.descriptor.control, DOMAIN_ADMINS, DOMAIN_ADMINS, explicit))


def _insert(
    state: DirectoryState,
    dn: str,
    class_name: str,
    *,
    sid: str | None = None,
    password: str | None = None,
    descriptor: SecurityDescriptor | None = None,
    **attributes: str | list[str],
) -> None:
    values = {
        name: [item.encode() for item in ([value] if isinstance(value, str) else value)]
        for name, value in attributes.items()
        if value
    }
    state.insert(
        dn,
        class_name,
        values,
        owner=DOMAIN_ADMINS,
        sid=sid,
        password=password,
        guid=uuid.uuid5(uuid.NAMESPACE_X500, dn),
        descriptor=descriptor,
    )
