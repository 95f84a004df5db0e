"""Occurrences of a series: local time, windows, exceptions and cancellations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from backend.domain.recurrence import Series, Window, ended, expand, local_date, start_key, touches
from backend.domain.timezones import UnknownZone
from backend.domain.values import AllDay, Timed, Values, When

WIDE = Window(date(2026, 1, 1), date(2027, 1, 1))
BASE: Values = {"subject": "Weekly", "location": "Room 4"}


def weekly(zone: str, start: str, count: int = 3, **options: Any) -> Series:
    """A weekly series from a local start on."""
    return replace(Series(f"FREQ=WEEKLY;COUNT={count}", datetime.fromisoformat(start), zone, 3600), **options)


def instants(series: Series, window: Window = WIDE) -> list[str]:
    """Original start keys in order."""
    return list(expand(series, BASE, window))


@pytest.mark.parametrize(
    ("zone", "start", "utc_hours"),
    [
        ("Europe/London", "2026-03-23T09:00", [9, 8, 8]),
        ("Europe/London", "2026-10-19T09:00", [8, 9, 9]),
        ("America/New_York", "2026-03-02T09:00", [14, 13, 13]),
        ("America/New_York", "2026-10-26T09:00", [13, 14, 14]),
        ("Australia/Sydney", "2026-03-30T09:00", [22, 23, 23]),
        ("Australia/Sydney", "2026-09-28T09:00", [23, 22, 22]),
        ("America/Phoenix", "2026-03-02T09:00", [16, 16, 16]),
        ("America/Phoenix", "2026-10-26T09:00", [16, 16, 16]),
    ],
)
def test_ls162_nine_oclock_stays_nine_oclock_over_both_changes(zone: str, start: str, utc_hours: list[int]) -> None:
    assert [datetime.fromisoformat(key).hour for key in instants(weekly(zone, start))] == utc_hours


def test_an_hour_that_the_clocks_skip_is_held_once_and_on_its_day() -> None:
    daily = Series("FREQ=DAILY;COUNT=3", datetime.fromisoformat("2026-03-28T01:30"), "Europe/London", 3600)
    assert instants(daily) == [
        "2026-03-28T01:30:00+00:00",
        "2026-03-29T01:30:00+00:00",
        "2026-03-30T00:30:00+00:00",
    ]


def test_an_hour_that_the_clocks_repeat_is_held_the_first_time() -> None:
    daily = Series("FREQ=DAILY;COUNT=3", datetime.fromisoformat("2026-10-24T01:30"), "Europe/London", 3600)
    assert instants(daily) == [
        "2026-10-24T00:30:00+00:00",
        "2026-10-25T00:30:00+00:00",
        "2026-10-26T01:30:00+00:00",
    ]


def test_an_occurrence_has_the_values_of_the_master_and_its_own_time() -> None:
    first = expand(weekly("Europe/London", "2026-03-23T09:00"), BASE, WIDE)["2026-03-23T09:00:00+00:00"]
    nine = datetime(2026, 3, 23, 9, tzinfo=UTC)
    assert first.values == {**BASE, "when": Timed(nine, nine + timedelta(hours=1), "Europe/London")}
    assert first.local_date == date(2026, 3, 23)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/London", "Pacific/Auckland", "Pacific/Kiritimati"])
def test_ms057_whole_days_are_the_same_dates_in_every_zone(zone: str) -> None:
    series = weekly(zone, "2026-03-23T00:00", days=2)
    assert [occurrence.values["when"] for occurrence in expand(series, BASE, WIDE).values()] == [
        AllDay(date(2026, 3, 23), date(2026, 3, 25)),
        AllDay(date(2026, 3, 30), date(2026, 4, 1)),
        AllDay(date(2026, 4, 6), date(2026, 4, 8)),
    ]


@pytest.mark.parametrize(
    ("zone", "start", "key", "day"),
    [
        ("Australia/Sydney", "2026-03-24T08:00", "2026-03-23T21:00:00+00:00", date(2026, 3, 24)),
        ("America/Los_Angeles", "2026-03-23T20:00", "2026-03-24T03:00:00+00:00", date(2026, 3, 23)),
        ("Europe/London", "2026-03-23T09:00", "2026-03-23T09:00:00+00:00", date(2026, 3, 23)),
    ],
)
def test_the_day_of_an_occurrence_is_that_of_its_own_zone(zone: str, start: str, key: str, day: date) -> None:
    series = weekly(zone, start)
    assert instants(series)[0] == key
    assert local_date(series, key) == day


def test_a_cancelled_occurrence_is_left_out_and_the_others_stay_inv25() -> None:
    series = weekly("Australia/Sydney", "2026-03-24T08:00", cancelled=frozenset({date(2026, 3, 31)}))
    assert instants(series) == ["2026-03-23T21:00:00+00:00", "2026-04-06T22:00:00+00:00"]


def test_an_exception_keeps_its_original_start_wherever_it_stands() -> None:
    nine = datetime(2026, 3, 26, 9, tzinfo=UTC)
    moved: Values = {"subject": "Special", "when": Timed(nine, nine + timedelta(hours=2))}
    series = weekly("Europe/London", "2026-03-23T09:00", exceptions={"2026-03-23T09:00:00+00:00": moved})
    found = expand(series, BASE, WIDE)
    assert list(found) == ["2026-03-23T09:00:00+00:00", "2026-03-30T08:00:00+00:00", "2026-04-06T08:00:00+00:00"]
    assert found["2026-03-23T09:00:00+00:00"].values == moved


def test_e7_an_exception_moved_into_the_window_takes_part() -> None:
    nine = datetime(2026, 3, 26, 9, tzinfo=UTC)
    moved: Values = {"when": Timed(nine, nine + timedelta(hours=1))}
    series = weekly("Europe/London", "2026-03-09T09:00", exceptions={"2026-03-09T09:00:00+00:00": moved})
    found = expand(series, BASE, Window(date(2026, 3, 20), date(2026, 3, 28)))
    assert {key: occurrence.values for key, occurrence in found.items()} == {
        "2026-03-09T09:00:00+00:00": moved,
        "2026-03-23T09:00:00+00:00": expand(series, BASE, WIDE)["2026-03-23T09:00:00+00:00"].values,
    }


def test_e7_an_endless_series_is_made_up_to_the_horizon() -> None:
    endless = Series("FREQ=DAILY", datetime.fromisoformat("2020-01-01T09:00"), "Europe/London", 3600)
    keys = instants(endless, Window(date(2026, 6, 1), date(2026, 6, 4)))
    assert [key[:10] for key in keys] == ["2026-06-01", "2026-06-02", "2026-06-03"]


def test_an_occurrence_of_fourteen_days_reaches_into_the_window() -> None:
    long = Series("FREQ=YEARLY", datetime.fromisoformat("2020-05-25T09:00"), "Europe/London", 14 * 86_400)
    assert instants(long, Window(date(2026, 6, 5), date(2026, 6, 6))) == ["2026-05-25T08:00:00+00:00"]


def test_e11_an_unknown_zone_and_a_broken_rule_are_said() -> None:
    with pytest.raises(UnknownZone):
        expand(weekly("Mars/Olympus", "2026-03-23T09:00"), BASE, WIDE)
    with pytest.raises(ValueError, match="invalid"):
        expand(replace(weekly("Europe/London", "2026-03-23T09:00"), rule="FREQ=SOMETIMES"), BASE, WIDE)


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
WEEK = Window(date(2026, 6, 1), date(2026, 6, 8))


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        (Timed(NOON, NOON + timedelta(hours=1)), True),
        (Timed(NOON - timedelta(days=1), NOON - timedelta(hours=12)), True),
        (Timed(NOON - timedelta(days=1), NOON - timedelta(hours=12, seconds=1)), False),
        (Timed(NOON + timedelta(days=6, hours=11), NOON + timedelta(days=7)), True),
        (Timed(NOON + timedelta(days=6, hours=12), NOON + timedelta(days=7)), False),
        (AllDay(date(2026, 5, 30), date(2026, 6, 1)), True),
        (AllDay(date(2026, 5, 30), date(2026, 5, 31)), False),
        (AllDay(date(2026, 6, 7), date(2026, 6, 9)), True),
        (AllDay(date(2026, 6, 8), date(2026, 6, 9)), False),
        (AllDay(date(2026, 5, 20), date(2026, 6, 20)), True),
    ],
)
def test_ls110_what_touches_the_window(when: When, inside: bool) -> None:
    assert touches(when, WEEK) is inside


@pytest.mark.parametrize(
    ("when", "over"),
    [
        (Timed(NOON - timedelta(hours=13), NOON - timedelta(hours=12)), True),
        (Timed(NOON - timedelta(hours=13), NOON - timedelta(hours=11)), False),
        (AllDay(date(2026, 5, 31), date(2026, 6, 1)), True),
        (AllDay(date(2026, 5, 31), date(2026, 6, 2)), False),
    ],
)
def test_an_event_has_ended_when_it_was_over_as_the_day_began(when: When, over: bool) -> None:
    assert ended(when, date(2026, 6, 1)) is over


def test_an_original_start_is_an_instant_in_utc_or_a_date() -> None:
    sydney = datetime.fromisoformat("2026-03-24T08:00:00+11:00")
    assert start_key(Timed(sydney, sydney + timedelta(hours=1))) == "2026-03-23T21:00:00+00:00"
    assert start_key(AllDay(date(2026, 3, 24), date(2026, 3, 25))) == "2026-03-24"
