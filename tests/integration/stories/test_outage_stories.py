"""Services that fail for long, and a folder that vanishes: nothing is given up and nothing is deleted for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import DeletionChoice
from backend.domain.values import Kind, Name, Side, Values
from backend.ports.answers import Verdict
from backend.storage import tables
from backend.sync import lost_folder
from backend.sync.lost_folder import FolderAnswer
from backend.sync.state import FOLDER_GONE, IntentState, LinkState, Todo
from tests.fakes.account import Place
from tests.fakes.databases import EVERYTHING
from tests.fakes.fake_mailbox import FakeMailbox
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab
from tests.fakes.world import Fault

DELETING = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, deletion=DeletionChoice.DELETE))
MANY_PASSES = 7
"""More than an item's own failure may last."""


def person(last: str) -> Values:
    return {"name": Name("Ada", last), "email": f"{last.lower()}@engine.example"}


@pytest.mark.parametrize("kind", ["access", "busy"])
@pytest.mark.parametrize("side", ["crm", "mailbox"])
def test_an_outage_of_many_passes_gives_no_item_up(kind: str, side: str) -> None:
    """B.9: only an item that fails by itself is held; LS-187 for throttling."""
    lab = Lab(1)
    for last in ("King", "Byron"):
        if side == "crm":
            lab.world.mailbox_of(1).create(Kind.CONTACT, person(last))
        else:
            lab.world.org.create(Kind.CONTACT, person(last), lab.world.people[1].crm_user_id)
    for _ in range(MANY_PASSES):
        lab.world.faults.append(Fault(f"{side}.write", kind))
        lab.cycle()
        lab.wait(timedelta(hours=2))
    assert lab.world.writes == []
    assert {pair.link.state for pair in lab.pairs()} == {LinkState.CREATING}

    lab.settle()

    assert sorted(write.op.value for write in lab.world.writes) == ["create", "create"]
    assert {pair.link.state for pair in lab.pairs()} == {LinkState.LINKED}


def test_ls064_a_deleted_folder_deletes_no_record_whatever_becomes_of_its_contacts() -> None:
    """LS-064, H-2: also where deletions spread; the contacts go on when they are put back."""
    lab = Lab(1, DELETING)
    box = lab.world.mailbox_of(1)
    ids = [box.create(Kind.CONTACT, person(last)) for last in ("King", "Byron", "Noel")]
    lab.settle()
    before = len(lab.world.writes)

    box.delete_folder()
    for thing_id in ids:
        box.delete(thing_id)
    assert [report.outcome for report in lab.cycle()] == ["partial"]
    lab.settle()

    assert len(lab.world.org.living(Kind.CONTACT)) == 3
    assert len(lab.world.writes) == before
    assert {pair.link.state for pair in lab.pairs()} == {LinkState.PARKED}
    (note,) = lab.rows(sa.select(tables.note))
    assert note.reason.startswith("The contact folder was deleted in the mailbox and a new one was made; nothing was")

    for thing_id in ids:
        box.restore(thing_id)
    lab.settle()

    assert {pair.link.state for pair in lab.pairs()} == {LinkState.LINKED}
    assert len(lab.world.writes) == before
    lab.wait(timedelta(days=1))
    lab.settle()
    assert lab.count(tables.note) == 0


def test_a_look_that_fails_for_one_item_is_repeated_in_the_next_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """B.4: the item counts as unknown, and no delta would ever tell of it again; an edit must not wait for a day."""
    lab = Lab(1)
    box, org = lab.world.mailbox_of(1), lab.world.org
    box.create(Kind.CONTACT, person("King"))
    lab.settle()
    (row,) = org.living(Kind.CONTACT)
    for last in ("Byron", "Noel"):  # the mailbox reports the latest change twice
        box.create(Kind.CONTACT, person(last))
    lab.settle()

    org.edit(row.id, {"phone": "+44 1"})
    lab.read()
    lab.world.fuel.kill_at(1, Moment.BEFORE, "mailbox.write")
    assert lab.crashing(lab.sync) is not None
    lab.revive()
    with monkeypatch.context() as patched:
        patched.setattr(FakeMailbox, "_state", lambda _self, _kind, _id: Verdict.UNKNOWN)
        lab.sync()
        assert lab.count(tables.mailbox_item, tables.mailbox_item.c.presence == "unknown") == 1
    lab.settle()

    assert [thing.values.get("phone") for thing in box.living(Kind.CONTACT)].count("+44 1") == 1
    assert lab.count(tables.todo) == 0


def test_h2_whoever_moved_back_goes_on_and_only_the_others_are_made_again() -> None:
    """H-2, INV-31: what was typed meanwhile in a card that came back is kept; the question ends by itself too."""
    lab = Lab(1, DELETING)
    box = lab.world.mailbox_of(1)
    ids = [box.create(Kind.CONTACT, person(last)) for last in ("King", "Byron", "Noel")]
    lab.settle()
    box.delete_folder()
    lab.cycle()
    lab.settle()
    box.restore(ids[0])
    box.edit(ids[0], {"title": "Countess"})
    lab.settle()
    held = lab.store.intent(lost_folder.step_id(1))
    assert held is not None
    assert held.state is IntentState.HELD

    put_back(lab)
    lab.settle()

    cards = [thing for thing in box.living(Kind.CONTACT) if thing.place is Place.CONTAINER]
    assert sorted(str(thing.values["email"]) for thing in cards) == sorted(
        str(row.values["email"]) for row in lab.world.org.living(Kind.CONTACT)
    )
    assert [thing.id for thing in cards if thing.values.get("title") == "Countess"] == [ids[0]]
    assert [row.values.get("title") for row in lab.world.org.living(Kind.CONTACT)].count("Countess") == 1
    assert {pair.link.state for pair in lab.pairs()} == {LinkState.LINKED}
    assert lab.count(tables.note) == 0


def put_back(lab: Lab) -> None:
    """A person has the contacts of user 1 made again."""
    held = lab.store.intent(lost_folder.step_id(1))
    assert held is not None
    marks = [Todo(1, Kind.CONTACT, Side.MAILBOX.value, id_) for id_ in lab.store.stranded_ids(1, Kind.CONTACT)]
    changes = lost_folder.answered(held, FolderAnswer.PUT_BACK, lab.store.snapshot(1, Kind.CONTACT, marks))
    changes.generation = FOLDER_GONE
    lease = lab.store.acquire(1, "a person", 30)
    assert lease is not None
    lab.store.commit(lease, changes)
    lab.store.release(lease)


def test_h1_h2_a_colleagues_contact_that_somebody_put_into_his_folder_comes_back_too() -> None:
    """H-1: his filter takes only his own; this one was in scope because he had put it there."""
    lab = Lab(2, DELETING)
    record = lab.world.org.create(Kind.CONTACT, person("King"), lab.world.people[2].crm_user_id)
    box = lab.world.mailbox_of(1)
    box.create(Kind.CONTACT, person("King"))
    lab.settle()
    box.delete_folder()
    lab.cycle()
    lab.settle()
    put_back(lab)
    lab.settle()

    cards = [thing for thing in box.living(Kind.CONTACT) if thing.place is Place.CONTAINER]
    assert [thing.values["email"] for thing in cards] == ["king@engine.example"]
    assert [row.id for row in lab.world.org.living(Kind.CONTACT)] == [record]
