# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: one clear message that names the option or the host, and nothing changed."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from conftest import Ansible, Run

from lab import contoso
from lab.lab import Lab

INTERNAL_RELAY = {"domain": contoso.GROUP_DOMAIN, "type": "InternalRelay"}


def refused(lab: Lab, run: Run, before: dict[str, t.Any], *words: str) -> None:
    """The run failed with these words in its message, and nothing has changed."""
    assert run.returncode != 0, run.output
    missing = [word for word in words if word not in run.failure]
    assert not missing, run.failure
    assert "Traceback" not in run.output
    assert lab.world.view() == before


@pytest.mark.parametrize(
    ("group", "module", "options", "words"),
    [
        (
            "adsync",
            "adsync_group_writeback",
            {"ou": "OU=Groups,DC", "domain_controller": "127.0.0.1"},
            ["ou: OU=Groups,DC is not a distinguished name", "<type>=<value>", "found DC"],
        ),
        (
            "exchange",
            "exchange_send_connector",
            {"name": "Outbound to Office 356", "address_spaces": {"add": [contoso.GROUP_DOMAIN]}},
            ['name: there is no send connector "Outbound to Office 356"', contoso.HYBRID_CONNECTOR],
        ),
        (
            "exchange",
            "exchange_send_connector",
            {"name": contoso.HYBRID_CONNECTOR, "address_spaces": {"add": ["SMTP:groups.contoso.com;0"]}},
            ["address_spaces.add:", 'the cost "0" is not a whole number from 1 to 100'],
        ),
        (
            "exchange",
            "exchange_send_connector",
            {"name": contoso.HYBRID_CONNECTOR, "address_spaces": {"set": ["groups.contoso.com;cheap"]}},
            ["address_spaces.set:", 'the cost "cheap" is not a whole number from 1 to 100'],
        ),
        (
            "exchange",
            "exchange_accepted_domain",
            {"domain": "groups contoso.com", "type": "InternalRelay"},
            ['domain: "groups contoso.com" is not a valid SMTP domain'],
        ),
        (
            "localhost",
            "m365_domain",
            {"domain": "*.contoso.com", "tenant_id": "x", "client_id": "x", "client_secret": "x"},
            ['domain: "*.contoso.com" is not a valid SMTP domain: a wildcard is not allowed here'],
        ),
        (
            "localhost",
            "group_domain_dns",
            {"domain": "*.contoso.com", "provider": "manual", "mx_host": "contoso-com.mail.protection.outlook.com"},
            ['domain: "*.contoso.com" is not a valid SMTP domain: a wildcard is not allowed here'],
        ),
        (
            "localhost",
            "group_domain_dns",
            {"domain": "-grüppen.contoso.com", "provider": "manual", "mx_host": "contoso-com.mail.protection.outlook.com"},
            ["domain: ", "grüppen"],
        ),
    ],
    ids=["DN", "connector", "cost 0", "cost word", "domain", "tenant wildcard", "DNS wildcard", "DNS IDN"],
)
def test_options(lab: Lab, ansible: Ansible, group: str, module: str, options: dict[str, t.Any], words: list[str]) -> None:
    before = lab.world.view()
    refused(lab, ansible.task(group, module, **options), before, *words)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("hybrid_groups_domain", "*.contoso.com", ["domain", "*.contoso.com", "wildcard"]),
        ("hybrid_groups_writeback_ou", "M365Groups", ["ou: M365Groups is not a distinguished name"]),
        (
            "hybrid_groups_send_connector",
            "Outbound to Office 356",
            ["name: there is no send connector", contoso.HYBRID_CONNECTOR],
        ),
        ("hybrid_groups_dns_provider", "bind", ["provider", "rfc2136"]),
        ("hybrid_groups_dns_tsig_secret", "not base64", ["tsig_secret", "base64"]),
    ],
)
def test_variables_of_the_playbook(lab: Lab, ansible: Ansible, variable: str, value: str, words: list[str]) -> None:
    ansible.vars[variable] = value
    before = lab.world.view()
    refused(lab, ansible.run("hybrid_groups"), before, *words)


def test_a_domain_in_its_own_script_is_one_and_the_same_in_every_spelling(lab: Lab, ansible: Ansible) -> None:
    """IDNs are no bad input: Exchange and DNS hold their A-label."""
    first = ansible.task("exchange", "exchange_accepted_domain", domain="Grüppen.contoso.com", type="InternalRelay")
    assert first.returncode == 0, first.output
    assert "xn--grppen-4ya.contoso.com" in lab.world.view()["exchange"]["accepted_domains"]
    again = ansible.task("exchange", "exchange_accepted_domain", domain="XN--grppen-4ya.contoso.com", type="InternalRelay")
    assert (again.returncode, again.changed) == (0, 0), again.output


def test_wildcards_are_domains_of_exchange_but_never_the_group_domain(lab: Lab, ansible: Ansible) -> None:
    run = ansible.task("exchange", "exchange_accepted_domain", domain="*.fabrikam.com", type="InternalRelay")
    assert run.returncode == 0, run.output
    assert lab.world.view()["exchange"]["accepted_domains"]["*.fabrikam.com"]["domain_type"] == "InternalRelay"


def test_wrong_password(lab: Lab, ansible: Ansible) -> None:
    ansible.vars["ansible_password"] = "not-th3-password"
    before = lab.world.view()
    run = ansible.task("exchange", "exchange_accepted_domain", **INTERNAL_RELAY)
    refused(lab, run, before, "127.0.0.1", f"refused user '{ansible.vars['ansible_user']}'", "ansible_password")
    assert "not-th3-password" not in run.output


def test_wrong_password_at_the_domain_controller(lab: Lab, ansible: Ansible) -> None:
    ansible.vars["hybrid_groups_directory_password"] = "not-th3-password"
    before = lab.world.view()
    run = ansible.run("hybrid_groups")
    refused(lab, run, before, "127.0.0.1", "invalidCredentials", "directory_password")
    assert "not-th3-password" not in run.output


def test_wrong_client_secret(lab: Lab, ansible: Ansible) -> None:
    ansible.vars["hybrid_groups_client_secret"] = "not-th3-secret"
    before = lab.world.view()
    run = ansible.run("hybrid_groups")
    refused(lab, run, before, "client_secret", contoso.CLIENT_ID)
    assert "not-th3-secret" not in run.output


def test_expired_certificate(tmp_path: pathlib.Path) -> None:
    with Lab(tmp_path / "lab", expired=True) as lab:
        ansible = Ansible(lab, tmp_path)
        ansible.host_vars("exchange").update(
            ansible_cmdlet_scheme="https",
            ansible_cmdlet_port=lab.exchange_tls.port,
            ansible_cmdlet_ca_cert=str(lab.authority.ca_file),
        )
        before = lab.world.view()
        run = ansible.task("exchange", "exchange_accepted_domain", **INTERNAL_RELAY)
        refused(lab, run, before, f"https://127.0.0.1:{lab.exchange_tls.port}/PowerShell", "certificate has expired", "renew")


def test_unknown_authority(lab: Lab, ansible: Ansible) -> None:
    ansible.host_vars("exchange").update(ansible_cmdlet_scheme="https", ansible_cmdlet_port=lab.exchange_tls.port)
    before = lab.world.view()
    run = ansible.task("exchange", "exchange_accepted_domain", **INTERNAL_RELAY)
    refused(lab, run, before, "certificate verify failed", "ansible_cmdlet_ca_cert")


@pytest.mark.parametrize("host", ["127.0.0.1", "ex1.invalid"], ids=["nobody listens", "no such name"])
def test_unreachable_host(lab: Lab, ansible: Ansible, host: str) -> None:
    ansible.host_vars("exchange").update(ansible_host=host, ansible_cmdlet_port=1)
    before = lab.world.view()
    run = ansible.task("exchange", "exchange_accepted_domain", **INTERNAL_RELAY)
    refused(lab, run, before, f"cannot reach {host} (http://{host}:1/PowerShell")


def test_a_parameter_the_servers_version_does_not_know(lab: Lab, ansible: Ansible) -> None:
    lab.world.exchange.servers["EX1"].version = "15.0.1497.2"  # 2013 CU23; MatchSubDomains came with 2016
    before = lab.world.view()
    run = ansible.task("exchange", "exchange_accepted_domain", **INTERNAL_RELAY, match_subdomains=True)
    refused(lab, run, before, "match_subdomains:", "Exchange Server 2016", "Exchange Server 2013")


def test_a_user_without_a_role(lab: Lab, ansible: Ansible) -> None:
    ansible.vars.update(ansible_user=f"{contoso.USER}@{contoso.AD_DOMAIN}", ansible_password=contoso.USER_PASSWORD)
    before = lab.world.view()
    run = ansible.run("hybrid_groups", "--tags", "group_writeback")
    refused(lab, run, before, contoso.WRITEBACK_OU, "insufficientAccessRights", "directory_user")


@pytest.mark.parametrize("ansible", ["psrp", "winrm"], indirect=True)
def test_a_user_without_any_exchange_role(lab: Lab, ansible: Ansible) -> None:
    ansible.vars.update(ansible_user=f"{contoso.USER}@{contoso.AD_DOMAIN}", ansible_password=contoso.USER_PASSWORD)
    before = lab.world.view()
    run = ansible.task("exchange", "exchange_accepted_domain", **INTERNAL_RELAY)
    refused(lab, run, before, "isn't assigned to any management roles", "role")
    assert run.failure.count("jdoe") >= 1
