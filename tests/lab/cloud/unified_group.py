# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft 365 Groups of the tenant, as far as group writeback takes them on premises."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from lab import contoso
from lab.mail.message import StoredMessage


@dataclasses.dataclass
class Thread:
    """A conversation thread of a group (Graph: conversationThread) with its posts."""

    id: str
    topic: str
    posts: list[StoredMessage] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class UnifiedGroup:
    """A Microsoft 365 Group (Graph's group resource type, groupTypes Unified).

    :ivar mail: its primary SMTP address
    :ivar members: user principal names, also of users that only the cloud has
    :ivar other_addresses: further SMTP addresses
    :ivar owners: user principal names
    :ivar unsubscribed: members in the cloud that get no copies
    """

    display_name: str
    mail: str
    description: str = ""
    members: list[str] = dataclasses.field(default_factory=list)
    id: str = ""
    other_addresses: list[str] = dataclasses.field(default_factory=list)
    owners: list[str] = dataclasses.field(default_factory=list)
    unsubscribed: list[str] = dataclasses.field(default_factory=list)
    allow_external_senders: bool = False
    threads: list[Thread] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = self.id or str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{self.mail}"))

    @property
    def mail_nickname(self) -> str:
        return self.mail.partition("@")[0]

    @property
    def addresses(self) -> list[str]:
        return [self.mail, *self.other_addresses]

    def post(self, message: StoredMessage) -> None:
        """Put a message into the thread it belongs to: the one of its subject, or a new one."""
        topic = message.subject
        while topic[:3].lower() == "re:":
            topic = topic[3:].strip()
        thread = next((thread for thread in self.threads if thread.topic == topic), None)
        if thread is None:
            thread = Thread(f"AAQk{message.id}", topic)
            self.threads.append(thread)
        thread.posts.append(message)

    def view(self) -> dict[str, t.Any]:
        threads = {thread.topic: [f"{post.sender}: {post.subject}" for post in thread.posts] for thread in self.threads}
        return {**dataclasses.asdict(self), "threads": threads}


def seed() -> list[UnifiedGroup]:
    """Two groups: one with a member from on premises, one with a guest alone."""
    guest = f"someone_fabrikam.com#EXT#@{contoso.TENANT}"
    return [
        UnifiedGroup("Engineering", "engineering@contoso.com", "All who build", [f"{contoso.USER}@{contoso.AD_DOMAIN}", guest]),
        UnifiedGroup("Partners", "partners@contoso.com", members=[guest]),
    ]
