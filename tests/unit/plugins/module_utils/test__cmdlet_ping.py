# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib.metadata
import shutil
import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _cmdlet_needs, _cmdlet_ping
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError, ErrorDetail


@pytest.mark.parametrize(
    ("transport", "auth", "hints"),
    [
        ("psrp", "ntlm", ["pip install 'pypsrp'"]),
        ("psrp", "kerberos", ["pip install 'pypsrp'", "pip install 'pypsrp[kerberos]'"]),
        ("psrp", "credssp", ["pip install 'pypsrp'", "pip install 'requests-credssp'"]),
        ("winrm", "basic", ["pip install 'pywinrm'"]),
        (
            "winrm",
            "kerberos",
            [
                "pip install 'pywinrm'",
                "pip install 'pywinrm[kerberos]'",
                "install kinit: krb5-user (Debian) or krb5-workstation (Red Hat)",
            ],
        ),
    ],
)
def test_a_bare_control_node(monkeypatch: pytest.MonkeyPatch, transport: str, auth: str, hints: list[str]) -> None:
    def missing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert _cmdlet_ping.missing_software(transport, auth) == hints


class Account:
    """A session in which some cmdlets and parameters are absent, with the binder's errors."""

    def __init__(self, absent: set[str]) -> None:
        self.absent = absent

    def invoke(self, cmdlet: str, parameters: dict[str, t.Any]) -> None:
        if cmdlet in self.absent:
            raise CmdletError(cmdlet, "ex1", ErrorDetail(cmdlet, fully_qualified_error_id="CommandNotFoundException"))
        unknown = next(name for name in parameters if name.startswith("CmdletPing") or f"{cmdlet} {name}" in self.absent)
        # In the server's language.
        text = f"Es wurde kein Parameter gefunden, der dem Parameternamen {unknown!r} entspricht."
        raise CmdletError(cmdlet, "ex1", ErrorDetail(text, fully_qualified_error_id=f"NamedParameterNotFound,{cmdlet}"))


def test_what_an_account_may_not_run() -> None:
    account = t.cast(t.Any, Account({"New-AcceptedDomain", "Set-SendConnector AddressSpaces"}))
    found = _cmdlet_ping.not_allowed(account, "exchange", ["hybrid_groups", "rollback"])
    assert [(item["cmdlet"], item["parameter"], item["needed_by"]) for item in found] == [
        ("New-AcceptedDomain", None, ["hybrid_groups"]),
        ("Set-SendConnector", "AddressSpaces", ["hybrid_groups", "rollback"]),
    ]
    assert _cmdlet_ping.not_allowed(account, "exchange", ["verify"]) == []
    assert _cmdlet_ping.not_allowed(t.cast(t.Any, Account(set())), "exchange", _cmdlet_needs.PLAYBOOKS) == []


@pytest.mark.parametrize(
    ("cmdlet", "error_id", "words"),
    [
        ("New-AcceptedDomain", "CommandNotFoundException", "It takes the role Remote and Accepted Domains (role group"),
        ("Set-SendConnector", "NamedParameterNotFound,Set-SendConnector", "It takes the role Send Connectors (role group"),
        ("New-SendConnector", "CommandNotFoundException", "It takes a role that holds it, or a newer server."),
        ("New-AcceptedDomain", "ADObjectAlreadyExistsException", ""),
    ],
)
def test_what_to_do_about_a_cmdlet_that_is_not_there(cmdlet: str, error_id: str, words: str) -> None:
    found = _cmdlet_needs.way_out(CmdletError(cmdlet, "ex1", ErrorDetail("No.", fully_qualified_error_id=error_id)))
    assert found.startswith(words)
    assert bool(found) is bool(words)
