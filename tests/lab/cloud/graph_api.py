# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Graph v1.0 over the lab's tenant: which request does what (Graph API reference, page of each operation)."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from lab.cloud import graph_batch
from lab.cloud.graph_contract import check_answer
from lab.cloud.graph_domains import DomainRequests
from lab.cloud.graph_entities import (
    domain_entity,
    licence_entity,
    organization_entity,
    service_records,
    synchronization_entity,
    verification_records,
)
from lab.cloud.graph_errors import GraphError
from lab.cloud.graph_groups import answer_groups
from lab.cloud.graph_request import GraphAnswer, GraphRequest, list_, one, require
from lab.cloud.graph_users import answer_users
from lab.cloud.tenant import AccessToken, TenantState

if t.TYPE_CHECKING:
    from lab.dns.zones import DnsState

# Application permissions, any of which will do (permissions tables of the reference pages).
READ_DOMAINS = ("Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
WRITE_DOMAINS = ("Domain.ReadWrite.All",)
READ_ORGANIZATION = (
    "Organization.Read.All",
    "Organization.ReadWrite.All",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
# assumed: that an application may have it; the permissions reference lists it so, the operation's page once did not.
READ_SYNCHRONIZATION = (
    "OnPremDirectorySynchronization.Read.All",
    "OnPremDirectorySynchronization.ReadWrite.All",
)


def answer_graph(tenant: TenantState, dns: DnsState, request: GraphRequest) -> GraphAnswer:
    """Carry out a request.

    :raises GraphError: it is refused; nothing has changed, unless a planted refusal says that it was carried out
    """
    token = _authenticate(tenant, request.token)
    if request.path == graph_batch.PATH:
        if request.method != "POST":
            raise GraphError.method_not_allowed()

        def answer_part(method: str, path: str, query: dict[str, str], body: t.Any) -> graph_batch.Answer:
            part = dataclasses.replace(request, method=method, path=path, query=query, body=body)
            answer = _answer_one(tenant, dns, part, token)
            return answer.status, answer.payload, answer.headers

        return GraphAnswer(200, graph_batch.answer_batch(request.body, answer_part))
    return _answer_one(tenant, dns, request, token)


def _answer_one(tenant: TenantState, dns: DnsState, request: GraphRequest, token: AccessToken) -> GraphAnswer:
    """Carry out one request, with the faults planted: throttling is per request, in a batch as well ("Throttling")."""
    refusal = tenant.refusals.pop(0) if tenant.refusals else None
    if refusal is not None and not refusal.carried_out:
        raise GraphError.busy(refusal.status, refusal.retry_after)
    if request.method == "GET":
        answer = _dispatch(tenant.replica(), dns, request, token)
    else:
        before = copy.deepcopy(tenant.domains)
        answer = _dispatch(tenant, dns, request, token)
        tenant.written(before)
    if refusal is not None:
        raise GraphError.busy(refusal.status, refusal.retry_after)
    check_answer(answer.payload)
    return answer


def _dispatch(tenant: TenantState, dns: DnsState, request: GraphRequest, token: AccessToken) -> GraphAnswer:
    segments = [segment for segment in request.path.split("/") if segment]
    match segments:
        case ["domains", *rest]:
            return _domains(tenant, dns, request, token, rest)
        case ["groups", *rest]:
            return answer_groups(tenant, request, token, rest)
        case ["users", *rest]:
            return answer_users(tenant, request, token, rest)
        case ["subscribedSkus"]:
            require(request, token, "GET", READ_ORGANIZATION)
            if "$filter" in request.query:  # subscribedsku-list: "It does not support $filter."
                raise GraphError(400, "Request_UnsupportedQuery", "Filter is not supported on this entity set.")
            return list_(tenant, request, [licence_entity(tenant, licence) for licence in tenant.licences])
        case ["organization"]:
            require(request, token, "GET", READ_ORGANIZATION)
            return list_(tenant, request, [organization_entity(tenant)])
        # A collection of one: the CSDL's navigation property is Collection(...), and scripts read value.features.
        case ["directory", "onPremisesSynchronization"]:
            require(request, token, "GET", READ_SYNCHRONIZATION)
            return list_(tenant, request, [synchronization_entity(tenant)])
        case ["directory", "onPremisesSynchronization", tenant.tenant_id]:
            require(request, token, "GET", READ_SYNCHRONIZATION)
            return one(request, "directory/onPremisesSynchronization", synchronization_entity(tenant))
        case _:
            raise GraphError.no_segment(segments[-1] if segments else "")


def _domains(tenant: TenantState, dns: DnsState, request: GraphRequest, token: AccessToken, rest: list[str]) -> GraphAnswer:
    """Everything below /domains."""
    domains = DomainRequests(tenant, dns)
    match request.method, rest:
        case "GET", []:
            require(request, token, "GET", READ_DOMAINS)
            return list_(tenant, request, [domain_entity(domain) for domain in tenant.domains.values()])
        case "POST", []:
            require(request, token, "POST", WRITE_DOMAINS)
            created = domains.create(request.body)
            answer = one(request, "domains", domain_entity(created), status=201)
            answer.headers["Location"] = f"{request.url}/{created.name}"
            return answer
        case "GET", [name]:
            require(request, token, "GET", READ_DOMAINS)
            return one(request, "domains", domain_entity(domains.find(name)))
        case "PATCH", [name]:
            require(request, token, "PATCH", WRITE_DOMAINS)
            domains.update(name, request.body)
            return GraphAnswer(204)
        case "DELETE", [name]:
            require(request, token, "DELETE", WRITE_DOMAINS)
            domains.delete(name)
            return GraphAnswer(204)
        case "POST", [name, "verify" | "microsoft.graph.verify"]:
            require(request, token, "POST", WRITE_DOMAINS)
            verified = domains.verify(name)
            return one(request, "domains", domain_entity(verified, availability="AvailableImmediately"))
        case "GET", [name, "verificationDnsRecords"]:
            require(request, token, "GET", READ_DOMAINS)
            return list_(tenant, request, verification_records(domains.find(name)))
        case "GET", [name, "serviceConfigurationRecords"]:
            require(request, token, "GET", READ_DOMAINS)
            return list_(tenant, request, service_records(domains.find(name)))
        case _, [] | [_] | [_, "verify" | "verificationDnsRecords" | "serviceConfigurationRecords"]:
            raise GraphError.method_not_allowed()
        case _:
            raise GraphError.no_segment(rest[-1])


def _authenticate(tenant: TenantState, token: str) -> AccessToken:
    """The token's meaning (error texts: as Graph is widely quoted)."""
    if not token:
        raise GraphError.unauthenticated("Access token is empty.")
    known = tenant.tokens.get(token)
    if known is None:
        raise GraphError.unauthenticated("Access token validation failure.")
    if known.expired:
        raise GraphError.unauthenticated("Lifetime validation failed, the token is expired.")
    return known
