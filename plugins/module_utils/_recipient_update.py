# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Update-Recipient for groups that have been written back: which ones need it, in one session, one failure not stopping the rest.

Groups are found by their OU and never by recipient type, because no page says which type Exchange gives them. One that is in no
address list has not been updated yet (procedure, "New groups aren't visible in the on-premises global address list").
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _distinguished_name as dn
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient

_ALL = {"ResultSize": "Unlimited"}


@dataclasses.dataclass(frozen=True)
class Recipient:
    """A group, or another recipient that was asked for by name.

    :param has_address: it has an e-mail address, without which it cannot become a recipient
    :param is_listed: it is in an address list, or hidden from them on purpose
    """

    identity: str
    display_name: str | None = None
    has_address: bool = True
    is_listed: bool = False


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why one recipient was not updated."""

    recipient: Recipient
    message: str
    error_id: str | None = None

    def to_result(self) -> dict[str, t.Any]:
        """What a module returns."""
        return {
            "identity": self.recipient.identity,
            "display_name": self.recipient.display_name,
            "msg": self.message,
            "error_id": self.error_id,
        }


@dataclasses.dataclass
class Outcome:
    """What has become of the recipients."""

    updated: list[Recipient] = dataclasses.field(default_factory=list)
    failed: list[Failure] = dataclasses.field(default_factory=list)
    up_to_date: int = 0
    without_address: list[Recipient] = dataclasses.field(default_factory=list)


class RecipientUpdate:
    """Updates recipients.

    :param always: also those that are in an address list
    :param check_mode: predict, write nothing
    :param progress: called with how many are done and how many there are
    """

    def __init__(self, client: ExchangeClient, *, always: bool, check_mode: bool, progress: t.Callable[[int, int], None]) -> None:
        self._client = client
        self._always = always
        self._check_mode = check_mode
        self._progress = progress

    def update_unit(self, unit: str) -> Outcome:
        """Every group below an OU.

        Raises as the client, and :class:`CollectionError` as :meth:`_update`.
        """
        return self._update(self._read_unit(unit), [unit])

    def update_named(self, identities: t.Sequence[str]) -> Outcome:
        """The recipients with these distinguished names; raises as :meth:`update_unit`."""
        # One read for each container rather than for each recipient.
        units = list({dn.parse(unit): unit for unit in map(_parent, identities)}.values())
        known = {dn.parse(item.identity): item for unit in units for item in self._read_unit(unit)}
        wanted = {dn.parse(identity): identity for identity in identities}
        return self._update([known.get(key, Recipient(identity)) for key, identity in wanted.items()], units)

    def _read_unit(self, unit: str) -> list[Recipient]:
        """Groups below an OU and whatever else there is a recipient, whether it has been updated or not."""
        where = {"OrganizationalUnit": unit, **_ALL}
        groups, recipients = (
            answer.objects for answer in self._client.invoke_many([("Get-Group", where), ("Get-Recipient", where)])
        )
        self._stay(unit, [*groups, *recipients])
        found = {
            item["DistinguishedName"]: Recipient(
                item["DistinguishedName"], item.get("DisplayName") or None, bool(item.get("WindowsEmailAddress"))
            )
            for item in groups
        }
        return list({**found, **{item["DistinguishedName"]: _recipient(item) for item in recipients}}.values())

    def _stay(self, unit: str, objects: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """Stay on the domain controller that was read from, if it is one of the recipients' own domain and so can be written."""
        domain = f".{dn.dns_domain(unit)}"
        if all(str(item.get("OriginatingServer")).casefold().endswith(domain) for item in objects):
            self._client.stay_on(objects)

    def _update(self, recipients: t.Sequence[Recipient], units: t.Sequence[str]) -> Outcome:
        """Update those that need it, then read them back.

        :raises CollectionError: the session was lost; its result holds what has been done
        """
        outcome = Outcome(
            without_address=[item for item in recipients if not item.has_address],
            up_to_date=0 if self._always else sum(item.is_listed for item in recipients),
        )
        wanted = [item for item in recipients if item.has_address and (self._always or not item.is_listed)]
        if self._check_mode:
            outcome.updated = wanted
            return outcome
        try:
            for number, recipient in enumerate(wanted, 1):
                self._update_one(recipient, outcome)
                self._progress(number, len(wanted))
            if outcome.updated:
                self._read_back(outcome, units)
        except SessionError as exc:
            left = len(wanted) - len(outcome.updated) - len(outcome.failed)
            raise CollectionError(
                f"{exc} Recipients updated before that: {len(outcome.updated)}; not reached: {left}. Run again.",
                result={"changed": bool(outcome.updated), **as_result(outcome)},
            ) from exc
        return outcome

    def _update_one(self, recipient: Recipient, outcome: Outcome) -> None:
        """:raises CmdletError: the account has no such cmdlet, so that none of the others would go better

        :raises SessionError: the session is lost, and there is no other
        """
        try:
            self._invoke_update(recipient)
        except CmdletError as exc:
            if exc.error.is_error_id("CommandNotFoundException"):
                raise
            outcome.failed.append(Failure(recipient, exc.error.message.strip(), exc.error.fully_qualified_error_id))
        else:
            outcome.updated.append(recipient)

    def _invoke_update(self, recipient: Recipient) -> None:
        command = ("Update-Recipient", {"Identity": recipient.identity, "Confirm": False})
        try:
            self._client.invoke(*command)
        except SessionError:
            # Whether it was carried out is not known. Carried out twice, it does what it does once.
            self._client.invoke(*command)

    def _read_back(self, outcome: Outcome, units: t.Sequence[str]) -> None:
        # Without Get-Group, whose objects carry all members.
        reads = [("Get-Recipient", {"OrganizationalUnit": unit, **_ALL}) for unit in units]
        found = [_recipient(item) for answer in self._client.invoke_many(reads) for item in answer.objects]
        listed = {dn.parse(item.identity) for item in found if item.is_listed}
        missing = [item for item in outcome.updated if dn.parse(item.identity) not in listed]
        outcome.updated = [item for item in outcome.updated if item not in missing]
        outcome.failed += [
            Failure(item, "Update-Recipient reported success, but read back it is in no address list.") for item in missing
        ]


def _recipient(item: t.Mapping[str, t.Any]) -> Recipient:
    """Take one object of Get-Recipient."""
    in_a_list = bool(item.get("AddressListMembership")) or bool(item.get("HiddenFromAddressListsEnabled"))
    return Recipient(item["DistinguishedName"], item.get("DisplayName") or None, is_listed=in_a_list)


def as_result(outcome: Outcome) -> dict[str, t.Any]:
    """What a module returns."""
    return {
        "updated": [item.identity for item in outcome.updated],
        "failed_recipients": [failure.to_result() for failure in outcome.failed],
        "up_to_date": outcome.up_to_date,
        "without_address": [item.identity for item in outcome.without_address],
    }


def _parent(identity: str) -> str:
    """The container of an object: what follows the first separator that is not escaped."""
    position = 0
    while identity[position] != ",":
        position += 2 if identity[position] == "\\" else 1
    return identity[position + 1 :]
