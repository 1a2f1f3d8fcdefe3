# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Kerberos tickets for a session: from a password, a keytab, or a credential cache that is there already.

Tickets got here live in a directory of this process alone and go with it. The password reaches C(kinit) on its standard input.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._cmdlet import SessionError

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Target

KINIT_TIMEOUT = 60  # seconds


class TicketError(Exception):
    """kinit's own words."""


class Tickets:
    """The tickets of one session; :meth:`use` puts them where Kerberos libraries look.

    :param from_password: get one with the password too; pypsrp does that by itself, pywinrm does not
    """

    def __init__(self, target: Target, *, from_password: bool) -> None:
        self._target = target
        self._directory: str | None = None
        self._cache = f"FILE:{target.ccache}" if target.ccache and ":" not in target.ccache else target.ccache
        self._needed = target.auth in ("kerberos", "negotiate") and bool(
            target.keytab or (from_password and target.username and target.password)
        )

    @contextlib.contextmanager
    def use(self) -> Iterator[None]:
        """Within, KRB5CCNAME names the session's tickets.

        :raises SessionError: kinit is not installed
        :raises TicketError: no ticket was given
        """
        if self._needed and self._cache is None:
            self._get()
        before = os.environ.get("KRB5CCNAME")
        if self._cache is not None:
            os.environ["KRB5CCNAME"] = self._cache
        try:
            yield
        finally:
            if self._cache is not None:
                os.environ.pop("KRB5CCNAME", None)
                if before is not None:
                    os.environ["KRB5CCNAME"] = before

    def close(self) -> None:
        """Delete tickets got here."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = self._cache = None

    def _get(self) -> None:
        target = self._target
        kinit = shutil.which("kinit")
        if kinit is None:
            raise SessionError(
                f"a Kerberos ticket for {target.host} needs kinit on the control node: install krb5-user (Debian) or "
                "krb5-workstation (Red Hat)"
            )
        self._directory = tempfile.mkdtemp(prefix="cmdlet-krb5-")  # mode 0700
        cache = f"FILE:{self._directory}/tickets"
        command = [kinit, "-c", cache]
        if target.delegate:
            command.append("-f")
        if target.keytab:
            command += ["-k", "-t", target.keytab]
        if target.username:
            command += ["--", target.username]
        try:
            process = subprocess.run(  # noqa: S603  # a list, no shell
                command,
                input="" if target.keytab else f"{target.password}\n",
                capture_output=True,
                text=True,
                timeout=KINIT_TIMEOUT,
                check=False,
                env={**os.environ, "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired:
            self.close()
            raise TicketError(f"Cannot contact any KDC within {KINIT_TIMEOUT} seconds") from None
        if process.returncode:
            self.close()
            raise TicketError(process.stderr.strip() or "kinit failed")
        self._cache = cache
