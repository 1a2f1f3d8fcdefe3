# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Group writeback: the export run that writes the tenant's Microsoft 365 Groups into the OU, with the connector account's rights.

Sources: "Microsoft Entra Connect: Group writeback", "Modify group writeback default behavior" and "Disable group writeback"
(names, scope, what is deleted); version history of Entra Connect (member limit, description cut to 448 characters); "Configure
Office 365 Groups with on-premises Exchange hybrid" (primary SMTP address only); FIM's "Run History XML" (export errors).

``export`` is all there is to call: it takes the groups as a plain list and the directory as a :class:`ConnectedDirectory`.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from lab.directory import errors as directory_errors
from lab.directory.errors import LdapFailure

if t.TYPE_CHECKING:
    from lab.adsync.connected_directory import Attributes, ConnectedDirectory
    from lab.cloud.unified_group import UnifiedGroup

UNIVERSAL_DISTRIBUTION = "8"
MEMBER_LIMIT = 50_000
_LONGEST_DESCRIPTION = 448
_ALWAYS = ("displayName", "description", "groupType", "member")
_WITH_EXCHANGE = ("mail", "mailNickname", "proxyAddresses")
_DN_ATTRIBUTES = frozenset(("member",))

# Error type, code and text of an export error by LDAP result code. The first as seen by many (code 8344); assumed: the others.
_ERRORS = {
    directory_errors.INSUFFICIENT_ACCESS_RIGHTS: (
        "permission-issue",
        "8344",
        "Insufficient access rights to perform the operation.",
    ),
    directory_errors.ENTRY_ALREADY_EXISTS: ("object-already-exists", "8305", "An attempt was made to add an object that exists."),
    directory_errors.NO_SUCH_OBJECT: ("missing-object", "8333", "Directory object not found."),
}
_OTHER_ERROR = ("unexpected-error", "8224", "An operations error occurred.")


@dataclasses.dataclass
class ExportError:
    """Why an object could not be written, and since when (``<export-error>`` of Run History XML)."""

    kind: str
    code: str
    literal: str
    detail: str
    first: datetime.datetime
    last: datetime.datetime
    retries: int = 0


@dataclasses.dataclass
class SpaceObject:
    """A written-back group in the connector space.

    :ivar anchor: the group's id in the tenant
    :ivar exists: it has been written to the directory
    """

    anchor: str
    dn: str
    exists: bool = False
    error: ExportError | None = None


Space = dict[str, SpaceObject]
"""A connector's space: its objects by anchor."""


@dataclasses.dataclass
class Exported:
    """What an export run came to; ``result`` and the counters' names are those of the run's step."""

    result: str = "success"
    counters: dict[str, int] = dataclasses.field(default_factory=dict)
    errors: dict[str, ExportError] = dataclasses.field(default_factory=dict)

    def count(self, counter: str) -> None:
        self.counters[counter] = self.counters.get(counter, 0) + 1


def export(
    space: Space,
    groups: t.Iterable[UnifiedGroup],
    container: str | None,
    directory: ConnectedDirectory,
    at: datetime.datetime,
) -> Exported:
    """Bring the OU to the state of the tenant: add, update and delete groups; what fails is tried again in the next run.

    :param container: DN of the OU; None: group writeback is disabled, and the groups written back are deleted
    :param at: when the run takes place
    """
    wanted = {group.id: group for group in groups if len(group.members) <= MEMBER_LIMIT} if container else {}
    for anchor in wanted:
        # The name without the option "Writeback group distinguished name with cloud display name".
        space.setdefault(anchor, SpaceObject(anchor, f"CN=Group_{anchor},{container}"))
    outcome = Exported()
    for item in list(space.values()):
        group = wanted.get(item.anchor)
        try:
            counter = _delete(directory, item) if group is None else _write(directory, item, group)
        except LdapFailure as failure:
            item.error = _error(failure, item.error, at)
            outcome.errors[item.dn] = dataclasses.replace(item.error)
            outcome.count("ExportFailure")
            outcome.result = "completed-export-errors"
            continue
        item.error = None
        if group is None:
            del space[item.anchor]
        if counter:
            outcome.count(counter)
    return outcome


def _delete(directory: ConnectedDirectory, item: SpaceObject) -> str | None:
    if not item.exists or directory.read(item.dn, ["cn"]) is None:
        return None
    directory.delete(item.dn)
    return "ExportDelete"


def _write(directory: ConnectedDirectory, item: SpaceObject, group: UnifiedGroup) -> str | None:
    """Create or update a group. Changes made on premises are overwritten; attributes that are not written back are left alone."""
    intended = _attributes(directory, group)
    found = directory.read(item.dn, intended)
    if found is None:
        directory.add_group(item.dn, {name: values for name, values in intended.items() if values})
        item.exists = True
        return "ExportAdd"
    item.exists = True
    changes = {name: values for name, values in intended.items() if _form(name, values) != _form(name, found.get(name, []))}
    if not changes:
        return None
    directory.replace(item.dn, changes)
    return "ExportUpdate"


def _attributes(directory: ConnectedDirectory, group: UnifiedGroup) -> Attributes:
    """The attributes that are written back. Those for mail need Exchange's schema; members are users that are synchronized."""
    members = [dn for name in group.members if (dn := directory.find_user(name)) is not None]
    every = {
        "displayName": [group.display_name],
        "description": [group.description[:_LONGEST_DESCRIPTION]] if group.description else [],
        "groupType": [UNIVERSAL_DISTRIBUTION],
        "member": members,
        "mail": [group.mail],
        "mailNickname": [group.mail_nickname],
        "proxyAddresses": [f"SMTP:{group.mail}"],
    }
    names = (*_ALWAYS, *_WITH_EXCHANGE) if directory.has_exchange_schema else _ALWAYS
    return {name: every[name] for name in names}


def _form(name: str, values: list[str]) -> set[str]:
    return {value.casefold() for value in values} if name in _DN_ATTRIBUTES else set(values)


def _error(failure: LdapFailure, before: ExportError | None, at: datetime.datetime) -> ExportError:
    kind, code, literal = _ERRORS.get(failure.code, _OTHER_ERROR)
    detail = failure.text.strip("\n\0")
    if before is not None and before.kind == kind:
        return dataclasses.replace(before, detail=detail, last=at, retries=before.retries + 1)
    return ExportError(kind, code, literal, detail, at, at)
