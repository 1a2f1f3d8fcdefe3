#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_mail_flow_info
short_description: Read what decides where Exchange sends mail for a group domain
version_added: 0.1.0
description:
  - Reads the accepted domain, the Send connector that carries mail for the domain, the hybrid connector, and whether mail flow is
    centralized. These are the places where delivery to Microsoft 365 groups is lost.
  - Also tells whether a group has been written back to the directory, and where mailboxes are.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
options:
  domain:
    description:
      - The group domain.
    type: str
    required: true
  group:
    description:
      - Primary SMTP address of a group to look for in the directory.
    type: str
  mailboxes:
    description:
      - Addresses, user principal names or other identities of mailboxes to look for.
    type: list
    elements: str
    default: []
notes:
  - The user needs the Exchange roles C(View-Only Configuration) and C(View-Only Recipients), which Organization Management and
    View-Only Organization Management hold.
"""

EXAMPLES = r"""
- name: Read mail flow for the group domain
  exchange.hybrid_groups.exchange_mail_flow_info:
    domain: groups.contoso.com
    group: sales@groups.contoso.com
    mailboxes: [jdoe@contoso.com]
  register: mail_flow
"""

RETURN = r"""
accepted_domain:
  description: The accepted domain, as M(exchange.hybrid_groups.exchange_accepted_domain) returns it. V(null) when there is none.
  returned: success
  type: dict
  sample:
    domain: groups.contoso.com
    name: groups.contoso.com
    type: InternalRelay
carrier:
  description: Name of the connector that carries mail for the domain. V(null) when none does.
  returned: success
  type: str
  sample: Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
hybrid_connector:
  description:
    - The connector that the Hybrid Configuration Wizard has made, told by its name, or by its address space below
      C(mail.onmicrosoft.com) with mail of cloud services. V(null) when there is none.
  returned: success
  type: dict
  sample:
    name: Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
    address_spaces: ["SMTP:contoso.mail.onmicrosoft.com;1", "SMTP:groups.contoso.com;1"]
    has_domain: true
    enabled: true
    source_transport_servers: [EX1]
    edge_sources: []
    certificate: <I>CN=Contoso Issuing CA<S>CN=mail.contoso.com
    wizards_certificate: <I>CN=Contoso Issuing CA<S>CN=mail.contoso.com
    cloud_services_mail: true
centralized_mail_flow:
  description: Whether mail of the cloud goes through the on-premises servers.
  returned: success
  type: bool
  sample: false
group:
  description:
    - The group in the directory. RV(ignore:stamped) tells whether Exchange has stamped it, so that it is mail-enabled. V(null)
      when it is not there, or O(group) was not given.
  returned: success
  type: dict
  sample:
    name: Group_0c8b1a52-6f3e-4d0b-9f55-6b0d0e2f7c11
    distinguished_name: CN=Group_0c8b1a52-6f3e-4d0b-9f55-6b0d0e2f7c11,OU=M365Groups,DC=corp,DC=contoso,DC=com
    recipient_type: MailUniversalDistributionGroup
    stamped: true
mailboxes:
  description: The mailboxes by what O(mailboxes) calls them. V(null) for one that the organization does not have.
  returned: success
  type: dict
  sample:
    john@contoso.com:
      name: John Doe
      address: john@contoso.com
      is_remote: false
      server: ex1
      remote_recipient_type:
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Get-SendConnector
    host: ex1.corp.contoso.com
    message: The term 'Get-SendConnector' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Get-SendConnector
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _mail_flow
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    client = CmdletClient(module)
    module.exit_json(
        changed=False,
        **_mail_flow.read_mail_flow(client, params["domain"]),
        group=_mail_flow.read_group(client, params["group"]) if params["group"] else None,
        mailboxes={name: _mail_flow.read_mailbox(client, name) for name in params["mailboxes"]},
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "domain": {"type": "str", "required": True},
            "group": {"type": "str"},
            "mailboxes": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
