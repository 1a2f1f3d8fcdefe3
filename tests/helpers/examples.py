# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the examples of the documentation: code blocks of pages, tasks in the EXAMPLES of plugins."""

from __future__ import annotations

import ast
import dataclasses
import itertools
import pathlib
import re
import typing as t

import yaml
from markdown_it import MarkdownIt

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, t.Any]
Kind = t.Literal["plays", "tasks", "inventory", "variables"]

ROOT = pathlib.Path(__file__).parents[2]
_NOT_RUN = re.compile(r"(?:<!--|#) not run: (?P<reason>.+?)\s*(?:-->)?")
_NO_PLUGINS = {"doc_fragments", "module_utils", "plugin_utils"}


class Unclassified(Exception):
    """An example that is none of what the tests can run."""


@dataclasses.dataclass(frozen=True)
class Block:
    """A code block of a page.

    :ivar not_run: why it cannot run here, when the comment before it says so
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str | None

    @property
    def id(self) -> str:
        return f"{self.page}:{self.line}"


@dataclasses.dataclass(frozen=True)
class Task:
    """A task of a plugin's EXAMPLES."""

    data: Json
    not_run: str | None

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def action(self) -> str:
        """The full name of its module."""
        return action_of(self.data)


def pages() -> list[pathlib.Path]:
    """Everything that is written for people to read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("roles/*/README.md"))]


def blocks(page: pathlib.Path) -> list[Block]:
    """A page's code blocks."""
    found = []
    comment = ""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type in ("fence", "code_block"):
            assert token.map is not None
            reason = _NOT_RUN.fullmatch(comment)
            name = page.relative_to(ROOT).as_posix()
            found.append(Block(name, token.map[0] + 1, token.info.strip(), token.content, reason and reason["reason"]))
        comment = token.content.strip() if token.type == "html_block" else ""
    return found


def inline_code(page: pathlib.Path) -> list[str]:
    """What stands in backquotes in a page's text."""
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    children = [child for token in tokens for child in token.children or ()]
    return [child.content for child in children if child.type == "code_inline"]


def plugins() -> list[str]:
    """Plugins with EXAMPLES, as folder/name."""
    files = [path for path in sorted((ROOT / "plugins").glob("*/*.py")) if path.parent.name not in _NO_PLUGINS]
    names = [f"{path.parent.name}/{path.stem}" for path in files]
    return [name for name in names if _constant(name, "EXAMPLES")]


def tasks(plugin: str) -> list[Task]:
    """The tasks of a plugin's EXAMPLES."""
    text = _constant(plugin, "EXAMPLES")
    data = yaml.safe_load(text)
    if kind(data) != "tasks":
        raise Unclassified(f"EXAMPLES of {plugin} are not a list of tasks")
    # A comment belongs to the task that starts with the next line.
    reasons = [_NOT_RUN.fullmatch(before.strip()) for before, line in _pairs(text) if line.startswith("- ")]
    return [Task(task, reason and reason["reason"]) for task, reason in zip(data, reasons, strict=True)]


def documented(plugin: str, part: t.Literal["DOCUMENTATION", "RETURN"]) -> Json:
    return dict(yaml.safe_load(_constant(plugin, part)) or {})


def attributes(plugin: str) -> dict[t.Literal["reads only", "idempotent"], bool]:
    """What a module's documentation promises."""
    documentation = documented(plugin, "DOCUMENTATION")
    fragments = documentation.get("extends_documentation_fragment", [])
    reads_only = "exchange.hybrid_groups._attributes.info" in fragments
    own = documentation.get("attributes", {}).get("idempotent", {"support": "full"})
    return {"reads only": reads_only, "idempotent": own["support"] == "full"}


def kind(data: t.Any) -> Kind:
    """What a YAML example is.

    :raises Unclassified: nothing the tests know
    """
    if isinstance(data, list) and data and all(isinstance(item, dict) for item in data):
        if all("hosts" in item or "import_playbook" in "".join(item) for item in data):
            return "plays"
        if all(_is_task(item) for item in data):
            return "tasks"
    elif isinstance(data, dict) and data:
        if all(isinstance(group, dict) and set(group) <= {"hosts", "vars", "children"} for group in data.values()):
            return "inventory"
        if all(re.fullmatch(r"(ansible|hybrid_groups|configure|known_issues|verify|report)_\w+", name) for name in data):
            return "variables"
    raise Unclassified("neither plays, tasks, an inventory nor variables of this collection")


def variables_of(data: t.Any) -> set[str]:
    """Names that plays and tasks set with ``vars``, however deep."""
    if isinstance(data, list):
        return {name for item in data for name in variables_of(item)}
    if not isinstance(data, dict):
        return set()
    own = data.get("vars")
    return {name for item in data.values() for name in variables_of(item)} | set(own if isinstance(own, dict) else ())


def action_of(task: Json) -> str:
    """The full name of a task's module; empty for a block."""
    return next((name for name in task if name.count(".") == 2), "")


def _is_task(item: Json) -> bool:
    return "name" in item and bool(action_of(item) or "block" in item)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    lines = ["", *text.splitlines()]
    return itertools.pairwise(lines)


def _constant(plugin: str, name: str) -> str:
    """A text that a plugin's file assigns, without importing it."""
    tree = ast.parse((ROOT / "plugins" / f"{plugin}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name:
            return str(ast.literal_eval(node.value))
    return ""


def foreign_modules() -> set[str]:
    """Modules of other collections that examples use."""
    found = {task.action for plugin in plugins() for task in tasks(plugin)}
    for block in (block for page in pages() for block in blocks(page) if block.language == "yaml" and not block.not_run):
        found |= set(re.findall(r"^\s+(?:- )?(\w+\.\w+\.\w+):", block.text, flags=re.MULTILINE))
    return {name for name in found if name and not name.startswith(("exchange.hybrid_groups.", "ansible.builtin."))}
