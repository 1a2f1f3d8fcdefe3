#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_send_connector_info
short_description: Read Send connectors of an Exchange organization
version_added: 0.1.0
description:
  - Reads the Send connectors of an on-premises Exchange organization, and on request the extended rights on them.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._exchange
options:
  name:
    description:
      - Return only the connector of this name, or nothing when there is none. The one of the Hybrid Configuration Wizard is also
        found by its name without the organization's GUID.
    type: str
  permissions:
    description:
      - Return the extended rights on each connector too. This takes one more cmdlet for each.
    type: bool
    default: false
notes:
  - The user needs the Exchange role C(View-Only Configuration) or C(Send Connectors), and for O(permissions)
    C(Active Directory Permissions).
seealso:
  - module: exchange.hybrid_groups.exchange_send_connector
  - module: exchange.hybrid_groups.exchange_send_connector_permission
"""

EXAMPLES = r"""
- name: Read the hybrid Send connector
  exchange.hybrid_groups.exchange_send_connector_info:
    name: Outbound to Office 365
  register: exchange

- name: Show what it routes
  ansible.builtin.debug:
    var: exchange.send_connectors[0].address_spaces
"""

RETURN = r"""
send_connectors:
  description:
    - The Send connectors, by name. Each holds a key for every option of M(exchange.hybrid_groups.exchange_send_connector) that is
      a property of the connector, as that module returns them.
  returned: success
  type: list
  elements: dict
  sample:
    - name: Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
      identity: 0d6ff1c2-35b4-4c39-9d0b-7f0c9b2f3e58
      address_spaces:
        - SMTP:contoso.mail.onmicrosoft.com;1
      smart_hosts: []
      source_transport_servers: [EX1]
      enabled: true
      max_message_size: "36700160"
      has_credential: false
  contains:
    name:
      description: The connector's whole name.
      returned: success
      type: str
      sample: Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
    identity:
      description: The connector's GUID, which every cmdlet takes as its C(Identity).
      returned: success
      type: str
      sample: 0d6ff1c2-35b4-4c39-9d0b-7f0c9b2f3e58
    address_spaces:
      description: The address spaces.
      returned: success
      type: list
      elements: str
      sample:
        - SMTP:contoso.mail.onmicrosoft.com;1
    has_credential:
      description: Whether a user name and password for the smart hosts are set.
      returned: success
      type: bool
      sample: false
    permissions:
      description: The extended rights, as M(exchange.hybrid_groups.exchange_send_connector_permission) returns them.
      returned: when O(permissions) is true
      type: list
      elements: dict
      sample:
        - user: CONTOSO\Exchange Servers
          extended_right: ms-Exch-Send-Headers-Routing
          deny: false
          inherited: true
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Get-SendConnector
    host: ex1.corp.contoso.com
    message: The term 'Get-SendConnector' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Get-SendConnector
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._connector_permissions import ConnectorPermissions
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connectors import SendConnectors, named


def run(module: AnsibleModule) -> None:
    client = ExchangeClient(CmdletClient(module), module.params["domain_controller"])
    connectors = sorted(SendConnectors(client, check_mode=True).read(), key=lambda connector: connector.name.casefold())
    if module.params["name"] is not None:
        connectors = named(connectors, module.params["name"])
    results = [connector.to_result() for connector in connectors]
    if module.params["permissions"]:
        for connector, result in zip(connectors, results, strict=True):
            permissions = ConnectorPermissions(client, connector, check_mode=True).read()
            result["permissions"] = [item.to_result() for item in permissions]
    module.exit_json(changed=False, send_connectors=results)


def main() -> None:
    spec = {"name": {"type": "str"}, "permissions": {"type": "bool", "default": False}, **_exchange_client.ARGUMENT_SPEC}
    guarded_run(run, AnsibleModule(argument_spec=spec, supports_check_mode=True))


if __name__ == "__main__":
    main()
