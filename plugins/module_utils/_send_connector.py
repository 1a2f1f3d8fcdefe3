# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Send connectors: find one by name, compare its properties, change them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import (
    AddressSpace,
    read_address_space,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._list_change import Difference, ListChange

_GUID_SUFFIX = re.compile(r" - [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class SendConnector:
    """A send connector as it is, or as it would be."""

    name: str
    guid: str
    address_spaces: tuple[AddressSpace, ...]

    @classmethod
    def from_object(cls, properties: t.Mapping[str, t.Any]) -> SendConnector:
        """Take one object of Get-SendConnector."""
        return cls(
            name=properties["Name"],
            guid=properties["Guid"],
            address_spaces=tuple(read_address_space(text) for text in properties["AddressSpaces"] or []),
        )

    def to_result(self) -> dict[str, t.Any]:
        """What a module returns and shows as a difference."""
        return {
            "name": self.name,
            "identity": self.guid,
            "address_spaces": sorted(str(space) for space in self.address_spaces),
        }


@dataclasses.dataclass(frozen=True)
class WantedConnector:
    """What is asked for; None leaves a property as it is.

    :param name: as the user gave it
    """

    name: str
    address_spaces: ListChange[AddressSpace] | None = None

    def changes(self, present: SendConnector) -> dict[str, t.Any]:
        """Parameters of Set-SendConnector that lead from what is there to what is asked for; empty when nothing does."""
        parameters: dict[str, t.Any] = {}
        difference = self._address_spaces(present)
        if difference:
            parameters["AddressSpaces"] = _hashtable(difference)
        return parameters

    def applied_to(self, present: SendConnector) -> SendConnector:
        """The connector once the changes are made.

        :raises CollectionError: when no address space would be left
        """
        difference = self._address_spaces(present)
        if not difference:
            return present
        if not difference.after:
            raise CollectionError(
                f'address_spaces: the send connector "{present.name}" would be left without an address space, and such a '
                "connector routes nothing. Add the new address space in the same task, or remove the connector itself."
            )
        return dataclasses.replace(present, address_spaces=tuple(difference.after))

    def _address_spaces(self, present: SendConnector) -> Difference[AddressSpace] | None:
        if self.address_spaces is None:
            return None
        return self.address_spaces.difference(present.address_spaces, AddressSpace.costs_as)


class Outcome(t.NamedTuple):
    """The connector before and after."""

    before: SendConnector
    after: SendConnector
    changed: bool


class SendConnectors:
    """The send connectors of the organization behind a client.

    Every method raises CmdletError and SessionError as the client does, and CollectionError for what is refused here.

    :param check_mode: predict, write nothing
    """

    def __init__(self, client: CmdletClient, *, check_mode: bool) -> None:
        self._client = client
        self._check_mode = check_mode

    def ensure(self, wanted: WantedConnector) -> Outcome:
        """Change a connector that exists."""
        before = self._find(wanted.name)
        changes = wanted.changes(before)
        predicted = wanted.applied_to(before)
        if not changes or self._check_mode:
            return Outcome(before, predicted, bool(changes))
        # By GUID: the name may be ambiguous to the server, or be changed by somebody else meanwhile.
        self._client.invoke("Set-SendConnector", {"Identity": before.guid, **changes})
        return Outcome(before, self._landed(wanted, before), True)

    def _read(self) -> list[SendConnector]:
        return [SendConnector.from_object(item) for item in self._client.invoke("Get-SendConnector").objects]

    def _find(self, name: str) -> SendConnector:
        """Return the connector of this name, or the one the Hybrid Configuration Wizard named so with a GUID behind.

        :raises CollectionError: when there is none, or more than one
        """
        connectors = self._read()
        exact = [connector for connector in connectors if connector.name.casefold() == name.casefold()]
        found = exact or [connector for connector in connectors if _is_wizards(connector.name, name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise CollectionError(
                f'name: "{name}" matches more than one send connector on {self._client.host}: {_names(found)}. '
                "Give the whole name of one."
            )
        there = f"There are: {_names(connectors)}." if connectors else "There is none at all."
        raise CollectionError(
            f'name: there is no send connector "{name}" on {self._client.host}. {there} '
            "The hybrid one is made by the Hybrid Configuration Wizard."
        )

    def _landed(self, wanted: WantedConnector, before: SendConnector) -> SendConnector:
        """Read back what was written.

        :raises CollectionError: when it is not there
        """
        present = next((connector for connector in self._read() if connector.guid == before.guid), None)
        if present is None:
            raise CollectionError(
                f'Set-SendConnector on {self._client.host} reported success for "{before.name}", but the connector is gone. '
                "Somebody else may have removed it meanwhile.",
                result={"changed": True},
            )
        missing = wanted.changes(present)
        if missing:
            raise CollectionError(
                f'Set-SendConnector on {self._client.host} reported success for "{before.name}", but read back it still '
                f"differs in {', '.join(missing)}: {', '.join(present.to_result()['address_spaces'])}. "
                "Somebody else may have changed it meanwhile; run again.",
                result={"changed": True},
            )
        return present


def _hashtable(difference: Difference[AddressSpace]) -> dict[str, list[str]]:
    """Write ``@{Add=...; Remove=...}``, so that a space somebody else adds meanwhile is not lost.

    What goes is named in the server's own spelling.
    """
    # assumed: multi-valued parameters take Add and Remove together, and so a cost can be changed in one call; the reference
    # of AddressSpaces shows whole lists only.
    parts = {
        "Add": [str(space) for space in difference.add],
        "Remove": [space.text for space in difference.remove],
    }
    return {name: texts for name, texts in parts.items() if texts}


def _is_wizards(connector: str, name: str) -> bool:
    """The wizard calls its connector ``<name> - <GUID of the organization>``."""
    start, rest = connector[: len(name)], connector[len(name) :]
    return start.casefold() == name.casefold() and _GUID_SUFFIX.fullmatch(rest) is not None


def _names(connectors: t.Iterable[SendConnector]) -> str:
    return ", ".join(sorted(f'"{connector.name}"' for connector in connectors))
