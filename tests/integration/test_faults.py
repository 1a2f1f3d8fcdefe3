# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is cut at any request, and run again, ends as one that was not cut.

Each step of the procedure is cut at each of its requests: that one is carried out, its answer is lost, and nothing gets through
after it. This is the worst place for each cut, since the server has changed and the client does not know it.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import pickle
import shutil
import signal
import subprocess
import typing as t

import pytest
import yaml
from conftest import Ansible

from lab import contoso
from lab.adsync.endpoint import ConnectHost
from lab.lab import Lab
from lab.traffic import Fault
from lab.world import Snapshot

# Requests each step may take, over all servers. A step that takes more fails a test, so that the cuts below stay complete.
REQUESTS = {
    "exchange_prerequisites": 16,
    "adsync_prerequisites": 20,
    "tenant_prerequisites": 18,
    "group_writeback": 45,
    "tenant_domain": 14,
    "accepted_domain": 13,
    "dns_records": 24,
    "send_connector": 10,
}
PREREQUISITES = [step for step in REQUESTS if step.endswith("_prerequisites")]


@dataclasses.dataclass
class Step:
    """A step in a run that is not cut."""

    before: Snapshot
    requests: int
    view: dict[str, t.Any]


def run_step(ansible: Ansible, step: str) -> t.Any:
    """One step alone, with deadlines that suit a lab where everything is near."""
    hosts = {
        "exchange": "exchange[0]",
        "accepted": "exchange[0]",
        "send": "exchange[0]",
        "adsync": "adsync[0]",
        "group": "adsync[0]",
    }
    play = {
        "hosts": hosts.get(step.partition("_")[0], "localhost"),
        "gather_facts": False,
        "vars": {"hybrid_groups_dns_timeout": 1, "hybrid_groups_dns_wait_timeout": 2, "hybrid_groups_graph_timeout": 1},
        "tasks": [
            {"name": step, "ansible.builtin.import_role": {"name": "exchange.hybrid_groups.configure", "tasks_from": step}}
        ],
    }
    if play["hosts"] == "localhost":
        play["vars"]["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
        play["vars"]["ansible_connection"] = "local"
    return ansible.run([play])


def view(lab: Lab) -> dict[str, t.Any]:
    """The state that has to be the same, after the next sync that comes by itself.

    How often a sync ran and a zone changed on the way there is not part of it.
    """
    ConnectHost(lab.world).run_scheduled_cycle()
    seen = lab.world.view()
    seen["connect"].pop("runs")
    seen["connect"].pop("cycle", None)
    for zone in seen["dns"].values():
        zone.pop("serial")
    return seen


@pytest.fixture(scope="session")
def steps(started_lab: Lab, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, Step]:
    """All steps in a row, none cut; run by the first worker that needs them."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "steps"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            shared.write_bytes(pickle.dumps(run_all(started_lab, tmp_path_factory)))
        return t.cast("dict[str, Step]", pickle.loads(shared.read_bytes()))  # noqa: S301 - written above


def run_all(started_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    started_lab.reset()
    ansible = Ansible(started_lab, tmp_path_factory.mktemp("steps"))
    done = {}
    for step in REQUESTS:
        before = started_lab.world.snapshot()
        started_lab.traffic.reset()
        run = run_step(ansible, step)
        assert run.returncode == 0, run.output
        done[step] = Step(before, len(started_lab.traffic.log), view(started_lab))
    return done


@pytest.mark.parametrize("step", REQUESTS)
def test_the_cuts_reach_the_end_of_each_step(steps: dict[str, Step], step: str) -> None:
    assert steps[step].requests <= REQUESTS[step], {n: d.requests for n, d in steps.items()}


def cuts(step: str) -> list[int]:
    """Each request of a step that writes. What only reads leaves nothing behind, wherever it is cut: every third."""
    last = REQUESTS[step]
    return [number for number in range(1, last + 1) if step not in PREREQUISITES or number % 3 == 0 or number == last]


@pytest.mark.parametrize(("step", "number"), [(step, number) for step in REQUESTS for number in cuts(step)])
def test_a_step_that_is_cut_and_run_again_ends_as_one_that_is_not(
    lab: Lab, ansible: Ansible, steps: dict[str, Step], step: str, number: int
) -> None:
    lab.world.restore(steps[step].before)
    lab.traffic.set_fault(Fault(at=number))
    run_step(ansible, step)
    lab.traffic.set_fault(None)
    if step in PREREQUISITES:
        # It only reads. Run again, it is the run that was not cut.
        assert view(lab) == steps[step].view
        return

    again = run_step(ansible, step)
    assert again.returncode == 0, again.output
    assert view(lab) == steps[step].view


def test_a_killed_run_leaves_no_session_and_does_not_hinder_the_next(lab: Lab, ansible: Ansible) -> None:
    command, environment = ansible.command(ansible.directory.parent / "play.yml")
    play = ansible.directory.parent / "play.yml"
    play.write_text(
        "- hosts: exchange\n"
        "  gather_facts: false\n"
        "  tasks:\n"
        "    - exchange.hybrid_groups.exchange_organization_info:\n"
        "    - ansible.builtin.pause: {seconds: 120}\n"
    )
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert any("pause" in line for line in process.stdout)
    assert lab.exchange.open_shells == 1
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert lab.exchange.wait_for_shells(0, timeout=20)
    run = ansible.task("exchange", "exchange_accepted_domain", domain=contoso.GROUP_DOMAIN, type="InternalRelay")
    assert run.returncode == 0, run.output


def test_a_killed_run_does_not_hinder_a_next_one_of_the_same_process_id(lab: Lab, ansible: Ansible) -> None:
    """As in containers, where a job's processes get the numbers that those of the job before had."""
    unshare = ["unshare", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a process id namespace cannot be made here (unshare)")
    task = {"exchange.hybrid_groups.exchange_accepted_domain": {"domain": contoso.GROUP_DOMAIN, "type": "InternalRelay"}}
    play = ansible.directory / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": "exchange", "gather_facts": False, "tasks": [task]}]))
    command, environment = ansible.command(play)
    with subprocess.Popen(
        [*unshare, "--kill-child", *command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert lab.exchange.wait_for_shells(1, timeout=60)
        process.kill()
    assert any(path.is_socket() for path in (ansible.directory / "pc").iterdir()), "nothing is left to hinder the next"
    again = subprocess.run([*unshare, *command], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
