# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Finding the domain controllers of a domain by DNS (MS-ADTS 6.3.2.3: SRV records)."""

from __future__ import annotations

import random
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import DirectoryError

try:
    import dns.exception
    import dns.resolver
except ImportError:
    dns = None  # type: ignore[assignment]

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    class _Record(t.Protocol):
        priority: int
        weight: int
        target: t.Any


def find_domain_controllers(domain: str) -> list[str]:
    """Their names, in the order to try them.

    :raises DirectoryError: DNS names none
    """
    name = f"_ldap._tcp.dc._msdcs.{domain}"
    way_out = "Name one in domain_controller."
    if dns is None:
        raise DirectoryError(f"domain_controller: finding one by DNS needs the Python package dnspython. {way_out}")
    try:
        answer = dns.resolver.resolve(name, "SRV", search=False)
    except dns.exception.DNSException as exc:
        problem = " ".join(str(exc).split())
        raise DirectoryError(f"domain_controller: DNS names none for {domain} ({name}): {problem} {way_out}") from exc
    return [record.target.to_text(omit_final_dot=True) for record in in_order(answer)]


def in_order(records: Iterable[_Record]) -> list[_Record]:
    """By priority; among equals at random, in proportion to their weights (RFC 2782, "Weight")."""
    # A key that is exponentially distributed with the weight as its rate is smallest in proportion to the weight.
    return sorted(records, key=lambda item: (item.priority, random.expovariate(item.weight or 0.01)))
