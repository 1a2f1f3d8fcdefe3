# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of itself against what it is: action groups, requirements, execution environment."""

from __future__ import annotations

import importlib
import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = pathlib.Path(__file__).parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
# A group by the documentation fragments whose options can be set for it.
GROUPS = {"m365": {"_graph", "_graph.credentials"}, "adsync": {"_directory"}, "exchange": {"_exchange"}}


def fragments(module: str) -> set[str]:
    documentation = importlib.import_module(f"ansible_collections.exchange.hybrid_groups.plugins.modules.{module}").DOCUMENTATION
    used = yaml.safe_load(documentation).get("extends_documentation_fragment", [])
    return {name.removeprefix("exchange.hybrid_groups.") for name in used}


def requirements(file: str) -> dict[str, Requirement]:
    lines = [line.partition("#")[0].strip() for line in (ROOT / file).read_text().splitlines()]
    found = [Requirement(line) for line in lines if line]
    return {requirement.name: requirement for requirement in found}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_has_the_modules_that_take_its_options(group: str) -> None:
    members = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"][group]
    assert set(members) == {module for module in MODULES if GROUPS[group] <= fragments(module)}


def test_every_requirement_has_a_minimum_and_a_reason() -> None:
    before = ""
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            assert before.startswith("# "), line
            # Automation Hub takes a minimum or none; a maximum would clash with other collections in an execution environment.
            assert [clause.operator for clause in Requirement(line).specifier] == [">="], line
        before = line


def test_an_execution_environment_gets_what_is_required_and_kerberos() -> None:
    environment = yaml.safe_load((ROOT / "meta/execution-environment.yml").read_text())
    assert all((ROOT / file).is_file() for file in environment["dependencies"].values())
    required, given = requirements("requirements.txt"), requirements(environment["dependencies"]["python"])
    assert {name: str(found.specifier) for name, found in given.items()} == {
        name: str(found.specifier) for name, found in required.items()
    }
    assert given["pypsrp"].extras == given["pywinrm"].extras == {"kerberos", "credssp"}


def test_the_definition_is_one_that_ansible_builder_takes(tmp_path: pathlib.Path) -> None:
    builder = pathlib.Path(sys.executable).parent / "ansible-builder"
    command = [str(builder), "create", "-f", str(ROOT / "execution-environment.yml"), "-c", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert "exchange.hybrid_groups" in (tmp_path / "_build/requirements.yml").read_text()


def test_the_definition_takes_the_collection_and_its_core() -> None:
    definition = yaml.safe_load((ROOT / "execution-environment.yml").read_text())
    assert definition["version"] == 3
    collections = {entry["name"] for entry in definition["dependencies"]["galaxy"]["collections"]}
    assert "exchange.hybrid_groups" in collections
    # What the roles call of other collections, but for the DNS providers', of which an organization has one.
    called = set()
    for path in (ROOT / "roles").rglob("tasks/**/*.yml"):
        if path.parent.name != "dns_provider" or path.name == "windows.yml":
            called |= set(re.findall(r"^\s+(?:- )?(\w+\.\w+)\.\w+:", path.read_text(), flags=re.MULTILINE))
    assert called - {"ansible.builtin"} <= collections
    core = Requirement(definition["dependencies"]["ansible_core"]["package_pip"])
    least = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["requires_ansible"]
    assert core.specifier.contains(least.removeprefix(">="))
