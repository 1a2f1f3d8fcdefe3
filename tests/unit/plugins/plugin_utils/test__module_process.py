# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import multiprocessing
import os
import pathlib
import signal
import sys
import types
import typing as t

import pytest
from ansible.module_utils import basic

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _module_process

run_module = _module_process.run_module


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[t.Callable[[basic.AnsibleModule], None]], str]:
    """Makes a module of the collection from a function."""

    def make(function: t.Callable[[basic.AnsibleModule], None]) -> str:
        def main() -> None:
            function(basic.AnsibleModule(argument_spec={"secret": {"no_log": True}}, supports_check_mode=True))

        monkeypatch.setitem(
            sys.modules, f"{_module_process._MODULES}.made", t.cast(types.ModuleType, types.SimpleNamespace(main=main))
        )
        return "made"

    return make


def test_the_result_is_what_the_module_printed(module: t.Any) -> None:
    name = module(lambda made: made.exit_json(changed=True, check_mode=made.check_mode, told=made.params["secret"]))
    result = json.loads(run_module(name, {"secret": "Passw0rd", "_ansible_check_mode": True}, {}))
    assert (result["changed"], result["check_mode"]) == (True, True)
    assert "Passw0rd" not in json.dumps(result), "a secret is taken out of the result, as in any module"


def test_a_module_of_the_collection() -> None:
    result = json.loads(run_module("m365_domain", {"domain": "not a domain"}, {}))
    assert result["failed"]
    assert "domain" in result["msg"]


def test_the_environment_is_that_of_the_task_and_of_no_other(module: t.Any) -> None:
    name = module(lambda made: made.exit_json(value=os.environ.get("OF_THE_TASK")))
    assert json.loads(run_module(name, {}, {"OF_THE_TASK": "yes"}))["value"] == "yes"
    assert json.loads(run_module(name, {}, {}))["value"] is None


def test_a_run_leaves_nothing_to_the_next_of_a_loop(module: t.Any) -> None:
    def warn(made: basic.AnsibleModule) -> None:
        made.warn(f"own warning of {os.getpid()}")
        made.exit_json()

    name, before = module(warn), basic._ANSIBLE_ARGS
    results = [json.loads(run_module(name, {}, {})) for _item in range(2)]
    # Others may have been there before, of the tests' own process.
    assert [sum("own warning" in json.dumps(warning) for warning in result["warnings"]) for result in results] == [1, 1]
    assert before == basic._ANSIBLE_ARGS


def test_a_defect_keeps_its_traceback(module: t.Any) -> None:
    def broken(_made: basic.AnsibleModule) -> None:
        raise ZeroDivisionError("by nought")

    result = json.loads(run_module(module(broken), {}, {}))
    assert result["failed"]
    assert result["msg"] == "made broke off: ZeroDivisionError: by nought"
    assert "in broken" in result["exception"]


def test_a_process_that_dies_has_no_result(module: t.Any) -> None:
    assert run_module(module(lambda _made: os.kill(os.getpid(), signal.SIGKILL)), {}, {}) == ""


def test_meanwhile_the_caller_may_look(module: t.Any, tmp_path: pathlib.Path) -> None:
    """The module waits for a word of the caller's."""
    os.mkfifo(tmp_path / "fifo")
    name = module(lambda made: made.exit_json(told=(tmp_path / "fifo").read_text()))
    printed = run_module(name, {}, {}, meanwhile=lambda: t.cast(None, (tmp_path / "fifo").write_text("go on")), interval=0.05)
    assert json.loads(printed)["told"] == "go on"


def test_who_breaks_off_takes_the_module_along(module: t.Any, tmp_path: pathlib.Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    def give_up() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        run_module(module(lambda _made: t.cast(None, (tmp_path / "fifo").read_text())), {}, {}, meanwhile=give_up, interval=0.01)
    assert multiprocessing.active_children() == []
