# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages, threads and posts as Microsoft Graph v1.0 spells them."""

from __future__ import annotations

import datetime
import typing as t

from lab.cloud.graph_entities import Entity

if t.TYPE_CHECKING:
    from lab.cloud.unified_group import Thread
    from lab.mail.message import StoredMessage


def message_entity(message: StoredMessage, *, headers: bool) -> Entity:
    """The message resource type.

    :param headers: internetMessageHeaders were asked for; otherwise they are not returned ("message resource type")
    """
    entity: Entity = {
        "id": message.id,
        "createdDateTime": _time(message.received),
        "receivedDateTime": _time(message.received),
        "sentDateTime": _time(message.received),
        "hasAttachments": False,
        "internetMessageId": message.internet_message_id,
        "subject": message.subject,
        "bodyPreview": message.body[:255],
        "isRead": False,
        "isDraft": False,
        "body": {"contentType": "text", "content": message.body},
        "sender": _recipient(message.sender),
        "from": _recipient(message.sender),
        "toRecipients": [_recipient(address) for address in message.recipients],
    }
    if headers:
        entity["internetMessageHeaders"] = [{"name": name, "value": value} for name, value in message.headers]
    return entity


def thread_entity(thread: Thread) -> Entity:
    """The conversationThread resource type."""
    return {
        "id": thread.id,
        "topic": thread.topic,
        "hasAttachments": False,
        "lastDeliveredDateTime": _time(thread.posts[-1].received),
        "uniqueSenders": sorted({post.sender for post in thread.posts}),
        "preview": thread.posts[-1].body[:255],
        "isLocked": False,
    }


def post_entity(post: StoredMessage, thread: Thread) -> Entity:
    """The post resource type; it has neither subject nor Message-ID."""
    return {
        "id": post.id,
        "createdDateTime": _time(post.received),
        "receivedDateTime": _time(post.received),
        "hasAttachments": False,
        "conversationThreadId": thread.id,
        "body": {"contentType": "text", "content": post.body},
        "from": _recipient(post.sender),
        "sender": _recipient(post.sender),
    }


def _recipient(address: str) -> Entity:
    return {"emailAddress": {"name": address, "address": address}}


def _time(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
