"""No write mails a guest unless a person allowed it; copies and cancelled shells are never written (INV-12, INV-27)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.domain.attendees import ATTENDEES, Attendee, Attendees, Part
from backend.domain.values import Kind, ShowAs, Values
from backend.ports.answers import Answer, Op, Result, Write
from backend.ports.mailbox import Caps, Item
from backend.sandbox.faults import Rule
from tests.contract.ports.mailbox_port import NINE, meeting
from tests.fakes.graph_bench import ADA, GraphBench, meeting_body, weekly

GUEST = "guest@elsewhere.example"
EVERYTHING: dict[str, Any] = {
    "subject": "Renamed",
    "when": meeting("x", NINE + timedelta(hours=1))["when"],
    "location": "Room 9",
    "description": "Changed",
    "private": True,
}


def send(bench: GraphBench, op: Op, target: str, values: Values, **more: Any) -> Answer[Item]:
    write = Write(uuid4(), op, Kind.EVENT, values, target=target, **more)
    return bench.port.write(bench.box.calendar.id, [write])[0]


@pytest.mark.parametrize("group", list(EVERYTHING))
def test_ms074_a_meeting_with_guests_is_not_changed_without_permission(graph_bench: GraphBench, group: str) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"), guests=[GUEST])
    before = graph_bench.box.event(target)
    answer = send(graph_bench, Op.UPDATE, target, {group: EVERYTHING[group]})
    assert (answer.result, answer.code) == (Result.REFUSED, "would_mail")
    assert answer.message == "This change would mail one guest; nobody has allowed that yet."
    assert (graph_bench.box.event(target), graph_bench.mails()) == (before, [])


def test_ms076_a_meeting_with_guests_is_not_deleted_without_permission(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"), guests=[GUEST, "b@elsewhere.example"])
    answer = send(graph_bench, Op.DELETE, target, {})
    assert (answer.result, answer.code) == (Result.REFUSED, "would_mail")
    assert "2 guests" in answer.message
    assert [event["id"] for event in graph_bench.box.events()] == [target]
    assert graph_bench.mails() == []


def test_with_permission_the_guests_are_mailed(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"), guests=[GUEST])
    assert send(graph_bench, Op.UPDATE, target, {"location": "Room 9"}, notify=True).result is Result.OK
    assert graph_bench.mails() == ["update Review"]
    assert send(graph_bench, Op.DELETE, target, {}, notify=True).result is Result.OK
    assert graph_bench.mails() == ["update Review", "cancellation Review"]


def test_show_as_of_a_meeting_mails_nobody_and_needs_no_permission(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"), guests=[GUEST])
    assert send(graph_bench, Op.UPDATE, target, {"show_as": ShowAs.FREE}).result is Result.OK
    assert graph_bench.box.event(target)["showAs"] == "free"
    assert graph_bench.mails() == []


def test_a_room_is_no_guest(graph_bench: GraphBench) -> None:
    room = {"type": "resource", "emailAddress": {"address": "room@elsewhere.example"}}
    target = graph_bench.box.create_event({**meeting_body(meeting("Review")), "attendees": [room]})
    found = graph_bench.port.fetch(Kind.EVENT, graph_bench.box.calendar.id, [target])[target]
    assert isinstance(found, Item)
    assert (found.guests, found.caps.own) == (0, True)


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
@pytest.mark.parametrize("notify", [False, True])
def test_ms131_a_guests_copy_is_never_written(graph_bench: GraphBench, op: Op, notify: bool) -> None:
    target = graph_bench.receive_meeting(meeting("Their review"))
    before = graph_bench.box.event(target)
    answer = send(graph_bench, op, target, {"show_as": ShowAs.FREE} if op is Op.UPDATE else {}, notify=notify)
    assert (answer.result, answer.code) == (Result.REFUSED, "read_only")
    assert (graph_bench.box.event(target), graph_bench.mails()) == (before, [])


def test_a_cancelled_shell_is_locked(graph_bench: GraphBench) -> None:
    target = graph_bench.receive_meeting(meeting("Their review"))
    theirs = graph_bench.box_of(graph_bench.boss)
    theirs.delete_event(theirs.events()[0]["id"])
    found = graph_bench.port.fetch(Kind.EVENT, graph_bench.box.calendar.id, [target])[target]
    assert isinstance(found, Item)
    assert (found.cancelled, found.caps) == (True, Caps.NONE)
    assert send(graph_bench, Op.DELETE, target, {}).code == "read_only"


def test_an_own_cancelled_meeting_is_locked_too(graph_bench: GraphBench) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"), guests=[GUEST])
    graph_bench.box.member(target).event.is_cancelled = True
    assert send(graph_bench, Op.UPDATE, target, {"subject": "x"}).code == "read_only"


@pytest.mark.parametrize("op", [Op.UPDATE, Op.DELETE])
def test_a_guest_invited_between_look_and_write_is_not_mailed(graph_bench: GraphBench, op: Op) -> None:
    """The write carries the version that was looked at, fails, is looked at again, and is then refused."""
    target = graph_bench.create(Kind.EVENT, meeting("Review"))
    guests = [{"type": "required", "emailAddress": {"address": GUEST}}]
    # The second batch is the write.
    graph_bench.world.faults.add(
        Rule(
            "hook", operation="batch", nth=2, hook=lambda _: graph_bench.box.update_event(target, {"attendees": guests})
        )
    )
    answer = send(graph_bench, op, target, {"subject": "Renamed"} if op is Op.UPDATE else {})
    assert (answer.result, answer.code) == (Result.REFUSED, "would_mail")
    assert graph_bench.box.event(target)["subject"] == "Review"
    assert graph_bench.mails() == []


def test_ms075_a_series_with_a_guest_in_one_occurrence_only_is_not_changed_as_a_whole(graph_bench: GraphBench) -> None:
    body = {**meeting_body(meeting("Weekly")), "recurrence": weekly("2026-03-09", 6, "monday")}
    target = graph_bench.box.create_event(body)
    guests = [{"type": "required", "emailAddress": {"address": GUEST}}]
    occurrence = graph_bench.box.occurrence(target, (NINE + timedelta(days=7)).date())
    graph_bench.box.update_event(occurrence, {"attendees": guests})
    assert send(graph_bench, Op.UPDATE, target, {"subject": "Renamed"}).code == "would_mail"
    with_guest = (NINE + timedelta(days=7)).isoformat()
    assert send(graph_bench, Op.DELETE, target, {}, original_start=with_guest).code == "would_mail"
    without = NINE.isoformat()
    assert send(graph_bench, Op.UPDATE, target, {"subject": "Alone"}, original_start=without).result is Result.OK
    assert graph_bench.mails() == []


def test_a_create_writes_no_attendees_ms073(graph_bench: GraphBench) -> None:
    write = Write(uuid4(), Op.CREATE, Kind.EVENT, meeting("Review"), key=uuid4())
    made = graph_bench.port.write(graph_bench.box.calendar.id, [write])[0].stored
    assert made is not None
    assert graph_bench.box.event(made.id)["attendees"] == []
    assert (made.organizer, graph_bench.mails()) == (ADA, [])


# --- guests set in Salesforce, by setting (LS-123, LS-131) ------------------------------------------------------------


def asking(*addresses: str) -> Values:
    return {ATTENDEES: Attendees(own=True, organizer=ADA, people=tuple(Attendee(address) for address in addresses))}


@pytest.mark.parametrize("guests", [[], [GUEST]])
def test_ms073_nobody_is_invited_without_permission(graph_bench: GraphBench, guests: list[str]) -> None:
    target = graph_bench.create(Kind.EVENT, meeting("Review"), guests=guests)
    answer = send(graph_bench, Op.UPDATE, target, asking(*guests, "new@elsewhere.example"))
    assert (answer.result, answer.code) == (Result.REFUSED, "would_mail")
    assert len(graph_bench.box.event(target)["attendees"]) == len(guests)
    assert graph_bench.mails() == []


def test_ms073_a_create_never_carries_attendees(graph_bench: GraphBench) -> None:
    write = Write(uuid4(), Op.CREATE, Kind.EVENT, {**meeting("Review"), **asking(GUEST)}, key=uuid4(), notify=True)
    (answer,) = graph_bench.port.write(graph_bench.box.calendar.id, [write])
    assert answer.result is Result.OK
    assert [event["attendees"] for event in graph_bench.box.events()] == [[]]
    assert graph_bench.mails() == []


def test_ls131_with_permission_guests_are_added_beside_those_who_are_there_and_rooms_stay(
    graph_bench: GraphBench,
) -> None:
    room = {"type": "resource", "emailAddress": {"address": "room@elsewhere.example", "name": "Room 4"}}
    optional = {"type": "optional", "emailAddress": {"address": GUEST, "name": "A Guest"}}
    target = graph_bench.box.create_event({**meeting_body(meeting("Review")), "attendees": [optional, room]})
    people = (
        Attendee(GUEST, Part.OPTIONAL),
        Attendee("room@elsewhere.example", Part.RESOURCE),
        Attendee("new@x.example"),
    )
    answer = send(graph_bench, Op.UPDATE, target, {ATTENDEES: Attendees(True, ADA, people)}, notify=True)
    assert answer.result is Result.OK
    assert answer.stored is not None
    assert answer.stored.values[ATTENDEES] == Attendees(True, ADA, people)
    after = graph_bench.box.event(target)["attendees"]
    assert [(one["type"], one["emailAddress"]["name"]) for one in after[:2]] == [
        ("optional", "A Guest"),
        ("resource", "Room 4"),
    ]
    assert [mail.recipients for mail in graph_bench.world.outbox] == [("new@x.example",)]
