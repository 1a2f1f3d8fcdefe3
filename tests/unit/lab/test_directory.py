# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory without the wire: what accounts see, may and may not."""

from __future__ import annotations

import copy
import json
import typing as t

import pytest

from lab import contoso
from lab.contoso import BASE_DN, OTHER_OU, WRITEBACK_OU
from lab.directory import names as directory_names
from lab.directory import search as directory_search
from lab.directory import security_descriptor as security
from lab.directory import update as directory_update
from lab.directory.errors import LdapFailure
from lab.directory.search import BASE, ONE_LEVEL, SUBTREE, Request, Requester
from lab.directory.security_descriptor import Ace, SecurityDescriptor
from lab.directory.state import DirectoryState
from lab.directory.update import ADD, DELETE, REPLACE, Change
from lab.ldap import ber
from lab.ldap.filter import read_filter

GROUP = "bf967a9c-0de6-11d0-a285-00aa003049e2"
CONNECTOR = f"{contoso.DOMAIN_SID}-{contoso.CONNECTOR_ACCOUNT_RID}"
ADMIN = f"{contoso.DOMAIN_SID}-{contoso.ADMIN_RID}"
DOMAIN_ADMIN = f"{contoso.DOMAIN_SID}-500"
CREATE = f"(OA;CI;CCDC;{GROUP};;{CONNECTOR})"
CHANGE = f"(OA;CIIO;CCDCLCSWRPWPDTLOSDRC;;{GROUP};{CONNECTOR})"
USER_DN = f"CN={contoso.USER},{OTHER_OU}"
NEW_GROUP = f"CN=Group_1,{WRITEBACK_OU}"
OLD_GROUP = f"CN=Group_0,{WRITEBACK_OU}"


@pytest.fixture
def state() -> DirectoryState:
    """The seed, and a group an administrator made in the writeback OU."""
    state = DirectoryState.seed()
    add_group(state, ADMIN, OLD_GROUP)
    return state


def add_group(state: DirectoryState, sid: str, dn: str = NEW_GROUP, object_class: str = "group") -> None:
    directory_update.add(Requester(state, sid), dn, {"objectClass": [b"top", object_class.encode()]})


def modify(state: DirectoryState, sid: str, dn: str, *changes: Change, sd_flags: int | None = None) -> None:
    directory_update.modify(Requester(state, sid), dn, list(changes), sd_flags)


def dacl_of(state: DirectoryState, dn: str = WRITEBACK_OU) -> list[Ace]:
    entry = state.find(dn)
    assert entry is not None
    assert entry.descriptor.dacl is not None
    return entry.descriptor.dacl


def write_dacl(
    state: DirectoryState, aces: list[Ace], dn: str = WRITEBACK_OU, *, sid: str = ADMIN, control: int = 0x8404
) -> None:
    value = SecurityDescriptor(control, dacl=aces).to_bytes(security.DACL)
    modify(state, sid, dn, Change(REPLACE, "nTSecurityDescriptor", (value,)), sd_flags=security.DACL)


def grant(state: DirectoryState, *sddl: str) -> None:
    write_dacl(state, [*dacl_of(state), *(Ace.from_sddl(text, contoso.DOMAIN_SID) for text in sddl)])


def refused(code: int, win32: str, call: t.Callable[..., object], *args: t.Any, **kwargs: t.Any) -> None:
    """The call fails with this result code and text, and leaves the state as it was."""
    state = next(arg for arg in args if isinstance(arg, DirectoryState))
    before = copy.deepcopy(state)
    with pytest.raises(LdapFailure) as caught:
        call(*args, **kwargs)
    assert (caught.value.code, caught.value.text[:8]) == (code, win32)
    assert state.view() == before.view()
    assert {entry.dn: entry.versions for entry in state.entries.values()} == {
        entry.dn: entry.versions for entry in before.entries.values()
    }


def search(
    state: DirectoryState,
    sid: str,
    base: str,
    *attributes: str,
    scope: int = BASE,
    where: bytes | None = None,
    sd_flags: int | None = None,
) -> dict[str, dict[str, list[bytes]]]:
    condition = read_filter(ber.Reader(where or ber.octets("objectClass", 0x87)))
    request = Request(base, scope, condition, attributes, sd_flags)
    return dict(directory_search.search(Requester(state, sid), request))


def equal(name: str, value: str | bytes) -> bytes:
    return ber.encode(0xA3, ber.octets(name), ber.octets(value))


# The seed


def test_view_is_json_and_equal_for_equal_states() -> None:
    first, second = DirectoryState.seed(), DirectoryState.seed()
    assert json.loads(json.dumps(first.view())) == first.view()
    assert first.view() == second.view() == copy.deepcopy(first).view()
    grant(second, CREATE)
    assert first.view() != second.view()


def test_view_shows_access_in_words_and_what_it_comes_to(state: DirectoryState) -> None:
    assert set(state.view()["rights"].values()) == {False}
    grant(state, CREATE, CHANGE)
    view = state.view()
    assert view["rights"] == {
        "may create groups": True,
        "may delete groups": True,
        "may change groups below": True,
        "may create users": False,
        "may change the OU": False,
        "may change the OU's permissions": False,
    }
    name = f"CONTOSO\\{contoso.CONNECTOR_ACCOUNT}"
    assert f"allow {name}: create child, delete child (group); this object and below" in (view["objects"][WRITEBACK_OU]["access"])
    assert any(
        f"allow {name}: " in line and line.endswith("; every group below") for line in view["objects"][WRITEBACK_OU]["access"]
    )
    assert view["objects"][OLD_GROUP]["groupType"] == "-2147483646"


def test_view_holds_no_password(state: DirectoryState) -> None:
    shown = json.dumps(state.view()) + repr(state)
    for password in (contoso.ADMIN_PASSWORD, contoso.CONNECTOR_PASSWORD, contoso.USER_PASSWORD):
        assert password not in shown


def test_accounts_log_on_by_three_names(state: DirectoryState) -> None:
    for name in (
        f"{contoso.ADMIN}@corp.contoso.com",
        f"CONTOSO\\{contoso.ADMIN}".lower(),
        f"cn={contoso.ADMIN}, CN=Users,{BASE_DN}",
    ):
        account = state.authenticate(name, contoso.ADMIN_PASSWORD)
        assert account is not None
        assert account.sid == ADMIN
        assert state.authenticate(name, contoso.USER_PASSWORD) is None
    assert state.authenticate(contoso.ADMIN, contoso.ADMIN_PASSWORD) is None


def test_administrator_of_the_playbooks_is_no_domain_admin(state: DirectoryState) -> None:
    assert f"{contoso.DOMAIN_SID}-512" not in state.security_context(ADMIN)
    assert "S-1-5-32-544" not in state.security_context(ADMIN)
    assert "S-1-5-32-544" in state.security_context(DOMAIN_ADMIN)


# The writeback OU's access rules


def test_before_anything_is_granted(state: DirectoryState) -> None:
    row = search(state, CONNECTOR, WRITEBACK_OU, "allowedChildClassesEffective", "sDRightsEffective")[WRITEBACK_OU]
    assert row == {"sDRightsEffective": [b"0"]}
    refused(50, "00002098", lambda s: add_group(s, CONNECTOR), state)
    refused(50, "00002098", lambda s: directory_update.delete(Requester(s, CONNECTOR), OLD_GROUP), state)


def test_inherit_only_ace_alone_does_not_let_create(state: DirectoryState) -> None:
    grant(state, CHANGE)
    assert (
        "allowedChildClassesEffective" not in search(state, CONNECTOR, WRITEBACK_OU, "allowedChildClassesEffective")[WRITEBACK_OU]
    )
    refused(50, "00002098", lambda s: add_group(s, CONNECTOR), state)
    modify(state, CONNECTOR, OLD_GROUP, Change(REPLACE, "description", (b"changed",)))


def test_create_ace_alone_does_not_let_change(state: DirectoryState) -> None:
    grant(state, CREATE)
    add_group(state, CONNECTOR)
    refused(50, "00002098", lambda s: modify(s, CONNECTOR, NEW_GROUP, Change(REPLACE, "description", (b"x",))), state)
    refused(
        50,
        "00002098",
        lambda s: directory_update.rename(Requester(s, CONNECTOR), NEW_GROUP, "CN=Group_2", delete_old=True),
        state,
    )
    directory_update.delete(Requester(state, CONNECTOR), NEW_GROUP)


@pytest.mark.parametrize("dn", [NEW_GROUP, OLD_GROUP])
def test_both_aces_let_manage_groups(state: DirectoryState, dn: str) -> None:
    grant(state, CREATE, CHANGE)
    row = search(state, CONNECTOR, WRITEBACK_OU, "allowedChildClassesEffective")[WRITEBACK_OU]
    assert row == {"allowedChildClassesEffective": [b"group"]}
    if dn == NEW_GROUP:
        add_group(state, CONNECTOR)
    modify(
        state,
        CONNECTOR,
        dn,
        Change(REPLACE, "description", (b"written back",)),
        Change(ADD, "member", (USER_DN.encode(),)),
    )
    directory_update.rename(Requester(state, CONNECTOR), dn, "CN=Other", delete_old=True)
    renamed = state.find(f"CN=Other,{WRITEBACK_OU}")
    assert renamed is not None
    assert renamed.attributes["cn"] == renamed.attributes["name"] == [b"Other"]
    assert renamed.attributes["member"] == [USER_DN.encode()]
    directory_update.delete(Requester(state, CONNECTOR), renamed.dn)


def test_both_aces_let_nothing_else(state: DirectoryState) -> None:
    grant(state, CREATE, CHANGE)
    description = Change(REPLACE, "description", (b"x",))
    for call in (
        lambda s: add_group(s, CONNECTOR, f"CN=u,{WRITEBACK_OU}", "user"),
        lambda s: add_group(s, CONNECTOR, f"CN=c,{WRITEBACK_OU}", "contact"),
        lambda s: add_group(s, CONNECTOR, f"CN=g,{OTHER_OU}"),
        lambda s: modify(s, CONNECTOR, WRITEBACK_OU, description),
        lambda s: modify(s, CONNECTOR, f"CN=All Staff,{OTHER_OU}", description),
        lambda s: write_dacl(s, [], sid=CONNECTOR),
        lambda s: write_dacl(s, [], OTHER_OU, sid=CONNECTOR),
        lambda s: write_dacl(s, [], OLD_GROUP, sid=CONNECTOR),
        lambda s: directory_update.delete(Requester(s, CONNECTOR), WRITEBACK_OU),
    ):
        refused(50, "00002098", call, state)


def test_removing_the_aces_takes_the_rights_away(state: DirectoryState) -> None:
    original = dacl_of(state)
    grant(state, CREATE, CHANGE)
    write_dacl(state, [ace for ace in dacl_of(state) if ace.sid != CONNECTOR])
    assert dacl_of(state) == original
    refused(50, "00002098", lambda s: add_group(s, CONNECTOR), state)
    refused(50, "00002098", lambda s: directory_update.delete(Requester(s, CONNECTOR), OLD_GROUP), state)


def test_a_denying_ace_wins(state: DirectoryState) -> None:
    grant(state, CREATE, CHANGE)
    deny = Ace.from_sddl(f"(OD;CI;CC;{GROUP};;AU)", contoso.DOMAIN_SID)
    write_dacl(state, [deny, *dacl_of(state)])
    refused(50, "00002098", lambda s: add_group(s, CONNECTOR), state)
    assert state.view()["rights"]["may create groups"] is False


def test_protected_group_is_out_of_reach(state: DirectoryState) -> None:
    explicit = [ace for ace in dacl_of(state, OLD_GROUP) if not ace.inherited]
    write_dacl(state, explicit, OLD_GROUP, control=0x8404 | security.DACL_PROTECTED)
    grant(state, CHANGE)
    refused(50, "00002098", lambda s: modify(s, CONNECTOR, OLD_GROUP, Change(REPLACE, "info", (b"x",))), state)


def test_owner_may_write_the_dacl_of_its_own_group(state: DirectoryState) -> None:
    grant(state, CREATE)
    add_group(state, CONNECTOR)
    write_dacl(state, dacl_of(state, NEW_GROUP), NEW_GROUP, sid=CONNECTOR)


# The descriptor on the way in and out


def test_inherited_aces_in_a_value_are_ignored(state: DirectoryState) -> None:
    original = dacl_of(state)
    write_dacl(state, [ace for ace in original if not ace.inherited])
    assert dacl_of(state) == original
    grant(state, f"(A;CIID;GA;;;{CONNECTOR})")
    assert dacl_of(state) == original


def test_dacl_is_stored_sorted(state: DirectoryState) -> None:
    # Appended behind the inherited ACEs it is not canonical; among the explicit ones it is.
    explicit = [ace for ace in dacl_of(state) if not ace.inherited]
    new = Ace.from_sddl(f"(A;;RP;;;{CONNECTOR})", contoso.DOMAIN_SID)
    write_dacl(state, [*explicit, new])
    stored = [ace for ace in dacl_of(state) if not ace.inherited]
    assert stored != [*explicit, new]
    assert set(stored) == {*explicit, new}
    assert stored == sorted(stored, key=lambda ace: (ace.type, ace.to_bytes()))


def test_version_counts_changes_of_the_descriptor_only(state: DirectoryState) -> None:
    entry, child = state.find(WRITEBACK_OU), state.find(OLD_GROUP)
    assert entry is not None
    assert child is not None
    before, of_child = state.descriptor_version(entry), state.descriptor_version(child)
    grant(state, CREATE)
    assert state.descriptor_version(entry) == before + 1
    write_dacl(state, dacl_of(state))
    assert state.descriptor_version(entry) == before + 1
    modify(state, ADMIN, WRITEBACK_OU, Change(REPLACE, "description", (b"x",)))
    assert state.descriptor_version(entry) == before + 1
    assert state.descriptor_version(child) == of_child


def test_metadata_is_what_a_dc_gives(state: DirectoryState) -> None:
    grant(state, CREATE)
    row = search(state, ADMIN, WRITEBACK_OU, "replPropertyMetaData", "uSNChanged")[WRITEBACK_OU]
    data = row["replPropertyMetaData"][0]
    count = int.from_bytes(data[8:12], "little")
    assert (int.from_bytes(data[:4], "little"), len(data)) == (1, 16 + 48 * count)
    rows = [data[16 + 48 * at : 64 + 48 * at] for at in range(count)]
    versions = {int.from_bytes(item[:4], "little"): int.from_bytes(item[4:8], "little") for item in rows}
    entry = state.find(WRITEBACK_OU)
    assert entry is not None
    assert versions[0x20119] == state.descriptor_version(entry)
    assert int(row["uSNChanged"][0]) == max(int.from_bytes(item[32:40], "little") for item in rows)


def test_descriptor_is_read_in_parts_and_absent_without_the_right(state: DirectoryState) -> None:
    name = "nTSecurityDescriptor"
    assert search(state, CONNECTOR, WRITEBACK_OU, name)[WRITEBACK_OU] == {}
    assert name not in search(state, ADMIN, WRITEBACK_OU)[WRITEBACK_OU]
    value = search(state, CONNECTOR, WRITEBACK_OU, name, sd_flags=4)[WRITEBACK_OU][name][0]
    read = SecurityDescriptor.from_bytes(value)
    assert (read.owner, read.dacl) == (None, dacl_of(state))
    assert search(state, CONNECTOR, WRITEBACK_OU, name, sd_flags=15)[WRITEBACK_OU] == {}
    whole = SecurityDescriptor.from_bytes(search(state, DOMAIN_ADMIN, WRITEBACK_OU, name)[WRITEBACK_OU][name][0])
    assert whole.owner == f"{contoso.DOMAIN_SID}-512"


def test_descriptor_writes_that_are_refused(state: DirectoryState) -> None:
    value = SecurityDescriptor(0x8404, dacl=dacl_of(state)).to_bytes(security.DACL)
    name = "nTSecurityDescriptor"
    for code, win32, change, flags in (
        (50, "00002098", Change(REPLACE, name, (value,)), None),
        (19, "0000051B", Change(REPLACE, name, (value,)), 5),
        (53, "00002035", Change(DELETE, name, (value,)), 4),
        (53, "00002035", Change(REPLACE, name, ()), 4),
        (20, "00002083", Change(ADD, name, (value,)), 4),
        (1, "00002020", Change(REPLACE, name, (b"garbage",)), 4),
    ):
        refused(code, win32, lambda s, c=change, f=flags: modify(s, ADMIN, WRITEBACK_OU, c, sd_flags=f), state)
    refused(50, "00002098", lambda s: write_dacl(s, [], OTHER_OU), state)


def test_a_modify_is_all_or_nothing(state: DirectoryState) -> None:
    value = SecurityDescriptor(0x8404, dacl=[]).to_bytes(security.DACL)
    changes = (Change(REPLACE, "nTSecurityDescriptor", (value,)), Change(DELETE, "info", (b"not there",)))
    refused(16, "00002085", lambda s: modify(s, ADMIN, WRITEBACK_OU, *changes, sd_flags=4), state)


# Other changes


@pytest.mark.parametrize(
    ("code", "win32", "change"),
    [
        (16, "00000057", Change(REPLACE, "noSuchThing", (b"x",))),
        (19, "000020B1", Change(DELETE, "uSNChanged", (b"1",))),
        (19, "00002081", Change(REPLACE, "displayName", (b"a", b"b"))),
        (20, "00002083", Change(ADD, "proxyAddresses", (b"smtp:OLD@contoso.com",))),
        (21, "00000057", Change(REPLACE, "groupType", (b"many",))),
        (32, "0000208D", Change(ADD, "member", (f"CN=nobody,{BASE_DN}".encode(),))),
        (53, "00000561", Change(DELETE, "member", (USER_DN.encode(),))),
        (67, "000020B1", Change(REPLACE, "cn", (b"x",))),
    ],
)
def test_modifications_that_are_refused(state: DirectoryState, code: int, win32: str, change: Change) -> None:
    modify(state, ADMIN, OLD_GROUP, Change(REPLACE, "proxyAddresses", (b"SMTP:old@contoso.com",)))
    refused(code, win32, lambda s: modify(s, ADMIN, OLD_GROUP, change), state)


def test_member_twice_is_refused_and_member_of_follows(state: DirectoryState) -> None:
    add_member = Change(ADD, "member", (USER_DN.encode(),))
    modify(state, ADMIN, OLD_GROUP, add_member)
    refused(68, "00000562", lambda s: modify(s, ADMIN, OLD_GROUP, add_member), state)
    assert OLD_GROUP.encode() in search(state, ADMIN, USER_DN, "memberOf")[USER_DN]["memberOf"]
    directory_update.rename(Requester(state, DOMAIN_ADMIN), USER_DN, "CN=Jane", delete_old=True)
    entry = state.find(OLD_GROUP)
    assert entry is not None
    assert entry.attributes["member"] == [f"CN=Jane,{OTHER_OU}".encode()]
    directory_update.delete(Requester(state, DOMAIN_ADMIN), f"CN=Jane,{OTHER_OU}")
    assert "member" not in entry.attributes


def test_objects_that_cannot_be_added(state: DirectoryState) -> None:
    def create(state: DirectoryState, dn: str, **attributes: list[bytes]) -> None:
        directory_update.add(Requester(state, ADMIN), dn, attributes)

    group = [b"top", b"group"]
    refused(68, "00002071", create, state, OLD_GROUP.upper(), objectClass=group)
    refused(68, "00000524", create, state, NEW_GROUP, objectClass=group, sAMAccountName=[b"ALL STAFF"])
    refused(32, "0000208D", create, state, f"CN=g,OU=No,{WRITEBACK_OU}", objectClass=group)
    refused(34, "00002032", create, state, "Group_1", objectClass=group)
    refused(64, "00002099", create, state, f"OU=g,{WRITEBACK_OU}", objectClass=group)
    refused(65, "0000207D", create, state, NEW_GROUP, objectClass=[b"spaceship"])
    refused(16, "00000057", create, state, NEW_GROUP, objectClass=group, noSuchThing=[b"x"])
    refused(21, "00000057", create, state, NEW_GROUP, objectClass=group, sAMAccountName=[])
    refused(50, "00002098", create, state, f"CN=g,{OTHER_OU}", objectClass=group)
    refused(10, "0000202B", create, state, "CN=g,DC=fabrikam,DC=com", objectClass=group)


def test_container_with_children_is_not_deleted(state: DirectoryState) -> None:
    refused(66, "00002015", lambda s: directory_update.delete(Requester(s, DOMAIN_ADMIN), WRITEBACK_OU), state)
    directory_update.delete(Requester(state, DOMAIN_ADMIN), WRITEBACK_OU, tree=True)
    assert state.find(OLD_GROUP) is None
    assert state.view()["rights"] == {}


def test_move_takes_the_rules_of_the_new_parent(state: DirectoryState) -> None:
    grant(state, CHANGE)
    mover = Requester(state, DOMAIN_ADMIN)
    directory_update.rename(mover, OLD_GROUP, "CN=Group_0", delete_old=True, new_parent=OTHER_OU)
    assert not any(ace.sid == CONNECTOR for ace in dacl_of(state, f"CN=Group_0,{OTHER_OU}"))
    refused(
        50,
        "00002098",
        lambda s: directory_update.rename(
            Requester(s, ADMIN), f"CN=Group_0,{OTHER_OU}", "CN=Group_0", delete_old=True, new_parent=WRITEBACK_OU
        ),
        state,
    )
    directory_update.rename(mover, f"CN=Group_0,{OTHER_OU}", "CN=Group_0", delete_old=True, new_parent=WRITEBACK_OU)
    assert any(ace.sid == CONNECTOR for ace in dacl_of(state, OLD_GROUP))


# Searching


def test_scopes(state: DirectoryState) -> None:
    assert set(search(state, ADMIN, WRITEBACK_OU)) == {WRITEBACK_OU}
    assert set(search(state, ADMIN, WRITEBACK_OU, scope=ONE_LEVEL)) == {OLD_GROUP}
    assert set(search(state, ADMIN, WRITEBACK_OU.lower(), scope=SUBTREE)) == {WRITEBACK_OU, OLD_GROUP}


def test_attributes_are_chosen_without_regard_to_case(state: DirectoryState) -> None:
    assert search(state, ADMIN, OLD_GROUP, "SAMACCOUNTNAME")[OLD_GROUP] == {"sAMAccountName": [b"Group_0"]}
    assert search(state, ADMIN, OLD_GROUP, "1.1")[OLD_GROUP] == {}
    everything = search(state, ADMIN, OLD_GROUP, "*")[OLD_GROUP]
    assert {"objectClass", "objectGUID", "objectSid", "groupType"} <= set(everything)
    assert "replPropertyMetaData" not in everything


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (equal("sAMAccountName", contoso.CONNECTOR_ACCOUNT.lower()), {contoso.CONNECTOR_ACCOUNT}),
        (equal("objectSid", security.sid_to_bytes(CONNECTOR)), {contoso.CONNECTOR_ACCOUNT}),
        (equal("objectSid", CONNECTOR), {contoso.CONNECTOR_ACCOUNT}),
        (equal("member", f"cn={contoso.USER}, ou=staff,{BASE_DN}"), {"All Staff"}),
        (equal("groupType", "8"), {"All Staff"}),
        (
            ber.encode(0xA4, ber.octets("sAMAccountName"), ber.encode(0x30, ber.octets("msol_", 0x80))),
            {contoso.CONNECTOR_ACCOUNT},
        ),
        (
            ber.encode(
                0xA4, ber.octets("cn"), ber.encode(0x30, ber.octets("dom", 0x80), ber.octets("ADM", 0x81), ber.octets("ns", 0x82))
            ),
            {"Domain Admins"},
        ),
        (
            ber.encode(
                0xA0,
                equal("objectClass", "user"),
                ber.encode(0xA2, equal("cn", "administrator")),
                ber.encode(0xA5, ber.octets("uSNCreated"), ber.octets("1")),
            ),
            {contoso.CONNECTOR_ACCOUNT, contoso.ADMIN, contoso.USER},
        ),
        (ber.encode(0xA1, equal("cn", "jdoe"), equal("noSuchThing", "x")), {contoso.USER}),
        (ber.encode(0xA2, equal("noSuchThing", "x")), set()),  # not undefined is undefined
        (
            ber.encode(0xA6, ber.octets("groupType"), ber.octets("-2147483644")),
            {"Domain Admins", "Domain Users"},
        ),
        (
            ber.encode(
                0xA9, ber.octets("1.2.840.113556.1.4.803", 0x81), ber.octets("groupType", 0x82), ber.octets("2147483656", 0x83)
            ),
            {"Enterprise Admins"},
        ),
        (
            ber.encode(0xA9, ber.octets("1.2.840.113556.1.4.803", 0x81), ber.octets("groupType", 0x82), ber.octets("8", 0x83)),
            {"All Staff", "Enterprise Admins"},
        ),
    ],
)
def test_filters(where: bytes, found: set[str]) -> None:
    rows = search(DirectoryState.seed(), ADMIN, BASE_DN, "name", scope=SUBTREE, where=where)
    assert {row["name"][0].decode() for row in rows.values()} == found


def test_token_groups_are_transitive(state: DirectoryState) -> None:
    nested = f"CN=nested,{WRITEBACK_OU}"
    add_group(state, ADMIN, nested)
    modify(state, ADMIN, nested, Change(ADD, "member", (f"CN=All Staff,{OTHER_OU}".encode(),)))
    values = search(state, ADMIN, USER_DN, "tokenGroups")[USER_DN]["tokenGroups"]
    sids = {security.read_sid(value)[0] for value in values}
    entry = state.find(nested)
    assert entry is not None
    assert sids == {f"{contoso.DOMAIN_SID}-513", f"{contoso.DOMAIN_SID}-1130", "S-1-5-32-545", entry.sid}
    assert "tokenGroups" not in search(state, ADMIN, USER_DN)[USER_DN]


def test_what_may_not_be_seen_does_not_exist(state: DirectoryState) -> None:
    deny = Ace.from_sddl(f"(D;;LC;;;{CONNECTOR})", contoso.DOMAIN_SID)
    write_dacl(state, [deny, *dacl_of(state)])
    assert set(search(state, CONNECTOR, WRITEBACK_OU, scope=SUBTREE)) == {WRITEBACK_OU}
    refused(32, "0000208D", lambda s: search(s, CONNECTOR, OLD_GROUP), state)
    hide = Ace.from_sddl(f"(OD;;RP;bf967950-0de6-11d0-a285-00aa003049e2;;{CONNECTOR})", contoso.DOMAIN_SID)
    write_dacl(state, [hide, *dacl_of(state)])
    assert "description" not in search(state, CONNECTOR, WRITEBACK_OU)[WRITEBACK_OU]
    assert "description" in search(state, ADMIN, WRITEBACK_OU)[WRITEBACK_OU]


# Names


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("CN=a,DC=b", "cn = A , dc=B"),
        ("CN=a\\,b,DC=c", "CN=a\\2cb,DC=C"),
        ("CN=caf\\c3\\a9,DC=c", "CN=Café,DC=c"),
        ("CN=a\\ ,DC=c", "CN=a\\20,DC=c"),
        ("CN=\\#a;DC=c", "CN=\\23A,DC=c"),
    ],
)
def test_equal_names(first: str, second: str) -> None:
    assert directory_names.key(first) == directory_names.key(second)


@pytest.mark.parametrize("dn", ["a", "CN=a,,DC=b", "CN=,DC=b", "=a", "CN=a\\", "CN=a\\x", "CN=a+OU=b,DC=c", "CN=\\ff"])
def test_malformed_names(dn: str) -> None:
    with pytest.raises(directory_names.DnError):
        directory_names.key(dn)
