"""Calls are counted exactly: a call is one HTTP request to Graph; requests inside a batch are counted beside it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from backend.domain.values import Kind, Name, Values
from backend.ports.answers import Op, Result, Write
from backend.ports.mailbox import Page, Probe
from tests.contract.ports.mailbox_port import NINE, SPAN, meeting, person
from tests.fakes.graph_bench import GraphBench, meeting_body, weekly


def everything(bench: GraphBench, kind: Kind, container: str, cursor: str | None = None) -> list[Page]:
    return list(bench.port.changes(kind, container, cursor, SPAN))


def cursor_of(pages: list[Page]) -> str:
    cursor = pages[-1].cursor
    assert cursor is not None
    return cursor


def singles(bench: GraphBench, count: int) -> list[str]:
    return [bench.create(Kind.EVENT, meeting(f"Event {n}", NINE + timedelta(minutes=n))) for n in range(count)]


def test_a_thousand_single_events_are_read_in_four_calls(graph_bench: GraphBench) -> None:
    singles(graph_bench, 1000)
    pages = everything(graph_bench, Kind.EVENT, "")
    assert graph_bench.calls() == (4, 4)
    assert sum(len(page.items) for page in pages) == 1000


def test_ms038_a_calendar_too_heavy_for_large_pages_is_read_in_smaller_ones(graph_bench: GraphBench) -> None:
    singles(graph_bench, 120)
    graph_bench.tenant.quirks.heavy_page = 100
    pages = everything(graph_bench, Kind.EVENT, "")
    assert [len(page.items) for page in pages] == [50, 50, 20]
    # Each of the three pages is asked for twice in the large size, then in the middle one.
    assert graph_bench.calls() == (9, 9)


@pytest.mark.parametrize("kind", list(Kind))
def test_an_idle_round_is_one_call(graph_bench: GraphBench, kind: Kind) -> None:
    container = graph_bench.port.container(kind)
    for number in range(3):
        graph_bench.create(kind, person(f"P{number}") if kind is Kind.CONTACT else meeting(f"E{number}"))
    cursor = cursor_of(everything(graph_bench, kind, container))
    graph_bench.calls()
    for _ in range(2):
        pages = everything(graph_bench, kind, container, cursor)
        assert [(page.items, page.removed) for page in pages] == [((), ())]
        assert graph_bench.calls() == (1, 1)
        cursor = cursor_of(pages)


def test_a_thousand_contacts_are_read_in_three_calls_with_their_extended_properties(graph_bench: GraphBench) -> None:
    """Two pages of delta, so that the cursor is older than the list; one list of a thousand; none per contact."""
    container = graph_bench.port.container(Kind.CONTACT)
    for number in range(1000):
        graph_bench.create(Kind.CONTACT, {**person(f"P{number}"), "fax": f"+44 {number}"})
    graph_bench.calls()
    pages = everything(graph_bench, Kind.CONTACT, container)
    assert graph_bench.calls() == (3, 3)
    items = [item for page in pages for item in page.items]
    assert {item.values["fax"] for item in items} == {f"+44 {number}" for number in range(1000)}


def test_changed_contacts_are_read_again_in_batches_of_twenty_since_no_delta_has_their_fax_ms039(
    graph_bench: GraphBench,
) -> None:
    container = graph_bench.port.container(Kind.CONTACT)
    cursor = cursor_of(everything(graph_bench, Kind.CONTACT, container))
    for number in range(21):
        graph_bench.create(Kind.CONTACT, {**person(f"P{number}"), "fax": f"+44 {number}"})
    graph_bench.calls()
    pages = everything(graph_bench, Kind.CONTACT, container, cursor)
    assert graph_bench.calls() == (3, 22)
    assert {item.values["fax"] for page in pages for item in page.items} == {f"+44 {n}" for n in range(21)}


def test_changed_series_are_read_whole_twenty_in_a_call(graph_bench: GraphBench) -> None:
    for number in range(21):
        start = NINE + timedelta(minutes=number)
        body = {**meeting_body(meeting(f"S{number}", start)), "recurrence": weekly("2026-03-09", 6, "monday")}
        graph_bench.box.create_event(body)
    pages = everything(graph_bench, Kind.EVENT, "")
    assert sorted(len(item.series.exceptions) for page in pages for item in page.items if item.series) == [0] * 21
    # 21 masters with six occurrences each: one page of delta, and two batches.
    assert graph_bench.calls() == (3, 22)


def test_who_is_it_and_where_are_the_containers(graph_bench: GraphBench) -> None:
    graph_bench.port.identity()
    assert graph_bench.calls() == (1, 2)
    graph_bench.port.container(Kind.EVENT)
    assert graph_bench.calls() == (1, 1)
    graph_bench.port.container(Kind.CONTACT)
    assert graph_bench.calls() == (2, 2)
    graph_bench.port.container(Kind.CONTACT)
    assert graph_bench.calls() == (1, 1)


@pytest.mark.parametrize("kind", list(Kind))
def test_twenty_creates_are_one_call(graph_bench: GraphBench, kind: Kind) -> None:
    container = graph_bench.port.container(kind)
    graph_bench.calls()
    sample = [person(f"P{n}") if kind is Kind.CONTACT else meeting(f"E{n}") for n in range(20)]
    writes = [Write(uuid4(), Op.CREATE, kind, values, key=uuid4()) for values in sample]
    assert [answer.result for answer in graph_bench.port.write(container, writes)] == [Result.OK] * 20
    assert graph_bench.calls() == (1, 20)


@pytest.mark.parametrize("kind", list(Kind))
def test_twenty_updates_are_two_calls_one_to_look_and_one_to_write(graph_bench: GraphBench, kind: Kind) -> None:
    container = graph_bench.port.container(kind)
    ids = [graph_bench.create(kind, person(f"P{n}") if kind is Kind.CONTACT else meeting(f"E{n}")) for n in range(20)]
    values: Values = {"title": "Dr"} if kind is Kind.CONTACT else {"location": "Room 4"}
    graph_bench.calls()
    answers = graph_bench.port.write(container, [Write(uuid4(), Op.UPDATE, kind, values, target=id) for id in ids])
    assert [answer.result for answer in answers] == [Result.OK] * 20
    assert graph_bench.calls() == (2, 40)


@pytest.mark.parametrize(("kind", "calls"), [(Kind.CONTACT, (1, 20)), (Kind.EVENT, (2, 40))])
def test_twenty_deletes(graph_bench: GraphBench, kind: Kind, calls: tuple[int, int]) -> None:
    """Events are looked at first: nobody may have been invited in the meantime (INV-12)."""
    container = graph_bench.port.container(kind)
    ids = [graph_bench.create(kind, person(f"P{n}") if kind is Kind.CONTACT else meeting(f"E{n}")) for n in range(20)]
    graph_bench.calls()
    answers = graph_bench.port.write(container, [Write(uuid4(), Op.DELETE, kind, {}, target=id) for id in ids])
    assert [answer.result for answer in answers] == [Result.OK] * 20
    assert graph_bench.calls() == calls


@pytest.mark.parametrize("kind", list(Kind))
def test_forty_items_by_id_are_two_calls_and_a_hundred_keys_one(graph_bench: GraphBench, kind: Kind) -> None:
    container = graph_bench.port.container(kind)
    ids = [graph_bench.create(kind, person(f"P{n}") if kind is Kind.CONTACT else meeting(f"E{n}")) for n in range(40)]
    graph_bench.calls()
    graph_bench.port.fetch(kind, container, ids)
    assert graph_bench.calls() == (2, 40)
    graph_bench.port.find_tagged(kind, container, [uuid4() for _ in range(100)])
    assert graph_bench.calls() == (1, 20)


@pytest.mark.parametrize(("kind", "places"), [(Kind.CONTACT, 2), (Kind.EVENT, 1)])
def test_twenty_keys_elsewhere_are_a_list_of_places_and_one_call(
    graph_bench: GraphBench, kind: Kind, places: int
) -> None:
    """Contacts may lie in the default folder as well, which no list names (MS-086)."""
    container = graph_bench.port.container(kind)
    graph_bench.move_out(graph_bench.create(kind, person("P") if kind is Kind.CONTACT else meeting("E")))
    graph_bench.calls()
    assert graph_bench.port.find_elsewhere(kind, container, [uuid4() for _ in range(20)]) == {}
    assert graph_bench.calls() == (2, 1 + 4 * places)
    assert graph_bench.port.find_elsewhere(kind, container, []) == {}
    assert graph_bench.calls() == (0, 0)


def test_contacts_are_searched_for_one_by_one_if_few_and_in_one_list_if_many(graph_bench: GraphBench) -> None:
    container = graph_bench.port.container(Kind.CONTACT)
    for number in range(30):
        graph_bench.create(Kind.CONTACT, person(f"P{number}"))
    graph_bench.calls()
    for count, calls in ((10, (1, 20)), (30, (1, 1))):
        probes = [Probe(uuid4(), {"name": Name("Ada", f"P{n}"), "email": f"p{n}@example.com"}) for n in range(count)]
        found = graph_bench.port.find_like(Kind.CONTACT, container, probes)
        assert [len(found[probe.id]) for probe in probes] == [1] * count
        assert graph_bench.calls() == calls


def test_token_requests_are_counted_apart_from_calls(graph_bench: GraphBench) -> None:
    graph_bench.tenant.expire_tokens()
    graph_bench.port.container(Kind.EVENT)
    assert graph_bench.meter.calls == {"microsoft": 2, "microsoft-token": 1}
