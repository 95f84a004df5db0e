"""Field maps over https: custom fields of Salesforce, parts of an address, what it costs, and what is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.domain.configuration import Configuration, ContactFilter, Ownership
from backend.domain.field_choices import FieldChoice, FieldMap
from backend.sandbox.salesforce.schema import custom_field
from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation
from tests.fakes.told import Told
from tests.fakes.told import told as told_by


def mapped(**rows: str | None) -> Configuration:
    """The standard settings with these rows of the contacts' field map; a double underscore stands for the dot."""
    choices = tuple(FieldChoice(row.replace("__", "."), name) for row, name in rows.items())
    return replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, field_map=FieldMap(choices)))


def with_job_field(installation: Installation) -> str:
    """A custom field that everybody sees; the id of the permission set that shows it."""
    installation.org.add_custom_field("Contact", custom_field("Job__c", "string", 255))
    shows: str = installation.org.add_permission_set("Jobs", shown=["Contact.Job__c"])
    return shows


def show_to_all(installation: Installation, permission_set: str) -> None:
    for user in installation.org.rows("User"):
        if user.get("UserType", "Standard") == "Standard":
            installation.org.assign(user["Id"], permission_set)


def hired(installation: Installation, settings: Configuration, number: int = 1) -> list[Person]:
    shows = with_job_field(installation)
    people = installation.stage.hire(number)
    show_to_all(installation, shows)
    installation.assign(settings)
    return people


def in_salesforce(installation: Installation, person: Person, **fields: str) -> str:
    row = {"LastName": "Lovelace", "FirstName": "Ada", "OwnerId": person.salesforce_id, **fields}
    made: str = installation.org.insert("Contact", row, person.salesforce_id)
    return made


def test_ls046_ls087_a_custom_field_syncs_both_ways_and_the_standard_one_is_left_alone(
    installation: Installation,
) -> None:
    (person,) = hired(installation, mapped(title="job__c"))
    record = in_salesforce(installation, person, Title="Countess", Job__c="Programmer")
    installation.settle()
    (card,) = installation.cards(person)
    assert card["jobTitle"] == "Programmer"

    installation.box(person).update_contact(card["id"], {"jobTitle": "Analyst"})
    installation.settle()
    row = installation.org.row(record)
    assert (row["Job__c"], row["Title"]) == ("Analyst", "Countess")

    installation.org.update(record, {"Job__c": None}, person.salesforce_id)
    installation.settle()
    assert installation.cards(person)[0]["jobTitle"] is None


def test_ls087_a_part_that_is_off_survives_a_write_of_its_address(installation: Installation) -> None:
    (person,) = hired(installation, mapped(mailing__city=None, name__salutation=None))
    record = in_salesforce(installation, person, MailingStreet="1 Mill Lane", MailingCity="Ockham", Salutation="Ms.")
    installation.settle()
    (card,) = installation.cards(person)
    assert card["businessAddress"].get("city") is None
    assert card["title"] is None
    mine = {"businessAddress": {"street": "1 Mill Lane", "city": "Ripley"}, "title": "Lady"}
    installation.box(person).update_contact(card["id"], mine)
    installation.settle()

    installation.org.update(record, {"MailingStreet": "2 Mill Lane", "MiddleName": "King"}, person.salesforce_id)
    installation.settle()
    (card,) = installation.cards(person)
    assert (card["businessAddress"]["street"], card["businessAddress"]["city"]) == ("2 Mill Lane", "Ripley")
    assert (card["title"], card["middleName"]) == ("Lady", "King")
    row = installation.org.row(record)
    assert (row["MailingCity"], row["Salutation"]) == ("Ockham", "Ms.")


def test_inv16_an_idle_cycle_with_field_maps_still_asks_salesforce_twice(installation: Installation) -> None:
    for person in hired(installation, mapped(title="Job__c"), 2):
        in_salesforce(installation, person, LastName=person.key, Job__c="Programmer")
    installation.settle()
    installation.later(minutes=15)
    installation.open()
    installation.world.calls.clear()
    installation.cycle()
    assert installation.calls("salesforce") == 2


def test_ls087_a_field_that_is_deleted_is_told_and_everything_else_goes_on(installation: Installation) -> None:
    (person,) = hired(installation, mapped(title="Job__c"))
    record = in_salesforce(installation, person, Job__c="Programmer")
    installation.settle()
    installation.org.remove_custom_field("Contact", "Job__c")
    (card,) = installation.cards(person)
    installation.box(person).update_contact(card["id"], {"jobTitle": "Analyst", "department": "Engines"})
    installation.cycle()
    installation.settle()
    assert installation.org.row(record)["Department"] == "Engines"
    assert installation.cards(person)[0]["jobTitle"] == "Analyst"
    standing = installation.standing(person)
    assert "Job__c" in standing.error
    assert "Title" in standing.error
    assert standing.run_remedy
    assert standing.state == "in_sync"


def sales(told: Told, name: str) -> str:
    """A file with one configuration whose title goes to this field."""
    return told.write("sales.yaml", configurations=[{"name": "Sales", "contacts": {"fields": {"title": name}}}])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Gone__c", "Salesforce shows no field “Gone__c”; check its API name and who may see it"),
        ("LastActivityDate", "“LastActivityDate” is of type date; Title needs text"),
        ("Short__c", "“Short__c” holds 20 characters; Title needs 128: make the field longer"),
        ("LastModifiedById", "“LastModifiedById” is of type reference; Title needs text"),
    ],
)
def test_ls046_apply_names_the_line_and_the_remedy_of_a_field_that_does_not_fit(
    told: Told, installation: Installation, name: str, said: str
) -> None:
    with_job_field(installation)
    installation.org.add_custom_field("Contact", custom_field("Short__c", "string", 20))
    shows = installation.org.add_permission_set("Short", shown=["Contact.Short__c"])
    show_to_all(installation, shows)
    refusal = told.refusal("config", "apply", sales(told, name))
    assert f"configuration “Sales”, contacts.fields.title: {said}." in refusal
    assert "Line 1, " in refusal
    assert installation.lockstep.configurations.all() == ()


def test_ls046_a_fitting_field_is_applied_and_synced(told: Told, installation: Installation) -> None:
    show_to_all(installation, with_job_field(installation))
    assert "Applied" in told.command("config", "apply", sales(told, "Job__c"))
    assert told.command("config", "apply", sales(told, "Job__c")) == "Nothing changes."


def test_without_salesforce_the_fields_are_accepted_and_that_is_said(empty: Installation, tmp_path: Path) -> None:
    said = told_by(empty, tmp_path)
    answer = said.command("config", "apply", sales(said, "Job__c"))
    assert "was not checked: Salesforce is not connected." in answer
    assert "Applied" in answer


def test_inv28_a_custom_field_that_one_person_may_not_see_stays_away_from_him_only(installation: Installation) -> None:
    shows = with_job_field(installation)
    one, other = installation.stage.hire(2)
    for user in installation.org.rows("User"):
        if user["Id"] != other.salesforce_id:
            installation.org.assign(user["Id"], shows)
    installation.assign(replace(mapped(title="Job__c"), contact_filter=ContactFilter(Ownership.ALL)))
    installation.org.sharing.defaults["Contact"] = "ReadWrite"
    account = installation.org.insert("Account", {"Name": "Engines Ltd"})  # without one a contact is its owner's alone
    record = in_salesforce(installation, one, Job__c="Programmer", Title="Countess", AccountId=account)
    installation.settle()
    assert [installation.cards(person)[0]["jobTitle"] for person in (one, other)] == ["Programmer", None]

    (card,) = installation.cards(other)
    installation.box(other).update_contact(card["id"], {"department": "Engines"})
    installation.settle()
    row = installation.org.row(record)
    assert (row["Department"], row["Job__c"], row["Title"]) == ("Engines", "Programmer", "Countess")
    assert [installation.cards(person)[0]["jobTitle"] for person in (one, other)] == ["Programmer", None]
