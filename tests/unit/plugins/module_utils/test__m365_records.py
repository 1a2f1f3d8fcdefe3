# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_records import plain_record, plain_records

NAME = "groups.contoso.com"


@pytest.mark.parametrize(
    ("data", "record"),
    [
        (
            {"@odata.type": "#microsoft.graph.domainDnsMxRecord", "label": NAME, "ttl": 3600, "preference": 0,
             "mailExchange": "Groups-contoso-com.mail.protection.outlook.com."},
            {"name": NAME, "type": "MX", "value": "groups-contoso-com.mail.protection.outlook.com", "preference": 0, "ttl": 3600},
        ),
        (
            {"@odata.type": "#microsoft.graph.domainDnsCnameRecord", "label": f"Autodiscover.{NAME}", "ttl": 60,
             "canonicalName": "autodiscover.outlook.com"},
            {"name": f"autodiscover.{NAME}", "type": "CNAME", "value": "autodiscover.outlook.com", "ttl": 60},
        ),
        (
            {"@odata.type": "#microsoft.graph.domainDnsTxtRecord", "label": NAME, "ttl": 60, "text": "MS=ms1"},
            {"name": NAME, "type": "TXT", "value": "MS=ms1", "ttl": 60},
        ),
        (
            {"@odata.type": "#microsoft.graph.domainDnsSrvRecord", "label": NAME, "ttl": 60, "service": "_sip",
             "protocol": "_tls", "nameTarget": "sipdir.online.lync.com", "port": 443, "priority": 100, "weight": 1},
            {"name": f"_sip._tls.{NAME}", "type": "SRV", "value": "100 1 443 sipdir.online.lync.com", "ttl": 60},
        ),
        ({"@odata.type": "#microsoft.graph.domainDnsUnavailableRecord", "label": NAME, "description": "no"}, None),
    ],
)  # fmt: skip
def test_plain_records(data: dict[str, t.Any], record: dict[str, t.Any] | None) -> None:
    assert plain_record(data) == record


def test_records_without_dns_data_are_left_out() -> None:
    unavailable = {"@odata.type": "#microsoft.graph.domainDnsUnavailableRecord", "label": NAME, "description": "no"}
    text = {"@odata.type": "#microsoft.graph.domainDnsTxtRecord", "label": NAME, "ttl": 60, "text": "MS=ms1"}
    assert plain_records([unavailable, text]) == [{"name": NAME, "type": "TXT", "value": "MS=ms1", "ttl": 60}]
