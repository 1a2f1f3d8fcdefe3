# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management messages: reading requests, writing answers and faults.

Sources: MS-WSMV (the shell operations and their types); DSP0226 for headers and fault subcodes. Texts of faults are those
Windows sends.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
POWERSHELL = "http://schemas.microsoft.com/powershell"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman"

ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": f"{WSMAN}.xsd",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "x": TRANSFER,
    "rsp": SHELL,
    "f": "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault",
    "ps": POWERSHELL,
    "n": ENUMERATION,
}

OPERATIONS = {
    f"{TRANSFER}/Create": "Create",
    f"{TRANSFER}/Get": "Get",
    f"{TRANSFER}/Delete": "Delete",
    f"{ENUMERATION}/Enumerate": "Enumerate",
    f"{SHELL}/Command": "Command",
    f"{SHELL}/Send": "Send",
    f"{SHELL}/Receive": "Receive",
    f"{SHELL}/Signal": "Signal",
}

# Children of rsp:Shell in the order Windows sends them; a WinRS shell lacks those from ProcessId and MaxIdleTimeOut to State.
SHELL_FIELDS = (
    "ShellId",
    "ResourceUri",
    "Owner",
    "ClientIP",
    "ProcessId",
    "IdleTimeOut",
    "InputStreams",
    "OutputStreams",
    "MaxIdleTimeOut",
    "Locale",
    "DataLocale",
    "CompressionMode",
    "ProfileLoaded",
    "Encoding",
    "BufferMode",
    "State",
    "ShellRunTime",
    "ShellInactivity",
)

_ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
_DEFAULT_TIMEOUT = 60.0


@dataclasses.dataclass(frozen=True)
class Request:
    """One WS-Management request.

    :param operation: Create, Command, ... or the whole action when it is none of those
    :param timeout: OperationTimeout in seconds
    :param body: the soap:Body element
    """

    operation: str
    action: str
    message_id: str
    resource_uri: str
    selectors: dict[str, str]
    timeout: float
    body: ET.Element

    @property
    def shell_id(self) -> str:
        return self.selectors.get("ShellId", "")

    def find(self, path: str) -> ET.Element:
        """The element at this path under the body.

        :raises Fault: when the request lacks it
        """
        element = self.body.find(path, NAMESPACES)
        if element is None:
            raise schema_validation(path)
        return element


def seconds(duration: str) -> float | None:
    """An xs:duration as clients write it; None for anything else."""
    match = re.fullmatch(r"PT([\d.]+)S", duration.strip())
    return float(match[1]) if match else None


def parse(data: bytes) -> Request:
    """Read an envelope.

    :raises ET.ParseError: not XML
    :raises Fault: not an envelope
    """
    envelope = ET.fromstring(data)  # noqa: S314 - the sender has logged on to a server of ours on loopback
    header, body = envelope.find("s:Header", NAMESPACES), envelope.find("s:Body", NAMESPACES)
    if header is None or body is None:
        raise schema_validation("s:Envelope")
    action = header.findtext("a:Action", "", NAMESPACES).strip()
    timeout = seconds(header.findtext("w:OperationTimeout", "", NAMESPACES))
    return Request(
        operation=OPERATIONS.get(action, action),
        action=action,
        message_id=header.findtext("a:MessageID", "", NAMESPACES),
        resource_uri=header.findtext("w:ResourceURI", "", NAMESPACES).strip(),
        selectors={item.get("Name", ""): item.text or "" for item in header.iterfind("w:SelectorSet/w:Selector", NAMESPACES)},
        timeout=_DEFAULT_TIMEOUT if timeout is None else timeout,
        body=body,
    )


def element(name: str, *content: str, **attributes: str) -> str:
    """XML text of one element; ``content`` is XML already (see :func:`text`)."""
    head = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{head}>{''.join(content)}</{name}>" if content else f"<{name}{head}/>"


def text(name: str, value: object, **attributes: str) -> str:
    """XML text of one element that holds text."""
    return element(name, escape(str(value)), **attributes)


def envelope(action: str, relates_to: str, *body: str) -> bytes:
    """A whole answer."""
    namespaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    header = element(
        "s:Header",
        text("a:Action", action),
        text("a:MessageID", f"uuid:{str(uuid.uuid4()).upper()}"),
        text("a:To", _ANONYMOUS),
        text("a:RelatesTo", relates_to),
    )
    return f'<s:Envelope xml:lang="en-US"{namespaces}>{header}{element("s:Body", *body)}</s:Envelope>'.encode()


def answer(request: Request, *body: str) -> bytes:
    """The answer to a request that went well."""
    return envelope(f"{request.action}Response", request.message_id, *body)


# Bodies of answers


def shell_created(address: str, fields: t.Mapping[str, str]) -> str:
    """ResourceCreated and the new shell's description (see :func:`shell_description`)."""
    reference = element(
        "a:ReferenceParameters",
        text("w:ResourceURI", fields["ResourceUri"]),
        element("w:SelectorSet", text("w:Selector", fields["ShellId"], Name="ShellId")),
    )
    created = element("x:ResourceCreated", text("a:Address", address), reference)
    return created + shell_description(fields)


def shell_description(fields: t.Mapping[str, str]) -> str:
    """rsp:Shell; ``fields`` are those of SHELL_FIELDS that the shell has."""
    return element("rsp:Shell", *(text(f"rsp:{name}", fields[name]) for name in SHELL_FIELDS if name in fields))


def enumeration(shells: t.Iterable[t.Mapping[str, str]]) -> str:
    """All shells in one answer (MS-WSMV 3.1.4.1.30, OptimizeEnumeration)."""
    items = element("w:Items", *(shell_description(fields) for fields in shells))
    return element("n:EnumerateResponse", items, element("w:EndOfSequence"))


def command_response(command_id: str) -> str:
    return element("rsp:CommandResponse", text("rsp:CommandId", command_id))


def receive_response(
    streams: t.Iterable[tuple[str, bytes]], command_id: str | None, done: bool | None, exit_code: int = 0
) -> str:
    """Streams in order, then the state of the command; ``done`` None: the shell's own streams, which have no state."""
    attributes = {"CommandId": command_id} if command_id else {}
    parts = [text("rsp:Stream", base64.b64encode(data).decode(), Name=name, **attributes) for name, data in streams]
    if done is not None:
        state = f"{SHELL}/CommandState/{'Done' if done else 'Running'}"
        content = [text("rsp:ExitCode", exit_code)] if done else []
        parts.append(element("rsp:CommandState", *content, **attributes, State=state))
    return element("rsp:ReceiveResponse", *parts)


# Faults (MS-WSMV, WSManFaultType)


class Fault(Exception):
    """A WSManFault.

    :param code: WSManFault/@Code
    :param subcode: SOAP subcode with its prefix
    :param detail: WSManFault/Message; the reason when None
    :param fault_detail: last part of the wsman:FaultDetail URI, or None
    :param sender: True when the request is to blame
    """

    def __init__(
        self,
        code: int,
        subcode: str,
        reason: str,
        *,
        detail: str | None = None,
        fault_detail: str | None = None,
        sender: bool = True,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.detail = detail or reason
        self.fault_detail = fault_detail
        self.sender = sender

    def envelope(self, relates_to: str, machine: str) -> bytes:
        """The fault as an answer; ``machine`` is the server's name."""
        details = [text("w:FaultDetail", f"{WSMAN}/faultDetail/{self.fault_detail}")] if self.fault_detail else []
        details.append(element("f:WSManFault", text("f:Message", self.detail), Code=str(self.code), Machine=machine))
        code = element(
            "s:Code",
            text("s:Value", "s:Sender" if self.sender else "s:Receiver"),
            element("s:Subcode", text("s:Value", self.subcode)),
        )
        reason = element("s:Reason", f'<s:Text xml:lang="en-US">{escape(self.reason)}</s:Text>')
        body = element("s:Fault", code, reason, element("s:Detail", *details))
        return envelope(f"{WSMAN}/fault", relates_to, body)


_SELECTORS = (
    "The WS-Management service cannot process the request because the request contained invalid selectors for the resource. "
)


def timed_out() -> Fault:
    return Fault(
        2150858793,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
        sender=False,
    )


def shell_not_found(shell_id: str) -> Fault:
    return Fault(
        2150858843,
        "w:InvalidSelectors",
        _SELECTORS,
        fault_detail="UnexpectedSelectors",
        detail=f"The request for the Windows Remote Shell with ShellId {shell_id} failed because the shell was not found on "
        "the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. "
        "Provide the correct ShellId or create a new shell and retry the operation. ",
    )


def command_not_found() -> Fault:
    return Fault(
        2150858843,
        "w:InvalidSelectors",
        _SELECTORS,
        fault_detail="UnexpectedSelectors",
        detail="The Windows Remote Shell received a request to perform an operation on a command identifier that does not "
        "exist. Either the command has completed execution or the client specified an invalid command identifier. ",
    )


def resource_not_found(resource_uri: str) -> Fault:
    return Fault(
        2150858811,
        "w:DestinationUnreachable",
        f"The WS-Management service cannot process the request. The resource URI ({resource_uri}) was not found in the "
        "WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints. ",
        fault_detail="InvalidResourceURI",
    )


def quota_exceeded(maximum: int) -> Fault:
    return Fault(
        2150859173,
        "w:QuotaLimit",
        f"The WS-Management service cannot process the request. This user is allowed a maximum of {maximum} concurrent "
        "shells, which has been exceeded. Close existing shells or raise the quota for this user.",
        sender=False,
    )


def access_denied(reason: str) -> Fault:
    """ERROR_ACCESS_DENIED, with what an authorization plug-in has to say about it."""
    return Fault(5, "w:AccessDenied", reason)


def already_exists(shell_id: str) -> Fault:
    # assumed: the sentence; the code is ERROR_WSMAN_ALREADY_EXISTS
    return Fault(2150858803, "w:AlreadyExists", f"The WS-Management resource already exists: ShellId {shell_id}.")


def action_not_supported(action: str) -> Fault:
    return Fault(
        2150858752,
        "a:ActionNotSupported",
        f"The WS-Management service cannot process the request. The action {action} is not supported.",
    )


def schema_validation(what: str) -> Fault:
    # assumed: the sentence; Windows has several, by what is wrong with the request
    return Fault(
        2150858817,
        "w:SchemaValidationError",
        f"The SOAP XML in the message does not match the corresponding XML schema definition ({what}).",
    )


def aborted() -> Fault:
    return Fault(
        995,
        "w:InternalError",
        "The I/O operation has been aborted because of either a thread exit or an application request. ",
        sender=False,
    )


def internal_error(reason: str) -> Fault:
    """The lab itself failed; not something Windows sends."""
    return Fault(1359, "w:InternalError", f"LabFailure: {reason}", sender=False)
