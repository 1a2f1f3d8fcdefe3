# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a transport server of the organization does with a recipient: the categorizer's decisions, without any sending.

Sources: "Recipient resolution", "Mail routing", "Send connectors" (how a connector is selected) and "Accepted domains" of the
Exchange Server documentation.
"""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState, Entry
    from lab.exchange.mailboxes import Mailbox
    from lab.exchange.state import AcceptedDomain, ExchangeState, SendConnector


@dataclasses.dataclass
class Recipient:
    """What the directory knows of an address.

    :ivar mailbox: it is a mailbox, here or in Microsoft 365
    :ivar group: it is a group that has been written back
    """

    mailbox: Mailbox | None = None
    group: Entry | None = None


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def resolve(exchange: ExchangeState, directory: DirectoryState, address: str) -> Recipient:
    """Look an address up in the directory."""
    mailbox = next((item for item in exchange.mailboxes if item.address.lower() == address.lower()), None)
    return Recipient(mailbox, None if mailbox else written_back_group(directory, address))


def written_back_group(directory: DirectoryState, address: str) -> Entry | None:
    """The group object with this proxy address."""
    wanted = f"smtp:{address}".lower()
    for entry in directory.entries.values():
        addresses = entry.attributes.get("proxyAddresses", ())
        if entry.object_class.name == "group" and wanted in (value.decode().lower() for value in addresses):
            return entry
    return None


def accepted_domain(exchange: ExchangeState, address: str) -> AcceptedDomain | None:
    """The accepted domain an address lies in ("Accepted domains": subdomains by a wildcard or MatchSubDomains)."""
    domain = domain_of(address)
    for accepted in exchange.accepted_domains:
        name = accepted.domain_name.lower()
        root = name.removeprefix("*.")
        below = domain.endswith(f".{root}") and (name.startswith("*.") or accepted.match_sub_domains)
        if domain == name or below:
            return accepted
    return None


def select_connector(exchange: ExchangeState, address: str) -> SendConnector | None:
    """The connector with the most specific address space; among these the lowest cost, then the first by name.

    # assumed: proximity plays no part, as the lab has one Active Directory site.
    """
    candidates = [
        (-specificity, space.cost, connector.name.lower(), connector)
        for connector in exchange.send_connectors
        if connector.settings["Enabled"]
        for space in connector.address_spaces
        if space.is_smtp and (specificity := _specificity(space.address, domain_of(address))) is not None
    ]
    return min(candidates, key=lambda candidate: candidate[:3])[3] if candidates else None


def _specificity(space: str, domain: str) -> int | None:
    """How closely an address space fits: labels that it names; None: not at all."""
    space = space.lower()
    if space == domain:
        return 1000
    if space == "*":
        return 0
    if space.startswith("*.") and (domain == space[2:] or domain.endswith(space[1:])):
        return space.count(".")
    return None


def source_servers(exchange: ExchangeState, connector: SendConnector) -> list[str]:
    """Names of the connector's source servers, as far as they exist."""
    names = {name.lower(): name for name in exchange.servers}
    wanted = [str(name).partition(".")[0].lower() for name in connector.settings["SourceTransportServers"]]
    return [names[name] for name in wanted if name in names]
