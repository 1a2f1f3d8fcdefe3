# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures as one page that needs nothing else: a table of limits, bars for the ways side by side."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2
from bench.procedure import COLLECTION

if t.TYPE_CHECKING:
    from bench.figure import Figure
    from bench.run import Run

QUANTITIES = (
    ("Time by the clock", "seconds", "s"),
    ("Processor time of the control node", "processor", "s"),
    ("Sessions on Windows hosts", "sessions", ""),
    ("HTTP requests to Windows hosts", "requests", ""),
    ("Bytes in both directions", "kilobytes", "kB"),
    ("Peak memory of the control node", "memory", "MiB"),
)


def render(figures: t.Sequence[Figure], runs: t.Sequence[Run], machine: str) -> str:
    """:param machine: a sentence on where this was measured, without its full stop"""
    works: dict[str, list[Run]] = {}
    for run in runs:
        works.setdefault(run.work, []).append(run)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["amount"] = amount
    return environment.get_template("page.html.j2").render(
        figures=figures, works=works, quantities=QUANTITIES, own=COLLECTION, machine=machine
    )


def amount(value: float) -> str:
    """A number with as many digits as a reader wants."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
