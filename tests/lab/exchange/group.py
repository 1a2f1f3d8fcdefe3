# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-Group: groups of the directory, mail-enabled or not (Get-Group reference; "Filterable properties for -Filter")."""

from __future__ import annotations

import re
import typing as t

from lab.exchange import values
from lab.powershell.objects import EnumValue, NetObject

if t.TYPE_CHECKING:
    from lab.directory.state import Entry
    from lab.exchange.task import Task

_BY_ADDRESS = re.compile(r"WindowsEmailAddress -eq '(?P<address>[^']*)'")


def get(task: Task) -> list[NetObject]:
    """All groups, or those with the mail address that the filter names."""
    entries = [] if task.directory is None else [e for e in task.directory.entries.values() if e.object_class.name == "group"]
    text = str(task.parameters.get("Filter", "")).strip()
    match = _BY_ADDRESS.fullmatch(text)
    if text and match is None:
        raise task.refuse(f"The filter '{text}' isn't valid.")  # assumed: the text
    if match is not None:
        entries = [entry for entry in entries if (entry.text("mail") or "").lower() == match["address"].lower()]
    return [_group(entry, task) for entry in entries]


def _group(entry: Entry, task: Task) -> NetObject:
    # Until Update-Recipient has stamped it, a written-back group is not mail-enabled (Microsoft, "A different approach to
    # handling Office 365 group mail flow"): it has no legacyExchangeDN.
    kind = "MailUniversalDistributionGroup" if entry.text("legacyExchangeDN") else "UniversalDistributionGroup"
    name = entry.text("cn") or ""
    return NetObject(
        [
            "Microsoft.Exchange.Data.Directory.Management.WindowsGroup",
            "Microsoft.Exchange.Data.Directory.ADObject",
            "System.Object",
        ],
        name,
        {
            "Name": name,
            "DisplayName": entry.text("displayName") or "",
            "WindowsEmailAddress": entry.text("mail") or "",
            "RecipientTypeDetails": EnumValue("Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails", kind, 1),
            "DistinguishedName": entry.dn,
            "Identity": values.ad_object_id(entry.dn, entry.guid, canonical=True),
            "Guid": entry.guid,
            "OriginatingServer": task.domain_controller,
        },
    )
