#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adsync_delta_sync
short_description: Start a delta synchronization of Entra Connect and wait for its end
version_added: 0.1.0
description:
  - Starts a delta sync on the Entra Connect (Azure AD Connect) server and waits until it has ended.
  - A sync in progress is awaited first, because it began before the change it is meant to see.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.cmdlet
options:
  connector:
    description:
      - Name of the connector to the Active Directory forest whose export RV(export) tells of. Needed only if there are several.
    type: str
  timeout:
    description:
      - Seconds to wait for a sync in progress and for the one started, together.
      - When the one in progress outlasts it, the task fails. When the one started does, it goes on by itself, and RV(finished) is
        V(false).
    type: int
    default: 1800
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every run starts a sync.
seealso:
  - module: exchange.hybrid_groups.adsync_info
"""

EXAMPLES = r"""
- name: Write new groups back now
  exchange.hybrid_groups.adsync_delta_sync:
"""

RETURN = r"""
waited:
  description: Whether another sync was in progress and had to end first.
  returned: success, not in check mode
  type: bool
  sample: false
finished:
  description: Whether the sync ended within O(timeout).
  returned: success, not in check mode
  type: bool
  sample: true
export:
  description: Result of the export to the forest. V(null) when it is not known yet.
  returned: success, not in check mode
  type: str
  sample: success
failures:
  description: How many objects the export could not write.
  returned: success, not in check mode
  type: int
  sample: 0
"""

import dataclasses

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _adsync, _adsync_cycle
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run


def run(module: AnsibleModule) -> None:
    timeout = module.params["timeout"]
    if timeout < 1:
        raise CollectionError(f"timeout must be at least 1 second, not {timeout}.")
    client = CmdletClient(module)
    _adsync.import_module(client)
    connector = _adsync.choose(_adsync.read_connectors(client), module.params["connector"])
    _adsync_cycle.require_syncing(_adsync.read_scheduler(client))
    if module.check_mode:
        module.exit_json(changed=True)
    outcome = _adsync_cycle.delta_sync(client, Deadline(timeout), connector.identifier)
    module.exit_json(changed=True, **dataclasses.asdict(outcome))


def main() -> None:
    module = AnsibleModule(
        argument_spec={"connector": {"type": "str"}, "timeout": {"type": "int", "default": 1800}},
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
