# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each known issue planted in the facts of a healthy organization: it is found, and nothing else."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import Facts
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issues import IDS, ISSUES, check

DOMAIN = "groups.contoso.com"
CONNECTOR = "Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10"
CLOUD = {"id": "u1", "display_name": "Cara", "user_principal_name": "cara@contoso.onmicrosoft.com", "mail": "cara@contoso.com"}
JOHN = {"id": "u2", "display_name": "John", "user_principal_name": "jdoe@corp.contoso.com", "mail": "John.Doe@contoso.com"}
MIA = {"id": "u3", "display_name": "Mia", "user_principal_name": "mmoved@corp.contoso.com", "mail": "mia@contoso.com"}
DN = "CN=Group_1,OU=M365Groups,DC=corp,DC=contoso,DC=com"


def record(purpose: str, name: str, value: str, *servers: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"purpose": purpose, "name": name, "value": value, "servers": list(servers)}


def sighting(role: str, state: str = "present", *answer: str) -> dict[str, t.Any]:
    return {"server": f"{role}.contoso.com", "role": role, "state": state, "answer": list(answer)}


HEALTHY: dict[str, t.Any] = {
    "domain": DOMAIN,
    "connector": "Outbound to Office 365",
    "organization": {
        "servers": [{"name": "EX1", "is_edge": False}, {"name": "EDGE1", "is_edge": True}],
        "hybrid_configuration": {"present": True, "centralized_mail_flow": False},
    },
    "accepted_domains": [{"name": DOMAIN, "domain": DOMAIN, "type": "InternalRelay"}],
    "send_connectors": [
        {"name": CONNECTOR, "address_spaces": [f"SMTP:{DOMAIN};1"], "source_transport_servers": ["EX1"]},
        {"name": "Internet", "address_spaces": ["SMTP:*;1"], "source_transport_servers": ["EDGE1"]},
    ],
    "mailboxes": [{"user_principal_name": JOHN["user_principal_name"], "mail": "john.doe@contoso.com"}],
    "moved_mailboxes": [{"user_principal_name": MIA["user_principal_name"], "mail": MIA["mail"]}],
    "send_as": [],
    "written_back": [{"dn": DN, "name": "Group_1", "display_name": "Sales", "mail": f"sales@{DOMAIN}", "stamped": True}],
    "dsacls": True,
    "groups": [
        {
            "id": "g1",
            "display_name": "Sales",
            "mail": f"sales@{DOMAIN}",
            "addresses": [f"sales@{DOMAIN}", "sales@contoso.onmicrosoft.com"],
            "members": [CLOUD],
            "owners": [CLOUD],
        }
    ],
    "dns": {
        DOMAIN: {
            "records": [
                record("mx", DOMAIN, "groups-contoso-com.mail.protection.outlook.com", sighting("internal")),
                record("autodiscover", f"autodiscover.{DOMAIN}", "autodiscover.outlook.com", sighting("authoritative")),
            ]
        }
    },
}


def on_premises_member(facts: dict[str, t.Any]) -> None:
    facts["groups"][0]["members"].append(JOHN)


def moved_member(facts: dict[str, t.Any]) -> None:
    facts["groups"][0]["members"].append(MIA)


def on_premises_owner(facts: dict[str, t.Any]) -> None:
    facts["groups"][0]["owners"].append(JOHN)


def see(facts: dict[str, t.Any], purpose: str, seen: dict[str, t.Any]) -> None:
    next(found for found in facts["dns"][DOMAIN]["records"] if found["purpose"] == purpose)["servers"] = [seen]


PLANTED: dict[str, tuple[t.Callable[[dict[str, t.Any]], t.Any], str]] = {
    "moved_mailboxes": (moved_member, "mia@contoso.com"),
    "not_in_address_lists": (lambda facts: facts["written_back"][0].update(stamped=False), DN),
    "authoritative_domain": (lambda facts: facts["accepted_domains"][0].update(type="Authoritative"), "Authoritative"),
    "footer_links": (on_premises_member, "John.Doe@contoso.com"),
    "secondary_addresses": (lambda facts: facts["groups"][0]["addresses"].append(f"vente@{DOMAIN}"), f"vente@{DOMAIN}"),
    "on_premises_owners": (on_premises_owner, "John.Doe@contoso.com"),
    "centralized_mail_flow": (
        lambda facts: facts["organization"]["hybrid_configuration"].update(centralized_mail_flow=True),
        "CentralizedTransport",
    ),
    "send_as": (lambda facts: facts["send_as"].append({"group": "Sales", "user": "CONTOSO\\jdoe"}), "CONTOSO\\\\jdoe"),
    "autodiscover_elsewhere": (
        lambda facts: see(facts, "autodiscover", sighting("authoritative", "different", "mail.contoso.com.")),
        "mail.contoso.com.",
    ),
    "address_space_lost": (lambda facts: facts["send_connectors"][0].update(address_spaces=["SMTP:contoso.com;1"]), DOMAIN),
    "edge_source": (lambda facts: facts["send_connectors"][0].update(source_transport_servers=["EX1", "edge1"]), "edge1"),
    "mx_inside": (lambda facts: see(facts, "mx", sighting("internal", "different", "10 mail.contoso.com.")), "mail.contoso.com."),
    "own_copy": (on_premises_member, "John.Doe@contoso.com"),
    "dsacls_missing": (lambda facts: facts.update(dsacls=False), "dsacls.exe"),
}
# The same members have both limitations.
TOGETHER = {"footer_links": {"own_copy"}, "own_copy": {"footer_links"}}


def verdicts(facts: dict[str, t.Any], **options: t.Any) -> dict[str, str]:
    return {found["id"]: found["verdict"] for found in check(Facts(**facts), **options)}


def test_none_in_a_healthy_organization() -> None:
    assert verdicts(HEALTHY) == dict.fromkeys(IDS, "ok")


def test_there_are_fourteen() -> None:
    assert len(IDS) == 14
    assert set(PLANTED) == set(IDS)


@pytest.mark.parametrize("name", IDS)
def test_each_is_found_and_named(name: str) -> None:
    facts = copy.deepcopy(HEALTHY)
    plant, affected = PLANTED[name]
    plant(facts)
    records = {found["id"]: found for found in check(Facts(**facts))}
    assert {found["id"] for found in records.values() if found["verdict"] == "found"} == {name, *TOGETHER.get(name, ())}
    assert affected in str(records[name]["affected"])
    assert records[name]["remedy"]
    assert verdicts(facts, seen_to=[name])[name] == "ok"


def test_all_at_once() -> None:
    facts = copy.deepcopy(HEALTHY)
    for plant, _affected in PLANTED.values():
        plant(facts)
    assert verdicts(facts) == dict.fromkeys(IDS, "found")


def test_what_was_not_read_is_unknown_and_never_fine() -> None:
    records = check(Facts(DOMAIN, "Outbound to Office 365"))
    assert {found["verdict"] for found in records} == {"unknown"}
    assert all(found["explanation"] for found in records)


def test_no_server_inside_was_asked() -> None:
    facts = copy.deepcopy(HEALTHY)
    see(facts, "mx", sighting("authoritative"))
    assert verdicts(facts)["mx_inside"] == "unknown"
    see(facts, "mx", sighting("internal", "unreachable"))
    assert verdicts(facts)["mx_inside"] == "unknown"


def test_an_mx_that_is_not_public_cannot_be_resolved_inside() -> None:
    facts = copy.deepcopy(HEALTHY)
    [mx, _autodiscover] = facts["dns"][DOMAIN]["records"]
    mx["servers"] = [sighting("authoritative", "missing"), sighting("internal", "not_asked")]
    assert verdicts(facts)["mx_inside"] == "found"


def test_an_authoritative_domain_names_the_groups_that_wait() -> None:
    facts = copy.deepcopy(HEALTHY)
    facts["groups"].append({**facts["groups"][0], "id": "g2", "mail": f"New@{DOMAIN}"})
    assert verdicts(facts)["authoritative_domain"] == "ok"
    facts["accepted_domains"][0]["type"] = "Authoritative"
    [found] = [found for found in check(Facts(**facts)) if found["id"] == "authoritative_domain"]
    assert {"not written back": f"New@{DOMAIN}"} in found["affected"]
    facts["accepted_domains"] = []
    assert verdicts(facts)["authoritative_domain"] == "unknown"


@pytest.mark.parametrize(
    ("spaces", "verdict"),
    [
        (["smtp:GROUPS.contoso.com;10"], "ok"),
        (["SMTP:*.contoso.com;1"], "ok"),
        (["SMTP:*.groups.contoso.com;1"], "found"),
        (["SMTP:*;1"], "found"),
        (["--;1", "X400:c=us;a=x;1"], "found"),
        ([], "found"),
    ],
)
def test_address_spaces_that_cover_the_domain(spaces: list[str], verdict: str) -> None:
    facts = copy.deepcopy(HEALTHY)
    facts["send_connectors"][0]["address_spaces"] = spaces
    assert verdicts(facts)["address_space_lost"] == verdict


def test_a_connector_that_is_not_there_or_not_certain() -> None:
    facts = copy.deepcopy(HEALTHY)
    facts["connector"] = "Outbound"
    assert verdicts(facts)["address_space_lost"] == "unknown"
    facts["connector"] = "Outbound to Office 365"
    facts["send_connectors"].append({**facts["send_connectors"][0], "name": f"{CONNECTOR}-2"})
    assert verdicts(facts)["edge_source"] == "unknown"
    facts["connector"] = CONNECTOR
    assert verdicts(facts)["edge_source"] == "ok"


def test_who_was_added_again_is_not_found_again() -> None:
    facts = copy.deepcopy(HEALTHY)
    moved_member(facts)
    facts["readded"] = [{"group_id": "g1", "user_id": "u3"}]
    assert verdicts(facts)["moved_mailboxes"] == "ok"


def test_mended_ones_are_marked_and_keep_what_was_affected() -> None:
    facts = copy.deepcopy(HEALTHY)
    for plant, _affected in PLANTED.values():
        plant(facts)
    before = check(Facts(**facts))
    after = {found["id"]: found for found in check(Facts(**HEALTHY), before=before)}
    assert all(found["mended"] for found in after.values())
    assert all(found["verdict"] == "found" and found["affected"] for found in after.values())
    assert not any(found["mended"] for found in check(Facts(**facts), before=before))
    assert not any(found["mended"] for found in check(Facts(**HEALTHY), before=check(Facts(**HEALTHY))))


def test_only_what_the_role_can_mend_says_so() -> None:
    assert {issue.id for issue in ISSUES if issue.mendable} == {
        "moved_mailboxes",
        "not_in_address_lists",
        "authoritative_domain",
        "address_space_lost",
    }
