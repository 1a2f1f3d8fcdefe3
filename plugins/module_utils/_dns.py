# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Asking and updating DNS servers: the only file that sends DNS messages."""

from __future__ import annotations

import binascii
import collections
import concurrent.futures
import dataclasses
import threading
import traceback
import typing as t

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_changes import Change
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_records import Data, RecordSet
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._dns_server import (
    DnsError,
    NoAnswer,
    Server,
    UpdateConflict,
    UpdateLost,
)

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

TSIG_ALGORITHMS = ("hmac-sha1", "hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
_EDNS_PAYLOAD = 1232  # octets that pass without fragments (DNS flag day 2020; RFC 6891 6.2.5)
_UDP_ATTEMPTS = 2
_SILENT_AFTER = 3  # questions in a row without an answer
_EDNS_UNKNOWN = frozenset({"FORMERR", "NOTIMP", "BADVERS"})  # what a server without EDNS may say (RFC 6891 7)
_PREREQUISITE_FAILED = frozenset({"NXDOMAIN", "YXDOMAIN", "NXRRSET", "YXRRSET"})  # RFC 2136 2.2


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


class Question(t.NamedTuple):
    """What to ask whom.

    :param recursion: ask it to ask others (a resolver)
    """

    server: Server
    name: str
    type: str
    recursion: bool = False


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a server said about one name and type.

    :param sets: record sets at the name asked for, by type
    :param soa_owner: apex of the zone that holds the name
    :param authoritative: the server has that zone itself
    :param referral: the zone that the server has left to other servers (RFC 1034 4.3.2, step 3b)
    """

    rcode: str
    sets: t.Mapping[str, RecordSet]
    soa_owner: str | None = None
    serial: int | None = None
    authoritative: bool = False
    referral: str | None = None


def require_libraries(module: AnsibleModule) -> None:
    """End the task when dnspython is missing."""
    if IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("dnspython"), exception=IMPORT_ERROR)


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
    :param concurrency: how many questions are under way at once
    """

    def __init__(self, timeout: float = 3.0, concurrency: int = 32) -> None:
        self._timeout = timeout
        self._concurrency = concurrency

    def ask(self, server: Server, name: str, rdtype: str, *, recursion: bool = False) -> Answer:
        """The server's answer about one name and type.

        :param recursion: ask it to ask others (a resolver)
        :raises DnsError: no answer, or one that says the server could not answer (SERVFAIL, REFUSED, ...)
        """
        query = dns.message.make_query(dns.name.from_text(name), rdtype, use_edns=0, payload=_EDNS_PAYLOAD)
        if not recursion:
            query.flags &= ~dns.flags.RD
        response = self._exchange(server, query, f"{name} {rdtype}")
        if dns.rcode.to_text(response.rcode()) in _EDNS_UNKNOWN:
            query.use_edns(False)
            response = self._exchange(server, query, f"{name} {rdtype}")
        rcode = dns.rcode.to_text(response.rcode())
        if rcode not in ("NOERROR", "NXDOMAIN"):
            raise DnsError(f"{server} answered {rcode} when asked for {name} {rdtype}.")
        return _answer(query.question[0].name, rcode, response)

    def ask_many(self, questions: t.Sequence[Question]) -> list[Answer | DnsError]:
        """The answers to all questions, in their order; an error in the place of one that has none.

        A server that stays silent is not asked again and again: what is left for it fails at once.
        """
        if not questions:
            return []
        silence = _Silence()

        def answer(question: Question) -> Answer | DnsError:
            silent = silence.of(question.server)
            if silent:
                return silent
            try:
                found = self.ask(question.server, question.name, question.type, recursion=question.recursion)
            except NoAnswer as exc:
                silence.note(question.server, exc)
                return exc
            except DnsError as exc:
                return exc
            silence.end(question.server)
            return found

        with concurrent.futures.ThreadPoolExecutor(min(self._concurrency, len(questions))) as pool:
            return list(pool.map(answer, questions))

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
            raise NoAnswer(f"{server} gave no usable answer when asked for {what}: {reason}.") from exc

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
            names = " or ".join(change.name for change in changes if change.type == "CNAME")
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


class _Silence:
    """Which servers have left several questions in a row without an answer. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count: collections.Counter[Server] = collections.Counter()
        self._silent: dict[Server, NoAnswer] = {}

    def of(self, server: Server) -> NoAnswer | None:
        """The last error of a silent server."""
        return self._silent.get(server)

    def note(self, server: Server, error: NoAnswer) -> None:
        with self._lock:
            self._count[server] += 1
            if self._count[server] >= _SILENT_AFTER:
                self._silent[server] = error

    def end(self, server: Server) -> None:
        with self._lock:
            self._count[server] = 0


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
        name, rdtype = f"{change.name}.", change.type
        if change.before:
            message.present(name, rdtype, *(data.text for data in change.before.data))
        elif rdtype == "CNAME":
            message.absent(name)  # it cannot stand beside other data, of any type
        else:
            message.absent(name, rdtype)
            message.absent(name, "CNAME")
        if change.after:
            message.replace(name, change.after.ttl, rdtype, *(data.text for data in change.after.data))
        else:
            message.delete(name, rdtype)
    return message


def _answer(asked: dns.name.Name, rcode: str, response: dns.message.Message) -> Answer:
    sets = {dns.rdatatype.to_text(rrset.rdtype): _record_set(rrset) for rrset in response.answer if rrset.name == asked}
    soa = next((r for r in (*response.answer, *response.authority) if r.rdtype == dns.rdatatype.SOA), None)
    authoritative = bool(response.flags & dns.flags.AA)
    cuts = [_plain(r.name) for r in response.authority if r.rdtype == dns.rdatatype.NS and asked.is_subdomain(r.name)]
    referred = rcode == "NOERROR" and not (authoritative or response.answer or soa)
    return Answer(
        rcode,
        sets,
        soa_owner=_plain(soa.name) if soa else None,
        serial=int(soa[0].serial) if soa else None,
        authoritative=authoritative,
        # A server that knows nothing of the name may refer to the root, which is no delegation of its own.
        referral=next((cut for cut in cuts if cut), None) if referred else None,
    )


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


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _reason(exc: BaseException) -> str:
    if isinstance(exc, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(exc, EOFError):
        return "the connection was closed"
    return (str(exc) or type(exc).__name__).rstrip(".")
