# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""DNS servers by address, as options name them, and what goes wrong with them."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

DNS_PORT = 53


class DnsError(CollectionError):
    """A server cannot be asked or updated; ``str()`` is a sentence for the user."""


class NoAnswer(DnsError):
    """Nothing usable came back, by UDP and by TCP."""


class UpdateConflict(DnsError):
    """The zone was no longer as it had been read: the server refused the update as a whole."""


class UpdateLost(DnsError):
    """No answer came: the update may have been carried out or not."""


@dataclasses.dataclass(frozen=True)
class Server:
    """A DNS server's address, and its name where it was found by name."""

    address: str
    port: int = DNS_PORT
    name: str = ""

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        where = address if self.port == DNS_PORT else f"{address}:{self.port}"
        return f"{self.name} ({where})" if self.name else where


def parse_server(option: str, text: str, port: int = DNS_PORT) -> Server:
    """``address``, ``address:port``, ``[IPv6]:port`` or the same with a host name.

    :raises DnsError: malformed, or the host name has no address
    """
    host, given_port = text.strip(), str(port)
    if host.startswith("["):
        host, _bracket, rest = host[1:].partition("]")
        given_port = rest.removeprefix(":") or given_port
    elif host.count(":") == 1:
        host, _colon, given_port = host.partition(":")
    if not host or not given_port.isdecimal() or not 0 < int(given_port) < 65536:
        raise DnsError(f'{option}: "{text}" is not an address or address:port.')
    try:
        return Server(str(ipaddress.ip_address(host)), int(given_port))
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, int(given_port), type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as exc:
        raise DnsError(f"{option}: the host name {host} has no address: {exc}.") from exc
    return Server(str(found[0][4][0]), int(given_port), host)
