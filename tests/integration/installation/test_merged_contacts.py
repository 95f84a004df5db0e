"""Contacts merged in Salesforce, converted leads and person accounts: the link follows the person (H-4, H-5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.domain.configuration import DeletionChoice
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation


def choosing(deletion: DeletionChoice) -> Any:
    return replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, deletion=deletion))


def contact(installation: Installation, owner: Person, last: str, **more: Any) -> str:
    return str(installation.org.insert("Contact", {"LastName": last, "OwnerId": owner.salesforce_id, **more}))


def surnames(installation: Installation, person: Person) -> list[str]:
    return sorted(card["surname"] for card in installation.cards(person))


@pytest.mark.parametrize("deletion", list(DeletionChoice))
@pytest.mark.parametrize("linked", ["loser", "both"])
@pytest.mark.parametrize("full", [False, True])
def test_h5_a_merged_contact_goes_on_with_the_survivor_and_nothing_is_made_or_deleted(
    installation: Installation, deletion: DeletionChoice, linked: str, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(installation.org.sharing.defaults, "Contact", "Read")  # else the survivor is hidden from her
    ada, bob = installation.stage.hire(2)
    installation.assign(choosing(deletion))
    installation.settle()
    if linked == "both":
        loser = contact(installation, ada, "Hopper", Title="Captain")
    else:  # her own card, so that it stays hers although the survivor is a colleague's
        installation.write_card(ada, "", "Hopper", jobTitle="Captain")
        installation.settle()
        loser = installation.records("Id", "Contact")[0]["Id"]
    navy = installation.org.insert("Account", {"Name": "Navy"})  # without an account a contact is its owner's only
    winner = contact(installation, ada if linked == "both" else bob, "Hopper-Murray", Title="Admiral", AccountId=navy)
    installation.settle()
    before = {card["id"] for card in installation.cards(ada)}

    installation.org.merge(winner, loser)
    if full:
        installation.read(full=True)
    installation.settle()

    assert {card["id"] for card in installation.cards(ada)} == before
    assert [row["Id"] for row in installation.records("Id", "Contact")] == [winner]
    if linked == "both":
        assert surnames(installation, ada) == ["Hopper", "Hopper-Murray"]
        assert "merged into another one" in installation.reasons(ada)["Hopper"]
        states = installation.rows(tables.link.select().where(tables.link.c.user_id == installation.id_of(ada)))
        assert sorted(row.state for row in states) == ["linked", "stopped"]
        return
    (card,) = installation.cards(ada)
    assert (card["surname"], card["jobTitle"]) == ("Hopper-Murray", "Admiral")


def test_h5_after_a_merge_edits_go_both_ways_between_the_card_and_the_survivor(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    loser = contact(installation, ada, "Hopper")
    installation.settle()
    winner = contact(installation, ada, "Hopper", Email="grace@navy.example")
    installation.org.merge(winner, loser)
    installation.settle()
    (card,) = installation.cards(ada)
    installation.box(ada).update_contact(card["id"], {"jobTitle": "Admiral"})
    installation.settle()

    assert [row["Title"] for row in installation.records("Title", "Contact")] == ["Admiral"]


def test_h5_ls083_a_converted_lead_is_one_new_contact(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    lead = installation.org.insert("Lead", {"LastName": "Hopper", "Company": "Navy", "OwnerId": ada.salesforce_id})
    installation.settle()
    assert installation.cards(ada) == []
    installation.org.convert_lead(lead)
    installation.settle()

    assert [(card["surname"], card["companyName"]) for card in installation.cards(ada)] == [("Hopper", "Navy")]


@pytest.fixture
def people(installation: Installation) -> Iterator[Installation]:
    """An organisation with person accounts."""
    installation.org.settings.person_accounts = True
    yield installation
    installation.org.settings.person_accounts = False


def person_account(installation: Installation, owner: Person, last: str, **more: Any) -> str:
    return str(installation.org.insert("Account", {"LastName": last, "OwnerId": owner.salesforce_id, **more}))


def test_ls084_ls085_a_person_account_syncs_as_a_contact_and_has_no_company(people: Installation) -> None:
    (ada,) = people.stage.hire(1)
    people.assign()
    people.settle()
    account = person_account(people, ada, "Hopper", PersonEmail="grace@navy.example")
    people.settle()
    (card,) = people.cards(ada)
    assert (card["surname"], card["companyName"]) == ("Hopper", None)

    people.box(ada).update_contact(card["id"], {"companyName": "Navy", "jobTitle": "Admiral"})
    people.settle()

    (row,) = people.records("AccountId, Title", "Contact")
    assert (row["AccountId"], row["Title"]) == (account, "Admiral")
    assert people.cards(ada)[0]["companyName"] == "Navy"  # LS-085: it is written in neither direction
    assert people.rows(tables.unresolved.select()) == []


def test_h4_a_person_account_is_deleted_by_choice_as_an_account(people: Installation) -> None:
    (ada,) = people.stage.hire(1)
    people.assign(choosing(DeletionChoice.DELETE))
    people.settle()
    person_account(people, ada, "Hopper")
    people.settle()
    (card,) = people.cards(ada)
    people.box(ada).delete_contact(card["id"])
    people.settle()

    assert people.records("Id", "Account") == []
    assert people.records("Id", "Contact") == []
