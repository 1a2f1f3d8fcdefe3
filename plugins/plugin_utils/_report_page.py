# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The report as one HTML page: no script, nothing from the network, every value escaped."""

from __future__ import annotations

import pathlib
import typing as t

import jinja2

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._report import (
    as_label,
    as_lines,
    as_name,
    as_text,
    as_time,
    differences,
    verdict_of,
)

LONG_LIST = 20
"""Longer lists of affected objects are folded."""


def render(report: t.Mapping[str, t.Any], json_name: str) -> str:
    """The page.

    :param report: as :func:`_report.build` made it
    :param json_name: file name of the same report as JSON
    """
    places = {place["id"]: place for place in report["mail_path"]}
    return _render("page.html.j2", report=report, places=places, json_name=json_name)


def render_overview(overview: t.Mapping[str, t.Any], json_name: str) -> str:
    """The page over many organizations.

    :param overview: as :func:`_overview.build` made it
    :param json_name: file name of the same as JSON
    """
    return _render("overview.html.j2", overview=overview, json_name=json_name)


def _render(template: str, **variables: t.Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent / "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (as_label, as_lines, as_name, as_text, as_time, verdict_of)
    environment.filters.update({function.__name__: function for function in filters})
    environment.globals.update(differences=differences, LONG_LIST=LONG_LIST)
    return environment.get_template(template).render(**variables)
