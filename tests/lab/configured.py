# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world after the procedure: what its steps leave behind, put there directly, and a group to verify it with."""

from __future__ import annotations

import typing as t

from lab import contoso
from lab.adsync.endpoint import ConnectHost
from lab.cloud.tenant import Domain
from lab.cloud.unified_group import UnifiedGroup
from lab.directory import security_descriptor as security
from lab.directory.client import CHANGE, CREATE, GROUP
from lab.directory.security_descriptor import Ace, SecurityDescriptor
from lab.exchange.address_space import AddressSpace
from lab.powershell.objects import Call

if t.TYPE_CHECKING:
    from lab.world import World

_DOMAIN = contoso.GROUP_DOMAIN


def configure(world: World) -> UnifiedGroup:
    """All steps of the procedure; returns the group, which has been written back."""
    configure_mail(world)
    grant(world)
    group = add_group(world)
    synchronize(world)
    return group


def configure_mail(world: World) -> None:
    """Tenant domain, accepted domain, DNS records, address space."""
    world.tenant.domains[_DOMAIN] = Domain(_DOMAIN, verified=True, services=["Email"])
    world.exchange.add_accepted_domain(_DOMAIN, _DOMAIN, domain_type="InternalRelay", address_book_enabled=False)
    zone = world.dns.zones["contoso.com."]
    zone.add(f"{_DOMAIN}.", "MX", f"0 {world.tenant.domains[_DOMAIN].mail_exchange}.")
    zone.add(f"autodiscover.{_DOMAIN}.", "CNAME", "autodiscover.outlook.com.")
    world.exchange.connector(contoso.HYBRID_CONNECTOR).address_spaces.append(AddressSpace.parse(_DOMAIN))


def grant(world: World) -> None:
    """The connector account's access rules on the writeback OU."""
    entry = world.directory.find(contoso.WRITEBACK_OU)
    assert entry is not None
    sid = f"{contoso.DOMAIN_SID}-{contoso.CONNECTOR_ACCOUNT_RID}"
    rules = [Ace.from_sddl(rule.format(group=GROUP, sid=sid), contoso.DOMAIN_SID) for rule in (CREATE, CHANGE)]
    explicit = [ace for ace in entry.descriptor.dacl or () if not ace.inherited]
    descriptor = SecurityDescriptor(
        entry.descriptor.control | security.DACL_AUTO_INHERITED,
        entry.descriptor.owner,
        entry.descriptor.group,
        [*rules, *explicit],
    )
    world.directory.set_descriptor(entry, descriptor)


def add_group(world: World) -> UnifiedGroup:
    """A group of the group domain in the tenant, without members."""
    group = UnifiedGroup("Verification", contoso.VERIFICATION_GROUP, "To test mail flow with")
    world.tenant.groups.append(group)
    return group


def synchronize(world: World) -> None:
    """A delta synchronization, to its end."""
    host = ConnectHost(world)

    def run(cmdlet: str) -> list[t.Any]:
        return list(host.run(Call(cmdlet, [], [], contoso.ADMIN, lambda _text: None)))

    run("Start-ADSyncSyncCycle")
    while run("Get-ADSyncScheduler")[0].properties["SyncCycleInProgress"]:
        pass
