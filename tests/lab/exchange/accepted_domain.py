# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-, New-, Set- and Remove-AcceptedDomain.

Sources: the cmdlet references, and "Procedures for accepted domains in Exchange Server" (one domain is always the
default and cannot be removed; the domain itself never changes).
"""

from __future__ import annotations

import typing as t

from lab.exchange import errors as exchange_errors
from lab.exchange.objects import accepted_domain, accepted_domain_dn
from lab.exchange.state import AcceptedDomain
from lab.exchange.task import Task
from lab.powershell.objects import NetObject


def get(task: Task) -> list[NetObject]:
    return [accepted_domain(domain) for domain in task.find(task.state.accepted_domains, _dn)]


def new(task: Task) -> list[NetObject]:
    state, parameters = task.state, task.parameters
    name, domain_name = parameters["Name"], str(parameters["DomainName"])
    task.check_name(name, state.accepted_domains, accepted_domain_dn(name))
    if any(domain.domain_name.lower() == domain_name.lower() for domain in state.accepted_domains):
        raise exchange_errors.duplicate_accepted_domain(task.cmdlet, task.server.name, domain_name)
    if not task.should_process():
        return []
    domain_type = parameters.get("DomainType", "Authoritative")
    domain = state.add_accepted_domain(
        name,
        domain_name,
        domain_type=domain_type,
        address_book_enabled=domain_type == "Authoritative",
        default=not state.accepted_domains,
    )
    return [accepted_domain(domain)]


def set_(task: Task) -> list[NetObject]:
    domain = task.find_one(task.state.accepted_domains, _dn)
    changes = _changes(task, domain)
    if not task.should_process():
        return []
    if not changes:
        task.warn_nothing_changed(domain.name)
        return []
    if changes.get("default"):
        for other in task.state.accepted_domains:
            other.default = False
    for attribute, value in changes.items():
        setattr(domain, attribute, value)
    domain.changed = task.state.tick()
    return []


def remove(task: Task) -> list[NetObject]:
    domain = task.find_one(task.state.accepted_domains, _dn)
    if domain.default:
        # assumed: the text; the rule is documented.
        raise task.refuse(f"The accepted domain '{domain.name}' can't be removed because it's the default domain.")
    if task.should_process(prompts=True):
        task.state.accepted_domains.remove(domain)
        task.state.tick()
    return []


_ATTRIBUTES = {
    "Name": "name",
    "DomainType": "domain_type",
    "MatchSubDomains": "match_sub_domains",
    "AddressBookEnabled": "address_book_enabled",
    "MakeDefault": "default",
    "PendingRemoval": "pending_removal",
    "PendingCompletion": "pending_completion",
}


def _changes(task: Task, domain: AcceptedDomain) -> dict[str, t.Any]:
    """What differs from the domain as it is.

    :raises PowerShellError: a name that is taken, or the default domain given up
    """
    # assumed: a new type leaves AddressBookEnabled as it is; the references give its default for new domains only.
    changes = {
        attribute: task.parameters[name]
        for name, attribute in _ATTRIBUTES.items()
        if name in task.parameters and getattr(domain, attribute) != task.parameters[name]
    }
    if "name" in changes:
        others = [other for other in task.state.accepted_domains if other is not domain]
        task.check_name(changes["name"], others, accepted_domain_dn(changes["name"]))
    if changes.get("default") is False:
        # assumed: refused, because one domain is always the default; the text is ours.
        raise task.refuse(f"The accepted domain '{domain.name}' is the default domain. Make another domain the default instead.")
    return changes


def _dn(domain: AcceptedDomain) -> str:
    return accepted_domain_dn(domain.name)
