# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Base of the action plugins whose modules run on the control node."""

from __future__ import annotations

import sys
import tempfile
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._module_process import PROFILE, load_module, run_module
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._progress_display import ProgressDisplay

if t.TYPE_CHECKING:
    from collections.abc import Mapping

display = Display()


class ControlNodeActionBase(ActionBase):
    """Runs the module of the task's name in a child of this process."""

    shows_progress: t.ClassVar[bool] = False
    """The module says how far it has come (``_progress``)."""

    _supports_check_mode = True

    def __init_subclass__(cls) -> None:
        # Core loads an action's class in its main process as well. What is imported there, all tasks of the run have.
        if ".plugins.action." in cls.__module__:
            load_module(cls.__module__.rpartition(".")[2])

    def run_module_here(self, arguments: dict[str, t.Any], variables: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The module's result, as ``_execute_module`` gives it.

        :param arguments: its options; the internal ones are added to them
        :param variables: the task's
        """
        if C.DEFAULT_KEEP_REMOTE_FILES:
            # Somebody wants to look at the packed module. It needs the Python that has its libraries, and this node's shell.
            local = {name: value for name, value in variables.items() if name != "ansible_shell_type"}
            local["ansible_python_interpreter"] = sys.executable
            return t.cast("dict[str, t.Any]", super()._execute_module(module_args=arguments, task_vars=local))
        self._update_module_args(self._task.action, arguments, variables)
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        name = self._task.action.rpartition(".")[2]
        if self.shows_progress:
            with tempfile.TemporaryDirectory(prefix="progress-", dir=C.DEFAULT_LOCAL_TMP) as directory:
                arguments["_ansible_tmpdir"] = directory
                shown = f"[{self._host_name(variables)}] {self._task.action}: "
                progress = ProgressDisplay(directory, lambda text: display.display(shown + text))
                printed = run_module(name, arguments, environment, meanwhile=progress.look)
        else:
            printed = run_module(name, arguments, environment)
        if not printed:
            raise AnsibleActionFail(f"{self._task.action}: the module's process died without a result.")
        return _without_internal_keys(self._parse_returned_data({"rc": 0, "stdout": printed, "stderr": ""}, PROFILE))

    def _host_name(self, variables: Mapping[str, t.Any]) -> str:
        return str(self._task.delegate_to or variables.get("inventory_hostname"))

    def _host_variables(self, variables: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
        """Those of the host that the task runs for, which may be another than that of the play."""
        delegated = variables.get("ansible_delegated_vars", {})
        return t.cast("Mapping[str, t.Any]", delegated.get(self._task.delegate_to, variables))


def _without_internal_keys(result: t.Any) -> dict[str, t.Any]:
    """As core does with what a module printed: a dictionary in older versions, an object that makes one in newer (2.21)."""
    if isinstance(result, dict):
        from ansible.vars.clean import remove_internal_keys

        remove_internal_keys(result)
        return result
    result.remove_internal_keys()
    return t.cast("dict[str, t.Any]", result.as_result_dict(for_round_trip=True))
