# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One pipeline of cmdlets as a task over ansible.builtin.psrp.

What psrp itself runs is script text, which Exchange's endpoint refuses. Its session is used as it is: opened by psrp for this
task, and closed by Ansible after it.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from pypsrp.powershell import PowerShell


class ActionModule(ActionBase):
    """Option ``pipeline``: a list of cmdlet and parameters."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        self._connection._connect()
        shell = PowerShell(self._connection.runspace)
        for cmdlet, parameters in self._task.args["pipeline"]:
            shell.add_cmdlet(cmdlet).add_parameters(parameters)
        return {"changed": False, "objects": len(shell.invoke())}
