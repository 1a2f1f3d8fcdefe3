# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The update policy of docs/permissions.md, on BIND: enough for the group domain, and for nothing else."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
from ansible.module_utils import _internal
from ansible.module_utils.testing import patch_module_args
from helpers.pages import DOCS

from ansible_collections.exchange.hybrid_groups.plugins.modules import group_domain_dns
from lab import contoso
from lab.dns.bind import Bind, program

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bind(tmp_path: pathlib.Path) -> Iterator[Bind]:
    if program("named") is None:
        pytest.skip("the Debian package bind9 is not installed")
    statement = re.search(r"^update-policy \{(.+?)^\};", (DOCS / "permissions.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    assert statement is not None
    with Bind(tmp_path, statement[1].replace("groups-key", contoso.TSIG_KEY_NAME.rstrip("."))) as bind:
        yield bind


@pytest.mark.heavy
def test_the_documented_policy(bind: Bind, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(_internal, "is_controller", False)
    primary, secondary = f"127.0.0.1:{bind.primary}", f"127.0.0.1:{bind.secondary}"

    def run(**options: t.Any) -> dict[str, t.Any]:
        arguments = {
            "domain": contoso.GROUP_DOMAIN,
            "mx_host": "groups-contoso-com.mail.protection.outlook.com",
            "autodiscover_host": "autodiscover.outlook.com",
            "provider": "rfc2136",
            "server": primary,
            "name_servers": [primary, secondary],
            "resolvers": [],
            "tsig_key_name": contoso.TSIG_KEY_NAME,
            "tsig_secret": contoso.TSIG_SECRET,
            "tsig_algorithm": contoso.TSIG_ALGORITHM,
            **options,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            group_domain_dns.main()
        result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
        return result

    proof = run(records=["verification"], verification_text="MS=ms12345678")
    assert proof.get("msg") is None and proof["changed"]
    rest = run(records=["mx", "autodiscover", "spf"])
    assert rest.get("msg") is None and rest["changed"]
    gone = run(state="absent")
    assert gone.get("msg") is None and gone["changed"]
    assert "Allow this key to update these names there." in run(domain="other.contoso.com")["msg"]
