# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals in Microsoft Graph's words (Graph documentation, "Error responses and resource types", "Throttling")."""

from __future__ import annotations

import datetime
import typing as t

# "Microsoft Graph error responses and resource types", HTTP status codes.
BUSY_CODES = {
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}


class GraphError(Exception):
    """A request is refused.

    :ivar status: HTTP status
    :ivar code: what a client may decide by
    :ivar headers: extra headers of the answer
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def payload(self, request_id: str, client_request_id: str) -> dict[str, t.Any]:
        """The error envelope."""
        now = datetime.datetime.now(datetime.UTC)
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "innerError": {
                    "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
                    "request-id": request_id,
                    "client-request-id": client_request_id,
                },
            }
        }

    @classmethod
    def bad_request(cls, message: str) -> t.Self:
        """400 as the directory part of Graph says it."""
        return cls(400, "Request_BadRequest", message)

    @classmethod
    def unreadable(cls) -> t.Self:
        """400 for a body that is no JSON object."""
        return cls(
            400,
            "BadRequest",
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )

    @classmethod
    def no_resource(cls, name: str) -> t.Self:
        """404 for an object that does not exist."""
        return cls(
            404,
            "Request_ResourceNotFound",
            f"Resource '{name}' does not exist or one of its queried reference-property objects are not present.",
        )

    @classmethod
    def no_segment(cls, name: str) -> t.Self:
        """400 for a path Graph does not have."""
        return cls(400, "BadRequest", f"Resource not found for the segment '{name}'.")

    @classmethod
    def method_not_allowed(cls) -> t.Self:
        """405."""
        return cls(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")

    @classmethod
    def unauthenticated(cls, message: str) -> t.Self:
        """401 for a token that is missing or not accepted."""
        return cls(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": 'Bearer realm=""'})

    @classmethod
    def busy(cls, status: int, retry_after: int | None) -> t.Self:
        """429 or a 5xx; Retry-After in seconds."""
        code = BUSY_CODES[status]
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return cls(status, code, "Please retry again later.", headers)

    @classmethod
    def access_denied(cls) -> t.Self:
        """403 as the Exchange part of Graph says it."""
        return cls(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
