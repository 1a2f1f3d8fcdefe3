# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._session import Target
from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._target import TargetError, resolve


def target(**options: t.Any) -> Target:
    return resolve(
        {
            "endpoint": "exchange",
            "host": "ex1.contoso.com",
            "remote_user": "svc@CONTOSO.COM",
            "remote_password": "hidden-password",
            "connection_timeout": 30,
            "operation_timeout": 20,
            "read_timeout": 30,
            "idle_timeout": 900,
            **options,
        }
    )


def test_exchange_as_its_setup_makes_it() -> None:
    result = target()
    assert result.url == "http://ex1.contoso.com:80/PowerShell"
    assert (result.configuration, result.auth, result.negotiate_service) == ("Microsoft.Exchange", "kerberos", "HTTP")
    assert result.cert_validation is True


def test_windows_as_winrm_is_set_up() -> None:
    result = target(endpoint="windows")
    assert result.url == "http://ex1.contoso.com:5985/wsman"
    assert (result.configuration, result.auth) == ("Microsoft.PowerShell", "negotiate")


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"scheme": "https"}, "https://ex1.contoso.com:443/PowerShell"),
        ({"port": 443}, "https://ex1.contoso.com:443/PowerShell"),
        ({"port": 8080}, "http://ex1.contoso.com:8080/PowerShell"),
        ({"path": "/ps/"}, "http://ex1.contoso.com:80/ps"),
        ({"uri": "https://mail.contoso.com/PowerShell/"}, "https://mail.contoso.com:443/PowerShell"),
        ({"uri": "http://mail.contoso.com:8080"}, "http://mail.contoso.com:8080/PowerShell"),
        ({"endpoint": "windows", "inventory_port": 5986}, "https://ex1.contoso.com:5986/wsman"),
        ({"endpoint": "windows", "inventory_scheme": "https"}, "https://ex1.contoso.com:5986/wsman"),
        ({"endpoint": "windows", "inventory_port": 5986, "port": 5985}, "http://ex1.contoso.com:5985/wsman"),
    ],
)
def test_address(options: dict[str, t.Any], url: str) -> None:
    assert target(**options).url == url


def test_what_the_inventory_says_of_winrm_is_not_about_the_exchange_endpoint() -> None:
    result = target(inventory_port=5986, inventory_scheme="https", inventory_path="/wsman", inventory_auth="ntlm")
    assert result == target()


def test_an_inventory_that_names_exchanges_configuration_is_about_it() -> None:
    inventory = {
        "inventory_configuration": "Microsoft.Exchange",
        "inventory_port": 443,
        "inventory_scheme": "https",
        "inventory_path": "PowerShell",
        "inventory_auth": "negotiate",
    }
    result = target(**inventory)
    assert (result.url, result.auth) == ("https://ex1.contoso.com:443/PowerShell", "negotiate")
    assert target(endpoint="windows", **inventory).url == "http://ex1.contoso.com:5985/wsman"


@pytest.mark.parametrize(
    ("given", "auth"),
    [
        ("ntlm", "ntlm"),
        (["plaintext", "kerberos"], "kerberos"),
        ("ssl,ntlm", "ntlm"),
        ("plaintext", "negotiate"),
        (None, "negotiate"),
    ],
)
def test_authentication_from_winrm(given: t.Any, auth: str) -> None:
    assert target(endpoint="windows", inventory_auth=given).auth == auth


def test_kerberos_needs_no_password_because_there_may_be_a_ticket() -> None:
    assert target(remote_user=None, remote_password=None).username == ""


def test_the_read_timeout_outlasts_the_operation_timeout() -> None:
    assert target(operation_timeout=60, read_timeout=30).read_timeout == 65


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"host": None}, "ansible_host"),
        ({"auth": "ntlm", "remote_user": None}, "ansible_user"),
        ({"auth": "ntlm", "remote_password": None}, "ansible_password"),
        ({"auth": "digest"}, "ansible_cmdlet_auth"),
        ({"auth": "basic"}, "ansible_cmdlet_scheme"),
        ({"scheme": "ftp"}, "ansible_cmdlet_scheme"),
        ({"uri": "ex1.contoso.com/PowerShell"}, "ansible_cmdlet_uri"),
        ({"uri": "http://user:secret@ex1.contoso.com/"}, "ansible_cmdlet_uri"),
        ({"uri": "http://ex1.contoso.com:99999/"}, "ansible_cmdlet_uri"),
    ],
)
def test_what_cannot_be_names_its_option(options: dict[str, t.Any], text: str) -> None:
    with pytest.raises(TargetError, match=text):
        target(**options)


@pytest.mark.parametrize("options", [{"auth": "basic"}, {"uri": "http://svc:hidden-password@ex1.contoso.com/"}])
def test_the_password_does_not_show(options: dict[str, t.Any]) -> None:
    assert "hidden-password" not in repr(target())
    with pytest.raises(TargetError) as info:
        target(**options)
    assert "hidden-password" not in str(info.value)


def test_the_transport_winrm_goes_to_the_winrm_listener_for_exchange_too() -> None:
    result = target(transport="winrm", inventory_port=5986, inventory_auth="ntlm")
    assert (result.url, result.auth, result.load) == ("https://ex1.contoso.com:5986/wsman", "ntlm", "exchange")
    assert target(transport="winrm").auth == "kerberos"
    assert target(transport="winrm", endpoint="windows").load == "none"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"transport": "winrm", "auth": "negotiate"}, "must be one of kerberos, ntlm, .* with transport winrm, not 'negotiate'"),
        ({"auth": "certificate"}, "over http would have no TLS"),
        ({"auth": "certificate", "scheme": "https"}, "needs ansible_cmdlet_certificate_pem"),
        (
            {"auth": "certificate", "scheme": "https", "certificate_pem": "/c.pem"},
            "needs ansible_cmdlet_certificate_key_pem",
        ),
    ],
)
def test_authentication_that_cannot_be(options: dict[str, t.Any], text: str) -> None:
    with pytest.raises(TargetError, match=text):
        target(**options)
