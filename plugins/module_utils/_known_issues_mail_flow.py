# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Known issues of the mail path: accepted domain, Send connector, MX, and the groups as recipients.

Sources: "Set up Microsoft 365 Groups with on-premises Exchange hybrid", Known issues; "Mail to a Microsoft 365 group fails in a
hybrid deployment" (SupportArticles); HCW8039 (KB 3087172).
"""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import read_address_space
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import Finding, NotKnown, count, same_domain

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import Facts, Json

RELAY = "InternalRelay"


def not_in_address_lists(facts: Facts) -> Finding:
    """Written back, and not yet made a recipient by Exchange."""
    groups = facts.need("written_back")
    return Finding(
        f"address lists and legacy DN of {count(groups, 'written-back group')}",
        [_group(group) for group in groups if not group["stamped"]],
        "Update-Recipient -Identity <distinguished name> for each, on an Exchange server. Clients see it after the next update "
        "of the offline address book.",
    )


def authoritative_domain(facts: Facts) -> Finding:
    """The domain is authoritative, so that a group which is not written back yet is an unknown recipient."""
    domain = _accepted(facts)
    looked_at = f"type of the accepted domain {facts.domain}, groups of the tenant and written-back groups"
    remedy = f"Set-AcceptedDomain -Identity '{domain['name']}' -DomainType InternalRelay, then wait for the next synchronization."
    if domain["type"] == RELAY:
        return Finding(looked_at, [], remedy)
    waiting = _not_written_back(facts)
    return Finding(
        looked_at,
        [{"accepted domain": domain["name"], "type": domain["type"]}, *({"not written back": mail} for mail in waiting)],
        remedy,
        "Mail from on-premises users to a group that is not written back yet fails with 550 5.1.10 RecipientNotFound.",
    )


def centralized_mail_flow(facts: Facts) -> Finding:
    """Mail of the cloud goes through the on-premises servers, which is not supported with groups."""
    hybrid = facts.need("organization")["hybrid_configuration"]
    return Finding(
        "features of the hybrid configuration",
        ["CentralizedTransport"] if hybrid["centralized_mail_flow"] else [],
        "Turn centralized mail flow off in the Hybrid Configuration Wizard: it is not supported with Microsoft 365 groups.",
        "Mail from outside to a group is rejected on its way through the on-premises servers.",
    )


def address_space_lost(facts: Facts) -> Finding:
    """The hybrid connector lacks the group domain, as after a run of the wizard."""
    connector = facts.hybrid_connector
    present = any(_covers(text, facts.domain) for text in connector["address_spaces"])
    return Finding(
        f"address spaces of {connector['name']}",
        [] if present else [{"connector": connector["name"], "missing": facts.domain, "there": connector["address_spaces"]}],
        f"Add {facts.domain} to the address spaces of the connector, with the others kept. Before and after the wizard, run the "
        "playbooks before_wizard and after_wizard.",
        "Mail to the groups goes as Internet mail, and a group that takes none from outside refuses it (550 5.7.133). Some "
        "versions of the Hybrid Configuration Wizard take the address space away; others stop because of it (HCW8039).",
    )


def edge_source(facts: Facts) -> Finding:
    """An Edge Transport server sends for the hybrid connector."""
    connector = facts.hybrid_connector
    edges = {item["name"].casefold() for item in facts.need("organization")["servers"] if item["is_edge"]}
    found = [name for name in connector["source_transport_servers"] if name.casefold() in edges]
    return Finding(
        f"source servers of {connector['name']}",
        found,
        f"Make Mailbox servers alone the source: Set-SendConnector -Identity '{connector['name']}' -SourceTransportServers "
        "<servers>.",
        "Mail loops between the Edge server and the mailbox servers until it is returned (554 5.4.6).",
    )


def mx_inside(facts: Facts) -> Finding:
    """On-premises servers do not resolve the MX, or resolve it to something else."""
    looked_at = f"MX of {facts.domain} on the servers that on-premises Exchange asks"
    records = [record for record in facts.need("dns").get(facts.domain, {}).get("records", []) if record["purpose"] == "mx"]
    seen = _sightings(records, "internal")
    if seen and all(sighting["state"] == "not_asked" for _record, sighting in seen):
        # They are asked once the record is public; what is not cannot be resolved inside either.
        seen = _sightings(records, "authoritative")
    if not seen:
        raise NotKnown(
            "No server inside was asked for the MX: name those that Exchange asks in hybrid_groups_dns_internal_servers."
        )
    if all(sighting["state"] == "unreachable" for _record, sighting in seen):
        raise NotKnown("None of the servers inside could be asked for the MX.")
    return Finding(
        looked_at,
        [
            {"server": sighting["server"], "MX": sighting["answer"] or "none", "wanted": record["value"]}
            for record, sighting in seen
            if sighting["state"] in ("missing", "different")
        ],
        "Publish the MX in the internal zone too (hybrid_groups_dns_internal_target), or let the servers forward the domain.",
        "The hybrid Send connector finds Microsoft 365 by this record. With none, mail waits in the queue; with one that points "
        "on-premises, it loops or fails with 454 4.7.5.",
    )


def dsacls_missing(facts: Facts) -> Finding:
    """Microsoft's own command for the permissions needs dsacls.exe, which comes with RSAT."""
    return Finding(
        "dsacls.exe on the Connect server",
        [] if facts.need("dsacls") else ["dsacls.exe"],
        "Install-WindowsFeature RSAT-AD-Tools on the Connect server, if Microsoft's own command is to give the permissions. "
        "adsync_group_writeback does not need it.",
    )


def _sightings(records: t.Sequence[Json], role: str) -> list[tuple[Json, Json]]:
    return [(record, sighting) for record in records for sighting in record["servers"] if sighting["role"] == role]


def _covers(address_space: str, domain: str) -> bool:
    """Whether mail for the domain matches: the domain itself, or a wildcard above it other than ``*`` alone."""
    space = read_address_space(address_space)
    above = space.space.removeprefix("*.")
    return space.type == "SMTP" and (
        space.space == domain.lower() or (above != space.space and domain.lower().endswith(f".{above}"))
    )


def _accepted(facts: Facts) -> Json:
    for domain in facts.need("accepted_domains"):
        if domain["domain"].casefold() == facts.domain.casefold():
            return t.cast("Json", domain)
    raise NotKnown(f"{facts.domain} is no accepted domain yet: run the playbook hybrid_groups.")


def _not_written_back(facts: Facts) -> list[str]:
    """Addresses of groups in the domain that have no object on premises; empty where that was not read."""
    if facts.groups is None or facts.written_back is None:
        return []
    there = {(group["mail"] or "").casefold() for group in facts.written_back}
    mails = [group["mail"] for group in facts.groups if group["mail"] and same_domain(group["mail"], facts.domain)]
    return [mail for mail in mails if mail.casefold() not in there]


def _group(group: Json) -> Json:
    return {"name": group["display_name"] or group["name"], "mail": group["mail"], "dn": group["dn"]}
