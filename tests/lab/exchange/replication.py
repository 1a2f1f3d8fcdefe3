# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several domain controllers: what is written on one is on the others once it has been replicated.

Source: "How the Active Directory Replication Model Works" (each one takes writes; of two changes of an attribute the
later one stays). Time is in the test's hands: replication is held, and released.
"""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from lab import contoso

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState, Entry
    from lab.exchange.state import ConfigurationObject, ExchangeState

_REPLICATED = ("accepted_domains", "send_connectors")


@dataclasses.dataclass
class DomainControllers:
    """The domain controllers of the organization's site.

    :param reads_on: the one Exchange has chosen for Get cmdlets
    :param writes_on: the one it has chosen for the others. assumed: that they can be two
    :param lagging: the organization of those that replication does not reach
    :param directories: the domain's objects of those
    """

    names: tuple[str, ...] = (contoso.DC_HOST, contoso.DC2_HOST)
    reads_on: str = contoso.DC_HOST
    writes_on: str = contoso.DC_HOST
    lagging: dict[str, ExchangeState] = dataclasses.field(default_factory=dict)
    directories: dict[str, DirectoryState] = dataclasses.field(default_factory=dict)
    _beginnings: dict[str, dict[object, int]] = dataclasses.field(default_factory=dict)

    def find(self, name: str) -> str | None:
        """The FQDN of the one with this FQDN or short name."""
        wanted = name.lower()
        return next((known for known in self.names if wanted in (known, known.partition(".")[0])), None)

    def chosen(self, *, reads: bool) -> str:
        return self.reads_on if reads else self.writes_on

    def hold(self, name: str, state: ExchangeState, directory: DirectoryState | None) -> None:
        parts = {part: copy.deepcopy(getattr(state, part)) for part in _REPLICATED}
        self.lagging[name] = dataclasses.replace(state, **parts)
        self._beginnings[name] = {item.guid: item.changed for items in parts.values() for item in items}
        if directory is not None:
            self.directories[name] = copy.deepcopy(directory)

    def release(self, state: ExchangeState, directory: DirectoryState | None) -> None:
        for name, replica in self.lagging.items():
            for part in _REPLICATED:
                _merge(getattr(state, part), getattr(replica, part), self._beginnings[name])
        for replica in self.directories.values():
            assert directory is not None, "what was held has to be released"
            newer = {key: entry for key, entry in replica.entries.items() if _is_newer(entry, directory.entries.get(key))}
            directory.entries.update(newer)
        self.directories.clear()
        self.lagging.clear()
        self._beginnings.clear()


def _is_newer(theirs: Entry, ours: Entry | None) -> bool:
    return ours is not None and theirs.usn_changed > ours.usn_changed


def _merge(ours: list[ConfigurationObject], theirs: list[ConfigurationObject], beginning: dict[object, int]) -> None:
    """Bring changes of a domain controller that lagged behind to the others."""
    # assumed: its changes are the later ones, and an object is replaced as a whole; Active Directory does so by attribute.
    kept = {item.guid for item in theirs}
    changed = {item.guid: item for item in theirs if beginning.get(item.guid) != item.changed}
    ours[:] = [changed.pop(item.guid, item) for item in ours if item.guid in kept or item.guid not in beginning]
    ours += [item for item in changed.values() if item.guid not in beginning]
