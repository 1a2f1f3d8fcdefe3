# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync import AdsyncError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync_scope import (
    Partition,
    out_of_scope,
    read_partitions,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult

ROOT = "DC=contoso,DC=com"
CHILD = f"DC=emea,{ROOT}"
OU = f"OU=Groups,OU=IT,{ROOT}"


@pytest.mark.parametrize(
    ("partitions", "ou", "reason"),
    [
        ([], OU, "no partition"),
        ([Partition(CHILD, True, (CHILD,))], OU, "no partition"),
        ([Partition(ROOT, False, (ROOT,))], OU, "not selected"),
        ([Partition(ROOT, True, (ROOT,))], OU, None),
        ([Partition(ROOT, True, (ROOT,), (f"OU=IT,{ROOT}",))], OU, "not among"),
        ([Partition(ROOT, True, (ROOT, OU), (f"OU=IT,{ROOT}",))], OU, None),
        ([Partition(ROOT, True)], OU, "not among"),
        # The domain below decides for what is in it.
        ([Partition(ROOT, True, (ROOT,)), Partition(CHILD, False, (CHILD,))], f"OU=Groups,{CHILD}", "not selected"),
    ],
)
def test_out_of_scope(partitions: list[Partition], ou: str, reason: str | None) -> None:
    found = out_of_scope(partitions, ou)
    assert (found is None) if reason is None else (found is not None and reason in found)


class Client:
    """A server whose second partition has no scope."""

    def invoke_pipeline(self, commands: t.Sequence[tuple[str, t.Mapping[str, t.Any]]]) -> CmdletResult:
        partitions: list[dict[str, t.Any]] = [{"DN": ROOT, "Selected": True}, {"DN": CHILD, "Selected": True}]
        return CmdletResult(partitions if len(commands) == 2 else [{"ContainerInclusionList": [ROOT]}])


def test_a_partition_without_its_scope() -> None:
    with pytest.raises(AdsyncError, match=r"Of 2 partitions of connector contoso\.com only 1"):
        read_partitions(t.cast("t.Any", Client()), "contoso.com")
