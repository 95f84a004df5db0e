"""Who syncs: assignment, address, activity, reset. What Salesforce says of its users decides, cycle by cycle."""

from __future__ import annotations

from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed


def both_sides(installation: Installation, person: Person) -> tuple[list[str], list[str]]:
    """Names of contacts and subjects of events in the mailbox, and those in Salesforce."""
    mailbox = [each["surname"] for each in installation.cards(person)]
    mailbox += [each["subject"] for each in installation.box(person).events()]
    mine = f"OwnerId = '{person.salesforce_id}'"
    salesforce = [row["LastName"] for row in installation.records("LastName", "Contact", mine)]
    salesforce += [row["Subject"] for row in installation.records("Subject", "Event", mine)]
    return sorted(mailbox), sorted(salesforce)


def furnish(installation: Installation, person: Person) -> None:
    """A contact and an event on each side."""
    installation.write_card(person, "Grace", "Hopper", emailAddresses=[{"address": "grace@navy.example"}])
    installation.box(person).create_event(timed("In the mailbox", installation.soon(2)))
    owner = person.salesforce_id
    installation.org.insert("Contact", {"LastName": "Lovelace", "OwnerId": owner}, owner)
    installation.org.insert("Event", in_salesforce("In Salesforce", installation.soon(3), person), owner)


ALL_FOUR = ["Hopper", "In Salesforce", "In the mailbox", "Lovelace"]


def test_ls031_a_new_user_with_an_assigned_profile_starts_syncing_by_himself(installation: Installation) -> None:
    """LS-031, LS-024: also what stood in Salesforce long before him is his from the first cycle."""
    (ada,) = installation.stage.hire(1)
    profile = installation.org.add_profile("Field Sales")
    with installation.lockstep.configurations.editing() as editor:
        editor.save(EVERYTHING)
        editor.assign(EVERYTHING.name, profiles=["Field Sales"])
    installation.settle()
    assert "Assigned to no configuration" in installation.standing(ada).because

    (bob,) = installation.stage.hire(1)
    installation.org.insert("Contact", {"LastName": "Lovelace", "OwnerId": bob.salesforce_id})
    installation.write_card(bob, "Grace", "Hopper")
    installation.later(days=3)
    installation.settle()
    assert both_sides(installation, bob) == (["Hopper"], ["Lovelace"])

    installation.org.update(bob.salesforce_id, {"ProfileId": profile})
    installation.settle()
    assert installation.standing(bob).state == "in_sync"
    assert both_sides(installation, bob) == (["Hopper", "Lovelace"], ["Hopper", "Lovelace"])
    assert both_sides(installation, ada) == ([], [])
