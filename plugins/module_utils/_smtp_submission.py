# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Handing in a mail as a client does: SMTP with TLS and a password (RFC 6409)."""

from __future__ import annotations

import dataclasses
import email.message
import email.policy
import email.utils
import smtplib
import ssl
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

STARTTLS, TLS = "starttls", "tls"


@dataclasses.dataclass(frozen=True)
class Submission:
    """Where and as whom.

    :param tls: STARTTLS, or TLS from the first byte on
    :param ca_cert: file with the certificate authorities to trust; None: the system's
    """

    host: str
    port: int
    user: str
    password: str = dataclasses.field(repr=False)
    tls: str = STARTTLS
    ca_cert: str | None = None
    validate_certs: bool = True
    timeout: float = 30.0


def compose(sender: str, recipient: str, subject: str, body: str, in_reply_to: str | None = None) -> email.message.EmailMessage:
    """A plain message with a Message-ID of its own (RFC 5322 3.6.4).

    :param in_reply_to: Message-ID of the one it replies to
    """
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = email.utils.make_msgid(domain=sender.rpartition("@")[2])
    if in_reply_to:
        message["In-Reply-To"] = in_reply_to
        message["References"] = in_reply_to
    message.set_content(body)
    return message


def submit(settings: Submission, message: email.message.EmailMessage) -> str:
    """Send a message; returns the server's answer.

    :raises CollectionError: the server cannot be reached or trusted, or refuses
    """
    where = f"{settings.host}:{settings.port}"
    try:
        with _connect(settings) as client:
            client.login(settings.user, settings.password)
            client.ehlo_or_helo_if_needed()
            _expect(client.mail(str(message["From"])), "the sender")
            _expect(client.rcpt(str(message["To"])), "the recipient")
            return _expect(client.data(message.as_bytes()), "the message")
    except _Refused as exc:
        raise CollectionError(f"The mail server {where} refused {exc}.") from exc
    except smtplib.SMTPAuthenticationError as exc:
        raise CollectionError(
            f"user: the mail server {where} refused the logon of {settings.user}: {exc.smtp_code} {_text(exc.smtp_error)}. "
            "Check user and password, and that the account may use SMTP there."
        ) from None  # smtplib's exceptions show what was sent
    except ssl.SSLCertVerificationError as exc:
        raise CollectionError(
            f"ca_cert: the certificate of the mail server {where} is not trusted: {exc.verify_message}. "
            "Give the file of its certificate authority, and the host by the name that the certificate has."
        ) from exc
    except (OSError, smtplib.SMTPException) as exc:
        raise CollectionError(
            f"The mail server {where} could not be used: {exc}. Check host, port and tls; clients of Exchange use port 587 "
            "with starttls."
        ) from exc


class _Refused(Exception):
    """A command was answered with an error."""


def _connect(settings: Submission) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=settings.ca_cert)
    if not settings.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if settings.tls == TLS:
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=context)
    client = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
    try:
        client.starttls(context=context)
    except BaseException:
        client.close()
        raise
    return client


def _expect(answer: tuple[int, bytes], what: str) -> str:
    code, text = answer
    line = f"{code} {_text(text)}"
    if code >= 400:
        raise _Refused(f"{what}: {line}")
    return line


def _text(answer: t.Any) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
