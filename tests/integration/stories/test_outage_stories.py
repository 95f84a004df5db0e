"""Services that fail for long, and a folder that vanishes: nothing is given up and nothing is deleted for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import DeletionChoice
from backend.domain.values import Kind, Name, Values
from backend.storage import tables
from backend.sync.state import LinkState
from tests.fakes.databases import EVERYTHING
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
