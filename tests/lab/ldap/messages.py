# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LDAP messages: requests from bytes, responses to bytes (RFC 4511 4)."""

from __future__ import annotations

import dataclasses
import typing as t

from lab.directory.errors import PROTOCOL_ERROR, SUCCESS, LdapFailure
from lab.directory.search import Request, Row
from lab.directory.update import Change
from lab.ldap import ber
from lab.ldap.ber import BerError, Reader
from lab.ldap.filter import read_filter

BIND, UNBIND, SEARCH, MODIFY, ADD, DELETE, MODIFY_DN = 0x60, 0x42, 0x63, 0x66, 0x68, 0x4A, 0x6C
COMPARE, ABANDON, EXTENDED = 0x6E, 0x50, 0x77
ONE_WAY = (UNBIND, ABANDON)
"""Requests without a response (RFC 4511 4.3, 4.11)."""

OPERATIONS = {
    BIND: "bind",
    UNBIND: "unbind",
    SEARCH: "search",
    MODIFY: "modify",
    ADD: "add",
    DELETE: "delete",
    MODIFY_DN: "modifyDN",
    COMPARE: "compare",
    ABANDON: "abandon",
    EXTENDED: "extended",
}
_RESPONSES = {
    BIND: 0x61,
    SEARCH: 0x65,
    MODIFY: 0x67,
    ADD: 0x69,
    DELETE: 0x6B,
    MODIFY_DN: 0x6D,
    COMPARE: 0x6F,
    EXTENDED: 0x78,
}
_SEARCH_ENTRY, _CONTROLS, _REFERRAL, _RESPONSE_NAME, _RESPONSE_VALUE = 0x64, 0xA0, 0xA3, 0x8A, 0x8B

SD_FLAGS = "1.2.840.113556.1.4.801"
PAGED_RESULTS = "1.2.840.113556.1.4.319"
TREE_DELETE = "1.2.840.113556.1.4.805"
DOMAIN_SCOPE = "1.2.840.113556.1.4.1339"
START_TLS = "1.3.6.1.4.1.1466.20037"
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
NOTICE_OF_DISCONNECTION = "1.3.6.1.4.1.1466.20036"


@dataclasses.dataclass(frozen=True)
class Control:
    critical: bool
    value: bytes


@dataclasses.dataclass(frozen=True)
class Message:
    """A request: its message id, the operation's tag and contents, controls by OID."""

    number: int
    tag: int
    body: bytes
    controls: dict[str, Control]

    @property
    def operation(self) -> str:
        return OPERATIONS[self.tag]


@dataclasses.dataclass(frozen=True)
class SearchRequest:
    """A search with what concerns its answer only."""

    request: Request
    size_limit: int
    types_only: bool


def read_message(data: bytes) -> Message:
    """:raises BerError: not an LDAP request"""
    message = Reader(data).constructed()
    number = message.integer()
    tag, body = message.element()
    if tag not in OPERATIONS or not 0 < number < 1 << 31:
        raise BerError(f"operation {tag:#04x} with message id {number}")
    controls: dict[str, Control] = {}
    if message.next_tag() == _CONTROLS:
        sequence = message.constructed(_CONTROLS)
        while sequence:
            control = sequence.constructed()
            oid = control.text()
            critical = control.boolean() if control.next_tag() == ber.BOOLEAN else False
            controls[oid] = Control(critical, control.octets() if control else b"")
    return Message(number, tag, body, controls)


def read_bind(body: bytes) -> tuple[int, str, str | None]:
    """Version, name and the password of a simple bind, None for SASL.

    :raises BerError: malformed
    """
    reader = Reader(body)
    version, name = reader.integer(), reader.text()
    return version, name, reader.text(0x80) if reader.next_tag() == 0x80 else None


def read_search(message: Message) -> SearchRequest:
    """:raises BerError: malformed"""
    reader = Reader(message.body)
    base, scope = reader.text(), reader.integer(ber.ENUMERATED)
    reader.integer(ber.ENUMERATED)  # aliases: there are none
    size_limit = reader.integer()
    reader.integer()  # time limit
    types_only = reader.boolean()
    condition = read_filter(reader)
    names = reader.constructed()
    attributes = []
    while names:
        attributes.append(names.text())
    if scope not in (0, 1, 2):
        raise BerError(f"scope {scope}")
    request = Request(base, scope, condition, tuple(attributes), sd_flags(message))
    return SearchRequest(request, size_limit, types_only)


def read_add(body: bytes) -> tuple[str, dict[str, list[bytes]]]:
    """The DN and the attributes.

    :raises BerError: malformed
    """
    reader = Reader(body)
    dn, sequence = reader.text(), reader.constructed()
    attributes: dict[str, list[bytes]] = {}
    while sequence:
        name, values = _read_attribute(sequence.constructed())
        attributes[name] = values
    return dn, attributes


def read_modify(body: bytes) -> tuple[str, list[Change]]:
    """The DN and the changes.

    :raises BerError: malformed
    """
    reader = Reader(body)
    dn, sequence = reader.text(), reader.constructed()
    changes = []
    while sequence:
        change = sequence.constructed()
        operation = change.integer(ber.ENUMERATED)
        if operation not in (0, 1, 2):
            raise BerError(f"modify operation {operation}")
        name, values = _read_attribute(change.constructed())
        changes.append(Change(operation, name, tuple(values)))
    return dn, changes


def _read_attribute(reader: Reader) -> tuple[str, list[bytes]]:
    name, values = reader.text(), reader.constructed(ber.SET)
    found = []
    while values:
        found.append(values.octets())
    return name, found


def read_modify_dn(body: bytes) -> tuple[str, str, bool, str | None]:
    """The DN, the new RDN, whether the old RDN goes, the new parent if there is one.

    :raises BerError: malformed
    """
    reader = Reader(body)
    dn, new_rdn, delete_old = reader.text(), reader.text(), reader.boolean()
    return dn, new_rdn, delete_old, reader.text(0x80) if reader else None


def read_extended(body: bytes) -> str:
    """The OID of an extended request.

    :raises BerError: malformed
    """
    return Reader(body).text(0x80)


def sd_flags(message: Message) -> int | None:
    """The value of the SD_FLAGS control, None without it.

    :raises LdapFailure: the control has no such value
    """
    control = message.controls.get(SD_FLAGS)
    if control is None:
        return None
    try:
        return Reader(control.value).constructed().integer()
    except BerError as exc:
        raise LdapFailure(PROTOCOL_ERROR, "00000057: LdapErr: DSID-0C0907EF, comment: Error processing control") from exc


def paging(message: Message) -> tuple[int, bytes] | None:
    """Size and cookie of the paged results control, None without it (RFC 2696).

    :raises LdapFailure: the control has no such value
    """
    control = message.controls.get(PAGED_RESULTS)
    if control is None:
        return None
    try:
        value = Reader(control.value).constructed()
        return value.integer(), value.octets()
    except BerError as exc:
        raise LdapFailure(PROTOCOL_ERROR, "00000057: LdapErr: DSID-0C0907EF, comment: Error processing control") from exc


def result(
    message: Message,
    failure: LdapFailure | None = None,
    *,
    name: str | None = None,
    value: str | None = None,
    cookie: bytes | None = None,
) -> bytes:
    """The response that ends an operation.

    :param name: responseName of an extended operation; ``value`` its responseValue
    :param cookie: of the paged results control in the answer
    """
    parts = _result_parts(failure)
    if name is not None:
        parts.append(ber.octets(name, _RESPONSE_NAME))
    if value is not None:
        parts.append(ber.octets(value, _RESPONSE_VALUE))
    controls = []
    if cookie is not None:
        page = ber.encode(ber.SEQUENCE, ber.integer(0), ber.octets(cookie))
        controls.append(ber.encode(ber.SEQUENCE, ber.octets(PAGED_RESULTS), ber.octets(page)))
    return _message(message.number, ber.encode(_RESPONSES[message.tag], *parts), controls)


def search_entry(message: Message, row: Row, *, types_only: bool) -> bytes:
    dn, attributes = row
    parts = [
        ber.encode(
            ber.SEQUENCE,
            ber.octets(name),
            ber.encode(ber.SET, *(() if types_only else map(ber.octets, values))),
        )
        for name, values in attributes.items()
    ]
    return _message(message.number, ber.encode(_SEARCH_ENTRY, ber.octets(dn), ber.encode(ber.SEQUENCE, *parts)))


def notice_of_disconnection(text: str) -> bytes:
    """What a server sends before it closes a connection that broke the protocol (RFC 4511 4.4.1)."""
    parts = _result_parts(LdapFailure(PROTOCOL_ERROR, text))
    return _message(0, ber.encode(0x78, *parts, ber.octets(NOTICE_OF_DISCONNECTION, _RESPONSE_NAME)))


def _result_parts(failure: LdapFailure | None) -> list[bytes]:
    if failure is None:
        return [ber.integer(SUCCESS, ber.ENUMERATED), ber.octets(""), ber.octets("")]
    parts = [ber.integer(failure.code, ber.ENUMERATED), ber.octets(failure.matched_dn), ber.octets(failure.text)]
    if failure.referrals:
        parts.append(ber.encode(_REFERRAL, *map(ber.octets, failure.referrals)))
    return parts


def _message(number: int, operation: bytes, controls: t.Sequence[bytes] = ()) -> bytes:
    end = [ber.encode(_CONTROLS, *controls)] if controls else []
    return ber.encode(ber.SEQUENCE, ber.integer(number), operation, *end)
