# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._local_action import LocalActionBase


class ActionModule(LocalActionBase):
    pass
