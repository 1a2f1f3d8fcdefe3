# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Address spaces of a send connector: ``type:space;cost``.

The type is SMTP and the cost 1 where they are left out, and neither the type's case nor the domain's matters, so
``contoso.com``, ``SMTP:Contoso.com; 1`` and ``smtp:contoso.com;1`` are one address space (Set-SendConnector reference,
AddressSpaces). Exchange keeps the spelling in which a space was entered.
"""

from __future__ import annotations

import dataclasses
import re

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_domain import normalize_domain

SMTP = "SMTP"
DEFAULT_COST = 1
COSTS = range(1, 101)

_TYPE = re.compile(r"[A-Za-z0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]+")


@dataclasses.dataclass(frozen=True)
class AddressSpace:
    """One address space.

    :param type: in upper case
    :param space: an SMTP domain or wildcard in its one spelling; the address in lower case for other types
    :param cost: 1 to 100, lower wins; None where the text named none
    :param text: as written, by the user or by the server
    """

    type: str
    space: str
    cost: int | None
    text: str = dataclasses.field(compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What two address spaces have in common when they route the same mail; the cost is not part of it."""
        return self.type, self.space

    def costs_as(self, wanted: AddressSpace) -> bool:
        """True when this space, read from a server, has the cost that is wanted; one that names no cost takes any."""
        return wanted.cost is None or self.effective_cost == wanted.cost

    @property
    def effective_cost(self) -> int:
        return DEFAULT_COST if self.cost is None else self.cost

    def __str__(self) -> str:
        return f"{self.type}:{self.space};{self.effective_cost}"


def parse_address_space(text: str) -> AddressSpace:
    """Read what a user wrote.

    :raises ValueError: with a sentence that quotes the text and says what is wrong with it
    """
    kind, address, cost = _split(text)
    if cost is not None and not (_NUMBER.fullmatch(cost) and int(cost) in COSTS):
        raise _invalid(text, f'the cost "{cost}" is not a whole number from {COSTS.start} to {COSTS.stop - 1}')
    if not _TYPE.fullmatch(kind):
        raise _invalid(text, f'the type "{kind}" is not made of letters and digits')
    if not address:
        raise _invalid(text, "it names no domain")
    if kind == SMTP:
        try:
            address = normalize_domain(address, subdomains=True, any_domain=True)
        except ValueError as exc:
            raise _invalid(text, str(exc).removesuffix(".")) from exc
    return AddressSpace(kind, address.lower(), None if cost is None else int(cost), text)


def read_address_space(text: str) -> AddressSpace:
    """Read what a server wrote; a form we do not know (such as EdgeSync's ``--``) is kept, never refused."""
    try:
        return parse_address_space(text)
    except ValueError:
        kind, address, cost = _split(text)
        known = cost is not None and _NUMBER.fullmatch(cost)
        return AddressSpace(kind, address.lower(), int(cost) if cost is not None and known else None, text)


def _split(text: str) -> tuple[str, str, str | None]:
    """Return type, address and cost; an address of another type than SMTP may hold semicolons itself."""
    kind, colon, rest = text.partition(":")
    if not colon:
        kind, rest = SMTP, text
    kind = kind.strip().upper()
    if kind == SMTP:
        address, semicolon, cost = rest.partition(";")
        return kind, address.strip(), cost.strip() if semicolon else None
    address, semicolon, cost = rest.rpartition(";")
    if semicolon and _NUMBER.fullmatch(cost.strip()):
        return kind, address.strip(), cost.strip()
    return kind, rest.strip(), None


def _invalid(text: str, reason: str) -> ValueError:
    return ValueError(f'"{text}" is not a valid address space: {reason}.')
