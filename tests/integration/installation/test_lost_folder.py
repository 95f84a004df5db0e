"""The contact folder is deleted: no record goes, and a person answers what becomes of its contacts (H-2, INV-31)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa

from backend.deciding import decide
from backend.domain.configuration import Configuration, DeletionChoice, Direction
from backend.sandbox.world import Person
from backend.storage import tables
from backend.sync import lost_folder
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation
from tests.fakes.told import Told

SPREADING = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, deletion=DeletionChoice.DELETE))
AGAIN = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, deletion=DeletionChoice.RECREATE))
TO_CRM = replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.TO_CRM))
NAMES = ["Byron", "King", "Lovelace"]


def without_folder(installation: Installation, settings: Configuration, names: list[str] = NAMES) -> Person:
    """Somebody whose folder went with the contacts that synced; two passes later."""
    (ada,) = installation.stage.hire(1)
    installation.assign(settings)
    installation.settle()
    for name in names[1:]:
        installation.write_card(ada, "Ada", name)
    installation.settle()
    if settings.contacts.direction.writes_mailbox:
        installation.org.insert("Contact", {"LastName": names[0], "OwnerId": ada.salesforce_id}, ada.salesforce_id)
    else:
        installation.write_card(ada, "Ada", names[0])
    installation.settle()
    installation.box(ada).delete_folder(installation.stage.contact_folder(ada))
    installation.cycle()
    installation.settle()
    return ada


def records(installation: Installation) -> list[str]:
    return sorted(row["LastName"] for row in installation.records("LastName", "Contact"))


def surnames(installation: Installation, person: Person) -> list[str]:
    return sorted(one["surname"] for one in installation.cards(person))


def states(installation: Installation) -> Counter[str]:
    return Counter(row.state for row in installation.rows(sa.select(tables.link.c.state)))


def held(installation: Installation) -> list[str]:
    query = sa.select(tables.intent.c.id).where(tables.intent.c.state == "held")
    return [row.id for row in installation.rows(query)]


def answer(installation: Installation, choice: str) -> None:
    (step,) = held(installation)
    decide(installation.lockstep, step, choice)


def new_contact_syncs(installation: Installation, person: Person) -> None:
    """New contacts go on in the new folder."""
    installation.write_card(person, "Grace", "Newcomer")
    installation.settle()
    assert "Newcomer" in records(installation)


@pytest.mark.parametrize("settings", [EVERYTHING, SPREADING, AGAIN, TO_CRM], ids=["stop", "delete", "again", "to_crm"])
def test_ls064_inv31_a_deleted_folder_deletes_no_record_makes_none_again_and_asks(
    installation: Installation, told: Told, settings: Configuration
) -> None:
    """LS-064, H-2: whatever the deletion choice; the question stands by page and command until it is answered."""
    ada = without_folder(installation, settings)
    for _ in range(2):
        assert records(installation) == NAMES
        assert surnames(installation, ada) == []
        assert states(installation) == Counter(parked=3)
        assert len(held(installation)) == 1
        assert "1 step is held" in told.status
        page = told.page("/held")
        assert "The contact folder was deleted in the mailbox" in page
        assert "Nothing was deleted in Salesforce" in page
        for text in (told.person(ada), told.command("status", "--user", ada.salesforce_username)):
            assert "answer under Held steps" in text
        installation.later(days=1)  # listed whole again
        installation.settle()
    (link, *_) = installation.rows(sa.select(tables.link.c.id))
    assert lost_folder.WENT_ALONG in told.page(f"/items/{link.id}")
    new_contact_syncs(installation, ada)


@pytest.mark.parametrize("settings", [EVERYTHING, SPREADING], ids=["stop", "delete"])
def test_h2_put_back_makes_the_contacts_again_and_they_go_on(
    installation: Installation, told: Told, settings: Configuration
) -> None:
    """H-2: through the page; one that its owner had typed anew meanwhile is not made a second time."""
    ada = without_folder(installation, settings)
    installation.write_card(ada, "Ada", "King")
    installation.settle()
    assert records(installation) == NAMES
    (step,) = held(installation)
    page = told.page(f"/held/{step}")
    for title in ("Leave them", "Make them again", "Stop following them", "3 contacts lay in the folder."):
        assert title in page
    assert told.visitor.post(f"/held/{step}", {"answer": "put_back"}).status_code == 302
    installation.settle()

    assert surnames(installation, ada) == records(installation) == NAMES
    assert states(installation) == Counter(linked=3)
    assert held(installation) == []
    assert "answer under Held steps" not in told.person(ada)
    (row,) = installation.records("Id", "Contact", "LastName = 'Lovelace'")
    installation.org.update(row["Id"], {"Title": "Countess"})
    installation.settle()
    assert [one["jobTitle"] for one in installation.cards(ada) if one["surname"] == "Lovelace"] == ["Countess"]


def test_h2_leave_keeps_both_sides_and_asks_no_more(installation: Installation, told: Told) -> None:
    ada = without_folder(installation, EVERYTHING)
    answer(installation, "leave")
    with installation.watched() as writes:
        installation.settle()
        installation.later(days=1)
        installation.settle()
    assert writes == Counter()
    assert (records(installation), surnames(installation, ada)) == (NAMES, [])
    assert states(installation) == Counter(parked=3)
    assert held(installation) == []
    assert "folder was deleted in the mailbox and" not in told.command("status", "--user", ada.salesforce_username)


@pytest.mark.parametrize("settings", [SPREADING, AGAIN], ids=["delete", "again"])
def test_h2_stop_keeps_the_records_and_follows_them_no_more(
    installation: Installation, settings: Configuration
) -> None:
    """INV-20, INV-31: nothing is deleted and nothing comes back, whatever is edited and the deletion choice says."""
    ada = without_folder(installation, settings)
    answer(installation, "stop")
    installation.settle()
    (row,) = installation.records("Id", "Contact", "LastName = 'King'")
    installation.org.update(row["Id"], {"Title": "Earl"})
    installation.later(days=1)
    installation.settle()
    assert (records(installation), surnames(installation, ada)) == (NAMES, [])
    assert states(installation) == Counter(stopped=3)
    assert held(installation) == []
    new_contact_syncs(installation, ada)


def test_h2_towards_salesforce_only_nobody_is_offered_what_cannot_be_done(
    installation: Installation, told: Told
) -> None:
    """The page leaves the answer out, and who asks for it all the same is told; nothing is half done."""
    without_folder(installation, TO_CRM)
    (step,) = held(installation)
    page = told.page(f"/held/{step}")
    assert "Make them again" not in page
    assert "Stop following them" in page
    with pytest.raises(ValueError, match="do not go from Salesforce to the mailbox"):
        decide(installation.lockstep, step, "put_back")
    assert held(installation) == [step]
    assert states(installation) == Counter(parked=3)


def test_h2_inv31_a_folder_of_many_contacts_loses_no_record(installation: Installation) -> None:
    """More than any guard lets go in one pass: 300 records stay, and come back with one answer."""
    names = [f"Person{number:03}" for number in range(300)]
    ada = without_folder(installation, SPREADING, names)
    assert records(installation) == names
    answer(installation, "put_back")
    installation.settle()
    assert surnames(installation, ada) == records(installation) == names
