# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running of one Exchange cmdlet: its arguments, the state it works on, identities, confirmation."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from lab import contoso
from lab.exchange import errors as exchange_errors
from lab.exchange.state import ConfigurationObject, ExchangeState, Server
from lab.powershell.objects import PowerShellError

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState

Item = t.TypeVar("Item", bound=ConfigurationObject)


@dataclasses.dataclass
class Task:
    """What a cmdlet's code works with.

    :param state: as ``domain_controller`` has it
    :param directory: the objects of the domain
    :param server: the one the endpoint runs on
    """

    cmdlet: str
    parameters: dict[str, t.Any]
    state: ExchangeState
    directory: DirectoryState
    server: Server
    warn: t.Callable[[str], None]
    domain_controller: str = contoso.DC_HOST

    def find(self, items: t.Sequence[Item], distinguished_name: t.Callable[[Item], str]) -> list[Item]:
        """All items, or those the Identity parameter names: by name, distinguished name or GUID.

        A name may hold wildcards: Microsoft's own support script sets ``Outbound to Office 365*``.

        :raises PowerShellError: an identity without wildcard that names nothing
        """
        identity = self.parameters.get("Identity")
        if not identity:
            return list(items)
        wanted = str(identity).lower()
        found = [
            item
            for item in items
            if wanted in (item.name.lower(), distinguished_name(item).lower(), str(item.guid))
            or ("*" in wanted and fnmatch.fnmatchcase(item.name.lower(), wanted.replace("[", "[[]")))
        ]
        if not found and "*" not in wanted:
            raise self.not_found(identity)
        return found

    def find_one(self, items: t.Sequence[Item], distinguished_name: t.Callable[[Item], str]) -> Item:
        """The one item Identity names.

        :raises PowerShellError: none, or several
        """
        found = self.find(items, distinguished_name)
        if not found:
            raise self.not_found(self.parameters["Identity"])
        if len(found) > 1:
            raise exchange_errors.ambiguous(self.cmdlet, self.server.name, self.parameters["Identity"])
        return found[0]

    def should_process(self, *, prompts: bool = False) -> bool:
        """False under -WhatIf, which changes nothing.

        :param prompts: the cmdlet asks unless told ``-Confirm:$false`` (all Remove cmdlets; about "WhatIf, Confirm and
            ValidateOnly switches")
        :raises PowerShellError: somebody would have to confirm
        """
        if self.parameters.get("WhatIf"):
            return False
        if self.parameters.get("Confirm", prompts):
            raise exchange_errors.prompt_impossible(self.cmdlet)
        return True

    def not_found(self, identity: str) -> PowerShellError:
        return exchange_errors.not_found(self.cmdlet, self.server.name, identity, self.domain_controller)

    def refuse(self, message: str) -> PowerShellError:
        """A broken rule of the documents; the texts are assumed."""
        return exchange_errors.invalid_operation(self.cmdlet, self.server.name, message)

    def check_name(self, name: str, others: t.Iterable[ConfigurationObject], distinguished_name: str) -> None:
        """A name is unique in its container and at most 64 characters long.

        :raises PowerShellError: it is not
        """
        maximum = 64
        if len(name) > maximum:
            raise exchange_errors.name_too_long(self.cmdlet, self.server.name, len(name), maximum)
        if any(other.name.lower() == name.lower() for other in others):
            raise exchange_errors.already_exists(self.cmdlet, self.server.name, distinguished_name, self.domain_controller)

    def warn_nothing_changed(self, name: str) -> None:
        """The warning every Set cmdlet writes when there was nothing to do."""
        self.warn(f"The command completed successfully but no settings of '{name}' have been modified.")
