# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Which tenant, as whom, where, trusting whom: the options every module of Microsoft Graph shares, and its errors."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t
import urllib.parse

from ansible.module_utils.basic import env_fallback

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

VERSION = "/v1.0"


@dataclasses.dataclass(frozen=True)
class Cloud:
    """Where a national cloud signs in and serves Graph ("National cloud deployments", Microsoft Graph)."""

    authority_url: str
    graph_url: str


CLOUDS: t.Mapping[str, Cloud] = {
    "global": Cloud("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "us_government_l4": Cloud("https://login.microsoftonline.us", "https://graph.microsoft.us"),
    "us_government_l5": Cloud("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    "china": Cloud("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}

NEEDED: t.Mapping[str, tuple[str, ...]] = {
    "access_token": ("access_token",),
    "client_certificate": ("tenant_id", "client_id", "client_certificate"),
    "client_secret": ("tenant_id", "client_id", "client_secret"),
    "managed_identity": (),
}
"""Ways to sign in with the options each cannot do without; the first whose last option is given is taken."""

GRANT: t.Mapping[str, str] = {
    "access_token": "Get a token that carries the permission {}.",
    "client_certificate": "Give the application the application permission {}, with an administrator's consent.",
    "client_secret": "Give the application the application permission {}, with an administrator's consent.",
    "managed_identity": "Give the managed identity the application permission {} (an app role assignment).",
}
"""What to do about a missing permission."""


class GraphError(CollectionError):
    """Microsoft Graph, or the sign-in to it, failed. ``str()`` is a sentence for the user.

    :param status: HTTP status, or None when nothing was answered
    :param code: Graph's error code, such as ``Request_BadRequest``, or the sign-in's, such as ``invalid_client``
    """

    def __init__(self, message: str, *, status: int | None = None, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class GraphAnswerLost(GraphError):
    """A request was sent and no usable answer came: it may have been carried out or not.

    :param retry_after: seconds the server asks to wait
    """

    def __init__(self, message: str, *, status: int | None = None, code: str = "", retry_after: float = 0.0) -> None:
        super().__init__(message, status=status, code=code)
        self.retry_after = retry_after


@dataclasses.dataclass(frozen=True)
class GraphSettings:
    """Which tenant, as whom, where, trusting whom.

    :ivar auth: a key of :data:`NEEDED`
    :ivar proxy: address of a proxy; "": none; None: as the environment says
    """

    auth: str = "client_secret"
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = dataclasses.field(default="", repr=False)
    client_certificate: str = ""
    client_certificate_password: str | None = dataclasses.field(default=None, repr=False)
    access_token: str = dataclasses.field(default="", repr=False)
    authority_url: str = CLOUDS["global"].authority_url
    graph_url: str = CLOUDS["global"].graph_url
    ca_cert: str | None = None
    proxy: str | None = dataclasses.field(default=None, repr=False)
    timeout: float = 60.0

    @classmethod
    def from_params(cls, params: t.Mapping[str, t.Any], needed: t.Mapping[str, tuple[str, ...]] | None = None) -> GraphSettings:
        """From a module's options.

        :param needed: ways to sign in that the module has; by default :data:`NEEDED`
        :raises GraphError: an option is missing or malformed
        """
        needed = needed or NEEDED
        auth = params.get("graph_auth") or _chosen(params, needed)
        for name in needed[auth]:
            if not params.get(name):
                raise GraphError(f"{name} is missing: give the option, or set the environment variable M365_{name.upper()}.")
        cloud = CLOUDS[params["cloud"]]
        return cls(
            auth=auth,
            tenant_id=_tenant(params["tenant_id"] or ""),
            client_id=params["client_id"] or "",
            client_secret=params.get("client_secret") or "",
            client_certificate=_file("client_certificate", params.get("client_certificate")) or "",
            client_certificate_password=params.get("client_certificate_password"),
            access_token=_token(params.get("access_token") or ""),
            authority_url=_address("authority_url", params["authority_url"] or cloud.authority_url),
            graph_url=_address("graph_url", params["graph_url"] or cloud.graph_url).removesuffix(VERSION),
            ca_cert=_file("graph_ca_cert", params["graph_ca_cert"]),
            proxy=_proxy(params.get("graph_proxy")),
            timeout=float(params["graph_timeout"]),
        )


def graph_argument_spec() -> dict[str, t.Any]:
    """The options of the documentation fragments ``_graph`` and ``_graph.credentials``."""
    return {
        **connection_argument_spec(),
        "graph_auth": {"type": "str", "choices": list(NEEDED)},
        "client_secret": _from_environment("client_secret", no_log=True),
        "client_certificate": _from_environment("client_certificate", type="path"),
        "client_certificate_password": _from_environment("client_certificate_password", no_log=True),
        "access_token": _from_environment("access_token", no_log=True),
    }


def connection_argument_spec() -> dict[str, t.Any]:
    """The options of the documentation fragment ``_graph``: all but the credentials."""
    return {
        "tenant_id": _from_environment("tenant_id"),
        "client_id": _from_environment("client_id"),
        "cloud": {"type": "str", "choices": list(CLOUDS), "default": "global"},
        "authority_url": {"type": "str"},
        "graph_url": {"type": "str"},
        "graph_ca_cert": {"type": "path"},
        "graph_proxy": {"type": "str", "no_log": True},  # the address may carry a password
        "graph_timeout": {"type": "int", "default": 60},
    }


def _from_environment(name: str, **spec: t.Any) -> dict[str, t.Any]:
    return {"type": "str", "fallback": (env_fallback, [f"M365_{name.upper()}"]), **spec}


def _chosen(params: t.Mapping[str, t.Any], needed: t.Mapping[str, tuple[str, ...]]) -> str:
    """The first way to sign in that something is given for; a missing secret is the most likely omission."""
    given = (auth for auth, options in needed.items() if options and params.get(options[-1]))
    return next(given, "client_secret" if "client_secret" in needed else next(iter(needed)))


def _address(option: str, url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise GraphError(f"{option} must be an https address such as https://graph.microsoft.com, not {url!r}.")
    return url.rstrip("/")


def _proxy(url: str | None) -> str | None:
    # The value is not repeated: it may carry a password.
    if url and (urllib.parse.urlsplit(url).scheme not in ("http", "https") or not urllib.parse.urlsplit(url).hostname):
        raise GraphError("graph_proxy must be an address such as http://proxy.contoso.com:8080, or empty for none.")
    return url


def _file(option: str, path: str | None) -> str | None:
    if path is not None and not pathlib.Path(path).is_file():
        raise GraphError(f"{option}: there is no file {path} on the control node.")
    return path


def _tenant(value: str) -> str:
    if value and not value.replace("-", "").replace(".", "").isalnum():
        raise GraphError(f"tenant_id must be the tenant's id or one of its domains, not {value!r}.")
    return value


def _token(value: str) -> str:
    if any(character.isspace() for character in value.strip()):
        raise GraphError("access_token must be the bare token, without Bearer before it.")
    return value.strip()
