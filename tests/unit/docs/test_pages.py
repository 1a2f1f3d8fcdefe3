# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages hold together: links lead somewhere, and everything has its place."""

from __future__ import annotations

import importlib
import re
import urllib.parse

import pytest
import yaml
from helpers.pages import DOCS, ROOT, Page, code, page, pages

REFERENCE = page(DOCS / "reference.md")


def short_description(kind: str, name: str) -> str:
    plugin = importlib.import_module(f"ansible_collections.exchange.hybrid_groups.plugins.{kind}.{name}")
    return str(yaml.safe_load(plugin.DOCUMENTATION)["short_description"])


def names(folder: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob("[!_]*.py")}


@pytest.mark.parametrize("found", pages(), ids=lambda found: found.name)
def test_links_lead_somewhere(found: Page) -> None:
    broken = []
    for link in found.links:
        address = urllib.parse.urlsplit(link)
        if address.scheme:
            assert address.scheme in ("https", "mailto"), link
            continue
        target = (found.path.parent / address.path).resolve() if address.path else found.path
        inside = target.is_relative_to(ROOT) and target.exists()
        # Anchors of other files than pages would be lines, which move.
        if not inside or (address.fragment and (target.suffix != ".md" or address.fragment not in page(target).anchors)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_the_index() -> None:
    linked = [link for link in page(DOCS / "index.md").links if "/" not in link]
    assert sorted(linked) == sorted(path.name for path in DOCS.glob("*.md") if path.stem != "index")


def test_the_readme_leads_to_the_index() -> None:
    assert "docs/index.md" in page(ROOT / "README.md").links


def test_every_module_is_in_the_reference() -> None:
    headings = ("Exchange", "Entra Connect", "The tenant", "DNS", "Beside")
    listed = {code(cells[0])[0]: cells[1] for heading in headings for cells in REFERENCE.tables[heading]}
    assert listed == {name: short_description("modules", name) for name in names("plugins/modules")}


def test_every_other_plugin_is_in_the_reference() -> None:
    listed = {code(cells[0])[0]: cells[1] for cells in REFERENCE.tables["Other plugins"]}
    kinds = [(kind, name) for kind in ("connection", "filter") for name in names(f"plugins/{kind}")]
    assert listed == {name: short_description(kind, name) for kind, name in kinds}


def test_every_role_is_in_the_reference() -> None:
    listed = [code(cells[0])[0] for cells in REFERENCE.tables["Roles"]]
    assert sorted(listed) == sorted(path.name for path in (ROOT / "roles").iterdir())


def test_every_playbook_is_in_the_reference() -> None:
    playbooks = ROOT / "playbooks"
    files = [*playbooks.glob("*.yml"), *playbooks.glob("awx/*.yml")]
    listed = {code(cells[0])[0]: set(code(cells[1])) for cells in REFERENCE.tables["Playbooks"]}
    assert set(listed) == {".".join(path.relative_to(playbooks).with_suffix("").parts) for path in files}
    for name, groups in listed.items():
        text = (playbooks / f"{name.replace('.', '/')}.yml").read_text()
        hosts = set(re.findall(r"\{\{ hybrid_groups_on_(\w+) \}\}", text)) | set(re.findall(r"in groups else '(\w+)'", text))
        assert hosts <= groups, name
