# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""A send connector as it is and as it is wanted, and the parameters that lead from one to the other."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import (
    AddressSpace,
    parse_address_space,
    read_address_space,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._connector_properties import PROPERTIES, Property
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_values import parse_smart_host, server_key
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._list_change import ListChange
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Credential
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._list_change import Difference

LISTS = {
    "address_spaces": "AddressSpaces",
    "smart_hosts": "SmartHosts",
    "source_transport_servers": "SourceTransportServers",
}
USAGES = ("Custom", "Internal", "Internet", "Partner")


@dataclasses.dataclass(frozen=True)
class SendConnector:
    """A send connector as it is, or as it would be.

    :param guid: None for one that would be created
    :param settings: option to value, see ``_connector_properties``; only what the server shows or the task gives
    """

    name: str
    guid: str | None
    address_spaces: tuple[AddressSpace, ...] = ()
    smart_hosts: tuple[str, ...] = ()
    source_transport_servers: tuple[str, ...] = ()
    settings: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    has_credential: bool = False
    distinguished_name: str | None = None

    @classmethod
    def from_object(cls, properties: t.Mapping[str, t.Any]) -> SendConnector:
        """Take one object of Get-SendConnector."""
        return cls(
            name=properties["Name"],
            guid=properties["Guid"],
            address_spaces=tuple(read_address_space(text) for text in properties["AddressSpaces"] or []),
            smart_hosts=tuple(properties.get("SmartHosts") or []),
            source_transport_servers=tuple(properties.get("SourceTransportServers") or []),
            settings={item.option: item.read(properties[item.parameter]) for item in PROPERTIES if item.parameter in properties},
            has_credential=properties.get("AuthenticationCredential") is not None,
            distinguished_name=properties.get("DistinguishedName"),
        )

    def to_result(self) -> dict[str, t.Any]:
        """What a module returns and shows as a difference."""
        return {
            "name": self.name,
            "identity": self.guid,
            "address_spaces": sorted(str(space) for space in self.address_spaces),
            "smart_hosts": list(self.smart_hosts),
            "source_transport_servers": sorted(self.source_transport_servers),
            **{item.option: item.shown(self.settings[item.option]) for item in PROPERTIES if item.option in self.settings},
            "has_credential": self.has_credential,
        }


def list_change(option: str, value: t.Mapping[str, t.Any] | None) -> ListChange[t.Any] | None:
    """Read one of the options ``{add, remove, set}``.

    :raises ValueError: names the option
    """
    if value is None:
        return None
    if option == "address_spaces":
        return ListChange.from_option(option, value, parse_address_space, lambda space: space.key)
    key = parse_smart_host if option == "smart_hosts" else server_key
    return ListChange.from_option(option, value, _name, key)


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("a name is empty.")
    return text.strip()


@dataclasses.dataclass(frozen=True)
class WantedConnector:
    """What is asked for; None leaves a property as it is.

    :param name: as the user gave it
    :param settings: option to value, only what is asked for
    :param credential: set where there is none yet, and always with ``update_secret``, because no server shows it
    :param create: make the connector when it is not there
    :param usage: of a new connector
    """

    name: str
    new_name: str | None = None
    address_spaces: ListChange[AddressSpace] | None = None
    smart_hosts: ListChange[str] | None = None
    source_transport_servers: ListChange[str] | None = None
    settings: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    credential: Credential | None = dataclasses.field(default=None, repr=False)
    update_secret: bool = False
    create: bool = False
    usage: str | None = None

    def changes(self, present: SendConnector) -> dict[str, t.Any]:
        """Parameters of Set-SendConnector that lead from what is there to what is asked for; empty when nothing does."""
        parameters = self.visible_changes(present)
        if self.credential and (self.update_secret or not present.has_credential):
            parameters["AuthenticationCredential"] = self.credential
        return parameters

    def visible_changes(self, present: SendConnector) -> dict[str, t.Any]:
        """The same without the secret, which nobody can read back."""
        parameters: dict[str, t.Any] = {}
        if self.new_name and self.new_name != present.name:
            parameters["Name"] = self.new_name
        for option, parameter in LISTS.items():
            difference = self._difference(option, present)
            if difference:
                parameters[parameter] = _hashtable(difference)
        for item in self._asked():
            if self.settings[item.option] != present.settings.get(item.option):
                parameters[item.parameter] = item.to_parameter(self.settings[item.option])
        return parameters

    def applied_to(self, present: SendConnector) -> SendConnector:
        """The connector once the changes are made.

        :raises CollectionError: when no address space would be left
        """
        after = {option: self._difference(option, present) for option in LISTS}
        lists = {option: tuple(difference.after) for option, difference in after.items() if difference}
        if "address_spaces" in lists and not lists["address_spaces"]:
            raise CollectionError(
                f'address_spaces: the send connector "{present.name}" would be left without an address space, and such a '
                "connector routes nothing. Add the new address space in the same task, or remove the connector itself."
            )
        return dataclasses.replace(
            present,
            **t.cast("dict[str, t.Any]", lists),
            name=self.new_name or present.name,
            settings={**present.settings, **self.settings},
            has_credential=present.has_credential or self.credential is not None,
        )

    def created(self) -> SendConnector:
        """The connector that creating it from nothing gives, as far as the task says.

        :raises CollectionError: the task gives no address space
        """
        spaces = self._difference("address_spaces", SendConnector(self.name, None))
        if not spaces or not spaces.after:
            raise CollectionError(
                f'address_spaces: the send connector "{self.name}" has to be created, and a new one needs an address space. '
                "Give address_spaces.add or address_spaces.set."
            )
        return self.applied_to(SendConnector(self.new_name or self.name, None))

    def creation_parameters(self) -> dict[str, t.Any]:
        """Parameters of New-SendConnector."""
        parameters: dict[str, t.Any] = {"Name": self.new_name or self.name}
        nothing = SendConnector(self.name, None)
        for option, parameter in LISTS.items():
            difference = self._difference(option, nothing)
            if difference:
                parameters[parameter] = [str(value) for value in difference.after]
        for item in self._asked():
            parameters[item.parameter] = item.to_parameter(self.settings[item.option])
        if self.usage:
            parameters["Usage"] = self.usage
        if self.credential:
            parameters["AuthenticationCredential"] = self.credential
        return parameters

    def _asked(self) -> list[Property]:
        return [item for item in PROPERTIES if item.option in self.settings]

    def _difference(self, option: str, present: SendConnector) -> Difference[t.Any] | None:
        change: ListChange[t.Any] | None = getattr(self, option)
        if change is None:
            return None
        current = getattr(present, option)
        if option == "address_spaces":
            return change.difference(current, AddressSpace.costs_as)
        return change.difference(current)


def _hashtable(difference: Difference[t.Any]) -> dict[str, list[str]]:
    """Write ``@{Add=...; Remove=...}``, so that what somebody else adds meanwhile is not lost.

    What goes is named in the server's own spelling.
    """
    # assumed: multi-valued parameters take Add and Remove together, and so a cost can be changed in one call; the reference
    # of AddressSpaces shows whole lists only.
    parts = {
        "Add": [str(value) for value in difference.add],
        "Remove": [value.text if isinstance(value, AddressSpace) else str(value) for value in difference.remove],
    }
    return {name: texts for name, texts in parts.items() if texts}
