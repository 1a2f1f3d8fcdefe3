# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access rules over LDAP, for who prepares a domain controller and for who looks at it afterwards."""

from __future__ import annotations

import typing as t
import warnings

from lab import contoso
from lab.directory import security_descriptor as security
from lab.directory.schema import CLASSES
from lab.directory.security_descriptor import Ace, SecurityDescriptor

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.protocol.microsoft import security_descriptor_control

SD = "nTSecurityDescriptor"
GROUP = CLASSES["group"].guid
CREATE = "(OA;CI;CCDC;{group};;{sid})"
"""The rule to create and delete groups, as the text :func:`add_rules` takes."""
CHANGE = "(OA;CIIO;CCDCLCSWRPWPDTLOSDRC;;{group};{sid})"
"""The rule that Microsoft's cmdlet writes: inherited by groups only."""


def code(connection: ldap3.Connection) -> int:
    """The last operation's result code."""
    return int(connection.result["result"])


def read(connection: ldap3.Connection, dn: str, *attributes: str, control: t.Any = None) -> dict[str, list[bytes]]:
    """Attributes of an object."""
    connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=list(attributes), controls=control)
    _expect_success(connection)
    return {name: values for name, values in connection.response[0]["raw_attributes"].items() if values}


def sid_of(connection: ldap3.Connection, account: str) -> str:
    """An account's SID, by its sAMAccountName."""
    connection.search(contoso.BASE_DN, f"(sAMAccountName={account})", attributes=["objectSid"])
    [entry] = [entry for entry in connection.response if entry["type"] == "searchResEntry"]
    return security.read_sid(entry["raw_attributes"]["objectSid"][0])[0]


def dacl(connection: ldap3.Connection, dn: str = contoso.WRITEBACK_OU) -> list[Ace]:
    """An object's access rules."""
    return descriptor(connection, dn).dacl or []


def descriptor(connection: ldap3.Connection, dn: str = contoso.WRITEBACK_OU) -> SecurityDescriptor:
    value = read(connection, dn, SD, control=security_descriptor_control(criticality=True, sdflags=security.DACL))[SD][0]
    return SecurityDescriptor.from_bytes(value)


def explicit(connection: ldap3.Connection, dn: str = contoso.WRITEBACK_OU) -> list[Ace]:
    """The object's own rules as a multiset: a DC may have sorted them."""
    return sorted((ace for ace in dacl(connection, dn) if not ace.inherited), key=Ace.to_bytes)


def write_dacl(connection: ldap3.Connection, aces: list[Ace], dn: str = contoso.WRITEBACK_OU, *, protected: bool = False) -> int:
    """Replace an object's access rules; returns the result code.

    :param protected: the object takes none from above
    """
    control = security.SELF_RELATIVE | security.DACL_AUTO_INHERITED | (security.DACL_PROTECTED if protected else 0)
    value = SecurityDescriptor(control, dacl=aces).to_bytes(security.DACL)
    sd_flags = security_descriptor_control(criticality=True, sdflags=security.DACL)
    connection.modify(dn, {SD: [(ldap3.MODIFY_REPLACE, [value])]}, controls=sd_flags)
    return code(connection)


def add_rules(
    connection: ldap3.Connection,
    *rules: str,
    account: str = contoso.CONNECTOR_ACCOUNT,
    dn: str = contoso.WRITEBACK_OU,
) -> None:
    """Put rules before those an object has.

    :param rules: SDDL, with ``{group}`` for the class and ``{sid}`` for the account
    """
    sid = sid_of(connection, account)
    added = [Ace.from_sddl(rule.format(group=GROUP, sid=sid), contoso.DOMAIN_SID) for rule in rules]
    write_dacl(connection, [*added, *dacl(connection, dn)], dn)
    _expect_success(connection)


def _expect_success(connection: ldap3.Connection) -> None:
    if code(connection):
        raise RuntimeError(f"{connection.result['description']}: {connection.result['message']}")
