"""Each cause of LS 4.13 and LS 6.3 produced on purpose: named by page, passport and command, and nobody else waits.

Rows that other files show: private, outside the window, not selected, moved away, too long, waiting for an edit
(`test_odd_events.py`); validation, required field, shared address, lost folder (`test_bad_input.py`); missing rights
(`test_rights.py`); unresolved companies (`test_companies.py`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Configuration, ContactFilter, Ownership
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed
from tests.fakes.told import Told


def hired(installation: Installation, settings: Configuration = EVERYTHING) -> tuple[Person, Person]:
    """Ada, who syncs by these settings, and Bob, who does by the usual ones."""
    ada, bob = installation.stage.hire(2)
    installation.assign(replace(EVERYTHING, name="Usual"), bob)
    installation.assign(settings, ada)
    installation.settle()
    installation.later(minutes=1)
    return ada, bob


def by_page_and_command(told: Told, person: Person) -> tuple[str, str]:
    return told.person(person), told.command("status", "--user", person.salesforce_username)


def goes_on(installation: Installation, person: Person) -> None:
    """Somebody else's new contact gets across meanwhile, and then nothing is written any more."""
    installation.write_card(person, "Grace", "Goeson")
    installation.settle()
    assert "Goeson" in {row["LastName"] for row in installation.records("LastName", "Contact")}
    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter()


def aside(told: Told, person: Person, record: str) -> str:
    """The passport of a record that is in no pair."""
    user = told.installation.id_of(person)
    return told.visitor.text(f"/items/aside?user={user}&kind=event&side=crm&ref={record}")


def passport(told: Told, kind: str) -> str:
    """The passport of the only pair of a kind."""
    (row,) = told.installation.rows(sa.select(tables.link.c.id).where(tables.link.c.kind == kind))
    return told.visitor.text(f"/items/{row.id}")


# --- LS 4.13 ----------------------------------------------------------------------------------------------------------


def test_ls124_an_event_of_an_organiser_who_does_not_sync_is_named_to_whom_it_concerns(
    installation: Installation, told: Told
) -> None:
    """LS-124, LS 6.3: with the remedy; once the organiser syncs it comes by his invitation and is named no more."""
    ada, bob = hired(installation)
    (cid,) = installation.stage.hire(1)
    installation.read()
    row = in_salesforce("Of a stranger", installation.soon(), cid, UndecidedEventInviteeIds=[ada.salesforce_id])
    installation.org.insert("Event", row, cid.salesforce_id)
    goes_on(installation, bob)
    (copy,) = installation.records("Id", where=f"IsChild = true AND OwnerId = '{ada.salesforce_id}'")
    reason = "The organiser of this Salesforce event does not sync, so no invitation to it reaches the mailbox: assign"
    for text in (*by_page_and_command(told, ada), aside(told, ada, copy["Id"])):
        assert reason in text
    assert reason not in "".join(by_page_and_command(told, bob))
    assert installation.box(ada).events() == []

    installation.assign(EVERYTHING, ada, cid)
    installation.read(full=True)
    installation.settle()
    assert reason not in "".join(by_page_and_command(told, ada))


def test_ls153_the_head_of_a_classic_series_is_named_and_its_meetings_come_one_by_one(
    installation: Installation, told: Told
) -> None:
    ada, bob = hired(installation)
    start = installation.soon(3)
    head = installation.org.insert(
        "Event",
        {
            **in_salesforce("Standup", start, ada),
            "IsRecurrence": True,
            "RecurrenceType": "RecursDaily",
            "RecurrenceInterval": 1,
            "RecurrenceStartDateTime": start.isoformat(),
            "RecurrenceEndDateOnly": installation.soon(5).date().isoformat(),
        },
        ada.salesforce_id,
    )
    goes_on(installation, bob)
    reason = "This is the head of a repeating event made in Salesforce Classic: its occurrences are synced one by one"
    for text in (*by_page_and_command(told, ada), aside(told, ada, head)):
        assert reason in text
    assert [one["subject"] for one in installation.box(ada).events()] == ["Standup"] * 3


def test_ls120_the_fifty_first_attendee_is_left_out_and_the_event_says_so(
    installation: Installation, told: Told
) -> None:
    ada, bob = hired(installation)
    guests = []
    for number in range(51):
        address = f"guest{number}@client.example"
        row = {"LastName": f"Guest{number}", "Email": address, "OwnerId": ada.salesforce_id}
        installation.org.insert("Contact", row, ada.salesforce_id)
        guests.append({"emailAddress": {"address": address}, "type": "required"})
    installation.settle()
    installation.box(ada).create_event(timed("Town hall", installation.soon(), attendees=guests))
    goes_on(installation, bob)
    (row,) = installation.records("Id")
    relations = installation.records("Id", "EventRelation", f"EventId = '{row['Id']}' AND IsInvitee = true")
    assert len(relations) == 50
    for text in by_page_and_command(told, ada):
        assert "Salesforce is told of fifty attendees at most; the others stay in the mailbox only." in text


@pytest.mark.parametrize("case", ["inactive", "unassigned"])
def test_ls026_ls033_who_does_not_sync_is_named_with_the_reason(
    installation: Installation, told: Told, case: str
) -> None:
    """LS-026, LS-030, LS-033: the page and the command say which configuration, or that there is none."""
    ada, bob = hired(installation)
    installation.box(ada).create_event(timed("Before", installation.soon()))
    installation.settle()
    with installation.lockstep.configurations.editing() as editor:
        if case == "inactive":
            editor.save(replace(EVERYTHING, active=False))
        else:
            editor.unassign(usernames=[ada.salesforce_username])
    installation.box(ada).create_event(timed("After", installation.soon()))
    goes_on(installation, bob)
    assert [row["Subject"] for row in installation.records("Subject")] == ["Before"]
    command = told.command("status", "--user", ada.salesforce_username)
    assert "does not sync" in command
    if case == "inactive":
        assert "Everything" in command
        assert "Everything" in told.person(ada)
    else:
        assert "configuration" in command
        assert told.visitor.get(f"/people/{installation.id_of(ada)}").status_code == 404, "the pages show who syncs"


@pytest.mark.parametrize("way", ["upsert", "undelete"])
def test_ls132_what_is_written_by_upsert_or_undelete_syncs_like_anything_else(
    installation: Installation, way: str
) -> None:
    """LS-132 asks for nothing; nobody understands an event that stays away for how it was written, so it comes."""
    ada, _ = hired(installation)
    if way == "upsert":
        api = installation.salesforce(ada.salesforce_username)
        key = "6f2c1d4e-0000-4000-8000-000000000001"
        answer = api.patch(
            f"sobjects/Event/Lockstep_Key__c/{key}", json=in_salesforce("Upserted", installation.soon(), ada)
        )
        assert answer.status_code in (200, 201), answer.text
    else:
        row = installation.org.insert("Event", in_salesforce("Restored", installation.soon(), ada), ada.salesforce_id)
        installation.org.delete(row, ada.salesforce_id)
        installation.settle()
        installation.org.undelete(row, ada.salesforce_id)
    installation.settle()
    assert [one["subject"] for one in installation.box(ada).events()] == [
        {"upsert": "Upserted", "undelete": "Restored"}[way]
    ]


# --- LS 6.3 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["Salesforce", "the mailbox"])
def test_ls_6_3_a_contact_deleted_on_one_side_does_not_return_and_its_passport_says_why(
    installation: Installation, told: Told, side: str
) -> None:
    """LS-096 to LS-098: *deleted contacts return*; by default they stay deleted, and the other copy says so."""
    ada, bob = hired(installation)
    card = installation.write_card(ada, "Ada", "Lovelace")
    installation.settle()
    (row,) = installation.records("Id", "Contact")
    if side == "Salesforce":
        installation.org.delete(row["Id"], ada.salesforce_id)
    else:
        installation.box(ada).delete_contact(card)
    installation.settle()
    reason = f"Deleted in {side}; the other copy stays and is not followed."
    assert reason in passport(told, "contact")
    goes_on(installation, bob)
    for text in by_page_and_command(told, ada):
        assert reason in text


@pytest.mark.parametrize("half", [Ownership.UNSET, Ownership.SELECTED, Ownership.RECORDS])
def test_ls037_a_half_set_ownership_filter_is_named_where_contacts_are_missed(
    installation: Installation, told: Told, half: Ownership
) -> None:
    """LS 6.3, *no contacts sync at all*: the remedy stands on the person's page and in the command."""
    ada, bob = hired(installation, replace(EVERYTHING, contact_filter=ContactFilter(half)))
    installation.org.insert("Contact", {"LastName": "Missed", "OwnerId": ada.salesforce_id}, ada.salesforce_id)
    goes_on(installation, bob)
    assert installation.cards(ada) == []
    for text in by_page_and_command(told, ada):
        assert "No Salesforce contacts sync: whose contacts is not chosen completely." in text
        assert "Choose the person's own contacts, or all contacts." in text


def test_ls078_a_contact_without_account_for_want_of_rights_is_named_in_its_passport(
    installation: Installation, told: Told
) -> None:
    """LS 6.3, *contact without account, nothing in Unresolved*: the right that is missing and what to do."""
    ada, bob = hired(installation)
    profile = installation.org.add_profile("No accounts", denied={"Account": "D"})
    installation.org.update(ada.salesforce_id, {"ProfileId": profile})
    installation.org.insert("Account", {"Name": "Acme"})
    installation.write_card(ada, "Ada", "Lovelace", companyName="Acme")
    installation.settle()
    said = "this person lacks a right to accounts (create, read, edit or delete)"
    assert said in passport(told, "contact")
    goes_on(installation, bob)


def test_ls126_attendees_of_an_outsiders_meeting_are_named_as_left_out_in_its_passport(
    installation: Installation, told: Told
) -> None:
    """LS 6.3, *attendees missing on event*: whose copy it is, and that a guest's copy tells of no attendees."""
    ada, bob = hired(installation)
    outside = installation.tenant.add_user("Boss", "boss@client.example", "Europe/Berlin")
    guests = [{"emailAddress": {"address": one}, "type": "required"} for one in (ada.address, "other@client.example")]
    installation.tenant.mailbox(outside.id).create_event(timed("Pitch", installation.soon(), attendees=guests))
    goes_on(installation, bob)
    assert "Somebody else organises it" in passport(told, "event")
