# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Which zone holds a name, and which servers have the zone; for many names at once."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns import Answer, DnsClient, Question
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import DnsError, Server


class Source(t.NamedTuple):
    """A server to learn from.

    :param recursion: it is a resolver
    """

    server: Server
    recursion: bool


T = t.TypeVar("T")


def value_of(found: T | DnsError) -> T:
    """The value.

    :raises DnsError: it is an error
    """
    if isinstance(found, DnsError):
        raise found
    return found


def find_zones(client: DnsClient, sources: t.Sequence[Source], names: t.Sequence[str]) -> dict[str, str | DnsError]:
    """The zone of each name, by the SOA records the sources answer with, going up from the name.

    A later source is asked where an earlier one does not know.
    """
    zones: dict[str, str | DnsError] = {}
    problems: dict[str, list[str]] = {name: [] for name in names}
    for source in sources:
        for name, found in _walk(client, source, [name for name in problems if name not in zones]).items():
            if isinstance(found, DnsError):
                problems[name].append(str(found))
            elif found.delegated:
                zones[name] = DnsError(
                    f"{source.server} has left the zone {found.apex} to other name servers: it can neither say what {name} has "
                    "nor take updates of it. Give the servers of that zone."
                )
            else:
                zones[name] = found.apex
    return {
        name: zones.get(name, DnsError(f"The zone of {name} was not found. {' '.join(reasons)}"))
        for name, reasons in problems.items()
    }


def own_zones(client: DnsClient, server: Server, names: t.Sequence[str]) -> dict[str, str]:
    """The zones the server has itself, for those of the names that lie in one."""
    walked = _walk(client, Source(server, recursion=False), names, own=True)
    return {name: found.apex for name, found in walked.items() if isinstance(found, _Zone) and not found.delegated}


def find_name_servers(
    client: DnsClient, sources: t.Sequence[Source], zones: t.Sequence[str], port: int
) -> dict[str, list[Server] | DnsError]:
    """Each zone's name servers, by its NS records, with their IPv4 addresses (IPv6 where there is no other)."""
    names = {zone: sorted(found) for zone, found in _targets(client, sources, zones, "NS").items()}
    hosts = sorted({host for found in names.values() for host in found})
    addresses = _targets(client, sources, hosts, "A")
    addresses |= _targets(client, sources, [host for host in hosts if not addresses[host]], "AAAA")
    asked = ", ".join(str(source.server) for source in sources)
    result: dict[str, list[Server] | DnsError] = {}
    for zone, found in names.items():
        servers = [Server(address, port, host) for host in found for address in addresses[host]]
        result[zone] = servers or DnsError(
            f"The name servers of {zone} are not known ({asked} gave {', '.join(found) or 'no NS records'} without an "
            "address). Give them in name_servers."
        )
    return result


@dataclasses.dataclass(frozen=True)
class _Zone:
    """A zone that was found.

    :param delegated: the server asked has left it to others
    """

    apex: str
    delegated: bool = False


def _walk(client: DnsClient, source: Source, names: t.Sequence[str], *, own: bool = False) -> dict[str, _Zone | DnsError]:
    """The zone of each name as the source says.

    A negative answer carries the SOA of the zone it comes from (RFC 2308 2.1, 2.2), so one question is mostly enough.

    :param own: only zones that the server has itself count
    """
    found: dict[str, _Zone | DnsError] = {}
    verdicts: dict[str, _Zone | DnsError | None] = {}
    candidates = {name: name for name in names}
    while candidates:
        asked = sorted(set(candidates.values()) - verdicts.keys())
        answers = client.ask_many([Question(source.server, name, "SOA", source.recursion) for name in asked])
        verdicts |= {name: _verdict(answer, name, own=own) for name, answer in zip(asked, answers, strict=True)}
        for name, candidate in list(candidates.items()):
            verdict, parent = verdicts[candidate], candidate.partition(".")[2]
            if verdict is None and parent:
                candidates[name] = parent
                continue
            nothing = DnsError(f"{source.server} knows no zone that holds {name}: no SOA record was found at or above it.")
            found[name] = verdict or nothing
            del candidates[name]
    return found


def _verdict(answer: Answer | DnsError, candidate: str, *, own: bool) -> _Zone | DnsError | None:
    """What an answer about a name's SOA says of its zone; None: ask about the name above."""
    if isinstance(answer, DnsError):
        return answer
    if answer.referral:
        return _Zone(answer.referral, delegated=True)
    apex = answer.soa_owner
    # An answer that leads to another name (CNAME) tells about that name's zone.
    if not apex or not (candidate == apex or candidate.endswith(f".{apex}")):
        return None
    return None if own and not answer.authoritative else _Zone(apex)


def _targets(client: DnsClient, sources: t.Sequence[Source], names: t.Sequence[str], rdtype: str) -> dict[str, list[str]]:
    """What the records of each name point to, from the first source that has any."""
    targets: dict[str, list[str]] = {name: [] for name in names}
    for source in sources:
        lacking = [name for name, found in targets.items() if not found]
        answers = client.ask_many([Question(source.server, name, rdtype, source.recursion) for name in lacking])
        for name, answer in zip(lacking, answers, strict=True):
            if not isinstance(answer, DnsError) and rdtype in answer.sets:
                targets[name] = [data.target for data in answer.sets[rdtype].data]
    return targets
