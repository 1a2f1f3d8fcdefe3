# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's DNS and Microsoft 365 on loopback, without the Windows hosts."""

from __future__ import annotations

import pathlib
import threading
import types
import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from lab import contoso
from lab.certificates import CertificateAuthority
from lab.cloud.server import CloudServer
from lab.cloud.tenant import TenantState
from lab.dns.server import DnsServer, DnsState
from lab.traffic import Traffic

if t.TYPE_CHECKING:
    from collections.abc import Iterator

RESOLVER = "127.0.0.3"
INTERNAL = "127.0.0.4"


class CloudLab:
    """Name servers 127.0.0.1 (primary) and 127.0.0.2, resolver 127.0.0.3, Graph with its sign-in.

    127.0.0.4 is the DNS server that on-premises servers use: a resolver with the zones of ``world.internal_dns`` of its own.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.authority = CertificateAuthority(directory)
        self.traffic = Traffic()
        self.world: t.Any = types.SimpleNamespace(lock=threading.RLock(), dns=None, tenant=None)
        self.reset()
        self.dns = DnsServer(self.world, traffic=self.traffic, addresses=("127.0.0.1", "127.0.0.2"))
        self.resolver = DnsServer(
            self.world,
            traffic=self.traffic,
            name="resolver",
            addresses=(RESOLVER,),
            port=self.dns.port,
            recursive=True,
        )
        self.internal = DnsServer(
            self.world,
            traffic=self.traffic,
            name="internal",
            addresses=(INTERNAL,),
            port=self.dns.port,
            recursive=True,
            own=lambda: t.cast(DnsState, self.world.internal_dns),
        )
        tls = self.authority.server_context("localhost", "127.0.0.1")
        self.cloud = CloudServer(self.world, traffic=self.traffic, tls=tls)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.cloud.port}"

    def reset(self) -> None:
        self.world.dns = DnsState.seed()
        self.world.internal_dns = DnsState({})
        self.world.tenant = TenantState.seed()
        self.traffic.reset()

    def values(self, name: str, rdtype: str) -> list[str]:
        """What the primary has."""
        return t.cast("list[str]", self.world.dns.values(name, rdtype))

    def graph_options(self, **changes: t.Any) -> dict[str, t.Any]:
        """The modules' options for this tenant."""
        return {
            "tenant_id": contoso.TENANT,
            "client_id": contoso.CLIENT_ID,
            "client_secret": contoso.CLIENT_SECRET,
            "cloud": "global",
            "authority_url": self.url,
            "graph_url": self.url,
            "graph_ca_cert": str(self.authority.ca_file),
            "graph_timeout": 10,
            **changes,
        }

    def dns_options(self, **changes: t.Any) -> dict[str, t.Any]:
        """The options of group_domain_dns for these servers."""
        return {
            "domain": contoso.GROUP_DOMAIN,
            "provider": "rfc2136",
            "server": "127.0.0.1",
            "dns_port": self.dns.port,
            "tsig_key_name": contoso.TSIG_KEY_NAME,
            "tsig_secret": contoso.TSIG_SECRET,
            "resolvers": [RESOLVER],
            "timeout": 0.2,
            "wait_timeout": 10,
            **changes,
        }


@pytest.fixture(scope="session")
def started_cloud_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudLab]:
    lab = CloudLab(tmp_path_factory.mktemp("cloud"))
    servers = (lab.dns, lab.resolver, lab.internal, lab.cloud)
    for server in servers:
        server.start()
    yield lab
    for server in servers:
        server.stop()


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat soon: nothing here needs time to recover."""
    monkeypatch.setitem(t.cast("dict[str, t.Any]", Deadline.__init__.__kwdefaults__), "first_pause", 0.01)


@pytest.fixture
def cloud_lab(started_cloud_lab: CloudLab) -> CloudLab:
    """The lab at its beginning."""
    started_cloud_lab.reset()
    return started_cloud_lab
