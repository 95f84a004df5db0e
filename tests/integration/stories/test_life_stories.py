"""The life of a deployment at the engine: resets, leaving and coming back, in quiet times and in a running pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from backend.domain.configuration import DeletionChoice
from backend.domain.values import Kind, Name, Side, Values
from backend.storage import tables
from backend.storage.reset import forget_stops, reset, reset_user
from backend.sync.state import LinkState
from backend.sync.store import LeaseLost
from tests.fakes.lab import Lab
from tests.fakes.lineage import People

ADA: Values = {"name": Name("Ada", "Lovelace"), "email": "ada@engine.example", "title": "Countess"}
FIVE = 5


def told_to(lab: Lab, choice: DeletionChoice) -> Lab:
    settings = replace(
        lab.settings,
        contacts=replace(lab.settings.contacts, deletion=choice),
        events=replace(lab.settings.events, deletion=choice),
    )
    with lab.configurations.editing() as editor:
        editor.save(settings)
    lab.settings = settings
    return lab


def sides(lab: Lab, kind: Kind, user: int = 1) -> tuple[int, int]:
    """How many things of a kind live in the mailbox and in Salesforce."""
    return len(lab.world.mailbox_of(user).living(kind)), len(lab.world.org.living(kind))


def states(lab: Lab, user: int = 1) -> list[str]:
    return sorted(pair.link.state.value for pair in lab.pairs(user))


def stocked(kind: Kind, number: int = FIVE, users: int = 1) -> tuple[Lab, People]:
    """Things on both sides of the first user that nobody has paired yet."""
    lab = Lab(users)
    people = People(lab)
    for _ in range(number):
        people.create_item(kind)
        people.create_record(kind)
    return lab, people


# --- reset -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_inv29_ls177_ls178_ls179_a_reset_pairs_everything_again_and_writes_nothing(kind: Kind) -> None:
    lab, _ = stocked(kind)
    lab.settle()
    before = {(pair.link.mailbox_id, pair.line.crm_id) for pair in lab.pairs()}
    lab.world.writes.clear()

    reset_user(lab.database, 1)
    assert lab.pairs() == []
    lab.settle()

    assert {(pair.link.mailbox_id, pair.line.crm_id) for pair in lab.pairs()} == before
    assert (len(before), lab.world.writes) == (2 * FIVE, [])


def test_ls180_a_reset_of_one_person_leaves_the_others_alone() -> None:
    lab, _ = stocked(Kind.EVENT, users=2)
    colleague = People(lab, 2)
    colleague.create_item(Kind.CONTACT)
    lab.settle()
    theirs = lab.pairs(2)
    lab.world.writes.clear()

    reset_user(lab.database, 1)
    lab.settle()

    assert (lab.pairs(2), lab.world.writes) == (theirs, [])


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("in_mailbox", [True, False])
def test_inv20_a_stop_outlives_the_reset_unless_stops_are_forgotten(kind: Kind, in_mailbox: bool) -> None:
    lab, people = stocked(kind, 1)
    told_to(lab, DeletionChoice.STOP)
    lab.settle()
    assert sides(lab, kind) == (2, 2)
    people.delete_item(people.things()[0]) if in_mailbox else people.delete_record(people.rows()[0])
    left = (1, 2) if in_mailbox else (2, 1)
    lab.settle()
    assert sides(lab, kind) == left

    reset_user(lab.database, 1)
    lab.settle()
    assert (sides(lab, kind), states(lab)) == (left, ["linked", "stopped"])

    with lab.database.begin() as connection:
        reset(connection, 1)
        forget_stops(connection, 1, lab.world.clock.now())
    lab.settle()
    assert (sides(lab, kind), states(lab)) == ((2, 2), ["linked", "linked"])


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("in_mailbox", [True, False])
def test_inv20_a_deletion_that_was_seen_and_not_yet_carried_out_is_not_undone_by_a_reset(
    kind: Kind, in_mailbox: bool
) -> None:
    """The pass dies before its deletion leaves; a reset must not take the survivor for something new."""
    lab, people = stocked(kind, 1)
    told_to(lab, DeletionChoice.DELETE)
    lab.settle()
    people.delete_item(people.things()[0]) if in_mailbox else people.delete_record(people.rows()[0])
    lab.world.fuel.kill_at(1, of="crm.write" if in_mailbox else "mailbox.write")
    assert lab.crashing(lab.cycle) is not None

    reset_user(lab.database, 1)
    lab.settle()

    assert sides(lab, kind) == ((1, 2) if in_mailbox else (2, 1))
    assert states(lab) == ["linked", "stopped"]


def test_g2_selections_and_the_conflict_journal_outlive_a_reset() -> None:
    lab = Lab(1)
    lab.world.mailbox_of(1).create(Kind.CONTACT, ADA)
    lab.world.org.create(Kind.CONTACT, {**ADA, "title": "Programmer"}, lab.world.people[1].crm_user_id)
    lab.settle()
    with lab.database.begin() as connection:
        chosen = {"user_id": 1, "uid": "uid-1", "created_at": lab.world.clock.now()}
        connection.execute(sa.insert(tables.selection).values(chosen))
    assert lab.count(tables.conflict) == 1

    reset_user(lab.database, 1)
    assert (lab.count(tables.conflict), lab.count(tables.selection)) == (1, 1)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("side", list(Side))
def test_c22_a_reset_while_a_create_is_in_flight_makes_nothing_twice(kind: Kind, side: Side) -> None:
    """The late commit is refused by its token, and the next pass finds by key what was made."""
    lab, _ = stocked(kind)
    lab.read()
    done: list[bool] = []

    def reset_now() -> None:
        done.append(True)
        reset_user(lab.database, 1)

    lab.world.watchers.append(lambda write: reset_now() if not done and write.side is side else None)
    with pytest.raises(LeaseLost):
        lab.sync()
    assert done == [True]
    lab.world.watchers.clear()
    lab.settle()

    assert sides(lab, kind) == (2 * FIVE, 2 * FIVE)
    assert states(lab) == [LinkState.LINKED.value] * 2 * FIVE


def test_inv26_f8_who_is_unassigned_in_a_running_pass_has_nothing_more_written() -> None:
    lab, _ = stocked(Kind.CONTACT)
    lab.read()
    lab.world.watchers.append(lambda _write: lab.leave(1) if lab.syncing() else None)
    lab.sync()
    lab.world.watchers.clear()
    assert {write.side for write in lab.world.writes} == {Side.CRM}
    assert sides(lab, Kind.CONTACT) == (FIVE, 2 * FIVE)

    lab.enter(1)
    lab.settle()
    assert sides(lab, Kind.CONTACT) == (2 * FIVE, 2 * FIVE)


def test_inv6_inv9_what_was_typed_before_a_reset_outlives_the_return_of_a_deleted_record() -> None:
    """The record lies in the bin as it was deleted; it never held what was typed in the mailbox since."""
    lab = Lab(1)
    people = People(lab)
    item = people.create_item(Kind.CONTACT, ADA)
    lab.settle()
    (record,) = lab.world.org.living(Kind.CONTACT)
    lab.world.mailbox_of(1).edit(item, {"title": "Programmer"})
    lab.world.org.delete(record.id)
    reset_user(lab.database, 1)
    lab.settle()
    (pair,) = lab.pairs()
    assert (pair.link.state, (pair.link.shadow_crm or {})["title"]) == (LinkState.STOPPED, "Countess")

    lab.world.org.restore(record.id)
    lab.settle()
    assert (lab.world.mailbox_of(1).read(item) or {})["title"] == "Programmer"
