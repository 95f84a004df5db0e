"""Series of a mailbox and their records in Salesforce, told as stories (docs/sync.md E).

Chance rarely reaches these: rows that move along, wait, or stay behind. Notes are what people wrote into fields
without a mapping; they are lost with a record that is made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.recurrence import Series, start_key
from backend.domain.values import Kind, ShowAs, Timed, Values
from backend.storage import tables
from tests.fakes import planning
from tests.fakes.account import Account, Thing
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab
from tests.fakes.org import Row
from tests.fakes.world import Fault

SETTINGS = replace(
    EVERYTHING,
    contacts=replace(EVERYTHING.contacts, direction=Direction.OFF),
    events=replace(EVERYTHING.events, direction=Direction.BOTH, deletion=DeletionChoice.DELETE),
    days_back=30,
    days_ahead=28,
)
MONDAY = datetime.fromisoformat("2026-03-09T09:00")
ZONE = "Europe/London"
LAPS = 6
"""A cut or vanished series waits for two readings more (INV-8)."""


def lab() -> Lab:
    return Lab(1, SETTINGS)


def series(rule: str, start: datetime = MONDAY, zone: str = ZONE) -> Series:
    return Series(rule, start, zone, 3600)


def first(definition: Series) -> Timed:
    local = definition.start.replace(tzinfo=None)
    start = datetime.combine(local.date(), local.time(), UTC)
    return Timed(start, start + timedelta(hours=1), definition.zone)


def mailbox(lab: Lab) -> Account:
    return lab.world.mailbox_of(1)


def made(lab: Lab, definition: Series, subject: str = "Stand-up") -> str:
    """A series in step, with a note on each of its records."""
    values: Values = {"subject": subject, "when": first(definition), "show_as": ShowAs.BUSY}
    id = mailbox(lab).create(Kind.EVENT, values, series=definition)
    lab.settle(LAPS)
    for row in records(lab):
        lab.world.org.annotate(row.id, f"agreed at {row.id}")
    lab.settle(LAPS)
    return id


def thing(lab: Lab, id: str) -> Thing:
    return mailbox(lab).things[id]


def definition(lab: Lab, id: str) -> Series:
    known = thing(lab, id).series
    assert known is not None
    return known


def starts(row: Row) -> datetime:
    when = row.values["when"]
    assert isinstance(when, Timed)
    return when.start


def records(lab: Lab) -> list[Row]:
    return sorted(lab.world.org.living(Kind.EVENT), key=starts)


def ids(lab: Lab) -> list[str]:
    return [row.id for row in records(lab)]


def days(lab: Lab) -> list[str]:
    return [f"{starts(row):%m-%d %H:%M}" for row in records(lab)]


def later(lab: Lab, cycles: int = 1) -> None:
    """So many readings of both sides, an hour apart."""
    for _ in range(cycles):
        lab.wait(timedelta(hours=1))
        lab.cycle()


# --- an occurrence that goes on keeps its record (E-3, INV-22) --------------------------------------------------------


def moved_by(lab: Lab, id: str, **change: object) -> None:
    mailbox(lab).reschedule(id, replace(definition(lab, id), **change))  # type: ignore[arg-type]  # names are Series' own


@pytest.mark.parametrize(
    ("rule", "start", "change", "expected"),
    [
        (
            "FREQ=DAILY;COUNT=3", MONDAY, {"start": MONDAY.replace(hour=15)},
            ["03-09 15:00", "03-10 15:00", "03-11 15:00"],
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO;COUNT=2", MONDAY,
            {"start": MONDAY + timedelta(days=2), "rule": "FREQ=WEEKLY;BYDAY=WE;COUNT=2"},
            ["03-11 09:00", "03-18 09:00"],
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=6", MONDAY,
            {"start": MONDAY + timedelta(days=1), "rule": "FREQ=WEEKLY;BYDAY=TU,WE,TH;COUNT=6"},
            ["03-10 09:00", "03-11 09:00", "03-12 09:00", "03-17 09:00", "03-18 09:00", "03-19 09:00"],
        ),
        (
            "FREQ=WEEKLY;BYDAY=TU,WE;COUNT=4", MONDAY + timedelta(days=1),
            {"start": MONDAY, "rule": "FREQ=WEEKLY;BYDAY=MO,TU;COUNT=4"},
            ["03-09 09:00", "03-10 09:00", "03-16 09:00", "03-17 09:00"],
        ),
        ("FREQ=DAILY;COUNT=3", MONDAY, {"zone": "America/New_York"}, ["03-09 13:00", "03-10 13:00", "03-11 13:00"]),
    ],
    ids=["time of day", "day of a weekly series", "days that follow each other", "the other way", "zone"],
)  # fmt: skip
def test_inv22_what_goes_on_keeps_its_record_and_its_notes(
    rule: str, start: datetime, change: dict[str, object], expected: list[str]
) -> None:
    """E-3; a series on days that follow each other moves onto its own places."""
    world = lab()
    id = made(world, series(rule, start))
    before = ids(world)

    moved_by(world, id, **change)
    world.settle(LAPS)

    assert (ids(world), days(world)) == (before, expected)
    assert all(row.notes for row in records(world))


def test_inv22_evening_meetings_far_west_of_greenwich_go_on_from_today() -> None:
    """Today is a day in UTC; a meeting that has not ended belongs to the future whatever its own zone's date is."""
    world = lab()
    evening = datetime.fromisoformat("2026-03-09T16:30")
    id = made(world, series("FREQ=DAILY;COUNT=3", evening, "America/Los_Angeles"))
    before = ids(world)
    world.world.clock.advance(datetime(2026, 3, 10, 0, 5, tzinfo=UTC) - world.world.clock.now())

    moved_by(world, id, start=evening.replace(hour=17))
    world.settle(LAPS)

    assert (ids(world), days(world)) == (before, ["03-10 00:30", "03-11 00:30", "03-12 00:30"])


def test_inv22_inv23_a_time_changed_there_and_back_and_a_cancelled_day_that_returns() -> None:
    """E-3: with the time the cancellation is lost; the day comes back as a new record, the others keep theirs."""
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=3"))
    kept = [ids(world)[0], ids(world)[2]]
    mailbox(world).cancel_occurrence(id, start_key(first(series("", MONDAY + timedelta(days=1)))))
    world.settle(LAPS)
    assert ids(world) == kept

    for hour in (10, 9):
        moved_by(world, id, start=MONDAY.replace(hour=hour))
        world.settle(LAPS)

    assert days(world) == ["03-09 09:00", "03-10 09:00", "03-11 09:00"]
    assert [ids(world)[0], ids(world)[2]] == kept


def test_ls158_e5_a_one_off_becomes_a_series_and_back_and_its_record_stays() -> None:
    world = lab()
    values: Values = {"subject": "Review", "when": first(series("")), "show_as": ShowAs.BUSY}
    id = mailbox(world).create(Kind.EVENT, values)
    world.settle(LAPS)
    (record,) = ids(world)

    for _ in range(2):
        mailbox(world).reschedule(id, series("FREQ=DAILY;COUNT=3"))
        world.settle(LAPS)
        assert (len(ids(world)), ids(world)[0]) == (3, record)

        thing(world, id).series = None
        mailbox(world).touch(thing(world, id))
        world.settle(LAPS)
        assert ids(world) == [record]


# --- rows that the rule no longer includes (E-4) ----------------------------------------------------------------------


def shorten(lab: Lab, id: str) -> None:
    mailbox(lab).shorten(id, "FREQ=DAILY;COUNT=2")


def vanish(lab: Lab, id: str) -> None:
    mailbox(lab).delete(id)


@pytest.mark.parametrize(("cut", "left"), [(shorten, 2), (vanish, 0)])
def test_c18_what_was_cut_off_waits_for_two_complete_readings(cut: Callable[[Lab, str], None], left: int) -> None:
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=5"))
    before = ids(world)

    cut(world, id)
    later(world)
    assert ids(world) == before, "the cut is seen"
    later(world)
    assert ids(world) == before, "one reading more"

    later(world)
    assert ids(world) == before[:left]
    world.settle(LAPS)


def test_c18_readings_that_break_off_do_not_count() -> None:
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=5"))
    before = ids(world)
    shorten(world, id)
    later(world)

    for _ in range(4):
        world.wait(timedelta(hours=1))
        world.world.fuel.kill_at(1, Moment.BEFORE, "mailbox.changes")
        assert world.crashing(world.cycle) is not None

    assert ids(world) == before


def test_c18_lengthened_again_the_rows_go_on_as_if_nothing_had_happened() -> None:
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=5"))
    before = ids(world)
    shorten(world, id)
    later(world, 2)

    mailbox(world).shorten(id, "FREQ=DAILY;COUNT=5")
    later(world, 4)
    assert ids(world) == before

    shorten(world, id)
    later(world, 2)
    assert ids(world) == before, "a second cut waits anew"


def test_e4_stop_instead_of_delete_keeps_what_was_cut_off() -> None:
    settings = replace(SETTINGS, events=replace(SETTINGS.events, deletion=DeletionChoice.STOP))
    world = Lab(1, settings)
    id = made(world, series("FREQ=DAILY;COUNT=5"))
    before = ids(world)

    shorten(world, id)
    world.settle(LAPS)

    assert ids(world) == before


# --- the past stays (E-6, INV-24) -------------------------------------------------------------------------------------


def at(lab: Lab, moment: str) -> None:
    lab.world.clock.advance(datetime.fromisoformat(moment).replace(tzinfo=UTC) - lab.world.clock.now())


@pytest.mark.parametrize("end", [vanish, lambda lab, id: mailbox(lab).shorten(id, "FREQ=DAILY;COUNT=1")])
def test_inv24_ended_after_two_of_its_meetings_the_records_of_these_stay(end: Callable[[Lab, str], None]) -> None:
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=5"))
    before = ids(world)
    at(world, "2026-03-11T02:00")

    end(world, id)
    world.settle(LAPS)

    assert ids(world) == before[:2]
    assert all(row.notes for row in records(world))


def test_inv24_a_meeting_that_ended_an_hour_ago_has_taken_place() -> None:
    """Plans know days only: the hour is looked at when the deletion is about to leave."""
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=3"))
    before = ids(world)
    at(world, "2026-03-10T11:00")

    mailbox(world).cancel_occurrence(id, start_key(first(series("", MONDAY + timedelta(days=1)))))
    mailbox(world).cancel_occurrence(id, start_key(first(series("", MONDAY + timedelta(days=2)))))
    world.settle(LAPS)

    assert ids(world) == before[:2]


@pytest.mark.parametrize(
    "change",
    [
        {"start": MONDAY.replace(hour=15)},
        {"start": MONDAY + timedelta(days=1), "rule": "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=6"},
        {"start": MONDAY - timedelta(days=2), "rule": "FREQ=WEEKLY;BYDAY=SA,MO;COUNT=6"},
    ],
    ids=["time of day", "a day later", "onto a day that is over"],
)
def test_inv23_inv24_a_series_moved_in_mid_course_makes_no_meetings_of_the_past_anew(change: dict[str, object]) -> None:
    world = lab()
    id = made(world, series("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=6"))
    before = records(world)
    past = [row.id for row in before[:2]]
    at(world, "2026-03-16T08:00")

    moved_by(world, id, **change)
    world.settle(LAPS)

    living = ids(world)
    assert [id for id in past if id in living] == past
    assert [f"{starts(row):%m-%d %H:%M}" for row in records(world) if row.id in past] == ["03-09 09:00", "03-11 09:00"]
    assert set(living) <= {row.id for row in before}, "a meeting of the past was made anew"


# --- one occurrence and the others (INV-25) ---------------------------------------------------------------------------


def test_inv25_an_occurrence_that_salesforce_refuses_changes_no_other() -> None:
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=3"))
    world.world.org.rules.append(lambda _kind, values: "No agenda" if values.get("subject") == "Bad" else None)
    second = MONDAY + timedelta(days=1)
    when = first(series("", second))

    mailbox(world).edit_occurrence(id, start_key(when), {"subject": "Bad", "when": when, "show_as": ShowAs.BUSY})
    mailbox(world).edit_occurrence(
        id, start_key(first(series("", MONDAY + timedelta(days=2)))),
        {"subject": "Good", "when": first(series("", MONDAY + timedelta(days=2))), "show_as": ShowAs.BUSY},
    )  # fmt: skip
    later(world, 2)

    assert [row.values["subject"] for row in records(world)] == ["Stand-up", "Stand-up", "Good"]
    held = world.rows(sa.select(tables.link.c.reason).where(tables.link.c.state == "held"))
    assert [row.reason for row in held] == ["No agenda"]


def test_inv25_a_broken_exception_leaves_the_others_in_step() -> None:
    """E-1: what cannot be read of one occurrence waits; nothing is deleted for it."""
    world = lab()
    id = made(world, series("FREQ=DAILY;COUNT=3"))
    before = ids(world)
    second = start_key(first(series("", MONDAY + timedelta(days=1))))
    third = first(series("", MONDAY + timedelta(days=2)))

    mailbox(world).edit_occurrence(id, second, {"subject": "Without a time", "show_as": ShowAs.BUSY})
    mailbox(world).edit_occurrence(id, start_key(third), {"subject": "Good", "when": third, "show_as": ShowAs.BUSY})
    later(world, 2)

    assert ids(world) == before
    assert records(world)[2].values["subject"] == "Good"


# --- killed in the middle (C17, C19, C20) -----------------------------------------------------------------------------


def killed_everywhere(prepare: Callable[[], Lab], check: Callable[[Lab], None]) -> int:
    """The pass dies at its first step, then at its second, and so on, each time in a new world; how often it died."""
    nth = 0
    while True:
        nth += 1
        world = prepare()
        world.world.fuel.kill_at(nth, Moment.AFTER)
        if world.crashing(world.cycle) is None:
            return nth - 1
        world.settle(LAPS)
        check(world)


def test_c17_rows_realigned_and_the_patches_not_sent() -> None:
    def prepare() -> Lab:
        world = lab()
        id = made(world, series("FREQ=DAILY;COUNT=3"))
        moved_by(world, id, start=MONDAY.replace(hour=15))
        return world

    def check(world: Lab) -> None:
        assert days(world) == ["03-09 15:00", "03-10 15:00", "03-11 15:00"]
        assert all(row.notes for row in records(world))

    assert killed_everywhere(prepare, check) > 8


def test_c19_some_records_of_a_series_are_made_and_the_rest_not() -> None:
    def prepare() -> Lab:
        world = lab()
        weekly = series("FREQ=DAILY;COUNT=3")
        mailbox(world).create(Kind.EVENT, {"subject": "Stand-up", "when": first(weekly)}, series=weekly)
        return world

    def check(world: Lab) -> None:
        assert days(world) == ["03-09 09:00", "03-10 09:00", "03-11 09:00"]

    assert killed_everywhere(prepare, check) > 8


def test_c19_half_of_a_batch_is_applied_and_its_answer_lost() -> None:
    world = lab()
    daily = series("FREQ=DAILY;COUNT=4")
    mailbox(world).create(Kind.EVENT, {"subject": "Stand-up", "when": first(daily)}, series=daily)
    world.world.faults.append(Fault("crm.write", "half"))
    world.cycle()
    assert len(ids(world)) == 2

    world.settle(LAPS)

    assert days(world) == ["03-09 09:00", "03-10 09:00", "03-11 09:00", "03-12 09:00"]


def test_c20_e7_the_window_rolls_over_a_series_that_nobody_touches() -> None:
    def prepare() -> Lab:
        world = lab()
        made(world, series("FREQ=WEEKLY;BYDAY=MO"))
        world.world.clock.advance(timedelta(days=8))
        return world

    def check(world: Lab) -> None:
        assert days(world) == ["03-09 09:00", "03-16 09:00", "03-23 09:00", "03-30 08:00", "04-06 08:00"]

    calm = prepare()
    assert len(ids(calm)) == 3
    calm.settle(LAPS)
    check(calm)
    assert killed_everywhere(prepare, check) > 8


# --- what Salesforce does not take ------------------------------------------------------------------------------------


def test_ls153_the_head_of_a_classic_series_is_skipped_and_its_reason_is_told() -> None:
    why = "This is the head of a repeating event made in Salesforce Classic."
    head = replace(planning.record(planning.BASE[Kind.EVENT], id="head"), problem=why)
    desk = planning.Desk(Kind.EVENT, records=[head])

    planned = desk.plan()

    assert [(note.ref, note.reason) for step in planned.steps for note in step.notes] == [("head", why)]
    assert list(planning.intents(planned)) == []


def test_ls161_over_a_day_with_multiday_off_is_reported_and_not_cut() -> None:
    world = lab()
    world.world.org.multiday = False
    start = datetime(2026, 3, 9, 9, tzinfo=UTC)
    day = Timed(start, start + timedelta(minutes=1440), ZONE)
    longer = Timed(start, start + timedelta(minutes=1441), ZONE)
    mailbox(world).create(Kind.EVENT, {"subject": "A day", "when": day})
    long = mailbox(world).create(Kind.EVENT, {"subject": "Longer", "when": longer})
    later(world, 2)

    assert [row.values["subject"] for row in records(world)] == ["A day"]
    assert thing(world, long).values["when"] == longer
    (held,) = world.rows(sa.select(tables.link.c.reason).where(tables.link.c.state == "held"))
    assert "1440 minutes" in held.reason

    world.world.org.multiday = True
    mailbox(world).edit(long, {"subject": "Longer still"})
    world.settle(LAPS)
    assert [row.values["subject"] for row in records(world)] == ["A day", "Longer still"]
