# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import dns.rdata
import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_changes import Change, changes_for, diff
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import (
    Data,
    Owner,
    RecordSet,
    lines,
    quote,
    relative_name,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import (
    AliasRecord,
    MxRecord,
    RecordConflict,
    SpfRecord,
    TextRecord,
    Wanted,
    snippet,
)

GROUPS = "groups.contoso.com"
CLOUD = "groups-contoso-com.mail.protection.outlook.com"
MX = MxRecord(GROUPS, CLOUD)
REPLACING = MxRecord(GROUPS, CLOUD, others="replace")
BESIDE = MxRecord(GROUPS, CLOUD, others="keep")
CNAME = AliasRecord(f"autodiscover.{GROUPS}", "autodiscover.outlook.com")
TXT = TextRecord(GROUPS, "MS=ms12345678")
SPF = SpfRecord(GROUPS, "spf.protection.outlook.com")


def mx(host: str, preference: int = 0) -> Data:
    return Data(f"{preference} {host}.", host.lower(), preference)


def owner(*sets: RecordSet, name: str = GROUPS) -> Owner:
    return Owner(name, {found.type: found for found in sets})


def mx_set(*data: Data, ttl: int = 3600) -> RecordSet:
    return RecordSet("MX", ttl, data)


def txt_set(*texts: str) -> RecordSet:
    return RecordSet("TXT", 300, tuple(Data(quote(text), text) for text in texts))


@pytest.mark.parametrize(
    ("wanted", "found", "state"),
    [
        (MX, owner(), "missing"),
        (MX, owner(mx_set(mx(CLOUD))), "present"),
        (MX, owner(mx_set(mx(CLOUD.upper()))), "present"),
        (MX, owner(mx_set(mx(CLOUD, 10))), "present"),
        (MX, owner(mx_set(mx(CLOUD), ttl=60)), "present"),
        (MX, owner(mx_set(mx("mail.contoso.com", 10))), "different"),
        (MX, owner(mx_set(mx(CLOUD), mx("mail.contoso.com", 10))), "different"),
        (MxRecord(GROUPS, CLOUD, preference=0), owner(mx_set(mx(CLOUD, 10))), "different"),
        (MxRecord(GROUPS, CLOUD, ttl=300), owner(mx_set(mx(CLOUD))), "different"),
        (MX, owner(RecordSet("CNAME", 60, (Data("www.contoso.com.", "www.contoso.com"),))), "different"),
        (TXT, owner(txt_set("v=spf1 -all", "MS=ms12345678")), "present"),
        (TXT, owner(txt_set("v=spf1 -all")), "missing"),
    ],
)
def test_state(wanted: Wanted, found: Owner, state: str) -> None:
    assert wanted.state(found) == state


def test_a_resolver_counts_the_ttl_down() -> None:
    wanted = MxRecord(GROUPS, CLOUD, ttl=300)
    assert wanted.state(owner(mx_set(mx(CLOUD), ttl=17)), ttl_counts=False) == "present"


def change_for(wanted: Wanted, found: Owner, *, absent: bool = False) -> Change | None:
    """The change at one server's owner."""
    changes = changes_for([wanted], [{found.name: found}], absent=absent)
    return changes[0] if changes else None


def left(change: Change | None) -> list[str]:
    """What stands there after a change, as zone-file lines."""
    assert change is not None
    return lines(change.name, change.after)


def test_nothing_to_do() -> None:
    assert change_for(MX, owner(mx_set(mx(CLOUD, 5), ttl=60))) is None


def test_new_records_get_what_the_tenant_says_unless_asked_otherwise() -> None:
    offered = MxRecord(GROUPS, CLOUD, new_preference=7, new_ttl=900)
    change = change_for(offered, owner())
    assert change is not None
    assert lines(GROUPS, change.after) == [f"{GROUPS}. 900 IN MX 7 {CLOUD}."]
    asked = MxRecord(GROUPS, CLOUD, preference=1, ttl=60, new_preference=7, new_ttl=900)
    change = change_for(asked, owner())
    assert change is not None
    assert lines(GROUPS, change.after) == [f"{GROUPS}. 60 IN MX 1 {CLOUD}."]


@pytest.mark.parametrize("others", [[], [mx(CLOUD)]])
def test_an_mx_elsewhere_is_refused_with_the_procedures_reason(others: list[Data]) -> None:
    found = owner(mx_set(mx("mail.contoso.com", 10), *others))
    with pytest.raises(RecordConflict) as caught:
        change_for(MX, found)
    text = str(caught.value)
    assert "10 mail.contoso.com." in text
    assert "mail flow won't work correctly between users in the on-premises Exchange organization" in text
    assert "exclusive" in text


def test_exclusive_replaces_the_stranger_only() -> None:
    found = mx_set(mx("mail.contoso.com", 10), mx(CLOUD, 5), ttl=60)
    change = change_for(REPLACING, owner(found))
    assert change is not None
    assert change.before == found
    assert change.after == mx_set(mx(CLOUD, 5), ttl=60)
    assert change.removed_lines == [f"{GROUPS}. 60 IN MX 10 mail.contoso.com."]


def test_a_wrong_preference_needs_no_exclusive() -> None:
    change = change_for(MxRecord(GROUPS, CLOUD, preference=0), owner(mx_set(mx(CLOUD, 10))))
    assert change is not None
    assert left(change) == [f"{GROUPS}. 3600 IN MX 0 {CLOUD}."]


def test_a_cname_at_the_domain_stops_the_mx() -> None:
    found = owner(RecordSet("CNAME", 60, (Data("www.contoso.com.", "www.contoso.com"),)))
    with pytest.raises(RecordConflict, match=r"CNAME to www\.contoso\.com"):
        change_for(REPLACING, found)


def test_other_data_stops_the_cname() -> None:
    found = owner(RecordSet("A", 60, (Data("192.0.2.7", "192.0.2.7"),)), name=CNAME.name)
    with pytest.raises(RecordConflict, match="has A records"):
        change_for(CNAME, found)


def test_a_cname_elsewhere_is_replaced() -> None:
    found = RecordSet("CNAME", 60, (Data("mail.contoso.com.", "mail.contoso.com"),))
    change = change_for(CNAME, owner(found, name=CNAME.name))
    assert change is not None
    assert lines(CNAME.name, change.after) == [f"{CNAME.name}. 60 IN CNAME autodiscover.outlook.com."]


def test_a_verification_text_joins_the_others() -> None:
    change = change_for(TXT, owner(txt_set("v=spf1 -all")))
    assert change is not None
    assert change.after == txt_set("v=spf1 -all", "MS=ms12345678")
    assert change.removed_lines == []


def test_additive_keeps_the_others() -> None:
    found = mx_set(mx("mail.contoso.com", 10), ttl=60)
    change = change_for(MxRecord(GROUPS, CLOUD, preference=5, others="keep"), owner(found))
    assert left(change) == [f"{GROUPS}. 60 IN MX 10 mail.contoso.com.", f"{GROUPS}. 60 IN MX 5 {CLOUD}."]
    both = mx_set(mx("mail.contoso.com", 10), mx(CLOUD, 5))
    assert change_for(BESIDE, owner(both)) is None
    assert BESIDE.state(owner(both)) == "present"
    assert BESIDE.outranked(both) == []
    assert BESIDE.outranked(mx_set(mx("mail.contoso.com", 5), mx("mx.contoso.net", 9), mx(CLOUD, 5))) == ["5 mail.contoso.com."]


def test_spf_and_verification_are_one_record_set() -> None:
    found = owner(txt_set("v=spf1 mx -all"))
    (change,) = changes_for([TXT, SPF], [{GROUPS: found}])
    assert change.after == txt_set("v=spf1 mx include:spf.protection.outlook.com -all", "MS=ms12345678")
    assert change.before == found.sets["TXT"]


def test_a_new_spf_record_lets_nobody_else_send() -> None:
    assert left(change_for(SPF, owner())) == [f'{GROUPS}. 3600 IN TXT "v=spf1 include:spf.protection.outlook.com -all"']


def test_several_spf_records_are_refused() -> None:
    found = owner(txt_set("v=spf1 mx -all", "v=spf1 a -all"))
    with pytest.raises(RecordConflict, match=r"RFC 7208 4\.5"):
        change_for(SPF, found)
    assert SPF.state(found) == "missing"


@pytest.mark.parametrize(
    ("wanted", "found", "after"),
    [
        (MX, mx_set(mx(CLOUD)), []),
        (MX, mx_set(mx(CLOUD), mx("mail.contoso.com", 10)), [f"{GROUPS}. 3600 IN MX 10 mail.contoso.com."]),
        (TXT, txt_set("MS=ms12345678", "other"), [f'{GROUPS}. 300 IN TXT "other"']),
        (SPF, txt_set("v=spf1 include:spf.protection.outlook.com -all"), []),
        (SPF, txt_set("v=spf1 mx include:spf.protection.outlook.com -all"), [f'{GROUPS}. 300 IN TXT "v=spf1 mx -all"']),
    ],
)
def test_absent_takes_away_only_the_wanted_record(wanted: Wanted, found: RecordSet, after: list[str]) -> None:
    assert left(change_for(wanted, owner(found), absent=True)) == after


@pytest.mark.parametrize("found", [owner(), owner(mx_set(mx("mail.contoso.com", 10))), owner(txt_set("v=spf1 mx -all"))])
def test_absent_has_nothing_to_do_where_the_record_is_not(found: Owner) -> None:
    assert changes_for([MX, TXT, SPF], [{GROUPS: found}], absent=True) == []


def test_a_change_is_fit_for_a_providers_module() -> None:
    found = mx_set(mx("mail.contoso.com", 10), mx(CLOUD, 5), ttl=60)
    change = change_for(MxRecord(GROUPS, CLOUD, preference=0, others="replace"), owner(found))
    assert change is not None
    assert change.to_result("contoso.com") == {
        "name": GROUPS,
        "zone": "contoso.com",
        "record": "groups",
        "type": "MX",
        "ttl": 60,
        "rdata": [f"0 {CLOUD}."],
        "data": [{"value": CLOUD, "preference": 0}],
        # Not the other preference of the same host, which a provider would take away by its name.
        "removed": [{"value": "mail.contoso.com", "preference": 10}],
    }
    assert relative_name(GROUPS, GROUPS) == "@"


def test_every_server_must_have_the_records() -> None:
    complete: dict[str, Owner] = {GROUPS: owner(mx_set(mx(CLOUD)))}
    lacking: dict[str, Owner] = {GROUPS: owner()}
    assert changes_for([MX], [complete, complete]) == []
    assert [change.name for change in changes_for([MX], [complete, lacking, lacking])] == [GROUPS]


def test_diff_shows_the_record_sets_concerned() -> None:
    view = {GROUPS: owner(mx_set(mx("mail.contoso.com", 10), ttl=60)), CNAME.name: owner(name=CNAME.name)}
    shown = diff([MX, CNAME], view, changes_for([REPLACING, CNAME], [view]))
    assert shown == {
        "before": f"{GROUPS}. 60 IN MX 10 mail.contoso.com.\n",
        "after": f"{GROUPS}. 60 IN MX 0 {CLOUD}.\n{CNAME.name}. 3600 IN CNAME autodiscover.outlook.com.\n",
    }


def test_snippet_is_a_piece_of_a_zone_file() -> None:
    assert snippet([MX, CNAME, TXT]) == (
        f"{GROUPS}. 3600 IN MX 0 {CLOUD}.\n"
        f"{CNAME.name}. 3600 IN CNAME autodiscover.outlook.com.\n"
        f'{GROUPS}. 3600 IN TXT "MS=ms12345678"\n'
    )


@pytest.mark.parametrize("text", ["MS=ms1", 'with "quotes" and \\', "x" * 600, "für", ""])
def test_quote_is_read_back_by_a_dns_library(text: str) -> None:
    rdata: t.Any = dns.rdata.from_text("IN", "TXT", quote(text))
    assert b"".join(rdata.strings).decode() == text
