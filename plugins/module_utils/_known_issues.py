# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The fourteen known issues: nine of the procedure's chapter, five known since. One check each; this is their table."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _known_issues_groups as groups
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _known_issues_mail_flow as mail_flow
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import Facts, Finding, Json, NotKnown


@dataclasses.dataclass(frozen=True)
class Issue:
    """An issue and its check.

    :param place: where on the mail path it breaks the way; None when it does not
    :param mendable: the role can mend it
    :param limitation: it is how Microsoft 365 is made: people can be told, nothing can be repaired
    """

    id: str
    title: str
    check: t.Callable[[Facts], Finding]
    place: str | None = None
    mendable: bool = False
    limitation: bool = False


ISSUES = (
    Issue("moved_mailboxes", "Groups do not appear for mailboxes moved to Microsoft 365", groups.moved_mailboxes, mendable=True),
    Issue(
        "not_in_address_lists",
        "New groups do not appear in the on-premises address list",
        mail_flow.not_in_address_lists,
        place="to_recipient",
        mendable=True,
    ),
    Issue(
        "authoritative_domain",
        "Groups do not receive messages from on-premises users: the group domain is authoritative",
        mail_flow.authoritative_domain,
        place="on_premises",
        mendable=True,
    ),
    Issue("footer_links", "On-premises users cannot use the links in message footers", groups.footer_links, limitation=True),
    Issue("secondary_addresses", "Mail to a secondary address of a group fails", groups.secondary_addresses),
    Issue(
        "on_premises_owners", "On-premises users cannot administer a group in Outlook", groups.on_premises_owners, limitation=True
    ),
    Issue(
        "centralized_mail_flow",
        "External mail to groups fails with centralized mail flow",
        mail_flow.centralized_mail_flow,
        place="to_group",
    ),
    Issue("send_as", "On-premises users cannot send as a group", groups.send_as),
    Issue("autodiscover_elsewhere", "Outlook cannot open a group's mailbox", groups.autodiscover_elsewhere),
    Issue(
        "address_space_lost",
        "The hybrid Send connector lacks the group domain, as after the Hybrid Configuration Wizard",
        mail_flow.address_space_lost,
        place="to_connector",
        mendable=True,
    ),
    Issue(
        "edge_source",
        "An Edge Transport server is the source of the hybrid Send connector",
        mail_flow.edge_source,
        place="connector",
    ),
    Issue("mx_inside", "On-premises servers do not resolve the MX to Microsoft 365", mail_flow.mx_inside, place="to_tenant"),
    Issue(
        "own_copy", "Senders get no copy of their own message; members may not be subscribed", groups.own_copy, limitation=True
    ),
    Issue("dsacls_missing", "The Connect server lacks dsacls.exe", mail_flow.dsacls_missing),
)
IDS = tuple(issue.id for issue in ISSUES)


def check(facts: Facts, *, seen_to: t.Collection[str] = (), before: t.Iterable[Json] = ()) -> list[Json]:
    """A record for each issue, as hybrid_report takes them.

    :param seen_to: ids of issues the organization has dealt with by means that cannot be seen from here
    :param before: the records from before mending; an issue that was found there and is no more is mended
    """
    found_before = {record["id"]: record["affected"] for record in before if record["verdict"] == "found"}
    return [_record(issue, facts, issue.id in seen_to, found_before.get(issue.id)) for issue in ISSUES]


def _record(issue: Issue, facts: Facts, seen_to: bool, affected_before: list[t.Any] | None) -> Json:
    try:
        finding = issue.check(facts)
    except NotKnown as exc:
        finding, verdict, explanation = Finding("nothing", [], ""), "unknown", str(exc)
    else:
        verdict = "found" if finding.affected else "ok"
        explanation = finding.explanation if finding.affected else ""
    if verdict == "found" and seen_to:
        verdict, explanation = "ok", "Found, and dealt with as hybrid_groups_known_issues_seen_to says."
    mended = affected_before is not None and verdict == "ok"
    return {
        "id": issue.id,
        "title": issue.title,
        "verdict": "found" if mended else verdict,
        "mended": mended,
        "place": issue.place,
        "looked_at": finding.looked_at,
        "affected": affected_before if mended else finding.affected,
        "explanation": explanation,
        "remedy": finding.remedy,
        "mendable": issue.mendable,
        "limitation": issue.limitation,
    }
