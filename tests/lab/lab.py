# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All servers of the lab together, on loopback."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

from lab import contoso
from lab.adsync.endpoint import ConnectHost
from lab.certificates import CertificateAuthority
from lab.cloud.server import CloudServer
from lab.dns.server import DnsServer
from lab.exchange.endpoint import ExchangeHost
from lab.ldap.server import LdapServer
from lab.mail.network import MailNetwork
from lab.traffic import Traffic
from lab.world import World
from lab.wsman import WsmanServer
from lab.wsman.host_script import PowerShellStandIn


class Lab:
    """The contoso organization with its servers; a context manager that starts and stops them.

    :param directory: for certificates; created when missing
    :param rich: send nested objects as objects instead of flattened to text
    :param session_delay: seconds a Windows host takes to open a session
    :param expired: the Exchange server's certificate has run out
    """

    NAME_SERVERS = ("127.0.0.1", "127.0.0.2")
    RESOLVER = "127.0.0.3"

    def __init__(self, directory: pathlib.Path, *, rich: bool = False, session_delay: float = 0.0, expired: bool = False) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.world = World()
        self.traffic = Traffic()
        self.authority = CertificateAuthority(directory)
        self._beginning = self.world.snapshot()
        self._running = contextlib.ExitStack()

        accounts = {contoso.ADMIN: contoso.ADMIN_PASSWORD, contoso.USER: contoso.USER_PASSWORD}
        self.exchange_host = ExchangeHost(self.world)
        exchange = {"Microsoft.Exchange": self.exchange_host}
        windows: dict[str, t.Any] = {
            "accounts": accounts,
            "traffic": self.traffic,
            "rich": rich,
            "session_delay": session_delay,
        }
        names = ("localhost", "127.0.0.1")
        self.exchange = WsmanServer(exchange, path="/PowerShell", name="exchange", **windows)
        self.exchange_tls = WsmanServer(
            exchange,
            path="/PowerShell",
            name="exchange",
            authentication=("Negotiate", "Basic"),
            tls=self.authority.server_context(*names, expired=expired),
            **windows,
        )
        program = PowerShellStandIn(exchange=self.exchange_host)
        self.exchange_winrm = WsmanServer({}, path="/wsman", name="exchange", program=program, **windows)
        self.exchange_winrm_tls = WsmanServer(
            {},
            path="/wsman",
            name="exchange",
            program=program,
            authentication=("Negotiate", "Basic"),
            tls=self.authority.server_context(*names),
            **windows,
        )
        connect = ConnectHost(self.world)
        program = PowerShellStandIn(cmdlets=connect)
        self.connect = WsmanServer({"Microsoft.PowerShell": connect}, path="/wsman", name="connect", program=program, **windows)
        self.connect_tls = WsmanServer(
            {"Microsoft.PowerShell": connect},
            path="/wsman",
            name="connect",
            program=program,
            authentication=("Negotiate", "Basic"),
            tls=self.authority.server_context(*names),
            **windows,
        )
        tls = self.authority.server_context(contoso.DC_HOST, *names)
        self.ldap = LdapServer(self.world, traffic=self.traffic, tls=tls, ldaps=False)
        self.ldaps = LdapServer(self.world, traffic=self.traffic, tls=tls, ldaps=True)
        self.dns = DnsServer(self.world, traffic=self.traffic, addresses=self.NAME_SERVERS)
        self.resolver: DnsServer | None = None
        self.mail = MailNetwork(self.world, self.authority, names)
        self.cloud = CloudServer(self.world, traffic=self.traffic, tls=self.authority.server_context(*names), post=self.mail.post)

    @property
    def windows(self) -> tuple[WsmanServer, ...]:
        """The listeners of the Windows hosts."""
        return (
            self.exchange,
            self.exchange_tls,
            self.exchange_winrm,
            self.exchange_winrm_tls,
            self.connect,
            self.connect_tls,
        )

    def __enter__(self) -> Lab:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> None:
        with contextlib.ExitStack() as stack:
            for server in (*self.windows, self.ldap, self.ldaps, self.dns, self.mail, self.cloud):
                server.start()
                stack.callback(server.stop)
            # The same port as the name servers, because a client finds those by NS and address records, without a port.
            self.resolver = DnsServer(
                self.world, traffic=self.traffic, name="resolver", addresses=(self.RESOLVER,), port=self.dns.port, recursive=True
            )
            self.resolver.start()
            stack.callback(self.resolver.stop)
            self._running = stack.pop_all()

    def stop(self) -> None:
        self._running.close()

    def reset(self) -> None:
        """Back to the beginning: state, sessions, counters, faults."""
        for server in self.windows:
            server.close_shells()
        self.mail.settle()
        self.world.restore(self._beginning)
        self.exchange_host.calls.clear()
        self.traffic.reset()

    def inventory(self) -> dict[str, t.Any]:
        """An Ansible inventory of the lab, as an organization that manages its servers over WinRM already would have."""
        return {
            "all": {
                "vars": {"ansible_connection": "winrm", **self._variables(), **self._verification()},
                "children": {
                    "exchange": {
                        "hosts": {
                            contoso.EXCHANGE_HOST: {
                                "ansible_host": "127.0.0.1",
                                "ansible_cmdlet_port": self.exchange.port,
                                "ansible_cmdlet_auth": "ntlm",
                            }
                        }
                    },
                    "adsync": {
                        "hosts": {
                            contoso.CONNECT_HOST: {
                                "ansible_host": "127.0.0.1",
                                "ansible_port": self.connect.port,
                                "ansible_winrm_scheme": "http",
                                "ansible_winrm_transport": "ntlm",
                            }
                        }
                    },
                    "domain_controllers": {"hosts": {contoso.DC_HOST: {"ansible_host": "127.0.0.1"}}},
                },
            }
        }

    def organization(self) -> dict[str, t.Any]:
        """The variables of a host that stands for the whole organization, in an inventory of many."""
        return {
            **self._variables(),
            **self._verification(),
            "ansible_cmdlet_exchange_host": "127.0.0.1",
            "ansible_cmdlet_exchange_port": self.exchange.port,
            "ansible_cmdlet_exchange_auth": "ntlm",
            "ansible_cmdlet_windows_host": "127.0.0.1",
            "ansible_cmdlet_windows_port": self.connect.port,
            "ansible_cmdlet_windows_auth": "ntlm",
            "hybrid_groups_domain_controller": "127.0.0.1",
        }

    def _variables(self) -> dict[str, t.Any]:
        """What the playbooks need to know of the organization."""
        return {
            "ansible_user": f"{contoso.ADMIN}@{contoso.AD_DOMAIN}",
            "ansible_password": contoso.ADMIN_PASSWORD,
            "hybrid_groups_domain": contoso.GROUP_DOMAIN,
            "hybrid_groups_writeback_ou": contoso.WRITEBACK_OU,
            "hybrid_groups_send_connector": "Outbound to Office 365",
            "hybrid_groups_tenant_id": contoso.TENANT_ID,
            "hybrid_groups_client_id": contoso.CLIENT_ID,
            "hybrid_groups_client_secret": contoso.CLIENT_SECRET,
            "hybrid_groups_dns_provider": "rfc2136",
            "hybrid_groups_dns_server": self.NAME_SERVERS[0],
            "hybrid_groups_dns_tsig_key_name": contoso.TSIG_KEY_NAME,
            "hybrid_groups_dns_tsig_secret": contoso.TSIG_SECRET,
            "hybrid_groups_dns_tsig_algorithm": contoso.TSIG_ALGORITHM,
            # The lab's ports and certificates; a real inventory needs none of these.
            "hybrid_groups_dns_port": self.dns.port,
            "hybrid_groups_dns_resolvers": [self.RESOLVER],
            "hybrid_groups_authority_url": f"https://localhost:{self.cloud.port}",
            "hybrid_groups_graph_url": f"https://localhost:{self.cloud.port}/v1.0",
            "hybrid_groups_graph_ca_cert": str(self.authority.ca_file),
            "hybrid_groups_directory_port": self.ldaps.port,
            "hybrid_groups_directory_ca_cert": str(self.authority.ca_file),
        }

    def _verification(self) -> dict[str, t.Any]:
        """What the role verify needs besides."""
        return {
            "hybrid_groups_verify_group": contoso.VERIFICATION_GROUP,
            "hybrid_groups_verify_on_premises_mailbox": contoso.ON_PREMISES_MAILBOX,
            "hybrid_groups_verify_cloud_mailbox": contoso.CLOUD_USER,
            "hybrid_groups_verify_moved_mailbox": contoso.MOVED_MAILBOX,
            "hybrid_groups_verify_smtp_user": f"{contoso.USER}@{contoso.AD_DOMAIN}",
            "hybrid_groups_verify_smtp_password": contoso.USER_PASSWORD,
            "hybrid_groups_verify_smtp_host": "localhost",
            "hybrid_groups_verify_smtp_port": self.mail.submission_port,
            "hybrid_groups_verify_smtp_ca_cert": str(self.authority.ca_file),
            "hybrid_groups_verify_wait_timeout": 20,
        }
