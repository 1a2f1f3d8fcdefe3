#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_device_login
short_description: Sign in to Microsoft Graph as a person, with a code and a browser
version_added: 0.1.0
description:
  - Gets a token for Microsoft Graph on behalf of a person who signs in with a browser on any device. It takes two tasks, because
    a task shows what it has to say only when it ends. Without O(device_code) the module returns a code to enter; with it, the
    module waits until the code has been entered and returns the token, for the option O(ignore:access_token) of other modules.
  - The token is kept in memory only. Give the second task C(no_log), so that no log gets it.
  - The application must allow public client flows and needs delegated permissions; the person needs a role that may do the
    work, such as Domain Name Administrator.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._graph
options:
  device_code:
    description:
      - What the first task returned as RV(device_code).
    type: str
  login_timeout:
    description:
      - Seconds to wait until the code has been entered. Microsoft's codes are valid for 15 minutes.
    type: int
    default: 900
attributes:
  check_mode:
    support: full
    details:
      - Gets its token in check mode too, as that changes nothing.
  idempotent:
    support: none
    details:
      - A code can be used once.
"""

EXAMPLES = r"""
- name: Ask for a code
  exchange.hybrid_groups.m365_device_login:
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
  delegate_to: localhost
  register: login

- name: Show where to enter it
  ansible.builtin.debug:
    var: login.message

- name: Wait for the person to sign in
  exchange.hybrid_groups.m365_device_login:
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    device_code: "{{ login.device_code }}"
  delegate_to: localhost
  no_log: true
  register: token

- name: Read the tenant's domains as that person
  exchange.hybrid_groups.m365_domain_info:
    access_token: "{{ token.access_token }}"
  delegate_to: localhost
"""

RETURN = r"""
message:
  description: The sentence for the person, with the page to open and the code to enter.
  returned: without O(device_code)
  type: str
  sample: To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code A1B2C3D4E.
user_code:
  description: The code to enter.
  returned: without O(device_code)
  type: str
  sample: A1B2C3D4E
verification_uri:
  description: The page to open.
  returned: without O(device_code)
  type: str
  sample: https://microsoft.com/devicelogin
device_code:
  description: For the second task.
  returned: without O(device_code)
  type: str
  sample: GMMhmHCXhWEzkobqIHGG_EnNYYsAkukHspeYUk9E8
access_token:
  description: The token.
  returned: with O(device_code)
  type: str
  sample: eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9
expires_in:
  description: Seconds until the token, or without O(device_code) the code, expires.
  returned: success
  type: int
  sample: 3599
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_http import Http
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_settings import connection_argument_spec
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._graph_token import DeviceLogin
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    settings = _graph.GraphSettings.from_params(params, {"device_code": ("tenant_id", "client_id")})
    with Http(settings) as http:
        login = DeviceLogin(settings, http)
        if params["device_code"]:
            answer = login.finish(params["device_code"], float(params["login_timeout"]))
            returned = ("access_token", "expires_in")
        else:
            answer = login.begin()
            returned = ("message", "user_code", "verification_uri", "device_code", "expires_in")
    module.exit_json(changed=False, **{name: answer[name] for name in returned})


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "device_code": {"type": "str", "no_log": True},
            "login_timeout": {"type": "int", "default": 900},
            **connection_argument_spec(),
        },
        supports_check_mode=True,
    )
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
