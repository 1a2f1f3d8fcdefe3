# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The records a group domain has to have, from the modules' options and from the tenant."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _spf
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_wanted import (
    AUTODISCOVER_HOST,
    DEFAULT_TTL,
    SPF_HOST,
    AliasRecord,
    MxRecord,
    Others,
    SpfRecord,
    TextRecord,
    Wanted,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import (
    DomainError,
    Record,
    TenantDomains,
    group_domain,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import normalize_domain

Params = t.Mapping[str, t.Any]

PURPOSES = ("mx", "autodiscover", "verification", "spf")
_TYPES = {"mx": "MX", "autodiscover": "CNAME", "verification": "TXT", "spf": "TXT"}
_OPTIONS = {"mx": "mx_host", "autodiscover": "autodiscover_host", "verification": "verification_text", "spf": "spf_host"}
_WORLDWIDE = {"autodiscover": AUTODISCOVER_HOST, "spf": SPF_HOST}
"""The worldwide cloud's hosts; each other cloud has its own, which the tenant knows."""


def records_argument_spec() -> dict[str, t.Any]:
    """The options on records that the modules share."""
    return {
        "records": {"type": "list", "elements": "str", "choices": list(PURPOSES), "default": ["mx", "autodiscover"]},
        "autodiscover_host": {"type": "str"},
        "spf_host": {"type": "str"},
        "mx_preference": {"type": "int"},
        "additive": {"type": "bool", "default": False},
        "ttl": {"type": "int"},
    }


def needs_tenant(params: Params) -> bool:
    """True when a value is not given and only the tenant can tell it."""
    known = _known(params)
    return any(not params.get(_OPTIONS[purpose]) and purpose not in known for purpose in params["records"])


def _known(params: Params) -> dict[str, str]:
    return _WORLDWIDE if params["cloud"] == "global" else {}


class TenantRecords(t.NamedTuple):
    """What the tenant says about a domain. The two kinds look alike: a verification MX must not become the domain's MX."""

    service: t.Sequence[Record] = ()
    verification: t.Sequence[Record] = ()

    def offer(self, purpose: str, name: str) -> Record:
        """The record for the purpose; empty when there is none."""
        records = self.verification if purpose == "verification" else self.service
        found = [record for record in records if record["name"] == name and record["type"] == _TYPES[purpose]]
        if purpose == "spf":
            found = [{**r, "value": _spf.first_include(r["value"])} for r in found if _spf.is_spf(r["value"])]
        return found[0] if found else {}


def tenant_records(graph: GraphClient, names: t.Sequence[str]) -> dict[str, TenantRecords]:
    """The records the tenant has for those of the domains that it has."""
    domains = TenantDomains(graph)
    known = [domains.find(names[0])] if len(names) == 1 else domains.all()
    found = [domain for domain in known if domain is not None and domain.id in set(names)]
    return {
        domain.id: TenantRecords(records.service if domain.verified else (), records.verification)
        for domain, records in zip(found, domains.records_of(found), strict=True)
    }


def wanted_records(domain: str, params: Params, tenant: TenantRecords) -> tuple[list[Wanted], list[str]]:
    """The records to have, and the purposes whose value is not known.

    What the options give counts first, then the tenant; the MX host is never guessed.

    :raises DomainError: an option is malformed
    """
    wanted: list[Wanted] = []
    unknown = []
    for purpose in dict.fromkeys(params["records"]):
        name = f"autodiscover.{domain}" if purpose == "autodiscover" else domain
        offered = tenant.offer(purpose, name)
        target = _given(params, purpose) or offered.get("value") or _known(params).get(purpose)
        if target is None:
            unknown.append(purpose)
        else:
            wanted.append(_record(purpose, name, target, params, offered))
    return wanted, unknown


def _given(params: Params, purpose: str) -> str | None:
    option = _OPTIONS[purpose]
    value: str | None = params.get(option)
    if not value or purpose == "verification":
        return value
    if purpose != "spf":
        return group_domain(value, option)
    try:
        # Labels such as _spf are no host names, and common in SPF records.
        normalize_domain(value.replace("_", ""))
    except ValueError as exc:
        raise DomainError(f"{option}: {exc}") from exc
    return value.rstrip(".").lower()


def _record(purpose: str, name: str, target: str, params: Params, offered: Record) -> Wanted:
    ttl: dict[str, t.Any] = {"ttl": params["ttl"], "new_ttl": offered.get("ttl") or DEFAULT_TTL}
    if purpose == "mx":
        others: Others = "replace" if params.get("exclusive") else "keep" if params["additive"] else "refuse"
        new_preference = offered.get("preference") or 0
        return MxRecord(name, target, preference=params["mx_preference"], new_preference=new_preference, others=others, **ttl)
    kinds: dict[str, type[Wanted]] = {"autodiscover": AliasRecord, "verification": TextRecord, "spf": SpfRecord}
    return kinds[purpose](name, target, **ttl)


def deferred(domain: str, unknown: t.Sequence[str]) -> list[str]:
    """Sentences on what only a later step of the procedure makes known."""
    verified = f"of {domain} is known once the domain is verified in the tenant with the service Email on."
    sentences = {
        "mx": f"The MX host {verified}",
        "autodiscover": f"The autodiscover host {verified}",
        "spf": f"The host in the SPF record {verified}",
        "verification": f"The text that proves ownership of {domain} is made when the domain is added to the tenant.",
    }
    return [sentences[purpose] for purpose in unknown]


def unknown_error(domain: str, unknown: t.Sequence[str]) -> DomainError:
    """Why the task cannot go on, and what to do first."""
    options = " and ".join(_OPTIONS[purpose] for purpose in unknown)
    return DomainError(
        f"{' '.join(deferred(domain, unknown))} The tenant does not give it now: run m365_domain first (state verified, "
        f"services [Email], for the MX; state present for the verification record), or give {options}."
    )
