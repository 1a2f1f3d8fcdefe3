#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_mail_info
short_description: Look for a mail in a mailbox of Microsoft 365
version_added: 0.1.0
description:
  - Looks into the inbox of a mailbox in Exchange Online for mails with a part in the subject, and waits for one if asked to.
  - Tells how the sender of each was authenticated, where the mail's headers say so.
  - Without O(subject), tells only whether Exchange Online has the mailbox.
  - The application needs the application permissions C(Mail.Read), C(User.Read.All) and C(GroupMember.Read.All).
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  user:
    description:
      - User principal name, mail address or object ID of the mailbox's user.
    type: str
    required: true
  subject:
    description:
      - A part of the subject.
    type: str
  wait_timeout:
    description:
      - How long to wait for a first mail, in seconds. With V(0), the inbox is looked into once.
    type: int
    default: 0
seealso:
  - module: exchange.hybrid_groups.m365_mail
"""

EXAMPLES = r"""
- name: The reply has reached a member in the cloud
  exchange.hybrid_groups.m365_mail_info:
    user: cara@contoso.onmicrosoft.com
    subject: Test 8f14e45f
    wait_timeout: 300
  delegate_to: localhost
  register: copy
  failed_when: copy.messages == []
"""

RETURN = r"""
is_online:
  description: Whether Exchange Online has the mailbox.
  returned: success
  type: bool
  sample: true
groups:
  description: Microsoft 365 groups that the user is a member of, by primary SMTP address.
  returned: success
  type: list
  elements: str
  sample: [sales@groups.contoso.com]
messages:
  description: Mails found.
  returned: success
  type: list
  elements: dict
  sample:
    - message_id: <173244@contoso.com>
      subject: "Re: Test 8f14e45f"
      sender: john@contoso.com
      received: "2026-11-24T10:15:00Z"
      auth_as: Internal
      is_report: false
  contains:
    message_id:
      description: The Message-ID.
      returned: success
      type: str
      sample: <173244@contoso.com>
    subject:
      description: The subject.
      returned: success
      type: str
      sample: "Re: Test 8f14e45f"
    sender:
      description: Address of the sender.
      returned: success
      type: str
      sample: john@contoso.com
    received:
      description: When it came in (UTC).
      returned: success
      type: str
      sample: "2026-11-24T10:15:00Z"
    auth_as:
      description:
        - V(Internal) for a sender whom Exchange Online takes for one of the organization's, V(Anonymous) for any other. V(null)
          when the headers do not tell.
      returned: success
      type: str
      sample: Internal
    is_report:
      description: Whether the subject is that of a report of non-delivery, in English.
      returned: success
      type: bool
      sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph, _m365_mail, _m365_people
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        user = _m365_people.find_user(graph, params["user"])
        mailbox = _m365_mail.OnlineMailbox(graph, user)
        online = mailbox.is_online()
        messages = []
        if online and params["subject"]:
            messages = _m365_mail.await_messages(mailbox, params["subject"], params["wait_timeout"])
        groups = _m365_people.groups_of(graph, user)
    module.exit_json(changed=False, is_online=online, messages=messages, groups=groups)


def main() -> None:
    spec = _graph.graph_argument_spec()
    spec.update(
        user={"type": "str", "required": True},
        subject={"type": "str"},
        wait_timeout={"type": "int", "default": 0},
    )
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
