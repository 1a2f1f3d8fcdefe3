# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/inventory.md: its configuration of microsoft.ad.ldap, against Samba."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
import typing as t

import pytest
import yaml
from helpers.pages import DOCS

from lab import contoso
from lab.samba import SambaDomain

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDERS = pathlib.Path(sys.prefix) / "providers"
SERVERS = f"OU=Servers,{contoso.BASE_DN}"
EXCHANGE_GROUPS = f"OU=Microsoft Exchange Security Groups,{contoso.BASE_DN}"
COMPUTERS = ("EX1", "EX2", "AADC1", "FILE1")
TREE_DELETE = ("1.2.840.113556.1.4.805", True, None)  # MS-ADTS 3.1.1.3.4.1.15


@pytest.fixture
def configuration() -> dict[str, t.Any]:
    blocks = re.findall(r"^```yaml\n(.*?)^```", (DOCS / "inventory.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    return dict(next(data for data in map(yaml.safe_load, blocks) if data.get("plugin") == "microsoft.ad.ldap"))


@pytest.fixture
def servers(samba_domain: SambaDomain) -> Iterator[None]:
    """Computers, and the group that Exchange's setup would make; gone after the test."""
    with samba_domain.administrator() as connection:

        def add(dn: str, kind: str, **attributes: t.Any) -> None:
            connection.add(dn, kind, attributes)
            assert connection.result["result"] == 0, connection.result

        for ou in (SERVERS, EXCHANGE_GROUPS):
            add(ou, "organizationalUnit")
        for name in COMPUTERS:
            host = f"{name}.{contoso.AD_DOMAIN}"
            add(f"CN={name},{SERVERS}", "computer", sAMAccountName=f"{name}$", userAccountControl="4096", dNSHostName=host)
        members = [f"CN={name},{SERVERS}" for name in COMPUTERS if name.startswith("EX")]
        add(f"CN=Exchange Servers,{EXCHANGE_GROUPS}", "group", sAMAccountName="Exchange Servers", member=members)
        yield
        for ou in (SERVERS, EXCHANGE_GROUPS):
            connection.delete(ou, controls=[TREE_DELETE])


@pytest.mark.heavy
@pytest.mark.usefixtures("servers")
def test_the_directory_names_the_hosts(
    samba_domain: SambaDomain, configuration: dict[str, t.Any], tmp_path: pathlib.Path
) -> None:
    if importlib.util.find_spec("sansldap") is None or not (PROVIDERS / "ansible_collections/microsoft/ad").is_dir():
        pytest.skip("the collection microsoft.ad is not installed (make providers), or its Python package sansldap")
    # The lab's domain controller has its address and authority; all else is what the page says.
    configuration.update(server=samba_domain.address, ca_cert=str(samba_domain.authority.ca_file))
    file = tmp_path / "corp.microsoft.ad.ldap.yml"
    file.write_text(yaml.safe_dump(configuration))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(PROVIDERS), "LDAP_PASSWORD": contoso.ADMIN_PASSWORD}
    program = pathlib.Path(sys.executable).parent / "ansible-inventory"
    command = [str(program), "-i", str(file), "--list"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    inventory = json.loads(run.stdout)
    assert {name: sorted(inventory[name]["hosts"]) for name in ("exchange", "adsync", "domain_controllers")} == {
        "exchange": ["ex1.corp.contoso.com", "ex2.corp.contoso.com"],
        "adsync": ["aadc1.corp.contoso.com"],
        "domain_controllers": [contoso.DC_HOST],
    }
    assert len(inventory["_meta"]["hostvars"]) == 4
