# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Graph model, asked by requests over HTTPS; shapes are held against Microsoft's published types."""

from __future__ import annotations

import copy
import json
import pathlib
import threading
import time
import types
import typing as t

import pytest
import requests

from lab import contoso
from lab.certificates import CertificateAuthority
from lab.cloud import tenant as graph
from lab.cloud.graph_contract import ContractBreach, check_answer, check_type
from lab.cloud.server import CloudServer
from lab.cloud.tenant import Domain, Refusal, TenantState
from lab.dns.server import DnsState
from lab.traffic import Fault, Traffic

TIMEOUT = 10
TOKEN = "token-of-the-test"


class Lab(t.NamedTuple):
    """What a test needs of the server."""

    world: t.Any
    traffic: Traffic
    base: str
    session: requests.Session

    @property
    def tenant(self) -> TenantState:
        return t.cast(TenantState, self.world.tenant)

    def call(self, method: str, path: str, **options: t.Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"} | options.pop("headers", {})
        return self.session.request(method, self.base + path, headers=headers, timeout=TIMEOUT, **options)

    def get(self, path: str) -> t.Any:
        response = self.call("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, method: str, path: str, **options: t.Any) -> tuple[int, str]:
        """Status and code of a refusal, whose envelope must be whole and which must change nothing."""
        before = self.tenant.view()
        response = self.call(method, path, **options)
        error = response.json()["error"]
        assert error["message"]
        assert error["innerError"]["request-id"] == response.headers["request-id"]
        assert error["innerError"]["date"]
        assert self.tenant.view() == before
        return response.status_code, error["code"]

    def publish(self, domain: str, text: str) -> None:
        zone = next(zone for origin, zone in self.world.dns.zones.items() if f"{domain}.".endswith(origin))
        zone.add(domain, "TXT", f'"{text}"')


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Lab]:
    authority = CertificateAuthority(tmp_path_factory.mktemp("ca"))
    world: t.Any = types.SimpleNamespace(lock=threading.RLock(), tenant=TenantState.seed(), dns=DnsState.seed())
    traffic = Traffic()
    server = CloudServer(world, traffic=traffic, tls=authority.server_context("localhost", "127.0.0.1"))
    server.start()
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(authority.ca_file)
        try:
            yield Lab(world, traffic, f"https://localhost:{server.port}/v1.0", session)
        finally:
            server.stop()


@pytest.fixture(name="lab")
def fixture_lab(server: Lab) -> Lab:
    server.world.dns = DnsState.seed()
    server.world.tenant = TenantState.seed()
    roles = server.world.tenant.applications[contoso.CLIENT_ID].roles
    server.world.tenant.tokens[TOKEN] = graph.AccessToken(contoso.CLIENT_ID, list(roles))
    server.traffic.reset()
    return server


# Domains


def test_seed_has_the_tenants_domains(lab: Lab) -> None:
    answer = lab.get("/domains")
    assert answer["@odata.context"].endswith("/v1.0/$metadata#domains")
    domains = {domain["id"]: domain for domain in answer["value"]}
    assert set(domains) == {"contoso.onmicrosoft.com", "contoso.com", "contoso.mail.onmicrosoft.com"}
    assert domains["contoso.com"]["isDefault"]
    assert domains["contoso.onmicrosoft.com"]["isInitial"]
    for domain in domains.values():
        assert domain["isVerified"]
        check_type(domain, "domain")


def test_subdomain_of_a_verified_root_is_verified_on_creation(lab: Lab) -> None:
    response = lab.call("POST", "/domains", json={"id": "Groups.contoso.com"})
    assert response.status_code == 201
    assert response.headers["Location"] == f"{lab.base}/domains/groups.contoso.com"
    created = response.json()
    check_type(created, "domain")
    assert (created["id"], created["isVerified"], created["isRoot"]) == ("groups.contoso.com", True, False)
    assert created["supportedServices"] == []
    assert lab.get("/domains/groups.contoso.com")["isVerified"]


@pytest.mark.parametrize(
    "name", ["", "contoso", "*.contoso.com", "grüße.contoso.com", "-x.contoso.com", "a b.com", "x" * 64 + ".com", 5]
)
def test_invalid_name_is_refused(lab: Lab, name: object) -> None:
    assert lab.refused("POST", "/domains", json={"id": name}) == (400, "Request_BadRequest")


def test_only_the_id_may_be_given(lab: Lab) -> None:
    body = {"id": "groups.contoso.com", "isDefault": True}
    assert lab.refused("POST", "/domains", json=body) == (400, "Request_BadRequest")


def test_domain_that_exists_is_refused(lab: Lab) -> None:
    assert lab.refused("POST", "/domains", json={"id": "contoso.com"}) == (400, "Request_BadRequest")


def test_unknown_domain_is_not_found(lab: Lab) -> None:
    for method, path in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/verify"),
        ("GET", "/verificationDnsRecords"),
        ("GET", "/serviceConfigurationRecords"),
    ]:
        assert lab.refused(method, f"/domains/nothere.example{path}") == (404, "Request_ResourceNotFound")


def test_new_root_is_verified_by_its_txt_record(lab: Lab) -> None:
    created = lab.call("POST", "/domains", json={"id": "fabrikam.com"}).json()
    assert (created["isVerified"], created["isRoot"]) == (False, False)
    records = lab.get("/domains/fabrikam.com/verificationDnsRecords")["value"]
    text = next(record["text"] for record in records if record["@odata.type"].endswith("TxtRecord"))
    assert text.startswith("MS=ms")
    assert lab.refused("POST", "/domains/fabrikam.com/verify") == (400, "Request_BadRequest")
    lab.publish("fabrikam.com", "MS=ms00000000")
    assert lab.refused("POST", "/domains/fabrikam.com/verify") == (400, "Request_BadRequest")
    lab.publish("fabrikam.com", text)
    verified = lab.call("POST", "/domains/fabrikam.com/verify")
    assert verified.status_code == 200
    assert verified.json()["availabilityStatus"] == "AvailableImmediately"
    after = lab.get("/domains/fabrikam.com")
    assert (after["isVerified"], after["isRoot"], after["availabilityStatus"]) == (True, True, None)
    response = lab.call("POST", "/domains/fabrikam.com/verify")
    assert (response.status_code, response.json()["error"]["message"]) == (400, "Domain is already verified.")


def test_subdomain_of_an_unverified_root_has_a_record_of_its_own(lab: Lab) -> None:
    for name in ("fabrikam.com", "groups.fabrikam.com"):
        assert not lab.call("POST", "/domains", json={"id": name}).json()["isVerified"]
    root, subdomain = (lab.tenant.domains[name].verification_text for name in ("fabrikam.com", "groups.fabrikam.com"))
    assert root != subdomain
    lab.publish("fabrikam.com", subdomain)
    assert lab.refused("POST", "/domains/groups.fabrikam.com/verify") == (400, "Request_BadRequest")
    lab.publish("groups.fabrikam.com", subdomain)
    assert lab.call("POST", "/domains/groups.fabrikam.com/verify").json()["isRoot"] is False
    assert not lab.get("/domains/fabrikam.com")["isVerified"]


def test_verifying_a_root_verifies_its_subdomains(lab: Lab) -> None:
    for name in ("fabrikam.com", "groups.fabrikam.com"):
        lab.call("POST", "/domains", json={"id": name})
    lab.publish("fabrikam.com", lab.tenant.domains["fabrikam.com"].verification_text)
    lab.call("POST", "/domains/fabrikam.com/verify")
    assert lab.get("/domains/groups.fabrikam.com")["isVerified"]


def test_planted_delay_of_verification(lab: Lab) -> None:
    lab.call("POST", "/domains", json={"id": "fabrikam.com"})
    lab.publish("fabrikam.com", lab.tenant.domains["fabrikam.com"].verification_text)
    lab.tenant.unseen_verifications = 1
    assert lab.refused("POST", "/domains/fabrikam.com/verify") == (400, "Request_BadRequest")
    assert lab.call("POST", "/domains/fabrikam.com/verify").status_code == 200


def test_service_records_come_with_the_email_service(lab: Lab) -> None:
    path = "/domains/groups.contoso.com"
    lab.call("POST", "/domains", json={"id": "groups.contoso.com"})
    assert lab.get(f"{path}/serviceConfigurationRecords")["value"] == []
    response = lab.call("PATCH", path, json={"supportedServices": ["Email"]})
    assert (response.status_code, response.content) == (204, b"")
    assert lab.get(path)["supportedServices"] == ["Email"]
    records = {record["@odata.type"]: record for record in lab.get(f"{path}/serviceConfigurationRecords")["value"]}
    for type_name, record in records.items():
        check_type(record, type_name.removeprefix("#microsoft.graph."))
    mx = records["#microsoft.graph.domainDnsMxRecord"]
    assert (mx["label"], mx["mailExchange"], mx["preference"]) == (
        "groups.contoso.com",
        "groups-contoso-com.mail.protection.outlook.com",
        0,
    )
    cname = records["#microsoft.graph.domainDnsCnameRecord"]
    assert cname["label"] == "autodiscover.groups.contoso.com"
    assert cname["canonicalName"] == "autodiscover.outlook.com"
    assert records["#microsoft.graph.domainDnsTxtRecord"]["text"].startswith("v=spf1")


def test_mail_exchange_is_the_tenants_to_say(lab: Lab) -> None:
    lab.tenant.domains["dane.contoso.com"] = Domain(
        "dane.contoso.com", verified=True, services=["Email"], mail_exchange="dane-contoso-com.x-v1.mx.microsoft"
    )
    hosts = [r.get("mailExchange") for r in lab.get("/domains/dane.contoso.com/serviceConfigurationRecords")["value"]]
    assert "dane-contoso-com.x-v1.mx.microsoft" in hosts
    assert Domain("my-groups.contoso.com").mail_exchange != "my-groups-contoso-com.mail.protection.outlook.com"


def test_planted_unavailable_records(lab: Lab) -> None:
    lab.tenant.domains["contoso.com"].records_unavailable = "Records are not available."
    (record,) = lab.get("/domains/contoso.com/serviceConfigurationRecords")["value"]
    check_type(record, "domainDnsUnavailableRecord")
    assert record["@odata.type"] == "#microsoft.graph.domainDnsUnavailableRecord"


@pytest.mark.parametrize(
    "body",
    [
        {"supportedServices": ["Email", "Sharepoint"]},
        {"supportedServices": "Email"},
        {"isVerified": True},
        {"isDefault": False},
    ],
)
def test_what_cannot_be_updated_is_refused(lab: Lab, body: dict[str, object]) -> None:
    status, _code = lab.refused("PATCH", "/domains/contoso.com", json=body)
    assert status == 400


def test_unverified_domain_cannot_be_updated(lab: Lab) -> None:
    lab.call("POST", "/domains", json={"id": "fabrikam.com"})
    body = {"supportedServices": ["Email"]}
    assert lab.refused("PATCH", "/domains/fabrikam.com", json=body) == (400, "Request_BadRequest")


def test_one_domain_is_the_default(lab: Lab) -> None:
    lab.call("POST", "/domains", json={"id": "groups.contoso.com"})
    assert lab.call("PATCH", "/domains/groups.contoso.com", json={"isDefault": True}).status_code == 204
    assert [domain["id"] for domain in lab.get("/domains")["value"] if domain["isDefault"]] == ["groups.contoso.com"]


def test_delete(lab: Lab) -> None:
    lab.call("POST", "/domains", json={"id": "groups.contoso.com"})
    assert lab.refused("DELETE", "/domains/contoso.com") == (400, "Request_BadRequest")
    assert lab.call("DELETE", "/domains/groups.contoso.com").status_code == 204
    assert "groups.contoso.com" not in lab.tenant.domains


# Licences, organization, synchronization


def test_licences(lab: Lab) -> None:
    (sku,) = lab.get("/subscribedSkus")["value"]
    check_type(sku, "subscribedSku")
    assert sku["capabilityStatus"] == "Enabled"
    assert {plan["servicePlanName"] for plan in sku["servicePlans"]} == {"AAD_PREMIUM", "EXCHANGE_S_ENTERPRISE"}
    lab.tenant.licences[0].status = "Suspended"
    (sku,) = lab.get("/subscribedSkus")["value"]
    assert sku["prepaidUnits"] == {"enabled": 0, "lockedOut": 0, "suspended": 25, "warning": 0}
    assert lab.refused("GET", "/subscribedSkus?$filter=skuPartNumber eq 'X'") == (400, "Request_UnsupportedQuery")


def test_organization(lab: Lab) -> None:
    (organization,) = lab.get("/organization")["value"]
    check_type(organization, "organization")
    assert organization["id"] == contoso.TENANT_ID
    assert "contoso.com" in [domain["name"] for domain in organization["verifiedDomains"]]


def test_synchronization_features(lab: Lab) -> None:
    (synchronization,) = lab.get("/directory/onPremisesSynchronization")["value"]
    check_type(synchronization, "onPremisesDirectorySynchronization")
    assert synchronization["features"]["unifiedGroupWritebackEnabled"] is True
    single = lab.get(f"/directory/onPremisesSynchronization/{synchronization['id']}")
    assert single["features"] == synchronization["features"]
    assert single["@odata.context"].endswith("#directory/onPremisesSynchronization/$entity")


# Who may


@pytest.mark.parametrize("headers", [{"Authorization": ""}, {"Authorization": "Bearer nonsense"}])
def test_without_a_token_nothing(lab: Lab, headers: dict[str, str]) -> None:
    assert lab.refused("GET", "/domains", headers=headers) == (401, "InvalidAuthenticationToken")


def test_planted_expiry(lab: Lab) -> None:
    lab.tenant.expire_tokens()
    assert lab.refused("GET", "/domains") == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("roles", "allowed"),
    [
        ([], set()),
        (["Domain.Read.All"], {"read"}),
        (["Domain.ReadWrite.All"], {"read", "write"}),
        (["Organization.Read.All"], {"licences"}),
        (["OnPremDirectorySynchronization.Read.All"], {"sync"}),
    ],
)
def test_roles(lab: Lab, roles: list[str], allowed: set[str]) -> None:
    lab.tenant.tokens[TOKEN].roles = roles
    calls = {
        "read": ("GET", "/domains", None),
        "write": ("POST", "/domains", {"id": "groups.contoso.com"}),
        "licences": ("GET", "/subscribedSkus", None),
        "sync": ("GET", "/directory/onPremisesSynchronization", None),
    }
    for name, (method, path, body) in calls.items():
        if name in allowed:
            assert lab.call(method, path, json=body).ok
        else:
            assert lab.refused(method, path, json=body) == (403, "Authorization_RequestDenied")


# The protocol


def test_select_and_filter(lab: Lab) -> None:
    answer = lab.get("/domains?$select=id,isVerified&$filter=isDefault eq true")
    assert answer["value"] == [{"id": "contoso.com", "isVerified": True}]
    assert answer["@odata.context"].endswith("#domains(id,isVerified)")
    assert lab.refused("GET", "/domains?$select=nonsense") == (400, "BadRequest")
    assert lab.refused("GET", "/domains?$filter=nonsense") == (400, "Request_UnsupportedQuery")
    assert lab.refused("GET", "/domains?$top=many") == (400, "BadRequest")


def test_paging(lab: Lab) -> None:
    lab.tenant.page_size = 2
    first = lab.get("/domains?$select=id")
    assert len(first["value"]) == 2
    assert first["@odata.nextLink"].startswith(f"{lab.base}/domains?")
    second = lab.get(first["@odata.nextLink"].removeprefix(lab.base))
    assert "@odata.nextLink" not in second
    names = [domain["id"] for domain in first["value"] + second["value"]]
    assert sorted(names) == sorted(lab.tenant.domains)


def test_planted_throttling(lab: Lab) -> None:
    lab.tenant.refusals = [Refusal(429, 7), Refusal(503, None)]
    throttled = lab.call("POST", "/domains", json={"id": "groups.contoso.com"})
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "7")
    assert throttled.json()["error"]["code"] == "TooManyRequests"
    assert lab.refused("GET", "/domains") == (503, "ServiceUnavailable")
    assert "groups.contoso.com" not in lab.tenant.domains
    assert lab.call("GET", "/domains").ok


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nonsense", (400, "BadRequest")),
        ("GET", "/domains/contoso.com/nonsense", (400, "BadRequest")),
        ("PUT", "/domains", (405, "Request_BadRequest")),
        ("POST", "/subscribedSkus", (405, "Request_BadRequest")),
        ("GET", "/domains/contoso.com/verify", (405, "Request_BadRequest")),
    ],
)
def test_unknown_paths_and_methods(lab: Lab, method: str, path: str, expected: tuple[int, str]) -> None:
    assert lab.refused(method, path) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"data": "{", "headers": {"Content-Type": "application/json"}},
        {"data": "[]", "headers": {"Content-Type": "application/json"}},
        {"data": '{"id": "groups.contoso.com"}', "headers": {"Content-Type": "text/plain"}},
    ],
)
def test_unreadable_body(lab: Lab, options: dict[str, t.Any]) -> None:
    assert lab.refused("POST", "/domains", **options) == (400, "BadRequest")


def test_client_request_id_comes_back(lab: Lab) -> None:
    response = lab.call("GET", "/domains/nothere.example", headers={"client-request-id": "abc"})
    assert response.headers["client-request-id"] == "abc"
    assert response.json()["error"]["innerError"]["client-request-id"] == "abc"


def test_traffic_is_noted_and_answers_can_be_lost(lab: Lab) -> None:
    lab.get("/domains")
    assert lab.traffic.log == [("graph", "GET /v1.0/domains")]
    lab.traffic.set_fault(Fault(at=1, lose="answer", once=True))
    with pytest.raises(requests.ConnectionError):
        lab.call("POST", "/domains", json={"id": "groups.contoso.com"})
    assert "groups.contoso.com" in lab.tenant.domains
    lab.traffic.set_fault(Fault(at=1, lose="request", once=True))
    with pytest.raises(requests.ConnectionError):
        lab.call("DELETE", "/domains/groups.contoso.com")
    assert "groups.contoso.com" in lab.tenant.domains


def test_answers_do_not_wait_for_delayed_acknowledgements(lab: Lab) -> None:
    seconds = []
    for _number in range(10):
        begin = time.perf_counter()
        lab.get("/domains")
        seconds.append(time.perf_counter() - begin)
    assert min(seconds) < 0.03, "an answer sent in two pieces waits 40 ms for its acknowledgement"


def test_view_and_copy(lab: Lab) -> None:
    snapshot = copy.deepcopy(lab.tenant)
    json.dumps(lab.tenant.view())
    assert TOKEN not in json.dumps(lab.tenant.view())
    assert contoso.CLIENT_SECRET not in json.dumps(lab.tenant.view())
    lab.call("POST", "/domains", json={"id": "groups.contoso.com"})
    assert lab.tenant.view() != snapshot.view()
    lab.world.tenant = snapshot
    assert lab.refused("GET", "/domains/groups.contoso.com") == (404, "Request_ResourceNotFound")


def test_stop_ends_open_connections_and_threads(tmp_path: pathlib.Path) -> None:
    world: t.Any = types.SimpleNamespace(lock=threading.RLock(), tenant=TenantState.seed(), dns=DnsState.seed())
    authority = CertificateAuthority(tmp_path)
    before = set(threading.enumerate())
    server = CloudServer(world, traffic=Traffic(), tls=authority.server_context("localhost"))
    server.start()
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"https://localhost:{server.port}/v1.0/domains", verify=str(authority.ca_file), timeout=TIMEOUT)
        with pytest.raises(requests.exceptions.SSLError):
            session.get(f"https://localhost:{server.port}/v1.0/domains", verify=True, timeout=TIMEOUT)
        server.stop()
    assert not set(threading.enumerate()) - before


def test_batch_answers_by_id_in_any_order(lab: Lab) -> None:
    parts = [{"id": name, "method": "GET", "url": f"/domains/{name}"} for name in ("contoso.com", "absent.example")]
    answer = lab.call("POST", "/$batch", json={"requests": parts})
    assert answer.status_code == 200
    found = {part["id"]: part for part in answer.json()["responses"]}
    assert found["contoso.com"]["body"]["isVerified"] is True
    assert (found["absent.example"]["status"], found["absent.example"]["body"]["error"]["code"]) == (
        404,
        "Request_ResourceNotFound",
    )


@pytest.mark.parametrize("ids", [[], ["1", "1"], [str(number) for number in range(21)]])
def test_malformed_batches(lab: Lab, ids: list[str]) -> None:
    parts = [{"id": number, "method": "GET", "url": "/domains"} for number in ids]
    assert lab.refused("POST", "/$batch", json={"requests": parts})[0] == 400


def test_reads_lag_behind_a_write(lab: Lab) -> None:
    lab.tenant.lag = 2
    assert lab.call("POST", "/domains", json={"id": "groups.contoso.com"}).status_code == 201
    statuses = [lab.call("GET", "/domains/groups.contoso.com").status_code for _read in range(3)]
    assert statuses == [404, 404, 200]


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_gateway_timeout_may_have_been_carried_out(lab: Lab, carried_out: bool) -> None:
    lab.tenant.refusals = [Refusal(504, retry_after=None, carried_out=carried_out)]
    answer = lab.call("POST", "/domains", json={"id": "groups.contoso.com"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "GatewayTimeout")
    assert ("groups.contoso.com" in lab.tenant.domains) is carried_out


@pytest.mark.parametrize(
    "payload",
    [
        {"@odata.context": "https://x/v1.0/$metadata#domains/$entity", "isVerified": "yes"},
        {"@odata.context": "https://x/v1.0/$metadata#domains/$entity", "isVerified": None},
        {"@odata.context": "https://x/v1.0/$metadata#domains", "value": [{"verified": True}]},
        {"@odata.context": "https://x/v1.0/$metadata#nothing", "value": []},
        {
            "@odata.context": "https://x/v1.0/$metadata#domains('a')/verificationDnsRecords",
            "value": [{"@odata.type": "#microsoft.graph.domain"}],
        },
    ],
)
def test_an_answer_that_graph_cannot_give_is_a_breach(payload: dict[str, t.Any]) -> None:
    with pytest.raises(ContractBreach):
        check_answer(payload)


def test_a_breach_is_not_answered_as_success(lab: Lab) -> None:
    lab.tenant.domains["contoso.com"].default = t.cast(bool, "yes")
    answer = lab.call("GET", "/domains/contoso.com")
    assert (answer.status_code, answer.json()["error"]["code"]) == (418, "LabContractBreach")
