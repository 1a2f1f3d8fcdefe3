# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of a server whose language is not English: error ids, types and categories stay, sentences and numbers do not.

Seen on public samples: German parameter binding errors, and time stamps of error ids in the server's culture.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from lab.powershell.objects import MultiValued, NetObject, PowerShellError

# assumed: the wording of the German sentences; what matters is that they are not the English ones.
_GERMAN = (
    (
        r"The operation couldn't be performed because object '(.+)' couldn't be found on '(.+)'\.",
        r"Der Vorgang konnte nicht ausgeführt werden, weil das Objekt '\1' auf '\2' nicht gefunden wurde.",
    ),
    (
        r"The term '(.+)' is not recognized .*",
        r'Die Benennung "\1" wurde nicht als Name eines Cmdlet, einer Funktion, einer Skriptdatei oder eines ausführbaren '
        r"Programms erkannt.",
    ),
    (
        r"A parameter cannot be found that matches parameter name '(.+)'\.",
        r'Es wurde kein Parameter gefunden, der dem Parameternamen "\1" entspricht.',
    ),
    (
        r"The command completed successfully but no settings of '(.+)' have been modified\.",
        r"Der Befehl wurde erfolgreich abgeschlossen, aber es wurden keine Einstellungen von '\1' geändert.",
    ),
)
_OTHER = "Der Vorgang ist fehlgeschlagen."
_TIME_STAMP = re.compile(r"TimeStamp=(\d+)/(\d+)/(\d+) (\d+):(\d\d:\d\d) ([AP])M")
_BYTES = re.compile(r"\(([\d,]+) bytes\)")


def localized(text: str, culture: str) -> str:
    """A sentence in the language of the culture: ``de-DE``, or English."""
    if not culture.startswith("de"):
        return text
    for english, german in _GERMAN:
        match = re.fullmatch(english, text, re.DOTALL)
        if match:
            return match.expand(german)
    return _OTHER


def localized_error(error: PowerShellError, culture: str) -> PowerShellError:
    return PowerShellError(
        localized(error.message, culture),
        error_id=_TIME_STAMP.sub(_german_time, error.error_id) if culture.startswith("de") else error.error_id,
        category=error.category,
        exception_type=error.exception_type,
        target=error.target,
        terminating=error.terminating,
    )


def localized_object(item: NetObject, culture: str) -> NetObject:
    """The same object with sizes as this culture writes them."""
    return t.cast(NetObject, _localized_value(item)) if culture.startswith("de") else item


def _localized_value(value: t.Any) -> t.Any:
    if isinstance(value, NetObject):
        properties = {name: _localized_value(part) for name, part in value.properties.items()}
        return NetObject(value.type_names, _BYTES.sub(lambda match: match[0].replace(",", "."), value.to_string), properties)
    if isinstance(value, MultiValued):
        return dataclasses.replace(value, items=[_localized_value(part) for part in value.items])
    return value


def _german_time(match: re.Match[str]) -> str:
    month, day, year, hour, rest, half = match.groups()
    hours = int(hour) % 12 + (12 if half == "P" else 0)
    return f"TimeStamp={int(day):02}.{int(month):02}.{year} {hours:02}:{rest}"
