#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: m365_tenant_info
short_description: Read a Microsoft 365 tenant's licenses, synchronization features and initial domain
version_added: 0.1.0
description:
  - Reads through Microsoft Graph what Microsoft 365 groups with on-premises Exchange hybrid ask of the tenant.
  - The application needs the application permissions C(Domain.Read.All) and C(Organization.Read.All), and
    C(OnPremDirectorySynchronization.Read.All) for RV(sync_features). Without the last one, that value is V(null) and the
    task warns.
  - Runs on the control node; the task needs no Windows host.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._graph
  - exchange.hybrid_groups._graph.credentials
"""

EXAMPLES = r"""
- name: Read the tenant
  exchange.hybrid_groups.m365_tenant_info:
    tenant_id: contoso.onmicrosoft.com
    client_id: "{{ m365_client_id }}"
    client_secret: "{{ m365_client_secret }}"
  delegate_to: localhost
  register: tenant

- name: Group writeback needs Microsoft Entra ID P1 or P2
  ansible.builtin.assert:
    that: tenant.has_entra_premium
"""

RETURN = r"""
tenant_id:
  description: The tenant's ID; V(null) when the application may not read it.
  returned: success
  type: str
  sample: 7b1c2f44-0c1e-4a53-9d0f-6c2d1f5e8a90
display_name:
  description: The organization's name; V(null) when the application may not read it.
  returned: success
  type: str
  sample: Contoso
verified_domains:
  description: The domains whose ownership has been verified.
  returned: success
  type: list
  elements: str
  sample: [contoso.com, contoso.mail.onmicrosoft.com, contoso.onmicrosoft.com]
initial_domain:
  description: The domain the tenant began with.
  returned: success
  type: str
  sample: contoso.onmicrosoft.com
default_domain:
  description: The domain new users get by default.
  returned: success
  type: str
  sample: contoso.com
licenses:
  description: The subscriptions of the tenant with their service plans.
  returned: success
  type: list
  elements: dict
  sample:
    - sku: EMSPREMIUM
      capability_status: Enabled
      enabled_units: 25
      warning_units: 0
      suspended_units: 0
      consumed_units: 14
      service_plans:
        - name: AAD_PREMIUM_P2
          provisioning_status: Success
has_entra_premium:
  description: Whether a license in force carries Microsoft Entra ID P1 (C(AAD_PREMIUM)) or P2 (C(AAD_PREMIUM_P2)).
  returned: success
  type: bool
  sample: true
sync_features:
  description:
    - The directory synchronization features that are on.
    - V(null) when the application may not read them, or the tenant has no synchronization.
  returned: success
  type: dict
  sample:
    unified_group_writeback_enabled: true
    group_write_back_enabled: false
    password_sync_enabled: true
sync_enabled:
  description: Whether the tenant is synchronized with a directory on premises; V(null) when unknown or never set.
  returned: success
  type: bool
  sample: true
last_sync:
  description: When the directory was last synchronized (UTC); V(null) when unknown or never.
  returned: success
  type: str
  sample: "2026-11-23T10:15:00Z"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _graph, _m365_tenant
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    with _graph.GraphClient(_graph.GraphSettings.from_params(module.params)) as graph:
        module.exit_json(changed=False, **_m365_tenant.read_tenant(graph, module.warn))


def main() -> None:
    module = AnsibleModule(argument_spec=_graph.graph_argument_spec(), supports_check_mode=True)
    _graph.require_libraries(module)
    guarded_run(run, module)


if __name__ == "__main__":
    main()
