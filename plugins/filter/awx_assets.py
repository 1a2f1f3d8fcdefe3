# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_assets
short_description: Turn AWX's objects as code into what awx import reads
version_added: 0.1.0
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
description:
  - Takes the lists that the collection C(infra.aap_configuration) takes, and gives assets in the form that C(awx export) writes.
  - Credentials come without their inputs, so that there is no secret in the assets, and none in AWX is overwritten.
  - The playbook C(exchange.hybrid_groups.awx.assets) writes those of this collection.
options:
  _input:
    description:
      - C(controller_execution_environments), C(controller_projects), C(controller_credential_types), C(controller_credentials),
        C(controller_templates), C(controller_workflows) and C(controller_schedules), each a list, as this collection's playbooks
        for AWX use them.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Job templates, and what they need
  ansible.builtin.debug:
    msg: "{{ (objects | exchange.hybrid_groups.awx_assets).templates | to_nice_json(sort_keys=false) }}"
  vars:
    objects:
      controller_execution_environments:
        - name: Exchange hybrid groups
          organization: Default
          image: registry.example.com/exchange-hybrid-groups-ee:latest
      controller_projects: []
      controller_credential_types: []
      controller_credentials: []
      controller_templates: []
      controller_workflows: []
      controller_schedules: []
"""

RETURN = r"""
_value:
  description:
    - Two documents, C(templates) and C(workflows), to be imported one after the other. The order of their keys counts, too.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _awx_assets


def awx_assets(objects: t.Any) -> dict[str, t.Any]:
    """Turn the ``controller_*`` lists into assets."""
    try:
        return _awx_assets.assets(objects)
    except (KeyError, TypeError) as exc:
        raise AnsibleFilterError(f"awx_assets: {exc} is missing, or names an object that is not among those given") from exc


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"awx_assets": awx_assets}
