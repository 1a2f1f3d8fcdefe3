# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Sender Policy Framework records: whether one lets a provider send, and how it is changed so that it does (RFC 7208)."""

from __future__ import annotations

import re

VERSION = "v=spf1"
NEW_POLICY = "-all"
"""What ends a new record: nobody else sends ("Set up SPF to identify valid email sources", Microsoft 365)."""

_QUALIFIERS = "+-~?"
_PASSING = "+"
_MODIFIER = re.compile(r"[a-z][a-z0-9_.-]*=", re.IGNORECASE)  # RFC 7208 12


def is_spf(text: str) -> bool:
    """True for the SPF record among a name's TXT records (RFC 7208 4.5)."""
    return text.lower() == VERSION or text.lower().startswith(f"{VERSION} ")


def new_record(host: str) -> str:
    """A record for a domain that has none."""
    return f"{VERSION} include:{host} {NEW_POLICY}"


def includes(text: str, host: str) -> bool:
    """True when the record passes what the host's record passes: such a term stands before what ends the evaluation."""
    for term in text.split()[1:]:
        if _is_include(term, host):
            return _qualifier(term) == _PASSING
        if _is_all(term):
            return False
    return False


def with_include(text: str, host: str) -> str:
    """The record with the host included before its ``all`` and before its modifiers (RFC 7208 4.6, 5.1); the rest stays."""
    if includes(text, host):
        return text
    terms = [term for term in text.split() if not _is_include(term, host)]
    ends = (place for place, term in enumerate(terms) if place and (_is_all(term) or _MODIFIER.match(term)))
    end = next(ends, len(terms))
    return " ".join([*terms[:end], f"include:{host}", *terms[end:]])


def without_include(text: str, host: str) -> str | None:
    """The record without the host; None when nothing is left but what :func:`new_record` puts around it."""
    left = " ".join(term for term in text.split() if not _is_include(term, host))
    return None if left.lower() in (VERSION, f"{VERSION} {NEW_POLICY}") else left


def first_include(text: str) -> str | None:
    """The host of the record's first ``include``."""
    mechanisms = (_mechanism(term) for term in text.split())
    return next((mechanism.partition(":")[2] for mechanism in mechanisms if mechanism.startswith("include:")), None)


def _qualifier(term: str) -> str:
    return term[0] if term[0] in _QUALIFIERS else _PASSING


def _mechanism(term: str) -> str:
    return term.lstrip(_QUALIFIERS).lower()


def _is_all(term: str) -> bool:
    return _mechanism(term) == "all"


def _is_include(term: str, host: str) -> bool:
    return _mechanism(term).rstrip(".") == f"include:{host.lower()}"
