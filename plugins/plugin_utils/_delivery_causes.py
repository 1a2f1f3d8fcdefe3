# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Why a mail from an on-premises mailbox did not reach a Microsoft 365 group: the symptom and the configuration tell together.

Sources: "Set up Microsoft 365 Groups with on-premises Exchange hybrid" (notes and known issues), "Email delivery to a Microsoft
365 group fails" (SupportArticles), "Non-delivery reports in Exchange Online", "Connector selection in external message routing".
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

Json = t.Mapping[str, t.Any]

_STATUS = re.compile(r"\b([45]\.\d{1,3}\.\d{1,3})\b")
_HOST = re.compile(r"\{FQDN=([^{}]*)\}")
_CLOUD = (".mail.protection.outlook.com", ".mx.microsoft", ".mail.protection.office365.us", ".mail.protection.partner.outlook.cn")
RELAY_TYPE = "InternalRelay"


@dataclasses.dataclass(frozen=True)
class Cause:
    """What is wrong.

    :ivar id: for programs
    :ivar place: where on the mail's way, as hybrid_report draws it
    """

    id: str
    place: str
    explanation: str
    remedy: str


def status_code(response: str) -> str:
    """The enhanced status code in an SMTP reply, such as ``5.7.133`` (RFC 3463); "" when there is none."""
    match = _STATUS.search(response)
    return match[1] if match else ""


def cause_of_failure(response: str, flow: Json, domain: str, *, host: str = "") -> Cause:
    """What a refusal or a last error means with the configuration as it stands.

    :param flow: as exchange_mail_flow_info returns it; {} when it could not be read
    :param host: the other server
    """
    code = status_code(response)
    find = _BY_CODE.get(code)
    if find is not None:
        return find(flow, domain, host)
    said = f"the answer was: {response}" if response else "nothing tells why"
    return Cause(
        "unknown",
        "to_tenant",
        f"The mail was not delivered; {said}.",
        "Look the answer up in Microsoft's list of non-delivery reports, and run Get-MessageTrackingLog with the message id.",
    )


def cause_of_queue(queued: Json, flow: Json, domain: str) -> Cause:
    """Why a message waits in a queue."""
    if str(queued.get("delivery_type")).lower() == "unreachable":
        return _no_connector(flow, domain)
    error = str(queued.get("last_error") or "")
    match = _HOST.search(error)
    return cause_of_failure(str(queued.get("response") or error), flow, domain, host=match[1] if match else "")


def wrong_connector(name: str, flow: Json, domain: str) -> Cause:
    """It left by another connector than the hybrid one, so as anybody's mail from the internet."""
    hybrid = (flow.get("hybrid_connector") or {}).get("name", "the hybrid Send connector")
    return Cause(
        "address_space_missing",
        "to_connector",
        f"Mail for {domain} leaves by {name} as Internet mail and not by {hybrid}, whose address spaces lack the domain. "
        "Exchange Online takes such a sender for anonymous and delivers only to groups that allow external senders.",
        _ADD_SPACE.format(domain=domain, connector=hybrid),
    )


def loop(flow: Json, domain: str) -> Cause:
    """The message came back again and again."""
    hybrid = flow.get("hybrid_connector") or {}
    edges = ", ".join(hybrid.get("edge_sources") or ())
    if edges:
        return Cause(
            "edge_source",
            "connector",
            f"The mail loops: {edges}, an Edge Transport server, is source of {hybrid['name']}. It hands mail for the accepted "
            f"domain {domain} back to the Mailbox servers.",
            f"Make Mailbox servers the source servers of {hybrid['name']} instead (exchange_send_connector, "
            "source_transport_servers).",
        )
    return _mx_on_premises(flow, domain, "")


_ADD_SPACE = (
    "Add {domain} to the address spaces of {connector}: run the role configure (step send_connector). The Hybrid Configuration "
    "Wizard takes the domain out again each time it runs."
)


def _not_found(flow: Json, domain: str, _host: str) -> Cause:
    accepted = flow.get("accepted_domain") or {}
    if accepted.get("type") == "Authoritative":
        return Cause(
            "authoritative_not_written_back",
            "on_premises",
            f"Exchange did not find the group: {domain} is an Authoritative accepted domain, and the group has not been written "
            "back to the directory yet, so the mail was not sent on to Microsoft 365.",
            f"Make {domain} an internal relay domain: run the role configure (step accepted_domain). Waiting for the next "
            "synchronization helps this group only.",
        )
    return Cause(
        "recipient_not_found",
        "to_group",
        "The group's address is not known where the mail was to be delivered.",
        "Check that the address is the group's primary one; a secondary address is not written back.",
    )


def _not_authenticated(flow: Json, domain: str, host: str) -> Cause:
    hybrid = flow.get("hybrid_connector") or {}
    if flow and not flow.get("accepted_domain"):
        return Cause(
            "domain_not_accepted",
            "on_premises",
            f"{domain} is not an accepted domain of the Exchange organization, so the mail reached Microsoft 365 as that of an "
            "anonymous sender, whom the group does not take mail from.",
            f"Add {domain} as an accepted domain of type {RELAY_TYPE}: run the role configure (step accepted_domain).",
        )
    if flow and flow.get("carrier") != hybrid.get("name"):
        return wrong_connector(str(flow.get("carrier") or "another connector"), flow, domain)
    return _not_attributed(flow, domain, host)


def _not_attributed(flow: Json, _domain: str, _host: str) -> Cause:
    """Exchange Online did not know the connector for the organization's."""
    hybrid = flow.get("hybrid_connector") or {}
    name = hybrid.get("name", "the hybrid Send connector")
    if hybrid.get("certificate") != hybrid.get("wizards_certificate"):
        return Cause(
            "connector_certificate",
            "connector",
            f"{name} shows the certificate {hybrid.get('certificate') or 'none'}, and the hybrid configuration names "
            f"{hybrid.get('wizards_certificate') or 'none'}. Exchange Online does not know the mail for the organization's and "
            "took its sender for anonymous.",
            f"Set TlsCertificateName of {name} to the hybrid configuration's certificate (exchange_send_connector), or run the "
            "Hybrid Configuration Wizard.",
        )
    if hybrid and not hybrid.get("cloud_services_mail"):
        return Cause(
            "cloud_services_mail",
            "connector",
            f"CloudServicesMailEnabled is off on {name}, so how the sender was authenticated is not told to Microsoft 365.",
            f"Set CloudServicesMailEnabled of {name} to true (exchange_send_connector), or run the Hybrid Configuration Wizard.",
        )
    return Cause(
        "inbound_connector",
        "tenant",
        "Exchange Online took the sender for anonymous, although the mail left by the hybrid connector with its certificate.",
        "In Exchange Online PowerShell, check Get-InboundConnector: Enabled and CloudServicesMailEnabled are true, and "
        "TlsSenderCertificateName is the name of the connector's certificate.",
    )


def _no_such_domain(_flow: Json, domain: str, _host: str) -> Cause:
    return Cause(
        "mx_not_resolvable",
        "to_tenant",
        f"The Exchange servers cannot resolve the MX record of {domain}: their name servers do not know it.",
        f"Add the MX record of {domain} to the internal DNS zone as well, or let the internal name servers ask public DNS for "
        "it (split DNS). Then run Retry-Queue, or wait.",
    )


def _certificate_validation(flow: Json, domain: str, host: str) -> Cause:
    if host and host.lower().endswith(_CLOUD):
        return Cause(
            "certificate_not_trusted",
            "to_tenant",
            f"The Exchange server does not trust the certificate of {host}.",
            "Install the root certificates that Exchange Online uses, and check that TLS is not intercepted on the way.",
        )
    return _mx_on_premises(flow, domain, host)


def _mx_on_premises(_flow: Json, domain: str, host: str) -> Cause:
    where = f" It leads to {host}." if host else ""
    return Cause(
        "mx_on_premises",
        "to_tenant",
        f"The MX record of {domain}, as the Exchange servers see it, does not lead to Microsoft 365.{where} The connector will "
        "not hand over mail to a server without the certificate of Microsoft 365.",
        f"Let the MX record of {domain} lead to the host that Microsoft 365 names, also in internal DNS: run the role configure "
        "(step dns_records).",
    )


def _not_in_tenant(_flow: Json, domain: str, _host: str) -> Cause:
    return Cause(
        "domain_not_in_tenant",
        "tenant",
        f"Microsoft 365 does not take mail for {domain}: the domain is not verified in the tenant, or not used for mail.",
        f"Run the role configure (step tenant_domain), and see that {domain} has the service Email.",
    )


def _loop(flow: Json, domain: str, _host: str) -> Cause:
    return loop(flow, domain)


def _not_allowed(_flow: Json, _domain: str, _host: str) -> Cause:
    return Cause(
        "sender_not_allowed",
        "group",
        "The group takes mail from certain senders only, and the mailbox is none of them.",
        "Test with another mailbox, or let the group's owner allow this one.",
    )


def _no_connector(flow: Json, domain: str) -> Cause:
    hybrid = (flow.get("hybrid_connector") or {}).get("name", "the hybrid Send connector")
    return Cause(
        "no_connector",
        "to_connector",
        f"No Send connector has an address space for {domain}, so the mail waits in the queue Unreachable. No report is sent "
        "before it expires, by default after two days.",
        _ADD_SPACE.format(domain=domain, connector=hybrid),
    )


_BY_CODE: dict[str, t.Callable[[Json, str, str], Cause]] = {
    "5.1.1": _not_found,
    "5.1.10": _not_found,
    "5.4.1": _not_in_tenant,
    "5.4.4": _no_such_domain,
    "4.4.312": _no_such_domain,
    "5.4.6": _loop,
    "5.4.14": _loop,
    "4.7.5": _certificate_validation,
    "5.7.64": _not_attributed,
    "5.7.124": _not_allowed,
    "5.7.133": _not_authenticated,
}
