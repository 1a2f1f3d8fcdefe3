# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin where a library is absent, or the run that it serves is over."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

WITHOUT = """
import sys

sys.modules.update({{"{module}": None, "requests": None}})
from ansible.module_utils.connection import ConnectionError

from ansible_collections.exchange.hybrid_groups.plugins.connection import cmdlet

try:
    cmdlet._session_class("{transport}")
except ConnectionError as exc:
    print(exc)
"""


@pytest.mark.parametrize(("transport", "module", "package"), [("psrp", "pypsrp", "pypsrp"), ("winrm", "winrm", "pywinrm")])
def test_without_its_library_a_transport_names_the_package(transport: str, module: str, package: str) -> None:
    code = WITHOUT.format(transport=transport, module=module)
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert process.stdout.startswith(f"the Python package {package} is needed on the control node: ")


def test_the_process_of_a_session_ends_when_the_run_was_over_before_it_began() -> None:
    over = subprocess.Popen(["true"])
    over.wait()
    code = f"""
import signal

from ansible_collections.exchange.hybrid_groups.plugins.connection import cmdlet

cmdlet._end_with("{over.pid}")
signal.pause()
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == -signal.SIGTERM
