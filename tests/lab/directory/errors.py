# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the directory says no: LDAP result codes with the texts a domain controller puts beside them.

A text begins with a Win32 or SSPI error code in eight hex digits (MS-ADTS 3.1.1.3.1.9; MS-ERREF 2.2); clients go by the
result code and those digits. What follows them is like a DC's, ending in a line feed and NUL; its DSID names a line of the
server's source and means nothing here.
"""

from __future__ import annotations

SUCCESS = 0
OPERATIONS_ERROR = 1
PROTOCOL_ERROR = 2
AUTH_METHOD_NOT_SUPPORTED = 7
STRONGER_AUTH_REQUIRED = 8
REFERRAL = 10
UNAVAILABLE_CRITICAL_EXTENSION = 12
NO_SUCH_ATTRIBUTE = 16
CONSTRAINT_VIOLATION = 19
ATTRIBUTE_OR_VALUE_EXISTS = 20
INVALID_ATTRIBUTE_SYNTAX = 21
NO_SUCH_OBJECT = 32
INVALID_DN_SYNTAX = 34
INVALID_CREDENTIALS = 49
INSUFFICIENT_ACCESS_RIGHTS = 50
UNWILLING_TO_PERFORM = 53
NAMING_VIOLATION = 64
OBJECT_CLASS_VIOLATION = 65
NOT_ALLOWED_ON_NON_LEAF = 66
NOT_ALLOWED_ON_RDN = 67
ENTRY_ALREADY_EXISTS = 68


class LdapFailure(Exception):
    """An operation that ends with another result than success.

    :param code: the result code (RFC 4511 4.1.9)
    :param text: the diagnostic message
    """

    def __init__(self, code: int, text: str, *, matched_dn: str = "", referrals: tuple[str, ...] = ()) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = f"{text}\n\0"
        self.matched_dn = matched_dn
        self.referrals = referrals


def malformed_dn(dn: str) -> LdapFailure:
    return LdapFailure(INVALID_DN_SYNTAX, f"00002032: NameErr: DSID-03100233, problem 2006 (BAD_NAME), data 0, of '{dn}'")


def no_such_object(matched_dn: str) -> LdapFailure:
    return LdapFailure(
        NO_SUCH_OBJECT,
        f"0000208D: NameErr: DSID-03100245, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{matched_dn}'",
        matched_dn=matched_dn,
    )


def other_domain(dn: str, domain: str) -> LdapFailure:
    """A name in another naming context (MS-ADTS 3.1.1.4.6): go there."""
    return LdapFailure(
        REFERRAL,
        f"0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: '{domain}'",
        referrals=(f"ldap://{domain}/{dn}",),
    )


def access_denied(what: str) -> LdapFailure:
    return LdapFailure(
        INSUFFICIENT_ACCESS_RIGHTS,
        f"00002098: SecErr: DSID-03150F94, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0, {what}",
    )


def not_bound() -> LdapFailure:
    return LdapFailure(
        OPERATIONS_ERROR, "00002020: LdapErr: DSID-0C090A37, comment: Operation unavailable without authentication"
    )


def bad_credentials() -> LdapFailure:
    return LdapFailure(
        INVALID_CREDENTIALS,
        "80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563",
    )


def needs_tls() -> LdapFailure:
    return LdapFailure(
        STRONGER_AUTH_REQUIRED,
        "00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking"
        " if SSL\\TLS are not already active on the connection, data 0, v4563",
    )


def unknown_control() -> LdapFailure:
    return LdapFailure(
        UNAVAILABLE_CRITICAL_EXTENSION, "00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0"
    )


def unknown_attribute(name: str) -> LdapFailure:
    return LdapFailure(
        NO_SUCH_ATTRIBUTE,
        f"00000057: LdapErr: DSID-0C090D8A, comment: Error in attribute conversion operation, data 0, {name}",
    )


def attribute_problem(code: int, win32: str, problem: str, name: str) -> LdapFailure:
    """An error about one attribute, such as ``problem 1005 (CONSTRAINT_ATT_TYPE)``."""
    return LdapFailure(code, f"{win32}: AtrErr: DSID-03151904, #1:\n\t0: {win32}: DSID-03151904, problem {problem}, {name}")


def update_problem(code: int, win32: str, problem: str) -> LdapFailure:
    """An error about an update as a whole, such as ``problem 6005 (ENTRY_EXISTS)``."""
    return LdapFailure(code, f"{win32}: UpdErr: DSID-031A11E2, problem {problem}, data 0")


def unwilling(win32: str, why: str) -> LdapFailure:
    return LdapFailure(UNWILLING_TO_PERFORM, f"{win32}: SvcErr: DSID-031A124C, problem 5003 (WILL_NOT_PERFORM), data 0, {why}")
