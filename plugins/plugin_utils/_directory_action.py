# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Base of the action plugins of modules that run cmdlets on a Windows host and read the directory as well."""

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._cmdlet_action import CmdletActionBase


class DirectoryActionBase(CmdletActionBase):
    endpoint = "windows"

    def module_args(self) -> dict[str, t.Any]:
        """With the user and password of the host for the directory as well, unless the task names others."""
        arguments = super().module_args()
        if arguments.get("directory_user") or arguments.get("directory_auth") == "kerberos":
            return arguments
        return {
            **arguments,
            "directory_user": self._connection.get_option("remote_user"),
            "directory_password": arguments.get("directory_password") or self._connection.get_option("remote_password"),
        }
