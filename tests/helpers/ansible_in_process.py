# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs playbooks in this process: a task takes 50 ms, where one run of ansible-playbook takes ten seconds.

All of Ansible is real, from reading the file to the strategy, templating, loops, conditions, roles, action plugins and this
collection's connection plugin, which opens real sessions. Three seams are replaced, and nothing else:

- a worker does its task at once instead of in a fork;
- a module's main function is called, instead of in a child, or packed and sent to an interpreter;
- the session to a Windows host is an object of the connection plugin in this process instead of in one beside it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import io
import os
import signal
import sys
import types
import typing as t

import pytest
from ansible import context
from ansible.errors import AnsibleError
from ansible.executor.module_common import _BuiltModule
from ansible.executor.process import worker
from ansible.executor.task_queue_manager import TaskQueueManager
from ansible.inventory.manager import InventoryManager
from ansible.module_utils import _internal
from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.testing import patch_module_args
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import connection_loader, init_plugin_loader
from ansible.utils.context_objects import CLIArgs
from ansible.vars.manager import VariableManager

from ansible_collections.exchange.hybrid_groups.plugins.connection import cmdlet
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _cmdlet
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _control_node_action, _module_process
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._target import resolve

if t.TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

Json = dict[str, t.Any]

OURS = "exchange.hybrid_groups."
_BUILTIN = "ansible.builtin."
_COMMAND_LINE = {
    "connection": "ssh",
    "diff": True,
    "become": False,
    "become_method": "sudo",
    "forks": 1,
    "tags": ["all"],
    "skip_tags": [],
    "timeout": 10,
    "verbosity": 0,
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a task ended with on a host.

    :ivar check: in check mode
    :ivar disturbed: whether what ``watch`` returns was another thing before the task than after it
    """

    task: str
    action: str
    status: t.Literal["ok", "failed", "ignored", "unreachable", "skipped"]
    result: Json
    check: bool
    disturbed: bool

    @property
    def changed(self) -> bool:
        """Whether it says that it has changed something, which in check mode nothing has."""
        return bool(self.result.get("changed")) and not self.check


class InProcess:
    """Runs playbooks; a context manager, because it changes Ansible while it lasts.

    :param stand_ins: folder of collections; modules in it are known and do nothing but report a change
    """

    def __init__(self, stand_ins: pathlib.Path) -> None:
        self._stand_ins = stand_ins
        self._sessions: dict[str, t.Any] = {}
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> InProcess:
        init_plugin_loader([str(self._stand_ins)])
        self._collection_is_known()
        self._workers_are_here()
        self._modules_are_here()
        self._sessions_are_here()
        return self

    def __exit__(self, *_exc: object) -> None:
        for session in self._sessions.values():
            session.close()
        self._patch.undo()

    def run(
        self,
        playbook: pathlib.Path,
        inventory: pathlib.Path,
        *,
        check: bool = False,
        watch: Callable[[], t.Any] = lambda: None,
        before: Callable[[str], None] = lambda _task: None,
    ) -> list[Outcome]:
        """Run a playbook; outcomes in the order of the tasks.

        :param check: in check mode
        :param watch: returns what a task may change
        :param before: called with the name of each task that is about to be run
        """
        self._patch.setattr(context, "CLIARGS", CLIArgs({**_COMMAND_LINE, "check": check}))
        loader = DataLoader()
        loader.set_basedir(str(playbook.parent))
        hosts = InventoryManager(loader, sources=[str(inventory)])
        variables = VariableManager(loader, hosts)
        record = _Record(watch, before)
        queue = TaskQueueManager(hosts, variables, loader, passwords={}, forks=1)
        queue._callback_plugins = [record]
        handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            for play in Playbook.load(str(playbook), variable_manager=variables, loader=loader).get_plays():
                if queue.run(play) != queue.RUN_OK:
                    break
        finally:
            queue.cleanup()
            queue._connection_lockfile.close()
            # It has kept them from other programs that this process starts.
            for descriptor in (0, 1, 2):
                os.set_inheritable(descriptor, True)
            for number, handler in handlers:
                signal.signal(number, handler)
        return record.outcomes

    def _collection_is_known(self) -> None:
        """Have the collection's packages imported by Ansible's importer, which reads what meta/runtime.yml says of it.

        The tests have imported them already, as any package. The modules in them stay.
        """
        packages = [
            name for name, module in sys.modules.items() if name.startswith("ansible_collections") and module.__file__ is None
        ]
        for name in packages:
            self._patch.delitem(sys.modules, name)
        for name in packages:
            importlib.import_module(name)

    def _workers_are_here(self) -> None:
        def start(process: worker.WorkerProcess) -> None:
            host, variables, groups = process._host, process._host.vars, process._host.groups
            process._task = process._task.copy()
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                process.run()
            # A worker empties what it takes for its own copy.
            host.vars, host.groups = variables, groups

        def fail(_process: worker.WorkerProcess, error: str) -> t.NoReturn:
            raise RuntimeError(error)

        self._patch.setattr(worker.WorkerProcess, "start", start)
        self._patch.setattr(worker.WorkerProcess, "_hard_exit", fail)
        self._patch.setattr(worker.WorkerProcess, "_detach", lambda _process: None)
        self._patch.setattr(worker, "signal", types.SimpleNamespace(**{**vars(signal), "signal": lambda *_arguments: None}))
        self._patch.setattr(worker.display, "set_queue", lambda _queue: None)

    def _modules_are_here(self) -> None:
        run = ActionBase._low_level_execute_command

        def configure(action: t.Any, module_name: str, module_args: Json, task_vars: Json) -> tuple[t.Any, str]:
            del task_vars
            action.module_here = module_name, dict(module_args)
            packed = _BuiltModule(module_style="new", shebang="#!", b_module_data=b"", serialization_profile="legacy")
            return packed, module_name

        def execute(action: t.Any, *arguments: t.Any, **keywords: t.Any) -> Json:
            if "module_here" not in vars(action):
                return dict(run(action, *arguments, **keywords))
            name, options = vars(action).pop("module_here")
            if not name.startswith((OURS, _BUILTIN)):
                return {"rc": 0, "stdout": '{"changed": true}', "stderr": ""}
            # Anywhere else the module would be sent to a Windows host.
            if action._connection.transport != "local" and not getattr(action._connection, "runs_module_here", False):
                raise AnsibleError(f"{name} would run over {action._connection.transport}, and not on the control node.")
            package = "ansible.modules" if name.startswith(_BUILTIN) else f"ansible_collections.{OURS}plugins.modules"
            module = importlib.import_module(f"{package}.{name.rpartition('.')[2]}")
            return {"rc": 0, "stdout": self._output(module, options), "stderr": ""}

        def run_module(name: str, options: Json, _environment: Json, **_settings: t.Any) -> str:
            return self._output(_module_process.load_module(name), options)

        self._patch.setattr(_control_node_action, "run_module", run_module)
        self._patch.setattr(ActionBase, "_configure_module", configure)
        self._patch.setattr(ActionBase, "_low_level_execute_command", execute)
        # Otherwise a folder would be made for the packed module.
        self._patch.setattr(ActionBase, "_is_pipelining_enabled", lambda *_arguments, **_keywords: True)

    @staticmethod
    def _output(module: types.ModuleType, arguments: Json) -> str:
        """What a module prints."""
        output = io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            patch_module_args(arguments),
            contextlib.redirect_stdout(output),
            contextlib.suppress(SystemExit),
        ):
            patch.setattr(_internal, "is_controller", False)
            patch.setattr(module_warnings, "_global_warnings", {})
            module.main()
        return output.getvalue()

    def _sessions_are_here(self) -> None:
        def start(play_context: t.Any, _name: str, options: Json, **_settings: t.Any) -> str:
            target = str(hash(resolve(options)))
            if target not in self._sessions:
                self._sessions[target] = connection_loader.get(cmdlet.Connection.transport, play_context, "/dev/null")
                self._sessions[target].set_options(direct=options)
            return target

        self._patch.setattr(cmdlet, "start", start)
        self._patch.setattr(cmdlet, "_end_with", lambda _process: None)
        self._patch.setattr(_cmdlet, "Connection", self._sessions.__getitem__)


class _Record(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record"

    def __init__(self, watch: Callable[[], t.Any], before: Callable[[str], None]) -> None:
        super().__init__()
        self._init_callback_methods()
        self._watch = watch
        self._before = before
        self._seen: t.Any = None
        self.outcomes: list[Outcome] = []

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        del is_conditional
        self._before(task.get_name())
        self._seen = self._watch()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._keep(result, "ok")

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._keep(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._keep(result, "unreachable")

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._keep(result, "skipped")

    def _keep(self, result: t.Any, status: t.Any) -> None:
        task = result._task
        before, self._seen = self._seen, self._watch()
        outcome = Outcome(task.get_name(), task.action, status, dict(result._result), bool(task.check_mode), before != self._seen)
        self.outcomes.append(outcome)
