"""INV-16: what a cycle costs, exactly, as the sandbox counts it; tokens apart, inner requests are not calls."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import pytest

from backend.sandbox.world import Person
from tests.fakes.installation import Installation, in_salesforce, timed

IN_BATCH, IN_COLLECTION = 20, 200
Make = Callable[[Installation, Person, int], object]


def card_in_salesforce(installation: Installation, person: Person, number: int) -> object:
    owner = person.salesforce_id
    name = f"Contact{number} of {person.key}"
    return installation.org.insert("Contact", {"LastName": name, "OwnerId": owner}, owner)


def card_in_mailbox(installation: Installation, person: Person, number: int) -> object:
    return installation.write_card(person, "Ann", f"Contact{number} of {person.key}")


def event_in_salesforce(installation: Installation, person: Person, number: int) -> object:
    row = in_salesforce(f"Event {number} of {person.key}", installation.soon(1 + number / 10), person)
    return installation.org.insert("Event", row, person.salesforce_id)


def event_in_mailbox(installation: Installation, person: Person, number: int) -> object:
    body = timed(f"Event {number} of {person.key}", installation.soon(1 + number / 10))
    return installation.box(person).create_event(body)


def settled(installation: Installation, people: int) -> list[Person]:
    """So many new people in step, some time after the last change, and a fresh process."""
    hired = installation.stage.hire(people)
    installation.assign()
    installation.settle()
    installation.later(minutes=15)  # the overlap of the reading has passed
    installation.open()
    return hired


@pytest.mark.parametrize("people", [1, 2, 20])
def test_inv16_an_idle_cycle_of_so_many_people(installation: Installation, people: int) -> None:
    for person in settled(installation, people)[:2]:
        card_in_mailbox(installation, person, 1)
        event_in_salesforce(installation, person, 1)
    installation.settle()
    installation.later(minutes=15)
    installation.open()
    installation.world.calls.clear()
    installation.cycle()
    assert installation.calls("salesforce") == 2, "for the organisation, whatever their number"
    assert installation.calls("microsoft") == 2 * people


@pytest.mark.parametrize(
    ("make", "salesforce", "microsoft"),
    [
        # In Salesforce a look and a write for each collection, and once the fields that this user may read and write.
        # In the mailbox a look and a write for each batch; contacts of a mailbox are read whole, in batches.
        (card_in_salesforce, lambda n: 2 + (n > 0), lambda n: 2 + 2 * ceil(n / IN_BATCH)),
        (event_in_salesforce, lambda n: 2 + (n > 0), lambda n: 2 + 2 * ceil(n / IN_BATCH) + (n > 0)),  # his zone, once
        (card_in_mailbox, lambda n: 2 + 2 * ceil(n / IN_COLLECTION) + (n > 0), lambda n: 2 + ceil(n / IN_BATCH)),
        (event_in_mailbox, lambda n: 2 + 2 * ceil(n / IN_COLLECTION) + (n > 0), lambda n: 2),
    ],
)
def test_inv16_calls_for_so_many_changes(
    installation: Installation, make: Make, salesforce: Callable[[int], int], microsoft: Callable[[int], int]
) -> None:
    for changes in (0, 1, 200, 201):
        (person,) = settled(installation, 1)
        for number in range(changes):
            make(installation, person, number)
        installation.world.calls.clear()
        installation.read()
        report = installation.sync(person)
        assert (report.outcome, report.written) == ("ok", changes)
        counted = {name: installation.calls(name) for name in ("salesforce", "microsoft")}
        assert counted == {"salesforce": salesforce(changes), "microsoft": microsoft(changes)}, changes
        with installation.watched() as writes:
            installation.cycle()
        assert not writes, "INV-7"
