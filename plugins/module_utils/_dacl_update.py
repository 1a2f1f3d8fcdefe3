# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Changing access rules without losing another writer's change in silence.

LDAP has no locking, and a domain controller takes the DACL as a whole: whoever writes last wins. So the DACL and its version
are read again immediately before the write, and after it: then the version must be exactly one higher and the explicit rules
those intended. That detects, it does not prevent; the window is a few milliseconds.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rule_text import sddl_dacl
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rules import same_explicit
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import Dacl, Directory
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import Ace, SecurityDescriptor

_ATTEMPTS = 5

Decision = t.Callable[["SecurityDescriptor"], "SecurityDescriptor"]
"""From a DACL as it is to the DACL as it should be."""


class DaclConflict(CollectionError):
    """Somebody else changed the same DACL at the same time; ``str()`` shows it before and after."""


@dataclasses.dataclass(frozen=True)
class DaclChange:
    """What was changed: nothing when ``added`` and ``removed`` are empty. ``after`` is what the domain controller holds now."""

    before: Dacl
    after: Dacl
    added: tuple[Ace, ...] = ()
    removed: tuple[Ace, ...] = ()


def difference(before: SecurityDescriptor, after: SecurityDescriptor) -> tuple[tuple[Ace, ...], tuple[Ace, ...]]:
    """The explicit rules that came and those that went."""
    old, new = collections.Counter(before.explicit), collections.Counter(after.explicit)
    return tuple((new - old).elements()), tuple((old - new).elements())


def update(directory: Directory, dn: str, read: Dacl, decide: Decision) -> DaclChange:
    """Write the rules that ``decide`` wants, and see that they landed.

    :param read: the DACL as read before
    :param decide: called anew for each state of the DACL met
    :raises DaclConflict: another writer came between, or kept coming
    :raises DirectoryError: as :meth:`Directory.write_dacl`
    """
    before = read
    for _attempt in range(_ATTEMPTS):
        intended = decide(before.descriptor)
        added, removed = difference(before.descriptor, intended)
        if not added and not removed:
            return DaclChange(before, before)
        fresh = directory.read_dacl(dn)
        if fresh != before:
            before = fresh
            continue
        directory.write_dacl(dn, intended)
        try:
            after = directory.read_dacl(dn)
            _verify(dn, before, intended, after)
        except CollectionError as exc:
            exc.result["changed"] = True
            raise
        return DaclChange(before, after, added, removed)
    raise DaclConflict(
        f"The permissions of {dn} changed each of {_ATTEMPTS} times while they were compared. Nothing was written: run again "
        "when whoever changes them has finished."
    )


def _verify(dn: str, before: Dacl, intended: SecurityDescriptor, after: Dacl) -> None:
    problem = None
    if not same_explicit(after.descriptor, intended):
        problem = "they are not what was written"
    elif before.version is not None and after.version != before.version + 1:
        problem = f"their version went from {before.version} to {after.version} with one write"
    if problem:
        raise DaclConflict(
            f"The permissions of {dn} were written, but {problem}: somebody else changed them at the same time, and one of the "
            f"changes may be lost. Compare them and run again. Before: {sddl_dacl(before.descriptor)} Written: "
            f"{sddl_dacl(intended)} Now: {sddl_dacl(after.descriptor)}"
        )
