# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source against the lab's domain controllers, loaded as ansible-rulebook loads it."""

from __future__ import annotations

import asyncio
import logging
import runpy
import sys
import typing as t
import warnings

import pytest
import yaml
from helpers.connect_modules import ConnectLab, Runner
from helpers.eda import SOURCE

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._deadline import Deadline
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory import Group
from ansible_collections.exchange.hybrid_groups.plugins.module_utils._directory_errors import DirectoryError
from lab import contoso
from lab.cloud.unified_group import UnifiedGroup
from lab.directory.domain import Domain, EmbeddedDomain
from lab.traffic import Fault

with warnings.catch_warnings():
    # ldap3 2.9.1 imports names that pyasn1 has renamed.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ansible_collections.exchange.hybrid_groups.plugins.modules import adsync_group_writeback

Event = dict[str, t.Any]
Conversation = t.Callable[["asyncio.Queue[Event]"], t.Awaitable[None]]


@pytest.fixture(scope="module")
def source() -> dict[str, t.Any]:
    path, hooks = list(sys.path), list(sys.path_hooks)
    # Ansible's, which ansible-rulebook does not have, takes a file below ansible_collections for a package.
    sys.path_hooks.clear()
    try:
        return runpy.run_path(str(SOURCE))
    finally:
        sys.path[:], sys.path_hooks[:] = path, hooks


@pytest.fixture
def lab(domain: Domain, monkeypatch: pytest.MonkeyPatch) -> ConnectLab:
    monkeypatch.setattr(
        adsync_group_writeback, "Deadline", lambda seconds: Deadline(seconds, clock=lambda: 0.0, sleep=lambda _seconds: None)
    )
    return ConnectLab(domain)


@pytest.fixture
def embedded_lab(embedded_domain: EmbeddedDomain) -> ConnectLab:
    embedded_domain.reset()
    return ConnectLab(embedded_domain)


@pytest.fixture
def run(lab: ConnectLab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(lab, monkeypatch, capsys)


def watch(source: dict[str, t.Any], options: dict[str, t.Any], conversation: Conversation) -> None:
    """Run the source until the conversation with its queue has ended, or it has."""

    async def both() -> None:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        watching = asyncio.create_task(source["main"](queue, options))
        talking = asyncio.create_task(conversation(queue))
        done, left = await asyncio.wait({watching, talking}, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for task in done:
            task.result()

    asyncio.run(asyncio.wait_for(both(), 20))


def plant(lab: ConnectLab, name: str, **attributes: str) -> str:
    """A group in the writeback OU, whoever wrote it."""
    dn = f"CN=Group_{name},{contoso.WRITEBACK_OU}"
    values = {"displayName": name, "mail": f"{name.lower()}@{contoso.GROUP_DOMAIN}", **attributes}
    stored = {key: [value.encode()] for key, value in values.items() if value}
    lab.world.directory.insert(dn, "group", stored, owner="S-1-5-18")
    return dn


def synchronize(lab: ConnectLab) -> None:
    lab.client.invoke("Start-ADSyncSyncCycle")
    while lab.client.invoke("Get-ADSyncScheduler").objects[0]["SyncCycleInProgress"]:
        pass


async def names(queue: asyncio.Queue[Event]) -> list[str]:
    return [group["display_name"] for group in (await queue.get())["groups"]]


def test_what_a_domain_controller_answers(source: dict[str, t.Any], lab: ConnectLab, run: Runner) -> None:
    """Samba, too; where no Exchange has extended the schema, Connect writes no addresses, so the test does."""
    run.grant()

    def write(name: str, **attributes: str) -> None:
        with lab.domain.connector() as connection:
            assert connection.add(f"CN=Group_{name},{contoso.WRITEBACK_OU}", "group", {"displayName": name, **attributes})

    write("Unaddressed")
    write("Legacy", mail="legacy@groups.contoso.com", legacyExchangeDN="/o=Contoso/ou=x/cn=1")
    write("New", mail="new@groups.contoso.com")

    async def conversation(queue: asyncio.Queue[Event]) -> None:
        assert await names(queue) == ["Legacy", "New"]

    watch(source, lab.options(interval=0.01), conversation)


@pytest.mark.parametrize("domain", ["embedded"], indirect=True)
def test_a_group_is_told_of_when_it_has_been_written_back(source: dict[str, t.Any], lab: ConnectLab, run: Runner) -> None:
    lab.world.tenant.groups = [UnifiedGroup("Sales", f"sales@{contoso.GROUP_DOMAIN}")]
    run.grant(sync=True)

    async def conversation(queue: asyncio.Queue[Event]) -> None:
        event = await queue.get()
        assert (event["ou"], event["number"]) == (contoso.WRITEBACK_OU, 1)
        [group] = event["groups"]
        assert set(group) == {"dn", "name", "display_name", "mail"}
        assert group["mail"] == f"sales@{contoso.GROUP_DOMAIN}"
        lab.world.tenant.groups.append(UnifiedGroup("Research", f"research@{contoso.GROUP_DOMAIN}"))
        await asyncio.to_thread(synchronize, lab)
        assert await names(queue) == ["Research"]
        assert queue.empty()

    watch(source, lab.options(interval=0.01), conversation)


def test_only_what_exchange_has_to_do(source: dict[str, t.Any], embedded_lab: ConnectLab) -> None:
    legacy, listed = {"legacyExchangeDN": "/o=Contoso/ou=x/cn=1"}, {"showInAddressBook": "CN=All Groups,DC=contoso,DC=com"}
    hidden = {"msExchHideFromAddressLists": "TRUE"}
    plant(embedded_lab, "Listed", **legacy, **listed)
    plant(embedded_lab, "Hidden", **legacy, **hidden)
    plant(embedded_lab, "Unaddressed", mail="")
    for name, attributes in (("Legacy", legacy), ("New", {}), ("NewHidden", hidden)):
        plant(embedded_lab, name, **attributes)

    async def conversation(queue: asyncio.Queue[Event]) -> None:
        assert await names(queue) == ["Legacy", "New", "NewHidden"]

    watch(source, embedded_lab.options(interval=0.01), conversation)


def test_what_stays_undone_is_told_of_again(source: dict[str, t.Any], embedded_lab: ConnectLab) -> None:
    plant(embedded_lab, "New")

    async def conversation(queue: asyncio.Queue[Event]) -> None:
        assert await names(queue) == ["New"]
        assert await names(queue) == ["New"]

    watch(source, embedded_lab.options(interval=0.01, again_after=0.05), conversation)


def test_when_a_group_is_told_of_again(source: dict[str, t.Any]) -> None:
    clock = [0.0]
    untold = source["Untold"](10, clock=lambda: clock[0])
    first, second = (Group(f"CN={name}", name, name, None, (), False, False, False) for name in ("first", "second"))
    assert untold.of([first]) == [first]
    clock[0] = 9
    assert untold.of([first, second]) == [second]
    clock[0] = 10
    assert untold.of([first, second]) == [first]
    assert untold.of([]) == []
    assert untold.of([second]) == [second], "gone and come back"


def test_an_event_stays_small(source: dict[str, t.Any]) -> None:
    groups = [Group(f"CN={number}", str(number), None, None, (), False, False, False) for number in range(101)]
    event = source["event"](contoso.WRITEBACK_OU, groups)
    assert (event["number"], len(event["groups"])) == (101, 100)


def test_a_domain_controller_that_is_away_is_asked_again(
    source: dict[str, t.Any], embedded_lab: ConnectLab, caplog: pytest.LogCaptureFixture
) -> None:
    traffic = t.cast("EmbeddedDomain", embedded_lab.domain).traffic
    plant(embedded_lab, "New")

    async def conversation(queue: asyncio.Queue[Event]) -> None:
        assert await names(queue) == ["New"]
        traffic.set_fault(Fault(at=1, lose="request"))
        plant(embedded_lab, "Newer")
        while not caplog.records:
            await asyncio.sleep(0)
        traffic.set_fault(None)
        assert await names(queue) == ["Newer"]

    with caplog.at_level(logging.WARNING):
        watch(source, embedded_lab.options(interval=0.01), conversation)
    assert "Looking again in 0.01 seconds." in caplog.text
    assert contoso.ADMIN_PASSWORD not in caplog.text


async def nothing_comes(queue: asyncio.Queue[Event]) -> None:
    await queue.get()
    raise AssertionError("an event came")


def test_a_domain_controller_that_is_away_at_first_ends_it(source: dict[str, t.Any], embedded_lab: ConnectLab) -> None:
    t.cast("EmbeddedDomain", embedded_lab.domain).traffic.set_fault(Fault(at=1, lose="request"))
    with pytest.raises(DirectoryError):
        watch(source, embedded_lab.options(interval=0.01), nothing_comes)


def test_a_refused_logon_ends_it(source: dict[str, t.Any], embedded_lab: ConnectLab) -> None:
    plant(embedded_lab, "New")
    [admin] = [entry for entry in embedded_lab.world.directory.entries.values() if entry.password == contoso.ADMIN_PASSWORD]

    async def conversation(queue: asyncio.Queue[Event]) -> None:
        await queue.get()
        admin.password = "Chang3d-Passw0rd"
        await queue.get()

    with pytest.raises(DirectoryError, match="Check directory_user") as refused:
        watch(source, embedded_lab.options(interval=0.01), conversation)
    assert contoso.ADMIN_PASSWORD not in str(refused.value)


def test_credentials_come_from_the_environment(
    source: dict[str, t.Any], embedded_lab: ConnectLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(embedded_lab, "New")
    options = embedded_lab.options(interval=0.01, directory_timeout="", directory_password="")
    monkeypatch.setenv("HYBRID_GROUPS_DIRECTORY_USER", options.pop("directory_user"))
    monkeypatch.setenv("HYBRID_GROUPS_DIRECTORY_PASSWORD", contoso.ADMIN_PASSWORD)

    async def conversation(queue: asyncio.Queue[Event]) -> None:
        assert await names(queue) == ["New"]

    watch(source, options, conversation)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ou": ""}, "missing required arguments: ou"),
        ({"ou": "M365Groups"}, "ou: M365Groups is not a distinguished name"),
        ({"interval": 0}, "interval must be more than 0"),
        ({"interval": "soon"}, "interval"),
        ({"again_after": -1}, "again_after must be more than 0"),
        ({"directory_tls": "none"}, "would show the password"),
        ({"directory_password": ""}, "directory_password"),
        ({"domain": "contoso.com"}, "Unsupported parameters: domain|domain. Supported parameters"),
    ],
)
def test_arguments_that_cannot_work(source: dict[str, t.Any], changes: dict[str, t.Any], words: str) -> None:
    options = {"ou": contoso.WRITEBACK_OU, "directory_user": "svc", "directory_password": "Secret-1", **changes}
    with pytest.raises(ValueError, match=words) as refused:
        asyncio.run(source["main"](asyncio.Queue(), options))
    assert "Secret-1" not in str(refused.value)


def test_the_example_can_work(source: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the password where the guide puts it; it leaves everything else out."""
    monkeypatch.setenv("HYBRID_GROUPS_DIRECTORY_PASSWORD", "Secret-1")
    [example] = yaml.safe_load(source["EXAMPLES"])
    [(name, arguments)] = example.items()
    assert name == f"exchange.hybrid_groups.{SOURCE.stem}"
    checked = source["parameters"](arguments)
    assert {option: checked[option] for option in arguments} == arguments
    assert checked["directory_password"] == "Secret-1"


def test_the_options_are_documented(source: dict[str, t.Any]) -> None:
    documented = yaml.safe_load(source["DOCUMENTATION"])["options"]
    spec = source["_ARGUMENT_SPEC"]
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "default", "choices", "required"):
            assert option.get(key) == spec[name].get(key), name
        environment = [entry["name"] for entry in option.get("env", [])]
        assert environment == list(spec[name].get("fallback", (None, []))[1])
