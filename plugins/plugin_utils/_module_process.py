# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Runs a module of the collection on the control node, in a child of Ansible's worker.

Core packs a module and what it imports into a file, and starts a new Python for it, which compiles it all. That costs more than
the work of most tasks here. The child has what the worker has loaded already. All else is as with core: the module gets its
arguments from where C(AnsibleModule) looks for them, and what it prints is its result. Its arguments, secrets among them, are not
written to a file.

ansible.netcommon does alike for network modules (its option C(import_modules)), in the worker itself.
"""

from __future__ import annotations

import importlib
import io
import json
import multiprocessing
import os
import sys
import traceback
import types
import typing as t

from ansible.module_utils import _internal, basic
from ansible.module_utils.common.json import Direction, get_module_encoder

if t.TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection

PROFILE: t.Final = "legacy"
"""The serialization that core uses with modules that name none."""
_MODULES = "ansible_collections.exchange.hybrid_groups.plugins.modules"


def load_module(name: str) -> types.ModuleType:
    """The module by its name within the collection."""
    return importlib.import_module(f"{_MODULES}.{name}")


def run_module(
    name: str,
    arguments: Mapping[str, t.Any],
    environment: Mapping[str, str],
    *,
    meanwhile: Callable[[], None] | None = None,
    interval: float = 5.0,
) -> str:
    """What the module printed; nothing when its process died.

    :param name: the module's name within the collection
    :param arguments: its options and the internal ones that core adds
    :param environment: environment variables of the task
    :param meanwhile: called while the module runs
    :param interval: seconds between these calls
    """
    parameters = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=get_module_encoder(PROFILE, Direction.CONTROLLER_TO_MODULE))
    # What is loaded is inherited by a fork alone; the worker itself is one.
    context = multiprocessing.get_context("fork")
    result, printed = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(name, parameters.encode(), environment, printed), name=name)
    process.start()
    printed.close()
    try:
        while not result.poll(interval):
            if meanwhile is not None:
                meanwhile()
        return t.cast(str, result.recv())
    except EOFError:
        return ""
    finally:
        result.close()
        # Still there only when this was interrupted, for example by the task's timeout.
        process.kill()
        process.join()
        process.close()


def _run(name: str, parameters: bytes, environment: Mapping[str, str], printed: Connection) -> None:
    os.environ.update(environment)
    # As in any module, warnings go into the result.
    _internal.is_controller = False
    basic._ANSIBLE_ARGS = parameters
    basic._ANSIBLE_PROFILE = PROFILE
    sys.stdout = io.StringIO()
    try:
        load_module(name).main()
    except SystemExit:
        pass  # how a module ends
    except Exception as exc:
        failure = {"failed": True, "msg": f"{name} broke off: {type(exc).__name__}: {exc}", "exception": traceback.format_exc()}
        print(json.dumps(failure))
    printed.send(sys.stdout.getvalue())
