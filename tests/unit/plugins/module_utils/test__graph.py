# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Graph client against the lab's Graph and token endpoint over TLS."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import (
    CLOUDS,
    GraphClient,
    GraphError,
    GraphSettings,
)
from lab import contoso
from lab.certificates import CertificateAuthority
from lab.cloud.server import CloudServer
from lab.cloud.tenant import Domain, Refusal
from lab.traffic import Fault

DOMAIN = "/domains/contoso.com"
READ = "Domain.Read.All"


class Pauses:
    """Makes deadlines on a clock that only sleeping moves, and remembers the pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self, seconds: float) -> Deadline:
        return Deadline(seconds, clock=lambda: self.now, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@contextlib.contextmanager
def client(lab: t.Any, pauses: Pauses | None = None, **changes: t.Any) -> t.Iterator[GraphClient]:
    settings = GraphSettings.from_params(lab.graph_options(**changes))
    with GraphClient(settings, make_deadline=pauses or Pauses()) as graph:
        yield graph


def requests(lab: t.Any, server: str = "graph") -> list[str]:
    return [what for name, what in lab.traffic.log if name == server]


def test_reads_with_one_token(cloud_lab: t.Any) -> None:
    with client(cloud_lab) as graph:
        assert graph.get(DOMAIN, permission=READ)["isVerified"] is True
        assert graph.find("/domains/absent.example", permission=READ) is None
    assert len([what for what in requests(cloud_lab, "token") if what.startswith("POST")]) == 1


def test_the_environments_ca_bundle_neither_breaks_nor_weakens(
    cloud_lab: t.Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    other = CertificateAuthority(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other.ca_file))
    with client(cloud_lab) as graph:
        graph.get(DOMAIN, permission=READ)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(cloud_lab.authority.ca_file))
    with client(cloud_lab, graph_ca_cert=None) as graph, pytest.raises(GraphError, match=r"not trusted.*graph_ca_cert"):
        graph.get(DOMAIN, permission=READ)


def test_an_expired_certificate_is_one_clear_sentence(cloud_lab: t.Any) -> None:
    tls = cloud_lab.authority.server_context("localhost", expired=True)
    server = CloudServer(cloud_lab.world, traffic=cloud_lab.traffic, tls=tls)
    server.start()
    try:
        url = f"https://localhost:{server.port}"
        with client(cloud_lab, authority_url=url, graph_url=url) as graph, pytest.raises(GraphError, match="expired"):
            graph.get(DOMAIN, permission=READ)
    finally:
        server.stop()


def test_paging(cloud_lab: t.Any) -> None:
    cloud_lab.world.tenant.page_size = 2
    with client(cloud_lab) as graph:
        names = [domain["id"] for domain in graph.list("/domains", permission=READ)]
    assert names == list(cloud_lab.world.tenant.domains)
    assert len(requests(cloud_lab)) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_waits_as_long_as_the_server_asks(cloud_lab: t.Any, pauses: Pauses, status: int) -> None:
    cloud_lab.world.tenant.refusals = [Refusal(status, retry_after=4), Refusal(status, retry_after=None)]
    with client(cloud_lab, pauses) as graph:
        graph.get(DOMAIN, permission=READ)
    assert 4 <= pauses.slept[0] <= 5
    assert len(pauses.slept) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_one_throttled_request_of_a_batch_is_sent_again(cloud_lab: t.Any, pauses: Pauses, status: int) -> None:
    names = list(cloud_lab.world.tenant.domains)
    paths = [f"/domains/{name}/verificationDnsRecords" for name in names]
    cloud_lab.world.tenant.refusals = [None, Refusal(status, retry_after=4)]
    with client(cloud_lab, pauses) as graph:
        found = graph.list_many(paths, permission=READ)
    assert [records[0]["label"] for records in found] == names
    assert 4 <= pauses.slept[0] <= 5
    assert requests(cloud_lab) == ["POST /v1.0/$batch"] * 2


def test_a_batch_that_stays_throttled_ends_with_the_refusal(cloud_lab: t.Any, pauses: Pauses) -> None:
    cloud_lab.world.tenant.refusals = [Refusal(429, retry_after=4)] * 10
    with client(cloud_lab, pauses) as graph, pytest.raises(GraphError, match=r"TooManyRequests.*graph_timeout"):
        graph.list_many([f"{DOMAIN}/verificationDnsRecords"], permission=READ)


def test_a_batch_pages_and_names_what_is_refused(cloud_lab: t.Any) -> None:
    cloud_lab.world.tenant.page_size = 1
    with client(cloud_lab) as graph:
        (records,) = graph.list_many([f"{DOMAIN}/verificationDnsRecords"], permission=READ)
        assert len(records) == 2
        with pytest.raises(GraphError, match=r"absent\.example/verificationDnsRecords was refused.*ResourceNotFound"):
            graph.list_many(["/domains/absent.example/verificationDnsRecords"], permission=READ)


def test_gives_up_when_the_server_asks_for_more_than_the_deadline_leaves(cloud_lab: t.Any, pauses: Pauses) -> None:
    cloud_lab.world.tenant.refusals = [Refusal(429, retry_after=3600)]
    with client(cloud_lab, pauses) as graph, pytest.raises(GraphError, match="graph_timeout") as caught:
        graph.get(DOMAIN, permission=READ)
    assert caught.value.status == 429
    assert pauses.slept == []


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_a_read_is_repeated_when_the_connection_is_lost(cloud_lab: t.Any, lose: str) -> None:
    for at in range(1, 4):  # discovery, token, Graph
        cloud_lab.reset()
        cloud_lab.traffic.set_fault(Fault(at=at, lose=lose, once=True))
        with client(cloud_lab) as graph:
            assert graph.get(DOMAIN, permission=READ)["id"] == "contoso.com"


@pytest.mark.parametrize(("lose", "posts"), [("request", 2), ("answer", 1)])
def test_a_write_is_repeated_only_when_it_did_not_land(cloud_lab: t.Any, lose: str, posts: int) -> None:
    with client(cloud_lab) as graph:
        graph.get(DOMAIN, permission=READ)
        cloud_lab.traffic.set_fault(Fault(at=1, lose=lose, once=True))
        add(graph, "groups.contoso.com")
    assert len([what for what in requests(cloud_lab) if what.startswith("POST")]) == posts
    assert "groups.contoso.com" in cloud_lab.world.tenant.domains


@pytest.mark.parametrize("status", [429, 503])
def test_a_throttled_write_is_sent_again(cloud_lab: t.Any, status: int) -> None:
    with client(cloud_lab) as graph:
        cloud_lab.world.tenant.refusals = [Refusal(status)]
        add(graph, "groups.contoso.com")
    assert "groups.contoso.com" in cloud_lab.world.tenant.domains


def add(graph: GraphClient, name: str) -> None:
    graph.write(
        "POST",
        "/domains",
        {"id": name},
        permission="Domain.ReadWrite.All",
        landed=lambda: graph.find(f"/domains/{name}", permission=READ) is not None,
    )


def test_an_unreachable_host_is_named(cloud_lab: t.Any, pauses: Pauses) -> None:
    with client(cloud_lab, pauses, authority_url="https://127.0.0.1:9") as graph, pytest.raises(GraphError) as caught:
        graph.get(DOMAIN, permission=READ)
    assert "127.0.0.1:9" in str(caught.value)
    assert "Connection refused" in str(caught.value)
    assert len(pauses.slept) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"client_secret": "wrong~secret"}, r"AADSTS7000215.*Check client_id and client_secret"),
        ({"client_id": "00000000-0000-4000-8000-000000000000"}, "AADSTS700016"),
        ({"tenant_id": "fabrikam.onmicrosoft.com"}, "fabrikam.onmicrosoft.com"),
    ],
)
def test_a_failed_sign_in_says_why(cloud_lab: t.Any, changes: dict[str, str], message: str) -> None:
    with client(cloud_lab, **changes) as graph, pytest.raises(GraphError, match=message) as caught:
        graph.get(DOMAIN, permission=READ)
    assert "wrong~secret" not in str(caught.value)
    assert contoso.CLIENT_SECRET not in str(caught.value)


def test_a_refusal_carries_code_message_and_request_id(cloud_lab: t.Any) -> None:
    cloud_lab.world.tenant.domains["new.example"] = Domain("new.example")
    with client(cloud_lab) as graph, pytest.raises(GraphError) as caught:
        graph.write("PATCH", "/domains/new.example", {"supportedServices": []}, permission=READ, landed=lambda: False)
    assert caught.value.status == 400
    assert caught.value.code == "Request_BadRequest"
    assert "Only verified domains" in str(caught.value)
    assert "request-id " in str(caught.value)
    assert "request-id unknown" not in str(caught.value)


def test_a_missing_permission_is_named(cloud_lab: t.Any) -> None:
    cloud_lab.world.tenant.applications[contoso.CLIENT_ID].roles = []
    with client(cloud_lab) as graph, pytest.raises(GraphError, match=r"application permission Domain\.Read\.All"):
        graph.get(DOMAIN, permission=READ)


def test_secrets_are_in_no_representation(cloud_lab: t.Any) -> None:
    assert contoso.CLIENT_SECRET not in repr(GraphSettings.from_params(cloud_lab.graph_options()))


@pytest.mark.parametrize("option", ["tenant_id", "client_id", "client_secret"])
def test_a_missing_option_is_named_with_its_environment_variable(cloud_lab: t.Any, option: str) -> None:
    with pytest.raises(GraphError, match=f"{option}.*M365_{option.upper()}"):
        GraphSettings.from_params(cloud_lab.graph_options(**{option: None}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"graph_url": "http://graph.microsoft.com"}, "graph_url must be an https address"),
        ({"authority_url": "login.microsoftonline.com"}, "authority_url must be an https address"),
        ({"graph_ca_cert": "/no/such/ca.pem"}, "graph_ca_cert: there is no file"),
        ({"tenant_id": "a/../b"}, "tenant_id must be"),
    ],
)
def test_malformed_options(cloud_lab: t.Any, changes: dict[str, str], message: str) -> None:
    with pytest.raises(GraphError, match=message):
        GraphSettings.from_params(cloud_lab.graph_options(**changes))


@pytest.mark.parametrize("cloud", list(CLOUDS))
def test_the_cloud_decides_the_addresses(cloud_lab: t.Any, cloud: str) -> None:
    settings = GraphSettings.from_params(cloud_lab.graph_options(cloud=cloud, authority_url=None, graph_url=None))
    assert (settings.authority_url, settings.graph_url) == (CLOUDS[cloud].authority_url, CLOUDS[cloud].graph_url)


def test_graph_url_may_carry_the_version(cloud_lab: t.Any) -> None:
    with client(cloud_lab, graph_url=f"{cloud_lab.url}/v1.0/") as graph:
        assert graph.get(DOMAIN, permission=READ)["id"] == "contoso.com"
