# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables that people may set: of the roles, the playbooks for AWX, the rulebooks, and the connection plugin."""

from __future__ import annotations

import functools
import re

from helpers.examples import ROOT, documented

# What the playbooks leave behind as facts, to be read.
_FACTS = re.compile(r"^\s+(hybrid_groups_\w+):", flags=re.MULTILINE)


def is_known(name: str) -> bool:
    """Whether a variable is one that the collection reads, or none that looks as if it were."""
    if name.startswith("ansible_cmdlet_"):
        # Each can be given for one endpoint.
        return re.sub(r"^ansible_cmdlet_(exchange|windows)_", "ansible_cmdlet_", name) in _of_the_connection()
    if name.startswith(("hybrid_groups_", "configure_", "known_issues_", "verify_", "report_")):
        return name in _of_the_roles() | _of_awx_and_eda()
    return True


@functools.cache
def _of_the_connection() -> set[str]:
    options = documented("connection/cmdlet", "DOCUMENTATION")["options"]
    return {variable["name"] for option in options.values() for variable in option.get("vars", ())}


@functools.cache
def _of_the_roles() -> set[str]:
    found: set[str] = set()
    for path in ROOT.glob("roles/*/defaults/main.yml"):
        # A default names the shared variable: "{{ hybrid_groups_domain }}".
        found |= set(re.findall(r"\b\w+_\w+\b", path.read_text()))
    found |= set(re.findall(r"\bhybrid_groups_\w+_host\b", (ROOT / "playbooks/vars/organization.yml").read_text()))
    for path in ROOT.glob("playbooks/*.yml"):
        found |= set(re.findall(r"\bhybrid_groups_\w+(?= \| default)", path.read_text()))
    for path in ROOT.glob("roles/*/tasks/**/*.yml"):
        found |= set(_FACTS.findall(path.read_text()))
    return found


@functools.cache
def _of_awx_and_eda() -> set[str]:
    files = [path for folder in ("playbooks", "extensions") for path in (ROOT / folder).rglob("*.yml")]
    return {name for path in files for name in re.findall(r"\bhybrid_groups_(?:awx|eda)_\w+", path.read_text())}
