# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wires between the mail servers: ports, certificates, and one thread that carries mail on.

A server takes a message on its SMTP port, answers, and leaves the rest to that thread; so mail moves as it does in
reality, after the sender has got its answer. :meth:`MailNetwork.settle` waits until nothing moves any more.
"""

from __future__ import annotations

import functools
import pathlib
import queue
import sys
import threading
import traceback
import typing as t

from lab.exchange.state import SERVER
from lab.mail import online as exchange_online
from lab.mail import smtp as mail_smtp
from lab.mail.on_premises import OnPremises
from lab.mail.online import ExchangeOnline
from lab.mail.smtp import Listener, Loop

if t.TYPE_CHECKING:
    from lab.certificates import CertificateAuthority
    from lab.mail.message import Mail
    from lab.world import World

FRONT_END = "mail.contoso.com"
"""Where the organization takes mail from outside: published in DNS, and the outbound connector's smart host."""


class MailNetwork:
    """All SMTP ports of both sides.

    :param submission_names: names on the certificate of the port that clients send through
    """

    def __init__(self, world: World, authority: CertificateAuthority, submission_names: tuple[str, ...] = ("localhost",)) -> None:
        self.world = world
        self._authority = authority
        self._certificates: dict[str, tuple[pathlib.Path, pathlib.Path]] = {}
        self._on_premises = OnPremises(self)
        self._online = ExchangeOnline(self)
        self._jobs: queue.Queue[t.Callable[[], None] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._work, name="mail transport")
        self._loop = Loop()
        edge = exchange_online.EDGE_NAME
        self._eop = Listener(edge, self._online.receive, authority.context(*authority.issue(edge, f"*.{edge}"), clients=True))
        submit = functools.partial(self._on_premises.submit, SERVER)
        tls = authority.server_context(*submission_names)
        self._submission = Listener(FRONT_END, submit, tls, check=self._on_premises.may_log_on)
        self._servers: dict[str, Listener] = {}

    @property
    def submission_port(self) -> int:
        """Where a client of the first server hands in mail, with STARTTLS and a password."""
        return self._submission.port

    @property
    def ca_file(self) -> pathlib.Path:
        return self._authority.ca_file

    def start(self) -> None:
        self._loop.start([self._eop, self._submission])
        self._thread.start()

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join()
        self._loop.stop([self._eop, self._submission, *self._servers.values()])

    def settle(self) -> None:
        """Wait until no message is on its way."""
        self._jobs.join()

    def enqueue(self, job: t.Callable[[], None]) -> None:
        self._jobs.put(job)

    def post(self, mail: Mail) -> None:
        """Carry a message that a mailbox in the cloud has sent."""
        self.enqueue(functools.partial(self._online.send, mail))

    def certificate(self, name: str) -> tuple[pathlib.Path, pathlib.Path]:
        """Certificate and key that a server shows under this name."""
        if name not in self._certificates:
            self._certificates[name] = self._authority.issue(name, client=True)
        return self._certificates[name]

    def server_port(self, server: str) -> int:
        """The SMTP port of a server of the organization; it is opened when it is first needed."""
        if server not in self._servers:
            names = (self.world.exchange.servers[server].fqdn, FRONT_END)
            tls = self._authority.context(*self._authority.issue(*names), clients=True)
            listener = Listener(names[0], functools.partial(self._on_premises.receive, server), tls)
            self._loop.add(listener)
            self._servers[server] = listener
        return self._servers[server].port

    def locate(self, host: str) -> int | None:
        """The port a host name of either side stands for; None: there is no such host."""
        host = host.lower().rstrip(".")
        if host.endswith(f".{exchange_online.EDGE_NAME}"):
            return self._eop.port
        if host == FRONT_END:
            return self.server_port(next(s.name for s in self.world.exchange.servers.values() if s.role == "Mailbox"))
        server = next((s.name for s in self.world.exchange.servers.values() if s.fqdn.lower() == host), None)
        return None if server is None else self.server_port(server)

    def inject(self, sender: str, recipient: str, content: bytes) -> str:
        """A stranger on the internet sends a message to the tenant; returns the answer."""
        return mail_smtp.send(self._eop.port, mail_smtp.Outgoing("mail.example.net"), sender, recipient, content)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                # A defect of the lab: it has to show, and the thread has to go on, or settle() would wait for ever.
                traceback.print_exc(file=sys.stderr)
            finally:
                self._jobs.task_done()
        self._jobs.task_done()
