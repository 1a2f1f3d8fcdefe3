# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX's objects against the playbooks they run, the modules that read their credentials, and the modules of awx.awx."""

from __future__ import annotations

import datetime
import re
import typing as t
import zoneinfo

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from helpers.awx_objects import ROOT, Json, named, objects, role_options, survey

from ansible_collections.exchange.hybrid_groups.plugins.connection import cmdlet
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph_settings

OBJECTS = objects()
TEMPLATES = OBJECTS["controller_templates"]
CREDENTIAL_TYPES = OBJECTS["controller_credential_types"]

# Options of the modules of awx.awx that are used (ansible/awx, awx_collection/plugins/modules/*.py, argument_spec).
AWX_OPTIONS: t.Mapping[str, set[str]] = {
    "execution_environment": {"name", "new_name", "image", "description", "organization", "credential", "state", "pull"},
    "project": {
        *("name", "new_name", "copy_from", "description", "scm_type", "scm_url", "local_path", "scm_branch", "scm_refspec"),
        *("credential", "scm_clean", "scm_delete_on_update", "scm_track_submodules", "scm_update_on_launch"),
        *("scm_update_cache_timeout", "allow_override", "timeout", "default_environment", "organization", "state", "wait"),
        *("update_project", "interval", "signature_validation_credential"),
    },
    "credential_type": {"name", "new_name", "description", "kind", "inputs", "injectors", "state"},
    "credential": {
        *("name", "new_name", "copy_from", "description", "organization", "credential_type", "inputs", "update_secrets"),
        *("user", "team", "state"),
    },
    "job_template": {
        *("name", "new_name", "copy_from", "description", "organization", "job_type", "inventory", "project", "playbook"),
        *("credentials", "execution_environment", "instance_groups", "forks", "limit", "verbosity", "extra_vars", "job_tags"),
        *("force_handlers", "skip_tags", "start_at_task", "timeout", "use_fact_cache", "host_config_key", "become_enabled"),
        *("ask_diff_mode_on_launch", "ask_variables_on_launch", "ask_limit_on_launch", "ask_tags_on_launch"),
        *("ask_skip_tags_on_launch", "ask_job_type_on_launch", "ask_verbosity_on_launch", "ask_inventory_on_launch"),
        *("ask_credential_on_launch", "ask_execution_environment_on_launch", "survey_enabled", "survey_spec", "diff_mode"),
        *("allow_simultaneous", "scm_branch", "job_slice_count", "webhook_service", "webhook_credential", "labels", "state"),
    },
    "workflow_job_template": {
        *("name", "new_name", "copy_from", "description", "extra_vars", "job_tags", "skip_tags", "organization", "survey_spec"),
        *("survey_enabled", "allow_simultaneous", "ask_variables_on_launch", "inventory", "limit", "scm_branch", "labels"),
        *("workflow_nodes", "destroy_current_nodes", "state"),
    },
    "schedule": {
        *("rrule", "name", "new_name", "description", "execution_environment", "extra_data", "forks", "inventory", "timeout"),
        *("credentials", "scm_branch", "job_type", "job_tags", "skip_tags", "limit", "diff_mode", "verbosity", "state"),
        *("unified_job_template", "organization", "enabled"),
    },
}
# Of AWX's credential types, those used here inject nothing that a role would have to know (Machine: --user, --ask-pass).
MACHINE = "Machine"


def test_each_task_of_the_playbook_gives_options_that_the_module_has() -> None:
    [play] = DataLoader().load_from_file(str(ROOT / "playbooks/awx/setup.yml"))
    seen = set()
    for task in play["tasks"]:
        [(module, options)] = [(name.removeprefix("awx.awx."), task[name]) for name in task if name.startswith("awx.awx.")]
        assert set(options) - AWX_OPTIONS[module] == set(), module
        seen.add(module)
    assert seen == set(AWX_OPTIONS)


@pytest.mark.parametrize(
    ("kind", "module"),
    [
        ("controller_execution_environments", "execution_environment"),
        ("controller_projects", "project"),
        ("controller_credential_types", "credential_type"),
        ("controller_credentials", "credential"),
        ("controller_templates", "job_template"),
        ("controller_workflows", "workflow_job_template"),
        ("controller_schedules", "schedule"),
    ],
)
def test_the_playbook_hands_over_everything_an_object_says(kind: str, module: str) -> None:
    text = (ROOT / "playbooks/awx/setup.yml").read_text()
    task = text.partition(f"      awx.awx.{module}:\n")[2].partition("      loop:")[0]
    handed = set(re.findall(r"^        (\w+): \"\{\{ item\.\1", task, flags=re.MULTILINE))
    for item in OBJECTS[kind]:
        assert set(item) <= AWX_OPTIONS[module], item["name"]
        assert set(item) <= handed, item["name"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["name"])
def test_a_survey_asks_for_what_the_roles_take(template: Json) -> None:
    assert (ROOT / template["playbook"]).is_file()
    options = role_options(template["playbook"])
    for variable, question in survey(template).items():
        spec, _needed = options[variable]
        if question["type"] == "multiplechoice":
            allowed = ["true", "false"] if spec["type"] == "bool" else spec["choices"]
            assert set(question["choices"]) == set(allowed), variable
            assert question["default"] in question["choices"]
        else:
            assert (question["type"], spec["type"]) == ("text", "str"), variable
            # AWX refuses a survey whose default breaks its own limits.
            assert question["min"] <= len(question.get("default", " " * question["min"])) <= question["max"]
        assert not spec.get("no_log"), f"{variable} is a secret: it belongs into a credential"
        # An empty answer would reach the role as an empty text, not as "not given".
        assert question["required"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template["name"])
def test_survey_and_credentials_give_all_that_a_run_needs(template: Json) -> None:
    given = set(survey(template))
    for name in template["credentials"]:
        credential_type = named(OBJECTS["controller_credentials"], name)["credential_type"]
        if credential_type != MACHINE:
            given |= set(named(CREDENTIAL_TYPES, credential_type)["injectors"].get("extra_vars", {}))
    needed = {variable for variable, (_spec, needed) in role_options(template["playbook"]).items() if needed}
    assert needed - given == set()


def test_a_provider_with_a_key_gets_its_credential() -> None:
    without = named(TEMPLATES, "Hybrid groups - configure")["credentials"]
    templates = objects(hybrid_groups_awx_dns_provider="rfc2136")["controller_templates"]
    assert named(templates, "Hybrid groups - configure")["credentials"] == [*without, "Hybrid groups - DNS"]


@pytest.mark.parametrize("credential_type", CREDENTIAL_TYPES, ids=lambda credential_type: credential_type["name"])
def test_a_credential_type_injects_what_is_read(credential_type: Json) -> None:
    fields = {field["id"]: field for field in credential_type["inputs"]["fields"]}
    assert set(credential_type["inputs"]["required"]) == set(fields)
    injectors = credential_type["injectors"]

    graph = _graph_settings.graph_argument_spec()
    environment = {name: option for option in graph.values() if "fallback" in option for name in option["fallback"][1]}
    documented = yaml.safe_load(cmdlet.DOCUMENTATION)["options"].values()
    connection = {entry["name"] for option in documented for entry in option.get("vars", [])}
    roles = role_options("playbooks/hybrid_groups.yml") | role_options("playbooks/verify.yml")
    files = {name.removeprefix("template."): text for name, text in injectors.get("file", {}).items()}

    for name, text in injectors.get("env", {}).items():
        # AWX leaves out what begins with ANSIBLE_ (awx, CredentialType.inject_credential).
        assert name in environment
        assert not name.startswith("ANSIBLE_")
        [field] = re.findall(r"^\{\{ ([\w.]+) \}\}$", text)
        if field.startswith("tower.filename."):
            [field] = re.findall(r"^\{\{ (\w+) \}\}$", files.pop(field.removeprefix("tower.filename.")))
        elif environment[name].get("no_log"):
            assert fields[field]["secret"]
        assert fields.pop(field)
    for name, text in injectors.get("extra_vars", {}).items():
        assert name in connection | set(roles)
        [field] = re.findall(r"^\{\{ (\w+) \}\}$", text)
        if name.endswith("_password") or (name in roles and roles[name][0].get("no_log")):
            assert fields[field]["secret"]
        assert fields.pop(field)
    assert (fields, files) == ({}, {}), "asked for and not used"


def test_credentials_fit_their_types() -> None:
    for credential in objects(hybrid_groups_awx_dns_provider="rfc2136")["controller_credentials"]:
        if credential["credential_type"] != MACHINE:
            asked = named(CREDENTIAL_TYPES, credential["credential_type"])["inputs"]["required"]
            assert set(credential["inputs"]) == set(asked)


def test_the_workflow_changes_nothing_before_approval() -> None:
    [workflow] = OBJECTS["controller_workflows"]
    nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
    assert len(nodes) == len(workflow["workflow_nodes"])
    after = {
        name: {
            other["identifier"] for kind in ("success_nodes", "failure_nodes", "always_nodes") for other in node["related"][kind]
        }
        for name, node in nodes.items()
    }
    roots = set(nodes) - set().union(*after.values())
    assert roots == {"preview"}
    assert nodes["preview"]["job_type"] == "check"
    assert after["preview"] == {"approval"}
    assert nodes["approval"]["unified_job_template"]["type"] == "workflow_approval"
    # Only an approval leads on; AWX fails the node when it is denied or runs out of time.
    assert nodes["approval"]["related"]["success_nodes"] == [{"identifier": "configure"}]
    assert nodes["approval"]["related"]["always_nodes"] == nodes["approval"]["related"]["failure_nodes"] == []
    reached, left = set(), {"preview"}
    while left:
        name = left.pop()
        reached.add(name)
        left |= after[name] - reached
    assert reached == set(nodes)


def test_the_workflow_asks_all_its_jobs_need_and_may_say_how_they_run() -> None:
    [workflow] = OBJECTS["controller_workflows"]
    for node in workflow["workflow_nodes"]:
        if node["unified_job_template"]["type"] == "workflow_approval":
            continue
        template = named(TEMPLATES, node["unified_job_template"]["name"])
        given = set(survey(workflow)) | set(node.get("extra_data", {}))
        assert set(survey(template)) <= given
        # AWX drops a prompt that the template does not ask for on launch.
        for prompt in {"job_type", "diff_mode"} & set(node):
            assert template[f"ask_{prompt}_on_launch"]
        assert set(node.get("extra_data", {})) <= set(survey(template))


def test_nothing_is_asked_and_answered_for_many_organizations() -> None:
    many = objects(hybrid_groups_awx_many_organizations=True, hybrid_groups_awx_job_slice_count=4)
    templates, workflows = many["controller_templates"], many["controller_workflows"]
    assert [template["job_slice_count"] for template in templates] == [4] * len(TEMPLATES)
    assert not any(item["survey_enabled"] for item in templates + workflows)
    nodes = [node for workflow in workflows for node in workflow["workflow_nodes"]]
    assert not any(item.get("extra_data") for item in nodes + many["controller_schedules"])
    # For one, each job is one job.
    assert {template["job_slice_count"] for template in TEMPLATES} == {1}
    assert all(item["survey_enabled"] for item in TEMPLATES + OBJECTS["controller_workflows"])


@pytest.mark.parametrize("schedule", OBJECTS["controller_schedules"], ids=lambda schedule: schedule["name"])
def test_a_schedule_answers_the_survey(schedule: Json) -> None:
    questions = survey(named(TEMPLATES, schedule["unified_job_template"]))
    assert set(schedule["extra_data"]) == set(questions)
    # AWX's own rules for rules (awx, SchedulePreviewSerializer.validate_rrule): DTSTART with a zone, one RRULE with INTERVAL.
    found = re.fullmatch(
        r"DTSTART;TZID=(\S+):(\d{8}T\d{6}) RRULE:FREQ=(MINUTELY|HOURLY|DAILY|WEEKLY);INTERVAL=\d+", schedule["rrule"]
    )
    assert found
    assert zoneinfo.ZoneInfo(found[1])
    assert datetime.datetime.strptime(found[2], "%Y%m%dT%H%M%S")
    assert schedule["extra_data"].get("hybrid_groups_mend", "false") == "false"
