# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.exchange.hybrid_groups.plugins.module_utils._list_change import Difference, ListChange


def key(item: str) -> str:
    return item.partition("=")[0].lower()


def parse(text: str) -> str:
    if not text:
        raise ValueError("it is empty.")
    return text


def change(**value: list[str] | None) -> ListChange[str]:
    return ListChange.from_option("things", value, parse, key)


def difference(current: list[str], **value: list[str] | None) -> Difference[str]:
    return change(**value).difference(current)


def test_add_only_what_is_missing() -> None:
    assert difference(["A", "b"], add=["a", "c"]) == Difference(["c"], [], ["A", "b", "c"])


def test_remove_only_what_is_there_in_its_own_spelling() -> None:
    assert difference(["A", "b"], remove=["a", "c"]) == Difference([], ["A"], ["b"])


def test_add_and_remove_leave_the_rest() -> None:
    assert difference(["a", "b"], add=["c"], remove=["b"]) == Difference(["c"], ["b"], ["a", "c"])


def test_set_is_the_whole_list() -> None:
    assert difference(["a", "b"], set=["B", "c"]) == Difference(["c"], ["a"], ["b", "c"])
    assert difference(["a"], set=[]) == Difference([], ["a"], [])


@pytest.mark.parametrize("value", [{}, {"add": None, "set": None}, {"add": [], "remove": []}])
def test_nothing_asked_for(value: dict[str, t.Any]) -> None:
    assert not difference(["a"], **value)


@pytest.mark.parametrize("value", [{"add": ["A"]}, {"set": ["A"]}, {"remove": ["b"]}])
def test_nothing_left_to_do(value: dict[str, t.Any]) -> None:
    done = difference(["a"], **value)
    assert not done
    assert done.after == ["a"]


@pytest.mark.parametrize("value", [{"add": ["a=2"]}, {"set": ["a=2"]}])
def test_item_that_does_not_satisfy_is_replaced(value: dict[str, t.Any]) -> None:
    result = change(**value).difference(["a=1"], lambda present, wanted: present == wanted)
    assert result == Difference(["a=2"], ["a=1"], ["a=2"])


def test_repetitions_are_dropped() -> None:
    assert change(add=["a", "a"]).add == ["a"]


@pytest.mark.parametrize("value", [{"add": ["a"]}, {"remove": ["a"]}, {"add": [], "remove": ["a"]}])
def test_set_excludes_the_others(value: dict[str, t.Any]) -> None:
    with pytest.raises(ValueError, match="things: set gives the whole list"):
        change(set=["b"], **value)
    with pytest.raises(ValueError, match="things: set gives the whole list"):
        change(set=[], **value)


def test_add_and_remove_of_one_thing() -> None:
    with pytest.raises(ValueError, match="things: a=2 is both to be added and to be removed"):
        change(add=["a=2", "b"], remove=["A=1"])


def test_two_values_for_one_thing() -> None:
    with pytest.raises(ValueError, match=r'things\.add: "a=1" and "A=2" contradict each other'):
        change(add=["a=1", "A=2"])


def test_bad_item_names_its_suboption() -> None:
    with pytest.raises(ValueError, match=r"things\.remove: it is empty"):
        change(remove=[""])
