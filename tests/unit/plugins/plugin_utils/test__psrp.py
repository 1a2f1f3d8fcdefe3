# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is the transport psrp's own; the rest is in test__session.py."""

from __future__ import annotations

import typing as t

import pytest
from helpers.endpoint import Endpoint, serve

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import SessionError
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._psrp import PsrpSession

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = serve()
    yield endpoint
    endpoint.server.stop()


@pytest.fixture
def session(endpoint: Endpoint) -> Iterator[PsrpSession]:
    session = t.cast(PsrpSession, endpoint.session())
    yield session
    session.close()


def test_requests_of_a_session_are_seven_and_two_per_call(endpoint: Endpoint) -> None:
    session = endpoint.session()
    for _repeat in range(3):
        session.invoke("Get-Text", {})
    session.close()
    # Two legs of NTLM, create, two receives, get (envelope size is not asked), delete.
    assert endpoint.traffic.counts["exchange.http_requests"] <= 7 + 2 * 3


def test_a_session_the_server_forgot_is_opened_anew_for_reads(endpoint: Endpoint, session: PsrpSession) -> None:
    session.invoke("Get-Text", {})
    other = t.cast(PsrpSession, endpoint.session())
    other.invoke("Get-Text", {})
    assert session._pool is not None
    assert other._pool is not None
    session._pool.shell._selector_set = other._pool.shell._selector_set
    other.close()
    assert session.invoke("Get-Text", {}).objects == ["plain"]
    assert endpoint.traffic.counts["exchange.sessions"] == 3


def test_unknown_configuration(endpoint: Endpoint) -> None:
    with pytest.raises(SessionError, match=r"configuration Microsoft\.Nothing\) refused the session: .*not found"):
        endpoint.session(configuration="Microsoft.Nothing").invoke("Get-Text", {})
