# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as a command: ``python -m lab start|stop|state|reset|traffic`` (with tests/ on PYTHONPATH).

``start`` leaves the lab running in a process of its own and writes inventory.yml into the directory.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import typing as t
from multiprocessing.connection import Client, Listener

import yaml

_FILE = "lab.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab", description="Start, stop and look into the lab.")
    parser.add_argument("command", choices=["start", "stop", "state", "reset", "traffic", "serve"])
    parser.add_argument("--directory", type=pathlib.Path, default=pathlib.Path(".lab"), help="where it keeps its files")
    parser.add_argument("--session-delay", type=float, default=0.0, metavar="SECONDS", help="how slowly Windows hosts log on")
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    if arguments.command == "start":
        return start(directory, arguments.session_delay)
    if arguments.command == "serve":
        return serve(directory, arguments.session_delay)
    try:
        answer = ask(directory, arguments.command)
    except (FileNotFoundError, ConnectionRefusedError):
        print(f"no lab is running in {directory}", file=sys.stderr)
        return 0 if arguments.command == "stop" else 1
    if answer is not None:
        json.dump(answer, sys.stdout, indent=2)
        print()
    return 0


def start(directory: pathlib.Path, session_delay: float) -> int:
    """Start the lab in the background; returns when it answers."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        ask(directory, "state")
    except (FileNotFoundError, ConnectionRefusedError):
        pass
    else:
        print(f"the lab is running already; its inventory is {directory / 'inventory.yml'}")
        return 0
    with (directory / "lab.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lab", "serve", "--directory", str(directory), "--session-delay", str(session_delay)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout:
        ready = process.stdout.readline()
    if not ready:
        print(f"the lab did not start; see {directory / 'lab.log'}", file=sys.stderr)
        return 1
    print(f"the lab is running; its inventory is {directory / 'inventory.yml'}")
    return 0


def serve(directory: pathlib.Path, session_delay: float) -> int:
    """Run the lab in this process until it is told to stop."""
    from lab.lab import Lab

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    key = secrets.token_bytes(16)
    # Secrets are in here, so only the user may read it.
    os.umask(0o077)
    file = directory / _FILE
    with Lab(directory, session_delay=session_delay) as lab, Listener(("127.0.0.1", 0), authkey=key) as listener:
        (directory / "inventory.yml").write_text(yaml.safe_dump(lab.inventory(), sort_keys=False))
        file.write_text(json.dumps({"address": listener.address, "key": key.hex()}))
        try:
            print("ready", flush=True)
            commands: dict[str, t.Callable[[], t.Any]] = {
                "state": lab.world.view,
                "reset": lab.reset,
                "traffic": lambda: dict(lab.traffic.counts),
                "stop": lambda: None,
            }
            command = ""
            while command != "stop":
                with listener.accept() as connection:
                    command = connection.recv()
                    connection.send(commands[command]())
        finally:
            file.unlink(missing_ok=True)
    return 0


def ask(directory: pathlib.Path, command: str) -> t.Any:
    """Send a command to the running lab.

    :raises FileNotFoundError, ConnectionRefusedError: none is running
    """
    known = json.loads((directory / _FILE).read_text())
    with Client(tuple(known["address"]), authkey=bytes.fromhex(known["key"])) as connection:
        connection.send(command)
        return connection.recv()


if __name__ == "__main__":
    sys.exit(main())
