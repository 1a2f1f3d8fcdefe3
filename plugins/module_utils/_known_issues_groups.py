# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Known issues of the groups themselves: members, owners, addresses.

Source: "Set up Microsoft 365 Groups with on-premises Exchange hybrid", Known issues.
"""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import Finding, count

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import Facts, Json

AUTODISCOVER = "autodiscover.outlook.com"
_ROUTING_DOMAIN = ".onmicrosoft.com"


def moved_mailboxes(facts: Facts) -> Finding:
    """Members whose mailbox was moved, and who were not taken out and added again since."""
    moved = facts.need("moved_mailboxes")
    found = [
        {
            "mailbox": member["mail"] or member["user_principal_name"],
            "group": group["display_name"],
            "membership": {"group_id": group["id"], "user_id": member["id"]},
        }
        for group, member in _members(facts, moved)
    ]
    found = [item for item in found if item["membership"] not in facts.readded]
    return Finding(
        f"memberships of {count(moved, 'user')} whose mailbox was moved to Microsoft 365",
        found,
        "Remove each from its groups and add it again.",
        "Outlook does not list the groups that a mailbox was a member of before it was moved. Whether it lists them cannot be "
        "seen from here: named are those who have not been added again by this collection.",
    )


def footer_links(facts: Facts) -> Finding:
    """On-premises members get footers whose links they cannot use."""
    return Finding(
        "members with a mailbox on premises",
        _by_group(_members(facts, facts.need("mailboxes"))),
        "Tell them that a group's owner or an administrator unsubscribes them: the links View group conversations and "
        "Unsubscribe do not work for them.",
    )


def secondary_addresses(facts: Facts) -> Finding:
    """Only the primary address is written back."""
    groups = facts.need("groups")
    found = []
    for group in groups:
        more = [address for address in group["addresses"] if not _is_primary(address, group) and not _is_routing(address)]
        if more:
            found.append({"group": group["display_name"], "primary": group["mail"], "more": more})
    return Finding(
        f"addresses of {count(groups, 'group')} of the tenant",
        found,
        "Leave one SMTP address on each group: Set-UnifiedGroup -Identity <group> -EmailAddresses @{Remove='smtp:<address>'}, "
        "in Exchange Online PowerShell.",
        "Mail from on-premises users to another address than the primary one fails.",
    )


def on_premises_owners(facts: Facts) -> Finding:
    """Owners without a cloud mailbox cannot open the group."""
    return Finding(
        "owners with a mailbox on premises",
        _by_group(_people(facts, facts.need("mailboxes"), "owners")),
        "Give the group an owner with a mailbox in Microsoft 365. On-premises users manage a group at "
        "https://myaccount.microsoft.com/groups only, and only where self-service group management is on.",
    )


def send_as(facts: Facts) -> Finding:
    """Send As on a group never works from an on-premises mailbox."""
    grants = facts.need("send_as")
    return Finding(
        f"Send As permissions on {count(facts.need('written_back'), 'written-back group')}",
        [{"group": grant["group"], "granted to": grant["user"]} for grant in grants],
        "Remove the permission on premises; grant it in Exchange Online to mailboxes there: Add-RecipientPermission -Identity "
        "<group> -Trustee <user> -AccessRights SendAs.",
    )


def autodiscover_elsewhere(facts: Facts) -> Finding:
    """Outlook opens a group by the Autodiscover record of its primary domain."""
    groups, dns = facts.need("groups"), facts.need("dns")
    domains = dict.fromkeys(group["mail"].rpartition("@")[2].casefold() for group in groups if group["mail"])
    found = []
    for domain in domains:
        answers = _autodiscover(dns.get(domain, {}))
        if answers is not None:
            names = [group["display_name"] for group in groups if (group["mail"] or "").casefold().endswith(f"@{domain}")]
            found.append({"domain": domain, "record": answers or "none", "groups": names})
    return Finding(
        f"Autodiscover records of {count(list(domains), 'primary domain')} of groups",
        found,
        f"Point autodiscover.<domain> to {AUTODISCOVER}, or give new groups an address in a domain where it does: "
        "New-EmailAddressPolicy -IncludeUnifiedGroupRecipients, in Exchange Online PowerShell.",
        "Outlook cannot open the mailbox of these groups.",
    )


def own_copy(facts: Facts) -> Finding:
    """Two settings of Exchange Online that no interface for applications shows."""
    return Finding(
        "members with a mailbox on premises",
        _by_group(_members(facts, facts.need("mailboxes"))),
        "In Exchange Online PowerShell, so that a sender gets a copy: Get-MailUser <user> | Set-MailboxMessageConfiguration "
        "-EchoGroupMessageBackToSubscribedSender $true. For who is subscribed: Get-UnifiedGroupLinks <group> -LinkType "
        "Subscribers, and Add-UnifiedGroupLinks <group> -LinkType Subscribers -Links <user>.",
        "By default they get no copy of what they send to the group themselves; members who are not subscribed get no copies at "
        "all.",
    )


def _members(facts: Facts, mailboxes: t.Sequence[Json]) -> list[tuple[Json, Json]]:
    return _people(facts, mailboxes, "members")


def _people(facts: Facts, mailboxes: t.Sequence[Json], role: str) -> list[tuple[Json, Json]]:
    """Group and person, of those who own one of the mailboxes, by user principal name or address."""
    names = {str(mailbox[key]).casefold() for mailbox in mailboxes for key in ("user_principal_name", "mail") if mailbox.get(key)}
    return [
        (group, person)
        for group in facts.need("groups")
        for person in group[role]
        if {str(person[key]).casefold() for key in ("user_principal_name", "mail") if person.get(key)} & names
    ]


def _by_group(found: t.Sequence[tuple[Json, Json]]) -> list[Json]:
    people: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for group, person in found:
        names[group["id"]] = group["display_name"]
        people.setdefault(group["id"], []).append(person["mail"] or person["user_principal_name"])
    return [{"group": names[name], "people": mails} for name, mails in people.items()]


def _is_primary(address: str, group: Json) -> bool:
    return address.casefold() == (group["mail"] or "").casefold()


def _is_routing(address: str) -> bool:
    return address.casefold().endswith(_ROUTING_DOMAIN)


def _autodiscover(domain: Json) -> list[str] | None:
    """What is published instead of the record that groups need; None where it is right or could not be read."""
    for record in domain.get("records", []):
        if record["purpose"] != "autodiscover":
            continue
        wrong = [
            seen for seen in record["servers"] if seen["role"] == "authoritative" and seen["state"] in ("missing", "different")
        ]
        if wrong:
            return sorted({answer for seen in wrong for answer in seen["answer"]})
    return None
