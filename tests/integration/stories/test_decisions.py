"""A person answers a held step: send it, put the mailbox's value back, or leave both sides as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Direction
from backend.domain.values import Kind, ShowAs, Timed, Values
from backend.storage import tables
from backend.sync.decisions import Answer, decided
from backend.sync.state import Intent, IntentState
from tests.fakes.databases import EVERYTHING
from tests.fakes.lab import Lab

EVENTS = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.OFF))
GUEST = "guest@elsewhere.example"


def meeting_with_guest(lab: Lab) -> tuple[str, str]:
    """(item, record) of a settled meeting."""
    start = (lab.world.clock.now() + timedelta(days=2)).replace(microsecond=0)
    values: Values = {
        "subject": "Review",
        "when": Timed(start, start + timedelta(hours=1), "Europe/Berlin"),
        "show_as": ShowAs.BUSY,
    }
    item = lab.world.mailbox_of(1).create(Kind.EVENT, values, guests=(GUEST,))
    lab.settle()
    (record,) = lab.world.org.living(Kind.EVENT)
    return item, record.id


def held(lab: Lab) -> Intent:
    (row,) = lab.rows(sa.select(tables.intent.c.id).where(tables.intent.c.state == IntentState.HELD.value))
    found = lab.store.intent(UUID(row.id))
    assert found is not None
    return found


def answer(lab: Lab, choice: Answer) -> None:
    step = held(lab)
    link = lab.store.links([step.link_id])[step.link_id]
    (line,) = lab.store.lines(step.kind, ids=[link.line_id])
    meeting = next(iter(lab.store.meetings(lines=[line.id])), None)
    user = lab.store.user(1)
    assert user is not None
    lease = lab.store.acquire(1, "a person", 30)
    assert lease is not None
    lab.store.commit(lease, decided(step, choice, link, line, meeting, user.configuration.version))
    lab.store.release(lease)


@pytest.mark.parametrize("choice", list(Answer))
def test_inv12_a_held_change_is_answered(choice: Answer) -> None:
    lab = Lab(1, EVENTS)
    item, record = meeting_with_guest(lab)
    lab.world.org.edit(record, {"location": "Elsewhere"})
    lab.settle()
    mails_before = list(lab.world.outbox)

    answer(lab, choice)
    lab.settle()

    place = (lab.world.mailbox_of(1).read(item) or {}).get("location")
    kept = (lab.world.org.read(record) or {}).get("location")
    expected = {
        Answer.SEND: ("Elsewhere", "Elsewhere", 1),
        Answer.PUT_BACK: (None, None, 0),
        Answer.LEAVE: (None, "Elsewhere", 0),
    }
    assert mails_before == []
    assert (place, kept, len(lab.world.outbox)) == expected[choice]


@pytest.mark.parametrize("choice", list(Answer))
def test_inv12_a_held_deletion_is_answered(choice: Answer) -> None:
    lab = Lab(1, EVENTS)
    _, record = meeting_with_guest(lab)
    lab.world.org.delete(record)
    lab.settle()
    mails_before = list(lab.world.outbox)

    answer(lab, choice)
    lab.settle()

    items, records = lab.world.mailbox_of(1).living(Kind.EVENT), lab.world.org.living(Kind.EVENT)
    expected = {Answer.SEND: (0, 0, 1), Answer.PUT_BACK: (1, 1, 0), Answer.LEAVE: (1, 0, 0)}
    assert mails_before == []
    assert (len(items), len(records), len(lab.world.outbox)) == expected[choice]


def test_inv26_a_release_does_not_outlive_a_change_of_the_configuration() -> None:
    """C21: a step that was released is superseded when the settings change before it is sent."""
    lab = Lab(1, EVENTS)
    item, record = meeting_with_guest(lab)
    lab.world.org.edit(record, {"location": "Elsewhere"})
    lab.settle()
    answer(lab, Answer.SEND)

    with lab.database.begin() as connection:
        connection.execute(sa.update(tables.user_state).values(config_version=tables.user_state.c.config_version + 1))
    lab.settle()

    assert (lab.world.mailbox_of(1).read(item) or {}).get("location") is None
    assert lab.world.outbox == []
    assert held(lab).hold == "would_mail"
