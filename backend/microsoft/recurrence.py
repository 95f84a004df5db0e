"""Repeating events of Graph as `domain.recurrence.Series` (MS-063 to MS-072).

A series is built from one whole read of its master, with its cancelled dates and its exceptions (E-1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from backend.domain.recurrence import Series, start_key
from backend.domain.timezones import zone
from backend.domain.values import AllDay, Timed, Values
from backend.microsoft.moments import instant, when, zone_name

_DAYS: Final = {
    "monday": "MO", "tuesday": "TU", "wednesday": "WE", "thursday": "TH", "friday": "FR", "saturday": "SA",
    "sunday": "SU",
}  # fmt: skip
_INDEX: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_LAST_SAFE_DAY: Final = 28
"""Every month has it; beyond it Outlook takes a short month's last day, RFC 5545 would skip the month."""


class Unreadable(ValueError):
    """A pattern or range that cannot be understood; the sentence is for people."""


def rule(recurrence: Mapping[str, Any]) -> str:
    """RRULE text of a Graph recurrence, UNTIL as local date-time. Raises Unreadable."""
    try:
        pattern, limits = recurrence["pattern"], recurrence["range"]
        kind = str(pattern["type"]).casefold()
        frequency, parts = _PATTERNS[kind](pattern)
        return ";".join([f"FREQ={frequency}", f"INTERVAL={int(pattern['interval'])}", *parts, *_end(limits)])
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable("The repetition of the event cannot be read: open it in Outlook and set it again.") from error


def _weekdays(pattern: Mapping[str, Any]) -> str:
    days = [_DAYS[str(name).casefold()] for name in pattern["daysOfWeek"]]
    if not days:
        raise ValueError("no days of the week")
    return "BYDAY=" + ",".join(day for day in _DAYS.values() if day in days)


def _weekly(pattern: Mapping[str, Any]) -> tuple[str, list[str]]:
    first = _DAYS[str(pattern.get("firstDayOfWeek") or "sunday").casefold()]
    return "WEEKLY", [_weekdays(pattern), f"WKST={first}"]


def _day_of_month(pattern: Mapping[str, Any]) -> list[str]:
    day = int(pattern["dayOfMonth"])
    if not 1 <= day <= 31:
        raise ValueError(f"day {day} of the month")
    if day <= _LAST_SAFE_DAY:
        return [f"BYMONTHDAY={day}"]
    days = ",".join(str(number) for number in range(_LAST_SAFE_DAY, day + 1))
    return [f"BYMONTHDAY={days}", "BYSETPOS=-1"]


def _position(pattern: Mapping[str, Any]) -> list[str]:
    return [_weekdays(pattern), f"BYSETPOS={_INDEX[str(pattern.get('index') or 'first').casefold()]}"]


def _month(pattern: Mapping[str, Any]) -> str:
    month = int(pattern["month"])
    if not 1 <= month <= 12:
        raise ValueError(f"month {month}")
    return f"BYMONTH={month}"


_PATTERNS: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[str, list[str]]]]] = {
    "daily": lambda _: ("DAILY", []),
    "weekly": _weekly,
    "absolutemonthly": lambda pattern: ("MONTHLY", _day_of_month(pattern)),
    "relativemonthly": lambda pattern: ("MONTHLY", _position(pattern)),
    "absoluteyearly": lambda pattern: ("YEARLY", [_month(pattern), *_day_of_month(pattern)]),
    "relativeyearly": lambda pattern: ("YEARLY", [_month(pattern), *_position(pattern)]),
}


def _end(limits: Mapping[str, Any]) -> list[str]:
    match str(limits["type"]).casefold():
        case "enddate":
            last = date.fromisoformat(limits["endDate"][:10])
            return [f"UNTIL={last:%Y%m%d}T235959"]
        case "numbered":
            return [f"COUNT={int(limits['numberOfOccurrences'])}"]
        case "noend":
            return []
    raise ValueError(f"range {limits['type']}")


def series_zone(master: Mapping[str, Any]) -> str:
    """IANA zone in which the series is reckoned. Raises Unreadable where none is known (E-11)."""
    names = (master["recurrence"]["range"].get("recurrenceTimeZone"), master.get("originalStartTimeZone"))
    for name in names:
        found = zone_name(name)
        if found is not None:
            return found
    if master.get("isAllDay"):
        return "UTC"
    shown = next((name for name in names if name), "none")
    raise Unreadable(f"The time zone “{shown}” of the series is not known: choose a standard zone for it in Outlook.")


def series(master: Mapping[str, Any], values: Callable[[Mapping[str, Any]], Values]) -> Series:
    """The series of a master read with its cancelled and changed occurrences. Raises Unreadable.

    `values` translates one changed occurrence.
    """
    place, moment = series_zone(master), when(master)
    exceptions: dict[str, Values] = {}
    cancelled = {_cancelled_date(text) for text in master.get("cancelledOccurrences") or ()}
    for changed in master.get("exceptionOccurrences") or ():
        key, day = original_start(changed, place, all_day=isinstance(moment, AllDay))
        if changed.get("isCancelled"):
            cancelled.add(day)
        else:
            exceptions[key] = values(changed)
    if isinstance(moment, AllDay):
        start, seconds, days = datetime.combine(moment.first, datetime.min.time()), 0, (moment.end - moment.first).days
        return Series(rule(master["recurrence"]), start, place, seconds, days, frozenset(cancelled), exceptions)
    start = moment.start.astimezone(zone(place)).replace(tzinfo=None)
    seconds = int(moment.duration.total_seconds())
    return Series(rule(master["recurrence"]), start, place, seconds, None, frozenset(cancelled), exceptions)


def original_start(occurrence: Mapping[str, Any], place: str, *, all_day: bool) -> tuple[str, date]:
    """Key and local date of the start that an occurrence had by the rule. Raises Unreadable."""
    moment = instant(occurrence.get("originalStart"))
    if moment is None:
        raise Unreadable(
            "A changed occurrence does not say when it was planned; the series waits for the next reading."
        )
    day = _own_date(occurrence) or _local_day(moment, place, all_day=all_day)
    return (day.isoformat() if all_day else start_key(Timed(moment, moment))), day


def _own_date(occurrence: Mapping[str, Any]) -> date | None:
    name = occurrence.get("occurrenceId")
    return _cancelled_date(name) if isinstance(name, str) else None


def _local_day(moment: datetime, place: str, *, all_day: bool) -> date:
    if all_day and moment.time() == datetime.min.time():
        return moment.date()
    return moment.astimezone(zone(place)).date()


def _cancelled_date(name: str) -> date:
    """The date in `OID.<master>.<yyyy-mm-dd>` (MS-070)."""
    try:
        return date.fromisoformat(name[-10:])
    except ValueError as error:
        raise Unreadable("A cancelled occurrence has no date; the series waits for the next reading.") from error
