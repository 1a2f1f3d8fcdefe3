# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook itself runs the rulebook against the lab: a group that is written back gets into the address lists.

Needs what "make rulebook" installs.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import typing as t

import pytest
import yaml
from conftest import COLLECTIONS, Ansible
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

    def __init__(self, ansible: Ansible, **variables: t.Any) -> None:
        self.output = ""
        directory = ansible.directory
        (directory / "inventory.yml").write_text(yaml.safe_dump(ansible.inventory))
        (directory / "vars.yml").write_text(yaml.safe_dump(variables))
        self._command = [
            *(str(BIN / "ansible-rulebook"), "-r", NAME, "-i", str(directory / "inventory.yml")),
            *("-e", str(directory / "vars.yml"), "--print-events"),
        ]
        self._environment = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(directory),
            "TMPDIR": str(directory),
            "LANG": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(directory / "pc"),
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
        return self

    def __exit__(self, *_exc: object) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        rest, _ = self._process.communicate(timeout=30)
        self.output += rest

    def read_until(self, words: str) -> None:
        """Read its output on, until a line has these words."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            if words in line:
                return
        raise AssertionError(f"ended without saying {words!r}:\n{self.output}")


def address_lists(lab: Lab, dn: str) -> str | None:
    with lab.world.lock:
        return lab.world.directory.find(dn).text("showInAddressBook")


def test_a_group_that_is_written_back_gets_into_the_address_lists(lab: Lab, ansible: Ansible) -> None:
    configure(lab.world)
    lab.world.tenant.groups.append(UnifiedGroup("Research", f"research@{contoso.GROUP_DOMAIN}"))
    variables = {
        "hybrid_groups_writeback_ou": contoso.WRITEBACK_OU,
        "hybrid_groups_domain_controller": "localhost",
        "hybrid_groups_directory_port": lab.ldaps.port,
        "hybrid_groups_directory_ca_cert": str(lab.authority.ca_file),
        "hybrid_groups_eda_interval": 0.5,
    }
    with Rulebook(ansible, **variables) as rulebook:
        rulebook.read_until("[received event]")
        rulebook.read_until("PLAY RECAP")  # those that had been written back before: the address lists
        rulebook.read_until("not_in_address_lists    ok")
        rulebook.read_until("PLAY RECAP")
        assert "research" not in rulebook.output.lower()

        synchronize(lab.world)
        rulebook.read_until("'Research'")
        rulebook.read_until("changed: [ex1.corp.contoso.com]")
        rulebook.read_until("not_in_address_lists    ok")
        rulebook.read_until("PLAY RECAP")
    [dn] = [entry.dn for entry in lab.world.directory.entries.values() if entry.text("displayName") == "Research"]
    assert address_lists(lab, dn) is not None
    assert found(rulebook.output, {"password": contoso.ADMIN_PASSWORD, "client secret": contoso.CLIENT_SECRET}) == []


def test_a_source_that_cannot_work_says_why(ansible: Ansible) -> None:
    with Rulebook(ansible, hybrid_groups_writeback_ou="M365Groups") as rulebook:
        rulebook.read_until("ou: M365Groups is not a distinguished name")
