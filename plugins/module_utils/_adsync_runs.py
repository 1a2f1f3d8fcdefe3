# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What the Connect server's last runs came to, and the objects it could not write.

Get-ADSyncRunProfileResult of the module ADSync; its properties as public code reads them. A step's errors are XML ("Run History
XML" of Forefront Identity Manager, from which Connect comes: synchronization-errors).
"""

from __future__ import annotations

import dataclasses
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _distinguished_name
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import parse_utc

if t.TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient

_EXPORT = "Export"
# More runs than one cycle has for a connector (import, synchronization, export), so that the last export is among them.
_RUNS_READ = 12


@dataclasses.dataclass(frozen=True)
class ExportError:
    """An object that could not be written.

    :param kind: such as permission-issue
    :param code: a Windows or LDAP error code
    :param text: what the code means, and what the directory answered
    :param since: when it first failed, as the server writes it, in UTC
    :param retries: how often it was tried again
    """

    dn: str
    kind: str
    code: str
    text: str
    since: str
    retries: int


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run of a connector.

    :param result: as the server calls it: success, completed-export-errors, ...
    :param failures: number of objects an export could not write
    :param errors: those of them the server tells of
    """

    connector: str
    profile: str
    result: str
    end: datetime.datetime | None
    failures: int = 0
    errors: tuple[ExportError, ...] = ()


def read_runs(client: CmdletClient, connector_id: str, number: int = _RUNS_READ) -> list[Run]:
    """A connector's last runs, the newest first.

    :raises CmdletError: the history cannot be read
    """
    wanted = {"ConnectorId": connector_id, "NumberRequested": number, "RunStepDetails": True}
    source = ("Get-ADSyncRunProfileResult", wanted)
    runs = client.invoke_pipeline([source]).objects
    # Remoting flattens the steps, so they are asked for on their own, and matched by the run they belong to.
    steps = client.invoke_pipeline([source, ("Select-Object", {"ExpandProperty": "RunStepResults"})]).objects
    found = [_run(item, [step for step in steps if step.get("RunHistoryId") == item.get("RunHistoryId")]) for item in runs]
    return sorted(found, key=lambda run: run.end.timestamp() if run.end else 0.0, reverse=True)


def _run(item: Mapping[str, t.Any], steps: list[Mapping[str, t.Any]]) -> Run:
    return Run(
        str(item.get("ConnectorName") or ""),
        str(item.get("RunProfileName") or ""),
        str(item.get("Result") or ""),
        parse_utc(item.get("EndDate")),
        sum(int(step.get("ExportFailure") or 0) for step in steps),
        tuple(error for step in steps for error in export_errors(str(step.get("SyncErrors") or ""))),
    )


def export_errors(xml: str) -> list[ExportError]:
    """The export errors of a step; none when it is not the XML that is expected: the count of failures is known all the same."""
    try:
        root = ET.fromstring(xml)  # noqa: S314 - expat resolves no external entities; the sender is authenticated
    except ET.ParseError:
        return []
    return [_export_error(item) for item in root.iter("export-error")]


def _export_error(item: ET.Element) -> ExportError:
    def text(path: str) -> str:
        return " ".join((item.findtext(path) or "").split())

    said = [part for path in ("cd-error/error-literal", "cd-error/server-error-detail") if (part := text(path))]
    retries = text("retry-count")
    return ExportError(
        item.get("dn", ""),
        text("error-type"),
        text("cd-error/error-code"),
        " ".join(said),
        text("first-occurred"),
        int(retries) if retries.isdecimal() else 0,
    )


def last_of_each(runs: Iterable[Run]) -> list[Run]:
    """The newest run of each run profile, of runs that are sorted from the newest."""
    newest: dict[str, Run] = {}
    for run in runs:
        newest.setdefault(run.profile, run)
    return list(newest.values())


def errors_below(runs: Iterable[Run], container: str | None) -> list[ExportError]:
    """The errors of objects in a container; of all objects without one. One whose name cannot be read is not kept back."""
    return [error for run in runs for error in run.errors if container is None or _is_below(error.dn, container)]


def _is_below(dn: str, container: str) -> bool:
    try:
        return _distinguished_name.is_below(dn, container)
    except _distinguished_name.InvalidDistinguishedName:
        return True


def read_last_export(client: CmdletClient, connector_id: str | None) -> Run | None:
    """The connector's last export; None when it has none, as on a server in staging mode."""
    if connector_id is None:
        return None
    return next((run for run in read_runs(client, connector_id) if run.profile == _EXPORT), None)
