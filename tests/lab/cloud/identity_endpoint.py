# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Azure machine's own endpoint for tokens of its managed identities (Instance Metadata Service), plain HTTP.

Source: "How to use managed identities for Azure resources on an Azure VM to acquire an access token": request, answer and
error handling. A client finds it by ``AZURE_POD_IDENTITY_AUTHORITY_HOST``, which msal reads.
"""

from __future__ import annotations

import time
import typing as t

from lab.cloud.login_error import LoginError
from lab.cloud.tenant import Application, TenantState
from lab.cloud.token_endpoint import RESOURCES, issue_token

PATH = "/metadata/identity/oauth2/token"


def answer_identity(
    tenant: TenantState, method: str, query: dict[str, str], headers: t.Mapping[str, str], graph_url: str
) -> dict[str, t.Any]:
    """A token for one of the machine's identities.

    :param graph_url: the lab's own address, which stands for Graph too
    :raises LoginError: refused
    """
    if method != "GET" or "api-version" not in query:
        raise LoginError(400, "bad_request_102", 0, "Required query variable 'api-version' is missing")
    if headers.get("Metadata", "").lower() != "true":
        raise LoginError(400, "bad_request_102", 0, "Required metadata header not specified")
    resource = query.get("resource", "")
    if resource.rstrip("/") not in (*RESOURCES, graph_url):
        raise LoginError(400, "invalid_resource", 500011, f"The resource principal named {resource} was not found in the tenant.")
    identity = _identity(tenant, query.get("client_id"))
    if identity is None:
        raise LoginError(400, "invalid_request", 0, "Identity not found")
    token = issue_token(tenant, identity, identity.roles)
    lifetime = int(token["expires_in"])
    return {
        "access_token": token["access_token"],
        "client_id": identity.client_id,
        "expires_in": str(lifetime),
        "expires_on": str(int(time.time()) + lifetime),
        "not_before": str(int(time.time())),
        "resource": resource,
        "token_type": "Bearer",
    }


def _identity(tenant: TenantState, client_id: str | None) -> Application | None:
    """The user-assigned identity of this id, or the system-assigned one."""
    if client_id:
        found = tenant.applications.get(client_id.lower())
        return found if found and found.managed_identity else None
    return next((found for found in tenant.applications.values() if found.managed_identity == "system"), None)
