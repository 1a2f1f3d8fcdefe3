# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""m365_groups_info and m365_group_readd from their options to their result, against the lab's Graph."""

from __future__ import annotations

import json
import types
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_membership import Membership
from ansible_collections.exchange.hybrid_groups.plugins.modules import m365_group_readd, m365_groups_info
from lab import contoso
from lab.cloud.tenant import Refusal
from lab.cloud.unified_group import UnifiedGroup

MOVED = f"{contoso.MOVED_USER}@{contoso.AD_DOMAIN}"
DOE = f"{contoso.USER}@{contoso.AD_DOMAIN}"


class Runner:
    def __init__(self, lab: t.Any, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self.capsys = capsys

    def __call__(self, module: types.ModuleType, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        arguments = {**self.lab.graph_options(), **options, "_ansible_check_mode": check}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return t.cast("dict[str, t.Any]", json.loads(self.capsys.readouterr().out))

    def requests(self, method: str) -> list[str]:
        return [what for server, what in self.lab.traffic.log if server == "graph" and what.startswith(method)]


@pytest.fixture
def run(cloud_lab: t.Any, capsys: pytest.CaptureFixture[str], short_pauses: None) -> Runner:  # noqa: ARG001
    cloud_lab.world.tenant.groups = [
        UnifiedGroup("Sales", f"sales@{contoso.GROUP_DOMAIN}", members=[DOE, MOVED], owners=[MOVED]),
        UnifiedGroup("Büro", "buero@contoso.com", other_addresses=[f"Office@{contoso.GROUP_DOMAIN.upper()}"]),
        UnifiedGroup("Old", "old@contoso.com", members=[MOVED]),
    ]
    return Runner(cloud_lab, capsys)


def membership(lab: t.Any, group: str, user: str) -> dict[str, str]:
    found = next(item for item in lab.world.tenant.groups if item.display_name == group)
    return {"group_id": found.id, "user_id": lab.world.tenant.online.user(user).id}


def test_groups_with_their_addresses_and_people(run: Runner) -> None:
    run.lab.world.tenant.page_size = 2
    found = run(m365_groups_info, people=True)
    assert not found["changed"]
    assert [group["display_name"] for group in found["groups"]] == ["Büro", "Old", "Sales"]
    sales = found["groups"][2]
    assert sales["addresses"] == [f"sales@{contoso.GROUP_DOMAIN}"]
    assert [person["user_principal_name"] for person in sales["members"]] == [DOE, MOVED]
    assert [person["mail"] for person in sales["owners"]] == [contoso.MOVED_MAILBOX]


def test_groups_of_one_domain_by_any_address(run: Runner) -> None:
    found = run(m365_groups_info, domain=contoso.GROUP_DOMAIN)
    assert [group["display_name"] for group in found["groups"]] == ["Büro", "Sales"]
    assert "members" not in found["groups"][0]
    assert run(m365_groups_info, domain="contoso.net")["groups"] == []


def test_an_application_without_the_permission(run: Runner) -> None:
    run.lab.world.tenant.applications[contoso.CLIENT_ID].roles = ["Domain.Read.All"]
    assert "GroupMember.Read.All" in run(m365_groups_info)["msg"]


def test_members_are_taken_out_and_added_again(run: Runner) -> None:
    wanted = [membership(run.lab, "Sales", MOVED), membership(run.lab, "Old", MOVED), membership(run.lab, "Old", DOE)]
    before = [list(group.members) for group in run.lab.world.tenant.groups]
    planned = run(m365_group_readd, check=True, memberships=wanted)
    assert planned["changed"]
    assert not run.requests("DELETE")
    done = run(m365_group_readd, memberships=wanted)
    assert done["readded"] == planned["readded"] == wanted[:2]  # the third is no membership
    assert [what.partition("?")[0].rsplit("/", 1)[1] for what in run.requests("DELETE")] == ["$ref", "$ref"]
    assert len([what for what in run.requests("POST") if "members" in what]) == 2
    assert [sorted(group.members) for group in run.lab.world.tenant.groups] == [sorted(members) for members in before]
    assert run.lab.world.tenant.groups[0].owners == [MOVED]


def test_answers_that_are_lost_lose_nobody(run: Runner) -> None:
    wanted = [membership(run.lab, "Old", MOVED)]
    # Membership is read, then written, each time with an answer that does not arrive.
    run.lab.world.tenant.refusals = [None, Refusal(503, 0, carried_out=True), None, None, Refusal(504, 0, carried_out=True)]
    assert run(m365_group_readd, memberships=wanted)["changed"]
    assert run.lab.world.tenant.groups[2].members == [MOVED]


def test_one_who_cannot_be_added_again_is_named(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: t.Any) -> None:
        raise GraphError("POST was refused.", status=403)

    monkeypatch.setattr(Membership, "_add", refuse)
    wanted = membership(run.lab, "Old", MOVED)
    result = run(m365_group_readd, memberships=[wanted])
    assert result["failed"]
    assert result["changed"]
    assert f"User {wanted['user_id']} was taken out of group {wanted['group_id']}" in result["msg"]
