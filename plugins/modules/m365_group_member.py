#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_group_member
short_description: Add a user to a Microsoft 365 group, or remove one
version_added: 0.1.0
description:
  - Adds a user to a Microsoft 365 group or removes the user from it, through Microsoft Graph. The user itself is never changed.
  - The application needs the application permissions C(GroupMember.ReadWrite.All) and C(User.Read.All).
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  group:
    description:
      - Primary SMTP address of the group.
    type: str
    required: true
  user:
    description:
      - User principal name, mail address or object ID of the user.
    type: str
    required: true
  state:
    description:
      - Whether the user is a member.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: exchange.hybrid_groups.m365_group_readd
"""

EXAMPLES = r"""
- name: John is a member of the group
  exchange.hybrid_groups.m365_group_member:
    group: sales@groups.contoso.com
    user: jdoe@contoso.com
  delegate_to: localhost
"""

RETURN = r"""
was_member:
  description: Whether the user was a member before.
  returned: success, and when the change failed
  type: bool
  sample: false
group:
  description: The group.
  returned: success
  type: dict
  sample:
    id: 0c8b1a52-6f3e-4d0b-9f55-6b0d0e2f7c11
    display_name: Sales
    mail: sales@groups.contoso.com
user:
  description: The user.
  returned: success
  type: dict
  sample:
    id: 5b0f3d3e-0a0e-4a9f-8a43-0d5a0f3b9a10
    principal_name: john@contoso.com
    mail: john@contoso.com
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph, _m365_people
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_membership import Membership
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run


def run(module: AnsibleModule) -> None:
    wanted = module.params["state"] == "present"
    with _graph.GraphClient(_graph.GraphSettings.from_params(module.params)) as graph:
        group = _m365_people.find_group(graph, module.params["group"])
        user = _m365_people.find_user(graph, module.params["user"])
        membership = Membership(graph, group["id"], user["id"])
        before = membership.exists()
        if before != wanted and not module.check_mode:
            try:
                membership.set(wanted)
            except CollectionError as exc:
                # It may have been carried out: who undoes it has to know how it was.
                exc.result.update(was_member=before)
                raise
    module.exit_json(
        changed=before != wanted,
        was_member=before,
        group=_m365_people.group_result(group),
        user=_m365_people.user_result(user),
        diff={"before": {"member": before}, "after": {"member": wanted}},
    )


def main() -> None:
    spec = _graph.graph_argument_spec()
    spec.update(
        group={"type": "str", "required": True},
        user={"type": "str", "required": True},
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
    )
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
