#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_send_connector
short_description: Manage the address spaces of a Send connector
version_added: 0.1.0
description:
  - Changes a Send connector of an on-premises Exchange organization that exists already, such as the one the Hybrid
    Configuration Wizard makes.
  - The group domain of a hybrid deployment has to be an address space of that connector, so that mail to Microsoft 365 groups
    goes to Microsoft 365 as mail of the same organization.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._attributes.cmdlet
options:
  name:
    description:
      - The connector's name. Case does not matter.
      - When no connector has exactly this name, the one whose name is this followed by C(-) and a GUID is taken, because that
        is how the Hybrid Configuration Wizard names its connector today.
    type: str
    required: true
  address_spaces:
    description:
      - Changes to the domains the connector sends to. What is not named stays as it is, except with O(address_spaces.set).
      - An address space is a domain, or C(type:space;cost) such as V(SMTP:groups.contoso.com;1). The type is C(SMTP) when it is
        left out. V(*.contoso.com) stands for the subdomains and V(*) for every domain.
      - Spellings that mean the same are the same. V(contoso.com) and V(SMTP:Contoso.com; 1) are one address space.
      - The cost is a number from 1 to 100, and the lower one wins. A cost that is given is set. Without one, an address space
        that is there keeps its cost, and a new one gets 1.
      - Only the differences are sent to the server, so an address space that somebody else adds at the same time is not lost.
      - A connector without any address space routes nothing, so taking the last one away is refused.
    type: dict
    suboptions:
      add:
        description: Address spaces to add where they are missing.
        type: list
        elements: str
      remove:
        description: Address spaces to remove where they are there, whatever their cost.
        type: list
        elements: str
      set:
        description:
          - The whole list. Every other address space is removed.
          - Cannot be combined with O(address_spaces.add) or O(address_spaces.remove).
        type: list
        elements: str
notes:
  - The user needs the Exchange role C(Send Connectors), which Organization Management holds.
  - The Hybrid Configuration Wizard takes the group domain out of the connector again, and some of its versions refuse to run
    while it is there. Run this module again after the wizard.
seealso:
  - module: exchange.hybrid_groups.exchange_accepted_domain
  - name: Set-SendConnector
    description: The cmdlet's reference, with the forms of an address space.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-sendconnector
"""

EXAMPLES = r"""
- name: Send mail for the group domain to Microsoft 365
  exchange.hybrid_groups.exchange_send_connector:
    name: Outbound to Office 365
    address_spaces:
      add:
        - groups.contoso.com

- name: Replace an address space, with a cost
  exchange.hybrid_groups.exchange_send_connector:
    name: Outbound to Office 365
    address_spaces:
      add:
        - SMTP:groups.contoso.com;10
      remove:
        - groups.fabrikam.com

- name: Have exactly these address spaces
  exchange.hybrid_groups.exchange_send_connector:
    name: Outbound to Office 365
    address_spaces:
      set:
        - contoso.mail.onmicrosoft.com
        - groups.contoso.com
"""

RETURN = r"""
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
  description: The address spaces after the task, in check mode as they would be.
  returned: success
  type: list
  elements: str
  sample:
    - SMTP:contoso.mail.onmicrosoft.com;1
    - SMTP:groups.contoso.com;1
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Set-SendConnector
    host: ex1.corp.contoso.com
    message: The term 'Set-SendConnector' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Set-SendConnector
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._address_space import (
    parse_address_space,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._list_change import ListChange
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import (
    SendConnectors,
    WantedConnector,
)


def wanted_from(params: dict) -> WantedConnector:
    """Read the options.

    :raises CollectionError: for a value that cannot be meant
    """
    name = params["name"].strip()
    if not name:
        raise CollectionError("name: the name of a send connector is needed; it is empty.")
    change = params["address_spaces"]
    if change is None:
        return WantedConnector(name)
    try:
        spaces = ListChange.from_option("address_spaces", change, parse_address_space, lambda space: space.key)
    except ValueError as exc:
        raise CollectionError(str(exc)) from exc
    return WantedConnector(name, spaces)


def run(module: AnsibleModule) -> None:
    wanted = wanted_from(module.params)
    outcome = SendConnectors(CmdletClient(module), check_mode=module.check_mode).ensure(wanted)
    result = {"changed": outcome.changed, **outcome.after.to_result()}
    if module._diff:
        result["diff"] = {"before": outcome.before.to_result(), "after": outcome.after.to_result()}
    module.exit_json(**result)


def main() -> None:
    texts = {"type": "list", "elements": "str"}
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "address_spaces": {"type": "dict", "options": {"add": texts, "remove": texts, "set": texts}},
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
