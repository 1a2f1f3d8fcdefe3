# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing values of attributes by their syntax, and what a search filter is to the directory."""

from __future__ import annotations

import typing as t

from lab.directory import names as directory_names
from lab.directory import security_descriptor as security
from lab.directory.schema import Attribute

Values = t.Callable[[Attribute], t.Sequence[bytes]]
"""Gives the values of an attribute that the requester may see."""
Filter = t.Callable[[Values], bool | None]
"""A test on an object: true, false or undefined (None)."""


def comparable(schema: Attribute, value: bytes) -> t.Any:
    """A value in the form its syntax is compared in; None when it is not of that syntax (RFC 4511 4.5.1.7.1: undefined)."""
    try:
        if schema.syntax == "octets":
            if schema.name == "objectSid" and value.startswith(b"S-1-"):
                return security.sid_to_bytes(value.decode())  # MS-ADTS 3.1.1.3.1.2.5: a SID may be asserted as text
            return value
        text = value.decode()
        if schema.syntax == "integer":
            return int(text)
        if schema.syntax == "dn":
            return directory_names.key(text)
    except ValueError:
        return None
    return text.casefold()
