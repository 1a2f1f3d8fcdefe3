# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Why a session could not be opened, in one sentence that names the host and the way out.

pypsrp and pywinrm have exceptions of the same names and meaning, so they are told apart by name here and neither is imported.
"""

from __future__ import annotations

import re
import typing as t

try:
    import requests

    LOST = (requests.exceptions.ConnectionError, requests.exceptions.Timeout, requests.exceptions.ChunkedEncodingError)
except ImportError:  # it comes with the transport's library, without which no session is tried
    LOST = ()  # type: ignore[assignment]
"""The connection broke, or nothing came over it."""

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Target

_REFUSED = {"AuthenticationError", "InvalidCredentialsError"}
_LOGON_DENIED = "0x8009030c"  # SEC_E_LOGON_DENIED, inside CredSSP

# What MIT Kerberos says (krb5, error tables) and what to do about it.
_KERBEROS = (
    (
        r"server \S+ not found in kerberos database",
        "the realm has no service principal {spn}: set ansible_host to the name Active Directory knows the server by, or "
        "ansible_cmdlet_kerberos_hostname to the name its service principal is registered for",
    ),
    ("preauthentication failed", "the password of {user} is wrong: check ansible_password"),
    ("password incorrect", "the password of {user} is wrong: check ansible_password"),
    (r"client \S+ not found in kerberos database", "the realm does not know {user}: check ansible_user"),
    ("cannot find kdc", "no domain controller is known for the realm of {user}: check /etc/krb5.conf, and the case of the realm"),
    ("cannot contact any kdc", "no domain controller of the realm of {user} answers: check /etc/krb5.conf and the network"),
    ("clock skew too great", "the clocks of this machine and of the domain differ by more than five minutes"),
    (
        "no kerberos credentials",
        "there is no ticket, and no password to get one with: set ansible_password, ansible_cmdlet_keytab or "
        "ansible_cmdlet_ccache",
    ),
    ("no credentials cache found", "there is no ticket: set ansible_password, ansible_cmdlet_keytab or ansible_cmdlet_ccache"),
    ("ticket expired", "the ticket in the credential cache has expired: renew it, or set ansible_password"),
)


def why_not_open(exc: BaseException, target: Target) -> str:
    """One sentence for the user."""
    where = f"{target.host} ({target.url}, configuration {target.configuration})"
    if target.transport == "winrm":
        where = f"{target.host} ({target.url})"
    kind = type(exc).__name__
    kerberos = _why_no_ticket(exc, target) if target.auth in ("kerberos", "negotiate", "credssp") else None
    if kerberos:
        return f"no logon to {where} with {target.auth}: {kerberos}"
    if kind in _REFUSED or _LOGON_DENIED in str(exc).lower():
        if target.auth == "certificate":
            return (
                f"{where} does not map the certificate {target.certificate_pem} to a user: import it there with its CA and "
                "create the mapping (winrm/config/service/certmapping)"
            )
        return (
            f"{where} refused user {target.username!r} with {target.auth}: check ansible_user, ansible_password and "
            "ansible_cmdlet_auth"
        )
    if isinstance(exc, requests.exceptions.SSLError):
        return (
            f"the certificate of {where} is not accepted: {reason(exc)}. Name the CA that issued it in "
            "ansible_cmdlet_ca_cert, or renew the certificate"
        )
    if isinstance(exc, requests.exceptions.Timeout):
        return f"{where} did not answer in time: {reason(exc)}"
    if isinstance(exc, LOST):
        return f"cannot reach {where}: {reason(exc)}"
    if kind == "WSManFaultError":
        return f"{where} refused the session: {reason(exc)}"
    if kind == "WinRMTransportError":
        return f"{where} answered HTTP {getattr(exc, 'code', '?')}: check ansible_cmdlet_uri (or port and path)"
    text = str(exc).lower()
    if isinstance(exc, ImportError) or any(word in text for word in ("gssapi", "krb5", "kerberos")):
        library = "pywinrm" if target.transport == "winrm" else "pypsrp"
        return (
            f"Kerberos to {where} is not possible here: {reason(exc)}. Install {library}[kerberos] on the control node, or "
            "choose another ansible_cmdlet_auth that the server allows"
        )
    return f"no session to {where}: {reason(exc)}"


def _why_no_ticket(exc: BaseException, target: Target) -> str | None:
    text = str(exc).lower()
    for pattern, sentence in _KERBEROS:
        if re.search(pattern, text):
            spn = f"{target.service}/{target.negotiate_hostname or target.host}"
            return sentence.format(spn=spn, user=target.username or "the user")
    return None


def reason(exc: BaseException) -> str:
    """The innermost reason, without requests' wrapping of pools and objects."""
    if type(exc).__name__ == "WSManFaultError":
        return str(getattr(exc, "provider_fault", None) or getattr(exc, "reason", None) or exc).strip()
    seen: BaseException = exc
    while True:
        inner = getattr(seen, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        if inner is None:
            break
        seen = inner
    text = str(seen).strip() or type(seen).__name__
    # urllib3 puts the repr of its connection object before the text.
    return text.partition(">: ")[2] or text
