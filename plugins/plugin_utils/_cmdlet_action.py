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

import os
import pathlib
import typing as t
import zlib

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.loader import connection_loader

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._control_node_action import ControlNodeActionBase
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._target import TargetError, resolve

if t.TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTION = "exchange.hybrid_groups.cmdlet"


class CmdletActionBase(ControlNodeActionBase):
    """Runs the module of the same name with a session to the task's host.

    Subclasses say which :attr:`endpoint` of the host their cmdlets live on.
    """

    endpoint: t.ClassVar[t.Literal["exchange", "windows"]]
    variable_names: Mapping[str, str]
    """The connection's variables that are given, and by which name."""
    # async_status would be looked for on the Windows host.
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        variables = task_vars or {}
        self._connection = self._cmdlet_connection(variables)
        arguments = self.module_args()
        result.update(self.run_module_here(arguments, variables))
        # Core looks for the session here to close it at the play's end.
        self._task.args["_ansible_socket"] = arguments["_ansible_socket"]
        return result

    def module_args(self) -> dict[str, t.Any]:
        """What the module is called with; the connection is there already."""
        return dict(self._task.args)

    def _cmdlet_connection(self, variables: Mapping[str, t.Any]) -> t.Any:
        given = self._connection
        host_variables = self._host_variables(variables)
        name = self._host_name(variables)
        context = self._play_context.copy()
        context.connection = CONNECTION
        # Privileges are those of the account that logs on.
        context.become = False
        connection = connection_loader.get(
            CONNECTION, context, "/dev/null", task_uuid=self._task._uuid, ansible_playbook_pid=str(os.getppid())
        )
        connection.runs_module_here = True
        names = self._connection_variables(connection._load_name, host_variables)
        if given.transport == "local" and not {"ansible_cmdlet_host", "ansible_cmdlet_uri"} & names.keys():
            raise AnsibleActionFail(
                f"{self._task.action} runs cmdlets on a Windows host, but {name} is the control node itself: put the host in "
                "hosts, or name it in delegate_to."
            )
        self.variable_names = names
        options = {known: self._templar.template(host_variables[given_as]) for known, given_as in names.items()}
        connection.set_options(var_options=options, direct={"endpoint": self.endpoint})
        for option in ("remote_user", "remote_password"):
            if not connection.get_option(option) and (value := _option_of(given, option)):
                connection.set_option(option, value)
        try:
            target = resolve(connection.get_options())
        except TargetError as exc:
            raise AnsibleActionFail(f"{self._task.action} cannot connect to {name}: {exc}.") from None
        # Core finds the process of an open session by address, port, user and ansible-playbook's process id. The two endpoints of
        # a host, or the same one with other settings, are sessions of their own, so the number stands for the whole target; and
        # for when that process started, since ids come again, in containers with every job: a run that was killed there leaves
        # a socket behind at which nobody listens.
        context.remote_addr = target.host
        context.remote_user = target.username
        context.port = zlib.crc32(repr((target, _start_time(os.getppid()))).encode())
        connection._update_connection_state()
        return connection

    def _connection_variables(self, load_name: str, variables: Mapping[str, t.Any]) -> dict[str, str]:
        """The variables the connection knows, and by which of the host's variables each is given.

        One such as C(ansible_cmdlet_exchange_port) is C(ansible_cmdlet_port) for that endpoint alone.
        """
        names = {}
        for known in C.config.get_plugin_vars("connection", load_name):
            of_endpoint = known.replace("ansible_cmdlet_", f"ansible_cmdlet_{self.endpoint}_")
            given = next((name for name in (of_endpoint, known) if name in variables), None)
            if given is not None:
                names[known] = given
        return names


def _start_time(pid: int) -> str:
    """When a process started, in clock ticks since the machine did (proc_pid_stat(5)); nothing where there is no /proc."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def _option_of(connection: t.Any, option: str) -> t.Any:
    """What the inventory's own connection would use; None where it has no such option."""
    try:
        return connection.get_option(option)
    except (KeyError, AnsibleError):
        return None
