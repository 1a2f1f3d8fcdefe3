# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The verdict on one step of the verification, and what a step can say in any of the tests."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._delivery_causes import Cause

Json = t.Mapping[str, t.Any]
Verdict = t.Literal["passed", "failed", "unknown", "person"]


@dataclasses.dataclass(frozen=True)
class Step:
    """A step of the procedure.

    :ivar place: on the mail's way, as hybrid_report draws it; None: the step is no part of it
    """

    id: str
    title: str
    place: str | None = None

    def passed(self, explanation: str, **evidence: t.Any) -> Record:
        return Record(self, "passed", explanation, evidence)

    def failed(self, explanation: str, remedy: str, *, place: str | None = None, **evidence: t.Any) -> Record:
        return Record(self, "failed", explanation, evidence, remedy, place=place)

    def unknown(self, explanation: str, remedy: str = "", **evidence: t.Any) -> Record:
        return Record(self, "unknown", explanation, evidence, remedy)

    def person(self, explanation: str, **evidence: t.Any) -> Record:
        return Record(self, "person", explanation, evidence)

    def because(self, cause: Cause, **evidence: t.Any) -> Record:
        return Record(self, "failed", cause.explanation, {"cause": cause.id, **evidence}, cause.remedy, place=cause.place)

    def not_tried(self, before: Record) -> Record:
        """The step before it has to have passed."""
        return self.unknown(f"Not tried, because this did not succeed: {before.step.title}.")


@dataclasses.dataclass(frozen=True)
class Record:
    """What was found."""

    step: Step
    verdict: Verdict
    explanation: str
    evidence: t.Mapping[str, t.Any]
    remedy: str = ""
    place: str | None = None

    def to_result(self) -> dict[str, t.Any]:
        return {
            "id": self.step.id,
            "title": self.step.title,
            "verdict": self.verdict,
            "place": self.place or self.step.place,
            "explanation": self.explanation,
            "remedy": self.remedy,
            "evidence": {name: value for name, value in self.evidence.items() if value not in (None, "", [], {})},
        }


def problem(result: Json) -> str:
    """Why a task did not do its work; "" when it did."""
    if not result:
        return "the task did not run"
    return str(result.get("msg") or "the task was skipped") if "msg" in result or result.get("skipped") else ""


def not_searched(trace: Json) -> list[str]:
    """The servers whose log could not be searched, each with the reason."""
    return [f"{server['name']}: {server['reason']}" for server in trace.get("servers", []) if not server["searched"]]


def event_evidence(event: Json) -> dict[str, t.Any]:
    """What a person needs to find an event of a tracking log again."""
    names = ("server", "time", "event", "message_id", "subject", "connector", "remote_host", "response", "tls")
    return {name: event.get(name) for name in names}
