# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is calling, and the sealing of messages: HTTP authentication of one connection.

Negotiate, Kerberos, NTLM and CredSSP (MS-CSSP) are bound to the TCP connection (RFC 4559, MS-NTHT); Basic goes with each request
(RFC 7617); a client certificate comes with TLS (DSP0226 C.3, profile https/mutual). Messages are sealed as MS-WSMV 2.2.9.1
(Encrypted Message Types) says. Over TLS the context may be bound to the server's certificate (RFC 5929 tls-server-end-point).
"""

from __future__ import annotations

import atexit
import base64
import binascii
import collections
import dataclasses
import functools
import hashlib
import hmac
import os
import pathlib
import re
import shutil
import ssl
import struct
import tempfile
import threading
import typing as t

import spnego
import spnego.channel_bindings
import spnego.exceptions
import spnego.tls
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab import contoso

_BOUNDARY = b"--Encrypted Boundary"
_OCTETS = b"\r\n\tContent-Type: application/octet-stream\r\n"
_PROTOCOL = "application/HTTP-{}-session-encrypted"
_MUTUAL_TLS = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"

_CREDSSP_PART = 16_384
"""Bytes CredSSP seals at a time: one TLS record (RFC 5246 6.2.1)."""


_AFTER_PART = re.compile(rb"--Encrypted Boundary(--\r\n|\r\n\tContent-Type: [^\0]*--Encrypted Boundary)\Z")


class UnsealError(Exception):
    """The body was not sealed with this connection's key."""


class _NtlmAccounts:
    """The accounts pyspnego's NTLM acceptor knows.

    It reads them from the file the environment variable NTLM_USER_FILE names, so there is one for the whole process; servers
    add their accounts while they run.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passwords: dict[str, str] = {}
        self._users: collections.Counter[str] = collections.Counter()
        self._directory: pathlib.Path | None = None

    def add(self, accounts: t.Mapping[str, str]) -> None:
        """:raises ValueError: another running server knows the account by another password"""
        with self._lock:
            for name, password in accounts.items():
                if ":" in password or self._passwords.get(name, password) != password:
                    raise ValueError(f"account {name}: a colon in the password, or another password for another server")
            self._passwords.update(accounts)
            self._users.update(accounts.keys())
            self._write()

    def remove(self, accounts: t.Mapping[str, str]) -> None:
        with self._lock:
            self._users.subtract(accounts.keys())
            for name in [name for name, users in self._users.items() if users <= 0]:
                del self._users[name]
                del self._passwords[name]
            self._write()

    def _write(self) -> None:
        if self._directory is None:
            self._directory = pathlib.Path(tempfile.mkdtemp(prefix="lab-ntlm-"))
            atexit.register(shutil.rmtree, self._directory, ignore_errors=True)
            os.environ["NTLM_USER_FILE"] = str(self._directory / "users")
        lines = [
            f"{domain}:{user}:{password}\n" for name, password in self._passwords.items() for domain, user in _logon_names(name)
        ]
        file, path = tempfile.mkstemp(dir=self._directory)  # mode 0600
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.writelines(lines)
        pathlib.Path(path).replace(self._directory / "users")  # at once: acceptors may be reading


def _logon_names(name: str) -> list[tuple[str, str]]:
    """Domain and user as NTLM clients send them for the account ``name``."""
    return [
        ("", name),
        (contoso.AD_NETBIOS, name),
        (contoso.AD_DOMAIN, name),
        ("", f"{name}@{contoso.AD_DOMAIN}"),
    ]


ntlm_accounts = _NtlmAccounts()


class Accounts:
    """The users one server knows, by any of their logon names."""

    def __init__(self, passwords: t.Mapping[str, str]) -> None:
        self._passwords = dict(passwords)
        self._names = {
            (f"{domain}\\{user}" if domain else user).casefold(): name
            for name in passwords
            for domain, user in _logon_names(name)
        }

    def find(self, logon_name: str) -> str | None:
        """The sAMAccountName behind ``DOMAIN\\user``, ``user@realm`` or ``user``."""
        return self._names.get(logon_name.casefold())

    def check(self, logon_name: str, password: str) -> str | None:
        """The sAMAccountName when the password is right."""
        name = self.find(logon_name)
        if name is None or not hmac.compare_digest(self._passwords[name].encode(), password.encode()):
            return None
        return name


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a request's Authorization came to.

    :param user: sAMAccountName, or None: answer 401
    :param headers: values of WWW-Authenticate to send along
    """

    user: str | None
    headers: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Policy:
    """What a listener takes.

    :param schemes: in the order they are offered; ``Certificate`` is offered by TLS
    :param channel_binding: value of tls-server-end-point a context has to be bound to (CbtHardeningLevel Strict), or None
    :param certificates: common name of a client certificate to sAMAccountName (winrm certmapping)
    """

    schemes: tuple[str, ...]
    channel_binding: bytes | None = None
    certificates: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


class ConnectionSecurity:
    """Authentication and sealing state of one TCP connection.

    :param peer: common name of the certificate the client has proven in TLS
    """

    def __init__(self, accounts: Accounts, policy: Policy, peer: str | None = None) -> None:
        self._accounts = accounts
        self._policy = policy
        self._peer = peer
        self._context: t.Any = None
        self._user: str | None = None
        self._protocol = ""

    def authenticate(self, authorization: str | None) -> Outcome:
        """Take one request's Authorization header."""
        if authorization is None:
            return Outcome(self._user) if self._user else self._refuse()
        if authorization == _MUTUAL_TLS:
            return self._certificate()
        scheme, _space, credentials = authorization.partition(" ")
        offered = {name.casefold() for name in self._policy.schemes}
        if scheme.casefold() not in offered:
            return self._refuse()
        try:
            token = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return self._refuse()
        return self._basic(token) if scheme.casefold() == "basic" else self._negotiate(scheme, token)

    def _refuse(self) -> Outcome:
        self.forget()
        offered = [name for name in self._policy.schemes if name != "Certificate"]
        return Outcome(None, tuple('Basic realm="WSMAN"' if name == "Basic" else name for name in offered))

    def _certificate(self) -> Outcome:
        name = self._policy.certificates.get(self._peer or "") if "Certificate" in self._policy.schemes else None
        return Outcome(name) if name else self._refuse()

    def _basic(self, token: bytes) -> Outcome:
        user, _colon, password = token.decode("utf-8", "replace").partition(":")
        name = self._accounts.check(user, password)
        return Outcome(name) if name else self._refuse()

    def _negotiate(self, scheme: str, token: bytes) -> Outcome:
        try:
            if self._context is None or self._context.complete:
                self.forget()
                self._context = self._acceptor(scheme, token)
            answer = self._context.step(token)
        except (spnego.exceptions.SpnegoError, ValueError, struct.error):  # a wrong password, or no token at all
            return self._refuse()
        headers = (f"{scheme} {base64.b64encode(answer).decode()}",) if answer else ()
        if not self._context.complete:
            return Outcome(None, headers)
        self._user = self._accounts.find(self._context.client_principal or "")
        return Outcome(self._user, headers) if self._user else self._refuse()

    def _acceptor(self, scheme: str, token: bytes) -> t.Any:
        """A security context for the scheme; Kerberos takes its keys from the keytab KRB5_KTNAME names."""
        protocol = "ntlm" if token.startswith(b"NTLMSSP\0") else scheme.casefold()
        options: dict[str, t.Any] = {}
        if self._policy.channel_binding is not None and protocol != "credssp":
            options["channel_bindings"] = spnego.channel_bindings.GssChannelBindings(
                application_data=self._policy.channel_binding
            )
        if protocol == "credssp":
            options["credssp_tls_context"] = _credssp_tls()
        self._protocol = {"credssp": "CredSSP", "kerberos": "Kerberos"}.get(protocol, "SPNEGO")
        return spnego.server(protocol=protocol, options=spnego.NegotiateOptions.wrapping_winrm, **options)

    def forget(self) -> None:
        """The connection is nobody's again."""
        self._context = None
        self._user = None

    def unseal(self, body: bytes) -> bytes:
        """The message inside a sealed body, which may have several parts.

        :raises UnsealError: sealed with another connection's key, or not sealed at all
        """
        if self._context is None or _OCTETS not in body:
            raise UnsealError("no context, or not an encrypted message")
        message = b""
        for part in body.split(_OCTETS)[1:]:
            # What follows is the closing boundary, or a boundary and the next part's headers, which are text.
            sealed = _AFTER_PART.sub(b"", part)
            try:
                (length,) = struct.unpack_from("<I", sealed)
                message += self._context.unwrap_winrm(sealed[4 : 4 + length], sealed[4 + length :])
            except (struct.error, spnego.exceptions.SpnegoError) as exc:
                raise UnsealError(str(exc)) from exc
        return message

    def seal(self, message: bytes, boundary: bytes) -> tuple[str, bytes]:
        """Content type and body of a sealed message; ``boundary`` is the line that separates its parts."""
        protocol = _PROTOCOL.format(self._protocol)
        size = _CREDSSP_PART if self._protocol == "CredSSP" else len(message)
        parts = [message[start : start + size] for start in range(0, len(message), size)]
        body = b"".join(self._sealed_part(part, boundary, protocol) for part in parts) + boundary + b"--\r\n"
        kind = "multipart/x-multi-encrypted" if len(parts) > 1 else "multipart/encrypted"
        return f'{kind};protocol="{protocol}";boundary="Encrypted Boundary"', body

    def _sealed_part(self, message: bytes, boundary: bytes, protocol: str) -> bytes:
        header, data, padding = self._context.wrap_winrm(message)
        original = f"type=application/soap+xml;charset=UTF-8;Length={len(message) + padding}"
        return b"".join(
            [
                boundary,
                f"\r\n\tContent-Type: {protocol}\r\n\tOriginalContent: {original}\r\n".encode(),
                boundary,
                _OCTETS,
                struct.pack("<I", len(header)),
                header,
                data,
            ]
        )


@functools.cache
def _credssp_tls() -> t.Any:
    """The TLS inside CredSSP's tokens, with a certificate nobody checks (MS-CSSP 3.1.5)."""
    certificate, key, public_key = spnego.tls.generate_tls_certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)
    return spnego.tls.CredSSPTLSContext(context, public_key=public_key)


def end_point(certificate: pathlib.Path) -> bytes:
    """The channel binding of a server certificate: hash of its DER form (RFC 5929 4.1; ours are signed with SHA-256)."""
    der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(serialization.Encoding.DER)
    return b"tls-server-end-point:" + hashlib.sha256(der).digest()


def is_sealed(content_type: str) -> bool:
    return content_type.casefold().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))
