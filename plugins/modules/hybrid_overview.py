#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# All of it is in the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: hybrid_overview
short_description: Write one page over the reports of many organizations
version_added: 0.1.0
description:
  - Reads the reports that M(exchange.hybrid_groups.hybrid_report) wrote, and writes a page with a line for each organization and
    a link to its report. Those to look at are on top. The same is written as JSON beside the page.
  - An organization that has no report, or an old one only, is among these, because its run may not have come so far.
  - Reads and writes on the control node, whatever the task's host is.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._page
options:
  reports:
    description:
      - The page of each organization's report, by the organization's name. Its JSON is read, which lies beside it.
    type: dict
    required: true
  max_age:
    description:
      - Hours after which a report does not count; V(0) for none.
    type: int
    default: 24
seealso:
  - module: exchange.hybrid_groups.hybrid_report
"""

EXAMPLES = r"""
- name: Write an overview
  exchange.hybrid_groups.hybrid_overview:
    path: /var/www/reports/overview.html
    mode: "0640"
    reports:
      contoso: /var/www/reports/contoso.html
      fabrikam: /var/www/reports/fabrikam.html
  register: overview

- name: Say so when an organization needs somebody
  ansible.builtin.assert:
    that: overview.summary.verdict == 'sound'
    fail_msg: "{{ overview.summary.problems }} organizations with problems, {{ overview.summary.missing }} without a report"
"""

RETURN = r"""
path:
  description: The page's file.
  returned: success
  type: str
  sample: /var/www/reports/overview.html
json_path:
  description: The JSON's file.
  returned: success
  type: str
  sample: /var/www/reports/overview.json
summary:
  description: Totals.
  returned: success
  type: dict
  sample: {verdict: problems, organizations: 100, problems: 2, missing: 1, unknown: 0, sound: 97}
  contains:
    verdict:
      description: The worst of all, V(problems), V(missing), V(unknown) or V(sound).
      returned: success
      type: str
      sample: problems
    organizations:
      description: How many there are.
      returned: success
      type: int
      sample: 100
    problems:
      description: How many have problems.
      returned: success
      type: int
      sample: 2
    missing:
      description: How many have no report that counts.
      returned: success
      type: int
      sample: 1
    unknown:
      description: How many have no problem, but not everything about them is certain.
      returned: success
      type: int
      sample: 0
    sound:
      description: How many are in order.
      returned: success
      type: int
      sample: 97
"""
