# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The DNS records Microsoft 365 asks for, from Graph's record types."""

from __future__ import annotations

import typing as t

Record = dict[str, t.Any]
"""A DNS record as the modules return it: name, type, value, ttl, and preference for an MX."""


def plain_records(objects: t.Iterable[t.Mapping[str, t.Any]]) -> list[Record]:
    """Those of Graph's records that carry DNS data."""
    return [record for record in map(plain_record, objects) if record is not None]


def plain_record(data: t.Mapping[str, t.Any]) -> Record | None:
    """A ``domainDnsRecord`` as a plain record; None for one without DNS data (domainDnsUnavailableRecord).

    Kinds and properties: "domainDnsRecord resource type" and those derived from it.
    """
    kind = str(data.get("@odata.type", "")).rpartition(".")[2]
    name = str(data.get("label", "")).rstrip(".").lower()
    ttl = data.get("ttl")
    if kind == "domainDnsMxRecord":
        value = _host(data["mailExchange"])
        return {"name": name, "type": "MX", "value": value, "preference": data.get("preference") or 0, "ttl": ttl}
    if kind == "domainDnsCnameRecord":
        return {"name": name, "type": "CNAME", "value": _host(data.get("canonicalName")), "ttl": ttl}
    if kind == "domainDnsTxtRecord":
        return {"name": name, "type": "TXT", "value": str(data["text"]), "ttl": ttl}
    if kind == "domainDnsSrvRecord":
        numbers = " ".join(str(data.get(part) or 0) for part in ("priority", "weight", "port"))
        if not name.startswith("_"):
            name = f"{data.get('service')}.{data.get('protocol')}.{name}".lower()
        return {"name": name, "type": "SRV", "value": f"{numbers} {_host(data.get('nameTarget'))}", "ttl": ttl}
    return None


def _host(value: t.Any) -> str:
    return str(value or "").rstrip(".").lower()
