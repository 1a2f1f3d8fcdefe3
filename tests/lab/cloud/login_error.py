# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals of the token endpoint (RFC 6749 5.2; "Microsoft Entra authentication and authorization error codes")."""

from __future__ import annotations

import datetime
import typing as t
import uuid


class LoginError(Exception):
    """The token endpoint refuses.

    :ivar status: HTTP status
    :ivar error: RFC 6749's name
    :ivar number: of AADSTS; 0: the machine's own endpoint refuses, which has no such numbers
    """

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.number = number
        self.message = message

    def payload(self) -> dict[str, t.Any]:
        """The answer's body."""
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        timestamp = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        prefix = f"AADSTS{self.number}: " if self.number else ""
        return {
            "error": self.error,
            "error_description": f"{prefix}{self.message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}",
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
        }
