"""The same series read by libraries that our code does not use: icalendar and recurring-ical-events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar

from backend.domain.recurrence import Series, Window
from backend.domain.values import AllDay, Timed, When


def expanded(series: Series, moved: Mapping[str, When], window: Window) -> list[tuple[object, object]]:
    """Starts and ends of the occurrences between the window's days, instants in UTC or dates.

    `moved`: original start key -> where an exception stands.
    """
    calendar = Calendar.from_ical(_text(series, moved))
    events = recurring_ical_events.of(calendar).between(window.first, window.horizon)
    return sorted(((_plain(event["DTSTART"].dt), _plain(event["DTEND"].dt)) for event in events), key=str)


def _plain(moment: date | datetime) -> date | datetime:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def _text(series: Series, moved: Mapping[str, When]) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN"]
    lines += ["BEGIN:VEVENT", "UID:series", f"RRULE:{_with_utc_until(series)}", *_span(series)]
    lines += [_at("EXDATE", series, datetime.combine(day, series.start.time())) for day in sorted(series.cancelled)]
    lines.append("END:VEVENT")
    for original, when in sorted(moved.items()):
        lines += ["BEGIN:VEVENT", "UID:series", _original(series, original), *_moved(when), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def _span(series: Series) -> list[str]:
    if series.days is not None:
        first = series.start.date()
        return [f"DTSTART;VALUE=DATE:{first:%Y%m%d}", f"DTEND;VALUE=DATE:{first + timedelta(days=series.days):%Y%m%d}"]
    # The end as an instant, so that the length is exact across a change of the clocks.
    begin = series.start.replace(tzinfo=ZoneInfo(series.zone))
    end = (begin.astimezone(UTC) + timedelta(seconds=series.seconds)).astimezone(ZoneInfo(series.zone))
    return [_at("DTSTART", series, series.start), _at("DTEND", series, end.replace(tzinfo=None))]


def _at(name: str, series: Series, local: datetime) -> str:
    if series.days is not None:
        return f"{name};VALUE=DATE:{local:%Y%m%d}"
    return f"{name};TZID={series.zone}:{local:%Y%m%dT%H%M%S}"


def _original(series: Series, key: str) -> str:
    if series.days is not None:
        return f"RECURRENCE-ID;VALUE=DATE:{date.fromisoformat(key):%Y%m%d}"
    local = datetime.fromisoformat(key).astimezone(ZoneInfo(series.zone))
    return _at("RECURRENCE-ID", series, local.replace(tzinfo=None))


def _moved(when: When) -> list[str]:
    match when:
        case Timed(start, end):
            return [f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}"]
        case AllDay(first, end_day):
            return [f"DTSTART;VALUE=DATE:{first:%Y%m%d}", f"DTEND;VALUE=DATE:{end_day:%Y%m%d}"]


def _with_utc_until(series: Series) -> str:
    """The rule with UNTIL in UTC, as RFC 5545 wants it beside a start with a zone; a date for whole days."""
    parts = dict(part.split("=", 1) for part in series.rule.split(";"))
    if "UNTIL" in parts:
        local = datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - wall-clock time of the series
        utc = local.replace(tzinfo=ZoneInfo(series.zone)).astimezone(UTC)
        parts["UNTIL"] = f"{local:%Y%m%d}" if series.days is not None else f"{utc:%Y%m%dT%H%M%SZ}"
    return ";".join(f"{name}={value}" for name, value in parts.items())
