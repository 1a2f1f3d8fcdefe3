# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's certificate authority: one self-signed root and server certificates under it.

The certificates carry what a strict verifier asks for: authority and subject key identifiers and key usage (RFC 5280
4.2.1.1 to 4.2.1.3). OpenSSL's X509_V_FLAG_X509_STRICT, which Python 3.13 sets by default, refuses a chain without them.
"""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import os
import pathlib
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=30)
CLOCK_SKEW = datetime.timedelta(days=1)


class CertificateAuthority:
    """Issues server certificates; everything it makes is a file in one directory.

    :param directory: is created if need be; ``ca.pem``, certificates and keys (mode 0600) are written there
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        name = _common_name("Lab certificate authority")
        self._certificate = (
            _builder(name, name, self._key.public_key(), self._key.public_key(), now - CLOCK_SKEW, now + LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.ca_file: pathlib.Path = directory / "ca.pem"
        """The root certificate in PEM form: what a client is told to trust."""
        self.ca_file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, *names: str, expired: bool = False, client: bool = False) -> tuple[pathlib.Path, pathlib.Path]:
        """Make a server certificate, or a client's.

        :param names: DNS names or IP addresses; the first is the common name too
        :param expired: the certificate's time ended yesterday
        :param client: for the client's side of TLS
        :returns: certificate file and key file, PEM
        :raises ValueError: no name given
        """
        if not names:
            raise ValueError("A server certificate needs at least one name.")
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        end = now - CLOCK_SKEW if expired else now + LIFETIME
        certificate = (
            _builder(
                _common_name(names[0]),
                self._certificate.subject,
                key.public_key(),
                self._key.public_key(),
                end - LIFETIME - CLOCK_SKEW,
                end,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH]),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        stem = f"server{next(self._numbers)}"
        certificate_file = self._directory / f"{stem}.pem"
        key_file = self._directory / f"{stem}.key"
        certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        _write_private(
            key_file,
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        )
        return certificate_file, key_file

    def server_context(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """A server's TLS context with a fresh certificate for these names (see :meth:`issue`)."""
        return self.context(*self.issue(*names, expired=expired))

    def context(self, certificate: pathlib.Path, key: pathlib.Path, *, clients: bool = False) -> ssl.SSLContext:
        """A server's TLS context with a certificate issued before.

        :param clients: take certificates of clients issued here, without asking for one
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        if clients:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(self.ca_file)
        return context


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    begin: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    """What a root and a server certificate have in common."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _write_private(path: pathlib.Path, content: bytes) -> None:
    """Write a file only its owner can read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
