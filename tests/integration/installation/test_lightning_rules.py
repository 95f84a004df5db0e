"""Rules of Lightning Sync that only a whole installation can show: what is chosen, in what order, and for whom."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from backend.domain.configuration import Condition, ContactFilter, Direction, Operator, Ownership, Preference
from backend.salesforce.package import archive
from backend.sandbox.faults import Rule, Target
from backend.sandbox.world import Person
from backend.storage.tables import link
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed

SALES = ContactFilter(Ownership.OWN, (Condition("Department", Operator.EQUALS, "Sales"),))
TO_MAILBOX = replace(EVERYTHING.contacts, direction=Direction.TO_MAILBOX)


def contact(installation: Installation, owner: Person, last: str, **more: Any) -> str:
    """A person makes a contact in Salesforce; its id."""
    row = {"LastName": last, "OwnerId": owner.salesforce_id, **more}
    return str(installation.org.insert("Contact", row, owner.salesforce_id))


def surnames(installation: Installation, person: Person) -> list[str]:
    return sorted(each["surname"] for each in installation.cards(person))


def test_ls040_a_field_filter_on_own_records_takes_owned_contacts_that_pass(installation: Installation) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(replace(EVERYTHING, contacts=TO_MAILBOX, contact_filter=SALES))
    installation.settle()
    contact(installation, ada, "Mine", Department="Sales")
    contact(installation, ada, "Elsewhere", Department="Support")
    nowhere = contact(installation, ada, "Nowhere")
    contact(installation, bob, "His", Department="sales")
    installation.settle()
    assert (surnames(installation, ada), surnames(installation, bob)) == (["Mine"], ["His"])

    installation.org.update(nowhere, {"Department": "Sales"}, ada.salesforce_id)
    installation.settle()
    assert surnames(installation, ada) == ["Mine", "Nowhere"]


@pytest.mark.parametrize("busiest", ["first", "second", "third"])
def test_ls071_of_several_contacts_with_the_address_the_one_with_the_latest_activity_is_taken(
    installation: Installation, busiest: str
) -> None:
    (ada,) = installation.stage.hire(1)
    towards = replace(EVERYTHING.contacts, direction=Direction.TO_CRM)
    installation.assign(replace(EVERYTHING, contacts=towards, preference=Preference.ACTIVITY))
    installation.settle()
    for title in ("first", "second", "third"):
        made = contact(installation, ada, "Lovelace", Email="ada@engine.example", Title=title)
        # Salesforce counts a person's past activities itself; nobody can write this field.
        (row,) = [row for row in installation.org.rows("Contact") if row["Id"] == made]
        row["LastActivityDate"] = "2026-11-20" if title == busiest else "2026-10-02"
        installation.later(hours=1)

    card = {"emailAddresses": [{"address": "ada@engine.example"}], "mobilePhone": "+44 20 7946 0001"}
    installation.write_card(ada, "Ada", "Lovelace", **card)
    installation.settle()

    rows = installation.records("Title, MobilePhone", "Contact")
    assert len(rows) == 3
    assert [row["Title"] for row in rows if row["MobilePhone"]] == [busiest]


def test_ls102_events_of_other_calendars_never_reach_salesforce(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    box = installation.box(ada)
    other = box.add_calendar("Family")
    box.create_event(timed("Dinner", installation.soon(2)), other)
    box.create_event(timed("Meeting", installation.soon(2)))
    installation.settle()
    box.create_event(timed("Breakfast", installation.soon(3)), other)
    installation.settle()

    assert [row["Subject"] for row in installation.records("Subject")] == ["Meeting"]


def test_ls179_a_reset_of_somebody_who_matches_fully_makes_nothing(installation: Installation) -> None:
    """LS-178, LS-179: the next pass pairs everything again; neither side is written to."""
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.write_card(ada, "Grace", "Hopper", emailAddresses=[{"address": "grace@navy.example"}])
    installation.write_card(ada, "Annie", "Easley", companyName="Lewis")
    contact(installation, ada, "Lovelace")
    installation.box(ada).create_event(timed("Call", installation.soon(1)))
    weekly = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{installation.soon(4):%A}".lower()]}
    days = {"type": "numbered", "startDate": f"{installation.soon(4):%Y-%m-%d}", "numberOfOccurrences": 3}
    installation.box(ada).create_event(
        timed("Weekly", installation.soon(4), recurrence={"pattern": weekly, "range": days})
    )
    installation.org.insert("Event", in_salesforce("Visit", installation.soon(2), ada), ada.salesforce_id)
    installation.settle()
    pairs = link.select().where(link.c.user_id == installation.id_of(ada), link.c.state == "linked")
    before = len(installation.rows(pairs))

    installation.lockstep.reset(installation.id_of(ada))
    assert installation.rows(pairs) == []
    with installation.watched() as writes:
        installation.settle()

    assert writes == Counter()
    assert len(installation.rows(pairs)) == before == 8


def test_ls182_a_save_in_salesforce_neither_waits_for_the_mailbox_nor_fails_with_it(installation: Installation) -> None:
    """LS-182: nothing of ours runs inside a save, and a change made while the mailbox is away arrives later."""
    with zipfile.ZipFile(io.BytesIO(archive())) as package:
        manifest = ElementTree.fromstring(package.read("package.xml"))
    kinds = {found.text for found in manifest.iter("{http://soap.sforce.com/2006/04/metadata}name")}
    assert kinds == {"CustomField", "PermissionSet"}  # no trigger, no flow, no outbound message

    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.world.calls.clear()
    installation.world.faults.add(Rule("503", service="microsoft"))
    assert installation.salesforce(ada.salesforce_username).create("Contact", LastName="Lovelace")
    assert installation.calls("microsoft") == 0
    installation.cycle()
    assert surnames(installation, ada) == []

    installation.world.faults.replace([])
    installation.later(hours=1)
    installation.settle()
    assert surnames(installation, ada) == ["Lovelace"]


def test_ls183_mailbox_changes_are_found_by_asking(installation: Installation) -> None:
    """LS-183: nothing is subscribed to, so the mail service needs no way in."""
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    card = installation.write_card(ada, "Grace", "Hopper")
    event = installation.box(ada).create_event(timed("Call", installation.soon(1)))
    installation.settle()
    installation.box(ada).update_contact(card, {"jobTitle": "Admiral"})
    installation.box(ada).update_event(event, {"subject": "Long call"})
    installation.cycle()

    assert [row["Title"] for row in installation.records("Title", "Contact")] == ["Admiral"]
    assert [row["Subject"] for row in installation.records("Subject")] == ["Long call"]
    asked = {row.operation for row in installation.world.calls.counts() if row.service == "microsoft"}
    assert asked
    assert not [operation for operation in asked if "subscription" in operation.lower()]


def test_ls184_who_is_concerned_then_the_filter_then_a_look_then_the_write_then_the_pair(
    installation: Installation,
) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(replace(EVERYTHING, contact_filter=SALES))
    installation.settle()
    there = installation.write_card(ada, "Grace", "Hopper", emailAddresses=[{"address": "grace@navy.example"}])
    installation.sync(ada)
    contact(installation, ada, "Lovelace", Department="Sales")
    contact(installation, ada, "Filtered", Department="Support")
    installation.read()
    paired = link.select().where(link.c.state == "linked", link.c.kind == "contact")
    before = {row.id for row in installation.rows(paired)}
    seen: list[tuple[str, bool, int]] = []

    def note(target: Target) -> None:
        if target.service.startswith("microsoft") and target.operation not in ("batch", "token", "discovery"):
            seen.append((target.operation, target.write, len(installation.rows(paired))))

    installation.world.faults.replace([Rule("hook", hook=note)])
    report = installation.sync(ada)
    assert installation.sync(bob).written == 0
    installation.world.faults.replace([])

    assert (report.outcome, report.written) == ("ok", 1)
    writes = [position for position, (_, write, _) in enumerate(seen) if write]
    assert len(writes) == 1
    assert "ontacts" in seen[writes[0] - 1][0]  # the look that comes just before
    assert not seen[writes[0] - 1][1]
    assert seen[writes[0]][2] == len(before)  # the pair counts once the answer is there
    (added,) = [row for row in installation.rows(paired) if row.id not in before]
    assert added.mailbox_id in {each["id"] for each in installation.cards(ada)} - {there}
    assert surnames(installation, ada) == ["Hopper", "Lovelace"]
    assert surnames(installation, bob) == []


def test_ls184_what_the_look_finds_is_updated_instead_of_made_again(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign(replace(EVERYTHING, contacts=TO_MAILBOX))
    installation.settle()
    card = installation.write_card(ada, "Grace", "Hopper", emailAddresses=[{"address": "grace@navy.example"}])
    contact(installation, ada, "Hopper", FirstName="Grace", Email="grace@navy.example", Title="Admiral")
    installation.settle()

    assert [(each["id"], each["jobTitle"]) for each in installation.cards(ada)] == [(card, "Admiral")]


def test_ls188_a_broken_mailbox_does_not_delay_others(installation: Installation) -> None:
    people = installation.stage.hire(3)
    installation.assign()
    installation.settle()
    gone = people[1]
    installation.tenant.remove_user(installation.tenant.users[gone.microsoft_id])
    for person in people:
        contact(installation, person, "Lovelace")
    waited = sum(installation.waited)

    reports = installation.cycle()

    assert {person.key: reports[person.key].outcome for person in people} == {
        people[0].key: "ok",
        gone.key: "failed",
        people[2].key: "ok",
    }
    assert surnames(installation, people[0]) == surnames(installation, people[2]) == ["Lovelace"]
    assert sum(installation.waited) == waited
    assert installation.standing(gone).state == "needs_attention"
    assert installation.standing(gone).remedy
    assert set(installation.lockstep.cycle("test").due_users).isdisjoint({installation.id_of(gone)})
