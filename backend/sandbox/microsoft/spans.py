"""When an event takes place: naive local times with their zones; all-day events are floating dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from backend.sandbox.microsoft import errors, zones

_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end as naive local times of `zone` and `end_zone`; the end is exclusive."""

    start: datetime
    end: datetime
    zone: str
    end_zone: str
    all_day: bool = False

    @property
    def start_utc(self) -> datetime:
        """The instant of the start; an all-day event begins at midnight UTC (MS-129)."""
        return self.start.replace(tzinfo=UTC) if self.all_day else zones.to_utc(self.start, self.zone)

    @property
    def end_utc(self) -> datetime:
        """The instant of the end; an all-day event ends at midnight UTC (MS-129)."""
        return self.end.replace(tzinfo=UTC) if self.all_day else zones.to_utc(self.end, self.end_zone)

    def overlaps(self, first: datetime, last: datetime) -> bool:
        """Whether the event takes place in part between two instants; without length it must start there."""
        start, end = self.start_utc, self.end_utc
        return start < last and (end > first or start == end >= first)

    def in_zone(self, zone: str) -> Span:
        """The same instants told in one zone."""
        if self.all_day:
            return replace(self, zone=zone, end_zone=zone)
        return Span(zones.to_local(self.start_utc, zone), zones.to_local(self.end_utc, zone), zone, zone)

    def on(self, day: date) -> Span:
        """The same local times, beginning on another day (MS-072)."""
        start = datetime.combine(day, self.start.time())
        return replace(self, start=start, end=start + (self.end - self.start))

    def last_day(self) -> date:
        """The last day that the event reaches, in its own zone."""
        return max(self.start, self.end - timedelta(microseconds=1)).date()

    def render(self, zone: str) -> dict[str, Any]:
        """`start` and `end` as Graph returns them in a zone; all-day stays midnight to midnight (MS-057)."""
        if self.all_day:
            return {"start": _time(self.start, zone), "end": _time(self.end, zone)}
        return {
            "start": _time(zones.to_local(self.start_utc, zone), zone),
            "end": _time(zones.to_local(self.end_utc, zone), zone),
        }


def _time(local: datetime, zone: str) -> dict[str, str]:
    return {"dateTime": zones.seven_digits(local), "timeZone": zone}


def from_request(given: Mapping[str, Any], current: Span | None) -> Span:
    """The span of a request body with `start`, `end` and `isAllDay`, over the present one in an update.

    Raises GraphError 400 for unknown zones, an end before the start, and all-day events that do not run from
    midnight to midnight in one zone (MS-057).
    """
    start, zone = _point(given.get("start"), (current.start, current.zone) if current else None, "Start")
    end, end_zone = _point(given.get("end"), (current.end, current.end_zone) if current else None, "End")
    all_day = given.get("isAllDay", current.all_day if current else False)
    span = Span(start, end, zone, end_zone, bool(all_day))
    if span.all_day:
        _check_all_day(span)
    if span.end_utc < span.start_utc:
        raise errors.GraphError(
            400, "ErrorCalendarEndDateIsEarlierThanStartDate", "The end date is earlier than the start date."
        )
    return span


def _point(given: Mapping[str, Any] | None, current: tuple[datetime, str] | None, name: str) -> tuple[datetime, str]:
    if given is None:
        if current is None:
            raise errors.invalid_request(f"The Event.{name} property is required.")
        return current
    zone = given.get("timeZone") or "UTC"
    zones.resolve(zone)
    moment = zones.parse_moment(given["dateTime"])
    return (zones.to_local(moment, zone) if moment.tzinfo else moment), zone


def _check_all_day(span: Span) -> None:
    for name, point in (("Start", span.start), ("End", span.end)):
        if point.time() != _MIDNIGHT:
            raise errors.invalid_request(f"The Event.{name} property for an all-day event needs to be set to midnight.")
    if zones.resolve(span.zone) != zones.resolve(span.end_zone):
        raise errors.invalid_request("The start and end of an all-day event need to be in the same time zone.")
    if span.end - span.start < timedelta(days=1):
        raise errors.invalid_request("The duration of an all-day event needs to be at least 24 hours.")
