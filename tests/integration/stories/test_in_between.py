"""What happens between deciding and writing, and when an answer is lost: one story per mechanism, a few steps each.

Chance finds these moments once in thousands of histories; here somebody acts exactly then (see `tests/mutate`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.domain.configuration import ConflictRule, DeletionChoice, Direction
from backend.domain.values import Kind, Name, Side, Timed, Values
from backend.storage import tables
from backend.sync.settle import PATIENCE
from backend.sync.state import IntentState, Lease, LinkState
from backend.sync.store import Changes, TargetTaken
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Killed, Moment
from tests.fakes.lab import Lab
from tests.fakes.world import ApiWrite

CONTACTS = replace(EVERYTHING, events=replace(EVERYTHING.events, direction=Direction.OFF))
DELETING = replace(CONTACTS, contacts=replace(CONTACTS.contacts, deletion=DeletionChoice.DELETE))
MAILBOX_WINS = replace(CONTACTS, contacts=replace(CONTACTS.contacts, conflict=ConflictRule.MAILBOX))
ADA: Values = {"name": Name("Ada", "Lovelace"), "email": "ada@engine.example", "title": "Countess"}
MARRIED: Values = {"name": Name("Ada", "King"), "email": "king@engine.example"}


def in_mailbox(lab: Lab, user: int = 1, values: Values = ADA) -> str:
    return lab.world.mailbox_of(user).create(Kind.CONTACT, values)


def in_salesforce(lab: Lab, values: Values = ADA) -> str:
    return lab.world.org.create(Kind.CONTACT, values, lab.world.people[1].crm_user_id)


def card(lab: Lab, user: int = 1) -> str:
    (thing,) = lab.world.mailbox_of(user).living(Kind.CONTACT)
    return thing.id


def record(lab: Lab) -> str:
    (row,) = lab.world.org.living(Kind.CONTACT)
    return row.id


def paired(lab: Lab) -> tuple[str, str]:
    """Card and record of one settled pair."""
    thing = in_mailbox(lab)
    lab.settle()
    return thing, record(lab)


def titles(lab: Lab, thing: str, row: str) -> tuple[object, object]:
    return (lab.world.mailbox_of(1).read(thing) or {}).get("title"), (lab.world.org.read(row) or {}).get("title")


def loses_the_answer(lab: Lab, of: str) -> None:
    """A pass dies after a write took effect, before its answer is stored."""
    lab.read()
    lab.world.fuel.kill_at(1, Moment.AFTER, of)
    assert lab.crashing(lab.sync) is not None


# --- edits in a running pass ---------------------------------------------------------------------------------------


def test_inv6_an_edit_in_the_mailbox_just_before_the_write_is_not_overwritten() -> None:
    """Precondition on update: the write carries the version that it was planned against."""
    lab = Lab(1, MAILBOX_WINS)
    thing, row = paired(lab)
    lab.world.org.edit(row, {"title": "from Salesforce"})
    lab.world.fuel.slip_before(
        "mailbox.write", lambda: lab.world.mailbox_of(1).edit(thing, {"title": "typed just now"})
    )

    lab.cycle()
    reports = lab.settle()

    assert titles(lab, thing, row) == ("typed just now", "typed just now")
    assert lab.count(tables.conflict) == 1, reports


def test_inv6_an_edit_in_salesforce_just_before_the_write_is_not_overwritten() -> None:
    """Content check at dispatch: Salesforce has no precondition in bulk."""
    lab = Lab(1, CONTACTS)
    thing, row = paired(lab)
    lab.world.mailbox_of(1).edit(thing, {"title": "from the mailbox"})
    lab.world.fuel.slip_before("crm.fetch", lambda: lab.world.org.edit(row, {"title": "typed just now"}))

    lab.cycle()
    lab.settle()

    assert titles(lab, thing, row) == ("typed just now", "typed just now")
    assert lab.count(tables.conflict) == 1


def test_inv6_an_edit_that_the_organisation_read_stores_meanwhile_is_not_taken_for_agreed() -> None:
    """B.6: shadows come from the plan, not from the mirror at commit."""
    lab = Lab(1, CONTACTS)
    thing, row = paired(lab)
    lab.world.org.edit(row, {"title": "first"})

    def meanwhile() -> None:
        lab.world.org.edit(row, {"title": "second"})
        lab.read()

    lab.world.fuel.slip_before("mailbox.write", meanwhile)
    lab.cycle()
    lab.settle()

    assert titles(lab, thing, row) == ("second", "second")


def test_inv6_a_long_subject_that_salesforce_cut_is_no_change_of_salesforce() -> None:
    """One shadow per side: compared with the mailbox's text, the cut one would look edited and win the conflict."""
    salesforce_wins = replace(EVERYTHING.events, conflict=ConflictRule.CRM)
    lab = Lab(
        1, replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.OFF), events=salesforce_wins)
    )
    start = lab.world.clock.now().replace(microsecond=0)
    long: Values = {"subject": "x" * 300, "when": Timed(start, start + timedelta(hours=1)), "description": "a"}
    thing = lab.world.mailbox_of(1).create(Kind.EVENT, long)
    lab.settle()

    lab.world.mailbox_of(1).edit(thing, {"subject": "y" * 300})
    lab.settle()

    (row,) = lab.world.org.living(Kind.EVENT)
    assert lab.count(tables.conflict) == 0
    assert str(row.values["subject"]).startswith("yyy")
    assert (lab.world.mailbox_of(1).read(thing) or {})["subject"] == "y" * 300


def test_c15_inv21_an_organisation_page_read_before_our_write_and_stored_after_it_is_dropped_d10() -> None:
    """Else the mirror shows the old value as news, and it is written over the new one on the other side."""
    lab = Lab(1, CONTACTS)
    thing, row = paired(lab)
    lab.world.org.edit(row, {"phone": "+44 1"})
    lab.world.mailbox_of(1).edit(thing, {"title": "from the mailbox"})
    lab.wait(timedelta(minutes=1))
    lab.world.fuel.slip_before("store.commit", lab.sync)

    lab.read()
    lab.sync()
    lab.settle()

    assert titles(lab, thing, row) == ("from the mailbox", "from the mailbox")
    assert [write.side for write in lab.world.writes if "title" in write.values and write.target] == [Side.CRM]


# --- creates ---------------------------------------------------------------------------------------------------------


def test_inv3_a_record_that_a_person_makes_just_before_ours_is_taken_d12() -> None:
    lab = Lab(1, CONTACTS)
    in_mailbox(lab)
    lab.read()
    in_salesforce(lab)

    lab.sync()
    lab.settle()

    assert len(lab.world.org.living(Kind.CONTACT)) == 1


def test_inv3_a_card_that_a_person_makes_just_before_ours_is_taken_d12() -> None:
    lab = Lab(1, CONTACTS)
    in_salesforce(lab)
    fuel = lab.world.fuel
    fuel.slip_before("mailbox.changes", lambda: fuel.slip_before("store.commit", lambda: in_mailbox(lab)))

    lab.cycle()
    lab.settle()

    assert len(lab.world.mailbox_of(1).living(Kind.CONTACT)) == 1


def test_inv3_two_colleagues_do_not_make_the_same_person_at_once_d12() -> None:
    """Each looked and found nobody; the one who sees that the other's pass is at it waits and looks again."""
    lab = Lab(2, CONTACTS)
    for user in lab.users:
        in_mailbox(lab, user)
    lab.read()
    lab.world.fuel.kill_at(1, Moment.BEFORE, "crm.write")
    with pytest.raises(Killed):
        lab.sync(2)
    lab.world.fuel.revive()

    report = lab.sync(1)

    assert (report.waiting, lab.world.writes) == (1, [])
    lab.settle()
    assert len(lab.world.org.living(Kind.CONTACT)) == 1
    assert {len(lab.pairs(user)) for user in lab.users} == {1}


def test_c4_inv3_a_record_whose_answer_was_lost_is_found_by_its_key_under_another_name() -> None:
    lab = Lab(1, CONTACTS)
    thing = in_mailbox(lab)
    loses_the_answer(lab, "crm.write")
    lab.world.org.edit(record(lab), MARRIED)

    lab.settle()

    assert len(lab.world.org.living(Kind.CONTACT)) == 1
    assert (lab.world.mailbox_of(1).read(thing) or {})["email"] == "king@engine.example"


def test_c4_inv3_a_card_whose_answer_was_lost_is_found_by_its_tag_under_another_name() -> None:
    lab = Lab(1, CONTACTS)
    row = in_salesforce(lab)
    loses_the_answer(lab, "mailbox.write")
    lab.world.mailbox_of(1).edit(card(lab), MARRIED)

    lab.settle()

    assert len(lab.world.mailbox_of(1).living(Kind.CONTACT)) == 1
    assert (lab.world.org.read(row) or {})["email"] == "king@engine.example"


@pytest.mark.parametrize("side", Side)
def test_c4_inv6_an_edit_after_an_update_whose_answer_was_lost_is_no_conflict(side: Side) -> None:
    """What took effect without an answer was agreed: the edit that follows on the same side is newer, not contrary."""
    lab = Lab(1, CONTACTS if side is Side.MAILBOX else MAILBOX_WINS)
    thing, row = paired(lab)

    def type_in(title: str) -> None:
        if side is Side.MAILBOX:
            lab.world.mailbox_of(1).edit(thing, {"title": title})
        else:
            lab.world.org.edit(row, {"title": title})

    type_in("first")
    loses_the_answer(lab, f"{side.other}.write")
    type_in("second")
    lab.settle()

    assert titles(lab, thing, row) == ("second", "second")
    assert lab.count(tables.conflict) == 0


def test_c4_inv6_an_unanswered_update_waits_until_its_target_can_be_read() -> None:
    """Not read is not known: dropped now, what it delivered would pass for an edit of a person later."""
    lab = Lab(1, MAILBOX_WINS)
    thing, row = paired(lab)
    lab.world.org.edit(row, {"title": "first"})
    loses_the_answer(lab, "mailbox.write")
    lab.world.org.edit(row, {"title": "second"})
    lab.world.mailbox_of(1).unreadable.add(thing)
    lab.cycle()
    lab.world.mailbox_of(1).unreadable.clear()
    lab.settle()

    assert titles(lab, thing, row) == ("second", "second")
    assert lab.count(tables.conflict) == 0


def test_c4_inv15_an_unanswered_update_ends_although_its_target_is_never_read() -> None:
    lab = Lab(1, MAILBOX_WINS)
    thing, row = paired(lab)
    lab.world.org.edit(row, {"title": "first"})
    loses_the_answer(lab, "mailbox.write")
    lab.world.mailbox_of(1).unreadable.add(thing)
    for _ in range(PATIENCE + 2):
        lab.cycle()

    assert lab.count(tables.intent, tables.intent.c.state == IntentState.SENT.value) == 0


def test_inv6_what_a_person_typed_after_a_lost_answer_is_not_overwritten_by_the_repeat_d3() -> None:
    """Insert, never upsert."""
    lab = Lab(1, CONTACTS)
    thing = in_mailbox(lab)
    loses_the_answer(lab, "crm.write")
    lab.world.org.edit(record(lab), {"title": "typed since"})

    lab.settle()

    assert titles(lab, thing, record(lab)) == ("typed since", "typed since")


def test_inv2_a_create_is_sent_only_when_its_link_is_stored() -> None:
    """Asked of the memory at the moment the request arrives."""
    lab = Lab(1, CONTACTS)
    in_mailbox(lab)
    in_salesforce(lab, {"name": Name("Grace", "Hopper"), "email": "grace@navy.example"})
    known: list[bool] = []

    def look(write: ApiWrite) -> None:
        keys = {pair.link.key for pair in lab.pairs()} | {pair.line.key for pair in lab.pairs()}
        known.append(write.key in keys)

    lab.world.watchers.append(look)
    lab.settle()

    assert known == [True, True]


@pytest.mark.parametrize("found", ["by recovery", "by the plan"])
@pytest.mark.parametrize("renamed", ["the copy", "the original", "neither"])
@pytest.mark.parametrize("listed", ["oldest first", "youngest first"])
def test_f4_of_a_card_and_its_copy_the_original_is_the_one_that_we_made(listed: str, renamed: str, found: str) -> None:
    """A copy carries the tag as well (MS-092). The answer was lost; its owner copies the card before the next pass."""
    lab = Lab(1, CONTACTS)
    row = in_salesforce(lab)
    loses_the_answer(lab, "mailbox.write")
    box, original = lab.world.mailbox_of(1), card(lab)
    if found == "by the plan":
        lab.leave(1)
        lab.read()
    copied = box.copy(original)
    if listed == "youngest first":
        box.things = dict(reversed(box.things.items()))
    if renamed != "neither":
        box.edit(copied if renamed == "the copy" else original, MARRIED)
    lab.enter(1)
    lab.settle()

    pairs = {pair.link.mailbox_id: pair.line.crm_id for pair in lab.pairs()}
    assert pairs[original] == row
    assert (lab.world.org.read(row) or {})["email"] == (box.read(original) or {})["email"]
    if renamed != "neither":
        assert (lab.world.org.read(pairs[copied] or "") or {})["email"] == (box.read(copied) or {})["email"]


def test_f4_a_half_is_bound_to_one_item_only_also_if_the_pass_dies_before_it_looks() -> None:
    lab = Lab(1, CONTACTS)
    in_salesforce(lab)
    loses_the_answer(lab, "mailbox.write")
    original = card(lab)
    lab.leave(1)
    lab.read()
    lab.world.mailbox_of(1).copy(original)
    lab.enter(1)
    lab.read()
    lab.world.fuel.kill_at(1, Moment.BEFORE, "mailbox.find_tagged")
    assert lab.crashing(lab.sync) is not None

    assert [pair.link.mailbox_id for pair in lab.pairs()] == [original]


# --- deletions -------------------------------------------------------------------------------------------------------


def test_c16_what_we_deleted_is_not_made_again_from_the_row_that_still_shows_it_d10() -> None:
    lab = Lab(1, DELETING)
    thing, _ = paired(lab)
    lab.world.mailbox_of(1).delete(thing)
    lab.sync()
    _look_at_everything(lab)

    lab.sync()

    assert lab.world.mailbox_of(1).living(Kind.CONTACT) == []


def test_c16_the_same_from_the_mailbox_side_d10() -> None:
    lab = Lab(1, DELETING)
    _, row = paired(lab)
    lab.world.org.delete(row)
    lab.read()
    lab.world.fuel.slip_before("mailbox.write", lambda: _look_at_everything(lab))

    lab.sync()

    assert lab.world.org.living(Kind.CONTACT) == []


def _look_at_everything(lab: Lab) -> None:
    with lab.configurations.editing() as editor:
        editor.save(replace(lab.settings, days_back=lab.settings.days_back + 1))


def test_inv5_a_card_moved_out_of_the_folder_deletes_nothing_f5() -> None:
    lab = Lab(1, DELETING)
    thing, _ = paired(lab)

    lab.world.mailbox_of(1).move_out(thing)
    lab.settle()

    assert len(lab.world.org.living(Kind.CONTACT)) == 1


def test_inv5_a_card_taken_back_just_before_the_delete_leaves_keeps_its_record() -> None:
    lab = Lab(1, DELETING)
    thing, row = paired(lab)
    lab.world.mailbox_of(1).delete(thing)
    lab.read()
    lab.world.fuel.kill_at(2, Moment.BEFORE, "mailbox.fetch")
    assert lab.crashing(lab.sync) is not None
    lab.world.mailbox_of(1).restore(thing)

    lab.settle()

    assert record(lab) == row


def test_inv19_a_contact_that_a_colleague_keeps_is_not_deleted_d8() -> None:
    lab = Lab(2, DELETING)
    thing = in_mailbox(lab, 1)
    lab.settle()
    in_mailbox(lab, 2)
    lab.settle()

    lab.world.mailbox_of(1).delete(thing)
    lab.settle()

    assert len(lab.world.org.living(Kind.CONTACT)) == 1
    assert {pair.link.state for pair in lab.pairs(1)} == {LinkState.STOPPED}


def test_inv19_a_colleagues_card_that_arrives_just_before_the_delete_protects_the_record_d8() -> None:
    lab = Lab(2, DELETING)
    thing = in_mailbox(lab, 1)
    lab.settle()
    in_mailbox(lab, 2)
    lab.world.mailbox_of(1).delete(thing)
    lab.world.fuel.kill_at(2, Moment.BEFORE, "mailbox.fetch")
    assert lab.crashing(lab.sync) is not None
    lab.sync(2)

    lab.settle()

    assert len(lab.world.org.living(Kind.CONTACT)) == 1


def test_d13_a_card_deleted_and_made_anew_keeps_its_record() -> None:
    lab = Lab(1, DELETING)
    thing, row = paired(lab)
    lab.world.mailbox_of(1).delete(thing)
    in_mailbox(lab, values={**ADA, "title": "Programmer"})

    lab.settle()

    assert record(lab) == row
    assert (lab.world.org.read(row) or {})["title"] == "Programmer"


def test_d13_a_record_deleted_and_made_anew_keeps_its_card() -> None:
    lab = Lab(1, DELETING)
    thing, row = paired(lab)
    lab.world.org.delete(row)
    in_salesforce(lab, {**ADA, "title": "Programmer"})

    lab.settle()

    assert card(lab) == thing
    assert (lab.world.mailbox_of(1).read(thing) or {})["title"] == "Programmer"


def test_inv20_what_was_stopped_is_not_made_again_by_a_full_reading_f2() -> None:
    lab = Lab(1, CONTACTS)
    thing, row = paired(lab)
    lab.world.mailbox_of(1).delete(thing)
    lab.settle()
    lab.world.org.edit(row, {"title": "edited later"})
    lab.world.mailbox_of(1).expire_cursors()

    lab.settle()

    assert lab.world.mailbox_of(1).living(Kind.CONTACT) == []
    assert (lab.world.org.read(row) or {})["title"] == "edited later"


# --- memory and settings ---------------------------------------------------------------------------------------------


def test_c0_inv4_a_delta_whose_store_died_is_read_again() -> None:
    """Dies at each commit of a pass that reads three changes; only the last of a delta is reported again (MS-022)."""
    for nth in range(1, 9):
        lab = Lab(1, CONTACTS)
        thing, row = paired(lab)
        first, last = (in_mailbox(lab, values={**ADA, "email": f"ada{number}@engine.example"}) for number in range(2))
        lab.settle()
        for changed in (first, thing, last):
            lab.world.mailbox_of(1).edit(changed, {"title": "new"})
        lab.world.fuel.kill_at(nth, Moment.AFTER, "store.commit")
        lab.crashing(lab.sync)
        lab.settle()
        assert titles(lab, thing, row) == ("new", "new"), f"died after commit {nth}"


@pytest.mark.parametrize("sent", [False, True], ids=["planned", "sent"])
def test_c21_inv26_a_create_does_not_outlive_the_direction_it_was_planned_for_f8(sent: bool) -> None:
    lab = Lab(1, CONTACTS)
    in_mailbox(lab)
    lab.read()
    lab.world.fuel.kill_at(1, Moment.BEFORE, "crm.write" if sent else "crm.find_like")
    assert lab.crashing(lab.sync) is not None
    with lab.configurations.editing() as editor:
        editor.save(replace(CONTACTS, contacts=replace(CONTACTS.contacts, direction=Direction.TO_MAILBOX)))

    lab.settle()

    assert lab.world.writes == []


# --- what cannot be stored -------------------------------------------------------------------------------------------


def test_inv18_a_plan_that_cannot_be_stored_is_told_and_made_again_in_the_next_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lab = Lab(1)
    in_mailbox(lab)
    lab.read()
    commit = lab.store.commit

    def taken(lease: Lease, changes: Changes) -> None:
        if changes.intents:
            raise TargetTaken("Another commit has taken this record meanwhile.")
        commit(lease, changes)

    with monkeypatch.context() as patched:
        patched.setattr(lab.store, "commit", taken)
        report = lab.sync()
    assert (report.outcome, report.written, lab.world.writes) == ("partial", 0, [])
    assert report.problem
    assert report.remedy

    after = lab.sync()
    assert (after.outcome, after.problem, after.written) == ("ok", "", 1)


# --- guards ----------------------------------------------------------------------------------------------------------


def test_a_mass_deletion_waits_for_a_person() -> None:
    """B.9: every plan goes through the guards."""
    lab = Lab(1, DELETING)
    mailbox = lab.world.mailbox_of(1)
    mine = [in_mailbox(lab, values={**ADA, "email": f"ada{number}@engine.example"}) for number in range(12)]
    lab.settle()
    for thing in mine[:11]:
        mailbox.delete(thing)

    reports = lab.settle()

    assert len(lab.world.org.living(Kind.CONTACT)) == 12
    assert max(report.held for report in reports) == 11


def test_a_listing_that_lost_too_much_changes_nothing() -> None:
    """B.9: the service lists a part only, and what is missing cannot be looked up."""
    lab = Lab(1, DELETING)
    mailbox = lab.world.mailbox_of(1)
    mine = [in_mailbox(lab, values={**ADA, "email": f"ada{number}@engine.example"}) for number in range(5)]
    lab.settle()
    before = lab.store.stream(1, Kind.CONTACT)
    mailbox.expire_cursors()
    mailbox.unreadable |= set(mine[1:])

    report = lab.sync()

    after = lab.store.stream(1, Kind.CONTACT)
    assert before is not None
    assert after is not None
    assert (report.outcome, after.cursor, after.listed_at) == ("partial", None, before.listed_at)
    assert len(lab.world.org.living(Kind.CONTACT)) == 5
