# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

from __future__ import annotations


class ModuleDocFragment:
    """Options of everything that talks to Microsoft Graph; the spec is module_utils/_graph.py, graph_argument_spec()."""

    DOCUMENTATION = r"""
options:
  tenant_id:
    description:
      - The tenant's ID, or one of its domains such as V(contoso.onmicrosoft.com).
      - If not set, the environment variable E(M365_TENANT_ID) is used.
    type: str
  client_id:
    description:
      - The ID of the application (app registration) to sign in as.
      - If not set, the environment variable E(M365_CLIENT_ID) is used.
    type: str
  client_secret:
    description:
      - The application's client secret.
      - If not set, the environment variable E(M365_CLIENT_SECRET) is used.
    type: str
  cloud:
    description:
      - The cloud the tenant lives in. It decides where to sign in and where Microsoft Graph is.
      - V(us_government_l4) is GCC High, V(us_government_l5) is DoD, V(china) is operated by 21Vianet.
    type: str
    choices:
      - global
      - us_government_l4
      - us_government_l5
      - china
    default: global
  authority_url:
    description:
      - Address to sign in at, without the tenant, instead of that of O(cloud).
    type: str
  graph_url:
    description:
      - Address of Microsoft Graph instead of that of O(cloud).
    type: str
  graph_ca_cert:
    description:
      - File on the control node with the CA certificates (PEM) to trust for O(authority_url) and O(graph_url).
      - If not set, the CAs that come with Python's certifi are trusted. The environment's C(REQUESTS_CA_BUNDLE) is not used.
    type: path
  graph_timeout:
    description:
      - Seconds that one request to Microsoft Graph may take, repeats after throttling or lost connections included.
    type: int
    default: 60
requirements:
  - msal
  - requests
"""
