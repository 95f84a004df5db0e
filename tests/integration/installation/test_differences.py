"""F-9: differences that stayed are shown by page and command, and sent one way by either."""

from __future__ import annotations

from dataclasses import replace

from backend.domain.configuration import Configuration, Direction
from backend.sandbox.world import Person
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation
from tests.fakes.told import Told


def contacts(direction: Direction) -> Configuration:
    return replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=direction))


def different(installation: Installation) -> Person:
    """Somebody whose contact differs in one field since the leg to the mailbox was switched on."""
    (ada,) = installation.stage.hire(1)
    installation.assign(contacts(Direction.TO_CRM))
    installation.settle()
    installation.write_card(ada, "Grace", "Hopper", jobTitle="Admiral", companyName="Nobody knows it")
    installation.settle()
    (row,) = installation.records("Id", "Contact")
    installation.org.update(row["Id"], {"Title": "Captain"}, ada.salesforce_id)
    installation.settle()
    installation.assign(contacts(Direction.BOTH))
    installation.settle()
    return ada


def titles(installation: Installation, person: Person) -> tuple[str, str]:
    (row,) = installation.records("Title", "Contact")
    (card,) = installation.cards(person)
    return card["jobTitle"], row["Title"]


def test_f9_the_page_shows_what_differs_and_sends_it(installation: Installation, told: Told) -> None:
    """A company without account is no such difference (H-3); everything else of the pair goes on."""
    ada = different(installation)
    assert titles(installation, ada) == ("Admiral", "Captain")
    path = f"/people/{installation.id_of(ada)}/differences"
    page = told.visitor.text(path)
    assert "1 pair differs" in page
    assert "Grace Hopper" in page
    assert "Title" in page
    assert "Company" not in page
    assert told.visitor.post(path, {"kind": "contact", "source": "neither"}).status_code == 422

    assert told.visitor.post(path, {"kind": "contact", "source": "mailbox"}).status_code == 302
    installation.settle()
    assert titles(installation, ada) == ("Admiral", "Admiral")
    assert "0 pairs differ" in told.visitor.text(path)


def test_f9_the_command_tells_what_differs_and_sends_it(installation: Installation, told: Told) -> None:
    ada = different(installation)
    user = ("--user", ada.salesforce_username)
    assert "contacts: 1 pairs differ and stay as they are Grace Hopper: title" in told.command("differences", *user)
    assert told.refusal("differences", *user, "--send", "to_mailbox").endswith(
        "--send needs --kind: contacts or events."
    )
    assert "1 pairs" in told.command("differences", *user, "--send", "to_mailbox", "--kind", "contacts")
    installation.settle()
    assert titles(installation, ada) == ("Captain", "Captain")


def test_f9_values_are_not_sent_against_the_direction(installation: Installation, told: Told) -> None:
    ada = different(installation)
    installation.assign(contacts(Direction.TO_CRM))
    path = f"/people/{installation.id_of(ada)}/differences"
    assert "Send Salesforce's values to the mailbox" not in told.visitor.text(path)
    assert told.visitor.post(path, {"kind": "contact", "source": "crm"}).status_code == 409
    said = told.refusal("differences", "--user", ada.salesforce_username, "--send", "to_mailbox", "--kind", "contacts")
    assert "change the direction first" in said
    installation.settle()
    assert titles(installation, ada) == ("Admiral", "Captain")
