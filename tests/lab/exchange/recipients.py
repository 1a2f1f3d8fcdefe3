# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Groups of the directory as Exchange sees them: Get-Group, Get-Recipient, Update-Recipient.

Sources: the cmdlet references; "Configure Microsoft 365 Groups with on-premises Exchange hybrid" (a group that has been written
back is in no address list before Update-Recipient, and is found by its distinguished name only); a support engineer's blog (Tim
McMichael, 2018: such groups are not mail-enabled by default); "Prepare mailboxes for cross-forest moves" (a missing
LegacyExchangeDN is generated).
"""

from __future__ import annotations

import re
import typing as t

from lab import contoso
from lab.directory import names as directory_names
from lab.exchange import errors as exchange_errors
from lab.exchange import values
from lab.exchange.task import Task
from lab.powershell.objects import EnumValue, NetObject, PowerShellError

if t.TYPE_CHECKING:
    from lab.directory.state import DirectoryState, Entry

_RECIPIENT_TASKS = "Microsoft.Exchange.Configuration.Tasks"
_TYPE_NAME = "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails"
_GROUP = ("UniversalDistributionGroup", 536870912)
_MAIL_GROUP = ("MailUniversalDistributionGroup", 256)
_LISTS = (
    f"CN=Address Lists Container,CN={contoso.EXCHANGE_ORGANIZATION},CN=Microsoft Exchange,CN=Services,{values.CONFIGURATION_DN}"
)
ADDRESS_LISTS = (
    f"CN=Default Global Address List,CN=All Global Address Lists,{_LISTS}",
    f"CN=All Groups,CN=All Address Lists,{_LISTS}",
)
_LEGACY_DN = f"/o={contoso.EXCHANGE_ORGANIZATION}/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn="
_BY_ADDRESS = re.compile(r"WindowsEmailAddress -eq '(?P<address>(?:[^']|'')*)'")
# The characters of an alias (Set-DistributionGroup reference, Alias).
_ALIAS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def get_group(task: Task) -> list[NetObject]:
    """All groups, also those that are no recipients."""
    return [_group(entry) for entry in _limited(task, _found(task, _is_group))]


def get_recipient(task: Task) -> list[NetObject]:
    return [_recipient(entry) for entry in _limited(task, _found(task, _is_recipient))]


def update_recipient(task: Task) -> list[NetObject]:
    """Give the attributes that make a mail-enabled object a recipient in the address lists."""
    identity = str(task.parameters["Identity"])
    found = _groups_named(task, identity)
    if not found:
        raise task.not_found(identity)
    [entry] = found
    _check(task, entry)
    if not task.should_process():
        return []
    directory = _directory(task)
    legacy_dn = entry.text("legacyExchangeDN") or f"{_LEGACY_DN}{entry.guid.hex}-{entry.text('mailNickname')}"
    # assumed: which address lists; a new organization has these two for groups. One that is hidden from them is in none.
    lists = () if _is_hidden(entry) else ADDRESS_LISTS
    for name, wanted in (("legacyExchangeDN", [legacy_dn]), ("showInAddressBook", list(lists))):
        directory.set_attribute(entry, name, [value.encode() for value in wanted])
    return []


def _groups_named(task: Task, identity: str) -> list[Entry]:
    """A distinguished name is looked up, as by Active Directory's index; any other name is searched for."""
    directory = _directory(task)
    try:
        entry = directory.find(identity)
    except directory_names.DnError:
        entry = None
    candidates = directory.entries.values() if entry is None else [entry]
    return [candidate for candidate in candidates if _is_group(candidate) and _is_named(candidate, identity)]


def _directory(task: Task) -> DirectoryState:
    return task.state.domain_controllers.directories.get(task.domain_controller, task.directory)


def _is_group(entry: Entry) -> bool:
    return entry.object_class.name == "group"


def _is_hidden(entry: Entry) -> bool:
    return (entry.text("msExchHideFromAddressLists") or "").upper() == "TRUE"


def _is_recipient(entry: Entry) -> bool:
    # assumed: a group without legacyExchangeDN is not yet one, whatever else it has.
    return _is_group(entry) and entry.text("mailNickname") is not None and entry.text("legacyExchangeDN") is not None


def _found(task: Task, is_wanted: t.Callable[[Entry], bool]) -> list[Entry]:
    directory = _directory(task)
    unit, identity = task.parameters.get("OrganizationalUnit"), task.parameters.get("Identity")
    if unit is None:
        entries = list(directory.entries.values())
    else:
        container = _find_unit(task, str(unit))
        entries = [entry for entry in directory.below(container.key) if entry is not container]
    entries = [entry for entry in entries if is_wanted(entry) and _passes(task, entry)]
    if identity is None:
        return entries
    found = [entry for entry in entries if _is_named(entry, str(identity))]
    if not found:
        raise task.not_found(str(identity))
    return found


def _passes(task: Task, entry: Entry) -> bool:
    """The Filter parameter, as far as it compares the mail address ("Filterable properties for the -Filter parameter")."""
    text = str(task.parameters.get("Filter") or "").strip()
    match = _BY_ADDRESS.fullmatch(text)
    if text and match is None:
        raise task.refuse(f"The filter '{text}' isn't valid.")  # assumed: the text
    return match is None or (entry.text("mail") or "").lower() == match["address"].replace("''", "'").lower()


def _find_unit(task: Task, name: str) -> Entry:
    try:
        entry = _directory(task).find(name)
    except directory_names.DnError:
        entry = None
    if entry is None:
        # assumed: text and exception, as New-MailContact has them for its parameter of this name.
        raise exchange_errors.exchange_error(
            task.cmdlet,
            task.server.name,
            f"{_RECIPIENT_TASKS}.ManagementObjectNotFoundException",
            f"Couldn't find organizational unit \"{name}\". Make sure you've typed it correctly.",
        )
    return entry


def _is_named(entry: Entry, identity: str) -> bool:
    """By distinguished name, GUID, name, alias or address; the name of a written-back group is Group_ and its id."""
    texts = (entry.dn, str(entry.guid), entry.text("name"), entry.text("mailNickname"), entry.text("mail"))
    return identity.lower() in {text.lower() for text in texts if text}


def _limited(task: Task, entries: list[Entry]) -> list[Entry]:
    """At most a thousand, and a warning when there are more (ResultSize)."""
    size = task.parameters.get("ResultSize", 1000)
    if size is None or len(entries) <= size:
        return entries
    # assumed: the text.
    task.warn(
        f"By default, only the first {size} items are returned. Use the ResultSize parameter to specify the number of items."
    )
    return entries[:size]


def _check(task: Task, entry: Entry) -> None:
    """:raises PowerShellError: the object is not mail-enabled, or its alias is not valid"""
    alias = entry.text("mailNickname")
    if alias is None or entry.text("mail") is None:
        raise _refused(
            task,
            f"{_RECIPIENT_TASKS}.RecipientTaskException",
            "This task does not support recipients of this type. The specified recipient "
            f"{values.canonical_name(entry.dn)} is of type UniversalDistributionGroup. Please make sure that this recipient "
            "matches the required recipient type for this task.",
        )
    if not _ALIAS.fullmatch(alias):
        raise _refused(
            task,
            "Microsoft.Exchange.Data.DataValidationException",
            # assumed: the text.
            f'"{alias}" isn\'t valid for Alias.',
        )


def _refused(task: Task, exception: str, message: str) -> PowerShellError:
    return exchange_errors.exchange_error(task.cmdlet, task.server.name, exception, message)


def _details(entry: Entry) -> EnumValue:
    name, number = _MAIL_GROUP if _is_recipient(entry) else _GROUP
    return EnumValue(_TYPE_NAME, name, number)


def _group(entry: Entry) -> NetObject:
    # assumed: order of the properties; their names are those the reference and "Filterable properties" have.
    return NetObject(
        ["Microsoft.Exchange.Data.Directory.Management.WindowsGroup", "System.Object"],
        entry.text("name") or "",
        {
            "DisplayName": entry.text("displayName") or "",
            "SamAccountName": entry.text("sAMAccountName") or "",
            "RecipientType": EnumValue(_TYPE_NAME.removesuffix("Details"), _details(entry).name, _details(entry).number),
            "RecipientTypeDetails": _details(entry),
            "WindowsEmailAddress": entry.text("mail") or "",
            **_common(entry),
        },
    )


def _recipient(entry: Entry) -> NetObject:
    addresses = [value.decode() for value in entry.attributes.get("proxyAddresses", ())]
    lists = [value.decode() for value in entry.attributes.get("showInAddressBook", ())]
    return NetObject(
        ["Microsoft.Exchange.Data.Directory.Management.ReducedRecipient", "System.Object"],
        entry.text("name") or "",
        {
            "DisplayName": entry.text("displayName") or "",
            "Alias": entry.text("mailNickname") or "",
            "PrimarySmtpAddress": entry.text("mail") or "",
            "EmailAddresses": values.strings(*addresses),
            "RecipientType": EnumValue(_TYPE_NAME.removesuffix("Details"), _details(entry).name, _details(entry).number),
            "RecipientTypeDetails": _details(entry),
            "HiddenFromAddressListsEnabled": _is_hidden(entry),
            "AddressListMembership": values.strings(*(values.canonical_name(name) for name in lists)),
            **_common(entry),
        },
    )


def _common(entry: Entry) -> dict[str, t.Any]:
    container = entry.dn.partition(",")[2]
    return {
        "OrganizationalUnit": values.canonical_name(container),
        "Name": entry.text("name") or "",
        "DistinguishedName": entry.dn,
        "Identity": values.ad_object_id(entry.dn, entry.guid, canonical=True),
        "Guid": entry.guid,
        "OriginatingServer": contoso.DC_HOST,
        "IsValid": True,
        "ObjectState": values.object_state(),
    }
