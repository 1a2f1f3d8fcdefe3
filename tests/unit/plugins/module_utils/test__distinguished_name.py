# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._distinguished_name import (
    InvalidDistinguishedName,
    dns_domain,
    is_same,
    parse,
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("OU=Groups,DC=corp,DC=contoso,DC=com", "ou=groups, dc=CORP , dc=contoso,dc=com"),
        (r"OU=A\,B,DC=com", r"OU=A\2CB,DC=com"),
        (r"OU=Gr\C3\BCppen,DC=com", "OU=grüppen,DC=com"),
        ("CN=a+UID=b,DC=com", "UID=b+CN=a,DC=com"),
        (r"OU=trail\ ,DC=com", r"OU=trail\20,DC=com"),
        ("OU=a=b,DC=com", r"OU=a\=b,DC=com"),
    ],
)
def test_two_ways_to_write_one_name(first: str, second: str) -> None:
    assert is_same(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("OU=Groups,DC=com", "OU=Groups,OU=X,DC=com"),
        (r"OU=A\,B,DC=com", "OU=A,OU=B,DC=com"),
        (r"OU=trail\ ,DC=com", "OU=trail,DC=com"),
        ("OU=Groups,DC=com", "CN=Groups,DC=com"),
    ],
)
def test_different_names(first: str, second: str) -> None:
    assert not is_same(first, second)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Groups",
        "corp.contoso.com/Groups",
        "OU=Groups,,DC=com",
        "OU=Groups,DC=com,",
        "OU=,DC=com",
        "OU=Groups;DC=com",
        "OU=Gro<ups,DC=com",
        r"OU=Gro\zups,DC=com",
        "OU=Groups\\",
        r"OU=\FF,DC=com",
        "1OU=x,DC=com",
        "OU=Groups,corp",
    ],
)
def test_not_a_name(text: str) -> None:
    with pytest.raises(InvalidDistinguishedName):
        parse(text)


def test_domain_of_a_name() -> None:
    assert dns_domain("OU=Groups,OU=X,DC=Corp,DC=contoso,DC=com") == "corp.contoso.com"
    assert dns_domain("OU=Groups,O=x") == ""
