"""A filter that an admin tries on a person takes what the sync then takes, in a call or two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.domain.configuration import Condition, ContactFilter, Operator, Ownership
from backend.domain.filter_matches import Matches
from backend.matching import matches
from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation


class Office:
    """Ada, who owns two contacts, and Bob, who owns one that Ada cannot read."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.ada, self.bob = installation.stage.hire(2)
        for owner, last, country in (
            (self.ada, "Okoye", "Sweden"), (self.ada, "Krol", "Poland"), (self.bob, "Sandgren", "Sweden")
        ):  # fmt: skip
            self.contact(owner, last, country)
        installation.assign(EVERYTHING)
        installation.read()

    def contact(self, owner: Person, last: str, country: str) -> None:
        row = {"LastName": last, "MailingCountry": country, "OwnerId": owner.salesforce_id}
        self.installation.org.insert("Contact", row, owner.salesforce_id)

    def tried(self, **chosen: Any) -> Matches:
        found = matches(self.installation.lockstep, self.installation.id_of(self.ada), ContactFilter(**chosen))
        assert found is not None
        return found


SWEDISH = (Condition("MailingCountry", Operator.EQUALS, "sweden"),)


def test_ls039_ls040_own_contacts_and_those_of_them_that_pass(installation: Installation) -> None:
    office = Office(installation)

    assert (office.tried().number, office.tried().sample) == (2, ("Krol", "Okoye"))
    assert (office.tried(conditions=SWEDISH).number, office.tried(conditions=SWEDISH).sample) == (1, ("Okoye",))


def test_ls037_ls038_what_sharing_hides_is_not_counted_nor_anything_by_a_half_set_choice(
    installation: Installation,
) -> None:
    office = Office(installation)

    assert office.tried(ownership=Ownership.ALL, conditions=SWEDISH).sample == ("Okoye",)
    assert office.tried(ownership=Ownership.SELECTED).number == 0


@pytest.mark.parametrize("chosen", [{}, {"conditions": SWEDISH}, {"ownership": Ownership.ALL}])
def test_what_is_counted_is_what_the_sync_then_takes(installation: Installation, chosen: dict[str, Any]) -> None:
    office = Office(installation)
    counted = office.tried(**chosen).number
    with installation.lockstep.configurations.editing() as editor:
        editor.save(replace(EVERYTHING, contact_filter=ContactFilter(**chosen)))
    installation.settle()

    assert len(installation.cards(office.ada)) == counted


def test_a_field_that_the_person_cannot_read_is_named(installation: Installation) -> None:
    found = Office(installation).tried(conditions=(Condition("Nothing__c", Operator.IS_EMPTY),))

    assert found.hidden == ("Nothing__c",)


def test_trying_costs_one_call_besides_the_layout(installation: Installation) -> None:
    office = Office(installation)
    office.tried()
    before = installation.calls("salesforce")
    office.tried(conditions=SWEDISH)

    assert installation.calls("salesforce") - before == 1


def test_nobody_has_no_contacts(installation: Installation) -> None:
    assert matches(installation.lockstep, 99_999, ContactFilter()) is None
