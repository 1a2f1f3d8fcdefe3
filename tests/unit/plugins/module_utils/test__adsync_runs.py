# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._adsync_runs import Run, errors_below, export_errors

OU = "OU=M365Groups,DC=corp,DC=contoso,DC=com"
XML = f"""<synchronization-errors>
  <import-error cs-guid="{{1}}" dn="CN=other,{OU}"><error-type>x</error-type></import-error>
  <export-error cs-guid="{{2}}" dn="CN=Group_1,{OU}">
    <date-occurred>2026-11-24 04:00:11.123</date-occurred>
    <first-occurred>2026-11-24 03:30:11.000</first-occurred>
    <retry-count>1</retry-count>
    <error-type>permission-issue</error-type>
    <cd-error>
      <error-code>8344</error-code>
      <error-literal>Insufficient access rights
        to perform the operation.</error-literal>
    </cd-error>
  </export-error>
  <export-error dn="CN=Group_2,OU=Elsewhere,DC=corp,DC=contoso,DC=com"/>
  <export-error dn="no name"><retry-count>often</retry-count></export-error>
</synchronization-errors>"""


def test_export_errors() -> None:
    first, second, third = export_errors(XML)
    assert (first.dn, first.kind, first.code) == (f"CN=Group_1,{OU}", "permission-issue", "8344")
    assert first.text == "Insufficient access rights to perform the operation."
    assert (first.since, first.retries) == ("2026-11-24 03:30:11.000", 1)
    assert (second.kind, second.code, second.text, second.retries) == ("", "", "", 0)
    assert third.retries == 0


@pytest.mark.parametrize("xml", ["", "no XML", "<a>", "<synchronization-errors/>"])
def test_what_is_not_the_expected_xml_has_no_errors(xml: str) -> None:
    assert export_errors(xml) == []


def test_errors_of_objects_in_a_container() -> None:
    run = Run("corp.contoso.com", "Export", "completed-export-errors", None, 3, tuple(export_errors(XML)))
    assert [error.dn for error in errors_below([run], OU)] == [f"CN=Group_1,{OU}", "no name"]
    assert len(errors_below([run], None)) == 3
