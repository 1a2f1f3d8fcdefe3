# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's task files for DNS providers, against stand-ins that take what the providers' real modules take."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
from conftest import COLLECTIONS, Ansible, Run

from lab import contoso
from lab.lab import Lab

if t.TYPE_CHECKING:
    from collections.abc import Iterator

REAL = pathlib.Path(sys.prefix) / "providers"
MODULES = {
    "azure": ["azure.azcollection.azure_rm_dnsrecordset"],
    "cloudflare": ["community.general.cloudflare_dns"],
    "hetzner": ["community.dns.hetzner_dns_record_set"],
    "nsupdate": ["community.general.nsupdate"],
    "route53": ["amazon.aws.route53"],
    "windows": ["ansible.windows.win_dns_record", "ansible.windows.win_powershell"],
}
CLOUD = "groups-contoso-com.mail.protection.outlook.com"
GROUPS = contoso.GROUP_DOMAIN
AUTODISCOVER = f"autodiscover.{GROUPS}"
SPF = "v=spf1 include:spf.protection.outlook.com -all"
CONTROL_NODE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def record_set(
    name: str, rdtype: str, data: list[dict[str, t.Any]], rdata: list[str], *removed: dict[str, t.Any]
) -> dict[str, t.Any]:
    """As group_domain_dns returns it."""
    record = name.removesuffix(".contoso.com")
    parts = {"name": name, "zone": "contoso.com", "record": record, "type": rdtype, "ttl": 3600}
    return {**parts, "rdata": rdata, "data": data, "removed": list(removed)}


HANDED = {
    "to_publish": [
        record_set(
            GROUPS, "MX", [{"value": CLOUD, "preference": 0}], [f"0 {CLOUD}."], {"value": "mail.contoso.com", "preference": 10}
        ),
        record_set(GROUPS, "TXT", [{"value": "other"}, {"value": SPF}], ['"other"', f'"{SPF}"'], {"value": "v=spf1 -all"}),
    ],
    "to_delete": [
        record_set(AUTODISCOVER, "CNAME", [{"value": "old.contoso.com"}], ["old.contoso.com."], {"value": "old.contoso.com"})
    ],
}


# The stand-ins are made once.
pytestmark = pytest.mark.xdist_group("providers")


@pytest.fixture(scope="session")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    if not (REAL / "ansible_collections").is_dir():
        pytest.skip(f"the providers' modules are not in {REAL}: run make providers")
    directory = tmp_path_factory.mktemp("stand_ins")
    request = {"real": str(REAL), "stand_ins": str(directory), "modules": [name for names in MODULES.values() for name in names]}
    command = [sys.executable, "-m", "helpers.stand_ins"]
    tests = str(pathlib.Path(__file__).parents[1])
    subprocess.run(command, input=json.dumps(request), text=True, check=True, env={"PYTHONPATH": tests}, timeout=120)
    return directory


class Handed:
    """What every provider's modules were given, in one run of all task files."""

    def __init__(self, calls: list[dict[str, t.Any]], labels: list[str]) -> None:
        self.calls = calls
        self.custom = labels

    def given(self, module: str, *options: str) -> list[tuple[t.Any, ...]]:
        """These options of each call of a module."""
        return [tuple(call["given"].get(name) for name in options) for call in self.calls if call["module"] == module]


def publish(provider: str) -> dict[str, t.Any]:
    return {
        "name": provider,
        "ansible.builtin.include_role": {"name": "exchange.hybrid_groups.configure", "tasks_from": "dns_provider"},
        "vars": {"configure_dns_handed": HANDED, "configure_dns_handed_to": provider},
    }


@pytest.fixture(scope="session")
def handed(stand_ins: pathlib.Path, started_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handed]:
    directory = tmp_path_factory.mktemp("providers")
    ansible = Ansible(started_lab, directory)
    calls = directory / "calls.jsonl"
    ansible.environment.update(ANSIBLE_COLLECTIONS_PATH=f"{stand_ins}:{COLLECTIONS}", STAND_IN_FILE=str(calls))
    custom = directory / "custom.yml"
    custom.write_text(
        "- name: Publish by hand\n  ansible.builtin.debug:\n"
        "    msg: \"{{ (configure_dns_to_publish + configure_dns_to_delete) | map(attribute='type') | join(' ') }}\"\n"
    )
    ansible.vars.update(
        hybrid_groups_dns_azure_resource_group="dns",
        hybrid_groups_dns_cloudflare_api_token="cl0udflare",
        hybrid_groups_dns_hetzner_token="h3tzner",
        hybrid_groups_dns_custom_tasks=str(custom),
    )
    ansible.host_vars("domain_controllers").update(ansible_connection="local")
    play = {"hosts": "localhost", "gather_facts": False, "vars": CONTROL_NODE}
    run = ansible.run([{**play, "tasks": [publish(provider) for provider in (*MODULES, "custom")]}])
    assert run.returncode == 0, run.output
    yield Handed([json.loads(line) for line in calls.read_text().splitlines()], run.result("debug")["msg"].split())


def test_azure(handed: Handed) -> None:
    options = ("resource_group", "zone_name", "relative_name", "record_type", "record_mode", "time_to_live", "state", "records")
    place = ("dns", "contoso.com")
    assert handed.given("azure.azcollection.azure_rm_dnsrecordset", *options) == [
        (*place, "groups", "MX", "purge", 3600, "present", [{"entry": CLOUD, "preference": 0}]),
        (*place, "groups", "TXT", "purge", 3600, "present", [{"entry": "other"}, {"entry": SPF}]),
        (*place, "autodiscover.groups", "CNAME", "purge", 3600, "absent", None),
    ]


def test_cloudflare_publishes_before_it_deletes(handed: Handed) -> None:
    options = ("zone", "record", "type", "value", "priority", "state")
    assert handed.given("community.general.cloudflare_dns", *options) == [
        ("contoso.com", "groups", "MX", CLOUD, 0, "present"),
        ("contoso.com", "groups", "TXT", "other", 1, "present"),
        ("contoso.com", "groups", "TXT", SPF, 1, "present"),
        ("contoso.com", "groups", "MX", "mail.contoso.com", 10, "absent"),
        ("contoso.com", "groups", "TXT", "v=spf1 -all", 1, "absent"),
        ("contoso.com", "autodiscover.groups", "CNAME", "old.contoso.com", 1, "absent"),
    ]


def test_hetzner(handed: Handed) -> None:
    options = ("zone_name", "record", "type", "ttl", "value", "state")
    assert handed.given("community.dns.hetzner_dns_record_set", *options) == [
        ("contoso.com", GROUPS, "MX", 3600, [f"0 {CLOUD}."], "present"),
        ("contoso.com", GROUPS, "TXT", 3600, ["other", SPF], "present"),
        ("contoso.com", AUTODISCOVER, "CNAME", 3600, ["old.contoso.com."], "absent"),
    ]


def test_nsupdate(handed: Handed, started_lab: Lab) -> None:
    options = ("server", "port", "key_algorithm", "zone", "record", "type", "value", "state")
    place = ("127.0.0.1", started_lab.dns.port, contoso.TSIG_ALGORITHM, "contoso.com")
    assert handed.given("community.general.nsupdate", *options) == [
        (*place, f"{GROUPS}.", "MX", [f"0 {CLOUD}."], "present"),
        (*place, f"{GROUPS}.", "TXT", ['"other"', f'"{SPF}"'], "present"),
        (*place, f"{AUTODISCOVER}.", "CNAME", ["old.contoso.com."], "absent"),
    ]


def test_route53(handed: Handed) -> None:
    options = ("zone", "hosted_zone_id", "record", "type", "ttl", "value", "overwrite", "state")
    assert handed.given("amazon.aws.route53", *options) == [
        ("contoso.com", None, GROUPS, "MX", 3600, [f"0 {CLOUD}."], True, "present"),
        ("contoso.com", None, GROUPS, "TXT", 3600, ['"other"', f'"{SPF}"'], True, "present"),
        ("contoso.com", None, AUTODISCOVER, "CNAME", 3600, ["old.contoso.com."], True, "absent"),
    ]


def test_windows(handed: Handed) -> None:
    assert handed.given("ansible.windows.win_dns_record", "zone", "name", "type", "value", "state") == [
        ("contoso.com", "groups", "TXT", ["other", SPF], "present"),
        ("contoso.com", "autodiscover.groups", "CNAME", [], "absent"),
    ]
    ((parameters, script),) = handed.given("ansible.windows.win_powershell", "parameters", "script")
    assert parameters == {"Zone": "contoso.com", "Name": "groups", "Ttl": 3600, "Records": [f"0 {CLOUD}."]}
    assert "Add-DnsServerResourceRecordMX" in script


def test_ones_own_tasks(handed: Handed) -> None:
    assert handed.custom == ["MX", "TXT", "CNAME"]


def test_a_wrong_option_fails(stand_ins: pathlib.Path, ansible: Ansible) -> None:
    ansible.environment.update(ANSIBLE_COLLECTIONS_PATH=f"{stand_ins}:{COLLECTIONS}", STAND_IN_FILE="/dev/null")
    tasks = [
        {
            "name": "Wrong name",
            "community.general.cloudflare_dns": {"zone": "x", "api_token": "y", "type": "MX", "value": "z", "prio": 1},
            "ignore_errors": True,
        },
        {"name": "Wrong value", "amazon.aws.route53": {"zone": "x", "record": "y", "type": "X", "state": "present"}},
    ]
    run = ansible.run([{"hosts": "localhost", "gather_facts": False, "vars": CONTROL_NODE, "tasks": tasks}])
    assert "Unsupported parameters" in run.result("cloudflare_dns")["msg"]
    assert "prio" in run.result("cloudflare_dns")["msg"]
    assert "value of type must be one of" in run.failure


def test_windows_is_reached_by_its_own_connection(stand_ins: pathlib.Path, ansible: Ansible) -> None:
    ansible.environment.update(ANSIBLE_COLLECTIONS_PATH=f"{stand_ins}:{COLLECTIONS}", STAND_IN_FILE="/dev/null")
    ansible.host_vars("domain_controllers").update(ansible_port=1, ansible_winrm_scheme="http", ansible_winrm_transport="ntlm")
    run = ansible.run([{"hosts": "localhost", "gather_facts": False, "vars": CONTROL_NODE, "tasks": [publish("windows")]}])
    assert run.returncode != 0
    assert "port=1" in run.failure or "127.0.0.1:1" in run.failure, run.failure


def test_the_step_with_a_providers_real_module(stand_ins: pathlib.Path, lab: Lab, ansible: Ansible) -> None:  # noqa: ARG001
    """community.general.nsupdate itself, because its provider is in the lab."""
    ansible.environment["ANSIBLE_COLLECTIONS_PATH"] = f"{REAL}:{COLLECTIONS}"
    ansible.vars.update(hybrid_groups_dns_provider="nsupdate", hybrid_groups_mx_host=CLOUD, hybrid_groups_dns_spf=True)
    ansible.vars["hybrid_groups_dns_exclusive"] = True
    # The same zone once more, as if it were the internal one.
    ansible.vars["hybrid_groups_dns_internal_servers"] = [f"127.0.0.1:{lab.dns.port}"]
    ansible.vars["hybrid_groups_dns_internal_provider"] = "nsupdate"
    lab.world.dns.zones["contoso.com."].add(GROUPS, "MX", "10 mail.contoso.com.")
    role = {"name": "exchange.hybrid_groups.configure", "tasks_from": "dns_records"}
    summary = {"name": "exchange.hybrid_groups.configure", "tasks_from": "summary"}
    steps = [{"name": "DNS records", "ansible.builtin.include_role": name} for name in (role, summary)]
    play = {"hosts": "localhost", "gather_facts": False, "vars": CONTROL_NODE, "tasks": steps}
    predicted = ansible.run([play], "--check")
    assert predicted.returncode == 0, predicted.output
    assert lab.world.dns.values(GROUPS, "MX") == ["10 mail.contoso.com."]
    run = ansible.run([play])
    assert run.returncode == 0, run.output
    assert lab.world.dns.values(GROUPS, "MX") == [f"0 {CLOUD}."]
    assert lab.world.dns.values(GROUPS, "TXT") == [f'"{SPF}"']
    assert lab.world.dns.values(AUTODISCOVER, "CNAME") == ["autodiscover.outlook.com."]
    published = run.result("group_domain_dns", 1)
    assert published["visible"]
    assert published["internal"]["zones"] == ["contoso.com"]
    handed = [[item["item"]["type"] for item in run.result("nsupdate", n)["results"]] for n in (0, 1)]
    assert handed == [["MX", "CNAME", "TXT"], ["MX", "CNAME"]]
    assert dns_row(predicted) == dns_row(run).replace("published", "not visible yet")
    assert "  yes  " in dns_row(run)
    again = ansible.run([play])
    assert (again.returncode, again.changed) == (0, 0), again.output
    assert "  no  " in dns_row(again)


def dns_row(run: Run) -> str:
    """The summary's line on the DNS records, its columns two spaces apart."""
    (row,) = (line for line in run.result("debug")["msg"] if line.startswith("DNS records"))
    return re.sub("  +", "  ", row)


def test_what_a_provider_needs_is_asked_for_first(lab: Lab, ansible: Ansible) -> None:
    ansible.vars.update(hybrid_groups_dns_provider="azure", hybrid_groups_mx_host=CLOUD)
    role = {"name": "exchange.hybrid_groups.configure", "tasks_from": "dns_records"}
    tasks = [{"name": "DNS records", "ansible.builtin.include_role": role}]
    run = ansible.run([{"hosts": "localhost", "gather_facts": False, "vars": CONTROL_NODE, "tasks": tasks}])
    assert "configure_dns_azure_resource_group is needed with configure_dns_provider=azure" in run.failure
    assert "dns" not in lab.traffic.counts
