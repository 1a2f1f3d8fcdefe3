# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Accepted domains: read, compare, create, change, remove.

An accepted domain is found by its domain name. Its display name is the administrator's to choose and need not look like
the domain; the domain itself cannot be changed once it exists, nor can ``contoso.com`` become ``*.contoso.com`` (Microsoft,
"Procedures for accepted domains in Exchange Server").
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import EXCHANGE_2016
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import domain_key

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient

TYPES = ("Authoritative", "InternalRelay", "ExternalRelay")
DEFAULT_TYPE = "Authoritative"  # New-AcceptedDomain reference, DomainType

_ALREADY_EXISTS = ("DuplicateAcceptedDomainException", "ADObjectAlreadyExistsException")


@dataclasses.dataclass(frozen=True)
class AcceptedDomain:
    """An accepted domain as it is, or as it would be."""

    domain: str
    name: str
    type: str
    default: bool
    match_subdomains: bool
    address_book_enabled: bool
    guid: str | None = None

    @classmethod
    def from_object(cls, properties: t.Mapping[str, t.Any]) -> AcceptedDomain:
        """Take one object of Get-AcceptedDomain."""
        return cls(
            domain=properties["DomainName"],
            name=properties["Name"],
            type=properties["DomainType"],
            default=properties["Default"],
            match_subdomains=bool(properties.get("MatchSubDomains")),
            address_book_enabled=properties["AddressBookEnabled"],
            guid=properties["Guid"],
        )

    def to_result(self) -> dict[str, t.Any]:
        """What a module returns and shows as a difference."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class WantedDomain:
    """What is asked for; None leaves a property as it is.

    :param domain: in the one spelling of ``normalize_domain``
    """

    domain: str
    name: str | None = None
    type: str | None = None
    default: bool | None = None
    match_subdomains: bool | None = None
    address_book_enabled: bool | None = None

    def created(self) -> AcceptedDomain:
        """The accepted domain that creating it from nothing gives."""
        # Set-AcceptedDomain reference, AddressBookEnabled: on for authoritative domains, off for relay domains.
        address_book = (self.type or DEFAULT_TYPE) == "Authoritative"
        return self.applied_to(AcceptedDomain(self.domain, self.domain, DEFAULT_TYPE, False, False, address_book))

    def applied_to(self, present: AcceptedDomain) -> AcceptedDomain:
        changes = {field: value for field, value in self._asked().items() if value is not None}
        return dataclasses.replace(present, **changes)

    def changes(self, present: AcceptedDomain) -> dict[str, t.Any]:
        """Parameters of Set-AcceptedDomain that lead from what is there to what is asked for; empty when nothing does."""
        parameters: dict[str, t.Any] = {}
        # The directory does not tell names apart by case.
        if self.name is not None and self.name.casefold() != present.name.casefold():
            parameters["Name"] = self.name
        if self.type is not None and self.type != present.type:
            parameters["DomainType"] = self.type
        if self.match_subdomains is not None and self.match_subdomains != present.match_subdomains:
            parameters["MatchSubDomains"] = self.match_subdomains
        if self.address_book_enabled is not None and self.address_book_enabled != present.address_book_enabled:
            parameters["AddressBookEnabled"] = self.address_book_enabled
        if self.default and not present.default:
            parameters["MakeDefault"] = True
        return parameters

    def _asked(self) -> dict[str, t.Any]:
        return {
            "name": self.name,
            "type": self.type,
            "default": self.default,
            "match_subdomains": self.match_subdomains,
            "address_book_enabled": self.address_book_enabled,
        }


class Outcome(t.NamedTuple):
    """The accepted domain before and after; None where it is not there. They differ in what was changed."""

    before: AcceptedDomain | None
    after: AcceptedDomain | None
    changed: bool


class AcceptedDomains:
    """The accepted domains of the organization behind a client.

    Every method raises CmdletError and SessionError as the client does, and CollectionError for what is refused here.

    :param check_mode: predict, write nothing
    """

    def __init__(self, client: ExchangeClient, *, check_mode: bool) -> None:
        self._client = client
        self._check_mode = check_mode

    def ensure_present(self, wanted: WantedDomain) -> Outcome:
        """Create the accepted domain or change it.

        Creating takes up to two cmdlets, because New-AcceptedDomain knows only name, domain and type. A run that dies
        between them leaves a domain which the next run compares and completes.
        """
        domains = self.read()
        before = _find(domains, wanted.domain)
        self._refuse_impossible(wanted, before, domains)
        if wanted.match_subdomains and not (before and before.match_subdomains):
            # Before the domain is created: the parameter belongs to the cmdlet that comes after that.
            self._client.require("match_subdomains", EXCHANGE_2016)
        if self._check_mode:
            after = wanted.applied_to(before) if before else wanted.created()
            return Outcome(before, after, before is None or bool(wanted.changes(before)))
        created = before is None and self._create(wanted)
        present = before or self._created(wanted, created)
        changes = wanted.changes(present)
        # What somebody else created in the moment between is not our change.
        before = before if created else present
        if changes:
            self._change(present, changes)
            present = self._landed(wanted)
        return Outcome(before, present, created or bool(changes))

    def ensure_absent(self, domain: str) -> Outcome:
        """Remove the accepted domain."""
        before = _find(self.read(), domain)
        if before is None:
            return Outcome(None, None, False)
        if before.default:
            raise CollectionError(
                f"domain: {domain} is the default accepted domain on {self._client.host}, and Exchange keeps one. "
                "Make another domain the default first (default: true), then remove this one."
            )
        if not self._check_mode:
            self._remove(before)
        return Outcome(before, None, True)

    def read(self) -> list[AcceptedDomain]:
        objects = self._client.invoke("Get-AcceptedDomain").objects
        self._client.stay_on(objects)
        return [AcceptedDomain.from_object(item) for item in objects]

    def _refuse_impossible(
        self, wanted: WantedDomain, before: AcceptedDomain | None, domains: t.Sequence[AcceptedDomain]
    ) -> None:
        if before is not None and before.default and wanted.default is False:
            raise CollectionError(
                f"default: {wanted.domain} is the default accepted domain on {self._client.host}, and Exchange keeps one. "
                "It stops being the default when another domain is made the default (default: true there)."
            )
        name = wanted.name or (wanted.domain if before is None else None)
        for other in domains:
            if name is not None and other != before and other.name.casefold() == name.casefold():
                raise self._name_taken(wanted, name, f"the accepted domain {other.domain}")

    def _name_taken(self, wanted: WantedDomain, name: str, owner: str) -> CollectionError:
        return CollectionError(
            f'name: {owner} on {self._client.host} already has the name "{name}", so {wanted.domain} cannot have it too. '
            "Give another name."
        )

    def _create(self, wanted: WantedDomain) -> bool:
        """Create the domain; False when the server says that there is one already."""
        parameters = {"Name": wanted.name or wanted.domain, "DomainName": wanted.domain}
        if wanted.type is not None:
            parameters["DomainType"] = wanted.type
        try:
            self._client.invoke("New-AcceptedDomain", parameters)
        except CmdletError as exc:
            if not exc.error.is_exception(*_ALREADY_EXISTS):
                raise
            return False
        return True

    def _created(self, wanted: WantedDomain, by_us: bool) -> AcceptedDomain:
        """Read back the domain that was just created, by us or by somebody else.

        :raises CollectionError: when it is not there
        """
        present = _find(self.read(), wanted.domain)
        if present is not None:
            return present
        if not by_us:
            raise self._name_taken(wanted, wanted.name or wanted.domain, "another accepted domain")
        raise CollectionError(
            f"New-AcceptedDomain on {self._client.host} reported success, but {wanted.domain} is not among the accepted "
            "domains read back. If the organization has several domain controllers, name one in domain_controller.",
            result={"changed": True},
        )

    def _change(self, present: AcceptedDomain, changes: t.Mapping[str, t.Any]) -> None:
        try:
            self._client.invoke("Set-AcceptedDomain", {"Identity": present.guid, **changes})
        except CmdletError as exc:
            if "MatchSubDomains" in changes and exc.error.is_error_id("NamedParameterNotFound"):
                raise CollectionError(
                    f"match_subdomains: {exc.host} has no such setting; it needs Exchange Server 2016 or later and the "
                    f"permission to use it. {exc}"
                ) from exc
            raise

    def _landed(self, wanted: WantedDomain) -> AcceptedDomain:
        """Read back what was written.

        :raises CollectionError: when it is not there
        """
        present = _find(self.read(), wanted.domain)
        missing = wanted.changes(present) if present else {"DomainName": wanted.domain}
        if present is None or missing:
            settings = ", ".join(f"{name} {value}" for name, value in missing.items())
            raise CollectionError(
                f"Set-AcceptedDomain on {self._client.host} reported success for {wanted.domain}, but read back it lacks: "
                f"{settings}. Somebody else may have changed it meanwhile; run again.",
                result={"changed": True},
            )
        return present

    def _remove(self, present: AcceptedDomain) -> None:
        try:
            self._client.invoke("Remove-AcceptedDomain", {"Identity": present.guid, "Confirm": False})
        except CmdletError as exc:
            # Somebody else removed it between our read and our write.
            if not exc.error.is_exception("ManagementObjectNotFoundException"):
                raise
        if _find(self.read(), domain_key(present.domain)) is not None:
            raise CollectionError(
                f"Remove-AcceptedDomain on {self._client.host} reported success, but {present.domain} is still among the "
                "accepted domains read back. Somebody else may have added it again; run again.",
                result={"changed": True},
            )


def _find(domains: t.Iterable[AcceptedDomain], domain: str) -> AcceptedDomain | None:
    return next((present for present in domains if domain_key(present.domain) == domain), None)
