# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role verify without Ansible: its modules in this process, in its order, against the lab, and its filter at the end."""

from __future__ import annotations

import json
import pathlib
import types
import typing as t

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.testing import patch_module_args

from ansible_collections.exchange.hybrid_groups.plugins.modules import (
    adsync_info,
    exchange_mail_flow_info,
    exchange_message_trace,
    m365_group_member,
    m365_group_post_info,
    m365_mail,
    m365_mail_info,
    smtp_mail,
)
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._verification import records
from helpers.connect_modules import Client as ConnectClient
from helpers.exchange_modules import Client
from lab import contoso
from lab.adsync.endpoint import ConnectHost
from lab.certificates import CertificateAuthority
from lab.cloud.server import CloudServer
from lab.exchange.endpoint import ExchangeHost
from lab.mail.network import MailNetwork
from lab.traffic import Traffic
from lab.world import World

Json = dict[str, t.Any]

ON_PREMISES, CLOUD = contoso.ON_PREMISES_MAILBOX, contoso.CLOUD_USER
MOVED = contoso.MOVED_MAILBOX


class MailLab:
    """Both mail systems and Graph, without the wires to the Windows hosts."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.authority = CertificateAuthority(directory)
        self.world = World()
        self._beginning = self.world.snapshot()
        self.mail = MailNetwork(self.world, self.authority)
        tls = self.authority.server_context("localhost")
        self.traffic = Traffic()
        self.cloud = CloudServer(self.world, traffic=self.traffic, tls=tls, post=self.mail.post)

    def start(self) -> None:
        self.mail.start()
        self.cloud.start()

    def stop(self) -> None:
        self.cloud.stop()
        self.mail.stop()

    def reset(self) -> None:
        self.mail.settle()
        self.traffic.reset()
        self.world.restore(self._beginning)

    def submit(self, content: Json) -> Json:
        """Options of smtp_mail for the on-premises mailbox."""
        return {
            "host": "localhost",
            "port": self.mail.submission_port,
            "ca_cert": str(self.authority.ca_file),
            "user": f"{contoso.USER}@{contoso.AD_DOMAIN}",
            "password": contoso.USER_PASSWORD,
            **content,
        }


class Verification:
    """One run of the role.

    :ivar timeout: seconds it waits for what does not come
    """

    timeout = 0

    def __init__(self, lab: MailLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.lab = lab
        self._capsys = capsys
        monkeypatch.setattr(_internal, "is_controller", False)
        client = Client(ExchangeHost(lab.world))
        for module in (exchange_mail_flow_info, exchange_message_trace):
            monkeypatch.setattr(module, "CmdletClient", lambda _module: client)
        monkeypatch.setattr(adsync_info, "CmdletClient", lambda _module: ConnectClient(ConnectHost(lab.world)))

    def module(self, module: types.ModuleType, **options: t.Any) -> Json:
        """Run a module, then wait until mail has come to rest, in place of the role's waiting."""
        with patch_module_args(options), pytest.raises(SystemExit):
            module.main()
        self.lab.mail.settle()
        return t.cast(Json, json.loads(self._capsys.readouterr().out))

    def graph(self, module: types.ModuleType, **options: t.Any) -> Json:
        url = f"https://localhost:{self.lab.cloud.port}"
        settings = {
            "tenant_id": contoso.TENANT,
            "client_id": contoso.CLIENT_ID,
            "client_secret": contoso.CLIENT_SECRET,
            "authority_url": url,
            "graph_url": url,
            "graph_ca_cert": str(self.lab.authority.ca_file),
            "graph_timeout": 5,
        }
        return self.module(module, **settings, **options)

    def member(self, user: str, state: str = "present") -> Json:
        return self.graph(m365_group_member, group=contoso.VERIFICATION_GROUP, user=user, state=state)

    def posts(self, topic: str, sender: str) -> Json:
        return self.graph(m365_group_post_info, group=contoso.VERIFICATION_GROUP, topic=topic, sender=sender)

    def post(self, user: str, subject: str) -> Json:
        return self.graph(m365_mail, user=user, recipient=contoso.VERIFICATION_GROUP, subject=subject, body="A test.")

    def trace(self, sent: Json, subject: str, recipient: str, *events: str) -> Json:
        keys = {name: value for name, value in (("message_id", sent.get("message_id")), ("subject", subject)) if value}
        return self.module(exchange_message_trace, **keys, recipient=recipient, events=list(events), wait_timeout=self.timeout)

    def run(self, name: str = "8f14e45f") -> dict[str, Json]:
        """Both tests; the records by their ids."""
        found: Json = {
            "settings": {
                "domain": contoso.GROUP_DOMAIN,
                "group": contoso.VERIFICATION_GROUP,
                "on_premises_mailbox": ON_PREMISES,
                "cloud_mailbox": CLOUD,
                "moved_mailbox": MOVED,
            },
            "synchronization": self.module(adsync_info),
            "mail_flow": self.module(
                exchange_mail_flow_info,
                domain=contoso.GROUP_DOMAIN,
                group=contoso.VERIFICATION_GROUP,
                mailboxes=[ON_PREMISES, MOVED],
            ),
        }
        people = {"member_on_premises": ON_PREMISES, "member_cloud": CLOUD, "member_moved": MOVED}
        found.update({name: self.member(user) for name, user in people.items()})
        self._first_test(found, f"Test {name}-1")
        self._second_test(found, f"Test {name}-2")
        found["restored"] = [
            self.member(user, "absent") for name, user in people.items() if found[name].get("was_member") is False
        ]
        return {record["id"]: record for record in records(found)}

    def _first_test(self, found: Json, subject: str) -> None:
        found["cloud_mailbox"] = self.graph(m365_mail_info, user=CLOUD)
        found["post"] = self.post(CLOUD, subject)
        found["post_seen"] = self.posts(subject, CLOUD)
        found["arrival"] = self.trace(found["post"], subject, ON_PREMISES, "DELIVER")
        reply = {"sender": ON_PREMISES, "recipient": contoso.VERIFICATION_GROUP, "subject": f"Re: {subject}", "body": "A reply."}
        found["reply"] = self.module(smtp_mail, **self.lab.submit(reply))
        found["departure"] = self.trace(found["reply"], f"Re: {subject}", contoso.VERIFICATION_GROUP, "SENDEXTERNAL", "SEND")
        found["reply_seen"] = self.posts(subject, ON_PREMISES)
        found["reply_copy"] = self.graph(m365_mail_info, user=CLOUD, subject=subject)

    def _second_test(self, found: Json, subject: str) -> None:
        found["moved_mailbox"] = self.graph(m365_mail_info, user=MOVED)
        found["moved_post"] = self.post(MOVED, subject)
        found["moved_post_seen"] = self.posts(subject, MOVED)
        found["moved_arrival"] = self.trace(found["moved_post"], subject, ON_PREMISES, "DELIVER")
