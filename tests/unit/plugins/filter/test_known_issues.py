# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.exchange.hybrid_groups.plugins.filter.known_issues import FilterModule

known_issues = FilterModule().filters()["known_issues"]
FACTS = {"domain": "groups.contoso.com", "connector": "Outbound to Office 365"}


def test_a_record_for_each_as_the_report_takes_them() -> None:
    records = known_issues({**FACTS, "dsacls": False})
    assert len(records) == 14
    [found] = [record for record in records if record["verdict"] == "found"]
    assert (found["id"], found["affected"], found["mended"]) == ("dsacls_missing", ["dsacls.exe"], False)
    [mended] = [record for record in known_issues({**FACTS, "dsacls": True}, before=records) if record["mended"]]
    assert mended["id"] == "dsacls_missing"


@pytest.mark.parametrize(
    ("facts", "options", "words"),
    [
        (None, {}, "takes a dictionary"),
        ({"domain": "x"}, {}, "with domain, connector"),
        ({**FACTS, "exchange": {}}, {}, "any of accepted_domains"),
        (FACTS, {"seen_to": ["footer"]}, "seen_to names footer; there are: moved_mailboxes"),
    ],
)
def test_what_cannot_be_meant(facts: t.Any, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        known_issues(facts, **options)
