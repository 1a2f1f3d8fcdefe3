# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private MIT Kerberos realm on loopback: real krb5kdc, as an unprivileged child process.

Debian packages: krb5-kdc, krb5-admin-server (kadmin.local), krb5-user. Sources: kdc.conf(5), krb5.conf(5), kdb5_util(8).
"""

from __future__ import annotations

import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import typing as t

from lab import contoso

REALM = contoso.AD_DOMAIN.upper()
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_PROGRAMS = {"krb5kdc": "krb5-kdc", "kdb5_util": "krb5-kdc", "kadmin.local": "krb5-admin-server", "kinit": "krb5-user"}


def missing() -> str | None:
    """The Debian package that is not installed, if any."""
    return next((package for program, package in _PROGRAMS.items() if shutil.which(program, path=_PATH) is None), None)


class Kdc:
    """The realm of the lab's domain; a context manager that starts and stops it.

    :param users: names to passwords
    :param services: service principals; their keys are in :attr:`keytab`
    """

    def __init__(self, directory: pathlib.Path, *, users: t.Mapping[str, str], services: t.Iterable[str]) -> None:
        self._directory = directory
        self._users = dict(users)
        self._services = list(services)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.config = directory / "krb5.conf"
        self.keytab = directory / "services.keytab"

    @property
    def environment(self) -> dict[str, str]:
        """What clients and servers need to use the realm."""
        return {
            "KRB5_CONFIG": str(self.config),
            "KRB5_KTNAME": f"FILE:{self.keytab}",
            "KRB5CCNAME": f"FILE:{self._directory / 'none'}",
            "KRB5RCACHEDIR": str(self._directory),
        }

    def __enter__(self) -> Kdc:
        self._directory.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._write_configuration()
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", secrets.token_hex(8))
        for name, password in self._users.items():
            self._run("kadmin.local", "addprinc", "+requires_preauth", "-pw", password, name)
        for service in self._services:
            self._run("kadmin.local", "addprinc", "-randkey", service)
            self._run("kadmin.local", "ktadd", "-k", str(self.keytab), "-norandkey", service)
        # In the foreground; it writes to its standard error when it is ready to serve.
        self._process = subprocess.Popen(
            ["krb5kdc", "-n"], env=self._environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._wait()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            if self._process.stderr is not None:
                self._process.stderr.close()

    def user_keytab(self, name: str) -> pathlib.Path:
        """A keytab with the user's own key, which stays as it is."""
        path = self._directory / f"{name}.keytab"
        if not path.exists():
            self._run("kadmin.local", "ktadd", "-k", str(path), "-norandkey", name)
        return path

    def ticket(self, name: str) -> str:
        """A credential cache with a ticket of the user."""
        cache = f"FILE:{self._directory / name}.ccache"
        self._run("kinit", "-c", cache, name, text=f"{self._users[name]}\n")
        return cache

    def _environment(self) -> dict[str, str]:
        profile = str(self._directory / "kdc.conf")
        return {**os.environ, **self.environment, "KRB5_KDC_PROFILE": profile, "PATH": _PATH, "LC_ALL": "C"}

    def _run(self, *command: str, text: str = "") -> None:
        process = subprocess.run(command, env=self._environment(), input=text, capture_output=True, text=True, check=False)
        # kadmin.local ends with 0 whatever happens.
        if process.returncode or "while" in process.stderr:
            raise RuntimeError(f"{command[0]} {command[1]}: {process.stdout}{process.stderr}")

    def _wait(self) -> None:
        """Until the KDC listens."""
        process = t.cast("subprocess.Popen[bytes]", self._process)
        for line in t.cast(t.IO[bytes], process.stderr):
            if b"starting" in line or b"commencing" in line:
                return
        raise RuntimeError("krb5kdc did not start")

    def _write_configuration(self) -> None:
        here = self._directory
        self.config.write_text(
            f"""[libdefaults]
 default_realm = {REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
 forwardable = true
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:{self.port}
 }}
[domain_realm]
 localhost = {REALM}
 127.0.0.1 = {REALM}
 .{contoso.AD_DOMAIN} = {REALM}
"""
        )
        (here / "kdc.conf").write_text(
            f"""[kdcdefaults]
 kdc_listen = 127.0.0.1:{self.port}
 kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
 {REALM} = {{
  database_name = {here}/principal
  key_stash_file = {here}/stash
  acl_file = {here}/acl
 }}
[logging]
 kdc = STDERR
"""
        )
