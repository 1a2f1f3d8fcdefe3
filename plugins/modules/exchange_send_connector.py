#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_send_connector
short_description: Manage Send connectors of an Exchange organization
version_added: 0.1.0
description:
  - Changes, creates and removes Send connectors of an on-premises Exchange organization.
  - The group domain of a hybrid deployment has to be an address space of the connector that the Hybrid Configuration Wizard
    makes, so that mail to Microsoft 365 groups goes to Microsoft 365 as mail of the same organization.
  - Only what is given is compared and changed. Sizes, time spans, addresses and enumerations are compared by value.
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
      - The connector's name. Case does not matter.
      - When no connector has exactly this name, the one whose name is this followed by C(-) and a GUID is taken, because that
        is how the Hybrid Configuration Wizard names its connector today. Not with O(state=absent).
    type: str
    required: true
  new_name:
    description:
      - Another name for the connector.
    type: str
  state:
    description:
      - V(present) changes the connector, and creates it with O(create).
      - V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  create:
    description:
      - Whether to create the connector when there is none of this name.
      - Off by default, so that a name with a typing error is an error and not a connector that takes mail.
    type: bool
    default: false
  usage:
    description:
      - What a new connector is for, which decides its permissions and authentication. Of no effect on one that is there.
    type: str
    choices: [Custom, Internal, Internet, Partner]
  address_spaces:
    description:
      - Changes to the domains the connector sends to. What is not named stays as it is, except with O(address_spaces.set).
      - An address space is a domain, or C(type:space;cost) such as V(SMTP:groups.contoso.com;1). The type is C(SMTP) when it is
        left out. V(*.contoso.com) stands for the subdomains and V(*) for every domain.
      - Spellings that mean the same are the same. V(contoso.com) and V(SMTP:Contoso.com; 1) are one address space.
      - The cost is a number from 1 to 100, and the lower one wins. A cost that is given is set. Without one, an address space
        that is there keeps its cost, and a new one gets 1.
      - Only the differences are sent to the server, so an address space that somebody else adds at the same time is not lost.
      - A connector without any address space routes nothing, so taking the last one away is refused.
    type: dict
    suboptions: &changes
      add:
        description: Values to add where they are missing.
        type: list
        elements: str
      remove:
        description: Values to remove where they are there. Of an address space the cost does not matter.
        type: list
        elements: str
      set:
        description:
          - The whole list. Every other value is removed.
          - Cannot be combined with the other two.
        type: list
        elements: str
  smart_hosts:
    description:
      - Changes to the hosts the connector sends through, as names or IP addresses.
      - Smart hosts need O(dns_routing_enabled=false).
    type: dict
    suboptions: *changes
  source_transport_servers:
    description:
      - Changes to the Exchange servers that use the connector, as short or full names.
    type: dict
    suboptions: *changes
  enabled:
    description: Whether the connector is used.
    type: bool
  comment:
    description: A comment. An empty one takes it away.
    type: str
  dns_routing_enabled:
    description: Whether the connector finds the next host by MX records.
    type: bool
  port:
    description: Port of the next host, from 0 to 65535.
    type: int
  fqdn:
    description: The name the connector gives itself to the next host. Empty means the server's own.
    type: str
  source_ip_address:
    description: Local address to send from, on Edge servers. V(0.0.0.0) means any.
    type: str
  max_message_size:
    description:
      - The largest message, such as V(35MB). A number without a unit means bytes. Exchange keeps whole kilobytes.
      - V(unlimited) for no limit.
    type: str
  connection_inactivity_timeout:
    description: How long an idle connection is kept, as C(hours:minutes:seconds).
    type: str
  smtp_max_messages_per_connection:
    description: Messages sent over one connection.
    type: int
  protocol_logging_level:
    description: Whether the SMTP conversation is logged.
    type: str
    choices: ['None', Verbose]
  require_tls:
    description: Whether every message needs TLS.
    type: bool
  ignore_starttls:
    description: Whether TLS that the next host offers is ignored.
    type: bool
  tls_auth_level:
    description:
      - What TLS has to prove. V(None) leaves it open. Every other value needs O(require_tls=true).
    type: str
    choices: ['None', EncryptionOnly, CertificateValidation, DomainValidation]
  tls_domain:
    description:
      - Domain that the next host's certificate has to name, with O(tls_auth_level=DomainValidation). Empty takes it away.
    type: str
  tls_certificate_name:
    description: The connector's own certificate, as C(<I>issuer<S>subject). Empty takes it away.
    type: str
  domain_secure_enabled:
    description: Whether mutual TLS is used for domains that ask for it.
    type: bool
  smart_host_auth_mechanism:
    description:
      - How to log on to the smart hosts. V(BasicAuth) and V(BasicAuthRequireTLS) need O(authentication_credential).
    type: str
    choices: ['None', BasicAuth, BasicAuthRequireTLS, ExchangeServer, ExternalAuthoritative]
  authentication_credential:
    description:
      - User name and password for the smart hosts.
    type: dict
    suboptions:
      username:
        description: The user name.
        type: str
        required: true
      password:
        description: The password. It travels encrypted and is never shown.
        type: str
        required: true
  update_secret:
    description:
      - When to write O(authentication_credential). No server shows the password, so it cannot be compared.
      - V(on_create) writes it where the connector has none yet, V(always) in every run, which is then always a change.
    type: str
    choices: [on_create, always]
    default: on_create
  cloud_services_mail_enabled:
    description: Whether the connector serves a hybrid deployment and keeps internal headers.
    type: bool
  require_oorg:
    description: Reserved by Microsoft for its own use.
    type: bool
  force_helo:
    description: Whether HELO is used instead of EHLO.
    type: bool
  frontend_proxy_enabled:
    description: Whether mail goes out through the Front End Transport service.
    type: bool
  use_external_dns_servers_enabled:
    description: Whether the DNS servers of the transport service's external setting are asked.
    type: bool
  is_scoped_connector:
    description: Whether only servers of the same Active Directory site use the connector.
    type: bool
  error_policies:
    description: How errors of the next host are treated.
    type: list
    elements: str
    choices: [Default, DowngradeDnsFailures, DowngradeCustomFailures, UpgradeCustomFailures]
  connector_type:
    description:
      - Whether the connector is part of a hybrid deployment.
      - Needs Exchange Server 2016 or later.
    type: str
    choices: [Default, XPremises]
notes:
  - The user needs the Exchange role C(Send Connectors), which Organization Management holds.
  - The Hybrid Configuration Wizard takes the group domain out of the connector again, and some of its versions refuse to run
    while it is there. Run this module again after the wizard.
  - Values that do not go together are refused by the server with its own words, before it changes anything.
seealso:
  - module: exchange.hybrid_groups.exchange_accepted_domain
  - name: Set-SendConnector
    description: The cmdlet's reference, with the forms of an address space.
    link: https://learn.microsoft.com/powershell/module/exchangepowershell/set-sendconnector
"""

EXAMPLES = r"""
- name: Send mail for the group domain to Microsoft 365
  exchange.hybrid_groups.exchange_send_connector:
    name: Outbound to Office 365
    address_spaces:
      add:
        - groups.contoso.com

- name: Replace an address space, with a cost
  exchange.hybrid_groups.exchange_send_connector:
    name: Outbound to Office 365
    address_spaces:
      add:
        - SMTP:groups.contoso.com;10
      remove:
        - groups.fabrikam.com

- name: Have exactly these address spaces
  exchange.hybrid_groups.exchange_send_connector:
    name: Outbound to Office 365
    address_spaces:
      set:
        - contoso.mail.onmicrosoft.com
        - groups.contoso.com

- name: Create a connector to a partner, through a smart host that asks for a password
  exchange.hybrid_groups.exchange_send_connector:
    name: To Fabrikam
    create: true
    usage: Custom
    address_spaces:
      set: [fabrikam.com]
    smart_hosts:
      set: [smtp.fabrikam.com]
    dns_routing_enabled: false
    require_tls: true
    smart_host_auth_mechanism: BasicAuthRequireTLS
    authentication_credential:
      username: contoso
      password: "{{ vault_fabrikam_password }}"
    max_message_size: 20MB

- name: Remove it
  exchange.hybrid_groups.exchange_send_connector:
    name: To Fabrikam
    state: absent
"""

RETURN = r"""
send_connector:
  description:
    - The connector after the task, in check mode as it would be. V(null) when there is none.
    - Holds a key for each option of the same name. For a connector that would be created it holds what the task says.
  returned: success
  type: dict
  sample:
    name: Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
    identity: 0d6ff1c2-35b4-4c39-9d0b-7f0c9b2f3e58
    address_spaces:
      - SMTP:contoso.mail.onmicrosoft.com;1
      - SMTP:groups.contoso.com;1
    smart_hosts: []
    source_transport_servers: [EX1]
    enabled: true
    max_message_size: "36700160"
    has_credential: false
  contains:
    name:
      description: The connector's whole name.
      returned: when the connector exists
      type: str
      sample: Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
    identity:
      description: The connector's GUID, which every cmdlet takes as its C(Identity). V(null) for one that would be created.
      returned: when the connector exists
      type: str
      sample: 0d6ff1c2-35b4-4c39-9d0b-7f0c9b2f3e58
    address_spaces:
      description: The address spaces.
      returned: when the connector exists
      type: list
      elements: str
      sample:
        - SMTP:contoso.mail.onmicrosoft.com;1
        - SMTP:groups.contoso.com;1
    has_credential:
      description: Whether a user name and password for the smart hosts are set.
      returned: when the connector exists
      type: bool
      sample: false
before:
  description: The connector before the task, in the form of RV(send_connector). V(null) when there was none.
  returned: success
  type: dict
  sample:
    name: Outbound to Office 365 - 5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
    address_spaces:
      - SMTP:contoso.mail.onmicrosoft.com;1
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error
  type: dict
  sample:
    cmdlet: Set-SendConnector
    host: ex1.corp.contoso.com
    message: The term 'Set-SendConnector' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Set-SendConnector
    activity: ""
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _connector_properties, _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient, Credential
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connector import (
    LISTS,
    USAGES,
    SendConnector,
    WantedConnector,
    list_change,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._send_connectors import SendConnectors


def wanted_from(params: dict[str, t.Any]) -> WantedConnector:
    """Read the options.

    :raises CollectionError: for a value that cannot be meant
    """
    names = {option: params[option].strip() for option in ("name", "new_name") if params[option] is not None}
    for option, name in names.items():
        if not name:
            raise CollectionError(f"{option}: the name of a send connector is needed; it is empty.")
    try:
        lists = {option: list_change(option, params[option]) for option in LISTS}
        settings = {
            item.option: item.wanted(params[item.option])
            for item in _connector_properties.PROPERTIES
            if params[item.option] is not None
        }
    except ValueError as exc:
        raise CollectionError(str(exc)) from exc
    credential = params["authentication_credential"]
    return WantedConnector(
        **names,
        **lists,
        settings=settings,
        credential=Credential(credential["username"], credential["password"]) if credential else None,
        update_secret=params["update_secret"] == "always",  # noqa: S105 (a choice)
        create=params["create"],
        usage=params["usage"],
    )


def run(module: AnsibleModule) -> None:
    wanted = wanted_from(module.params)
    client = ExchangeClient(CmdletClient(module), module.params["domain_controller"])
    connectors = SendConnectors(client, check_mode=module.check_mode)
    present = module.params["state"] == "present"
    outcome = connectors.ensure_present(wanted) if present else connectors.ensure_absent(wanted.name)
    before, after = as_result(outcome.before), as_result(outcome.after)
    result = {"changed": outcome.changed, "before": before, "send_connector": after}
    if module._diff:
        result["diff"] = {"before": before or {}, "after": after or {}}
    module.exit_json(**result)


def as_result(connector: SendConnector | None) -> dict[str, t.Any] | None:
    return connector.to_result() if connector else None


def main() -> None:
    texts = {"type": "list", "elements": "str"}
    changes = {"type": "dict", "options": {"add": texts, "remove": texts, "set": texts}}
    credential = {"username": {"type": "str", "required": True}, "password": {"type": "str", "required": True, "no_log": True}}
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "new_name": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "create": {"type": "bool", "default": False},
            "usage": {"type": "str", "choices": list(USAGES)},
            **dict.fromkeys(LISTS, changes),
            **_connector_properties.ARGUMENT_SPEC,
            "authentication_credential": {"type": "dict", "options": credential},
            "update_secret": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
            **_exchange_client.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
