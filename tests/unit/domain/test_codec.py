"""Field values survive the database."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.codec import decode, decode_values, encode, encode_values
from backend.domain.values import FieldValue, Kind, ShowAs, Timed
from tests.fakes.drawn_values import grouped, whole_values


@settings(max_examples=400)
@given(grouped())
def test_every_value_comes_back_through_json(drawn: tuple[Kind, str, FieldValue]) -> None:
    _, _, value = drawn
    back = decode(json.loads(json.dumps(encode(value))))
    assert back == value
    assert type(back) is type(value)


@given(st.sampled_from(Kind).flatmap(whole_values))
def test_patches_keep_their_explicit_blanks(values: dict[str, FieldValue]) -> None:
    assert decode_values(json.loads(json.dumps(encode_values(values)))) == values


def test_a_status_is_not_taken_for_text() -> None:
    assert encode(ShowAs.BUSY) == ["show", "busy"]
    assert decode(["show", "busy"]) is ShowAs.BUSY
    assert decode("busy") == "busy"
    assert not isinstance(decode("busy"), ShowAs)


def test_an_instant_keeps_its_offset() -> None:
    start = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
    value = Timed(start, start + timedelta(hours=1), "Europe/London")
    assert encode(value) == ["timed", "2026-03-09T09:00:00+00:00", "2026-03-09T10:00:00+00:00", "Europe/London"]


@pytest.mark.parametrize("stored", [[], ["nonsense", 1], 7, {"a": 1}, [["name"]]])
def test_what_was_not_encoded_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match=r"encoded|unknown"):
        decode(stored)


def test_a_birthday_is_a_date_and_not_a_time() -> None:
    assert decode(encode(date(1815, 12, 10))) == date(1815, 12, 10)
