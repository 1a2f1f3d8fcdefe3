#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_message_trace
short_description: Follow a message through the tracking logs of all transport servers
version_added: 0.1.0
description:
  - Searches the message tracking logs of every transport server of the organization for a message, again and again with growing
    pauses, until one of O(events) is there, the message has failed, or the time has passed.
  - A message that is not found in time is looked for in the queues. One that waits there is late and not lost. Exchange may send
    a report of non-delivery only after two days.
  - A server whose log cannot be searched is named in RV(servers). What such a server did with the message is not known, and that
    is not the same as a message that did not arrive.
  - The module does not fail when nothing is found.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
options:
  message_id:
    description:
      - Message-ID, with or without angle brackets.
    type: str
  subject:
    description:
      - A part of the subject that no other message has. It is the second key, for a message whose Message-ID was changed on its
        way, and finds reports of non-delivery.
    type: str
  recipient:
    description:
      - Address the event has to be about. Without it, any recipient counts.
    type: str
  events:
    description:
      - Events of which any ends the search, such as V(DELIVER), or V(SENDEXTERNAL) and V(SEND) for a message that leaves.
    type: list
    elements: str
    default:
      - DELIVER
  wait_timeout:
    description:
      - How long to search, in seconds. With V(0), each log is searched once.
    type: int
    default: 300
  minutes:
    description:
      - How far back the logs are searched. Allow for clocks that differ.
    type: int
    default: 60
notes:
  - The user needs the Exchange roles C(Message Tracking) and C(Transport Queues), which Organization Management holds.
  - The service Microsoft Exchange Transport Log Search has to run on the servers.
  - The front end transport service writes no tracking log, so a session that it refused is not found.
"""

EXAMPLES = r"""
- name: The post has arrived on-premises
  exchange.hybrid_groups.exchange_message_trace:
    message_id: "{{ post.message_id }}"
    subject: Test 8f14e45f
    recipient: jdoe@contoso.com
  register: arrival
  failed_when: arrival.found == []
"""

RETURN = r"""
found:
  description: The events that were looked for.
  returned: success
  type: list
  elements: dict
  sample:
    - server: EX2
      time: "2026-11-24T10:15:02+00:00"
      event: DELIVER
      source: STOREDRIVER
      sender: sales@groups.contoso.com
      recipients: [john@contoso.com]
      connector: ""
      remote_host: ""
      response: ""
      tls: ""
      message_id: <AM0PR01MB1234@AM0PR01MB1234.eurprd01.prod.exchangelabs.com>
      subject: Test 8f14e45f
      is_report: false
failures:
  description: Events C(FAIL), as in RV(found). RV(failures[].response) is the reply that the message was refused with.
  returned: success
  type: list
  elements: dict
  sample: []
  contains:
    response:
      description: The SMTP reply.
      returned: success
      type: str
      sample: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
reports:
  description: Events of reports about the message that went to its sender, as in RV(found).
  returned: success
  type: list
  elements: dict
  sample: []
looped:
  description: Whether a server has taken the message three times or more.
  returned: success
  type: bool
  sample: false
events:
  description: All events of the message, as in RV(found), by time.
  returned: success
  type: list
  elements: dict
  sample: []
queued:
  description: The message where it waits in a queue.
  returned: success
  type: list
  elements: dict
  sample:
    - server: EX1
      queue: EX1\17
      next_hop: groups.contoso.com
      delivery_type: DnsConnectorDelivery
      status: Retry
      last_error: "[{LED=454 4.7.5 Certificate validation failure};{MSG=};{FQDN=mail.contoso.com}]"
      response: 454 4.7.5 Certificate validation failure
      message_id: <173244@contoso.com>
servers:
  description: All transport servers. RV(servers[].reason) says why a log could not be searched, or what limits the search.
  returned: success
  type: list
  elements: dict
  sample:
    - name: EX1
      searched: true
      reason: ""
  contains:
    name:
      description: Name of the server.
      returned: success
      type: str
      sample: EX1
    searched:
      description: Whether its log was searched.
      returned: success
      type: bool
      sample: true
    reason:
      description: A sentence, or empty.
      returned: success
      type: str
      sample: ""
waited:
  description: Seconds the search took.
  returned: success
  type: float
  sample: 12.5
cmdlet_error:
  description: The cmdlet's error, part by part. Exchange writes it in the server's language.
  returned: when the servers could not be listed
  type: dict
  sample:
    cmdlet: Get-ExchangeServer
    host: ex1.corp.contoso.com
    message: The term 'Get-ExchangeServer' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Get-ExchangeServer
    activity: ""
"""

import datetime

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._message_trace import Wanted, follow
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._progress import Progress
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import guarded_run


def run(module: AnsibleModule) -> None:
    params = module.params
    wanted = Wanted(
        message_id=params["message_id"],
        subject=params["subject"],
        recipient=params["recipient"],
        events=tuple(event.upper() for event in params["events"]),
        since=datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=params["minutes"]),
    )
    progress = Progress(module.tmpdir)
    trace = follow(CmdletClient(module), wanted, params["wait_timeout"], progress=progress.say)
    module.exit_json(changed=False, **trace.to_result())


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "message_id": {"type": "str"},
            "subject": {"type": "str"},
            "recipient": {"type": "str"},
            "events": {"type": "list", "elements": "str", "default": ["DELIVER"]},
            "wait_timeout": {"type": "int", "default": 300},
            "minutes": {"type": "int", "default": 60},
        },
        required_one_of=[("message_id", "subject")],
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
