# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Which domain controller to speak to, and how to log on: the options of doc_fragments/_directory.py."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class DirectoryOptions:
    """Which domain controller, and how to log on. ``timeout`` is seconds, for connecting and for each answer.

    :param host: empty: to be found by DNS
    :param tls: ``ldaps``, ``starttls``, or ``none`` for a connection that Kerberos seals
    :param auth: ``simple`` or ``kerberos``
    """

    host: str
    user: str | None
    password: str | None = dataclasses.field(repr=False)
    ca_cert: str | None = None
    port: int | None = None
    tls: str = "ldaps"
    auth: str = "simple"
    timeout: int = 10
    credential_cache: str | None = None
    keytab: str | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, t.Any]) -> DirectoryOptions:
        """Take them from a module with :data:`ARGUMENT_SPEC`."""
        return cls(
            host=params["domain_controller"] or "",
            user=params["directory_user"],
            password=params["directory_password"],
            ca_cert=params["directory_ca_cert"],
            port=params["directory_port"],
            tls=params["directory_tls"],
            auth=params["directory_auth"],
            timeout=params["directory_timeout"],
            credential_cache=params["directory_credential_cache"],
            keytab=params["directory_keytab"],
        )

    @property
    def address(self) -> str:
        """Host and port for messages."""
        return f"{self.host}:{self.effective_port}"

    @property
    def effective_port(self) -> int:
        return self.port or (636 if self.tls == "ldaps" else 389)


ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    "domain_controller": {"type": "str"},
    "directory_user": {"type": "str"},
    "directory_password": {"type": "str", "no_log": True},
    "directory_ca_cert": {"type": "path"},
    "directory_port": {"type": "int"},
    "directory_tls": {"type": "str", "choices": ["ldaps", "starttls", "none"], "default": "ldaps"},
    "directory_auth": {"type": "str", "choices": ["simple", "kerberos"], "default": "simple"},
    "directory_credential_cache": {"type": "str"},
    # A file name; its value is no secret.
    "directory_keytab": {"type": "path", "no_log": False},
    "directory_timeout": {"type": "int", "default": 10},
}
