# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _smtp_domain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import domain_key, normalize_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("contoso.com", "contoso.com"),
        ("Groups.Contoso.COM.", "groups.contoso.com"),
        ("  contoso.com \n", "contoso.com"),
        ("contoso", "contoso"),
        ("3m.com", "3m.com"),
        ("a-b--c.com", "a-b--c.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.Example", "xn--mnchen-3ya.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("XN--Mnchen-3ya.example", "xn--mnchen-3ya.example"),
    ],
)
def test_one_spelling(text: str, domain: str) -> None:
    assert normalize_domain(text) == domain
    assert normalize_domain(domain) == domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [("*.Contoso.com", "*.contoso.com"), ("*.com", "*.com"), ("*.münchen.example", "*.xn--mnchen-3ya.example")],
)
def test_wildcard_for_subdomains(text: str, domain: str) -> None:
    assert normalize_domain(text, subdomains=True) == domain
    with pytest.raises(ValueError, match="a wildcard is not allowed here"):
        normalize_domain(text)


def test_wildcard_for_every_domain() -> None:
    assert normalize_domain("*", any_domain=True) == "*"
    with pytest.raises(ValueError, match="one domain is needed here"):
        normalize_domain("*", subdomains=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (".", "it is empty"),
        ("*.", "it is empty"),
        ("contoso..com", "a label between two dots is empty"),
        (".contoso.com", "a label between two dots is empty"),
        ("contoso.com..", "a label between two dots is empty"),
        ("con toso.com", 'the label "con toso"'),
        ("-contoso.com", 'the label "-contoso"'),
        ("contoso-.com", 'the label "contoso-"'),
        ("con_toso.com", 'the label "con_toso"'),
        ("https://contoso.com", 'the label "https://contoso"'),
        ("contoso\n.com", "the label"),
        ("user@contoso.com", "it has an @"),
        ("*contoso.com", r"\* may only stand alone"),
        ("*.*.contoso.com", r"\* may only stand alone"),
        ("a.*.contoso.com", r"\* may only stand alone"),
        ("10.0.0.1", "it is an IP address"),
        ("a" * 64 + ".com", "longer than 63 characters"),
        (".".join(["a" * 50] * 6), "longer than 253 characters"),
        ("mün chen.example", r"U\+0020 not allowed"),
        ("\u200b.example", "Empty Label"),
    ],
)
def test_bad_domain(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        normalize_domain(text, subdomains=True, any_domain=True)
    assert f'"{text}" is not a valid SMTP domain' in str(caught.value)


def test_international_name_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_smtp_domain, "idna", None)
    assert normalize_domain("contoso.com") == "contoso.com"
    with pytest.raises(ValueError, match="need the Python library idna"):
        normalize_domain("münchen.example")


def test_key_of_what_a_server_says_never_fails() -> None:
    assert domain_key("Solo.com") == "solo.com"
    assert domain_key("*") == "*"
    assert domain_key("*.Contoso.local") == "*.contoso.local"
    assert domain_key("Odd_Name.local") == "odd_name.local"
