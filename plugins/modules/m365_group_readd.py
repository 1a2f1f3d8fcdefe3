#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_group_readd
short_description: Take members out of Microsoft 365 groups and add them again
version_added: 0.1.0
description:
  - Mends the known issue that Outlook does not list the groups of a mailbox that was moved to Microsoft 365.
  - Each membership is ended and made again, one after the other. A user who is not a member is left alone. Owners stay owners.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  memberships:
    description:
      - The memberships.
    type: list
    elements: dict
    required: true
    suboptions:
      group_id:
        description:
          - ID of the group.
        type: str
        required: true
      user_id:
        description:
          - ID of the user.
        type: str
        required: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Nothing shows whether Outlook lists a group, so every run does it again.
notes:
  - The application permission C(GroupMember.ReadWrite.All) is needed.
  - For a moment the user is not a member. Where a group welcomes new members by mail, it does so again.
seealso:
  - module: exchange.hybrid_groups.m365_groups_info
  - module: exchange.hybrid_groups.m365_group_member
"""

EXAMPLES = r"""
- name: Let Outlook list the group
  exchange.hybrid_groups.m365_group_readd:
    memberships:
      - group_id: c6d336a0-cf39-5a06-b17a-9eaa65a71d7e
        user_id: cecc4b21-6977-5210-999f-136dc5d86657
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost
"""

RETURN = r"""
readded:
  description: The memberships that were made again; in check mode those that would be.
  returned: always
  type: list
  elements: dict
  sample:
    - group_id: 02bd9fd6-8f93-4758-87c3-1fb73740a315
      user_id: 4562bcc8-c436-4f95-b7c0-4f8ce89dca5e
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_membership import Membership
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run


def run(module: AnsibleModule) -> None:
    readded: list[dict[str, t.Any]] = []
    with _graph.GraphClient(_graph.GraphSettings.from_params(module.params)) as graph:
        for given in module.params["memberships"]:
            membership = Membership(graph, given["group_id"], given["user_id"])
            try:
                if not membership.exists():
                    continue
                if not module.check_mode:
                    membership.renew()
            except CollectionError as exc:
                exc.result.update(readded=readded, changed=bool(readded) or bool(exc.result.get("changed")))
                raise
            readded.append(given)
    module.exit_json(changed=bool(readded), readded=readded)


def main() -> None:
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "memberships": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {"group_id": text, "user_id": text},
            },
            **_graph.graph_argument_spec(),
        },
        supports_check_mode=True,
    )
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
