# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

from ansible.errors import AnsibleActionFail

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _report
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._page_action import Json, PageAction
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report_page import render


class ActionModule(PageAction):
    OPTIONS: t.ClassVar[Json] = {
        "domain": {"type": "str", "required": True},
        "keep": {"type": "bool", "default": True},
        "failure": {
            "type": "dict",
            "options": {"task": {"type": "str", "required": True}, "message": {"type": "str", "required": True}},
        },
        **{section: {"type": "list", "elements": "dict"} for section in _report.SECTIONS},
    }

    def build(self, args: Json, page: pathlib.Path, earlier: Json | None, time: str) -> Json:
        del page
        try:
            return _report.build(
                args["domain"],
                {section: args[section] for section in _report.SECTIONS},
                time=time,
                check_mode=self._task.check_mode,
                previous=earlier if args["keep"] else None,
                failure=args["failure"],
            )
        except _report.ReportError as exc:
            raise AnsibleActionFail(str(exc)) from exc

    def render(self, data: Json, json_name: str) -> str:
        return render(data, json_name)

    def is_of_the_same(self, found: Json, args: Json) -> bool:
        return _report.is_report(found) and found["domain"] == args["domain"]

    def findings(self, data: Json) -> Json:
        sections = {name: {**section, "time": None} for name, section in data["sections"].items()}
        return {"failure": data.get("failure"), **sections}
