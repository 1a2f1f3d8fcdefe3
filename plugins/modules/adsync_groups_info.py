#!/usr/bin/python
# Copyright: (c) 2026, Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: adsync_groups_info
short_description: Read the groups that Entra Connect has written back
version_added: 0.1.0
description:
  - Asks the Entra Connect (Azure AD Connect) server for the OU that groups are written to, and reads the groups in it from a
    domain controller, with what makes them recipients of Exchange.
options:
  connector:
    description:
      - Name of the connector to the Active Directory forest. Needed only if there are several.
    type: str
  ou:
    description:
      - Distinguished name of the OU. Without it, the one that was chosen in the Connect wizard.
    type: str
  domain:
    description:
      - Return only groups with an address in this domain.
    type: str
extends_documentation_fragment:
  - exchange.hybrid_groups._attributes
  - exchange.hybrid_groups._attributes.info
  - exchange.hybrid_groups._attributes.cmdlet
  - exchange.hybrid_groups._directory
seealso:
  - module: exchange.hybrid_groups.adsync_group_writeback
author:
  - Contributors to exchange.hybrid_groups (@exchange-hybrid-groups)
"""

EXAMPLES = r"""
- name: Read the groups written back
  exchange.hybrid_groups.adsync_groups_info:
    domain_controller: dc1.corp.contoso.com
  register: written_back

- name: Name those that on-premises address lists do not have yet
  ansible.builtin.debug:
    msg: "{{ written_back.groups | rejectattr('stamped') | map(attribute='display_name') }}"
"""

RETURN = r"""
ou:
  description: The OU. V(null) when group writeback is not enabled and O(ou) was not given.
  returned: success
  type: str
  sample: OU=M365Groups,DC=corp,DC=contoso,DC=com
groups:
  description: The groups in it and below, by distinguished name.
  returned: success
  type: list
  elements: dict
  contains:
    dn:
      description: Distinguished name.
      returned: success
      type: str
      sample: CN=Group_5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10,OU=M365Groups,DC=corp,DC=contoso,DC=com
    name:
      description: The object's name.
      returned: success
      type: str
      sample: Group_5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10
    display_name:
      description: The group's display name.
      returned: success
      type: str
      sample: Engineering
    mail:
      description: Its address. V(null) when it has none.
      returned: success
      type: str
      sample: engineering@groups.contoso.com
    addresses:
      description: All its addresses with their kinds (C(proxyAddresses)).
      returned: success
      type: list
      elements: str
      sample: ["SMTP:engineering@groups.contoso.com"]
    stamped:
      description:
        - Whether Exchange has made it a recipient, so that it has a C(legacyExchangeDN) and is in address lists
          (C(showInAddressBook)), or is hidden from them (C(msExchHideFromAddressLists)). The cmdlet C(Update-Recipient) does
          that.
      returned: success
      type: bool
      sample: true
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import (
    _adsync,
    _directory,
    _directory_logon,
    _directory_options,
    _distinguished_name,
)
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._known_issue import same_domain
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError, guarded_run


def group_facts(group: _directory.Group) -> dict[str, t.Any]:
    return {
        "dn": group.dn,
        "name": group.name,
        "display_name": group.display_name,
        "mail": group.mail,
        "addresses": list(group.addresses),
        "stamped": group.is_stamped,
    }


def read_ou(module: AnsibleModule) -> str | None:
    """The OU of the options, or the one the wizard stored."""
    if module.params["ou"] is not None:
        try:
            _distinguished_name.parse(module.params["ou"])
        except _distinguished_name.InvalidDistinguishedName as exc:
            raise CollectionError(f"ou: {module.params['ou']} is not a distinguished name: {exc}.") from exc
        return str(module.params["ou"])
    client = CmdletClient(module)
    _adsync.import_module(client)
    connector = _adsync.choose(_adsync.read_connectors(client), module.params["connector"])
    return _adsync.complete(client, connector).container


def run(module: AnsibleModule) -> None:
    options = _directory_options.DirectoryOptions.from_params(module.params)
    _directory_logon.check_requirements(module, options)
    ou = read_ou(module)
    groups: list[_directory.Group] = []
    if ou is not None:
        with _directory.open_directory(options, _distinguished_name.dns_domain(ou)) as directory:
            groups = directory.find_groups(ou)
    domain = module.params["domain"]
    if domain is not None:
        groups = [group for group in groups if any(same_domain(address, domain) for address in group.addresses)]
    module.exit_json(changed=False, ou=ou, groups=[group_facts(group) for group in groups])


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "connector": {"type": "str"},
            "ou": {"type": "str"},
            "domain": {"type": "str"},
            **_directory_options.ARGUMENT_SPEC,
        },
        supports_check_mode=True,
    )
    guarded_run(run, module)


if __name__ == "__main__":
    main()
