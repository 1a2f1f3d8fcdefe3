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
  - Reads version, features, connectors with their sync scope and last runs, and scheduler of an Entra Connect (Azure AD Connect)
    server.
  - Lists in RV(problems) what keeps it from syncing, each with the way out. What the last export could not write is in
    RV(connectors[].export_errors).
  - Changes nothing.
options:
  gather:
    description: What to read of each connector beside its name, account and container. Each part takes two calls per connector.
    type: list
    elements: str
    choices:
      scope: Partitions and the OUs chosen in them.
      runs: The last run of each run profile, and what the last export could not write.
    default: [scope, runs]
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

- name: Name the groups that could not be written
  ansible.builtin.debug:
    msg: "{{ item.dn }}: {{ item.type }} since {{ item.since }} ({{ item.message }})"
  loop: "{{ connect.connectors | map(attribute='export_errors', default=[]) | flatten }}"
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
    in_scope:
      description: Whether that OU is in the connector's sync scope; V(none) without an OU.
      returned: with V(scope) in O(gather), for a forest
      type: bool
      sample: true
    partitions:
      description: The domains of the forest.
      returned: with V(scope) in O(gather), for a forest
      type: list
      elements: dict
      contains:
        dn:
          description: Distinguished name.
          returned: success
          type: str
          sample: DC=corp,DC=contoso,DC=com
        selected:
          description: Whether it is synchronized.
          returned: success
          type: bool
          sample: true
        included:
          description: Distinguished names of the containers chosen.
          returned: success
          type: list
          elements: str
          sample: ["DC=corp,DC=contoso,DC=com"]
        excluded:
          description: Distinguished names of the containers left out. The longest match decides.
          returned: success
          type: list
          elements: str
          sample: []
    runs:
      description: The last run of each run profile, the newest first, as far as it is among the last twelve.
      returned: with V(runs) in O(gather)
      type: list
      elements: dict
      contains:
        profile:
          description: Name of the run profile.
          returned: success
          type: str
          sample: Export
        result:
          description: Its result, as the server calls it.
          returned: success
          type: str
          sample: completed-export-errors
        end:
          description: When it ended, in UTC, or V(none) when it cannot be told.
          returned: success
          type: str
          sample: "2026-11-24T04:00:12+00:00"
        failures:
          description: Number of objects that could not be written.
          returned: success
          type: int
          sample: 1
    export_errors:
      description:
        - Objects in the container that the last export could not write. Without a container, all objects.
        - Empty when the server does not tell them; the number in RV(connectors[].runs[].failures) is right all the same.
      returned: with V(runs) in O(gather), for a forest
      type: list
      elements: dict
      contains:
        dn:
          description: Distinguished name of the object.
          returned: success
          type: str
          sample: CN=Group_00020ec3-6592-4415-a563-1ed6768d6086,OU=M365Groups,DC=corp,DC=contoso,DC=com
        type:
          description: Type of the error.
          returned: success
          type: str
          sample: permission-issue
        code:
          description: Error code of the directory.
          returned: success
          type: str
          sample: "8344"
        message:
          description: The code in words, and what the directory answered.
          returned: success
          type: str
          sample: Insufficient access rights to perform the operation.
        since:
          description: When it first failed, in UTC.
          returned: success
          type: str
          sample: "2026-11-24 03:30:11.000"
        retries:
          description: How often it was tried again.
          returned: success
          type: int
          sample: 1
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
has_dsacls:
  description:
    - Whether the server has the program C(dsacls), which Microsoft's own command for the permissions needs. It comes with the
      remote server administration tools.
  returned: success
  type: bool
  sample: true
problems:
  description: What keeps the server from syncing, each with the way out. Empty when all is well.
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

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _adsync, _adsync_runs, _adsync_scope
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def connector_facts(client: CmdletClient, found: _adsync.Connector, gather: list[str]) -> dict[str, t.Any]:
    is_forest = found.type == _adsync.FOREST
    connector = _adsync.complete(client, found) if is_forest else found
    facts: dict[str, t.Any] = {
        "name": connector.name,
        "type": connector.type,
        "account": connector.account,
        "container": connector.container,
    }
    if "scope" in gather and is_forest:
        facts.update(scope_facts(client, connector))
    if "runs" in gather and connector.identifier is not None:
        facts.update(run_facts(client, connector, connector.identifier, with_errors=is_forest))
    return facts


def scope_facts(client: CmdletClient, connector: _adsync.Connector) -> dict[str, t.Any]:
    partitions = _adsync_scope.read_partitions(client, connector.name)
    out = connector.container and _adsync_scope.out_of_scope(partitions, connector.container)
    return {
        "in_scope": None if connector.container is None else out is None,
        "partitions": [
            {
                "dn": partition.dn,
                "selected": partition.selected,
                "included": list(partition.included),
                "excluded": list(partition.excluded),
            }
            for partition in partitions
        ],
    }


def run_facts(client: CmdletClient, connector: _adsync.Connector, identifier: str, *, with_errors: bool) -> dict[str, t.Any]:
    runs = _adsync_runs.last_of_each(_adsync_runs.read_runs(client, identifier))
    facts: dict[str, t.Any] = {
        "runs": [
            {
                "profile": run.profile,
                "result": run.result,
                "end": run.end.isoformat() if run.end else None,
                "failures": run.failures,
            }
            for run in runs
        ]
    }
    if with_errors:
        facts["export_errors"] = [
            {
                "dn": error.dn,
                "type": error.kind,
                "code": error.code,
                "message": error.text,
                "since": error.since,
                "retries": error.retries,
            }
            for error in _adsync_runs.errors_below(runs, connector.container)
        ]
    return facts


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
    build = _adsync.version(settings)
    if outdated := _adsync.outdated(build):
        module.warn(outdated)
    gather = module.params["gather"]
    module.exit_json(
        changed=False,
        version=build,
        features=dict(_adsync.read_features(client, settings).tenant),
        connectors=[connector_facts(client, connector, gather) for connector in _adsync.read_connectors(client)],
        scheduler=scheduler_facts(scheduler),
        has_dsacls=_adsync.has_program(client, "dsacls.exe"),
        problems=scheduler.problems(datetime.datetime.now(datetime.UTC)),
    )


def main() -> None:
    gather = {"type": "list", "elements": "str", "choices": ["scope", "runs"], "default": ["scope", "runs"]}
    guarded_run(run, AnsibleModule(argument_spec={"gather": gather}, supports_check_mode=True))


if __name__ == "__main__":
    main()
