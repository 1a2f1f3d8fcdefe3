# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Whether an OU is in the sync scope of a connector: partitions and the containers chosen in them.

The Connect wizard refuses an OU that is filtered out, and so does the synchronization ("Microsoft Entra Connect Sync: Configure
filtering", organizational-unit-based filtering).
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _distinguished_name
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import AdsyncError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient


@dataclasses.dataclass(frozen=True)
class Partition:
    """A domain of the forest, as the connector sees it."""

    dn: str
    selected: bool
    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def read_partitions(client: CmdletClient, connector: str) -> list[Partition]:
    """The partitions of a connector.

    :raises CmdletError: no such connector
    :raises AdsyncError: a partition comes without its scope
    """
    source = [("Get-ADSyncConnector", {"Name": connector}), ("Select-Object", {"ExpandProperty": "Partitions"})]
    partitions = client.invoke_pipeline(source).objects
    # Remoting flattens what is nested, so the scopes are asked for on their own; they come in the same order.
    scopes = client.invoke_pipeline([*source, ("Select-Object", {"ExpandProperty": "ConnectorPartitionScope"})]).objects
    if len(partitions) != len(scopes):
        raise AdsyncError(
            f"Of {len(partitions)} partitions of connector {connector} only {len(scopes)} tell which OUs are chosen: look at the "
            "connector's partitions and containers in the Synchronization Service Manager."
        )
    return [
        Partition(
            str(partition["DN"]),
            bool(partition.get("Selected")),
            tuple(scope.get("ContainerInclusionList") or ()),
            tuple(scope.get("ContainerExclusionList") or ()),
        )
        for partition, scope in zip(partitions, scopes, strict=True)
    ]


def out_of_scope(partitions: t.Iterable[Partition], ou: str) -> str | None:
    """Why an OU is not synchronized; None when it is. The longest of the names above it decides."""
    inside = [partition for partition in partitions if _distinguished_name.is_below(ou, partition.dn)]
    if not inside:
        return "no partition of the connector holds it"
    partition = max(inside, key=lambda item: len(_distinguished_name.parse(item.dn)))
    if not partition.selected:
        return f"the partition {partition.dn} is not selected"
    decisive, included = 0, False
    for names, verdict in ((partition.included, True), (partition.excluded, False)):
        for name in names:
            depth = len(_distinguished_name.parse(name))
            if depth > decisive and _distinguished_name.is_below(ou, name):
                decisive, included = depth, verdict
    return None if included else f"it is not among the OUs chosen in the partition {partition.dn}"
