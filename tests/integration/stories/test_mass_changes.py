"""What looks like an accident waits for a person, the whole of it (sync.md B.9)."""

from __future__ import annotations

import sqlalchemy as sa

from backend.domain.values import Kind, Name, Side
from backend.storage import tables
from backend.sync.state import IntentState
from tests.fakes.lab import Lab

MANY = 101
"""More updates of one side than a pass sends unasked."""
BOTH = 30


def held(lab: Lab) -> int:
    return lab.count(tables.intent, tables.intent.c.state == IntentState.HELD.value)


def test_b9_what_a_mass_update_held_stays_held_when_its_pairs_are_looked_at_again() -> None:
    """The other leg of some pairs goes out meanwhile: what is planned anew after its answer is still part of it."""
    lab = Lab(1)
    box, org = lab.world.mailbox_of(1), lab.world.org
    for number in range(MANY):
        email = f"person{number}@engine.example"
        box.create(Kind.CONTACT, {"name": Name("Ada", f"Number{number}"), "email": email})
    lab.settle()
    before = len(lab.world.writes)

    for row in org.living(Kind.CONTACT):
        org.edit(row.id, {"department": "Numbers"})
    for thing in box.living(Kind.CONTACT)[:BOTH]:
        box.edit(thing.id, {"phone": "+44 1"})
    lab.cycle()
    lab.cycle()

    written = lab.world.writes[before:]
    assert [write for write in written if write.side is Side.MAILBOX] == []
    assert len(written) == BOTH
    assert held(lab) == MANY
    assert {row.hold for row in lab.rows(sa.select(tables.intent).where(tables.intent.c.state == "held"))} == {
        "mass_update"
    }
