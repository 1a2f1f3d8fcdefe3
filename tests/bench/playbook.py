# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as a person starts it, with nothing of the developer's own configuration."""

from __future__ import annotations

import os
import pathlib
import sys
import typing as t

import yaml
from bench import processes

if t.TYPE_CHECKING:
    from bench.lab_process import LabProcess

PLAYBOOKS = pathlib.Path(__file__).parents[2] / "playbooks"
PLUGINS = pathlib.Path(__file__).parent / "plugins"
COLLECTIONS = next(path for path in map(pathlib.Path, sys.path) if (path / "ansible_collections/exchange/hybrid_groups").is_dir())


def command(
    lab: LabProcess, playbook: str | list[dict[str, t.Any]], arguments: t.Sequence[str] = (), callbacks: str | None = None
) -> tuple[list[str], dict[str, str]]:
    """Command line and environment of a run.

    :param playbook: one of the collection by name, or plays as data
    :param callbacks: those to enable of :data:`PLUGINS`
    """
    home = lab.directory / "home"
    home.mkdir(exist_ok=True)
    inventory = lab.directory / "inventory.yml"
    inventory.write_text(yaml.safe_dump(lab.inventory))
    if isinstance(playbook, str):
        path = PLAYBOOKS / f"{playbook}.yml"
    else:
        path = lab.directory / "play.yml"
        path.write_text(yaml.safe_dump(playbook))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_ACTION_PLUGINS": str(PLUGINS / "action"),
        "ANSIBLE_CALLBACK_PLUGINS": str(PLUGINS / "callback"),
        **({"ANSIBLE_CALLBACKS_ENABLED": callbacks} if callbacks else {}),
        "ANSIBLE_NOCOLOR": "1",
    }
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"
    report = f"hybrid_groups_report={lab.directory / 'report.html'}"
    return [str(program), "-i", str(inventory), "-e", report, str(path), *arguments], environment


def run(
    lab: LabProcess, playbook: str | list[dict[str, t.Any]], arguments: t.Sequence[str] = (), callbacks: str | None = None
) -> processes.Cost:
    """As :func:`command`.

    :raises SystemExit: the run fails
    """
    return processes.run(*command(lab, playbook, arguments, callbacks))
