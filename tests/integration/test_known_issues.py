# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/known_issues.yml: all fourteen planted in the lab, found, mended, and looked for again."""

from __future__ import annotations

import json
import pathlib
import typing as t

import dns.name
import dns.rdatatype
import pytest
from conftest import Ansible
from helpers.documented_rights import allow_only

from lab import configured, contoso
from lab.cloud.unified_group import UnifiedGroup
from lab.exchange.address_space import AddressSpace
from lab.exchange.endpoint import Server
from lab.exchange.recipients import ADDRESS_LISTS
from lab.exchange.state import Permission
from lab.lab import Lab

MENDABLE = {"moved_mailboxes", "not_in_address_lists", "authoritative_domain", "address_space_lost"}
DOE, MOVED = (f"{user}@{contoso.AD_DOMAIN}" for user in (contoso.USER, contoso.MOVED_USER))
SALES = f"sales@{contoso.GROUP_DOMAIN}"


def verdicts(run: t.Any, which: int = -1) -> dict[str, str]:
    """Issue to verdict in a table of a run; the last is what is left."""
    assert run.returncode == 0, run.output
    tables = [line["result"]["msg"] for line in run.results if line["task"].endswith("Show the known issues")]
    rows = [row.split(maxsplit=2) for row in tables[which][2:]]
    return {row[0]: row[1] for row in rows}


@pytest.fixture
def organization(lab: Lab, ansible: Ansible, tmp_path: pathlib.Path) -> Lab:
    """Configured, with one group that only cloud users are in, written back and stamped."""
    lab.world.tenant.groups = [UnifiedGroup("Sales", SALES, members=[contoso.CLOUD_USER], owners=[contoso.CLOUD_USER])]
    ansible.vars["hybrid_groups_dns_internal_servers"] = [lab.RESOLVER]
    ansible.vars["hybrid_groups_readded_file"] = str(tmp_path / "readded.json")
    configured.configure_mail(lab.world)
    configured.grant(lab.world)
    configured.synchronize(lab.world)
    for name, value in (("legacyExchangeDN", b"/o=Contoso/cn=Recipients/cn=1"), ("showInAddressBook", ADDRESS_LISTS[0].encode())):
        lab.world.directory.set_attribute(written_back(lab), name, [value])
    return lab


def written_back(lab: Lab) -> t.Any:
    """The one written-back group's object."""
    [dn] = [item.dn for space in lab.world.connect.spaces.values() for item in space.values()]
    return lab.world.directory.find(dn)


def plant(lab: Lab) -> None:
    """All fourteen."""
    world = lab.world
    [sales] = world.tenant.groups
    sales.members += [DOE, MOVED]  # moved_mailboxes, footer_links, own_copy
    sales.owners.append(DOE)  # on_premises_owners
    sales.other_addresses.append(f"vente@{contoso.GROUP_DOMAIN}")  # secondary_addresses
    entry = written_back(lab)
    world.directory.set_attribute(entry, "showInAddressBook", [])  # not_in_address_lists
    world.exchange.group_permissions[entry.dn] = [Permission("CONTOSO\\jdoe", "Send-As")]  # send_as
    world.exchange.domain(contoso.GROUP_DOMAIN).domain_type = "Authoritative"  # authoritative_domain
    world.tenant.groups.append(UnifiedGroup("New", f"new@{contoso.GROUP_DOMAIN}", members=[contoso.CLOUD_USER]))
    world.exchange.hybrid.features.append("CentralizedTransport")  # centralized_mail_flow
    connector = world.exchange.connector(contoso.HYBRID_CONNECTOR)
    connector.address_spaces = [AddressSpace.parse("smtp:contoso.mail.onmicrosoft.com;1")]  # address_space_lost
    world.exchange.servers["EDGE1"] = Server("EDGE1", "edge1.contoso.com", "15.2.1748.10", role="Edge")
    connector.settings["SourceTransportServers"] = ["EDGE1"]  # edge_source
    for name, rdtype in ((contoso.GROUP_DOMAIN, "MX"), (f"autodiscover.{contoso.GROUP_DOMAIN}", "CNAME")):
        zone = world.dns.zones["contoso.com."]
        zone.delete(dns.name.from_text(name), dns.rdatatype.from_text(rdtype))  # mx_inside, autodiscover_elsewhere
    world.connect.programs.remove("dsacls.exe")  # dsacls_missing


def test_all_are_found_and_some_are_mended(organization: Lab, ansible: Ansible, tmp_path: pathlib.Path) -> None:
    lab = organization
    allow_only(lab, "known_issues")
    before = lab.world.view()
    clean = verdicts(ansible.run("known_issues"))
    assert len(clean) == 14
    assert set(clean.values()) == {"ok"}
    assert lab.world.view() == before

    plant(lab)
    allow_only(lab, "known_issues", in_addition=True)
    run = ansible.run("known_issues", "-e", "hybrid_groups_mend=true")
    assert verdicts(run, 0) == dict.fromkeys(clean, "found")
    mended = verdicts(run)
    assert {name for name, verdict in mended.items() if verdict == "mended"} == MENDABLE
    assert {verdict for name, verdict in mended.items() if name not in MENDABLE} == {"found"}
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["summary"]["breaks_at"] == ["connector", "to_tenant", "to_group"]
    assert report["summary"]["known_issues"] == {"found": 7, "limitation": 3, "mended": 4}
    world = lab.world
    assert set(world.tenant.groups[0].members) == {contoso.CLOUD_USER, DOE, MOVED}
    assert world.exchange.domain(contoso.GROUP_DOMAIN).domain_type == "InternalRelay"
    assert len(world.exchange.connector(contoso.HYBRID_CONNECTOR).address_spaces) == 2

    after = lab.world.view()
    again = ansible.run("known_issues", "-e", "hybrid_groups_mend=true")
    left = verdicts(again)
    assert {name for name, verdict in left.items() if verdict == "ok"} == MENDABLE
    assert again.changed == 0
    assert lab.world.view() == after
