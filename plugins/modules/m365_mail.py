#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_mail
short_description: Send a mail from a mailbox in Microsoft 365
version_added: 0.1.0
description:
  - Sends a plain mail from a mailbox of Exchange Online through Microsoft Graph, and returns its message ID.
  - A mail to a group's address becomes a post of the group. An application cannot post in any other way.
  - A mail of the same O(subject) that is in Sent Items already is not sent again.
  - The application needs the application permissions C(Mail.Send), C(Mail.Read) and C(User.Read.All). An application access
    policy can limit these to the mailboxes in question.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
options:
  user:
    description:
      - User principal name, mail address or object ID of the sender.
    type: str
    required: true
  recipient:
    description:
      - Address the mail goes to.
    type: str
    required: true
  subject:
    description:
      - Subject, which tells the mail from others. Take a new one for each mail.
    type: str
    required: true
  body:
    description:
      - Text of the mail.
    type: str
    required: true
seealso:
  - module: exchange.hybrid_groups.m365_mail_info
  - module: exchange.hybrid_groups.smtp_mail
"""

EXAMPLES = r"""
- name: Post to the group
  exchange.hybrid_groups.m365_mail:
    user: cara@contoso.onmicrosoft.com
    recipient: sales@groups.contoso.com
    subject: Test 8f14e45f
    body: A test of mail flow.
  delegate_to: localhost
  register: post
"""

RETURN = r"""
message_id:
  description: The Message-ID. V(null) in check mode, and when Sent Items did not show the mail within O(graph_timeout).
  returned: success
  type: str
  sample: <AM0PR01MB1234@AM0PR01MB1234.eurprd01.prod.exchangelabs.com>
sent:
  description: When it was sent (UTC).
  returned: success
  type: str
  sample: "2026-11-24T10:15:00Z"
sender:
  description: The sender's address.
  returned: success
  type: str
  sample: cara@contoso.com
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph, _m365_people
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_mail import OnlineMailbox
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    with _graph.GraphClient(_graph.GraphSettings.from_params(params)) as graph:
        user = _m365_people.find_user(graph, params["user"])
        mailbox = OnlineMailbox(graph, user)
        there = mailbox.sent(params["subject"])
        sent = there[0] if there else {}
        if not there and not module.check_mode:
            sent = mailbox.send(params["recipient"], params["subject"], params["body"])
    module.exit_json(
        changed=not there,
        message_id=sent.get("internetMessageId"),
        sent=sent.get("sentDateTime"),
        sender=user.get("mail"),
        diff={"before": {"sent": bool(there)}, "after": {"sent": True}},
    )


def main() -> None:
    spec = _graph.graph_argument_spec()
    spec.update({name: {"type": "str", "required": True} for name in ("user", "recipient", "subject", "body")})
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
