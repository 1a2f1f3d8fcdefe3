# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The assertion an application signs with its certificate instead of showing a secret.

Source: "Microsoft identity platform application authentication certificate credentials": x5t is the SHA-1 thumbprint,
x5t#S256 the SHA-256 one; iss and sub are the client id, aud the token endpoint.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import typing as t

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from lab.cloud.tenant import Application


def assertion_problem(application: Application, assertion: str, audience: str) -> str:
    """Why an assertion is refused, in the words after "Reason - "; "" when a certificate of the application signed it.

    # assumed: the texts, as administrators quote them.
    """
    try:
        header = jwt.get_unverified_header(assertion)
        certificate = _find_certificate(application, header)
        if certificate is None:
            return "The key was not found."
        claims = jwt.decode(
            assertion,
            t.cast("t.Any", certificate.public_key()),
            algorithms=["RS256", "PS256"],
            audience=audience,
            options={"require": ["exp", "iss", "sub", "aud"]},
        )
    except (jwt.InvalidTokenError, binascii.Error, ValueError):
        return "The signature is not valid."
    if not claims["iss"] == claims["sub"] == application.client_id:
        return "The issuer is not the application."
    now = datetime.datetime.now(datetime.UTC)
    return "" if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc else "The key used is expired."


def _find_certificate(application: Application, header: dict[str, t.Any]) -> x509.Certificate | None:
    """The registered certificate an assertion's header names by thumbprint."""
    name, algorithm = ("x5t#S256", hashes.SHA256()) if "x5t#S256" in header else ("x5t", hashes.SHA1())  # noqa: S303 - the protocol's thumbprint
    value = str(header.get(name, ""))
    thumbprint = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    for pem in application.certificates:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if certificate.fingerprint(algorithm) == thumbprint:
            return certificate
    return None
