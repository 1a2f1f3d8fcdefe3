# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    """How a module reaches a domain controller over LDAP."""

    DOCUMENTATION = r"""
options:
  domain_controller:
    description:
      - Name of a domain controller of the domain that holds the OU, as it stands in its certificate.
      - All reading and writing of one task goes to this one server, so that nothing waits for replication.
      - The connection starts at the control node, not at the task's host.
    type: str
    required: true
  directory_user:
    description:
      - Who logs on to the directory, as V(user@domain) or V(DOMAIN\\user).
      - By default the user of the task's host, and with O(directory_auth=kerberos) the owner of the ticket found.
    type: str
  directory_password:
    description:
      - Password of O(directory_user). By default that of the task's host, if the user is, too.
      - With O(directory_auth=kerberos) it gets a ticket; without it, the ticket found is used.
    type: str
  directory_ca_cert:
    description:
      - File on the control node with the certificates, in PEM form, of the authorities to trust for O(domain_controller).
      - Without it, those that the system trusts.
    type: path
  directory_port:
    description:
      - Port of the LDAP server.
      - Without it, 636 with O(directory_tls=ldaps) and 389 with O(directory_tls=starttls).
    type: int
  directory_tls:
    description:
      - How the connection is encrypted. There is no choice without, and the certificate is always verified.
    type: str
    choices:
      ldaps: TLS from the first byte.
      starttls: TLS on the ordinary port.
    default: ldaps
  directory_auth:
    description:
      - How to log on.
    type: str
    choices:
      simple: Name and password, inside TLS.
      kerberos: A ticket, bound to the TLS channel. Needs the Python package C(gssapi) on the control node.
    default: simple
  directory_timeout:
    description:
      - Seconds to wait for the connection and for each answer.
    type: int
    default: 10
requirements:
  - ldap3 >= 2.9.1
  - gssapi (with O(directory_auth=kerberos))
"""
