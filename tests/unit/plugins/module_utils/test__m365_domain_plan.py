# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._m365_domain_plan import (
    DomainError,
    Plan,
    TenantDomain,
    group_domain,
    plan,
    predict,
)

NAME = "groups.contoso.com"


def domain(*services: str, verified: bool = True) -> TenantDomain:
    return TenantDomain(NAME, verified, services=services)


@pytest.mark.parametrize(
    ("current", "state", "services", "steps"),
    [
        (None, "present", ["Email"], Plan(add=True)),
        (None, "verified", ["Email"], Plan(add=True, verify=True, services=("Email",))),
        (domain(verified=False), "present", ["Email"], Plan()),
        (domain(verified=False), "verified", ["Email"], Plan(verify=True, services=("Email",))),
        (domain(), "verified", ["Email"], Plan(services=("Email",))),
        (domain("Yammer"), "verified", ["Email"], Plan(services=("Yammer", "Email"))),
        (domain("Yammer", "Email"), "verified", ["Email"], Plan()),
        (domain("Yammer"), "verified", [], Plan()),
    ],
)
def test_plan(current: TenantDomain | None, state: str, services: list[str], steps: Plan) -> None:
    assert plan(current, state=state, services=services) == steps
    assert steps.changes == (steps != Plan())


def test_plan_of_the_default_domain() -> None:
    wanted = {"state": "verified", "services": ["Email"], "make_default": True}
    assert plan(domain("Email"), **wanted) == Plan(make_default=True)
    assert plan(dataclasses.replace(domain("Email"), default=True), **wanted) == Plan()
    assert plan(domain("Email"), state="verified", services=["Email"]) == Plan()


def test_plan_of_absence() -> None:
    assert plan(domain(), state="absent") == Plan(remove=True)
    assert plan(None, state="absent") == Plan()
    assert predict(NAME, domain(), Plan(remove=True), verified_parent=False) is None


@pytest.mark.parametrize(("kind", "message"), [("default", "make another one the default first"), ("initial", "initial domain")])
def test_what_a_tenant_cannot_be_without_is_refused(kind: str, message: str) -> None:
    with pytest.raises(DomainError, match=message):
        plan(dataclasses.replace(domain(), **{kind: True}), state="absent")


def test_prediction_below_a_verified_domain() -> None:
    added = predict(NAME, None, Plan(add=True), verified_parent=True)
    assert added
    assert (added.verified, added.root) == (True, False)
    alone = predict(NAME, None, Plan(add=True), verified_parent=False)
    assert alone
    assert (alone.verified, alone.root) == (False, False)
    verified = predict(NAME, None, Plan(add=True, verify=True, services=("Email",)), verified_parent=False)
    assert verified
    assert (verified.verified, verified.root, verified.services) == (True, True, ("Email",))


def test_group_domain_has_one_spelling() -> None:
    assert group_domain("Groups.Contoso.COM.") == NAME
    assert group_domain("gr\u00fcppen.contoso.com") == "xn--grppen-4ya.contoso.com"


@pytest.mark.parametrize("value", ["*.contoso.com", "*", "contoso", "a..b", "", "user@contoso.com", "192.0.2.1", "a b.com"])
def test_what_cannot_be_a_group_domain_is_refused_by_option(value: str) -> None:
    with pytest.raises(DomainError, match=r"^domain: "):
        group_domain(value)
