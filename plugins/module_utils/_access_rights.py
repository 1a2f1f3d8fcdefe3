# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Rights on directory objects, and those that group writeback needs.

Microsoft documents the needed ones ("Configure AD DS connector account permissions", Group writeback): read, write, create,
delete and delete tree on group objects. Creating needs a right on the parent, for the class of the new object (MS-ADTS
3.1.1.5.2.1).
"""

from __future__ import annotations

import dataclasses
import enum
import uuid

GROUP_CLASS = uuid.UUID("bf967a9c-0de6-11d0-a285-00aa003049e2")  # schemaIDGUID of the class group (MS-ADSC)

# Rights on directory objects (MS-ADTS 5.1.3.2).
CREATE_CHILD = 0x1
DELETE_CHILD = 0x2
LIST_CHILDREN = 0x4
SELF_WRITE = 0x8
READ_PROPERTY = 0x10
WRITE_PROPERTY = 0x20
DELETE_TREE = 0x40
LIST_OBJECT = 0x80
DELETE = 0x10000
READ_CONTROL = 0x20000

_GENERIC_RIGHTS = {
    0x10000000: 0xF01FF,  # GENERIC_ALL
    0x80000000: READ_CONTROL | LIST_CHILDREN | READ_PROPERTY | LIST_OBJECT,  # GENERIC_READ
    0x40000000: READ_CONTROL | SELF_WRITE | WRITE_PROPERTY,  # GENERIC_WRITE
    0x20000000: READ_CONTROL | LIST_CHILDREN,  # GENERIC_EXECUTE
}
READ = _GENERIC_RIGHTS[0x80000000]
WRITE = _GENERIC_RIGHTS[0x40000000]


def expand_generic(mask: int) -> int:
    """Replace generic rights by what they stand for on directory objects (MS-ADTS 5.1.3.2)."""
    for generic, rights in _GENERIC_RIGHTS.items():
        if mask & generic:
            mask = mask & ~generic | rights
    return mask


class Place(enum.Enum):
    """Where a right is exercised."""

    OU = "the OU itself"
    GROUPS = "group objects below the OU"


@dataclasses.dataclass(frozen=True)
class Right:
    """Something the connector account must be able to do.

    :param essential: False when writeback works without it as long as the other rights are there
    """

    name: str
    mask: int
    place: Place
    essential: bool = True


# Delete on the group is enough to delete it, so delete child on the OU is not essential (MS-ADTS 3.1.1.5.5). It is often
# denied to everybody: protecting an object below the OU from accidental deletion does that.
RIGHTS = (
    Right("create groups", CREATE_CHILD, Place.OU),
    Right("delete groups from the OU", DELETE_CHILD, Place.OU, essential=False),
    Right("read groups", READ, Place.GROUPS),
    Right("change groups", WRITE, Place.GROUPS),
    Right("delete groups", DELETE, Place.GROUPS),
    Right("delete groups with what is below them", DELETE_TREE, Place.GROUPS),
)
