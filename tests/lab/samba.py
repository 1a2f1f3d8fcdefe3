# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Active Directory domain controller: Samba, on a loopback address of its own, with the lab's OUs and accounts.

Debian packages: samba, samba-ad-dc (samba-ad-provision, samba-dsdb-modules, samba-vfs-modules, winbind). Needs root, for its
ports are fixed. Sources: samba-tool(8), smb.conf(5). Samba's default "ldap server require strong auth = yes" is kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import typing as t
import warnings

from lab import contoso
from lab.directory import client as directory_client
from lab.directory.domain import Domain
from lab.directory.seed import FULL_CONTROL, UNIVERSAL_DISTRIBUTION, USERS

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core.exceptions import LDAPException

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.certificates import CertificateAuthority

REALM = contoso.AD_DOMAIN.upper()
ADMINISTRATOR = "Administrator"
ADMINISTRATOR_PASSWORD = "P@ssw0rd-Lab-1"
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_PROVISIONED_ADDRESS = "127.0.0.10"
_START_SECONDS = 120
_TREE_DELETE = ("1.2.840.113556.1.4.805", True, None)


# With a newer Samba's files over the system's, for this process and its children alone. $1 is its folder usr.
_OVER_THE_SYSTEMS = 'mount -t overlay overlay -o lowerdir="$1":/usr /usr && shift && exec "$@"'
NEWER = pathlib.Path(__file__).parents[2] / ".cache" / "samba-backports" / "usr"
"""Samba 4.22 of bookworm-backports, unpacked there by .ci/run: it checks channel bindings."""


def missing() -> str | None:
    """Why there can be no Samba here: a Debian package, or the user's rights. None when there can."""
    for program, package in (("samba-tool", "samba"), ("samba", "samba-ad-dc")):
        if shutil.which(program, path=_PATH) is None:
            return f"the Debian package {package} is not installed"
    if os.geteuid() != 0:
        return "a Samba domain controller needs root for its ports"
    return None


def golden_image(directory: pathlib.Path) -> pathlib.Path:
    """A provisioned domain, made once in this directory; several processes may ask for it at a time."""
    image = directory / "samba-image"
    with (directory / "samba-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.exists():
            _provision(image.with_suffix(".new"))
            image.with_suffix(".new").rename(image)
    return image


def _provision(image: pathlib.Path) -> None:
    shutil.rmtree(image, ignore_errors=True)
    options = {
        "interfaces": f"{_PROVISIONED_ADDRESS}/8",
        "bind interfaces only": "yes",
        "pid directory": f"{image}/run",
        "ncalrpc dir": f"{image}/run/nca",
        "winbindd socket directory": f"{image}/run/wb",
        "log file": f"{image}/log.%m",
    }
    _run(
        "samba-tool",
        "domain",
        "provision",
        f"--targetdir={image}",
        f"--realm={REALM}",
        f"--domain={contoso.AD_NETBIOS}",
        f"--domain-sid={contoso.DOMAIN_SID}",
        "--server-role=dc",
        "--dns-backend=SAMBA_INTERNAL",
        f"--adminpass={ADMINISTRATOR_PASSWORD}",
        f"--host-name={contoso.DC_HOST.partition('.')[0]}",
        f"--host-ip={_PROVISIONED_ADDRESS}",
        *(f"--option={name}={value}" for name, value in options.items()),
    )


def _command(*command: str, usr: pathlib.Path | None = None) -> list[str]:
    """The command line that runs a command of Samba's.

    :param usr: take it from there; None: from the system
    """
    over = () if usr is None else ("unshare", "--mount", "sh", "-c", _OVER_THE_SYSTEMS, "sh", str(usr))
    return [*over, *command]


def _run(*command: str, usr: pathlib.Path | None = None) -> None:
    environment = {**os.environ, "PATH": _PATH}
    process = subprocess.run(_command(*command, usr=usr), env=environment, capture_output=True, text=True, check=False)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:3])}: {process.stdout}{process.stderr}")


class SambaDomain(Domain):
    """One domain controller, started from a copy of the image; a context manager that starts and stops it.

    :param image: from :func:`golden_image`
    :param directory: for its copy; must not exist yet
    :param number: distinguishes controllers of one process: each has a loopback address of its own
    :param expired: its certificate has run out
    :param options: lines of smb.conf's section global
    :param usr: the folder usr of another Samba than the system's
    """

    kind = "samba"
    has_exchange_schema = False
    ldaps_port = 636
    ldap_port = 389

    def __init__(
        self,
        image: pathlib.Path,
        directory: pathlib.Path,
        authority: CertificateAuthority,
        *,
        number: int = 0,
        expired: bool = False,
        options: Mapping[str, str] | None = None,
        usr: pathlib.Path | None = None,
    ) -> None:
        super().__init__(authority)
        self._image = image
        self.directory = directory
        self._expired = expired
        self._usr = usr
        self._options = dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None
        pid = os.getpid()
        self.address = f"127.{10 + number}.{pid >> 8 & 0xFF}.{(pid & 0xFF) or 1}"
        self.krb5_config = directory / "krb5.conf"

    @property
    def database(self) -> pathlib.Path:
        """The directory's own file, for samba-tool and ldbsearch."""
        return self.directory / "private" / "sam.ldb"

    def __enter__(self) -> SambaDomain:
        shutil.copytree(self._image, self.directory, symlinks=True, ignore=_no_sockets)
        self._configure()
        log = self.directory / "samba.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                _command(
                    "samba",
                    "-F",
                    "--no-process-group",
                    "-M",
                    "single",
                    "-s",
                    str(self._smb_conf),
                    "--debug-stdout",
                    usr=self._usr,
                ),
                env={**os.environ, "PATH": _PATH},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait(log)
            if not self._expired:
                self._create_accounts()
                self.reset()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def _smb_conf(self) -> pathlib.Path:
        return self.directory / "etc" / "smb.conf"

    def _configure(self) -> None:
        certificate, key = self.authority.issue(contoso.DC_HOST, self.address, expired=self._expired)
        tls = self.directory / "private" / "tls"
        tls.mkdir(exist_ok=True)
        for source, name in ((certificate, "cert.pem"), (key, "key.pem"), (self.authority.ca_file, "ca.pem")):
            shutil.copy(source, tls / name)
        (tls / "key.pem").chmod(0o600)
        lines = {
            "server services": "ldap, cldap, kdc, dns, rpc",
            "tls certfile": f"{tls}/cert.pem",
            "tls keyfile": f"{tls}/key.pem",
            "tls cafile": f"{tls}/ca.pem",
            "dns forwarder": "0.0.0.0",  # noqa: S104 (Samba's word for none)
            **self._options,
        }
        # The image's file has its own place in it, and the suffix it was made with.
        text = self._smb_conf.read_text().replace(str(self._image.with_suffix(".new")), str(self.directory))
        text = text.replace(f"{_PROVISIONED_ADDRESS}/8", f"{self.address}/8")
        kept = [line for line in text.splitlines() if line.partition("=")[0].strip() not in lines]
        at = kept.index("[global]") + 1
        kept[at:at] = [f"\t{name} = {value}" for name, value in lines.items()]
        self._smb_conf.write_text("\n".join(kept) + "\n")
        for name in ("run/nca", "run/wb"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        self.krb5_config.write_text(
            f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n"
            " dns_canonicalize_hostname = false\n udp_preference_limit = 1\n"
            f"[realms]\n {REALM} = {{\n  kdc = {self.address}\n }}\n"
            f"[domain_realm]\n .{contoso.AD_DOMAIN} = {REALM}\n"
        )

    def keytab(self, account: str) -> pathlib.Path:
        """A keytab with the account's key, which stays as it is."""
        path = self.directory / f"{account}.keytab"
        path.unlink(missing_ok=True)  # samba-tool would append
        export = ("samba-tool", "domain", "exportkeytab", str(path), f"--principal={account}", "-s", str(self._smb_conf))
        _run(*export, usr=self._usr)
        return path

    def ticket(self, account: str, password: str) -> pathlib.Path:
        """A credential cache with a ticket of the account."""
        path = self.directory / f"{account}.ccache"
        subprocess.run(
            ["kinit", "-c", str(path), f"{account}@{REALM}"],
            env={**os.environ, "KRB5_CONFIG": str(self.krb5_config)},
            input=f"{password}\n",
            capture_output=True,
            text=True,
            check=True,
        )
        return path

    def administrator(self) -> contextlib.AbstractContextManager[ldap3.Connection]:
        """As the domain's own administrator."""
        return self.connect(ADMINISTRATOR, ADMINISTRATOR_PASSWORD)

    def _wait(self, log: pathlib.Path) -> None:
        """Until the administrator can log on."""
        process = t.cast("subprocess.Popen[bytes]", self._process)
        given_up = threading.Event()
        timer = threading.Timer(_START_SECONDS, given_up.set)
        timer.start()
        try:
            while True:
                with contextlib.suppress(LDAPException, OSError), self._first_logon():
                    return
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.05)
                    given_up.set()
                if given_up.is_set():
                    raise RuntimeError(f"samba did not start: {log.read_text()[-2000:]}")
        finally:
            timer.cancel()

    def _first_logon(self) -> contextlib.AbstractContextManager[t.Any]:
        if self._expired:  # nobody can log on to it; that it listens must do
            return socket.create_connection((self.address, self.ldaps_port), 5)
        return self.administrator()

    def _create_accounts(self) -> None:
        """What stays the same for all tests: accounts, and the domain controller's Kerberos name for LDAP."""
        with self.administrator() as connection:
            for name, place, password in (
                (contoso.CONNECTOR_ACCOUNT, USERS, contoso.CONNECTOR_PASSWORD),
                (contoso.ADMIN, USERS, contoso.ADMIN_PASSWORD),
            ):
                _add_user(connection, f"CN={name},{place}", name, password)
            # Samba's own updater would register it, some time after the start.
            dn = f"CN=DC1,OU=Domain Controllers,{contoso.BASE_DN}"
            names = [f"ldap/{contoso.DC_HOST}", "ldap/DC1"]
            connection.modify(dn, {"servicePrincipalName": [(ldap3.MODIFY_ADD, names)]})
            _expect_success(connection)

    def reset(self) -> None:
        with self.administrator() as connection:
            for dn in (contoso.WRITEBACK_OU, contoso.OTHER_OU):
                directory_client.write_dacl(connection, [], dn)  # a rule in it may forbid to delete it
                connection.delete(dn, controls=[_TREE_DELETE])
            for dn in (contoso.OTHER_OU, contoso.WRITEBACK_OU):
                connection.add(dn, "organizationalUnit")
                _expect_success(connection)
            user = f"CN={contoso.USER},{contoso.OTHER_OU}"
            _add_user(connection, user, contoso.USER, contoso.USER_PASSWORD)
            staff = {"sAMAccountName": "All Staff", "groupType": str(UNIVERSAL_DISTRIBUTION), "member": user}
            connection.add(f"CN=All Staff,{contoso.OTHER_OU}", "group", staff)
            _expect_success(connection)
            _delegate(connection)


def _no_sockets(directory: str, names: list[str]) -> list[str]:
    return [name for name in names if (pathlib.Path(directory) / name).is_socket()]


def _add_user(connection: ldap3.Connection, dn: str, name: str, password: str) -> None:
    attributes = {
        "sAMAccountName": name,
        "userPrincipalName": f"{name}@{contoso.AD_DOMAIN}",
        "userAccountControl": "66048",  # NORMAL_ACCOUNT, DONT_EXPIRE_PASSWD
        "unicodePwd": f'"{password}"'.encode("utf-16-le"),  # MS-ADTS 3.1.1.3.1.5.1
    }
    connection.add(dn, "user", attributes)
    _expect_success(connection)


def _delegate(connection: ldap3.Connection) -> None:
    """The administrator of the playbooks has been given the writeback OU, and nothing else."""
    directory_client.add_rules(connection, f"(A;CI;{FULL_CONTROL};;;{{sid}})", account=contoso.ADMIN)


def _expect_success(connection: ldap3.Connection) -> None:
    if connection.result["result"]:
        raise RuntimeError(f"{connection.result['description']}: {connection.result['message']}")
