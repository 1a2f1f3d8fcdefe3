# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError, ErrorDetail, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run


class Failed(Exception):
    pass


class Module:
    """Keeps what fail_json is called with, and leaves as it does."""

    def __init__(self) -> None:
        self.failure: dict[str, t.Any] = {}

    def fail_json(self, **result: t.Any) -> t.NoReturn:
        self.failure = result
        raise Failed


def failure_of(error: Exception) -> dict[str, t.Any]:
    module = Module()

    def function(_module: Module) -> None:
        raise error

    with pytest.raises(Failed):
        guarded_run(function, module)
    return module.failure


def test_function_gets_the_module() -> None:
    module = Module()
    seen: list[Module] = []
    guarded_run(seen.append, module)
    assert seen == [module]
    assert module.failure == {}


def test_cmdlet_error() -> None:
    detail = ErrorDetail("Nope.", "Id,Class", "InvalidOperation", "SomeException", "x", "Set-X")
    assert failure_of(CmdletError("Set-X", "ex1", detail)) == {
        "msg": "Set-X on ex1 failed: Nope. (Id,Class)",
        "cmdlet_error": {
            "cmdlet": "Set-X",
            "host": "ex1",
            "message": "Nope.",
            "fully_qualified_error_id": "Id,Class",
            "category": "InvalidOperation",
            "exception": "SomeException",
            "target": "x",
            "activity": "Set-X",
        },
    }


def test_session_error() -> None:
    assert failure_of(SessionError("ex1 refused the password.")) == {"msg": "ex1 refused the password."}


def test_collection_error() -> None:
    class OwnError(CollectionError):
        pass

    assert failure_of(OwnError("domain: bad.")) == {"msg": "domain: bad."}
    assert failure_of(OwnError("lost.", result={"changed": True})) == {"msg": "lost.", "changed": True}


def test_defect_keeps_its_traceback() -> None:
    def function(_module: Module) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        guarded_run(function, Module())
