# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSMan endpoint: the wire in front of the modelled Windows servers.

HTTP and authentication (``http``, ``security``), WS-Management messages (``soap``), shells (``shells``), PowerShell remoting
(``psrp``), values (``wire``), command lines (``winrs``) with a stand-in for PowerShell (``host_script``). :class:`WsmanServer`
is all the lab needs of it.
"""

from __future__ import annotations

import ssl
import sys
import threading
import traceback
import typing as t
import xml.etree.ElementTree as ET

from lab.powershell.objects import CommandHost
from lab.traffic import Dropped, Traffic
from lab.wsman import psrp, security, soap, winrs
from lab.wsman.http import HttpServer
from lab.wsman.shells import Shell, ShellTable, Workers


class WsmanServer:
    """One listener with its configurations (session endpoints).

    :param configurations: name to the cmdlets behind it, such as Microsoft.Exchange
    :param program: what a command line of a WinRS shell starts; None: there is no such shell, as on Exchange's endpoint
    :param path: of the URL: ``/PowerShell`` on Exchange, ``/wsman`` elsewhere
    :param accounts: sAMAccountName to password; ``DOMAIN\\user`` and ``user@realm`` log on too
    :param traffic: told of each authenticated request under ``name``; ``<name>.sessions``, ``<name>.http_requests``,
        ``<name>.bytes_in`` and ``<name>.bytes_out`` are counted besides
    :param authentication: schemes in the order they are offered: Kerberos, Negotiate, NTLM, CredSSP, Basic, Certificate
    :param channel_binding: see :class:`lab.wsman.security.Policy`, as the next
    :param tls: HTTPS when given; without it only sealed bodies are taken
    :param rich: send nested objects as objects; otherwise as text, as remoting does
    :param session_delay: seconds a new session takes
    :param max_shells: how many shells a user may have open
    :raises OSError: the port is taken
    """

    def __init__(
        self,
        configurations: t.Mapping[str, CommandHost],
        *,
        path: str,
        accounts: t.Mapping[str, str],
        traffic: Traffic,
        name: str,
        program: winrs.Program | None = None,
        authentication: t.Sequence[str] = ("Negotiate",),
        tls: ssl.SSLContext | None = None,
        channel_binding: bytes | None = None,
        certificates: t.Mapping[str, str] | None = None,
        rich: bool = False,
        session_delay: float = 0.0,
        max_shells: int = 18,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._accounts = dict(accounts)
        self._traffic = traffic
        self._name = name
        self._session_delay = session_delay
        self._stopping = threading.Event()
        self._started = False
        self._workers = Workers()
        open_runspace = psrp.opener(
            configurations,
            rich=rich,
            workers=self._workers,
            note=lambda commands: traffic.note_pipeline(name, commands),
        )
        open_winrs = winrs.opener(program, self._workers) if program else None

        def open_shell(request: soap.Request, shell_id: str, user: str) -> Shell:
            wants_winrs = open_winrs is not None and request.resource_uri.casefold() == winrs.RESOURCE_URI
            shell = (open_winrs if wants_winrs else open_runspace)(request, shell_id, user)
            traffic.count(f"{name}.sessions")
            return shell

        # assumed: Exchange's own endpoint does not list shells.
        lists_shells = path.strip("/").lower() == "wsman"
        self._shells = ShellTable(open_shell, max_shells=max_shells, before_create=self._delay, lists_shells=lists_shells)
        self._http = HttpServer(
            (address, port),
            path=path,
            accounts=security.Accounts(accounts),
            policy=security.Policy(tuple(authentication), channel_binding, certificates or {}),
            tls=tls,
            respond=self._respond,
            count=lambda what, amount: traffic.count(f"{name}.{what}", amount),
        )

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        return int(self._http.server_address[1])

    @property
    def open_shells(self) -> int:
        """How many shells clients hold open."""
        return len(self._shells)

    def wait_for_shells(self, count: int, timeout: float) -> bool:
        """Wait until clients hold so many shells open; False when that does not happen within ``timeout`` seconds."""
        return self._shells.wait_for(count, timeout)

    def pass_time(self, seconds: float) -> None:
        """Be so much later; shells of which nothing was asked for their idle time-out end."""
        self._shells.pass_time(seconds)

    def close_shells(self) -> None:
        """End all sessions, as a restart of the service does."""
        self._shells.close_all()

    def start(self) -> None:
        """:raises ValueError: another running server knows an account by another password"""
        security.ntlm_accounts.add(self._accounts)
        self._started = True
        self._http.start()

    def stop(self) -> None:
        """Close listener, shells and connections; returns when all threads have ended.

        :raises RuntimeError: a cmdlet does not end
        """
        self._stopping.set()
        self._shells.close_all()
        self._http.stop()
        self._shells.close_all()  # what a request opened in between
        if self._started:
            self._started = False
            security.ntlm_accounts.remove(self._accounts)
        self._workers.join()

    def _delay(self) -> None:
        if self._stopping.wait(self._session_delay):
            raise Dropped(f"{self._name} is stopping")

    def _respond(self, user: str, message: bytes) -> tuple[int, bytes]:
        """Carry out one request of an authenticated user.

        :raises Dropped: the connection is to be cut
        """
        relates_to = ""
        ticket = 0
        try:
            request = soap.parse(message)
            relates_to = request.message_id
            ticket = self._traffic.arrive(self._name, request.operation)
            status, reply = 200, soap.answer(request, self._perform(request, user))
        except ET.ParseError as exc:
            status, reply = 500, soap.schema_validation(str(exc)).envelope(relates_to, self._name)
        except soap.Fault as fault:
            status, reply = 500, fault.envelope(relates_to, self._name)
        self._traffic.answer(ticket)
        return status, reply

    def _perform(self, request: soap.Request, user: str) -> str:
        try:
            return self._shells.perform(request, user)
        except (soap.Fault, Dropped):
            raise
        except Exception as exc:  # a bug of the lab: seen by whoever runs the test, on both sides
            traceback.print_exc(file=sys.stderr)
            raise soap.internal_error(repr(exc)) from exc
