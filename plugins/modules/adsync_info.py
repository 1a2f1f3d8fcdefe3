#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adsync_info
short_description: Tells how an Entra Connect server is set up and whether it syncs
version_added: 0.1.0
description:
  - Reads version, features, connectors and scheduler of an Entra Connect (Azure AD Connect) server.
  - Lists in RV(problems) what keeps it from writing groups back, each with the way out.
  - Changes nothing.
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
seealso:
  - module: exchange.hybrid_groups.adsync_group_writeback
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
"""

EXAMPLES = r"""
- name: Look at the Connect server
  exchange.hybrid_groups.adsync_info:
  register: connect

- name: It must be syncing
  ansible.builtin.assert:
    that: connect.problems | length == 0
    fail_msg: "{{ connect.problems | join(' ') }}"
"""

RETURN = r"""
version:
  description: Build of Entra Connect, or V(none) when the server does not tell.
  returned: success
  type: str
  sample: 2.5.79.0
features:
  description: Feature flags of the tenant, by name, as the Connect server reports them.
  returned: success
  type: dict
  sample:
    PasswordHashSync: true
    UnifiedGroupWriteback: true
connectors:
  description: All connectors.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name; for a forest its name, for the tenant C(<tenant> - AAD).
      returned: success
      type: str
      sample: corp.contoso.com
    type:
      description: V(AD) for a forest, V(Extensible2) for the tenant.
      returned: success
      type: str
      sample: AD
    account:
      description: The account it logs on to the forest with, or V(none).
      returned: success
      type: str
      sample: corp.contoso.com\MSOL_d1edb676ca03
    container:
      description: Distinguished name of the OU groups are written back to, or V(none).
      returned: success
      type: str
      sample: OU=M365Groups,DC=corp,DC=contoso,DC=com
scheduler:
  description: The sync scheduler.
  returned: success
  type: dict
  contains:
    enabled:
      description: Whether it starts syncs.
      returned: success
      type: bool
      sample: true
    suspended:
      description: Whether an upgrade or the open wizard holds it.
      returned: success
      type: bool
      sample: false
    staging:
      description: Whether the server is in staging mode and exports nothing.
      returned: success
      type: bool
      sample: false
    in_progress:
      description: Whether a sync is in progress.
      returned: success
      type: bool
      sample: false
    next_start:
      description: When the next sync starts, in UTC, or V(none) when it cannot be told.
      returned: success
      type: str
      sample: "2026-11-24T04:30:00+00:00"
    next_policy:
      description: What the next sync is.
      returned: success
      type: str
      sample: Delta
    interval:
      description: The interval in effect, as the server writes it.
      returned: success
      type: str
      sample: PT30M
last_exports:
  description: The last export to each forest. A server in staging mode has none.
  returned: success
  type: list
  elements: dict
  sample:
    - connector: corp.contoso.com
      result: completed-export-errors
      failures: 1
  contains:
    connector:
      description: Name of the connector.
      returned: success
      type: str
      sample: corp.contoso.com
    result:
      description: Result as the server calls it.
      returned: success
      type: str
      sample: success
    failures:
      description: Objects that could not be written.
      returned: success
      type: int
      sample: 0
problems:
  description: What keeps groups from being written back, each with the way out. Empty when all is well.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      The scheduler is disabled, so nothing is synchronized: run Set-ADSyncScheduler -SyncCycleEnabled $true on the Connect
      server.
"""

import datetime
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _adsync, _adsync_runs
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def connector_facts(connector: _adsync.Connector) -> dict[str, t.Any]:
    return {
        "name": connector.name,
        "type": connector.type,
        "account": connector.account,
        "container": connector.container,
    }


def scheduler_facts(scheduler: _adsync.Scheduler) -> dict[str, t.Any]:
    return {
        "enabled": scheduler.enabled,
        "suspended": scheduler.suspended,
        "staging": scheduler.staging,
        "in_progress": scheduler.in_progress,
        "next_start": scheduler.next_start.isoformat() if scheduler.next_start else None,
        "next_policy": scheduler.next_policy,
        "interval": scheduler.interval,
    }


def run(module: AnsibleModule) -> None:
    client = CmdletClient(module)
    _adsync.import_module(client)
    settings = _adsync.read_settings(client)
    scheduler = _adsync.read_scheduler(client)
    connectors = [
        _adsync.complete(client, connector) if connector.type == _adsync.FOREST else connector
        for connector in _adsync.read_connectors(client)
    ]
    exports = [_adsync_runs.read_last_export(client, item.identifier) for item in connectors if item.type == _adsync.FOREST]
    module.exit_json(
        changed=False,
        version=_adsync.version(settings),
        features=dict(_adsync.read_features(client, settings).tenant),
        connectors=[connector_facts(connector) for connector in connectors],
        scheduler=scheduler_facts(scheduler),
        last_exports=[
            {"connector": export.connector, "result": export.result, "failures": export.failures} for export in exports if export
        ],
        problems=scheduler.problems(datetime.datetime.now(datetime.UTC)),
    )


def main() -> None:
    guarded_run(run, AnsibleModule(argument_spec={}, supports_check_mode=True))


if __name__ == "__main__":
    main()
