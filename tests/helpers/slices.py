# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job cut into slices as AWX cuts it, each run by ansible-runner, side by side."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import typing as t

import yaml

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE = 1800  # seconds, for a hundred organizations on one node


@dataclasses.dataclass(frozen=True)
class Job:
    """A finished run.

    :param hosts: those of its slice
    :param stats: what ``set_stats`` gave, which AWX shows as artifacts
    """

    returncode: int
    output: str
    hosts: list[str]
    stats: dict[str, t.Any]


def cut(inventory: Mapping[str, t.Any], number: int, count: int) -> dict[str, t.Any]:
    """What a slice sees of an inventory of organizations: each ``count``-th host by name, from the ``number``-th, and no other.

    Source: AWX, ``Inventory.get_sliced_hosts``.
    """
    part = copy.deepcopy(dict(inventory))
    hosts = part["organizations"]["hosts"]
    part["organizations"]["hosts"] = {name: hosts[name] for name in sorted(hosts)[number - 1 :: count]}
    return part


def launch_slices(
    inventory: Mapping[str, t.Any], directory: pathlib.Path, playbook: str, *, count: int, forks: int = 5
) -> list[Job]:
    """Run the collection's playbook on each slice; the organizations' reports lie in the directory."""
    directory.mkdir()
    runner = pathlib.Path(sys.executable).parent / "ansible-runner"
    parts = [cut(inventory, number, count) for number in range(1, count + 1)]
    with contextlib.ExitStack() as stack:
        # A socket's path has to be short, and a test's folder is not.
        control_path = stack.enter_context(tempfile.TemporaryDirectory())
        processes = []
        for number, part in enumerate(parts, 1):
            private = directory / f"slice{number}"
            (private / "inventory").mkdir(parents=True)
            (private / "env").mkdir()
            (private / "inventory/hosts.yml").write_text(yaml.safe_dump(part))
            (private / "env/extravars").write_text(
                yaml.safe_dump({"hybrid_groups_report": f"{directory}/{{{{ inventory_hostname }}}}.html"})
            )
            (private / "env/settings").write_text(json.dumps({"suppress_env_files": True}))
            name = f"exchange.hybrid_groups.{playbook}"
            command = [str(runner), "run", str(private), "-p", name, "-i", "1", "--forks", str(forks)]
            environment = {
                "PATH": f"{runner.parent}:/usr/bin:/bin",
                "HOME": str(private),
                "LANG": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"],
                "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": control_path,
            }
            process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            processes.append(stack.enter_context(process))
        outputs = [process.communicate(timeout=_PATIENCE)[0] for process in processes]
    return [
        Job(process.returncode, output, list(part["organizations"]["hosts"]), _stats(directory / f"slice{number}/artifacts/1"))
        for number, (process, output, part) in enumerate(zip(processes, outputs, parts, strict=True), 1)
    ]


def _stats(artifacts: pathlib.Path) -> dict[str, t.Any]:
    events = (json.loads(path.read_text()) for path in artifacts.glob("job_events/*.json"))
    end = next(event for event in events if event["event"] == "playbook_on_stats")
    return t.cast("dict[str, t.Any]", end["event_data"].get("artifact_data", {}))
