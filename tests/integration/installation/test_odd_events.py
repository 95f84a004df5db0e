"""Events that do not sync or sync differently, each with its documented result and its reason (LS 4.13)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Configuration, MovedRule, Which
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed
from tests.fakes.told import Told

SELECTED = replace(EVERYTHING, which=Which.SELECTED)
DAY = 24 * 60


def event(installation: Installation, person: Person, subject: str = "Odd one", **more: Any) -> str:
    return str(installation.box(person).create_event(timed(subject, installation.soon(), **more)))


def private(installation: Installation, person: Person) -> str:
    return event(installation, person, sensitivity="private")


def long_over(installation: Installation, person: Person) -> str:
    found = event(installation, person)
    installation.settle()
    start = installation.soon(-40)
    times = {key: timed("", start)[key] for key in ("start", "end")}
    installation.box(person).update_event(found, times)
    return found


def moved_away(installation: Installation, person: Person) -> str:
    found = event(installation, person)
    installation.settle()
    box = installation.box(person)
    box.move_event(found, box.add_calendar("Family"))
    return found


def cancelled(installation: Installation, person: Person) -> str:
    """A meeting of somebody who does not sync: its copy stays as a shell until its owner removes it."""
    organizer = next(one for one in installation.world.people if one is not person)
    guest = [{"emailAddress": {"address": person.address}, "type": "required"}]
    meeting = event(installation, organizer, attendees=guest)
    installation.settle()
    installation.box(organizer).delete_event(meeting)
    return meeting


def too_long(installation: Installation, person: Person) -> str:
    installation.org.settings.multiday_events = False
    return str(installation.box(person).create_event(timed("Odd one", installation.soon(), minutes=DAY + 1)))


Make = Callable[[Installation, Person], str]


@pytest.mark.parametrize(
    ("make", "settings", "reason", "records"),
    [
        pytest.param(private, EVERYTHING, "Private events stay where they are (Everything).", 0, id="ls147"),
        pytest.param(
            event, SELECTED, "Not selected: this configuration syncs events that users select.", 0, id="ls104"
        ),
        pytest.param(long_over, EVERYTHING, "Ended more than 30 days ago.", 1, id="ls109"),
        pytest.param(
            moved_away, EVERYTHING, "Moved out of the folder or calendar that is kept in step.", 1, id="ls169"
        ),
        pytest.param(cancelled, EVERYTHING, "Cancelled by its organiser.", 1, id="cancelled"),
        pytest.param(too_long, EVERYTHING, "Duration must be between 0 and 1440 minutes", 0, id="ls161"),
    ],
)
def test_ls_4_13_what_is_left_out_is_named_with_its_reason_and_the_rest_goes_on(
    installation: Installation, told: Told, make: Make, settings: Configuration, reason: str, records: int
) -> None:
    """LS-104, LS-109, LS-147, LS-161, LS-169: nothing is deleted, by page and command."""
    ada, _ = installation.stage.hire(2)
    installation.assign(settings, ada)
    installation.settle()
    make(installation, ada)
    installation.write_card(ada, "Grace", "Hopper")
    installation.settle()
    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter()
    assert len(installation.records("Subject", where="Subject LIKE '%Odd one%'")) == records
    assert [row["LastName"] for row in installation.records("LastName", "Contact")] == ["Hopper"]
    for text in (told.person(ada), told.command("status", "--user", ada.salesforce_username)):
        assert reason in text
    data = told.command("status", "--user", ada.salesforce_username, "--json")
    assert reason in data.replace('\\"', '"')
    links = installation.rows(sa.select(tables.link.c.id).where(tables.link.c.kind == "event"))
    for link in links:
        assert reason in told.visitor.text(f"/items/{link.id}")


def test_ls169_an_event_that_comes_back_to_the_calendar_goes_on_with_the_same_record(
    installation: Installation,
) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    moved_away(installation, ada)
    installation.settle()
    (before,) = installation.records("Id")
    box = installation.box(ada)
    (found,) = [one for one in installation.rows(sa.select(tables.link)) if one.kind == "event"]
    box.move_event(found.mailbox_id, box.calendar)
    box.update_event(found.mailbox_id, {"subject": "Back"})
    installation.settle()
    (after,) = installation.records("Id, Subject")
    assert (after["Id"], after["Subject"]) == (before["Id"], "Back")


@pytest.mark.parametrize(("moved", "left"), [(MovedRule.DELETED, 0), (MovedRule.PARK, 1)])
def test_ls169_by_setting_an_event_moved_to_another_calendar_counts_as_deleted(
    installation: Installation, moved: MovedRule, left: int
) -> None:
    """Both choices; the event itself stays where its owner put it, and comes anew when he moves it back."""
    (ada,) = installation.stage.hire(1)
    installation.assign(replace(EVERYTHING, moved=moved))
    moved_away(installation, ada)
    installation.settle()
    assert len(installation.records("Id")) == left
    installation.assign(replace(EVERYTHING, moved=MovedRule.DELETED))
    installation.settle()
    assert len(installation.records("Id")) == left, "a change of the setting deletes nothing that stayed"
    box = installation.box(ada)
    (family,) = [folder for folder in box.by_owner.mailbox.folders.values() if folder.name == "Family"]
    (there,) = box.events(family)
    box.move_event(there["id"], box.calendar)
    installation.settle()
    assert len(installation.records("Id")) == 1


def test_a_cancelled_meeting_goes_from_salesforce_when_its_guest_removes_it(installation: Installation) -> None:
    """D-8: by the deletion choice, since nobody who syncs holds it any more."""
    ada, _ = installation.stage.hire(2)
    installation.assign(EVERYTHING, ada)
    cancelled(installation, ada)
    installation.settle()
    assert len(installation.records("Id")) == 1
    (shell,) = installation.box(ada).events()
    assert shell["isCancelled"]
    installation.box(ada).delete_event(shell["id"])
    installation.settle()
    assert installation.records("Id") == []


def test_ls106_an_event_of_salesforce_that_waits_for_an_edit_says_so(installation: Installation, told: Told) -> None:
    """LS-107: with the edit it comes, and is no longer named."""
    (ada,) = installation.stage.hire(1)
    record = installation.org.insert("Event", in_salesforce("From before", installation.soon(), ada))
    installation.later(minutes=5)
    installation.assign()
    installation.settle()
    reason = "It was in Salesforce before the sync was switched on: it comes with its next change there."
    passport = f"/items/aside?user={installation.id_of(ada)}&kind=event&side=crm&ref={record}"
    for text in (told.person(ada), told.command("status", "--user", ada.address), told.visitor.text(passport)):
        assert reason in text

    installation.org.update(record, {"Location": "Room 1"}, ada.salesforce_id)
    installation.settle()
    assert [one["subject"] for one in installation.box(ada).events()] == ["From before"]
    assert reason not in told.person(ada) + told.command("status", "--user", ada.address)


def test_a_draft_without_a_subject_syncs_without_one(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    draft = event(installation, ada, "")
    installation.settle()
    (row,) = installation.records("Id, Subject")
    assert row["Subject"] is None

    installation.org.update(row["Id"], {"Location": "Room 1"})
    installation.settle()
    assert installation.box(ada).event(draft)["location"]["displayName"] == "Room 1"
    assert not installation.box(ada).event(draft)["subject"]


def test_ls116_ls117_reminder_category_colour_and_attachment_stay_as_they_are(installation: Installation) -> None:
    """What has no field in Salesforce is not touched by a change that comes from there."""
    (ada,) = installation.stage.hire(1)
    installation.assign()
    kept = {
        "reminderMinutesBeforeStart": 45,
        "isReminderOn": True,
        "categories": ["Red category"],
        "importance": "high",
    }
    found = event(installation, ada, **kept)
    installation.settle()
    (row,) = installation.records("Id")
    installation.org.update(row["Id"], {"Subject": "Renamed", "Description": "Agenda"})
    installation.settle()
    after = installation.box(ada).event(found)
    assert after["subject"] == "Renamed"
    assert {key: after[key] for key in kept} == kept


@pytest.mark.parametrize("online", [False, True])
def test_ls115_html_and_join_link_stay_until_salesforce_changes_the_text(
    installation: Installation, *, online: bool
) -> None:
    """I.1: other changes leave the body alone; a new text replaces what is outside the join block only."""
    (ada,) = installation.stage.hire(1)
    installation.assign()
    body = {"contentType": "html", "content": "<html><body><p><b>Agenda</b> of the day</p></body></html>"}
    more = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"} if online else {}
    found = event(installation, ada, body=body, **more)
    installation.settle()
    (row,) = installation.records("Id, Description")
    assert row["Description"] == "Agenda of the day"
    before = installation.box(ada).event(found)["body"]["content"]

    installation.org.update(row["Id"], {"Subject": "Renamed", "Location": "Room 1"})
    installation.settle()
    assert installation.box(ada).event(found)["body"]["content"] == before
    assert "<b>Agenda</b>" in before

    installation.org.update(row["Id"], {"Description": "New agenda"})
    installation.settle()
    after = installation.box(ada).event(found)
    assert "New agenda" in after["body"]["content"]
    assert "<b>Agenda</b>" not in after["body"]["content"]
    assert bool(after["isOnlineMeeting"]) is online
    if online:
        assert after["onlineMeeting"]["joinUrl"] in after["body"]["content"]
    (row,) = installation.records("Description")
    assert row["Description"] == "New agenda"


def test_ls119_a_description_of_more_than_32000_characters_is_shortened_in_salesforce_only(
    installation: Installation,
) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    text = "word " * 6500
    found = event(installation, ada, "x" * 300, body={"contentType": "text", "content": text})
    installation.settle()
    (row,) = installation.records("Id, Subject, Description")
    assert (len(row["Subject"]), len(row["Description"]) <= 32_000) == (255, True)
    assert row["Description"].endswith("…")

    installation.org.update(row["Id"], {"Location": "Room 1"})
    installation.settle()
    kept = installation.box(ada).event(found)
    assert len(kept["subject"]) == 300
    assert kept["body"]["content"].count("word") == 6500


@pytest.mark.parametrize(
    ("shown", "stored"), [("tentative", "Busy"), ("workingElsewhere", "Busy"), ("oof", "OutOfOffice")]
)
def test_ls118_a_show_as_that_salesforce_lacks_stays_in_the_mailbox(
    installation: Installation, shown: str, stored: str
) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    found = event(installation, ada, showAs=shown)
    installation.settle()
    (row,) = installation.records("Id, ShowAs")
    assert row["ShowAs"] == stored
    installation.org.update(row["Id"], {"Subject": "Renamed"})
    installation.settle()
    assert installation.box(ada).event(found)["showAs"] == shown

    installation.org.update(row["Id"], {"ShowAs": "Free"})
    installation.settle()
    assert installation.box(ada).event(found)["showAs"] == "free"
