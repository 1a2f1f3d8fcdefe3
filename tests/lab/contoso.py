# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, accounts and secrets of the lab's organization. Made up; used on loopback only."""

from __future__ import annotations

# Active Directory
AD_DOMAIN = "corp.contoso.com"
AD_NETBIOS = "CONTOSO"
BASE_DN = "DC=corp,DC=contoso,DC=com"
WRITEBACK_OU = f"OU=M365Groups,{BASE_DN}"
OTHER_OU = f"OU=Staff,{BASE_DN}"
DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
DC_HOST = "dc1.corp.contoso.com"
DC2_HOST = "dc2.corp.contoso.com"

# Exchange
EXCHANGE_HOST = "ex1.corp.contoso.com"
EXCHANGE_ORGANIZATION = "Contoso"
ORGANIZATION_GUID = "5d4e9b7a-93c2-4f0e-8a61-0f2b6a7c9d10"
HYBRID_CONNECTOR = f"Outbound to Office 365 - {ORGANIZATION_GUID}"

# Entra Connect
CONNECT_HOST = "aadc1.corp.contoso.com"
CONNECTOR_ACCOUNT = "MSOL_d1edb676ca03"  # sAMAccountName; RID 1105
CONNECTOR_ACCOUNT_RID = 1105

# The administrator the playbooks use: Organization Management, ADSyncAdmins, may change permissions of the writeback OU.
ADMIN = "svc-ansible"  # RID 1110; DOMAIN\user and UPN user@corp.contoso.com both log on
ADMIN_RID = 1110
ADMIN_PASSWORD = "Adm1n-Lab-Passw0rd"
# A user without any role: logs on, may read the directory, nothing else.
USER = "jdoe"
USER_RID = 1120
USER_PASSWORD = "Us3r-Lab-Passw0rd"
CONNECTOR_PASSWORD = "C0nnector-Lab-Passw0rd"
PASSWORDS = {ADMIN: ADMIN_PASSWORD, USER: USER_PASSWORD, CONNECTOR_ACCOUNT: CONNECTOR_PASSWORD}

# Mailboxes
ON_PREMISES_MAILBOX = f"{USER}@contoso.com"
MOVED_USER = "mmoved"  # the mailbox has been moved to Microsoft 365
MOVED_MAILBOX = "mia.moved@contoso.com"
CLOUD_USER = "cara@contoso.onmicrosoft.com"  # never had a mailbox on premises; user principal name and address

# Tenant
TENANT = "contoso.onmicrosoft.com"
TENANT_ID = "7b1c2f44-0c1e-4a53-9d0f-6c2d1f5e8a90"
CLIENT_ID = "c0ffee00-1234-4abc-9def-0123456789ab"
CLIENT_SECRET = "gr4ph~Lab.Client-Secret"
SYSTEM_IDENTITY_ID = "5e1f0000-1111-4abc-9def-0123456789ab"  # managed identities of the machine the play runs on
USER_IDENTITY_ID = "5e1f0000-2222-4abc-9def-0123456789ab"

# DNS
ZONES = ("contoso.com", "fabrikam.com")
TSIG_KEY_NAME = "hybrid-groups."
TSIG_ALGORITHM = "hmac-sha256"
TSIG_SECRET = "bGFiLXRzaWctc2VjcmV0LW9mLTMyLWJ5dGVzLWxvbmchIQ=="

# What the demo sets up
GROUP_DOMAIN = "groups.contoso.com"
VERIFICATION_GROUP = f"verification@{GROUP_DOMAIN}"
