# Copyright: Contributors to the exchange.hybrid_groups collection
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE to the collection: may change at any time without notice.

"""Sizes, time spans and the like as Exchange writes them, compared by what they mean.

Sources: New-SendConnector reference (MaxMessageSize, ConnectionInactivityTimeOut, SmartHosts); text forms of real servers.
"""

from __future__ import annotations

import datetime
import ipaddress
import math
import re

_SIZE = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>B|KB|MB|GB|TB)?(\s*\((?P<bytes>[\d,.\s]+) bytes\))?", re.IGNORECASE)
_UNITS = {"B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
_TIME_SPAN = re.compile(r"((?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2})(\.\d+)?")
_NOT_A_DIGIT = re.compile(r"\D")
UNLIMITED = "unlimited"


def parse_size(text: str) -> int | str:
    """Read a size such as ``35MB``, ``36700160`` or a server's ``35 MB (36,700,160 bytes)``.

    :returns: bytes, in whole kilobytes as Exchange rounds them up; :data:`UNLIMITED`
    :raises ValueError: no size
    """
    if text.strip().lower() == UNLIMITED:
        return UNLIMITED
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text}" is not a size such as 35MB, or unlimited.')
    if match["bytes"]:
        # The separator between thousands depends on the server's culture.
        size = float(_NOT_A_DIGIT.sub("", match["bytes"]))
    else:
        size = float(match["number"]) * _UNITS[(match["unit"] or "B").upper()]
    return math.ceil(size / 1024) * 1024


def format_size(size: int | str) -> str:
    """What a parameter takes: the number of bytes."""
    return str(size)


def parse_time_span(text: str) -> datetime.timedelta:
    """Read a time span as .NET writes it: ``[days.]hours:minutes:seconds``.

    :raises ValueError: no time span
    """
    match = _TIME_SPAN.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text}" is not a time span such as 00:10:00 (hours:minutes:seconds, days and a point before).')
    return datetime.timedelta(**{unit: int(match[unit] or 0) for unit in ("days", "hours", "minutes", "seconds")})


def format_time_span(span: datetime.timedelta) -> str:
    """As .NET writes it."""
    minutes, seconds = divmod(span.seconds, 60)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return f"{span.days}.{clock}" if span.days else clock


def parse_ip_address(text: str) -> str:
    """The one spelling of an IP address.

    :raises ValueError: no IP address
    """
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError:
        raise ValueError(f'"{text}" is not an IP address.') from None


def parse_smart_host(text: str) -> str:
    """A host name, or an IP address in the brackets that Exchange puts around it, in one spelling."""
    name = text.strip()
    try:
        return f"[{ipaddress.ip_address(name.removeprefix('[').removesuffix(']'))}]"
    except ValueError:
        return name.rstrip(".").lower()


def server_key(name: str) -> str:
    """A server's short name: Exchange shows that, and takes the full name as well."""
    return name.strip().partition(".")[0].lower()
