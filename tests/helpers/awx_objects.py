# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of playbooks/awx as AWX gets them, and what the playbooks they run take."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROOT = pathlib.Path(__file__).parents[2]
OBJECTS = ROOT / "playbooks/awx/objects"
Json = dict[str, t.Any]

OWN: t.Mapping[str, str] = {
    "hybrid_groups_awx_windows_user": "svc-ansible@CORP.CONTOSO.COM",
    "hybrid_groups_awx_windows_password": "windows",
    "hybrid_groups_awx_tenant_id": "contoso.onmicrosoft.com",
    "hybrid_groups_awx_client_id": "c0ffee00-1234-4abc-9def-0123456789ab",
    "hybrid_groups_awx_client_secret": "application",
    "hybrid_groups_awx_mailbox_user": "jdoe@contoso.com",
    "hybrid_groups_awx_mailbox_password": "mailbox",
    "hybrid_groups_awx_tsig_key_name": "hybrid-groups.",
    "hybrid_groups_awx_tsig_secret": "dHNpZw==",
}
"""What has no default, because it is a secret or belongs to one."""


def objects(**changes: t.Any) -> Json:
    """All ``controller_*`` variables, rendered as Ansible renders them for a module.

    :param changes: settings that differ from objects/settings.yml
    """
    loader = DataLoader()
    variables: Json = {}
    for path in sorted(OBJECTS.glob("*.yml")):
        variables.update(loader.load_from_file(str(path), trusted_as_template=True))
    templar = Templar(loader, variables={**variables, **OWN, **changes})
    rendered = {name: templar.template(value) for name, value in variables.items() if name.startswith("controller_")}
    # As it goes to AWX: without ansible-core's marks on texts.
    return t.cast(Json, json.loads(json.dumps(rendered)))


def named(items: list[Json], name: str) -> Json:
    """The one object of that name."""
    [found] = [item for item in items if item["name"] == name]
    return found


def survey(template: Json) -> dict[str, Json]:
    """A template's questions by variable."""
    return {question["variable"]: question for question in template["survey_spec"]["spec"]}


def entry_points(playbook: str) -> list[tuple[str, str]]:
    """Role and entry point of each import in a playbook of the collection."""
    found = []
    for play in yaml.safe_load((ROOT / playbook).read_text()):
        for step in play.get("tasks", []):
            [task] = step["block"]
            role = task["ansible.builtin.import_role"]
            found.append((role["name"].rpartition(".")[2], role.get("tasks_from", "main")))
    return found


def role_options(playbook: str) -> dict[str, tuple[Json, bool]]:
    """What the playbook's roles take by inventory variable: the option's specification, and whether a run needs the variable."""
    options: dict[str, tuple[Json, bool]] = {}
    for role, entry_point in entry_points(playbook):
        specs = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]
        defaults = yaml.safe_load((ROOT / f"roles/{role}/defaults/main.yml").read_text())
        for option, spec in specs[entry_point]["options"].items():
            for variable in re.findall(r"\bhybrid_groups_\w+", str(defaults.get(option, ""))):
                needed = bool(spec.get("required")) and f"{variable} | default(" not in defaults[option]
                options[variable] = (spec, needed or options.get(variable, ({}, False))[1])
    return options
