# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Base of the action plugins: a task on a Windows host runs its Python module here, over the cmdlet connection.

The inventory stays as it is. Whatever connection it names for the host, address, user and password are taken from there, also
those given by C(--user) and C(--ask-pass), which is how AWX passes a Machine credential.
"""

from __future__ import annotations

import contextlib
import os
import sys
import typing as t
import zlib

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._progress_display import ProgressDisplay
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._target import TargetError, resolve

if t.TYPE_CHECKING:
    from collections.abc import Mapping

display = Display()

CONNECTION = "exchange.hybrid_groups.cmdlet"


class CmdletActionBase(ActionBase):
    """Runs the module of the same name with a session to the task's host.

    Subclasses say which :attr:`endpoint` of the host their cmdlets live on.
    """

    endpoint: t.ClassVar[t.Literal["exchange", "windows"]]
    shows_progress: t.ClassVar[bool] = False
    """The module says how far it has come (``_progress``)."""

    _supports_check_mode = True
    # async_status would be looked for on the Windows host.
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        self._connection = self._cmdlet_connection(variables)
        # The module runs on the control node, in the Python that has its libraries.
        local = {name: value for name, value in variables.items() if name != "ansible_shell_type"}
        local["ansible_python_interpreter"] = sys.executable
        arguments = self.module_args()
        with self._progress(variables):
            result.update(self._execute_module(module_args=arguments, task_vars=local))
        # Core looks for the session here to close it at the play's end.
        self._task.args["_ansible_socket"] = arguments["_ansible_socket"]
        return result

    def module_args(self) -> dict[str, t.Any]:
        """What the module is called with; the connection is there already."""
        return dict(self._task.args)

    def _progress(self, variables: Mapping[str, t.Any]) -> contextlib.AbstractContextManager[t.Any]:
        if not self.shows_progress:
            return contextlib.nullcontext()
        # The module is told of it; without, it would make one of its own.
        directory = self._make_tmp_path()
        name = self._task.delegate_to or variables.get("inventory_hostname")
        return ProgressDisplay(directory, lambda text: display.display(f"[{name}] {self._task.action}: {text}"))

    def _cmdlet_connection(self, variables: Mapping[str, t.Any]) -> t.Any:
        given = self._connection
        host_variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, variables)
        name = self._task.delegate_to or variables.get("inventory_hostname")
        if given.transport == "local":
            raise AnsibleActionFail(
                f"{self._task.action} runs cmdlets on a Windows host, but {name} is the control node itself: put the host in "
                "hosts, or name it in delegate_to."
            )
        context = self._play_context.copy()
        context.connection = CONNECTION
        # Privileges are those of the account that logs on.
        context.become = False
        connection = connection_loader.get(
            CONNECTION, context, "/dev/null", task_uuid=self._task._uuid, ansible_playbook_pid=str(os.getppid())
        )
        connection.runs_module_here = True
        options = {
            variable: self._templar.template(host_variables[variable])
            for variable in C.config.get_plugin_vars("connection", connection._load_name)
            if variable in host_variables
        }
        connection.set_options(var_options=options, direct={"endpoint": self.endpoint})
        for option in ("remote_user", "remote_password"):
            if not connection.get_option(option) and (value := _option_of(given, option)):
                connection.set_option(option, value)
        try:
            target = resolve(connection.get_options())
        except TargetError as exc:
            raise AnsibleActionFail(f"{self._task.action} cannot connect to {name}: {exc}.") from exc
        # Core finds the process of an open session by address, port and user. The two endpoints of a host, or the same one with
        # other settings, are sessions of their own, so the number stands for the whole target.
        context.remote_addr = target.host
        context.remote_user = target.username
        context.port = zlib.crc32(repr(target).encode())
        connection._update_connection_state()
        return connection


def _option_of(connection: t.Any, option: str) -> t.Any:
    """What the inventory's own connection would use; None where it has no such option."""
    try:
        return connection.get_option(option)
    except (KeyError, AnsibleError):
        return None
