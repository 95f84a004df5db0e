"""Series through Graph: masters read whole, bare occurrences, orphans, exceptions wherever they were moved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.domain.recurrence import Window, expand
from backend.domain.values import AllDay, Kind, Timed, Values
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.errors import Transient
from backend.ports.mailbox import Item, Page
from backend.sandbox.faults import Rule
from tests.contract.ports.mailbox_port import NINE, SPAN, WEEKLY_STARTS, meeting, timed
from tests.fakes.graph_bench import GraphBench, meeting_body, weekly

WINDOW = Window(SPAN.first, SPAN.end)


@pytest.fixture
def series(graph_bench: GraphBench) -> str:
    """Six Mondays at nine in London, over the change to summer time."""
    body = {**meeting_body(meeting("Weekly")), "recurrence": weekly("2026-03-09", 6, "monday")}
    return graph_bench.box.create_event(body)


def read(bench: GraphBench, cursor: str | None = None) -> tuple[dict[str, Item], list[str], str]:
    pages: list[Page] = list(bench.port.changes(Kind.EVENT, "", cursor, SPAN))
    items = {item.id: item for page in pages for item in page.items}
    last = pages[-1].cursor
    assert last is not None
    return items, [id for page in pages for id in page.removed], last


def starts(item: Item) -> dict[str, Any]:
    assert item.series is not None
    return {key: each.values["when"] for key, each in expand(item.series, item.values, WINDOW).items()}


def send(bench: GraphBench, op: Op, target: str, values: Values, **more: Any) -> Answer[Item]:
    return bench.port.write(bench.box.calendar.id, [Write(uuid4(), op, Kind.EVENT, values, target=target, **more)])[0]


def test_ms028_bare_occurrences_never_become_items(graph_bench: GraphBench, series: str) -> None:
    items, removed, _ = read(graph_bench)
    assert (list(items), removed) == ([series], [])
    assert items[series].values["subject"] == "Weekly"
    assert items[series].key_tag is None


def test_ms029_a_deleted_occurrence_has_no_tombstone_and_is_seen_all_the_same(
    graph_bench: GraphBench, series: str
) -> None:
    _, _, cursor = read(graph_bench)
    graph_bench.box.delete_occurrence(series, date(2026, 3, 23))
    items, removed, _ = read(graph_bench, cursor)
    assert removed == []
    assert list(starts(items[series])) == [start for start in WEEKLY_STARTS if "03-23" not in start]


def test_ms030_a_series_from_years_ago_is_read_with_its_first_start(graph_bench: GraphBench) -> None:
    body = {
        **meeting_body(meeting("Old", datetime(2019, 1, 7, 9, tzinfo=UTC))),
        "recurrence": {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"},
            "range": {"type": "noEnd", "startDate": "2019-01-07"},
        },
    }
    target = graph_bench.box.create_event(body)
    items, _, _ = read(graph_bench)
    found = items[target]
    assert found.series is not None
    assert found.series.start == datetime(2019, 1, 7, 9)  # noqa: DTZ001  # wall-clock time
    assert {when.start.hour for when in starts(found).values()} == {8, 9}


def test_ms032_occurrences_without_their_master_make_us_read_it(graph_bench: GraphBench, series: str) -> None:
    graph_bench.tenant.quirks.omit_masters = True
    items, _, _ = read(graph_bench)
    assert list(starts(items[series])) == WEEKLY_STARTS


def test_ms032_a_master_that_is_gone_meanwhile_is_reported_removed(graph_bench: GraphBench, series: str) -> None:
    graph_bench.world.faults.add(
        Rule("hook", operation="batch", nth=1, hook=lambda _: graph_bench.box.delete_event(series))
    )
    items, removed, cursor = read(graph_bench)
    assert (items, removed) == ({}, [series])
    assert read(graph_bench, cursor)[1] == [series]


def test_a_master_that_cannot_be_read_ends_the_round_so_that_the_change_is_not_lost(
    graph_bench: GraphBench, series: str
) -> None:
    """INV-4: the cursor is only given out with what it covers."""
    graph_bench.world.faults.add(Rule("503", operation="batch"))
    with pytest.raises(Transient):
        read(graph_bench)
    graph_bench.world.faults.clear()
    assert list(read(graph_bench)[0]) == [series]


def test_ms067_an_exception_moved_far_away_is_still_found_and_written(graph_bench: GraphBench, series: str) -> None:
    """By its original start, through the master: it is no longer near that start."""
    graph_bench.box.update_occurrence(
        series, date(2026, 4, 13), meeting_body({"when": timed(datetime(2026, 8, 3, 8, tzinfo=UTC))})
    )
    last = WEEKLY_STARTS[-1]
    answer = send(graph_bench, Op.UPDATE, series, {"subject": "Far"}, original_start=last)
    assert answer.result is Result.OK
    assert answer.stored is not None
    assert answer.stored.series is not None
    assert answer.stored.series.exceptions[last]["subject"] == "Far"
    assert starts(answer.stored)[last].start == datetime(2026, 8, 3, 8, tzinfo=UTC)


def test_e8_the_answer_to_an_occurrences_write_is_its_series_read_whole(graph_bench: GraphBench, series: str) -> None:
    graph_bench.calls()
    answer = send(graph_bench, Op.UPDATE, series, {"location": "Room 4"}, original_start=WEEKLY_STARTS[1])
    # To look (master and instances), to write, to read back.
    assert graph_bench.calls() == (3, 4)
    assert answer.stored is not None
    fetched = graph_bench.port.fetch(Kind.EVENT, graph_bench.box.calendar.id, [series])[series]
    assert answer.stored == fetched


def test_several_occurrences_of_one_series_in_one_batch(graph_bench: GraphBench, series: str) -> None:
    writes = [
        Write(uuid4(), Op.UPDATE, Kind.EVENT, {"subject": f"W{n}"}, target=series, original_start=start)
        for n, start in enumerate(WEEKLY_STARTS[:4])
    ]
    writes.append(Write(uuid4(), Op.DELETE, Kind.EVENT, {}, target=series, original_start=WEEKLY_STARTS[4]))
    answers = graph_bench.port.write(graph_bench.box.calendar.id, writes)
    assert [answer.result for answer in answers] == [Result.OK] * 5
    stored = answers[0].stored
    assert stored is not None
    assert stored.series is not None
    assert [each["subject"] for each in stored.series.exceptions.values()] == ["W0", "W1", "W2", "W3"]
    assert stored.series.cancelled == {date(2026, 4, 6)}


def test_ms068_an_occurrence_that_would_cross_its_neighbour_is_refused_in_a_sentence(
    graph_bench: GraphBench, series: str
) -> None:
    crossing = {"when": timed(NINE + timedelta(days=7))}
    answer = send(graph_bench, Op.UPDATE, series, crossing, original_start=WEEKLY_STARTS[0])
    assert (answer.result, answer.code) == (Result.REFUSED, "ErrorOccurrenceCrossingBoundary")
    assert "neighbour" in answer.message


def test_ms069_a_whole_series_is_not_moved_since_that_discards_its_exceptions(
    graph_bench: GraphBench, series: str
) -> None:
    answer = send(graph_bench, Op.UPDATE, series, {"when": timed(NINE + timedelta(hours=1))})
    assert (answer.result, answer.code) == (Result.REFUSED, "series_time")
    renamed = send(graph_bench, Op.UPDATE, series, {"subject": "Renamed"}).stored
    assert renamed is not None
    assert {each.values["subject"] for each in expand(renamed.series, renamed.values, WINDOW).values()} == {"Renamed"}  # type: ignore[arg-type]  # a series has one


@pytest.mark.parametrize("original", ["2026-03-10T09:00:00+00:00", "2026-03-09"])
def test_an_occurrence_that_the_rule_does_not_have_is_gone(graph_bench: GraphBench, series: str, original: str) -> None:
    assert send(graph_bench, Op.DELETE, series, {}, original_start=original).result is Result.GONE


def test_an_occurrence_of_what_is_no_series_is_gone(graph_bench: GraphBench) -> None:
    single = graph_bench.create(Kind.EVENT, meeting("Review"))
    assert send(graph_bench, Op.DELETE, single, {}, original_start=NINE.isoformat()).result is Result.GONE
    assert len(graph_bench.box.events()) == 1


def test_ms046_a_series_whose_occurrence_changed_is_no_longer_what_was_planned(
    graph_bench: GraphBench, series: str
) -> None:
    seen = read(graph_bench)[0][series]
    graph_bench.box.delete_occurrence(series, date(2026, 3, 23))
    answer = send(graph_bench, Op.UPDATE, series, {"subject": "x"}, expect=seen.version)
    assert answer.result is Result.MOVED
    assert answer.stored is not None
    fresh = send(graph_bench, Op.UPDATE, series, {"subject": "x"}, expect=answer.stored.version)
    assert fresh.result is Result.OK


@pytest.mark.parametrize("zone", ["AUS Eastern Standard Time", "Eastern Standard Time", "US Mountain Standard Time"])
def test_ms072_nine_oclock_stays_nine_oclock_in_every_zone(graph_bench: GraphBench, zone: str) -> None:
    body = {
        "subject": "Weekly",
        "start": {"dateTime": "2026-02-02T09:00:00", "timeZone": zone},
        "end": {"dateTime": "2026-02-02T10:00:00", "timeZone": zone},
        "recurrence": weekly("2026-02-02", 40, "monday"),
    }
    target = graph_bench.box.create_event(body)
    item = read(graph_bench)[0][target]
    whole = expand(item.series, item.values, Window(date(2026, 1, 1), date(2027, 1, 1)))  # type: ignore[arg-type]  # a series has one
    mine = [each.values["when"] for each in whole.values()]
    theirs = [
        datetime.fromisoformat(event["start"]["dateTime"][:19]).replace(tzinfo=UTC)
        for event in _instances(graph_bench, target)
    ]
    assert [when.start for when in mine if isinstance(when, Timed)] == theirs
    assert len(theirs) == 40


def _instances(bench: GraphBench, target: str) -> list[dict[str, Any]]:
    """What the service itself makes of the series."""
    query = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2027-01-01T00:00:00Z&$top=100"
    transport = bench.connection._transport
    found = transport.get(
        f"/users/{bench.ada.id}/events/{target}/instances?{query}", "test", bench.connection._gate("")
    )
    return list(found["value"])


def test_ms057_an_all_day_series_has_dates_and_its_occurrences_are_written_by_date(graph_bench: GraphBench) -> None:
    body = {
        **meeting_body({"subject": "Fair", "when": AllDay(date(2026, 3, 9), date(2026, 3, 11))}),
        "recurrence": weekly("2026-03-09", 4, "monday"),
    }
    target = graph_bench.box.create_event(body)
    item = read(graph_bench)[0][target]
    assert starts(item)["2026-03-16"] == AllDay(date(2026, 3, 16), date(2026, 3, 18))
    assert send(graph_bench, Op.UPDATE, target, {"subject": "Other"}, original_start="2026-03-16").result is Result.OK
    stored = send(graph_bench, Op.DELETE, target, {}, original_start="2026-03-23").stored
    assert stored is not None
    assert list(starts(stored)) == ["2026-03-09", "2026-03-16", "2026-03-30"]
    assert stored.series is not None
    assert stored.series.exceptions.keys() == {"2026-03-16"}
