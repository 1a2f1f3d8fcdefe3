# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Base of the action plugins of modules that talk to a service themselves, wherever they run."""

from __future__ import annotations

import sys
import typing as t

from ansible.plugins.action.normal import ActionModule as NormalActionModule

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._control_node_action import ControlNodeActionBase

if t.TYPE_CHECKING:
    from collections.abc import Mapping


class LocalActionBase(ControlNodeActionBase, NormalActionModule):
    """As with any module, the host of the task runs it; where that is the control node with this Python, it is run right here."""

    _supports_async = True

    def _execute_module(self, *args: t.Any, **kwargs: t.Any) -> dict[str, t.Any]:
        variables = kwargs["task_vars"]
        if self._is_here(variables):
            return self.run_module_here(dict(self._task.args), variables)
        return t.cast("dict[str, t.Any]", super()._execute_module(*args, **kwargs))

    def _is_here(self, variables: Mapping[str, t.Any]) -> bool:
        if self._connection.transport != "local" or self._connection.become is not None or self._task.async_val:
            return False
        python = self._host_variables(variables).get("ansible_python_interpreter")
        return python is not None and self._templar.template(python) == sys.executable
