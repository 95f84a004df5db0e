"""The subset of RRULE that an event series takes: checking, normalising, expanding (SF-098 to SF-100)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from backend.sandbox.salesforce.errors import SalesforceError, integrity

Frequency = Literal[0, 1, 2, 3, 4, 5, 6]  # as dateutil numbers them
FIELD = "Recurrence2PatternText"
_ORDER = ("FREQ", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST", "INTERVAL", "UNTIL", "COUNT")
_FREQUENCIES: dict[str, Frequency] = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
_MOST_INTERVAL = {"DAILY": 999, "WEEKLY": 99, "MONTHLY": 99, "YEARLY": 1}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY_SETS = (frozenset(_DAYS), frozenset(_DAYS[:5]), frozenset(_DAYS[5:]))
_BYDAY = re.compile(r"([+-]?\d+)?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True)
class Pattern:
    """A rule that was accepted, by part."""

    parts: dict[str, str]

    @property
    def text(self) -> str:
        """As the server stores it: its own order, prefix, week start and interval added (SF-099)."""
        full = {"WKST": "SU", "INTERVAL": "1"} | self.parts
        return "RRULE:" + ";".join(f"{name}={full[name]}" for name in _ORDER if name in full)

    def starts(self, first: datetime, zone: str, endless: int) -> list[datetime]:
        """The aware UTC starts of all occurrences; of a rule without end the first `endless` ones."""
        limited = "COUNT" in self.parts or "UNTIL" in self.parts
        found = self._local(first, ZoneInfo(zone))
        return list(found if limited else islice(found, endless))

    def _local(self, first: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Expansion goes by the wall clock of the series' zone, so that an hour stays over a change of DST."""
        days = [_weekday(day) for day in self._list("BYDAY")]
        months = [int(month) for month in self._list("BYMONTH")]
        month_days = [int(day) for day in self._list("BYMONTHDAY")]
        positions = [int(position) for position in self._list("BYSETPOS")]
        if month_days == [31] and self.parts["FREQ"] == "MONTHLY":
            month_days, positions = [28, 29, 30, 31], [-1]  # the last day of short months
        until = self.parts.get("UNTIL")
        rule = rrule(
            _FREQUENCIES[self.parts["FREQ"]],
            dtstart=first.astimezone(zone).replace(tzinfo=None),
            interval=int(self.parts.get("INTERVAL", 1)),
            wkst=_DAYS.index(self.parts.get("WKST", "SU")),
            count=int(self.parts["COUNT"]) if "COUNT" in self.parts else None,
            until=_local_end(until, zone) if until else None,
            bysetpos=positions or None,
            bymonth=months or None,
            bymonthday=month_days or None,
            byweekday=days or None,
        )
        return (start.replace(tzinfo=zone).astimezone(UTC) for start in rule)

    def _list(self, name: str) -> list[str]:
        return [item for item in self.parts.get(name, "").split(",") if item]


def shifted(start: datetime, old: datetime, new: datetime, zone: str) -> datetime:
    """A start moved by what moved `old` to `new` on the wall clock of the zone. All aware, in UTC."""
    place = ZoneInfo(zone)
    by = new.astimezone(place).replace(tzinfo=None) - old.astimezone(place).replace(tzinfo=None)
    return (start.astimezone(place).replace(tzinfo=None) + by).replace(tzinfo=place).astimezone(UTC)


def _local_end(until: str, zone: ZoneInfo) -> datetime:
    end = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return end.astimezone(zone).replace(tzinfo=None)


def _weekday(text: str) -> weekday:
    match = _BYDAY.fullmatch(text)
    assert match  # checked by `parse`
    ordinal = int(match[1]) if match[1] else None
    return weekday(_DAYS.index(match[2]), ordinal)


def parse(text: str) -> Pattern:
    """The rule in a pattern text. Raises SalesforceError for what an event series cannot be (SF-100)."""
    parts = {}
    for part in text.strip().removeprefix("RRULE:").strip(";").split(";"):
        name, equals, value = part.strip().upper().partition("=")
        if name not in _ORDER or not equals or not value:
            raise _refused(f"part {part} is not supported")
        parts[name] = value
    if parts.get("FREQ") not in _FREQUENCIES:
        raise _refused("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY")
    _check_numbers(parts)
    _check_days(parts)
    return Pattern(parts)


def _check_numbers(parts: dict[str, str]) -> None:
    if "UNTIL" in parts and "COUNT" in parts:
        raise _refused("UNTIL and COUNT can't be combined")
    if "UNTIL" in parts and not _UNTIL.fullmatch(parts["UNTIL"]):
        raise _refused("UNTIL must have the format yyyyMMddTHHmmssZ")
    frequency = parts["FREQ"]
    for name, most in (("COUNT", 999), ("INTERVAL", _MOST_INTERVAL[frequency])):
        value = parts.get(name)
        if value is not None and not (value.isdigit() and 1 <= int(value) <= most):
            raise _refused(f"{name} must be from 1 to {most}")
    for name, most in (("BYMONTH", 12), ("BYMONTHDAY", 31)):
        value = parts.get(name)
        if value is not None and not (value.isdigit() and 1 <= int(value) <= most):
            raise _refused(f"{name} must be one number from 1 to {most}")
    if parts.get("WKST", "SU") not in _DAYS:
        raise _refused("WKST must be a day")


def _check_days(parts: dict[str, str]) -> None:
    matches = [_BYDAY.fullmatch(day) for day in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
    if None in matches:
        raise _refused("BYDAY is malformed")
    days = {match[2] for match in matches if match}
    ordinals = {int(match[1]) for match in matches if match and match[1]}
    _check_by_frequency[parts["FREQ"]](parts, days, ordinals)


def _check_daily(parts: dict[str, str], days: set[str], _ordinals: set[int]) -> None:
    if days or {"BYMONTH", "BYMONTHDAY", "BYSETPOS"} & parts.keys():
        raise _refused("a daily rule takes no days; use WEEKLY for every weekday")


def _check_weekly(parts: dict[str, str], days: set[str], ordinals: set[int]) -> None:
    if not days or ordinals or {"BYMONTH", "BYMONTHDAY", "BYSETPOS"} & parts.keys():
        raise _refused("a weekly rule needs BYDAY without ordinals, and nothing else")


def _check_monthly(parts: dict[str, str], days: set[str], ordinals: set[int]) -> None:
    if "BYMONTH" in parts:
        raise _refused("a monthly rule takes no BYMONTH")
    _check_month_day(parts, days, ordinals)


def _check_yearly(parts: dict[str, str], days: set[str], ordinals: set[int]) -> None:
    if "BYMONTH" not in parts:
        raise _refused("a yearly rule needs BYMONTH")
    _check_month_day(parts, days, ordinals)


def _check_month_day(parts: dict[str, str], days: set[str], ordinals: set[int]) -> None:
    if ("BYMONTHDAY" in parts) == bool(days):
        raise _refused("either BYMONTHDAY or BYDAY must be there")
    if not days:
        return
    if len(days) > 1 and days not in _DAY_SETS:
        raise _refused("BYDAY must be one day, the weekdays, the weekend or all days")
    if bool(ordinals) == ("BYSETPOS" in parts) or len(ordinals) > 1:
        raise _refused("BYDAY needs BYSETPOS or one ordinal for all days")
    position = ordinals.pop() if ordinals else _integer(parts["BYSETPOS"])
    if position not in (1, 2, 3, 4, -1):
        raise _refused("the position must be 1, 2, 3, 4 or -1")


_check_by_frequency = {
    "DAILY": _check_daily,
    "WEEKLY": _check_weekly,
    "MONTHLY": _check_monthly,
    "YEARLY": _check_yearly,
}


def _integer(text: str) -> int:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else 0


def _refused(reason: str) -> SalesforceError:
    return integrity(f"Recurrence Pattern: {reason}", FIELD)
