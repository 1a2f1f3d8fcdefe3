# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules on hosts as inventories have them: any connection, credentials from anywhere, delegated tasks."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from conftest import Ansible, Run

from lab import contoso
from lab.lab import Lab

USER = f"{contoso.ADMIN}@{contoso.AD_DOMAIN}"
DOMAIN = {"domain": contoso.GROUP_DOMAIN, "type": "InternalRelay"}


def add_domain(ansible: Ansible, *arguments: str) -> Run:
    return ansible.task("exchange", "exchange_accepted_domain", *arguments, **DOMAIN)


def test_one_inventory_per_connection_gives_the_same(lab: Lab, ansible: Ansible) -> None:
    exchange = ansible.host_vars("exchange")
    seen = []
    for connection in ("winrm", "psrp", "ssh", "exchange.hybrid_groups.cmdlet", None):
        lab.reset()
        if connection:
            ansible.vars["ansible_connection"] = connection
        else:
            del ansible.vars["ansible_connection"]
        # Settings of the host's WinRM listener, which say nothing about the Exchange endpoint.
        exchange.update(
            ansible_port=1, ansible_winrm_transport="credssp", ansible_psrp_protocol="https", ansible_psrp_auth="basic"
        )
        run = add_domain(ansible)
        assert run.returncode == 0, (connection, run.output)
        assert lab.traffic.counts["exchange.sessions"] == 1
        seen.append({**run.result("exchange_accepted_domain"), "connection": None})
        del seen[-1]["accepted_domain"]["guid"]
    assert seen == [seen[0]] * 5
    assert seen[0]["changed"] is True


def test_the_connect_server_is_reached_by_what_the_inventory_says_for_psrp(lab: Lab, ansible: Ansible) -> None:
    ansible.vars["ansible_connection"] = "psrp"
    host = ansible.host_vars("adsync")
    del host["ansible_winrm_scheme"], host["ansible_winrm_transport"]
    host.update(ansible_psrp_protocol="http", ansible_psrp_auth="ntlm")
    run = ansible.task("adsync", "adsync_info")
    assert run.returncode == 0, run.output
    assert lab.traffic.counts["connect.sessions"] == 1


def test_a_delegated_task_runs_on_the_named_host_as_its_user(lab: Lab, ansible: Ansible) -> None:
    host = ansible.host_vars("exchange")
    host.update(ansible_user=ansible.vars.pop("ansible_user"), ansible_password=ansible.vars.pop("ansible_password"))
    task = {
        "exchange.hybrid_groups.exchange_accepted_domain": DOMAIN,
        "delegate_to": contoso.EXCHANGE_HOST,
    }
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    run = ansible.run([play])
    assert run.returncode == 0, run.output
    assert contoso.GROUP_DOMAIN in lab.world.view()["exchange"]["accepted_domains"]


@pytest.mark.parametrize("more", [{"connection": "local"}, {"delegate_to": "localhost"}], ids=["local", "delegated"])
def test_a_task_without_a_windows_host_says_what_is_missing(ansible: Ansible, more: dict[str, str]) -> None:
    task = {"exchange.hybrid_groups.exchange_accepted_domain": DOMAIN, **more}
    hosts = "localhost" if "connection" in more else "exchange"
    run = ansible.run([{"hosts": hosts, "gather_facts": False, "tasks": [task]}])
    assert run.returncode != 0
    assert run.failure == (
        "exchange.hybrid_groups.exchange_accepted_domain runs cmdlets on a Windows host, but localhost is the control node "
        "itself: put the host in hosts, or name it in delegate_to."
    )


def test_a_folder_too_deep_for_the_session_s_socket_is_named(ansible: Ansible, tmp_path: pathlib.Path) -> None:
    ansible.environment["ANSIBLE_PERSISTENT_CONTROL_PATH_DIR"] = str(tmp_path / ("deep" * 30))
    run = add_domain(ansible)
    assert run.returncode != 0
    assert f"the path of {tmp_path}/deep" in run.failure
    assert "set ANSIBLE_PERSISTENT_CONTROL_PATH_DIR to a folder with a shorter path" in run.failure


@pytest.mark.parametrize("module", ["raw", "copy", "fetch", "setup"])
def test_the_connection_refuses_what_would_run_on_the_control_node(ansible: Ansible, tmp_path: pathlib.Path, module: str) -> None:
    """Scripts have no place on the Exchange endpoint, and the control node is not where they were meant to go."""
    ansible.vars["ansible_connection"] = "exchange.hybrid_groups.cmdlet"
    witness = tmp_path / "witness"
    options: dict[str, t.Any] = {
        "raw": f"touch {witness}",
        "copy": {"content": "x", "dest": str(witness)},
        "fetch": {"src": "/etc/hostname", "dest": str(witness)},
        "setup": {},
    }
    run = ansible.run([{"hosts": "exchange", "gather_facts": False, "tasks": [{f"ansible.builtin.{module}": options[module]}]}])
    assert run.returncode != 0
    assert "no commands, scripts or file transfers" in run.output
    assert not witness.exists()
