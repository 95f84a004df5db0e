"""Series whose rule changes: an occurrence that goes on keeps its record, and what took place keeps its own.

The worst that a change of a rule can do is to delete a record with its notes although the meeting goes on; so the
records are told apart by their ids (INV-22).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.recurrence import Series
from backend.domain.values import Kind, Timed, Values
from backend.sync.orphans import PATIENCE
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab

EVENTS = replace(
    EVERYTHING,
    contacts=replace(EVERYTHING.contacts, direction=Direction.OFF),
    events=replace(EVERYTHING.events, deletion=DeletionChoice.DELETE),
)
LAPS = 5
HOUR = timedelta(hours=1)


def series(rule: str, first: str) -> Series:
    return Series(rule, datetime.fromisoformat(first), "UTC", 3600)


def create(lab: Lab, rule: str, first: str) -> str:
    start = datetime.fromisoformat(f"{first}+00:00")
    values: Values = {"subject": "Regular", "when": Timed(start, start + HOUR, "UTC")}
    return lab.world.mailbox_of(1).create(Kind.EVENT, values, series=series(rule, first))


def records(lab: Lab) -> dict[str, str]:
    """Start and id of every record that lives, by start."""
    found = {}
    for row in lab.world.org.living(Kind.EVENT):
        when = row.values["when"]
        assert isinstance(when, Timed)
        assert f"{when.start:%m-%d %H}" not in found, "INV-23: two records for one occurrence"
        found[f"{when.start:%m-%d %H}"] = row.id
    return dict(sorted(found.items()))


def settled(lab: Lab) -> dict[str, str]:
    lab.settle(LAPS)
    return records(lab)


def test_inv22_another_time_of_day_keeps_every_record_e3() -> None:
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU;COUNT=3", "2026-03-10T09:00")
    before = settled(lab)

    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=WEEKLY;BYDAY=TU;COUNT=3", "2026-03-10T14:00"))
    after = settled(lab)

    assert list(after) == ["03-10 14", "03-17 14", "03-24 14"]
    assert list(after.values()) == list(before.values())


def test_inv22_another_weekday_keeps_every_record_e3() -> None:
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU;COUNT=3", "2026-03-10T09:00")
    before = settled(lab)

    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=WEEKLY;BYDAY=WE;COUNT=3", "2026-03-11T09:00"))
    after = settled(lab)

    assert list(after) == ["03-11 09", "03-18 09", "03-25 09"]
    assert list(after.values()) == list(before.values())


def test_inv23_the_place_that_a_row_left_gets_a_record_of_its_own_e2() -> None:
    """Epoch: the key of the record that moved away is not derived again for another occurrence."""
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU;COUNT=2", "2026-03-10T09:00")
    first = settled(lab)
    mailbox = lab.world.mailbox_of(1)
    mailbox.reschedule(mine, series("FREQ=WEEKLY;BYDAY=WE;COUNT=2", "2026-03-11T09:00"))
    moved = settled(lab)

    mailbox.reschedule(mine, series("FREQ=WEEKLY;BYDAY=TU,WE;COUNT=4", "2026-03-10T09:00"))
    after = settled(lab)

    assert list(after) == ["03-10 09", "03-11 09", "03-17 09", "03-18 09"]
    assert [after[day] for day in moved] == list(first.values())
    assert len(set(after.values())) == 4


def test_c17_inv23_a_row_that_moved_before_its_create_was_answered_keeps_its_key_e2() -> None:
    """Stored key: what was sent under the old start is found again under the new one."""
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU;COUNT=2", "2026-03-10T09:00")
    lab.read()
    lab.world.fuel.kill_at(1, Moment.AFTER, "crm.write")
    assert lab.crashing(lab.sync) is not None
    made = {row.id for row in lab.world.org.living(Kind.EVENT)}
    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=WEEKLY;BYDAY=WE;COUNT=2", "2026-03-11T09:00"))

    after = settled(lab)

    assert list(after) == ["03-11 09", "03-18 09"]
    assert set(after.values()) == made


def test_c18_inv22_a_series_cut_and_lengthened_again_keeps_its_records_e4() -> None:
    """Orphans wait: a client that splits a series does it in several steps."""
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU;COUNT=4", "2026-03-10T09:00")
    before = settled(lab)
    mailbox = lab.world.mailbox_of(1)

    for _ in range(2):
        mailbox.shorten(mine, "FREQ=WEEKLY;BYDAY=TU;COUNT=2")
        for _ in range(PATIENCE):
            lab.cycle()
            assert records(lab) == before
        mailbox.shorten(mine, "FREQ=WEEKLY;BYDAY=TU;COUNT=4")
        assert settled(lab) == before


def test_inv11_a_series_cut_for_good_loses_the_records_beyond_its_end_e4() -> None:
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU;COUNT=4", "2026-03-10T09:00")
    before = settled(lab)

    lab.world.mailbox_of(1).shorten(mine, "FREQ=WEEKLY;BYDAY=TU;COUNT=2")

    assert settled(lab) == dict(list(before.items())[:2])


def test_inv24_a_series_deleted_after_two_of_its_meetings_keeps_their_records_e6() -> None:
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=DAILY;COUNT=4", "2026-03-03T09:00")
    before = settled(lab)
    lab.wait(datetime.fromisoformat("2026-03-04T22:00+00:00") - lab.world.clock.now())

    lab.world.mailbox_of(1).delete(mine)

    assert settled(lab) == dict(list(before.items())[:2])


def test_inv24_a_series_moved_to_another_time_leaves_the_past_where_it_was_e6() -> None:
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=DAILY;COUNT=4", "2026-03-03T09:00")
    before = settled(lab)
    lab.wait(datetime.fromisoformat("2026-03-05T08:00+00:00") - lab.world.clock.now())

    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=DAILY;COUNT=4", "2026-03-03T15:00"))
    after = settled(lab)

    assert list(after) == ["03-03 09", "03-04 09", "03-05 15", "03-06 15"]
    assert list(after.values()) == list(before.values())
