# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Starts the process that holds a session: Ansible's own connection helper, forked from the worker.

Core starts a new Python for it, which imports Ansible and the transport's library: half a second of processor time and 50 MiB for
each Windows host. A fork has both from the worker, and shares their memory.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import pathlib
import sys
import typing as t

from ansible import constants as C
from ansible.cli.scripts.ansible_connection_cli_stub import ConnectionProcess, file_lock
from ansible.module_utils.service import fork_process
from ansible.utils.display import Display
from ansible.utils.path import unfrackpath

if t.TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_PATH = 107  # unix(7), sun_path


class SessionProcessError(Exception):
    """The process could not be started; ``str()`` says why."""


def start(
    play_context: t.Any, name: str, options: Mapping[str, t.Any], *, task_uuid: str | None, playbook_pid: str | None
) -> str:
    """Path of the process's socket. Where it is there already, for example started by another worker, nothing is started.

    :param play_context: names the connection plugin that the process runs
    :param name: of the socket, in Ansible's folder for such
    :param options: the connection plugin's
    :raises SessionProcessError: the socket cannot be made
    """
    directory = pathlib.Path(unfrackpath(C.PERSISTENT_CONTROL_PATH_DIR))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / name
    if len(bytes(path)) > _LONGEST_PATH:
        raise SessionProcessError(
            f"the path of {directory} is too long for a socket in that folder ({_LONGEST_PATH} bytes in all): "
            "set ANSIBLE_PERSISTENT_CONTROL_PATH_DIR to a folder with a shorter path"
        )
    # The same lock as core's helper, which removes it when it ends.
    with file_lock(str(directory / f".ansible_pc_lock_{name}")):
        if not path.exists():
            _fork(options, (play_context, str(path), str(pathlib.Path.cwd()), task_uuid, playbook_pid))
    return str(path)


def _fork(options: Mapping[str, t.Any], settings: tuple[t.Any, ...]) -> None:
    """Fork, and wait until the process listens or says why it cannot.

    :param settings: of core's ``ConnectionProcess``, but for where it answers
    """
    reader, writer = os.pipe()
    # What is there now stays as it is, so that its memory stays shared.
    gc.freeze()
    pid = fork_process()
    if pid == 0:
        with contextlib.suppress(BaseException):
            _serve(writer, options, settings)
        os._exit(0)
    gc.unfreeze()
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    error = json.loads(text).get("error") if text else "its process ended at once"
    if error:
        raise SessionProcessError(f"the process for the session could not be started: {error}")


def _serve(writer: int, options: Mapping[str, t.Any], settings: tuple[t.Any, ...]) -> None:
    _let_go_of_files(but=writer)
    # The queue by which a worker has ansible-playbook print.
    Display()._final_q = None
    sys.stdout = io.StringIO()
    process = ConnectionProcess(os.fdopen(writer, "w"), *settings)
    process.start(options)
    process.run()


def _let_go_of_files(*, but: int) -> None:
    """Point the worker's files, sockets and pipes to nowhere.

    Closing them would hand their numbers to what is opened next, and objects that still use a number, such as the handler of
    Ansible's log, would write there.
    """
    nowhere = os.open(os.devnull, os.O_RDWR)
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - the folder's own descriptor is among them, and gone when a path is made of it
        descriptor = int(name)
        if descriptor > 2 and descriptor != but:
            with contextlib.suppress(OSError):
                os.fstat(descriptor)
                os.dup2(nowhere, descriptor)
