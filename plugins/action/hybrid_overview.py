# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib
import typing as t

from ansible.errors import AnsibleActionFail

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _overview
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._page_action import Json, PageAction, read_json
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report_page import render_overview


class ActionModule(PageAction):
    OPTIONS: t.ClassVar[Json] = {
        "reports": {"type": "dict", "required": True},
        "max_age": {"type": "int", "default": 24},
    }

    def build(self, args: Json, page: pathlib.Path, earlier: Json | None, time: str) -> Json:
        del earlier
        if args["max_age"] < 0:
            raise AnsibleActionFail(f"max_age: {args['max_age']} is not an age: a number of hours is needed, 0 for any age.")
        if not args["reports"]:
            raise AnsibleActionFail(
                "reports: there are none; the name and the report's page of at least one organization are needed."
            )
        pages = {name: _page(name, path) for name, path in args["reports"].items()}
        data = {name: path.with_suffix(".json") for name, path in pages.items()}
        if page.with_suffix(".json") in data.values():
            raise AnsibleActionFail(f"path: {page} is a report, and would be written over.")
        reports = {name: read_json(path) for name, path in data.items()}
        return _overview.build(pages, reports, page.parent, time=time, max_age=args["max_age"])

    def render(self, data: Json, json_name: str) -> str:
        return render_overview(data, json_name)

    def is_of_the_same(self, found: Json, args: Json) -> bool:
        del args
        return _overview.is_overview(found)

    def findings(self, data: Json) -> Json:
        return {row["name"]: {**row, "time": None} for row in data["organizations"]}


def _page(name: str, path: t.Any) -> pathlib.Path:
    if not isinstance(path, str) or not path:
        raise AnsibleActionFail(f"reports: {name} has {path!r}: the path of the report's page is needed.")
    return pathlib.Path(path).expanduser().absolute()
