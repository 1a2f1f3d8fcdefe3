#!/usr/bin/python
# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: exchange_recipient_update
short_description: Bring groups that were written back into the address lists
version_added: 0.1.0
description:
  - Runs C(Update-Recipient) for Microsoft 365 groups that Entra Connect has written back. Without it, a new group is in no
    on-premises address list.
  - Only groups that are in no address list are updated, so the module can run on a schedule.
  - All are updated in one session. One that fails does not stop the others; the module fails at the end and names those that
    did.
  - While it works, a line is shown every few seconds.
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._exchange
options:
  organizational_unit:
    description:
      - Distinguished name of the writeback OU. Every group in it and below is looked at.
    type: str
  identities:
    description:
      - Distinguished names of the groups, or of other recipients.
      - Names do not do. The name of a group that was written back is not what people see.
    type: list
    elements: str
  update:
    description:
      - V(unlisted) updates what is in no address list, V(always) everything, which then always counts as changed.
      - A recipient that is hidden from address lists is not taken for unlisted.
    type: str
    choices:
      - unlisted
      - always
    default: unlisted
attributes:
  idempotent:
    support: partial
    details:
      - With O(update=always) every run counts as a change.
notes:
  - The user needs the Exchange role C(Mail Recipients), which Recipient Management and Organization Management hold.
  - Outlook shows a group once the offline address book has been generated and downloaded.
seealso:
  - module: exchange.hybrid_groups.adsync_group_writeback
  - name: Configure Microsoft 365 Groups with on-premises Exchange hybrid
    description: The known issue.
    link: https://learn.microsoft.com/exchange/hybrid-deployment/set-up-microsoft-365-groups
"""

EXAMPLES = r"""
- name: Bring new groups into the address lists
  exchange.hybrid_groups.exchange_recipient_update:
    organizational_unit: OU=M365Groups,DC=corp,DC=contoso,DC=com

- name: Update one group in any case
  exchange.hybrid_groups.exchange_recipient_update:
    identities:
      - CN=Group_c6d336a0-cf39-5a06-b17a-9eaa65a71d7e,OU=M365Groups,DC=corp,DC=contoso,DC=com
    update: always
"""

RETURN = r"""
updated:
  description: Distinguished names of what was updated, in check mode of what would be.
  returned: success
  type: list
  elements: str
  sample:
    - CN=Group_0a1b2c3d-0000-4000-8000-000000000001,OU=M365Groups,DC=corp,DC=contoso,DC=com
failed_recipients:
  description: What could not be updated.
  returned: always
  type: list
  elements: dict
  sample: []
  contains:
    identity:
      description: The distinguished name.
      returned: success
      type: str
      sample: CN=Group_0a1b2c3d-0000-4000-8000-000000000001,OU=M365Groups,DC=corp,DC=contoso,DC=com
    display_name:
      description: The name people see. V(null) when it is not known.
      returned: success
      type: str
      sample: Engineering
    msg:
      description: What the server said.
      returned: success
      type: str
      sample: The alias is not valid.
    error_id:
      description: The cmdlet's error id. V(null) when the cmdlet reported success.
      returned: success
      type: str
      sample: "[Server=EX1] [FailureCategory=Cmdlet-DataValidationException] 8022381D"
up_to_date:
  description: How many were in an address list already and were left alone.
  returned: success
  type: int
  sample: 998
without_address:
  description: Distinguished names of groups without an e-mail address, which no address list can hold. They are left alone.
  returned: success
  type: list
  elements: str
  sample: []
cmdlet_error:
  description:
    - The cmdlet's error, part by part, when the module could not work at all. Exchange writes it in the server's language.
  returned: when a cmdlet wrote an error that stops everything
  type: dict
  sample:
    cmdlet: Update-Recipient
    host: ex1.corp.contoso.com
    message: The term 'Update-Recipient' is not recognized as the name of a cmdlet.
    fully_qualified_error_id: CommandNotFoundException
    category: ObjectNotFound
    exception: CommandNotFoundException
    target: Update-Recipient
    activity: ""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _distinguished_name as dn
from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _exchange_client
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_client import ExchangeClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._progress import Progress
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._recipient_update import (
    Outcome,
    RecipientUpdate,
    as_result,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run

NAMED_IN_MESSAGE = 10


def check_names(params: dict) -> None:
    """:raises CollectionError: an option is no distinguished name of an object below a domain"""
    for option in ("organizational_unit", "identities"):
        given = params[option]
        for name in given if isinstance(given, list) else [given] if given is not None else []:
            try:
                parts = dn.parse(name)
            except dn.InvalidDistinguishedName as exc:
                raise CollectionError(f'{option}: "{name}" is not a distinguished name: {exc}.') from exc
            if len(parts) < 2 or not dn.dns_domain(name):
                raise CollectionError(f'{option}: "{name}" has no DC= part; give the whole distinguished name.')


def sentence(outcome: Outcome, host: str) -> str:
    failed = outcome.failed
    named = "; ".join(
        f"{failure.recipient.display_name or failure.recipient.identity}: {failure.message}"
        for failure in failed[:NAMED_IN_MESSAGE]
    )
    more = f"; and {len(failed) - NAMED_IN_MESSAGE} more" if len(failed) > NAMED_IN_MESSAGE else ""
    total = len(failed) + len(outcome.updated)
    return f"{len(failed)} of {total} recipients could not be updated on {host}: {named}{more}. See failed_recipients."


def run(module: AnsibleModule) -> None:
    params = module.params
    check_names(params)
    client = ExchangeClient(CmdletClient(module), params["domain_controller"])
    progress = Progress(module.tmpdir)
    update = RecipientUpdate(
        client,
        always=params["update"] == "always",
        check_mode=module.check_mode,
        progress=lambda done, total: progress.say(f"{done} of {total} recipients"),
    )
    unit = params["organizational_unit"]
    outcome = update.update_unit(unit) if unit else update.update_named(params["identities"])
    result = {"changed": bool(outcome.updated), **as_result(outcome)}
    if module._diff:
        names = sorted(result["updated"])
        result["diff"] = {"before": {"in_no_address_list": names}, "after": {"in_no_address_list": []}}
    if outcome.failed:
        module.fail_json(msg=sentence(outcome, client.host), **result)
    module.exit_json(**result)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "organizational_unit": {"type": "str"},
            "identities": {"type": "list", "elements": "str"},
            "update": {"type": "str", "choices": ["unlisted", "always"], "default": "unlisted"},
            **_exchange_client.ARGUMENT_SPEC,
        },
        mutually_exclusive=[("organizational_unit", "identities")],
        required_one_of=[("organizational_unit", "identities")],
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
