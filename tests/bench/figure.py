# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement gives."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Figure:
    """One measurement and what it is held against.

    :param ideal: what it would take if nothing but the waiting counted, in the same unit
    :param limit: how many times the ideal it may take
    :param details: what else was counted
    :param against: what ``ideal`` is, when it is not the ideal
    """

    name: str
    unit: str
    measured: float
    ideal: float
    limit: float
    details: t.Mapping[str, int | float] = dataclasses.field(default_factory=dict)
    against: str = "the ideal"

    @property
    def ratio(self) -> float:
        return self.measured / self.ideal

    @property
    def met(self) -> bool:
        return self.ratio <= self.limit

    def to_json(self) -> dict[str, t.Any]:
        return {**dataclasses.asdict(self), "ratio": round(self.ratio, 3), "met": self.met}

    def to_text(self) -> str:
        counted = "".join(f", {name} {value}" for name, value in self.details.items())
        return (
            f"{'ok      ' if self.met else 'EXCEEDED'} {self.name}: {self.measured:.2f} {self.unit} is {self.ratio:.2f} times "
            f"{self.against} {self.ideal:.2f} {self.unit}, limit {self.limit:g}{counted}"
        )
