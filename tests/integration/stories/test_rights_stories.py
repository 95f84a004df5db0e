"""What a person may not do at all in Salesforce (F-7): it waits, the rest goes on, and nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.domain.configuration import Configuration, Direction
from backend.domain.values import Kind, ShowAs, Timed, Values
from backend.ports.crm import EVERY_RIGHT, Right
from backend.storage import tables
from backend.sync.dispatch import UNSEEN
from backend.sync.state import LinkState
from tests.fakes.databases import EVERYTHING
from tests.fakes.lab import LONG_ENOUGH, Lab


def events(direction: Direction = Direction.BOTH) -> Configuration:
    off = replace(EVERYTHING.contacts, direction=Direction.OFF)
    return replace(EVERYTHING, contacts=off, events=replace(EVERYTHING.events, direction=direction))


def meeting(lab: Lab, **more: object) -> Values:
    start = (lab.world.clock.now() + timedelta(days=2)).replace(microsecond=0)
    values = {"subject": "Review", "when": Timed(start, start + timedelta(hours=1)), "show_as": ShowAs.BUSY}
    return {**values, **more}  # type: ignore[dict-item]  # field values


def may_not(lab: Lab, *rights: Right) -> None:
    lab.world.org.denied[lab.world.people[1].crm_user_id, Kind.EVENT] = frozenset(rights)


def stands(lab: Lab, item: str, group: str) -> tuple[object, object]:
    """A group as it stands in the mailbox and in the only record."""
    (row,) = lab.world.org.living(Kind.EVENT)
    return (lab.world.mailbox_of(1).read(item) or {}).get(group), row.values.get(group)


def waits(lab: Lab, right: Right, number: int) -> None:
    """Two passes: each tells what waits, plans nothing and writes nothing."""
    for _ in range(2):
        lab.wait(LONG_ENOUGH)
        (report,) = lab.cycle()
        assert [(lack.right, lack.waiting) for lack in report.lacks] == [(right, number)]
        assert (report.outcome, report.planned, report.written) == ("ok", 0, 0)


def test_ls171_without_edit_the_mailboxs_changes_wait_and_salesforces_go_on() -> None:
    lab = Lab(1, events())
    item = lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab))
    lab.settle()
    may_not(lab, Right.EDIT)

    lab.world.mailbox_of(1).edit(item, {"subject": "Renamed"})
    lab.world.org.edit(lab.world.org.living(Kind.EVENT)[0].id, {"location": "Room 1"})
    lab.settle()
    waits(lab, Right.EDIT, 1)
    assert stands(lab, item, "subject") == ("Renamed", "Review")
    assert stands(lab, item, "location") == ("Room 1", "Room 1")
    assert lab.count(tables.conflict) == 0

    may_not(lab)
    lab.settle()
    assert stands(lab, item, "subject") == ("Renamed", "Renamed")


def test_ls171_of_a_change_that_both_sides_made_the_agreed_part_is_kept() -> None:
    """Else the agreed group would look like a conflict, once the right is there and somebody changed it again."""
    lab = Lab(1, events())
    item = lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab))
    lab.settle()
    may_not(lab, Right.EDIT)
    lab.world.mailbox_of(1).edit(item, {"subject": "Renamed", "location": "Room 1"})
    lab.world.org.edit(lab.world.org.living(Kind.EVENT)[0].id, {"location": "Room 1"})
    lab.settle()

    lab.world.org.edit(lab.world.org.living(Kind.EVENT)[0].id, {"location": "Room 2"})
    lab.settle()
    assert stands(lab, item, "location") == ("Room 2", "Room 2")
    assert lab.count(tables.conflict) == 0


@pytest.mark.parametrize("direction", [Direction.BOTH, Direction.TO_CRM])
def test_ls172_without_create_no_event_is_made_in_salesforce(direction: Direction) -> None:
    lab = Lab(1, events(direction))
    may_not(lab, Right.CREATE)
    lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab))
    lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab, subject="Second"))
    lab.settle()
    waits(lab, Right.CREATE, 2)
    assert lab.world.org.living(Kind.EVENT) == []
    assert lab.pairs() == []

    may_not(lab)
    lab.settle()
    assert len(lab.world.org.living(Kind.EVENT)) == 2


def test_ls173_towards_the_mailbox_read_is_enough() -> None:
    lab = Lab(1, events(Direction.TO_MAILBOX))
    may_not(lab, *(EVERY_RIGHT - {Right.READ}))
    record = lab.world.org.create(Kind.EVENT, meeting(lab), lab.world.people[1].crm_user_id)
    lab.settle()
    lab.world.org.edit(record, {"subject": "Renamed"})
    reports = lab.settle()
    (item,) = lab.world.mailbox_of(1).living(Kind.EVENT)
    assert item.values["subject"] == "Renamed"
    assert not any(report.lacks for report in reports)


def test_ls173_inv28_who_may_not_read_events_in_salesforce_gets_none_into_the_mailbox() -> None:
    lab = Lab(1, events(Direction.TO_MAILBOX))
    may_not(lab, Right.READ)
    lab.world.org.create(Kind.EVENT, meeting(lab), lab.world.people[1].crm_user_id)
    lab.settle()
    waits(lab, Right.READ, 1)
    assert lab.world.mailbox_of(1).living(Kind.EVENT) == []

    may_not(lab)
    lab.settle()
    assert len(lab.world.mailbox_of(1).living(Kind.EVENT)) == 1


def test_a_deletion_in_the_mailbox_waits_for_the_right_to_delete() -> None:
    lab = Lab(1, events())
    item = lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab))
    lab.settle()
    may_not(lab, Right.DELETE)
    lab.world.mailbox_of(1).delete(item)
    lab.settle()
    waits(lab, Right.DELETE, 1)
    assert len(lab.world.org.living(Kind.EVENT)) == 1

    may_not(lab)
    lab.settle()
    assert lab.world.org.living(Kind.EVENT) == []


def test_f7_what_waits_survives_a_change_of_the_configuration_which_marks_everything() -> None:
    lab = Lab(1, events())
    may_not(lab, Right.CREATE)
    lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab))
    lab.settle()
    lab.settings = replace(lab.settings, days_back=20)
    with lab.configurations.editing() as editor:
        editor.save(lab.settings)
    waits(lab, Right.CREATE, 1)
    may_not(lab)
    lab.settle()
    assert len(lab.world.org.living(Kind.EVENT)) == 1


def unshared(lab: Lab) -> str:
    """A pair whose record went over to somebody else and is not shared with its user; its item."""
    item = lab.world.mailbox_of(1).create(Kind.EVENT, meeting(lab))
    lab.settle()
    (row,) = lab.world.org.living(Kind.EVENT)
    lab.world.org.unseen[lab.world.people[1].crm_user_id] = {row.id}
    return item


def held(lab: Lab) -> None:
    """One pass plans the write, once; from then on the pair is held, which a person is told."""
    lab.read()
    report = lab.sync()
    assert (report.planned, report.written, report.refused) == (1, 0, 1)
    assert {(pair.link.state, pair.link.reason) for pair in lab.pairs(1)} == {(LinkState.HELD, UNSEEN)}
    lab.settle()


def test_d7_inv7_what_its_user_cannot_see_in_salesforce_is_held_and_not_planned_again_and_again() -> None:
    lab = Lab(1, events())
    item = unshared(lab)
    lab.world.mailbox_of(1).edit(item, {"subject": "Renamed"})
    held(lab)
    assert stands(lab, item, "subject") == ("Renamed", "Review")

    lab.world.org.unseen.clear()
    lab.world.mailbox_of(1).edit(item, {"location": "Room 1"})
    lab.settle()
    assert stands(lab, item, "subject") == ("Renamed", "Renamed")
    assert stands(lab, item, "location") == ("Room 1", "Room 1")


@pytest.mark.parametrize("where", ["mailbox", "Salesforce"])
def test_d7_inv5_a_deletion_of_what_its_user_cannot_see_in_salesforce_is_held(where: str) -> None:
    lab = Lab(1, events())
    item = unshared(lab)
    (row,) = lab.world.org.living(Kind.EVENT)
    if where == "mailbox":
        lab.world.mailbox_of(1).delete(item)
    else:
        lab.world.org.delete(row.id)
    held(lab)
    assert len(lab.world.org.living(Kind.EVENT)) == (where == "mailbox")
    assert len(lab.world.mailbox_of(1).living(Kind.EVENT)) == (where == "Salesforce")
