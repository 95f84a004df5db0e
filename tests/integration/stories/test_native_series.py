"""Repeating events of the mailbox as event series of Salesforce, told as stories (E-10, LS-152, LS-155, LS-156)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Configuration, SeriesRule
from backend.domain.recurrence import Series, start_key
from backend.domain.values import Kind, ShowAs, Side, Timed, Values
from backend.ports.answers import Op
from backend.storage import tables
from backend.storage.reset import reset_user
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab
from tests.fakes.world import ApiWrite, Fault
from tests.integration.stories.test_series_stories import (
    LAPS,
    MONDAY,
    SETTINGS,
    at,
    days,
    first,
    ids,
    mailbox,
    moved_by,
    records,
    series,
    thing,
)

NATIVE = replace(SETTINGS, series=SeriesRule.NATIVE)
DAILY = "FREQ=DAILY;COUNT=4"
WEEKLY = "FREQ=WEEKLY;BYDAY=MO;WKST=SU"


def lab(settings: Configuration = NATIVE) -> Lab:
    return Lab(1, settings)


def create(lab: Lab, definition: Series, subject: str = "Stand-up", **more: object) -> str:
    values: Values = {"subject": subject, "when": first(definition), "show_as": ShowAs.BUSY, **more}  # type: ignore[dict-item]  # field values by name
    return mailbox(lab).create(Kind.EVENT, values, series=definition)


def made(lab: Lab, rule: str = DAILY) -> str:
    """A series in step."""
    id = create(lab, series(rule))
    lab.settle(LAPS)
    assert native(lab) == ids(lab)
    return id


def native(lab: Lab) -> list[str]:
    """Rows of Salesforce series."""
    return [row.id for row in records(lab) if row.series]


def crm_writes(lab: Lab, since: int = 0) -> list[ApiWrite]:
    return [write for write in lab.world.writes[since:] if write.side is Side.CRM]


def rules(lab: Lab) -> set[str]:
    """What the passport tells of the writes that made records."""
    made = tables.history.c.op == Op.CREATE.value
    return {row.rule for row in lab.rows(sa.select(tables.history.c.rule).where(made))}


def occurrence(day: int, hour: int = 9) -> Timed:
    return first(series("", MONDAY.replace(hour=hour) + timedelta(days=day)))


# --- made ------------------------------------------------------------------------------------------------------------


def test_ls152_a_new_series_becomes_one_series_by_one_write() -> None:
    world = lab()
    id = create(world, series(DAILY))
    world.settle(LAPS)

    assert days(world) == ["03-09 09:00", "03-10 09:00", "03-11 09:00", "03-12 09:00"]
    assert native(world) == ids(world)
    assert len({row.series for row in records(world)}) == 1
    assert [write.op for write in crm_writes(world)] == [Op.CREATE]
    assert len(mailbox(world).living(Kind.EVENT)) == 1, "no occurrence comes back as an event of its own"
    assert {pair.link.mailbox_id for pair in world.pairs()} == {id}
    assert rules(world) == {"New in the mailbox, made as a Salesforce event series."}


def test_e7_an_endless_series_reaches_as_far_as_occurrences_are_made_and_is_prolonged_by_single_events() -> None:
    world = lab()
    create(world, series(WEEKLY))
    world.settle(LAPS)
    before = ids(world)
    assert native(world) == before
    assert len(before) == 3

    world.wait(timedelta(days=8))
    world.settle(LAPS)

    assert len(ids(world)) > len(before)
    assert native(world) == before
    assert any("cannot be prolonged" in rule for rule in rules(world))


def cancelled(day: int) -> Series:
    return replace(series(DAILY), cancelled=frozenset({(MONDAY + timedelta(days=day)).date()}))


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (Series("FREQ=DAILY;COUNT=3", MONDAY.replace(hour=0), "UTC", 0, 1), "whole days could slip"),
        (cancelled(1), "a Salesforce series has no exceptions"),
        (series("FREQ=DAILY;COUNT=4", zone="Asia/Kolkata"), None),
        (series("FREQ=DAILY;COUNT=28", zone="America/New_York"), "its hours differ"),
        (series("FREQ=MONTHLY;BYMONTHDAY=9;COUNT=2"), "only one of its meetings"),
        (series("FREQ=WEEKLY;BYDAY=MO;INTERVAL=100"), "only one of its meetings"),
        (series("FREQ=DAILY;BYHOUR=9;COUNT=3"), "no such repetition"),
    ],
    ids=["whole days", "cancelled", "no summer time in between", "other zone", "one of them", "seldom", "by hours"],
)
def test_ls155_what_salesforce_cannot_keep_as_a_series_is_single_events_and_says_why(
    definition: Series, reason: str | None
) -> None:
    world = lab()
    create(world, definition)
    world.settle(LAPS)

    rows = world.world.org.living(Kind.EVENT)
    assert rows
    assert all((row.series is None) is (reason is not None) for row in rows)
    assert reason is None or all(reason in rule for rule in rules(world))


def test_ls155_a_pattern_that_salesforce_does_not_take_makes_single_events() -> None:
    world = lab()
    world.world.org.series_allowed = False
    create(world, series(DAILY))
    world.settle(LAPS)

    assert days(world) == ["03-09 09:00", "03-10 09:00", "03-11 09:00", "03-12 09:00"]
    assert native(world) == []
    assert any("Salesforce made no such meeting" in rule for rule in rules(world))


def test_sf098_occurrences_that_come_late_are_waited_for() -> None:
    world = lab()
    world.world.org.series_delay = timedelta(seconds=20)
    create(world, series(DAILY))
    world.cycle()
    world.settle(LAPS)

    assert native(world) == ids(world)
    assert len(ids(world)) == 4


def test_inv3_two_series_alike_are_two() -> None:
    world = lab()
    create(world, series(DAILY))
    create(world, series(DAILY))
    world.settle(LAPS)

    assert native(world) == ids(world)
    assert len(ids(world)) == 8
    assert len({pair.line.crm_id for pair in world.pairs()}) == 8


# --- changed in the mailbox ------------------------------------------------------------------------------------------


def noted(lab: Lab) -> None:
    for row in records(lab):
        lab.world.org.annotate(row.id, f"agreed at {row.id}")
    lab.settle(LAPS)


def test_sf102_a_change_of_all_is_one_write_and_every_record_stays() -> None:
    world = lab()
    id = made(world)
    noted(world)
    before, since = ids(world), len(world.world.writes)

    mailbox(world).edit(id, {"subject": "Huddle", "location": "Room 4"})
    world.settle(LAPS)

    assert [write.op for write in crm_writes(world, since)] == [Op.UPDATE]
    assert (ids(world), native(world)) == (before, before)
    assert {(row.values["subject"], row.values["location"]) for row in records(world)} == {("Huddle", "Room 4")}
    assert all(row.notes for row in records(world))


def test_sf102_inv22_another_time_of_day_is_one_write_and_every_record_stays() -> None:
    world = lab()
    id = made(world, "FREQ=DAILY;COUNT=28")  # over the change to summer time
    noted(world)
    before, since = ids(world), len(world.world.writes)

    moved_by(world, id, start=MONDAY.replace(hour=15))
    world.settle(LAPS)

    assert [write.op for write in crm_writes(world, since)] == [Op.UPDATE]
    assert (ids(world), native(world)) == (before, before)
    assert {day[6:] for day in days(world)} == {"15:00", "14:00"}
    assert all(row.notes for row in records(world))


def test_ls156_one_changed_occurrence_leaves_the_series_and_the_others_stay_as_they_are() -> None:
    world = lab()
    id = made(world)
    before = ids(world)
    moved = occurrence(1, 16)

    mailbox(world).edit_occurrence(
        id, start_key(occurrence(1)), {"subject": "Late", "when": moved, "show_as": ShowAs.BUSY}
    )
    world.settle(LAPS)

    assert days(world) == ["03-09 09:00", "03-10 16:00", "03-11 09:00", "03-12 09:00"]
    assert native(world) == [before[0], before[2], before[3]]
    assert [row.values["subject"] for row in records(world)] == ["Stand-up", "Late", "Stand-up", "Stand-up"]
    assert not world.world.org.rows[before[1]].alive

    mailbox(world).edit(id, {"subject": "Huddle"})
    since = len(world.world.writes)
    world.settle(LAPS)
    assert [row.values["subject"] for row in records(world)] == ["Huddle", "Late", "Huddle", "Huddle"]
    assert [write.op for write in crm_writes(world, since)] == [Op.UPDATE]


def test_e6_an_occurrence_that_people_related_is_not_made_anew_but_told() -> None:
    world = lab()
    id = made(world)
    before = ids(world)
    world.world.org.relate(before[1], "001000000000000001")
    world.settle(LAPS)

    mailbox(world).edit_occurrence(
        id, start_key(occurrence(1)), {"subject": "Late", "when": occurrence(1), "show_as": ShowAs.BUSY}
    )
    world.settle(LAPS)

    assert native(world) == before
    held = world.rows(sa.select(tables.link.c.reason).where(tables.link.c.state == "held"))
    assert ["related it to other records" in row.reason for row in held] == [True]


def test_ls157_a_cancelled_occurrence_goes_and_the_rest_stays() -> None:
    world = lab()
    id = made(world)
    before = ids(world)

    mailbox(world).cancel_occurrence(id, start_key(occurrence(1)))
    world.settle(LAPS)
    assert native(world) == [before[0], before[2], before[3]]

    mailbox(world).edit(id, {"location": "Room 4"})
    world.settle(LAPS)
    assert native(world) == [before[0], before[2], before[3]]
    assert {row.values.get("location") for row in records(world)} == {"Room 4"}


def test_inv24_a_series_moved_in_mid_course_leaves_its_past_where_it_was() -> None:
    world = lab()
    id = made(world)
    before = ids(world)
    at(world, "2026-03-11T02:00")
    world.settle(LAPS)

    moved_by(world, id, start=MONDAY.replace(hour=15))
    world.settle(LAPS)

    assert days(world) == ["03-09 09:00", "03-10 09:00", "03-11 15:00", "03-12 15:00"]
    assert native(world) == before[:2]
    assert len(ids(world)) == 4


def test_sf102_an_occurrence_that_is_over_changes_alone() -> None:
    world = lab()
    id = made(world)
    before = ids(world)
    at(world, "2026-03-11T02:00")

    mailbox(world).edit_occurrence(
        id, start_key(occurrence(0)), {"subject": "Was long", "when": occurrence(0), "show_as": ShowAs.BUSY}
    )
    world.settle(LAPS)

    assert native(world) == before
    assert [row.values["subject"] for row in records(world)] == ["Was long", "Stand-up", "Stand-up", "Stand-up"]


def test_sf102_inv24_one_that_began_today_is_changed_in_place() -> None:
    world = lab()
    id = made(world)
    before = ids(world)
    at(world, "2026-03-10T12:00")

    mailbox(world).edit_occurrence(
        id, start_key(occurrence(1)), {"subject": "Was long", "when": occurrence(1), "show_as": ShowAs.BUSY}
    )
    world.settle(LAPS)

    assert native(world) == before
    assert [row.values["subject"] for row in records(world)] == ["Stand-up", "Was long", "Stand-up", "Stand-up"]


def test_inv6_one_write_for_all_overwrites_nothing_that_somebody_wrote_just_now() -> None:
    """A row changed in Salesforce after it was read: the write of the series is compared again first."""
    world = lab()
    id = made(world)
    before = ids(world)
    world.read()
    world.world.org.edit(before[1], {"location": "At the client's"})

    mailbox(world).edit(id, {"location": "Room 4"})
    world.sync()
    world.settle(LAPS)

    conflicts = world.rows(sa.select(tables.conflict.c.crm_value))
    mine = thing(world, id).series
    assert mine is not None
    in_mailbox = [values.get("location") for values in mine.exceptions.values()]
    assert "At the client's" in str([row.crm_value for row in conflicts]) or in_mailbox == ["At the client's"]
    assert {row.values.get("location") for row in records(world)} <= {"Room 4", "At the client's"}


def test_e3_a_longer_and_a_shorter_rule() -> None:
    world = lab()
    id = made(world)
    before = ids(world)

    mailbox(world).shorten(id, "FREQ=DAILY;COUNT=6")
    world.settle(LAPS)
    assert native(world) == before
    assert len(ids(world)) == 6

    mailbox(world).shorten(id, "FREQ=DAILY;COUNT=2")
    world.settle(LAPS)
    assert ids(world) == before[:2]


def test_a_series_deleted_in_the_mailbox_goes_as_a_whole() -> None:
    world = lab()
    id = made(world)
    mailbox(world).delete(id)
    world.settle(LAPS)
    assert ids(world) == []


# --- changed in Salesforce -------------------------------------------------------------------------------------------


def test_e8_an_edit_of_the_whole_series_in_salesforce_reaches_its_meetings_only() -> None:
    world = lab()
    id = made(world)
    before = ids(world)

    world.world.org.edit_series(before[0], {"location": "Room 4"})
    world.settle(LAPS)

    known = thing(world, id).series
    assert known is not None
    assert [values.get("location") for values in known.exceptions.values()] == ["Room 4"] * 4
    assert native(world) == before
    assert len(mailbox(world).living(Kind.EVENT)) == 1


def test_e8_an_occurrence_changed_or_deleted_in_salesforce_is_just_this_meeting() -> None:
    world = lab()
    id = made(world)
    before = ids(world)

    world.world.org.edit(before[1], {"location": "Room 4"})
    world.world.org.delete(before[2])
    world.settle(LAPS)

    known = thing(world, id).series
    assert known is not None
    assert [values.get("location") for values in known.exceptions.values()] == ["Room 4"]
    assert [f"{day:%m-%d}" for day in known.cancelled] == ["03-11"]
    assert native(world) == [before[0], before[1], before[3]]


def test_a_series_deleted_in_salesforce_cancels_its_meetings() -> None:
    world = lab()
    made(world)
    for row in records(world):
        world.world.org.delete(row.id)
    world.settle(LAPS)
    assert ids(world) == []
    assert all(pair.link.state.value != "linked" for pair in world.pairs())


# --- the choice ------------------------------------------------------------------------------------------------------


def change(lab: Lab, settings: Configuration) -> None:
    lab.settings = settings
    with lab.configurations.editing() as editor:
        editor.save(settings)
    lab.settle(LAPS)


def test_ls152_the_choice_is_for_new_series_what_is_there_stays_as_it_is() -> None:
    world = lab(SETTINGS)
    old = create(world, series(DAILY), "Old")
    world.settle(LAPS)
    singles = ids(world)
    since = len(world.world.writes)

    change(world, NATIVE)
    assert ids(world) == singles
    assert world.world.writes[since:] == []
    create(world, series(DAILY, MONDAY.replace(hour=14)), "New")
    world.settle(LAPS)
    rows = native(world)
    assert len(rows) == 4
    assert set(ids(world)) == {*singles, *rows}

    since = len(world.world.writes)
    change(world, SETTINGS)
    assert world.world.writes[since:] == []
    mailbox(world).edit(old, {"location": "Room 4"})
    world.settle(LAPS)
    assert native(world) == rows
    assert set(ids(world)) == {*singles, *rows}


def test_g2_after_a_reset_everything_is_paired_again_and_nothing_is_written() -> None:
    world = lab()
    made(world)
    before, since = ids(world), len(world.world.writes)

    reset_user(world.database, 1)
    world.settle(LAPS)

    assert ids(world) == before
    assert world.world.writes[since:] == []
    assert {pair.line.crm_id for pair in world.pairs()} == set(before)
    assert len(mailbox(world).living(Kind.EVENT)) == 1


# --- one of them is different ----------------------------------------------------------------------------------------


def test_inv6_one_that_was_changed_in_salesforce_leaves_the_series_before_all_others_change() -> None:
    """E-8, F-9: its place stays as somebody wrote it, the others go on with their records."""
    world = lab()
    id = made(world)
    noted(world)
    before = ids(world)
    world.world.org.edit(before[1], {"location": "At the client's"})
    world.settle(LAPS)

    mailbox(world).edit(id, {"location": "Room 4"})
    world.settle(LAPS)

    assert native(world) == [before[0], before[2], before[3]]
    places = [row.values.get("location") for row in records(world)]
    assert places == ["Room 4", "At the client's", "Room 4", "Room 4"]


def test_inv6_what_cannot_leave_keeps_the_series_as_it_is_and_that_is_told() -> None:
    world = lab()
    id = made(world)
    before = ids(world)
    world.world.org.edit(before[1], {"location": "At the client's"})
    world.world.org.relate(before[1], "001000000000000001")
    world.settle(LAPS)

    mailbox(world).edit(id, {"location": "Room 4"})
    world.settle(LAPS)

    assert native(world) == before
    assert world.world.org.rows[before[1]].values["location"] == "At the client's"
    held = world.rows(sa.select(tables.link.c.reason).where(tables.link.c.state == "held"))
    assert len(held) == 4


# --- killed in the middle --------------------------------------------------------------------------------------------


def killed(prepare: Callable[[], Lab], check: Callable[[Lab], None], moment: Moment) -> int:
    """The pass dies at its first step, then at its second, and so on, each time in a new world; how often it died."""
    nth = 0
    while True:
        nth += 1
        world = prepare()
        world.world.fuel.kill_at(nth, moment)
        if world.crashing(world.cycle) is None:
            return nth - 1
        world.settle(LAPS)
        check(world)


def four_rows(world: Lab, hours: str = "09:00") -> None:
    assert days(world) == [f"03-{day:02d} {hours}" for day in (9, 10, 11, 12)]
    assert len(mailbox(world).living(Kind.EVENT)) == 1


@pytest.mark.parametrize("moment", list(Moment))
def test_c19_killed_while_a_series_is_made(moment: Moment) -> None:
    def prepare() -> Lab:
        world = lab()
        create(world, series(DAILY))
        return world

    def check(world: Lab) -> None:
        four_rows(world)
        assert native(world) == ids(world)

    assert killed(prepare, check, moment) > 8


def test_c19_killed_while_a_series_is_made_and_edited_before_the_next_pass() -> None:
    """Its rows are known again by the starts that they were planned with, whatever the meetings are by then."""
    nth = 0
    while True:
        nth += 1
        world = lab()
        id = create(world, series(DAILY))
        world.world.fuel.kill_at(nth, Moment.AFTER)
        if world.crashing(world.cycle) is None:
            break
        moved_by(world, id, start=MONDAY.replace(hour=15))
        mailbox(world).edit(id, {"subject": "Huddle"})
        world.settle(LAPS)
        four_rows(world, "15:00")
        assert {row.values["subject"] for row in records(world)} == {"Huddle"}
    assert nth > 8


def test_c19_the_answer_of_the_first_one_is_lost() -> None:
    world = lab()
    create(world, series(DAILY))
    world.world.faults.append(Fault("crm.write", "lost"))
    world.cycle()
    world.settle(LAPS)
    four_rows(world)
    assert native(world) == ids(world)


def test_c4_killed_while_a_series_is_moved() -> None:
    def prepare() -> Lab:
        world = lab()
        id = made(world)
        moved_by(world, id, start=MONDAY.replace(hour=15))
        return world

    def check(world: Lab) -> None:
        four_rows(world, "15:00")

    assert killed(prepare, check, Moment.AFTER) > 8


def test_c16_killed_while_one_leaves_its_series() -> None:
    def prepare() -> Lab:
        world = lab()
        id = made(world)
        whole: Values = {"subject": "Late", "when": occurrence(1, 16), "show_as": ShowAs.BUSY}
        mailbox(world).edit_occurrence(id, start_key(occurrence(1)), whole)
        return world

    def check(world: Lab) -> None:
        assert days(world) == ["03-09 09:00", "03-10 16:00", "03-11 09:00", "03-12 09:00"]
        assert len(native(world)) == 3
        assert len(mailbox(world).living(Kind.EVENT)) == 1

    assert killed(prepare, check, Moment.AFTER) > 8


# --- series that people made in Salesforce ---------------------------------------------------------------------------


def test_e10_a_series_of_salesforce_reaches_the_mailbox_meeting_by_meeting_and_is_changed_in_salesforce_only() -> None:
    world = lab()
    world.settle(LAPS)
    org, owner = world.world.org, world.world.people[1].crm_user_id
    values: Values = {"subject": "Review", "when": occurrence(0), "show_as": ShowAs.BUSY}
    org.repeat(org.rows[org.create(Kind.EVENT, values, owner)], "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3")
    world.settle(LAPS)
    items = mailbox(world).living(Kind.EVENT)
    assert [item.series for item in items] == [None, None, None]
    since = len(world.world.writes)

    mailbox(world).edit(items[1].id, {"subject": "Renamed"})
    world.settle(LAPS)

    assert world.world.writes[since:] == []
    assert {row.values["subject"] for row in records(world)} == {"Review"}
    held = world.rows(sa.select(tables.link.c.reason).where(tables.link.c.state == "held"))
    assert [row.reason for row in held] == ["It belongs to a repeating Salesforce event."]
    org.edit_series(records(world)[0].id, {"location": "Room 4"})
    world.settle(LAPS)
    assert [item.values.get("location") for item in mailbox(world).living(Kind.EVENT)] == ["Room 4"] * 3
