"""The life of a deployment at the engine: resets, leaving and coming back, in quiet times and in a running pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.values import Kind, Name, Side, Values
from backend.ports.answers import Answer, Result, Write
from backend.ports.crm import Record
from backend.storage import tables
from backend.storage.reset import forget_stops, reset, reset_user
from backend.sync.settle import TAKEN
from backend.sync.state import LinkState
from backend.sync.store import LeaseLost
from tests.fakes.databases import EVERYTHING
from tests.fakes.fake_salesforce import FakeCrm, record_of
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab
from tests.fakes.lineage import People
from tests.fakes.oracle import Judge, Watch
from tests.fakes.org import Row

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


def dies_after(lab: Lab, of: str) -> None:
    """A pass dies after a write took effect, before its answer is stored."""
    lab.world.fuel.kill_at(1, Moment.AFTER, of)
    assert lab.crashing(lab.cycle) is not None


def notes(lab: Lab) -> list[str]:
    return [row.reason for row in lab.rows(sa.select(tables.note.c.reason))]


def two_more_cards(people: People) -> None:
    for name in ("Augusta", "Adah"):
        people.create_item(Kind.CONTACT, {"name": Name(name, "Lovelace"), "email": f"{name}@engine.example"})


def ruled_out_by(row: Row) -> Callable[[FakeCrm, Write], Answer[Record]]:
    """An organisation whose duplicate rule takes everybody for this record."""

    def refused(_: FakeCrm, write: Write) -> Answer[Record]:
        return Answer(write.id, Result.EXISTS, record_of(row), "DUPLICATES_DETECTED", "Use one of these records?")

    return refused


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


@pytest.mark.parametrize("group", ["subject", "when"])
def test_inv1_an_item_that_a_reset_gave_to_another_pair_is_not_bound_again_by_its_key(group: str) -> None:
    """Its answer was lost and a person renamed it; after the reset its record is to be made there, by the same key."""
    lab = Lab(1)
    people = People(lab)
    people.create_record(Kind.EVENT)
    dies_after(lab, "mailbox.write")
    people.edit_item(people.things()[0], group)
    typed = people.things()[0].values[group]
    reset_user(lab.database, 1)

    lab.settle()

    (thing,) = people.things()
    (pair,) = lab.pairs()
    assert (pair.link.mailbox_id, thing.values[group]) == (thing.id, typed)
    assert notes(lab) == [TAKEN[Kind.EVENT]]


def test_inv1_a_duplicate_rule_that_names_the_record_of_another_card_binds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """H-8: the organisation's rule finds alike whom no key of ours does; each of two cards would get the record."""
    lab = Lab(1)
    people = People(lab)
    people.create_item(Kind.CONTACT, ADA)
    lab.settle()
    (row,) = people.rows()

    two_more_cards(people)
    monkeypatch.setattr(FakeCrm, "_apply", ruled_out_by(row))
    lab.settle()

    assert len(lab.pairs()) == 1
    assert notes(lab) == [TAKEN[Kind.CONTACT]] * 2


def test_inv1_a_duplicate_rule_gives_one_record_to_one_of_two_cards_of_a_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab = Lab(1, replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.TO_CRM)))
    people = People(lab)
    people.create_record(Kind.CONTACT, ADA)
    (row,) = people.rows()
    two_more_cards(people)
    monkeypatch.setattr(FakeCrm, "_apply", ruled_out_by(row))
    lab.cycle()

    (pair,) = lab.pairs()
    assert pair.line.crm_id == row.id
    assert notes(lab) == [TAKEN[Kind.CONTACT]]


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


@pytest.mark.parametrize(("kind", "groups"), [(Kind.EVENT, ["description"]), (Kind.CONTACT, ["email", "title"])])
@pytest.mark.parametrize("in_mailbox", [True, False])
def test_inv6_f3_what_is_found_by_its_key_after_a_reset_takes_no_edit_back(
    kind: Kind, groups: list[str], in_mailbox: bool
) -> None:
    """The mirror of Salesforce is behind, so its record is made once more; what that would say was never agreed."""
    lab = Lab(1)
    people = People(lab)
    watch = Watch(lab, people, lab.settings)
    people.create_item(kind)
    dies_after(lab, "crm.write")
    for group in groups:
        if in_mailbox:
            people.edit_item(people.things()[0], group)
        else:
            people.edit_record(people.rows()[0], group)
    typed = {group: _edited(people, in_mailbox)[group] for group in groups}
    reset_user(lab.database, 1)
    lab.sync()  # before the organisation is read again
    lab.sync()

    lab.settle()

    assert (len(people.things()), len(people.rows()), len(lab.pairs())) == (1, 1, 1)
    assert typed.items() <= _edited(people, in_mailbox).items()
    Judge(lab, people, lab.settings).check(watch)


def _edited(people: People, in_mailbox: bool) -> Values:
    """What stands in the one thing of the side that was edited."""
    (one,) = people.things() if in_mailbox else people.rows()
    return dict(one.values)


def test_inv1_d3_a_card_used_for_somebody_else_takes_nobody_elses_pair_after_a_reset() -> None:
    """Its key names the record of who it was before, and that record has a card of its own by then."""
    lab = Lab(1)
    people = People(lab)
    card = people.create_item(Kind.CONTACT, ADA)
    lab.settle()
    lab.leave(1)
    lab.world.mailbox_of(1).edit(card, {"name": Name("Grace", "Hopper"), "email": "grace@navy.example"})
    reset_user(lab.database, 1)
    lab.enter(1)

    lab.settle()

    assert sides(lab, Kind.CONTACT) == (2, 2)
    things, rows = ({str(one.values["email"]): one.id for one in found} for found in (people.things(), people.rows()))
    pairs = {(pair.link.mailbox_id, pair.line.crm_id) for pair in lab.pairs()}
    assert pairs == {(things[email], rows[email]) for email in things}


@pytest.mark.parametrize("kind", list(Kind))
def test_inv3_h1_what_was_made_without_an_answer_and_moved_away_since_is_not_made_again(kind: Kind) -> None:
    """It is paired where it lies, waits there, and goes on when it comes back."""
    lab = Lab(1)
    people = People(lab)
    watch = Watch(lab, people, lab.settings)
    row = lab.world.org.rows[people.create_record(kind)]
    dies_after(lab, "mailbox.write")
    (thing,) = people.things()
    lab.world.mailbox_of(1).move_out(thing.id)

    lab.settle()
    assert (people.things(), states(lab)) == ([thing], [LinkState.PARKED.value])

    lab.world.mailbox_of(1).move_back(thing.id)
    lab.settle()
    (pair,) = lab.pairs()
    assert (people.things(), pair.link.mailbox_id, pair.link.state) == ([thing], thing.id, LinkState.LINKED)
    group = "title" if kind is Kind.CONTACT else "description"
    people.edit_record(row, group)
    lab.settle()
    assert thing.values[group] == row.values[group]
    Judge(lab, people, lab.settings).check(watch)


@pytest.mark.parametrize("groups", [("phone", "title"), ("title", "title")])
def test_inv6_f3_what_both_sides_changed_while_nobody_looked_stays_where_it_was_typed(groups: tuple[str, str]) -> None:
    """The answer was lost and its owner unassigned; the create is decided anew from the record as it is by then."""
    lab = Lab(1)
    people = People(lab)
    watch = Watch(lab, people, lab.settings)
    people.create_record(Kind.CONTACT)
    dies_after(lab, "mailbox.write")
    lab.leave(1)
    lab.read()
    (thing,), (row,) = people.things(), people.rows()
    people.edit_item(thing, groups[0])
    people.edit_record(row, groups[1])
    typed = thing.values[groups[0]], row.values[groups[1]]
    lab.enter(1)

    lab.settle()

    assert (people.things(), people.rows()) == ([thing], [row])
    assert (thing.values[groups[0]], row.values[groups[1]]) == typed
    Judge(lab, people, lab.settings).check(watch)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("in_mailbox", [True, False])
def test_inv29_h1_a_reset_makes_nothing_again_that_a_person_moved_away(kind: Kind, in_mailbox: bool) -> None:
    """It lies in another folder or calendar, where no reading shows it; it goes on when it is moved back."""
    lab = Lab(1)
    people = People(lab)
    people.create_item(kind) if in_mailbox else people.create_record(kind)
    lab.settle()
    (thing,) = people.things()
    lab.world.mailbox_of(1).move_out(thing.id)
    lab.settle()
    written = len(lab.world.writes)

    with lab.database.begin() as connection:
        reset(connection, 1)
        forget_stops(connection, 1, lab.world.clock.now())
    lab.settle()
    assert (lab.world.writes[written:], sides(lab, kind), states(lab)) == ([], (1, 1), [LinkState.STOPPED.value])

    lab.world.mailbox_of(1).move_back(thing.id)
    lab.settle()
    assert (lab.world.writes[written:], sides(lab, kind), states(lab)) == ([], (1, 1), [LinkState.LINKED.value])


def test_inv6_g3_an_older_copy_of_a_mailbox_takes_no_edit_back_after_a_reset() -> None:
    """A mailbox was moved as it had been before the last passes: what was agreed with the old one is no base there."""
    lab = Lab(1)
    people = People(lab)
    watch = Watch(lab, people, lab.settings)
    item = people.create_item(Kind.EVENT)
    lab.settle()
    older = str(lab.world.mailbox_of(1).things[item].values["subject"])
    (row,) = people.rows()
    people.edit_record(row, "subject")
    typed = row.values["subject"]
    lab.settle()
    people.things()[0].values["subject"] = older
    lab.world.mailbox_of(1).expire_cursors()
    reset_user(lab.database, 1)

    lab.settle()

    assert (people.things()[0].values["subject"], row.values["subject"]) == (older, typed)
    assert [lost.crm for lost in Judge(lab, people, lab.settings).journal] == [typed]
    Judge(lab, people, lab.settings).check(watch)
