# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMTP address spaces of a send connector, as the server reads, keeps and compares them.

Source: New-SendConnector reference, AddressSpaces (syntax ``AddressSpaceType:AddressSpace;AddressSpaceCost``).
"""

from __future__ import annotations

import dataclasses

from lab.exchange.smtp_domain import SmtpDomain
from lab.powershell.conversion import ConversionError, failure, to_string

TYPE_NAME = "Microsoft.Exchange.Data.AddressSpace"
_COST = range(1, 101)


@dataclasses.dataclass(frozen=True, eq=False)
class AddressSpace:
    """One address space; type and space keep the case they were typed in."""

    type: str
    address: str
    cost: int

    def __str__(self) -> str:
        return f"{self.type}:{self.address};{self.cost}"

    @property
    def is_smtp(self) -> bool:
        return self.type.upper() == "SMTP"

    def _key(self) -> tuple[str, str, int]:
        return self.type.lower(), self.address.lower(), self.cost

    def __eq__(self, other: object) -> bool:
        # assumed: same type, space and cost, in any case. So another cost is another value.
        return isinstance(other, AddressSpace) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    @classmethod
    def parse(cls, value: object) -> AddressSpace:
        """Read one; the type defaults to SMTP, the cost to 1.

        :raises ConversionError: not an address space
        """
        text = to_string(value).strip()
        prefix, colon, rest = text.partition(":")
        # An omitted type shows as lower-case "smtp" (Microsoft365DSC pull request 2212).
        kind, space = (prefix.strip(), rest) if colon else ("smtp", text)
        address, semicolon, cost = space.rpartition(";")
        if not semicolon:
            address, cost = space, "1"
        address = address.strip()
        if not kind or not address:
            # assumed: no sample of this text is public.
            raise failure(value, TYPE_NAME, f"The address space '{text}' isn't valid.")
        result = cls(kind, address, _read_cost(value, cost.strip()))
        if result.is_smtp and address != "--":  # "--": all accepted domains, on an Edge server's inbound connector
            _check_domain(value, address)
        return result


def _read_cost(value: object, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) not in _COST:
        # assumed: the range 1 to 100 is documented, the text is not.
        reason = f"The cost '{text}' isn't valid. The cost of an address space must be a number between 1 and 100."
        raise failure(value, TYPE_NAME, reason)
    return int(text)


def _check_domain(value: object, address: str) -> None:
    try:
        SmtpDomain.parse(address)
    except ConversionError:
        raise failure(value, TYPE_NAME, f'"{address}" isn\'t a valid SMTP domain.') from None
