# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The assets of AWX's objects; tests/integration/test_awx_import.py imports them."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from helpers.awx_objects import OWN, Json, objects

from ansible_collections.exchange.hybrid_groups.plugins.filter.awx_assets import awx_assets

OBJECTS = objects(hybrid_groups_awx_dns_provider="rfc2136")


def every(value: t.Any) -> t.Iterator[Json]:
    """All dictionaries in it."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        yield from every(inner)


def test_whatever_is_named_is_an_asset_or_one_has_it() -> None:
    assets = awx_assets(OBJECTS)
    made = [item["natural_key"] for item in every(assets) if "natural_key" in item]
    for key in every(assets):
        if key.get("type") in ("job_template", "project", "credential", "execution_environment", "workflow_job_template_node"):
            assert key in made
    own = {"Machine", "Default", "Exchange hybrid"}
    left = [
        key for key in every(assets) if key.get("type") in ("organization", "inventory", "credential_type") and key not in made
    ]
    assert {key["name"] for key in left} == own


def test_surveys_come_before_what_answers_them() -> None:
    documents = awx_assets(OBJECTS)
    assert list(documents) == ["templates", "workflows"]
    for template in documents["templates"]["job_templates"]:
        keys = list(template["related"])
        assert keys.index("survey_spec") < keys.index("schedules")


def test_credentials_have_no_inputs() -> None:
    documents = awx_assets(objects(**{name: f"secret of {name}" for name in OWN}))
    assert all("inputs" not in credential for credential in documents["templates"]["credentials"])
    assert "secret of" not in str(documents)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"controller_schedules": [{**OBJECTS["controller_schedules"][0], "unified_job_template": "Gone"}]}, "Gone"),
        ({"controller_credentials": []}, "Hybrid groups - Windows"),
        ({"controller_templates": None}, "awx_assets"),
    ],
)
def test_what_does_not_fit_together_is_refused(changes: Json, words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        awx_assets({**OBJECTS, **changes})
    with pytest.raises(AnsibleFilterError, match="controller_credential_types"):
        awx_assets({})
