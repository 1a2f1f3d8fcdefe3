# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""SMTP domains: one spelling for comparison, and what is wrong with a bad one.

The spelling is the one of the wire: lower case, no trailing dot, international labels as A-labels (RFC 5890). Exchange
adds two wildcard forms to it: ``*.contoso.com`` for a domain's subdomains and ``*`` for every domain.
"""

from __future__ import annotations

import ipaddress
import re

try:
    import idna
except ImportError:  # comes with requests; only international names need it
    idna = None  # type: ignore[assignment]

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")  # RFC 5321 4.1.2, sub-domain
_MAX_LABEL = 63  # octets, RFC 1035 2.3.4
_MAX_DOMAIN = 253  # characters without the root's dot, RFC 1035 2.3.4
_SUBDOMAINS = "*."


def normalize_domain(text: str, *, subdomains: bool = False, any_domain: bool = False) -> str:
    """Return the domain's one spelling.

    :param subdomains: ``*.contoso.com`` is allowed
    :param any_domain: ``*`` is allowed
    :raises ValueError: with a sentence that quotes the text and says what is wrong with it
    """
    domain = text.strip()
    if domain == "*":
        if not any_domain:
            raise _invalid(text, "* stands for every domain, and one domain is needed here")
        return domain
    prefix = ""
    if domain.startswith(_SUBDOMAINS):
        if not subdomains:
            raise _invalid(text, "a wildcard is not allowed here")
        prefix, domain = _SUBDOMAINS, domain.removeprefix(_SUBDOMAINS)
    if "*" in domain:
        raise _invalid(text, "* may only stand alone or as the whole first label, as in *.contoso.com")
    if "@" in domain:
        raise _invalid(text, "it has an @; give only what stands after it")
    domain = _to_ascii(text, domain).lower().removesuffix(".")
    _check(text, domain)
    return prefix + domain


def domain_key(text: str) -> str:
    """Return the spelling by which a domain read from a server is compared; never fails."""
    try:
        return normalize_domain(text, subdomains=True, any_domain=True)
    except ValueError:
        return text.strip().lower()


def _to_ascii(text: str, domain: str) -> str:
    """Turn U-labels into A-labels; a domain in ASCII passes unchanged."""
    if domain.isascii():
        return domain
    if idna is None:
        raise _invalid(text, "international names need the Python library idna on the control node; or give it as xn--")
    try:
        # IDNA 2008 with the mapping of UTS #46, as registries and browsers do it.
        # assumed: Exchange stores A-labels; its references speak of ASCII domains only (RFC 1035).
        return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
    except idna.IDNAError as exc:
        raise _invalid(text, str(exc)) from exc


def _check(text: str, domain: str) -> None:
    if not domain:
        raise _invalid(text, "it is empty")
    if len(domain) > _MAX_DOMAIN:
        raise _invalid(text, f"it is longer than {_MAX_DOMAIN} characters")
    for label in domain.split("."):
        if not label:
            raise _invalid(text, "a label between two dots is empty")
        if len(label) > _MAX_LABEL:
            raise _invalid(text, f"the label {label} is longer than {_MAX_LABEL} characters")
        if not _LABEL.fullmatch(label):
            raise _invalid(text, f'the label "{label}" is not made of letters, digits and inner hyphens')
    if _is_address(domain):
        raise _invalid(text, "it is an IP address")


def _is_address(domain: str) -> bool:
    try:
        ipaddress.ip_address(domain)
    except ValueError:
        return False
    return True


def _invalid(text: str, reason: str) -> ValueError:
    return ValueError(f'"{text}" is not a valid SMTP domain: {reason}.')
