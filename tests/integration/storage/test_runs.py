"""Runs, due times, states and back-off of users, kept where no emptied queue can lose them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from backend.domain.values import Kind
from backend.storage import tables
from backend.storage.organisation_state import OrganisationBook, OrganisationState
from backend.storage.people import People
from backend.storage.pruning import prune
from backend.storage.reset import reset_user
from backend.storage.runs import Finished, Outcome, Runs, UserState, pause
from backend.sync.state import IntentState, LinkState, Presence, SeenItem, Todo, Tombstone
from tests.fakes.stored import Bench, card, intent_of, item, link_of
from tests.fakes.world import FakeClock

OK = Finished(Outcome.OK, UserState.IN_SYNC, complete=True)
FAILED = Finished(
    Outcome.FAILED, UserState.NEEDS_ATTENTION, False, {}, "The mailbox does not answer.", "Grant access again."
)
DAY = timedelta(days=1)


@pytest.fixture
def runs(bench: Bench, clock: FakeClock) -> Runs:
    return Runs(bench.engine, clock)


def state(bench: Bench, user_id: int = 1) -> dict[str, Any]:
    return next(row for row in bench.rows(tables.user_state) if row["user_id"] == user_id)


def run_of(bench: Bench, number: int) -> dict[str, Any]:
    return next(row for row in bench.rows(tables.sync_run) if row["id"] == number)


def everybody_ran(runs: Runs, clock: FakeClock) -> None:
    for user_id in (1, 2, 3):
        later = replace(OK, next_at=clock.now() + timedelta(minutes=5))
        runs.finish(runs.start(user_id, 1, "schedule"), user_id, later)


# --- one run ---------------------------------------------------------------------------------------------------------


def test_a_run_is_kept_with_what_it_did(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    began = clock.now()
    number = runs.start(1, 7, "a person pressed Sync now")
    running = run_of(bench, number)
    assert (running["outcome"], running["started_at"], running["lease_token"]) == ("running", began, 7)
    assert running["cause"] == "a person pressed Sync now"
    runs.progress(1, {"done": 3, "of": 9})
    assert state(bench)["progress"] == {"done": 3, "of": 9}
    ended = clock.advance(timedelta(seconds=5))
    runs.finish(number, 1, replace(OK, counts={"read": {"mailbox": 4}}))
    finished = run_of(bench, number)
    assert (finished["outcome"], finished["ended_at"], finished["counts"]) == ("ok", ended, {"read": {"mailbox": 4}})
    assert state(bench)["progress"] is None


def test_a_complete_run_moves_the_user_on(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    first = runs.start(1, 1, "schedule")
    runs.finish(first, 1, OK)
    began = clock.now()
    clock.advance(DAY)
    second = runs.start(1, 2, "schedule")
    assert second > first
    runs.finish(second, 1, OK)
    found = state(bench)
    assert (found["last_run_id"], found["last_complete_run_id"]) == (second, second)
    assert (found["first_sync_done_at"], found["last_ok_at"]) == (began, clock.now())
    assert (found["state"], found["reason"], found["failures"]) == ("in_sync", "", 0)


def test_a_failed_run_leaves_what_was_complete_and_says_why(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    complete = runs.start(1, 1, "schedule")
    runs.finish(complete, 1, OK)
    well = clock.now()
    clock.advance(DAY)
    failed = runs.start(1, 2, "schedule")
    runs.finish(failed, 1, FAILED)
    found = state(bench)
    assert (found["last_run_id"], found["last_complete_run_id"], found["last_ok_at"]) == (failed, complete, well)
    assert (found["state"], found["reason"]) == ("needs_attention", "The mailbox does not answer.")
    assert (found["remedy"], found["failures"]) == ("Grant access again.", 1)
    assert run_of(bench, failed)["error"] == "The mailbox does not answer."


def test_the_organisations_run_has_no_user(bench: Bench, runs: Runs) -> None:
    runs.finish(runs.start(0, 1, "schedule"), 0, OK)
    assert [row["user_id"] for row in bench.rows(tables.sync_run)] == [0]


def test_a_run_that_was_cut_off_is_closed_by_the_next(bench: Bench, runs: Runs) -> None:
    cut = runs.start(1, 1, "schedule")
    runs.start(1, 2, "schedule")
    found = run_of(bench, cut)
    assert (found["outcome"], found["error"]) == ("cut_off", "The worker was stopped in the middle.")


# --- who is due ------------------------------------------------------------------------------------------------------


def test_everybody_is_due_who_never_ran(runs: Runs) -> None:
    assert runs.due_users() == (1, 2, 3)


def test_a_user_is_due_again_when_his_time_has_come(runs: Runs, clock: FakeClock) -> None:
    everybody_ran(runs, clock)
    assert runs.due_users() == ()
    clock.advance(timedelta(minutes=5))
    assert runs.due_users() == (1, 2, 3)


def test_a_user_for_whom_something_waits_is_due_at_once(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    link = bench.pair(3, "i", "003A", card("Love"))
    everybody_ran(runs, clock)
    bench.commit(1, todos=[Todo(2, Kind.CONTACT, "crm", "003A")])
    bench.commit(3, intents=[intent_of(link, "crm:A", not_before=clock.now() + timedelta(seconds=30))])
    assert runs.due_users() == (2,)
    clock.advance(timedelta(seconds=30))
    assert runs.due_users() == (2, 3)


def test_inv13_a_failing_user_waits_longer_each_time_and_alone(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    everybody_ran(runs, clock)
    runs.finish(runs.start(1, 1, "schedule"), 1, FAILED)
    bench.commit(1, todos=[Todo(1, Kind.CONTACT, "mailbox", "i"), Todo(2, Kind.CONTACT, "mailbox", "i")])
    assert runs.due_users() == (2,)
    clock.advance(timedelta(seconds=29))
    assert runs.due_users() == (2,)
    clock.advance(timedelta(seconds=1))
    assert runs.due_users() == (1, 2)
    runs.finish(runs.start(1, 2, "schedule"), 1, FAILED)
    clock.advance(timedelta(seconds=59))
    assert runs.due_users() == (2,)


def test_a_pause_doubles_up_to_an_hour() -> None:
    assert [pause(number).total_seconds() for number in (1, 2, 3, 7, 8, 100)] == [30, 60, 120, 1920, 3600, 3600]


def test_a_service_that_names_a_time_is_obeyed(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    later = clock.now() + timedelta(minutes=17)
    runs.finish(runs.start(1, 1, "schedule"), 1, replace(FAILED, next_at=later))
    assert state(bench)["due_at"] == later


def test_a_wish_goes_before_every_pause_and_is_fulfilled_by_the_next_run(runs: Runs, clock: FakeClock) -> None:
    everybody_ran(runs, clock)
    runs.finish(runs.start(1, 1, "schedule"), 1, FAILED)
    runs.want([1, 3])
    assert runs.due_users() == (1, 3)
    assert runs.wanted(1)
    number = runs.start(1, 2, "schedule")
    assert not runs.wanted(1)
    runs.want([1])
    runs.finish(number, 1, replace(OK, next_at=clock.now() + DAY))
    assert runs.due_users() == (1, 3)


def test_a_user_cut_off_in_the_middle_is_due_as_soon_as_his_lease_has_ended(
    bench: Bench, runs: Runs, clock: FakeClock
) -> None:
    everybody_ran(runs, clock)
    lease = bench.store.acquire(1, "worker", 60.0)
    assert lease is not None
    runs.start(1, lease.token, "schedule")
    assert runs.lease_alive(1)
    assert runs.due_users() == ()
    bench.store.renew(lease, -1.0)
    assert not runs.lease_alive(1)
    assert runs.due_users() == (1,)


def test_nobody_holds_a_lease_that_was_never_taken(runs: Runs) -> None:
    assert not runs.lease_alive(1)


def test_who_is_paused_or_no_longer_syncs_is_not_due(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    people = People(bench.engine, clock)
    people.set_paused([1], True)
    with bench.engine.begin() as connection:
        connection.execute(sa.update(tables.user_state).where(tables.user_state.c.user_id == 2).values(syncs=False))
    runs.want([1, 2])
    assert runs.due_users() == (3,)
    people.set_paused([1], False)
    assert runs.due_users() == (1, 3)


def test_nobody_is_due_while_the_organisation_stands_still(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    book = OrganisationBook(bench.engine, clock)
    book.stop("claire@example.com")
    assert runs.due_users() == ()
    book.resume()
    assert runs.due_users() == (1, 2, 3)


def test_a_state_outside_of_a_run(bench: Bench, runs: Runs) -> None:
    runs.set_state(1, UserState.PAUSED, "Paused by an admin.", "Resume it on this page.")
    found = state(bench)
    assert (found["state"], found["reason"], found["remedy"]) == (
        "paused", "Paused by an admin.", "Resume it on this page.",
    )  # fmt: skip


# --- the organisation ------------------------------------------------------------------------------------------------


def test_what_is_known_of_the_organisation(bench: Bench, clock: FakeClock) -> None:
    book = OrganisationBook(bench.engine, clock)
    assert book.state() == OrganisationState()
    book.identify("00D000000000001AAA")
    book.cycle_started()
    book.set_allowance(120, 100_000)
    book.set_problem("The certificate has expired.")
    bench.commit(0, cycle_at=clock.now())
    assert book.state() == OrganisationState(
        "00D000000000001AAA", clock.now(), clock.now(), problem="The certificate has expired.", api_used=120,
        api_max=100_000,
    )  # fmt: skip
    book.set_problem("")
    assert book.state().problem == ""


def test_calls_are_added_by_hour_and_service(bench: Bench, clock: FakeClock) -> None:
    book = OrganisationBook(bench.engine, clock)
    book.add_usage({"salesforce": 2, "graph": 1}, {"salesforce": 9, "graph": 20})
    book.add_usage({"salesforce": 1}, {"salesforce": 1})
    clock.advance(timedelta(hours=1))
    book.add_usage({"salesforce": 5}, {})
    book.add_usage({}, {})
    assert sorted(
        (row["hour"], row["service"], row["calls"], row["requests"]) for row in bench.rows(tables.api_usage)
    ) == [
        (9, "graph", 1, 20),
        (9, "salesforce", 3, 10),
        (10, "salesforce", 5, 0),
    ]


# --- forgetting ------------------------------------------------------------------------------------------------------


def test_old_runs_tombstones_writes_and_vanished_items_are_forgotten(
    bench: Bench, runs: Runs, clock: FakeClock
) -> None:
    link = bench.pair(1, "linked", "003A", card("Love"))
    bench.see(1, item("free", card("Free")))
    bench.see(1, SeenItem("free", Presence.GONE), SeenItem("linked", Presence.GONE))
    for _ in range(2):
        runs.finish(runs.start(1, 1, "schedule"), 1, OK)
    done = intent_of(link, "crm:A", state=IntentState.DONE)
    bench.commit(1, tombstones=[Tombstone(1, Kind.CONTACT, "x", None)], intents=[done, intent_of(link, "crm:B")])
    assert prune(bench.engine, clock.now() + timedelta(days=30)).rows == {"mailbox_item": 1}
    after = clock.now() + timedelta(days=30, seconds=1)
    assert prune(bench.engine, after).rows == {"sync_run": 1, "tombstone": 1, "intent": 1}
    assert [row["mailbox_id"] for row in bench.rows(tables.mailbox_item)] == ["linked"]
    assert [row["state"] for row in bench.rows(tables.intent)] == ["planned"]


def test_numbers_of_runs_rise_though_old_runs_are_forgotten(bench: Bench, runs: Runs, clock: FakeClock) -> None:
    """Who saw a copy first is told by the number; and everybody's last run stays for the pages."""
    last = {user: runs.start(user, 1, "schedule") for user in (1, 2, 1)}
    for user, number in last.items():
        runs.finish(number, user, OK)
    nobodys = runs.start(0, 1, "schedule")
    assert prune(bench.engine, clock.advance(timedelta(days=400))).rows["sync_run"] == 1
    assert {row["id"] for row in bench.rows(tables.sync_run)} == {*last.values(), nobodys}
    assert runs.start(1, 1, "schedule") > nobodys


def test_a_refusal_is_remembered_as_long_as_its_pair_is_refused(bench: Bench, clock: FakeClock) -> None:
    """Its code tells the remedy on the pages."""
    link = replace(bench.pair(1, "a", "003A", card("Love")), state=LinkState.HELD)
    bench.commit(1, links=[link], intents=[intent_of(link, "crm:A", state=IntentState.FAILED)])
    after = clock.now() + timedelta(days=90)
    assert prune(bench.engine, after).rows == {}
    bench.commit(1, links=[replace(link, state=LinkState.LINKED)])
    assert prune(bench.engine, after).rows == {"intent": 1}


def test_g2_a_reset_forgets_links_and_cursors_and_keeps_stops_and_journal(bench: Bench, runs: Runs) -> None:
    living = bench.pair(1, "a", "003A", card("Love"))
    stopped = replace(bench.pair(1, "b", "003B", card("Build")), state=LinkState.STOPPED)
    colleague = bench.pair(2, "c", "003C", card("Hopper"))
    sent = intent_of(living, "crm:A", state=IntentState.SENT)
    bench.commit(1, links=[stopped], intents=[sent, intent_of(living, "crm:B", state=IntentState.DONE)])
    runs.finish(runs.start(1, 1, "schedule"), 1, OK)
    reset_user(bench.engine, 1)
    assert bench.store.links([living.id, stopped.id, colleague.id]) == {stopped.id: stopped, colleague.id: colleague}
    assert (bench.store.mirrored(1, Kind.CONTACT), bench.store.mirrored(2, Kind.CONTACT)) == (0, 1)
    assert {row["target"]: row["state"] for row in bench.rows(tables.intent)} == {
        "crm:A": "superseded",
        "crm:B": "done",
    }
    assert {todo.side for kind in Kind for todo in bench.store.snapshot(1, kind).todos} == {"all"}
    found = state(bench)
    assert (found["epoch"], found["planned_version"], found["last_complete_run_id"]) == (1, 0, None)
    assert 1 in runs.due_users()
    assert set(bench.store.lines(Kind.CONTACT, ids=[living.line_id])) != set()
    assert link_of(1, bench.store.lines(Kind.CONTACT, ids=[living.line_id])[0], "a").id == living.id


def test_times_are_aware(bench: Bench, runs: Runs) -> None:
    number = runs.start(1, 1, "schedule")
    began = run_of(bench, number)["started_at"]
    assert isinstance(began, datetime)
    assert began.utcoffset() == timedelta(0)
