# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""The report as plain data: checked records, what changed, totals. Knows nothing of files and HTML."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.exchange.hybrid_groups.plugins.plugin_utils._mail_path import IDS, mail_path

Json = dict[str, t.Any]

FORMAT = 1
SECTIONS = ("prerequisites", "steps", "verification", "known_issues")

_CHECKS = ("passed", "failed", "unknown", "person")
_VERDICTS: dict[str, tuple[str, ...]] = {
    "prerequisites": _CHECKS,
    "verification": _CHECKS,
    "known_issues": ("ok", "found", "unknown"),
}


class ReportError(Exception):
    """A record that cannot be meant; ``str()`` names option and record."""


def is_report(data: t.Mapping[str, t.Any]) -> bool:
    """Whether data from a file are a report that this version can read."""
    parts = {"domain": str, "time": str, "summary": dict, "sections": dict}
    return data.get("format") == FORMAT and all(isinstance(data.get(name), kind) for name, kind in parts.items())


def plain(data: t.Any) -> t.Any:
    """A copy of JSON types alone, without the marks Ansible's templating leaves on values."""
    return json.loads(json.dumps(data, default=str))


def check_records(section: str, records: t.Any) -> list[Json]:
    """The records of a section. Further keys may be there; they go into the JSON.

    :raises ReportError: a record lacks what the report needs
    """
    if not isinstance(records, list):
        raise ReportError(f"{section}: a list of records is needed, not {type(records).__name__}.")
    for number, record in enumerate(records, 1):
        where = f"{section}: record {number}"
        if not isinstance(record, dict):
            raise ReportError(f"{where} is {type(record).__name__} and not a dictionary.")
        for key in ("id", "title"):
            if not isinstance(record.get(key), str) or not record[key]:
                raise ReportError(f"{where} has no {key}.")
        where = f"{section}: record {number} ({record['id']})"
        verdicts = _VERDICTS.get(section)
        if verdicts and record.get("verdict") not in verdicts:
            raise ReportError(f"{where} has the verdict {record.get('verdict')!r}: one of {', '.join(verdicts)} is needed.")
        if section == "steps" and not isinstance(record.get("changed"), (bool, type(None))):
            raise ReportError(f"{where} has {record['changed']!r} as changed: true, false or null is needed.")
        if record.get("place") not in (None, *IDS):
            raise ReportError(f"{where} has the place {record['place']!r}: one of {', '.join(IDS)} is needed.")
    return records


def build(
    domain: str,
    sections: t.Mapping[str, t.Any],
    *,
    time: str,
    check_mode: bool,
    previous: Json | None = None,
    failure: Json | None = None,
) -> Json:
    """The whole report.

    :param sections: name to records; one that is None was not part of this run, and is taken from ``previous``
    :param time: ISO 8601
    :param previous: an earlier report of the same domain
    :param failure: where this run has ended early: ``task`` and ``message``; that of ``previous`` is over
    :raises ReportError: see :func:`check_records`
    """
    kept = previous["sections"] if previous else {}
    report_sections: dict[str, Json] = {}
    for name in SECTIONS:
        if sections.get(name) is not None:
            records = check_records(name, plain(sections[name]))
            report_sections[name] = {"time": time, "check_mode": check_mode, "records": records}
        elif name in kept:
            report_sections[name] = kept[name]
    records = [record for section in report_sections.values() for record in section["records"]]
    path = mail_path(records)
    return {
        "format": FORMAT,
        "domain": domain,
        "time": time,
        "summary": summarize(domain, report_sections, path, failure),
        "failure": plain(failure),
        "mail_path": path,
        "sections": report_sections,
    }


def summarize(domain: str, sections: t.Mapping[str, Json], path: t.Sequence[Json], failure: Json | None = None) -> Json:
    """Totals and the verdict over all: ``problems``, ``unknown`` or ``sound``.

    Issues that cannot be known from here make the whole ``unknown`` only when they lie on the mail path.
    """
    counts: dict[str, Json] = {}
    for name, section in sections.items():
        records = section["records"]
        if name == "steps":
            counts[name] = {
                "changed": sum(1 for record in records if record.get("changed") and not _has_failed(record)),
                "unchanged": sum(1 for record in records if record.get("changed") is False and not _has_failed(record)),
                "not_run": sum(1 for record in records if record.get("changed") is None and not _has_failed(record)),
                **({"failed": failed} if (failed := sum(map(_has_failed, records))) else {}),
            }
        else:
            verdicts = [verdict_of(record) for record in records]
            counts[name] = {
                verdict: verdicts.count(verdict) for verdict in (*_VERDICTS[name], "limitation", "mended") if verdict in verdicts
            }
    bad = {"failed", "found"}
    problems = [record["title"] for section in sections.values() for record in section["records"] if verdict_of(record) in bad]
    unknown = any(place["state"] == "unknown" for place in path)
    return {
        "domain": domain,
        "verdict": "problems" if problems or failure else "unknown" if unknown else "sound",
        **({"ended_at": str(failure["task"])} if failure else {}),
        "breaks_at": [place["id"] for place in path if place["state"] == "broken"],
        "problems": problems,
        **counts,
    }


def _has_failed(step: t.Mapping[str, t.Any]) -> bool:
    return step.get("verdict") == "failed"


def verdict_of(record: t.Mapping[str, t.Any]) -> str:
    """A record's verdict; ``mended`` for an issue that was found and is no more, ``limitation`` for one that cannot be.

    Steps may have none.
    """
    if record.get("mended"):
        return "mended"
    verdict = str(record.get("verdict"))
    return "limitation" if record.get("limitation") and verdict == "found" else verdict


def differences(before: t.Any, after: t.Any) -> list[tuple[str, t.Any, t.Any]]:
    """What differs between two states, as name, before, after; the name is empty where the states have no parts."""
    if isinstance(before, dict) or isinstance(after, dict):
        old, new = before or {}, after or {}
        if isinstance(old, dict) and isinstance(new, dict):
            return [(key, old.get(key), new.get(key)) for key in dict.fromkeys((*old, *new)) if old.get(key) != new.get(key)]
    return [] if before == after else [("", before, after)]


def as_text(value: t.Any) -> str:
    """A value of a record as a person reads it."""
    if value is None or value == "" or value == [] or value == {}:
        return "—"  # an em dash: nothing
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(as_text(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {as_text(item)}" for name, item in value.items())
    return str(value)


def as_lines(value: t.Any) -> str:
    """As :func:`as_text`, each item of a list on a line of its own."""
    return "\n".join(as_text(item) for item in value) if isinstance(value, list) and value else as_text(value)


def as_name(affected: t.Any) -> str:
    """An affected object, without what is there for other tasks (dictionaries inside)."""
    if isinstance(affected, dict):
        return as_text({key: value for key, value in affected.items() if not isinstance(value, dict)})
    return as_text(affected)


def as_label(key: str) -> str:
    """A record's key as a person reads it: ``message_id`` becomes ``message id``."""
    return key.replace("_", " ")


def as_time(text: str) -> str:
    """ISO 8601 in UTC as a person reads it."""
    return text[:16].replace("T", " ") + " UTC"
