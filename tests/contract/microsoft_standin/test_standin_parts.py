"""The parts of the Microsoft stand-in that have laws of their own, held against simple models."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backend.sandbox.microsoft import bodies, recurrence
from backend.sandbox.microsoft.identifiers import ItemId, decode
from backend.sandbox.microsoft.store import ChangeLog

OWNER = "11111111-1111-4111-8111-111111111111"
_LINES = st.lists(st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12), max_size=5)


@given(keys=st.lists(st.integers(0, 5), max_size=300), start=st.integers(0, 300))
def test_ms021_change_log_tells_each_key_once_at_its_latest_place(keys: list[int], start: int) -> None:
    log = ChangeLog()
    for sequence, key in enumerate(keys, start=1):
        log.record(key, sequence)
    latest = {key: sequence for sequence, key in enumerate(keys, start=1)}
    expected = sorted((sequence, key) for key, sequence in latest.items() if sequence > start)
    assert list(log.after(start)) == expected


@given(
    number=st.integers(1, 2**32 - 1),
    immutable=st.booleans(),
    place=st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1)),
    day=st.none() | st.dates(),
)
def test_ms011_ids_are_read_back_as_they_were_made(
    number: int, immutable: bool, place: tuple[int, int], day: date | None
) -> None:
    folder, moves = (0, 0) if immutable else place
    identity = ItemId(OWNER, number, immutable, folder, moves, day)
    text = identity.encode()
    assert decode(text) == identity
    assert "/" not in text
    assert "+" not in text


@given(lines=_LINES)
def test_ms058_text_comes_back_as_it_was_sent_but_for_line_ends(lines: list[str]) -> None:
    document = bodies.stored("\n".join(lines), "text")
    expected = "\r\n".join(lines) + "\r\n" if lines else ""
    assert bodies.as_text(document) == expected
    assert bodies.stored(document, "html") == document


_DAILY = {"type": "daily", "interval": 3}
_WEEKLY = {"type": "weekly", "interval": 2, "daysOfWeek": ["friday", "monday"], "firstDayOfWeek": "monday"}


@given(start=st.dates(date(2020, 1, 1), date(2030, 1, 1)), length=st.integers(0, 400))
def test_ms066_days_of_a_rule_follow_from_its_definition(start: date, length: int) -> None:
    limits = {"type": "endDate", "startDate": start.isoformat(), "endDate": (start + timedelta(length)).isoformat()}
    every = [start + timedelta(offset) for offset in range(length + 1)]
    monday = start - timedelta(start.weekday())
    expected = {
        "daily": [day for day in every if (day - start).days % 3 == 0],
        "weekly": [day for day in every if day.weekday() in (0, 4) and (day - monday).days // 7 % 2 == 0],
    }
    for pattern in (_DAILY, _WEEKLY):
        rule = recurrence.CHECK({"pattern": pattern, "range": limits}, "recurrence")
        days = recurrence.Days(recurrence.canonical(rule, "UTC", start))
        assert days.between(start, start + timedelta(500)) == expected[str(pattern["type"])]
