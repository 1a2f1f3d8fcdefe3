# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What the Connect server's last runs came to, and the objects it could not write.

Get-ADSyncRunProfileResult and Get-ADSyncCSObject of the module ADSync; their properties as public code reads them.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import parse_utc

if t.TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient

_EXPORT = "Export"
# More runs than one cycle has for a connector (import, synchronization, export), so that the last export is among them.
_RUNS_READ = 12


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run of a connector.

    :param result: as the server calls it: success, completed-export-errors, ...
    :param failures: objects an export could not write
    """

    connector: str
    profile: str
    result: str
    end: datetime.datetime | None
    failures: int = 0

    @property
    def succeeded(self) -> bool:
        return self.result == "success"


@dataclasses.dataclass(frozen=True)
class ExportError:
    """An object that could not be written.

    :param kind: such as permission-issue
    :param literal: what the directory answered
    """

    dn: str
    kind: str
    code: str
    literal: str


def read_runs(client: CmdletClient, connector_id: str, number: int = _RUNS_READ) -> list[Run]:
    """A connector's last runs, the newest first.

    :raises CmdletError: the history cannot be read
    """
    wanted = {"ConnectorId": connector_id, "NumberRequested": number, "RunStepDetails": True}
    source = ("Get-ADSyncRunProfileResult", wanted)
    runs = client.invoke_pipeline([source]).objects
    # Remoting flattens the steps, so they are asked for on their own, and matched by the run they belong to.
    steps = client.invoke_pipeline([source, ("Select-Object", {"ExpandProperty": "RunStepResults"})]).objects
    failures: dict[str, int] = {}
    for step in steps:
        run = str(step.get("RunHistoryId"))
        failures[run] = failures.get(run, 0) + int(step.get("ExportFailure") or 0)
    found = [_run(item, failures) for item in runs]
    return sorted(found, key=lambda run: run.end.timestamp() if run.end else 0.0, reverse=True)


def _run(item: Mapping[str, t.Any], failures: Mapping[str, int]) -> Run:
    return Run(
        str(item.get("ConnectorName") or ""),
        str(item.get("RunProfileName") or ""),
        str(item.get("Result") or ""),
        parse_utc(item.get("EndDate")),
        failures.get(str(item.get("RunHistoryId")), 0),
    )


def read_last_export(client: CmdletClient, connector_id: str | None) -> Run | None:
    """The connector's last export; None when it has none, as on a server in staging mode."""
    if connector_id is None:
        return None
    return next((run for run in read_runs(client, connector_id) if run.profile == _EXPORT), None)
