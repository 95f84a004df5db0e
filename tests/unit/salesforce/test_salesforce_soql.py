"""SOQL text and record ids."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from backend.salesforce import soql
from backend.salesforce.record_id import long_id


@pytest.mark.parametrize(
    ("moment", "literal"),
    [
        (datetime(2026, 11, 22, 13, tzinfo=UTC), "2026-11-22T13:00:00Z"),
        (datetime(2026, 11, 22, 13, 0, 0, 123_000, tzinfo=UTC), "2026-11-22T13:00:00.123Z"),
        (datetime(2026, 11, 22, 13, tzinfo=timezone(timedelta(hours=2))), "2026-11-22T11:00:00Z"),
    ],
)
def test_sf080_a_stamp_keeps_its_milliseconds_so_that_equality_holds(moment: datetime, literal: str) -> None:
    assert soql.instant(moment) == literal


def test_sf075_quotes_and_backslashes_are_escaped() -> None:
    assert soql.any_of("Name", ["O'Hara", "a\\b", "x\ny"]) == r"Name IN ('O\'Hara','a\\b','x\ny')"


def test_lists_are_split_by_number_and_by_length() -> None:
    assert [len(portion) for portion in soql.portions([str(n) for n in range(450)])] == [200, 200, 50]
    assert [len(portion) for portion in soql.portions(["x" * 5_000] * 5)] == [2, 2, 1]
    assert list(soql.portions([])) == []


def test_a_statement_has_only_the_parts_it_needs() -> None:
    assert soql.select(("Id", "Name"), "Account") == "SELECT Id, Name FROM Account"
    whole = soql.select(("Id",), "Account", "Name = 'x'", "Id")
    assert whole == "SELECT Id FROM Account WHERE Name = 'x' ORDER BY Id"


def test_sf022_a_short_id_gets_its_checksum() -> None:
    assert long_id("001A0000006Vm9u") == "001A0000006Vm9uIAC"
    assert long_id("001A0000006Vm9uIAC") == "001A0000006Vm9uIAC"
    assert long_id("00D000000000001") == "00D000000000001EAA"
