# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab with what the documentation's examples name: servers, files, secrets, a group with people."""

from __future__ import annotations

import datetime
import json
import pathlib
import typing as t

import dns.tsig
import yaml

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _report
from helpers.ansible_in_process import OURS, InProcess, Outcome
from helpers.application_identity import Identity
from lab import contoso
from lab.cloud.tenant import Domain
from lab.cloud.unified_group import UnifiedGroup
from lab.configured import configure_mail, grant, synchronize
from lab.dns.server import DnsServer, DnsState
from lab.dns.zones import Zone
from lab.lab import Lab

if t.TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, t.Any]

SALES = f"sales@{contoso.GROUP_DOMAIN}"
# Of what the examples call 10.0.0.10 and 10.0.0.11.
INTERNAL_SERVERS = ("127.0.0.4", "127.0.0.5")


_REPORTS_OF = ("contoso", "fabrikam")


class DocumentedLab:
    """Runs examples as a reader would who has put them into a playbook.

    :param ansible: runs them
    :param directory: for playbooks, inventory and files
    """

    def __init__(self, lab: Lab, ansible: InProcess, directory: pathlib.Path) -> None:
        self.lab = lab
        self._ansible = ansible
        self._directory = directory
        self._inventory = directory / "inventory.yml"
        self._files = {
            f"/var/www/reports/{name}.html": directory / f"{name}.html" for name in ("groups", "overview", *_REPORTS_OF)
        }
        self._internal_dns = DnsState({})
        self._application = Identity.make()
        key = dns.tsig.Key("hybrid-groups-internal.", contoso.TSIG_SECRET, contoso.TSIG_ALGORITHM)
        self.internal = DnsServer(
            lab.world,
            traffic=lab.traffic,
            name="internal",
            addresses=INTERNAL_SERVERS,
            port=lab.dns.port,
            recursive=True,
            keyring={key.name: key},
            own=lambda: self._internal_dns,
        )
        self._found_at = {
            "ns1.contoso.com": lab.NAME_SERVERS[0],
            "9.9.9.9": lab.RESOLVER,
            "1.1.1.1": lab.RESOLVER,
            "10.0.0.10": INTERNAL_SERVERS[0],
            "10.0.0.11": INTERNAL_SERVERS[1],
            "mail.contoso.com": "localhost",
            "/etc/pki/contoso-ca.pem": str(lab.authority.ca_file),
            "/etc/ansible/m365.pem": self._application.write(directory / "m365.pem", None),
            **{name: str(path) for name, path in self._files.items()},
        }
        inventory = lab.inventory()
        inventory["all"]["vars"]["hybrid_groups_report"] = str(directory / "report.html")
        inventory["all"]["vars"].update(_SECRETS, **_FOUND)
        self._inventory.write_text(yaml.safe_dump(inventory))

    def reset(self) -> None:
        """Back to the beginning."""
        self.lab.reset()
        self.lab.world.tenant.applications[contoso.CLIENT_ID].certificates.append(self._application.pem)
        self._internal_dns.zones.clear()
        for path in self._files.values():
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)

    def do_the_procedure(self) -> None:
        """To the state after the procedure, with a group that has a member of each kind."""
        world = self.lab.world
        configure_mail(world)
        grant(world)
        members = [f"{contoso.MOVED_USER}@{contoso.AD_DOMAIN}", contoso.CLOUD_USER]
        world.tenant.groups.append(UnifiedGroup("Sales", SALES, members=members, owners=members[1:]))
        synchronize(world)

    def do_the_procedure_without_rights(self) -> None:
        """The same, but the connector account cannot write the group."""
        configure_mail(self.lab.world)
        self.lab.world.tenant.groups.append(UnifiedGroup("Sales", SALES))
        synchronize(self.lab.world)

    def report_on_organizations(self) -> None:
        """Two organizations' reports have been written."""
        time = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        report = _report.build(contoso.GROUP_DOMAIN, {}, time=time, check_mode=False)
        for name in _REPORTS_OF:
            (self._directory / f"{name}.json").write_text(json.dumps(report))

    def verify_the_domain(self) -> None:
        """The tenant uses the group domain for mail."""
        self.lab.world.tenant.domains[contoso.GROUP_DOMAIN] = Domain(contoso.GROUP_DOMAIN, verified=True, services=["Email"])

    def connect_a_partner(self) -> None:
        """There is a Send connector to Fabrikam."""
        self.lab.world.exchange.add_send_connector("To Fabrikam", ["fabrikam.com"])

    def sign_in(self) -> None:
        """Somebody enters the device code that was shown, and signs in."""
        for code in self.lab.world.tenant.device_codes.values():
            code.status = ""

    def publish_verification(self) -> None:
        """Somebody publishes the record that proves ownership of the group domain."""
        domain = self.lab.world.tenant.domains[contoso.GROUP_DOMAIN]
        self.lab.world.dns.zones["contoso.com."].add(f"{domain.name}.", "TXT", f'"{domain.verification_text}"')

    def withdraw_records(self) -> None:
        """Public DNS has no records of the group domain."""
        self.lab.world.dns = DnsState.seed()

    def publish_records(self) -> None:
        """Somebody publishes the records of the group domain."""
        name, zone = f"{contoso.GROUP_DOMAIN}.", self.lab.world.dns.zones["contoso.com."]
        zone.add(name, "MX", f"0 {self.lab.world.tenant.domains[contoso.GROUP_DOMAIN].mail_exchange}.")
        zone.add(f"autodiscover.{name}", "CNAME", "autodiscover.outlook.com.")

    def have_internal_zone(self) -> None:
        """The internal servers have a zone of their own for the organization's domain."""
        self._internal_dns.zones["contoso.com."] = Zone.new("contoso.com")

    def run(self, tasks: list[Json], *, hosts: str, before: Callable[[str], None] = lambda _task: None) -> list[Outcome]:
        """Run tasks of an example on a group of the inventory.

        :param before: called with the name of each task
        """
        return self.play([{"hosts": hosts, "gather_facts": False, "tasks": tasks}], before=before)

    def play(
        self, plays: list[Json], *, check: bool = False, before: Callable[[str], None] = lambda _task: None
    ) -> list[Outcome]:
        """Run plays as they are, with the lab's inventory."""
        playbook = self._directory / "playbook.yml"
        plays = [self._with_defaults(play) if "hosts" in play else play for play in plays]
        playbook.write_text(yaml.safe_dump(self._here(plays), sort_keys=False))
        return self._ansible.run(playbook, self._inventory, check=check, watch=self._state, before=before)

    @staticmethod
    def hosts_for(action: str) -> str:
        """The group of the inventory that a module's tasks are for."""
        return "adsync" if action.startswith(f"{OURS}adsync") else "exchange"

    def _here(self, value: t.Any) -> t.Any:
        """Data with the addresses and files of this machine in place of those in the examples."""
        if isinstance(value, dict):
            return {name: self._here(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._here(item) for item in value]
        return self._found_at.get(value, value) if isinstance(value, str) else value

    def _with_defaults(self, play: Json) -> Json:
        defaults = self._module_defaults()
        for name, options in play.get("module_defaults", {}).items():
            defaults[name] = {**defaults.get(name, {}), **options}
        return {**play, "module_defaults": defaults}

    def _module_defaults(self) -> Json:
        """The lab's ports, certificates and resolver, which no real playbook needs."""
        lab = self.lab
        url, authority = f"https://localhost:{lab.cloud.port}", str(lab.authority.ca_file)
        graph = {"authority_url": url, "graph_url": url, "graph_ca_cert": authority}
        records = {"dns_port": lab.dns.port, "resolvers": [lab.RESOLVER]}
        ours = "exchange.hybrid_groups"
        return {
            f"group/{ours}.m365": graph,
            f"group/{ours}.adsync": {"directory_port": lab.ldaps.port, "directory_ca_cert": authority},
            f"{ours}.m365_device_login": graph,
            f"{ours}.m365_domain": records,
            f"{ours}.group_domain_dns": records,
            f"{ours}.group_domain_dns_info": records,
            f"{ours}.smtp_mail": {"port": lab.mail.submission_port, "ca_cert": authority},
        }

    def _state(self) -> Json:
        """Everything a module may change."""
        self.lab.mail.settle()
        files = [path.name for path in sorted(self._directory.glob("groups.*"))]
        return {**self.lab.world.view(), "internal_dns": self._internal_dns.view(), "files": files}


# What the examples take out of a vault.
_SECRETS = {
    "vault_password": contoso.ADMIN_PASSWORD,
    "directory_password": contoso.ADMIN_PASSWORD,
    "vault_fabrikam_password": "F4brikam-Lab-Passw0rd",
    "dns_key_secret": contoso.TSIG_SECRET,
    "internal_dns_key_secret": contoso.TSIG_SECRET,
    "m365_client_id": contoso.CLIENT_ID,
    "m365_client_secret": contoso.CLIENT_SECRET,
    "jdoe_password": contoso.USER_PASSWORD,
}
_RECORD_SET = {
    "zone": "contoso.com",
    "name": contoso.GROUP_DOMAIN,
    "record": "groups",
    "type": "MX",
    "ttl": 3600,
    "rdata": ["0 groups-contoso-com.mail.protection.outlook.com."],
}
# What other tasks have found out before.
_FOUND = {
    "configure_dns_to_publish": [_RECORD_SET],
    "configure_dns_to_delete": [_RECORD_SET],
    "hybrid_groups_known_issues": [{"id": "own_copy", "title": "A sender gets a copy", "verdict": "ok"}],
    "verify_results": {
        "settings": {
            "domain": contoso.GROUP_DOMAIN,
            "group": SALES,
            "on_premises_mailbox": contoso.ON_PREMISES_MAILBOX,
            "cloud_mailbox": contoso.CLOUD_USER,
            "moved_mailbox": contoso.MOVED_MAILBOX,
        }
    },
}
