# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to sign in, against the lab's token and identity endpoints."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from helpers.application_identity import Identity

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, GraphError, GraphSettings
from lab import contoso
from lab.cloud.server import CloudServer

DOMAIN = "/domains/contoso.com"
READ = "Domain.Read.All"
PASSWORD = "pfx-Passw0rd"


@pytest.fixture(name="identity", scope="module")
def fixture_identity() -> Identity:
    return Identity.make()


def sign_in(lab: t.Any, **changes: t.Any) -> GraphClient:
    return GraphClient(GraphSettings.from_params(lab.graph_options(client_secret=None, **changes)))


@pytest.mark.parametrize(("file", "password"), [("a.pem", None), ("a.pem", PASSWORD), ("a.pfx", None), ("a.pfx", PASSWORD)])
def test_certificate(cloud_lab: t.Any, identity: Identity, tmp_path: pathlib.Path, file: str, password: str | None) -> None:
    path = identity.write(tmp_path / file, password)
    options = {"client_certificate": path, "client_certificate_password": password}
    with sign_in(cloud_lab, **options) as graph, pytest.raises(GraphError, match=r"AADSTS700027.*client_certificate"):
        graph.get(DOMAIN, permission=READ)
    cloud_lab.world.tenant.applications[contoso.CLIENT_ID].certificates.append(identity.pem)
    with sign_in(cloud_lab, **options) as graph:
        assert graph.get(DOMAIN, permission=READ)["isVerified"]


def test_an_expired_certificate_is_one_clear_sentence_and_nothing_is_sent(cloud_lab: t.Any, tmp_path: pathlib.Path) -> None:
    expired = Identity.make(days=-1)
    path = expired.write(tmp_path / "old.pem", None)
    cloud_lab.world.tenant.applications[contoso.CLIENT_ID].certificates.append(expired.pem)
    with sign_in(cloud_lab, client_certificate=path) as graph, pytest.raises(GraphError, match=r"old\.pem expired on \d{4}-"):
        graph.get(DOMAIN, permission=READ)
    assert cloud_lab.traffic.log == []


@pytest.mark.parametrize("content", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_certificate_is_named(cloud_lab: t.Any, tmp_path: pathlib.Path, content: str) -> None:
    path = tmp_path / "bad.pem"
    path.write_text(content)
    with (
        sign_in(cloud_lab, client_certificate=str(path)) as graph,
        pytest.raises(GraphError, match=r"client_certificate: .*bad\.pem"),
    ):
        graph.get(DOMAIN, permission=READ)


def test_a_wrong_password_is_not_repeated(cloud_lab: t.Any, identity: Identity, tmp_path: pathlib.Path) -> None:
    path = identity.write(tmp_path / "a.pfx", PASSWORD)
    options = {"client_certificate": path, "client_certificate_password": "other-Passw0rd"}
    with sign_in(cloud_lab, **options) as graph, pytest.raises(GraphError, match="client_certificate_password") as caught:
        graph.get(DOMAIN, permission=READ)
    assert "other-Passw0rd" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_an_expired_secret_says_so(cloud_lab: t.Any) -> None:
    cloud_lab.world.tenant.applications[contoso.CLIENT_ID].expired_secrets.append("old~secret")
    settings = GraphSettings.from_params(cloud_lab.graph_options(client_secret="old~secret"))
    with GraphClient(settings) as graph, pytest.raises(GraphError, match=r"AADSTS7000222.*expired") as caught:
        graph.get(DOMAIN, permission=READ)
    assert "old~secret" not in str(caught.value)


@pytest.fixture(name="metadata")
def fixture_metadata(cloud_lab: t.Any, monkeypatch: pytest.MonkeyPatch) -> t.Iterator[None]:
    """The machine's identity endpoint; the environment names a proxy, which must not be asked for it."""
    server = CloudServer(cloud_lab.world, traffic=cloud_lab.traffic, tls=None, graph_url=cloud_lab.url)
    server.start()
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    yield
    server.stop()


@pytest.mark.parametrize("client_id", [None, contoso.USER_IDENTITY_ID])
@pytest.mark.usefixtures("metadata")
def test_managed_identity(cloud_lab: t.Any, client_id: str | None) -> None:
    with sign_in(cloud_lab, graph_auth="managed_identity", tenant_id=None, client_id=client_id) as graph:
        assert graph.get(DOMAIN, permission=READ)["isVerified"]
    token = next(iter(cloud_lab.world.tenant.tokens.values()))
    assert token.client_id == (client_id or contoso.SYSTEM_IDENTITY_ID)


@pytest.mark.usefixtures("metadata")
def test_a_managed_identity_that_does_not_exist_or_may_not(cloud_lab: t.Any) -> None:
    with (
        sign_in(cloud_lab, graph_auth="managed_identity", client_id=contoso.CLIENT_ID) as graph,
        pytest.raises(GraphError, match=r"Identity not found.*assigned to this machine"),
    ):
        graph.get(DOMAIN, permission=READ)
    cloud_lab.world.tenant.applications[contoso.SYSTEM_IDENTITY_ID].roles = []
    with (
        sign_in(cloud_lab, graph_auth="managed_identity", client_id=None) as graph,
        pytest.raises(GraphError, match=r"managed identity the application permission Domain\.Read\.All"),
    ):
        graph.get(DOMAIN, permission=READ)


def test_a_token_at_hand(cloud_lab: t.Any) -> None:
    with sign_in(cloud_lab, access_token="made.up.token") as graph, pytest.raises(GraphError, match="HTTP 401") as caught:
        graph.get(DOMAIN, permission=READ)
    assert "made.up.token" not in str(caught.value)
    with pytest.raises(GraphError, match="access_token must be the bare token"):
        sign_in(cloud_lab, access_token="Bearer made.up.token")


def test_the_environments_proxy_is_used_unless_the_option_says_otherwise(
    cloud_lab: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pr0xy-Passw0rd@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    options = cloud_lab.graph_options(graph_timeout=1)
    with GraphClient(GraphSettings.from_params(options)) as graph, pytest.raises(GraphError, match="proxy") as caught:
        graph.get(DOMAIN, permission=READ)
    assert "pr0xy-Passw0rd" not in str(caught.value)
    with GraphClient(GraphSettings.from_params({**options, "graph_proxy": ""})) as graph:
        graph.get(DOMAIN, permission=READ)
    monkeypatch.setenv("NO_PROXY", "localhost")
    with GraphClient(GraphSettings.from_params(options)) as graph:
        graph.get(DOMAIN, permission=READ)


def test_a_malformed_proxy_is_not_repeated(cloud_lab: t.Any) -> None:
    with pytest.raises(GraphError, match="graph_proxy") as caught:
        sign_in(cloud_lab, access_token="a", graph_proxy="user:pr0xy-Passw0rd@proxy")
    assert "pr0xy" not in str(caught.value).replace("graph_proxy", "")
