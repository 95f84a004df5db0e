"""INV-18: at most one open intent per remote object, whoever plans it; the loser has changed nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.values import Kind
from backend.storage import tables
from backend.sync.state import IntentState, Link
from backend.sync.store import TargetTaken
from tests.fakes.stored import Bench, intent_of, line_of, link_of, meeting_of

TARGET = "crm:shared"


@pytest.fixture
def links(bench: Bench) -> dict[int, Link]:
    """Two users' links to one line."""
    line = line_of("003A")
    made = {user: link_of(user, line, f"item{user}") for user in (1, 2)}
    for user, link in made.items():
        bench.commit(user, lines=[line], links=[link])
    return made


@pytest.mark.parametrize("state", [IntentState.PLANNED, IntentState.SENT])
def test_inv18_a_second_open_intent_for_a_target_is_refused(
    bench: Bench, links: dict[int, Link], state: IntentState
) -> None:
    bench.commit(1, intents=[intent_of(links[1], TARGET, state=state)])
    before = bench.everything()
    with pytest.raises(TargetTaken):
        bench.commit(2, links=[replace(links[2], reason="planned")], intents=[intent_of(links[2], TARGET)])
    assert bench.everything() == before


@pytest.mark.parametrize("state", [IntentState.DONE, IntentState.FAILED, IntentState.SUPERSEDED, IntentState.HELD])
def test_inv18_a_target_is_free_again_when_its_intent_has_ended_or_is_held(
    bench: Bench, links: dict[int, Link], state: IntentState
) -> None:
    first = intent_of(links[1], TARGET)
    bench.commit(1, intents=[first])
    bench.commit(1, intents=[replace(first, state=state)])
    bench.commit(2, intents=[intent_of(links[2], TARGET)])
    assert {row["state"] for row in bench.rows(tables.intent)} == {state.value, "planned"}


def test_inv18_a_held_intent_cannot_be_released_while_another_is_open(bench: Bench, links: dict[int, Link]) -> None:
    held = intent_of(links[1], TARGET, state=IntentState.HELD)
    bench.commit(1, intents=[held])
    bench.commit(2, intents=[intent_of(links[2], TARGET)])
    with pytest.raises(TargetTaken):
        bench.commit(1, intents=[replace(held, state=IntentState.PLANNED)])


def test_inv18_a_target_passes_from_one_intent_to_the_next_in_one_commit(bench: Bench, links: dict[int, Link]) -> None:
    first = intent_of(links[1], TARGET, "first")
    second = intent_of(links[1], TARGET, "second")
    bench.commit(1, intents=[first])
    bench.commit(1, intents=[second, replace(first, state=IntentState.SUPERSEDED)])
    bench.commit(1, intents=[replace(first, state=IntentState.PLANNED), replace(second, state=IntentState.DONE)])
    assert {row["id"]: row["state"] for row in bench.rows(tables.intent)} == {
        str(first.id): "planned",
        str(second.id): "done",
    }


def test_a_known_intent_moves_on_and_writes_what_it_always_wrote(bench: Bench, links: dict[int, Link]) -> None:
    first = intent_of(links[1], TARGET, values={"title": None}, from_crm={"title": "CEO"}, from_mailbox={"title": None})
    bench.commit(1, intents=[first])
    sent = replace(first, state=IntentState.SENT, attempts=2, code="429", message="Busy.", not_before=None)
    bench.commit(1, intents=[sent])
    assert bench.store.due_intents(1, Kind.CONTACT, bench.store._clock.now()) == (sent,)


def test_inv17_two_lines_cannot_stand_for_one_record(bench: Bench) -> None:
    line = line_of("003A")
    bench.commit(1, lines=[line])
    with pytest.raises(TargetTaken):
        bench.commit(2, lines=[replace(line_of(None, name="other"), crm_id="003A")])


def test_inv17_two_meetings_cannot_have_one_uid_and_start(bench: Bench) -> None:
    bench.commit(1, meetings=[meeting_of("uid", "2026-03-02")])
    other = replace(meeting_of("uid", "2026-03-09"), original_start="2026-03-02")
    with pytest.raises(TargetTaken):
        bench.commit(2, meetings=[other])
