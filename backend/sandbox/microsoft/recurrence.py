"""Recurrence of Graph: checks, the form in which it is returned, and the days it falls on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from functools import partial
from typing import Any, Literal

from dateutil import rrule

from backend.sandbox.microsoft import errors, fields, zones

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK_INDEX = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
NO_DATE = "0001-01-01"
MOST_OCCURRENCES = 999
# What a pattern needs besides its interval (MS-064), and the largest interval Outlook takes.
_NEEDS: dict[str, tuple[str, ...]] = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek",),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "month"),
}
_MOST_INTERVAL = {"daily": 999}
_FREQUENCY: dict[str, Literal[0, 1, 2, 3]] = {
    "daily": rrule.DAILY,
    "weekly": rrule.WEEKLY,
    "absoluteMonthly": rrule.MONTHLY,
    "relativeMonthly": rrule.MONTHLY,
    "absoluteYearly": rrule.YEARLY,
    "relativeYearly": rrule.YEARLY,
}


def _day(value: Any, where: str) -> str:
    try:
        return date.fromisoformat(fields.required_text(value, where)).isoformat()
    except ValueError:
        raise errors.bad_body(f"Cannot convert the literal '{value}' of '{where}' to a date.") from None


_PATTERN = fields.shape(
    {
        "type": fields.one_of(*_NEEDS),
        "interval": fields.integer(1, 999),
        "month": fields.integer(0, 12),
        "dayOfMonth": fields.integer(0, 31),
        "daysOfWeek": fields.list_of(fields.one_of(*DAYS)),
        "firstDayOfWeek": fields.optional(fields.one_of(*DAYS)),
        "index": fields.optional(fields.one_of(*WEEK_INDEX)),
    },
    "recurrencePattern",
    ("type", "interval"),
)
_RANGE = fields.shape(
    {
        "type": fields.one_of("endDate", "noEnd", "numbered"),
        "startDate": _day,
        "endDate": fields.optional(_day),
        "numberOfOccurrences": fields.integer(0, MOST_OCCURRENCES),
        "recurrenceTimeZone": fields.text,
    },
    "recurrenceRange",
    ("type", "startDate"),
)
CHECK = fields.shape({"pattern": _PATTERN, "range": _RANGE}, "patternedRecurrence", required=("pattern", "range"))


def canonical(given: Mapping[str, Any], zone: str, start: date) -> dict[str, Any]:
    """A checked recurrence as Graph returns it: unused fields filled in (MS-063), startDate set right (MS-065).

    `zone` is used where the range names none; `start` is the date of the event's start in that zone.
    Raises GraphError 400 for what is missing or contradicts itself (MS-064).
    """
    pattern, limits = given["pattern"], given["range"]
    return {"pattern": _canonical_pattern(pattern), "range": _canonical_range(limits, zone, start)}


def _canonical_pattern(pattern: Mapping[str, Any]) -> dict[str, Any]:
    kind = pattern["type"]
    for name in _NEEDS[kind]:
        if not pattern.get(name):
            raise errors.invalid_request(f"The recurrence pattern '{kind}' needs the property '{name}'.")
    if pattern["interval"] > _MOST_INTERVAL.get(kind, 99):
        raise errors.invalid_argument(f"The interval {pattern['interval']} of a '{kind}' pattern is too big.")
    needs = _NEEDS[kind]
    days = sorted(set(pattern.get("daysOfWeek", ())), key=DAYS.index) if "daysOfWeek" in needs else None
    full = {
        "type": kind,
        "interval": pattern["interval"],
        "month": pattern["month"] if "month" in needs else 0,
        "dayOfMonth": pattern["dayOfMonth"] if "dayOfMonth" in needs else 0,
        "firstDayOfWeek": (pattern.get("firstDayOfWeek") if kind == "weekly" else None) or "sunday",
        "index": (pattern.get("index") if kind.startswith("relative") else None) or "first",
    }
    return full | ({"daysOfWeek": days} if days is not None else {})


def _canonical_range(limits: Mapping[str, Any], zone: str, start: date) -> dict[str, Any]:
    kind = limits["type"]
    end: str = (limits.get("endDate") if kind == "endDate" else None) or NO_DATE
    count = limits.get("numberOfOccurrences", 0) if kind == "numbered" else 0
    if kind == "endDate" and end == NO_DATE:
        raise errors.invalid_request("The recurrence range 'endDate' needs the property 'endDate'.")
    if kind == "numbered" and not count:
        raise errors.invalid_request("The recurrence range 'numbered' needs 'numberOfOccurrences'.")
    if kind == "endDate" and end < start.isoformat():
        raise errors.invalid_request("The end date of the recurrence range is before its start date.")
    return {
        "type": kind,
        "startDate": start.isoformat(),
        "endDate": end,
        "recurrenceTimeZone": limits.get("recurrenceTimeZone") or zone,
        "numberOfOccurrences": count,
    }


def zone_of(given: Mapping[str, Any], default: str) -> str:
    """The zone in which a recurrence is reckoned. Raises GraphError 400 if unknown."""
    name = given["range"].get("recurrenceTimeZone") or default
    zones.resolve(name)
    return str(name)


class Days:
    """The days of a canonical recurrence, computed as far as they are asked for."""

    def __init__(self, recurrence: Mapping[str, Any]) -> None:
        self._known: list[date] = []
        self._source: Iterator[datetime] | None = iter(_rule(recurrence))

    def first(self) -> date | None:
        """The first day, or None when the rule hits no day at all."""
        self._extend(lambda known: len(known) >= 1)
        return self._known[0] if self._known else None

    def between(self, first: date, last: date) -> list[date]:
        """The days from `first` to `last`, both included."""
        self._extend(lambda known: bool(known) and known[-1] > last)
        return self._known[bisect_left(self._known, first) : bisect_right(self._known, last)]

    def around(self, day: date) -> tuple[list[date], list[date]]:
        """The days before and after one of them; of those after, only the next few."""
        self._extend(lambda known: len(known) > bisect_right(known, day) + MOST_OCCURRENCES)
        return (
            self._known[: bisect_left(self._known, day)],
            self._known[bisect_right(self._known, day) :],
        )

    def __contains__(self, day: date) -> bool:
        return self.between(day, day) == [day]

    def _extend(self, enough: Any) -> None:
        while self._source is not None and not enough(self._known):
            following = next(self._source, None)
            if following is None:
                self._source = None
            else:
                self._known.append(following.date())


def _rule(recurrence: Mapping[str, Any]) -> rrule.rrule:
    pattern, limits = recurrence["pattern"], recurrence["range"]
    start = datetime.combine(date.fromisoformat(limits["startDate"]), time())
    kind = pattern["type"]
    make = partial(rrule.rrule, _FREQUENCY[kind], dtstart=start, interval=pattern["interval"])
    if limits["type"] == "endDate":
        make = partial(make, until=datetime.combine(date.fromisoformat(limits["endDate"]), time()))
    if limits["type"] == "numbered":
        make = partial(make, count=limits["numberOfOccurrences"])
    weekdays = [rrule.weekday(DAYS.index(name)) for name in pattern.get("daysOfWeek", ())]
    if kind == "weekly":
        return make(byweekday=weekdays, wkst=DAYS.index(pattern["firstDayOfWeek"]))
    if kind.endswith("Yearly"):
        make = partial(make, bymonth=pattern["month"])
    if kind.startswith("absolute"):
        return _last_possible_day(make, pattern["dayOfMonth"])
    if kind.startswith("relative"):
        return make(byweekday=weekdays, bysetpos=WEEK_INDEX[pattern["index"]])
    return make()


def _last_possible_day(make: partial[rrule.rrule], day: int) -> rrule.rrule:
    """In a month without the 29th, 30th or 31st Outlook takes the last day instead of skipping the month."""
    if day <= 28:
        return make(bymonthday=day)
    return make(bymonthday=list(range(28, day + 1)), bysetpos=-1)
