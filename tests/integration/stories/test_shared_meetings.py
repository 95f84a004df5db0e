"""One meeting in several mailboxes, step by step: who writes its record, what a new leader owes, who may delete it.

Each story guards one mechanism that drawn histories find only once in thousands (see `tests/mutate`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.values import Kind, ShowAs, Timed, Values
from backend.storage import tables
from backend.sync.state import IntentState, LinkState
from tests.fakes.account import Account, Thing
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab
from tests.fakes.world import Fault

EVENTS = replace(
    EVERYTHING,
    contacts=replace(EVERYTHING.contacts, direction=Direction.OFF),
    events=replace(EVERYTHING.events, deletion=DeletionChoice.DELETE),
)
BOSS = "boss@elsewhere.example"
LAPS = 5


def review(lab: Lab) -> Values:
    start = (lab.world.clock.now() + timedelta(days=2)).replace(microsecond=0)
    when = Timed(start, start + timedelta(hours=1), "Europe/Berlin")
    return {"subject": "Review", "when": when, "show_as": ShowAs.BUSY, "location": "Room 1"}


def addresses(lab: Lab) -> list[str]:
    return [person.address for person in lab.world.people.values()]


def called_by_boss(lab: Lab) -> str:
    """Somebody who does not sync invites everybody; nothing is delivered yet."""
    return lab.world.account(BOSS).create(Kind.EVENT, review(lab), guests=addresses(lab))


def deliver(lab: Lab, *users: int) -> None:
    for user in users or lab.users:
        lab.world.mailbox_of(user).deliver()


def copy(lab: Lab, user: int) -> Thing:
    (thing,) = lab.world.mailbox_of(user).living(Kind.EVENT)
    return thing


def records(lab: Lab) -> list[Values]:
    return [row.values for row in lab.world.org.living(Kind.EVENT)]


def settled(lab: Lab) -> list[Values]:
    """Everybody who syncs comes to rest; the records that live."""
    lab.settle(LAPS)
    return records(lab)


def dies(lab: Lab, user: int, of: str, moment: Moment, nth: int = 1) -> None:
    """A pass of a person dies at the nth step of that name."""
    lab.read()
    lab.world.fuel.kill_at(nth, moment, of)
    assert lab.crashing(lambda: lab.sync(user)) is not None


def open_writes(lab: Lab) -> int:
    return lab.count(tables.intent, tables.intent.c.state.in_([IntentState.PLANNED.value, IntentState.SENT.value]))


@pytest.mark.parametrize("moment", Moment)
def test_c13_inv17_what_a_leaver_left_half_done_is_completed_by_who_leads_next_d9(moment: Moment) -> None:
    """C13: the record may or may not have been made when the leader's pass died; then he stops syncing."""
    lab = Lab(2, EVENTS)
    called_by_boss(lab)
    deliver(lab)
    dies(lab, 1, "crm.write", moment)
    lab.leave(1)

    lab.sync(2)  # before any cycle closes what he left
    assert open_writes(lab) == 0
    assert [row["subject"] for row in records(lab)] == ["Review"]
    assert [row["subject"] for row in settled(lab)] == ["Review"]

    lab.world.account(BOSS).edit(lab.world.account(BOSS).living(Kind.EVENT)[0].id, {"location": "Room 2"})
    deliver(lab)
    assert [row["location"] for row in settled(lab)] == ["Room 2"]


def test_d9_a_write_that_a_leaver_only_planned_does_not_block_the_meeting() -> None:
    lab = Lab(2, EVENTS)
    boss = lab.world.account(BOSS)
    meeting = called_by_boss(lab)
    deliver(lab)
    settled(lab)
    boss.edit(meeting, {"location": "Room 2"})
    deliver(lab)
    dies(lab, 1, "crm.fetch", Moment.BEFORE)
    lab.leave(1)
    lab.sync(2)  # before any cycle closes what he left
    assert open_writes(lab) == 0

    assert [row["location"] for row in settled(lab)] == ["Room 2"]


def test_d9_a_zombie_whose_write_was_taken_over_commits_nothing_more_inv10() -> None:
    """The leaver's pass is still alive: who needs the record takes his lease before he touches his write."""
    lab = Lab(2, EVENTS)
    called_by_boss(lab)
    deliver(lab)
    lab.read()
    lease = lab.store.acquire(1, "a zombie", 3600)
    assert lease is not None
    lab.store.release(lease)
    dies(lab, 1, "crm.write", Moment.AFTER)
    lab.leave(1)
    living = lab.store.acquire(1, "a zombie", 3600)
    assert living is not None

    lab.sync(2)
    assert lab.count(tables.intent, tables.intent.c.state == IntentState.SENT.value) == 1

    lab.revive()
    assert len(settled(lab)) == 1


def made_unanswered(lab: Lab) -> Account:
    """An event of Salesforce stands in its owner's calendar, and the answer was lost; everybody had a pass before."""
    settled(lab)
    lab.world.org.create(Kind.EVENT, review(lab), lab.world.people[1].crm_user_id)
    dies(lab, 1, "mailbox.write", Moment.AFTER)
    return lab.world.mailbox_of(1)


@pytest.mark.parametrize("first", ["the cycle", "the colleague"])
@pytest.mark.parametrize("edited", [False, True], ids=["as made", "edited"])
def test_inv17_who_is_asked_to_an_event_that_a_leaver_has_without_an_answer_makes_no_second_record_d9(
    first: str, *, edited: bool
) -> None:
    """He invites a colleague to it and leaves before his next pass: it is looked up by its key in his mailbox."""
    lab = Lab(2, EVENTS)
    organiser = made_unanswered(lab)
    if edited:
        organiser.edit(copy(lab, 1).id, {"subject": "Review, moved to the afternoon"})
    organiser.invite(copy(lab, 1).id, [lab.world.people[2].address])
    lab.leave(1)
    deliver(lab)
    if first == "the colleague":
        lab.sync(2)
        assert [row["subject"] for row in records(lab)] == ["Review"], "he waits for the look"

    expected = "Review, moved to the afternoon" if edited else "Review"
    assert [row["subject"] for row in settled(lab)] == [expected]
    assert open_writes(lab) == 0
    assert lab.world.outbox == []

    lab.enter(1)
    assert [row["subject"] for row in settled(lab)] == [expected]
    assert len(lab.world.mailbox_of(1).living(Kind.EVENT)) == 1


def test_inv17_who_syncs_contacts_only_from_now_on_has_left_his_events_d9() -> None:
    """His passes do not look at events any more, so that he never declines to lead, and nobody waits for him."""
    lab = Lab(2, EVENTS)
    organiser = made_unanswered(lab)
    organiser.edit(copy(lab, 1).id, {"subject": "Review, moved to the afternoon"})
    organiser.invite(copy(lab, 1).id, [lab.world.people[2].address])
    with lab.configurations.editing() as editor:
        editor.save(replace(EVERYTHING, name="contacts", events=replace(EVENTS.events, direction=Direction.OFF)))
        editor.assign("contacts", usernames=[f"{lab.world.people[1].address}.crm"])
    deliver(lab)
    lab.sync(1)
    lab.sync(2)

    assert [row["subject"] for row in settled(lab)] == ["Review, moved to the afternoon"]


@pytest.mark.parametrize("trouble", ["busy", "access"])
def test_d9_inv15_a_leavers_mailbox_that_does_not_answer_is_asked_again_for_a_day(trouble: str) -> None:
    """Whom he asked waits until it answers; after a day his copy counts as a meeting of its own."""
    lab = Lab(2, EVENTS)
    organiser = made_unanswered(lab)
    organiser.edit(copy(lab, 1).id, {"subject": "Review, moved to the afternoon"})
    organiser.invite(copy(lab, 1).id, [lab.world.people[2].address])
    lab.leave(1)
    deliver(lab)
    for _ in range(3):
        lab.world.faults.append(Fault("mailbox.find_tagged", trouble))
        lab.cycle()
        assert (open_writes(lab), len(records(lab))) == (1, 1)
        lab.wait(timedelta(hours=7))
    lab.wait(timedelta(hours=3))
    lab.world.faults.append(Fault("mailbox.find_tagged", trouble))
    lab.cycle()

    assert open_writes(lab) == 0
    assert {pair.link.state for pair in lab.pairs(2)} == {LinkState.LINKED}


def test_d9_what_a_leavers_mailbox_may_hold_is_not_looked_for_in_a_colleagues() -> None:
    """The record went over to a colleague, whose pass comes across the leaver's write."""
    lab = Lab(2, EVENTS)
    made_unanswered(lab)
    lab.leave(1)
    (row,) = lab.world.org.living(Kind.EVENT)
    lab.world.org.give(row.id, lab.world.people[2].crm_user_id)
    lab.world.faults.append(Fault("mailbox.find_tagged", "busy"))
    lab.cycle()
    assert copy(lab, 2).by_api
    assert open_writes(lab) == 1

    lab.read()
    assert open_writes(lab) == 0
    assert [pair.link.mailbox_id for pair in lab.pairs(1)] == [copy(lab, 1).id]


def test_d9_inv1_an_event_that_another_pair_of_the_leaver_has_is_not_bound_again() -> None:
    """Tags are copied along with what they stand on (MS-092): the one that carries it now is paired already."""
    lab = Lab(1, EVENTS)
    box = lab.world.mailbox_of(1)
    paired = box.create(Kind.EVENT, {**review(lab), "subject": "Lunch"})
    made_unanswered(lab)
    (made,) = [thing for thing in box.living(Kind.EVENT) if thing.id != paired]
    box.things[paired].tag = made.tag
    box.erase(made.id)
    before = {pair.link.id: pair.link.mailbox_id for pair in lab.pairs(1)}
    lab.leave(1)
    lab.read()

    assert open_writes(lab) == 0
    assert {pair.link.id: pair.link.mailbox_id for pair in lab.pairs(1)} == before


@pytest.mark.parametrize("step", ["crm.write", "mailbox.write"])
@pytest.mark.parametrize("moment", Moment)
def test_inv15_inv3_what_a_leaver_left_half_done_and_nobody_needs_is_closed_and_known_again_d9(
    step: str, moment: Moment
) -> None:
    """A write without an answer on either side; nobody else has the event. When he returns, there is one of it."""
    lab = Lab(1, EVENTS)
    settled(lab)
    box, org, owner = lab.world.mailbox_of(1), lab.world.org, lab.world.people[1].crm_user_id
    if step == "crm.write":
        box.create(Kind.EVENT, review(lab))
    else:
        org.create(Kind.EVENT, review(lab), owner)
    dies(lab, 1, step, moment)
    lab.leave(1)
    assert open_writes(lab) == 1
    lab.read()
    assert open_writes(lab) == 0

    lab.enter(1)
    assert [row["subject"] for row in settled(lab)] == ["Review"]
    assert [thing.values["subject"] for thing in box.living(Kind.EVENT)] == ["Review"]
    box.edit(box.living(Kind.EVENT)[0].id, {"location": "Room 2"})
    assert [row["location"] for row in settled(lab)] == ["Room 2"]


@pytest.mark.parametrize("where", ["mailbox", "Salesforce"])
def test_inv6_an_edit_made_while_a_leaver_is_away_is_delivered_when_he_returns_d9(where: str) -> None:
    """The record that his last pass made is bound with what was sent as its base: what differs is somebody's edit."""
    lab = Lab(1, EVENTS)
    box, org = lab.world.mailbox_of(1), lab.world.org
    made = box.create(Kind.EVENT, review(lab))
    dies(lab, 1, "crm.write", Moment.AFTER)
    lab.leave(1)
    lab.read()
    if where == "mailbox":
        box.edit(made, {"location": "Room 2"})
    else:
        org.edit(org.living(Kind.EVENT)[0].id, {"location": "Room 2"})
    lab.enter(1)

    assert [row["location"] for row in settled(lab)] == ["Room 2"]
    assert copy(lab, 1).values["location"] == "Room 2"


def test_inv7_meetings_cancelled_while_a_person_was_away_are_no_reason_to_doubt_his_mailbox() -> None:
    """What a complete reading shows as out of scope is accounted for: the reading did not lose it (B.9)."""
    lab = Lab(1, EVENTS)
    boss = lab.world.account(BOSS)
    meetings = [called_by_boss(lab) for _ in range(3)]
    deliver(lab)
    settled(lab)
    lab.leave(1)
    for meeting in meetings[:2]:
        boss.delete(meeting)
    deliver(lab)
    lab.enter(1)
    lab.store.reset_stream(1, Kind.EVENT)

    assert lab.cycle()[0].outcome == "ok"
    settled(lab)


def test_d9_inv10_a_leavers_pass_that_is_still_at_work_is_left_alone() -> None:
    lab = Lab(1, EVENTS)
    lab.world.mailbox_of(1).create(Kind.EVENT, review(lab))
    dies(lab, 1, "crm.write", Moment.AFTER)
    lab.leave(1)
    living = lab.store.acquire(1, "a zombie", 3600)
    assert living is not None
    lab.read()
    assert open_writes(lab) == 1
    lab.store.release(living)
    lab.read()
    assert open_writes(lab) == 0


@pytest.mark.parametrize("joined", ["before the change", "after the change"])
def test_d6_a_guests_newer_copy_is_delivered_by_who_leads_next(joined: str) -> None:
    """A link has no shadow before its record is bound, and then the meeting's, never its item's present values."""
    lab = Lab(2, EVENTS)
    meeting = called_by_boss(lab)
    deliver(lab)
    dies(lab, 1, "crm.write", Moment.AFTER)
    if joined == "before the change":
        lab.sync(2)
    lab.world.account(BOSS).edit(meeting, {"location": "Room 2"})
    deliver(lab, 2)
    lab.sync(2)
    lab.leave(1)

    assert [row["location"] for row in settled(lab)] == ["Room 2"]


def test_d6_d7_a_change_that_the_last_leader_did_not_deliver_is_delivered_by_the_next() -> None:
    """A follower saw the new place first; his shadow moves only when the record shows the same."""
    lab = Lab(2, EVENTS)
    meeting = called_by_boss(lab)
    deliver(lab)
    settled(lab)
    lab.world.account(BOSS).edit(meeting, {"location": "Room 2"})
    deliver(lab, 2)
    lab.sync(2)
    lab.leave(1)

    assert [row["location"] for row in settled(lab)] == ["Room 2"]


def test_c14_inv17_who_sees_a_meeting_before_its_organiser_makes_no_second_record_d5() -> None:
    """An event of Salesforce was made in its owner's calendar, the answer was lost, and he invited somebody."""
    lab = Lab(2, EVENTS)
    lab.world.org.create(Kind.EVENT, review(lab), lab.world.people[1].crm_user_id)
    dies(lab, 1, "mailbox.write", Moment.AFTER)
    organiser = lab.world.mailbox_of(1)
    organiser.edit(copy(lab, 1).id, {"subject": "Review, moved to the afternoon"})
    organiser.invite(copy(lab, 1).id, [lab.world.people[2].address])
    deliver(lab)
    lab.sync(2)

    assert [row["subject"] for row in settled(lab)] == ["Review, moved to the afternoon"]


def test_inv19_the_right_to_delete_is_asked_again_when_the_delete_leaves_d8() -> None:
    """The only copy was deleted and the delete decided; before it left, a colleague's copy arrived."""
    lab = Lab(2, EVENTS)
    called_by_boss(lab)
    deliver(lab, 1)
    settled(lab)
    lab.world.mailbox_of(1).delete(copy(lab, 1).id)
    dies(lab, 1, "mailbox.fetch", Moment.BEFORE, nth=2)
    deliver(lab, 2)
    lab.sync(2)

    assert len(settled(lab)) == 1
    assert len(lab.world.mailbox_of(2).living(Kind.EVENT)) == 1


def test_inv19_a_guest_who_deletes_his_copy_takes_the_record_from_nobody_d8() -> None:
    lab = Lab(2, EVENTS)
    called_by_boss(lab)
    deliver(lab)
    settled(lab)

    lab.world.mailbox_of(1).delete(copy(lab, 1).id)

    assert len(settled(lab)) == 1
    assert {pair.link.state for pair in lab.pairs(1)} == {LinkState.STOPPED}


def test_inv17_a_meeting_in_two_mailboxes_has_one_record_that_follows_its_organiser() -> None:
    lab = Lab(2, EVENTS)
    organiser: Account = lab.world.mailbox_of(2)
    meeting = organiser.create(Kind.EVENT, review(lab), guests=[lab.world.people[1].address])
    deliver(lab)
    assert len(settled(lab)) == 1

    organiser.edit(meeting, {"location": "Room 2"})
    deliver(lab)

    assert [row["location"] for row in settled(lab)] == ["Room 2"]


def test_inv8_d11_who_saw_his_copy_before_the_meeting_had_a_record_joins_it_later() -> None:
    """The organiser's pass died between seeing his meeting and making its record."""
    lab = Lab(2, EVENTS)
    lab.settle()
    lab.world.mailbox_of(2).create(Kind.EVENT, review(lab), guests=[lab.world.people[1].address])
    deliver(lab, 1)
    dies(lab, 2, "store.commit", Moment.AFTER)
    lab.sync(1)

    assert len(settled(lab)) == 1
    assert lab.count(tables.link, tables.link.c.user_id == 1) == 1
