"""People on meetings between a mailbox and Salesforce, told as stories. Each ends settled (INV-7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from backend.domain.attendees import ATTENDEES, Attendee, Attendees, Part, Reply
from backend.domain.configuration import Configuration, Direction, GuestRule, StartRule
from backend.domain.recurrence import Series, start_key
from backend.domain.values import Kind, Name, ShowAs, Timed, Values
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.lab import Lab
from tests.fakes.org import Row
from tests.fakes.world import Fault

BUYER, SELLER, STRANGER = "buyer@client.example", "seller@client.example", "nobody@client.example"


def settings(direction: Direction = Direction.BOTH, **more: object) -> Configuration:
    """Events by these settings, contacts off."""
    contacts = replace(EVERYTHING.contacts, direction=Direction.OFF)
    events = replace(EVERYTHING.events, direction=direction)
    return replace(EVERYTHING, contacts=contacts, events=events, **more)  # type: ignore[arg-type]  # names are the setting's own


def contact(lab: Lab, address: str) -> str:
    last = address.split("@")[0].title()
    values: Values = {"name": Name("Ada", last), "email": address}
    return lab.world.org.create(Kind.CONTACT, values, lab.world.people[1].crm_user_id)


def lead(lab: Lab, address: str) -> str:
    number = f"00Q{len(lab.world.org.leads) + 1:015d}"
    lab.world.org.leads[number] = address
    return number


def when(lab: Lab, days: float = 2) -> Timed:
    start = (lab.world.clock.now() + timedelta(days=days)).replace(microsecond=0)
    return Timed(start, start + timedelta(hours=1), "Europe/Berlin")


def meeting(lab: Lab, *people: Attendee | str, user: int = 1, series: Series | None = None, **more: object) -> str:
    values: Values = {"subject": "Review", "when": when(lab), "show_as": ShowAs.BUSY, **more}  # type: ignore[dict-item]  # field values
    box = lab.world.mailbox_of(user)
    made = box.create(Kind.EVENT, values, series=series)
    box.ask(made, *(Attendee(one) if isinstance(one, str) else one for one in people))
    return made


def only_record(lab: Lab) -> Row:
    (row,) = lab.world.org.living(Kind.EVENT)
    return row


def whos(lab: Lab) -> list[str]:
    return [tie.target for tie in only_record(lab).ties if tie.related]


def invited(lab: Lab) -> dict[str, Reply]:
    return {tie.target: tie.reply for tie in only_record(lab).ties if tie.invited}


def unresolved(lab: Lab) -> list[str]:
    return [row.reason for row in lab.rows(sa.select(tables.note.c.reason))]


def test_ls137_ls125_the_contact_at_the_meeting_becomes_who_and_attendee_with_the_first_sync() -> None:
    lab = Lab(1, settings())
    buyer = contact(lab, BUYER)
    meeting(lab, BUYER, STRANGER)

    lab.settle()

    assert whos(lab) == [buyer]
    assert invited(lab) == {buyer: Reply.NONE}
    assert unresolved(lab) == []
    assert lab.world.outbox == []


def test_ls122_an_address_that_nobody_has_stays_in_the_mailbox_only() -> None:
    lab = Lab(1, settings())
    buyer = contact(lab, BUYER)
    made = meeting(lab, BUYER, STRANGER)

    lab.settle()

    assert [tie.target for tie in only_record(lab).ties] == [buyer]
    assert lab.world.mailbox_of(1).things[made].guests == (BUYER, STRANGER)


def test_ls138_several_contacts_are_all_related_in_their_order_with_shared_activities() -> None:
    lab = Lab(1, settings())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    meeting(lab, Attendee(SELLER, Part.OPTIONAL), BUYER)

    lab.settle()

    assert whos(lab) == [buyer, seller]


def test_ls138_without_shared_activities_one_is_related_and_all_are_attendees() -> None:
    lab = Lab(1, settings())
    lab.world.org.shared_activities = False
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    meeting(lab, BUYER, SELLER)

    lab.settle()

    assert whos(lab) == [buyer]
    assert set(invited(lab)) == {buyer, seller}


def test_ls139_a_contact_is_preferred_to_a_lead_of_the_same_address() -> None:
    lab = Lab(1, settings())
    lead(lab, BUYER)
    buyer = contact(lab, BUYER)
    meeting(lab, BUYER)

    lab.settle()

    assert whos(lab) == [buyer]


def test_ls140_one_lead_is_related_at_most_and_none_beside_a_contact() -> None:
    alone, mixed = Lab(1, settings()), Lab(1, settings())
    first, _ = lead(alone, BUYER), lead(alone, SELLER)
    lead(mixed, BUYER)
    seller = contact(mixed, SELLER)
    for lab in (alone, mixed):
        meeting(lab, BUYER, SELLER)
        lab.settle()

    assert whos(alone) == [first]
    assert whos(mixed) == [seller]
    assert len(invited(alone)) == len(invited(mixed)) == 2


def test_ls141_who_is_asked_later_becomes_an_attendee_and_is_not_related() -> None:
    lab = Lab(1, settings())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    made = meeting(lab, BUYER)
    lab.settle()

    lab.world.mailbox_of(1).ask(made, Attendee(BUYER), Attendee(SELLER))
    lab.settle()

    assert whos(lab) == [buyer]
    assert set(invited(lab)) == {buyer, seller}


def test_ls142_who_is_no_longer_asked_stays_related_and_is_no_attendee() -> None:
    lab = Lab(1, settings())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    made = meeting(lab, BUYER, SELLER)
    lab.settle()

    lab.world.mailbox_of(1).ask(made, Attendee(BUYER))
    lab.settle()

    assert whos(lab) == [buyer, seller]
    assert set(invited(lab)) == {buyer}


def test_the_last_guest_who_is_no_longer_asked_leaves_salesforce_too() -> None:
    lab = Lab(1, settings(relate=False))
    contact(lab, BUYER)
    made = meeting(lab, BUYER)
    lab.settle()

    lab.world.mailbox_of(1).ask(made)
    lab.settle()

    assert only_record(lab).ties == []


def test_ls143_ls146_people_whom_the_user_does_not_see_are_not_related_and_the_event_syncs() -> None:
    lab = Lab(1, settings())
    lab.world.org.hidden.add(contact(lab, BUYER))
    meeting(lab, BUYER)

    lab.settle()

    assert only_record(lab).ties == []


def test_ls144_an_event_that_relates_to_nobody_is_an_unresolved_item_until_somebody_relates_it() -> None:
    lab = Lab(1, settings())
    meeting(lab, STRANGER)
    lab.settle()
    assert [reason.split(".")[0] for reason in unresolved(lab)] == [
        "No contact and no lead in Salesforce has the address of anybody at this meeting"
    ]

    lab.world.org.relate(only_record(lab).id, contact(lab, STRANGER))
    lab.settle()

    assert unresolved(lab) == []


def test_a_meeting_of_colleagues_alone_has_nothing_to_be_related_to() -> None:
    lab = Lab(2, settings())
    meeting(lab, lab.world.people[2].address)

    lab.settle()

    assert unresolved(lab) == []


def test_ls145_what_a_person_related_in_salesforce_survives_ten_updates_of_the_mailbox() -> None:
    lab = Lab(1, settings())
    contact(lab, BUYER)
    made = meeting(lab, BUYER)
    lab.settle()
    account, own = "001000000000000001", contact(lab, "own@client.example")
    lab.world.org.relate(only_record(lab).id, account)
    lab.world.org.relate(only_record(lab).id, own, invited=True)

    for number in range(10):
        lab.world.mailbox_of(1).edit(made, {"subject": f"Review {number}"})
        lab.world.mailbox_of(1).ask(made, *([Attendee(SELLER)] if number % 2 else [Attendee(BUYER)]))
        lab.settle()

    assert account in whos(lab)
    assert own in invited(lab)
    assert only_record(lab).values["subject"] == "Review 9"


def test_ls129_an_answer_in_the_mailbox_becomes_the_status_in_salesforce() -> None:
    lab = Lab(1, settings())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    made = meeting(lab, BUYER, SELLER)
    lab.settle()

    lab.world.mailbox_of(1).ask(made, Attendee(BUYER, reply=Reply.DECLINED), Attendee(SELLER, reply=Reply.TENTATIVE))
    lab.settle()

    assert invited(lab) == {buyer: Reply.DECLINED, seller: Reply.ACCEPTED}
    assert lab.world.outbox == []


def test_ls130_a_status_set_in_salesforce_stays_there_until_the_mailbox_answers_again() -> None:
    lab = Lab(1, settings())
    buyer = contact(lab, BUYER)
    made = meeting(lab, BUYER)
    lab.settle()
    row = only_record(lab)
    row.ties = [replace(tie, reply=Reply.ACCEPTED) for tie in row.ties]
    lab.world.org.stamp(row)
    before = len(lab.world.writes)
    lab.settle()
    assert len(lab.world.writes) == before
    assert invited(lab) == {buyer: Reply.ACCEPTED}

    lab.world.mailbox_of(1).ask(made, Attendee(BUYER, reply=Reply.DECLINED))
    lab.settle()

    assert invited(lab) == {buyer: Reply.DECLINED}
    assert lab.world.outbox == []


def test_ls133_a_colleague_is_invited_only_by_the_setting_and_there_is_one_event_with_his_copy() -> None:
    for users in (False, True):
        lab = Lab(2, settings(invite_users=users))
        colleague = lab.world.people[2]
        meeting(lab, colleague.address)
        lab.world.mailbox_of(2).deliver()

        lab.settle()

        assert set(invited(lab)) == ({colleague.crm_user_id} if users else set())
        children = [row for row in lab.world.org.rows.values() if row.child]
        assert len(children) == int(users)
        assert not any(row.by_api for row in children)


def test_ls134_child_events_are_never_written_pushed_or_deleted_as_records_of_their_own() -> None:
    lab = Lab(2, settings(invite_users=True))
    made = meeting(lab, lab.world.people[2].address)
    lab.world.mailbox_of(2).deliver()
    lab.settle()
    (child,) = [row for row in lab.world.org.rows.values() if row.child]

    lab.world.mailbox_of(1).edit(made, {"subject": "Moved"})
    lab.world.mailbox_of(2).deliver()
    lab.settle()
    copy = lab.world.mailbox_of(2).living(Kind.EVENT)
    assert len(copy) == 1
    lab.world.mailbox_of(2).delete(copy[0].id)
    lab.settle()

    assert child.alive
    assert all(write.target != child.id for write in lab.world.writes)
    assert only_record(lab).values["subject"] == "Moved"
    assert lab.world.mailbox_of(2).living(Kind.EVENT) == []


@pytest.mark.parametrize("inviting", [False, True])
def test_d8_a_guest_who_deletes_his_copy_is_no_invitee_any_more_until_he_takes_it_back(*, inviting: bool) -> None:
    """The record is nobody else's loss (INV-19), and the organiser's own meeting still names him (INV-12)."""
    lab = Lab(2, settings(invite_users=True, invite_guests=inviting, guests=GuestRule.SEND))
    colleague, box = lab.world.people[2], lab.world.mailbox_of(2)
    buyer = contact(lab, BUYER)
    made = meeting(lab, colleague.address, BUYER)
    box.deliver()
    lab.settle()
    everybody = {colleague.crm_user_id: Reply.NONE, buyer: Reply.NONE}
    assert invited(lab) == everybody

    (copy,) = box.living(Kind.EVENT)
    box.delete(copy.id)
    lab.world.mailbox_of(1).ask(made, Attendee(colleague.address, reply=Reply.DECLINED), Attendee(BUYER))
    lab.settle()
    assert invited(lab) == {buyer: Reply.NONE}
    assert lab.world.mailbox_of(1).things[made].guests == (colleague.address, BUYER)

    lab.world.mailbox_of(1).ask(made, Attendee(colleague.address), Attendee(BUYER))
    box.restore(copy.id)
    lab.settle()
    assert invited(lab) == everybody
    assert lab.world.outbox == []


def test_d8_i4_an_invitee_whom_a_person_added_in_salesforce_stays_although_he_deletes_his_copy() -> None:
    lab = Lab(2, settings(invite_users=True))
    colleague, box = lab.world.people[2], lab.world.mailbox_of(2)
    meeting(lab, BUYER)
    lab.settle()
    lab.world.org.relate(only_record(lab).id, colleague.crm_user_id, invited=True)
    made = lab.world.mailbox_of(1).living(Kind.EVENT)[0].id
    lab.world.mailbox_of(1).ask(made, Attendee(BUYER), Attendee(colleague.address))
    box.deliver()
    lab.settle()
    box.delete(box.living(Kind.EVENT)[0].id)
    lab.settle()

    assert colleague.crm_user_id in invited(lab)


def test_ls126_a_meeting_of_an_outsider_becomes_the_guests_own_event_without_other_attendees() -> None:
    lab = Lab(1, settings())
    organizer, other = contact(lab, BUYER), contact(lab, SELLER)
    outsider = lab.world.account(BUYER)
    made = outsider.create(Kind.EVENT, {"subject": "Pitch", "when": when(lab), "show_as": ShowAs.BUSY})
    outsider.ask(made, Attendee(lab.world.people[1].address), Attendee(SELLER))
    lab.world.mailbox_of(1).deliver()

    lab.settle()

    assert only_record(lab).owner == lab.world.people[1].crm_user_id
    assert invited(lab) == {}
    assert whos(lab) == [organizer, other]


def test_ls127_ls128_an_edit_of_an_outsiders_meeting_stays_in_salesforce_until_the_organiser_changes_it() -> None:
    lab = Lab(1, settings())
    outsider = lab.world.account(BUYER)
    made = outsider.create(Kind.EVENT, {"subject": "Pitch", "when": when(lab), "show_as": ShowAs.BUSY})
    outsider.ask(made, Attendee(lab.world.people[1].address))
    lab.world.mailbox_of(1).deliver()
    lab.settle()

    lab.world.org.edit(only_record(lab).id, {"subject": "My words", "location": "My place"})
    lab.settle()
    (copy,) = lab.world.mailbox_of(1).living(Kind.EVENT)
    assert copy.values["subject"] == "Pitch"
    assert only_record(lab).values["subject"] == "My words"

    outsider.edit(made, {"subject": "Second pitch"})
    lab.world.mailbox_of(1).deliver()
    lab.settle()

    assert only_record(lab).values["subject"] == "Second pitch"
    assert lab.world.outbox == []


def test_ls124_an_event_of_somebody_who_does_not_sync_never_reaches_the_mailbox_of_an_invited_user() -> None:
    lab = Lab(1, settings())
    event = lab.world.org.create(Kind.EVENT, {"subject": "Theirs", "when": when(lab)}, "005000000000000099")
    lab.world.org.child_of(event, lab.world.people[1].crm_user_id)

    lab.settle()

    assert lab.world.mailbox_of(1).living(Kind.EVENT) == []


def test_ls136_ls148_a_private_event_has_neither_who_nor_attendees() -> None:
    lab = Lab(1, settings(private=True))
    contact(lab, BUYER)
    meeting(lab, BUYER, private=True)

    lab.settle()

    assert only_record(lab).values["private"] is True
    assert only_record(lab).ties == []


def test_ls136_an_event_that_becomes_private_loses_what_we_related() -> None:
    lab = Lab(1, settings(private=True))
    contact(lab, BUYER)
    made = meeting(lab, BUYER)
    lab.settle()

    lab.world.mailbox_of(1).edit(made, {"private": True})
    lab.settle()

    assert only_record(lab).values["private"] is True
    assert only_record(lab).ties == []


def test_ls136_an_event_that_a_person_related_is_not_made_private_and_that_is_told() -> None:
    lab = Lab(1, settings(private=True))
    made = meeting(lab, STRANGER)
    lab.settle()
    lab.world.org.relate(only_record(lab).id, "001000000000000001")
    lab.world.mailbox_of(1).edit(made, {"private": True})

    lab.settle()

    assert not only_record(lab).values.get("private")
    assert whos(lab) == ["001000000000000001"]
    (pair,) = lab.pairs()
    assert "private" in pair.link.reason


@pytest.mark.parametrize("number", [50, 51])
def test_ls120_fifty_attendees_are_told_and_the_fifty_first_is_dropped_with_a_note(number: int) -> None:
    lab = Lab(1, settings())
    people = [f"guest{position:02d}@client.example" for position in range(number)]
    ids = [contact(lab, address) for address in people]
    meeting(lab, *people)

    lab.settle()

    assert list(invited(lab)) == ids[:50]
    assert whos(lab) == ids[:50]
    assert bool(unresolved(lab)) is (number == 51)


def test_ls121_required_and_optional_guests_are_one_list_required_first() -> None:
    lab = Lab(1, settings())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    meeting(lab, Attendee(BUYER, Part.OPTIONAL), Attendee(SELLER, Part.REQUIRED))

    lab.settle()

    assert list(invited(lab)) == [seller, buyer]


def test_ls135_a_room_is_never_an_attendee() -> None:
    lab = Lab(1, settings())
    contact(lab, "room@rooms.example")
    meeting(lab, Attendee("room@rooms.example", Part.RESOURCE))

    lab.settle()

    assert only_record(lab).ties == []


@pytest.mark.parametrize("fault", ["lost", "unsent", "half"])
def test_c4_a_lost_answer_leaves_no_attendee_out_and_none_twice(fault: str) -> None:
    lab = Lab(1, settings())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    made = meeting(lab, BUYER)
    lab.world.faults.append(Fault("crm.write", fault))
    lab.cycle()
    lab.settle()
    assert invited(lab) == {buyer: Reply.NONE}

    lab.world.mailbox_of(1).ask(made, Attendee(BUYER), Attendee(SELLER))
    lab.world.faults.append(Fault("crm.write", fault))
    lab.cycle()
    lab.settle()
    assert set(invited(lab)) == {buyer, seller}

    lab.world.mailbox_of(1).ask(made, Attendee(SELLER))
    lab.settle()

    assert set(invited(lab)) == {seller}
    assert whos(lab) == [buyer]


def test_inv16_a_first_sync_asks_once_for_all_people() -> None:
    lab = Lab(1, settings())
    for number in range(30):
        contact(lab, f"guest{number}@client.example")
        meeting(lab, f"guest{number}@client.example", subject=f"Review {number}", when=when(lab, 2 + number))
    asked: list[int] = []
    find = lab.world.org.found

    def counting(addresses: list[str], events: list[str]) -> object:
        asked.append(len(addresses))
        return find(addresses, events)

    lab.world.org.found = counting  # type: ignore[method-assign,assignment]  # counts the calls
    lab.settle()

    assert asked == [30]


def test_the_settings_off_leave_people_out() -> None:
    lab = Lab(1, settings(relate=False, attendees=False))
    contact(lab, BUYER)
    meeting(lab, BUYER)

    lab.settle()

    assert only_record(lab).ties == []
    assert unresolved(lab) == []


def test_what_is_in_scope_no_longer_keeps_nobodys_address() -> None:
    lab = Lab(1, settings())
    made = meeting(lab, BUYER)
    lab.settle()

    lab.world.mailbox_of(1).edit(made, {"private": True})
    lab.settle()

    kept = [row.values for row in lab.rows(sa.select(tables.mailbox_item))]
    assert BUYER not in str(kept)


def test_every_occurrence_of_a_series_has_its_own_people_and_answers() -> None:
    lab = Lab(1, settings())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    first = when(lab)
    rule = f"FREQ=WEEKLY;BYDAY={first.start.strftime('%a').upper()[:2]};COUNT=3"
    local = first.start.astimezone(ZoneInfo("Europe/Berlin")).replace(tzinfo=None)
    made = meeting(lab, BUYER, series=Series(rule, local, "Europe/Berlin", 3600))
    lab.settle()
    rows = sorted(lab.world.org.living(Kind.EVENT), key=lambda row: repr(row.values["when"]))
    assert [[tie.target for tie in row.ties] for row in rows] == [[buyer]] * 3

    second = rows[1].values["when"]
    assert isinstance(second, Timed)
    alone = Attendees(True, lab.world.people[1].address, (Attendee(BUYER, reply=Reply.DECLINED), Attendee(SELLER)))
    values = {**lab.world.mailbox_of(1).things[made].values, "when": second, ATTENDEES: alone}
    lab.world.mailbox_of(1).edit_occurrence(made, start_key(second), values)
    lab.settle()

    told = [{tie.target: tie.reply for tie in row.ties if tie.invited} for row in rows]
    assert told == [{buyer: Reply.NONE}, {buyer: Reply.DECLINED, seller: Reply.NONE}, {buyer: Reply.NONE}]
    assert lab.world.outbox == []


# --- invited from Salesforce, by setting -----------------------------------------------------------------------------


def inviting(rule: GuestRule = GuestRule.SEND, **more: object) -> Configuration:
    return settings(invite_guests=True, guests=rule, **more)


def born_in_salesforce(lab: Lab, *invitees: str) -> str:
    owner = lab.world.people[1].crm_user_id
    made = lab.world.org.create(Kind.EVENT, {"subject": "Born there", "when": when(lab)}, owner)
    for one in invitees:
        lab.world.org.relate(made, one, invited=True)
    return made


def guests_in_mailbox(lab: Lab) -> set[str]:
    (thing,) = lab.world.mailbox_of(1).living(Kind.EVENT)
    return set(thing.guests)


def mailed(lab: Lab) -> list[set[str]]:
    return [set(mail.recipients) for mail in lab.world.outbox]


def test_ls123_an_event_of_salesforce_with_invitees_invites_them_from_the_mailbox_by_setting() -> None:
    lab = Lab(1, inviting())
    born_in_salesforce(lab, contact(lab, BUYER), contact(lab, SELLER))

    lab.settle()

    assert guests_in_mailbox(lab) == {BUYER, SELLER}
    assert mailed(lab) == [{BUYER, SELLER}]


def test_ls123_by_default_invitees_of_salesforce_stay_there_and_nobody_is_mailed() -> None:
    lab = Lab(1, settings(guests=GuestRule.SEND))
    born_in_salesforce(lab, contact(lab, BUYER))

    lab.settle()

    assert guests_in_mailbox(lab) == set()
    assert lab.world.outbox == []


def test_ls131_an_invitee_added_and_removed_in_salesforce_is_a_change_of_its_own() -> None:
    lab = Lab(1, inviting())
    buyer, seller = contact(lab, BUYER), contact(lab, SELLER)
    event = born_in_salesforce(lab, buyer)
    lab.settle()

    lab.world.org.relate(event, seller, invited=True)
    lab.settle()
    assert guests_in_mailbox(lab) == {BUYER, SELLER}

    row = lab.world.org.rows[event]
    row.ties = [tie for tie in row.ties if tie.target != buyer]
    lab.world.org.stamp(row)
    lab.settle()

    assert guests_in_mailbox(lab) == {SELLER}
    assert len(lab.world.outbox) == 3


def test_ls131_an_invitee_added_in_salesforce_to_a_meeting_of_the_mailbox_joins_its_guests() -> None:
    lab = Lab(1, inviting())
    contact(lab, BUYER)
    meeting(lab, BUYER, STRANGER)
    lab.settle()
    assert lab.world.outbox == []

    lab.world.org.relate(only_record(lab).id, contact(lab, SELLER), invited=True)
    lab.settle()

    assert guests_in_mailbox(lab) == {BUYER, STRANGER, SELLER}
    assert len(lab.world.outbox) == 1


@pytest.mark.parametrize("rule", [GuestRule.HOLD, GuestRule.LEAVE, GuestRule.PUT_BACK])
def test_inv12_an_invitation_is_an_answer_to_the_guest_rule_too(rule: GuestRule) -> None:
    lab = Lab(1, inviting(rule))
    born_in_salesforce(lab, contact(lab, BUYER))

    lab.settle()

    assert guests_in_mailbox(lab) == set()
    assert lab.world.outbox == []
    held = lab.count(tables.intent, tables.intent.c.state == "held")
    assert held == int(rule is GuestRule.HOLD)


def test_f9_whoever_was_invited_before_the_setting_was_on_is_not_mailed() -> None:
    lab = Lab(1, settings(guests=GuestRule.SEND))
    event = born_in_salesforce(lab, contact(lab, BUYER))
    lab.settle()
    with lab.configurations.editing() as editor:
        editor.save(inviting())
    lab.settle()
    assert lab.world.outbox == []

    lab.world.org.relate(event, contact(lab, SELLER), invited=True)
    lab.settle()

    assert mailed(lab) == [{SELLER}]


def test_a_guest_of_the_mailbox_whom_we_told_salesforce_is_not_invited_back() -> None:
    lab = Lab(1, inviting())
    contact(lab, BUYER), contact(lab, SELLER)
    made = meeting(lab, BUYER)
    lab.settle()

    lab.world.mailbox_of(1).ask(made, Attendee(BUYER, reply=Reply.ACCEPTED), Attendee(SELLER))
    lab.settle()
    lab.world.mailbox_of(1).ask(made, Attendee(SELLER))
    lab.settle()

    assert guests_in_mailbox(lab) == {SELLER}
    assert len(invited(lab)) == 1
    assert lab.world.outbox == []


@pytest.mark.parametrize("fault", ["lost", "unsent"])
def test_inv12_a_lost_answer_invites_nobody_twice(fault: str) -> None:
    lab = Lab(1, inviting())
    event = born_in_salesforce(lab)
    lab.settle()
    lab.world.org.relate(event, contact(lab, BUYER), invited=True)
    lab.world.faults.append(Fault("mailbox.write", fault))
    lab.cycle()
    lab.settle()

    assert guests_in_mailbox(lab) == {BUYER}
    assert mailed(lab) == [{BUYER}]


def test_ls127_a_copy_is_never_given_guests_from_salesforce() -> None:
    lab = Lab(1, inviting())
    outsider = lab.world.account(BUYER)
    made = outsider.create(Kind.EVENT, {"subject": "Pitch", "when": when(lab), "show_as": ShowAs.BUSY})
    outsider.ask(made, Attendee(lab.world.people[1].address))
    lab.world.mailbox_of(1).deliver()
    lab.settle()

    lab.world.org.relate(only_record(lab).id, contact(lab, SELLER), invited=True)
    lab.settle()

    assert guests_in_mailbox(lab) == {lab.world.people[1].address}
    assert lab.world.outbox == []


def test_f9_events_older_than_the_leg_invite_nobody_when_they_first_reach_the_mailbox() -> None:
    lab = Lab(1, inviting(start=StartRule.ALL))
    old = born_in_salesforce(lab, contact(lab, BUYER))
    lab.world.clock.advance(timedelta(hours=1))
    with lab.database.begin() as connection:
        connection.execute(sa.update(tables.user_state).values(events_leg_since=lab.world.clock.now()))
    lab.settle()
    assert guests_in_mailbox(lab) == set()
    assert lab.world.outbox == []

    lab.world.org.relate(old, contact(lab, SELLER), invited=True)
    lab.settle()

    assert mailed(lab) == [{SELLER}]


def test_nobody_is_invited_to_the_past() -> None:
    lab = Lab(1, inviting())
    event = born_in_salesforce(lab)
    lab.settle()
    lab.wait(timedelta(days=4))

    lab.world.org.relate(event, contact(lab, BUYER), invited=True)
    lab.settle()

    assert lab.world.outbox == []
