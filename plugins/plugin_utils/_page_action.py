# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Actions that write a page, and the same as JSON beside it, on the control node."""

from __future__ import annotations

import abc
import contextlib
import datetime
import json
import os
import pathlib
import tempfile
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

Json = dict[str, t.Any]


class PageAction(ActionBase):
    """Writes on the control node whatever the task's host is, so it needs no connection."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    OPTIONS: t.ClassVar[Json]
    """Specification of the options besides ``path`` and ``mode``."""

    @abc.abstractmethod
    def build(self, args: Json, page: pathlib.Path, earlier: Json | None, time: str) -> Json:
        """What to write; it has a ``summary``.

        :param args: the task's options
        :param page: the page's file
        :param earlier: the data that are there, if they are of the same subject
        :param time: now, ISO 8601
        """

    @abc.abstractmethod
    def render(self, data: Json, json_name: str) -> str:
        """The page."""

    @abc.abstractmethod
    def is_of_the_same(self, found: Json, args: Json) -> bool:
        """Whether data that are there are of the same subject as the task's."""

    @abc.abstractmethod
    def findings(self, data: Json) -> Json:
        """What makes data of two runs differ: without times."""

    def run(self, tmp: str | None = None, task_vars: Json | None = None) -> Json:
        result = super().run(tmp, task_vars)
        del tmp
        _validation, args = self.validate_argument_spec(
            argument_spec={
                "path": {"type": "path", "required": True},
                "mode": {"type": "raw", "default": "0600"},
                **self.OPTIONS,
            }
        )
        mode = _mode(args["mode"])
        page_path = pathlib.Path(args["path"]).absolute()
        json_path = page_path.with_suffix(".json")
        if json_path == page_path or page_path.is_dir():
            raise AnsibleActionFail(
                f"path: {page_path} cannot be the page: the name of a file on the control node is needed, such as report.html; "
                "the JSON is written beside it."
            )
        found = read_json(json_path)
        earlier = found if found is not None and self.is_of_the_same(found, args) else None
        data = self.build(args, page_path, earlier, datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
        files = {page_path: self.render(data, json_path.name), json_path: json.dumps(data, indent=2) + "\n"}
        before, after = (self.findings(state) if state else None for state in (earlier, data))
        changed = before != after or not all(_has_mode(path, mode) for path in files)
        if not self._task.check_mode:
            try:
                page_path.parent.mkdir(parents=True, exist_ok=True)
                for path, text in files.items():
                    _write(path, text, mode)
            except OSError as exc:
                raise AnsibleActionFail(f"path: {page_path} could not be written: {exc.strerror or exc}.") from exc
        if self._task.diff:
            texts = (json.dumps(state, indent=2) + "\n" if state else "" for state in (before, after))
            headers = {"before_header": str(json_path), "after_header": str(json_path)}
            result["diff"] = [{**headers, **dict(zip(("before", "after"), texts, strict=True))}]
        result.update(changed=changed, path=str(page_path), json_path=str(json_path), summary=data["summary"])
        return result


def read_json(path: pathlib.Path) -> Json | None:
    """A dictionary from a file; None when there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


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
