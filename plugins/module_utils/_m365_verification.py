# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Whether the record that proves ownership of a domain is public yet, so that Microsoft is asked when it can see it."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import DnsClient, system_resolvers
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import (
    DnsError,
    Server,
    parse_server,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_zones import (
    Source,
    find_name_servers,
    find_zones,
    value_of,
)


class PublicText:
    """Looks for TXT records at a domain's authoritative servers, which are found through a resolver.

    :param resolvers: addresses; None: the machine's own; empty: do not look
    :param port: of authoritative servers and of resolvers given without one
    """

    def __init__(self, client: DnsClient, resolvers: t.Sequence[str] | None, port: int) -> None:
        self._client = client
        self._port = port
        self._resolvers = (
            system_resolvers() if resolvers is None else [parse_server("resolvers", text, port) for text in resolvers]
        )

    def lacking(self, domain: str, texts: t.Collection[str]) -> str:
        """Why none of the texts is visible at every authoritative server that answers; "" when one is.

        Also "" where nothing can be told, for the control node may not be let out to ask: Microsoft decides then.
        """
        without = []
        for server in self._authoritative(domain):
            try:
                found = self._client.ask(server, domain, "TXT").sets.get("TXT")
            except DnsError:
                continue
            shown = {_joined(data.text) for data in found.data} if found else set()
            if not shown & set(texts):
                without.append(str(server))
        return f"The record is not visible at {', '.join(without)} yet." if without else ""

    def _authoritative(self, domain: str) -> list[Server]:
        for resolver in self._resolvers:
            try:
                sources = [Source(resolver, recursion=True)]
                zone = value_of(find_zones(self._client, sources, [domain])[domain])
                return value_of(find_name_servers(self._client, sources, [zone], self._port)[zone])
            except DnsError:
                continue
        return []


def _joined(text: str) -> str:
    """A TXT record's strings as one, from master file form; those of a verification record need no escapes."""
    return "".join(text.split('"')[1::2])
