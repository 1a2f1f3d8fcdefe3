# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from helpers.exchange_modules import Runner

from ansible_collections.exchange.hybrid_groups.plugins.modules import exchange_mailboxes_info
from lab import contoso
from lab.exchange.mailboxes import Mailbox
from lab.exchange.state import Permission
from lab.world import World

GROUP = f"CN=Group_1,{contoso.WRITEBACK_OU}"


@pytest.fixture
def world() -> World:
    world = World()
    world.directory.insert(GROUP, "group", {}, owner=f"{contoso.DOMAIN_SID}-512")
    world.exchange.mailboxes += [
        Mailbox("New", "new@contoso.com", "new", remote_routing_address="new@x", remote_type="ProvisionMailbox"),
        Mailbox("Archive", "a@contoso.com", "a", remote_routing_address="a@x", remote_type="ProvisionArchive, Migrated"),
    ]
    return world


def test_mailboxes_here_and_moved(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = Runner(world, monkeypatch, capsys)(exchange_mailboxes_info)
    assert not found["changed"]
    assert found["mailboxes"] == [
        {"mail": contoso.ON_PREMISES_MAILBOX, "user_principal_name": f"{contoso.USER}@{contoso.AD_DOMAIN}"}
    ]
    assert [mailbox["mail"] for mailbox in found["moved_mailboxes"]] == ["a@contoso.com", contoso.MOVED_MAILBOX]
    assert found["send_as"] == []


def test_send_as_on_groups(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world.exchange.group_permissions[GROUP] = [
        Permission("NT AUTHORITY\\SELF", "Send-As"),
        Permission("CONTOSO\\jdoe", "Send-As"),
        Permission("CONTOSO\\denied", "Send-As", deny=True),
        Permission("CONTOSO\\Exchange Servers", "Send-As", inherited=True),
        Permission("CONTOSO\\other", "Receive-As"),
    ]
    run = Runner(world, monkeypatch, capsys)
    assert run(exchange_mailboxes_info, send_as_on=[GROUP])["send_as"] == [{"group": GROUP, "user": "CONTOSO\\jdoe"}]
    gone = run(exchange_mailboxes_info, send_as_on=[f"CN=Gone,{contoso.WRITEBACK_OU}"])
    assert gone["failed"]
    assert "Get-ADPermission" in gone["msg"]
