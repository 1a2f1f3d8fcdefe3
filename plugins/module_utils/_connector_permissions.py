# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Extended rights on a send connector: which ones a user has, which are added or removed.

Source: Get-, Add- and Remove-ADPermission references.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import SendConnector


@dataclasses.dataclass(frozen=True)
class Permission:
    """One extended right that an access rule of the connector gives or denies."""

    user: str
    right: str
    deny: bool
    inherited: bool

    def to_result(self) -> dict[str, t.Any]:
        """What a module returns."""
        return {"user": self.user, "extended_right": self.right, "deny": self.deny, "inherited": self.inherited}


class Outcome(t.NamedTuple):
    """A user's rights before and after, with those the connector inherits."""

    before: list[Permission]
    after: list[Permission]
    changed: bool


class ConnectorPermissions:
    """The extended rights on one connector.

    Every method raises CmdletError and SessionError as the client does.

    :param check_mode: predict, write nothing
    """

    def __init__(self, client: ExchangeClient, connector: SendConnector, *, check_mode: bool) -> None:
        self._client = client
        self._connector = connector
        self._check_mode = check_mode

    def read(self, user: str | None = None) -> list[Permission]:
        """All, or those of one user, whom the server finds by any of his names."""
        parameters = {"Identity": self._connector.distinguished_name, **({"User": user} if user else {})}
        return sorted(
            (
                Permission(entry["User"], right, bool(entry["Deny"]), bool(entry["IsInherited"]))
                for entry in self._client.invoke("Get-ADPermission", parameters).objects
                for right in entry.get("ExtendedRights") or []
            ),
            key=lambda item: (item.user.casefold(), item.right.casefold(), item.deny, item.inherited),
        )

    def ensure(self, user: str, rights: t.Sequence[str], *, deny: bool, present: bool) -> Outcome:
        """Give or deny these rights, or take that back.

        :raises CollectionError: read back, it is not so
        """
        before = self.read(user)
        # An inherited rule does as well, but only the connector's own can be removed.
        there = {_key(item.right) for item in before if item.deny is deny and (present or not item.inherited)}
        changes = [right for right in dict.fromkeys(rights) if (_key(right) in there) is not present]
        if not changes:
            return Outcome(before, before, False)
        if self._check_mode:
            return Outcome(before, self._predicted(user, before, changes, deny=deny, present=present), True)
        cmdlet = "Add-ADPermission" if present else "Remove-ADPermission"
        parameters = {"Identity": self._connector.distinguished_name, "User": user, "ExtendedRights": changes}
        self._client.invoke(cmdlet, {**parameters, **({"Deny": True} if deny else {}), "Confirm": False})
        after = self.read(user)
        own = {_key(item.right) for item in after if item.deny is deny and not item.inherited}
        failed = [right for right in changes if (_key(right) in own) is not present]
        if failed:
            raise CollectionError(
                f'{cmdlet} on {self._client.host} reported success for {user} on "{self._connector.name}", but read back it has '
                f"not taken effect for {', '.join(failed)}. Somebody else may have changed it meanwhile; run again.",
                result={"changed": True},
            )
        return Outcome(before, after, True)

    def _predicted(
        self, user: str, before: t.Sequence[Permission], changes: t.Sequence[str], *, deny: bool, present: bool
    ) -> list[Permission]:
        if present:
            return [*before, *(Permission(user, right, deny, False) for right in changes)]
        gone = {_key(right) for right in changes}
        return [item for item in before if item.inherited or item.deny is not deny or _key(item.right) not in gone]


def _key(right: str) -> str:
    """Exchange takes ``Send As`` and shows ``Send-As``."""
    return right.strip().replace(" ", "-").casefold()
