# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends the session of a task when the task ends, as Ansible's own psrp connection does.

There, each task has a connection of its own, in the process that runs it (ansible.executor.process.worker), which opens a
runspace pool (ansible.plugins.connection.psrp, ``_connect``) and closes it at the task's end (ansible.executor.task_executor,
``TaskExecutor.run``: ``self._connection.close()``). A loop is one task.
"""

from __future__ import annotations

import pathlib
import time
import typing as t

from ansible.module_utils.connection import Connection
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: session_per_task
type: aggregate
short_description: End sessions with their tasks
description:
  - For measuring what one session for each task costs.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "session_per_task"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result: t.Any) -> None:
        socket = result.task_fields["args"].get("_ansible_socket")
        if socket is None:
            return
        Connection(socket).reset()
        while pathlib.Path(socket).exists():  # the next task is to start one of its own
            time.sleep(0.005)
