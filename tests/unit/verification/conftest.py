# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from helpers.verification import MailLab, Verification

from lab.configured import configure

if t.TYPE_CHECKING:
    from collections.abc import Iterator


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
