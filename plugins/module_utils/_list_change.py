# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Changes to a list that others edit too: ``{add, remove, set}``.

``add`` puts in what is missing, ``remove`` takes out what is there, ``set`` makes the list exactly what is given. What
``add`` and ``remove`` do not name stays as it is. (The meaning the collection microsoft.ad gives these words.)
"""

from __future__ import annotations

import dataclasses
import typing as t

T = t.TypeVar("T")
Key = t.Callable[[T], t.Hashable]
Satisfies = t.Callable[[T, T], bool]


@dataclasses.dataclass(frozen=True)
class Difference(t.Generic[T]):
    """What has to be done: ``add`` as wanted, ``remove`` as read, ``after`` is the list that results."""

    add: list[T]
    remove: list[T]
    after: list[T]

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


@dataclasses.dataclass(frozen=True)
class ListChange(t.Generic[T]):
    """A wanted change, free of contradictions. Build it with :meth:`from_option`."""

    key: Key[T]
    add: list[T]
    remove: list[T]
    set: list[T] | None

    @classmethod
    def from_option(
        cls, option: str, value: t.Mapping[str, t.Sequence[str] | None], parse: t.Callable[[str], T], key: Key[T]
    ) -> ListChange[T]:
        """Read a module option.

        :param option: its name, for messages
        :param value: the suboptions; one that is None was not given
        :param parse: reads one item, raising ValueError
        :param key: two items with one key stand for the same thing
        :raises ValueError: when an item is bad, or the suboptions contradict each other
        """
        given = {name: _parsed(f"{option}.{name}", value.get(name) or [], parse, key) for name in ("add", "remove", "set")}
        if value.get("set") is None:
            both = {key(item) for item in given["add"]} & {key(item) for item in given["remove"]}
            if both:
                names = ", ".join(str(item) for item in given["add"] if key(item) in both)
                raise ValueError(f"{option}: {names} is both to be added and to be removed; name it once.")
            return cls(key, given["add"], given["remove"], None)
        if given["add"] or given["remove"]:
            raise ValueError(f"{option}: set gives the whole list, so it cannot be combined with add or remove.")
        return cls(key, [], [], given["set"])

    def difference(self, current: t.Sequence[T], satisfies: Satisfies[T] = lambda _present, _wanted: True) -> Difference[T]:
        """Compare with what is there.

        :param current: the list as read
        :param satisfies: called with an item that is there and a wanted one of the same key; False when the first has
            to be replaced by the second
        """
        wanted = {self.key(item): item for item in (self.add if self.set is None else self.set)}
        unwanted = {self.key(item) for item in self.remove}

        def stays(item: T) -> bool:
            key = self.key(item)
            if key in wanted:
                return satisfies(item, wanted[key])
            return self.set is None and key not in unwanted

        keep = [item for item in current if stays(item)]
        remove = [item for item in current if not stays(item)]
        kept = {self.key(item) for item in keep}
        add = [item for key, item in wanted.items() if key not in kept]
        return Difference(add, remove, keep + add)


def _parsed(option: str, texts: t.Sequence[str], parse: t.Callable[[str], T], key: Key[T]) -> list[T]:
    """Parse the items, dropping repetitions; two different items of one key are a contradiction."""
    items: dict[t.Hashable, tuple[str, T]] = {}
    for text in texts:
        try:
            item = parse(text)
        except ValueError as exc:
            raise ValueError(f"{option}: {exc}") from exc
        first, same = items.setdefault(key(item), (text, item))
        if same != item:
            raise ValueError(f'{option}: "{first}" and "{text}" contradict each other; name one of them.')
    return [item for _text, item in items.values()]
