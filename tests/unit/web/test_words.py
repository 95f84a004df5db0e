"""Numbers, times and differences as people read them (look and feel, 8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from backend.domain.values import AllDay, Timed
from backend.storage.views.organisation import Budget
from backend.web.charts import budget_chart, full_at
from backend.web.csv_file import defused
from backend.web.fields import Piece, diff
from backend.web.numbers import count, spell, took
from backend.web.times import Times

NOW = datetime(2026, 11, 24, 9, 42, 18, tzinfo=UTC)
STOCKHOLM = Times(ZoneInfo("Europe/Stockholm"), NOW)


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (184206, "184,206"), (None, "\N{EN DASH}")])
def test_counts_are_given_in_full(number: int | None, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("seconds", "column", "sentence"),
    [
        (2, "0:02", "2 s"),
        (64, "1:04", "1 min"),
        (252, "4:12", "4 min"),
        (3849, "1:04:09", "1 h 4 min"),
        (7200, "2:00:00", "2 h"),
    ],
)
def test_durations(seconds: int, column: str, sentence: str) -> None:
    assert (took(timedelta(seconds=seconds)), spell(timedelta(seconds=seconds))) == (column, sentence)


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=12), "12 s ago"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(minutes=59, seconds=59), "60 min ago"),
        (timedelta(hours=2), "08:42"),
        (timedelta(hours=12), "Mon 22:42"),
        (timedelta(days=6), "Wed 10:42"),
        (timedelta(days=20), "4 Nov"),
        (timedelta(days=385), "4 Nov 2025"),
        (-timedelta(seconds=48), "in 48 s"),
        (-timedelta(hours=3), "13:42"),
    ],
)
def test_moments_are_relative_within_the_hour_then_by_the_viewers_clock(ago: timedelta, text: str) -> None:
    assert STOCKHOLM.short(NOW - ago) == text


def test_full_time_names_the_zone() -> None:
    assert STOCKHOLM.full(NOW) == "Tuesday, 24 November 2026, 10:42:18 Europe/Stockholm"


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (Timed(NOW, NOW + timedelta(hours=1.5), None), "Tue 24 Nov, 10:42 to 12:12 Europe/Stockholm"),
        (Timed(NOW, NOW + timedelta(days=1), None), "Tue 24 Nov, 10:42 to Wed 25 Nov, 10:42 Europe/Stockholm"),
        (AllDay(date(2026, 11, 24), date(2026, 11, 25)), "Tue 24 Nov, all day"),
        (AllDay(date(2026, 12, 30), date(2027, 1, 2)), "Wed 30 Dec to Fri 1 Jan 2027, all day"),
    ],
)
def test_spans(when: Timed | AllDay, text: str) -> None:
    assert STOCKHOLM.span(when) == text


def test_span_in_its_own_zone_and_with_a_zone_that_does_not_exist() -> None:
    when = Timed(NOW, NOW + timedelta(hours=1), None)

    assert STOCKHOLM.span(when, "America/New_York") == "Tue 24 Nov, 04:42 to 05:42 America/New_York"
    assert STOCKHOLM.span(when, "Mars/Olympus") == "Tue 24 Nov, 10:42 to 11:42 Europe/Stockholm"


def test_day_begins_at_the_viewers_midnight() -> None:
    assert Times(ZoneInfo("Asia/Tokyo"), NOW).midnight() == datetime(2026, 11, 23, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        (
            "Room A and B",
            "Room A or B",
            (Piece("same", "Room A "), Piece("gone", "and"), Piece("new", "or"), Piece("same", " B")),
        ),
        ("Head of Procurement", "VP Sales", (Piece("gone", "Head of Procurement"), Piece("new", "VP Sales"))),
        ("", "new", (Piece("new", "new"),)),
        ("old", "", (Piece("gone", "old"),)),
        ("same", "same", (Piece("same", "same"),)),
        (
            "a b c d e f",
            "a x y d e f",
            (Piece("same", "a "), Piece("gone", "b c"), Piece("new", "x y"), Piece("same", " d e f")),
        ),
    ],
)
def test_differences_are_shown_by_words(before: str, after: str, pieces: tuple[Piece, ...]) -> None:
    assert diff(before, after) == pieces


@settings(max_examples=100, deadline=None)
@given(some.text("ab c", max_size=30), some.text("ab c", max_size=30))
def test_differences_lose_and_invent_nothing(before: str, after: str) -> None:
    pieces = diff(before, after)

    assert "".join(piece.text for piece in pieces if piece.move != "new") == before
    assert "".join(piece.text for piece in pieces if piece.move != "gone") == after


@pytest.mark.parametrize(("cell", "safe"), [("=1", "'=1"), ("+46 70", "'+46 70"), ("plain", "plain"), ("", "")])
def test_cells_that_begin_like_a_formula_are_defused(cell: str, safe: str) -> None:
    assert defused(cell) == safe


def budget(used: int, limit: int, hours: list[int], yesterday: list[int] | None = None) -> Budget:
    padded = tuple(hours + [0] * (24 - len(hours)))
    return Budget(used, limit, padded, tuple(yesterday or [0] * 24), ())


def test_ls190_forecast_follows_the_pace_of_the_last_hours() -> None:
    chart = budget_chart(budget(600, 10_000, [0, 0, 0, 200, 200, 100]), datetime(2026, 11, 24, 5, 30, tzinfo=UTC))

    assert chart.forecast == 500 + 200 * 18.5
    assert chart.ends_at is None


def test_ls190_calls_that_fall_out_of_the_24_hours_make_room() -> None:
    now, hours = datetime(2026, 11, 24, 5, 0, tzinfo=UTC), [0, 0, 0, 200, 200, 0]
    pace_per_hour = 400 / (2 + 1 / 60)

    alone = full_at(budget(9_000, 10_000, hours), now)
    steady = full_at(budget(9_000, 10_000, hours, [200] * 24), now)

    assert alone == now + timedelta(hours=1000 / pace_per_hour)
    assert steady is None


def test_chart_of_a_day_without_calls_is_flat_and_has_no_end() -> None:
    chart = budget_chart(Budget(None, None, (0,) * 24, (0,) * 24, ()), datetime(2026, 11, 24, 0, 0, tzinfo=UTC))

    assert (chart.used, chart.forecast, chart.limit, chart.ends_at) == ("M0 54 L0 54", 0, None, None)
