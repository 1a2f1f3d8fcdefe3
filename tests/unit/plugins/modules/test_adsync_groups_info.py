# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""adsync_groups_info, on what the modelled sync wrote into the embedded directory and into Samba."""

from __future__ import annotations

import warnings

import pytest
from helpers.connect_modules import ConnectLab, Runner

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _directory
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from lab import contoso
from lab.cloud.unified_group import UnifiedGroup
from lab.directory.domain import Domain, EmbeddedDomain

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ansible_collections.exchange.hybrid_groups.plugins.modules import adsync_group_writeback, adsync_groups_info


@pytest.fixture
def lab(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> ConnectLab:
    monkeypatch.setattr(
        adsync_group_writeback, "Deadline", lambda seconds: Deadline(seconds, clock=lambda: 0.0, sleep=lambda _seconds: None)
    )
    return ConnectLab(domain)


@pytest.fixture
def run(lab: ConnectLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(lab, monkeypatch, capsys)


def test_groups_that_were_written_back(lab: ConnectLab, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_directory, "_PAGE", 2)
    lab.world.tenant.groups = [
        UnifiedGroup(name, f"{name.lower()}@{contoso.GROUP_DOMAIN}") for name in ("Sales", "Research", "Büro (West)")
    ]
    assert run(adsync_groups_info, **lab.options(ou=None))["groups"] == []
    run.grant(sync=True)
    found = run(adsync_groups_info, **lab.options(ou=None))
    assert not found["changed"]
    assert found["ou"] == contoso.WRITEBACK_OU
    assert {group["display_name"] for group in found["groups"]} == {"Sales", "Research", "Büro (West)"}
    assert all(group["name"].startswith("Group_") for group in found["groups"])
    assert not any(group["stamped"] for group in found["groups"])

    if isinstance(lab.domain, EmbeddedDomain):  # Samba has no Exchange schema
        directory, [first, *_others] = lab.world.directory, found["groups"]
        assert len(run(adsync_groups_info, **lab.options(domain="GROUPS.contoso.com"))["groups"]) == 3
        assert run(adsync_groups_info, **lab.options(domain="contoso.com"))["groups"] == []
        assert first["addresses"] == [f"SMTP:{first['mail']}"]
        entry = directory.find(first["dn"])
        directory.set_attribute(entry, "legacyExchangeDN", [b"/o=Contoso/ou=x/cn=Recipients/cn=1"])
        assert not run(adsync_groups_info, **lab.options())["groups"][0]["stamped"]
        directory.set_attribute(entry, "msExchHideFromAddressLists", [b"TRUE"])
        assert run(adsync_groups_info, **lab.options())["groups"][0]["stamped"]
        directory.set_attribute(entry, "msExchHideFromAddressLists", [])
        directory.set_attribute(entry, "showInAddressBook", [b"CN=All Groups,DC=corp,DC=contoso,DC=com"])
        assert [group["stamped"] for group in run(adsync_groups_info, **lab.options())["groups"]] == [True, False, False]


def test_without_writeback_there_is_no_ou(lab: ConnectLab, run: Runner) -> None:
    lab.connect.set_group_writeback(None)
    found = run(adsync_groups_info, **lab.options(ou=None))
    assert (found["ou"], found["groups"]) == (None, [])


@pytest.mark.parametrize(
    ("ou", "words"),
    [("M365Groups", "ou: M365Groups is not a distinguished name"), (f"OU=Gone,{contoso.BASE_DN}", "groups in OU=Gone")],
)
def test_an_ou_that_is_none(lab: ConnectLab, run: Runner, ou: str, words: str) -> None:
    result = run(adsync_groups_info, **lab.options(ou=ou))
    assert result["failed"]
    assert words in result["msg"]
