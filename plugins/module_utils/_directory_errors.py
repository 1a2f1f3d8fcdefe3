# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""What a domain controller's refusals mean, by result code: the texts differ from server to server."""

from __future__ import annotations

import re
import socket
import ssl
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import DirectoryOptions

# Result codes of RFC 4511 4.1.9 with a cause worth naming.
_REFERRAL = 10
INVALID_CREDENTIALS = 49
NO_SUCH_OBJECT = 32
WAY_OUT = {
    1: "The domain controller takes no request before a logon, or did not understand this one.",
    8: "It wants TLS for a password (directory_tls=ldaps), and of Kerberos a sealed connection (directory_tls=none) or one bound "
    "to TLS.",
    _REFERRAL: "The name belongs to another domain, or this domain controller is read-only: name a writable domain controller of "
    "its domain in domain_controller. Referrals are not followed.",
    12: "The server does not know a control that is needed: it is not an Active Directory domain controller.",
    NO_SUCH_OBJECT: "There is no such object on this domain controller: check the name; a new one may not have replicated yet.",
    34: "The server does not take this for a distinguished name.",
    50: "directory_user lacks the right: let it read and modify the permissions of the object, or use an account that may.",
    51: "The domain controller is busy: run again later.",
    52: "The domain controller is not available: run again later, or name another one in domain_controller.",
}
BAD_LOGON = "Check directory_user (user@domain or DOMAIN\\user) and directory_password."
# "data" of an AcceptSecurityContext error: a Win32 code in hexadecimal (System Error Codes, 1300-1699, 1700-3999).
_LOGON_REFUSED = {
    "530": "The account may not log on at this time.",
    "531": "The account may not log on from here.",
    "532": "The password has expired.",
    "533": "The account is disabled.",
    "701": "The account has expired.",
    "773": "The password must be changed first.",
    "775": "The account is locked out.",
}
_CHANNEL_BINDING = "80090346"  # SEC_E_BAD_BINDINGS: looks like a wrong password and is none


class DirectoryError(CollectionError):
    """A domain controller refused something, or could not be talked to.

    :param code: LDAP result code, or None when none came back
    """

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


def unreachable(options: DirectoryOptions, exc: BaseException) -> str:
    """Why no connection came about, in one sentence with the way out."""
    # ldap3 wraps several failures, one for each address of the name, in one.
    history = exc.args[1] if len(exc.args) > 1 and isinstance(exc.args[1], list) else []
    cause = history[-1][0] if history else exc
    where = f"domain_controller: no connection to {options.address}"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"{where}: its certificate is not accepted: {cause.verify_message or cause}. Use the name that is in the "
            "certificate, and give its authority's certificate in directory_ca_cert if the system does not know it."
        )
    if isinstance(cause, socket.gaierror):
        return f"{where}: the name is not known ({cause.strerror})."
    if isinstance(cause, ConnectionRefusedError):
        return f"{where}: refused. Is directory_port right, and is LDAP over TLS ({options.tls}) set up there?"
    if isinstance(cause, TimeoutError):
        return f"{where}: no answer within {options.timeout} seconds (directory_timeout)."
    return f"{where} with {options.tls}: {cause}. Run again, or name another domain controller."


def no_ticket(who: str, exc: BaseException) -> str:
    """Why Kerberos gave no ticket, without the GSSAPI's preamble."""
    minor = getattr(exc, "min_message", "") or str(exc)
    text = minor.decode(errors="replace") if isinstance(minor, bytes) else minor
    hint = ""
    if "Server not found" in text:
        hint = " Give the domain controller's own name in domain_controller, as it is in the domain."
    elif "Clock skew" in text:
        hint = " Set the control node's clock."
    elif "Cannot find KDC" in text or "Cannot contact any KDC" in text:
        hint = " The control node needs the realm in krb5.conf, or DNS that names its KDCs."
    return f"Kerberos gave no ticket for {who}: {text.strip()}.{hint}"


def refused(what: str, result: Mapping[str, t.Any]) -> DirectoryError:
    """The error for an LDAP result that is not success.

    :param what: what was tried, where
    :param result: ldap3's result: ``result`` (code), ``description`` (its name), ``message``, ``referrals``
    """
    code = int(result["result"])
    text = " ".join(str(result.get("message") or "").strip("\0\r\n ").split())  # AD breaks the line of some
    way_out = WAY_OUT.get(code, "")
    if code == INVALID_CREDENTIALS:
        data = re.search(r"\bdata ([0-9a-f]+)", text)
        way_out = _LOGON_REFUSED.get(data[1], BAD_LOGON) if data else BAD_LOGON
        if text.startswith(_CHANNEL_BINDING):
            way_out = (
                "It wants the logon bound to the TLS channel (channel binding): use directory_auth=kerberos, with nothing in "
                "between that ends TLS."
            )
    if code == _REFERRAL:
        text = " ".join([text, *(result.get("referrals") or [])]).strip()
    said = f" ({text})" if text else ""
    return DirectoryError(f"{what} was refused: {code} {result['description']}{said}. {way_out}".rstrip(), code=code)
