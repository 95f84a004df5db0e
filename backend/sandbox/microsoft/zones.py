"""Time zone names as Outlook knows them, and times as Graph writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from backend.sandbox.microsoft import errors

# Windows name -> IANA names, the principal one first (facts of Unicode CLDR's windowsZones).
WINDOWS: dict[str, list[str]] = json.loads(Path(__file__).with_name("windows_zones.json").read_text(encoding="utf-8"))
ZERO_DATE = "0001-01-01T00:00:00Z"
FIRST_YEAR, LAST_YEAR = 1601, 4500

_WINDOWS_BY_LOWER = {name.lower(): names[0] for name, names in WINDOWS.items()}
_IANA_BY_LOWER = {name.lower(): name for name in available_timezones()}
_UTC_NAMES = ("utc", "tzone://microsoft/utc")


@lru_cache(maxsize=1024)
def resolve(name: str) -> tzinfo:
    """The zone of a Windows or IANA name, in any letter case. Raises GraphError 400 if unknown (MS-056)."""
    lowered = name.lower()
    if lowered in _UTC_NAMES:
        return UTC
    iana = _WINDOWS_BY_LOWER.get(lowered) or _IANA_BY_LOWER.get(lowered)
    if iana is None:
        raise errors.unknown_zone(name)
    return ZoneInfo(iana)


def to_utc(local: datetime, zone: str) -> datetime:
    """The instant of a naive local time."""
    return local.replace(tzinfo=resolve(zone)).astimezone(UTC)


def to_local(instant: datetime, zone: str) -> datetime:
    """The naive local time of an instant."""
    return instant.astimezone(resolve(zone)).replace(tzinfo=None)


def seven_digits(moment: datetime) -> str:
    """Date and time with the seven fraction digits of Graph, without offset (MS-054)."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0"


def stamp(instant: datetime) -> str:
    """An instant as `createdDateTime` of an event shows it: UTC, seven digits, Z."""
    return seven_digits(instant.astimezone(UTC)) + "Z"


def short_stamp(instant: datetime) -> str:
    """An instant to the second, UTC, Z."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_moment(text: str) -> datetime:
    """ISO 8601 date or date-time with up to seven fraction digits; aware if it names an offset.

    Raises ValueError for anything else, and for years that Exchange cannot keep.
    """
    moment = datetime.fromisoformat(_six_digits(text))
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"the year {moment.year} is out of range")
    return moment if moment.tzinfo is None else moment.astimezone(UTC)


def _six_digits(text: str) -> str:
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6].ljust(6, '0')}{tail[digits:]}"
