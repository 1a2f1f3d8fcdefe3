# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SMTP listeners (aiosmtpd) on one event loop in a thread, and the client side that servers send with."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import pathlib
import smtplib
import ssl
import threading
import typing as t

import aiosmtpd.smtp

Answer = str
"""A reply with its code, such as ``250 2.6.0 Queued mail for delivery``."""

# aiosmtpd notes that it sets a deprecated attribute of its own at each logon.
logging.getLogger("mail.log").setLevel(logging.ERROR)

AUTHENTICATION_REQUIRED = "530 5.7.57 Client not authenticated to send mail"


@dataclasses.dataclass
class Peer:
    """Who is at the other end of a connection.

    :ivar certificate: DNS names of its TLS certificate, when it has shown one
    :ivar user: the account it has logged on with, "" for none
    """

    helo: str
    certificate: frozenset[str] = frozenset()
    user: str = ""


Receive = t.Callable[[Peer, str, str, bytes], Answer]
"""Takes a message: peer, sender, recipient, content."""

Check = t.Callable[[str, str], bool]
"""Whether account and password belong together."""


class Listener:
    """One SMTP port.

    :param receive: called for each recipient of each message
    :param check: clients have to log on, over TLS; None: nobody can
    """

    def __init__(self, name: str, receive: Receive, tls: ssl.SSLContext, *, check: Check | None = None) -> None:
        self.name = name
        self._receive = receive
        self._tls = tls
        self._check = check
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    def _protocol(self) -> aiosmtpd.smtp.SMTP:
        return aiosmtpd.smtp.SMTP(
            self,
            hostname=self.name,
            ident="Microsoft ESMTP MAIL Service ready",
            tls_context=self._tls,
            require_starttls=False,
            auth_require_tls=True,
            auth_required=False,
            authenticator=self._authenticate,
            enable_SMTPUTF8=True,
            loop=asyncio.get_running_loop(),
        )

    def _authenticate(
        self, _server: t.Any, _session: t.Any, _envelope: t.Any, mechanism: str, data: t.Any
    ) -> aiosmtpd.smtp.AuthResult:
        if self._check is None or mechanism not in ("LOGIN", "PLAIN"):
            return aiosmtpd.smtp.AuthResult(success=False, handled=False)
        user, password = data.login.decode(), data.password.decode()
        success = self._check(user, password)
        return aiosmtpd.smtp.AuthResult(success=success, handled=False, auth_data=user if success else None)

    async def handle_MAIL(self, _server: t.Any, session: t.Any, envelope: t.Any, address: str, options: list[str]) -> Answer:
        if self._check is not None and not session.authenticated:
            return AUTHENTICATION_REQUIRED
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Sender OK"

    async def handle_DATA(self, _server: t.Any, session: t.Any, envelope: t.Any) -> Answer:
        certificate = (session.ssl or {}).get("peercert") or {}
        peer = Peer(
            str(session.host_name),
            frozenset(value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"),
            str(session.auth_data or ""),
        )
        sender = (envelope.mail_from or "").strip("<>")  # a report has none (RFC 5321 4.5.5)
        answers = [self._receive(peer, sender, recipient, envelope.content) for recipient in envelope.rcpt_tos]
        return next((answer for answer in answers if not answer.startswith("2")), answers[0])


class Loop:
    """The event loop of all listeners, in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="SMTP")

    def start(self, listeners: t.Sequence[Listener]) -> None:
        self._thread.start()
        for listener in listeners:
            self.add(listener)

    def add(self, listener: Listener) -> None:
        self._wait(listener.start())

    def stop(self, listeners: t.Sequence[Listener]) -> None:
        for listener in listeners:
            self._wait(listener.stop())
        self._wait(self._end_connections())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, coroutine: t.Coroutine[t.Any, t.Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _end_connections(self) -> None:
        tasks = asyncio.all_tasks() - {t.cast("asyncio.Task[None]", asyncio.current_task())}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclasses.dataclass
class Outgoing:
    """How to send.

    :ivar helo: name it says
    :ivar certificate: certificate and key it shows
    :ivar ca: whom it trusts
    :ivar tls_domain: the other side's certificate has to carry this name; "": TLS without looking at the certificate
    """

    helo: str
    certificate: tuple[pathlib.Path, pathlib.Path] | None = None
    ca: pathlib.Path | None = None
    tls_domain: str = ""


class CertificateMismatch(Exception):
    """The other side's certificate does not carry the name asked for."""


def send(port: int, outgoing: Outgoing, sender: str, recipient: str, content: bytes) -> Answer:
    """Send over TLS and return the last answer.

    :raises CertificateMismatch: nothing has been sent
    """
    context = ssl.create_default_context(cafile=outgoing.ca) if outgoing.tls_domain else ssl._create_unverified_context()  # noqa: S323
    context.check_hostname = False  # the name to be compared is the connector's TlsDomain, not the host's
    if outgoing.certificate is not None:
        context.load_cert_chain(*outgoing.certificate)
    with contextlib.closing(smtplib.SMTP("127.0.0.1", port, local_hostname=outgoing.helo, timeout=10)) as client:
        client.starttls(context=context)
        if outgoing.tls_domain:
            _check_name(t.cast("ssl.SSLSocket", client.sock), outgoing.tls_domain)
        try:
            client.ehlo_or_helo_if_needed()
            for code, text in (client.mail(sender), client.rcpt(recipient)):
                if code >= 400:
                    return f"{code} {text.decode()}"
            code, text = client.data(content)
        finally:
            with contextlib.suppress(smtplib.SMTPException):
                client.quit()
        return f"{code} {text.decode()}"


def _check_name(connection: ssl.SSLSocket, wanted: str) -> None:
    """Compare the names of the peer's certificate with a domain or host (Set-SendConnector reference, TlsDomain)."""
    names = [value for kind, value in (connection.getpeercert() or {}).get("subjectAltName", ()) if kind == "DNS"]
    if not any(name == wanted or (name.startswith("*.") and wanted.endswith(name[1:])) for name in names):
        raise CertificateMismatch(", ".join(str(name) for name in names))
