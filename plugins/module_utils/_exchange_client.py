# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Exchange cmdlets on one domain controller, and what the organization's version allows.

Exchange keeps its configuration in Active Directory. What was written on one domain controller is not on another until it
has been replicated, so a task that names one reads and writes there alone.
"""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletError
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._exchange_builds import parse_display_version, product_of
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._run import CollectionError

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import CmdletClient, CmdletResult, Parameters

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {"domain_controller": {"type": "str"}}

# The first build numbers of a product.
EXCHANGE_2016 = (15, 1)
_NAMES = {EXCHANGE_2016: "Exchange Server 2016"}


class ExchangeClient:
    """Calls Exchange cmdlets; each raises as :class:`CmdletClient` does.

    :param domain_controller: FQDN of the one to read from and write to; None leaves the choice to Exchange, until
        :meth:`stay_on` has seen what it chose
    """

    def __init__(self, client: CmdletClient, domain_controller: str | None = None) -> None:
        self._client = client
        self._common = {"DomainController": domain_controller} if domain_controller else {}

    @property
    def host(self) -> str:
        """The host the cmdlets run on, for messages."""
        return self._client.host

    def stay_on(self, objects: t.Sequence[t.Mapping[str, t.Any]]) -> None:
        """From now on use the domain controller these objects were read from, unless one was given.

        What was decided on its data is then written to it and read back from it, however far replication has come.
        """
        servers = {str(item.get("OriginatingServer") or "") for item in objects}
        if not self._common and len(servers) == 1 and all(servers):
            self._common = {"DomainController": servers.pop()}

    def invoke(self, cmdlet: str, parameters: Parameters | None = None) -> CmdletResult:
        return self._client.invoke(cmdlet, {**(parameters or {}), **self._common})

    def invoke_many(self, calls: t.Sequence[tuple[str, Parameters]]) -> list[CmdletResult]:
        """Run several reads with one request to the connection; one result per call, in order."""
        return self._client.invoke_many([(cmdlet, {**parameters, **self._common}) for cmdlet, parameters in calls])

    def require(self, option: str, since: tuple[int, int]) -> None:
        """Refuse an option that no server of the organization has, before anything is written.

        An account that may not read the servers passes: the server then refuses the parameter itself.

        :raises CollectionError: every server is older
        """
        try:
            servers = self.invoke("Get-ExchangeServer").objects
        except CmdletError:
            return
        builds = [parse_display_version(server["AdminDisplayVersion"]) for server in servers]
        if builds and max(builds) < since:
            raise CollectionError(
                f"{option}: the Exchange servers behind {self.host} have no such setting, it came with {_NAMES[since]}; the "
                f"newest of them is {product_of(max(builds)) or max(builds)}. Leave the option out."
            )
