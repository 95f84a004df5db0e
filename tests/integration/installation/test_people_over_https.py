"""People on meetings between the sandbox's mailboxes and its Salesforce, over https (LS 4.6, LS 4.8, I.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Direction, GuestRule
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed

EVENTS = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.OFF))


def asked(address: str, kind: str = "required") -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": address.split("@")[0]}, "type": kind}


def contact(installation: Installation, owner: Person, address: str) -> str:
    row = {"LastName": address.split("@")[0], "Email": address, "OwnerId": owner.salesforce_id}
    return str(installation.org.insert("Contact", row, owner.salesforce_id))


def relations(installation: Installation, event: str) -> dict[str, dict[str, Any]]:
    fields = "Id, EventId, RelationId, Status, IsParent, IsInvitee"
    return {row["RelationId"]: row for row in installation.records(fields, "EventRelation", f"EventId = '{event}'")}


def only_record(installation: Installation) -> dict[str, Any]:
    (row,) = installation.records("Id, WhoId, OwnerId, Location, IsGroupEvent", where="IsChild = false")
    return row


def test_ls137_ls129_ls141_ls142_the_life_of_a_meeting_with_guests(installation: Installation) -> None:
    """Related once, answers follow, later guests are attendees only, and nobody is mailed."""
    ada, bob = installation.stage.hire(2)
    installation.assign(EVENTS)
    installation.settle()
    buyer, late = contact(installation, ada, "buyer@client.example"), contact(installation, ada, "late@client.example")
    room = asked("room4@rooms.example", "resource")
    first = [asked("Buyer@Client.example"), asked(bob.address), asked("nobody@client.example", "optional"), room]
    meeting = installation.box(ada).create_event(timed("Review", installation.soon(3), attendees=first))
    installation.settle()

    record = only_record(installation)
    assert (record["WhoId"], record["OwnerId"], record["Location"]) == (buyer, ada.salesforce_id, "room4")
    assert {id_: (row["IsParent"], row["IsInvitee"], row["Status"]) for id_, row in
            relations(installation, record["Id"]).items()} == {buyer: (True, True, "New")}  # fmt: skip

    tenant = installation.tenant
    outside = tenant.add_user("Buyer", "buyer@client.example", "Europe/Berlin")
    installation.box(ada).update_event(meeting, {"attendees": [*first, asked("late@client.example")]})
    (copy,) = tenant.mailbox(outside.id).events()
    tenant.mailbox(outside.id).respond(copy["id"], "accept")
    installation.settle()
    found = relations(installation, record["Id"])
    assert found[buyer]["Status"] == "Accepted"
    assert (found[late]["IsParent"], found[late]["IsInvitee"]) == (False, True)

    installation.box(ada).update_event(meeting, {"attendees": [asked("late@client.example")]})
    installation.settle()
    found = relations(installation, record["Id"])
    assert (found[buyer]["IsParent"], found[buyer]["IsInvitee"]) == (True, False)
    assert only_record(installation)["WhoId"] == buyer
    assert installation.world.outbox == []


def test_ls125_ls133_ls134_a_meeting_of_two_who_sync_is_one_group_event_with_a_copy(installation: Installation) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(replace(EVENTS, invite_users=True))
    installation.settle()
    meeting = installation.box(ada).create_event(timed("Review", installation.soon(3), attendees=[asked(bob.address)]))
    installation.settle()

    record = only_record(installation)
    assert (record["OwnerId"], record["IsGroupEvent"]) == (ada.salesforce_id, True)
    (child,) = installation.records("Id, OwnerId", where="IsChild = true")
    assert child["OwnerId"] == bob.salesforce_id
    assert [len(installation.box(one).events()) for one in (ada, bob)] == [1, 1]

    (copy,) = installation.box(bob).events()
    installation.box(bob).respond(copy["id"], "accept")
    installation.box(ada).update_event(meeting, {"subject": "Renamed"})
    installation.settle()
    assert relations(installation, record["Id"])[bob.salesforce_id]["Status"] == "Accepted"
    assert {row["Subject"] for row in installation.records("Subject")} == {"Renamed"}
    assert [len(installation.box(one).events()) for one in (ada, bob)] == [1, 1]

    installation.box(ada).delete_event(meeting)
    installation.settle()
    assert installation.records("Id") == []
    assert installation.world.outbox == []


def test_d8_a_colleague_who_declines_has_it_in_neither_calendar_and_the_organiser_keeps_his_answer(
    installation: Installation,
) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(replace(EVENTS, invite_users=True))
    installation.settle()
    installation.box(ada).create_event(timed("Review", installation.soon(3), attendees=[asked(bob.address)]))
    installation.settle()
    record = only_record(installation)["Id"]
    assert bob.salesforce_id in relations(installation, record)

    installation.box(bob).respond(installation.box(bob).events()[0]["id"], "decline")
    mailed = len(installation.world.outbox)
    installation.settle()

    assert (only_record(installation)["Id"], relations(installation, record)) == (record, {})
    assert installation.records("Id", where="IsChild = true") == []
    (meeting,) = installation.box(ada).events()
    assert [one["status"]["response"] for one in meeting["attendees"]] == ["declined"]
    assert len(installation.world.outbox) == mailed


def test_ls124_an_event_of_a_colleague_who_does_not_sync_stays_in_salesforce(installation: Installation) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(EVENTS, ada)
    installation.settle()
    start = installation.soon(3)
    row = {"Subject": "Theirs", "OwnerId": bob.salesforce_id, "UndecidedEventInviteeIds": [ada.salesforce_id]}
    times = {"StartDateTime": start.isoformat(), "DurationInMinutes": 30}
    installation.org.insert("Event", row | times, bob.salesforce_id)

    installation.settle()

    assert len(installation.records("Id")) == 2
    assert installation.box(ada).events() == []


def test_ls126_ls128_a_meeting_of_an_outsider_is_the_guests_own_event(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign(EVENTS)
    installation.settle()
    buyer, other = contact(installation, ada, "buyer@client.example"), contact(installation, ada, "o@client.example")
    outside = installation.tenant.add_user("Buyer", "buyer@client.example", "Europe/Berlin")
    box = installation.tenant.mailbox(outside.id)
    pitch = box.create_event(
        timed("Pitch", installation.soon(3), attendees=[asked(ada.address), asked("o@client.example")])
    )
    installation.settle()

    record = only_record(installation)
    found = relations(installation, record["Id"])
    assert (record["OwnerId"], record["WhoId"]) == (ada.salesforce_id, buyer)
    assert {id_: row["IsInvitee"] for id_, row in found.items()} == {buyer: False, other: False}

    installation.org.update(record["Id"], {"Location": "My place"}, ada.salesforce_id)
    installation.settle()
    box.update_event(pitch, {"location": {"displayName": "Their place"}})
    installation.settle()
    assert only_record(installation)["Location"] == "Their place"
    assert installation.world.outbox == []


def test_ls138_without_shared_activities_there_is_one_who(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.org.settings.shared_activities = False
    installation.assign(EVENTS)
    people = [contact(installation, ada, f"buyer{number}@client.example") for number in range(3)]
    guests = [asked(f"buyer{number}@client.example") for number in range(3)]
    installation.box(ada).create_event(timed("Review", installation.soon(3), attendees=guests))

    installation.settle()

    record = only_record(installation)
    rows = installation.records("Id, RelationId", "EventRelation", f"EventId = '{record['Id']}'")
    assert record["WhoId"] == people[0]
    assert {row["RelationId"] for row in rows} == set(people)


def test_ls145_relations_of_people_survive_ten_updates_of_the_mailbox(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign(EVENTS)
    installation.settle()
    buyer, other = contact(installation, ada, "buyer@client.example"), contact(installation, ada, "o@client.example")
    meeting = installation.box(ada).create_event(
        timed("Review", installation.soon(3), attendees=[asked("buyer@client.example")])
    )
    installation.settle()
    record, owner = only_record(installation)["Id"], ada.salesforce_id
    account = installation.org.insert("Account", {"Name": "Client", "OwnerId": owner}, owner)
    installation.org.update(record, {"WhatId": account, "WhoId": other}, owner)
    installation.settle()

    for number in range(10):
        guests = [asked("buyer@client.example")] if number % 2 else []
        installation.box(ada).update_event(meeting, {"subject": f"Review {number}", "attendees": guests})
        installation.cycle()
    installation.settle()

    (row,) = installation.records("Id, Subject, WhoId, WhatId")
    assert (row["Subject"], row["WhoId"], row["WhatId"]) == ("Review 9", other, account)
    assert relations(installation, record)[buyer]["IsInvitee"]


def test_ls144_ls146_what_relates_to_nobody_is_an_unresolved_item_until_somebody_relates_it(
    installation: Installation,
) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign(EVENTS)
    installation.settle()
    installation.box(ada).create_event(timed("Review", installation.soon(3), attendees=[asked("x@client.example")]))
    installation.settle()
    assert list(installation.reasons(ada)) == ["Review"]
    assert installation.reasons(ada)["Review"].startswith("No contact and no lead in Salesforce")

    new = contact(installation, ada, "x@client.example")
    installation.org.update(only_record(installation)["Id"], {"WhoId": new}, ada.salesforce_id)
    installation.settle()

    assert installation.reasons(ada) == {}


def test_inv16_a_first_sync_of_200_meetings_with_guests_costs_at_most_two_further_calls(
    installation: Installation,
) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(EVENTS)
    installation.settle()
    for number in range(30):
        contact(installation, ada, f"guest{number}@client.example")
    costs = {}
    for person, guests in ((bob, False), (ada, True)):
        for number in range(200):
            names = [f"guest{(number + each) % 60}@client.example" for each in range(3)]
            more = {"attendees": [asked(name) for name in names]} if guests else {}
            installation.box(person).create_event(timed(f"Call {number}", installation.soon(1 + number % 90), **more))
        installation.read()
        installation.world.calls.clear()
        report = installation.sync(person)
        assert report.writes["crm.event.create"] == 200
        costs[guests] = installation.calls("salesforce")

    assert costs[True] - costs[False] <= 2
    assert len(installation.records("Id", "EventRelation")) > 200
    assert installation.world.outbox == []


@pytest.mark.parametrize("settings", [{"relate": False}, {"attendees": False}])
def test_relating_and_attendees_are_settings_of_their_own(installation: Installation, settings: dict[str, Any]) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign(replace(EVENTS, **settings))
    buyer = contact(installation, ada, "buyer@client.example")
    installation.box(ada).create_event(timed("Review", installation.soon(3), attendees=[asked("buyer@client.example")]))

    installation.settle()

    record = only_record(installation)
    row = relations(installation, record["Id"])[buyer]
    assert (row["IsParent"], row["IsInvitee"]) == (settings == {"attendees": False}, settings == {"relate": False})


def test_we_remember_only_what_we_tied(installation: Installation) -> None:
    """I-4: whom a person tied to the event is not ours to remove."""
    (ada,) = installation.stage.hire(1)
    installation.assign(EVENTS)
    buyer, other = contact(installation, ada, "buyer@client.example"), contact(installation, ada, "o@client.example")
    installation.box(ada).create_event(timed("Review", installation.soon(3), attendees=[asked("buyer@client.example")]))
    installation.settle()
    row = {"EventId": only_record(installation)["Id"], "RelationId": other}
    installation.org.insert("EventRelation", row, ada.salesforce_id)
    installation.settle()

    assert [row.target for row in installation.rows(sa.select(tables.event_person.c.target))] == [buyer]


def guests_of(installation: Installation, person: Person) -> set[str]:
    (event,) = installation.box(person).events()
    return {one["emailAddress"]["address"].lower() for one in event["attendees"]}


def test_ls123_ls131_by_setting_invitees_of_salesforce_are_invited_by_the_mailbox_once(
    installation: Installation,
) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(replace(EVENTS, invite_guests=True, invite_users=True, guests=GuestRule.SEND))
    installation.settle()
    buyer, owner = contact(installation, ada, "buyer@client.example"), ada.salesforce_id
    row = in_salesforce("Born there", installation.soon(3), ada, UndecidedEventInviteeIds=[buyer, bob.salesforce_id])
    event = installation.org.insert("Event", row, owner)
    installation.settle()
    assert guests_of(installation, ada) == {"buyer@client.example", bob.address}
    assert [set(mail.recipients) for mail in installation.world.outbox] == [{"buyer@client.example", bob.address}]
    assert len(installation.box(bob).events()) == 1
    assert len(installation.records("Id")) == 2  # hers, and his copy as an invitee

    late = contact(installation, ada, "late@client.example")
    installation.org.insert("EventRelation", {"EventId": event, "RelationId": late}, owner)
    installation.settle()
    assert guests_of(installation, ada) == {"buyer@client.example", bob.address, "late@client.example"}
    assert len(installation.world.outbox) == 2

    (copy,) = installation.box(bob).events()
    installation.box(bob).respond(copy["id"], "accept")
    installation.settle()
    assert relations(installation, event)[bob.salesforce_id]["Status"] == "Accepted"
    assert len(installation.world.outbox) == 2


@pytest.mark.parametrize("invite", [True, False])
def test_ls131_an_invitee_from_salesforce_is_held_or_stays_there_and_nobody_is_mailed(
    installation: Installation, invite: bool
) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign(replace(EVENTS, invite_guests=invite))
    installation.settle()
    buyer = contact(installation, ada, "buyer@client.example")
    row = in_salesforce("Born there", installation.soon(3), ada, UndecidedEventInviteeIds=[buyer])
    installation.org.insert("Event", row, ada.salesforce_id)

    installation.settle()

    assert guests_of(installation, ada) == set()
    assert installation.world.outbox == []
    held = installation.rows(sa.select(tables.intent.c.hold).where(tables.intent.c.state == "held"))
    assert [one.hold for one in held] == (["would_mail"] if invite else [])
