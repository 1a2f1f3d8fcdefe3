# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft 365 Groups of the tenant, as far as group writeback takes them on premises."""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from lab import contoso


@dataclasses.dataclass
class UnifiedGroup:
    """A Microsoft 365 Group (Graph's group resource type, groupTypes Unified).

    :ivar mail: its primary SMTP address
    :ivar members: user principal names, also of users that only the cloud has
    """

    display_name: str
    mail: str
    description: str = ""
    members: list[str] = dataclasses.field(default_factory=list)
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or str(uuid.uuid5(uuid.NAMESPACE_URL, f"mailto:{self.mail}"))

    @property
    def mail_nickname(self) -> str:
        return self.mail.partition("@")[0]

    def view(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


def seed() -> list[UnifiedGroup]:
    """Two groups: one with a member from on premises, one with a guest alone."""
    guest = f"someone_fabrikam.com#EXT#@{contoso.TENANT}"
    return [
        UnifiedGroup("Engineering", "engineering@contoso.com", "All who build", [f"{contoso.USER}@{contoso.AD_DOMAIN}", guest]),
        UnifiedGroup("Partners", "partners@contoso.com", members=[guest]),
    ]
