# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a run did as JSON lines to the file named by RECORD_FILE, for the tests to read."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: record
type: aggregate
short_description: Record task results for the tests
description:
  - Writes one JSON line per task result, and one with the statistics at the end.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, **line: t.Any) -> None:
        with pathlib.Path(os.environ["RECORD_FILE"]).open("a") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def _result(self, result: t.Any, status: str) -> None:
        self._write(
            host=result._host.get_name(),
            task=result._task.get_name(),
            action=result._task.action,
            status=status,
            result=result._result,
        )

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._result(result, "ok")

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._result(result, "ignored" if ignore_errors else "failed")

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._result(result, "item failed")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._result(result, "unreachable")

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._result(result, "skipped")

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._write(stats={host: stats.summarize(host) for host in stats.processed})
