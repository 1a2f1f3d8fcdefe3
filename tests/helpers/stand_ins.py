# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for modules of other collections: the real module's argument spec, and nothing behind it.

A stand-in takes what the real module takes, refuses what it refuses, and writes down what it was given.
"""

from __future__ import annotations

import ast
import importlib
import json
import pathlib
import sys
import typing as t
from unittest import mock

import yaml
from ansible.module_utils import basic

STAND_IN = """#!/usr/bin/python
from __future__ import annotations

import json
import os

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(**{settings!r})
given = {{name: value for name, value in module.params.items() if value is not None}}
with open(os.environ["STAND_IN_FILE"], "a") as file:
    file.write(json.dumps({{"module": {name!r}, "check": module.check_mode, "given": given}}) + "\\n")
module.exit_json(changed=True)
"""

_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by", "supports_check_mode")
_OPTION = ("type", "elements", "choices", "default", "required", "aliases", "options", "no_log", "apply_defaults", *_RULES)


class _Captured(BaseException):
    def __init__(self, settings: dict[str, t.Any]) -> None:
        super().__init__("the module has told its argument spec")
        self.settings = settings


def settings_of(name: str, collections: pathlib.Path) -> dict[str, t.Any]:
    """The arguments the real module makes its AnsibleModule with. To be called in a process of its own.

    :param name: namespace.collection.module
    :param collections: folder with the folder ansible_collections
    """
    namespace, collection, module = name.split(".")
    folder = collections / "ansible_collections" / namespace / collection / "plugins" / "modules"
    if (folder / f"{module}.ps1").exists():
        return {"argument_spec": documented_spec(folder / f"{module}.py"), "supports_check_mode": True}

    def capture(_self: object, argument_spec: dict[str, t.Any], **settings: t.Any) -> t.NoReturn:
        raise _Captured({"argument_spec": argument_spec, **settings})

    sys.path.insert(0, str(collections))
    no_parameters = mock.patch.object(basic, "_load_params", dict)
    with mock.patch.object(basic.AnsibleModule, "__init__", capture), no_parameters:
        imported = importlib.import_module(f"ansible_collections.{name.rpartition('.')[0]}.plugins.modules.{module}")
        try:
            imported.main()
        except _Captured as captured:
            return _plain(captured.settings)
    raise RuntimeError(f"{name} ended without making an AnsibleModule")


def write(name: str, settings: dict[str, t.Any], collections: pathlib.Path) -> None:
    """Write the stand-in into a folder of collections."""
    namespace, collection, module = name.split(".")
    file = collections / "ansible_collections" / namespace / collection / "plugins" / "modules" / f"{module}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(STAND_IN.format(settings=settings, name=name))


def documented_spec(file: pathlib.Path) -> dict[str, t.Any]:
    """The argument spec of a module as its own documentation has it, without options that it shares with others."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return _spec(yaml.safe_load(ast.literal_eval(node.value))["options"])
    raise RuntimeError(f"{file} has no DOCUMENTATION")


def _spec(options: dict[str, t.Any]) -> dict[str, t.Any]:
    spec = {}
    for name, option in options.items():
        spec[name] = {key: option[key] for key in _OPTION if key in option and key != "options"}
        if "suboptions" in option:
            spec[name]["options"] = _spec(option["suboptions"])
    return spec


def _plain(settings: dict[str, t.Any]) -> dict[str, t.Any]:
    """Without what only the real module's process has, such as functions."""
    plain = {key: value for key, value in settings.items() if key in _RULES and value is not None}
    return {**plain, "argument_spec": {name: _plain_option(option) for name, option in settings["argument_spec"].items()}}


def _plain_option(option: dict[str, t.Any]) -> dict[str, t.Any]:
    plain = {key: value for key, value in option.items() if key in _OPTION and value is not None and not callable(value)}
    if "options" in plain:
        plain["options"] = {name: _plain_option(sub) for name, sub in plain["options"].items()}
    return plain


def main() -> None:
    """Write the stand-ins that standard input asks for. Not the command line, which AnsibleModule takes for its own."""
    request = json.load(sys.stdin)
    for name in request["modules"]:
        write(name, settings_of(name, pathlib.Path(request["real"])), pathlib.Path(request["stand_ins"]))


if __name__ == "__main__":
    main()
