#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_organization_info
short_description: Read servers, versions and hybrid configuration of an Exchange organization
version_added: 0.1.0
description:
  - Reads what the prerequisites of Microsoft 365 Groups with on-premises Exchange hybrid ask for. These are the version of every
    Exchange server, and whether a hybrid deployment has been configured.
  - Whether a server is supported is told, not enforced. The module does not fail on it.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._exchange
options:
  cumulative_updates:
    description:
      - Cumulative updates that came out after the collection's table, or that it has wrong.
      - One of the same product and name takes the place of the table's.
    type: list
    elements: dict
    default: []
    suboptions:
      product:
        description: The product.
        type: str
        required: true
        choices:
          - Exchange Server 2013
          - Exchange Server 2016
          - Exchange Server 2019
          - Exchange Server SE
      name:
        description: The name, such as V(CU1).
        type: str
        required: true
      build:
        description: The first build of it, without security updates.
        type: str
        required: true
  cumulative_updates_date:
    description:
      - Up to when O(cumulative_updates) is complete. The sentences of RV(servers[].reason) say so.
    type: str
notes:
  - The user needs the Exchange role C(View-Only Configuration), which Organization Management and View-Only Organization
    Management hold.
  - Exchange tells the cumulative update of a server but usually not its security updates.
  - For an Edge Transport server, the version is the one it had when it was subscribed.
seealso:
  - module: exchange.hybrid_groups.exchange_accepted_domain
  - module: exchange.hybrid_groups.exchange_send_connector
  - name: Exchange Server build numbers and release dates
    description: The table that cumulative updates are told by.
    link: https://learn.microsoft.com/exchange/new-features/build-numbers-and-release-dates
"""

EXAMPLES = r"""
- name: Read the Exchange organization
  exchange.hybrid_groups.exchange_organization_info:
  register: exchange

- name: Stop on a server that is too old
  ansible.builtin.assert:
    that: item.supported
    fail_msg: "{{ item.name }}: {{ item.reason }}"
  loop: "{{ exchange.servers | rejectattr('is_edge') }}"
  loop_control:
    label: "{{ item.name }}"

- name: Judge versions by a newer list of cumulative updates
  exchange.hybrid_groups.exchange_organization_info:
    cumulative_updates:
      - product: Exchange Server SE
        name: CU1
        build: 15.2.3000.5
    cumulative_updates_date: "2027-01"

- name: Stop when no hybrid deployment has been configured
  ansible.builtin.assert:
    that: exchange.hybrid_configuration.present
    fail_msg: Run the Hybrid Configuration Wizard first.
"""

RETURN = r"""
organization:
  description: The organization's name.
  returned: success
  type: str
  sample: Contoso
default_domain:
  description: The default accepted domain.
  returned: success
  type: str
  sample: contoso.com
build_table_date:
  description: Up to when the cumulative updates are known that the servers are held against.
  returned: success
  type: str
  sample: 2026-08
servers:
  description: Every Exchange server of the organization, by name.
  returned: success
  type: list
  elements: dict
  sample:
    - name: EX1
      fqdn: ex1.corp.contoso.com
      version: Version 15.2 (Build 1748.10)
      build: 15.2.1748.10
      product: Exchange Server 2019
      cumulative_update: CU15
      is_edge: false
      roles:
        - Mailbox
      minimum: true
      current: true
      supported: true
      reason: Exchange Server 2019 CU15 is the newest cumulative update or the one before it (2026-08).
  contains:
    name:
      description: The server's name.
      returned: success
      type: str
      sample: EX1
    fqdn:
      description: The server's full name.
      returned: success
      type: str
      sample: ex1.corp.contoso.com
    version:
      description: The version as Exchange writes it.
      returned: success
      type: str
      sample: Version 15.2 (Build 1748.10)
    build:
      description: The version as a build number. V(null) when Exchange wrote it in an unknown form.
      returned: success
      type: str
      sample: 15.2.1748.10
    product:
      description: The product. V(null) when the version belongs to none that is known.
      returned: success
      type: str
      sample: Exchange Server 2019
    cumulative_update:
      description: The cumulative update, V(RTM), or V(SP1) of Exchange Server 2013. V(null) when the build is not in the table.
      returned: success
      type: str
      sample: CU15
    is_edge:
      description: Whether it is an Edge Transport server.
      returned: success
      type: bool
      sample: false
    roles:
      description: The server's roles.
      returned: success
      type: list
      elements: str
      sample:
        - Mailbox
    minimum:
      description: Whether the procedure works with this version at all. It asks for Exchange 2013 CU11 or Exchange 2016 CU1.
      returned: success
      type: bool
      sample: true
    current:
      description: Whether it has the newest cumulative update of its product or the one before, as hybrid deployments need.
      returned: success
      type: bool
      sample: true
    supported:
      description: Whether both RV(servers[].minimum) and RV(servers[].current) are true.
      returned: success
      type: bool
      sample: true
    reason:
      description: A sentence that says why.
      returned: success
      type: str
      sample: Exchange Server 2019 CU15 is the newest cumulative update or the one before it (2026-08).
hybrid_configuration:
  description: What the Hybrid Configuration Wizard has configured.
  returned: success
  type: dict
  sample:
    present: true
    domains:
      - contoso.com
    features:
      - FreeBusy
      - SecureMail
    centralized_mail_flow: false
  contains:
    present:
      description: Whether a hybrid deployment has been configured.
      returned: success
      type: bool
      sample: true
    domains:
      description: The hybrid domains.
      returned: success
      type: list
      elements: str
      sample:
        - contoso.com
    features:
      description: The features that are switched on.
      returned: success
      type: list
      elements: str
      sample:
        - FreeBusy
        - SecureMail
    centralized_mail_flow:
      description:
        - Whether mail of the cloud mailboxes goes through the on-premises servers. External mail to Microsoft 365 groups fails
          then.
      returned: success
      type: bool
      sample: false
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Get-ExchangeServer
    host: ex1.corp.contoso.com
    message: The term 'Get-ExchangeServer' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Get-ExchangeServer
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_builds as builds
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_organization import read_organization
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run

PRODUCTS = (builds.EXCHANGE_2013, builds.EXCHANGE_2016, builds.EXCHANGE_2019, builds.EXCHANGE_SE)


def table_from(params: dict) -> builds.BuildTable:
    """Read the options about cumulative updates.

    :raises CollectionError: a build is none, or one of another product
    """
    rows = []
    for given in params["cumulative_updates"]:
        try:
            build = builds.parse_build(given["build"])
        except ValueError as exc:
            raise CollectionError(f"cumulative_updates: {exc}") from exc
        if builds.product_of(build) != given["product"]:
            raise CollectionError(f"cumulative_updates: {build} is not a build of {given['product']}.")
        rows.append(builds.CumulativeUpdate(given["product"], given["name"], build))
    return builds.BuildTable().extended(rows, params["cumulative_updates_date"])


def run(module: AnsibleModule) -> None:
    table = table_from(module.params)
    client = ExchangeClient(CmdletClient(module), module.params["domain_controller"])
    module.exit_json(changed=False, **read_organization(client, table))


def main() -> None:
    update = {
        "product": {"type": "str", "required": True, "choices": list(PRODUCTS)},
        "name": {"type": "str", "required": True},
        "build": {"type": "str", "required": True},
    }
    module = AnsibleModule(
        argument_spec={
            "cumulative_updates": {"type": "list", "elements": "dict", "default": [], "options": update},
            "cumulative_updates_date": {"type": "str"},
            **_exchange_client.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
