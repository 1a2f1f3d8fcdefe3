# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_values import (
    format_time_span,
    parse_ip_address,
    parse_size,
    parse_smart_host,
    parse_time_span,
    server_key,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("35MB", 36700160),
        ("35 MB (36,700,160 bytes)", 36700160),
        ("35 MB (36.700.160 bytes)", 36700160),
        ("36700160", 36700160),
        ("36700160 B", 36700160),
        ("1", 1024),
        ("1.5kb", 2048),
        ("2 TB", 2 * 2**40),
        (" Unlimited ", "unlimited"),
    ],
)
def test_sizes(text: str, size: int | str) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "35 XB", "-1", "35MB35"])
def test_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 35MB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds", "written"),
    [
        ("00:10:00", 600, "00:10:00"),
        ("0:0:5", 5, "00:00:05"),
        ("1.02:03:04", 93784, "1.02:03:04"),
        ("24:00:00", 86400, "1.00:00:00"),
    ],
)
def test_time_spans(text: str, seconds: int, written: str) -> None:
    span = parse_time_span(text)
    assert span == datetime.timedelta(seconds=seconds)
    assert format_time_span(span) == written


@pytest.mark.parametrize("text", ["", "10", "10m", "00:10", "a:b:c"])
def test_no_time_span(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time span such as 00:10:00"):
        parse_time_span(text)


def test_addresses_and_hosts() -> None:
    assert parse_ip_address(" 2001:DB8::0001 ") == "2001:db8::1"
    assert parse_smart_host("192.0.2.25") == parse_smart_host("[192.0.2.25]") == "[192.0.2.25]"
    assert parse_smart_host("SMTP.contoso.com.") == "smtp.contoso.com"
    assert server_key("EX1.corp.contoso.com") == server_key("ex1")
