# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domain controllers for the tests: the embedded one, and Samba where its Debian packages are installed; both mail systems."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
from helpers.verification import MailLab, Verification

from lab import samba
from lab.certificates import CertificateAuthority
from lab.configured import configure
from lab.directory.domain import Domain, EmbeddedDomain

if t.TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def samba_image(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A provisioned domain, made once for all of the session's processes."""
    if reason := samba.missing():
        pytest.skip(reason)
    directory = tmp_path_factory.getbasetemp()
    return samba.golden_image(directory.parent if "PYTEST_XDIST_WORKER" in os.environ else directory)


@pytest.fixture(scope="session")
def samba_domain(samba_image: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[samba.SambaDomain]:
    """A Samba domain controller with Samba's own defaults."""
    directory = tmp_path_factory.mktemp("samba")
    with samba.SambaDomain(samba_image, directory / "dc", CertificateAuthority(directory / "ca")) as domain:
        yield domain


@pytest.fixture(scope="session")
def embedded_domain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDomain]:
    with EmbeddedDomain(CertificateAuthority(tmp_path_factory.mktemp("domain"))) as domain:
        yield domain


@pytest.fixture(params=["embedded", pytest.param("samba", marks=pytest.mark.heavy)])
def domain(request: pytest.FixtureRequest) -> Domain:
    """Each domain controller in turn, at its beginning."""
    domain: Domain = request.getfixturevalue(f"{request.param}_domain")
    domain.reset()
    return domain


@pytest.fixture(scope="session")
def started_mail_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailLab]:
    lab = MailLab(tmp_path_factory.mktemp("mail"))
    lab.start()
    yield lab
    lab.stop()


@pytest.fixture
def mail_lab(started_mail_lab: MailLab) -> MailLab:
    """The lab after the procedure."""
    started_mail_lab.reset()
    configure(started_mail_lab.world)
    return started_mail_lab


@pytest.fixture
def verification(mail_lab: MailLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verification:
    return Verification(mail_lab, monkeypatch, capsys)
