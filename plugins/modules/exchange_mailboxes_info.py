#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_mailboxes_info
short_description: Read which mailboxes are on premises and which were moved to Microsoft 365
version_added: 0.1.0
description:
  - Reads the mailboxes of an Exchange organization, those that were moved to Microsoft 365, and on request who may send as a
    group.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._exchange
options:
  send_as_on:
    description:
      - Distinguished names of groups to read the Send As permissions of.
    type: list
    elements: str
    default: []
notes:
  - The user needs the Exchange role C(View-Only Recipients), which View-Only Organization Management and Organization Management
    hold, and for O(send_as_on) C(Active Directory Permissions).
  - All mailboxes are read. In a large organization this takes minutes.
seealso:
  - module: exchange.hybrid_groups.exchange_recipient_update
"""

EXAMPLES = r"""
- name: Read the mailboxes
  exchange.hybrid_groups.exchange_mailboxes_info:
  register: exchange

- name: Name those that were moved
  ansible.builtin.debug:
    msg: "{{ exchange.moved_mailboxes | map(attribute='mail') }}"
"""

RETURN = r"""
mailboxes:
  description: The mailboxes on premises, by address.
  returned: success
  type: list
  elements: dict
  sample:
    - mail: john.doe@contoso.com
      user_principal_name: jdoe@corp.contoso.com
  contains: &mailbox
    mail:
      description: The primary SMTP address.
      returned: success
      type: str
      sample: john.doe@contoso.com
    user_principal_name:
      description: The user's principal name.
      returned: success
      type: str
      sample: jdoe@corp.contoso.com
moved_mailboxes:
  description: Mailboxes that were moved from on premises to Microsoft 365, by address. Without those that were made there.
  returned: success
  type: list
  elements: dict
  sample: []
  contains: *mailbox
send_as:
  description: Who was given Send As on the groups of O(send_as_on), without what is inherited and a group's own on itself.
  returned: success
  type: list
  elements: dict
  sample:
    - group: CN=Group_5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10,OU=M365Groups,DC=corp,DC=contoso,DC=com
      user: CONTOSO\\jdoe
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Get-Mailbox
    host: ex1.corp.contoso.com
    message: The term 'Get-Mailbox' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Get-Mailbox
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._mailboxes import read_mailboxes, read_send_as
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    client = ExchangeClient(CmdletClient(module), module.params["domain_controller"])
    send_as = read_send_as(client, module.params["send_as_on"])
    module.exit_json(changed=False, **read_mailboxes(client), send_as=send_as)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "send_as_on": {"type": "list", "elements": "str", "default": []},
            **_exchange_client.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
