"""The mirror of Salesforce: INV-21, scope, who gets a mark (D-11), and which records are not kept."""

from __future__ import annotations

import threading
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import event

from backend.domain.values import Kind
from backend.storage import tables
from backend.storage.engine import create_engine
from backend.storage.sync_store import SqlSyncStore
from backend.sync.state import LinkState, Presence, SeenRecord
from tests.fakes.stored import HOUR, MINUTE, NOON, OWNER, Bench, card, line_of, link_of, record
from tests.fakes.world import FakeClock

ADA = card("Love", "ada@example.com")
LATER = NOON + MINUTE


def seen(bench: Bench, crm_id: str = "003A") -> SeenRecord:
    return bench.dirty("crm", crm_id).records[crm_id]


def stored_ids(bench: Bench) -> set[str]:
    return {row["crm_id"] for row in bench.rows(tables.crm_record)}


def test_a_record_comes_back_as_it_was_seen(bench: Bench) -> None:
    full = SeenRecord(
        "003A",
        Presence.HERE,
        NOON,
        ADA,
        key_tag=uuid4(),
        owner_id=OWNER[1],
        modified_by=OWNER[2],
        last_modified=NOON - MINUTE,
        created_at=NOON - HOUR,
        activity_at=NOON - 2 * HOUR,
        is_child=True,
        problem="odd",
    )
    bench.learn(full)
    assert seen(bench) == full
    assert bench.store.known_records(Kind.CONTACT, ["003A", "003B"]) == {"003A": NOON}
    assert bench.store.record_ids(Kind.CONTACT) == {"003A"}


# --- INV-21 ----------------------------------------------------------------------------------------------------------


def test_inv21_c15_an_older_record_does_not_replace_a_newer_one(bench: Bench) -> None:
    bench.learn(record("003A", card("New"), LATER))
    bench.clean()
    bench.learn(record("003A", card("Old"), NOON), scope=(2,))
    assert bench.marks(1) == bench.marks(2) == set()
    assert seen(bench) == record("003A", card("New"), LATER)
    assert {row["user_id"] for row in bench.rows(tables.crm_scope)} == {1}


def test_inv21_of_two_states_in_one_page_the_newer_counts(bench: Bench) -> None:
    bench.learn(record("003A", card("New"), LATER), record("003A", card("Old"), NOON))
    assert seen(bench).values == card("New")


def test_inv21_c16_a_row_read_before_our_delete_does_not_revive_the_record(bench: Bench) -> None:
    bench.learn(record("003A", ADA, NOON))
    bench.learn(SeenRecord("003A", Presence.GONE, LATER))
    bench.learn(record("003A", ADA, NOON + MINUTE / 2))
    assert seen(bench).presence is Presence.GONE
    assert bench.store.record_ids(Kind.CONTACT) == frozenset()


def test_equal_content_only_moves_the_version(bench: Bench) -> None:
    bench.learn(record("003A", ADA, NOON, modified_by=OWNER[1]))
    bench.clean()
    bench.learn(record("003A", ADA, LATER, last_modified=NOON, modified_by=OWNER[2]))
    assert bench.marks() == set()
    assert (seen(bench).version, seen(bench).modified_by) == (LATER, OWNER[2])


def test_ls107_an_edit_of_fields_we_do_not_map_is_news_to_whom_has_no_link(bench: Bench) -> None:
    bench.pair(1, "i", "003A", ADA)
    bench.learn(record("003A", ADA, NOON), scope=(1, 2))
    bench.clean()
    bench.learn(record("003A", ADA, LATER), scope=(1, 2))
    assert bench.marks(1) == set()
    assert bench.marks(2) == {("crm", "003A")}


# --- marks -----------------------------------------------------------------------------------------------------------


def test_d11_a_change_concerns_who_has_it_in_scope_before_or_after_or_links_it(bench: Bench) -> None:
    line = line_of("003A")
    bench.learn(record("003A", ADA), scope=(1,))
    bench.commit(3, lines=[line], links=[link_of(3, line, "item3")])
    bench.clean()
    bench.learn(record("003A", card("Byron"), LATER), scope=(2,))
    assert [bench.marks(user) for user in (1, 2, 3)] == [{("crm", "003A")}] * 3


def test_a_change_of_scope_alone_concerns_who_enters_or_leaves(bench: Bench) -> None:
    bench.learn(record("003A", ADA), scope=(1, 2))
    bench.clean()
    bench.commit(0, scopes=[(Kind.CONTACT, "003A", frozenset({2, 3}))])
    assert [bench.marks(user) for user in (1, 2, 3)] == [{("crm", "003A")}, set(), {("crm", "003A")}]
    assert {row["user_id"] for row in bench.rows(tables.crm_scope)} == {2, 3}


def test_inv07_our_own_write_coming_back_marks_others_but_not_us(bench: Bench) -> None:
    ours = bench.pair(1, "i", "003A", ADA)
    line = line_of("003A")
    bench.commit(2, links=[link_of(2, line, "item2", shadow_mailbox=ADA, shadow_crm=ADA)])
    bench.clean()
    byron = card("Byron")
    answered = replace(ours, shadow_mailbox=byron, shadow_crm=byron)
    bench.commit(1, records=[(Kind.CONTACT, record("003A", byron, LATER))], links=[answered])
    assert bench.marks(1) == set()
    assert bench.marks(2) == {("crm", "003A")}


def test_inv07_a_record_that_equals_the_stored_shadow_is_no_news(bench: Bench) -> None:
    link = bench.pair(1, "i", "003A", ADA)
    byron = card("Byron")
    bench.commit(1, links=[replace(link, shadow_crm=byron)])
    bench.learn(record("003A", byron, LATER))
    assert bench.marks() == set()


def test_inv07_the_answer_to_our_create_marks_nobody_although_scope_begins(bench: Bench) -> None:
    line = line_of(None, name="new")
    link = link_of(1, line, "i", state=LinkState.CREATING)
    bench.commit(1, lines=[line], links=[link])
    bench.clean()
    bench.commit(
        1,
        records=[(Kind.CONTACT, record("003N", ADA, key_tag=line.key))],
        scopes=[(Kind.CONTACT, "003N", frozenset({1}))],
        lines=[replace(line, crm_id="003N")],
        links=[replace(link, state=LinkState.LINKED, shadow_mailbox=ADA, shadow_crm=ADA)],
    )
    assert bench.marks() == set()
    bench.learn(record("003N", ADA, key_tag=line.key))
    assert bench.marks() == set()


@pytest.mark.parametrize("state", [LinkState.STOPPED, LinkState.PARKED, LinkState.HELD])
def test_a_link_that_does_not_follow_hides_no_news(bench: Bench, state: LinkState) -> None:
    link = bench.pair(1, "i", "003A", ADA)
    byron = card("Byron")
    bench.commit(1, links=[replace(link, state=state, shadow_crm=byron)])
    bench.learn(record("003A", byron, LATER))
    assert bench.marks() == {("crm", "003A")}


def test_a_new_owner_is_news_although_the_values_are_the_same(bench: Bench) -> None:
    bench.pair(1, "i", "003A", ADA)
    bench.learn(record("003A", ADA, LATER, owner_id=OWNER[2]))
    assert bench.marks() == {("crm", "003A")}


# --- data minimisation -----------------------------------------------------------------------------------------------


def test_a_record_that_nobody_has_in_scope_or_links_is_not_stored(bench: Bench) -> None:
    bench.learn(record("003A", ADA), scope=())
    bench.learn(record("003B", ADA), scope=None)
    assert stored_ids(bench) == set()


def test_a_record_is_forgotten_when_the_last_reason_to_keep_it_ends(bench: Bench) -> None:
    bench.learn(record("003A", ADA), scope=(1,))
    bench.clean()
    bench.learn(record("003A", ADA, LATER, last_modified=NOON), scope=())
    assert stored_ids(bench) == set()
    assert bench.marks() == {("crm", "003A")}


def test_a_linked_record_is_kept_out_of_scope(bench: Bench) -> None:
    bench.pair(1, "i", "003A", ADA)
    bench.commit(0, scopes=[(Kind.CONTACT, "003A", frozenset())])
    assert stored_ids(bench) == {"003A"}
    assert bench.dirty("crm", "003A").in_scope == frozenset()


def test_inv03_a_record_that_carries_the_key_of_a_line_is_kept_before_anybody_knows_its_id(bench: Bench) -> None:
    """The answer to a create was lost: the organisation reader may see the record first (C4)."""
    line = line_of(None, name="lost")
    bench.commit(1, lines=[line], links=[link_of(1, line, "i", state=LinkState.CREATING)])
    bench.clean()
    bench.learn(record("003A", ADA, key_tag=line.key), scope=())
    assert stored_ids(bench) == {"003A"}
    assert bench.marks() == {("crm", "003A")}


def test_a_deleted_record_keeps_no_content(bench: Bench) -> None:
    bench.pair(1, "i", "003A", ADA)
    bench.learn(SeenRecord("003A", Presence.GONE, LATER), scope=())
    (row,) = bench.rows(tables.crm_record)
    assert (row["presence"], row["values"], row["strong_key"], row["natural_key"]) == ("gone", None, None, None)
    assert bench.marks() == {("crm", "003A")}


def test_d11_c11_marks_are_stored_with_what_they_stand_for(bench: Bench) -> None:
    before = bench.everything()
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        bench.commit(0, records=[(Kind.CONTACT, record("003A", ADA))], scopes=[(Kind.CONTACT, "003A", {1, 99})])
    assert {name: rows for name, rows in bench.everything().items() if name != "sync_lease"} == {
        name: rows for name, rows in before.items() if name != "sync_lease"
    }


OLDER, NEWER = record("003A", card("Between"), LATER), record("003A", ADA, LATER + MINUTE, last_modified=NOON)


@pytest.mark.parametrize("stored", [True, False], ids=["a stored record", "a new record"])
@pytest.mark.parametrize(("first", "other"), [(OLDER, NEWER), (NEWER, OLDER)], ids=["older first", "newer first"])
def test_inv21_two_commits_at_once_leave_the_newest_version(
    bench: Bench, database_url: str, stored: bool, first: SeenRecord, other: SeenRecord
) -> None:
    """One commit has compared and not yet written when the other comes."""
    if stored:
        bench.learn(record("003A", ADA, NOON))
    second = Bench(SqlSyncStore(create_engine(database_url), FakeClock()), bench.engine)
    second.lease(1)
    bench.lease(0)
    threads: list[threading.Thread] = []

    def meanwhile(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT crm_record") and not threads:
            change = {"records": [(Kind.CONTACT, other)], "scopes": [(Kind.CONTACT, "003A", frozenset({1}))]}
            threads.append(threading.Thread(target=second.commit, args=(1,), kwargs=change))
            threads[0].start()
            threads[0].join(0.5)

    event.listen(bench.engine, "after_cursor_execute", meanwhile)
    bench.learn(first)
    event.remove(bench.engine, "after_cursor_execute", meanwhile)
    threads[0].join(30)
    bench.leases |= second.leases
    assert seen(bench) == NEWER
    second.store._engine.dispose()
