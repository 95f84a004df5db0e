"""Series that end: what people in Salesforce tied to a meeting outlives it, a whole one asks first (E-6, E-9)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from backend.domain.attendees import Attendee
from backend.domain.recurrence import Series, start_key
from backend.domain.values import Kind, Name, Timed
from backend.storage import tables
from backend.sync.keepsakes import KEPT, SERIES_GONE
from tests.fakes.lab import Lab
from tests.integration.stories.test_split_series import LAPS, MONDAY, SETTINGS, ZONE, create, records, settled, shorten

ACCOUNT = "001000000000000001"
DAILY = "FREQ=DAILY;COUNT={}"


def daily(times: int) -> tuple[Lab, str, dict[str, str]]:
    lab = Lab(1, SETTINGS)
    id = create(lab, DAILY.format(times))
    return lab, id, settled(lab)


def notes(lab: Lab) -> list[tuple[str, str]]:
    note = tables.note.c
    return [(row.ref, row.reason) for row in lab.rows(sa.select(note.ref, note.reason).where(note.code == SERIES_GONE))]


def states(lab: Lab, state: str) -> int:
    return lab.count(tables.link, tables.link.c.state == state)


# --- what people tied to a meeting (E-6) ------------------------------------------------------------------------------


@pytest.mark.parametrize("invited", [False, True])
def test_e6_what_people_related_to_a_meeting_is_kept_when_its_whole_series_vanished(invited: bool) -> None:
    """… and named in one item for the series, however many there are."""
    lab, id, before = daily(4)
    mine = list(before.values())[1:3]
    for record in mine:
        lab.world.org.relate(record, ACCOUNT, invited=invited)
    lab.settle(LAPS)

    lab.world.mailbox_of(1).delete(id)
    now = settled(lab)

    assert list(now.values()) == mine
    assert states(lab, "stopped") == 2
    assert notes(lab) == [(id, KEPT)]


def test_e6_what_we_related_ourselves_keeps_nothing() -> None:
    lab = Lab(1, SETTINGS)
    email = "anna@customer.example"
    lab.world.org.create(Kind.CONTACT, {"name": Name("Anna", "Berg"), "email": email}, lab.world.people[1].crm_user_id)
    id = create(lab, DAILY.format(3))
    lab.world.mailbox_of(1).ask(id, Attendee(email))
    lab.settle(LAPS)
    assert all(row.ties for row in lab.world.org.living(Kind.EVENT))

    lab.world.mailbox_of(1).delete(id)

    assert settled(lab) == {}
    assert notes(lab) == []


def test_e6_one_cancelled_meeting_goes_whatever_hangs_on_it() -> None:
    """The choice for deletions counts: only a series that vanished as a whole may be an accident."""
    lab, id, before = daily(3)
    second = list(before.values())[1]
    lab.world.org.relate(second, ACCOUNT)
    when = lab.world.org.rows[second].values["when"]
    assert isinstance(when, Timed)

    lab.world.mailbox_of(1).cancel_occurrence(id, start_key(when))

    assert list(settled(lab).values()) == [one for one in before.values() if one != second]
    assert notes(lab) == []


def test_e6_what_was_edited_in_salesforce_meanwhile_is_kept() -> None:
    lab, id, before = daily(3)
    edited = list(before.values())[1]

    lab.world.org.edit(edited, {"description": "Bring the contract"})
    lab.world.mailbox_of(1).delete(id)

    assert list(settled(lab).values()) == [edited]


def test_e6_taken_back_a_series_goes_on_with_what_was_kept() -> None:
    lab, id, before = daily(3)
    kept = list(before.values())[1]
    lab.world.org.relate(kept, ACCOUNT)
    lab.settle(LAPS)
    lab.world.mailbox_of(1).delete(id)
    lab.settle(LAPS)

    lab.world.mailbox_of(1).restore(id)
    now = settled(lab)

    assert list(now) == list(before)
    assert list(now.values())[1] == kept
    assert states(lab, "linked") == 3


# --- guards (E-9) -----------------------------------------------------------------------------------------------------


def held(lab: Lab) -> set[str]:
    intents = lab.rows(sa.select(tables.intent.c.hold).where(tables.intent.c.state == "held"))
    return {row.hold for row in intents}


@pytest.mark.parametrize(("left", "asks"), [(10, False), (9, True)])
def test_e9_more_than_twenty_meetings_of_a_series_that_is_still_there_ask_first(left: int, asks: bool) -> None:
    """Its master was read shorter: that alone is too little to delete so much."""
    lab, id, before = daily(30)

    shorten(lab, id, DAILY.format(left))
    for _ in range(3):
        lab.cycle()

    assert len(records(lab)) == (30 if asks else left)
    assert held(lab) == ({"mass_series"} if asks else set())

    shorten(lab, id, DAILY.format(30))
    lab.settle(LAPS)
    assert held(lab) == set(), "overtaken: nobody is asked any more"
    assert len(records(lab)) == 30
    assert {day: records(lab)[day] for day in list(before)[:left]} == dict(list(before.items())[:left])


def test_e9_a_series_that_was_deleted_is_one_deletion_and_does_not_ask() -> None:
    lab, id, before = daily(30)
    assert len(before) == 30

    lab.world.mailbox_of(1).delete(id)

    assert settled(lab) == {}
    assert held(lab) == set()


# --- a zone that nobody knows (E-11) ----------------------------------------------------------------------------------


def test_e11_ls163_a_series_in_an_unknown_zone_waits_alone_and_is_told() -> None:
    lab, id, before = daily(3)
    account = lab.world.mailbox_of(1)
    other = create(lab, "FREQ=WEEKLY;BYDAY=MO;COUNT=2", MONDAY.replace(hour=15), "Something else")
    known = account.things[id].series
    assert known is not None

    account.things[id].series = replace(known, zone="Customized Time Zone")
    account.touch(account.things[id])
    strange = Series(DAILY.format(2), MONDAY, "Customized Time Zone", 3600)
    account.create(Kind.EVENT, {**account.things[other].values, "subject": "Strange"}, series=strange)
    for _ in range(3):
        lab.cycle()

    now = records(lab)
    assert {day: now[day] for day in before} == before, "nothing is deleted or moved"
    assert len(now) == len(before) + 2, "the others go on"
    told = lab.rows(sa.select(tables.note.c.title, tables.note.c.reason))
    assert [row.title for row in told] == ["Strange"]
    assert "Customized Time Zone" in told[0].reason

    account.things[id].series = replace(known, zone=ZONE)
    account.touch(account.things[id])
    assert {day: settled(lab)[day] for day in before} == before
