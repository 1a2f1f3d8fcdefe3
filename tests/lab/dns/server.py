# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's DNS servers: real messages over UDP and TCP on loopback addresses, all on one port.

Queries are answered by ``lab.dns.query``, updates by ``lab.dns.update``; TSIG is required for updates and zone transfers.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import socketserver
import struct
import typing as t

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.update

from lab import contoso
from lab.dns.message import Keyring, Unserved, describe, read_request
from lab.dns.query import answer_query, zone_transfer
from lab.dns.update import UpdateRefused, apply_update
from lab.dns.zones import DnsState, enclosing_zone
from lab.serving import Serving
from lab.tcp_service import TcpService
from lab.traffic import Dropped, Traffic

if t.TYPE_CHECKING:
    from lab.world import World

__all__ = ["DnsServer", "DnsState"]

MIN_UDP_BYTES = 512  # RFC 1035 2.3.4: what a client without EDNS can take
MAX_MESSAGE_BYTES = 65535
PORT_ATTEMPTS = 20


def contoso_keyring() -> Keyring:
    """The one TSIG key of the lab."""
    key = dns.tsig.Key(contoso.TSIG_KEY_NAME, contoso.TSIG_SECRET, contoso.TSIG_ALGORITHM)
    return {key.name: key}


class DnsServer:
    """Name servers on one or more addresses that share ``world.dns``.

    :param name: what the traffic log calls them
    :param port: the port of all of them, UDP and TCP; 0 takes a free one
    :param keyring: the TSIG keys that may update and transfer zones; the lab's key when None
    :param recursive: a resolver instead of an authoritative server: no updates, no transfers, RA set and AA not
    :param own: zones that a resolver has itself and answers from as an authority, as DNS servers of Active Directory do
    """

    def __init__(
        self,
        world: World,
        *,
        traffic: Traffic,
        name: str = "dns",
        addresses: t.Sequence[str] = ("127.0.0.1",),
        port: int = 0,
        keyring: Keyring | None = None,
        recursive: bool = False,
        own: t.Callable[[], DnsState] | None = None,
    ) -> None:
        self._world = world
        self._traffic = traffic
        self._name = name
        self._keyring = contoso_keyring() if keyring is None else keyring
        self._recursive = recursive
        self._own = own
        self._listeners = self._bind(addresses, port)

    @property
    def port(self) -> int:
        """The port of all addresses."""
        return self._listeners[0].port

    def start(self) -> None:
        """Answer from now on."""
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        """Close all sockets and wait for the threads."""
        for listener in self._listeners:
            listener.stop()

    def _bind(self, addresses: t.Sequence[str], port: int) -> list[_UdpService | _TcpDns]:
        """Take one port on every address, for UDP and TCP; a port drawn by chance may be in use for one of them."""
        attempts = 1 if port else PORT_ATTEMPTS
        while True:
            attempts -= 1
            listeners: list[_UdpService | _TcpDns] = []
            try:
                chosen = port
                for address in addresses:
                    tcp = _TcpDns(self, address, chosen)
                    listeners.append(tcp)
                    chosen = tcp.port
                    listeners.append(_UdpService(self, address, chosen))
            except OSError as error:
                for listener in listeners:
                    listener.stop()
                if error.errno != errno.EADDRINUSE or not attempts:
                    raise
            else:
                return listeners

    def exchange(self, wire: bytes, *, address: str, tcp: bool) -> bytes | None:
        """Answer one message; None: say nothing.

        :param address: which server was asked
        :raises Dropped: a fault loses it
        """
        ticket = self._traffic.arrive(self._name, describe(wire))
        with self._world.lock:
            answer = self._answer(wire, address=address, tcp=tcp)
        self._traffic.answer(ticket)
        return answer

    def _answer(self, wire: bytes, *, address: str, tcp: bool) -> bytes | None:
        try:
            request = read_request(wire, self._keyring)
        except Unserved as unserved:
            return unserved.answer
        response = dns.message.make_response(request, recursion_available=self._recursive)
        if request.edns >= 0 and address in self._world.dns.without_edns:
            # What servers from before EDNS say to an OPT record (RFC 6891 7).
            response.use_edns(False)
            response.set_rcode(dns.rcode.FORMERR)
        elif request.edns > 0:
            response.set_rcode(dns.rcode.BADVERS)  # RFC 6891 6.1.3
        elif isinstance(request, dns.update.UpdateMessage):
            self._update(request, response, address=address)
        elif request.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
        elif len(request.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        else:
            self._query(request, response, address=address, tcp=tcp)
        size = MAX_MESSAGE_BYTES if tcp else max(MIN_UDP_BYTES, request.payload)
        return response.to_wire(max_size=size, prefer_truncation=True)

    def _responsible(self, name: dns.name.Name) -> tuple[DnsState, bool]:
        """The zones that answer for a name, and whether as a resolver does."""
        own = self._own() if self._own else None
        if own is not None and enclosing_zone(own.zones, name):
            return own, False
        return self._world.dns, self._recursive

    def _update(self, request: dns.update.UpdateMessage, response: dns.message.Message, *, address: str) -> None:
        origin = request.zone[0].name if request.zone else dns.name.root
        state, recursive = self._responsible(origin)
        if recursive or (origin.to_text().lower() in state.zones.keys() - state.served_by(address)):
            response.set_rcode(dns.rcode.NOTAUTH)
            return
        try:
            apply_update(state, request, signed=request.had_tsig)
        except UpdateRefused as refused:
            response.set_rcode(refused.rcode)

    def _query(self, request: dns.message.Message, response: dns.message.Message, *, address: str, tcp: bool) -> None:
        question = request.question[0]
        state, recursive = self._responsible(question.name)
        if question.name.to_text().lower() in {name.rstrip(".").lower() + "." for name in state.servfail}:
            response.set_rcode(dns.rcode.SERVFAIL)
            return
        zones = state.seen_by(address)
        if not recursive:
            served = state.served_by(address)
            zones = {origin: zone for origin, zone in zones.items() if origin in served}
        if question.rdtype != dns.rdatatype.AXFR:
            answer_query(zones, request, response, recursive=recursive)
            return
        zone = zones.get(question.name.to_text().lower())
        if not tcp:
            response.set_rcode(dns.rcode.FORMERR)  # RFC 5936 4.2: AXFR over UDP is not defined
        elif zone is None or recursive:
            response.set_rcode(dns.rcode.NOTAUTH)
        elif not request.had_tsig:
            response.set_rcode(dns.rcode.REFUSED)
        else:
            zone_transfer(zone, response)


class _UdpService(Serving, socketserver.UDPServer):
    """Datagrams to one address, one after the other."""

    max_packet_size = MAX_MESSAGE_BYTES

    def __init__(self, server: DnsServer, address: str, port: int) -> None:
        super().__init__((address, port), _UdpHandler)
        self.dns = server
        self.port = port

    def start(self) -> None:
        self.start_serving(f"dns udp {self.server_address[0]!s}")

    def stop(self) -> None:
        self.stop_serving()
        self.server_close()


class _UdpHandler(socketserver.BaseRequestHandler):
    server: _UdpService

    def handle(self) -> None:
        wire, reply_socket = t.cast(tuple[bytes, socket.socket], self.request)
        address = str(self.server.server_address[0])
        with contextlib.suppress(Dropped):
            answer = self.server.dns.exchange(wire, address=address, tcp=False)
            if answer is not None:
                reply_socket.sendto(answer, self.client_address)


class _TcpDns(TcpService):
    """Connections to one address."""

    def __init__(self, server: DnsServer, address: str, port: int) -> None:
        super().__init__((address, port), _TcpHandler)
        self.dns = server


class _TcpHandler(socketserver.StreamRequestHandler):
    """Messages with their length before them (RFC 1035 4.2.2)."""

    server: _TcpDns

    def handle(self) -> None:
        address = str(self.server.server_address[0])
        with contextlib.suppress(Dropped):
            while len(length := self.rfile.read(2)) == 2:
                (size,) = struct.unpack("!H", length)
                wire = self.rfile.read(size)
                if len(wire) < size:
                    return
                answer = self.server.dns.exchange(wire, address=address, tcp=True)
                if answer is not None:
                    self.wfile.write(struct.pack("!H", len(answer)) + answer)
