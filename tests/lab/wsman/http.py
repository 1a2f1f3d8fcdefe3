# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/1.1 as Windows' listener speaks it: one thread per TCP connection, authentication, sealed and plain bodies, TLS."""

from __future__ import annotations

import contextlib
import http.server
import socket
import socketserver
import ssl
import sys
import threading
import typing as t

from lab.serving import Serving
from lab.traffic import Dropped
from lab.wsman import security

SOAP = "application/soap+xml;charset=UTF-8"

Respond = t.Callable[[str, bytes], tuple[int, bytes]]
"""User and message to HTTP status and answer; raises Dropped when the connection is to be cut."""


class HttpServer(Serving, socketserver.ThreadingTCPServer):
    """Listens from construction on; serves from :meth:`start` to :meth:`stop`.

    :param respond: what an authenticated message gets
    :param count: told ``http_requests`` for each request, also those that only authenticate, and ``bytes_in`` and ``bytes_out``
        with the size of each body
    """

    allow_reuse_address = True
    request_queue_size = 128
    daemon_threads = False  # so that server_close joins them

    def __init__(
        self,
        address: tuple[str, int],
        *,
        path: str,
        accounts: security.Accounts,
        policy: security.Policy,
        tls: ssl.SSLContext | None,
        respond: Respond,
        count: t.Callable[[str, int], None],
    ) -> None:
        self.path = path.strip("/").casefold()
        self.accounts = accounts
        self.policy = policy
        self.tls = tls
        self.respond = respond
        self.count = count
        # Exchange puts a blank into the line, WinRM does not.
        self.boundary = b"-- Encrypted Boundary" if self.path == "powershell" else b"--Encrypted Boundary"
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def start(self) -> None:
        self.start_serving(f"wsman-{self.path}")

    def stop(self) -> None:
        """Close listener and connections; returns when their threads have ended."""
        self.stop_serving()
        with self._lock:
            for connection in self._connections:
                cut(connection)
        self.server_close()

    def connected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that goes away, or does not trust our certificate, is no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def cut(connection: socket.socket) -> None:
    """End a connection at TCP's level, whoever is reading from it."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _peer_name(connection: socket.socket) -> str | None:
    """Common name of the certificate the client has proven in TLS."""
    certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    if not certificate:
        return None
    subject = t.cast("tuple[tuple[tuple[str, str], ...], ...]", certificate.get("subject", ()))
    return next((value for part in subject for name, value in part if name == "commonName"), None)


class _Connection(http.server.BaseHTTPRequestHandler):
    """One TCP connection."""

    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    wbufsize = 1 << 16  # headers and body in one segment
    disable_nagle_algorithm = True
    server: HttpServer

    def setup(self) -> None:
        if self.server.tls is not None:
            self.request = self.server.tls.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
        self.server.connected(self.request)
        try:
            if self.server.tls is not None:
                self.request.do_handshake()
            super().setup()
        except BaseException:
            self._close()
            raise
        self._security = security.ConnectionSecurity(self.server.accounts, self.server.policy, _peer_name(self.request))

    def finish(self) -> None:
        super().finish()
        self._close()

    def _close(self) -> None:
        self.server.disconnected(self.request)
        if self.server.tls is not None:  # the server closes the socket it accepted, not the one wrapped around it
            cut(self.request)
            self.request.close()

    def log_message(self, format: str, *args: t.Any) -> None:
        """No access log."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.count("http_requests", 1)
        self.server.count("bytes_in", len(body))
        if self.path.partition("?")[0].strip("/").casefold() != self.server.path:
            self._reply(404)
            return
        outcome = self._security.authenticate(self.headers.get("Authorization"))
        if outcome.user is None:
            self._reply(401, authenticate=outcome.headers)
        elif not body:  # a client that only sets up its context
            self._reply(200, authenticate=outcome.headers)
        else:
            self._message(outcome, body)

    def _message(self, outcome: security.Outcome, body: bytes) -> None:
        sealed = security.is_sealed(self.headers.get("Content-Type", ""))
        if sealed:
            try:
                body = self._security.unseal(body)
            except security.UnsealError:
                self._security.forget()
                self._reply(400)
                return
        elif self.server.tls is None:
            # AllowUnencrypted=false, the default (about_WinRM, installation and configuration).
            # assumed: status 500 without a body, from what clients report ("Bad HTTP response returned from server. Code 500")
            self._reply(500, authenticate=outcome.headers)
            return
        try:
            status, answer = self.server.respond(t.cast(str, outcome.user), body)
        except Dropped:
            self.close_connection = True
            cut(self.request)
            return
        content_type = SOAP
        if sealed:
            content_type, answer = self._security.seal(answer, self.server.boundary)
        self._reply(status, answer, content_type, outcome.headers)

    def _reply(self, status: int, body: bytes = b"", content_type: str = SOAP, authenticate: t.Iterable[str] = ()) -> None:
        self.server.count("bytes_out", len(body))
        self.send_response(status)
        for value in authenticate:
            self.send_header("WWW-Authenticate", value)
        if body:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
