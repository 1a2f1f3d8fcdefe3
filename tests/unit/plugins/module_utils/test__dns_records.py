# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import dns.rdata
import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import (
    Data,
    Owner,
    RecordConflict,
    RecordSet,
    Wanted,
    change_for,
    changes_for,
    diff,
    lines,
    quote,
    snippet,
    state_of,
)

GROUPS = "groups.contoso.com"
CLOUD = "groups-contoso-com.mail.protection.outlook.com"
MX = Wanted("mx", GROUPS, "MX", CLOUD)
CNAME = Wanted("autodiscover", f"autodiscover.{GROUPS}", "CNAME", "autodiscover.outlook.com")
TXT = Wanted("verification", GROUPS, "TXT", "MS=ms12345678")


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
        (Wanted("mx", GROUPS, "MX", CLOUD, preference=0), owner(mx_set(mx(CLOUD, 10))), "different"),
        (Wanted("mx", GROUPS, "MX", CLOUD, ttl=300), owner(mx_set(mx(CLOUD))), "different"),
        (MX, owner(RecordSet("CNAME", 60, (Data("www.contoso.com.", "www.contoso.com"),))), "different"),
        (TXT, owner(txt_set("v=spf1 -all", "MS=ms12345678")), "present"),
        (TXT, owner(txt_set("v=spf1 -all")), "missing"),
    ],
)
def test_state(wanted: Wanted, found: Owner, state: str) -> None:
    assert state_of(wanted, found) == state


def test_a_resolver_counts_the_ttl_down() -> None:
    wanted = Wanted("mx", GROUPS, "MX", CLOUD, ttl=300)
    assert state_of(wanted, owner(mx_set(mx(CLOUD), ttl=17)), ttl_counts=False) == "present"


def test_nothing_to_do() -> None:
    assert change_for(MX, owner(mx_set(mx(CLOUD, 5), ttl=60))) is None


def test_new_records_get_what_the_tenant_says_unless_asked_otherwise() -> None:
    offered = Wanted("mx", GROUPS, "MX", CLOUD, new_preference=7, new_ttl=900)
    change = change_for(offered, owner())
    assert change is not None
    assert lines(GROUPS, change.after) == [f"{GROUPS}. 900 IN MX 7 {CLOUD}."]
    asked = Wanted("mx", GROUPS, "MX", CLOUD, preference=1, ttl=60, new_preference=7, new_ttl=900)
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
    change = change_for(MX, owner(found), exclusive=True)
    assert change is not None
    assert change.before == found
    assert change.after == mx_set(mx(CLOUD, 5), ttl=60)
    assert change.removed_lines == [f"{GROUPS}. 60 IN MX 10 mail.contoso.com."]


def test_a_wrong_preference_needs_no_exclusive() -> None:
    change = change_for(Wanted("mx", GROUPS, "MX", CLOUD, preference=0), owner(mx_set(mx(CLOUD, 10))))
    assert change is not None
    assert change.after.data == (mx(CLOUD, 0),)


def test_a_cname_at_the_domain_stops_the_mx() -> None:
    found = owner(RecordSet("CNAME", 60, (Data("www.contoso.com.", "www.contoso.com"),)))
    with pytest.raises(RecordConflict, match=r"CNAME to www\.contoso\.com"):
        change_for(MX, found, exclusive=True)


def test_other_data_stops_the_cname() -> None:
    found = owner(RecordSet("A", 60, (Data("192.0.2.7", "192.0.2.7"),)), name=CNAME.name)
    with pytest.raises(RecordConflict, match="has A records"):
        change_for(CNAME, found, exclusive=True)


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


def test_every_server_must_have_the_records() -> None:
    complete: dict[str, Owner] = {GROUPS: owner(mx_set(mx(CLOUD)))}
    lacking: dict[str, Owner] = {GROUPS: owner()}
    assert changes_for([MX], [complete, complete]) == []
    assert [change.wanted for change in changes_for([MX], [complete, lacking, lacking])] == [MX]


def test_diff_shows_the_record_sets_concerned() -> None:
    view = {GROUPS: owner(mx_set(mx("mail.contoso.com", 10), ttl=60)), CNAME.name: owner(name=CNAME.name)}
    shown = diff([MX, CNAME], view, changes_for([MX, CNAME], [view], exclusive=True))
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
