# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each task in the EXAMPLES of a plugin runs in the lab: in check mode, for real, and once more.

A new example needs nothing here, as long as it names what the lab has, and can be run from the lab's beginning.
"""

from __future__ import annotations

import pathlib
import sys
import typing as t

import pytest
from helpers import examples, stand_ins
from helpers.ansible_in_process import OURS, Outcome
from helpers.documented_lab import DocumentedLab
from helpers.returned import differences

if t.TYPE_CHECKING:
    from collections.abc import Callable

PROVIDERS = pathlib.Path(sys.prefix) / "providers/ansible_collections"
# What is there when a plugin's first example is run, where it is not what the procedure finds.
BEGINNING: dict[str, Callable[[DocumentedLab], None]] = {
    **dict.fromkeys(
        (
            "modules/adsync_groups_info",
            "modules/exchange_accepted_domain_info",
            "modules/exchange_mail_flow_info",
            "modules/exchange_message_trace",
            "modules/exchange_recipient_update",
            "modules/group_domain_dns_info",
            "modules/m365_group_member",
            "modules/m365_group_post_info",
            "modules/m365_group_readd",
            "modules/m365_groups_info",
            "modules/m365_mail",
            "modules/m365_mail_info",
            "modules/smtp_mail",
        ),
        DocumentedLab.do_the_procedure,
    ),
    "modules/adsync_info": DocumentedLab.do_the_procedure_without_rights,
    "modules/exchange_send_connector_permission": DocumentedLab.connect_a_partner,
    "modules/group_domain_dns": DocumentedLab.verify_the_domain,
    "modules/hybrid_overview": DocumentedLab.report_on_organizations,
}
# Plugins whose examples go on where those of others end.
GO_ON_FROM = {
    "modules/exchange_message_trace": ["modules/m365_group_member", "modules/m365_mail"],
    "modules/m365_group_post_info": ["modules/m365_mail", "modules/smtp_mail"],
    "modules/m365_mail_info": ["modules/m365_mail", "modules/smtp_mail"],
}
# What people do before a task.
IN_BETWEEN = {
    "Wait for the person to sign in": DocumentedLab.sign_in,
    "Verify the group domain and turn mail on, once that record is public": DocumentedLab.publish_verification,
    "Publish in the internal zone too, which on-premises servers get their answers from": DocumentedLab.have_internal_zone,
    "Get the record sets, to publish them with the DNS provider's own module": DocumentedLab.withdraw_records,
    "Wait until everybody sees them": DocumentedLab.publish_records,
}
# Examples that change nothing, of modules that can, and why.
CHANGES_NOTHING = {
    "The same for one of several forests, with a certificate of the organization's own authority, and sync at once": (
        "the example before has given the rights"
    ),
    "Have exactly these address spaces": "the examples before have left these",
    "Get the record sets, to publish them with the DNS provider's own module": "somebody else publishes them",
    "Wait until everybody sees them": "somebody else has published them",
}
# What they do counts as a change, and leaves no trace here.
WITHOUT_A_TRACE = {"Update one group in any case", "Write an overview"}
# The code that was shown can be used once.
ONLY_ONCE = {"Wait for the person to sign in"}

CHECK, AGAIN = " (check mode)", " (again)"


def plan(tasks: list[examples.Task]) -> list[dict[str, t.Any]]:
    """Tasks of this collection three times, others once."""
    planned = []
    for task in tasks:
        thrice = task.action.startswith(OURS) and task.name not in ONLY_ONCE
        if thrice:
            planned.append({**task.data, "name": task.name + CHECK, "check_mode": True})
        planned.append(task.data)
        if thrice:
            planned.append({**task.data, "name": task.name + AGAIN})
    return planned


@pytest.mark.parametrize("plugin", examples.plugins())
def test_examples(documented_lab: DocumentedLab, plugin: str) -> None:
    BEGINNING.get(plugin, lambda _lab: None)(documented_lab)

    def before(task: str) -> None:
        if action := IN_BETWEEN.get(task.removesuffix(CHECK)):
            action(documented_lab)

    tasks = [task for task in examples.tasks(plugin) if not task.not_run]
    earlier = [task.data for other in GO_ON_FROM.get(plugin, []) for task in examples.tasks(other)]
    hosts = documented_lab.hosts_for(tasks[0].action)
    outcomes = documented_lab.run([*earlier, *plan(tasks)], hosts=hosts, before=before)
    by_name = {outcome.task: outcome for outcome in outcomes}
    bad = [f"{outcome.task}: {outcome.status}: {outcome.result.get('msg')}" for outcome in outcomes if outcome.status != "ok"]
    assert not bad
    for task in tasks:
        assert task.name in by_name, f"{task.name} did not run"
        if task.name + CHECK in by_name:
            judge(task, *(by_name[task.name + suffix] for suffix in (CHECK, "", AGAIN)))


def judge(task: examples.Task, check: Outcome, real: Outcome, again: Outcome) -> None:
    """Hold what the three runs of a task did against what the module's documentation says of it."""
    module = f"modules/{task.action.removeprefix(OURS)}"
    supports = examples.attributes(module)
    assert not check.disturbed, f"{task.name} changes something in check mode"
    expected = not supports["reads only"] and task.name not in CHANGES_NOTHING
    assert real.result["changed"] is expected, f"{task.name}: changed is {real.result['changed']}"
    assert check.result["changed"] is expected, f"{task.name}: check mode says that changed is {check.result['changed']}"
    assert real.disturbed is (expected and task.name not in WITHOUT_A_TRACE), f"{task.name}: {expected=}, {real.disturbed=}"
    assert differences(real.result, module) == [], task.name
    if supports["idempotent"]:
        assert again.result["changed"] is False, f"{task.name} changes something again"
        assert not again.disturbed, f"{task.name} changes something again and does not say so"


FOREIGN = [
    task for plugin in examples.plugins() for task in examples.tasks(plugin) if not task.action.startswith((OURS, "ansible."))
]


@pytest.mark.parametrize("task", FOREIGN, ids=lambda task: task.action)
def test_options_of_other_collections(task: examples.Task) -> None:
    """Modules that do nothing here are given options that the real ones have."""
    namespace, collection, module = task.action.split(".")
    file = PROVIDERS / namespace / collection / "plugins/modules" / f"{module}.py"
    if not file.is_file():
        pytest.skip(f"{task.action} is not in {PROVIDERS}: run make providers")
    options = stand_ins.documented_spec(file)
    given = task.data[task.action]
    assert set(given) <= set(options)
    assert {name for name, option in options.items() if option.get("required")} <= set(given)
