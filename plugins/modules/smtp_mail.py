#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: smtp_mail
short_description: Hand in a mail over SMTP as a user of the mail server
version_added: 0.1.0
description:
  - Sends a plain mail with TLS and a password, as a mail client does, and returns its Message-ID and the server's answer.
  - The server's certificate is verified. The module M(community.general.mail) does not verify it, and does not tell the
    Message-ID, by which a mail is found in tracking logs.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
options:
  host:
    description:
      - Name of the mail server, as its certificate has it.
    type: str
    required: true
  port:
    description:
      - Port for clients.
    type: int
    default: 587
  tls:
    description:
      - V(starttls) begins in plain text and changes to TLS before the password is sent; V(tls) is TLS from the first byte on.
    type: str
    choices:
      - starttls
      - tls
    default: starttls
  ca_cert:
    description:
      - File with the certificate authorities to trust. Without it, those of the system.
    type: path
  validate_certs:
    description:
      - Whether the certificate is verified. Anyone on the way can read the password when it is not.
    type: bool
    default: true
  user:
    description:
      - Account to log on with, such as V(john@corp.contoso.com).
    type: str
    required: true
  password:
    description:
      - Its password.
    type: str
    required: true
  sender:
    description:
      - Address of the account's mailbox.
    type: str
    required: true
  recipient:
    description:
      - Address the mail goes to.
    type: str
    required: true
  subject:
    description:
      - Subject.
    type: str
    required: true
  body:
    description:
      - Text of the mail.
    type: str
    required: true
  in_reply_to:
    description:
      - Message-ID of the mail that this one replies to.
    type: str
  timeout:
    description:
      - Seconds to wait for the server at each step.
    type: int
    default: 30
attributes:
  check_mode:
    support: full
    details:
      - Sends nothing and connects to nothing.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Sends a mail each time.
seealso:
  - module: exchange.hybrid_groups.exchange_message_trace
  - module: community.general.mail
"""

EXAMPLES = r"""
- name: Reply to the post
  exchange.hybrid_groups.smtp_mail:
    host: mail.contoso.com
    user: jdoe@corp.contoso.com
    password: "{{ jdoe_password }}"
    sender: jdoe@contoso.com
    recipient: sales@groups.contoso.com
    subject: "Re: Test 8f14e45f"
    body: A reply.
  delegate_to: localhost
  register: reply
"""

RETURN = r"""
message_id:
  description: The Message-ID. V(null) in check mode.
  returned: success
  type: str
  sample: <173244@contoso.com>
response:
  description: The server's answer to the message. V(null) in check mode.
  returned: success
  type: str
  sample: 250 2.6.0 <173244@contoso.com> [InternalId=1, Hostname=ex1.corp.contoso.com] Queued mail for delivery
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._smtp_submission import (
    STARTTLS,
    TLS,
    Submission,
    compose,
    submit,
)

_SETTINGS = ("host", "port", "user", "password", "tls", "ca_cert", "validate_certs", "timeout")


def run(module: AnsibleModule) -> None:
    params = module.params
    if module.check_mode:
        module.exit_json(changed=True, message_id=None, response=None)
    message = compose(params["sender"], params["recipient"], params["subject"], params["body"], params["in_reply_to"])
    response = submit(Submission(**{name: params[name] for name in _SETTINGS}), message)
    module.exit_json(changed=True, message_id=str(message["Message-ID"]), response=response)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 587},
            "tls": {"type": "str", "choices": [STARTTLS, TLS], "default": STARTTLS},
            "ca_cert": {"type": "path"},
            "validate_certs": {"type": "bool", "default": True},
            "user": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "sender": {"type": "str", "required": True},
            "recipient": {"type": "str", "required": True},
            "subject": {"type": "str", "required": True},
            "body": {"type": "str", "required": True},
            "in_reply_to": {"type": "str"},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
