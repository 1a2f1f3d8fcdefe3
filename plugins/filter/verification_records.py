# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: verification_records
short_description: Judge each step of the verification from what the tasks returned
version_added: 0.1.0
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
description:
  - Takes what the tasks of the role P(exchange.hybrid_groups.verify#role) returned, and says for each step of the procedure
    whether it worked, by what evidence, and where it went wrong.
  - Asks nobody and changes nothing.
options:
  _input:
    description:
      - The results by name, with C(settings), which has C(domain), C(group), C(on_premises_mailbox), C(cloud_mailbox) and
        C(moved_mailbox). A result that is missing is one of a task that did not run.
      - The names are C(mail_flow) of M(exchange.hybrid_groups.exchange_mail_flow_info); C(synchronization) of
        M(exchange.hybrid_groups.adsync_info); C(member_on_premises), C(member_cloud) and C(member_moved) of
        M(exchange.hybrid_groups.m365_group_member), and a list of such, C(restored); C(cloud_mailbox), C(reply_copy) and
        C(moved_mailbox) of M(exchange.hybrid_groups.m365_mail_info); C(post) and C(moved_post) of
        M(exchange.hybrid_groups.m365_mail); C(post_seen), C(reply_seen) and C(moved_post_seen) of
        M(exchange.hybrid_groups.m365_group_post_info); C(reply) of M(exchange.hybrid_groups.smtp_mail); C(arrival),
        C(departure) and C(moved_arrival) of M(exchange.hybrid_groups.exchange_message_trace).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Judge the verification
  ansible.builtin.set_fact:
    hybrid_groups_verification: "{{ verify_results | exchange.hybrid_groups.verification_records }}"
"""

RETURN = r"""
_value:
  description:
    - A record for each step. C(verdict) is V(passed), V(failed), V(unknown) for what could not be tried or told, or V(person) for
      what only a person can see. C(evidence) lets a person look again by hand.
  type: list
  elements: dict
  sample:
    - id: on_premises_7
      title: Reply to the message and send it to the group
      verdict: failed
      place: to_connector
      explanation: No Send connector has an address space for groups.contoso.com, so the mail waits in the queue Unreachable.
      remedy: Add groups.contoso.com to the address spaces of Outbound to Office 365.
      evidence:
        cause: no_connector
        server: EX1
        queue: EX1\Unreachable
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._verification import records


def verification_records(results: t.Any) -> list[dict[str, t.Any]]:
    if not isinstance(results, dict) or not isinstance(results.get("settings"), dict):
        raise AnsibleFilterError("verification_records takes a dictionary of results with the key settings")
    return records(results)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"verification_records": verification_records}
