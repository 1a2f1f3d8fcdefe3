# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates of playbooks/awx, run by ansible-runner from a private data directory as AWX lays it out.

What goes where is that of awx/main/tasks/jobs.py (RunJob.build_args, build_passwords, build_inventory) and of
awx_plugins.interfaces (inject_credential): the Machine credential is --user and an answer to the password prompt, a custom
credential is environment variables or a file of extra variables, survey answers are env/extravars.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
import sys
import typing as t

import jinja2
import pytest
import yaml
from conftest import COLLECTIONS, Ansible
from helpers.awx_objects import ROOT, Json, named, objects, survey
from test_secrets import found

from lab import contoso
from lab.configured import configure
from lab.lab import Lab

USER = f"{contoso.ADMIN}@{contoso.AD_DOMAIN}"
CREDENTIALS: t.Mapping[str, t.Mapping[str, str]] = {
    "Machine": {"username": USER, "password": contoso.ADMIN_PASSWORD},
    "Entra application": {
        "tenant_id": contoso.TENANT_ID,
        "client_id": contoso.CLIENT_ID,
        "client_secret": contoso.CLIENT_SECRET,
    },
    "TSIG key": {"key_name": contoso.TSIG_KEY_NAME, "secret": contoso.TSIG_SECRET, "algorithm": contoso.TSIG_ALGORITHM},
    "Mailbox": {"username": f"{contoso.USER}@{contoso.AD_DOMAIN}", "password": contoso.USER_PASSWORD},
}
SECRETS = {
    "password": contoso.ADMIN_PASSWORD,
    "client secret": contoso.CLIENT_SECRET,
    "TSIG secret": contoso.TSIG_SECRET,
    "mailbox password": contoso.USER_PASSWORD,
}
# What a survey asks for and has no default for; the lab's names.
ANSWERS = {
    "hybrid_groups_verify_on_premises_mailbox": contoso.ON_PREMISES_MAILBOX,
    "hybrid_groups_verify_cloud_mailbox": contoso.CLOUD_USER,
}


@dataclasses.dataclass
class Job:
    """What AWX would show of a job."""

    artifacts: pathlib.Path
    output: str

    @property
    def status(self) -> str:
        return (self.artifacts / "status").read_text()

    @property
    def stats(self) -> Json:
        events = [json.loads(path.read_text()) for path in self.artifacts.glob("job_events/*.json")]
        [stats] = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
        return t.cast(Json, stats)


def inventory_script(inventory: Json) -> str:
    """AWX's inventory is a script that prints JSON with all host variables."""
    printed: Json = {"all": {"vars": inventory["all"]["vars"]}, "_meta": {"hostvars": {}}}
    for group, content in inventory["all"]["children"].items():
        printed[group] = {"hosts": list(content["hosts"])}
        printed["_meta"]["hostvars"].update(content["hosts"])
    return f"#!{sys.executable}\nprint({json.dumps(printed)!r})\n"


def launch(ansible: Ansible, name: str) -> Job:
    """Run a job template, its survey answered by the defaults and ANSWERS."""
    awx = objects(hybrid_groups_awx_dns_provider="rfc2136")
    template = named(awx["controller_templates"], name)
    directory = ansible.directory / "awx"
    for folder in ("env", "inventory"):
        (directory / folder).mkdir(parents=True)
    (directory / "project").symlink_to(ROOT)

    environment = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(directory / "pc")}
    arguments: list[str] = []
    types = {item["name"]: item["credential_type"] for item in awx["controller_credentials"]}
    for number, credential in enumerate(template["credentials"]):
        inputs = CREDENTIALS[types[credential]]
        if types[credential] == "Machine":
            arguments += ["-u", inputs["username"], "--ask-pass"]
            (directory / "env/passwords").write_text(json.dumps({r"SSH password:\s*?$": inputs["password"]}))
            continue
        injectors = named(awx["controller_credential_types"], types[credential])["injectors"]
        rendered = {
            kind: {key: jinja2.Template(text).render(inputs) for key, text in injectors.get(kind, {}).items()}
            for kind in ("env", "extra_vars")
        }
        environment |= rendered["env"]
        if rendered["extra_vars"]:
            file = directory / f"env/credential{number}"
            file.write_text(yaml.safe_dump(rendered["extra_vars"]))
            arguments += ["-e", f"@{file}"]
    if template.get("diff_mode"):
        arguments.append("--diff")

    answers = {variable: question.get("default", ANSWERS.get(variable)) for variable, question in survey(template).items()}
    script = directory / "inventory/hosts"
    script.write_text(inventory_script(ansible.inventory))
    script.chmod(0o700)
    (directory / "env/extravars").write_text(yaml.safe_dump(answers))
    (directory / "env/cmdline").write_text(" ".join(arguments))
    (directory / "env/envvars").write_text(json.dumps(environment))
    # AWX_RUNNER_OMIT_ENV_FILES is on by default: credentials do not end among the artifacts.
    (directory / "env/settings").write_text(json.dumps({"suppress_env_files": True}))

    runner = pathlib.Path(sys.executable).parent / "ansible-runner"
    command = [str(runner), "run", str(directory), "-p", template["playbook"], "-i", "1"]
    search = {"PATH": f"{runner.parent}:/usr/bin:/bin", "HOME": str(directory), "LANG": "C.UTF-8"}
    process = subprocess.run(command, env=search, capture_output=True, text=True, timeout=300, check=False)
    return Job(directory / "artifacts/1", process.stdout + process.stderr)


@pytest.fixture
def ansible(ansible: Ansible) -> Ansible:
    """Credentials and answers come from AWX, so the inventory has none of them."""
    del ansible.vars["hybrid_groups_verify_moved_mailbox"]
    asked = {variable for template in objects()["controller_templates"] for variable in survey(template)}
    for name in list(ansible.vars):
        secret = name in ("ansible_user", "ansible_password") or name.endswith(("_tenant_id", "_client_id", "_client_secret"))
        if secret or "_tsig_" in name or "_smtp_user" in name or "_smtp_password" in name or name in asked:
            del ansible.vars[name]
    return ansible


@pytest.mark.parametrize(
    "name",
    [
        "Hybrid groups - configure",
        "Hybrid groups - verify",
        "Hybrid groups - known issues",
        "Hybrid groups - address list refresh",
    ],
)
def test_a_job_runs_with_what_awx_gives_it(lab: Lab, ansible: Ansible, name: str) -> None:
    if name != "Hybrid groups - configure":
        configure(lab.world)
    job = launch(ansible, name)
    assert job.status == "successful", job.output
    assert set(job.stats["ok"]) == {"localhost"}
    assert job.stats["failures"] == job.stats["dark"] == {}
    assert found(job.output, SECRETS) == []
    files = {path.name: path for path in job.artifacts.rglob("*") if path.is_file()}
    # The environment, which ansible-runner notes beside the command line; AWX shows its own copy, where what a credential type
    # calls a secret is masked, and removes the folder.
    command = json.loads(files.pop("command").read_text())
    assert command["env"].pop("M365_CLIENT_SECRET", None) in (None, contoso.CLIENT_SECRET)
    assert found(json.dumps(command), SECRETS) == []
    assert files
    for path in files.values():
        assert found(path.read_text(errors="replace"), SECRETS) == [], path
    if name == "Hybrid groups - configure":
        view = lab.world.view()
        assert contoso.GROUP_DOMAIN in view["exchange"]["accepted_domains"]
        assert view["directory"]["rights"]["may create groups"] is True
