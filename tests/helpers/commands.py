# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the commands that the documentation tells to type, and says what in them is not there.

Nothing is run. Options of Ansible's commands are held against their own parsers.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib
import io
import itertools
import re
import shlex
import typing as t

import yaml

from helpers.examples import ROOT
from helpers.variables import is_known

if t.TYPE_CHECKING:
    from collections.abc import Iterator

COLLECTION = "exchange.hybrid_groups"
# Commands that are not this project's; how they are called is their own business.
_FOREIGN = {"awx", "ansible-rulebook", "cd", "dsacls", "grep", "kinit", "klist", "kvno", "ansible-builder", "git"}
_ASSIGNMENT = re.compile(r"(\w+)=(.*)")
_PLUGIN_FOLDERS = {"module": "modules", "connection": "connection", "filter": "filter"}


@dataclasses.dataclass(frozen=True)
class Command:
    """A command line without what stands before and after it."""

    environment: dict[str, str]
    words: list[str]


def commands(text: str) -> list[Command]:
    """The lines of a console that begin with a prompt."""
    lines = [line[2:] for line in text.replace("\\\n", "").splitlines() if line.startswith(("$ ", "> "))]
    parts = [part for line in lines for part in re.split(r"&&|;(?: done\b)?", line.partition("  #")[0])]
    return [command for part in parts if (command := _command(part)).words or command.environment]


def problems(command: Command) -> list[str]:
    """A sentence for each thing that is not there."""
    found = [f"{name} is read by nothing" for name in command.environment if not _is_read(name)]
    if not command.words:
        return found
    program, *arguments = command.words
    program = program.removeprefix(".venv/bin/")
    if program == "export":
        names = [match[1] for word in arguments if (match := _ASSIGNMENT.fullmatch(word))]
        return [f"{name} is read by nothing" for name in names if not _is_read(name)]
    check = _PROGRAMS.get(program)
    if check is None:
        return found if program in _FOREIGN else [*found, f"{program} is no command that the tests know"]
    return [*found, *check(arguments)]


def _command(line: str) -> Command:
    words = shlex.split(line, comments=True)
    if words[:1] == ["for"]:
        return Command({}, [])
    words = words[1:] if words[:1] == ["do"] else words
    environment = {}
    while words and (match := _ASSIGNMENT.fullmatch(words[0])):
        environment[match[1]] = match[2]
        del words[0]
    return Command(environment, words)


def _is_read(variable: str) -> bool:
    """Of our own variables: whether a plugin names it. Others are not ours to know."""
    if not variable.startswith("M365_"):
        return True
    return any(re.search(rf"\b{variable}\b", path.read_text()) for path in (ROOT / "plugins").rglob("*.py"))


def _options(program: str, arguments: list[str]) -> argparse.Namespace | str:
    """What Ansible's own parser makes of arguments, or what it has against them."""
    name = program.removeprefix("ansible-")
    cli = getattr(importlib.import_module(f"ansible.cli.{name}"), {"doc": "DocCLI"}.get(name, f"{name.capitalize()}CLI"))
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            instance = cli([program, *arguments])
            instance.init_parser()
            return t.cast("argparse.Namespace", instance.parser.parse_args(arguments))
    except SystemExit:
        return said.getvalue().strip().splitlines()[-1]


def _playbook(arguments: list[str]) -> Iterator[str]:
    options = _options("ansible-playbook", arguments)
    if isinstance(options, str):
        yield options
        return
    for extra in options.extra_vars:
        name = extra.partition("=")[0]
        if "=" in extra and not is_known(name):
            yield f"{name} is no variable of the collection"
    for playbook in options.args:
        path = _playbook_file(playbook)
        if path is None:
            continue
        if not path.is_file():
            yield f"{playbook} is no playbook"
        elif unknown := {tag for tags in (*options.tags, *options.skip_tags) for tag in tags.split(",")} - _tags(path):
            yield f"{playbook} has no tags {', '.join(sorted(unknown))}"


def _playbook_file(name: str) -> t.Any:
    """The file of a playbook of the collection; None for one of the reader's own, or where any may stand."""
    if "<" in name:
        return None
    if name.startswith(f"{COLLECTION}."):
        return ROOT / "playbooks" / f"{name.removeprefix(COLLECTION + '.').replace('.', '/')}.yml"
    return ROOT / name if "/" in name else None


def _tags(playbook: t.Any) -> set[str]:
    return {"all", "always", "never", *_nested_tags(yaml.safe_load(playbook.read_text()))}


def _nested_tags(data: t.Any) -> Iterator[str]:
    if isinstance(data, dict):
        tags = data.get("tags", [])
        yield from [tags] if isinstance(tags, str) else tags
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _nested_tags(item)


def _doc(arguments: list[str]) -> Iterator[str]:
    options = _options("ansible-doc", arguments)
    if isinstance(options, str):
        yield options
        return
    for name in options.args:
        short = name.removeprefix(f"{COLLECTION}.")
        if short.startswith("<"):
            continue
        if options.type == "role":
            path = ROOT / "roles" / short / "meta/argument_specs.yml"
        else:
            path = ROOT / "plugins" / _PLUGIN_FOLDERS[options.type] / f"{short}.py"
        if not path.is_file():
            yield f"{name} is no {options.type}"


def _any_ansible(program: str) -> t.Callable[[list[str]], Iterator[str]]:
    def check(arguments: list[str]) -> Iterator[str]:
        options = _options(program, arguments)
        if isinstance(options, str):
            yield options

    return check


def _make(arguments: list[str]) -> Iterator[str]:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    yield from (f"make has no target {word}" for word in arguments if "=" not in word and word not in targets)


def _pip(arguments: list[str]) -> Iterator[str]:
    installed = f"~/.ansible/collections/ansible_collections/{COLLECTION.replace('.', '/')}/"
    files = [word.removeprefix(installed) for before, word in itertools.pairwise(arguments) if before == "-r"]
    yield from (f"{name} is no file" for name in files if not (ROOT / name).is_file())


def _python(arguments: list[str]) -> Iterator[str]:
    if arguments[:2] != ["-m", "lab"]:
        yield f"python {' '.join(arguments)} is not what the tests know"
    elif f'"{arguments[2]}"' not in (ROOT / "tests/lab/__main__.py").read_text():
        yield f"the lab has no command {arguments[2]}"


_PROGRAMS: dict[str, t.Callable[[list[str]], Iterator[str]]] = {
    "ansible-playbook": _playbook,
    "ansible-doc": _doc,
    "ansible-inventory": _any_ansible("ansible-inventory"),
    "ansible-galaxy": _any_ansible("ansible-galaxy"),
    "make": _make,
    "pip": _pip,
    "python": _python,
}
