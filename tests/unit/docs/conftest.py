# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
import time
import typing as t

import pytest
from helpers import examples
from helpers.ansible_in_process import InProcess
from helpers.documented_lab import DocumentedLab

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from lab import contoso
from lab.lab import Lab

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def started_documented_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocumentedLab]:
    directory = tmp_path_factory.mktemp("examples")
    stand_ins = directory / "collections"
    for name in examples.foreign_modules():
        namespace, collection, module = name.split(".")
        file = stand_ins / "ansible_collections" / namespace / collection / "plugins" / "modules" / f"{module}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    with Lab(directory / "lab") as lab, InProcess(stand_ins) as ansible:
        documented = DocumentedLab(lab, ansible, directory)
        documented.internal.start()
        yield documented
        documented.internal.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the documentation tells to put into the environment."""
    monkeypatch.setenv("M365_TENANT_ID", contoso.TENANT_ID)
    monkeypatch.setenv("M365_CLIENT_ID", contoso.CLIENT_ID)
    monkeypatch.setenv("M365_CLIENT_SECRET", contoso.CLIENT_SECRET)


@pytest.fixture
def waiting_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits has waited: the clock is put forward instead."""
    passed = 0.0

    def sleep(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    defaults = {"clock": lambda: time.monotonic() + passed, "sleep": sleep}
    for name, value in defaults.items():
        monkeypatch.setitem(t.cast("dict[str, t.Any]", Deadline.__init__.__kwdefaults__), name, value)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The domain controller is found by its name, which its certificate has."""
    ask = socket.getaddrinfo

    def answer(host: t.Any, *arguments: t.Any, **keywords: t.Any) -> t.Any:
        return ask("127.0.0.1" if host == contoso.DC_HOST else host, *arguments, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.fixture
def documented_lab(
    started_documented_lab: DocumentedLab,
    credentials: None,  # noqa: ARG001
    waiting_takes_no_time: None,  # noqa: ARG001
    names: None,  # noqa: ARG001
) -> DocumentedLab:
    """The lab at its beginning, with what the examples name."""
    started_documented_lab.reset()
    return started_documented_lab
