"""Series whose rule changes: an occurrence that goes on keeps its record, and what took place keeps its own.

The worst that a change of a rule can do is to delete a record with its notes although the meeting goes on; so the
records are told apart by their ids (INV-22).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.recurrence import Series
from backend.domain.values import Kind, Timed, Values
from backend.storage.reset import reset_user
from backend.sync.orphans import PATIENCE
from backend.sync.state import LinkState
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


def start_of(first: str) -> Timed:
    start = datetime.fromisoformat(f"{first}+00:00")
    return Timed(start, start + HOUR, "UTC")


def create(lab: Lab, rule: str, first: str, guests: Iterable[str] = ()) -> str:
    values: Values = {"subject": "Regular", "when": start_of(first)}
    return lab.world.mailbox_of(1).create(Kind.EVENT, values, guests=guests, series=series(rule, first))


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


def test_inv22_what_was_moved_before_it_took_place_goes_on_however_late_that_is_read_e3() -> None:
    """What had ended is told by when the series was changed, not by when that is read after days without a pass."""
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=4", "2026-03-03T13:00")
    before = settled(lab)

    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=WEEKLY;BYDAY=FR,MO;COUNT=4", "2026-03-06T13:00"))
    lab.wait(datetime.fromisoformat("2026-03-07T09:00+00:00") - lab.world.clock.now())
    after = settled(lab)

    assert list(after) == ["03-06 13", "03-09 13", "03-13 13", "03-16 13"]
    assert list(after.values()) == list(before.values())


def test_inv24_what_had_taken_place_when_the_series_was_moved_keeps_its_record_e6() -> None:
    """The counterpart: the same series, moved by the same days, after its first meeting."""
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=4", "2026-03-03T13:00")
    before = settled(lab)
    lab.wait(datetime.fromisoformat("2026-03-04T09:00+00:00") - lab.world.clock.now())

    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=WEEKLY;BYDAY=FR,MO;COUNT=4", "2026-03-06T13:00"))
    lab.wait(datetime.fromisoformat("2026-03-05T09:00+00:00") - lab.world.clock.now())
    after = settled(lab)

    assert list(after) == ["03-03 13", "03-06 13", "03-09 13", "03-13 13", "03-16 13"]
    assert [after[day] for day in ("03-03 13", "03-09 13", "03-13 13", "03-16 13")] == list(before.values())


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


# --- keys of later lives ---------------------------------------------------------------------------------------------


def cancelled_and_back(lab: Lab, id: str, start: str) -> dict[str, str]:
    """One meeting is deleted, and stands again after its record went."""
    mailbox = lab.world.mailbox_of(1)
    mailbox.cancel_occurrence(id, start)
    lab.settle(LAPS)
    thing = mailbox.things[id]
    assert thing.series is not None
    thing.series = replace(thing.series, cancelled=frozenset())
    mailbox.touch(thing)
    return settled(lab)


def test_inv23_a_meeting_made_anew_where_another_one_was_made_anew_before_the_shift_e2() -> None:
    """Who moved takes keys of his own along: the second life of the next one at this place is not his second life.

    With one key for both the plan could never be stored, and nothing of this mailbox was synced any more.
    """
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=4", "2026-03-10T09:00")
    lab.settle(LAPS)
    before = cancelled_and_back(lab, mine, "2026-03-12T09:00:00+00:00")

    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=WEEKLY;BYDAY=TH,SA;COUNT=4", "2026-03-12T09:00"))
    moved = settled(lab)
    assert list(moved.values()) == list(before.values())
    after = cancelled_and_back(lab, mine, "2026-03-12T09:00:00+00:00")

    assert list(after) == ["03-12 09", "03-14 09", "03-19 09", "03-21 09"]
    assert list(after.values())[1:] == list(moved.values())[1:]
    assert after["03-12 09"] not in before.values()


def test_inv29_inv24_a_reset_after_a_series_was_moved_makes_no_meetings_of_the_past_anew_e6() -> None:
    """That it was moved is known by its meetings, which outlive the reset; its past stands under the old times."""
    lab = Lab(1, EVENTS)
    mine = create(lab, "FREQ=DAILY;COUNT=4", "2026-03-03T09:00")
    lab.settle(LAPS)
    lab.wait(datetime.fromisoformat("2026-03-05T08:00+00:00") - lab.world.clock.now())
    lab.world.mailbox_of(1).reschedule(mine, series("FREQ=DAILY;COUNT=4", "2026-03-03T15:00"))
    before = settled(lab)

    reset_user(lab.database, 1)

    assert settled(lab) == before
    assert len(lab.world.mailbox_of(1).living(Kind.EVENT)) == 1


@pytest.mark.parametrize("in_time", [True, False], ids=["saw the first change", "came later"])
def test_inv22_inv23_who_leads_after_a_colleague_moved_the_rows_makes_new_ones_beside_them_d7(in_time: bool) -> None:
    """Epochs are those of the meetings: to somebody who never saw the series otherwise its rows have moved, too."""
    lab = Lab(2, EVENTS)
    host, guest = lab.world.mailbox_of(1), lab.world.mailbox_of(2)
    lab.leave(2)
    mine = create(lab, "FREQ=WEEKLY;BYDAY=TU;COUNT=3", "2026-03-10T09:00", guests=[guest.address])
    lab.settle(LAPS)
    host.reschedule(mine, series("FREQ=WEEKLY;BYDAY=WE;COUNT=3", "2026-03-11T09:00"))
    guest.deliver()
    moved = settled(lab)
    if in_time:
        lab.enter(2)
        assert settled(lab) == moved

    lab.leave(1)
    host.reschedule(mine, series("FREQ=WEEKLY;BYDAY=TU,WE;COUNT=6", "2026-03-10T09:00"))
    guest.deliver()
    lab.enter(2)
    after = settled(lab)

    assert list(after) == ["03-10 09", "03-11 09", "03-17 09", "03-18 09", "03-24 09", "03-25 09"]
    assert [after[day] for day in moved] == list(moved.values())
    assert {pair.line.crm_id for pair in lab.pairs(2)} == set(after.values())


def test_inv23_a_one_off_that_becomes_a_series_where_a_stopped_row_has_its_place_says_so_e5() -> None:
    """What was cancelled before stands again with its own record; nobody has two, and none is left without a word."""
    lab = Lab(1, replace(EVENTS, events=replace(EVENTS.events, deletion=DeletionChoice.STOP)))
    mine = create(lab, "FREQ=DAILY;COUNT=3", "2026-03-10T09:00")
    lab.settle(LAPS)
    mailbox, thing = lab.world.mailbox_of(1), lab.world.mailbox_of(1).things[mine]
    thing.series = None
    mailbox.touch(thing)
    lab.settle(LAPS)
    mailbox.edit(mine, {"when": start_of("2026-03-11T09:00")})
    lab.settle(LAPS)

    mailbox.reschedule(mine, series("FREQ=DAILY;COUNT=2", "2026-03-11T09:00"))
    lab.settle(LAPS)

    pairs = {pair.link.original_start[:10]: pair.link for pair in lab.pairs()}
    assert {day: link.state for day, link in pairs.items()} == {
        "": LinkState.STOPPED, "2026-03-11": LinkState.LINKED, "2026-03-12": LinkState.LINKED,
    }  # fmt: skip
    assert "another record" in pairs[""].reason
    assert len({pair.line.crm_id for pair in lab.pairs()}) == 3
