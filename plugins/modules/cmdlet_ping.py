#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cmdlet_ping
short_description: Check the connection that the modules of this collection would use for a host
version_added: 0.1.0
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
description:
  - Says what connection, transport, endpoint, authentication and user a host gets, and which variable says so; which Python
    library or program is missing on the control node; whether the server answers; and which of the cmdlets and parameters this
    collection needs the account may not run, with the role that holds them.
  - Cmdlets are tried in a way that cannot run them.
  - The module fails when something is wrong, and returns everything it has found out in any case.
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
options:
  endpoint:
    description:
      - Which endpoint of the host to try. V(exchange) is for Exchange servers, V(windows) for the Entra Connect server.
    type: str
    choices: [exchange, windows]
    default: exchange
  playbooks:
    description:
      - Playbooks of this collection that the account is for. Those cmdlets are tried that they run.
    type: list
    elements: str
    choices: [hybrid_groups, address_list_refresh, verify, known_issues, rollback]
    default: [hybrid_groups]
seealso:
  - plugin: exchange.hybrid_groups.cmdlet
    plugin_type: connection
"""

EXAMPLES = r"""
- name: Is everything there that the modules need?
  exchange.hybrid_groups.cmdlet_ping:

- name: The same for the Entra Connect server
  exchange.hybrid_groups.cmdlet_ping:
    endpoint: windows
  delegate_to: "{{ groups['adsync'] | first }}"

- name: May the account follow the mails of a verification, too?
  exchange.hybrid_groups.cmdlet_ping:
    playbooks: [hybrid_groups, verify]
"""

RETURN = r"""
connection:
  description: Where the session goes and how it logs on.
  returned: always
  type: dict
  sample:
    host: ex1.corp.contoso.com
    transport: psrp
    url: http://ex1.corp.contoso.com:80/PowerShell
    configuration: Microsoft.Exchange
    auth: kerberos
    username: svc-ansible@CORP.CONTOSO.COM
settings:
  description: The settings of the connection, each with its value and where that comes from.
  returned: always
  type: dict
  sample:
    auth:
      value: kerberos
      from: "var: ansible_cmdlet_auth"
missing_software:
  description: What is missing on the control node, as what to do about it.
  returned: always
  type: list
  elements: str
  sample:
    - pip install 'pypsrp[kerberos]'
answers:
  description: Whether a session could be opened.
  returned: always
  type: bool
  sample: true
server:
  description: What the far end says of itself; a value it does not tell is null.
  returned: when the server answers
  type: dict
  sample:
    powershell: 5.1.17763.6189
    language_mode: NoLanguage
    open_shells: null
  contains:
    powershell:
      description: Version of its PowerShell.
      returned: success
      type: str
      sample: 5.1.17763.6189
    language_mode:
      description: What the endpoint lets a session do. V(NoLanguage) on an Exchange server means cmdlets only.
      returned: success
      type: str
      sample: NoLanguage
    open_shells:
      description:
        - How many shells the user has open there, this one included; a server allows a limited number. Exchange's endpoint
          and the transport V(winrm) do not tell.
      returned: success
      type: int
      sample: 1
not_allowed:
  description: Cmdlets and parameters that are needed and not there for the account.
  returned: when the server answers
  type: list
  elements: dict
  contains:
    cmdlet:
      description: Name of the cmdlet.
      returned: success
      type: str
      sample: Set-SendConnector
    parameter:
      description: Name of the parameter, or null when the cmdlet itself is not there.
      returned: success
      type: str
      sample: AddressSpaces
    held_by:
      description: Who may run it.
      returned: success
      type: str
      sample: the role Send Connectors (role group Organization Management)
    needed_by:
      description: Those of O(playbooks) that run it.
      returned: success
      type: list
      elements: str
      sample: [hybrid_groups]
problems:
  description: What is wrong, one sentence each, with the way out.
  returned: always
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet_needs import PLAYBOOKS
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet_ping import missing_software, not_allowed
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    endpoint = module.params["endpoint"]
    client = CmdletClient(module)
    connection = client.describe()
    missing = missing_software(connection["transport"], connection["auth"])
    result: dict[str, t.Any] = {"connection": connection, "missing_software": missing, "answers": False}
    problems = [f"Missing on the control node: {hint}." for hint in missing]
    try:
        result["server"] = client.server()
        result["answers"] = True
        result["not_allowed"] = not_allowed(client, endpoint, module.params["playbooks"])
    except SessionError as exc:
        problems.append(str(exc))
    problems += [
        f"{item['cmdlet']}{' -' + item['parameter'] if item['parameter'] else ''} is not there for {connection['username']}, "
        f"needed by {', '.join(item['needed_by'])}: it takes {item['held_by']}, or a newer server."
        for item in result.get("not_allowed", [])
    ]
    if problems:
        module.fail_json(msg=" ".join(problems), problems=problems, **result)
    module.exit_json(changed=False, problems=[], **result)


def main() -> None:
    spec = {
        "endpoint": {"type": "str", "choices": ["exchange", "windows"], "default": "exchange"},
        "playbooks": {"type": "list", "elements": "str", "choices": list(PLAYBOOKS), "default": ["hybrid_groups"]},
    }
    guarded_run(run, AnsibleModule(argument_spec=spec, supports_check_mode=True))


if __name__ == "__main__":
    main()
