# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules that deal with a group domain's DNS records."""

    DOCUMENTATION = r"""
options:
  records:
    description:
      - The records to have.
      - V(mx) delivers the domain's mail to Microsoft 365.
      - V(autodiscover) is the CNAME that lets Outlook find the groups.
      - V(verification) is the TXT record that proves the domain's ownership.
      - V(spf) is the TXT record that lets Microsoft 365 send for the domain. A domain has one SPF record at most, so an
        existing one gets Microsoft 365's host among its terms. A new one lets nobody else send.
    type: list
    elements: str
    choices:
      - mx
      - autodiscover
      - verification
      - spf
    default:
      - mx
      - autodiscover
  mx_preference:
    description:
      - Preference of the MX. If not set, a new MX gets what the tenant says, or V(0), and an existing one may have any.
    type: int
  additive:
    description:
      - MX records that point elsewhere may stand beside the wanted one, such as those of a mail filter.
      - Mail goes to the lowest preference first, so give O(mx_preference) accordingly.
    type: bool
    default: false
  autodiscover_host:
    description:
      - The host the autodiscover CNAME points to.
      - If not set, what the tenant says where it is asked, else V(autodiscover.outlook.com) with O(cloud=global). Other
        clouds have hosts of their own, so the tenant is asked there.
    type: str
  spf_host:
    description:
      - The host that the SPF record includes.
      - If not set, what the tenant says where it is asked, else V(spf.protection.outlook.com) with O(cloud=global).
    type: str
  ttl:
    description:
      - TTL of the records in seconds. If not set, new records get what the tenant says, or V(3600), and existing ones may
        have any.
    type: int
  name_servers:
    description:
      - The authoritative servers to compare with and wait for, each C(address) or C(address:port).
      - If not set, the zone's own, by its NS records.
    type: list
    elements: str
  resolvers:
    description:
      - Resolvers that must show the records too, each C(address) or C(address:port).
      - If not set, the control node's own are asked and reported, but not waited for. An empty list asks none.
      - Resolvers are asked once all authoritative servers have the records, so that they do not remember their absence.
    type: list
    elements: str
  internal_servers:
    description:
      - The DNS servers that on-premises Exchange servers use, each C(address) or C(address:port).
      - One that answers from an internal zone (split horizon) is reported, with what it lacks.
      - One that has no such zone must show the public records, as a resolver does.
    type: list
    elements: str
  dns_port:
    description:
      - Port of servers that are found by NS records or given without a port.
    type: int
    default: 53
  timeout:
    description:
      - Seconds to wait for one answer. A question is tried twice by UDP and once by TCP.
    type: float
    default: 3
  concurrency:
    description:
      - How many questions are under way at once.
    type: int
    default: 32
requirements:
  - dnspython
"""
