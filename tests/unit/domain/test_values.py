"""Field groups: comparing, picking and laying changes over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from backend.domain import text
from backend.domain.fieldmap import GROUPS, ROWS
from backend.domain.values import (
    AllDay,
    Kind,
    Name,
    Side,
    Timed,
    differing,
    end_instant,
    overlaid,
    picked,
    start_instant,
)

NINE = datetime(2026, 3, 9, 9, tzinfo=UTC)


def test_a_missing_group_is_none() -> None:
    assert differing({"title": None}, {}) == frozenset()
    assert differing({"title": "Countess"}, {}) == {"title"}
    assert differing({"title": "Countess", "phone": "1"}, {"phone": "2"}, ["phone"]) == {"phone"}


def test_coupled_fields_differ_as_a_whole() -> None:
    assert differing({"name": Name("Ada", "Lovelace")}, {"name": Name("Ada", "King")}) == {"name"}


def test_changes_lie_over_values_and_none_takes_a_group_away() -> None:
    assert overlaid({"title": "Countess", "phone": "1"}, {"title": None, "fax": "2"}) == {"phone": "1", "fax": "2"}
    assert picked({"title": "Countess"}, ["title", "phone"]) == {"title": "Countess", "phone": None}


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Timed(NINE.replace(tzinfo=None), NINE)


def test_whole_days_count_from_midnight_to_midnight_utc() -> None:
    days = AllDay(date(2026, 3, 9), date(2026, 3, 11))
    assert (start_instant(days), end_instant(days)) == (
        datetime(2026, 3, 9, tzinfo=UTC),
        datetime(2026, 3, 11, tzinfo=UTC),
    )
    span = Timed(NINE, NINE + timedelta(minutes=5))
    assert (start_instant(span), end_instant(span), span.duration) == (span.start, span.end, timedelta(minutes=5))


def test_each_side_has_the_other() -> None:
    assert (Side.MAILBOX.other, Side.CRM.other) == (Side.CRM, Side.MAILBOX)


def test_a_name_reads_in_order_without_what_is_missing() -> None:
    assert Name("Ada", "Lovelace", "King", "Lady", "I").display == "Lady Ada King Lovelace I"
    assert Name(last="Lovelace").display == "Lovelace"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("  a \t b\n", "a   b"), ("a\r\nb", "a  b"), ("", None), (" \n", None), (None, None)],
)
def test_a_line_is_trimmed_and_has_no_line_ends(typed: str | None, kept: str | None) -> None:
    assert text.line(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("\r\n one \r\n\r\ntwo\r", "one\n\ntwo"), ("a\u00a0b", "a b"), ("\n\n", None), (None, None)],
)
def test_a_block_keeps_its_inner_lines_only(typed: str | None, kept: str | None) -> None:
    assert text.block(typed) == kept


@pytest.mark.parametrize(
    ("typed", "kept"), [("abc", "abc"), ("abcd", "abcd"), ("abcde", "abc…"), ("ab  e", "ab…"), ("", "")]
)
def test_ls119_shortened_text_ends_in_an_ellipsis(typed: str, kept: str) -> None:
    assert text.shortened(typed, 4) == kept


@pytest.mark.parametrize("kind", list(Kind))
def test_the_field_map_names_every_field_once(kind: Kind) -> None:
    rows = ROWS[kind]
    for names in ([row.salesforce for row in rows], [row.graph for row in rows], [row.label for row in rows]):
        assert len(names) == len(set(names))
    assert {row.group for row in rows} == set(GROUPS[kind])
    assert len({(row.group, row.part) for row in rows}) == len(rows)
