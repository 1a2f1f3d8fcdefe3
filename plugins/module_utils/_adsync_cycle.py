# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Starting a delta sync on the Connect server, and waiting for it.

Start-ADSyncSyncCycle returns at once; Get-ADSyncScheduler says whether a cycle is in progress ("Microsoft Entra Connect Sync:
Scheduler").
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import (
    STAGING,
    SUSPENDED,
    AdsyncError,
    read_scheduler,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync_runs import read_last_export
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import Scheduler
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline

# One exception type stands for many causes here, and the error id does not tell them apart; the service's own texts are English.
_BUSY = ("is busy", "already running")


@dataclasses.dataclass(frozen=True)
class SyncResult:
    """A delta sync that was started.

    :param waited: another cycle was in progress and had to end first
    :param finished: it ended before the deadline; it goes on by itself otherwise
    :param export: result of the connector's last export, None when it is not known yet
    :param failures: objects it could not write
    """

    waited: bool
    finished: bool
    export: str | None = None
    failures: int = 0


def require_syncing(scheduler: Scheduler) -> None:
    """Refuse to sync where that cannot write groups back.

    :raises AdsyncError: staging mode, or scheduler suspended
    """
    if scheduler.staging:
        raise AdsyncError(f"sync: a sync would not write back any group. {STAGING}")
    if scheduler.suspended:
        raise AdsyncError(f"sync: a sync cannot be started. {SUSPENDED}")


def delta_sync(
    client: CmdletClient,
    deadline: Deadline,
    connector_id: str | None = None,
    *,
    say: t.Callable[[str], None] = lambda _text: None,
) -> SyncResult:
    """Wait for a cycle in progress to end, start a delta sync, wait for it to end, read how the connector's export went.

    A cycle in progress may have read the directory before the change it is meant to see, so it does not count.

    :param say: called with a line on what is waited for, again and again
    :raises AdsyncError: refused (see :func:`require_syncing`), or the cycle in progress outlasted the deadline
    :raises CmdletError: the sync could not be started for another reason
    """
    waited = False
    while True:
        scheduler = read_scheduler(client)
        require_syncing(scheduler)
        if not scheduler.in_progress and _start(client):
            if not _wait_for_end(client, deadline, say):
                return SyncResult(waited, finished=False)
            export = read_last_export(client, connector_id)
            if export is None:
                return SyncResult(waited, finished=True)
            return SyncResult(waited, finished=True, export=export.result, failures=export.failures)
        waited = True
        say(f"waiting for the end of another sync on {client.host}, for up to {deadline.remaining():.0f} seconds")
        if not deadline.pause():
            raise AdsyncError(
                f"sync: another sync was in progress on {client.host} for {deadline.seconds:g} seconds (sync_timeout), so none "
                "was started: run again later, or wait for the scheduler's next one."
            )


def _start(client: CmdletClient) -> bool:
    """Start a delta sync; False when a cycle that began in between is in the way."""
    try:
        client.invoke("Start-ADSyncSyncCycle", {"PolicyType": "Delta"})
    except CmdletError as exc:
        if any(text in exc.error.message for text in _BUSY):
            return False
        raise
    return True


def _wait_for_end(client: CmdletClient, deadline: Deadline, say: t.Callable[[str], None]) -> bool:
    while read_scheduler(client).in_progress:
        say(f"the sync on {client.host} is running, awaited for up to {deadline.remaining():.0f} seconds")
        if not deadline.pause():
            return False
    return True
