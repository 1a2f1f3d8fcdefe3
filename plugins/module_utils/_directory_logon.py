# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Connecting to a domain controller and logging on.

A password crosses the wire inside verified TLS only; a domain controller refuses it otherwise. Kerberos goes inside TLS, bound
to its certificate (RFC 5929 tls-server-end-point; MS-ADTS 5.1.2.2), or without TLS and then seals everything (MS-ADTS 5.1.2.1:
not both at once).
"""

from __future__ import annotations

import contextlib
import inspect
import ipaddress
import re
import socket
import ssl
import traceback
import typing as t
from pathlib import Path

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import (
    BAD_LOGON,
    INVALID_CREDENTIALS,
    DirectoryError,
    no_ticket,
    refused,
    unreachable,
)

try:
    import ldap3
    from ldap3.core.exceptions import LDAPException

    _LDAP3_MISSING: str | None = None
except ImportError:
    ldap3 = None
    LDAPException = OSError
    _LDAP3_MISSING = traceback.format_exc()

try:
    import gssapi  # type: ignore[import-not-found,unused-ignore]

    _GSSAPI_MISSING: str | None = None
except ImportError:
    gssapi = None
    _GSSAPI_MISSING = traceback.format_exc()

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import DirectoryOptions

# A cache's type before its name, such as KEYRING:; a file's may be left out (MIT Kerberos: Credential cache types).
_BIND_IN_PROGRESS = 14  # saslBindInProgress
_CACHE_TYPE = re.compile(r"[A-Z]+:")


def check_requirements(module: AnsibleModule, options: DirectoryOptions) -> None:
    """End the task when the options cannot work here, before anything is contacted."""
    for message, trace in missing_libraries(options):
        module.fail_json(msg=message, exception=trace)
    for problem in problems(options):
        module.fail_json(msg=problem)


def missing_libraries(options: DirectoryOptions) -> t.Iterator[tuple[str, str]]:
    """Of each library that is needed and cannot be imported, what to say and the traceback."""
    if _LDAP3_MISSING:
        yield missing_required_lib("ldap3"), _LDAP3_MISSING
    if options.auth == "kerberos" and _GSSAPI_MISSING:
        yield missing_required_lib("gssapi", reason="for directory_auth=kerberos"), _GSSAPI_MISSING


def problems(options: DirectoryOptions) -> t.Iterator[str]:
    """What is wrong with the options, as far as it can be seen before anything is contacted."""
    for option, file in (("directory_ca_cert", options.ca_cert), ("directory_keytab", options.keytab)):
        if file and not Path(file).is_file():
            yield f"{option}: there is no file {file} on the control node."
    if options.timeout < 1:
        yield f"directory_timeout must be at least 1 second, not {options.timeout}."
    if options.auth == "simple":
        yield from _problems_of_simple(options)
    else:
        yield from _problems_of_kerberos(options)


def _problems_of_simple(options: DirectoryOptions) -> t.Iterator[str]:
    if not (options.user and options.password):
        # RFC 4513 5.1.2: a name with an empty password is an anonymous bind, and succeeds.
        yield "directory_auth=simple needs directory_user and directory_password, and neither may be empty."
    if options.tls == "none":
        yield "directory_tls=none would show the password on the wire: use directory_tls=ldaps, or directory_auth=kerberos."
    if options.keytab or options.credential_cache:
        yield "directory_keytab and directory_credential_cache are for directory_auth=kerberos."


def _problems_of_kerberos(options: DirectoryOptions) -> t.Iterator[str]:
    given = [bool(options.password), bool(options.keytab), bool(options.credential_cache)]
    if sum(given) > 1:
        yield "directory_password, directory_keytab and directory_credential_cache are three ways to log on: give one."
    if (options.password or options.keytab) and not options.user:
        yield "directory_user must name whom directory_password or directory_keytab belongs to."
    if options.host and _is_address(options.host):
        yield f"domain_controller: Kerberos needs the domain controller's name, not its address {options.host}."
    if options.tls == "none" and not _can_seal():
        yield (
            f"directory_tls=none needs ldap3 2.10 or newer on the control node, which seals the connection; it has "
            f"{ldap3.__version__}. Use directory_tls=ldaps, or install it: pip install --pre 'ldap3>=2.10'."
        )


def _can_seal() -> bool:
    return "session_security" in inspect.signature(ldap3.Connection.__init__).parameters


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _VerifyingTls(ldap3.Tls if ldap3 else object):  # type: ignore[misc]
    """ldap3's TLS with the standard library's own check of chain and name; keeps the error, of which ldap3 keeps the text."""

    failure: OSError | None = None

    def wrap_socket(self, connection: t.Any, do_handshake: bool = False) -> None:  # noqa: ARG002 - ldap3's signature
        context = ssl.create_default_context(cafile=self.ca_certs_file)
        try:
            connection.socket = context.wrap_socket(connection.socket, server_hostname=connection.server.host)
        except OSError as exc:
            self.failure = exc
            raise


def log_on(options: DirectoryOptions) -> t.Any:
    """An ldap3 connection that is logged on.

    :raises DirectoryError: unreachable, certificate not trusted, no Kerberos ticket, or logon refused
    """
    tls = _VerifyingTls(validate=ssl.CERT_REQUIRED, ca_certs_file=options.ca_cert)
    server = ldap3.Server(
        options.host,
        port=options.effective_port,
        use_ssl=options.tls == "ldaps",
        tls=tls,
        get_info=ldap3.NONE,
        connect_timeout=options.timeout,
    )
    connection = ldap3.Connection(
        server,
        auto_bind=ldap3.AUTO_BIND_NONE,
        auto_referrals=False,
        check_names=False,
        receive_timeout=options.timeout,
        return_empty_attributes=False,
        **(_simple(options) if options.auth == "simple" else _kerberos(options)),
    )
    refusals = _refusals(connection)
    who = f"logging on to {options.address} as {options.user or 'the ticket holder'}"
    try:
        socket.getaddrinfo(options.host, options.effective_port)
        connection.open(read_server_info=False)
        if options.tls == "starttls":
            connection.start_tls(read_server_info=False)
        connection.bind(read_server_info=False)
    except _kerberos_errors() as exc:
        log_off(connection)
        if refusals[:-1]:  # the last one is what ldap3's goodbye was answered
            raise refused(who, refusals[0]) from exc
        # When Kerberos fails on a connection to be sealed, ldap3 2.10.2rc4 trips over its own attempt to say goodbye.
        cause = exc.__context__ if isinstance(exc, AttributeError) else exc
        if not isinstance(cause, _gssapi_errors()):
            raise
        raise DirectoryError(no_ticket(f"ldap/{options.host}", cause)) from exc
    except (LDAPException, OSError) as exc:
        log_off(connection)
        raise DirectoryError(unreachable(options, tls.failure or exc)) from exc
    if connection.result["result"]:
        error = refused(who, connection.result)
        log_off(connection)
        raise error
    return connection


def _refusals(connection: t.Any) -> list[t.Any]:
    """What the domain controller will have refused. ldap3 goes on after a refused step of Kerberos, and fails at the next one."""
    found: list[t.Any] = []
    read = connection.post_send_single_response

    def post_send_single_response(message_id: int) -> t.Any:
        response = read(message_id)
        if connection.result["result"] not in (0, _BIND_IN_PROGRESS):
            found.append(connection.result)
        return response

    connection.post_send_single_response = post_send_single_response
    return found


def log_off(connection: t.Any) -> None:
    """End a connection. Never raises: nothing is lost with it."""
    # AttributeError: as in log_on, of a connection that was to be sealed and is not.
    with contextlib.suppress(LDAPException, OSError, AttributeError, *_gssapi_errors()):
        connection.unbind()
    if connection.socket is not None:  # ldap3 leaves the socket of a connection that failed half-way
        connection.socket.close()


def _simple(options: DirectoryOptions) -> dict[str, t.Any]:
    return {"authentication": ldap3.SIMPLE, "user": options.user, "password": options.password}


def _kerberos(options: DirectoryOptions) -> dict[str, t.Any]:
    logon: dict[str, t.Any] = {
        "authentication": ldap3.SASL,
        "sasl_mechanism": ldap3.KERBEROS,
        "sasl_credentials": (None, None, _credentials(options)),
    }
    if options.tls == "none":
        logon["session_security"] = ldap3.ENCRYPT
    return logon


def _credentials(options: DirectoryOptions) -> t.Any:
    """The ticket to log on with: got by password or keytab, or found in a cache.

    :raises DirectoryError: there is none, or the KDC gives none
    """
    name = gssapi.Name(principal(options.user), gssapi.NameType.user) if options.user else None
    try:
        if options.password:
            return gssapi.raw.acquire_cred_with_password(name, options.password.encode(), usage="initiate").creds
        if options.keytab:
            # Into a cache of this process alone: the user's own stays as it is.
            store = {b"client_keytab": f"FILE:{options.keytab}".encode(), b"ccache": b"MEMORY:"}
            return gssapi.raw.acquire_cred_from(store, name, usage="initiate").creds
        if options.credential_cache:
            cache = options.credential_cache
            store = {b"ccache": (cache if _CACHE_TYPE.match(cache) else f"FILE:{cache}").encode()}
            return gssapi.raw.acquire_cred_from(store, name, usage="initiate").creds
        return gssapi.raw.acquire_cred(name, usage="initiate").creds
    except _gssapi_errors() as exc:
        who = principal(options.user) if options.user else "the ticket holder"
        way_out = BAD_LOGON if options.password else "Get a ticket with kinit, or give directory_password or directory_keytab."
        raise DirectoryError(f"{no_ticket(who, exc)} {way_out}", code=INVALID_CREDENTIALS) from exc


def principal(user: str | None) -> str:
    """Kerberos' form of a name: Active Directory's realms are the domain names in capitals."""
    name, at, realm = (user or "").partition("@")
    return f"{name}{at}{realm.upper()}"


def _kerberos_errors() -> tuple[type[Exception], ...]:
    return (AttributeError, *_gssapi_errors())


def _gssapi_errors() -> tuple[type[Exception], ...]:
    return (gssapi.exceptions.GSSError,) if gssapi else ()
