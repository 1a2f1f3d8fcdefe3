#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_send_connector_permission
short_description: Manage extended rights on a Send connector
version_added: 0.1.0
description:
  - Gives or denies users and groups extended rights on a Send connector, or takes that back.
  - Other rules of the connector, and other users' rights, are left as they are.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._exchange
options:
  name:
    description:
      - The Send connector's name. The one of the Hybrid Configuration Wizard is also found by its name without the
        organization's GUID.
    type: str
    required: true
  user:
    description:
      - The user or group, in any form that C(Add-ADPermission) takes as C(-User), such as V(CONTOSO\\svc-relay),
        V(svc-relay@corp.contoso.com), or a SID such as V(S-1-5-7). Names of built-in accounts depend on the server's language;
        their SIDs do not.
    type: str
    required: true
  extended_rights:
    description:
      - The rights, such as V(ms-Exch-Send-Headers-Routing) or V(Send-As).
    type: list
    elements: str
    required: true
  deny:
    description:
      - Whether the rights are denied rather than given. A denied right outweighs one that is given.
    type: bool
    default: false
  state:
    description:
      - V(present) adds the rights that are missing. One that the connector inherits is not missing.
      - V(absent) removes the connector's own rules. A right that it inherits stays.
    type: str
    choices:
      - present
      - absent
    default: present
notes:
  - The user of the task needs the Exchange role C(Active Directory Permissions), which Organization Management holds, and
    C(View-Only Configuration) or C(Send Connectors) to find the connector.
seealso:
  - module: exchange.hybrid_groups.exchange_send_connector
  - name: Send connector permissions
    description: What the rights are for.
    link: https://learn.microsoft.com/exchange/mail-flow/connectors/send-connectors
"""

EXAMPLES = r"""
- name: Keep routing headers on mail to Fabrikam
  exchange.hybrid_groups.exchange_send_connector_permission:
    name: To Fabrikam
    user: S-1-5-7
    extended_rights:
      - ms-Exch-Send-Headers-Routing

- name: Take it back
  exchange.hybrid_groups.exchange_send_connector_permission:
    name: To Fabrikam
    user: S-1-5-7
    extended_rights:
      - ms-Exch-Send-Headers-Routing
    state: absent
"""

RETURN = r"""
connector:
  description: The whole name of the Send connector.
  returned: success
  type: str
  sample: To Fabrikam
permissions:
  description: All extended rights of the user on the connector after the task, in check mode as they would be.
  returned: success
  type: list
  elements: dict
  sample:
    - user: CONTOSO\svc-relay
      extended_right: ms-Exch-Send-Headers-Routing
      deny: false
      inherited: false
  contains:
    user:
      description: The user or group, as Exchange shows it.
      returned: success
      type: str
      sample: CONTOSO\svc-relay
    extended_right:
      description: The right.
      returned: success
      type: str
      sample: ms-Exch-Send-Headers-Routing
    deny:
      description: Whether it is denied rather than given.
      returned: success
      type: bool
      sample: false
    inherited:
      description: Whether the connector inherits it. Such a one cannot be removed from the connector.
      returned: success
      type: bool
      sample: false
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Add-ADPermission
    host: ex1.corp.contoso.com
    message: The term 'Add-ADPermission' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Add-ADPermission
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._connector_permissions import ConnectorPermissions
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connectors import SendConnectors


def run(module: AnsibleModule) -> None:
    params = module.params
    rights = [right.strip() for right in params["extended_rights"]]
    if not rights or not all(rights):
        raise CollectionError("extended_rights: give at least one right, and no empty one.")
    client = ExchangeClient(CmdletClient(module), params["domain_controller"])
    connector = SendConnectors(client, check_mode=module.check_mode).get(params["name"])
    permissions = ConnectorPermissions(client, connector, check_mode=module.check_mode)
    outcome = permissions.ensure(params["user"], rights, deny=params["deny"], present=params["state"] == "present")
    before, after = ([item.to_result() for item in items] for items in (outcome.before, outcome.after))
    result = {"changed": outcome.changed, "connector": connector.name, "permissions": after}
    if module._diff:
        result["diff"] = {"before": {"permissions": before}, "after": {"permissions": after}}
    module.exit_json(**result)


def main() -> None:
    spec = {
        "name": {"type": "str", "required": True},
        "user": {"type": "str", "required": True},
        "extended_rights": {"type": "list", "elements": "str", "required": True},
        "deny": {"type": "bool", "default": False},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **_exchange_client.ARGUMENT_SPEC,
    }
    guarded_run(run, AnsibleModule(argument_spec=spec, supports_check_mode=True))


if __name__ == "__main__":
    main()
