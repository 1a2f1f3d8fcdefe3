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
  state:
    description:
      - V(present) gives the account what it lacks.
      - V(absent) revokes exactly the rights that V(present) would give, and nothing else. It does not disable group writeback,
        because that deletes the groups written back.
    type: str
    choices: [present, absent]
    default: present
  connector:
    description:
      - Name of the connector to the Active Directory forest. It is the forest's name.
      - Needed only if there are several. Each has an OU and an account of its own, so it takes a task each.
    type: str
  ou:
    description:
      - Distinguished name of the OU that groups are expected to be written to.
      - The OU itself is chosen in the Connect wizard. When that choice is another one, the task fails.
      - Without it, the wizard's choice is taken.
      - It must lie in the connector's sync scope.
      - With O(state=absent) any OU can be given, also one that was the wizard's choice before.
    type: str
  account:
    description:
      - The account that gets the rules, as sAMAccountName, V(DOMAIN\\name), V(name@domain) or distinguished name.
      - An account of another domain than the OU's is given by its SID. Its groups are not counted then.
      - Without it, the account the connector logs on to the forest with. There is rarely a reason to give another.
    type: str
  method:
    description:
      - Who writes the rules.
      - Either way they are compared over LDAP before and after.
    type: str
    choices:
      ldap: This module, on the domain controller. It writes the least grant.
      cmdlet: >-
        Microsoft's own command on the Connect server, current or legacy as the server has it. It needs the server's RSAT tools
        and reaches the domain controller from there, which a delegated logon must allow. What it leaves out is told in
        RV(left_out). It refuses OUs in some versions.
    default: ldap
  include_admin_sd_holder:
    description:
      - With O(method=cmdlet), let the command change the container AdminSDHolder too, from which the domain's protected accounts
        and groups take their permissions.
    type: bool
    default: false
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
  - Warns of a server in staging mode, a suspended scheduler, a build that is too old, and of objects below the OU that block
    inheritance.
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

# not run: needs a Kerberos realm
- name: With Kerberos, sealed, on the domain controller that DNS names
  exchange.hybrid_groups.adsync_group_writeback:
    directory_auth: kerberos
    directory_tls: none
    directory_user: svc-ansible@corp.contoso.com
    directory_keytab: /etc/svc-ansible.keytab

- name: Take the rights back; the rules of others stay
  exchange.hybrid_groups.adsync_group_writeback:
    state: absent
    ou: OU=M365Groups,DC=corp,DC=contoso,DC=com
    domain_controller: dc1.corp.contoso.com
    directory_user: svc-ansible@corp.contoso.com
    directory_password: "{{ directory_password }}"
"""

RETURN = r"""
domain_controller:
  description:
    - The domain controller that was asked, as it was given or found by DNS.
    - Give it to later tasks, so that they see what was written.
  returned: success
  type: str
  sample: dc1.corp.contoso.com
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
removed:
  description:
    - Access rules that were removed. In check mode, those that would be.
    - A rule that only a part is taken from or given back to is removed and added.
  returned: success
  type: list
  elements: dict
  contains: *rule
excess:
  description: The account's own rules on the OU that let it do more than writeback needs, as they were before the task.
  returned: success
  type: list
  elements: dict
  contains: *rule
left_out:
  description: Access rules that are missing still, with O(method=cmdlet).
  returned: success
  type: list
  elements: dict
  contains: *rule
blocked_below:
  description: Distinguished names of groups and OUs below the OU that inherit no rules.
  returned: success, with O(state=present)
  type: list
  elements: str
  sample: []
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
    export:
      description: Result of the connector's last export, as the server calls it, or V(none) when the sync has not ended.
      returned: success
      type: str
      sample: success
    failures:
      description: Number of objects the export could not write.
      returned: success
      type: int
      sample: 0
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
    _adsync,
    _adsync_cmdlet,
    _adsync_cycle,
    _adsync_scope,
    _directory,
    _directory_logon,
    _directory_options,
    _distinguished_name,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient, CmdletError, SessionError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._progress import Progress
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._writeback_permissions import WritebackPermissions


def check_options(module: AnsibleModule) -> _directory_options.DirectoryOptions:
    """Refuse what cannot be right before anything is contacted."""
    if module.params["ou"] is not None:
        try:
            _distinguished_name.parse(module.params["ou"])
        except _distinguished_name.InvalidDistinguishedName as exc:
            module.fail_json(msg=f"ou: {module.params['ou']} is not a distinguished name: {exc}.")
    if module.params["sync_timeout"] < 1:
        module.fail_json(msg=f"sync_timeout must be at least 1 second, not {module.params['sync_timeout']}.")
    if module.params["method"] == "cmdlet" and module.params["state"] == "absent":
        module.fail_json(msg="method=cmdlet cannot revoke: Microsoft has no command for it. Use method=ldap with state=absent.")
    if module.params["method"] == "cmdlet" and module.params["account"]:
        module.fail_json(msg="account: with method=cmdlet the command gets the connector's own account: leave it out.")
    if module.params["include_admin_sd_holder"] and module.params["method"] != "cmdlet":
        module.fail_json(msg="include_admin_sd_holder is for method=cmdlet: with method=ldap AdminSDHolder is never changed.")
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


def check_server(module: AnsibleModule, client: CmdletClient, connector: _adsync.Connector, ou: str, build: str | None) -> None:
    """Refuse or warn where rights alone do not let groups be written."""
    reason = _adsync_scope.out_of_scope(_adsync_scope.read_partitions(client, connector.name), ou)
    if reason:
        raise CollectionError(
            f"ou: {ou} is outside the sync scope of connector {connector.name}: {reason}. Include it in the Connect wizard "
            "(Domain and OU filtering)."
        )
    if outdated := _adsync.outdated(build):
        module.warn(outdated)
    scheduler = _adsync.read_scheduler(client)
    if module.params["sync"]:
        _adsync_cycle.require_syncing(scheduler)
    for active, text in ((scheduler.staging, _adsync.STAGING), (scheduler.suspended, _adsync.SUSPENDED)):
        if active:
            module.warn(text)


def change(
    module: AnsibleModule,
    client: CmdletClient,
    options: _directory_options.DirectoryOptions,
    connector: _adsync.Connector,
    ou: str,
) -> dict[str, t.Any]:
    """Bring the rules on the OU into the wanted state."""
    account = module.params["account"] or connector.account
    if account is None:
        raise CollectionError(f"account: connector {connector.name} names no account: give it.")

    def run_command() -> None:
        _adsync_cmdlet.grant(client, connector, ou, admin_sd_holder=module.params["include_admin_sd_holder"])

    with _directory.open_directory(options, _distinguished_name.dns_domain(ou)) as directory:
        permissions = WritebackPermissions(directory, ou, account, module.warn)
        if module.params["state"] == "absent":
            outcome = permissions.revoke(check_mode=module.check_mode)
        else:
            write = run_command if module.params["method"] == "cmdlet" else None
            outcome = permissions.grant(check_mode=module.check_mode, write=write)
        result = {**outcome.as_result(), "account": account, "domain_controller": directory.host}
    if module._diff:
        result["diff"] = outcome.diff(ou)
    return result


def sync(module: AnsibleModule, client: CmdletClient, connector: _adsync.Connector, result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Start a delta sync and tell how the export went; a failure still returns that the rules were added."""
    try:
        deadline, progress = Deadline(module.params["sync_timeout"]), Progress(module.tmpdir)
        outcome = _adsync_cycle.delta_sync(client, deadline, connector.identifier, say=progress.say)
    except CollectionError as exc:
        raise CollectionError(f"The access rules were added, but {exc}", result=result) from exc
    except (CmdletError, SessionError) as exc:
        raise CollectionError(f"The access rules were added, but the sync failed: {exc}", result=result) from exc
    return {"waited": outcome.waited, "finished": outcome.finished, "export": outcome.export, "failures": outcome.failures}


def run(module: AnsibleModule) -> None:
    options = check_options(module)
    client = CmdletClient(module)
    _adsync.import_module(client)
    connector = _adsync.complete(client, _adsync.choose(_adsync.read_connectors(client), module.params["connector"]))
    settings = _adsync.read_settings(client)
    features = _adsync.read_features(client, settings)
    result: dict[str, t.Any] = {"connector": connector.name, "features": dict(features.tenant)}
    if module.params["state"] == "present":
        ou = writeback_ou(module.params["ou"], _adsync.require_writeback(connector, features), connector.name)
        check_server(module, client, connector, ou, _adsync.version(settings))
    else:
        ou = module.params["ou"] or connector.container
        if ou is None:
            raise CollectionError(f"ou: connector {connector.name} has no OU for groups: name the one to revoke rules on.")
        if connector.container is not None and _distinguished_name.is_same(ou, connector.container):
            module.warn(
                f"Group writeback is still enabled for {ou}: without its rights the account cannot write groups any more. "
                "Disabling it in the Connect wizard deletes the groups written back."
            )
    result.update(ou=ou, **change(module, client, options, connector, ou))
    if module.params["sync"] and module.params["state"] == "present" and result["changed"] and not module.check_mode:
        result["sync"] = sync(module, client, connector, result)
        if result["sync"]["failures"]:
            module.warn(
                f"The export of connector {connector.name} had {result['sync']['failures']} errors: see adsync_info, or the "
                "Synchronization Service Manager."
            )
    module.exit_json(**result)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "connector": {"type": "str"},
            "ou": {"type": "str"},
            "account": {"type": "str"},
            "method": {"type": "str", "choices": ["ldap", "cmdlet"], "default": "ldap"},
            "include_admin_sd_holder": {"type": "bool", "default": False},
            "sync": {"type": "bool", "default": False},
            "sync_timeout": {"type": "int", "default": 1800},
            **_directory_options.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
