"""A rehearsal tells what a changed configuration would do, and does nothing of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from backend import rehearsing
from backend.domain.configuration import Configuration, Direction, GuestRule
from backend.sandbox.faults import Rule
from backend.storage import tables
from backend.storage.engine import reading
from backend.storage.rehearsals import Rehearsal, Rehearsals, State, found
from backend.storage.views.configurations import listed
from tests.fakes.databases import EVERYTHING
from tests.fakes.installation import Installation, ServiceClock, in_salesforce, timed

UNTOUCHED = [
    table for table in tables.metadata.sorted_tables
    if table.name not in ("rehearsal", "api_usage")
]  # fmt: skip
BUYER = {"emailAddress": {"address": "buyer@elsewhere.example"}, "type": "required"}


class Office:
    """Ada, in step by `settings`, and an admin who thinks of changing them."""

    def __init__(self, installation: Installation, settings: Configuration = EVERYTHING) -> None:
        self.installation = installation
        (self.ada,) = installation.stage.hire(1)
        installation.assign(settings)
        installation.settle()
        self.database = installation.lockstep.database
        self.rehearsals = Rehearsals(self.database, ServiceClock(installation.world))

    def stored(self) -> tuple[int, Configuration]:
        with reading(self.database).connect() as connection:
            (one,) = listed(connection)
        return one.id, one.settings

    def begin(self, **changes: Any) -> int:
        number, settings = self.stored()
        return self.rehearsals.begin(number, replace(settings, **changes), "Claire")

    def run(self, number: int) -> None:
        rehearsing.run(self.installation.stage.config, number, ServiceClock(self.installation.world))

    def look(self, number: int) -> Rehearsal:
        with reading(self.database).connect() as connection:
            one = found(connection, number, self.installation.world.clock.now())
        assert one is not None
        return one

    def rehearse(self, **changes: Any) -> Mapping[str, Any]:
        number = self.begin(**changes)
        self.run(number)
        one = self.look(number)
        assert one.state is State.DONE, one.problem
        return one.result

    def memory(self) -> dict[str, list[tuple[object, ...]]]:
        with reading(self.database).begin() as connection:
            return {table.name: [tuple(row) for row in connection.execute(sa.select(table))] for table in UNTOUCHED}

    def past_event(self) -> None:
        self.installation.box(self.ada).create_event(timed("Kick-off", self.installation.soon(-40)))


def test_a_rehearsal_tells_what_the_change_then_does_and_changes_nothing(installation: Installation) -> None:
    office = Office(installation)
    office.past_event()
    installation.settle()
    before = office.memory()

    with installation.watched() as writes:
        result = office.rehearse(days_back=50)

    assert writes == Counter()
    assert office.memory() == before
    assert result["people"] == 1
    assert result["numbers"] == {"crm.event.create": {"number": 1, "people": 1}}
    assert (result["mails"], result["asked"], result["stopping"]) == (0, 0, 0)
    assert [(step["title"], step["verb"]) for step in result["steps"]] == [("Kick-off", "create in Salesforce")]

    number, settings = office.stored()
    with installation.lockstep.configurations.editing() as editor:
        editor.change(number, replace(settings, days_back=50))
    installation.settle()
    assert len(installation.records("Id", where="Subject = 'Kick-off'")) == 1


def test_whoever_would_begin_is_rehearsed_and_not_even_his_folder_is_made(installation: Installation) -> None:
    office = Office(installation, replace(EVERYTHING, active=False))
    installation.org.insert(
        "Contact", {"FirstName": "Ines", "LastName": "Okoye", "OwnerId": office.ada.salesforce_id},
        office.ada.salesforce_id,
    )  # fmt: skip
    with installation.watched() as writes:
        result = office.rehearse(active=True)

    assert writes == Counter()
    assert (result["starting"], result["people"], result["failed"]) == (1, 1, [])
    assert result["numbers"]["mailbox.contact.create"] == {"number": 1, "people": 1}
    folders = {row["displayName"] for row in installation.graph("contactFolders", office.ada)}
    assert "Salesforce_Sync" not in folders


def test_whoever_would_stop_is_counted_and_nothing_is_deleted(installation: Installation) -> None:
    office = Office(installation)
    installation.box(office.ada).create_event(timed("Lunch", installation.soon()))
    installation.settle()
    result = office.rehearse(active=False)

    assert (result["stopping"], result["people"], result["numbers"]) == (1, 0, {})


@pytest.mark.parametrize(("rule", "mails", "asked"), [(GuestRule.SEND, 1, 0), (GuestRule.HOLD, 0, 1)])
def test_mail_to_guests_is_counted_before_anybody_gets_it(
    installation: Installation, rule: GuestRule, mails: int, asked: int
) -> None:
    office = Office(installation, replace(EVERYTHING, guests=GuestRule.LEAVE))
    installation.box(office.ada).create_event(timed("Review", installation.soon(3), attendees=[BUYER]))
    installation.settle()
    (record,) = installation.records("Id", where="Subject = 'Review'")
    installation.org.update(record["Id"], {"Location": "Room 5"}, office.ada.salesforce_id)
    installation.settle()
    outbox = len(installation.world.outbox)
    result = office.rehearse(guests=rule)

    assert len(installation.world.outbox) == outbox
    assert (result["mails"], result["asked"]) == (mails, asked)


def test_a_field_that_nobody_read_so_far_is_read_for_the_rehearsal(installation: Installation) -> None:
    """A wider filter takes records that we never kept: Salesforce is read as a whole, in the copy."""
    office = Office(installation, replace(EVERYTHING, contacts=replace(EVERYTHING.contacts, direction=Direction.OFF)))
    installation.org.insert(
        "Contact", {"FirstName": "Ines", "LastName": "Okoye", "OwnerId": office.ada.salesforce_id},
        office.ada.salesforce_id,
    )  # fmt: skip
    installation.settle()
    result = office.rehearse(contacts=EVERYTHING.contacts)

    assert result["numbers"]["mailbox.contact.create"]["number"] == 1


def test_a_cancelled_rehearsal_does_nothing(installation: Installation) -> None:
    office = Office(installation)
    number = office.begin(private=True)
    assert office.rehearsals.cancel(office.stored()[0])
    calls = installation.calls("microsoft")
    office.run(number)

    assert office.look(number).state is State.CANCELLED
    assert installation.calls("microsoft") == calls


def test_a_rehearsal_is_run_once_however_often_its_job_is(installation: Installation) -> None:
    office = Office(installation)
    number = office.begin(private=True)
    office.run(number)
    ended = office.look(number).ended_at
    office.run(number)

    assert office.look(number).ended_at == ended


def test_a_rehearsal_of_an_older_version_says_so(installation: Installation) -> None:
    office = Office(installation)
    number = office.begin(private=True)
    with installation.lockstep.configurations.editing() as editor:
        editor.save(replace(office.stored()[1], days_back=7))
    office.run(number)

    one = office.look(number)
    assert one.state is State.FAILED
    assert "was saved by somebody else meanwhile" in one.problem


def test_where_salesforce_does_not_answer_the_reason_is_told(installation: Installation) -> None:
    office = Office(installation)
    installation.world.faults.replace([Rule("503", service="salesforce")])
    number = office.begin(private=True)
    office.run(number)
    installation.world.faults.replace([])

    one = office.look(number)
    assert one.state is State.FAILED
    assert one.problem


def test_what_a_rehearsal_costs_stands_in_the_books_and_its_copy_is_gone(installation: Installation) -> None:
    office = Office(installation)
    query = sa.select(sa.func.sum(tables.api_usage.c.calls))
    installation.lockstep.count_calls()
    (before,) = installation.rows(query)
    office.rehearse(private=True)
    (after,) = installation.rows(query)

    assert after[0] > before[0]
    assert not list(installation.stage.config.data_dir.glob("rehearsal-*"))


def test_an_event_of_salesforce_is_no_part_of_a_change_that_does_not_concern_it(installation: Installation) -> None:
    office = Office(installation)
    installation.org.insert("Event", in_salesforce("Call", installation.soon(), office.ada), office.ada.salesforce_id)
    installation.settle()

    assert office.rehearse(days_back=60)["numbers"] == {}
