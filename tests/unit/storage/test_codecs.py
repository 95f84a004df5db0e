"""What is stored comes back equal, and equal things are stored alike."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.configuration import Configuration
from backend.domain.recurrence import Series
from backend.domain.values import AllDay, Name, Timed
from backend.storage.configuration_codec import decode_settings, encode_configuration
from backend.storage.series_codec import decode_series, encode_series
from backend.storage.stored_values import Decoder, Encoder, JsonText, serialize
from backend.storage.types import UtcDateTime

NINE = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - wall clock of the series
EXCEPTION = {
    "subject": "Moved",
    "when": Timed(datetime(2026, 3, 9, 8, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)),
}


@pytest.mark.parametrize(
    "series",
    [
        Series("FREQ=DAILY", NINE, "UTC", 3600),
        Series("FREQ=WEEKLY;BYDAY=MO", NINE, "Europe/Berlin", 0, days=2),
        Series(
            "FREQ=DAILY;COUNT=9", NINE, "UTC", 60, None,
            frozenset({date(2026, 3, 4), date(2026, 3, 3)}), {"2026-03-09T08:00:00+00:00": EXCEPTION},
        ),
    ],
    ids=["plain", "all-day", "exceptions"],
)  # fmt: skip
def test_a_series_survives_storage(series: Series) -> None:
    assert decode_series(json.loads(json.dumps(encode_series(series)))) == series


def test_equal_series_are_stored_alike() -> None:
    days = [date(2026, 3, number) for number in range(1, 9)]
    one = Series("FREQ=DAILY", NINE, "UTC", 60, cancelled=frozenset(days), exceptions={"b": {}, "a": {}})
    two = Series("FREQ=DAILY", NINE, "UTC", 60, cancelled=frozenset(reversed(days)), exceptions={"a": {}, "b": {}})
    assert json.dumps(encode_series(one)) == json.dumps(encode_series(two))


def test_a_configuration_survives_storage_but_for_its_name() -> None:
    settings = Configuration("Name", active=False, version=7, days_back=3)
    assert decode_settings(json.dumps(encode_configuration(settings))) == Configuration("", days_back=3)


def test_an_empty_group_and_a_missing_one_are_stored_alike() -> None:
    encode = Encoder()
    assert encode.text({"a": "x", "b": None}) == encode.text({"a": "x"}) == '{"a":"x"}'
    assert encode.text(None) is None


def test_in_a_patch_an_empty_group_is_meant() -> None:
    assert Encoder().patch({"a": "x", "b": None}) == '{"a":"x","b":null}'


def test_equal_values_are_encoded_and_decoded_once() -> None:
    encode, decode = Encoder(), Decoder()
    values = {"name": Name("Ada", "Love"), "when": AllDay(date(2026, 3, 2), date(2026, 3, 3))}
    text = encode.text(values)
    assert encode.text(values) is text
    assert decode(text) == values
    assert decode(str(text)) is decode(text)
    assert decode(None) is None


def test_ready_json_is_not_encoded_again() -> None:
    assert serialize(JsonText('{"a":1}')) == '{"a":1}'
    assert serialize({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=["sqlite", "postgresql"])
def test_a_time_is_stored_in_utc_and_naive_times_are_refused(dialect: object) -> None:
    column = UtcDateTime()
    tokyo = datetime(2026, 3, 2, 18, tzinfo=timezone(timedelta(hours=9)))
    noon = datetime(2026, 3, 2, 9, tzinfo=UTC)
    stored = column.process_bind_param(tokyo, dialect)
    assert stored is not None
    assert stored.isoformat() == noon.isoformat()
    assert column.process_result_value(noon.replace(tzinfo=None), dialect) == noon
    assert column.process_result_value(tokyo, dialect) == noon
    assert column.process_bind_param(None, dialect) is column.process_result_value(None, dialect) is None
    with pytest.raises(ValueError, match="naive"):
        column.process_bind_param(NINE, dialect)
