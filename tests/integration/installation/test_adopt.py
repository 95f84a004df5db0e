"""`lockstep adopt`: what Lightning Sync left behind is paired before the first pass writes anything."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from backend.sandbox.world import Person
from backend.storage.tables import link
from tests.fakes.installation import Installation, in_salesforce, timed
from tests.fakes.told import Told


def contact(installation: Installation, owner: Person, first: str, last: str, email: str) -> str:
    row = {"FirstName": first, "LastName": last, "Email": email, "OwnerId": owner.salesforce_id}
    return str(installation.org.insert("Contact", row, owner.salesforce_id))


def card(installation: Installation, person: Person, first: str, last: str, email: str) -> str:
    return installation.write_card(person, first, last, emailAddresses=[{"address": email}])


def pairs(installation: Installation) -> int:
    return len(installation.rows(link.select()))


@pytest.fixture
def ada(installation: Installation) -> Person:
    """Somebody with a folder and a calendar that another sync kept in step with Salesforce."""
    (person,) = installation.stage.hire(1)
    for first, last, email in (("Grace", "Hopper", "grace@navy.example"), ("Annie", "Easley", "annie@lewis.example")):
        contact(installation, person, first, last, email)
        card(installation, person, first, last, email)
    start = installation.soon(2)
    installation.org.insert("Event", in_salesforce("Review", start, person), person.salesforce_id)
    installation.box(person).create_event(timed("Review", start))
    installation.assign()
    return person


def test_ls111_ls066_sure_pairs_are_linked_and_the_next_passes_write_nothing(
    installation: Installation, told: Told, ada: Person
) -> None:
    with installation.watched() as writes:
        assert f"{ada.address}: 3 sure, 0 doubtful, 0 rest." in told.command("adopt", "--dry-run")
        assert pairs(installation) == 0
        assert "Sure pairs are linked" in told.command("adopt")
        assert pairs(installation) == 3
        assert f"{ada.address}: 0 sure, 0 doubtful, 0 rest." in told.command("adopt", "--user", ada.address)
        installation.settle()

    writes.pop("microsoft contactFolders.create", None)
    assert writes == Counter()
    assert pairs(installation) == 3


def test_doubtful_pairs_are_told_and_not_linked_and_the_rest_is_counted(
    installation: Installation, told: Told, ada: Person
) -> None:
    contact(installation, ada, "Augusta", "King", "ada@engine.example")
    card(installation, ada, "Ada", "Lovelace", "ada@engine.example")
    for _ in range(2):
        contact(installation, ada, "Mary", "Somerville", "mary@sea.example")
        installation.org.insert("Event", in_salesforce("Lunch", installation.soon(3), ada), ada.salesforce_id)
    card(installation, ada, "Mary", "Somerville", "mary@sea.example")
    installation.box(ada).create_event(timed("Lunch", installation.soon(3)))
    card(installation, ada, "Katherine", "Johnson", "kj@langley.example")
    for _ in range(2):
        card(installation, ada, "Dorothy", "Vaughan", "dv@langley.example")

    with installation.watched() as writes:
        (found,) = json.loads(told.run("adopt", "--json").stdout)["people"]

    writes.pop("microsoft contactFolders.create", None)
    assert writes == Counter()
    doubts = {pair["title"]: pair["doubt"] for pair in found["doubtful"]}
    assert doubts == {
        "Ada Lovelace": "Same address, another name: it is “Augusta King” in Salesforce.",
        "Mary Somerville": "2 records of Salesforce are equal; the configuration's preference chose this one.",
        "Lunch": "2 records of Salesforce are equal; the configuration's preference chose this one.",
        "Dorothy Vaughan": "Another contact of this mailbox has the same e-mail address. "
        "Only one of them is kept in step.",
    }
    assert sorted(pair["title"] for pair in found["sure"]) == ["Annie Easley", "Grace Hopper", "Review"]
    made = sorted(one["title"] for one in found["rest"] if one["do"] == "create in Salesforce")
    assert made == ["Dorothy Vaughan", "Katherine Johnson"]
    assert pairs(installation) == 3


def test_adopt_names_who_could_not_be_looked_at(installation: Installation, told: Told, ada: Person) -> None:
    installation.tenant.remove_user(installation.tenant.users[ada.microsoft_id])
    assert "1 of 1 people could not be looked at" in told.refusal("adopt")
    assert pairs(installation) == 0
