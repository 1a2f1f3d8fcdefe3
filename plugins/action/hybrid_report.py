# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import datetime
import json
import os
import pathlib
import tempfile
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils import _report
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report_page import render


class ActionModule(ActionBase):
    """Writes on the control node whatever the task's host is, so it needs no connection."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        _validation, args = self.validate_argument_spec(
            argument_spec={
                "path": {"type": "path", "required": True},
                "domain": {"type": "str", "required": True},
                "mode": {"type": "raw", "default": "0600"},
                "keep": {"type": "bool", "default": True},
                **{section: {"type": "list", "elements": "dict"} for section in _report.SECTIONS},
            }
        )
        mode = _mode(args["mode"])
        page_path = pathlib.Path(args["path"]).absolute()
        json_path = page_path.with_suffix(".json")
        if json_path == page_path or page_path.is_dir() or not page_path.parent.is_dir():
            raise AnsibleActionFail(
                f"path: {page_path} cannot be the report's page: a file name in a folder of the control node that exists is "
                "needed, such as report.html; the JSON is written beside it."
            )
        earlier = _earlier(json_path, args["domain"])
        try:
            report = _report.build(
                args["domain"],
                {section: args[section] for section in _report.SECTIONS},
                time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                check_mode=self._task.check_mode,
                previous=earlier if args["keep"] else None,
            )
        except _report.ReportError as exc:
            raise AnsibleActionFail(str(exc)) from exc
        files = {
            page_path: render(report, json_path.name),
            json_path: json.dumps(report, indent=2) + "\n",
        }
        changed = _without_times(report) != _without_times(earlier) or not all(_has_mode(path, mode) for path in files)
        if not self._task.check_mode:
            for path, text in files.items():
                try:
                    _write(path, text, mode)
                except OSError as exc:
                    raise AnsibleActionFail(f"path: the report could not be written to {path}: {exc.strerror or exc}.") from exc
        if self._task.diff:
            result["diff"] = [_diff(json_path, earlier, report)]
        result.update(changed=changed, path=str(page_path), json_path=str(json_path), summary=report["summary"])
        return result


def _mode(value: t.Any) -> int:
    """File permissions from ``'0640'``, or from the number that YAML makes of 0640 without quotes."""
    try:
        mode = int(value, 8) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        mode = -1
    if not 0 <= mode <= 0o777:
        raise AnsibleActionFail(
            f"mode: {value!r} is not a file's permissions: an octal number in quotes is needed, such as '0640'."
        )
    return mode


def _earlier(path: pathlib.Path, domain: str) -> dict[str, t.Any] | None:
    """The report that is there; None when it is of another domain, or not one of ours."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ours = isinstance(report, dict) and report.get("format") == _report.FORMAT and report.get("domain") == domain
    return report if ours else None


def _has_mode(path: pathlib.Path, mode: int) -> bool:
    return path.is_file() and path.stat().st_mode & 0o777 == mode


def _write(path: pathlib.Path, text: str, mode: int) -> None:
    """Replace the file as a whole: a reader sees the old one or the new one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        pathlib.Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            pathlib.Path(temporary).unlink()
        raise


def _without_times(report: dict[str, t.Any] | None) -> t.Any:
    """What makes two reports of the same findings equal."""
    if report is None:
        return None
    sections = {name: {**section, "time": None} for name, section in report["sections"].items()}
    return {**report, "time": None, "sections": sections}


def _diff(path: pathlib.Path, before: dict[str, t.Any] | None, after: dict[str, t.Any]) -> dict[str, str]:
    texts = (json.dumps(_without_times(report)["sections"], indent=2) + "\n" if report else "" for report in (before, after))
    return {"before_header": str(path), "after_header": str(path), **dict(zip(("before", "after"), texts, strict=True))}
