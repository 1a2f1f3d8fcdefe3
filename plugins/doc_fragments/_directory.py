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
      - Without it, the domain's own records in DNS name one; the first that answers is taken.
      - All reading and writing of one task goes to this one server, so that nothing waits for replication.
      - The connection starts at the control node, not at the task's host.
    type: str
  directory_user:
    description:
      - Who logs on to the directory, as V(user@domain) or V(DOMAIN\\user).
      - By default the user of the task's host, and with O(directory_auth=kerberos) the owner of the ticket found.
    type: str
  directory_password:
    description:
      - Password of O(directory_user). By default that of the task's host, if the user is, too.
      - With O(directory_auth=kerberos) it gets a ticket; without it, O(directory_keytab) does, or the ticket found is used.
    type: str
  directory_ca_cert:
    description:
      - File on the control node with the certificates, in PEM form, of the authorities to trust for O(domain_controller).
      - Without it, those that the system trusts.
    type: path
  directory_port:
    description:
      - Port of the LDAP server.
      - Without it, 636 with O(directory_tls=ldaps) and 389 otherwise.
    type: int
  directory_tls:
    description:
      - How the connection is encrypted. There is no choice without encryption, and a certificate is always verified.
    type: str
    choices:
      ldaps: TLS from the first byte.
      starttls: TLS on the ordinary port.
      none: >-
        No TLS: Kerberos seals the connection. Only with O(directory_auth=kerberos). Needs C(ldap3) 2.10 or newer, and no
        certificate on the domain controller.
    default: ldaps
  directory_auth:
    description:
      - How to log on.
    type: str
    choices:
      simple: Name and password, inside TLS.
      kerberos: >-
        A ticket, bound to the TLS channel or sealing a connection without TLS. Needs the Python package C(gssapi) on the control
        node, and domain_controller by its name in the domain.
    default: simple
  directory_keytab:
    description:
      - With O(directory_auth=kerberos), file on the control node with the key of O(directory_user).
    type: path
  directory_credential_cache:
    description:
      - With O(directory_auth=kerberos), credential cache on the control node that holds a ticket, as file name or with its type,
        such as V(KEYRING:session:ansible). By default the one the environment names.
    type: str
  directory_timeout:
    description:
      - Seconds to wait for the connection and for each answer.
    type: int
    default: 10
requirements:
  - ldap3 >= 2.9.1 (2.10 with O(directory_tls=none))
  - dnspython (without O(domain_controller))
  - gssapi (with O(directory_auth=kerberos))
"""
