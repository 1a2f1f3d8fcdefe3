# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for AWX's REST API: as much as ``awx import`` and ansible-rulebook's job templates need, on loopback.

Sources: awxkit (what it asks for and how it reads the answers); awx, awx/api/serializers.py and views (fields, status codes);
awx/main/models/mixins.py, ``_accept_or_ignore_variables``, and awxkit's tests of schedules (answers and prompts AWX refuses).
What is marked ``assumed`` has no source here. No AWX has been at hand.
"""

from __future__ import annotations

import dataclasses
import http.server
import json
import re
import threading
import typing as t
import urllib.parse

from helpers.awx_objects import ROOT

Json = dict[str, t.Any]
TOKEN = "awx-token"
_ROOT = "/api/v2/"
_EDGES = ("success_nodes", "failure_nodes", "always_nodes")
_COMMON = ("name", "description")
_QUESTION_TYPES = ("text", "textarea", "password", "multiplechoice", "multiselect", "integer", "float")

FIELDS: t.Mapping[str, tuple[str, ...]] = {
    "organizations": _COMMON,
    "inventories": (*_COMMON, "organization", "variables"),
    "credential_types": (*_COMMON, "kind", "inputs", "injectors"),
    "credentials": (*_COMMON, "organization", "credential_type", "inputs"),
    "execution_environments": (*_COMMON, "organization", "image", "credential", "pull"),
    "projects": (*_COMMON, "organization", "scm_type", "scm_url", "scm_branch", "scm_refspec", "default_environment", "timeout"),
    "job_templates": (
        *(
            *_COMMON,
            "job_type",
            "inventory",
            "project",
            "playbook",
            "execution_environment",
            "diff_mode",
            "survey_enabled",
            "limit",
        ),
        *("ask_job_type_on_launch", "ask_diff_mode_on_launch", "ask_tags_on_launch", "ask_variables_on_launch"),
        *("ask_limit_on_launch", "ask_inventory_on_launch", "ask_labels_on_launch", "job_slice_count"),
    ),
    "workflow_job_templates": (*_COMMON, "organization", "survey_enabled", "inventory", "limit", "extra_vars"),
    "workflow_job_template_nodes": (
        *(
            "identifier",
            "workflow_job_template",
            "unified_job_template",
            "extra_data",
            "job_type",
            "diff_mode",
            "limit",
            "inventory",
        ),
    ),
    "workflow_approval_templates": (*_COMMON, "timeout"),
    "schedules": (*_COMMON, "unified_job_template", "rrule", "extra_data", "enabled", "job_type", "diff_mode"),
    "jobs": ("job_template", "extra_vars", "limit", "status"),
}
"""What can be posted, by the resource's name in addresses."""
EMPTY = ("applications", "inventory_sources", "labels", "notification_templates", "system_job_templates", "teams", "users")
"""What is there as well, and never used here."""
_REFERENCES = {
    "organization": "organizations",
    "inventory": "inventories",
    "credential": "credentials",
    "credential_type": "credential_types",
    "execution_environment": "execution_environments",
    "default_environment": "execution_environments",
    "project": "projects",
    "job_template": "job_templates",
    "unified_job_template": "job_templates",
    "workflow_job_template": "workflow_job_templates",
}
_REQUIRED = {
    "job_templates": ("name", "project", "playbook"),
    "schedules": ("name", "rrule", "unified_job_template"),
    "workflow_job_template_nodes": ("workflow_job_template",),
    "credentials": ("name", "credential_type"),
}
_UNIQUE = {
    "workflow_job_template_nodes": ("workflow_job_template", "identifier"),
    "credentials": ("organization", "name", "credential_type"),
    "schedules": ("unified_job_template", "name"),
    "workflow_approval_templates": (),
    "jobs": (),
}
_SUBLISTS = {
    "job_templates": {"credentials": "credentials", "schedules": "schedules"},
    "workflow_job_templates": {"workflow_nodes": "workflow_job_template_nodes"},
    "workflow_job_template_nodes": dict.fromkeys(_EDGES, "workflow_job_template_nodes"),
}
_PARENTS = {"schedules": "unified_job_template", "workflow_nodes": "workflow_job_template"}
"""Sublists that something is created in, and which of its fields is the parent."""


class Refused(Exception):
    """What AWX answers with a status that is an error."""

    def __init__(self, status: int, **body: t.Any) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body = status, body


@dataclasses.dataclass
class Answer:
    body: t.Any
    status: int = 200
    allow: str = "GET, POST, HEAD, OPTIONS"


class Awx:
    """What AWX holds.

    :ivar objects: by resource and id
    :ivar refused: what was answered with an error
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[int, Json]] = {name: {} for name in (*FIELDS, *EMPTY)}
        self.refused: list[str] = []
        self._next = 1
        organization = self.create("organizations", {"name": "Default"})["id"]
        self.create("inventories", {"name": "Exchange hybrid", "organization": organization})
        self.create("credential_types", {"name": "Machine", "kind": "ssh"})

    def all(self, resource: str) -> list[Json]:
        return list(self.objects[resource].values())

    def named(self, resource: str, name: str) -> Json:
        [found] = [item for item in self.all(resource) if item.get("name") == name]
        return found

    def create(self, resource: str, given: Json) -> Json:
        item = {name: given.get(name) for name in FIELDS[resource]}
        item.update(id=self._next, credentials=[], spec=None, **{kind: [] for kind in _EDGES})
        self._check(resource, item)
        self._next += 1
        self.objects[resource][item["id"]] = item
        return item

    def replace(self, resource: str, item: Json, given: Json) -> None:
        changed = {**item, **{name: given[name] for name in FIELDS[resource] if name in given}}
        self._check(resource, changed)
        item.update(changed)

    def _check(self, resource: str, item: Json) -> None:
        missing = [name for name in _REQUIRED.get(resource, ("name",) if "name" in FIELDS[resource] else ()) if not item[name]]
        if missing:
            raise Refused(400, **{name: ["This field is required."] for name in missing})
        for name, value in item.items():
            if name in _REFERENCES and value is not None and self._target(name, value) is None:
                raise Refused(400, **{name: [f'Invalid pk "{value}" - object does not exist.']})
        unique = [name for name in _UNIQUE.get(resource, ("organization", "name")) if name in item]
        for other in self.all(resource) if unique else []:
            if other["id"] != item["id"] and all(other[name] == item[name] for name in unique):
                raise Refused(400, __all__=[f"{resource} with this {', '.join(unique)} already exists."])
        if resource == "job_templates" and not (ROOT / item["playbook"]).is_file():
            raise Refused(400, playbook=["Playbook not found for project."])
        if (
            resource in ("schedules", "workflow_job_template_nodes")
            and item["unified_job_template"] in self.objects["job_templates"]
        ):
            self._check_prompts(
                self.objects["job_templates"][item["unified_job_template"]], item, required=resource == "schedules"
            )

    def _target(self, field: str, value: t.Any) -> Json | None:
        approvals = self.objects["workflow_approval_templates"] if field == "unified_job_template" else {}
        return (self.objects[_REFERENCES[field]] | approvals).get(value)

    @staticmethod
    def questions(template: Json) -> dict[str, Json]:
        spec = template["spec"] if template["survey_enabled"] else None
        return {question["variable"]: question for question in (spec or {}).get("spec", [])}

    def _check_prompts(self, template: Json, item: Json, *, required: bool) -> None:
        given, questions = item.get("extra_data") or {}, self.questions(template)
        if (extra := set(given) - set(questions)) and not template["ask_variables_on_launch"]:
            raise Refused(
                400, extra_data=[f"Variables {', '.join(sorted(extra))} are not allowed on launch. Check the Prompt on Launch"]
            )
        for name in ("job_type", "diff_mode"):
            if item.get(name) is not None and not template[f"ask_{name}_on_launch"]:
                raise Refused(400, **{name: ["Field is not configured to prompt on launch."]})
        missing = [name for name, question in questions.items() if question["required"] and not given.get(name)]
        if required and missing:
            raise Refused(400, variables_needed_to_start=[f"'{name}' value missing" for name in missing])

    def set_survey(self, template: Json, spec: Json) -> None:
        if set(spec) < {"name", "description", "spec"} or not spec["spec"]:
            raise Refused(400, error="missing from survey spec")
        for question in spec["spec"]:
            if question["type"] not in _QUESTION_TYPES or not {"question_name", "variable", "required"} <= set(question):
                raise Refused(400, error=f"question {question} is invalid")
        template["spec"] = spec

    def launch(self, template: Json, given: Json) -> Json:
        """What is no answer to the survey is ignored (docs: "Launch a Job Template", ignored_fields)."""
        questions, variables = self.questions(template), given.get("extra_vars") or {}
        accepted = {name: value for name, value in variables.items() if name in questions}
        missing = [
            name
            for name, question in questions.items()
            if question["required"] and not (accepted.get(name) or question.get("default"))
        ]
        if missing:
            raise Refused(400, variables_needed_to_start=missing)
        return self.create("jobs", {"job_template": template["id"], "extra_vars": accepted, "status": "successful"})


class AwxApi:
    """Serves an :class:`Awx` to who has the token; a context manager that starts and stops it.

    :ivar asked: of each request its method and address
    """

    def __init__(self) -> None:
        self.awx = Awx()
        self.asked: list[str] = []
        self._changed = lock = threading.Condition()
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            wbufsize = -1  # head and body in one packet

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                with lock:
                    api.asked.append(f"{self.command} {self.path}")
                    try:
                        if self.path not in ("/api/", _ROOT) and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                            raise Refused(401, detail="Authentication credentials were not provided.")
                        answer = api.answer(self.command, self.path, body)
                    except Refused as refused:
                        api.awx.refused.append(f"{self.command} {self.path}: {refused}")
                        answer = Answer(refused.body, refused.status)
                    lock.notify_all()
                text = b"" if answer.body is None else json.dumps(answer.body).encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.send_header("Allow", answer.allow)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = do_OPTIONS = _serve

            def log_message(self, *_args: t.Any) -> None:
                """Not to the terminal."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="awx")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def wait_for_jobs(self, number: int) -> None:
        """Until so many have been launched, at most for a minute."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.awx.all("jobs")) >= number, 60), "no such number of jobs"

    def __enter__(self) -> AwxApi:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, address: str, body: t.Any) -> Answer:
        path, _mark, query = address.partition("?")
        if path == "/api/":
            return Answer({"available_versions": {"v2": _ROOT}, "current_version": _ROOT})
        if path == f"{_ROOT}config/":
            return Answer({"version": "24.6.1"})
        if path == _ROOT:
            names = {name: name for name in self.awx.objects} | {"inventory": "inventories"}
            return Answer({name: f"{_ROOT}{resource}/" for name, resource in names.items() if name != "inventories"})
        match = re.fullmatch(rf"{_ROOT}(?P<resource>\w+)/(?:(?P<id>\d+)/(?:(?P<below>\w+)/)?)?", path)
        if match is None:
            raise Refused(404, detail="Not found.")
        parameters = dict(urllib.parse.parse_qsl(query))
        resource = match["resource"]
        if resource == "unified_job_templates":
            return self._list([self._shown("job_templates", item) for item in self.awx.all("job_templates")], parameters)
        if resource not in self.awx.objects:
            raise Refused(404, detail="Not found.")
        if match["id"] is None:
            return self._collection(method, resource, self.awx.all(resource), parameters, body, {})
        item = self.awx.objects[resource].get(int(match["id"]))
        if item is None:
            raise Refused(404, detail="Not found.")
        if match["below"]:
            return self._below(method, resource, item, match["below"], body)
        if method in ("PUT", "PATCH"):
            self.awx.replace(resource, item, body)
        return Answer(self._shown(resource, item), allow="GET, PUT, PATCH, HEAD, OPTIONS")

    def _collection(self, method: str, resource: str, items: list[Json], parameters: Json, body: Json, parent: Json) -> Answer:
        if method == "OPTIONS":
            return Answer(
                {"actions": {"POST": {name: self._option(name) for name in FIELDS.get(resource, ()) if name not in parent}}}
            )
        if method == "POST":
            return Answer(self._shown(resource, self.awx.create(resource, {**body, **parent})), 201)
        return self._list([self._shown(resource, item) for item in items], parameters)

    def _below(self, method: str, resource: str, item: Json, below: str, body: Json) -> Answer:
        if below == "survey_spec":
            if method == "POST":
                self.awx.set_survey(item, body)
            return Answer(item["spec"] or {})
        if below == "create_approval_template":
            # A new one each time, which takes the node over (WorkflowJobTemplateNode.create_approval_template).
            approval = self.awx.create("workflow_approval_templates", body)
            item["unified_job_template"] = approval["id"]
            return Answer(self._shown("workflow_approval_templates", approval), 201)
        if below == "launch":
            job = self.awx.launch(item, body)
            return Answer({**self._shown("jobs", job), "ignored_fields": {}}, 201)
        inner = _SUBLISTS.get(resource, {}).get(below)
        if inner is None:
            raise Refused(404, detail="Not found.")
        if below in _PARENTS:
            owned = [other for other in self.awx.all(inner) if other[_PARENTS[below]] == item["id"]]
            return self._collection(method, inner, owned, {}, body, {_PARENTS[below]: item["id"]})
        if method == "POST":
            if body["id"] not in self.awx.objects[inner]:
                raise Refused(400, msg="not found")
            item[below].append(body["id"])
            return Answer(None, 204)
        return self._list([self._shown(inner, self.awx.objects[inner][number]) for number in item[below]], {})

    @staticmethod
    def _option(name: str) -> Json:
        kind = "id" if name in _REFERENCES else "json" if name in ("inputs", "injectors", "extra_data") else "string"
        return {"type": kind, "required": False}

    @staticmethod
    def _list(items: list[Json], parameters: Json) -> Answer:
        wanted = {name: value for name, value in parameters.items() if name not in ("page", "page_size", "id__in")}
        if "id__in" in parameters:
            items = [item for item in items if str(item["id"]) in parameters["id__in"].split(",")]
        found = [item for item in items if all(str(item.get(name)) == value for name, value in wanted.items())]
        return Answer({"count": len(found), "next": None, "previous": None, "results": found})

    def _shown(self, resource: str, item: Json) -> Json:
        """An object as its own address shows it."""
        url = f"{_ROOT}{resource}/{item['id']}/"
        related = {
            name: f"{_ROOT}{_REFERENCES[name]}/{item[name]}/" for name in FIELDS[resource] if name in _REFERENCES and item[name]
        }
        shown = {name: item[name] for name in FIELDS[resource]}
        kind = {"inventories": "inventory"}.get(resource, resource.removesuffix("s"))
        related |= {name: f"{url}{name}/" for name in _SUBLISTS.get(resource, {})}
        if resource in ("job_templates", "workflow_job_templates"):
            related["survey_spec"] = f"{url}survey_spec/"
        if resource == "job_templates":
            related["launch"] = f"{url}launch/"
            organization = self.awx.objects["projects"][item["project"]]["organization"]  # a template has its project's
            related["organization"] = f"{_ROOT}organizations/{organization}/"
            shown["summary_fields"] = {"organization": {"name": self.awx.objects["organizations"][organization]["name"]}}
        if resource == "workflow_job_template_nodes":
            related["create_approval_template"] = f"{url}create_approval_template/"
            if item["unified_job_template"] in self.awx.objects["workflow_approval_templates"]:
                related["unified_job_template"] = f"{_ROOT}workflow_approval_templates/{item['unified_job_template']}/"
        if resource == "projects":
            shown["status"] = "successful"  # the playbooks are there at once
        if resource == "jobs":
            # assumed: of a job, ansible-rulebook reads these.
            shown.update(artifacts={}, created="2026-01-01T00:00:00Z")
        return {"id": item["id"], "type": kind, "url": url, "related": related, **shown}
