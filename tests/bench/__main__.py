# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements, each held against what it would ideally take: ``make bench``, or

    PYTHONPATH=tests:.venv/collections .venv/bin/python -m bench [name ...] [--json file] [--html file]

Ends with 1 when a limit is exceeded.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import sys
import time
import typing as t

from ansible.release import __version__
from bench import dns, organizations, page, procedure, recipients, refresh
from bench.figure import Figure
from bench.run import Run

BENCHMARKS: dict[str, t.Callable[[], t.Iterable[Figure | Run]]] = {
    "procedure": procedure.measure,
    "dns": dns.measure,
    "recipients": recipients.measure,
    "refresh": refresh.measure,
    "organizations": organizations.measure,
}
LONG = {"organizations"}
"""Only when named."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"what to measure: {', '.join(BENCHMARKS)}; all but {', '.join(LONG)} when not given",
    )
    parser.add_argument("--json", type=pathlib.Path, help="file to write the figures to")
    parser.add_argument("--html", type=pathlib.Path, help="file to write a page with them to")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    runs: list[Run] = []
    for name in arguments.names or [name for name in BENCHMARKS if name not in LONG]:
        for result in BENCHMARKS[name]():
            print(result.to_text(), flush=True)
            if isinstance(result, Figure):
                figures.append(result)
            else:
                runs.append(result)
    if arguments.json:
        document = {
            "machine": machine(),
            "figures": [figure.to_json() for figure in figures],
            "runs": [run.to_json() for run in runs],
        }
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    if arguments.html:
        arguments.html.write_text(page.render(figures, runs, machine()))
    return 0 if all(figure.met for figure in figures) else 1


def machine() -> str:
    """Where and when."""
    return (
        f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}, ansible-core {__version__}, "
        f"{time.strftime('%Y-%m-%d')}"
    )


if __name__ == "__main__":
    sys.exit(main())
