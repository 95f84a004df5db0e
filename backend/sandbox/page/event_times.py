"""The times of an event's form: two days, two times, a zone, and whether it is all day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from backend.sandbox.microsoft import zones
from backend.sandbox.microsoft.errors import GraphError
from backend.sandbox.page.refusals import Refusal

FIELDS = ("all_day", "first_day", "start", "last_day", "end", "zone")
TEN = time(10)
"""When a new event begins unless somebody says otherwise."""
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::\d\d)?")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Times:
    """Naive local times of `zone`; an all-day event ends at the midnight after its last day."""

    start: datetime
    end: datetime
    zone: str
    all_day: bool

    @property
    def last_day(self) -> date:
        """The last day of an all-day event."""
        return (self.end - _DAY).date()

    def utc(self) -> tuple[datetime, datetime]:
        """Start and end as instants."""
        return zones.to_utc(self.start, self.zone), zones.to_utc(self.end, self.zone)


def show(start: datetime, end: datetime, zone: str, *, all_day: bool) -> dict[str, str]:
    """The fields of the form for naive local times; see `Times`."""
    last = end - _DAY if all_day else end
    return {
        "all_day": "on" if all_day else "",
        "first_day": start.date().isoformat(),
        "start": f"{start:%H:%M}" if not all_day else "",
        "last_day": last.date().isoformat(),
        "end": f"{end:%H:%M}" if not all_day else "",
        "zone": zone,
    }


def read(values: Mapping[str, str]) -> Times:
    """The times that somebody typed. Raises Refusal with a sentence at each wrong field."""
    wrong: dict[str, str] = {}
    all_day = bool(values.get("all_day"))
    first = _day(values, "first_day", wrong)
    last = _day(values, "last_day", wrong)
    start = time() if all_day else _time(values, "start", wrong)
    end = time() if all_day else _time(values, "end", wrong)
    zone = _zone(values, wrong)
    if wrong or first is None or last is None or start is None or end is None:
        raise Refusal(wrong)
    begins, ends = datetime.combine(first, start), datetime.combine(last, end)
    if ends < begins:
        place = "last_day" if last < first else "end"
        raise Refusal({place: "The event ends before it starts. Give a later end, or an earlier start."})
    return Times(begins, ends + _DAY if all_day else ends, zone, all_day)


def _day(values: Mapping[str, str], name: str, wrong: dict[str, str]) -> date | None:
    text = values.get(name, "")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        wrong[name] = f"“{text}” is not a date. Write it like 2026-11-24." if text else "Give a date."
        return None
    if not 1970 <= day.year <= 2200:
        wrong[name] = "Give a year from 1970 to 2200."
        return None
    return day


def _time(values: Mapping[str, str], name: str, wrong: dict[str, str]) -> time | None:
    text = values.get(name, "")
    match = _CLOCK.fullmatch(text)
    if match and int(match[1]) < 24 and int(match[2]) < 60:
        return time(int(match[1]), int(match[2]))
    wrong[name] = f"“{text}” is not a time. Write it like 14:30." if text else "Give a time, or choose all day."
    return None


def _zone(values: Mapping[str, str], wrong: dict[str, str]) -> str:
    text = values.get("zone", "")
    try:
        zones.resolve(text)
    except GraphError:
        wrong["zone"] = f"“{text}” is not a time zone. Write a name such as Europe/Stockholm."
    return text
