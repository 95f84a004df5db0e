"""Event series written and read as one user, against the stand-in (E-10)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.domain.values import Kind, Timed, Values
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.crm import Record
from backend.salesforce.crm import SalesforceUser

TEN = datetime(2030, 3, 4, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3"
LUNCH: Values = {"subject": "Lunch", "when": Timed(TEN, TEN + HOUR), "location": "Roma"}


def new(pattern: str, values: Values = LUNCH) -> Write:
    return Write(uuid4(), Op.CREATE, Kind.EVENT, values, key=uuid4(), pattern=pattern)


def one(user: SalesforceUser, write: Write) -> Answer[Record]:
    [answer] = user.write([write])
    return answer


def made(user: SalesforceUser, pattern: str = DAILY) -> Record:
    answer = one(user, new(pattern))
    assert answer.result is Result.OK, answer
    assert answer.stored is not None
    return answer.stored


def rows(user: SalesforceUser, event: str) -> list[Record]:
    return sorted(user.series_rows([event])[event], key=lambda record: str(record.values["when"]))


@pytest.fixture
def user(bench: Any) -> SalesforceUser:
    """A user in London."""
    bench.sandbox.world.clock.freeze(TEN - timedelta(days=2))
    user: SalesforceUser = bench.user(time_zone="Europe/London")
    return user


def test_sf098_one_create_makes_all_occurrences_and_the_first_carries_the_key(bench: Any, user: Any) -> None:
    first = made(user)
    bench.clear_calls()
    found = rows(user, first.id)
    assert bench.calls() == 2
    assert found[0] == first
    assert [record.values["when"] for record in found] == [
        Timed(TEN + timedelta(days=day), TEN + HOUR + timedelta(days=day)) for day in range(3)
    ]
    assert [record.key_tag is not None for record in found] == [True, False, False]
    assert {record.values["location"] for record in found} == {"Roma"}


def test_series_are_told_apart_and_single_events_have_none(bench: Any, user: Any) -> None:
    first, second, single = made(user), made(user, DAILY.replace("COUNT=3", "COUNT=4")), one(user, new(""))
    assert single.stored is not None
    assert single.stored.series is None
    found = user.series_rows([first.id, second.id, single.stored.id])
    assert [len(found[event]) for event in (first.id, second.id, single.stored.id)] == [3, 4, 0]
    assert {record.series for record in found[first.id]} == {first.series}
    assert first.series != second.series
    pages = list(bench.organisation().changes(None, ()))
    seen = [record for page in pages for record in page.records.get(Kind.EVENT, ())]
    assert sum(record.series == first.series for record in seen) == 3, "the organisation names a series alike"


def test_what_was_deleted_of_a_series_is_told_as_such(user: Any) -> None:
    first = made(user)
    gone = rows(user, first.id)[1]
    assert one(user, Write(uuid4(), Op.DELETE, Kind.EVENT, {}, target=gone.id)).result is Result.OK
    assert [record.in_bin for record in rows(user, first.id)] == [False, True, False]


@pytest.mark.parametrize("pattern", ["RRULE:FREQ=DAILY;COUNT=1000", "RRULE:FREQ=WEEKLY;COUNT=3"])
def test_sf100_ls155_what_is_no_pattern_for_salesforce_is_made_as_a_single_event(user: Any, pattern: str) -> None:
    write = new(pattern)
    answer = one(user, write)
    assert answer.result is Result.OK
    assert answer.stored is not None
    assert (answer.stored.key_tag, answer.stored.series) == (write.key, None)


def test_sf102_an_occurrence_is_changed_only_by_who_means_all_of_them(user: Any) -> None:
    first = made(user)
    change = Write(uuid4(), Op.UPDATE, Kind.EVENT, {"location": "Milano"}, target=first.id)
    assert one(user, change).code == "EVENT_SERIES"
    assert {record.values["location"] for record in rows(user, first.id)} == {"Roma"}

    known = Write(uuid4(), Op.UPDATE, Kind.EVENT, {"location": "Milano"}, target=first.id, in_series=True)
    assert one(user, known).result is Result.OK
    assert {record.values["location"] for record in rows(user, first.id)} == {"Milano"}


def test_sf102_one_that_is_over_changes_alone(bench: Any, user: Any) -> None:
    first = made(user)
    bench.sandbox.world.clock.advance(3 * 86_400)
    change = Write(uuid4(), Op.UPDATE, Kind.EVENT, {"location": "Milano"}, target=first.id, in_series=True)
    assert one(user, change).result is Result.OK
    assert [record.values["location"] for record in rows(user, first.id)] == ["Milano", "Roma", "Roma"]
