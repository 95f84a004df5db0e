"""Batches: order, single outcomes, repeats of what was throttled, paging and page sizes."""

from __future__ import annotations

import pytest

from backend.microsoft.batch import Batches, Inner
from backend.microsoft.delta import Lists
from backend.ports.errors import AccessLost, ContainerGone, CursorExpired, Malformed, Transient, Unclear
from tests.fakes.scripted_graph import GRAPH, Reply, Wire, batch, error

OK = Reply(200, {"id": "x"})
GET = Inner("GET", "/users/u/events/1")
POST = Inner("POST", "/users/u/calendar/events", {"subject": "x"}, match='W/"1"')


def batches(wire: Wire) -> Batches:
    return Batches(wire.transport, wire.gate)


def test_ms095_outcomes_stand_in_the_order_of_the_requests_whatever_the_order_of_answers() -> None:
    wire = Wire(batch(Reply(200, {"id": "a"}), error(404, "ErrorItemNotFound"), Reply(200, {"id": "c"})))
    found = batches(wire).read([GET] * 3, "events.get")
    assert [(one.status, one.ok, one.missing) for one in found] == [
        (200, True, False),
        (404, False, True),
        (200, True, False),
    ]
    assert [found[0].body, found[2].body] == [{"id": "a"}, {"id": "c"}]


def test_inner_requests_carry_their_own_preferences_and_preconditions() -> None:
    wire = Wire(batch(OK))
    batches(wire).write([POST], "events.write")
    assert wire.graph.sent[0].body == {
        "requests": [
            {
                "id": "0",
                "method": "POST",
                "url": "/users/u/calendar/events",
                "headers": {
                    "Prefer": 'IdType="ImmutableId", outlook.body-content-type="text"',
                    "If-Match": 'W/"1"',
                    "Content-Type": "application/json",
                },
                "body": {"subject": "x"},
            }
        ]
    }


def test_ms094_more_than_twenty_reads_are_split_and_more_writes_refused() -> None:
    wire = Wire(batch(*[OK] * 20), batch(OK))
    assert len(batches(wire).read([GET] * 21, "events.get")) == 21
    assert (wire.meter.calls["microsoft"], wire.meter.requests["microsoft"]) == (2, 21)
    with pytest.raises(ValueError, match="20 writes"):
        batches(wire).write([POST] * 21, "events.write")


def test_ms096_only_the_throttled_part_of_a_batch_is_sent_again_after_its_retry_after() -> None:
    wire = Wire(batch(OK, error(429, "ApplicationThrottled", {"Retry-After": "3"}), OK), batch(OK))
    assert [one.status for one in batches(wire).write([POST] * 3, "events.write")] == [200, 200, 200]
    assert [len(sent.body["requests"]) for sent in wire.graph.sent] == [3, 1]
    assert wire.pauses == [3.0]


def test_a_write_that_stays_throttled_is_answered_so_after_three_rounds() -> None:
    wire = Wire(*[batch(error(429, "ApplicationThrottled"))] * 3)
    assert [one.status for one in batches(wire).write([POST], "events.write")] == [429]


def test_failed_reads_of_a_batch_are_asked_again_failed_writes_are_not_ms053() -> None:
    wire = Wire(batch(error(504, "UnknownError")), batch(OK), batch(error(504, "UnknownError")))
    assert [one.status for one in batches(wire).read([GET], "events.get")] == [200]
    assert [one.status for one in batches(wire).write([POST], "events.write")] == [504]


def test_a_batch_without_answers_proves_nothing_for_reads_and_is_unclear_for_writes() -> None:
    with pytest.raises(Malformed):
        batches(Wire(*[Reply(200, {})] * 4)).read([GET], "events.get")
    with pytest.raises(Unclear):
        batches(Wire(Reply(200, {}))).write([POST], "events.write")


def test_ms007_a_mailbox_that_refuses_everything_is_parked_one_refused_item_is_not() -> None:
    denied = error(403, "ErrorAccessDenied")
    with pytest.raises(AccessLost) as caught:
        batches(Wire(batch(denied, denied))).write([POST, POST], "events.write")
    assert caught.value.subject == "user"
    assert [one.status for one in batches(Wire(batch(denied, OK))).write([POST, POST], "events.write")] == [403, 200]


# --- pages ------------------------------------------------------------------------------------------------------------

NEXT = f"{GRAPH}/v1.0/next"
LAST = f"{GRAPH}/v1.0/delta?$deltatoken=2"


def pages(wire: Wire, cursor: str | None = None) -> list[tuple[list[str], tuple[str, ...], str | None]]:
    found = Lists(wire.transport, wire.gate).delta("/delta", cursor, "contacts.delta", (250, 50))
    return [([row["id"] for row in page.rows], page.removed, page.link) for page in found]


def test_ms016_an_empty_page_with_a_next_link_is_not_the_end_ms019() -> None:
    wire = Wire(
        Reply(200, {"value": [], "@odata.nextLink": NEXT}),
        Reply(200, {"value": [{"id": "a"}], "@odata.deltaLink": LAST}),
    )
    assert pages(wire) == [([], (), None), (["a"], (), LAST)]
    assert [sent.headers["Prefer"].rpartition(" ")[2] for sent in wire.graph.sent] == ["odata.maxpagesize=250"] * 2


def test_ms021_the_last_mention_of_an_id_counts_ms023() -> None:
    gone = {"@removed": {"reason": "deleted"}}
    value = [{"id": "a"}, {"id": "a", **gone}, {"id": "b", **gone}, {"id": "b", "n": 1}, {"id": "b", "n": 2}]
    assert pages(Wire(Reply(200, {"value": value, "@odata.deltaLink": LAST}))) == [(["b"], ("a",), LAST)]


def test_ms038_a_page_that_the_service_cannot_make_is_asked_for_in_smaller_pages() -> None:
    trouble = error(504, "UnknownError")
    wire = Wire(trouble, trouble, Reply(200, {"value": [], "@odata.deltaLink": LAST}))
    assert pages(wire) == [([], (), LAST)]
    assert [sent.headers["Prefer"].rpartition("=")[2] for sent in wire.graph.sent] == ["250", "250", "50"]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (error(410, "SyncStateNotFound"), CursorExpired),
        (error(410, "resyncRequired", {"Location": LAST}), CursorExpired),
        (error(400, "syncstateinvalid"), CursorExpired),
        (error(404, "ErrorSyncFolderNotFound"), ContainerGone),
        (error(404, "ErrorItemNotFound"), ContainerGone),
        (error(404, "ErrorInvalidUser"), AccessLost),
        (error(404, "MailboxNotEnabledForRESTAPI"), AccessLost),
        (error(403, "ErrorAccessDenied"), AccessLost),
        (error(429, "TooManyRequests", {"Retry-After": "900"}), Transient),
        (Reply(200, {"value": []}), Malformed),
        (Reply(200, {"@odata.deltaLink": LAST}), Malformed),
        (Reply(200, {"value": [{"subject": "x"}], "@odata.deltaLink": LAST}), Malformed),
    ],
)
def test_what_ends_a_round_ms009_ms033_ms034_ms035(reply: Reply, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        pages(Wire(reply, reply, reply, reply), LAST)


def test_a_cursor_of_another_cloud_is_expired_and_no_token_leaves_ms012() -> None:
    wire = Wire()
    with pytest.raises(CursorExpired):
        pages(wire, "https://graph.microsoft.us/v1.0/delta?$deltatoken=1")
    assert wire.graph.sent == []
