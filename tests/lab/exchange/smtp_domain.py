# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SMTP domain names as Exchange accepts them: ``contoso.com``, ``*.contoso.com`` and ``*``.

Sources: New-AcceptedDomain reference, DomainName (wildcard in front only, length); RFC 1035 2.3.1 for the labels.
"""

from __future__ import annotations

import dataclasses
import re

from lab.powershell.conversion import failure, to_string

TYPE_NAME = "Microsoft.Exchange.Data.SmtpDomainWithSubdomains"
# assumed: ASCII only, so an internationalized domain is given in its xn-- form; the underscore is refused.
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MAX_LENGTH = 256


@dataclasses.dataclass(frozen=True)
class SmtpDomain:
    """A domain, with or without its subdomains, in the case it was typed in."""

    address: str

    def __str__(self) -> str:
        return self.address

    @property
    def is_star(self) -> bool:
        return self.address == "*"

    @property
    def include_subdomains(self) -> bool:
        return self.address.startswith("*")

    @property
    def domain(self) -> str:
        return self.address.removeprefix("*.")

    @classmethod
    def parse(cls, value: object) -> SmtpDomain:
        """Read one.

        :raises ConversionError: with Exchange's text ``"x" isn't a valid SMTP domain.``
        """
        text = to_string(value)
        domain = cls(text)
        valid = domain.is_star or (
            len(text) <= _MAX_LENGTH and all(_LABEL.fullmatch(label) for label in domain.domain.split("."))
        )
        if not valid:
            raise failure(value, TYPE_NAME, f'"{text}" isn\'t a valid SMTP domain.')
        return domain


def is_host_name(text: str) -> bool:
    """A fully qualified or single-label host name."""
    return len(text) <= _MAX_LENGTH and all(_LABEL.fullmatch(label) for label in text.split("."))
