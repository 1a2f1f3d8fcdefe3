# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/rollback.yml, and the playbooks around the Hybrid Configuration Wizard."""

from __future__ import annotations

import typing as t

from conftest import Ansible
from helpers.documented_rights import allow_only

from lab import configured, contoso
from lab.cloud.unified_group import UnifiedGroup
from lab.lab import Lab


def spaces(lab: Lab) -> list[str]:
    return [str(space) for space in lab.world.exchange.connector(contoso.HYBRID_CONNECTOR).address_spaces]


def changes(run: t.Any) -> list[str]:
    """Modules that changed something, in their order."""
    return [line["action"].rpartition(".")[2] for line in run.results if line["result"].get("changed")]


def test_rollback_in_reverse_order_and_not_while_groups_use_the_domain(lab: Lab, ansible: Ansible) -> None:
    before = spaces(lab)
    group = UnifiedGroup("Sales", "sales@contoso.com", other_addresses=[f"Sales@{contoso.GROUP_DOMAIN}"])
    lab.world.tenant.groups = [group, UnifiedGroup("Other", "other@contoso.com")]
    configured.configure_mail(lab.world)
    configured.grant(lab.world)
    configured.synchronize(lab.world)
    allow_only(lab, "rollback")
    in_use = lab.world.view()
    refused = ansible.run("rollback")
    assert refused.returncode != 0
    assert "Groups of the tenant have an address in groups.contoso.com" in refused.failure
    assert "would be lost: Sales." in refused.failure
    assert lab.world.view() == in_use

    # In the tenant the address is gone; the directory does not know yet.
    group.other_addresses.clear()
    [dn] = [item.dn for space in lab.world.connect.spaces.values() for item in space.values() if group.id in item.dn]
    entry = lab.world.directory.find(dn)
    assert entry is not None
    addresses = [b"SMTP:sales@contoso.com", b"smtp:sales@GROUPS.contoso.com"]
    lab.world.directory.set_attribute(entry, "proxyAddresses", addresses)
    behind = lab.world.view()
    refused = ansible.run("rollback")
    assert f"Groups in {contoso.WRITEBACK_OU} have an address in groups.contoso.com: Sales." in refused.failure
    assert lab.world.view() == behind

    lab.world.directory.set_attribute(entry, "proxyAddresses", addresses[:1])
    done = ansible.run("rollback")
    assert done.returncode == 0, done.output
    assert changes(done) == ["exchange_send_connector", "group_domain_dns", "exchange_accepted_domain"]
    assert spaces(lab) == before
    assert lab.world.dns.values(contoso.GROUP_DOMAIN, "MX") == []
    assert lab.world.dns.values(f"autodiscover.{contoso.GROUP_DOMAIN}", "CNAME") == []
    assert contoso.GROUP_DOMAIN not in lab.world.view()["exchange"]["accepted_domains"]
    assert contoso.GROUP_DOMAIN in lab.world.view()["tenant"]["domains"]
    assert ansible.run("rollback").changed == 0


def test_around_the_wizard(lab: Lab, ansible: Ansible) -> None:
    allow_only(lab, "after_wizard")
    before = spaces(lab)
    after = ansible.run("after_wizard")
    assert changes(after) == ["exchange_send_connector"]
    assert spaces(lab) == [*before, f"SMTP:{contoso.GROUP_DOMAIN};1"]
    assert ansible.run("after_wizard").changed == 0
    assert changes(ansible.run("before_wizard")) == ["exchange_send_connector"]
    assert spaces(lab) == before
