# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the pages of the documentation: headings, links, tables."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re
import typing as t

from markdown_it import MarkdownIt

if t.TYPE_CHECKING:
    from markdown_it.token import Token

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"


@dataclasses.dataclass(frozen=True)
class Page:
    """One Markdown file.

    :ivar anchors: what a link into the page may name, as GitHub and MyST make it from headings
    :ivar links: targets as they are written
    :ivar tables: by the heading before them, rows of cells as they are written, without the head
    """

    path: pathlib.Path
    anchors: frozenset[str]
    links: tuple[str, ...]
    tables: dict[str, list[list[str]]]

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()


def pages() -> list[Page]:
    """Everything that is written for people to read."""
    return [page(path) for path in (ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(ROOT.glob("roles/*/README.md")))]


@functools.cache
def page(path: pathlib.Path) -> Page:
    heading, container = "", ""
    anchors: set[str] = set()
    links: list[str] = []
    tables: dict[str, list[list[str]]] = {}
    for token in MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8")):
        if token.type == "tbody_open":
            tables[heading] = tables.get(heading, [])
        elif token.type == "tr_open" and heading in tables:
            tables[heading].append([])
        elif token.type == "inline":
            links += [str(child.attrs["href"]) for child in token.children or [] if child.type == "link_open"]
            if container == "heading_open":
                heading = _text(token)
                anchors.add(slug(heading))
            elif container == "td_open":
                tables[heading][-1].append(token.content)
        container = token.type
    return Page(path, frozenset(anchors), tuple(links), tables)


def slug(heading: str) -> str:
    """A heading's anchor on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _text(token: Token) -> str:
    return "".join(child.content for child in token.children or [] if child.type in ("text", "code_inline"))


def code(cell: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)
