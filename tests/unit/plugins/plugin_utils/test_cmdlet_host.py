# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host script itself: parsed here, and run where PowerShell is installed."""

from __future__ import annotations

import shutil
import subprocess
import typing as t

import pytest
import tree_sitter
import tree_sitter_powershell

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletResult, Credential, Secret
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _host_protocol

needs_pwsh = pytest.mark.skipif(shutil.which("pwsh") is None, reason="pwsh (PowerShell) is not on the PATH")


def nodes(node: tree_sitter.Node) -> t.Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


@pytest.fixture(scope="module")
def tree() -> tree_sitter.Node:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    return parser.parse(_host_protocol.SCRIPT.read_bytes()).root_node


def test_the_script_parses(tree: tree_sitter.Node) -> None:
    assert [node.text for node in nodes(tree) if node.is_error or node.is_missing] == []


def test_the_script_evaluates_no_text(tree: tree_sitter.Node) -> None:
    script = _host_protocol.SCRIPT.read_text(encoding="utf-8")
    assert script.isascii()
    commands = {node.text.decode().casefold() for node in nodes(tree) if node.type == "command_name" and node.text}
    assert not commands & {"invoke-expression", "iex", "invoke-command", "icm", "add-type", "start-process"}
    assert "scriptblock]::create" not in script.casefold()


def run(*requests: bytes) -> list[CmdletResult]:
    """Run the script as the transport does, but under pwsh."""
    arguments = [argument for argument in _host_protocol.ARGUMENTS if argument not in ("-ExecutionPolicy", "RemoteSigned")]
    process = subprocess.run(
        ["pwsh", *arguments], input=_host_protocol.start("none") + b"".join(requests), capture_output=True, timeout=60, check=True
    )
    answers = [_host_protocol.Answer(number) for number in range(1, len(requests) + 1)]
    for record in _host_protocol.Reader().feed(process.stdout):
        for answer in answers:
            answer.take(record)
    assert all(answer.done for answer in answers), process.stderr.decode()
    return [answer.result for answer in answers]


def call(cmdlet: str, number: int = 1, **parameters: t.Any) -> bytes:
    return _host_protocol.request(number, [(cmdlet, parameters)])


@needs_pwsh
@pytest.mark.parametrize("value", ["\u00fc \U0001f600", "2026-11-24T10:15:00Z", "/Date(1000)/", "", 7, True, None])
def test_values_come_back_as_they_were_sent(value: t.Any) -> None:
    (result,) = run(call("Write-Output", InputObject=value))
    assert (result.objects, result.errors) == ([value], [])


@needs_pwsh
def test_lists_and_tables() -> None:
    (result,) = run(call("New-Object", TypeName="PSObject", Property={"A": [1, "b"], "B": None}))
    assert result.objects == [{"A": [1, "b"], "B": None}]


@needs_pwsh
def test_secrets_are_secure_strings() -> None:
    text, credential = run(
        call("ConvertFrom-SecureString", SecureString=Secret("s3cret"), AsPlainText=True),
        call("Select-Object", 2, InputObject=Credential("relay", "pa55"), Property="UserName"),
    )
    assert text.objects == ["s3cret"]
    assert credential.objects == [{"UserName": "relay"}]


@needs_pwsh
def test_warnings_and_errors_and_the_next_request() -> None:
    warning, error, missing, good = run(
        call("Write-Warning", 1, Message="careful"),
        call("Get-Item", 2, LiteralPath="/nothing/here"),
        call("Get-Nothing", 3),
        call("Write-Output", 4, InputObject="still here"),
    )
    assert warning.warnings == ["careful"]
    assert (error.errors[0].category, error.errors[0].exception) == ("ObjectNotFound", "ItemNotFoundException")
    assert missing.errors[0].is_error_id("CommandNotFoundException")
    assert good.objects == ["still here"]


@needs_pwsh
def test_a_pipeline() -> None:
    commands = [("Write-Output", {"InputObject": ["b", "a"]}), ("Sort-Object", {})]
    (result,) = run(_host_protocol.request(1, commands))
    assert result.objects == ["a", "b"]
