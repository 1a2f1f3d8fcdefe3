# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OU for written-back groups, made by a stand-in that takes what the real module microsoft.ad.ou takes."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest
from conftest import COLLECTIONS, Ansible
from helpers import stand_ins

from lab import contoso

PROVIDERS = pathlib.Path(sys.prefix) / "providers"
MODULE = "microsoft.ad.ou"


@pytest.fixture(scope="session")
def microsoft_ad(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Collections with the stand-in. The real module's options are spread over files: ansible-doc puts them together."""
    if not (PROVIDERS / "ansible_collections" / "microsoft" / "ad").is_dir():
        pytest.skip(f"microsoft.ad is not in {PROVIDERS}: run make providers")
    program = pathlib.Path(sys.executable).parent / "ansible-doc"
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(PROVIDERS), "LANG": "C.UTF-8", "HOME": str(tmp_path_factory.mktemp("home"))}
    process = subprocess.run([program, "--json", MODULE], env=environment, capture_output=True, check=True, timeout=60)
    options = json.loads(process.stdout)[MODULE]["doc"]["options"]
    directory = tmp_path_factory.mktemp("microsoft_ad")
    settings = {"argument_spec": stand_ins._spec(options), "supports_check_mode": True}
    stand_ins.write(MODULE, settings, directory)
    return directory


def test_the_role_ensures_the_ou_before_the_permissions(
    microsoft_ad: pathlib.Path, ansible: Ansible, tmp_path: pathlib.Path
) -> None:
    calls = tmp_path / "calls.jsonl"
    ansible.environment.update(ANSIBLE_COLLECTIONS_PATH=f"{microsoft_ad}:{COLLECTIONS}", STAND_IN_FILE=str(calls))
    ansible.vars["hybrid_groups_ensure_writeback_ou"] = True
    ansible.host_vars("domain_controllers").update(
        ansible_connection="local", ansible_python_interpreter="{{ ansible_playbook_python }}"
    )
    role: dict[str, t.Any] = {"name": "exchange.hybrid_groups.configure"}
    tasks = [
        {
            "name": "A comma in the name",
            "ansible.builtin.include_role": {**role, "tasks_from": "writeback_ou"},
            "vars": {"configure_writeback_ou": f"OU=Groups\\, written back,OU=IT,{contoso.BASE_DN}"},
        },
        {"name": "In the procedure", "ansible.builtin.include_role": {**role, "tasks_from": "group_writeback"}},
        {
            "name": "Not an OU",
            "ansible.builtin.include_role": {**role, "tasks_from": "writeback_ou"},
            "vars": {"configure_writeback_ou": f"CN=Users,{contoso.BASE_DN}"},
        },
    ]
    run = ansible.run([{"hosts": "adsync", "gather_facts": False, "tasks": tasks}])
    assert "must be the distinguished name of an OU" in run.failure
    given = [json.loads(line)["given"] for line in calls.read_text().splitlines()]
    options = ("name", "path", "protect_from_deletion", "state")
    assert [tuple(call[name] for name in options) for call in given] == [
        ("Groups, written back", f"OU=IT,{contoso.BASE_DN}", True, "present"),
        ("M365Groups", contoso.BASE_DN, True, "present"),
    ]
    assert run.result("adsync_group_writeback")["changed"]


def test_without_a_domain_controller_in_the_inventory_dns_names_one(ansible: Ansible) -> None:
    del ansible.inventory["all"]["children"]["domain_controllers"]
    role = {"name": "exchange.hybrid_groups.configure", "tasks_from": "group_writeback"}
    tasks = [{"name": "Group writeback", "ansible.builtin.import_role": role}]
    run = ansible.run([{"hosts": "adsync", "gather_facts": False, "tasks": tasks}])
    assert f"domain_controller: DNS names none for {contoso.AD_DOMAIN}" in run.failure
