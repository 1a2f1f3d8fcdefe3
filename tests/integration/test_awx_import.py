# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/awx/assets.yml, and the real ``awx import`` of what it writes, into a stand-in for AWX."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

from conftest import Ansible
from helpers.awx_api import TOKEN, Awx, AwxApi
from helpers.awx_objects import OWN, Json, objects, survey

from ansible_collections.exchange.hybrid_groups.plugins.filter.awx_assets import awx_assets

SETTINGS = {"hybrid_groups_awx_dns_provider": "rfc2136", "hybrid_groups_awx_send_connector": "Hybrid"}


def awx_import(api: AwxApi, document: Json) -> subprocess.CompletedProcess[str]:
    program = pathlib.Path(sys.executable).parent / "awx"
    command = [str(program), "--conf.host", api.url, "--conf.token", TOKEN, "import", "-f", "json"]
    # awxkit uses what setuptools warns of.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    text = json.dumps(document)
    return subprocess.run(command, input=text, env=environment, capture_output=True, text=True, timeout=120, check=False)


def written(ansible: Ansible) -> dict[str, Json]:
    """The files, written by a run that was told the secrets, too."""
    secrets = {name: f"secret of {name}" for name in OWN}
    run = ansible.run("awx/assets", "-e", json.dumps({**secrets, **SETTINGS, "hybrid_groups_awx_assets": str(ansible.directory)}))
    assert run.returncode == 0, run.output
    texts = {name: (ansible.directory / f"{name}.json").read_text() for name in ("templates", "workflows")}
    for text in (run.output, *texts.values()):
        assert "secret of" not in text
    return {name: json.loads(text) for name, text in texts.items()}


def names(awx: Awx, resource: str, numbers: list[int]) -> list[t.Any]:
    return [awx.objects[resource][number]["name"] for number in numbers]


def test_awx_has_the_objects_afterwards(ansible: Ansible) -> None:
    documents, wanted = written(ansible), objects(**SETTINGS)
    with AwxApi() as api:
        awx = api.awx
        for name in ("templates", "workflows", "templates"):
            imported = awx_import(api, documents[name])
            assert (imported.returncode, imported.stderr) == (0, ""), imported.stderr
            if name == "workflows":
                assert [credential["inputs"] for credential in awx.all("credentials")] == [None] * 4
                for credential in awx.all("credentials"):
                    credential["inputs"] = {"password": "entered in AWX"}
    assert awx.refused == []

    for item in wanted["controller_credential_types"]:
        made = awx.named("credential_types", item["name"])
        assert {name: made[name] for name in item} == item
    for item in wanted["controller_credentials"]:
        made = awx.named("credentials", item["name"])
        assert names(awx, "credential_types", [made["credential_type"]]) == [item["credential_type"]]
        # What was entered is not lost when the files are imported again.
        assert made["inputs"] == {"password": "entered in AWX"}
    for item in wanted["controller_templates"]:
        made = awx.named("job_templates", item["name"])
        assert names(awx, "credentials", made["credentials"]) == item["credentials"]
        assert awx.questions(made) == survey(item)
        for reference, resource in (("project", "projects"), ("inventory", "inventories")):
            assert names(awx, resource, [made[reference]]) == [item[reference]]
        plain = set(item) - {"organization", "credentials", "survey_spec", "project", "inventory", "execution_environment"}
        assert {name: made[name] for name in plain} == {name: item[name] for name in plain}
    for item in wanted["controller_schedules"]:
        made = awx.named("schedules", item["name"])
        assert names(awx, "job_templates", [made["unified_job_template"]]) == [item["unified_job_template"]]
        assert (made["rrule"], made["extra_data"]) == (item["rrule"], item["extra_data"])
    [environment], [project] = awx.all("execution_environments"), awx.all("projects")
    assert project["default_environment"] == environment["id"]
    assert (environment["image"], project["scm_url"]) == (
        wanted["controller_execution_environments"][0]["image"],
        wanted["controller_projects"][0]["scm_url"],
    )
    check_workflow(awx, wanted["controller_workflows"][0])


def check_workflow(awx: Awx, wanted: Json) -> None:
    workflow = awx.named("workflow_job_templates", wanted["name"])
    assert awx.questions(workflow) == survey(wanted)
    nodes = {node["identifier"]: node for node in awx.all("workflow_job_template_nodes")}
    assert len(nodes) == len(wanted["workflow_nodes"])
    for item in wanted["workflow_nodes"]:
        made = nodes[item["identifier"]]
        assert made["workflow_job_template"] == workflow["id"]
        for kind in ("success_nodes", "failure_nodes", "always_nodes"):
            after = [nodes[other["identifier"]]["id"] for other in item["related"][kind]]
            assert made[kind] == after
        runs = item["unified_job_template"]
        if runs["type"] == "workflow_approval":
            approval = awx.objects["workflow_approval_templates"][made["unified_job_template"]]
            assert (approval["name"], approval["timeout"]) == (runs["name"], runs["timeout"])
        else:
            assert names(awx, "job_templates", [made["unified_job_template"]]) == [runs["name"]]
        for name in ("job_type", "diff_mode", "extra_data"):
            assert made[name] == item.get(name)


def test_many_organizations_are_asked_nothing() -> None:
    wanted = objects(hybrid_groups_awx_many_organizations=True, hybrid_groups_awx_job_slice_count=4)
    documents = awx_assets(wanted)
    with AwxApi() as api:
        imported = [awx_import(api, documents[name]) for name in ("templates", "workflows")]
        assert [process.returncode for process in imported] == [0, 0], imported
    assert api.awx.refused == []
    for made in (*api.awx.all("job_templates"), *api.awx.all("workflow_job_templates")):
        assert api.awx.questions(made) == {}
    assert [made["job_slice_count"] for made in api.awx.all("job_templates")] == [4] * len(wanted["controller_templates"])


def test_why_there_are_two_files() -> None:
    """awxkit makes the nodes of a workflow before the surveys of the job templates they answer."""
    documents = awx_assets(objects())
    with AwxApi() as api:
        imported = awx_import(api, {**documents["templates"], **documents["workflows"]})
        assert imported.returncode != 0
        assert "hybrid_groups_mend are not allowed on launch" in imported.stderr
