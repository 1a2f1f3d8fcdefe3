# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Asking and updating DNS servers: the only file that sends DNS messages."""

from __future__ import annotations

import binascii
import dataclasses
import ipaddress
import socket
import traceback
import typing as t

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import Change, Data, RecordSet
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.resolver
    import dns.rrset
    import dns.tsig
    import dns.update
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

DNS_PORT = 53
TSIG_ALGORITHMS = ("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
_EDNS_PAYLOAD = 1232  # octets that pass without fragments (DNS flag day 2020; RFC 6891 6.2.5)
_UDP_ATTEMPTS = 2
_PREREQUISITE_FAILED = frozenset({"NXDOMAIN", "YXDOMAIN", "NXRRSET", "YXRRSET"})  # RFC 2136 2.2


class DnsError(CollectionError):
    """A server cannot be asked or updated; ``str()`` is a sentence for the user."""


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


@dataclasses.dataclass(frozen=True)
class TsigKey:
    """A shared key that signs updates (RFC 8945).

    :raises DnsError: name or secret are malformed
    """

    name: str
    secret: str = dataclasses.field(repr=False)
    algorithm: str = "hmac-sha256"

    def __post_init__(self) -> None:
        self.to_dnspython()

    def to_dnspython(self) -> dns.tsig.Key:
        try:
            return dns.tsig.Key(f"{self.name.rstrip('.')}.", self.secret, self.algorithm)
        except (binascii.Error, ValueError, dns.exception.DNSException):
            # Without its cause, which would show the secret.
            raise DnsError("tsig_secret must be the key's secret in base64, and tsig_key_name a DNS name.") from None


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server said about one name and type."""

    rcode: str
    sets: t.Mapping[str, RecordSet]  # at the name asked for, by type
    soa_owner: str | None = None  # apex of the zone that holds the name
    serial: int | None = None


def require_libraries(module: AnsibleModule) -> None:
    """End the task when dnspython is missing."""
    if IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("dnspython"), exception=IMPORT_ERROR)


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


def system_resolvers() -> list[Server]:
    """The resolvers this machine uses; empty when it names none."""
    try:
        resolver = dns.resolver.Resolver(configure=True)
    except (dns.resolver.NoResolverConfiguration, OSError):
        return []
    return [Server(address, resolver.port) for address in resolver.nameservers if isinstance(address, str)]


class DnsClient:
    """Asks servers and sends updates.

    :param timeout: seconds one attempt may take; a question is tried twice by UDP and once by TCP
    """

    def __init__(self, timeout: float = 3.0) -> None:
        self._timeout = timeout

    def ask(self, server: Server, name: str, rdtype: str, *, recursion: bool = False) -> Answer:
        """The server's answer about one name and type.

        :param recursion: ask it to ask others (a resolver)
        :raises DnsError: no answer, or one that says the server could not answer (SERVFAIL, REFUSED, ...)
        """
        query = dns.message.make_query(dns.name.from_text(name), rdtype, use_edns=0, payload=_EDNS_PAYLOAD)
        if not recursion:
            query.flags &= ~dns.flags.RD
        response = self._exchange(server, query, f"{name} {rdtype}")
        rcode = dns.rcode.to_text(response.rcode())
        if rcode not in ("NOERROR", "NXDOMAIN"):
            raise DnsError(f"{server} answered {rcode} when asked for {name} {rdtype}.")
        sets = {
            dns.rdatatype.to_text(rrset.rdtype): _record_set(rrset)
            for rrset in response.answer
            if rrset.name == query.question[0].name
        }
        soa = next((r for r in (*response.answer, *response.authority) if r.rdtype == dns.rdatatype.SOA), None)
        return Answer(
            rcode,
            sets,
            soa_owner=_plain(soa.name) if soa else None,
            serial=int(soa[0].serial) if soa else None,
        )

    def _exchange(self, server: Server, query: dns.message.Message, what: str) -> dns.message.Message:
        problem: Exception | None = None
        for _attempt in range(_UDP_ATTEMPTS):
            try:
                return dns.query.udp(query, server.address, port=server.port, timeout=self._timeout, raise_on_truncation=True)
            except dns.message.Truncated:
                break
            except (dns.exception.DNSException, OSError) as exc:
                problem = exc
        try:
            return dns.query.tcp(query, server.address, port=server.port, timeout=self._timeout)
        except (dns.exception.DNSException, OSError, EOFError) as exc:
            reason = _reason(problem or exc)
            raise DnsError(f"{server} gave no usable answer when asked for {what}: {reason}.") from exc

    def zone_of(self, server: Server, name: str, *, recursion: bool = False) -> str:
        """The zone that holds the name: the owner of the SOA the server answers with, going up from the name.

        :raises DnsError: no zone was found, or no answer
        """
        labels = name.split(".")
        for start in range(len(labels)):
            candidate = ".".join(labels[start:])
            answer = self.ask(server, candidate, "SOA", recursion=recursion)
            # A negative answer carries the SOA of the zone it comes from (RFC 2308 2.1, 2.2); one that leads to
            # another name (CNAME) tells about that name's zone.
            if answer.soa_owner and (candidate == answer.soa_owner or candidate.endswith(f".{answer.soa_owner}")):
                return answer.soa_owner
        raise DnsError(f"{server} knows no zone that holds {name}: no SOA record was found at or above it.")

    def name_servers(self, sources: t.Sequence[tuple[Server, bool]], zone: str, port: int) -> list[Server]:
        """The zone's own name servers, by its NS records, with their IPv4 addresses (IPv6 where there is no other).

        :param sources: servers to ask in turn, each with whether to ask for recursion
        :raises DnsError: none was found
        """
        names = sorted(_targets(self._first(sources, zone, "NS"), "NS"))
        servers = []
        for name in names:
            addresses = _targets(self._first(sources, name, "A"), "A") or _targets(self._first(sources, name, "AAAA"), "AAAA")
            servers += [Server(address, port, name) for address in addresses]
        if not servers:
            asked = ", ".join(str(server) for server, _recursion in sources)
            raise DnsError(
                f"The name servers of {zone} are not known ({asked} gave {', '.join(names) or 'no NS records'} without "
                "an address). Give them in name_servers."
            )
        return servers

    def _first(self, sources: t.Sequence[tuple[Server, bool]], name: str, rdtype: str) -> Answer | None:
        """The first answer that has such records."""
        for server, recursion in sources:
            try:
                answer = self.ask(server, name, rdtype, recursion=recursion)
            except DnsError:
                continue
            if rdtype in answer.sets:
                return answer
        return None

    def update(self, server: Server, zone: str, changes: t.Sequence[Change], key: TsigKey | None) -> None:
        """Write the changes with one update message (RFC 2136), on condition that the zone is as it was read.

        :raises UpdateConflict: it was not; nothing was changed
        :raises UpdateLost: no answer
        :raises DnsError: refused
        """
        message = _update_message(zone, changes, key)
        who = f"with key {key.name}" if key else "without a key"
        try:
            response = dns.query.tcp(message, server.address, port=server.port, timeout=self._timeout)
        except dns.tsig.PeerBadKey as exc:
            raise DnsError(f"{server} does not know the key {key and key.name}: check tsig_key_name and tsig_algorithm.") from exc
        except dns.tsig.PeerBadSignature as exc:
            raise DnsError(f"{server} refused the signature made {who}: check tsig_secret and tsig_algorithm.") from exc
        except dns.tsig.PeerBadTime as exc:
            raise DnsError(f"{server} refused the signature's time: set the clocks of both machines right.") from exc
        except (dns.exception.Timeout, OSError, EOFError) as exc:
            raise UpdateLost(f"{server} did not answer an update of {zone}: {_reason(exc)}.") from exc
        except dns.exception.DNSException as exc:
            raise DnsError(
                f"{server} answered an update of {zone} {who} without a valid signature ({_reason(exc)}): "
                "the key is not accepted there. Check server, tsig_key_name, tsig_secret and tsig_algorithm."
            ) from exc
        rcode = dns.rcode.to_text(response.rcode())
        if rcode == "YXDOMAIN":
            names = " or ".join(change.name for change in changes if change.after.type == "CNAME")
            raise UpdateConflict(
                f"{server} refused an update of {zone} ({rcode}): {names} has other records already, and a CNAME cannot "
                "stand beside them (RFC 1034 3.6.2). Nothing was changed. Remove those records first."
            )
        if rcode in _PREREQUISITE_FAILED:
            raise UpdateConflict(
                f"{server} refused an update of {zone} ({rcode}): the zone kept changing between reading and writing. "
                "Nothing was changed. Run again."
            )
        if rcode != "NOERROR":
            raise DnsError(f"{server} refused an update of {zone} {who}: {rcode}. {_ADVICE.get(rcode, '')}".rstrip())


_ADVICE = {
    "REFUSED": "Allow this key to update these names there.",
    "NOTAUTH": "The server is not the primary of that zone, or does not accept the key: check server, zone and key.",
    "NOTZONE": "A name lies outside the zone: check zone.",
    "SERVFAIL": "Look at the server's log.",
    "NOTIMP": "The server does not take dynamic updates.",
}


def _update_message(zone: str, changes: t.Sequence[Change], key: TsigKey | None) -> dns.update.UpdateMessage:
    message = dns.update.UpdateMessage(f"{zone}.")
    if key:
        message.use_tsig(key.to_dnspython())
    for change in changes:
        name, rdtype = f"{change.name}.", change.after.type
        if change.before:
            message.present(name, rdtype, *(data.text for data in change.before.data))
        elif rdtype == "CNAME":
            message.absent(name)  # it cannot stand beside other data, of any type
        else:
            message.absent(name, rdtype)
            message.absent(name, "CNAME")
        message.replace(name, change.after.ttl, rdtype, *(data.text for data in change.after.data))
    return message


def _record_set(rrset: dns.rrset.RRset) -> RecordSet:
    return RecordSet(dns.rdatatype.to_text(rrset.rdtype), rrset.ttl, tuple(sorted(map(_data, rrset), key=lambda d: d.text)))


def _data(rdata: t.Any) -> Data:
    text = rdata.to_text()
    if rdata.rdtype == dns.rdatatype.MX:
        return Data(text, _plain(rdata.exchange), rdata.preference)
    if rdata.rdtype in (dns.rdatatype.CNAME, dns.rdatatype.NS):
        return Data(text, _plain(rdata.target))
    if rdata.rdtype == dns.rdatatype.TXT:
        return Data(text, b"".join(rdata.strings).decode("utf-8", "replace"))
    return Data(text, text)


def _targets(answer: Answer | None, rdtype: str) -> list[str]:
    return [data.target for data in answer.sets[rdtype].data] if answer else []


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _reason(exc: BaseException) -> str:
    if isinstance(exc, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(exc, EOFError):
        return "the connection was closed"
    return (str(exc) or type(exc).__name__).rstrip(".")
