#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adsync_group_writeback
short_description: Lets Entra Connect write Microsoft 365 Groups back into an OU
version_added: 0.1.0
description:
  - Checks on the Entra Connect (Azure AD Connect) server that group writeback is enabled, and gives the connector account the
    access rules it needs on the OU that holds the groups.
  - Access rules are compared by what they allow and deny, with the account's groups and inherited rules counted. Only what is
    missing is added, never more than the least grant. Rules of others stay as they are.
  - "The least grant is two rules: create and delete group objects in the OU and the OUs below it; read, write, delete and delete
    tree on group objects below. Microsoft's own cmdlet refuses an OU in some versions, and its rule alone does not let the
    account create groups."
  - Enabling group writeback is left to the Connect wizard, because no cmdlet does it. When it is not enabled, the task fails and
    says which steps are left to do there.
options:
  connector:
    description:
      - Name of the connector to the Active Directory forest. It is the forest's name.
      - Needed only if there are several.
    type: str
  ou:
    description:
      - Distinguished name of the OU that groups are expected to be written to.
      - The OU itself is chosen in the Connect wizard. When that choice is another one, the task fails.
      - Without it, the wizard's choice is taken.
    type: str
  account:
    description:
      - The account that gets the rules, as sAMAccountName, V(DOMAIN\\name), V(name@domain) or distinguished name.
      - An account of another domain than the OU's is given by its SID. Its groups are not counted then.
      - Without it, the account the connector logs on to the forest with. There is rarely a reason to give another.
    type: str
  sync:
    description:
      - Start a delta sync after rules were added, and wait until it has ended.
      - A sync in progress is awaited first, because it began before the rules were there.
      - No sync is started when nothing was added. The scheduler starts one by itself every thirty minutes.
      - Refused on a server in staging mode and while the scheduler is suspended, before anything is changed.
    type: bool
    default: false
  sync_timeout:
    description:
      - Seconds to wait for a sync in progress and for the one started, together.
      - When the one in progress outlasts it, the task fails. When the one started does, it goes on by itself, and
        RV(sync.finished) is V(false).
    type: int
    default: 1800
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.state
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._directory
notes:
  - A domain controller takes all access rules of an object at once, and the last writer wins. The rules are read again
    immediately before and after writing. When somebody else changed them in between, the task starts over or fails and shows
    both; nothing is lost in silence.
  - Rules that deny come before those that allow. When one denies the connector account what it needs, the task fails and names
    it.
seealso:
  - module: exchange.hybrid_groups.adsync_info
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
"""

EXAMPLES = r"""
- name: Let the connector account write groups back
  exchange.hybrid_groups.adsync_group_writeback:
    ou: OU=M365Groups,DC=corp,DC=contoso,DC=com
    domain_controller: dc1.corp.contoso.com
    directory_user: svc-ansible@corp.contoso.com
    directory_password: "{{ directory_password }}"

- name: The same for one of several forests, with a certificate of the organization's own authority, and sync at once
  exchange.hybrid_groups.adsync_group_writeback:
    connector: corp.contoso.com
    sync: true
    domain_controller: dc1.corp.contoso.com
    directory_ca_cert: /etc/pki/contoso-ca.pem
    directory_user: svc-ansible@corp.contoso.com
    directory_password: "{{ directory_password }}"
"""

RETURN = r"""
connector:
  description: Name of the connector.
  returned: success
  type: str
  sample: corp.contoso.com
account:
  description: The account the rules are for.
  returned: success
  type: str
  sample: corp.contoso.com\MSOL_d1edb676ca03
account_sid:
  description: Its SID.
  returned: success
  type: str
  sample: S-1-5-21-1004336348-1177238915-682003330-1105
ou:
  description: Distinguished name of the OU, as the wizard stored it.
  returned: success
  type: str
  sample: OU=M365Groups,DC=corp,DC=contoso,DC=com
features:
  description: Feature flags of the tenant, by name, as the Connect server reports them.
  returned: success
  type: dict
  sample:
    PasswordHashSync: true
    UnifiedGroupWriteback: true
rights:
  description: What the account could do before the task, one sentence for each right that writeback needs.
  returned: success
  type: list
  elements: str
  sample:
    - "may not create groups (the OU itself): no rule allows it"
    - may read groups (group objects below the OU)
missing:
  description: Access rules that were missing before the task.
  returned: success
  type: list
  elements: dict
  contains: &rule
    sddl:
      description: The rule as an SDDL string.
      returned: success
      type: str
      sample: (OA;CI;CCDC;bf967a9c-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1004336348-1177238915-682003330-1105)
    text:
      description: The same in words.
      returned: success
      type: str
      sample: >-
        allow corp.contoso.com\MSOL_d1edb676ca03 to create child objects, delete child objects of class group, here and below
added:
  description: Access rules that were added. In check mode, those that would be.
  returned: success
  type: list
  elements: dict
  contains: *rule
sync:
  description: The delta sync that was started.
  returned: when O(sync=true) and rules were added, not in check mode
  type: dict
  contains:
    waited:
      description: Whether another sync was in progress and had to end first.
      returned: success
      type: bool
      sample: false
    finished:
      description: Whether the sync ended within O(sync_timeout).
      returned: success
      type: bool
      sample: true
wizard_steps:
  description: What is left to do in the Connect wizard.
  returned: failure, when group writeback is not enabled
  type: list
  elements: str
  sample:
    - Select Group writeback, then Next.
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import (
    _access_rule_text,
    _access_rules,
    _adsync,
    _adsync_cycle,
    _dacl_update,
    _directory,
    _directory_logon,
    _directory_options,
    _distinguished_name,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient, CmdletError, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import Account, Dacl
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._security_descriptor import SecurityDescriptor


def check_options(module: AnsibleModule) -> _directory_options.DirectoryOptions:
    """Refuse what cannot be right before anything is contacted."""
    if module.params["ou"] is not None:
        try:
            _distinguished_name.parse(module.params["ou"])
        except _distinguished_name.InvalidDistinguishedName as exc:
            module.fail_json(msg=f"ou: {module.params['ou']} is not a distinguished name: {exc}.")
    if module.params["sync_timeout"] < 1:
        module.fail_json(msg=f"sync_timeout must be at least 1 second, not {module.params['sync_timeout']}.")
    options = _directory_options.DirectoryOptions.from_params(module.params)
    _directory_logon.check_requirements(module, options)
    return options


def writeback_ou(wanted: str | None, stored: str, connector: str) -> str:
    """The OU the wizard stored, which must be the wanted one."""
    if wanted is not None and not _distinguished_name.is_same(wanted, stored):
        raise CollectionError(
            f"ou: connector {connector} writes groups to {stored}, not to {wanted}. Give that OU, or choose the other one in the "
            "Connect wizard; it cannot be changed while group writeback is enabled, and disabling it deletes the groups."
        )
    return stored


def require_unblocked(module: AnsibleModule, assessment: _access_rules.Assessment, ou: str, names: dict[str, str]) -> None:
    """Fail when a rule denies what adding rules cannot give; warn of what is denied and not essential."""
    sentences = {verdict: _access_rule_text.explain(verdict, names) for verdict in assessment.blocked}
    essential = [text for verdict, text in sentences.items() if verdict.right.essential]
    if essential:
        raise CollectionError(
            f"The connector account cannot be given what it needs on {ou}: it {'; it '.join(essential)}. Nothing was changed: "
            "remove or narrow the rule that denies."
        )
    for text in sentences.values():
        module.warn(f"On {ou} the connector account {text}. It can still delete groups by its right on the groups themselves.")
    for ace in assessment.limits:
        module.warn(
            f"On {ou} a rule denies the connector account something on single properties of groups, so some of them may not be "
            f"written: {_access_rule_text.sddl(ace)}"
        )


def describe(dacl: Dacl | SecurityDescriptor, names: dict[str, str]) -> str:
    """Explicit rules for the diff."""
    descriptor = dacl.descriptor if isinstance(dacl, _directory.Dacl) else dacl
    return "\n".join([*_access_rule_text.explicit_lines(descriptor, names), ""])


def trustee_of(module: AnsibleModule, account: Account) -> _access_rules.Trustee:
    """The account for the access check."""
    if account.groups is None:
        module.warn(f"The groups of account {account.name} are not known, so rules for them were not counted.")
    return _access_rules.Trustee(account.sid, account.groups or frozenset())


def grant(module: AnsibleModule, options: _directory_options.DirectoryOptions, ou: str, account_name: str) -> dict[str, t.Any]:
    """Compare the OU's access rules with the wanted ones and add what is missing."""
    with _directory.Directory(options) as directory:
        if _distinguished_name.dns_domain(ou) != directory.domain:
            raise CollectionError(
                f"domain_controller: {options.address} serves the domain {directory.domain}, and {ou} is in another one: name a "
                "domain controller of that."
            )
        account = directory.find_account(account_name)
        trustee = trustee_of(module, account)
        names = {account.sid: account_name}
        found = directory.read_dacl(ou)
        if found.version is None:
            module.warn(
                f"The version of the permissions of {ou} cannot be read, so a change made at the same time may go unseen."
            )
        assessment = _access_rules.assess(found.descriptor, trustee)
        require_unblocked(module, assessment, ou, names)
        if module.check_mode:
            added, after = assessment.missing, found.descriptor.with_explicit(assessment.missing)
        else:
            change = _dacl_update.update(directory, ou, found, lambda descriptor: _access_rules.granted(descriptor, trustee))
            added, after = change.added, change.after.descriptor
    result: dict[str, t.Any] = {
        "changed": bool(added),
        "account": account_name,
        "account_sid": account.sid,
        "rights": [_access_rule_text.explain(verdict, names) for verdict in assessment.verdicts],
        "missing": [_access_rule_text.as_dict(ace, names) for ace in assessment.missing],
        "added": [_access_rule_text.as_dict(ace, names) for ace in added],
    }
    if module._diff:
        result["diff"] = {
            "before_header": ou,
            "after_header": ou,
            "before": describe(found, names),
            "after": describe(after, names),
        }
    return result


def sync(client: CmdletClient, timeout: int, result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Start a delta sync; a failure still returns that the rules were added."""
    try:
        outcome = _adsync_cycle.delta_sync(client, Deadline(timeout))
    except CollectionError as exc:
        raise CollectionError(f"The access rules were added, but {exc}", result=result) from exc
    except (CmdletError, SessionError) as exc:
        raise CollectionError(f"The access rules were added, but the sync failed: {exc}", result=result) from exc
    return {"waited": outcome.waited, "finished": outcome.finished}


def run(module: AnsibleModule) -> None:
    options = check_options(module)
    client = CmdletClient(module)
    _adsync.import_module(client)
    connector = _adsync.complete(client, _adsync.choose(_adsync.read_connectors(client), module.params["connector"]))
    features = _adsync.read_features(client, _adsync.read_settings(client))
    ou = writeback_ou(module.params["ou"], _adsync.require_writeback(connector, features), connector.name)
    account = module.params["account"] or connector.account
    if account is None:
        raise CollectionError(f"account: connector {connector.name} names no account: give it.")
    if module.params["sync"]:
        _adsync_cycle.require_syncing(_adsync.read_scheduler(client))
    result = {
        "connector": connector.name,
        "ou": ou,
        "features": dict(features.tenant),
        **grant(module, options, ou, account),
    }
    if module.params["sync"] and result["changed"] and not module.check_mode:
        result["sync"] = sync(client, module.params["sync_timeout"], result)
    module.exit_json(**result)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "connector": {"type": "str"},
            "ou": {"type": "str"},
            "account": {"type": "str"},
            "sync": {"type": "bool", "default": False},
            "sync_timeout": {"type": "int", "default": 1800},
            **_directory_options.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
