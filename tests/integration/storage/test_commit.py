"""One commit is all or nothing, in the order of its fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from backend.domain.recurrence import Series
from backend.domain.values import Kind, Side
from backend.ports.answers import Op
from backend.storage import tables
from backend.sync.state import (
    Conflict,
    HistoryEntry,
    IntentState,
    LineState,
    Link,
    LinkState,
    Note,
    SeriesRow,
    Stream,
    Todo,
    Tombstone,
)
from backend.sync.store import Changes
from tests.fakes.stored import NOON, Bench, card, intent_of, item, line_of, link_of, meeting_of, record, slot

ADA, BYRON = card("Love"), card("Byron")
WEEKLY = Series("FREQ=WEEKLY", datetime(2026, 3, 2, 9), "Europe/Berlin", 3600)  # noqa: DTZ001 - local wall clock


def full_changes(bench: Bench) -> Changes:
    """A commit that touches every table it can."""
    link = bench.pair(1, "a", "003A", ADA)
    old = bench.pair(1, "old", "003O", card("Old"))
    line = line_of("003A")
    occurrence = meeting_of("uid", "first")
    bench.commit(1, meetings=[occurrence], notes=[Note(1, Kind.CONTACT, Side.MAILBOX, "a", "odd")])
    bench.commit(1, todos=[Todo(1, Kind.CONTACT, "mailbox", "a")])
    return Changes(
        stream=Stream(1, Kind.CONTACT, "folder", "cursor", None, None, 1, NOON),
        items=[item("a", BYRON, version="v2"), item("new", ADA)],
        item_user=1,
        generation=1,
        records=[(Kind.CONTACT, record("003A", BYRON, NOON + timedelta(hours=1)))],
        scopes=[(Kind.CONTACT, "003A", frozenset({1, 2}))],
        mark="mark",
        cycle_at=NOON,
        dropped_links=[old.id],
        lines=[replace(line, state=LineState.STOPPED)],
        moved_meetings=[(occurrence.id, "second", 1)],
        meetings=[meeting_of("uid", "third")],
        links=[replace(link, shadow_mailbox=BYRON)],
        series=[SeriesRow(1, "master", "uid", WEEKLY, date(2026, 9, 1))],
        intents=[intent_of(link, "crm:A")],
        conflicts=[Conflict(link.id, "name", ADA, BYRON, Side.CRM, "Salesforce wins.")],
        tombstones=[Tombstone(1, Kind.CONTACT, "old", "003O")],
        notes=[Note(1, Kind.CONTACT, Side.MAILBOX, "a", "")],
        history=[HistoryEntry(link.id, Side.CRM, Op.UPDATE, ("name",), ADA, BYRON, "Changed in the mailbox.")],
        todos=[Todo(2, Kind.CONTACT, "crm", "003A")],
        done_todos=[Todo(1, Kind.CONTACT, "mailbox", "a", 1)],
        planned_version=3,
        run_id=7,
    )


class Killed(Exception):
    """The process ends here."""


def test_c8_a_commit_killed_at_any_statement_leaves_no_trace(bench: Bench) -> None:
    changes = full_changes(bench)
    before = bench.everything()
    lease = bench.lease(1)
    statements = 0
    limit = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1
        if statements == limit:
            raise Killed

    event.listen(bench.engine, "after_cursor_execute", count)
    while limit < 200:
        limit, statements = limit + 1, 0
        try:
            bench.store.commit(lease, changes)
        except Killed:
            event.remove(bench.engine, "after_cursor_execute", count)
            assert bench.everything() == before, f"killed after statement {limit}"
            event.listen(bench.engine, "after_cursor_execute", count)
        else:
            break
    event.remove(bench.engine, "after_cursor_execute", count)
    assert limit > 25
    after = bench.everything()
    assert {name for name in after if after[name] != before[name]} == {
        "conflict", "crm_record", "crm_scope", "history", "intent", "line", "link", "mailbox_item", "meeting", "note",
        "organisation", "series", "stream", "todo", "tombstone", "user_state",
    }  # fmt: skip


def test_a_dropped_link_keeps_its_history_and_conflicts(bench: Bench) -> None:
    link = bench.pair(1, "a", "003A", ADA)
    entry = HistoryEntry(link.id, Side.CRM, Op.CREATE, ("name",), {}, ADA, "New in the mailbox.")
    bench.commit(1, history=[entry], conflicts=[Conflict(link.id, "name", ADA, BYRON, Side.CRM, "lost")])
    bench.commit(1, dropped_links=[link.id], run_id=5)
    assert bench.rows(tables.link) == []
    (row,) = bench.rows(tables.history)
    assert (row["link_id"], row["op"], row["groups"], row["before"]) == (str(link.id), "create", ["name"], {})
    assert len(bench.rows(tables.conflict)) == 1


def test_a_known_link_is_replaced_whole(bench: Bench) -> None:
    link = bench.pair(1, "a", "003A", ADA)
    held = replace(link, state=LinkState.HELD, reason="Rule", held_on="d", attempts=2, shadow_crm=None, incarnation=1)
    bench.commit(1, links=[held])
    assert bench.store.links([link.id]) == {link.id: held}


def test_inv01_an_item_cannot_be_in_two_links_of_one_user(bench: Bench) -> None:
    bench.pair(1, "a", "003A", ADA)
    line = line_of("003B")
    with pytest.raises(sa.exc.IntegrityError):
        bench.commit(1, lines=[line], links=[link_of(1, line, "a")])
    bench.commit(2, lines=[line], links=[link_of(2, line, "a")])


def test_inv01_a_record_cannot_be_in_two_links_of_one_user(bench: Bench) -> None:
    link = bench.pair(1, "a", "003A", ADA)
    with pytest.raises(sa.exc.IntegrityError):
        bench.commit(1, links=[replace(link, id=UUID(int=1), mailbox_id="b")])


# --- series ----------------------------------------------------------------------------------------------------------


def occurrences(bench: Bench, starts: list[str]) -> list[Link]:
    links = []
    for number, start in enumerate(starts):
        line = line_of(f"00U{number}", Kind.EVENT)
        link = link_of(1, line, "master", original_start=start)
        bench.commit(1, lines=[line], meetings=[meeting_of("uid", start, line)], links=[link])
        links.append(link)
    return links


def test_c17_rows_of_a_shifted_series_take_each_others_places(bench: Bench) -> None:
    starts = ["2026-03-02", "2026-03-09", "2026-03-16"]
    links = occurrences(bench, starts)
    moved = [*starts[1:], "2026-03-23"]
    bench.commit(
        1,
        moved_meetings=[(meeting_of("uid", old).id, new, 1) for old, new in zip(starts, moved, strict=True)],
        links=[replace(link, original_start=new) for link, new in zip(links, moved, strict=True)],
    )
    assert {meeting.id: meeting.original_start for meeting in bench.store.meetings(uids=["uid"])} == {
        meeting_of("uid", old).id: new for old, new in zip(starts, moved, strict=True)
    }
    stored = bench.store.links([link.id for link in links])
    assert {link.original_start for link in stored.values()} == set(moved)


def test_two_occurrences_may_swap(bench: Bench) -> None:
    first, second = occurrences(bench, ["2026-03-02", "2026-03-09"])
    a, b = meeting_of("uid", "2026-03-02").id, meeting_of("uid", "2026-03-09").id
    bench.commit(
        1,
        moved_meetings=[(a, "2026-03-09", 1), (b, "2026-03-02", 1)],
        links=[replace(first, original_start="2026-03-09"), replace(second, original_start="2026-03-02")],
    )
    assert {m.id: m.original_start for m in bench.store.meetings(uids=["uid"])} == {a: "2026-03-09", b: "2026-03-02"}


def test_a_series_is_stored_and_dropped(bench: Bench) -> None:
    bench.see(1, item("master", slot("Weekly"), series=WEEKLY), kind=Kind.EVENT)
    bench.commit(1, series=[SeriesRow(1, "master", "uid", WEEKLY, date(2026, 9, 1), 4)])
    assert bench.dirty("mailbox", "master", kind=Kind.EVENT).series["master"].epoch == 4
    bench.commit(1, dropped_series=[(1, "master")], dropped_meetings=[])
    assert bench.rows(tables.series) == []


# --- marks -----------------------------------------------------------------------------------------------------------


def test_d11_a_mark_that_was_repeated_outlives_the_pass_that_did_not_see_the_repetition(bench: Bench) -> None:
    todo = Todo(1, Kind.CONTACT, "mailbox", "a")
    bench.commit(1, todos=[todo])
    (seen,) = bench.store.snapshot(1, Kind.CONTACT).todos
    bench.commit(2, todos=[todo])
    bench.commit(1, done_todos=[seen])
    (again,) = bench.store.snapshot(1, Kind.CONTACT).todos
    assert (seen.stamp, again.stamp) == (1, 2)
    bench.commit(1, done_todos=[again])
    assert bench.store.snapshot(1, Kind.CONTACT).todos == ()


def test_a_pass_may_mark_again_what_it_has_done(bench: Bench) -> None:
    todo = Todo(1, Kind.CONTACT, "mailbox", "a")
    bench.commit(1, todos=[todo])
    (seen,) = bench.store.snapshot(1, Kind.CONTACT).todos
    bench.commit(1, done_todos=[seen], todos=[todo])
    assert len(bench.store.snapshot(1, Kind.CONTACT).todos) == 1


# --- notes, marks of the organisation, versions ----------------------------------------------------------------------


def test_a_note_is_replaced_and_cleared(bench: Bench) -> None:
    first = Note(1, Kind.EVENT, Side.CRM, "00U", "One.", "Title", "CODE")
    bench.commit(1, notes=[first, replace(first, side=Side.MAILBOX)])
    bench.commit(1, notes=[replace(first, reason="Two.")])
    assert {(row["side"], row["reason"]) for row in bench.rows(tables.note)} == {("crm", "Two."), ("mailbox", "One.")}
    bench.commit(1, notes=[replace(first, reason="")])
    assert [row["side"] for row in bench.rows(tables.note)] == ["mailbox"]


def test_the_organisations_mark_and_cycle(bench: Bench) -> None:
    assert (bench.store.mark(), bench.store.served_cycle()) == (None, None)
    bench.commit(0, mark="m1")
    bench.commit(0, cycle_at=NOON)
    assert (bench.store.mark(), bench.store.served_cycle()) == ("m1", NOON)


def test_the_version_of_the_last_complete_plan(bench: Bench) -> None:
    assert bench.store.planned_version(1) == 0
    bench.commit(1, planned_version=4)
    assert (bench.store.planned_version(1), bench.store.planned_version(2)) == (4, 0)


def test_users_are_those_who_sync(bench: Bench) -> None:
    assert [user.user_id for user in bench.store.users()] == [1, 2, 3]
    with bench.engine.begin() as connection:
        place = sa.update(tables.user_state).where(tables.user_state.c.user_id == 2)
        connection.execute(place.values(syncs=False))
        place = sa.update(tables.user_state).where(tables.user_state.c.user_id == 3)
        connection.execute(place.values(mailbox_zone="Asia/Tokyo", mailbox_id="m3", config_version=9))
        connection.execute(
            sa.insert(tables.selection),
            [
                {"user_id": 3, "uid": "chosen", "created_at": NOON, "ended_at": None},
                {"user_id": 3, "uid": "ended", "created_at": NOON, "ended_at": NOON},
            ],
        )
    assert bench.store.user(2) is None
    assert bench.store.user(99) is None
    assert [user.user_id for user in bench.store.users()] == [1, 3]
    third = bench.store.user(3)
    assert third is not None
    assert (third.zone, third.mailbox_id, third.selections) == ("Asia/Tokyo", "m3", {("chosen", "")})
    assert third.version == third.configuration.version == 9


def test_intents_of_a_pass_carry_its_run(bench: Bench) -> None:
    link = bench.pair(1, "a", "003A", ADA)
    planned = intent_of(link, "crm:A")
    bench.commit(1, intents=[planned], run_id=7)
    bench.commit(1, intents=[replace(planned, state=IntentState.DONE)], run_id=8)
    assert [row["run_id"] for row in bench.rows(tables.intent)] == [7]
    assert bench.store.intent(planned.id) == replace(planned, state=IntentState.DONE)


class Deadlock(Exception):
    """What PostgreSQL reports to the one it chose to give way."""

    sqlstate = "40P01"


@pytest.mark.parametrize(("failures", "stored"), [(1, True), (4, True), (5, False)])
def test_a_commit_that_had_to_give_way_is_repeated(bench: Bench, failures: int, stored: bool) -> None:
    lease, left = bench.lease(1), failures

    def give_way(_c: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal left
        if left and statement.startswith("INSERT INTO todo"):
            left -= 1
            raise sa.exc.OperationalError(statement, {}, Deadlock())

    event.listen(bench.engine, "before_cursor_execute", give_way)
    if stored:
        bench.store.commit(lease, Changes(items=[item("a", ADA)], item_user=1))
    else:
        with pytest.raises(sa.exc.OperationalError):
            bench.store.commit(lease, Changes(items=[item("a", ADA)], item_user=1))
    event.remove(bench.engine, "before_cursor_execute", give_way)
    assert bench.store.mirrored(1, Kind.CONTACT) == stored
    assert len(bench.rows(tables.todo)) == stored
