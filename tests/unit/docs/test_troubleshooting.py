# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/troubleshooting.md quotes messages that the collection has."""

from __future__ import annotations

import ast
import re
import typing as t

import pytest
import yaml
from helpers.pages import DOCS, ROOT, code, page

if t.TYPE_CHECKING:
    from collections.abc import Iterator

VARIES = "\0"
QUOTED = [code(cells[0])[0] for rows in page(DOCS / "troubleshooting.md").tables.values() for cells in rows]


def plain(text: str, varying: str) -> str:
    """One line, with what varies replaced by a mark."""
    return " ".join(re.sub(varying, VARIES, text, flags=re.DOTALL).split())


def python_texts(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            # Texts for str.format have names in braces.
            yield plain(node.value, r"\{\w*\}")
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else VARIES for part in node.values]
            yield plain("".join(map(str, parts)), VARIES)


def yaml_texts(data: t.Any) -> Iterator[str]:
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        for item in data:
            yield from yaml_texts(item)
    elif isinstance(data, str):
        yield plain(data, r"\{\{.*?\}\}")


@pytest.fixture(scope="module")
def texts() -> set[str]:
    python = [
        path.read_text() for folder in ("module_utils", "modules", "plugin_utils", "connection") for path in folder_of(folder)
    ]
    tasks = [yaml.safe_load(path.read_text()) for path in (ROOT / "roles").rglob("tasks/**/*.yml")]
    return {text for source in python for text in python_texts(source)} | {text for data in tasks for text in yaml_texts(data)}


def folder_of(name: str) -> list[t.Any]:
    return sorted((ROOT / "plugins" / name).glob("*.py"))


@pytest.mark.parametrize("message", QUOTED)
def test_a_quoted_message_is_one_of_ours(texts: set[str], message: str) -> None:
    wanted = plain(message, r"<[^>]+>")
    assert len(wanted.replace(VARIES, "").split()) >= 2, "too little to tell one message from another"
    assert any(wanted in text for text in texts)


def test_no_message_twice() -> None:
    assert len(QUOTED) == len(set(QUOTED))
