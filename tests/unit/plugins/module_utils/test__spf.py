# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _spf

HOST = "spf.protection.outlook.com"


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("v=spf1", f"v=spf1 include:{HOST}"),
        ("v=spf1 -all", f"v=spf1 include:{HOST} -all"),
        ("V=SPF1 mx ~ALL", f"V=SPF1 mx include:{HOST} ~ALL"),
        (
            "v=spf1 ip4:192.0.2.0/24 redirect=_spf.contoso.com",
            f"v=spf1 ip4:192.0.2.0/24 include:{HOST} redirect=_spf.contoso.com",
        ),
        ("v=spf1 exp=why.contoso.com mx -all", f"v=spf1 include:{HOST} exp=why.contoso.com mx -all"),
        # What stands behind all is never looked at, and a failing include does not let anybody send.
        (f"v=spf1 mx -all include:{HOST}", f"v=spf1 mx include:{HOST} -all"),
        (f"v=spf1 ?include:{HOST} -all", f"v=spf1 include:{HOST} -all"),
        (f"v=spf1 include:{HOST.upper()}. -all", None),
        (f"v=spf1 a:mail.contoso.com +include:{HOST} ~all", None),
    ],
)
def test_merging(text: str, merged: str | None) -> None:
    assert _spf.with_include(text, HOST) == (merged or text)
    assert _spf.includes(text, HOST) == (merged is None)
    assert _spf.includes(_spf.with_include(text, HOST), HOST)


@pytest.mark.parametrize(
    ("text", "is_one"), [("v=spf1", True), ("v=spf1 -all", True), ("v=spf10 -all", False), ("MS=ms1", False)]
)
def test_which_texts_are_spf_records(text: str, is_one: bool) -> None:
    assert _spf.is_spf(text) == is_one


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (_spf.new_record(HOST), None),
        (f"v=spf1 mx include:{HOST} ~all", "v=spf1 mx ~all"),
        (f"v=spf1 include:{HOST} redirect=x.contoso.com", "v=spf1 redirect=x.contoso.com"),
    ],
)
def test_taking_the_host_out(text: str, left: str | None) -> None:
    assert _spf.without_include(text, HOST) == left


def test_the_host_a_tenant_asks_for() -> None:
    assert _spf.first_include("v=spf1 ip4:192.0.2.1 include:SPF.protection.office365.us -all") == "spf.protection.office365.us"
    assert _spf.first_include("v=spf1 -all") is None
