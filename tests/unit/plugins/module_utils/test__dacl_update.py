# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two writers of the same access rules at once, on the embedded directory and on Samba."""

from __future__ import annotations

import collections
import re
import threading
import typing as t
import warnings

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_grant import least_grant
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._access_rules import Trustee, granted
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dacl_update import DaclConflict, update
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import DirectoryOptions
from lab import contoso
from lab.directory.client import explicit, write_dacl

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import Directory

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import SecurityDescriptor
    from lab.directory.domain import Domain

OU = contoso.WRITEBACK_OU
ROUNDS = 50


class Rival(Directory):
    """A writer that takes part in each round, and is held up before its first write of it in every second round."""

    meeting: threading.Barrier | None = None

    def write_dacl(self, dn: str, descriptor: SecurityDescriptor) -> None:
        if self.meeting is not None:
            meeting, self.meeting = self.meeting, None
            meeting.wait(10)  # both have read for the last time
        super().write_dacl(dn, descriptor)


class Writer:
    """Gives one account its rights, on a connection of its own."""

    def __init__(self, domain: Domain, account: str) -> None:
        options = DirectoryOptions(
            host=domain.address,
            user=f"{contoso.ADMIN}@{contoso.AD_DOMAIN}",
            password=contoso.ADMIN_PASSWORD,
            ca_cert=str(domain.authority.ca_file),
            port=domain.ldaps_port,
        )
        self.directory = Rival(options)
        self.sid = self.directory.find_account(account).sid
        self.problem: Exception | None = None

    def write(self, start: threading.Barrier, meeting: threading.Barrier | None) -> None:
        self.problem, self.directory.meeting = None, meeting
        read = self.directory.read_dacl(OU)
        start.wait(10)
        try:
            update(self.directory, OU, read, lambda descriptor: granted(descriptor, Trustee(self.sid)))
        except Exception as exc:
            self.problem = exc

    @property
    def has_rights(self) -> bool:
        return set(least_grant(self.sid).values()) <= set(self.directory.read_dacl(OU).descriptor.explicit)


def test_two_writers_at_once_never_lose_in_silence(domain: Domain) -> None:
    writers = [Writer(domain, contoso.CONNECTOR_ACCOUNT), Writer(domain, contoso.USER)]
    outcomes: collections.Counter[str] = collections.Counter()
    with domain.admin() as admin:
        before = explicit(admin)
        for number in range(ROUNDS):
            write_dacl(admin, before)
            start, meeting = threading.Barrier(2), threading.Barrier(2) if number % 2 else None
            threads = [threading.Thread(target=writer.write, args=(start, meeting)) for writer in writers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            problems = [writer.problem for writer in writers if writer.problem is not None]
            lost = [writer for writer in writers if not writer.has_rights]
            for problem in problems:
                assert isinstance(problem, DaclConflict), problem
                assert re.search(r"Before: D:.* Written: D:.* Now: D:", str(problem))
            assert problems or not lost, f"round {number}: a change was lost, and nobody was told"
            outcomes["told" if problems else "both there"] += 1
    for writer in writers:
        writer.directory.close()
    assert outcomes.total() == ROUNDS
    assert outcomes["told"] >= ROUNDS // 2  # whoever writes at the same moment finds out
