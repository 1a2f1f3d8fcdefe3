# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: known_issues
short_description: Conclude from facts which known issues an organization has
version_added: 0.1.0
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
description:
  - Takes what the collection's info modules returned, and tells of each known issue of Microsoft 365 Groups with on-premises
    Exchange whether it is there. Reads and changes nothing.
  - The role P(exchange.hybrid_groups.known_issues#role) gathers the facts and uses this filter.
options:
  _input:
    description:
      - The facts. V(domain) and V(connector) are needed. Whatever else is left out or null counts as not read, and makes the
        issues unknown that it decides.
    type: dict
    required: true
  seen_to:
    description:
      - IDs of issues that were dealt with by means that cannot be seen from here.
    type: list
    elements: str
    default: []
  before:
    description:
      - The filter's result from before mending. An issue that was found there and is no more is marked as mended.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Read the Exchange organization
  exchange.hybrid_groups.exchange_organization_info:
  register: organization

- name: Conclude
  ansible.builtin.debug:
    msg: "{{ facts | exchange.hybrid_groups.known_issues | selectattr('verdict', 'eq', 'found') }}"
  vars:
    facts:
      domain: groups.contoso.com
      connector: Outbound to Office 365
      organization: "{{ organization }}"
"""

RETURN = r"""
_value:
  description: A record for each of the fourteen, as O(exchange.hybrid_groups.hybrid_report#module:known_issues) takes them.
  type: list
  elements: dict
"""

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import Facts, Json
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issues import IDS, check


def known_issues(facts: t.Any, seen_to: t.Sequence[str] = (), before: t.Sequence[Json] = ()) -> list[Json]:
    """Take the facts by name, and check them."""
    names = {field.name for field in dataclasses.fields(Facts)}
    if not isinstance(facts, dict) or not {"domain", "connector"} <= facts.keys() <= names:
        raise AnsibleFilterError(f"known_issues takes a dictionary with domain, connector and any of {', '.join(sorted(names))}.")
    if unknown := set(seen_to) - set(IDS):
        raise AnsibleFilterError(f"known_issues: seen_to names {', '.join(sorted(unknown))}; there are: {', '.join(IDS)}.")
    return check(Facts(**facts), seen_to=seen_to, before=before)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"known_issues": known_issues}
