# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The procedure on an organization where it has been carried out, so that a run finds nothing to change.

Ways, over the same wire to the same lab:

- the collection: ``ansible-playbook hybrid_groups.yml``, one session for each Windows host and play;
- a session for each task: the same run, in which a task's session ends with the task (``plugins/callback/session_per_task.py``);
- a task for each cmdlet: what the collection sent, each pipeline a task of its own over ansible.builtin.psrp, so with a session
  of its own (``plugins/action/psrp_cmdlet.py``); what it does beside Windows is the collection's own. The tasks compare nothing;
- pypsrp: what the collection sent to Windows hosts, one session for each host, nothing else (``floor.py``).

And the same on one Exchange server with a play of many tasks, since the procedure's plays have one to three each.
"""

from __future__ import annotations

import itertools
import json
import operator
import sys
import typing as t

from bench import playbook, processes
from bench.figure import Figure
from bench.lab_process import LabProcess, lab_process
from bench.run import Run, counted

from lab import contoso
from lab.configured import configure
from lab.lab import Lab
from lab.wsman.psrp import plain_pipeline

if t.TYPE_CHECKING:
    from collections.abc import Iterator

DELAYS = (0.0, 3.0)  # seconds a session takes to open
MANY = 20
REQUESTS_OF_A_SESSION = 7  # opened and closed, with NTLM: measured with pypsrp
PROCEDURE = "converged procedure"
PLAY = f"converged play of {MANY} tasks"
COLLECTION, PER_TASK, PER_CMDLET, FLOOR = "the collection", "a session for each task", "a task for each cmdlet", "pypsrp"
ENDPOINTS = {
    "exchange": {"path": "PowerShell", "configuration": "Microsoft.Exchange"},
    "connect": {"path": "wsman", "configuration": "Microsoft.PowerShell"},
}
Pipeline = list[tuple[str, dict[str, t.Any]]]
Pipelines = list[tuple[str, Pipeline]]
"""Each with its server."""


def measure() -> Iterator[Figure | Run]:
    """Every way with sessions that open at once and with slow ones."""
    for delay in DELAYS:
        with lab_process(delay) as lab:
            lab.do(_configure)
            yield from _measure(lab, delay)


def _measure(lab: LabProcess, delay: float) -> list[Figure | Run]:
    collection = counted(lab, PROCEDURE, COLLECTION, delay, lambda: _converged(lab, "hybrid_groups"))
    pipelines = lab.do(_pipelines)
    per_task = counted(lab, PROCEDURE, PER_TASK, delay, lambda: _converged(lab, "hybrid_groups", callbacks="session_per_task"))
    per_cmdlet = counted(lab, PROCEDURE, PER_CMDLET, delay, lambda: _with_psrp(lab, pipelines))
    floor = counted(lab, PROCEDURE, FLOOR, delay, lambda: _floor(lab, pipelines))
    play = [_many_tasks()]
    many = counted(lab, PLAY, COLLECTION, delay, lambda: _converged(lab, play))
    many_per_task = counted(lab, PLAY, PER_TASK, delay, lambda: _converged(lab, play, callbacks="session_per_task"))
    if delay:
        figures = [
            # Seven tasks need a session and two sessions are left, so no more than 3.5 times.
            _faster("procedure: against a session for each task", collection, per_task, 1 / 2),
            _faster("procedure: against a task for each cmdlet", collection, per_cmdlet),
            _faster(f"play of {MANY} tasks: against a session for each task", many, many_per_task),
        ]
    else:
        sessions = _plays_on_windows(collection.output)
        requests = REQUESTS_OF_A_SESSION * sessions + 2 * len(pipelines)
        figures = [
            Figure("procedure: sessions, against one for each host and play", "sessions", collection.sessions, sessions, 1.0),
            Figure("procedure: requests, against 7 a session and 2 a read", "requests", collection.requests, requests, 1.0),
        ]
    return [collection, per_task, per_cmdlet, floor, many, many_per_task, *figures]


def _faster(name: str, run: Run, other: Run, limit: float = 1 / 5) -> Figure:
    return Figure(name, "s", run.seconds, other.seconds, limit, against="the other's")


def _converged(lab: LabProcess, plays: str | list[dict[str, t.Any]], **options: t.Any) -> processes.Cost:
    cost = playbook.run(lab, plays, **options)
    if " changed=0 " not in cost.output or any(f" changed={number}" in cost.output for number in range(1, 10)):
        raise SystemExit(f"the run was to find nothing to change:\n{cost.output}")
    return cost


def _plays_on_windows(output: str) -> int:
    """Windows hosts of each play, all plays together, by what a run printed."""
    found: set[tuple[int, str]] = set()
    play = 0
    for line in output.splitlines():
        play += line.startswith("PLAY [")
        if line.startswith("ok: ["):
            found |= {(play, host) for host in (contoso.EXCHANGE_HOST, contoso.CONNECT_HOST) if host in line}
    return len(found)


def _with_psrp(lab: LabProcess, pipelines: Pipelines) -> processes.Cost:
    plays = [
        psrp_play(lab, server, [pipeline for _server, pipeline in group])
        for server, group in itertools.groupby(pipelines, operator.itemgetter(0))
    ]
    everything_else = {"import_playbook": str(playbook.PLAYBOOKS / "hybrid_groups.yml")}
    return _converged(lab, [*plays, everything_else], arguments=("--skip-tags", "exchange,adsync"))


def psrp_play(lab: LabProcess, server: str, pipelines: t.Sequence[Pipeline]) -> dict[str, t.Any]:
    """A play with a task for each pipeline, over Ansible's own psrp connection.

    :param server: a key of :data:`ENDPOINTS`
    """
    variables = {
        "ansible_connection": "ansible.builtin.psrp",
        "ansible_psrp_protocol": "http",
        "ansible_psrp_auth": "ntlm",
        "ansible_psrp_port": lab.do(_port, server),
        "ansible_psrp_path": ENDPOINTS[server]["path"],
        "ansible_psrp_configuration_name": ENDPOINTS[server]["configuration"],
    }
    tasks = [
        {
            "name": " | ".join(name for name, _parameters in pipeline),
            "psrp_cmdlet": {"pipeline": [list(command) for command in pipeline]},
            "tags": ["always"],
        }
        for pipeline in pipelines
    ]
    hosts = "exchange[0]" if server == "exchange" else "adsync[0]"
    return {"hosts": hosts, "gather_facts": False, "vars": variables, "tasks": tasks}


def _floor(lab: LabProcess, pipelines: Pipelines) -> processes.Cost:
    servers = [
        {"port": lab.do(_port, server), **endpoint, "pipelines": [pipeline for name, pipeline in pipelines if name == server]}
        for server, endpoint in ENDPOINTS.items()
    ]
    file = lab.directory / "pipelines.json"
    file.write_text(json.dumps(servers))
    return processes.run([sys.executable, "-m", "bench.floor", str(file)], {"PYTHONPATH": ":".join(sys.path)})


def _many_tasks() -> dict[str, t.Any]:
    task = {"exchange.hybrid_groups.exchange_accepted_domain": {"domain": contoso.GROUP_DOMAIN, "type": "InternalRelay"}}
    return {"hosts": "exchange[0]", "gather_facts": False, "tasks": [{"name": f"Task {n}", **task} for n in range(MANY)]}


# In the lab's process


def _configure(lab: Lab) -> None:
    configure(lab.world)


def _pipelines(lab: Lab) -> Pipelines:
    return [(server, plain_pipeline(commands)) for server, commands in lab.traffic.pipelines]


def _port(lab: Lab, server: str) -> int:
    return t.cast(int, getattr(lab, server).port)
