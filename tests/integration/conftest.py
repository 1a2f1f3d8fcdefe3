# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible-playbook runs against the lab."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml
from helpers.cmdlet_calls import unknown_to_the_reference

from lab import contoso, kdc
from lab.lab import Lab

if t.TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = pathlib.Path(__file__).parents[2]
PLAYBOOKS = ROOT / "playbooks"
COLLECTIONS = next(path for path in map(pathlib.Path, sys.path) if (path / "ansible_collections/exchange/hybrid_groups").is_dir())


@dataclasses.dataclass
class Run:
    """What a run of ansible-playbook did."""

    returncode: int
    output: str
    results: list[dict[str, t.Any]]
    stats: dict[str, dict[str, int]]

    def result(self, action: str, occurrence: int = 0) -> dict[str, t.Any]:
        """The result of a task by its module's short name."""
        found = [
            line["result"] for line in self.results if line["action"].rpartition(".")[2] == action and line["status"] != "skipped"
        ]
        assert len(found) > occurrence, f"{action} did not run:\n{self.output}"
        return found[occurrence]

    def diff(self, action: str) -> dict[str, t.Any]:
        """The first diff that a module of this short name showed."""
        name = f".{action}"
        return next(line["result"]["diff"] for line in self.results if line["action"].endswith(name) and "diff" in line["result"])

    @property
    def failure(self) -> str:
        """The message of the task that failed."""
        # Of a loop, the item that failed, which comes before the loop itself.
        failed = [line for line in self.results if line["status"] in ("item failed", "failed", "unreachable")]
        assert failed, f"nothing failed:\n{self.output}"
        return str(next((line for line in failed if line["status"] == "item failed"), failed[-1])["result"].get("msg", ""))

    @property
    def changed(self) -> int:
        """Number of changed tasks over all hosts."""
        return sum(summary["changed"] for summary in self.stats.values())


class Ansible:
    """Runs playbooks with the lab's inventory, or one derived from it."""

    def __init__(self, lab: Lab, directory: pathlib.Path) -> None:
        self.lab = lab
        self.directory = directory
        self.inventory = lab.inventory()
        self.vars["hybrid_groups_report"] = str(directory / "report.html")
        self.environment: dict[str, str] = {}

    @property
    def vars(self) -> dict[str, t.Any]:
        """Variables of all hosts, to change before a run."""
        return self.inventory["all"]["vars"]

    def host_vars(self, group: str) -> dict[str, t.Any]:
        """Variables of the one host of a group, to change before a run."""
        return next(iter(self.inventory["all"]["children"][group]["hosts"].values()))

    def use(self, transport: str, auth: str) -> None:
        """This transport and authentication to all Windows hosts."""
        lab, exchange, connect = self.lab, self.host_vars("exchange"), self.host_vars("adsync")
        self.vars["ansible_cmdlet_transport"] = transport
        for host in (exchange, connect):
            host["ansible_cmdlet_auth"] = auth
        if auth == "basic":
            servers = (lab.exchange_winrm_tls if transport == "winrm" else lab.exchange_tls, lab.connect_tls)
            self.vars.update(ansible_cmdlet_scheme="https", ansible_cmdlet_ca_cert=str(lab.authority.ca_file))
        else:
            servers = (lab.exchange_winrm if transport == "winrm" else lab.exchange, lab.connect)
        exchange["ansible_cmdlet_port"], connect["ansible_cmdlet_port"] = (server.port for server in servers)

    def use_realm(self, realm: kdc.Kdc) -> None:
        """Kerberos knows the hosts by the name localhost."""
        self.environment.update(realm.environment)
        self.vars.update(ansible_cmdlet_user=f"{contoso.ADMIN}@{kdc.REALM}", ansible_cmdlet_kerberos_hostname="localhost")

    def command(self, playbook: pathlib.Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
        """Command line and environment of a run."""
        inventory = self.directory / "inventory.yml"
        inventory.write_text(yaml.safe_dump(copy.deepcopy(self.inventory)))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOCAL_TEMP": str(self.directory / "tmp"),
            "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR": str(self.directory / "pc"),
            "ANSIBLE_CALLBACK_PLUGINS": str(pathlib.Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_NOCOLOR": "1",
            "RECORD_FILE": str(self.directory / "record.jsonl"),
            **self.environment,
        }
        return [
            str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
            "-i",
            str(inventory),
            str(playbook),
            *arguments,
        ], environment

    def run(self, playbook: str | list[dict[str, t.Any]], *arguments: str) -> Run:
        """Run a playbook of the collection by name, or plays given as data."""
        if isinstance(playbook, str):
            path = PLAYBOOKS / f"{playbook}.yml"
        else:
            path = self.directory / "play.yml"
            path.write_text(yaml.safe_dump(playbook))
        command, environment = self.command(path, *arguments)
        pathlib.Path(environment["RECORD_FILE"]).unlink(missing_ok=True)
        process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        return self.read(process.returncode, process.stdout + process.stderr)

    def read(self, returncode: int, output: str) -> Run:
        record = self.directory / "record.jsonl"
        lines = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
        stats = next((line["stats"] for line in lines if "stats" in line), {})
        return Run(returncode, output, [line for line in lines if "stats" not in line], stats)

    def task(self, group: str, module: str, *arguments: str, **options: t.Any) -> Run:
        """Run one task of the collection on a group's host, or on the control node with ``localhost``."""
        play = {
            "hosts": group,
            "gather_facts": False,
            "tasks": [{"name": module, f"exchange.hybrid_groups.{module}": options}],
        }
        if group == "localhost":
            play["vars"] = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        return self.run([play], *arguments)


@pytest.fixture(scope="session")
def started_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lab(started_lab: Lab) -> Iterator[Lab]:
    """The lab at its beginning; what was called on Exchange has to be in the cmdlet reference of its version."""
    started_lab.reset()
    yield started_lab
    assert unknown_to_the_reference(started_lab.exchange_host.calls) == []


@pytest.fixture(scope="session")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[kdc.Kdc]:
    """A Kerberos realm for the lab's Windows hosts."""
    if package := kdc.missing():
        pytest.skip(f"the Debian package {package} is not installed")
    for library in ("gssapi", "kerberos"):
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"the Python package {library} is not installed (needs the Debian package libkrb5-dev)")
    services = ["HTTP/localhost", "WSMAN/localhost"]
    users = {contoso.ADMIN: contoso.ADMIN_PASSWORD}
    with kdc.Kdc(tmp_path_factory.mktemp("kdc"), users=users, services=services) as realm:
        patch = pytest.MonkeyPatch()
        for name, value in realm.environment.items():
            patch.setenv(name, value)
        yield realm
        patch.undo()


@pytest.fixture
def ansible(lab: Lab, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> Ansible:
    """Runs as a test asks for by an indirect parameter: transport, or transport and authentication."""
    ansible = Ansible(lab, tmp_path)
    way = getattr(request, "param", None)
    if way is not None:
        transport, _space, auth = way.partition(" ")
        ansible.use(transport, auth or "ntlm")
        if auth == "kerberos":
            ansible.use_realm(request.getfixturevalue("realm"))
    return ansible
