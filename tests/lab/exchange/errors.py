# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error records of Exchange cmdlets.

Form of the id seen on 2013 and later (dpaulson45/HealthChecker issue 213): server, request and time, failure category
with the short name of the exception, a hash that differs per call, and the .NET class of the cmdlet.
"""

from __future__ import annotations

import datetime
import typing as t
import uuid
import zlib

from lab import contoso
from lab.powershell.objects import PowerShellError

_TASKS = "Microsoft.Exchange.Configuration.Tasks"
_MANAGEMENT = "Microsoft.Exchange.Management.SystemConfigurationTasks"
_DIRECTORY = "Microsoft.Exchange.Data.Directory"


def exchange_error(
    cmdlet: str,
    server: str,
    exception_type: str,
    message: str,
    *,
    category: str = "NotSpecified",
    target: t.Any = None,
) -> PowerShellError:
    """An error a task wrote with WriteError: the pipeline goes on and completes."""
    now = datetime.datetime.now(datetime.UTC)
    hour = now.strftime("%I").lstrip("0")
    stamp = f"{now.month}/{now.day}/{now.year} {hour}:{now:%M:%S %p}"
    short = exception_type.rpartition(".")[2]
    digest = zlib.crc32(f"{cmdlet} {message}".encode())
    return PowerShellError(
        message,
        error_id=(
            f"[Server={server},RequestId={uuid.uuid4()},TimeStamp={stamp}] [FailureCategory=Cmdlet-{short}] "
            f"{digest:X},{_MANAGEMENT}.{cmdlet.replace('-', '')}"
        ),
        category=category,
        exception_type=exception_type,
        target=target,
    )


def not_found(cmdlet: str, server: str, identity: str, domain_controller: str = contoso.DC_HOST) -> PowerShellError:
    """``identity`` is quoted as typed; the host is the domain controller asked (HealthChecker issue 213)."""
    return exchange_error(
        cmdlet,
        server,
        f"{_TASKS}.ManagementObjectNotFoundException",
        f"The operation couldn't be performed because object '{identity}' couldn't be found on '{domain_controller}'.",
    )


def ambiguous(cmdlet: str, server: str, identity: str) -> PowerShellError:
    """Text and type from office-docs-powershell issue 7166."""
    return exchange_error(
        cmdlet,
        server,
        f"{_TASKS}.ManagementObjectAmbiguousException",
        f"The operation couldn't be performed because '{identity}' matches multiple entries.",
    )


def already_exists(
    cmdlet: str, server: str, distinguished_name: str, domain_controller: str = contoso.DC_HOST
) -> PowerShellError:
    """The directory refuses a name that is taken (text: CSS-Exchange setup tests)."""
    # assumed: category; the id's form is that of the other errors.
    return exchange_error(
        cmdlet,
        server,
        f"{_DIRECTORY}.ADObjectAlreadyExistsException",
        f"Active Directory operation failed on {domain_controller}. The object '{distinguished_name}' already exists.",
    )


def domain_controller_unavailable(cmdlet: str, server: str, domain_controller: str) -> PowerShellError:
    """No such domain controller, or it does not answer."""
    # assumed: the category, and that a name nobody has gives the same error as one that does not answer.
    return exchange_error(
        cmdlet,
        server,
        f"{_DIRECTORY}.SuitabilityDirectoryException",
        f"An Active Directory error 0x51 occurred when trying to check the suitability of server '{domain_controller}'. "
        "Error: 'Active directory response: The LDAP server is unavailable.'",
    )


def duplicate_accepted_domain(cmdlet: str, server: str, domain: str) -> PowerShellError:
    """A second accepted domain for the same SMTP domain; only the type and category are known."""
    # assumed: the text.
    return exchange_error(
        cmdlet,
        server,
        f"{_MANAGEMENT}.DuplicateAcceptedDomainException",
        f"The domain name '{domain}' is already used by another accepted domain of this organization.",
        category="ResourceExists",
    )


def invalid_operation(cmdlet: str, server: str, message: str, *, target: t.Any = None) -> PowerShellError:
    """A rule the documents give without the error's text, type or category; callers mark the text as assumed."""
    # assumed: exception type and category (those of other rules of configuration objects).
    return exchange_error(cmdlet, server, "System.InvalidOperationException", message, category="InvalidOperation", target=target)


def name_too_long(cmdlet: str, server: str, length: int, maximum: int) -> PowerShellError:
    """Set-AcceptedDomain reference, Name: at most 64 characters."""
    # assumed: the text.
    return exchange_error(
        cmdlet,
        server,
        "Microsoft.Exchange.Data.DataValidationException",
        f"The length of the property is too long. The maximum length is {maximum} and the length of the value "
        f"provided is {length}. Property Name: Name",
        category="InvalidData",
    )


def prompt_impossible(cmdlet: str) -> PowerShellError:
    """A confirmation was asked for where nobody can answer (PowerShell issue 3337 has the texts)."""
    # assumed: the id.
    return PowerShellError(
        'Exception calling "ShouldContinue" with "2" argument(s): "Windows PowerShell is in NonInteractive mode. '
        'Read and Prompt functionality is not available."',
        error_id=f"InvalidOperation,{_MANAGEMENT}.{cmdlet.replace('-', '')}",
        category="InvalidOperation",
        exception_type="System.Management.Automation.PSInvalidOperationException",
        terminating=True,
    )
