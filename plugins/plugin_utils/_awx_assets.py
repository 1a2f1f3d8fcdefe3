# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""AWX's objects, as infra.aap_configuration takes them, in the form that ``awx export`` writes and ``awx import`` reads.

An asset has the fields of AWX's API, names other objects by their natural keys, and has under ``related`` what hangs below it
(awxkit, awxkit/api/pages/api.py, ApiV2). Order matters there: AWX takes an answer to a survey only once the survey is there, and
awxkit makes workflows, with their nodes, before job templates. So a survey stands before schedules, and workflows are a second
document.

Credentials have no inputs: awxkit replaces what exists, and a secret that was entered meanwhile would be gone.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Json = dict[str, t.Any]

# AWX's own credential types that the objects use, with their kinds (awx, credential_plugins and ManagedCredentialType).
_MANAGED_KINDS = {"Machine": "ssh"}
_EDGES = ("success_nodes", "failure_nodes", "always_nodes")


def assets(objects: Mapping[str, list[Json]]) -> dict[str, Json]:
    """The assets in two documents, to be imported in this order: ``templates`` and ``workflows``.

    :param objects: the ``controller_*`` lists
    :raises KeyError: one names an object that is not among them
    """
    kinds = {item["name"]: item["kind"] for item in objects["controller_credential_types"]} | _MANAGED_KINDS
    credentials = {item["name"]: _credential_key(item, kinds) for item in objects["controller_credentials"]}
    templates = {item["name"]: _key("job_template", item) for item in objects["controller_templates"]}
    schedules: dict[str, list[Json]] = {name: [] for name in templates}
    for item in objects["controller_schedules"]:
        schedules[item["unified_job_template"]].append(_schedule(item, templates))
    return {
        "templates": {
            "credential_types": [
                {**item, "natural_key": _type_key(item["name"], kinds)} for item in objects["controller_credential_types"]
            ],
            "credentials": [
                {
                    **_fields(item, without=("credential_type", "inputs", "update_secrets")),
                    "credential_type": _type_key(item["credential_type"], kinds),
                    "natural_key": credentials[item["name"]],
                }
                for item in objects["controller_credentials"]
            ],
            "execution_environments": [
                {**_fields(item), "natural_key": _environment_key(item["name"])}
                for item in objects["controller_execution_environments"]
            ],
            "projects": [
                {
                    **_fields(item),
                    "default_environment": _environment_key(item["default_environment"]),
                    "natural_key": _key("project", item),
                }
                for item in objects["controller_projects"]
            ],
            "job_templates": [
                _job_template(item, credentials, schedules[item["name"]]) for item in objects["controller_templates"]
            ],
        },
        "workflows": {"workflow_job_templates": [_workflow(item, templates) for item in objects["controller_workflows"]]},
    }


def _key(kind: str, item: Json, name: str | None = None) -> Json:
    """The natural key of an object that belongs to an organization.

    :param name: of another object of the same organization
    """
    return {"organization": _organization_key(item["organization"]), "name": name or item["name"], "type": kind}


def _organization_key(name: str) -> Json:
    return {"name": name, "type": "organization"}


def _environment_key(name: str) -> Json:
    return {"name": name, "type": "execution_environment"}


def _type_key(name: str, kinds: Mapping[str, str]) -> Json:
    return {"name": name, "kind": kinds[name], "type": "credential_type"}


def _credential_key(item: Json, kinds: Mapping[str, str]) -> Json:
    return {**_key("credential", item), "credential_type": _type_key(item["credential_type"], kinds)}


def _fields(item: Json, *, without: Iterable[str] = ()) -> Json:
    """Fields that AWX takes as they are, the organization by its key."""
    fields = {name: value for name, value in item.items() if name not in without}
    return {**fields, "organization": _organization_key(item["organization"])}


def _job_template(item: Json, credentials: Mapping[str, Json], schedules: list[Json]) -> Json:
    fields = _fields(item, without=("credentials", "survey_spec"))
    del fields["organization"]  # AWX takes it from the project
    return {
        **fields,
        "inventory": _key("inventory", item, item["inventory"]),
        "project": _key("project", item, item["project"]),
        "execution_environment": _environment_key(item["execution_environment"]),
        "related": {
            "credentials": [credentials[name] for name in item["credentials"]],
            "survey_spec": item["survey_spec"],
            "schedules": schedules,
        },
        "natural_key": _key("job_template", item),
    }


def _schedule(item: Json, templates: Mapping[str, Json]) -> Json:
    template = templates[item["unified_job_template"]]
    fields = _fields(item, without=("unified_job_template",))
    del fields["organization"]  # a schedule has none
    return {**fields, "natural_key": {"unified_job_template": template, "name": item["name"], "type": "schedule"}}


def _workflow(item: Json, templates: Mapping[str, Json]) -> Json:
    key = _key("workflow_job_template", item)
    return {
        **_fields(item, without=("survey_spec", "workflow_nodes", "destroy_current_nodes")),
        "related": {
            "survey_spec": item["survey_spec"],
            "workflow_nodes": [_node(node, key, templates) for node in item["workflow_nodes"]],
        },
        "natural_key": key,
    }


def _node(node: Json, workflow: Json, templates: Mapping[str, Json]) -> Json:
    def key(identifier: str) -> Json:
        return {"workflow_job_template": workflow, "identifier": identifier, "type": "workflow_job_template_node"}

    runs = node["unified_job_template"]
    asset = {name: value for name, value in node.items() if name not in ("unified_job_template", "related")}
    related: Json = {kind: [key(other["identifier"]) for other in node["related"][kind]] for kind in _EDGES}
    if runs["type"] == "workflow_approval":
        related["create_approval_template"] = {name: value for name, value in runs.items() if name != "type"}
    else:
        asset["unified_job_template"] = templates[runs["name"]]
    return {**asset, "related": related, "natural_key": key(node["identifier"])}
