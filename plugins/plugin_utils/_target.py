# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""From the connection's options to where the session goes: defaults per endpoint, and what the inventory already says.

An inventory made for winrm or psrp describes the host's WinRM listener. For the endpoint C(windows), which is that listener,
its port, scheme, path and authentication mean the same and are taken over; the transport C(winrm) always goes to that listener.
The Exchange endpoint is a virtual directory of IIS with a port, path and authentication of its own, so of those settings only an
inventory that names the configuration Microsoft.Exchange speaks about it. Address, user, password, certificate checks and
timeouts mean the same for both.
"""

from __future__ import annotations

import typing as t
import urllib.parse

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Target

if t.TYPE_CHECKING:
    from collections.abc import Mapping

EXCHANGE_CONFIGURATION = "Microsoft.Exchange"
AUTHENTICATIONS = ("kerberos", "negotiate", "ntlm", "basic", "credssp", "certificate")
# pywinrm has no SPNEGO.
WINRM_AUTHENTICATIONS = tuple(name for name in AUTHENTICATIONS if name != "negotiate")

# Setup creates the Exchange directory with http, Kerberos and no TLS; Kerberos seals the messages.
_DEFAULTS: dict[str, dict[str, t.Any]] = {
    "exchange": {
        "path": "PowerShell",
        "configuration": EXCHANGE_CONFIGURATION,
        "auth": "kerberos",
        "ports": {"http": 80, "https": 443},
        "negotiate_service": "HTTP",
    },
    "windows": {
        "path": "wsman",
        "configuration": "Microsoft.PowerShell",
        "auth": "negotiate",
        "ports": {"http": 5985, "https": 5986},
        "negotiate_service": None,
    },
}


class TargetError(ValueError):
    """An option is missing or wrong; ``str()`` names it and the way out."""


def resolve(options: Mapping[str, t.Any]) -> Target:
    """Work out the target from the connection plugin's options.

    :param options: as the plugin documents them; ``inventory_*`` are what winrm and psrp variables say
    :raises TargetError: host, user or password missing; an address, port, scheme or authentication that cannot be
    """
    endpoint = options["endpoint"]
    transport = options.get("transport") or "psrp"
    listener = "windows" if transport == "winrm" else endpoint
    defaults = _DEFAULTS[listener]
    inventory = _inventory_of(options, listener)

    host = options.get("host")
    if not host:
        raise TargetError("no address to connect to: set ansible_host")
    scheme = options.get("scheme") or inventory.get("scheme")
    port = options.get("port") or inventory.get("port")
    path = options.get("path") or inventory.get("path") or defaults["path"]
    if options.get("uri"):
        scheme, host, port, path = _split_uri(options["uri"], defaults)
    if not scheme:
        # As Ansible's own connections: a listener on a port nobody named otherwise is taken to be TLS only when its number
        # says so.
        scheme = "https" if port in (443, 5986) else "http"
    if scheme not in ("http", "https"):
        raise TargetError(f"ansible_cmdlet_scheme must be http or https, not {scheme!r}")
    port = port or defaults["ports"][scheme]

    default_auth = "kerberos" if transport == "winrm" else defaults["auth"]
    auth = str(options.get("auth") or inventory.get("auth") or default_auth).lower()
    known = WINRM_AUTHENTICATIONS if transport == "winrm" else AUTHENTICATIONS
    if auth not in known:
        raise TargetError(f"ansible_cmdlet_auth must be one of {', '.join(known)} with transport {transport}, not {auth!r}")
    if auth in ("basic", "certificate") and scheme == "http":
        danger = "send the password in the clear" if auth == "basic" else "have no TLS to present the certificate in"
        raise TargetError(
            f"{auth} authentication to {host} over http would {danger}: set ansible_cmdlet_scheme to https, "
            "or ansible_cmdlet_auth to kerberos"
        )
    if auth == "certificate":
        for option in ("certificate_pem", "certificate_key_pem"):
            if not options.get(option):
                raise TargetError(f"certificate authentication to {host} needs ansible_cmdlet_{option}")
    username, password = options.get("remote_user"), options.get("remote_password")
    if auth in ("ntlm", "basic", "credssp"):
        for value, name in ((username, "ansible_user"), (password, "ansible_password")):
            if not value:
                raise TargetError(f"{auth} authentication to {host} needs {name}")

    return Target(
        host=host,
        scheme=t.cast('t.Literal["http", "https"]', scheme),
        port=port,
        path=path,
        transport=t.cast('t.Literal["psrp", "winrm"]', transport),
        load="exchange" if endpoint == "exchange" else "none",
        configuration=options.get("configuration") or inventory.get("configuration") or defaults["configuration"],
        username=username or "",
        password=password or "",
        auth=auth,
        cert_validation=options.get("cert_validation") != "ignore",
        ca_cert=options.get("ca_cert"),
        negotiate_service=defaults["negotiate_service"],
        negotiate_hostname=options.get("kerberos_hostname"),
        keytab=options.get("keytab"),
        ccache=options.get("ccache"),
        delegate=bool(options.get("delegate")),
        certificate_pem=options.get("certificate_pem"),
        certificate_key_pem=options.get("certificate_key_pem"),
        proxy=options.get("proxy"),
        connection_timeout=options["connection_timeout"],
        operation_timeout=options["operation_timeout"],
        read_timeout=max(options["read_timeout"], options["operation_timeout"] + 5),
        idle_timeout=options["idle_timeout"],
    )


def _inventory_of(options: Mapping[str, t.Any], endpoint: str) -> dict[str, t.Any]:
    """What winrm and psrp variables say about this endpoint."""
    about_exchange = options.get("inventory_configuration") == EXCHANGE_CONFIGURATION
    if about_exchange != (endpoint == "exchange"):
        return {}
    return {
        "scheme": options.get("inventory_scheme"),
        "port": options.get("inventory_port"),
        "path": options.get("inventory_path"),
        "configuration": options.get("inventory_configuration"),
        "auth": _known_auth(options.get("inventory_auth")),
    }


def _known_auth(value: t.Any) -> str | None:
    """The first authentication of winrm's list that is also one of ours; its names for the others are its own."""
    names = value if isinstance(value, list) else str(value or "").split(",")
    return next((name.strip().lower() for name in names if name.strip().lower() in AUTHENTICATIONS), None)


def _split_uri(uri: str, defaults: Mapping[str, t.Any]) -> tuple[str, str, int, str]:
    parts = urllib.parse.urlsplit(uri)
    try:
        port = parts.port
    except ValueError as exc:
        raise TargetError(f"ansible_cmdlet_uri {uri!r}: {exc}") from None
    if "@" in parts.netloc:
        raise TargetError("ansible_cmdlet_uri must not hold a user or password: set ansible_user and ansible_password")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise TargetError(f"ansible_cmdlet_uri must look like http://server.example.com/PowerShell/, not {uri!r}")
    return (
        parts.scheme,
        parts.hostname,
        port or defaults["ports"][parts.scheme],
        parts.path.strip("/") or defaults["path"],
    )
