"""A settled installation: nothing comes back, an idle cycle costs what it may, and a rehearsal writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import sqlalchemy as sa

from backend.domain.configuration import Direction
from backend.sandbox.world import Person
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, in_salesforce, timed

GUEST = {"emailAddress": {"address": "buyer@elsewhere.example"}, "type": "required"}
CONTACT_CALLS = {"contactFolders", "folderContacts", "contacts"}
CALENDAR_CALLS = {"calendar", "calendars", "calendarView", "events"}
OTHER_CALLS = {"batch", "token", "discovery", "users", "mailboxSettings"}


def furnish(installation: Installation, person: Person, number: int = 3) -> None:
    """Contacts and events on both sides, a series, a private event and a meeting with a guest."""
    box, owner = installation.box(person), person.salesforce_id
    for each in range(number):
        installation.write_card(person, "Grace", f"Mailbox{each}", companyName="Nobody's Company")
        installation.org.insert("Contact", {"LastName": f"Salesforce{each}", "OwnerId": owner}, owner)
        box.create_event(timed(f"Call {each}", installation.soon(each + 1)))
    box.create_event(timed("Dentist", installation.soon(2), sensitivity="private"))
    box.create_event(timed("Visit", installation.soon(3), attendees=[GUEST]))
    weekly = {"type": "weekly", "interval": 1, "daysOfWeek": [f"{installation.soon(4):%A}".lower()]}
    days = {"type": "numbered", "startDate": f"{installation.soon(4):%Y-%m-%d}", "numberOfOccurrences": 4}
    box.create_event(timed("Weekly", installation.soon(4), recurrence={"pattern": weekly, "range": days}))
    box.create_contact({"givenName": "Not", "surname": "Synced"})


def test_inv07_after_a_settled_state_further_cycles_write_nothing(installation: Installation) -> None:
    """INV-7, LS-185: counted by the sandbox, also hours later and in a fresh process."""
    ada, bob = installation.stage.hire(2)
    installation.assign()
    installation.settle()
    furnish(installation, ada)
    late = in_salesforce("Made in Salesforce", installation.soon(5), bob)
    installation.org.insert("Event", late, bob.salesforce_id)
    installation.settle()

    assert len(installation.records("Id", "Contact")) == len(installation.cards(ada)) == 6
    assert len(installation.records("Id")) == 3 + 1 + 4 + 1
    assert [each["subject"] for each in installation.box(bob).events()] == ["Made in Salesforce"]

    installation.box(ada).update_contact(installation.cards(ada)[0]["id"], {"jobTitle": "Admiral"})
    installation.settle()
    for _ in range(2):
        installation.later(hours=7)
        installation.open()
        with installation.watched() as writes:
            installation.cycle()
        assert writes == Counter()
    assert installation.world.outbox == []


def test_inv16_an_idle_cycle_costs_two_salesforce_calls_for_all_and_two_per_mailbox(installation: Installation) -> None:
    """INV-16, D-17: counted by the sandbox; several queries fit one Composite."""
    people = installation.stage.hire(3)
    installation.assign()
    for person in people[:2]:
        furnish(installation, person)
    installation.settle()
    installation.later(minutes=15)  # the overlap of the reading has passed
    installation.open()
    installation.world.calls.clear()

    installation.cycle()

    counted = Counter({(row.service, row.operation): row.calls for row in installation.world.calls.counts()})
    data = {key: calls for key, calls in counted.items() if calls and key[1] not in ("token", "POST oauth2/token")}
    assert data == {
        ("salesforce", "POST composite"): 2,
        ("microsoft", "calendarView.delta"): 3,
        ("microsoft", "folderContacts.delta"): 3,
    }
    assert installation.calls("salesforce") == 2
    assert installation.calls("microsoft") == 2 * len(people)


def test_our_books_of_calls_are_those_of_the_sandbox(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    installation.assign()
    furnish(installation, ada)
    installation.world.calls.clear()
    installation.settle()
    installation.lockstep.close()

    usage = tables.api_usage.c
    booked = dict(installation.rows(sa.select(usage.service, sa.func.sum(usage.calls)).group_by(usage.service)))
    assert booked["salesforce"] == installation.calls("salesforce")
    assert booked["microsoft"] == installation.calls("microsoft")
    counts = installation.rows(sa.select(tables.sync_run.c.counts))
    in_runs = sum(row.counts["api_calls"].get("microsoft", 0) for row in counts)
    assert in_runs == installation.calls("microsoft")


def test_a_rehearsal_shows_the_whole_plan_and_writes_nothing(installation: Installation) -> None:
    """G-1: what a dry run names is what the pass then does; the sandbox saw no write."""
    (ada,) = installation.stage.hire(1)
    installation.assign()
    furnish(installation, ada)
    installation.read()

    with installation.watched() as writes:
        rehearsal = installation.sync(ada, dry_run=True)
    assert writes == Counter()
    assert installation.rows(sa.select(tables.link)) == []
    assert installation.rows(sa.select(tables.sync_run)) == []
    planned = Counter(f"{one.side}.{one.kind}.{one.op}" for step in rehearsal.steps for one in step.intents)
    assert planned == {"crm.contact.create": 3, "crm.event.create": 8, "mailbox.contact.create": 3}

    performed = installation.sync(ada)
    assert performed.writes == planned


def test_ls018_ls189_neither_mail_nor_tasks_are_ever_read_or_written(installation: Installation) -> None:
    """LS-018, LS-189: by the sandbox's own log of a first sync, of edits and of an idle cycle."""
    (ada,) = installation.stage.hire(1)
    installation.assign()
    installation.world.calls.clear()
    furnish(installation, ada)
    installation.settle()
    installation.box(ada).delete_event(installation.box(ada).events()[0]["id"])
    installation.settle()

    rows = installation.world.calls.counts()
    asked = {row.operation.split(".")[0] for row in rows if row.service.startswith("microsoft")}
    assert asked <= CONTACT_CALLS | CALENDAR_CALLS | OTHER_CALLS
    assert asked & CONTACT_CALLS
    assert asked & CALENDAR_CALLS
    assert not [row.operation for row in rows if "Task" in row.operation]


def test_a_kind_that_is_off_is_not_asked_for(installation: Installation) -> None:
    (ada,) = installation.stage.hire(1)
    off = replace(EVERYTHING.contacts, direction=Direction.OFF)
    installation.assign(replace(EVERYTHING, contacts=off))
    installation.settle()
    installation.world.calls.clear()
    installation.cycle()
    assert {row.operation for row in installation.world.calls.counts() if row.service == "microsoft"} == {
        "calendarView.delta"
    }
    assert ada.key in {person.key for person in installation.world.people}
