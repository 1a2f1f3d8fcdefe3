# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The send connectors of an organization: find one by name, create, change, remove it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._connector_properties import PROPERTIES
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import SendConnector, WantedConnector

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient

_GUID_SUFFIX = re.compile(r" - [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Outcome(t.NamedTuple):
    """The connector before and after; None where it is not there."""

    before: SendConnector | None
    after: SendConnector | None
    changed: bool


class SendConnectors:
    """The send connectors of the organization behind a client.

    Every method raises CmdletError and SessionError as the client does, and CollectionError for what is refused here.

    :param check_mode: predict, write nothing
    """

    def __init__(self, client: ExchangeClient, *, check_mode: bool) -> None:
        self._client = client
        self._check_mode = check_mode

    def read(self) -> list[SendConnector]:
        objects = self._client.invoke("Get-SendConnector").objects
        self._client.stay_on(objects)
        return [SendConnector.from_object(item) for item in objects]

    def ensure_present(self, wanted: WantedConnector) -> Outcome:
        """Change a connector; create it where that is asked for."""
        connectors = self.read()
        before = self._find(connectors, wanted.name)
        if before is None and wanted.new_name:
            before = self._find(connectors, wanted.new_name)
        if before is None and not wanted.create:
            raise self._unknown(connectors, wanted.name)
        changes = wanted.changes(before) if before else {}
        predicted = wanted.applied_to(before) if before else wanted.created()
        changed = before is None or bool(changes)
        if changed:
            self._require_versions(wanted, before)
        if not changed or self._check_mode:
            return Outcome(before, predicted, changed)
        if before is None:
            self._client.invoke("New-SendConnector", wanted.creation_parameters())
            return Outcome(None, self._landed(wanted, predicted, "New-SendConnector"), True)
        # By GUID: the name may be ambiguous to the server, or be changed by somebody else meanwhile.
        self._client.invoke("Set-SendConnector", {"Identity": before.guid, **changes})
        return Outcome(before, self._landed(wanted, before, "Set-SendConnector"), True)

    def ensure_absent(self, name: str) -> Outcome:
        """Remove the connector of exactly this name."""
        before = next((connector for connector in self.read() if connector.name.casefold() == name.casefold()), None)
        if before is None:
            return Outcome(None, None, False)
        if not self._check_mode:
            self._remove(before)
        return Outcome(before, None, True)

    def get(self, name: str) -> SendConnector:
        """The connector of this name.

        :raises CollectionError: there is none, or more than one
        """
        connectors = self.read()
        found = self._find(connectors, name)
        if found is None:
            raise self._unknown(connectors, name)
        return found

    def _find(self, connectors: t.Sequence[SendConnector], name: str) -> SendConnector | None:
        """The one connector of this name.

        :raises CollectionError: when there is more than one
        """
        found = named(connectors, name)
        if len(found) > 1:
            raise CollectionError(
                f'name: "{name}" matches more than one send connector on {self._client.host}: {_names(found)}. '
                "Give the whole name of one."
            )
        return found[0] if found else None

    def _unknown(self, connectors: t.Sequence[SendConnector], name: str) -> CollectionError:
        there = f"There are: {_names(connectors)}." if connectors else "There is none at all."
        return CollectionError(
            f'name: there is no send connector "{name}" on {self._client.host}. {there} '
            "The hybrid one is made by the Hybrid Configuration Wizard; with create, this module makes another."
        )

    def _require_versions(self, wanted: WantedConnector, before: SendConnector | None) -> None:
        for item in PROPERTIES:
            if item.since and item.option in wanted.settings:
                known = before and before.settings.get(item.option)
                if wanted.settings[item.option] != known:
                    self._client.require(item.option, item.since)

    def _landed(self, wanted: WantedConnector, written: SendConnector, cmdlet: str) -> SendConnector:
        """Read back what was written.

        :raises CollectionError: when it is not there
        """
        present = next((connector for connector in self.read() if _is_same(connector, written)), None)
        if present is None:
            raise CollectionError(
                f'{cmdlet} on {self._client.host} reported success for "{written.name}", but the connector is gone. '
                "Somebody else may have removed it meanwhile; if the organization has several domain controllers, name one "
                "in domain_controller.",
                result={"changed": True},
            )
        missing = wanted.visible_changes(present)
        if missing:
            shown = present.to_result()
            raise CollectionError(
                f'{cmdlet} on {self._client.host} reported success for "{written.name}", but read back it still '
                f"differs in {', '.join(missing)}: {', '.join(shown['address_spaces'])}. "
                "Somebody else may have changed it meanwhile; run again.",
                result={"changed": True},
            )
        return present

    def _remove(self, present: SendConnector) -> None:
        try:
            self._client.invoke("Remove-SendConnector", {"Identity": present.guid, "Confirm": False})
        except CmdletError as exc:
            # Somebody else removed it between our read and our write.
            if not exc.error.is_exception("ManagementObjectNotFoundException"):
                raise
        if any(_is_same(connector, present) for connector in self.read()):
            raise CollectionError(
                f'Remove-SendConnector on {self._client.host} reported success, but "{present.name}" is still among the send '
                "connectors read back. If the organization has several domain controllers, name one in domain_controller.",
                result={"changed": True},
            )


def named(connectors: t.Sequence[SendConnector], name: str) -> list[SendConnector]:
    """The connectors of this name, or those the Hybrid Configuration Wizard named so with a GUID behind."""
    exact = [connector for connector in connectors if connector.name.casefold() == name.casefold()]
    return exact or [connector for connector in connectors if _is_wizards(connector.name, name)]


def _is_same(connector: SendConnector, other: SendConnector) -> bool:
    if other.guid is None:
        return connector.name.casefold() == other.name.casefold()
    return connector.guid == other.guid


def _is_wizards(connector: str, name: str) -> bool:
    """The wizard calls its connector ``<name> - <GUID of the organization>``."""
    start, rest = connector[: len(name)], connector[len(name) :]
    return start.casefold() == name.casefold() and _GUID_SUFFIX.fullmatch(rest) is not None


def _names(connectors: t.Iterable[SendConnector]) -> str:
    return ", ".join(sorted(f'"{connector.name}"' for connector in connectors))
