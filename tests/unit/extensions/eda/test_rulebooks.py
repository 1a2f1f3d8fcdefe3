# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks name what there is; ansible-lint checks them against the schema of rulebooks."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml
from helpers.awx_objects import ROOT, Json, named, objects, survey
from helpers.eda import EDA, source_options

RULEBOOKS = sorted((EDA / "rulebooks").glob("*.yml"))
FQCN = "exchange.hybrid_groups."
SOURCE = f"{FQCN}written_back_groups"


def ruleset(path: pathlib.Path) -> Json:
    [found] = yaml.safe_load(path.read_text())
    return t.cast(Json, found)


def actions(path: pathlib.Path, kind: str) -> list[Json]:
    return [action[kind] for rule in ruleset(path)["rules"] for action in rule["actions"] if kind in action]


def test_there_is_one_for_each_way_to_run_jobs() -> None:
    assert [path.stem for path in RULEBOOKS] == ["written_back_groups", "written_back_groups_awx"]


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_the_source_is_given_its_options_and_no_secret(path: pathlib.Path) -> None:
    [source] = ruleset(path)["sources"]
    options = source_options()
    given = source[SOURCE]
    # Secrets and who has them come from the environment; the rest of what there is can be set by variables.
    assert set(given) == set(options) - {"directory_user", "directory_password", "directory_timeout"}
    for name, value in given.items():
        variable = {"interval": "hybrid_groups_eda_interval", "again_after": "hybrid_groups_eda_again_after"}.get(name)
        variable = variable or f"hybrid_groups_{'writeback_ou' if name == 'ou' else name}"
        optional = "" if options[name].get("required") else " | default('')"
        assert value == f"{{{{ {variable}{optional} }}}}"


def test_the_playbooks_are_the_collections_own_and_mend_nothing() -> None:
    runs = actions(RULEBOOKS[0], "run_playbook")
    assert [run["name"] for run in runs] == [f"{FQCN}address_list_refresh", f"{FQCN}known_issues"]
    for run in runs:
        assert (ROOT / f"playbooks/{run['name'].removeprefix(FQCN)}.yml").is_file()
    assert runs[1]["extra_vars"] == {"hybrid_groups_mend": False}


def test_the_job_templates_get_the_answers_of_their_surveys() -> None:
    templates = objects()["controller_templates"]
    jobs = actions(RULEBOOKS[1], "run_job_template")
    assert [job["name"] for job in jobs] == ["Hybrid groups - address list refresh", "Hybrid groups - known issues"]
    for job in jobs:
        template = named(templates, job["name"])
        answers = job["job_args"]["extra_vars"]
        assert set(answers) == set(survey(template))
        # AWX ignores variables beyond the survey, and so the event, unless it may be asked for them.
        assert not template.get("ask_variables_on_launch")
        assert job["include_events"] is False
    assert jobs[1]["job_args"]["extra_vars"]["hybrid_groups_mend"] == "false"


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: path.stem)
def test_the_guide_names_all_variables(path: pathlib.Path) -> None:
    guide = (ROOT / "docs/eda.md").read_text()
    for variable in set(re.findall(r"\{\{ (\w+)", path.read_text())):
        assert f"`{variable}`" in guide, variable
