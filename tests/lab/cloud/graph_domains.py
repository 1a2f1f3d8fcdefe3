# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain operations of Microsoft Graph change: create, update, verify, delete."""

from __future__ import annotations

import re
import typing as t

import dns.rdata
import dns.rdtypes.ANY.TXT

from lab.cloud.graph_errors import GraphError
from lab.cloud.tenant import Domain, TenantState

if t.TYPE_CHECKING:
    from lab.dns.zones import DnsState

# Domain resource type: "The values which you can add/remove using Graph API".
CHANGEABLE_SERVICES = frozenset({"Email", "OfficeCommunicationsOnline", "Yammer"})
UPDATABLE = frozenset({"isDefault", "supportedServices"})
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HOST_NAME = re.compile(rf"(?:{LABEL}\.)+{LABEL}")
MAX_NAME_LENGTH = 253


class DomainRequests:
    """The writing side of /domains."""

    def __init__(self, tenant: TenantState, dns_state: DnsState) -> None:
        self._tenant = tenant
        self._dns = dns_state

    def find(self, name: str) -> Domain:
        """The domain of this name.

        :raises GraphError: 404
        """
        try:
            return self._tenant.domains[name.lower()]
        except KeyError:
            raise GraphError.no_resource(name) from None

    def create(self, body: dict[str, t.Any]) -> Domain:
        """Create domain: ``id`` is the only property. A subdomain of a verified root is verified at once.

        # assumed: the texts of the refusals, and 400 for a domain that is there already.
        """
        if set(body) != {"id"} or not isinstance(body["id"], str):
            raise GraphError.bad_request("The id property is required and the only one that can be specified.")
        name = body["id"].lower()
        if len(name) > MAX_NAME_LENGTH or not HOST_NAME.fullmatch(name):
            raise GraphError.bad_request(f"Invalid value specified for property 'id' of resource 'Domain': {name}.")
        if name in self._tenant.domains:
            raise GraphError.bad_request(
                "A conflicting object with one or more of the specified property values is present in the directory."
            )
        domain = Domain(name, verified=self._tenant.verified_root_of(name) is not None)
        self._tenant.domains[name] = domain
        return domain

    def update(self, name: str, body: dict[str, t.Any]) -> None:
        """Update domain: only verified domains can be updated. The list of services given replaces the present one."""
        domain = self.find(name)
        if not domain.verified:
            raise GraphError.bad_request("Only verified domains can be updated.")  # assumed: the text
        if unknown := set(body) - UPDATABLE:
            raise GraphError.bad_request(f"Property '{min(unknown)}' is read-only and cannot be set.")  # assumed: text
        services = body.get("supportedServices", domain.services)
        if not isinstance(services, list) or not all(isinstance(service, str) for service in services):
            raise GraphError.unreadable()
        if fixed := (set(services) ^ set(domain.services)) - CHANGEABLE_SERVICES:
            raise GraphError.bad_request(f"Service '{min(fixed)}' cannot be added or removed.")  # assumed: text
        if body.get("isDefault", domain.default) is False and domain.default:
            raise GraphError.bad_request("The default domain is changed by making another one the default.")  # assumed: text
        domain.services = list(dict.fromkeys(services))
        if body.get("isDefault"):
            for other in self._tenant.domains.values():
                other.default = other is domain

    def verify(self, name: str) -> Domain:
        """Verify: looks for the TXT record in public DNS. Verifying a root verifies its subdomains.

        # assumed: the status and code; both messages begin as scripts expect them of Microsoft's own cmdlet.
        """
        domain = self.find(name)
        if domain.verified:
            raise GraphError.bad_request("Domain is already verified.")
        if not self._record_seen(domain):
            raise GraphError.bad_request(
                "Domain verification failed with the following error: 'The DNS record to verify the domain was not "
                f"found.' Domain: {domain.name}."
            )
        domain.verified = True
        domain.root = not self._is_subdomain(domain)
        if domain.root:
            for other in self._tenant.domains.values():
                other.verified = other.verified or other.name.endswith(f".{domain.name}")
        return domain

    def delete(self, name: str) -> None:
        """Delete domain.

        # assumed: texts; that the initial and the default domain, and a domain with subdomains, are refused.
        """
        domain = self.find(name)
        if domain.initial or domain.default:
            raise GraphError.bad_request("The initial and the default domain cannot be deleted.")
        if any(other.endswith(f".{domain.name}") for other in self._tenant.domains):
            raise GraphError.bad_request("A domain with subdomains cannot be deleted.")
        del self._tenant.domains[domain.name]

    def _is_subdomain(self, domain: Domain) -> bool:
        """Whether the tenant has a domain above this one."""
        return any(domain.name.endswith(f".{other}") for other in self._tenant.domains)

    def _record_seen(self, domain: Domain) -> bool:
        if self._tenant.unseen_verifications > 0:
            self._tenant.unseen_verifications -= 1
            return False
        return any(_text(value) == domain.verification_text for value in self._dns.values(domain.name, "TXT"))


def _text(value: str) -> str:
    """The text of a TXT record in master file form; its strings belong together (RFC 7208 3.3 has the custom)."""
    rdata = t.cast("dns.rdtypes.ANY.TXT.TXT", dns.rdata.from_text("IN", "TXT", value))
    return b"".join(rdata.strings).decode(errors="replace")
