# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Counts the requests that reach the lab and loses them on demand.

Every server calls :meth:`Traffic.arrive` for each request it receives (an HTTP request, an LDAP operation, a DNS message)
and :meth:`Traffic.answer` before it sends the answer. One count runs over all servers, so that a test can cut a run at any
request of it.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import typing as t


class Dropped(Exception):
    """The fault asks for this connection to be cut; for UDP, for the datagram to be lost."""


@dataclasses.dataclass
class Fault:
    """Cut at the ``at``-th request (from 1) since the last reset.

    :param at: number of the request
    :param lose: ``answer``: the request is carried out and its answer lost; ``request``: it is lost unread
    :param once: False: from then on nothing gets through until the fault is cleared
    :param server: count only this server's requests, or all when None
    """

    at: int
    lose: str = "answer"
    once: bool = False
    server: str | None = None


class Traffic:
    """Thread-safe request counters with one optional fault."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget counts and fault."""
        with self._lock:
            self.counts: collections.Counter[str] = collections.Counter()
            self.log: list[tuple[str, str]] = []
            self.pipelines: list[tuple[str, t.Sequence[t.Any]]] = []
            self._fault: Fault | None = None
            self._faulted = 0

    def set_fault(self, fault: Fault | None) -> None:
        """Plant a fault, or clear it with None. Counting for it starts now."""
        with self._lock:
            self._fault = fault
            self._faulted = 0

    def count(self, name: str, amount: int = 1) -> None:
        """Count something that is not a request, such as a session opened."""
        with self._lock:
            self.counts[name] += amount

    def note_pipeline(self, server: str, commands: t.Sequence[t.Any]) -> None:
        """Keep what a server was asked to run over PowerShell remoting; see :func:`lab.wsman.psrp.plain_pipeline`."""
        with self._lock:
            self.pipelines.append((server, commands))

    def arrive(self, server: str, what: str) -> int:
        """Note a request; returns its ticket for :meth:`answer`.

        :raises Dropped: lose it unread
        """
        with self._lock:
            self.counts[server] += 1
            self.log.append((server, what))
            fault = self._fault
            if fault is None or fault.server not in (None, server):
                return 0
            self._faulted += 1
            number = self._faulted
            if number == fault.at and fault.lose == "request":
                raise Dropped(f"{server} request {number}")
            if number > fault.at and not fault.once:
                raise Dropped(f"{server} request {number}")
            return number

    def answer(self, ticket: int) -> None:
        """Call before sending the answer.

        :raises Dropped: the request has been carried out, its answer is lost
        """
        with self._lock:
            fault = self._fault
            if fault is not None and ticket and ticket == fault.at and fault.lose == "answer":
                raise Dropped(f"answer {ticket}")
