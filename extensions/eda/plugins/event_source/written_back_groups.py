# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source for ansible-rulebook: groups that Entra Connect has written back and Exchange does not know yet."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import typing as t
from pathlib import Path

DOCUMENTATION = r"""
short_description: Tell of groups that Entra Connect has written back and that are in no address list
description:
  - Reads the writeback OU from a domain controller again and again. An event names the groups that Exchange has not made
    recipients yet, as C(Update-Recipient) does.
  - What has been done stands in the directory, so nothing is lost when the source was not running, and it keeps no file.
  - A domain controller that cannot be reached is asked again; one that refuses ends the source, so that no account gets locked.
options:
  ou:
    description:
      - Distinguished name of the writeback OU.
    type: str
    required: true
  interval:
    description:
      - Seconds between two looks.
    type: float
    default: 60
  again_after:
    description:
      - Seconds after which a group is told of again that still is no recipient.
    type: float
    default: 3600
  domain_controller:
    description:
      - As of M(exchange.hybrid_groups.adsync_groups_info), and so are all the options that begin with C(directory_).
      - An option that is empty counts as not given.
    type: str
  directory_user:
    description:
      - Who logs on to the directory. Reading the OU is all that is needed.
    type: str
    env:
      - name: HYBRID_GROUPS_DIRECTORY_USER
  directory_password:
    description:
      - Its password. The environment is the better place, because ansible-rulebook takes texts such as V(1e5) for numbers.
    type: str
    env:
      - name: HYBRID_GROUPS_DIRECTORY_PASSWORD
  directory_ca_cert:
    description:
      - Certificates of the authorities to trust.
    type: path
  directory_port:
    description:
      - Port of the LDAP server.
    type: int
  directory_tls:
    description:
      - How the connection is encrypted.
    type: str
    choices: [ldaps, starttls, none]
    default: ldaps
  directory_auth:
    description:
      - How to log on.
    type: str
    choices: [simple, kerberos]
    default: simple
  directory_keytab:
    description:
      - With O(directory_auth=kerberos), file with the key of O(directory_user).
    type: path
  directory_credential_cache:
    description:
      - With O(directory_auth=kerberos), credential cache that holds a ticket.
    type: str
  directory_timeout:
    description:
      - Seconds to wait for the connection and for each answer.
    type: int
    default: 10
"""

EXAMPLES = r"""
- exchange.hybrid_groups.written_back_groups:
    ou: OU=M365Groups,DC=corp,DC=contoso,DC=com
    domain_controller: dc1.corp.contoso.com
    directory_user: svc-ansible@corp.contoso.com
"""

# ansible-rulebook runs this file without the collections being importable.
sys.path.append(str(Path(__file__).parents[7]))

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.exchange.hybrid_groups.plugins.module_utils import _directory_logon, _distinguished_name
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import Group, open_directory
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import DirectoryError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_options import ARGUMENT_SPEC, DirectoryOptions

_LOG = logging.getLogger(__name__)
_NAMED = 100  # An event is kept and shown as a whole.
_TRANSIENT = (None, 51, 52)  # no answer, busy, unavailable (RFC 4511 4.1.9)


def _environment(option: str) -> dict[str, t.Any]:
    return {**ARGUMENT_SPEC[option], "fallback": (env_fallback, [f"HYBRID_GROUPS_{option.upper()}"])}


_ARGUMENT_SPEC = {
    **ARGUMENT_SPEC,
    "ou": {"type": "str", "required": True},
    "interval": {"type": "float", "default": 60},
    "again_after": {"type": "float", "default": 3600},
    "directory_user": _environment("directory_user"),
    "directory_password": _environment("directory_password"),
}


def parameters(args: dict[str, t.Any]) -> dict[str, t.Any]:
    """The arguments of a rulebook, checked as a module's are.

    :raises ValueError: they cannot work
    """
    given = {name: value for name, value in args.items() if value != ""}
    result = ArgumentSpecValidator(_ARGUMENT_SPEC).validate(given)
    if result.error_messages:
        raise ValueError(" ".join(result.error_messages))
    params: dict[str, t.Any] = result.validated_parameters
    options = DirectoryOptions.from_params(params)
    problems = [message for message, _trace in _directory_logon.missing_libraries(options)]
    problems += _directory_logon.problems(options)
    problems += [f"{name} must be more than 0 seconds." for name in ("interval", "again_after") if params[name] <= 0]
    try:
        _distinguished_name.parse(params["ou"])
    except _distinguished_name.InvalidDistinguishedName as exc:
        problems.append(f"ou: {params['ou']} is not a distinguished name: {exc}.")
    if problems:
        raise ValueError(" ".join(problems))
    return params


class Untold:
    """Which groups have not been told of lately.

    :param again_after: seconds after which one is told of again
    """

    def __init__(self, again_after: float, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._again_after = again_after
        self._clock = clock
        self._told: dict[str, float] = {}

    def of(self, groups: list[Group]) -> list[Group]:
        """Those to tell of now; they count as told from then on, and one that is no longer found is forgotten."""
        now = self._clock()
        found = {group.dn for group in groups}
        self._told = {dn: when for dn, when in self._told.items() if dn in found and now - when < self._again_after}
        untold = [group for group in groups if group.dn not in self._told]
        self._told.update((group.dn, now) for group in untold)
        return untold


def event(ou: str, groups: list[Group]) -> dict[str, t.Any]:
    """What rules see."""
    named = [
        {"dn": group.dn, "name": group.name, "display_name": group.display_name, "mail": group.mail} for group in groups[:_NAMED]
    ]
    return {"ou": ou, "number": len(groups), "groups": named}


def look(params: dict[str, t.Any]) -> list[Group]:
    """:raises DirectoryError: no domain controller answers, or one refuses"""
    options = DirectoryOptions.from_params(params)
    with open_directory(options, _distinguished_name.dns_domain(params["ou"])) as directory:
        return directory.find_unstamped_groups(params["ou"])


async def main(queue: asyncio.Queue[t.Any], args: dict[str, t.Any]) -> None:
    """Look, tell, wait; until it is cancelled.

    :raises ValueError: the arguments cannot work
    :raises DirectoryError: the first look failed, or a domain controller refused a later one
    """
    params = parameters(args)
    untold = Untold(params["again_after"])
    has_worked = False
    while True:
        try:
            groups = untold.of(await asyncio.to_thread(look, params))
        except DirectoryError as exc:
            if not has_worked or exc.code not in _TRANSIENT:
                raise
            _LOG.warning("%s Looking again in %s seconds.", exc, params["interval"])
        else:
            has_worked = True
            if groups:
                await queue.put(event(params["ou"], groups))
        await asyncio.sleep(params["interval"])
