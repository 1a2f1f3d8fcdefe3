# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message on its way, and one that has been put into a mailbox."""

from __future__ import annotations

import dataclasses
import datetime
import email
import email.message
import email.policy
import email.utils
import typing as t
import uuid

INTERNAL, ANONYMOUS = "Internal", "Anonymous"
AUTH_AS = "X-MS-Exchange-Organization-AuthAs"
"""How the sender was authenticated, as the organization that has the message sees it (SupportArticles, AuthAs)."""
CROSS_PREMISES_AUTH_AS = "X-MS-Exchange-CrossPremises-AuthAs"
"""The same on its way between the two halves of a hybrid organization."""
_ORGANIZATION_PREFIXES = ("x-ms-exchange-organization-", "x-ms-exchange-crosspremises-")


@dataclasses.dataclass
class Mail:
    """An envelope with its content (RFC 5321 2.3.1), for one recipient.

    :ivar authenticated: the sender is one of the organization's
    """

    sender: str
    recipient: str
    content: bytes
    authenticated: bool = False

    @property
    def message(self) -> email.message.EmailMessage:
        return t.cast(
            "email.message.EmailMessage",
            email.message_from_bytes(self.content, policy=email.policy.SMTP.clone(max_line_length=0)),
        )

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"] or "").strip()

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def hops(self) -> int:
        """How many servers have taken it so far (RFC 5321 6.3)."""
        return len(self.message.get_all("Received", []))

    def header(self, name: str) -> str | None:
        value = self.message[name]
        return None if value is None else str(value)

    def with_headers(self, **headers: str) -> Mail:
        """With further headers on top; underscores stand for hyphens."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return dataclasses.replace(self, content=lines.encode() + self.content)

    def without_organization_headers(self) -> Mail:
        """As the header firewall lets it through ("Header firewall", Exchange Server mail flow)."""
        message = self.message
        for name in {name for name in message if name.lower().startswith(_ORGANIZATION_PREFIXES)}:
            del message[name]
        return dataclasses.replace(self, content=message.as_bytes())

    def received(self, by: str, source: str) -> Mail:
        """As the next server takes it (RFC 5321 4.4)."""
        return self.with_headers(Received=f"from {source} by {by} with SMTP; {email.utils.formatdate()}")

    def stored(self) -> StoredMessage:
        """As a mailbox has it."""
        message = self.message
        body = message.get_body(("plain", "html"))
        return StoredMessage(
            id=uuid.uuid4().hex,
            internet_message_id=self.message_id,
            subject=self.subject,
            sender=email.utils.parseaddr(str(message["From"] or self.sender))[1],
            recipients=[address for _name, address in email.utils.getaddresses([str(v) for v in message.get_all("To", [])])],
            body=str(body.get_content()).strip() if body is not None else "",
            headers=[(name, str(value)) for name, value in message.items()],
            received=datetime.datetime.now(datetime.UTC),
        )


@dataclasses.dataclass
class StoredMessage:
    """A message in a mailbox or in a group's conversations."""

    id: str
    internet_message_id: str
    subject: str
    sender: str
    recipients: list[str]
    body: str
    headers: list[tuple[str, str]]
    received: datetime.datetime


def compose(sender: str, recipient: str, subject: str, body: str, *, message_id: str, authenticated: bool = True) -> Mail:
    """A plain message that its sender's own server has just taken."""
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = email.utils.localtime()
    message["Message-ID"] = message_id
    message.set_content(body)
    return Mail(sender, recipient, message.as_bytes(), authenticated)
