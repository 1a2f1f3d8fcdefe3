# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor: nothing but the cmdlets, one session for each server, one process.

    python -m bench.floor pipelines.json

The file holds a list of servers: port, path, configuration, pipelines.
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from lab import contoso


def main() -> None:
    for server in json.loads(pathlib.Path(sys.argv[1]).read_text()):
        send(server)


def send(server: dict[str, t.Any]) -> None:
    """Run a server's pipelines in one session."""
    wsman = WSMan(
        "127.0.0.1",
        port=server["port"],
        username=contoso.ADMIN,
        password=contoso.ADMIN_PASSWORD,
        ssl=False,
        path=server["path"],
        auth="ntlm",
    )
    with wsman, RunspacePool(wsman, configuration_name=server["configuration"]) as pool:
        for pipeline in server["pipelines"]:
            shell = PowerShell(pool)
            for cmdlet, parameters in pipeline:
                shell.add_cmdlet(cmdlet).add_parameters(parameters)
            shell.invoke()


if __name__ == "__main__":
    main()
