"""The snapshot: exactly what belongs to the dirty things of a user, and nothing when nothing is dirty."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from backend.domain.recurrence import Series
from backend.domain.values import Kind
from backend.storage import tables
from backend.sync.state import (
    IntentState,
    LinkState,
    MeetingState,
    Presence,
    Ref,
    SeenItem,
    SeenRecord,
    SeriesRow,
    Todo,
    Tombstone,
)
from tests.fakes.stored import (
    HOUR,
    MINUTE,
    NOON,
    OWNER,
    Bench,
    card,
    intent_of,
    item,
    line_of,
    link_of,
    meeting_of,
    slot,
)
from tests.fakes.stored import record as seen_record

ADA = card("Love", "ada@example.com")
BOB = card("Build", "bob@example.com")
EVENT = Kind.EVENT
WEEKLY = Series("FREQ=WEEKLY", datetime(2026, 3, 2, 9), "Europe/Berlin", 3600)  # noqa: DTZ001 - local wall clock


# --- nothing dirty ---------------------------------------------------------------------------------------------------


def test_inv16_where_nothing_is_dirty_only_the_list_of_marks_is_read(bench: Bench) -> None:
    bench.pair(1, "i", "003A", ADA)
    asked: list[str] = []
    event.listen(bench.engine, "before_cursor_execute", lambda _c, _cu, statement, *_: asked.append(statement))
    snapshot = bench.store.snapshot(1, Kind.CONTACT)
    assert (snapshot.todos, snapshot.items, snapshot.links) == ((), {}, {})
    questions = [statement for statement in asked if statement.lstrip().startswith("SELECT")]
    assert len(questions) == 1
    assert "FROM todo" in questions[0]


def test_marks_of_others_and_of_the_other_kind_are_not_ours(bench: Bench) -> None:
    bench.commit(1, todos=[Todo(2, Kind.CONTACT, "mailbox", "x"), Todo(1, EVENT, "mailbox", "y")])
    assert bench.marks(1, Kind.CONTACT) == set()
    assert bench.marks(1, EVENT) == {("mailbox", "y")}


# --- linked pairs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "ref"), [("mailbox", "a"), ("crm", "003A"), ("all", "")])
def test_a_dirty_side_brings_its_pair(bench: Bench, side: str, ref: str) -> None:
    ada = bench.pair(1, "a", "003A", ADA)
    found = bench.dirty(side, ref)
    assert found.links == {ada.id: ada}
    assert set(found.items) == {"a"}
    assert set(found.records) == {"003A"}
    assert found.lines == {ada.line_id: line_of("003A")}
    assert found.in_scope == {"003A"}
    assert found.totals == 1


def test_a_pair_that_is_not_dirty_stays_out(bench: Bench) -> None:
    bench.pair(1, "a", "003A", ADA)
    bob = bench.pair(1, "b", "003B", BOB)
    found = bench.dirty("mailbox", "b")
    assert (set(found.links), set(found.items), set(found.records)) == ({bob.id}, {"b"}, {"003B"})
    assert found.totals == 2


def test_everything_is_everything_of_this_user_and_kind(bench: Bench) -> None:
    mine = [bench.pair(1, "a", "003A", ADA), bench.pair(1, "b", "003B", BOB)]
    bench.pair(2, "c", "003C", card("Hopper"))
    bench.pair(1, "e", "00UE", slot("Review"), EVENT)
    bench.learn(seen_record("003D", card("Free")), scope=(1,))
    bench.learn(seen_record("003E", card("Else")), scope=(2,))
    bench.see(1, item("free", card("Unlinked")))
    found = bench.dirty("all", "")
    assert set(found.links) == {link.id for link in mine}
    assert set(found.items) == {"a", "b", "free"}
    assert set(found.records) == {"003A", "003B", "003D"}


def test_another_users_link_is_no_part_of_ours_but_its_line_is_shared(bench: Bench) -> None:
    mine = bench.pair(1, "a", "003A", ADA)
    line = line_of("003A")
    bench.commit(2, links=[link_of(2, line, "theirs")])
    found = bench.dirty("mailbox", "a")
    assert set(found.links) == {mine.id}
    assert found.shared_lines == {line.id}
    assert bench.store.users_of_line(line.id) == {1, 2}


def test_a_half_bound_link_comes_with_its_source(bench: Bench) -> None:
    """Its record exists already but its id is not known: the key tells (C4)."""
    line = line_of(None, name="new")
    link = link_of(1, line, "a", state=LinkState.CREATING)
    bench.see(1, item("a", ADA))
    bench.commit(1, lines=[line], links=[link])
    bench.learn(seen_record("003N", ADA, key_tag=line.key))
    by_item, by_record = bench.dirty("mailbox", "a"), bench.dirty("crm", "003N")
    for found in (by_item, by_record):
        assert (set(found.links), set(found.items), set(found.records)) == ({link.id}, {"a"}, {"003N"})
        assert set(found.lines) == {line.id}


def test_an_item_whose_tag_names_a_link_brings_the_link(bench: Bench) -> None:
    link = replace(bench.pair(1, "lost", "003A", ADA), mailbox_id=None, state=LinkState.CREATING)
    bench.commit(1, links=[link])
    bench.see(1, item("new", card("Other"), key_tag=link.key))
    found = bench.dirty("mailbox", "new")
    assert link.id in found.links
    assert "003A" in found.records


# --- newcomers and their candidates ----------------------------------------------------------------------------------


def test_ls066_a_new_item_brings_records_and_items_with_its_address(bench: Bench) -> None:
    bench.see(1, item("new", card("Love", "ADA@example.com ")), item("twin", card("Other", "ada@example.com")))
    bench.see(1, item("else", BOB))
    bench.learn(seen_record("003A", card("Different", "Ada@Example.com")), scope=(1,))
    bench.learn(seen_record("003B", BOB), scope=(1,))
    found = bench.dirty("mailbox", "new")
    assert set(found.items) == {"new", "twin"}
    assert set(found.records) == {"003A"}


def test_ls067_a_new_record_brings_items_with_its_name_and_company(bench: Bench) -> None:
    bench.learn(seen_record("003A", card("Love", company="Acme")), scope=(1,))
    bench.see(1, item("same", card("LOVE", "other@example.com", company="acme ")), item("else", card("Love")))
    bench.see(2, item("theirs", card("Love", company="Acme")))
    found = bench.dirty("crm", "003A")
    assert set(found.items) == {"same"}


def test_d14_an_event_is_matched_to_records_of_its_user_only(bench: Bench) -> None:
    lunch = slot("Lunch")
    bench.see(1, item("lunch", lunch), kind=EVENT)
    bench.learn(seen_record("00U1", lunch, owner_id=OWNER[1]), kind=EVENT)
    bench.learn(seen_record("00U2", lunch, owner_id=OWNER[2]), kind=EVENT, scope=(2,))
    bench.learn(seen_record("00U3", lunch, owner_id=OWNER[1], is_child=True), kind=EVENT)
    bench.learn(seen_record("00U4", slot("Lunch", NOON + HOUR), owner_id=OWNER[1]), kind=EVENT)
    assert set(bench.dirty("mailbox", "lunch", kind=EVENT).records) == {"00U1"}


def test_a_linked_pair_brings_no_candidates(bench: Bench) -> None:
    bench.pair(1, "a", "003A", ADA)
    bench.learn(seen_record("003X", ADA), scope=(1,))
    assert set(bench.dirty("mailbox", "a").records) == {"003A"}


@pytest.mark.parametrize("presence", [Presence.GONE, Presence.OUTSIDE])
def test_d13_a_pair_that_lost_its_item_brings_what_may_be_the_item_again(bench: Bench, presence: Presence) -> None:
    bench.pair(1, "old", "003A", ADA)
    bench.see(1, SeenItem("old", presence), item("again", ADA))
    assert set(bench.dirty("mailbox", "old").items) == {"old", "again"}


def test_d13_a_pair_that_lost_its_record_brings_what_may_be_the_record_again(bench: Bench) -> None:
    bench.pair(1, "a", "003A", ADA)
    bench.learn(SeenRecord("003A", Presence.GONE, NOON + MINUTE), scope=())
    bench.learn(seen_record("003B", ADA), scope=(1,))
    assert set(bench.dirty("crm", "003A").records) == {"003A", "003B"}


def test_d13_a_newcomer_brings_the_stopped_pair_that_it_may_belong_to(bench: Bench) -> None:
    """Somebody deleted an item, the pair was stopped, and he makes the same thing anew."""
    link = replace(bench.pair(1, "old", "003A", ADA), state=LinkState.STOPPED)
    bench.commit(1, links=[link])
    bench.see(1, SeenItem("old", Presence.GONE), item("anew", ADA))
    found = bench.dirty("mailbox", "anew")
    assert found.links == {link.id: link}
    assert set(found.items) == {"old", "anew"}


# --- meetings and series ---------------------------------------------------------------------------------------------


def series_of(bench: Bench, occurrences: int = 3) -> list[str]:
    """User 1's weekly series with a record for each occurrence; returns the original starts."""
    bench.see(1, item("master", slot("Weekly"), uid="uid", series=WEEKLY), kind=EVENT)
    starts = [(NOON + number * timedelta(weeks=1)).isoformat() for number in range(occurrences)]
    for number, start in enumerate(starts):
        line = line_of(f"00U{number}", EVENT)
        bench.learn(seen_record(f"00U{number}", slot("Weekly")), kind=EVENT)
        link = link_of(1, line, "master", original_start=start)
        bench.commit(1, lines=[line], meetings=[meeting_of("uid", start, line)], links=[link])
    row = SeriesRow(1, "master", "uid", WEEKLY, date(2026, 9, 1), 2)
    bench.commit(1, series=[row])
    return starts


@pytest.mark.parametrize(("side", "ref"), [("mailbox", "master"), ("crm", "00U1"), ("meeting", "uid"), ("all", "")])
def test_a_dirty_occurrence_or_master_brings_the_whole_series(bench: Bench, side: str, ref: str) -> None:
    starts = series_of(bench)
    found = bench.dirty(side, ref, kind=EVENT)
    assert set(found.items) == {"master"}
    assert {link.original_start for link in found.links.values()} == set(starts)
    assert set(found.records) == {"00U0", "00U1", "00U2"}
    assert set(found.meetings) == {("uid", start) for start in starts}
    assert found.series == {"master": SeriesRow(1, "master", "uid", WEEKLY, date(2026, 9, 1), 2)}


def test_e7_a_series_is_stale_when_its_occurrences_end_too_soon(bench: Bench) -> None:
    series_of(bench)
    assert bench.store.stale_series(1, date(2026, 9, 1)) == ()
    assert bench.store.stale_series(1, date(2026, 9, 2)) == ("master",)
    assert bench.store.stale_series(2, date(2026, 9, 2)) == ()


def test_a_living_occurrence_stands_before_a_past_one_with_the_same_start(bench: Bench) -> None:
    past = meeting_of("uid", "2026-03-02", state=MeetingState.PAST)
    living = replace(meeting_of("uid", "moved here"), original_start="2026-03-02")
    bench.commit(1, meetings=[past, living])
    bench.see(1, item("master", slot("Weekly"), uid="uid"), kind=EVENT)
    assert bench.dirty("mailbox", "master", kind=EVENT).meetings == {("uid", "2026-03-02"): living}


def test_a_meeting_that_another_user_began_is_known_with_its_line(bench: Bench) -> None:
    line = line_of("00UM", EVENT)
    meeting = meeting_of("uid", line=line, shadow_mailbox=slot("Review"), shadow_crm=slot("Review"))
    bench.commit(2, lines=[line], meetings=[meeting], links=[link_of(2, line, "theirs")])
    bench.learn(seen_record("00UM", slot("Review"), owner_id=OWNER[2]), kind=EVENT, scope=(2,))
    bench.see(1, item("mine", slot("Review"), uid="uid"), kind=EVENT)
    found = bench.dirty("mailbox", "mine", kind=EVENT)
    assert found.meetings == {("uid", ""): meeting}
    assert found.lines == {line.id: line}
    assert set(found.records) == {"00UM"}
    assert found.shared_lines == {line.id}


# --- writes, tombstones ----------------------------------------------------------------------------------------------


def test_d9_unfinished_writes_of_everybody_on_what_is_involved_are_pending(bench: Bench) -> None:
    mine = bench.pair(1, "a", "003A", ADA)
    line = line_of("003A")
    theirs = link_of(2, line, "theirs")
    other = bench.pair(1, "b", "003B", BOB)
    open_one = intent_of(theirs, "crm:A", state=IntentState.SENT)
    held = intent_of(mine, "mbx:a", state=IntentState.HELD)
    done = intent_of(mine, "mbx:done", state=IntentState.DONE)
    bench.commit(2, links=[theirs], intents=[open_one])
    bench.commit(1, intents=[held, done, intent_of(other, "crm:B")])
    assert bench.dirty("mailbox", "a").pending == {"crm:A": open_one, "mbx:a": held}


def test_an_open_write_stands_before_a_held_one_on_the_same_target(bench: Bench) -> None:
    link = bench.pair(1, "a", "003A", ADA)
    planned = intent_of(link, "crm:A", "planned")
    held = intent_of(link, "crm:A", "held", state=IntentState.HELD)
    bench.commit(1, intents=[planned, held])
    assert bench.dirty("mailbox", "a").pending == {"crm:A": planned}


def test_tombstones_of_the_things_in_view_for_thirty_days(bench: Bench, clock: object) -> None:
    bench.see(1, item("a", ADA))
    stones = [Tombstone(1, Kind.CONTACT, "a", "003A"), Tombstone(1, Kind.CONTACT, "x", "003X")]
    bench.commit(1, tombstones=[*stones, stones[0]])
    assert bench.dirty("mailbox", "a").tombstones == (stones[0], stones[0])
    clock.advance(timedelta(days=30, seconds=1))
    assert bench.dirty("mailbox", "a").tombstones == ()


def test_inv15_unfinished_names_whose_writes_of_which_kind_are_open(bench: Bench) -> None:
    mine, theirs = bench.pair(1, "a", "003A", ADA), bench.pair(2, "b", "003B", BOB)
    bench.commit(1, intents=[intent_of(mine, "crm:A"), intent_of(mine, "mbx:a", state=IntentState.SENT)])
    held = intent_of(theirs, "mbx:b", state=IntentState.HELD)
    bench.commit(2, intents=[held, intent_of(theirs, "mbx:done", state=IntentState.DONE)])
    assert bench.store.unfinished() == {(1, Kind.CONTACT)}


def test_due_intents_are_planned_ones_whose_time_has_come_and_unanswered_ones(bench: Bench) -> None:
    link = bench.pair(1, "a", "003A", ADA)
    made = {
        "now": intent_of(link, "1"),
        "past": intent_of(link, "2", not_before=NOON - MINUTE),
        "later": intent_of(link, "3", not_before=NOON + MINUTE),
        "sent": intent_of(link, "4", state=IntentState.SENT, not_before=NOON + MINUTE),
        "held": intent_of(link, "5", state=IntentState.HELD),
        "done": intent_of(link, "6", state=IntentState.DONE),
    }
    bench.commit(1, intents=list(made.values()))
    due = bench.store.due_intents(1, Kind.CONTACT, NOON)
    assert {one.id for one in due} == {made[name].id for name in ("now", "past", "sent")}
    assert bench.store.due_intents(1, EVENT, NOON) == ()
    assert bench.store.due_intents(2, Kind.CONTACT, NOON) == ()


def test_single_questions(bench: Bench) -> None:
    starts = series_of(bench, 2)
    refs = [Ref("master", starts[0]), Ref("master", "never"), Ref("nobody")]
    line = line_of("00U0", EVENT)
    linked = bench.store.linked_refs(1, EVENT, refs)
    assert linked == {refs[0]: link_of(1, line, "master").id}
    assert bench.store.lines(EVENT, crm_ids=["00U0"], ids=[line.id]) == (line,)
    assert bench.store.lines(Kind.CONTACT, ids=[line.id]) == ()
    assert bench.store.links([uuid4()]) == {}
    (by_line,) = bench.store.meetings(lines=[line.id])
    assert {meeting.id for meeting in bench.store.meetings(uids=["uid"])} >= {by_line.id}
    assert len(bench.store.meetings(uids=["uid"], lines=[line.id])) == 2


def test_more_things_than_one_statement_may_name(bench: Bench) -> None:
    many = [item(f"i{number:04}", card(f"Number {number}")) for number in range(1201)]
    bench.see(1, *many)
    found = bench.store.snapshot(1, Kind.CONTACT)
    assert len(found.items) == len(found.todos) == 1201
    with bench.engine.begin() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(tables.todo)).scalar()
    assert count == 1201
