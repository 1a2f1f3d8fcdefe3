# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a domain controller does, on the embedded directory and on Samba: the same tests, so that one keeps the other honest."""

from __future__ import annotations

import struct
import typing as t
import uuid
import warnings

import pytest

from lab import contoso
from lab.directory import security_descriptor as security
from lab.directory.client import (
    CHANGE,
    CREATE,
    GROUP,
    SD,
    add_rules,
    code,
    dacl,
    explicit,
    read,
    sid_of,
    write_dacl,
)
from lab.directory.domain import Domain
from lab.directory.schema import ATTRIBUTES, CLASSES, NT_SECURITY_DESCRIPTOR_ATTID
from lab.directory.security_descriptor import SecurityDescriptor

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.protocol.microsoft import security_descriptor_control

if t.TYPE_CHECKING:
    from lab.samba import SambaDomain

OU, OTHER = contoso.WRITEBACK_OU, contoso.OTHER_OU
Connection = ldap3.Connection


def add_group(connection: Connection, name: str, ou: str = OU) -> int:
    connection.add(f"CN={name},{ou}", "group", {"sAMAccountName": name, "groupType": "8"})
    return code(connection)


def version(connection: Connection) -> int:
    data = read(connection, OU, "replPropertyMetaData")["replPropertyMetaData"][0]
    rows = struct.iter_unpack("<IIQ16sQQ", data[16:])
    return next(row[1] for row in rows if row[0] == NT_SECURITY_DESCRIPTOR_ATTID)


def creatable(connection: Connection) -> list[str]:
    values = read(connection, OU, "allowedChildClassesEffective", "ou").get("allowedChildClassesEffective", [])
    return [value.decode() for value in values]


# What the connector account may do


def test_before_anything_is_granted(domain: Domain) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        assert add_group(admin, "made before") == 0
        group = f"CN=made before,{OU}"
        assert add_group(connector, "g") == 50
        for change in ({"description": [(ldap3.MODIFY_REPLACE, ["x"])]}, {"member": [(ldap3.MODIFY_ADD, [group])]}):
            connector.modify(group, change)
            assert code(connector) == 50
        connector.modify_dn(group, "CN=renamed")
        assert code(connector) == 50
        connector.delete(group)
        assert code(connector) == 50
        assert creatable(connector) == []


def test_the_inherit_only_rule_alone_does_not_let_it_create(domain: Domain) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        add_rules(admin, CHANGE)
        assert creatable(connector) == []
        assert add_group(connector, "g") == 50


def test_the_rule_to_create_alone_does_not_let_it_change(domain: Domain) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        add_rules(admin, CREATE)
        assert creatable(connector) == ["group"]
        assert add_group(connector, "g") == 0
        connector.modify(f"CN=g,{OU}", {"member": [(ldap3.MODIFY_ADD, [f"CN={contoso.USER},{OTHER}"])]})
        assert code(connector) == 50
        connector.delete(f"CN=g,{OU}")
        assert code(connector) == 0


def test_both_rules_let_it_manage_groups_and_nothing_else(domain: Domain) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        assert add_group(admin, "made before") == 0
        add_rules(admin, CREATE, CHANGE)
        assert add_group(connector, "made by it") == 0
        for name in ("made before", "made by it"):
            dn = f"CN={name},{OU}"
            connector.modify(dn, {"description": [(ldap3.MODIFY_REPLACE, ["changed"])]})
            assert code(connector) == 0
            connector.modify(dn, {"member": [(ldap3.MODIFY_ADD, [f"CN={contoso.USER},{OTHER}"])]})
            assert code(connector) == 0
            connector.modify_dn(dn, "CN=renamed")
            assert code(connector) == 0
            connector.delete(f"CN=renamed,{OU}")
            assert code(connector) == 0
        for name, ou in (("user", OU), ("contact", OU), ("organizationalUnit", OU)):
            connector.add(f"{'OU' if name == 'organizationalUnit' else 'CN'}=x,{ou}", name)
            assert code(connector) == 50, name
        assert add_group(connector, "g", OTHER) == 50
        assert write_dacl(connector, dacl(connector)) == 50
        connector.modify(OU, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert code(connector) == 50
        connector.modify(f"CN={contoso.USER},{OTHER}", {"description": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert code(connector) == 50


@pytest.mark.parametrize("rule", ["(D;;CC;;;{sid})", "(OD;;CC;{group};;{sid})", "(D;;CC;;;WD)"])
def test_a_rule_that_denies_wins(domain: Domain, rule: str) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        add_rules(admin, rule, CREATE, CHANGE)
        assert creatable(connector) == []
        assert add_group(connector, "g") == 50


def test_a_protected_group_is_out_of_reach(domain: Domain) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        add_rules(admin, CREATE, CHANGE)
        assert add_group(admin, "protected") == 0
        dn = f"CN=protected,{OU}"
        assert write_dacl(admin, explicit(admin, dn), dn, protected=True) == 0
        connector.modify(dn, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert code(connector) == 50


def test_what_was_granted_can_be_taken_away(domain: Domain) -> None:
    with domain.admin() as admin, domain.connector() as connector:
        before = explicit(admin)
        add_rules(admin, CREATE, CHANGE)
        sid = sid_of(admin, contoso.CONNECTOR_ACCOUNT)
        assert len(explicit(admin)) == len(before) + 2
        assert write_dacl(admin, [ace for ace in dacl(admin) if ace.sid != sid]) == 0
        assert explicit(admin) == before
        assert add_group(connector, "g") == 50


# Descriptors on the wire


def test_version_counts_changes_of_the_descriptor_only(domain: Domain) -> None:
    with domain.admin() as admin:
        first = version(admin)
        add_rules(admin, CREATE)
        assert version(admin) == first + 1
        assert write_dacl(admin, dacl(admin)) == 0
        assert version(admin) == first + 1
        admin.modify(OU, {"description": [(ldap3.MODIFY_REPLACE, ["x"])]})
        assert code(admin) == 0
        assert version(admin) == first + 1


def test_inherited_rules_reach_down_and_stand_last(domain: Domain) -> None:
    with domain.admin() as admin:
        add_rules(admin, CREATE, CHANGE)
        assert add_group(admin, "g") == 0
        sid = sid_of(admin, contoso.CONNECTOR_ACCOUNT)
        found = [ace for ace in dacl(admin, f"CN=g,{OU}") if ace.sid == sid]
        assert all(ace.inherited for ace in found)
        effective = [ace for ace in found if not ace.flags & security.INHERIT_ONLY and ace.inherited_object_type == GROUP]
        assert [ace.mask for ace in effective] == [0x300FF]
        kinds = [ace.inherited for ace in dacl(admin, f"CN=g,{OU}")]
        assert kinds == sorted(kinds)


def test_the_descriptor_is_absent_without_the_control(domain: Domain) -> None:
    with domain.connector() as connector:
        assert SD not in read(connector, OU, SD, "ou")
        assert dacl(connector)


def test_writing_the_whole_descriptor_is_refused(domain: Domain) -> None:
    with domain.admin() as admin:
        value = SecurityDescriptor(0x8404, dacl=dacl(admin)).to_bytes(security.DACL)
        admin.modify(OU, {SD: [(ldap3.MODIFY_REPLACE, [value])]})
        assert code(admin) == 50  # the SACL is a part of it


@pytest.mark.parametrize(
    ("operation", "value", "expected"),
    [
        (ldap3.MODIFY_ADD, None, 20),
        (ldap3.MODIFY_DELETE, None, 53),
        (ldap3.MODIFY_REPLACE, b"garbage", 1),
    ],
)
def test_writes_that_are_refused(domain: Domain, operation: str, value: bytes | None, expected: int) -> None:
    control = security_descriptor_control(criticality=True, sdflags=4)
    with domain.admin() as admin:
        held = SecurityDescriptor(0x8404, dacl=dacl(admin)).to_bytes(security.DACL)
        admin.modify(OU, {SD: [(operation, [value or held])]}, controls=control)
        assert code(admin) == expected


# Answers


@pytest.mark.parametrize(
    ("base", "expected"),
    [(f"OU=Nowhere,{contoso.BASE_DN}", 32), ("OU=Groups,,DC=com", 34), ("nonsense", 34)],
)
def test_names_that_lead_nowhere(domain: Domain, base: str, expected: int) -> None:
    with domain.admin() as admin:
        admin.search(base, "(objectClass=*)", ldap3.BASE)
        assert code(admin) == expected


def test_an_unknown_control_that_is_critical(domain: Domain) -> None:
    """The assertion control, which no domain controller has."""
    with domain.admin() as admin:
        change = {"description": [(ldap3.MODIFY_REPLACE, ["x"])]}
        admin.modify(OU, change, controls=[("1.3.6.1.1.12", True, b"\x87\x0bobjectClass")])
        assert code(admin) == 12


def test_wrong_password(domain: Domain) -> None:
    with pytest.raises(PermissionError, match="invalidCredentials"), domain.connect(contoso.ADMIN, "Not-The-Passw0rd"):
        pass


def test_no_password_in_clear_text(domain: Domain) -> None:
    server = ldap3.Server(domain.address, domain.ldap_port, get_info=ldap3.NONE, connect_timeout=5)
    connection = ldap3.Connection(server, f"{contoso.ADMIN}@{contoso.AD_DOMAIN}", contoso.ADMIN_PASSWORD, receive_timeout=5)
    assert not connection.bind()
    assert code(connection) == 8
    connection.unbind()


def test_groups_of_an_account(domain: Domain) -> None:
    with domain.admin() as admin:
        dn = f"CN={contoso.CONNECTOR_ACCOUNT},CN=Users,{contoso.BASE_DN}"
        groups = {security.read_sid(value)[0] for value in read(admin, dn, "tokenGroups")["tokenGroups"]}
        assert {f"{contoso.DOMAIN_SID}-513", "S-1-5-32-545"} <= groups


def test_member_twice(domain: Domain) -> None:
    with domain.admin() as admin:
        assert add_group(admin, "g") == 0
        change = {"member": [(ldap3.MODIFY_ADD, [f"CN={contoso.USER},{OTHER}"])]}
        admin.modify(f"CN=g,{OU}", change)
        assert code(admin) == 0
        admin.modify(f"CN=g,{OU}", change)
        assert code(admin) == 68


def test_a_container_with_objects_in_it_is_not_deleted(domain: Domain) -> None:
    with domain.admin() as admin:
        assert add_group(admin, "g") == 0
        admin.delete(OU)
        assert code(admin) in (50, 66)  # the administrator has no right on the parent, but full control of the OU itself


# The embedded directory's schema


@pytest.mark.heavy
def test_the_embedded_schema_is_a_domains_own(samba_domain: SambaDomain) -> None:
    with samba_domain.administrator() as connection:
        connection.search(
            f"CN=Schema,CN=Configuration,{contoso.BASE_DN}",
            "(|(objectClass=attributeSchema)(objectClass=classSchema))",
            attributes=["lDAPDisplayName", "schemaIDGUID", "attributeSecurityGUID", "isSingleValued"],
            paged_size=None,
        )
        real = {
            entry["raw_attributes"]["lDAPDisplayName"][0].decode(): entry["raw_attributes"]
            for entry in connection.response
            if entry["type"] == "searchResEntry"
        }
    for schema in ATTRIBUTES.values():
        if schema.name == "mailNickname" or schema.name.startswith("msExch"):  # comes with Exchange
            continue
        found = real[schema.name]
        assert uuid.UUID(bytes_le=found["schemaIDGUID"][0]) == schema.guid, schema.name
        property_set = found.get("attributeSecurityGUID")
        assert (uuid.UUID(bytes_le=property_set[0]) if property_set else None) == schema.property_set, schema.name
        assert (found["isSingleValued"] == [b"TRUE"]) is schema.single, schema.name
    for item in CLASSES.values():
        assert uuid.UUID(bytes_le=real[item.name]["schemaIDGUID"][0]) == item.guid, item.name
