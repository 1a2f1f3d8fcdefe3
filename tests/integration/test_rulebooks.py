# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook itself runs the rulebook against the lab: a group that is written back gets into the address lists.

Needs what "make rulebook" installs.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import typing as t

import pytest
import yaml
from conftest import COLLECTIONS, Ansible
from helpers.awx_api import TOKEN, AwxApi
from helpers.awx_objects import objects
from test_secrets import found

from lab import contoso
from lab.cloud.unified_group import UnifiedGroup
from lab.configured import configure, synchronize
from lab.lab import Lab

BIN = pathlib.Path(sys.executable).parent.parent / "rulebook/bin"
NAME = "exchange.hybrid_groups.written_back_groups"

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not (BIN / "ansible-rulebook").exists(), reason="ansible-rulebook is not installed: make rulebook"),
    pytest.mark.skipif(shutil.which("java") is None, reason="the Debian package default-jre-headless is not installed"),
]


class Rulebook:
    """A running ansible-rulebook; a context manager that ends it."""

    def __init__(self, ansible: Ansible, *arguments: str, name: str = NAME, **variables: t.Any) -> None:
        self.output = ""
        directory = ansible.directory
        (directory / "inventory.yml").write_text(yaml.safe_dump(ansible.inventory))
        (directory / "vars.yml").write_text(yaml.safe_dump(variables))
        self._command = [
            *(str(BIN / "ansible-rulebook"), "-r", name, "-i", str(directory / "inventory.yml")),
            *("-e", str(directory / "vars.yml"), "--print-events", *arguments),
        ]
        self._environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(directory / "pc"),
            "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.2",
            "HYBRID_GROUPS_DIRECTORY_USER": f"{contoso.ADMIN}@{contoso.AD_DOMAIN}",
            "HYBRID_GROUPS_DIRECTORY_PASSWORD": contoso.ADMIN_PASSWORD,
        }

    def __enter__(self) -> Rulebook:
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        # What never says what is waited for is ended, so that reading it ends.
        self._patience = threading.Timer(120, os.killpg, (self._process.pid, signal.SIGKILL))
        self._patience.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._patience.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        rest, _errors = self._process.communicate()
        self.output += rest

    def read_until(self, words: str) -> None:
        """Read its output on, until a line has these words."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            if words in line:
                return
        raise AssertionError(f"ended without saying {words!r}:\n{self.output}")


def variables(lab: Lab) -> dict[str, t.Any]:
    return {
        "hybrid_groups_writeback_ou": contoso.WRITEBACK_OU,
        "hybrid_groups_domain_controller": "localhost",
        "hybrid_groups_directory_port": lab.ldaps.port,
        "hybrid_groups_directory_ca_cert": str(lab.authority.ca_file),
        "hybrid_groups_eda_interval": 0.5,
    }


def address_lists(lab: Lab, dn: str) -> str | None:
    with lab.world.lock:
        return lab.world.directory.find(dn).text("showInAddressBook")


def test_a_group_that_is_written_back_gets_into_the_address_lists(lab: Lab, ansible: Ansible) -> None:
    configure(lab.world)
    lab.world.tenant.groups.append(UnifiedGroup("Research", f"research@{contoso.GROUP_DOMAIN}"))
    with Rulebook(ansible, **variables(lab)) as rulebook:
        rulebook.read_until("[received event]")
        rulebook.read_until("PLAY RECAP")  # those that had been written back before: the address lists
        rulebook.read_until("not_in_address_lists    ok")
        rulebook.read_until("PLAY RECAP")
        assert "research" not in rulebook.output.lower()

        synchronize(lab.world)
        rulebook.read_until("'Research'")
        rulebook.read_until("changed: [localhost -> ex1.corp.contoso.com")
        rulebook.read_until("not_in_address_lists    ok")
        rulebook.read_until("PLAY RECAP")
    [dn] = [entry.dn for entry in lab.world.directory.entries.values() if entry.text("displayName") == "Research"]
    assert address_lists(lab, dn) is not None
    assert found(rulebook.output, {"password": contoso.ADMIN_PASSWORD, "client secret": contoso.CLIENT_SECRET}) == []


def test_awx_runs_its_job_templates(lab: Lab, ansible: Ansible) -> None:
    """The stand-in for AWX knows which templates there are and what their surveys ask; it runs nothing."""
    configure(lab.world)
    with AwxApi() as api:
        project = api.awx.create(
            "projects", {"name": "Hybrid groups", "organization": api.awx.named("organizations", "Default")["id"]}
        )
        for template in objects()["controller_templates"]:
            fields = {name: value for name, value in template.items() if name not in ("inventory", "organization")}
            made = api.awx.create("job_templates", {**fields, "project": project["id"], "execution_environment": None})
            api.awx.set_survey(made, template["survey_spec"])
        arguments = ("--controller-url", api.url, "--controller-token", TOKEN)
        given = {**variables(lab), "hybrid_groups_domain": contoso.GROUP_DOMAIN}
        with Rulebook(ansible, *arguments, name=f"{NAME}_awx", **given) as rulebook:
            rulebook.read_until("[received event]")
            api.wait_for_jobs(2)
        jobs = [(api.awx.objects["job_templates"][job["job_template"]]["name"], job["extra_vars"]) for job in api.awx.all("jobs")]
    assert api.awx.refused == []
    assert jobs == [
        ("Hybrid groups - address list refresh", {"hybrid_groups_writeback_ou": contoso.WRITEBACK_OU}),
        (
            "Hybrid groups - known issues",
            {
                "hybrid_groups_domain": contoso.GROUP_DOMAIN,
                "hybrid_groups_send_connector": "Outbound to Office 365",
                "hybrid_groups_mend": "false",
            },
        ),
    ]


def test_a_source_that_cannot_work_says_why(ansible: Ansible) -> None:
    with Rulebook(ansible, hybrid_groups_writeback_ou="M365Groups") as rulebook:
        rulebook.read_until("ou: M365Groups is not a distinguished name")
