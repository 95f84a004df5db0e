"""F-7, LS-171 to LS-173: rights that a person lacks in Salesforce, told with their remedy; everybody else goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from backend.domain.configuration import Configuration, Direction
from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed
from tests.fakes.told import Told


def events(direction: Direction) -> Configuration:
    return replace(EVERYTHING, events=replace(EVERYTHING.events, direction=direction))


def hired(installation: Installation, letters: str, settings: Configuration = EVERYTHING) -> tuple[Person, Person]:
    """Somebody with a profile that lacks rights to events, and somebody with all; in step."""
    ada, bob = installation.stage.hire(2)
    profile = installation.org.add_profile(f"Without {letters}", denied={"Event": letters})
    installation.org.update(ada.salesforce_id, {"ProfileId": profile})
    installation.assign(settings)
    installation.settle()
    return ada, bob


def subjects(installation: Installation) -> list[str]:
    return sorted(row["Subject"] for row in installation.records("Subject"))


def may_everything(installation: Installation, person: Person) -> None:
    installation.org.update(person.salesforce_id, {"ProfileId": installation.org.add_profile("Whole")})
    installation.later(hours=1)


@pytest.mark.parametrize(
    ("letters", "right"),
    [("C", "create"), ("R", "read")],
)
def test_ls172_what_waits_for_a_right_is_told_by_page_and_command(
    installation: Installation, told: Told, letters: str, right: str
) -> None:
    remedy = f"Give the permission {right.capitalize()} on Events"
    ada, bob = hired(installation, letters)
    says = {
        "create": "Salesforce does not let this person create events; one change waits for it",
        "read": f"Salesforce does not let {ada.salesforce_username} read events",
    }[right]
    for person in (ada, bob):
        installation.box(person).create_event(timed(f"Of {person.key}", installation.soon()))
    installation.write_card(ada, "Grace", "Hopper")
    installation.cycle()
    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter()
    assert subjects(installation) == [f"Of {bob.key}"]
    assert [row["LastName"] for row in installation.records("LastName", "Contact")] == ["Hopper"]
    for text in (told.person(ada), told.command("status", "--user", ada.salesforce_username), told.status):
        assert says in text
        assert remedy in text
    assert says not in told.person(bob)

    may_everything(installation, ada)
    installation.settle()
    assert subjects(installation) == [f"Of {ada.key}", f"Of {bob.key}"]
    assert says not in told.command("status") + told.status
    assert installation.standing(ada).state == "in_sync"


def test_ls171_without_edit_events_do_not_sync_both_ways(installation: Installation, told: Told) -> None:
    ada, _ = hired(installation, "")
    event = installation.box(ada).create_event(timed("Review", installation.soon()))
    installation.settle()
    profile = installation.org.add_profile("Without edit", denied={"Event": "E"})
    installation.org.update(ada.salesforce_id, {"ProfileId": profile})
    installation.later(hours=12)
    installation.box(ada).update_event(event, {"subject": "Renamed"})
    (row,) = installation.records("Id")
    installation.org.update(row["Id"], {"Location": "Room 1"})
    installation.cycle()
    assert subjects(installation) == ["Review"]
    assert installation.box(ada).event(event)["location"]["displayName"] == "Room 1"
    assert "does not let this person edit events" in told.person(ada)

    may_everything(installation, ada)
    installation.settle()
    assert subjects(installation) == ["Renamed"]


def test_ls173_towards_the_mailbox_read_is_enough(installation: Installation, told: Told) -> None:
    ada, _ = hired(installation, "CED", events(Direction.TO_MAILBOX))
    installation.later(minutes=1)
    record = installation.org.insert("Event", in_salesforce("Visit", installation.soon(), ada))
    installation.settle()
    installation.org.update(record, {"Subject": "Long visit"})
    installation.settle()
    assert [event["subject"] for event in installation.box(ada).events()] == ["Long visit"]
    assert "does not let" not in told.person(ada)


def test_f7_a_record_that_a_person_may_not_change_keeps_both_sides_and_says_why(
    installation: Installation, told: Told
) -> None:
    """INSUFFICIENT_ACCESS of one record: nothing is lost, it is asked again when either side changes."""
    ada, bob = hired(installation, "")
    event = installation.box(ada).create_event(timed("Review", installation.soon()))
    installation.settle()
    (row,) = installation.records("Id")
    known = installation.org.insert("Contact", {"LastName": "Hopper", "OwnerId": ada.salesforce_id})
    installation.org.update(row["Id"], {"WhoId": known})  # by which the event still shows to her
    installation.org.update(row["Id"], {"OwnerId": bob.salesforce_id})
    installation.cycle()
    installation.box(ada).update_event(event, {"subject": "Renamed"})
    installation.cycle()
    with installation.watched() as writes:
        installation.cycle()
    assert writes == Counter()
    assert subjects(installation) == ["Review"]
    assert installation.box(ada).event(event)["subject"] == "Renamed"
    for text in (told.person(ada), told.refused, told.command("status", "--user", ada.salesforce_username)):
        assert "insufficient access" in text.casefold()
        assert "Give this person the right to this record" in text
