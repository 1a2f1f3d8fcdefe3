# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates are judged by OpenSSL itself, in a TLS handshake in memory."""

from __future__ import annotations

import pathlib
import ssl

import pytest

from lab.certificates import CertificateAuthority


def handshake(authority: CertificateAuthority, server: ssl.SSLContext, name: str) -> None:
    """Shake hands as a strict client that trusts the authority.

    :raises ssl.SSLCertVerificationError: the client refuses the certificate
    """
    context = ssl.create_default_context(cafile=str(authority.ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_side = context.wrap_bio(to_client, to_server, server_hostname=name)
    server_side = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (client_side, server_side, client_side, server_side):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client_side.version() == "TLSv1.3"


@pytest.fixture(name="authority")
def fixture_authority(tmp_path: pathlib.Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "ca")


@pytest.mark.parametrize("name", ["localhost", "ex1.corp.contoso.com", "127.0.0.1"])
def test_strict_client_accepts_each_name(authority: CertificateAuthority, name: str) -> None:
    handshake(authority, authority.server_context("localhost", "ex1.corp.contoso.com", "127.0.0.1"), name)


def test_other_name_is_refused(authority: CertificateAuthority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch"):
        handshake(authority, authority.server_context("localhost"), "dc1.corp.contoso.com")


def test_expired_certificate_is_refused(authority: CertificateAuthority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        handshake(authority, authority.server_context("localhost", expired=True), "localhost")


def test_another_authority_is_not_trusted(authority: CertificateAuthority, tmp_path: pathlib.Path) -> None:
    stranger = CertificateAuthority(tmp_path / "stranger")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(authority, stranger.server_context("localhost"), "localhost")


def test_keys_are_private_and_files_distinct(authority: CertificateAuthority) -> None:
    first = authority.issue("localhost")
    second = authority.issue("localhost")
    assert not set(first) & set(second)
    for _certificate, key in (first, second):
        assert key.stat().st_mode & 0o777 == 0o600


def test_a_certificate_needs_a_name(authority: CertificateAuthority) -> None:
    with pytest.raises(ValueError, match="at least one name"):
        authority.issue()
