# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/permissions.md against what the plugins call, what their documentation says, and what the lab lets an account do."""

from __future__ import annotations

import ast
import re
import typing as t

import pytest
from helpers.pages import DOCS, ROOT, code, page

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet_needs import NEEDS, PLAYBOOKS
from lab.exchange.roles import ROLES

if t.TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = page(DOCS / "permissions.md").tables
EXCHANGE = {cells[0]: set(code(cells[1])) for cells in TABLES["Exchange"]}
CONNECT = {cells[0]: set(code(cells[1])) for cells in TABLES["Entra Connect server"]}
CMDLET = re.compile(r"(Add|Get|Import|Initialize|New|Remove|Select|Set|Start|Update)-[A-Z]\w+")
PERMISSION = re.compile(r"[A-Z][\w-]+\.(?:ReadWrite|ReadBasic|Read|Send)(?:\.All)?")


def called() -> Iterator[str]:
    """Cmdlets that the plugins name."""
    for path in (ROOT / "plugins/module_utils").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CMDLET.fullmatch(node.value):
                yield node.value


def test_every_cmdlet_is_in_a_table() -> None:
    assert set().union(*EXCHANGE.values(), *CONNECT.values()) == set(called())


def test_the_roles_hold_what_the_table_says() -> None:
    assert {role: sorted(cmdlets - ROLES[role]) for role, cmdlets in EXCHANGE.items()} == {role: [] for role in EXCHANGE}


def test_the_doctor_names_the_same_roles() -> None:
    for need in NEEDS["exchange"]:
        role = re.match(r"the role (.+?) \(", need.held_by)
        assert role is not None
        assert need.cmdlet in EXCHANGE[role[1]]
    for need in NEEDS["windows"]:
        assert need.cmdlet in CONNECT["reading"]
        assert "ADSyncAdmins" in need.held_by


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_the_doctor_asks_for_what_a_playbook_needs_and_no_more(playbook: str) -> None:
    documented: set[str] = set()
    of: list[str] = []
    for what, roles, *_others in TABLES["By step"]:
        of = of if what.startswith("tag ") else code(what)
        if playbook in of and "in addition" not in what:
            documented |= {role for role in roles.split(", ") if role}
    asked = {
        need.held_by.partition("the role ")[2].partition(" (")[0] for need in NEEDS["exchange"] if playbook in need.playbooks
    }
    assert asked == documented != set()


@pytest.mark.parametrize("module", sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py")))
def test_a_modules_own_documentation_says_the_same(module: str) -> None:
    in_table = {name: PERMISSION.findall(cells[1]) for cells in TABLES["The tenant"] for name in code(cells[0])}
    documentation = (ROOT / f"plugins/modules/{module}.py").read_text().partition("EXAMPLES = ")[0]
    assert set(PERMISSION.findall(documentation)) == set(in_table.get(module, []))


def test_steps_ask_for_nothing_that_is_not_explained() -> None:
    roles = {role for cells in TABLES["By step"] for role in cells[1].split(", ") if role}
    assert roles <= set(EXCHANGE)
    permissions = {name for cells in TABLES["By step"] for name in code(cells[3])}
    assert permissions <= {name for cells in TABLES["The tenant"] for name in PERMISSION.findall(cells[1])}
