# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""A known issue of groups in a hybrid deployment: what a check concludes, and the facts it concludes from."""

from __future__ import annotations

import dataclasses
import typing as t

Json = dict[str, t.Any]


class NotKnown(Exception):
    """The facts a check needs were not read; ``str()`` says which, and how to have them read."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a check concludes. Nothing affected means that the issue is not there.

    :param looked_at: in words
    :param affected: names, or dictionaries that name an object and what is wrong with it
    :param remedy: what a person does about it
    """

    looked_at: str
    affected: list[t.Any]
    remedy: str
    explanation: str = ""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What was read, each the result of an info module, or None where it was not read.

    :param domain: the group domain
    :param connector: name of the hybrid Send connector, with or without the wizard's GUID
    :param organization: of exchange_organization_info
    :param accepted_domains: of exchange_mail_flow_info
    :param send_connectors: of exchange_mail_flow_info
    :param mailboxes: of exchange_mailboxes_info: those on premises
    :param moved_mailboxes: of exchange_mailboxes_info: those moved to Microsoft 365
    :param send_as: of exchange_mailboxes_info: Send As grants on written-back groups
    :param written_back: of adsync_groups_info
    :param dsacls: whether the Connect server has dsacls.exe
    :param groups: of m365_groups_info: the tenant's groups, with members and owners
    :param dns: of group_domain_dns_info, by domain
    :param readded: memberships that were made again before, of m365_group_readd
    """

    domain: str
    connector: str
    organization: Json | None = None
    accepted_domains: list[Json] | None = None
    send_connectors: list[Json] | None = None
    mailboxes: list[Json] | None = None
    moved_mailboxes: list[Json] | None = None
    send_as: list[Json] | None = None
    written_back: list[Json] | None = None
    dsacls: bool | None = None
    groups: list[Json] | None = None
    dns: dict[str, Json] | None = None
    readded: list[Json] = dataclasses.field(default_factory=list)

    def need(self, name: str) -> t.Any:
        """A fact that a check cannot do without.

        :raises NotKnown: it was not read
        """
        value = getattr(self, name)
        if value is None:
            raise NotKnown(_SOURCES[name])
        return value

    @property
    def hybrid_connector(self) -> Json:
        """The Send connector of that name, or of that name with the GUID the wizard adds.

        :raises NotKnown: not read, or not there
        """
        connectors = self.need("send_connectors")
        wanted = self.connector.casefold()
        found = [item for item in connectors if item["name"].casefold() == wanted]
        found = found or [item for item in connectors if item["name"].casefold().startswith(f"{wanted} - ")]
        if len(found) != 1:
            raise NotKnown(f"There {'is no' if not found else 'is more than one'} Send connector {self.connector}.")
        return found[0]


_EXCHANGE = "No Exchange server was asked: put one into the inventory group exchange."
_CONNECT = "No Connect server was asked: put it into the inventory group adsync."
_TENANT = "The tenant was not asked: give the tenant and a way to sign in."
_SOURCES = {
    "organization": _EXCHANGE,
    "accepted_domains": _EXCHANGE,
    "send_connectors": _EXCHANGE,
    "mailboxes": _EXCHANGE,
    "moved_mailboxes": _EXCHANGE,
    "send_as": f"{_EXCHANGE} The groups themselves come from the Connect server.",
    "written_back": _CONNECT,
    "dsacls": _CONNECT,
    "groups": _TENANT,
    "dns": "DNS was not asked.",
}


def count(objects: t.Sequence[t.Any], what: str) -> str:
    """``3 groups``; ``what`` is the singular."""
    return f"{len(objects)} {what}{'' if len(objects) == 1 else 's'}"


def same_domain(address: str, domain: str) -> bool:
    """Whether an SMTP address lies in a domain, not below it."""
    return address.rpartition("@")[2].casefold() == domain.casefold()
