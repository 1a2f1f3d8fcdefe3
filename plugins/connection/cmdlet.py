# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cmdlet
short_description: Run cmdlets on Exchange servers and other Windows hosts from Python
version_added: 0.1.0
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
description:
  - Holds a PowerShell remoting session to a Windows host, in a process of its own, for all tasks of a play.
  - The modules of this collection use it by themselves, whatever connection the inventory names for the host. There is nothing
    to configure when the host's address, user and password are in the inventory.
  - Only cmdlets with parameters are run, never script text.
  - Each variable C(ansible_cmdlet_*) can be given for one endpoint alone, as C(ansible_cmdlet_exchange_*) or
    C(ansible_cmdlet_windows_*), such as C(ansible_cmdlet_exchange_port).
requirements:
  - pypsrp for O(transport=psrp), pypsrp[kerberos] for Kerberos, requests-credssp for CredSSP
  - pywinrm for O(transport=winrm), pywinrm[kerberos] and C(kinit) for Kerberos, requests-credssp for CredSSP
options:
  endpoint:
    description:
      - Which endpoint of the host to talk to. The modules choose it.
      - V(exchange) is Exchange's PowerShell virtual directory, V(windows) the host's WinRM listener.
    type: str
    choices: [exchange, windows]
    default: exchange
    vars:
      - name: ansible_cmdlet_endpoint
  transport:
    description:
      - How the session is carried.
      - V(psrp) is PowerShell remoting.
      - V(winrm) is one PowerShell process on the host, started through its WinRM listener. For the endpoint V(exchange) it loads
        the Exchange Management Shell, so it works where the server's remote PowerShell is withdrawn. The logon has to be one
        that can be passed on; see O(delegate).
    type: str
    choices: [psrp, winrm]
    default: psrp
    vars:
      - name: ansible_cmdlet_transport
  host:
    description:
      - Address of the host. Kerberos needs its name, not its IP address.
    type: str
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_winrm_host
      - name: ansible_psrp_host
      - name: ansible_cmdlet_host
  remote_user:
    description:
      - User to log on as. For Kerberos in the form V(user@REALM); leave it out to use the ticket in the credential cache.
    type: str
    vars:
      - name: ansible_user
      - name: ansible_winrm_user
      - name: ansible_psrp_user
      - name: ansible_cmdlet_user
    keyword:
      - name: remote_user
  remote_password:
    description:
      - Password of the user.
    type: str
    vars:
      - name: ansible_password
      - name: ansible_winrm_pass
      - name: ansible_winrm_password
      - name: ansible_psrp_password
      - name: ansible_cmdlet_password
  uri:
    description:
      - The whole address of the endpoint, for example V(https://mail.contoso.com/PowerShell/).
      - Wins over O(host), O(scheme), O(port) and O(path).
    type: str
    vars:
      - name: ansible_cmdlet_uri
  scheme:
    description:
      - V(http) or V(https). With V(http), messages are sealed by the authentication.
      - By default what the inventory says for WinRM (endpoint V(windows)), else V(http), as Exchange's setup makes it.
    type: str
    choices: [http, https]
    vars:
      - name: ansible_cmdlet_scheme
  port:
    description:
      - Port of the endpoint. By default 80 or 443 for V(exchange) with O(transport=psrp).
      - Otherwise what the inventory says for WinRM, else 5985 or 5986.
    type: int
    vars:
      - name: ansible_cmdlet_port
  path:
    description:
      - Path of the endpoint. By default V(PowerShell) for V(exchange), V(wsman) for V(windows).
    type: str
    vars:
      - name: ansible_cmdlet_path
  configuration:
    description:
      - Session configuration. By default V(Microsoft.Exchange) or V(Microsoft.PowerShell).
    type: str
    vars:
      - name: ansible_cmdlet_configuration
  auth:
    description:
      - Authentication. By default V(kerberos) for V(exchange), which is all that Exchange's setup allows there; for V(windows)
        what the inventory says for WinRM, else V(negotiate).
      - With O(transport=winrm) what the inventory says for WinRM, else V(kerberos); V(negotiate) is not possible there.
      - V(basic) and V(certificate) need O(scheme=https).
    type: str
    choices: [kerberos, negotiate, ntlm, basic, credssp, certificate]
    vars:
      - name: ansible_cmdlet_auth
  keytab:
    description:
      - Keytab with the key of the user, instead of a password, for Kerberos. Needs C(kinit).
    type: path
    vars:
      - name: ansible_cmdlet_keytab
  ccache:
    description:
      - Credential cache with tickets to use for Kerberos, such as V(/run/krb5/svc) or V(FILE:/run/krb5/svc).
      - Without it, and without password and keytab, Kerberos' own default is used, so the environment variable E(KRB5CCNAME).
    type: str
    vars:
      - name: ansible_cmdlet_ccache
  delegate:
    description:
      - Pass the Kerberos logon on, so that cmdlets on the host may log on to further servers as the user. Active Directory must
        allow it for the host, and the ticket must be forwardable.
    type: bool
    default: false
    vars:
      - name: ansible_winrm_kerberos_delegation
      - name: ansible_psrp_negotiate_delegate
      - name: ansible_cmdlet_delegate
  certificate_pem:
    description:
      - File with the client's certificate in PEM form, for O(auth=certificate).
    type: path
    vars:
      - name: ansible_winrm_cert_pem
      - name: ansible_psrp_certificate_pem
      - name: ansible_cmdlet_certificate_pem
  certificate_key_pem:
    description:
      - File with the key of the client's certificate in PEM form, for O(auth=certificate).
    type: path
    vars:
      - name: ansible_winrm_cert_key_pem
      - name: ansible_psrp_certificate_key_pem
      - name: ansible_cmdlet_certificate_key_pem
  proxy:
    description:
      - URL of a proxy to go through. Without it none is used, whatever the environment says.
    type: str
    vars:
      - name: ansible_cmdlet_proxy
  kerberos_hostname:
    description:
      - Host name in the service principal name, when it differs from the address.
    type: str
    vars:
      - name: ansible_winrm_kerberos_hostname_override
      - name: ansible_psrp_negotiate_hostname_override
      - name: ansible_cmdlet_kerberos_hostname
  cert_validation:
    description:
      - Whether the server's certificate is checked.
    type: str
    choices: [validate, ignore]
    default: validate
    vars:
      - name: ansible_winrm_server_cert_validation
      - name: ansible_psrp_cert_validation
      - name: ansible_cmdlet_cert_validation
  ca_cert:
    description:
      - File with the certificates of the authorities to trust, in PEM form.
    type: path
    vars:
      - name: ansible_winrm_ca_trust_path
      - name: ansible_psrp_ca_cert
      - name: ansible_cmdlet_ca_cert
  connection_timeout:
    description:
      - Seconds to wait for the TCP connection.
    type: int
    default: 30
    vars:
      - name: ansible_winrm_connection_timeout
      - name: ansible_psrp_connection_timeout
      - name: ansible_cmdlet_connection_timeout
  operation_timeout:
    description:
      - Seconds after which the server answers that a cmdlet is still running; the plugin then asks again.
    type: int
    default: 20
    vars:
      - name: ansible_winrm_operation_timeout_sec
      - name: ansible_psrp_operation_timeout
      - name: ansible_cmdlet_operation_timeout
  read_timeout:
    description:
      - Seconds to wait for an answer; at least five more than the operation timeout.
    type: int
    default: 30
    vars:
      - name: ansible_winrm_read_timeout_sec
      - name: ansible_psrp_read_timeout
      - name: ansible_cmdlet_read_timeout
  idle_timeout:
    description:
      - Seconds after which the server may drop the session when nothing is asked of it.
    type: int
    default: 900
    vars:
      - name: ansible_cmdlet_idle_timeout
  inventory_scheme:
    description: What the inventory says for winrm or psrp. For the endpoint V(windows) only.
    type: str
    vars:
      - name: ansible_winrm_scheme
      - name: ansible_psrp_protocol
  inventory_port:
    description: What the inventory says for winrm or psrp. For the endpoint V(windows) only.
    type: int
    vars:
      - name: ansible_port
      - name: ansible_winrm_port
      - name: ansible_psrp_port
  inventory_path:
    description: What the inventory says for winrm or psrp. For the endpoint V(windows) only.
    type: str
    vars:
      - name: ansible_winrm_path
      - name: ansible_psrp_path
  inventory_configuration:
    description:
      - What the inventory says for psrp. When it is V(Microsoft.Exchange), the other O(inventory_port) and the like are about the
        endpoint V(exchange).
    type: str
    vars:
      - name: ansible_psrp_configuration_name
  inventory_auth:
    description: What the inventory says for winrm or psrp. For the endpoint V(windows) only.
    type: raw
    vars:
      - name: ansible_winrm_transport
      - name: ansible_psrp_auth
  persistent_connect_timeout:
    description:
      - Seconds the process waits for the next task before it closes the session. It ends with the play in any case.
    type: int
    default: 300
    vars:
      - name: ansible_cmdlet_process_idle_timeout
  persistent_command_timeout:
    description:
      - Seconds a single request of a module may take.
    type: int
    default: 600
    vars:
      - name: ansible_cmdlet_command_timeout
  persistent_log_messages:
    description:
      - Required by Ansible. There is deliberately no way to turn it on, since it would write secrets to the log.
    type: bool
    default: false
"""

import json
import os
import select
import signal
import threading
import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.connection import ConnectionError
from ansible.plugins.connection import NetworkConnectionBase
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import SessionError, decode
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session_process import SessionProcessError, start
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._target import TargetError, resolve

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Session, Target

display = Display()


class Connection(NetworkConnectionBase):
    """In a worker: finds or starts the process that holds the session. In that process: the session's JSON-RPC surface."""

    transport = "exchange.hybrid_groups.cmdlet"
    has_pipelining = True
    # Otherwise core starts its helper for every task just to look whether the socket is there: 0.9 s of CPU each.
    force_persistence = False

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._task_uuid = kwargs.get("task_uuid")
        self._session: Session | None = None
        # Set by this collection's action plugins: their modules run on the control node. Everything else is meant for Windows.
        self.runs_module_here = False

    # In a worker

    @property
    def socket_path(self) -> str:
        """The socket of the process that holds the session; started when there is none yet."""
        if not self._socket_path:
            try:
                self._socket_path = start(
                    self._play_context,
                    self._socket_name(),
                    self.get_options(),
                    task_uuid=self._task_uuid,
                    playbook_pid=self._ansible_playbook_pid,
                )
            except SessionProcessError as exc:
                raise AnsibleConnectionFailure(str(exc)) from None
        return self._socket_path

    def _socket_name(self) -> str:
        """As core names it, and looks for it."""
        context = self._play_context
        ssh = connection_loader.get("ssh", class_only=True)
        path = ssh._create_control_path(
            context.remote_addr, context.port, context.remote_user, context.connection, self._ansible_playbook_pid
        )
        return str(path).rpartition("/")[2]

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        self._only_for_own_modules()
        return super().exec_command(cmd, in_data, sudoable)

    def put_file(self, in_path: str, out_path: str) -> None:
        self._only_for_own_modules()
        super().put_file(in_path, out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        self._only_for_own_modules()
        super().fetch_file(in_path, out_path)

    def _only_for_own_modules(self) -> None:
        """Refuse what the base class would do on the control node instead."""
        if not self.runs_module_here:
            raise AnsibleConnectionFailure(
                f"the connection {self.transport} runs cmdlets for the modules of its collection, no commands, scripts or file "
                "transfers: set ansible_connection to winrm or psrp, which those modules can use as well"
            )

    # In the process of its own; what a module may call takes and gives JSON

    def describe(self) -> str:
        """Where the session goes, without secrets; needs neither the host nor the transport's library."""
        target = self._target()
        return json.dumps(
            {
                "host": target.host,
                "transport": target.transport,
                "url": target.url,
                "configuration": target.configuration if target.transport == "psrp" else None,
                "auth": target.auth,
                "username": target.username,
            }
        )

    def server(self) -> str:
        """What the far end says of its PowerShell."""
        session = self._opened()
        return self._answer(session.server)

    def invoke_pipeline(self, commands: list[tuple[str, dict[str, t.Any]]]) -> str:
        """Run one pipeline; a result as :class:`CmdletResult` gives it."""
        session = self._opened()
        return self._answer(lambda: session.invoke_pipeline([(name, decode(p)) for name, p in commands]).to_dict())

    def invoke_many(self, calls: list[tuple[str, dict[str, t.Any]]]) -> str:
        """Run several reads; a list of results."""
        session = self._opened()
        return self._answer(
            lambda: [result.to_dict() for result in session.invoke_many([(name, decode(p)) for name, p in calls])]
        )

    def reset(self) -> None:
        """Called by Ansible at the end of the play."""
        self.close()

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
        super().close()

    def _connect(self) -> Connection:
        # The base class wants it; the session opens at the first call, in the other process.
        return self

    def _opened(self) -> Session:
        if self._session is None:
            target = self._target()
            self._session = _session_class(target.transport)(target)
            _end_with(self._ansible_playbook_pid)
        return self._session

    def _target(self) -> Target:
        try:
            return resolve(self.get_options())
        except TargetError as exc:
            raise ConnectionError(str(exc)) from exc

    def _answer(self, work: Callable[[], t.Any]) -> str:
        try:
            return json.dumps(work())
        except SessionError as exc:
            raise ConnectionError(str(exc)) from exc


def _session_class(transport: str) -> type[Session]:
    """The transport's class. Its library is slow to import, and needed in the session's process only."""
    session_class: type[Session]
    if transport == "winrm":
        from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _winrm

        library, missing, session_class = "pywinrm", _winrm.IMPORT_ERROR, _winrm.WinrmSession
    else:
        from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _psrp

        library, missing, session_class = "pypsrp", _psrp.IMPORT_ERROR, _psrp.PsrpSession
    if missing is not None:
        raise ConnectionError(f"the Python package {library} is needed on the control node: {missing}") from missing
    return session_class


def _end_with(playbook_pid: str | None) -> None:
    """End this process, and so the session, when ansible-playbook dies without saying so."""
    if not playbook_pid or not hasattr(os, "pidfd_open"):
        return
    try:
        descriptor = os.pidfd_open(int(playbook_pid))
    except ProcessLookupError:  # it is dead already, and this is the last task of its that still runs
        os.kill(os.getpid(), signal.SIGTERM)
        return
    except OSError:
        return

    def watch() -> None:
        select.select([descriptor], [], [])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="end-with-playbook").start()
