"""A large pass is planned and written in portions: nothing depends on where they are cut."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from backend.domain.configuration import DeletionChoice
from backend.domain.values import Kind, Name, Values
from backend.storage import tables
from backend.storage.todos import mark_everything
from backend.sync import portions
from backend.sync.state import IntentState
from tests.fakes.lab import Lab
from tests.integration.stories.test_contact_stories import cards, configured, in_mailbox, in_salesforce, records

SIZES = (1, 2, 5, 2_000)


def person(number: int, **more: str) -> Values:
    return {"name": Name(f"First{number}", "Last"), "email": f"person{number}@firm.example", **more}


@pytest.fixture(params=SIZES)
def portion(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Things in a portion."""
    monkeypatch.setattr(portions, "PORTION", request.param)
    return int(request.param)


@pytest.mark.usefixtures("portion")
def test_inv3_pairs_are_found_whatever_portion_their_sides_are_in() -> None:
    lab = Lab(1, configured())
    for number in range(8):
        in_mailbox(lab, values=person(number))
    for number in reversed(range(4, 12)):
        in_salesforce(lab, values=person(number))
    twin: Values = {"name": Name("Same", "Name"), "company": "Firm"}
    in_mailbox(lab, values=twin)
    in_salesforce(lab, values=twin)

    lab.settle()

    addresses = sorted(f"person{number}@firm.example" for number in range(12))
    assert sorted(str(row["email"]) for row in records(lab) if row.get("email")) == addresses
    assert sorted(str(card["email"]) for card in cards(lab) if card.get("email")) == addresses
    assert (len(records(lab)), len(cards(lab))) == (13, 13)


@pytest.mark.usefixtures("portion")
def test_ls075_of_two_cards_with_one_address_the_older_is_kept_in_step() -> None:
    lab = Lab(1, configured())
    ids = [in_mailbox(lab, values=person(1, title=title)) for title in ("older", "younger")]

    lab.settle()

    assert [pair.link.mailbox_id for pair in lab.pairs()] == ids[:1]
    assert [row["title"] for row in records(lab)] == ["older"]


@pytest.mark.usefixtures("portion")
@pytest.mark.parametrize(("gone", "held"), [(10, 0), (11, 11)])
def test_inv5_deletions_are_counted_over_all_portions_before_the_first_is_sent(gone: int, held: int) -> None:
    """B.9: more than 10 deletions and more than a fifth of the pairs wait for a person, all of them."""
    lab = Lab(1, configured(deletion=DeletionChoice.DELETE))
    ids = [in_mailbox(lab, values=person(number)) for number in range(20)]
    lab.settle()

    for id_ in ids[:gone]:
        lab.world.mailbox_of(1).delete(id_)
    lab.cycle()

    assert lab.count(tables.intent, tables.intent.c.state == IntentState.HELD.value) == held
    assert len(records(lab)) == 20 - (gone - held)


@pytest.mark.usefixtures("portion")
def test_inv7_looking_at_everything_writes_nothing_and_ends() -> None:
    lab = Lab(1, configured())
    for number in range(7):
        in_mailbox(lab, values=person(number))
    for number in range(7, 9):
        in_salesforce(lab, values=person(number))
    lab.settle()
    with lab.database.begin() as connection:
        mark_everything(connection, [1], [Kind.CONTACT])

    report = lab.sync()

    assert (report.planned, report.written) == (0, 0)
    assert lab.rows(sa.select(tables.todo)) == []
