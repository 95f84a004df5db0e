"""Our expansion against an independent one, on rules people really have and on drawn ones (E-1, LS-162, MS-072)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backend.domain.recurrence import Series, Window, expand
from backend.domain.values import EMPTY, AllDay, FieldValue, Timed, Values, When
from tests.fakes.drawn_values import ZONES
from tests.fakes.independent_calendar import expanded

HALF_PAST_NINE = datetime.fromisoformat("2025-12-15T09:30")
MIDNIGHT = datetime.fromisoformat("2025-12-15T00:00")

REAL_RULES = {
    "every day": "FREQ=DAILY",
    "every third day, ten times": "FREQ=DAILY;INTERVAL=3;COUNT=10",
    "working days": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "Mondays and Thursdays": "FREQ=WEEKLY;BYDAY=MO,TH",
    "every other week, week from Sunday": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
    "every other week, week from Monday": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=MO",
    "until the end of June": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20260630T235959",
    "until the very start of the last one": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20260630T093000",
    "the 15th of the month": "FREQ=MONTHLY;BYMONTHDAY=15",
    "the 31st, where there is one": "FREQ=MONTHLY;BYMONTHDAY=31",
    "last day of the month": "FREQ=MONTHLY;BYMONTHDAY=-1",
    "second Tuesday": "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2",
    "last Friday": "FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1",
    "last working day": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "first weekend day": "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1",
    "every quarter on the first Monday": "FREQ=MONTHLY;INTERVAL=3;BYDAY=MO;BYSETPOS=1",
    "29 February": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
    "third Thursday of November": "FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYSETPOS=3",
    "birthday": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=10",
}


def series_of(rule: str, zone: str, start: datetime, *, seconds: int = 5400, days: int | None = None) -> Series:
    """A series that begins with an occurrence of its own rule, as providers deliver it."""
    begin = rrulestr(rule, dtstart=start).after(start, inc=True)
    assume(begin is not None)  # a drawn rule may end before it begins
    assert begin is not None
    return Series(rule, begin, zone, seconds, days)


def ours(series: Series, exceptions: Mapping[str, When], window: Window) -> list[tuple[object, object]]:
    """Starts and ends of our occurrences, instants in UTC or dates."""
    whole: dict[str, Values] = {start: {"when": when} for start, when in exceptions.items()}
    found = expand(replace(series, exceptions=whole), EMPTY, window)
    return sorted((_ends(occurrence.values["when"]) for occurrence in found.values()), key=str)


def _ends(when: FieldValue) -> tuple[object, object]:
    match when:
        case Timed(start, end):
            return start, end
        case AllDay(first, end_day):
            return first, end_day
    raise AssertionError(when)


def inner(found: list[tuple[object, object]], window: Window) -> list[tuple[object, object]]:
    """Those that start well inside: at the very edges the two libraries mean different clocks."""
    first, last = window.first + timedelta(days=2), window.horizon - timedelta(days=2)
    return [ends for ends in found if first <= _day(ends[0]) <= last]


def _day(moment: object) -> date:
    if isinstance(moment, datetime):
        return moment.date()
    assert isinstance(moment, date)
    return moment


def assert_same(series: Series) -> None:
    """Both readings of a series are the same, and there is something to compare."""
    first = series.start.date()
    window = Window(first - timedelta(days=5), first + timedelta(days=430))
    mine = inner(ours(series, {}, window), window)
    assert mine == inner(expanded(series, {}, window), window)
    assert mine


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("rule", REAL_RULES.values(), ids=REAL_RULES)
def test_real_rules_in_zones_with_and_without_summer_time(rule: str, zone: str) -> None:
    assert_same(series_of(rule, zone, HALF_PAST_NINE))


@pytest.mark.parametrize("rule", REAL_RULES.values(), ids=REAL_RULES)
def test_real_rules_over_whole_days_ms057(rule: str) -> None:
    assert_same(series_of(rule, "Europe/London", MIDNIGHT, days=1))


@pytest.mark.parametrize("zone", ZONES)
def test_fourteen_days_in_a_row(zone: str) -> None:
    rule = "FREQ=MONTHLY;BYMONTHDAY=20"
    assert_same(series_of(rule, zone, HALF_PAST_NINE, seconds=14 * 86_400))
    assert_same(series_of(rule, zone, MIDNIGHT, days=14))


RULES = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 9)),
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};BYDAY={};WKST={}".format,
        st.integers(1, 4),
        st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, unique=True).map(",".join),
        st.sampled_from(["MO", "SU"]),
    ),
    st.builds("FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, st.integers(1, 3), st.integers(1, 31)),
    st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYDAY={};BYSETPOS={}".format,
        st.integers(1, 3),
        st.sampled_from(["MO", "WE", "SU", "MO,TU,WE,TH,FR", "SA,SU"]),
        st.sampled_from([1, 2, 3, 4, -1]),
    ),
)
ENDS = st.one_of(st.just(""), st.integers(1, 40).map(";COUNT={}".format), st.just(";UNTIL=20260630T235959"))


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Series, dict[str, When]]:
    """A series with cancelled and moved occurrences, around a change of the clocks."""
    begin = draw(st.dates(date(2026, 2, 1), date(2026, 4, 20)) | st.dates(date(2025, 9, 1), date(2025, 11, 20)))
    # Five in the morning and later: no zone here skips or repeats these hours.
    start = datetime.combine(begin, time(draw(st.integers(5, 23)), draw(st.sampled_from([0, 15, 30]))))
    days = draw(st.none() | st.integers(1, 14))
    if days is not None:
        start = datetime.combine(begin, time.min)
    series = series_of(draw(RULES) + draw(ENDS), draw(st.sampled_from(ZONES)), start, days=days)
    standing = list(expand(series, EMPTY, Window(begin, begin + timedelta(days=300))).values())
    touched = draw(st.lists(st.sampled_from(standing), max_size=3, unique_by=lambda one: one.original_start))
    moved = {one.original_start: draw(_elsewhere(one.values["when"])) for one in touched[:1]}
    return replace(series, cancelled=frozenset(one.local_date for one in touched[1:])), moved


def _elsewhere(when: FieldValue) -> st.SearchStrategy[When]:
    shifts = st.integers(-3, 3).map(lambda days: timedelta(days=days, hours=0))
    match when:
        case AllDay(first, end):
            return shifts.map(lambda shift: AllDay(first + shift, end + shift))
        case Timed(start, end):
            return shifts.map(lambda shift: Timed(start + shift, end + shift + timedelta(minutes=15)))
    raise AssertionError(when)


@settings(max_examples=150, deadline=None)
@given(drawn())
def test_drawn_rules_with_cancelled_and_moved_occurrences(case: tuple[Series, dict[str, When]]) -> None:
    series, moved = case
    first = series.start.date()
    window = Window(first - timedelta(days=5), first + timedelta(days=320))
    assert inner(ours(series, moved, window), window) == inner(expanded(series, moved, window), window)
