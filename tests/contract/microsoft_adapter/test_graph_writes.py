"""Writes through Graph: lost answers, repeats, conflicts, lists that stay whole, online meetings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from backend.domain.values import AllDay, Kind, Name, Timed, Values
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.errors import Unclear
from backend.ports.mailbox import Item, Probe
from backend.sandbox.faults import FaultKind, Rule
from tests.contract.ports.mailbox_port import NINE, SPAN, meeting, person
from tests.fakes.graph_bench import GraphBench, meeting_body

KEY = uuid5(UUID(int=1), "key")
SAMPLE: dict[Kind, Values] = {Kind.CONTACT: {**person("Lovelace"), "fax": "+44 1"}, Kind.EVENT: meeting("Review")}
CHANGE: dict[Kind, Values] = {Kind.CONTACT: {"title": "Dr"}, Kind.EVENT: {"location": "Room 4"}}


def send(bench: GraphBench, kind: Kind, op: Op, values: Values, **more: Any) -> Answer[Item]:
    return bench.port.write(bench.port.container(kind), [Write(uuid4(), op, kind, values, **more)])[0]


def count(bench: GraphBench, kind: Kind) -> int:
    if kind is Kind.EVENT:
        return len(bench.box.events())
    return len(bench.box.contacts(bench.box.contact_folder("Salesforce_Sync")))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("fault", ["lost_answer", "malformed"])
def test_ms052_ms053_a_create_whose_answer_was_lost_is_unclear_and_its_repeat_finds_it(
    graph_bench: GraphBench, kind: Kind, fault: FaultKind
) -> None:
    container = graph_bench.port.container(kind)
    graph_bench.world.faults.add(Rule(fault, operation="batch", remaining=1))
    write = Write(uuid4(), Op.CREATE, kind, SAMPLE[kind], key=KEY)
    with pytest.raises(Unclear):
        graph_bench.port.write(container, [write])
    again = send(graph_bench, kind, Op.CREATE, SAMPLE[kind], key=KEY, attempt=1)
    assert again.result is Result.EXISTS
    assert again.stored is not None
    assert again.stored.key_tag == KEY
    assert count(graph_bench, kind) == 1


@pytest.mark.parametrize("kind", list(Kind))
def test_a_create_that_never_arrived_is_made_by_its_repeat(graph_bench: GraphBench, kind: Kind) -> None:
    container = graph_bench.port.container(kind)
    graph_bench.world.faults.add(Rule("reset", operation="batch", remaining=1))
    with pytest.raises(Unclear):
        graph_bench.port.write(container, [Write(uuid4(), Op.CREATE, kind, SAMPLE[kind], key=KEY)])
    again = send(graph_bench, kind, Op.CREATE, SAMPLE[kind], key=KEY, attempt=1)
    assert (again.result, count(graph_bench, kind)) == (Result.OK, 1)


def test_ms050_a_key_that_was_used_for_another_event_names_that_event(graph_bench: GraphBench) -> None:
    first = send(graph_bench, Kind.EVENT, Op.CREATE, meeting("Review"), key=KEY).stored
    second = send(graph_bench, Kind.EVENT, Op.CREATE, meeting("Edited since"), key=KEY)
    assert first is not None
    assert (second.result, second.stored) == (Result.EXISTS, first)
    assert count(graph_bench, Kind.EVENT) == 1


def test_ms051_the_key_is_seen_in_every_reading_of_an_event(graph_bench: GraphBench) -> None:
    made = send(graph_bench, Kind.EVENT, Op.CREATE, meeting("Review"), key=KEY).stored
    assert made is not None
    pages = graph_bench.port.changes(Kind.EVENT, "", None, SPAN)
    assert [item.key_tag for page in pages for item in page.items] == [KEY]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("status", [409, 412])
def test_ms047_a_write_that_overlapped_another_one_is_looked_at_and_sent_once_more(
    graph_bench: GraphBench, kind: Kind, status: int
) -> None:
    graph_bench.port.container(kind)
    target = graph_bench.create(kind, SAMPLE[kind])
    graph_bench.box.collide_next_write(status)
    answer = send(graph_bench, kind, Op.UPDATE, CHANGE[kind], target=target)
    assert answer.result is Result.OK
    assert answer.stored is not None
    assert answer.stored.values.items() >= CHANGE[kind].items()


@pytest.mark.parametrize("kind", list(Kind))
def test_ms047_one_that_loses_twice_is_planned_again(graph_bench: GraphBench, kind: Kind) -> None:
    graph_bench.port.container(kind)
    target = graph_bench.create(kind, SAMPLE[kind])
    graph_bench.box.collide_next_write(409)
    graph_bench.box.collide_next_write(409)
    assert send(graph_bench, kind, Op.UPDATE, CHANGE[kind], target=target).result is Result.MOVED


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
@pytest.mark.parametrize("kind", list(Kind))
def test_ms046_with_a_stale_version_nothing_is_written(graph_bench: GraphBench, kind: Kind, op: Op) -> None:
    graph_bench.port.container(kind)
    target = graph_bench.create(kind, SAMPLE[kind])
    stale = graph_bench.port.fetch(kind, graph_bench.port.container(kind), [target])[target]
    assert isinstance(stale, Item)
    graph_bench.edit(target, CHANGE[kind])
    values: Values = {"title": "Prof"} if kind is Kind.CONTACT else {"location": "Nowhere"}
    answer = send(graph_bench, kind, op, values if op is Op.UPDATE else {}, target=target, expect=stale.version)
    assert answer.result is Result.MOVED
    assert count(graph_bench, kind) == 1


# --- contacts ---------------------------------------------------------------------------------------------------------


def test_ms083_other_addresses_and_phones_stay_when_the_first_is_written(graph_bench: GraphBench) -> None:
    folder = graph_bench.port.container(Kind.CONTACT)
    addresses = [{"name": "A", "address": "a@example.com"}, {"name": "B", "address": "b@example.com"}]
    body = {"surname": "L", "emailAddresses": addresses, "businessPhones": ["1", "2"], "homePhones": ["3", "4"]}
    target = graph_bench.box.create_contact(body, graph_bench.box.folders[folder])
    send(
        graph_bench,
        Kind.CONTACT,
        Op.UPDATE,
        {"email": "new@example.com", "phone": "9", "home_phone": None},
        target=target,
    )
    after = graph_bench.box.contact(target)
    assert [each["address"] for each in after["emailAddresses"]] == ["new@example.com", "b@example.com"]
    assert (after["businessPhones"], after["homePhones"]) == (["9", "2"], ["4"])


def test_ms084_the_display_name_follows_the_name(graph_bench: GraphBench) -> None:
    graph_bench.port.container(Kind.CONTACT)
    target = graph_bench.create(Kind.CONTACT, person("Lovelace"))
    send(graph_bench, Kind.CONTACT, Op.UPDATE, {"name": Name("Ada", "Byron", salutation="Lady")}, target=target)
    assert graph_bench.box.contact(target)["displayName"] == "Lady Ada Byron"


def test_ms090_the_answer_keeps_extended_properties_that_were_not_written(graph_bench: GraphBench) -> None:
    made = send(graph_bench, Kind.CONTACT, Op.CREATE, SAMPLE[Kind.CONTACT], key=KEY).stored
    assert made is not None
    changed = send(graph_bench, Kind.CONTACT, Op.UPDATE, {"title": "Dr", "other_phone": "7"}, target=made.id).stored
    assert changed is not None
    assert (changed.values["fax"], changed.values["other_phone"], changed.key_tag) == ("+44 1", "7", KEY)
    assert graph_bench.port.fetch(Kind.CONTACT, graph_bench.port.container(Kind.CONTACT), [made.id])[made.id] == changed


def test_a_birthday_does_not_shift(graph_bench: GraphBench) -> None:
    made = send(graph_bench, Kind.CONTACT, Op.CREATE, {**person("L"), "birthdate": date(1990, 1, 1)}, key=KEY).stored
    assert made is not None
    assert made.values["birthdate"] == date(1990, 1, 1)
    assert graph_bench.box.contact(made.id)["birthday"] == "1990-01-01T12:00:00Z"


def test_ms036_a_contact_that_left_the_folder_is_not_written(graph_bench: GraphBench) -> None:
    graph_bench.port.container(Kind.CONTACT)
    target = graph_bench.create(Kind.CONTACT, person("Lovelace"))
    graph_bench.move_out(target)
    before = graph_bench.box.contact(target)
    assert send(graph_bench, Kind.CONTACT, Op.UPDATE, {"title": "Dr"}, target=target).result is Result.MOVED
    assert graph_bench.box.contact(target) == before


def test_quotes_and_plus_signs_in_what_is_looked_for_do_no_harm(graph_bench: GraphBench) -> None:
    made = send(graph_bench, Kind.CONTACT, Op.CREATE, person("O'Brien", "o'brien+x@example.com"), key=KEY).stored
    assert made is not None
    probe = Probe(uuid4(), person("O'Brien", "O'BRIEN+x@example.com"))
    found = graph_bench.port.find_like(Kind.CONTACT, graph_bench.port.container(Kind.CONTACT), [probe])
    assert [item.id for item in found[probe.id]] == [made.id]


# --- events -----------------------------------------------------------------------------------------------------------


def test_ms058_a_description_read_back_is_not_an_edit(graph_bench: GraphBench) -> None:
    text = "  Agenda & notes\n\n- <one>\n- two  spaces"
    made = send(graph_bench, Kind.EVENT, Op.CREATE, {**meeting("Review"), "description": text}, key=KEY).stored
    assert made is not None
    once = made.values["description"]
    again = send(graph_bench, Kind.EVENT, Op.UPDATE, {"description": once}, target=made.id).stored
    assert again is not None
    assert again.values["description"] == once == text.strip()


@pytest.mark.parametrize(
    ("zone", "windows"), [("America/New_York", "Eastern Standard Time"), ("Europe/London", "GMT Standard Time")]
)
def test_times_without_a_zone_keep_the_events_own_zone(graph_bench: GraphBench, zone: str, windows: str) -> None:
    """Salesforce has no zone for single events; a meeting made in New York stays one."""
    target = graph_bench.create(Kind.EVENT, {"subject": "Review", "when": Timed(NINE, NINE + timedelta(hours=1), zone)})
    later = Timed(NINE + timedelta(hours=2), NINE + timedelta(hours=3))
    stored = send(graph_bench, Kind.EVENT, Op.UPDATE, {"when": later}, target=target).stored
    assert stored is not None
    assert stored.values["when"] == Timed(later.start, later.end, zone)
    assert graph_bench.box.event(target)["originalStartTimeZone"] == windows


def test_a_new_event_without_a_zone_is_made_in_the_mailboxs_zone(graph_bench: GraphBench) -> None:
    values: Values = {"subject": "Review", "when": Timed(NINE, NINE + timedelta(hours=1))}
    stored = send(graph_bench, Kind.EVENT, Op.CREATE, values, key=KEY).stored
    assert stored is not None
    assert stored.values["when"] == Timed(NINE, NINE + timedelta(hours=1), "Europe/London")


def test_ms057_an_event_becomes_all_day_and_timed_again(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"))
    days = AllDay(date(2026, 3, 28), date(2026, 3, 30))
    stored = send(graph_bench, Kind.EVENT, Op.UPDATE, {"when": days}, target=target).stored
    assert stored is not None
    assert stored.values["when"] == days
    timed = Timed(NINE, NINE + timedelta(hours=1), "Europe/London")
    stored = send(graph_bench, Kind.EVENT, Op.UPDATE, {"when": timed}, target=target).stored
    assert stored is not None
    assert stored.values["when"] == timed


def test_the_hour_that_comes_twice_in_autumn_is_not_shifted(graph_bench: GraphBench) -> None:
    start = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    values: Values = {"subject": "Night shift", "when": Timed(start, start + timedelta(hours=1), "Europe/London")}
    stored = send(graph_bench, Kind.EVENT, Op.CREATE, values, key=KEY).stored
    assert stored is not None
    when = stored.values["when"]
    assert isinstance(when, Timed)
    assert (when.start, when.end) == (start, start + timedelta(hours=1))


def test_ms081_the_description_of_an_online_meeting_is_written_and_its_join_link_stays(graph_bench: GraphBench) -> None:
    body = {**meeting_body({**meeting("Review"), "description": "Old plan"}), "isOnlineMeeting": True}
    target = graph_bench.box.create_event(body)
    link = graph_bench.box.event(target)["onlineMeeting"]["joinUrl"]
    stored = send(graph_bench, Kind.EVENT, Op.UPDATE, {"description": "New plan\n& more"}, target=target).stored
    assert stored is not None
    assert stored.values["description"] == "New plan\n& more"
    after = graph_bench.box.event(target)
    assert (after["isOnlineMeeting"], after["onlineMeeting"]["joinUrl"]) == (True, link)
    assert after["body"]["content"].count(link) == 2


def test_ms081_without_a_recognisable_join_block_the_description_is_left_alone(graph_bench: GraphBench) -> None:
    target = graph_bench.box.create_event({**meeting_body(meeting("Review")), "isOnlineMeeting": True})
    link = graph_bench.box.event(target)["onlineMeeting"]["joinUrl"]
    graph_bench.box.update_event(target, {"body": {"contentType": "html", "content": f"<p>Join at {link}</p>"}})
    answer = send(graph_bench, Kind.EVENT, Op.UPDATE, {"description": "New"}, target=target)
    assert (answer.result, answer.code) == (Result.REFUSED, "join_block")
    assert graph_bench.box.event(target)["isOnlineMeeting"] is True
    other = send(graph_bench, Kind.EVENT, Op.UPDATE, {"subject": "Renamed"}, target=target)
    assert other.result is Result.OK
