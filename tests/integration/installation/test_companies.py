"""The company of a contact and its account: the table of H-3 over https; each case ends with a silent pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend import resolving
from backend.domain.configuration import CompanyRule, Configuration, Direction
from backend.sandbox.world import Person
from backend.storage import tables
from backend.sync.unresolved import Standing
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation
from tests.fakes.told import Told

CLEAR = replace(EVERYTHING, company=CompanyRule.CLEAR)
MOVES = replace(EVERYTHING, company_moves=True)


def towards(direction: Direction) -> Configuration:
    return replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=direction))


def start(installation: Installation, settings: Configuration = EVERYTHING) -> Person:
    (ada,) = installation.stage.hire(1)
    installation.assign(settings)
    installation.settle()
    return ada


def account(installation: Installation, name: str, owner: Person | None = None) -> str:
    row = {"Name": name, **({"OwnerId": owner.salesforce_id} if owner else {})}
    return str(installation.org.insert("Account", row))


def contact(installation: Installation, owner: Person, last: str, **more: Any) -> str:
    row = {"LastName": last, "OwnerId": owner.salesforce_id, **more}
    return str(installation.org.insert("Contact", row, owner.salesforce_id))


def accounts_of(installation: Installation) -> list[str | None]:
    return [row["AccountId"] for row in installation.records("AccountId", "Contact")]


def company_in(installation: Installation, person: Person) -> str | None:
    (card,) = installation.cards(person)
    found: str | None = card["companyName"]
    return found


def items(installation: Installation) -> list[tuple[str, str]]:
    """Text and reason of what nobody has resolved."""
    rows = installation.rows(tables.unresolved.select().order_by(tables.unresolved.c.folded))
    return [(row.text, row.why) for row in rows if row.standing != Standing.CLOSED]


def only_link(installation: Installation) -> str:
    (row,) = installation.rows(tables.unresolved.select())
    return str(row.link_id)


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.TO_CRM])
def test_ls076_a_company_that_one_visible_account_has_attaches_the_contact(
    installation: Installation, direction: Direction
) -> None:
    ada = start(installation, towards(direction))
    acme = account(installation, "Acme")
    installation.write_card(ada, "Grace", "Hopper", companyName="acme")
    installation.settle()

    assert accounts_of(installation) == [acme]
    assert company_in(installation, ada) == "acme"
    assert items(installation) == []


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.TO_CRM])
@pytest.mark.parametrize("case", ["absent", "hidden", "several"])
def test_ls077_ls079_inv30_a_company_without_its_one_account_is_unresolved_and_its_text_stays(
    installation: Installation, direction: Direction, case: str
) -> None:
    ada = start(installation, towards(direction))
    for _ in range({"absent": 0, "hidden": 1, "several": 2}[case]):
        account(installation, "Acme")
    if case == "hidden":
        installation.org.sharing.defaults["Account"] = "Private"
    before = len(installation.records("Id", "Account"))
    try:
        installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
        installation.settle()

        assert accounts_of(installation) == [None]
        assert company_in(installation, ada) == "Acme"
        assert items(installation) == [("Acme", "several_accounts" if case == "several" else "no_account")]
        assert len(installation.records("Id", "Account")) == before  # LS-082: none is made
    finally:
        installation.org.sharing.defaults["Account"] = "Read"


def test_ls077_the_list_tells_of_it_and_near_matches_are_those_that_the_user_sees(
    installation: Installation, told: Told
) -> None:
    ada = start(installation)
    for name in ("Acme Ltd", "Acme Holding", "Navy"):
        account(installation, name)
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme Inc.")
    installation.settle()

    link = only_link(installation)
    near = resolving.near_accounts(installation.lockstep, [link])
    assert [one.name for one in near[link]] == ["Acme Ltd", "Acme Holding"]
    assert "No account that this person can see is called “Acme Inc.”." in told.command(
        "status", "--user", ada.salesforce_username
    )
    assert "Acme Inc." in told.person(ada)


@pytest.mark.parametrize("lacking", ["CRED", "C", "E", "D"])
def test_ls078_a_user_without_every_right_to_accounts_makes_private_contacts_and_is_asked_nothing(
    installation: Installation, lacking: str
) -> None:
    """LS-078: whichever right is missing, and the text stays; with all of them the next contact is attached."""
    ada = start(installation)
    acme = account(installation, "Acme")
    profile = installation.org.add_profile("No accounts", denied={"Account": lacking})
    installation.org.update(ada.salesforce_id, {"ProfileId": profile})
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.settle()

    assert accounts_of(installation) == [None]
    assert company_in(installation, ada) == "Acme"
    assert items(installation) == []

    installation.org.update(ada.salesforce_id, {"ProfileId": installation.org.add_profile("Whole")})
    installation.later(hours=1, minutes=1)
    installation.write_card(ada, "Annie", "Easley", companyName="Acme")
    installation.settle()
    assert set(accounts_of(installation)) == {None, acme}


def test_ls080_by_the_switch_the_text_is_emptied_once_a_pass_went_by(installation: Installation) -> None:
    ada = start(installation, CLEAR)
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.cycle()
    assert company_in(installation, ada) == "Acme"
    installation.settle()

    assert company_in(installation, ada) is None
    assert items(installation) == [("Acme", "no_account")]


def test_ls081_resolving_it_before_the_next_pass_keeps_the_company_on_both_sides(installation: Installation) -> None:
    ada = start(installation, CLEAR)
    acme = account(installation, "Acme Ltd")
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.cycle()
    resolving.resolve(installation.lockstep, only_link(installation), acme)
    installation.settle()

    assert accounts_of(installation) == [acme]
    assert company_in(installation, ada) == "Acme Ltd"
    assert items(installation) == []


def test_h3_a_spelling_that_was_remembered_attaches_the_next_contact_by_itself(installation: Installation) -> None:
    ada = start(installation)
    acme = account(installation, "Acme Ltd")
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.settle()
    resolving.resolve(installation.lockstep, only_link(installation), acme, remember=True)
    installation.settle()
    installation.write_card(ada, "Annie", "Easley", companyName="ACME")
    installation.settle()

    assert accounts_of(installation) == [acme, acme]
    assert items(installation) == []


def test_h3_a_text_that_a_person_leaves_is_neither_emptied_nor_asked_again(installation: Installation) -> None:
    ada = start(installation, CLEAR)
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.cycle()
    resolving.leave(installation.lockstep, only_link(installation))
    installation.settle()

    assert company_in(installation, ada) == "Acme"
    with pytest.raises(ValueError, match="no longer"):
        resolving.resolve(installation.lockstep, "00000000-0000-0000-0000-000000000000", "001")


@pytest.mark.parametrize("night", [False, True])
def test_h3_an_account_that_appears_later_is_attached(installation: Installation, night: bool) -> None:
    """When it is new, and when it was merely hidden: then the night's reading looks again."""
    ada = start(installation)
    if night:
        installation.org.sharing.defaults["Account"] = "Private"
        acme = account(installation, "Acme")
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.settle()
    assert accounts_of(installation) == [None]
    if night:
        installation.org.sharing.defaults["Account"] = "Read"
        installation.read(full=True)
    else:
        acme = account(installation, "Acme")
    installation.settle()

    assert accounts_of(installation) == [acme]
    assert items(installation) == []


def test_h3_looking_again_in_vain_writes_nothing(installation: Installation) -> None:
    ada = start(installation)
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.settle()
    installation.read(full=True)
    with installation.watched() as writes:
        report = installation.sync(ada)

    assert (sum(writes.values()), report.written) == (0, 0)
    assert items(installation) == [("Acme", "no_account")]


@pytest.mark.parametrize("moves", [False, True])
def test_h3_a_changed_company_moves_the_contact_only_by_setting(installation: Installation, moves: bool) -> None:
    ada = start(installation, MOVES if moves else EVERYTHING)
    first, second = account(installation, "First"), account(installation, "Second")
    card = installation.write_card(ada, "Grace", "Hopper", companyName="First")
    installation.settle()
    installation.box(ada).update_contact(card, {"companyName": "Second"})
    installation.settle()

    assert accounts_of(installation) == [second if moves else first]
    assert company_in(installation, ada) == "Second"
    assert items(installation) == ([] if moves else [("Second", "another_account")])


@pytest.mark.parametrize("settings", [EVERYTHING, MOVES])
@pytest.mark.parametrize("text", ["Nowhere", None])
def test_inv30_a_text_without_account_or_no_text_leaves_the_account(
    installation: Installation, settings: Configuration, text: str | None
) -> None:
    ada = start(installation, settings)
    acme = account(installation, "Acme")
    card = installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.settle()
    installation.box(ada).update_contact(card, {"companyName": text})
    installation.settle()

    assert accounts_of(installation) == [acme]
    assert company_in(installation, ada) == text
    assert items(installation) == ([("Nowhere", "another_account")] if text else [])


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.TO_MAILBOX])
def test_h3_an_account_that_is_set_changed_or_renamed_names_the_company(
    installation: Installation, direction: Direction
) -> None:
    ada = start(installation, towards(direction))
    first, second = account(installation, "First"), account(installation, "Second")
    grace = contact(installation, ada, "Hopper")
    installation.settle()
    assert company_in(installation, ada) is None
    for change in (first, second):
        installation.org.update(grace, {"AccountId": change}, ada.salesforce_id)
        installation.settle()
    assert company_in(installation, ada) == "Second"
    installation.org.update(second, {"Name": "Third"})
    installation.settle()
    assert company_in(installation, ada) == "Third"


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.TO_MAILBOX])
def test_h3_an_account_that_is_emptied_leaves_the_text(installation: Installation, direction: Direction) -> None:
    ada = start(installation, towards(direction))
    grace = contact(installation, ada, "Hopper", AccountId=account(installation, "Acme"))
    installation.settle()
    installation.org.update(grace, {"AccountId": None}, ada.salesforce_id)
    installation.settle()

    assert company_in(installation, ada) == "Acme"
    assert accounts_of(installation) == [None]
    assert items(installation) == []


def test_h3_an_account_set_in_salesforce_closes_the_item(installation: Installation) -> None:
    ada = start(installation)
    installation.write_card(ada, "Grace", "Hopper", companyName="Acme")
    installation.settle()
    (grace,) = installation.records("Id", "Contact")
    installation.org.update(grace["Id"], {"AccountId": account(installation, "Acme Ltd")}, ada.salesforce_id)
    installation.settle()

    assert company_in(installation, ada) == "Acme Ltd"
    assert items(installation) == []
