# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTPS server of Microsoft's side: the login below ``/{tenant}/``, Graph below ``/v1.0/``, on one port."""

from __future__ import annotations

import http.server
import json
import ssl
import typing as t
import urllib.parse
import uuid

from lab.cloud import identity_endpoint
from lab.cloud.graph_api import answer_graph
from lab.cloud.graph_contract import ContractBreach
from lab.cloud.graph_errors import GraphError
from lab.cloud.graph_request import PREFIX, GraphRequest
from lab.cloud.login_error import LoginError
from lab.cloud.token_endpoint import answer_login
from lab.tcp_service import TcpService
from lab.traffic import Dropped, Traffic

if t.TYPE_CHECKING:
    from lab.mail.message import Mail
    from lab.world import World


class CloudServer:
    """Serves ``world.tenant``; in the traffic log "token" is the login and "graph" is Graph.

    :param tls: the server's certificate; None: plain HTTP, for the Azure machine's own identity endpoint
    :param graph_url: address of the Graph that the identity endpoint gives tokens for
    :param port: 0 takes a free one
    :param post: carries the mail that sendMail has taken; None leaves it in the outbox
    """

    def __init__(
        self,
        world: World,
        *,
        traffic: Traffic,
        tls: ssl.SSLContext | None,
        address: str = "127.0.0.1",
        port: int = 0,
        graph_url: str = "",
        post: t.Callable[[Mail], None] | None = None,
    ) -> None:
        self._service = _CloudService(world, traffic, tls, (address, port), graph_url, post)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._service.port

    def start(self) -> None:
        """Serve from now on."""
        self._service.start()

    def stop(self) -> None:
        """Close all connections and wait for their threads."""
        self._service.stop()


class _CloudService(TcpService):
    def __init__(
        self,
        world: World,
        traffic: Traffic,
        tls: ssl.SSLContext | None,
        address: tuple[str, int],
        graph_url: str,
        post: t.Callable[[Mail], None] | None,
    ) -> None:
        super().__init__(address, _Handler, tls=tls)
        self.post = post
        self.graph_url = graph_url
        self.world = world
        self.traffic = traffic


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection; requests follow one another on it."""

    protocol_version = "HTTP/1.1"
    server_version = "lab"
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True
    server: _CloudService

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: t.Any) -> None:
        """The traffic log is the log."""

    def _serve(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        graph = url.path == PREFIX or url.path.startswith(f"{PREFIX}/")
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            ticket = self.server.traffic.arrive("graph" if graph else "token", f"{self.command} {url.path}")
            with self.server.world.lock:
                status, payload, headers = self._graph(url, body) if graph else self._login(url, body)
                self._post()
            self.server.traffic.answer(ticket)
        except Dropped:
            self.close_connection = True
            return
        self._send(status, payload, headers)

    def _post(self) -> None:
        """Hand on what has been accepted for sending: it goes on its way after the answer (user: sendMail, 202 Accepted)."""
        outbox = self.server.world.tenant.online.outbox
        if self.server.post is not None:
            for mail in outbox:
                self.server.post(mail)
            outbox.clear()

    @property
    def _base_url(self) -> str:
        return f"https://{self.headers['Host']}"

    def _login(self, url: urllib.parse.SplitResult, body: bytes) -> tuple[int, t.Any, dict[str, str]]:
        tenant = self.server.world.tenant
        form = dict(urllib.parse.parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        try:
            if url.path == identity_endpoint.PATH:
                query = dict(urllib.parse.parse_qsl(url.query))
                payload = identity_endpoint.answer_identity(tenant, self.command, query, self.headers, self.server.graph_url)
            else:
                payload = answer_login(tenant, self.command, url.path, form, self._base_url)
        except LoginError as error:
            return error.status, error.payload(), {}
        return 200, payload, {"Cache-Control": "no-store"}

    def _graph(self, url: urllib.parse.SplitResult, body: bytes) -> tuple[int, t.Any, dict[str, str]]:
        request_id = str(uuid.uuid4())
        client_request_id = self.headers.get("client-request-id", request_id)
        headers = {"request-id": request_id, "client-request-id": client_request_id, "OData-Version": "4.0"}
        scheme, _space, token = self.headers.get("Authorization", "").partition(" ")
        try:
            request = GraphRequest(
                method=self.command,
                path=urllib.parse.unquote(url.path.removeprefix(PREFIX)),
                query=dict(urllib.parse.parse_qsl(url.query)),
                body=self._json(body),
                token=token if scheme.lower() == "bearer" else "",
                base_url=self._base_url,
            )
            answer = answer_graph(self.server.world.tenant, self.server.world.dns, request)
        except GraphError as error:
            return error.status, error.payload(request_id, client_request_id), headers | error.headers
        except ContractBreach as breach:  # the lab's own mistake: let the test fail with its name
            error = GraphError(418, "LabContractBreach", str(breach))
            return error.status, error.payload(request_id, client_request_id), headers
        return answer.status, answer.payload, headers | answer.headers

    def _json(self, body: bytes) -> dict[str, t.Any]:
        """The body as a JSON object; Graph wants it declared as JSON."""
        if not body:
            return {}
        try:
            parsed = json.loads(body)
        except ValueError:
            raise GraphError.unreadable() from None
        if not isinstance(parsed, dict) or self.headers.get_content_type() != "application/json":
            raise GraphError.unreadable()
        return parsed

    def _send(self, status: int, payload: t.Any, headers: dict[str, str]) -> None:
        content = b"" if payload is None else json.dumps(payload).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if payload is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if status != 204:  # RFC 9110 8.6: no Content-Length in a 204
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
