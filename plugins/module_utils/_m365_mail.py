# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Mailboxes of Exchange Online through Microsoft Graph: send a mail, look for one; and the conversations of a group."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph import GraphClient, GraphError, Json
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_people import quoted
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

SEND = "Mail.Send"
READ = "Mail.Read"
READ_CONVERSATIONS = "Group-Conversation.Read.All"

# Answers for a mailbox that Exchange Online does not have ("REST API access to mailboxes in a hybrid deployment").
_NOT_ONLINE = ("MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI")
_AUTH_AS = "x-ms-exchange-organization-authas"
_FIELDS = "id,subject,internetMessageId,from,receivedDateTime,internetMessageHeaders"
_REPORT = "undeliverable"  # assumed: reports of Exchange begin with it in a mailbox set to English
_FIRST_PAUSE = 5.0


class MailboxNotOnline(CollectionError):
    """Exchange Online has no mailbox for the user."""


class OnlineMailbox:
    """A user's mailbox.

    :param user: user as Graph gives it
    """

    def __init__(self, graph: GraphClient, user: Json) -> None:
        self._graph = graph
        self._name = str(user.get("userPrincipalName") or user["id"])
        self._path = f"/users/{user['id']}"

    def send(self, recipient: str, subject: str, body: str) -> Json:
        """Send a plain mail once and return it as Sent Items has it ("user: sendMail").

        :raises MailboxNotOnline: the mailbox is not in Exchange Online
        :raises GraphError: refused
        """
        message = {
            "subject": subject,
            "body": {"contentType": "Text", "content": body},
            "toRecipients": [{"emailAddress": {"address": recipient}}],
        }
        path, content = f"{self._path}/sendMail", {"message": message, "saveToSentItems": True}
        self._guarded(lambda: self._graph.write("POST", path, content, permission=SEND, landed=lambda: bool(self.sent(subject))))
        # 202 says that it was accepted and no more; it is in Sent Items once it has been submitted.
        self._graph.await_state(lambda: bool(self.sent(subject)))
        sent = self.sent(subject)
        return sent[0] if sent else {}

    def sent(self, subject: str) -> list[Json]:
        """Messages of exactly this subject in Sent Items."""
        return self._list("sentitems", f"subject%20eq%20{quoted(subject)}", "id,subject,internetMessageId,sentDateTime")

    def received(self, part: str) -> list[Json]:
        """Messages in the inbox with this part in the subject, with their headers."""
        return self._list("inbox", f"contains(subject,{quoted(part)})", _FIELDS)

    def is_online(self) -> bool:
        """Whether Exchange Online has the mailbox.

        :raises GraphError: that cannot be told
        """
        try:
            self._guarded(lambda: self._graph.get(f"{self._path}/messages?$top=1&$select=id", permission=READ))
        except MailboxNotOnline:
            return False
        return True

    def _list(self, folder: str, condition: str, fields: str) -> list[Json]:
        path = f"{self._path}/mailFolders/{folder}/messages?$filter={condition}&$select={fields}"
        return t.cast("list[Json]", self._guarded(lambda: self._graph.list(path, permission=READ)))

    def _guarded(self, call: t.Callable[[], t.Any]) -> t.Any:
        try:
            return call()
        except GraphError as exc:
            if exc.code in _NOT_ONLINE:
                raise MailboxNotOnline(
                    f"user: {self._name} has no mailbox in Exchange Online ({exc.code}): it is on-premises, or has no licence "
                    "yet. Give a mailbox that is in Microsoft 365."
                ) from exc
            raise


def message_result(message: Json) -> Json:
    """A message as a module returns it.

    ``auth_as`` tells how the sender was authenticated when the message came in (X-MS-Exchange-Organization-AuthAs), None when
    the mailbox does not tell.
    """
    headers = {str(item["name"]).lower(): str(item["value"]) for item in message.get("internetMessageHeaders") or ()}
    return {
        "message_id": message.get("internetMessageId"),
        "subject": message.get("subject"),
        "sender": address_of(message.get("from")),
        "received": message.get("receivedDateTime"),
        "auth_as": headers.get(_AUTH_AS),
        "is_report": str(message.get("subject") or "").lower().startswith(_REPORT),
    }


def address_of(recipient: t.Any) -> str | None:
    """The address in Graph's recipient type."""
    return ((recipient or {}).get("emailAddress") or {}).get("address")


def await_messages(mailbox: OnlineMailbox, part: str, timeout: float) -> list[Json]:
    """Messages with this part in the subject, as soon as there is one, or none when the time has passed."""
    return until_found(lambda: [message_result(message) for message in mailbox.received(part)], timeout)


def read_posts(graph: GraphClient, group: Json, topic: str) -> list[Json]:
    """Posts in the threads of a group with this part in the topic ("List threads", "List posts")."""
    base = f"/groups/{group['id']}/threads"
    threads = [
        thread
        for thread in graph.list(base, permission=READ_CONVERSATIONS)
        if topic.lower() in str(thread.get("topic") or "").lower()
    ]
    return [
        {
            "topic": thread.get("topic"),
            "thread_id": thread["id"],
            "post_id": post["id"],
            "sender": address_of(post.get("from")),
            "received": post.get("receivedDateTime"),
        }
        for thread in threads
        for post in graph.list(f"{base}/{thread['id']}/posts", permission=READ_CONVERSATIONS)
    ]


def await_posts(graph: GraphClient, group: Json, topic: str, sender: str | None, timeout: float) -> list[Json]:
    """Posts as :func:`read_posts` gives them, of this sender, as soon as there is one."""

    def read() -> list[Json]:
        posts = read_posts(graph, group, topic)
        return [post for post in posts if sender is None or str(post["sender"]).casefold() == sender.casefold()]

    return until_found(read, timeout)


def until_found(read: t.Callable[[], list[Json]], timeout: float) -> list[Json]:
    """Read again, with growing pauses, until something is there or the time has passed."""
    deadline = Deadline(timeout, first_pause=_FIRST_PAUSE)
    while not (found := read()):
        if not deadline.pause():
            break
    return found
