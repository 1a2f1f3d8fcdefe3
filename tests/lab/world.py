# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of everything the lab models, as plain data.

Servers and models hold the World and read its attributes anew each time, under ``lock``; so a snapshot can be taken and put
back while they run.
"""

from __future__ import annotations

import copy
import dataclasses
import threading
import typing as t

from lab.adsync.endpoint import ConnectState
from lab.cloud.tenant import TenantState
from lab.directory.state import DirectoryState
from lab.dns.server import DnsState
from lab.exchange.endpoint import ExchangeState


@dataclasses.dataclass
class Snapshot:
    """A copy of the world at one moment."""

    parts: dict[str, t.Any]


class World:
    """The contoso organization: each part has ``seed()`` (its beginning) and ``view()`` (JSON for people and tests)."""

    PARTS = ("exchange", "connect", "directory", "tenant", "dns")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.exchange = ExchangeState.seed()
        self.connect = ConnectState.seed()
        self.directory = DirectoryState.seed()
        self.tenant = TenantState.seed()
        self.dns = DnsState.seed()

    def snapshot(self) -> Snapshot:
        with self.lock:
            return Snapshot({part: copy.deepcopy(getattr(self, part)) for part in self.PARTS})

    def restore(self, snapshot: Snapshot) -> None:
        with self.lock:
            for part, value in snapshot.parts.items():
                setattr(self, part, copy.deepcopy(value))

    def view(self) -> dict[str, t.Any]:
        """The state as JSON-able data; equal views mean equal states."""
        with self.lock:
            return {part: getattr(self, part).view() for part in self.PARTS}
