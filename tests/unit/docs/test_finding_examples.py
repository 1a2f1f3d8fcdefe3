# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that is written as an example gets past the tests."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from helpers import examples
from helpers.returned import differences

PAGE = """
# A page

<!-- not run: needs Azure -->
```yaml
- name: One
```

Text, so the comment is not about this one:

```console
$ make demo
```

1. In a list:

   ```yaml
   hybrid_groups_domain: groups.contoso.com
   ```

## Indented

    by.indentation: alone
"""


def test_every_block_of_a_page_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(examples, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    found = [(block.id, block.language, block.not_run) for block in examples.blocks(page)]
    assert found == [
        ("page.md:5", "yaml", "needs Azure"),
        ("page.md:11", "console", None),
        ("page.md:17", "yaml", None),
        ("page.md:23", "", None),
    ]


def test_every_module_has_examples() -> None:
    modules = {f"modules/{path.stem}" for path in (examples.ROOT / "plugins/modules").glob("*.py")}
    assert modules <= set(examples.plugins())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("- hosts: all", "plays"),
        ("- import_playbook: x", "plays"),
        ("- ansible.builtin.import_playbook: x", "plays"),
        ("- name: x\n  a.b.c: {}", "tasks"),
        ("- name: x\n  block: []", "tasks"),
        ("all: {vars: {}}\nweb: {children: {x: }}", "inventory"),
        ("web:\n  hosts:\n    x:", "inventory"),
        ("hybrid_groups_domain: x\nansible_user: y", "variables"),
    ],
)
def test_what_a_block_is(text: str, kind: str) -> None:
    assert examples.kind(yaml.safe_load(text)) == kind


@pytest.mark.parametrize(
    "text",
    ["", "text", "- item", "[]", "{}", "- a.b.c: {}", "- name: x\n  ping:", "plugin: a.b.c", "domain: x", "- hosts: x\n- y: z"],
)
def test_what_a_block_cannot_be(text: str) -> None:
    with pytest.raises(examples.Unclassified):
        examples.kind(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("result", "problems"),
    [
        ({"changed": False, "groups": []}, []),
        ({"changed": False}, ["groups is not returned"]),
        ({"groups": [], "group": {}}, ["group is not documented"]),
        ({"groups": {}}, ["groups is dict, and documented as list"]),
        ({"groups": [{"colour": "red"}]}, ["groups: colour is not documented"]),
    ],
)
def test_what_differs_from_the_documentation(result: dict[str, t.Any], problems: list[str]) -> None:
    assert differences(result, "modules/m365_groups_info") == problems
