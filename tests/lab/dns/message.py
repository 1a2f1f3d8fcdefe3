# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading DNS requests and refusing those that cannot be served: format errors (RFC 1035 4.1.1) and TSIG (RFC 8945 5)."""

from __future__ import annotations

import struct
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig

HEADER_BYTES = 12

Keyring = dict[dns.name.Name, dns.tsig.Key]


class Unserved(Exception):
    """A request that is not carried out.

    :ivar answer: the message to send back, or None for silence
    """

    def __init__(self, answer: bytes | None) -> None:
        super().__init__("request not served")
        self.answer = answer


def read_request(wire: bytes, keyring: Keyring) -> dns.message.Message:
    """Parse a request and check its signature, if it has one.

    :raises Unserved: it is no request, malformed, or its signature is not accepted
    """
    if len(wire) < HEADER_BYTES:
        raise Unserved(None)
    _id, flags = struct.unpack("!HH", wire[:4])
    if flags & dns.flags.QR:
        raise Unserved(None)
    try:
        return dns.message.from_wire(wire, keyring=keyring)
    except (dns.message.UnknownTSIGKey, dns.tsig.BadKey, dns.tsig.BadAlgorithm):
        raise Unserved(_unsigned_refusal(wire, dns.rcode.BADKEY)) from None
    except dns.tsig.BadSignature:
        raise Unserved(_unsigned_refusal(wire, dns.rcode.BADSIG)) from None
    except dns.tsig.BadTime:
        raise Unserved(_bad_time(wire, keyring)) from None
    except (dns.exception.DNSException, ValueError, struct.error):
        raise Unserved(_format_error(wire)) from None


def describe(wire: bytes) -> str:
    """A request in a few words: operation, first name, type."""
    try:
        request = dns.message.from_wire(wire, keyring=False, question_only=True)
    except (dns.exception.DNSException, ValueError, struct.error):
        return "malformed"
    opcode = dns.opcode.to_text(request.opcode())
    if not request.question:
        return opcode
    question = request.question[0]
    return f"{opcode} {question.name} {dns.rdatatype.to_text(question.rdtype)}"


def _format_error(wire: bytes) -> bytes:
    """FORMERR: the header alone, for nothing else could be read."""
    request_id, flags = struct.unpack("!HH", wire[:4])
    opcode = flags & 0x7800
    return struct.pack("!HHHHHH", request_id, dns.flags.QR | opcode | dns.rcode.FORMERR, 0, 0, 0, 0)


def _refusal(wire: bytes) -> tuple[dns.message.Message, dns.message.Message, dns.rrset.RRset]:
    """The request read without checking its signature, the beginning of a NOTAUTH answer, and the request's TSIG."""
    request = dns.message.from_wire(wire, keyring=False, ignore_trailing=True)
    response = dns.message.make_response(request)
    response.set_rcode(dns.rcode.NOTAUTH)
    if request.tsig is None:
        raise ValueError("the request carries no TSIG")
    return request, response, request.tsig


def _unsigned_refusal(wire: bytes, error: dns.rcode.Rcode) -> bytes:
    """NOTAUTH with the TSIG error, unsigned (RFC 8945 5.2.1, 5.2.2, 5.3.2)."""
    _request, response, tsig = _refusal(wire)
    response.tsig = dns.rrset.from_rdata(tsig.name, 0, tsig[0].replace(mac=b"", error=error, other=b""))
    return response.to_wire()


def _bad_time(wire: bytes, keyring: Keyring) -> bytes:
    """NOTAUTH with BADTIME: signed, with the client's time, and the server's as other data (RFC 8945 5.2.3)."""
    request, response, tsig = _refusal(wire)
    client_time = tsig[0].time_signed
    server_time = int(time.time()).to_bytes(6, "big")
    unsigned = tsig[0].replace(mac=b"", error=dns.rcode.BADTIME, other=server_time)
    signed, _context = dns.tsig.sign(response.to_wire(), keyring[tsig.name], unsigned, client_time, request_mac=request.mac)
    response.tsig = dns.rrset.from_rdata(tsig.name, 0, signed)
    return response.to_wire()
