# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets stay out of output, logs, results and process lists, also when all is told and when things fail.

Not with ANSIBLE_DEBUG, with which ansible-core itself prints the arguments of every module.
"""

from __future__ import annotations

import base64
import json
import pathlib
import subprocess
import sys

import pytest
from conftest import Ansible

from lab import contoso
from lab.lab import Lab
from lab.traffic import Fault

SECRETS = {
    "password": contoso.ADMIN_PASSWORD,
    "client secret": contoso.CLIENT_SECRET,
    "TSIG secret": contoso.TSIG_SECRET,
}


def found(text: str, secrets: dict[str, str] | None = None) -> list[str]:
    """Names of the secrets, by default the lab's, that the text shows, plain or as they travel: in a Basic header, serialized."""
    return [
        name
        for name, secret in (secrets or SECRETS).items()
        if any(
            form in text
            for form in (
                secret,
                base64.b64encode(secret.encode()).decode().rstrip("="),
                base64.b64encode(secret.encode("utf-16-le")).decode().rstrip("="),
            )
        )
    ]


def process_list() -> str:
    """The command lines of all processes, as ps shows them."""
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_text(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return "\n".join(lines)


@pytest.mark.parametrize("cut", [False, True], ids=["complete", "cut"])
def test_no_secret_shows_anywhere(lab: Lab, ansible: Ansible, cut: bool) -> None:
    ansible.environment.update(
        ANSIBLE_LOG_PATH=str(ansible.directory / "ansible.log"),
        ANSIBLE_DISPLAY_TRACEBACK="always",
    )
    if cut:
        lab.traffic.set_fault(Fault(at=1, server="ldap"))
    playbook = pathlib.Path(__file__).parents[2] / "playbooks/hybrid_groups.yml"
    command, environment = ansible.command(playbook, "-vvvvv", "--diff")
    output = ansible.directory / "output"
    seen = set()
    with (
        output.open("w") as stream,
        subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT) as process,
    ):
        while process.returncode is None:
            seen.update(found(process_list()))
            try:
                process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
    assert seen == set()
    assert (process.returncode != 0) == cut
    # The directory holds everything the run left behind; the inventory is where the secrets come from.
    for path in ansible.directory.rglob("*"):
        if path.is_file() and path.name != "inventory.yml":
            assert found(path.read_text(errors="replace")) == [], path
    assert lab.traffic.counts["exchange"] > 0


def test_the_search_would_find_them(ansible: Ansible) -> None:
    """What the test above relies on: a secret that is shown is found."""
    play = {"hosts": "exchange", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {"var": "ansible_password"}}]}
    run = ansible.run([play])
    assert found(run.output) == ["password"]
    assert found(json.dumps(run.results)) == ["password"]
    # Not one of the lab's: the test above may be running beside this one.
    shown = {"shown": "Sh0wn-On-Purpose"}
    code = "print(flush=True); input()"
    command = [sys.executable, "-c", code, *shown.values()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert found(process_list(), shown) == ["shown"]
