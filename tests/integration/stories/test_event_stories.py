"""Events between a mailbox and Salesforce, told as stories. Each ends settled: a further pass writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Configuration, DeletionChoice, Direction, GuestRule, Which
from backend.domain.recurrence import Series
from backend.domain.values import AllDay, Kind, ShowAs, Timed, Values
from backend.storage import tables
from tests.fakes.databases import EVERYTHING
from tests.fakes.fake_mailbox import HOME
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab
from tests.fakes.world import Fault


def configured(
    direction: Direction = Direction.BOTH, deletion: DeletionChoice = DeletionChoice.DELETE, **more: object
) -> Configuration:
    """Events by these settings, contacts off."""
    contacts = replace(EVERYTHING.contacts, direction=Direction.OFF)
    events = replace(EVERYTHING.events, direction=direction, deletion=deletion)
    return replace(EVERYTHING, contacts=contacts, events=events, **more)  # type: ignore[arg-type]  # names are the setting's own


def timed(lab: Lab, days: float = 2, minutes: int = 60, zone: str | None = "Europe/Berlin") -> Timed:
    start = (lab.world.clock.now() + timedelta(days=days)).replace(microsecond=0)
    return Timed(start, start + timedelta(minutes=minutes), zone)


def in_mailbox(lab: Lab, subject: str = "Review", user: int = 1, guests: tuple[str, ...] = (), **more: object) -> str:
    values: Values = {"subject": subject, "when": timed(lab), "show_as": ShowAs.BUSY, **more}  # type: ignore[dict-item]  # field values
    return lab.world.mailbox_of(user).create(Kind.EVENT, values, guests=guests)


def in_salesforce(lab: Lab, subject: str = "Review", owner: int = 1, **more: object) -> str:
    values: Values = {"subject": subject, "when": timed(lab, zone=None), "show_as": ShowAs.BUSY, **more}  # type: ignore[dict-item]  # field values
    return lab.world.org.create(Kind.EVENT, values, lab.world.people[owner].crm_user_id)


def records(lab: Lab) -> list[Values]:
    return [row.values for row in lab.world.org.living(Kind.EVENT)]


def items(lab: Lab, user: int = 1) -> list[Values]:
    return [thing.values for thing in lab.world.mailbox_of(user).living(Kind.EVENT)]


def only_record(lab: Lab) -> str:
    (row,) = lab.world.org.living(Kind.EVENT)
    return row.id


def test_ls103_ls108_existing_events_of_the_calendar_reach_salesforce() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab)

    lab.settle()

    assert [row["subject"] for row in records(lab)] == ["Review"]


def test_ls104_only_selected_events_reach_salesforce_and_the_others_are_not_stored() -> None:
    lab = Lab(1, configured(which=Which.SELECTED))
    chosen, other = in_mailbox(lab, "Chosen"), in_mailbox(lab, "Other")
    uid = lab.world.mailbox_of(1).things[chosen].uid
    with lab.database.begin() as connection:
        row = {"user_id": 1, "uid": uid, "original_start": "", "created_at": lab.world.clock.now()}
        connection.execute(sa.insert(tables.selection), row)

    lab.settle()

    assert [row["subject"] for row in records(lab)] == ["Chosen"]
    kept = {row.mailbox_id: row for row in lab.rows(sa.select(tables.mailbox_item))}
    assert kept[other].values is None
    assert kept[other].presence == "outside"


def test_ls105_no_longer_selected_stops_updates_and_deletes_nothing() -> None:
    lab = Lab(1, configured(which=Which.SELECTED))
    chosen = in_mailbox(lab, "Chosen")
    uid = lab.world.mailbox_of(1).things[chosen].uid
    with lab.database.begin() as connection:
        row = {"user_id": 1, "uid": uid, "original_start": "", "created_at": lab.world.clock.now()}
        connection.execute(sa.insert(tables.selection), row)
    lab.settle()

    with lab.database.begin() as connection:
        connection.execute(sa.update(tables.selection).values(ended_at=lab.world.clock.now()))
    lab.world.mailbox_of(1).edit(chosen, {"subject": "Changed"})
    lab.settle()

    assert [row["subject"] for row in records(lab)] == ["Chosen"]


def leg_began(lab: Lab) -> None:
    with lab.database.begin() as connection:
        connection.execute(sa.update(tables.user_state).values(events_leg_since=lab.world.clock.now()))


def test_ls106_an_event_of_salesforce_untouched_since_the_start_is_not_pushed() -> None:
    lab = Lab(1, configured())
    in_salesforce(lab)
    lab.world.clock.advance(timedelta(hours=1))
    leg_began(lab)

    lab.settle()

    assert items(lab) == []


def test_ls107_the_same_event_edited_after_the_start_is_pushed() -> None:
    lab = Lab(1, configured())
    record = in_salesforce(lab)
    lab.world.clock.advance(timedelta(hours=1))
    leg_began(lab)
    lab.settle()

    lab.world.org.edit(record, {"location": "Room 1"})
    lab.settle()

    assert [item["location"] for item in items(lab)] == ["Room 1"]


@pytest.mark.parametrize("fault", ["lost", "killed"])
def test_inv6_a_time_edited_in_salesforce_while_the_answer_to_its_create_was_lost_is_kept(fault: str) -> None:
    """C4: the mailbox gave the found event a zone, which is no edit of it."""
    lab = Lab(1, configured())
    record = in_salesforce(lab)
    if fault == "lost":
        lab.world.faults.append(Fault("mailbox.write", "lost"))
        lab.cycle()
    else:
        lab.read()
        lab.world.fuel.kill_at(1, Moment.AFTER, "mailbox.write")
        assert lab.crashing(lab.sync) is not None
        lab.revive()
    assert len(items(lab)) == 1

    later = timed(lab, days=3, zone=None)
    lab.world.org.edit(record, {"when": later})
    lab.settle()

    (row,), (item,) = records(lab), items(lab)
    assert row["when"] == later
    assert item["when"] == replace(later, zone=HOME)
    assert lab.count(tables.conflict) == 0


def test_ls109_ended_before_the_window_is_not_taken() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab, when=timed(lab, days=-31))

    lab.settle()

    assert records(lab) == []


def test_ls110_what_began_before_the_window_and_ends_inside_is_taken() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab, when=timed(lab, days=-31, minutes=2 * 24 * 60))

    lab.settle()

    assert len(records(lab)) == 1


def test_inv11_an_event_that_left_the_window_before_it_was_paired_is_made_on_neither_side_f2() -> None:
    """F2: two windows would be a duplicate factory."""
    lab = Lab(1, configured())
    long_ago = timed(lab, days=-31)
    in_mailbox(lab, when=long_ago)
    in_salesforce(lab, when=replace(long_ago, zone=None))
    in_salesforce(lab, "Only here", when=replace(long_ago, zone=None))

    lab.settle()

    assert (len(records(lab)), len(items(lab)), lab.world.writes) == (2, 1, [])


def test_ls111_equal_subject_start_and_end_pair_and_make_no_duplicate() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab)
    in_salesforce(lab)

    lab.settle()

    assert (len(records(lab)), len(items(lab))) == (1, 1)


@pytest.mark.parametrize("change", ["subject", "start", "end"])
def test_ls112_one_of_them_different_makes_two(change: str) -> None:
    lab = Lab(1, configured())
    in_mailbox(lab)
    moment = timed(lab, zone=None)
    other: dict[str, Values] = {
        "subject": {"subject": "Preview", "when": moment},
        "start": {"subject": "Review", "when": Timed(moment.start - timedelta(minutes=5), moment.end)},
        "end": {"subject": "Review", "when": Timed(moment.start, moment.end + timedelta(minutes=5))},
    }
    lab.world.org.create(Kind.EVENT, {**other[change], "show_as": ShowAs.BUSY}, lab.world.people[1].crm_user_id)

    lab.settle()

    assert (len(records(lab)), len(items(lab))) == (2, 2)


def test_ls113_two_equal_records_and_one_event_make_one_pair_and_one_new_event() -> None:
    lab = Lab(1, configured())
    in_salesforce(lab)
    in_salesforce(lab)
    in_mailbox(lab)

    lab.settle()

    assert (len(records(lab)), len(items(lab)), len(lab.pairs())) == (2, 2, 2)


def test_ls118_tentative_becomes_busy_in_salesforce_and_stays_tentative_in_the_mailbox() -> None:
    lab = Lab(1, configured())
    item = in_mailbox(lab, show_as=ShowAs.TENTATIVE)
    lab.settle()

    lab.world.org.edit(only_record(lab), {"subject": "Renamed"})
    lab.settle()

    assert records(lab)[0]["show_as"] is ShowAs.BUSY
    kept = lab.world.mailbox_of(1).read(item) or {}
    assert (kept["show_as"], kept["subject"]) == (ShowAs.TENTATIVE, "Renamed")


def test_ls119_a_subject_beyond_255_characters_is_shortened_in_salesforce_only() -> None:
    lab = Lab(1, configured())
    item = in_mailbox(lab, "x" * 300)

    lab.settle()

    assert len(str(records(lab)[0]["subject"])) == 255
    assert (lab.world.mailbox_of(1).read(item) or {})["subject"] == "x" * 300


def test_ls134_an_invitees_copy_in_salesforce_is_never_pushed() -> None:
    lab = Lab(2, configured())
    record = in_salesforce(lab, owner=1)
    lab.world.org.child_of(record, lab.world.people[2].crm_user_id)

    lab.settle()

    assert (len(items(lab, 1)), len(items(lab, 2))) == (1, 0)


def test_ls147_a_private_event_stays_in_the_mailbox_when_the_switch_is_off() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab, private=True)

    lab.settle()

    assert records(lab) == []


def test_ls149_an_event_made_private_later_stops_and_its_copy_stays() -> None:
    lab = Lab(1, configured())
    item = in_mailbox(lab)
    lab.settle()

    lab.world.mailbox_of(1).edit(item, {"private": True, "subject": "Hidden"})
    lab.settle()

    assert [row["subject"] for row in records(lab)] == ["Review"]


def test_private_events_sync_as_private_when_the_switch_is_on() -> None:
    """LS-148, as far as the event itself goes."""
    lab = Lab(1, configured(private=True))
    in_mailbox(lab, private=True)

    lab.settle()

    assert [row["private"] for row in records(lab)] == [True]


@pytest.mark.parametrize("first", [date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5)])
def test_ls159_an_all_day_event_keeps_its_dates(first: date) -> None:
    lab = Lab(1, configured())
    in_mailbox(lab, when=AllDay(first, first + timedelta(days=1)))

    lab.settle()

    assert records(lab)[0]["when"] == AllDay(first, first + timedelta(days=1))


def test_ls160_fourteen_days_are_stored_and_one_minute_more_is_refused_with_its_reason() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab, "Fits", when=timed(lab, minutes=14 * 24 * 60))
    in_mailbox(lab, "Too long", when=timed(lab, minutes=14 * 24 * 60 + 1))

    lab.settle()

    assert [row["subject"] for row in records(lab)] == ["Fits"]
    (held,) = [pair.link for pair in lab.pairs() if pair.link.state == "held"]
    assert "14 days" in held.reason


def test_ls164_with_deletion_on_a_deletion_on_either_side_removes_the_other_copy() -> None:
    lab = Lab(1, configured())
    first, second = in_mailbox(lab, "First"), in_mailbox(lab, "Second")
    lab.settle()
    by_subject = {row.values["subject"]: row.id for row in lab.world.org.living(Kind.EVENT)}

    lab.world.mailbox_of(1).delete(first)
    lab.world.org.delete(by_subject["Second"])
    lab.settle()

    assert (records(lab), items(lab)) == ([], [])
    assert lab.world.mailbox_of(1).things[second].place.value == "bin"


def test_ls165_with_deletion_off_the_other_copy_stays_and_nothing_is_made_again() -> None:
    lab = Lab(1, configured(deletion=DeletionChoice.STOP))
    item = in_mailbox(lab)
    lab.settle()

    lab.world.mailbox_of(1).delete(item)
    lab.settle()

    assert (len(records(lab)), items(lab)) == (1, [])


def test_a_deletion_on_the_target_side_of_a_one_way_sync_is_not_sent_back() -> None:
    """LS-166."""
    lab = Lab(1, configured(Direction.TO_CRM))
    in_mailbox(lab)
    lab.settle()

    lab.world.org.delete(only_record(lab))
    lab.settle()

    assert (records(lab), len(items(lab))) == ([], 1)


def test_ls168_a_record_deleted_by_sync_lies_in_the_recycle_bin() -> None:
    lab = Lab(1, configured())
    item = in_mailbox(lab)
    lab.settle()
    record = only_record(lab)

    lab.world.mailbox_of(1).delete(item)
    lab.settle()

    lab.world.org.restore(record)
    assert (lab.world.org.read(record) or {})["subject"] == "Review"


def test_ls116_only_mapped_fields_are_written() -> None:
    """LS-117: reminders, categories and attachments have no row in the field map."""
    lab = Lab(1, configured())
    in_mailbox(lab, location="Room 1", description="Agenda")

    lab.settle()

    (write,) = lab.world.writes
    assert set(write.values) <= {"subject", "when", "location", "description", "show_as", "private"}


@pytest.mark.parametrize("rule", list(GuestRule))
def test_inv12_a_salesforce_edit_of_a_meeting_with_guests_mails_nobody_unless_told_to(rule: GuestRule) -> None:
    lab = Lab(1, configured(guests=rule))
    item = in_mailbox(lab, guests=("guest@elsewhere.example",))
    lab.settle()
    moved = timed(lab, days=3, zone=None)

    lab.world.org.edit(only_record(lab), {"when": moved})
    lab.settle()

    in_calendar = (lab.world.mailbox_of(1).read(item) or {})["when"]
    assert isinstance(in_calendar, Timed)
    assert (in_calendar.start == moved.start) is (rule is GuestRule.SEND)
    assert bool(lab.world.outbox) is (rule is GuestRule.SEND)
    if rule is GuestRule.PUT_BACK:
        assert records(lab)[0]["when"] == replace(in_calendar, zone=None)


def test_inv18_what_is_put_back_and_what_the_mailbox_changed_go_in_one_write() -> None:
    lab = Lab(1, configured(guests=GuestRule.PUT_BACK))
    item = in_mailbox(lab, guests=("guest@elsewhere.example",))
    lab.settle()
    place = records(lab)[0].get("location")

    lab.world.mailbox_of(1).edit(item, {"description": "agenda"})
    lab.world.org.edit(only_record(lab), {"location": "elsewhere"})
    lab.settle()

    assert (records(lab)[0].get("description"), records(lab)[0].get("location")) == ("agenda", place)
    assert lab.world.outbox == []


def test_inv6_what_the_mailbox_rewrote_in_an_unanswered_create_is_kept_in_the_journal() -> None:
    """Nobody can tell the rewriting from a person's edit, so it flows back, and the typed text stays restorable."""
    lab = Lab(1, configured())
    lab.settle()
    in_salesforce(lab, description="d17 -- more")
    lab.world.fuel.kill_at(1, Moment.AFTER, "mailbox.write")
    assert lab.crashing(lab.cycle) is not None

    lab.settle()

    kept = [row.crm_value for row in lab.rows(sa.select(tables.conflict))]
    assert [one.get("description") for one in kept] == ["d17 -- more"]


def test_inv6_a_first_match_puts_no_blank_back_into_salesforce() -> None:
    lab = Lab(1, configured(guests=GuestRule.PUT_BACK))
    in_salesforce(lab, location="HQ")
    in_mailbox(lab, guests=("guest@elsewhere.example",))

    lab.settle()

    assert [row.get("location") for row in records(lab)] == ["HQ"]


def test_inv12_a_salesforce_deletion_of_a_meeting_with_guests_is_held() -> None:
    lab = Lab(1, configured())
    in_mailbox(lab, guests=("guest@elsewhere.example",))
    lab.settle()

    lab.world.org.delete(only_record(lab))
    reports = lab.settle()

    assert (len(items(lab)), lab.world.outbox) == (1, [])
    assert sum(report.held for report in reports) == 1


def test_ls162_a_series_keeps_its_wall_clock_time_over_summer_time() -> None:
    """MS-072, INV-23: shown on the records of the occurrences."""
    lab = Lab(1, configured())
    first = datetime.fromisoformat("2026-03-20T09:00")
    weekly = Series("FREQ=WEEKLY;BYDAY=FR;COUNT=4", first, "Europe/Berlin", 3600)
    start = datetime(2026, 3, 20, 8, 0, tzinfo=UTC)
    values: Values = {"subject": "Weekly", "when": Timed(start, start + timedelta(hours=1), "Europe/Berlin")}
    lab.world.mailbox_of(1).create(Kind.EVENT, values, series=weekly)

    lab.settle()

    starts = sorted(row["when"].start for row in records(lab) if isinstance(row["when"], Timed))
    assert [(moment.day, moment.hour) for moment in starts] == [(20, 8), (27, 8), (3, 7), (10, 7)]


def test_ls156_ls157_one_changed_and_one_cancelled_occurrence_change_only_themselves() -> None:
    lab = Lab(1, configured())
    daily = Series("FREQ=DAILY;COUNT=4", datetime.fromisoformat("2026-03-10T09:00"), "UTC", 3600)
    start = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    values: Values = {"subject": "Daily", "when": Timed(start, start + timedelta(hours=1), "UTC")}
    mailbox = lab.world.mailbox_of(1)
    series = mailbox.create(Kind.EVENT, values, series=daily)
    lab.settle()
    second, third = (start + timedelta(days=number) for number in (1, 2))

    moved = Timed(second + timedelta(hours=4), second + timedelta(hours=5), "UTC")
    mailbox.edit_occurrence(series, second.isoformat(), {"subject": "Daily, moved", "when": moved})
    mailbox.cancel_occurrence(series, third.isoformat())
    lab.settle()

    told = sorted((row["when"].start, row["subject"]) for row in records(lab) if isinstance(row["when"], Timed))
    assert told == [
        (start, "Daily"),
        (moved.start, "Daily, moved"),
        (start + timedelta(days=3), "Daily"),
    ]


def test_a_salesforce_edit_of_one_occurrence_reaches_just_this_one() -> None:
    """E-8: it becomes an exception of the mailbox's series."""
    lab = Lab(1, configured())
    daily = Series("FREQ=DAILY;COUNT=3", datetime.fromisoformat("2026-03-10T09:00"), "UTC", 3600)
    start = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    values: Values = {"subject": "Daily", "when": Timed(start, start + timedelta(hours=1), "UTC")}
    series = lab.world.mailbox_of(1).create(Kind.EVENT, values, series=daily)
    lab.settle()
    second = start + timedelta(days=1)
    (record,) = [row for row in lab.world.org.living(Kind.EVENT) if getattr(row.values["when"], "start", 0) == second]

    lab.world.org.edit(record.id, {"subject": "Just this one"})
    lab.settle()

    exceptions = lab.world.mailbox_of(1).things[series].series
    assert exceptions is not None
    assert {start: values["subject"] for start, values in exceptions.exceptions.items()} == {
        second.isoformat(): "Just this one"
    }
