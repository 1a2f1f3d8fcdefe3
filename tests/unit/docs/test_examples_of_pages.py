# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each code block of a page is run in the lab, or read as what it is.

A new block needs nothing here, as long as it names what the lab has. One that cannot run here has a comment before it,
``<!-- not run: reason -->``, with one of the REASONS.
"""

from __future__ import annotations

import configparser
import importlib.util
import json
import pathlib
import re
import sys
import typing as t

import pytest
import tree_sitter
import tree_sitter_powershell
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from helpers import examples, variables
from helpers.ansible_in_process import OURS
from helpers.documented_lab import DocumentedLab

if t.TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

BLOCKS = [block for page in examples.pages() for block in examples.blocks(page)]
RUN = [block for block in BLOCKS if block.language == "yaml" and not block.not_run]
LANGUAGES = {"yaml", "console", "json", "ini", "powershell", "text"}
# What is there when a page's first play is run, where it is not what the procedure finds.
BEGINNING: dict[str, Callable[[DocumentedLab], None]] = {}


def _runs_elsewhere(test: str) -> bool:
    return (examples.ROOT / test).is_file()


def _is_not_installed(collection: str) -> bool:
    return importlib.util.find_spec("ansible_collections") is None or not any(
        (pathlib.Path(sys.prefix) / "collections/ansible_collections").glob(collection.replace(".", "/"))
    )


# Why an example cannot run here, each with what shows that it is so.
REASONS: dict[str, Callable[[str], bool]] = {
    r"output of a run": lambda _all: True,
    r"needs (Azure|AWX)": lambda _all: True,
    r"needs the collection (\w+\.\w+)": _is_not_installed,
    r"needs a Kerberos realm": lambda _all: _runs_elsewhere("tests/unit/plugins/modules/test_adsync_logon.py"),
    r".+; (tests/[\w/]+\.py) runs it.*": _runs_elsewhere,
}


def of_kind(*kinds: examples.Kind) -> list[t.Any]:
    """The YAML blocks of these kinds, with their data; those that are none at all are found by a test of their own."""
    found = []
    for block in RUN:
        try:
            data = yaml.safe_load(block.text)
            if examples.kind(data) in kinds:
                found.append(pytest.param(block, data, id=block.id))
        except (yaml.YAMLError, examples.Unclassified):
            continue
    return found


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.id)
def test_a_block_is_something_the_tests_know(block: examples.Block) -> None:
    assert block.language in LANGUAGES, f"{block.id} is written in {block.language or 'no language'}"
    match block.language:
        case "yaml":
            data = yaml.safe_load(block.text)
            assert block.not_run or examples.kind(data)
        case "json":
            json.loads(block.text)
        case "ini":
            configparser.ConfigParser().read_string(block.text)
        case "powershell":
            language = tree_sitter.Language(tree_sitter_powershell.language())
            assert not tree_sitter.Parser(language).parse(block.text.encode()).root_node.has_error


def test_what_is_not_run_cannot_run_here() -> None:
    reasons = {block.id: block.not_run for block in BLOCKS if block.not_run}
    for plugin in examples.plugins():
        reasons |= {f"{plugin}: {task.name}": task.not_run for task in examples.tasks(plugin) if task.not_run}
    for where, reason in reasons.items():
        known = [(match, holds) for pattern, holds in REASONS.items() if (match := re.fullmatch(pattern, reason))]
        assert known, f"{where}: {reason} is no reason"
        assert all(holds(match[match.lastindex or 0]) for match, holds in known), f"{where}: {reason} is not so"


@pytest.mark.parametrize(("block", "data"), of_kind("plays", "tasks"))
def test_plays(documented_lab: DocumentedLab, block: examples.Block, data: list[dict[str, t.Any]]) -> None:
    """In check mode nothing changes, for real what check mode said, and then nothing is left to do."""
    assert [name for name in examples.variables_of(data) if not variables.is_known(name)] == []
    BEGINNING.get(block.page, lambda _lab: None)(documented_lab)
    if examples.kind(data) == "tasks":
        data = [{"hosts": documented_lab.hosts_for(examples.action_of(data[0])), "gather_facts": False, "tasks": data}]
    check, real, again = (documented_lab.play(data, check=mode) for mode in (True, False, False))
    for outcome in (*check, *real, *again):
        assert outcome.status in ("ok", "skipped"), f"{outcome.task}: {outcome.result.get('msg')}"
    assert not [outcome.task for outcome in check if outcome.disturbed]
    ours = {outcome.action for outcome in real if outcome.action.startswith(OURS) and not outcome.check}
    promises = [examples.attributes(f"modules/{name.removeprefix(OURS)}") for name in ours]
    if promises and not all(promise["reads only"] for promise in promises):
        assert [outcome.task for outcome in real if outcome.changed] != []
    if all(promise["idempotent"] for promise in promises):
        foreign = {outcome.task for outcome in real if not outcome.action.startswith((OURS, "ansible.builtin."))}
        assert [outcome.task for outcome in again if outcome.changed and outcome.task not in foreign] == []


@pytest.mark.parametrize(("block", "data"), of_kind("inventory"))
def test_inventories(tmp_path: pathlib.Path, block: examples.Block, data: dict[str, t.Any]) -> None:
    file = tmp_path / "inventory.yml"
    file.write_text(block.text)
    inventory = InventoryManager(DataLoader(), sources=[str(file)])
    assert set(data) <= set(inventory.groups)
    given = [name for group in inventory.groups.values() for name in group.vars]
    given += [name for host in inventory.get_hosts() for name in host.vars]
    assert [name for name in given if not variables.is_known(name)] == []


@pytest.mark.parametrize(("block", "data"), of_kind("variables"))
def test_variables(block: examples.Block, data: dict[str, t.Any]) -> None:
    assert [name for name in data if not variables.is_known(name)] == [], block.id


@pytest.mark.parametrize("page", examples.pages(), ids=lambda page: page.relative_to(examples.ROOT).as_posix())
def test_variables_in_the_text(page: pathlib.Path) -> None:
    mentioned = re.findall(r"\b(?:hybrid_groups|ansible_cmdlet)_\w+\b(?!\*|\.html|\.json)", page.read_text(encoding="utf-8"))
    assert sorted(name for name in set(mentioned) if not variables.is_known(name)) == []
