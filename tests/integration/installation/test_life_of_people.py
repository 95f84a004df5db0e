"""What becomes of people in the life of a deployment: renamed, moved, gone and back. Nothing twice, nothing deleted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from backend.sandbox.faults import Rule
from backend.sandbox.world import Person
from backend.storage.tables import link
from backend.sync.dispatch import UNSEEN
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed
from tests.fakes.told import Told

ALL_FOUR = ["Hopper", "In Salesforce", "In the mailbox", "Lovelace"]


def furnish(installation: Installation, person: Person) -> None:
    """A contact and an event on each side, paired."""
    installation.write_card(person, "Grace", "Hopper", emailAddresses=[{"address": "grace@navy.example"}])
    installation.box(person).create_event(timed("In the mailbox", installation.soon(2)))
    owner = person.salesforce_id
    installation.org.insert("Contact", {"LastName": "Lovelace", "Email": "ada@loom.example", "OwnerId": owner}, owner)
    installation.org.insert("Event", in_salesforce("In Salesforce", installation.soon(3), person), owner)
    installation.settle()
    assert both_sides(installation, person) == (ALL_FOUR, ALL_FOUR)


def both_sides(installation: Installation, person: Person) -> tuple[list[str], list[str]]:
    """Names of contacts and subjects of events in the mailbox, and those in Salesforce."""
    mailbox = [each["surname"] for each in installation.cards(person)]
    mailbox += [each["subject"] for each in installation.box(person).events()]
    mine = f"OwnerId = '{person.salesforce_id}'"
    salesforce = [row["LastName"] for row in installation.records("LastName", "Contact", mine)]
    salesforce += [row["Subject"] for row in installation.records("Subject", "Event", mine)]
    return sorted(mailbox), sorted(salesforce)


def pairs(installation: Installation, person: Person) -> int:
    return len(installation.rows(link.select().where(link.c.user_id == installation.id_of(person))))


def edited_in_salesforce(installation: Installation, person: Person) -> list[str]:
    """Titles in the mailbox after Salesforce's title of everybody was changed: whether the sync goes on."""
    for row in installation.records("Id", "Contact", f"OwnerId = '{person.salesforce_id}'"):
        installation.org.update(row["Id"], {"Title": "Pioneer"}, person.salesforce_id)
    installation.settle()
    return [each.get("jobTitle") or "" for each in installation.cards(person)]


@pytest.fixture
def ada(installation: Installation) -> Person:
    """Somebody who is in sync."""
    (person,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.later(minutes=1)  # Salesforce stamps whole seconds, and older events wait for an edit (F-6)
    furnish(installation, person)
    return person


def test_g_a_user_who_is_renamed_in_salesforce_stays_assigned_and_keeps_his_pairs(
    installation: Installation, ada: Person
) -> None:
    installation.org.update(ada.salesforce_id, {"FirstName": "Augusta", "LastName": "King"})
    known = known_as(installation, ada, "countess@stage.example.crm")
    with installation.watched() as writes:
        installation.settle()
    assert writes == Counter()

    assert installation.standing(known).because == "“Everything”, assigned to the user."
    assert pairs(installation, known) == 4
    assert edited_in_salesforce(installation, known) == ["Pioneer", "Pioneer"]
    (everything,) = installation.lockstep.configurations.all()
    assert everything.usernames == (known.salesforce_username,)


def test_g_an_exchange_of_user_names_takes_nobodys_assignment(installation: Installation, ada: Person) -> None:
    (bob,) = installation.stage.hire(1)
    installation.settle()
    assert not installation.standing(bob).syncs
    known_as(installation, bob, "away@stage.example")
    countess = known_as(installation, ada, bob.salesforce_username)
    heir = known_as(installation, bob, ada.salesforce_username)
    installation.settle()

    assert (installation.standing(countess).syncs, installation.standing(heir).syncs) == (True, False)
    assert pairs(installation, countess) == 4


def test_g_a_new_address_of_the_same_mailbox_changes_nothing(installation: Installation, ada: Person) -> None:
    user = installation.tenant.users[ada.microsoft_id]
    user.mail = "countess@stage.example"
    user.proxy_addresses = [f"SMTP:{user.mail}", f"smtp:{ada.address}"]
    installation.org.update(ada.salesforce_id, {"Email": user.mail})
    with installation.watched() as writes:
        installation.settle()

    assert writes == Counter()
    assert pairs(installation, ada) == 4
    assert edited_in_salesforce(installation, ada) == ["Pioneer", "Pioneer"]


def known_as(installation: Installation, person: Person, username: str) -> Person:
    """The person with another user name, as the world knows him from now on."""
    installation.org.update(person.salesforce_id, {"Username": username})
    renamed = replace(person, salesforce_username=username)
    people = installation.world.people
    people[[one.key for one in people].index(person.key)] = renamed
    return renamed


def moved(installation: Installation, person: Person) -> Person:
    """The person with a new mailbox at the same address, to which an administrator took along everything."""
    cards, events = installation.cards(person), installation.box(person).events()
    installation.tenant.remove_user(installation.tenant.users[person.microsoft_id])
    user = installation.tenant.add_user(person.name, person.address, person.time_zone)
    arrived = replace(person, microsoft_id=user.id)
    people = installation.world.people
    people[people.index(person)] = arrived
    for card in cards:
        addresses = [{"address": one["address"]} for one in card["emailAddresses"]]
        more = {"emailAddresses": addresses, "jobTitle": card.get("jobTitle")}
        installation.write_card(arrived, card.get("givenName") or "", card["surname"], **more)
    for event in events:
        kept = {name: event[name] for name in ("subject", "start", "end", "isAllDay")}
        installation.box(arrived).create_event(kept)
    return arrived


def test_g2_another_mailbox_at_the_address_stops_the_person_until_a_reset_confirms_it(
    installation: Installation, told: Told, ada: Person
) -> None:
    arrived = moved(installation, ada)
    with installation.watched() as writes:
        for _ in range(2):
            report = installation.cycle()[ada.key]
            assert (report.outcome, report.planned) == ("failed", 0)
    assert writes == Counter()
    assert both_sides(installation, arrived) == (ALL_FOUR, ALL_FOUR)
    said = f"Another mailbox answers at {ada.address} than the one synced so far. Nothing is read or written."
    assert said in told.command("status", "--user", ada.address)
    assert f"lockstep reset --user {ada.address}" in told.person(arrived)

    told.command("reset", "--user", ada.address)
    with installation.watched() as writes:
        installation.settle()
    assert both_sides(installation, arrived) == (ALL_FOUR, ALL_FOUR)
    assert pairs(installation, arrived) == 4
    assert edited_in_salesforce(installation, arrived) == ["Pioneer", "Pioneer"]


def test_g2_an_address_in_salesforce_that_leads_to_somebody_elses_mailbox_stops_the_person(
    installation: Installation, ada: Person
) -> None:
    """Without this the old mailbox would go on for ever, or the other one would be taken for an empty one."""
    (bob,) = installation.stage.hire(1)
    installation.org.update(bob.salesforce_id, {"Email": "nobody@stage.example"})
    installation.org.update(ada.salesforce_id, {"Email": bob.address})
    with installation.watched() as writes:
        installation.cycle()

    assert writes == Counter()
    assert "Another mailbox answers" in installation.standing(ada).reason
    installation.org.update(ada.salesforce_id, {"Email": ada.address})
    installation.settle()
    assert (installation.standing(ada).state, pairs(installation, ada)) == ("in_sync", 4)


def test_ls032_a_deactivated_user_stops_and_goes_on_where_he_was_when_he_is_back(
    installation: Installation, ada: Person
) -> None:
    installation.org.update(ada.salesforce_id, {"IsActive": False})
    installation.write_card(ada, "Mary", "Somerville")
    installation.settle()
    assert installation.standing(ada).because.startswith("The Salesforce user is deactivated")
    assert both_sides(installation, ada)[1] == ALL_FOUR
    assert pairs(installation, ada) == 4

    installation.org.update(ada.salesforce_id, {"IsActive": True})
    installation.settle()
    assert both_sides(installation, ada) == (sorted([*ALL_FOUR, "Somerville"]),) * 2
    assert pairs(installation, ada) == 5


@pytest.mark.parametrize("how", ["switched off", "deleted", "unassigned"])
def test_ls026_ls033_ls034_ls035_a_configuration_that_goes_and_comes_back_touches_nothing(
    installation: Installation, ada: Person, how: str
) -> None:
    with installation.lockstep.configurations.editing() as editor:
        if how == "switched off":
            editor.save(replace(EVERYTHING, active=False))
        elif how == "deleted":
            editor.remove(EVERYTHING.name)
        else:
            editor.unassign(usernames=[ada.salesforce_username])
    with installation.watched() as writes:
        installation.settle()
        assert not installation.standing(ada).syncs
        installation.assign()
        installation.settle()

    assert writes == Counter()
    assert (both_sides(installation, ada), pairs(installation, ada)) == ((ALL_FOUR, ALL_FOUR), 4)
    assert edited_in_salesforce(installation, ada) == ["Pioneer", "Pioneer"]


def test_d9_inv17_an_event_made_without_an_answer_is_found_in_the_calendar_of_who_left(
    installation: Installation, ada: Person
) -> None:
    """Ada asks Bob to it and is unassigned before her next pass: his copy is no second meeting.

    Her record is not shared with him, so that he cannot bring her new name for it there: that is told (D-7).
    """
    (bob,) = installation.stage.hire(1)
    installation.assign()
    installation.settle()
    installation.org.insert("Event", in_salesforce("Review", installation.soon(4), ada), ada.salesforce_id)
    installation.read()
    lost = Rule("lost_answer", service="microsoft", operation="batch", only="write", remaining=1)
    installation.world.faults.add(lost)
    assert installation.sync(ada).outcome == "partial"
    (made,) = [each["id"] for each in installation.box(ada).events() if each["subject"] == "Review"]
    guest = {"emailAddress": {"address": bob.address}, "type": "required"}
    installation.box(ada).update_event(made, {"subject": "Review, later", "attendees": [guest]})
    with installation.lockstep.configurations.editing() as editor:
        editor.unassign(usernames=[ada.salesforce_username])
    mailed = len(installation.world.outbox)
    installation.sync(bob)
    installation.settle()

    assert len(installation.records("Id", where="Subject LIKE 'Review%'")) == 1
    assert pairs(installation, bob) == 1
    assert installation.reasons(bob) == {"Review": UNSEEN}
    assert len(installation.world.outbox) == mailed


def test_ls016_g3_other_mailboxes_for_everybody_are_confirmed_at_once_and_nothing_is_deleted(
    installation: Installation, told: Told, ada: Person
) -> None:
    arrived = moved(installation, ada)
    given = installation.stage.sandbox.credentials()["microsoft"]
    path = told.write(
        "microsoft.yaml",
        tenant=given["tenant_id"],
        client_id=given["client_id"],
        client_secret=given["client_secret"],
        login_url=given["login_url"],
        graph_url=given["graph_url"],
    )
    with installation.watched() as writes:
        told.command("connect", "microsoft", "--file", path)
        installation.open()
        assert installation.cycle()[ada.key].outcome == "failed"
        result = told.run("connect", "microsoft", "--file", path, "--switch", "--yes")
        assert (result.exit_code, "4 pairs of 1 people" in result.stderr) == (0, True), result.output
        assert pairs(installation, arrived) == 0
    assert writes == Counter()

    installation.settle()
    assert both_sides(installation, arrived) == (ALL_FOUR, ALL_FOUR)
    assert pairs(installation, arrived) == 4


def test_ls017_another_method_with_the_same_provider_keeps_all_pairs(installation: Installation, ada: Person) -> None:
    """The connection is stored anew; the mailboxes are the same."""
    installation.connect_microsoft()
    installation.open()
    with installation.watched() as writes:
        installation.settle()
    assert (writes, pairs(installation, ada)) == (Counter(), 4)
