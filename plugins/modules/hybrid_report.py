#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# All of it is in the action plugin of the same name.

from __future__ import annotations

DOCUMENTATION = r"""
module: hybrid_report
short_description: Write what was done and found as one HTML page and as JSON
version_added: 0.1.0
description:
  - Writes a page with the prerequisites, the steps with what they changed, the verification with its evidence, and the known
    issues. A picture of a mail's way, between on-premises Exchange and a Microsoft 365 group and back, shows where it breaks.
  - The page stands for itself. It loads nothing, runs no script, follows the reader's light or dark setting, and serves on a
    phone and in print. Names and subjects that others chose are shown as they are and never taken for HTML.
  - The same is written as JSON beside the page.
  - Writes on the control node, whatever the task's host is.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._page
options:
  domain:
    description:
      - The group domain the report is about.
    type: str
    required: true
  keep:
    description:
      - Take over a section that this task does not give from the report that is there, with its time, when that is of the same
        O(domain). So the checks of today stand beside the steps of last week.
    type: bool
    default: true
  failure:
    description:
      - Where the run has ended early, when it has. The report says so first, and its verdict is V(problems).
    type: dict
    suboptions:
      task:
        description:
          - Name of the task that failed.
        type: str
        required: true
      message:
        description:
          - What it said.
        type: str
        required: true
  prerequisites:
    description:
      - Records with C(id), C(title) and C(verdict), which is V(passed), V(failed), V(unknown), or V(person) for what only a
        person can see. C(explanation) and C(remedy) are sentences, C(evidence) is a dictionary.
      - C(place) puts the record on the picture. Stations are V(on_premises), V(connector), V(tenant), V(group) and V(directory).
        Links are V(to_connector), V(to_tenant), V(to_group), V(to_directory), V(to_recipient) from the directory to
        on-premises Exchange, and V(to_members) from the tenant to on-premises mailboxes.
      - Further keys go into the JSON.
    type: list
    elements: dict
  steps:
    description:
      - Records with C(id), C(title), and C(changed), which is null for a step that did not run. C(before) and C(after) are
        states, as dictionaries or anything else, of which the page shows what differs. C(summary) is a sentence, C(look) where to
        look for oneself. C(verdict), C(explanation) and C(place) are as in O(prerequisites), and optional.
    type: list
    elements: dict
  verification:
    description:
      - Records as in O(prerequisites).
    type: list
    elements: dict
  known_issues:
    description:
      - Records with C(id), C(title) and C(verdict), which is V(ok), V(found), or V(unknown) for what cannot be known from here.
        C(looked_at) says what was looked at, C(affected) is a list of names or dictionaries, C(remedy) says what to do, C(mended)
        is true for an issue that was found and is no more, C(limitation) for one that nothing can be done about, which does not
        count as a problem. C(place) is as in O(prerequisites).
    type: list
    elements: dict
notes:
  - The report names servers, mailboxes and subjects. Think before widening O(mode).
"""

EXAMPLES = r"""
- name: Write a report
  exchange.hybrid_groups.hybrid_report:
    path: /var/www/reports/groups.html
    mode: "0640"
    domain: groups.contoso.com
    verification:
      - id: reply
        title: The reply left by the hybrid connector
        verdict: failed
        place: to_tenant
        explanation: It went as Internet mail.
        evidence:
          connector: Internet
          response: 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup
        remedy: Add the group domain to the address spaces of the hybrid Send connector.
    known_issues: "{{ hybrid_groups_known_issues }}"
  register: report

- name: Give AWX the summary
  ansible.builtin.set_stats:
    data:
      hybrid_groups_report: "{{ report.summary }}"
"""

RETURN = r"""
path:
  description: The page's file.
  returned: success
  type: str
  sample: /var/www/reports/groups.html
json_path:
  description: The JSON's file.
  returned: success
  type: str
  sample: /var/www/reports/groups.json
summary:
  description: Totals.
  returned: success
  type: dict
  sample:
    domain: groups.contoso.com
    verdict: problems
    breaks_at: [to_tenant]
    problems: [The reply left by the hybrid connector]
    steps: {changed: 2, unchanged: 3, not_run: 0}
    verification: {passed: 7, failed: 1}
    known_issues: {ok: 13, mended: 1}
  contains:
    domain:
      description: The group domain.
      returned: success
      type: str
      sample: groups.contoso.com
    verdict:
      description: V(problems), V(sound), or V(unknown) where nothing wrong was found but a part of the way is not certain.
      returned: success
      type: str
      sample: problems
    ended_at:
      description: Name of the task that the run has ended at.
      returned: when it has ended early
      type: str
      sample: Publish the MX and autodiscover records
    breaks_at:
      description: Places of the mail's way that are broken, in its order.
      returned: success
      type: list
      elements: str
      sample: [to_tenant]
    problems:
      description: Titles of what failed or was found.
      returned: success
      type: list
      elements: str
      sample: [The reply left by the hybrid connector]
    steps:
      description: How many steps changed something, changed nothing, did not run; and how many failed, if any.
      returned: when there are any
      type: dict
      sample: {changed: 2, unchanged: 3, not_run: 0}
    verification:
      description: How many steps of the verification have each verdict.
      returned: when there are any
      type: dict
      sample: {passed: 7, failed: 1}
    known_issues:
      description: How many known issues have each verdict. One that was found and is no more is V(mended).
      returned: when there are any
      type: dict
      sample: {ok: 13, mended: 1}
"""
