#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_groups_info
short_description: Read the Microsoft 365 groups of a tenant
version_added: 0.1.0
description:
  - Reads the Microsoft 365 groups with their addresses, and on request their members and owners, from Microsoft Graph.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  domain:
    description:
      - Read only groups with an address in this domain.
    type: str
  people:
    description:
      - Read members and owners too.
    type: bool
    default: false
notes:
  - The application permission C(GroupMember.Read.All) is needed, and C(User.ReadBasic.All) for what members are called.
seealso:
  - module: exchange.hybrid_groups.adsync_groups_info
"""

EXAMPLES = r"""
- name: Read the groups of the group domain
  exchange.hybrid_groups.m365_groups_info:
    domain: groups.contoso.com
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost
  register: tenant

- name: Name those with more than one address
  ansible.builtin.debug:
    msg: "{{ tenant.groups | selectattr('addresses.1', 'defined') | map(attribute='display_name') }}"
"""

RETURN = r"""
groups:
  description: The groups, by display name.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 02bd9fd6-8f93-4758-87c3-1fb73740a315
      display_name: Engineering
      mail: engineering@groups.contoso.com
      addresses: [engineering@groups.contoso.com]
  contains:
    id:
      description: ID in the directory.
      returned: success
      type: str
      sample: 02bd9fd6-8f93-4758-87c3-1fb73740a315
    display_name:
      description: The name people see.
      returned: success
      type: str
      sample: Engineering
    mail:
      description: The primary SMTP address.
      returned: success
      type: str
      sample: engineering@groups.contoso.com
    addresses:
      description: All SMTP addresses.
      returned: success
      type: list
      elements: str
      sample: [engineering@groups.contoso.com]
    members:
      description: The members. C(user_principal_name) and C(mail) are V(null) for what has none.
      returned: when O(people=true)
      type: list
      elements: dict
      sample:
        - id: 4562bcc8-c436-4f95-b7c0-4f8ce89dca5e
          display_name: John Doe
          mail: john.doe@contoso.com
          user_principal_name: jdoe@contoso.com
    owners:
      description: The owners, in the same form.
      returned: when O(people=true)
      type: list
      elements: dict
      sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain import group_domain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_groups import TenantGroups
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    domain = None if params["domain"] is None else group_domain(params["domain"])
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        tenant = TenantGroups(graph)
        groups = tenant.read(domain)
        if params["people"]:
            tenant.add_people(groups)
    module.exit_json(changed=False, groups=groups)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str"},
            "people": {"type": "bool", "default": False},
            **_graph.graph_argument_spec(),
        },
        supports_check_mode=True,
    )
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
