"""What a stand-in cannot be told to do: occurrences without a series, odd answers to the reading of a master."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from backend.domain.values import Kind
from backend.microsoft.mailbox import GraphMailbox
from backend.ports.answers import Op, Result, Verdict, Write
from backend.ports.errors import AccessLost, Transient
from backend.ports.mailbox import Caps, Page
from tests.contract.ports.mailbox_port import NINE, SPAN, meeting
from tests.fakes.scripted_graph import GRAPH, Reply, Wire, batch, error

LAST = f"{GRAPH}/v1.0/delta?$deltatoken=1"
TIMES = {
    "start": {"dateTime": "2026-03-09T09:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-09T09:30:00.0000000", "timeZone": "UTC"},
}
BARE = {"@odata.etag": 'W/"1"', "id": "o1", "seriesMasterId": "m1", "type": "occurrence", **TIMES}
WHOLE: dict[str, Any] = {**BARE, "subject": "Invited once", "iCalUId": "uid-o1", "isOrganizer": False}


def delta(*rows: dict[str, Any]) -> Reply:
    return Reply(200, {"value": list(rows), "@odata.deltaLink": LAST})


def read(wire: Wire) -> list[Page]:
    return list(GraphMailbox(wire.transport, wire.gate, "ada@example.com").changes(Kind.EVENT, "", None, SPAN))


def test_d1_an_occurrence_whose_master_is_verified_absent_is_a_single_event_ms032() -> None:
    wire = Wire(delta(BARE), batch(error(404, "ErrorItemNotFound")), batch(Reply(200, WHOLE)))
    [page] = read(wire)
    [item] = page.items
    assert (item.id, item.uid, item.series, item.caps) == ("o1", "uid-o1", None, Caps.NONE)
    assert item.values["subject"] == "Invited once"
    assert [sent.body["requests"][0]["url"].split("?")[0] for sent in wire.graph.sent[1:]] == [
        "/users/ada@example.com/events/m1",
        "/users/ada@example.com/events/o1",
    ]


def test_d1_an_exception_is_delivered_whole_and_need_not_be_read_again() -> None:
    wire = Wire(delta({**WHOLE, "type": "exception"}), batch(error(404, "ErrorItemNotFound")))
    [page] = read(wire)
    assert [item.id for item in page.items] == ["o1"]


def test_an_occurrence_that_vanished_with_its_master_is_nothing() -> None:
    missing = error(404, "ErrorItemNotFound")
    [page] = read(Wire(delta(BARE), batch(missing), batch(missing)))
    assert (page.items, page.removed) == ((), ())


def test_e1_a_master_that_is_refused_for_good_is_reported_and_the_others_go_on() -> None:
    single = {**WHOLE, "id": "s1", "type": "singleInstance"}
    [page] = read(Wire(delta(BARE, single), batch(error(400, "ErrorCorruptData"))))
    assert [(item.id, item.problem) for item in page.items] == [
        ("s1", None),
        ("m1", "Microsoft 365 does not take the item as it is: Said so."),
    ]


@pytest.mark.parametrize("busy", [error(429, "ApplicationThrottled"), error(504, "UnknownError")])
def test_inv4_a_master_that_stays_busy_ends_the_round_so_that_its_change_is_not_lost(busy: Reply) -> None:
    with pytest.raises(Transient):
        read(Wire(delta(BARE), batch(busy), batch(busy), batch(busy)))


def test_ms007_a_mailbox_that_refuses_masters_is_parked() -> None:
    with pytest.raises(AccessLost):
        read(Wire(delta(BARE), batch(error(403, "ErrorAccessDenied"))))


def test_a_master_is_read_once_in_a_round_however_many_pages_show_its_occurrences() -> None:
    first = Reply(200, {"value": [BARE], "@odata.nextLink": f"{GRAPH}/v1.0/next"})
    wire = Wire(first, batch(Reply(200, {**WHOLE, "id": "m1"})), delta({**BARE, "id": "o2"}))
    assert [[item.id for item in page.items] for page in read(wire)] == [["m1"], []]


def test_ms128_ms129_the_window_is_a_day_wider_and_never_longer_than_graph_allows() -> None:
    wire = Wire(delta())
    read(wire)
    assert wire.graph.sent[0].url == (
        f"{GRAPH}/v1.0/users/ada@example.com/calendarView/delta"
        "?startDateTime=2026-01-31T00:00:00Z&endDateTime=2026-09-02T00:00:00Z"
    )


def test_what_could_not_be_asked_is_unknown_not_gone() -> None:
    """Three rounds of busy answers; throttled is not absent (B.4)."""
    busy = batch(error(429, "ApplicationThrottled"))
    wire = Wire(busy, busy, busy)
    mailbox = GraphMailbox(wire.transport, wire.gate, "ada@example.com")
    assert mailbox.fetch(Kind.EVENT, "cal", ["e1"]) == {"e1": Verdict.UNKNOWN}
    wire = Wire(busy, busy, busy)
    mailbox = GraphMailbox(wire.transport, wire.gate, "ada@example.com")
    assert mailbox.fetch(Kind.CONTACT, "folder", ["c1"]) == {"c1": Verdict.UNKNOWN}


def test_ms009_a_mailbox_that_is_not_there_makes_nothing_gone() -> None:
    """The same status 404, and the opposite meaning."""
    wire = Wire(batch(error(404, "MailboxNotEnabledForRESTAPI")))
    mailbox = GraphMailbox(wire.transport, wire.gate, "ada@example.com")
    with pytest.raises(AccessLost):
        mailbox.fetch(Kind.EVENT, "cal", ["e1"])


def test_ms053_a_write_of_a_batch_that_ended_in_a_gateway_error_is_tried_later() -> None:
    wire = Wire(batch(error(504, "UnknownError"), error(429, "TooManyRequests", {"Retry-After": "90"})))
    mailbox = GraphMailbox(wire.transport, wire.gate, "ada@example.com")
    writes = [Write(UUID(int=n), Op.CREATE, Kind.EVENT, meeting("Review", NINE)) for n in range(2)]
    answers = mailbox.write("cal", writes)
    assert [(answer.result, answer.retry_after) for answer in answers] == [
        (Result.TRANSIENT, None),
        (Result.TRANSIENT, 90.0),
    ]
