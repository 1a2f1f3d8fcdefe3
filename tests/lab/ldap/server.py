# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory on the wire: LDAP v3 over TCP, with TLS from the first byte or by StartTLS (RFC 4511 4.14, 5)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import typing as t

from lab.ldap import ber
from lab.ldap import messages as ldap
from lab.ldap.session import Session
from lab.traffic import Dropped, Traffic

if t.TYPE_CHECKING:
    from lab.world import World

_HANDSHAKE_SECONDS = 10.0


class LdapServer:
    """One listening port of the domain controller.

    :param world: its ``directory`` is served, read anew for each request
    :param name: what requests are counted under in ``traffic``
    :param tls: the server's side of TLS; None: none to be had
    :param ldaps: True: TLS from the first byte, as on port 636; False: StartTLS when ``tls`` is given, as on port 389
    :param port: 0: the system chooses; :attr:`port` tells
    """

    def __init__(
        self,
        world: World,
        *,
        traffic: Traffic,
        name: str = "ldap",
        tls: ssl.SSLContext | None,
        ldaps: bool,
        address: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if ldaps and tls is None:
            raise ValueError("LDAPS needs a TLS context.")
        self.world = world
        self.traffic = traffic
        self.name = name
        self.tls = tls
        self.ldaps = ldaps
        self._address = (address, port)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._connections: set[_Connection] = set()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        """The port listened on; the one asked for while the server is stopped."""
        return int(self._listener.getsockname()[1]) if self._listener else self._address[1]

    def start(self) -> None:
        """:raises OSError: the address cannot be bound"""
        self._listener = socket.create_server(self._address)
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), name=f"{self.name}-accept")
        self._thread.start()

    def stop(self) -> None:
        """Close the port and all connections, and wait for their threads. Stopping twice does no harm."""
        listener, self._listener = self._listener, None
        if listener is None or self._thread is None:
            return
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.stop()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _peer = listener.accept()
            except OSError:
                return
            connection = _Connection(self, client)
            with self._lock:
                self._connections.add(connection)
            connection.thread.start()

    def forget(self, connection: _Connection) -> None:
        with self._lock:
            self._connections.discard(connection)


class _Connection:
    """One client: reads requests, has them carried out in turn, writes the answers."""

    def __init__(self, server: LdapServer, client: socket.socket) -> None:
        self._server = server
        self._socket = client
        self._lock = threading.Lock()  # over the exchange of the socket for its TLS form
        self._stopped = False
        self._buffer = bytearray()
        self._session = Session(server.world, secure=server.ldaps, tls_available=server.tls is not None)
        self.thread = threading.Thread(target=self._run, name=f"{server.name}-connection")

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            with contextlib.suppress(OSError):
                # Past the TLS layer: its own shutdown would take the state away from under the reading thread.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self.thread.join()

    def _run(self) -> None:
        try:
            if self._server.ldaps:
                self._secure()
            self._serve()
        except (OSError, Dropped):
            pass  # the client went away, refused the certificate, or a fault cuts it off: nothing to say, nobody to say it to
        finally:
            with self._lock:
                self._socket.close()
            self._server.forget(self)

    def _serve(self) -> None:
        try:
            for data in self._frames():
                message = ldap.read_message(data)
                if message.tag == ldap.UNBIND:
                    return
                if message.tag not in ldap.ONE_WAY:
                    self._answer(message)
        except ber.BerError as exc:
            self._socket.sendall(ldap.notice_of_disconnection(f"00000057: LdapErr: DSID-0C090B5C, comment: {exc}"))

    def _answer(self, message: ldap.Message) -> None:
        """:raises Dropped: a fault of the lab takes the request or its answer"""
        ticket = self._server.traffic.arrive(self._server.name, message.operation)
        answers = self._session.handle(message)
        self._server.traffic.answer(ticket)
        self._socket.sendall(b"".join(answers))
        if self._session.start_tls and not self._session.secure:
            if self._buffer:
                raise OSError("clear text after StartTLS")  # RFC 4511 4.14.1: it must not be taken for secured
            self._secure()
            self._session.secure = True

    def _frames(self) -> t.Iterator[bytes]:
        """The messages of the stream, each whole."""
        buffer = self._buffer
        while True:
            size = ber.frame_length(buffer)
            if size is not None and size <= len(buffer):
                frame = bytes(buffer[:size])
                del buffer[:size]
                yield frame
                continue
            data = self._socket.recv(65536)
            if not data:
                return
            buffer += data

    def _secure(self) -> None:
        """Put TLS on the connection.

        :raises OSError: the handshake failed, or the server stops
        """
        assert self._server.tls is not None
        with self._lock:
            if self._stopped:
                raise OSError("stopped")
            self._socket = self._server.tls.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        self._socket.settimeout(_HANDSHAKE_SECONDS)
        self._socket.do_handshake()
        self._socket.settimeout(None)
