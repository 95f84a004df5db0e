"""Hypothesis strategies for field values of both kinds: what people type, and what services make of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from backend.domain.fieldmap import GROUPS, ROWS, Shape
from backend.domain.values import Address, AllDay, FieldValue, Kind, Name, ShowAs, Timed

ZONES = ("Europe/London", "America/New_York", "Australia/Sydney", "America/Phoenix")

_LETTERS = st.characters(codec="utf-8")
_ODD = st.sampled_from([" ", "\t", "\r\n", "\n", "\r", "\u00a0", "  ", "x" * 90, "ü", "…", "😀", "\x0b", "\x85"])
texts = st.none() | st.lists(_ODD | st.text(_LETTERS, max_size=8), max_size=6).map("".join)
long_texts = st.integers(250, 260).map(lambda size: "word " * 50 + "y" * (size - 250)) | st.just("z" * 33_000)

days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


@st.composite
def timed(draw: st.DrawFn) -> Timed:
    """A span of up to fourteen days, with microseconds that no service keeps."""
    start = draw(instants)
    length = draw(st.timedeltas(timedelta(minutes=1), timedelta(days=14)))
    return Timed(start, start + length, draw(st.sampled_from([None, *ZONES])))


@st.composite
def all_day(draw: st.DrawFn) -> AllDay:
    """One to fourteen whole days."""
    first = draw(days)
    return AllDay(first, first + timedelta(days=draw(st.integers(1, 14))))


def group_values(kind: Kind, group: str) -> st.SearchStrategy[FieldValue]:
    """Any value of a group, None included."""
    rows = [row for row in ROWS[kind] if row.group == group]
    if group == "name":
        return st.none() | st.builds(Name, texts, texts, texts, texts, texts)
    if rows[0].part is not None and group != "when":
        return st.none() | st.builds(Address, texts, texts, texts, texts, texts)
    match rows[0].shape:
        case Shape.DATE:
            return st.none() | days
        case Shape.FLAG:
            return st.none() | st.booleans()
        case Shape.SHOW_AS:
            return st.none() | st.sampled_from(ShowAs)
        case Shape.WHEN:
            return st.none() | timed() | all_day()
    return texts | long_texts


ALL_GROUPS = [(kind, group) for kind in Kind for group in GROUPS[kind]]


@st.composite
def grouped(draw: st.DrawFn) -> tuple[Kind, str, FieldValue]:
    """A kind, one of its groups, and a value of it."""
    kind, group = draw(st.sampled_from(ALL_GROUPS))
    return kind, group, draw(group_values(kind, group))


def whole_values(kind: Kind) -> st.SearchStrategy[dict[str, FieldValue]]:
    """Several groups of one kind, None as in a patch included."""
    return st.fixed_dictionaries({}, optional={group: group_values(kind, group) for group in GROUPS[kind]})
