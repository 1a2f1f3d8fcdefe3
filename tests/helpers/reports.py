# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records as the roles hand them to hybrid_report."""

from __future__ import annotations

import typing as t

HOSTILE = "\"><script>document.title='owned'</script><img src=x onerror=alert(1)> {{ 7*7 }} \u202egnp.exe & '"


def sections(hostile: str = "Sales", affected: int = 3) -> dict[str, t.Any]:
    """Every kind of record and verdict, with a name that others chose put wherever such names come."""
    return {
        "prerequisites": [
            {
                "id": "exchange_version",
                "title": "A supported version of Exchange",
                "verdict": "passed",
                "explanation": "Exchange Server 2019 CU15 is the newest cumulative update or the one before it (2026-08).",
                "evidence": {"servers": ["EX1", "EX2"]},
            },
            {
                "id": "licence",
                "title": "A Microsoft Entra ID P1 or P2 licence",
                "verdict": "passed",
                "evidence": {"sku": "EMSPREMIUM"},
            },
            {
                "id": "synchronization",
                "title": "A working synchronization",
                "verdict": "passed",
                "evidence": {"interval": "PT30M"},
            },
        ],
        "steps": [
            {
                "id": "group_writeback",
                "title": "Permissions on the writeback OU",
                "changed": False,
                "summary": "nothing missing for corp.contoso.com\\MSOL_d1edb676ca03",
                "look": "dsacls 'OU=M365Groups,DC=corp,DC=contoso,DC=com'",
            },
            {
                "id": "accepted_domain",
                "title": "Accepted domain",
                "changed": True,
                "summary": "groups.contoso.com is InternalRelay",
                "before": None,
                "after": {"domain": "groups.contoso.com", "type": "InternalRelay", "default": False},
                "look": "Get-AcceptedDomain groups.contoso.com",
            },
            {
                "id": "send_connector",
                "title": "Send connector",
                "changed": True,
                "before": {"name": "Outbound to Office 365", "address_spaces": ["SMTP:contoso.mail.onmicrosoft.com;1"]},
                "after": {
                    "name": "Outbound to Office 365",
                    "address_spaces": ["SMTP:contoso.mail.onmicrosoft.com;1", "SMTP:groups.contoso.com;1"],
                },
                "look": "Get-SendConnector 'Outbound to Office 365'",
            },
            {"id": "dns_records", "title": "DNS records", "changed": None, "summary": "not run"},
        ],
        "verification": [
            {
                "id": "arrival",
                "title": "The post arrived in the on-premises mailbox",
                "verdict": "passed",
                "place": "to_members",
                "explanation": f"DELIVER on EX2 at 12:01:07 for the post {hostile}.",
                "evidence": {
                    "message_id": "<AM0PR01MB1234@AM0PR01MB1234.eurprd01.prod.exchangelabs.com>",
                    "server": "EX2",
                    "subject": hostile,
                },
            },
            {
                "id": "reply",
                "title": "The reply left by the hybrid connector",
                "verdict": "failed",
                "place": "to_tenant",
                "explanation": "The message went as Internet mail, so Exchange Online takes its sender for anonymous.",
                "evidence": {"connector": "Internet", "response": "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup"},
                "remedy": "Add the group domain to the address spaces of the hybrid Send connector.",
            },
            {
                "id": "seen",
                "title": "All members see the reply",
                "verdict": "unknown",
                "place": "to_group",
                "explanation": "The application may not read the group's conversations.",
                "evidence": {},
            },
            {
                "id": "navigation",
                "title": "The group is listed in Outlook's left pane",
                "verdict": "person",
                "explanation": "No interface shows what Outlook shows.",
                "evidence": {},
            },
        ],
        "known_issues": [
            {
                "id": "address_space_lost",
                "title": "The wizard took the address space away",
                "verdict": "found",
                "place": "to_connector",
                "looked_at": "address spaces of Outbound to Office 365",
                "affected": ["groups.contoso.com"],
                "mended": True,
                "remedy": "The address space was added again.",
            },
            {
                "id": "not_stamped",
                "title": "New groups are not in the address list",
                "verdict": "found",
                "place": "to_recipient",
                "looked_at": "groups in OU=M365Groups,DC=corp,DC=contoso,DC=com",
                "mended": False,
                "affected": [
                    {"name": f"{hostile} {number}", "dn": f"CN=Group_{number:08d},OU=M365Groups"} for number in range(affected)
                ],
                "remedy": "Update-Recipient -Identity <DN> for each of them, or run with mend.",
            },
            {
                "id": "secondary_address",
                "title": "Groups with several SMTP addresses",
                "verdict": "ok",
                "looked_at": "proxyAddresses of 3 groups",
                "affected": [],
                "remedy": "",
                "mended": False,
            },
            {
                "id": "own_copy",
                "title": "Senders get no copy",
                "verdict": "found",
                "limitation": True,
                "looked_at": "members",
                "affected": [{"group": hostile, "people": [hostile]}],
                "remedy": "Set-MailboxMessageConfiguration",
                "mended": False,
            },
            {
                "id": "footer_links",
                "title": "Links in message footers",
                "verdict": "unknown",
                "looked_at": "nothing: nobody can see it from here",
                "affected": [],
                "remedy": "An owner unsubscribes the user.",
                "mended": False,
            },
        ],
    }
