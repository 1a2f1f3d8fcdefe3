# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is the transport winrm's own; the rest is in test__session.py."""

from __future__ import annotations

import typing as t

import pytest
from helpers.endpoint import Endpoint, serve

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import Secret, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _host_protocol
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._winrm import WinrmSession

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = serve("winrm")
    yield endpoint
    endpoint.server.stop()


@pytest.fixture
def session(endpoint: Endpoint) -> Iterator[WinrmSession]:
    session = t.cast(WinrmSession, endpoint.session())
    yield session
    session.close()


def test_one_process_runs_the_script_of_the_collection(endpoint: Endpoint, session: WinrmSession) -> None:
    session.invoke("Get-Text", {})
    session.invoke("Get-Text", {})
    assert endpoint.powershell.scripts == [_host_protocol.SCRIPT.read_text(encoding="utf-8")]
    # cmd.exe takes 8,191 characters.
    assert len(endpoint.powershell.command_lines[0]) < 8191
    assert session.hello["language_mode"] == "FullLanguage"


def test_secrets_are_sent_to_the_input_only(endpoint: Endpoint, session: WinrmSession) -> None:
    session.invoke("Set-Secret", {"Password": Secret("s3cret")})
    assert "s3cret" in endpoint.powershell.requests[-1]
    assert not any("s3cret" in line for line in endpoint.powershell.command_lines)


def test_a_request_too_large_is_not_sent(endpoint: Endpoint, session: WinrmSession) -> None:
    with pytest.raises(SessionError, match=r"Set-Connector take 1,000,\d{3} characters; the transport winrm carries 1,000,000"):
        session.invoke("Set-Connector", {"Value": "x" * 1_000_000})
    assert endpoint.traffic.counts["exchange"] == 0


@pytest.mark.parametrize("name", ["Invoke-Expression", "C:\\x.ps1", "Get-*", "Get-Text; Set-Text", "Module\\Get-Text", "dir"])
def test_what_is_no_name_of_a_cmdlet_is_not_found(endpoint: Endpoint, session: WinrmSession, name: str) -> None:
    (error,) = session.invoke(name, {"Command": "x"}).errors
    assert error.is_error_id("CommandNotFoundException")
    assert endpoint.commands.calls == []


def test_a_process_that_ended_is_started_anew_for_reads(endpoint: Endpoint, session: WinrmSession) -> None:
    session.invoke("Get-Text", {})
    endpoint.server.close_shells()
    assert session.invoke("Get-Text", {}).objects == ["plain"]
    endpoint.server.close_shells()
    with pytest.raises(SessionError, match="Set-Connector was under way"):
        session.invoke("Set-Connector", {})


def test_a_server_without_exchange(endpoint: Endpoint, session: WinrmSession) -> None:
    endpoint.powershell._exchange = None
    with pytest.raises(SessionError, match=r"Exchange Management Shell on 127\.0\.0\.1 did not load: .*not installed"):
        session.invoke("Get-Text", {})
    assert endpoint.server.open_shells == 0


def test_the_reader_skips_what_the_shell_prints() -> None:
    reader = _host_protocol.Reader()
    pieces = [b"Welcome!\r\nnoise", b'\x1e{"id":1,', b'"done":true}\nnoise \xff\r\n']
    assert [record for piece in pieces for record in reader.feed(piece)] == [{"id": 1, "done": True}]


def test_a_record_that_is_no_json() -> None:
    with pytest.raises(_host_protocol.ProtocolError, match="not an answer"):
        list(_host_protocol.Reader().feed(b"\x1e{oops\n"))
