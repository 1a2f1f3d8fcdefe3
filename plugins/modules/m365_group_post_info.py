#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_group_post_info
short_description: Look for a post in the conversations of a Microsoft 365 group
version_added: 0.1.0
description:
  - Looks for posts in the threads of a group that have a part in the topic, and waits for one if asked to. What is in a thread
    can be viewed by all members of the group.
  - The application needs the application permissions C(Group-Conversation.Read.All) and C(GroupMember.Read.All).
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  group:
    description:
      - Primary SMTP address of the group.
    type: str
    required: true
  topic:
    description:
      - A part of the thread's topic, which is the subject of its first mail.
    type: str
    required: true
  sender:
    description:
      - Address of the post's sender. Without it, posts of all senders count.
    type: str
  wait_timeout:
    description:
      - How long to wait for a first post, in seconds. With V(0), the threads are looked at once.
    type: int
    default: 0
seealso:
  - module: exchange.hybrid_groups.m365_mail
"""

EXAMPLES = r"""
- name: The reply has reached the group
  exchange.hybrid_groups.m365_group_post_info:
    group: sales@groups.contoso.com
    topic: Test 8f14e45f
    sender: jdoe@contoso.com
    wait_timeout: 300
  delegate_to: localhost
  register: reply
  failed_when: reply.posts == []
"""

RETURN = r"""
posts:
  description: Posts found.
  returned: success
  type: list
  elements: dict
  sample:
    - topic: Test 8f14e45f
      thread_id: AAQkADEx
      post_id: AAMkADEx
      sender: john@contoso.com
      received: "2026-11-24T10:15:00Z"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph, _m365_mail, _m365_people
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        group = _m365_people.find_group(graph, params["group"])
        posts = _m365_mail.await_posts(graph, group, params["topic"], params["sender"], params["wait_timeout"])
    module.exit_json(changed=False, posts=posts)


def main() -> None:
    spec = _graph.graph_argument_spec()
    spec.update(
        group={"type": "str", "required": True},
        topic={"type": "str", "required": True},
        sender={"type": "str"},
        wait_timeout={"type": "int", "default": 0},
    )
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
