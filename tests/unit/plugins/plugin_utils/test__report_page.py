# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import html.parser
import typing as t

import pytest
from helpers import reports

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report import build
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report_page import render


class Page(html.parser.HTMLParser):
    """Elements with their attributes, and the text, as a browser would see them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def page(check_mode: bool = False, failure: t.Any = None, **sections: t.Any) -> str:
    time = "2026-11-24T12:00:00+00:00"
    report = build("groups.contoso.com", sections, time=time, check_mode=check_mode, failure=failure)
    return render(report, "report.json")


def test_names_of_others_are_text_and_never_markup() -> None:
    hostile, harmless = Page(page(**reports.sections(reports.HOSTILE))), Page(page(**reports.sections("Sales")))
    assert hostile.elements == harmless.elements
    assert (
        hostile.text.count(" ".join(reports.HOSTILE.split())) == 7
    )  # explanation, subject, a group and its member, three groups


@pytest.mark.parametrize("key", ["id", "title", "explanation", "remedy", "looked_at", "evidence", "affected"])
def test_no_part_of_a_record_is_trusted(key: str) -> None:
    record = {"id": "a", "title": "A", "verdict": "found", "explanation": "E", "remedy": "R", "looked_at": "L"}
    kept = {"evidence": {"name": "value"}, "affected": ["name"]}
    changed = {"evidence": {reports.HOSTILE: reports.HOSTILE}, "affected": [reports.HOSTILE]}.get(key, reports.HOSTILE)
    harmless = Page(page(known_issues=[{**record, **kept}]))
    assert Page(page(known_issues=[{**record, **kept, key: changed}])).elements == harmless.elements


def test_the_page_asks_nobody_for_anything() -> None:
    text = page(**reports.sections())
    names = {name for name, _attributes in Page(text).elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "audio", "video", "source", "base", "form"}
    attributes = [(name, value) for _tag, found in Page(text).elements for name, value in found]
    assert all(value.startswith("#") for name, value in attributes if name in ("href", "src", "xlink:href"))
    assert not any(name.startswith("on") for name, _value in attributes)
    assert "url(http" not in text
    assert "@import" not in text
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in attributes


def test_before_and_after_of_a_step() -> None:
    text = Page(page(**reports.sections())).text
    assert (
        "address spaces SMTP:contoso.mail.onmicrosoft.com;1 SMTP:contoso.mail.onmicrosoft.com;1 SMTP:groups.contoso.com;1" in text
    )
    assert "name Outbound to Office 365 Outbound" not in text  # did not change


def test_a_run_that_ended_early_says_so_first() -> None:
    step = {"id": "accepted_domain", "title": "Accepted domain", "changed": False, "verdict": "failed", "explanation": "No role."}
    text = page(failure={"task": "Accept mail", "message": reports.HOSTILE}, steps=[step])
    harmless = page(failure={"task": "Accept mail", "message": "Sales"}, steps=[step])
    assert Page(text).elements == Page(harmless).elements
    assert "The run ended early, 1 problem found The run ended at Accept mail : Sales" in Page(harmless).text
    assert "Accepted domain ✕ failed No role." in Page(harmless).text


def test_a_plan_does_not_read_as_done() -> None:
    text = Page(page(check_mode=True, **reports.sections())).text
    assert "would change" in text
    assert "planned in check mode" in text


def test_the_picture_says_in_words_what_it_shows() -> None:
    text = Page(page(**reports.sections())).text
    assert "Send connector to tenant: broken." in text
    assert "Tenant to group: not certain." in text
    assert "Active Directory: not looked at." in text
