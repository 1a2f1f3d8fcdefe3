# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP server that ends cleanly: with TLS if asked for, a thread a connection, and none of them left after stop()."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import sys
import threading
import typing as t

from lab.serving import Serving


class TcpService(Serving, socketserver.ThreadingTCPServer):
    """Serve connections until :meth:`stop`.

    :param tls: shake hands on each connection, in that connection's own thread
    """

    allow_reuse_address = True
    daemon_threads = False  # so that server_close() waits for the connections' threads
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[socketserver.BaseRequestHandler],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(address, handler)
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._stopping = False

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Accept connections from now on."""
        self.start_serving(f"{self.RequestHandlerClass.__name__} {self.server_address[0]!s}")

    def stop(self) -> None:
        """Close the listener and every connection, and wait for their threads."""
        self.stop_serving()
        with self._open_lock:
            self._stopping = True
            for connection in self._open:
                with contextlib.suppress(OSError):
                    # The base class's method: SSLSocket.shutdown() is not safe from another thread.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self.server_close()

    def finish_request(self, request: t.Any, client_address: t.Any) -> None:
        """Run the handler on one connection."""
        with self._tracked(request):
            if self._tls is None:
                super().finish_request(request, client_address)
                return
            # The handshake may fail for good reasons: a client that does not trust the certificate just hangs up.
            with contextlib.suppress(OSError):
                tls_connection = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
                with tls_connection, self._tracked(tls_connection):
                    tls_connection.do_handshake()
                    super().finish_request(tls_connection, client_address)

    @contextlib.contextmanager
    def _tracked(self, connection: socket.socket) -> t.Iterator[None]:
        """Keep a connection in the list that stop() closes."""
        with self._open_lock:
            if self._stopping:
                raise ConnectionAbortedError("the server is being stopped")
            self._open.add(connection)
        try:
            yield
        finally:
            with self._open_lock:
                self._open.discard(connection)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        """A client that goes away in the middle is no error; anything else is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
