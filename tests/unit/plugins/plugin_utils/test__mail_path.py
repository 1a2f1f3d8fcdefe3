# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._mail_path import mail_path


def record(verdict: str, place: str | None = "group", **more: t.Any) -> dict[str, t.Any]:
    return {"id": verdict, "title": f"It {verdict}", "verdict": verdict, "place": place, **more}


@pytest.mark.parametrize(
    ("records", "state", "findings"),
    [
        ([], "unseen", []),
        ([record("passed"), record("ok")], "sound", []),
        ([record("person")], "unseen", []),
        ([record("passed"), record("unknown")], "unknown", ["It unknown"]),
        ([record("unknown"), record("failed"), record("found")], "broken", ["It failed", "It found"]),
        ([record("found", mended=True)], "sound", []),
        ([record("failed", None)], "unseen", []),
    ],
)
def test_a_place_is_the_worst_of_what_is_known_there(records: list[dict[str, t.Any]], state: str, findings: list[str]) -> None:
    path = {place["id"]: place for place in mail_path(records)}
    assert (path["group"]["state"], path["group"]["findings"]) == (state, findings)
    assert {place["state"] for name, place in path.items() if name != "group"} == {"unseen"}


def test_records_of_our_own_playbooks_know_their_place() -> None:
    path = {place["id"]: place for place in mail_path([{"id": "send_connector", "title": "Send connector", "verdict": "failed"}])}
    assert path["to_connector"]["findings"] == ["Send connector"]
