"""What a person may read and edit in Salesforce decides what his mailbox gets (D-16, INV-28)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.domain.configuration import ContactFilter, Ownership
from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation

ALL = replace(EVERYTHING, contact_filter=ContactFilter(Ownership.ALL))


def contact(installation: Installation, owner: Person, last: str, **more: Any) -> str:
    row = {"LastName": last, "OwnerId": owner.salesforce_id, **more}
    return str(installation.org.insert("Contact", row))


def limited(installation: Installation, person: Person, **limits: Any) -> None:
    """The person's profile no longer shows, or no longer lets him edit, these fields."""
    profile = installation.org.add_profile(f"Limited {person.key}", **limits)
    installation.org.update(person.salesforce_id, {"ProfileId": profile})


def by_surname(installation: Installation, person: Person) -> dict[str, dict[str, Any]]:
    return {card["surname"]: card for card in installation.cards(person)}


def test_inv28_a_field_that_the_user_cannot_read_never_reaches_his_mailbox(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    limited(installation, ada, hidden=["Contact.Title"])
    installation.assign()
    installation.settle()
    grace = contact(installation, ada, "Hopper", Title="Admiral", Department="Navy")
    installation.settle()
    installation.org.update(grace, {"Title": "Rear admiral", "Department": "Computing"})
    installation.settle()

    card = by_surname(installation, ada)["Hopper"]
    assert (card["jobTitle"], card["department"]) == (None, "Computing")


def test_d16_what_the_owner_writes_into_a_field_hidden_in_salesforce_stays_in_his_mailbox(
    installation: Installation,
) -> None:
    (ada,) = installation.stage.hire(1)
    limited(installation, ada, hidden=["Contact.Title"])
    installation.assign()
    installation.settle()
    card = installation.write_card(ada, "Grace", "Hopper", jobTitle="Friend", department="Navy")
    installation.settle()
    installation.box(ada).update_contact(card, {"jobTitle": "Old friend", "department": "Computing"})
    installation.settle()

    (row,) = installation.records("Title, Department", "Contact")
    assert (row["Title"], row["Department"]) == (None, "Computing")
    assert by_surname(installation, ada)["Hopper"]["jobTitle"] == "Old friend"


def test_ls088_d16_a_field_that_the_user_cannot_edit_is_never_planned_and_the_rest_is_saved(
    installation: Installation,
) -> None:
    (ada,) = installation.stage.hire(1)
    limited(installation, ada, read_only=["Contact.Title"])
    installation.assign()
    installation.settle()
    contact(installation, ada, "Hopper", Title="Admiral")
    installation.settle()
    (card,) = installation.cards(ada)
    installation.box(ada).update_contact(card["id"], {"jobTitle": "Captain", "department": "Navy"})
    installation.settle()
    (row,) = installation.records("Title, Department", "Contact")
    assert (row["Title"], row["Department"]) == ("Admiral", "Navy")

    installation.box(ada).update_contact(card["id"], {"jobTitle": "Commodore"})
    report = installation.cycle()[ada.key]
    assert report.planned == 0


def test_d16_a_field_hidden_from_one_is_not_deleted_for_his_colleagues(installation: Installation) -> None:
    """The answer to his own write does not show the field; the record has it all the same."""
    ada, bob = installation.stage.hire(2)
    limited(installation, bob, hidden=["Contact.Title"])
    installation.org.sharing.defaults["Contact"] = "ReadWrite"
    try:
        installation.assign(ALL)
        installation.settle()
        contact(
            installation, ada, "Hopper", Title="Admiral", AccountId=installation.org.insert("Account", {"Name": "N"})
        )
        installation.settle()
        installation.box(bob).update_contact(by_surname(installation, bob)["Hopper"]["id"], {"department": "Navy"})
        installation.settle()

        his, hers = by_surname(installation, bob)["Hopper"], by_surname(installation, ada)["Hopper"]
        assert (his["jobTitle"], his["department"]) == (None, "Navy")
        assert (hers["jobTitle"], hers["department"]) == ("Admiral", "Navy")
    finally:
        installation.org.sharing.defaults["Contact"] = "Private"


def test_inv28_under_all_contacts_only_those_that_the_user_can_read_reach_his_mailbox(
    installation: Installation,
) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(ALL)
    installation.settle()
    contact(installation, ada, "Hers")
    contact(installation, bob, "His")
    installation.settle()

    assert sorted(by_surname(installation, ada)) == ["Hers"]
    assert sorted(by_surname(installation, bob)) == ["His"]


def test_d16_a_contact_that_was_shared_comes_with_the_nights_reading(installation: Installation) -> None:
    """Sharing touches no record; a reading of changes cannot notice it."""
    ada, bob = installation.stage.hire(2)
    installation.assign(ALL)
    installation.settle()
    navy = installation.org.insert("Account", {"Name": "Navy"})
    contact(installation, ada, "Hopper", AccountId=navy)
    installation.settle()
    assert by_surname(installation, bob) == {}
    installation.org.sharing.defaults["Contact"] = "Read"
    try:
        installation.settle()
        assert by_surname(installation, bob) == {}
        installation.read(full=True)
        installation.settle()
        assert sorted(by_surname(installation, bob)) == ["Hopper"]
    finally:
        installation.org.sharing.defaults["Contact"] = "Private"


def test_inv28_changes_of_a_contact_that_the_user_cannot_read_any_more_do_not_reach_his_card(
    installation: Installation,
) -> None:
    ada, bob = installation.stage.hire(2)
    installation.org.sharing.defaults["Contact"] = "Read"
    try:
        installation.assign(ALL)
        installation.settle()
        navy = installation.org.insert("Account", {"Name": "Navy"})
        grace = contact(installation, ada, "Hopper", Title="Captain", AccountId=navy)
        installation.settle()
        installation.org.sharing.defaults["Contact"] = "Private"
        installation.org.update(grace, {"Title": "Admiral"})
        installation.settle()

        assert by_surname(installation, bob)["Hopper"]["jobTitle"] == "Captain"  # parked; nothing is deleted
        assert by_surname(installation, ada)["Hopper"]["jobTitle"] == "Admiral"
    finally:
        installation.org.sharing.defaults["Contact"] = "Private"


def test_d16_about_a_thousand_contacts_salesforce_is_asked_once(installation: Installation) -> None:
    ada, bob = installation.stage.hire(2)
    installation.assign(ALL, bob)
    installation.settle()
    for number in range(450):
        contact(installation, ada, f"Hers{number}")
    installation.read()
    installation.world.calls.clear()
    report = installation.sync(bob)

    assert (report.outcome, report.written) == ("ok", 0)
    assert installation.calls("salesforce") == 2  # the fields that he may read, and the records
