# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real name servers: BIND as primary and secondary on loopback, with the lab's TSIG key. Needs the Debian package bind9.

Statements: BIND 9 Administrator Reference Manual, 8. Configuration Reference.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import types
import typing as t

from lab import contoso

SIGNED_ZONE = "fabrikam.com"
ZONES = ("contoso.com", SIGNED_ZONE)
_KEY = contoso.TSIG_KEY_NAME.rstrip(".")
PATIENCE = 30.0  # seconds; BIND is there in a fraction of one

_ZONE_FILE = """\
$TTL 300
@ SOA ns1 hostmaster 1 3600 600 86400 300
@ NS ns1
@ NS ns2
@ MX 10 mail
ns1 A 127.0.0.1
ns2 A 127.0.0.1
mail A 127.0.0.25
"""

_CONFIGURATION = """\
options {{
  directory "{directory}";
  pid-file none; session-keyfile none; lock-file none;
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; dnssec-validation no; notify explicit;
  allow-transfer {{ key "{key}"; }};
}};
controls {{ }};
key "{key}" {{ algorithm {algorithm}; secret "{secret}"; }};
"""

_PRIMARY_ZONE = """\
zone "{zone}" {{
  type primary; file "{zone}.zone"; {signing}
  update-policy {{ {policy} }};
  also-notify {{ 127.0.0.1 port {secondary} key "{key}"; }}; notify-delay 0;
}};
"""

_SECONDARY_ZONE = """\
zone "{zone}" {{ type secondary; file "{zone}.copy"; primaries {{ 127.0.0.1 port {primary} key "{key}"; }}; }};
"""


# Debian keeps daemons where ordinary users do not look.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


def program(name: str) -> str | None:
    """Where a program of BIND is, if it is installed."""
    return shutil.which(name, path=_PATH)


class Bind:
    """A primary and a secondary for ``ZONES``, of which ``SIGNED_ZONE`` is signed (DNSSEC); a context manager.

    :param policy: rules of the statement update-policy; by default the lab's key may do anything
    """

    def __init__(self, directory: pathlib.Path, policy: str = f'grant "{_KEY}" zonesub ANY;') -> None:
        self._directory = directory
        self._policy = policy
        self._running = contextlib.ExitStack()
        self.primary = 0
        self.secondary = 0

    def __enter__(self) -> Bind:
        with contextlib.ExitStack() as stack:
            self.primary, self.secondary = _free_ports(2)
            common = {"key": _KEY, "primary": self.primary, "secondary": self.secondary, "policy": self._policy}
            primary = self._folder("primary")
            for zone in ZONES:
                (primary / f"{zone}.zone").write_text(_ZONE_FILE)
            signing = {SIGNED_ZONE: "dnssec-policy default; inline-signing yes;"}
            text = "".join(_PRIMARY_ZONE.format(zone=zone, signing=signing.get(zone, ""), **common) for zone in ZONES)
            stack.enter_context(_Named(primary, self.primary, text)).wait_for("running")
            secondary = self._folder("secondary")
            text = "".join(_SECONDARY_ZONE.format(zone=zone, **common) for zone in ZONES)
            copies = [f"zone {zone}/IN: transferred serial" for zone in ZONES]
            stack.enter_context(_Named(secondary, self.secondary, text)).wait_for("running", *copies)
            self._running = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._running.close()

    def _folder(self, name: str) -> pathlib.Path:
        folder = self._directory / name
        folder.mkdir()
        return folder


class _Named:
    """One named in the foreground, whose log is read as it comes."""

    def __init__(self, directory: pathlib.Path, port: int, zones: str) -> None:
        configuration = directory / "named.conf"
        key = _KEY
        configuration.write_text(
            _CONFIGURATION.format(
                directory=directory, port=port, key=key, algorithm=contoso.TSIG_ALGORITHM, secret=contoso.TSIG_SECRET
            )
            + zones
        )
        self._command = [program("named") or "named", "-g", "-n", "1", "-c", str(configuration)]
        self._log: list[str] = []
        self._grown = threading.Condition()

    def __enter__(self) -> _Named:
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, name="named log")
        self._reader.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _value: BaseException | None, _traceback: types.TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._reader.join()

    def wait_for(self, *texts: str) -> None:
        """Until the log has had all of them.

        :raises RuntimeError: it ended, or took too long
        """

        def lacking() -> list[str]:
            return [text for text in texts if not any(text in line for line in self._log)]

        with self._grown:
            self._grown.wait_for(lambda: not lacking() or self._log[-1:] == [""], PATIENCE)
            if lacking():
                raise RuntimeError(f"named did not say {lacking()}:\n{''.join(self._log[-20:])}")

    def _read(self) -> None:
        stream = t.cast("t.IO[str]", self._process.stderr)
        with stream:
            for line in stream:
                self._note(line)
        self._note("")  # it has ended

    def _note(self, line: str) -> None:
        with self._grown:
            self._log.append(line)
            self._grown.notify_all()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody uses on loopback, neither for TCP nor for UDP."""
    with contextlib.ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            tcp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            tcp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                ports.append(tcp.getsockname()[1])
        return ports
