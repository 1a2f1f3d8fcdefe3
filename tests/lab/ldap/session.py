# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One LDAP connection without its socket: messages in, responses out (as a domain controller behaves, MS-ADTS 3.1.1.3)."""

from __future__ import annotations

import itertools
import typing as t

from lab import contoso
from lab.directory import errors as directory_errors
from lab.directory import search as directory_search
from lab.directory import update as directory_update
from lab.directory.errors import LdapFailure
from lab.directory.search import Requester, Row
from lab.ldap import messages as ldap
from lab.ldap.messages import Message, SearchRequest

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState
    from lab.world import World

CONTROLS = (ldap.SD_FLAGS, ldap.PAGED_RESULTS, ldap.TREE_DELETE, ldap.DOMAIN_SCOPE)
MAX_PAGE_SIZE = 1000
"""Rows of one answer (MS-ADTS 3.1.1.3.4.6, MaxPageSize)."""
_SIZE_LIMIT_EXCEEDED = 4


class Session:
    """The state of one connection: who is bound, whether TLS is on, searches that are not read to the end.

    :param tls_available: StartTLS can be had
    """

    def __init__(self, world: World, *, secure: bool, tls_available: bool) -> None:
        self._world = world
        self.secure = secure
        self._tls_available = tls_available
        self._sid: str | None = None
        self._pages: dict[bytes, list[Row]] = {}
        self._cookies = (number.to_bytes(8, "big") for number in itertools.count(1))
        self.start_tls = False
        """Set by StartTLS: after its answer the TLS handshake follows."""

    def handle(self, message: Message) -> list[bytes]:
        """Carry out one request; returns the responses, encoded.

        :raises BerError: the request is malformed; the connection is to be closed
        """
        if message.tag in ldap.ONE_WAY:
            return []
        with self._world.lock:
            try:
                return self._dispatch(message)
            except LdapFailure as failure:
                return [ldap.result(message, failure)]

    def _dispatch(self, message: Message) -> list[bytes]:
        if any(control.critical and oid not in CONTROLS for oid, control in message.controls.items()):
            raise directory_errors.unknown_control()
        if message.tag == ldap.BIND:
            return self._bind(message)
        if message.tag == ldap.EXTENDED:
            return self._extended(message)
        if message.tag == ldap.SEARCH:
            return self._search(message)
        self._update(message, self._requester())
        return [ldap.result(message)]

    def _requester(self) -> Requester:
        """:raises LdapFailure: nobody is bound"""
        if self._sid is None:
            raise directory_errors.not_bound()
        return Requester(self._directory, self._sid)

    @property
    def _directory(self) -> DirectoryState:
        return self._world.directory

    def _bind(self, message: Message) -> list[bytes]:
        """A simple bind (RFC 4513 5.1); whatever was bound before is not any more.

        Only under TLS, as when the policy asks for signing. A name without a password is refused as RFC 4513 5.1.2 advises;
        assumed: a DC set to refuse it answers with this code.
        """
        version, name, password = ldap.read_bind(message.body)
        self._sid = None
        if version != 3:
            raise LdapFailure(directory_errors.PROTOCOL_ERROR, "00000057: LdapErr: DSID-0C090A0B, comment: version")
        if password is None:
            raise LdapFailure(
                directory_errors.AUTH_METHOD_NOT_SUPPORTED,
                "00002027: LdapErr: DSID-0C0905ED, comment: Invalid Authentication method",
            )
        if not name and not password:
            return [ldap.result(message)]
        if not self.secure:
            raise directory_errors.needs_tls()
        if not password:
            raise directory_errors.unwilling("00002035", "a name without a password")
        account = self._directory.authenticate(name, password)
        if account is None:
            raise directory_errors.bad_credentials()
        self._sid = account.sid
        return [ldap.result(message)]

    def _extended(self, message: Message) -> list[bytes]:
        oid = ldap.read_extended(message.body)
        if oid == ldap.WHO_AM_I:
            account = self._directory.find_sid(self._sid) if self._sid else None
            who = f"u:{contoso.AD_NETBIOS}\\{account.text('sAMAccountName')}" if account else ""
            return [ldap.result(message, value=who)]
        if oid != ldap.START_TLS:
            raise LdapFailure(
                directory_errors.PROTOCOL_ERROR, "0000203D: LdapErr: DSID-0C090E9B, comment: Unknown extended request OID"
            )
        if self.secure or not self._tls_available:
            raise LdapFailure(
                directory_errors.OPERATIONS_ERROR,
                "00000000: LdapErr: DSID-0C090F0A, comment: TLS or SSL already in effect, or no certificate",
            )
        self.start_tls = True
        return [ldap.result(message, name=oid)]

    def _search(self, message: Message) -> list[bytes]:
        wanted = ldap.read_search(message)
        if not wanted.request.base and wanted.request.scope == directory_search.BASE:
            return [ldap.search_entry(message, self._root_dse(wanted), types_only=False), ldap.result(message)]
        requester = self._requester()
        page = ldap.paging(message)
        size, cookie = page or (0, b"")
        rows = self._pages.pop(cookie, None) if cookie else directory_search.search(requester, wanted.request)
        if rows is None:
            raise directory_errors.unwilling("00000057", "unknown cookie")
        limit = min(number for number in (size, wanted.size_limit, MAX_PAGE_SIZE) if number > 0)
        rows, left = rows[:limit], rows[limit:]
        answers = [ldap.search_entry(message, row, types_only=wanted.types_only) for row in rows]
        if page is None:
            failure = LdapFailure(_SIZE_LIMIT_EXCEEDED, "00002023: SvcErr: size limit exceeded") if left else None
            return [*answers, ldap.result(message, failure)]
        next_cookie = b""
        if left and size:
            next_cookie = next(self._cookies)
            self._pages[next_cookie] = left
        return [*answers, ldap.result(message, cookie=next_cookie)]

    def _root_dse(self, wanted: SearchRequest) -> Row:
        extensions = [*([ldap.START_TLS] if self._tls_available else []), ldap.WHO_AM_I]
        everything = directory_search.root_dse(self._directory, controls=CONTROLS, extensions=extensions)
        names = {name.lower() for name in wanted.request.attributes}
        if not names or names & {"*", "+"}:
            return "", everything
        return "", {name: values for name, values in everything.items() if name.lower() in names}

    def _update(self, message: Message, requester: Requester) -> None:
        if message.tag == ldap.ADD:
            dn, attributes = ldap.read_add(message.body)
            directory_update.add(requester, dn, attributes, ldap.sd_flags(message))
        elif message.tag == ldap.MODIFY:
            dn, changes = ldap.read_modify(message.body)
            directory_update.modify(requester, dn, changes, ldap.sd_flags(message))
        elif message.tag == ldap.DELETE:
            tree = ldap.TREE_DELETE in message.controls
            directory_update.delete(requester, message.body.decode(errors="replace"), tree=tree)
        elif message.tag == ldap.MODIFY_DN:
            dn, new_rdn, delete_old, new_parent = ldap.read_modify_dn(message.body)
            directory_update.rename(requester, dn, new_rdn, delete_old=delete_old, new_parent=new_parent)
        else:
            raise directory_errors.unwilling("00002035", "the lab does not compare")
