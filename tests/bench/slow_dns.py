# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers that take their time: each answer leaves so long after its question, and none waits for another."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import multiprocessing.connection
import typing as t

import dns.message

from lab.dns.message import read_request
from lab.dns.query import answer_query
from lab.dns.zones import Zone

if t.TYPE_CHECKING:
    from collections.abc import Iterator

Count = t.Callable[[], int]


@contextlib.contextmanager
def slow_servers(zone: Zone, addresses: t.Sequence[str], delay: float) -> Iterator[tuple[int, Count]]:
    """Servers of the zone, in a process of their own; gives their port and how many questions have come so far.

    :param delay: seconds
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(zone, addresses, delay, there))
    process.start()

    def count() -> int:
        here.send("count")
        return t.cast(int, here.recv())

    try:
        yield t.cast(int, here.recv()), count
    finally:
        here.send("stop")
        process.join()


def _serve(zone: Zone, addresses: t.Sequence[str], delay: float, control: multiprocessing.connection.Connection) -> None:
    asyncio.run(_answer_until_stopped(zone, addresses, delay, control))


async def _answer_until_stopped(
    zone: Zone, addresses: t.Sequence[str], delay: float, control: multiprocessing.connection.Connection
) -> None:
    loop = asyncio.get_running_loop()
    answers = _Answers(zone)
    transports: list[asyncio.DatagramTransport] = []
    port = 0
    for address in addresses:
        transport, _protocol = await loop.create_datagram_endpoint(lambda: _Udp(answers, delay), local_addr=(address, port))
        transports.append(transport)
        port = transport.get_extra_info("sockname")[1]
    control.send(port)
    while await asyncio.to_thread(control.recv) == "count":
        control.send(answers.asked)
    for transport in transports:
        transport.close()


class _Answers:
    """Answers from a zone that does not change, so that each is made once."""

    def __init__(self, zone: Zone) -> None:
        self._zones = {zone.origin: zone}
        self._made: dict[bytes, bytes] = {}
        self.asked = 0

    def to(self, wire: bytes) -> bytes:
        self.asked += 1
        identifier, question = wire[:2], wire[2:]
        if question not in self._made:
            request = read_request(wire, {})
            response = dns.message.make_response(request)
            answer_query(self._zones, request, response, recursive=False)
            self._made[question] = response.to_wire()[2:]
        return identifier + self._made[question]


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, answers: _Answers, delay: float) -> None:
        self._answers = answers
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = t.cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + self._delay
        loop.call_at(due, self._transport.sendto, self._answers.to(data), addr)
