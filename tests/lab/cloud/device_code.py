# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The device authorization grant: a person signs in with a browser elsewhere.

Source: Microsoft identity platform documentation, "OAuth 2.0 device authorization grant"; RFC 8628.
"""

from __future__ import annotations

import secrets
import typing as t

from lab.cloud.login_error import LoginError
from lab.cloud.tenant import Application, DeviceCode, TenantState

VERIFICATION_URI = "https://microsoft.com/devicelogin"
LIFETIME_SECONDS = 900
INTERVAL_SECONDS = 5
# The names are those of the grant's documentation, "Expected errors". Which AADSTS number comes with which name it does not say.
# assumed: all numbers. 70016 and 65004 have these sentences in "Microsoft Entra authentication and authorization error codes";
# 70020 is quoted of expired codes, where that page has 70019; 70000 stands for what no document numbers.
REFUSALS = {
    "authorization_pending": (70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling."),
    "slow_down": (70016, "Polling is too frequent."),  # assumed: that it is sent; RFC 8628 3.5 has it, the documentation not
    "authorization_declined": (65004, "User declined to consent to access the app."),
    "expired_token": (
        70020,
        "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
    ),
    "bad_verification_code": (70000, "The device code sent to the token endpoint was not recognized."),
}


class DeviceCodeGrant:
    """Gives out codes and exchanges them for permissions."""

    # msal sends the one of RFC 8628; the other is its draft's.
    GRANT_TYPES = ("urn:ietf:params:oauth:grant-type:device_code", "device_code")

    def __init__(self, tenant: TenantState, application: Application) -> None:
        self._tenant = tenant
        self._application = application

    def begin(self) -> dict[str, t.Any]:
        """A new code, and the sentence for the person."""
        device_code = secrets.token_urlsafe(48)
        user_code = secrets.token_hex(5)[:9].upper()
        self._tenant.device_codes[device_code] = DeviceCode(self._application.client_id, user_code)
        return {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": VERIFICATION_URI,
            "expires_in": LIFETIME_SECONDS,
            "interval": INTERVAL_SECONDS,
            "message": f"To sign in, use a web browser to open the page {VERIFICATION_URI} and enter the code {user_code} "
            "to authenticate.",
        }

    def finish(self, device_code: str) -> list[str]:
        """The permissions on behalf of the person who has signed in; a code works once.

        :raises LoginError: not signed in yet, declined, expired, unknown, or the application is no public client
        """
        if not self._application.public_client:
            raise LoginError(
                401,
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            )
        code = self._tenant.device_codes.get(device_code)
        status = "bad_verification_code"
        if code is not None and code.client_id == self._application.client_id:
            status = code.status
            if status == "slow_down":
                code.status = "authorization_pending"
        if status:
            number, message = REFUSALS[status]
            raise LoginError(400, status, number, message)
        del self._tenant.device_codes[device_code]
        return self._application.delegated
