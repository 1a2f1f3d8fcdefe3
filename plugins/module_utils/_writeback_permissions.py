# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The connector account's permissions on the writeback OU: found, compared, granted, revoked."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import (
    _access_rule_text,
    _dacl_update,
    _distinguished_name,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rights import READ
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rules import (
    Assessment,
    Trustee,
    assess,
    granted,
    revoked,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rule_text import Names
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import Account, Dacl, Directory
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import Ace, SecurityDescriptor

_MOST_LISTED = 20

Warn = t.Callable[[str], None]
Write = t.Callable[[], None]
"""Gives the permissions in another way than over LDAP."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was found and done.

    :param before: the DACL as it was, ``after`` as it is or, in check mode, would be
    :param assessment: of the DACL as it was
    :param left_out: rules that are still missing
    """

    account: Account
    names: Names
    before: SecurityDescriptor
    after: SecurityDescriptor
    assessment: Assessment
    left_out: tuple[Ace, ...] = ()
    blocked_below: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        return any(_dacl_update.difference(self.before, self.after))

    def as_result(self) -> dict[str, t.Any]:
        """For the module to return."""
        added, removed = _dacl_update.difference(self.before, self.after)
        return {
            "changed": self.changed,
            "account_sid": self.account.sid,
            "rights": [_access_rule_text.explain(verdict, self.names) for verdict in self.assessment.verdicts],
            "missing": self._rules(self.assessment.missing),
            "excess": self._rules(self.assessment.excess),
            "added": self._rules(added),
            "removed": self._rules(removed),
            "left_out": self._rules(self.left_out),
            "blocked_below": list(self.blocked_below),
        }

    def diff(self, ou: str) -> dict[str, str]:
        """The OU's own rules before and after, one a line."""
        lines = ["\n".join([*_access_rule_text.explicit_lines(dacl, self.names), ""]) for dacl in (self.before, self.after)]
        return {"before_header": ou, "after_header": ou, "before": lines[0], "after": lines[1]}

    def _rules(self, aces: t.Iterable[Ace]) -> list[dict[str, str]]:
        return [_access_rule_text.as_dict(ace, self.names) for ace in aces]


class WritebackPermissions:
    """The permissions of one account on one OU.

    :param account_name: as people know it; any form that :meth:`Directory.find_account` takes
    :param warn: called with what the user should know
    :raises DirectoryError: account or OU cannot be read
    :raises CollectionError: the OU lies in another domain
    """

    def __init__(self, directory: Directory, ou: str, account_name: str, warn: Warn) -> None:
        if _distinguished_name.dns_domain(ou) != directory.domain:
            raise CollectionError(
                f"domain_controller: {directory.host} serves the domain {directory.domain}, and {ou} is in another one: name a "
                "domain controller of that."
            )
        self._directory = directory
        self._ou = ou
        self._warn = warn
        self._account = directory.find_account(account_name)
        self._names = {self._account.sid: account_name}
        if self._account.groups is None:
            warn(f"The groups of account {self._account.name} are not known, so rules for them were not counted.")
        self._trustee = Trustee(self._account.sid, self._account.groups or frozenset())
        self._found: Dacl = directory.read_dacl(ou)
        if self._found.version is None:
            warn(f"The version of the permissions of {ou} cannot be read, so a change made at the same time may go unseen.")

    def grant(self, *, check_mode: bool, write: Write | None = None) -> Outcome:
        """Give the account what it lacks.

        :param write: does it in place of LDAP; what it leaves out is told
        :raises CollectionError: a rule denies what cannot be given
        """
        before = self._found.descriptor
        assessment = assess(before, self._trustee)
        self._require_unblocked(assessment)
        blocked_below = self._blocked_below()
        if check_mode or not assessment.missing:
            after = granted(before, self._trustee)
        elif write is None:
            after = self._update(lambda descriptor: granted(descriptor, self._trustee))
        else:
            write()
            after = self._directory.read_dacl(self._ou).descriptor
        left_out = assess(after, self._trustee).missing
        for ace in left_out:
            self._warn(
                f"On {self._ou} the connector account still lacks this rule, so it cannot write all groups: "
                f"{_access_rule_text.sddl(ace)}, {_access_rule_text.words(ace, self._names)}. Give it with method=ldap."
            )
        return Outcome(self._account, self._names, before, after, assessment, left_out, blocked_below)

    def revoke(self, *, check_mode: bool) -> Outcome:
        """Take exactly what :meth:`grant` gives."""
        before = self._found.descriptor
        if check_mode:
            after = revoked(before, self._account.sid)
        else:
            after = self._update(lambda descriptor: revoked(descriptor, self._account.sid))
        kept = assess(after, self._trustee)
        if any(verdict.granted for verdict in kept.verdicts if verdict.right.mask & ~READ):
            held = "; ".join(_access_rule_text.sddl(ace) for ace in kept.excess) or "of its groups or of inherited ones"
            self._warn(f"On {self._ou} the account keeps rights by rules that this module would not give: {held}.")
        return Outcome(self._account, self._names, before, after, assess(before, self._trustee))

    def _update(self, decide: _dacl_update.Decision) -> SecurityDescriptor:
        return _dacl_update.update(self._directory, self._ou, self._found, decide).after.descriptor

    def _require_unblocked(self, assessment: Assessment) -> None:
        sentences = {verdict: _access_rule_text.explain(verdict, self._names) for verdict in assessment.blocked}
        essential = [text for verdict, text in sentences.items() if verdict.right.essential]
        if essential:
            raise CollectionError(
                f"The connector account cannot be given what it needs on {self._ou}: it {'; it '.join(essential)}. Nothing was "
                "changed: remove or narrow the rule that denies."
            )
        for text in sentences.values():
            self._warn(
                f"On {self._ou} the connector account {text}. It can still delete groups by its right on the groups themselves."
            )
        for ace in assessment.limits:
            self._warn(
                f"On {self._ou} a rule denies the connector account something on single properties of groups, so some of them "
                f"may not be written: {_access_rule_text.sddl(ace)}"
            )

    def _blocked_below(self) -> tuple[str, ...]:
        found = self._directory.blocked_below(self._ou)
        if found:
            more = f" and {len(found) - _MOST_LISTED} more" if len(found) > _MOST_LISTED else ""
            self._warn(
                f"Inheritance is blocked on objects below {self._ou}, so the rules do not reach them: "
                f"{'; '.join(found[:_MOST_LISTED])}{more}. Let them inherit permissions, or the account cannot change them."
            )
        return tuple(found)
