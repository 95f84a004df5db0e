"""Which series Salesforce can keep, and by which pattern (LS-152, LS-155; SF-100)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import native_series
from backend.domain.native_series import NotNative, makes, pattern
from backend.domain.recurrence import Series, Window, expand
from backend.domain.values import AllDay, Timed, start_instant
from backend.sandbox.salesforce.series import parse

START = datetime.fromisoformat("2026-01-05T09:00")  # a Monday
WINDOW = Window(date(2025, 12, 1), date(2029, 12, 1))


def starts(series: Series, window: Window = WINDOW) -> list[datetime]:
    moments = (occurrence.values["when"] for occurrence in expand(series, {}, window).values())
    return [start_instant(when) for when in moments if isinstance(when, Timed | AllDay)]


def text(rule: str, start: datetime = START, zone: str = "Europe/Berlin", owner: str = "Europe/Berlin") -> str:
    series = Series(rule, start, zone, 3600)
    return pattern(series, starts(series), owner)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3;COUNT=5", "RRULE:FREQ=DAILY;INTERVAL=3;COUNT=5"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU;UNTIL=20260201T235959",
            "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;WKST=SU;INTERVAL=2;COUNT=4",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=5;COUNT=3", "RRULE:FREQ=MONTHLY;BYMONTHDAY=5;INTERVAL=1;COUNT=3"),
        (
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;COUNT=3",
            "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;INTERVAL=1;COUNT=3",
        ),
        (
            "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5;COUNT=2",
            "RRULE:FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=5;INTERVAL=1;COUNT=2",
        ),
    ],
)
def test_ls155_rules_of_the_subset_are_written_with_the_number_of_their_meetings(rule: str, expected: str) -> None:
    assert text(rule) == expected


def test_sf100_the_last_day_of_a_short_month_is_the_31st() -> None:
    rule = "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1;COUNT=4"
    expected = "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;INTERVAL=1;COUNT=4"
    assert text(rule, datetime.fromisoformat("2026-01-31T09:00")) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYMONTHDAY=5;COUNT=2",
        "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1;COUNT=3",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1;COUNT=3",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5;COUNT=3",
        "FREQ=DAILY;BYHOUR=9;COUNT=3",
        "FREQ=WEEKLY;BYDAY=MO;BYMONTH=1;COUNT=3",
        "FREQ=HOURLY;COUNT=3",
    ],
)
def test_ls155_rules_outside_the_subset_are_told(rule: str) -> None:
    with pytest.raises(NotNative, match=native_series.NO_SUCH_RULE):
        text(rule)


def test_ls155_more_than_999_meetings_are_too_many() -> None:
    series = Series("FREQ=DAILY", START, "Europe/Berlin", 3600)
    found = starts(series, Window(date(2026, 1, 1), date(2028, 12, 1)))
    with pytest.raises(NotNative, match="999"):
        pattern(series, found, "Europe/Berlin")
    assert pattern(series, found[:999], "Europe/Berlin").endswith("COUNT=999")


@pytest.mark.parametrize(
    ("zone", "owner", "fits"),
    [
        ("Europe/Berlin", "Europe/Paris", True),
        ("Europe/Berlin", "Asia/Kolkata", False),
        ("America/New_York", "Europe/Berlin", False),
        ("Asia/Kolkata", "Asia/Kolkata", True),
        ("Europe/Berlin", "Mars/Olympus", False),
    ],
)
def test_ls162_a_series_is_native_only_where_its_hours_stay_in_its_owners_zone(
    zone: str, owner: str, fits: bool
) -> None:
    """SF 4: the pattern is reckoned in the zone of the user who makes it."""
    rule = "FREQ=WEEKLY;BYDAY=MO;COUNT=30"
    if fits:
        assert text(rule, zone=zone, owner=owner).endswith("COUNT=30")
    else:
        with pytest.raises(NotNative, match=native_series.OTHER_HOURS):
            text(rule, zone=zone, owner=owner)


def test_a_late_evening_is_another_day_for_an_owner_further_east() -> None:
    late = datetime.fromisoformat("2026-01-05T23:00")
    with pytest.raises(NotNative, match=native_series.OTHER_HOURS):
        text("FREQ=WEEKLY;BYDAY=MO;COUNT=3", late, "Europe/London", "Asia/Tokyo")


def test_whole_days_are_never_native() -> None:
    series = Series("FREQ=DAILY;COUNT=3", START.replace(hour=0), "UTC", 0, 1)
    with pytest.raises(NotNative, match=native_series.WHOLE_DAYS):
        pattern(series, starts(series), "UTC")


DAYS = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=7, unique=True)
RULES = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 20)),
    st.builds(
        lambda days, interval, first: f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={','.join(days)};WKST={first}",
        DAYS, st.integers(1, 4), st.sampled_from(["SU", "MO"]),
    ),
    st.builds("FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, st.integers(1, 3), st.integers(1, 28)),
    st.just("FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"),
    st.builds(
        "FREQ=MONTHLY;INTERVAL=1;BYDAY={};BYSETPOS={}".format,
        st.sampled_from(["MO", "FR", "MO,TU,WE,TH,FR", "SA,SU"]), st.sampled_from([1, 2, 3, 4, -1]),
    ),
)  # fmt: skip
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "UTC"])


@given(RULES, ZONES, ZONES, st.integers(2, 40), st.integers(0, 500_000))
def test_inv23_what_is_written_makes_just_the_meetings_of_the_mailbox(
    rule: str, zone: str, owner: str, count: int, minutes: int
) -> None:
    """The stand-in reads and expands the text by itself, in the owner's zone (SF-098 to SF-100)."""
    series = Series(rule, START + timedelta(minutes=minutes), zone, 1800)
    found = starts(series, Window(date(2026, 1, 1), date(2030, 1, 1)))[:count]
    try:
        written = pattern(series, found, owner)
    except NotNative:
        return
    assert makes(written, found, owner)
    assert parse(written).starts(found[0], owner, 0) == [moment.astimezone(UTC) for moment in found]
    assert found[0].astimezone(ZoneInfo(owner)) == found[0]
