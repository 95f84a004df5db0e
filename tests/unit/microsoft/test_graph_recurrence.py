"""Every kind of Graph recurrence becomes a rule that falls on the days an independent library finds."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import pytest
import recurring_ical_events

from backend.domain.recurrence import Series, Window, expand
from backend.domain.timezones import zone
from backend.domain.values import AllDay, Timed
from backend.microsoft.event_map import event_item, values_of
from backend.microsoft.recurrence import Unreadable, rule, series

UNUSED = {"month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first", "daysOfWeek": []}
NO_END = {"type": "noEnd", "endDate": "0001-01-01", "numberOfOccurrences": 0}
ZONES = {
    "AUS Eastern Standard Time": "Australia/Sydney",
    "Eastern Standard Time": "America/New_York",
    "GMT Standard Time": "Europe/London",
    "US Mountain Standard Time": "America/Phoenix",
}


def pattern(kind: str, interval: int = 1, **fields: Any) -> dict[str, Any]:
    """A pattern as Graph returns it: fields that it does not use are filled in (MS-063)."""
    return {**UNUSED, "type": kind, "interval": interval, **fields}


def recurrence(shape: Mapping[str, Any], limits: Mapping[str, Any] | None = None, name: str = "UTC") -> dict[str, Any]:
    """A recurrence as Graph returns it."""
    return {
        "pattern": dict(shape),
        "range": {"startDate": "2026-01-01", "recurrenceTimeZone": name, **NO_END, **(limits or {})},
    }


def master(
    shape: Mapping[str, Any],
    limits: Mapping[str, Any] | None = None,
    *,
    local: datetime = datetime(2026, 1, 5, 9, 0),  # noqa: DTZ001  # wall-clock time
    windows_zone: str = "UTC",
    minutes: int = 60,
) -> dict[str, Any]:
    """A master that begins at a local time; times are in UTC, as Graph returns them."""
    place = zone(windows_zone)
    start = local.replace(tzinfo=place).astimezone(UTC)
    end = start + timedelta(minutes=minutes)
    return {
        "@odata.etag": 'W/"1"',
        "id": "master",
        "type": "seriesMaster",
        "start": {"dateTime": f"{start:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"},
        "end": {"dateTime": f"{end:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"},
        "originalStartTimeZone": windows_zone,
        "recurrence": recurrence(shape, limits, windows_zone),
        "isOrganizer": True,
    }


def starts(found: Series, window: Window) -> list[datetime]:
    """Starts of the occurrences in the window, in UTC."""
    moments = [occurrence.values["when"] for occurrence in expand(found, {}, window).values()]
    return [moment.start for moment in moments if isinstance(moment, Timed)]


def independent(found: Series, window: Window) -> list[datetime]:
    """The same by recurring-ical-events, from an iCalendar event with the rule's text."""
    event = icalendar.Event()
    event.add("uid", "independent")
    event.add("dtstart", found.start.replace(tzinfo=zone(found.zone)))
    event.add("duration", timedelta(seconds=found.seconds))
    limits = icalendar.vRecur.from_ical(found.rule)
    if "UNTIL" in limits:
        # RFC 5545 wants it as an instant beside a start with a zone.
        limits["UNTIL"] = [last.replace(tzinfo=zone(found.zone)).astimezone(UTC) for last in limits["UNTIL"]]
    event.add("rrule", limits)
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    first = datetime.combine(window.first, datetime.min.time(), UTC)
    last = datetime.combine(window.horizon, datetime.min.time(), UTC)
    return sorted(
        occurrence["DTSTART"].dt.astimezone(UTC)
        for occurrence in recurring_ical_events.of(calendar).between(first, last)
    )


HIT: list[tuple[dict[str, Any], datetime]] = [
    (pattern("daily"), datetime(2026, 1, 5, 9, 0)),  # noqa: DTZ001  # wall-clock time
    (pattern("daily", 3), datetime(2026, 1, 5, 9, 0)),  # noqa: DTZ001  # wall-clock time
    (pattern("weekly", daysOfWeek=["monday", "thursday"]), datetime(2026, 1, 5, 9, 0)),  # noqa: DTZ001  # wall-clock
    (
        pattern("weekly", 2, daysOfWeek=["sunday", "monday"], firstDayOfWeek="sunday"),
        datetime(2026, 1, 5, 9, 0),  # noqa: DTZ001  # wall-clock time
    ),
    (
        pattern("weekly", 2, daysOfWeek=["sunday", "monday"], firstDayOfWeek="monday"),
        datetime(2026, 1, 5, 9, 0),  # noqa: DTZ001  # wall-clock time
    ),
    (pattern("absoluteMonthly", dayOfMonth=5), datetime(2026, 1, 5, 9, 0)),  # noqa: DTZ001  # wall-clock time
    (pattern("absoluteMonthly", 2, dayOfMonth=31), datetime(2026, 1, 31, 9, 0)),  # noqa: DTZ001  # wall-clock time
    (
        pattern("relativeMonthly", daysOfWeek=["monday"], index="first"),
        datetime(2026, 1, 5, 9, 0),  # noqa: DTZ001  # wall-clock time
    ),
    (
        pattern("relativeMonthly", daysOfWeek=["saturday", "sunday"], index="last"),
        datetime(2026, 1, 31, 9, 0),  # noqa: DTZ001  # wall-clock time
    ),
    (
        pattern("relativeMonthly", daysOfWeek=["monday", "tuesday", "wednesday", "thursday", "friday"], index="second"),
        datetime(2026, 1, 2, 9, 0),  # noqa: DTZ001  # wall-clock time
    ),
    (pattern("absoluteYearly", month=3, dayOfMonth=9), datetime(2026, 3, 9, 9, 0)),  # noqa: DTZ001  # wall-clock time
    (
        pattern("relativeYearly", month=11, daysOfWeek=["thursday"], index="fourth"),
        datetime(2026, 11, 26, 9, 0),  # noqa: DTZ001  # wall-clock time
    ),
]
LIMITS: list[dict[str, Any]] = [
    {},
    {"type": "numbered", "numberOfOccurrences": 3},
    {"type": "endDate", "endDate": "2026-11-26"},
]


@pytest.mark.parametrize("windows_zone", list(ZONES))
@pytest.mark.parametrize("limits", LIMITS, ids=["open", "numbered", "until"])
@pytest.mark.parametrize(("shape", "local"), HIT, ids=lambda value: value["type"] if isinstance(value, dict) else "")
def test_ms072_every_pattern_falls_on_the_days_an_independent_library_finds(
    shape: dict[str, Any], local: datetime, limits: dict[str, Any], windows_zone: str
) -> None:
    """Over two years, so over every change to and from summer time of four zones."""
    found = series(master(shape, limits, local=local, windows_zone=windows_zone), values_of)
    window = Window(date(2025, 12, 1), date(2028, 1, 1))
    mine = starts(found, window)
    assert mine == independent(found, window)
    assert {moment.astimezone(zone(ZONES[windows_zone])).hour for moment in mine} == {9}


def test_ms065_a_first_day_that_the_pattern_does_not_hit_is_no_occurrence_and_is_not_counted() -> None:
    weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday"]
    shape = pattern("relativeMonthly", daysOfWeek=weekdays, index="second")
    limits = {"type": "numbered", "numberOfOccurrences": 2}
    found = series(master(shape, limits, local=datetime(2026, 1, 5, 9, 0)), values_of)  # noqa: DTZ001  # wall-clock
    assert [moment.date() for moment in starts(found, Window(date(2026, 1, 1), date(2027, 1, 1)))] == [
        date(2026, 2, 3),
        date(2026, 3, 3),
    ]


@pytest.mark.parametrize("day", [29, 30, 31])
def test_a_day_that_a_month_does_not_have_is_its_last_day_as_in_outlook(day: int) -> None:
    shape = pattern("absoluteMonthly", dayOfMonth=day)
    found = series(master(shape, local=datetime(2026, 1, day, 9, 0)), values_of)  # noqa: DTZ001  # wall-clock time
    days = [moment.date() for moment in starts(found, Window(date(2026, 1, 1), date(2029, 1, 1)))]
    assert days == [
        date(year, month, min(day, monthrange(year, month)[1])) for year in (2026, 2027, 2028) for month in range(1, 13)
    ]


def test_the_29th_of_february_is_the_28th_in_other_years() -> None:
    shape = pattern("absoluteYearly", month=2, dayOfMonth=29)
    found = series(master(shape, local=datetime(2028, 2, 29, 9, 0)), values_of)  # noqa: DTZ001  # wall-clock time
    days = [moment.date() for moment in starts(found, Window(date(2028, 1, 1), date(2033, 1, 1)))]
    assert days == [date(2028, 2, 29), *(date(year, 2, 28) for year in (2029, 2030, 2031)), date(2032, 2, 29)]


@pytest.mark.parametrize(
    ("shape", "limits", "text"),
    [
        (pattern("daily", 2), {}, "FREQ=DAILY;INTERVAL=2"),
        (
            pattern("weekly", 2, daysOfWeek=["Tuesday", "monday"], firstDayOfWeek="monday"),
            {"type": "numbered", "numberOfOccurrences": 5},
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU;WKST=MO;COUNT=5",
        ),
        (
            pattern("absoluteMonthly", dayOfMonth=15),
            {"type": "endDate", "endDate": "2026-12-31"},
            "FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=15;UNTIL=20261231T235959",
        ),
        (
            pattern("relativeMonthly", daysOfWeek=["friday"], index="last"),
            {},
            "FREQ=MONTHLY;INTERVAL=1;BYDAY=FR;BYSETPOS=-1",
        ),
        (
            pattern("absoluteYearly", month=2, dayOfMonth=29),
            {},
            "FREQ=YEARLY;INTERVAL=1;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
        ),
        (
            pattern("relativeYearly", month=11, daysOfWeek=["thursday"], index="fourth"),
            {},
            "FREQ=YEARLY;INTERVAL=1;BYMONTH=11;BYDAY=TH;BYSETPOS=4",
        ),
    ],
)
def test_ms063_the_rule_has_what_the_pattern_uses_and_nothing_else(
    shape: dict[str, Any], limits: dict[str, Any], text: str
) -> None:
    assert rule(recurrence(shape, limits)) == text


def test_enum_values_are_read_in_any_letter_case_ms015() -> None:
    assert rule(recurrence(pattern("Weekly", daysOfWeek=["MONDAY"]), {"type": "NoEnd"})) == (
        "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;WKST=SU"
    )


@pytest.mark.parametrize(
    ("shape", "limits"),
    [
        (pattern("weekly"), {}),
        (pattern("hourly"), {}),
        (pattern("absoluteMonthly"), {}),
        (pattern("absoluteYearly", dayOfMonth=3), {}),
        (pattern("relativeMonthly", daysOfWeek=["friday"], index="fifth"), {}),
        (pattern("daily"), {"type": "endDate", "endDate": "soon"}),
        (pattern("daily"), {"type": "sometime"}),
    ],
)
def test_ms064_a_pattern_that_lacks_something_is_reported_in_a_sentence(
    shape: dict[str, Any], limits: dict[str, Any]
) -> None:
    item = event_item(master(shape, limits), None)
    assert item.series is None
    assert item.problem == "The repetition of the event cannot be read: open it in Outlook and set it again."


def test_until_is_the_whole_last_day_in_the_series_zone() -> None:
    """22:00 in New York is already the next day in UTC."""
    found = series(
        master(
            pattern("daily"),
            {"type": "endDate", "endDate": "2026-01-07"},
            local=datetime(2026, 1, 5, 22, 0),  # noqa: DTZ001  # wall-clock time
            windows_zone="Eastern Standard Time",
        ),
        values_of,
    )
    assert len(starts(found, Window(date(2026, 1, 1), date(2026, 2, 1)))) == 3


def test_zone_of_the_series_is_the_recurrence_time_zone_before_the_creation_zone_ms055() -> None:
    event = master(pattern("daily"), windows_zone="GMT Standard Time")
    event["originalStartTimeZone"] = "tzone://Microsoft/Custom"
    assert series(event, values_of).zone == "Europe/London"
    event["originalStartTimeZone"] = "AUS Eastern Standard Time"
    event["recurrence"]["range"]["recurrenceTimeZone"] = ""
    assert series(event, values_of).zone == "Australia/Sydney"


def test_ls163_a_series_in_an_unknown_zone_is_reported_and_waits_e11() -> None:
    event = master(pattern("daily"))
    event["originalStartTimeZone"] = "tzone://Microsoft/Custom"
    event["recurrence"]["range"]["recurrenceTimeZone"] = "Moon Standard Time"
    item = event_item(event, None)
    assert item.series is None
    assert item.problem == (
        "The time zone “Moon Standard Time” of the series is not known: choose a standard zone for it in Outlook."
    )
    with pytest.raises(Unreadable):
        series(event, values_of)


def test_ms070_cancelled_and_changed_occurrences_are_part_of_the_series() -> None:
    event = master(pattern("weekly", daysOfWeek=["monday"]), {"type": "numbered", "numberOfOccurrences": 4})
    event["cancelledOccurrences"] = ["OID.master.2026-01-12"]
    changed = {
        "@odata.etag": 'W/"2"',
        "subject": "Moved",
        "originalStart": "2026-01-19T09:00:00Z",
        "start": {"dateTime": "2026-01-20T10:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-01-20T11:00:00.0000000", "timeZone": "UTC"},
    }
    called_off = {**changed, "originalStart": "2026-01-26T09:00:00Z", "isCancelled": True}
    event["exceptionOccurrences"] = [changed, called_off]
    found = series(event, values_of)
    assert found.cancelled == {date(2026, 1, 12), date(2026, 1, 26)}
    assert found.exceptions.keys() == {"2026-01-19T09:00:00+00:00"}
    assert found.exceptions["2026-01-19T09:00:00+00:00"]["subject"] == "Moved"
    assert starts(found, Window(date(2026, 1, 1), date(2026, 3, 1))) == [
        datetime(2026, 1, 5, 9, tzinfo=UTC),
        datetime(2026, 1, 20, 10, tzinfo=UTC),
    ]


def test_ms070_the_version_moves_with_the_occurrences_even_if_the_masters_etag_does_not() -> None:
    event = master(pattern("daily"))
    versions = {event_item(event, None).version}
    versions.add(event_item({**event, "cancelledOccurrences": ["OID.master.2026-01-12"]}, None).version)
    versions.add(event_item({**event, "cancelledOccurrences": ["OID.master.2026-01-13"]}, None).version)
    assert len(versions) == 3


@pytest.mark.parametrize("original", ["2026-01-06T00:00:00Z", "2026-01-05T23:00:00Z"])
def test_ms057_occurrences_of_an_all_day_series_are_keyed_by_date(original: str) -> None:
    """Whether the service names midnight in UTC or midnight in the series' zone."""
    event = {
        **master(pattern("daily"), {"type": "numbered", "numberOfOccurrences": 3}),
        "isAllDay": True,
        "start": {"dateTime": "2026-01-05T00:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-01-07T00:00:00.0000000", "timeZone": "UTC"},
    }
    event["recurrence"]["range"]["recurrenceTimeZone"] = "W. Europe Standard Time"
    changed = {
        "subject": "Second",
        "isAllDay": True,
        "originalStart": original,
        "start": {"dateTime": "2026-01-06T00:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-01-07T00:00:00.0000000", "timeZone": "UTC"},
    }
    found = series({**event, "exceptionOccurrences": [changed]}, values_of)
    assert (found.days, found.start) == (2, datetime(2026, 1, 5))  # noqa: DTZ001  # a floating date
    expanded = expand(found, {"subject": "Fair"}, Window(date(2026, 1, 1), date(2026, 2, 1)))
    assert {key: (each.values["subject"], each.values["when"]) for key, each in expanded.items()} == {
        "2026-01-05": ("Fair", AllDay(date(2026, 1, 5), date(2026, 1, 7))),
        "2026-01-06": ("Second", AllDay(date(2026, 1, 6), date(2026, 1, 7))),
        "2026-01-07": ("Fair", AllDay(date(2026, 1, 7), date(2026, 1, 9))),
    }
