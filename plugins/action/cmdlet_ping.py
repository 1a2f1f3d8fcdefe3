# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._cmdlet_action import CmdletActionBase


class ActionModule(CmdletActionBase):
    """The endpoint is an option here; and where each setting of the connection comes from is known on this side only."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        self.endpoint = "windows" if self._task.args.get("endpoint") == "windows" else "exchange"
        result = super().run(tmp, task_vars)
        result["settings"] = {
            option: self._origin(option)
            for option in ("transport", "host", "uri", "scheme", "port", "path", "auth", "remote_user", "inventory_auth")
        }
        return result

    def _origin(self, option: str) -> dict[str, t.Any]:
        value, origin = self._connection.get_option_and_origin(option)
        # The configuration says "var: ansible_host"; "Direct" is what the inventory's own connection had.
        origin = {"default": "default", "Direct": "command line or the host's own connection"}.get(origin, origin)
        kind, _space, variable = str(origin).partition(" ")
        origin = f"{kind} {self.variable_names[variable]}" if variable in self.variable_names else origin
        return {"value": value, "from": origin if value is not None else "derived"}
