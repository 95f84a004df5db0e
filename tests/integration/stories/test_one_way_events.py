"""Events that flow from Salesforce to the mailbox only: who writes no records leads nothing and follows nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.domain.configuration import Configuration, DeletionChoice, Direction
from backend.domain.values import Kind, ShowAs, Timed, Values
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.lab import Lab


def to_mailbox(deletion: DeletionChoice = DeletionChoice.DELETE) -> Configuration:
    off = replace(EVERYTHING.contacts, direction=Direction.OFF)
    events = replace(EVERYTHING.events, direction=Direction.TO_MAILBOX, deletion=deletion)
    return replace(EVERYTHING, contacts=off, events=events)


def visit(lab: Lab) -> tuple[str, str]:
    """An event of Salesforce and its copy in the mailbox."""
    start = (lab.world.clock.now() + timedelta(days=2)).replace(microsecond=0)
    values: Values = {"subject": "Visit", "when": Timed(start, start + timedelta(hours=1)), "show_as": ShowAs.BUSY}
    record = lab.world.org.create(Kind.EVENT, values, lab.world.people[1].crm_user_id)
    lab.settle()
    (item,) = lab.world.mailbox_of(1).living(Kind.EVENT)
    return record, item.id


def test_every_edit_in_salesforce_reaches_the_mailbox() -> None:
    lab = Lab(1, to_mailbox())
    record, item = visit(lab)
    for place in ("Room 1", "Room 2"):
        lab.world.org.edit(record, {"location": place})
        lab.settle()
        assert (lab.world.mailbox_of(1).read(item) or {})["location"] == place


def test_f3_what_was_typed_in_the_mailbox_stays_until_salesforce_changes_that_field() -> None:
    lab = Lab(1, to_mailbox())
    record, item = visit(lab)
    lab.world.mailbox_of(1).edit(item, {"location": "Typed here"})
    lab.world.org.edit(record, {"description": "Agenda"})
    lab.settle()
    kept = lab.world.mailbox_of(1).read(item) or {}
    assert (kept["location"], kept["description"]) == ("Typed here", "Agenda")
    assert (lab.world.org.read(record) or {}).get("location") is None

    lab.world.org.edit(record, {"location": "Room 1"})
    lab.settle()
    assert (lab.world.mailbox_of(1).read(item) or {})["location"] == "Room 1"
    assert lab.count(tables.conflict) == 1


@pytest.mark.parametrize(("choice", "copies"), [(DeletionChoice.DELETE, 0), (DeletionChoice.STOP, 1)])
def test_ls164_ls165_a_deletion_in_salesforce_follows_the_choice(choice: DeletionChoice, copies: int) -> None:
    lab = Lab(1, to_mailbox(choice))
    record, _ = visit(lab)
    lab.world.org.delete(record)
    lab.settle()
    assert len(lab.world.mailbox_of(1).living(Kind.EVENT)) == copies


def test_ls166_a_deletion_in_the_mailbox_is_not_sent_back() -> None:
    lab = Lab(1, to_mailbox())
    record, item = visit(lab)
    lab.world.mailbox_of(1).delete(item)
    lab.settle()
    assert lab.world.org.read(record) is not None
    assert lab.world.mailbox_of(1).living(Kind.EVENT) == []
