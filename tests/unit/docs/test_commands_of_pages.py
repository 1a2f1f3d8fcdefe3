# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages tell to type exists: playbooks, plugins, options, variables, tags, targets."""

from __future__ import annotations

import pathlib

import pytest
from helpers import commands, examples

CONSOLES = [block for page in examples.pages() for block in examples.blocks(page) if block.language == "console"]
# In the text, only commands of these; elsewhere a name in backquotes may be anything.
PROGRAMS = ("ansible-playbook ", "ansible-doc ", "make ")


@pytest.mark.parametrize("block", CONSOLES, ids=lambda block: block.id)
def test_consoles(block: examples.Block) -> None:
    found = commands.commands(block.text)
    assert found, f"{block.id} has no line with a prompt"
    assert [problem for command in found for problem in commands.problems(command)] == []


@pytest.mark.parametrize("page", examples.pages(), ids=lambda page: page.relative_to(examples.ROOT).as_posix())
def test_commands_in_the_text(page: pathlib.Path) -> None:
    lines = "".join(f"$ {code}\n" for code in examples.inline_code(page) if code.startswith(PROGRAMS))
    assert [problem for command in commands.commands(lines) for problem in commands.problems(command)] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ansible-playbook exchange.hybrid_groups.hybrid_group -i inventory.yml", "no playbook"),
        ("ansible-playbook exchange.hybrid_groups.verify -e hybrid_groups_verify_groop=x", "no variable"),
        ("ansible-playbook exchange.hybrid_groups.hybrid_groups --tags prerequisite", "no tags"),
        ("ansible-playbook exchange.hybrid_groups.verify --no-such-option", "unrecognized arguments"),
        ("ansible-doc -t role exchange.hybrid_groups.configured", "no role"),
        ("ansible-doc exchange.hybrid_groups.ping", "no module"),
        ("make tests", "no target"),
        ("export M365_CLIENT=...", "read by nothing"),
        ("pip install -r requirement.txt", "no file"),
        ("wizard", "no command"),
    ],
)
def test_what_is_not_there_is_found(line: str, words: str) -> None:
    [command] = commands.commands(f"$ {line}\n")
    [problem] = commands.problems(command)
    assert words in problem
