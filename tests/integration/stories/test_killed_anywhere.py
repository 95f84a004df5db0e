"""Every scenario is killed after every step, taken up again, and ends as if nothing had happened.

A step is each request and each commit; dying after one is dying before the next. So every crash point is hit: C0 a
delta answered and not stored, C1 a plan stored and not marked sent, C2 marked and not sent, C3 sent and not applied,
C4 applied and not answered, C5 some answers stored, C8 a link removed with its tombstone, C16 a deletion answered and
not stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.domain.attendees import Attendee, Reply
from backend.domain.codec import encode_values
from backend.domain.configuration import DeletionChoice, GuestRule
from backend.domain.recurrence import Series
from backend.domain.values import Kind, Name, ShowAs, Timed, Values
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab
from tests.fakes.org import Row

DELETING = replace(
    EVERYTHING,
    contacts=replace(EVERYTHING.contacts, deletion=DeletionChoice.DELETE),
    events=replace(EVERYTHING.events, deletion=DeletionChoice.DELETE),
)
LAPS = 4

Deed = Callable[[Lab], None]


def card(number: int) -> Values:
    return {"name": Name("Ada", f"Number {number}"), "email": f"ada{number}@engine.example", "title": "Countess"}


def event(lab: Lab, subject: str) -> Values:
    start = datetime.fromisoformat("2026-03-10T09:00+00:00")
    return {
        "subject": subject,
        "when": Timed(start, start + timedelta(hours=1), "Europe/Berlin"),
        "show_as": ShowAs.BUSY,
    }


def nothing(_lab: Lab) -> None:
    """No state before."""


def make_on_both_sides(lab: Lab) -> None:
    owner = lab.world.people[1].crm_user_id
    for number in range(2):
        lab.world.mailbox_of(1).create(Kind.CONTACT, card(number))
        lab.world.org.create(Kind.CONTACT, card(number + 5), owner)
    lab.world.mailbox_of(1).create(Kind.EVENT, event(lab, "From the mailbox"))
    lab.world.org.create(Kind.EVENT, {**event(lab, "From Salesforce"), "location": "HQ"}, owner)


def edit_both_sides(lab: Lab) -> None:
    """C6: one pair gets other fields on each side, so that both legs of a merge are written."""
    for thing in lab.world.mailbox_of(1).living(Kind.CONTACT):
        lab.world.mailbox_of(1).edit(thing.id, {"phone": "+44 1"})
    for row in lab.world.org.living(Kind.CONTACT):
        lab.world.org.edit(row.id, {"department": "Numbers"})
    for row in lab.world.org.living(Kind.EVENT):
        lab.world.org.edit(row.id, {"location": "Moved"})


def delete_on_each_side(lab: Lab) -> None:
    mine = sorted(lab.world.mailbox_of(1).living(Kind.CONTACT), key=lambda thing: str(thing.values["email"]))
    lab.world.mailbox_of(1).delete(mine[0].id)
    rows = sorted(lab.world.org.living(Kind.EVENT), key=lambda row: str(row.values["subject"]))
    lab.world.org.delete(rows[0].id)


def expire_and_edit(lab: Lab) -> None:
    """C7: everything is listed anew."""
    lab.world.mailbox_of(1).expire_cursors()
    edit_both_sides(lab)


def weekly_series(lab: Lab) -> None:
    """C19: several records of one series are made in one pass."""
    series = Series("FREQ=WEEKLY;BYDAY=TU;COUNT=4", datetime.fromisoformat("2026-03-10T10:00"), "Europe/Berlin", 3600)
    lab.world.mailbox_of(1).create(Kind.EVENT, event(lab, "Weekly"), series=series)


def shift_series(lab: Lab) -> None:
    """C17: rows are re-aligned, then their records are written."""
    (thing,) = lab.world.mailbox_of(1).living(Kind.EVENT)
    moved = Series("FREQ=WEEKLY;BYDAY=TU;COUNT=4", datetime.fromisoformat("2026-03-10T15:00"), "Europe/Berlin", 3600)
    lab.world.mailbox_of(1).reschedule(thing.id, moved)


def shared_meeting(lab: Lab) -> None:
    """C12, C13, C14: two people hold one meeting."""
    guest = lab.world.people[2].address
    lab.world.mailbox_of(1).create(Kind.EVENT, event(lab, "Shared"), guests=(guest,))
    lab.world.mailbox_of(2).deliver()


def people_at_salesforce(lab: Lab) -> None:
    """Contacts and a lead whose addresses guests have."""
    for number in range(3):
        lab.world.org.create(Kind.CONTACT, card(number), lab.world.people[1].crm_user_id)
    lab.world.org.leads["00Q000000000000001"] = "lead@engine.example"


def ask(lab: Lab, *people: Attendee) -> None:
    (thing,) = lab.world.mailbox_of(1).living(Kind.EVENT)
    lab.world.mailbox_of(1).ask(thing.id, *people)


def meeting_with_guests(lab: Lab) -> None:
    """I-7: relations are written with their event or not at all."""
    lab.world.mailbox_of(1).create(Kind.EVENT, event(lab, "Visit"))
    ask(lab, Attendee("ada0@engine.example"), Attendee("ada1@engine.example"), Attendee("lead@engine.example"))


def guests_before(lab: Lab) -> None:
    people_at_salesforce(lab)
    meeting_with_guests(lab)


def guests_come_answer_and_go(lab: Lab) -> None:
    """I-4: rows are made, changed and removed in one pass."""
    ask(lab, Attendee("ada1@engine.example", reply=Reply.ACCEPTED), Attendee("ada2@engine.example"))


def invited_in_salesforce(lab: Lab) -> None:
    """LS-123, LS-131: a new event with an invitee, and an invitee of one that is there."""
    owner = lab.world.people[1].crm_user_id
    for row in lab.world.org.living(Kind.EVENT):
        lab.world.org.relate(row.id, next(one.id for one in lab.world.org.living(Kind.CONTACT)), invited=True)
    made = lab.world.org.create(Kind.EVENT, {**event(lab, "Invited"), "location": "HQ"}, owner)
    lab.world.org.relate(made, next(one.id for one in lab.world.org.living(Kind.CONTACT)), invited=True)


def event_and_people(lab: Lab) -> None:
    people_at_salesforce(lab)
    lab.world.mailbox_of(1).create(Kind.EVENT, event(lab, "From the mailbox"))


INVITING = replace(DELETING, invite_guests=True, guests=GuestRule.SEND)
SETTINGS = {"invitees of Salesforce": INVITING}
SCENARIOS: dict[str, tuple[int, Deed, Deed]] = {
    "first sync": (1, nothing, make_on_both_sides),
    "edits on both sides": (1, make_on_both_sides, edit_both_sides),
    "deletions on both sides": (1, make_on_both_sides, delete_on_each_side),
    "expired cursor": (1, make_on_both_sides, expire_and_edit),
    "a series": (1, nothing, weekly_series),
    "a shifted series": (1, weekly_series, shift_series),
    "a meeting of two": (2, nothing, shared_meeting),
    "a meeting with guests": (1, people_at_salesforce, meeting_with_guests),
    "guests come and go": (1, guests_before, guests_come_answer_and_go),
    "invitees of Salesforce": (1, event_and_people, invited_in_salesforce),
}


def picture(lab: Lab) -> list[Any]:
    """Both sides without ids and versions, comparable."""
    rows = [("salesforce", encode_values(row.values)) for kind in Kind for row in lab.world.org.living(kind)]
    rows += [("relations", _relations(lab, row)) for row in lab.world.org.living(Kind.EVENT)]
    rows += [("mailed", mail.recipients) for mail in lab.world.outbox]
    for user_id in lab.users:
        for kind in Kind:
            things = lab.world.mailbox_of(user_id).living(kind)
            rows += [(f"mailbox {user_id}", encode_values(thing.values), thing.guests) for thing in things]
    return sorted(rows, key=repr)


def _relations(lab: Lab, row: Row) -> list[tuple[Any, ...]]:
    """Whom an event is tied to, by address where ids depend on the order of things."""
    names = {one.id: str(one.values.get("email")) for one in lab.world.org.living(Kind.CONTACT)}
    return sorted((names.get(tie.target, tie.target), tie.related, tie.invited, tie.reply) for tie in row.ties)


def ready(name: str) -> Lab:
    users, before, deed = SCENARIOS[name]
    lab = Lab(users, SETTINGS.get(name, DELETING))
    before(lab)
    lab.settle(LAPS)
    deed(lab)
    return lab


@pytest.mark.parametrize("name", SCENARIOS)
def test_inv2_inv3_inv4_a_pass_killed_at_any_step_ends_as_if_nothing_had_happened(name: str) -> None:
    """C0, C1, C2, C3, C4, C5, C6, C7, C8, C11, C12, C13, C14, C16, C17, C19; LS-186."""
    calm = ready(name)
    calm.world.fuel.revive()
    calm.cycle()
    steps = len(calm.world.fuel.steps)
    calm.settle(LAPS)
    expected = picture(calm)
    for step in range(1, steps + 1):
        lab = ready(name)
        lab.world.fuel.kill_at(step, Moment.AFTER)
        crash = lab.crashing(lab.cycle)
        lab.settle(LAPS)
        assert crash is not None, f"step {step} was not reached"
        assert picture(lab) == expected, f"killed after step {step}, {crash.step}"
        assert name in SETTINGS or lab.world.outbox == []  # where mail is wanted, nobody is mailed twice: see picture
