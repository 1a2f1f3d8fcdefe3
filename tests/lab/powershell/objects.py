# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a modelled cmdlet gets and gives: the contract between the WSMan endpoint and the models of servers.

The models speak in these types and know nothing of PSRP; ``lab.wsman`` turns them into wire objects.
"""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass
class NetObject:
    """A .NET object: type names (most derived first, ending in System.Object), ToString, properties in order.

    A property's value is None, str, int, float, bool, bytes, datetime, timedelta, uuid.UUID, EnumValue, NetObject, or a
    list of those (a MultiValuedProperty or other collection).
    """

    type_names: list[str]
    to_string: str
    properties: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class EnumValue:
    """A value of a .NET enumeration."""

    type_name: str
    name: str
    number: int


@dataclasses.dataclass
class MultiValued:
    """A collection with a type name of its own, such as Exchange's MultiValuedProperty."""

    type_name: str
    items: list[t.Any]


class PowerShellError(Exception):
    """An error record.

    :param error_id: the FullyQualifiedErrorId, whole
    :param category: a name of System.Management.Automation.ErrorCategory
    :param exception_type: full .NET type name
    :param target: the TargetObject: None, a str, or a NetObject
    :param terminating: True ends the pipeline in state Failed; False is written to the error stream
    """

    def __init__(
        self,
        message: str,
        *,
        error_id: str,
        category: str,
        exception_type: str,
        target: t.Any = None,
        terminating: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error_id = error_id
        self.category = category
        self.exception_type = exception_type
        self.target = target
        self.terminating = terminating


class SessionRefused(Exception):
    """The endpoint lets this user open no session; the text says why."""


@dataclasses.dataclass
class Call:
    """One cmdlet call as it came over the wire.

    ``parameters`` keeps order and positional arguments (name None). Values are plain Python: str, int, float, bool, None,
    bytes, list, dict, SecretText, CredentialValue. ``warn`` writes to the warning stream.
    """

    cmdlet: str
    parameters: list[tuple[str | None, t.Any]]
    pipeline_input: list[t.Any]
    user: str
    warn: t.Callable[[str], None]


class SecretText(str):
    """A SecureString the endpoint has decrypted."""


@dataclasses.dataclass
class CredentialValue:
    """A PSCredential the endpoint has decrypted."""

    username: str
    password: str


class CommandHost(t.Protocol):
    """The cmdlets behind one endpoint configuration."""

    language_mode: str
    """NoLanguage (Exchange: cmdlets with parameters only, no pipelines of scripts) or FullLanguage."""

    def new_runspace(self, user: str) -> CommandHost:
        """The same server for a new session: what a session loads, such as modules, is its own.

        :raises SessionRefused: the user may not have one
        """

    def run(self, call: Call) -> t.Iterable[t.Any]:
        """Run a cmdlet; yields output objects.

        :raises PowerShellError: an error record; the endpoint writes it or fails the pipeline
        """
