# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Error records as remoting sends them (MS-PSRP 2.2.3.15).

Read by name from the record's own notes, so that a target object no decoder knows does not get in the way.
"""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import ErrorDetail
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _clixml

if t.TYPE_CHECKING:
    import xml.etree.ElementTree as ET

# System.Management.Automation.ErrorCategory
_CATEGORIES = (  # noqa: SIM905  # a list of 32 lines reads no better
    "NotSpecified OpenError CloseError DeviceError DeadlockDetected InvalidArgument InvalidData InvalidOperation InvalidResult "
    "InvalidType MetadataError NotImplemented NotInstalled ObjectNotFound OperationStopped OperationTimeout SyntaxError "
    "ParserError PermissionDenied ResourceBusy ResourceExists ResourceUnavailable ReadError WriteError FromStdErr SecurityError "
    "ProtocolError ConnectionError AuthenticationError LimitsExceeded QuotaExceeded NotEnabled"
).split()


def decode(record: ET.Element) -> ErrorDetail:
    """Decode an ErrorRecord object, as :func:`_clixml.parse` gives it."""
    notes = _notes(record)
    return ErrorDetail(
        message=_text(notes, "ErrorDetails_Message") or _exception_message(notes.get("Exception")) or _to_string(record),
        fully_qualified_error_id=_text(notes, "FullyQualifiedErrorId"),
        category=_category(_text(notes, "ErrorCategory_Category")),
        exception=_text(notes, "ErrorCategory_Reason") or _exception_type(notes.get("Exception")),
        target=_text(notes, "ErrorCategory_TargetName"),
        activity=_text(notes, "ErrorCategory_Activity"),
    )


def decode_state(state: ET.Element) -> tuple[int, ErrorDetail | None]:
    """Decode a PIPELINE_STATE message (MS-PSRP 2.2.2.21): the state's number and the error that ended the pipeline."""
    notes = _notes(state)
    record = notes.get("ExceptionAsErrorRecord")
    return int(_text(notes, "PipelineState") or 0), decode(record) if record is not None and len(record) else None


def _notes(element: ET.Element) -> dict[str, ET.Element]:
    holder = element.find("MS")
    return {} if holder is None else {child.get("N", ""): child for child in holder}


def _text(notes: dict[str, ET.Element], name: str) -> str:
    element = notes.get(name)
    return "" if element is None or element.text is None else _clixml.unescape(element.text)


def _to_string(element: ET.Element | None) -> str:
    found = None if element is None else element.find("ToString")
    return "" if found is None else _clixml.unescape(found.text or "")


def _exception_message(exception: ET.Element | None) -> str:
    if exception is None:
        return ""
    for section in ("Props", "MS"):
        for child in exception.findall(f"{section}/*"):
            if child.get("N") == "Message":
                return _clixml.unescape(child.text or "")
    return _to_string(exception)


def _exception_type(exception: ET.Element | None) -> str:
    name = None if exception is None else exception.find("TN/T")
    return "" if name is None else (name.text or "").rpartition(".")[2]


def _category(number: str) -> str:
    return _CATEGORIES[int(number)] if number.isdecimal() and int(number) < len(_CATEGORIES) else ""
