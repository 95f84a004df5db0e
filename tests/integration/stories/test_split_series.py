""" "This and following": the client cuts the old series and makes a new one; its records go on (docs/sync.md E-4).

The two are linked by nothing, come in either order and not at once. What must never happen is a record deleted with
its notes although its meeting goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backend.domain.configuration import DeletionChoice, Direction
from backend.domain.recurrence import Series, start_key
from backend.domain.values import Kind, ShowAs, Timed, Values
from tests.fakes.databases import EVERYTHING
from tests.fakes.fuel import Moment
from tests.fakes.lab import Lab, Remembered
from tests.fakes.org import Row

SETTINGS = replace(
    EVERYTHING,
    contacts=replace(EVERYTHING.contacts, direction=Direction.OFF),
    events=replace(EVERYTHING.events, direction=Direction.BOTH, deletion=DeletionChoice.DELETE),
    days_back=30,
    days_ahead=60,
)
MONDAY = datetime.fromisoformat("2026-03-09T09:00")
WEEK = timedelta(days=7)
ZONE = "Europe/London"
LAPS = 6
WEEKLY = "FREQ=WEEKLY;BYDAY=MO;COUNT={}"


def values(series: Series, subject: str) -> Values:
    start = series.start.replace(tzinfo=ZoneInfo(series.zone)).astimezone(UTC)
    return {
        "subject": subject, "when": Timed(start, start + timedelta(hours=1), series.zone), "show_as": ShowAs.BUSY,
    }  # fmt: skip


def create(lab: Lab, rule: str, start: datetime = MONDAY, subject: str = "Jour fixe") -> str:
    series = Series(rule, start, ZONE, 3600)
    return lab.world.mailbox_of(1).create(Kind.EVENT, values(series, subject), series=series)


def shorten(lab: Lab, id: str, rule: str) -> None:
    lab.world.mailbox_of(1).shorten(id, rule)


def starts(row: Row) -> datetime:
    when = row.values["when"]
    assert isinstance(when, Timed)
    return when.start.astimezone(ZoneInfo(ZONE))


def records(lab: Lab) -> dict[str, str]:
    """Id of each living record by start, in order."""
    rows = sorted(lab.world.org.living(Kind.EVENT), key=starts)
    found = {f"{starts(row):%m-%d %H}": row.id for row in rows}
    assert len(found) == len(rows), "INV-23: two records for one occurrence"
    return found


def pairs_of(lab: Lab, series: str) -> list[Remembered]:
    """The pairs of a series, in order of their meetings."""
    found = [pair for pair in lab.pairs() if pair.link.mailbox_id == series]
    return sorted(found, key=lambda pair: pair.link.original_start)


def settled(lab: Lab) -> dict[str, str]:
    lab.settle(LAPS)
    return records(lab)


def weekly(times: int = 4) -> tuple[Lab, str, dict[str, str]]:
    """A weekly series in step, with a note on each record: its id, and its records."""
    lab = Lab(1, SETTINGS)
    id = create(lab, WEEKLY.format(times))
    before = settled(lab)
    for row in lab.world.org.living(Kind.EVENT):
        lab.world.org.annotate(row.id, f"agreed at {row.id}")
    lab.settle(LAPS)
    return lab, id, before


def all_noted(lab: Lab) -> bool:
    return all(row.notes for row in lab.world.org.living(Kind.EVENT))


# --- either order, with passes in between -----------------------------------------------------------------------------


def at_once(lab: Lab, cut: Callable[[], object], new: Callable[[], object]) -> None:
    cut()
    new()


def cut_first(lab: Lab, cut: Callable[[], object], new: Callable[[], object]) -> None:
    cut()
    lab.cycle()
    new()


def cut_two_passes_before(lab: Lab, cut: Callable[[], object], new: Callable[[], object]) -> None:
    cut()
    lab.cycle()
    lab.cycle()
    new()


def new_first(lab: Lab, cut: Callable[[], object], new: Callable[[], object]) -> None:
    new()
    lab.cycle()
    cut()


def new_two_passes_before(lab: Lab, cut: Callable[[], object], new: Callable[[], object]) -> None:
    new()
    lab.cycle()
    lab.cycle()
    cut()


ORDERS = [at_once, cut_first, cut_two_passes_before, new_first, new_two_passes_before]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("start", "rule", "subject", "after"),
    [
        (MONDAY + 2 * WEEK, WEEKLY.format(2), "Jour fixe", ["03-23 09", "03-30 09"]),
        (MONDAY.replace(hour=15) + 2 * WEEK, WEEKLY.format(2), "Jour fixe", ["03-23 15", "03-30 15"]),
        (MONDAY + 2 * WEEK, WEEKLY.format(2), "Jour fixe with Anna", ["03-23 09", "03-30 09"]),
        (MONDAY + 2 * WEEK + timedelta(days=2), "FREQ=WEEKLY;BYDAY=WE;COUNT=2", "Jour fixe", ["03-25 09", "04-01 09"]),
        (MONDAY + 2 * WEEK, WEEKLY.format(3), "Jour fixe", ["03-23 09", "03-30 09", "04-06 09"]),
    ],
    ids=["as it was", "another time", "another name", "another day", "longer"],
)  # fmt: skip
def test_c18_inv22_split_in_any_order_every_record_goes_on(
    order: Callable[..., None], start: datetime, rule: str, subject: str, after: list[str]
) -> None:
    lab, old, before = weekly()

    order(lab, lambda: shorten(lab, old, WEEKLY.format(2)), lambda: create(lab, rule, start, subject))
    now = settled(lab)

    assert list(now) == ["03-09 09", "03-16 09", *after]
    assert list(now.values())[:4] == list(before.values())
    assert [bool(row.notes) for row in sorted(lab.world.org.living(Kind.EVENT), key=starts)][:4] == [True] * 4
    assert len(lab.world.org.rows) == len(now), "a record was made anew"


def test_c18_split_and_killed_at_every_step() -> None:
    nth = 0
    while True:
        nth += 1
        lab, old, before = weekly()
        shorten(lab, old, WEEKLY.format(2))
        create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK)
        lab.world.fuel.kill_at(nth, Moment.AFTER)
        crash = lab.crashing(lab.cycle)
        assert list(settled(lab).values()) == list(before.values())
        assert all_noted(lab)
        if crash is None:
            break
    assert nth > 8


@pytest.mark.parametrize("order", [at_once, cut_first])
def test_inv22_the_old_series_deleted_and_a_new_one_made_from_the_next_meeting_on(order: Callable[..., None]) -> None:
    """E-4 a: the rows of a series that vanished are orphans too."""
    lab, old, before = weekly()
    delete = lab.world.mailbox_of(1).delete

    order(lab, lambda: delete(old), lambda: create(lab, WEEKLY.format(4)))

    assert settled(lab) == before
    assert all_noted(lab)


def test_inv22_a_cut_that_lies_in_the_past_when_it_is_first_seen() -> None:
    """Rows of meetings that are over take part: they tell where the new series set in (E-4 a)."""
    lab, old, before = weekly()
    lab.wait(datetime(2026, 3, 18, 8, tzinfo=UTC) - lab.world.clock.now())

    shorten(lab, old, WEEKLY.format(1))
    create(lab, WEEKLY.format(3), MONDAY + WEEK)

    assert settled(lab) == before
    assert all_noted(lab)


@pytest.mark.parametrize("order", ORDERS)
def test_inv22_split_at_a_meeting_that_is_over_in_any_order(order: Callable[..., None]) -> None:
    """The new series coincides with coming meetings of the old one, although it sets in at one of yesterday (E-4 c)."""
    lab = Lab(1, SETTINGS)
    old = create(lab, "FREQ=DAILY;COUNT=6")
    lab.wait(datetime(2026, 3, 12, 14, tzinfo=UTC) - lab.world.clock.now())
    before = settled(lab)

    order(
        lab,
        lambda: shorten(lab, old, "FREQ=DAILY;COUNT=2"),
        lambda: create(lab, "FREQ=DAILY;COUNT=4", MONDAY + timedelta(days=2)),
    )

    assert settled(lab) == before


def test_inv22_the_meeting_where_the_new_series_sets_in_had_been_cancelled() -> None:
    """E-4 b: cancelled ones count as places; the row after it is a whole interval away."""
    lab, old, before = weekly()
    cancelled = values(Series("", MONDAY + 2 * WEEK, ZONE, 3600), "")["when"]
    assert isinstance(cancelled, Timed)
    lab.world.mailbox_of(1).cancel_occurrence(old, start_key(cancelled))
    assert list(settled(lab)) == ["03-09 09", "03-16 09", "03-30 09"]

    shorten(lab, old, WEEKLY.format(2))
    create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK)
    now = settled(lab)

    assert list(now) == ["03-09 09", "03-16 09", "03-23 15", "03-30 15"]
    assert now["03-30 15"] == before["03-30 09"]


def test_inv22_split_again_where_cancelled_meetings_of_another_time_were_cut_off_before() -> None:
    """The rest of a first cut lies a whole interval behind the new series, which belongs to a meeting that stands."""
    lab = Lab(1, SETTINGS)
    old = create(lab, "FREQ=DAILY;INTERVAL=2;COUNT=5", MONDAY.replace(hour=0))
    lab.settle(LAPS)
    cancelled = values(Series("", MONDAY.replace(hour=0) + timedelta(days=4), ZONE, 3600), "")["when"]
    assert isinstance(cancelled, Timed)
    mailbox = lab.world.mailbox_of(1)
    mailbox.cancel_occurrence(old, start_key(cancelled))
    lab.settle(LAPS)
    mailbox.reschedule(old, Series("FREQ=DAILY;INTERVAL=2;COUNT=5", MONDAY.replace(hour=19), ZONE, 3600))
    before = settled(lab)
    assert list(before) == ["03-09 19", "03-11 19", "03-13 19", "03-15 19", "03-17 19"]
    shorten(lab, old, "FREQ=DAILY;INTERVAL=2;COUNT=2")
    lab.cycle()

    create(lab, "FREQ=DAILY;INTERVAL=2;COUNT=4", MONDAY.replace(hour=19) + timedelta(days=2), "Renamed")
    lab.cycle()
    shorten(lab, old, "FREQ=DAILY;INTERVAL=2;COUNT=1")

    assert settled(lab) == before


def test_inv22_cut_twice_between_two_readings_each_part_takes_its_own() -> None:
    """Only what falls into the new series' own extent goes over; the rest waits for the next one (E-4 b)."""
    lab, old, before = weekly(6)

    shorten(lab, old, WEEKLY.format(2))
    create(lab, WEEKLY.format(2), MONDAY + 2 * WEEK)
    create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 4 * WEEK)
    now = settled(lab)

    assert list(now) == ["03-09 09", "03-16 09", "03-23 09", "03-30 09", "04-06 15", "04-13 15"]
    assert list(now.values()) == list(before.values())
    assert all_noted(lab)


def test_inv22_of_two_new_series_the_one_that_is_most_alike_takes_over() -> None:
    lab, old, before = weekly()

    create(lab, WEEKLY.format(2), MONDAY.replace(hour=11) + 2 * WEEK, "Jour fixe")
    shorten(lab, old, WEEKLY.format(2))
    create(lab, WEEKLY.format(2), MONDAY + 2 * WEEK, "Jour fixe")
    now = settled(lab)

    assert [now[day] for day in before] == list(before.values())
    assert len(now) == 6


def test_inv22_split_and_the_old_series_then_lengthened_again() -> None:
    """What went over stays with the new series; the old one's new meetings get records of their own."""
    lab, old, before = weekly()
    shorten(lab, old, WEEKLY.format(2))
    create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK)
    lab.settle(LAPS)

    shorten(lab, old, WEEKLY.format(4))
    now = settled(lab)

    assert list(now) == ["03-09 09", "03-16 09", "03-23 09", "03-23 15", "03-30 09", "03-30 15"]
    assert [now[day] for day in ("03-09 09", "03-16 09", "03-23 15", "03-30 15")] == list(before.values())


def test_inv22_a_daily_series_moved_late_into_the_evening_goes_on_day_by_day() -> None:
    """The next day's row is nearer by the clock; the same date counts first."""
    lab = Lab(1, SETTINGS)
    old = create(lab, "FREQ=DAILY;COUNT=5")
    before = settled(lab)

    shorten(lab, old, "FREQ=DAILY;COUNT=2")
    create(lab, "FREQ=DAILY;COUNT=3", MONDAY.replace(hour=22) + timedelta(days=2))
    now = settled(lab)

    assert list(now) == ["03-09 09", "03-10 09", "03-11 22", "03-12 22", "03-13 22"]
    assert list(now.values()) == list(before.values())


def test_inv22_a_monthly_series_goes_on_month_by_month() -> None:
    lab = Lab(1, replace(SETTINGS, days_ahead=150))
    old = create(lab, "FREQ=MONTHLY;BYDAY=2MO;COUNT=5")
    before = settled(lab)

    shorten(lab, old, "FREQ=MONTHLY;BYDAY=2MO;COUNT=2")
    create(lab, "FREQ=MONTHLY;BYDAY=2WE;COUNT=3", datetime.fromisoformat("2026-05-13T09:00"))
    now = settled(lab)

    assert list(now) == ["03-09 09", "04-13 09", "05-13 09", "06-10 09", "07-08 09"]
    assert list(now.values()) == list(before.values())


# --- what is no continuation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "start", "subject"),
    [
        ("FREQ=DAILY;COUNT=2", MONDAY + 2 * WEEK, "Jour fixe"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=2", MONDAY + 2 * WEEK, "Jour fixe"),
        (WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK, "Something else"),
        (WEEKLY.format(2), MONDAY + 5 * WEEK, "Jour fixe"),
    ],
    ids=["another frequency", "another interval", "another name and time", "too far away"],
)  # fmt: skip
def test_e4_what_is_not_alike_is_an_end_and_a_new_series(rule: str, start: datetime, subject: str) -> None:
    lab, old, before = weekly()

    shorten(lab, old, WEEKLY.format(2))
    create(lab, rule, start, subject)
    now = settled(lab)

    assert len(now) == 4
    assert [id for id in now.values() if id in before.values()] == list(before.values())[:2]


def test_e4_a_series_that_coincides_with_another_one_is_made_after_two_readings() -> None:
    lab, _, before = weekly()
    create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK)

    for _ in range(2):
        lab.cycle()
        assert records(lab) == before, "it may be that the old series is about to be cut"

    now = settled(lab)
    assert list(now) == ["03-09 09", "03-16 09", "03-23 09", "03-23 15", "03-30 09", "03-30 15"]
    assert {day: now[day] for day in before} == before


def test_e4_the_series_that_a_new_one_may_be_the_rest_of_is_read_by_id_at_once() -> None:
    """Its cut may be done and not told of yet: one look in the same pass, and the records go on without a wait."""
    lab, old, before = weekly()
    rest = create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK)
    lab.world.fuel.slip_before("mailbox.fetch", lambda: shorten(lab, old, WEEKLY.format(2)))

    lab.cycle()

    assert lab.world.fuel.steps.count("mailbox.fetch") == 1
    assert [pair.line.crm_id for pair in pairs_of(lab, rest)] == list(before.values())[2:]
    assert list(records(lab).values()) == list(before.values())


def test_e4_a_series_that_stands_untouched_is_looked_at_once_for_a_new_one() -> None:
    lab, _, _ = weekly()
    create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK)
    lab.world.fuel.revive()

    for _ in range(3):
        lab.cycle()

    assert lab.world.fuel.steps.count("mailbox.fetch") == 1


def test_e4_a_series_that_is_like_no_other_is_made_at_once() -> None:
    lab, _, _ = weekly()
    create(lab, WEEKLY.format(2), MONDAY.replace(hour=15) + 2 * WEEK, "Something else")

    lab.cycle()

    assert len(records(lab)) == 6


# --- colleagues -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("guest_first", [False, True])
def test_inv22_a_colleague_who_was_invited_follows_the_split(guest_first: bool) -> None:
    lab = Lab(2, SETTINGS)
    host, guest = lab.world.mailbox_of(1), lab.world.mailbox_of(2)
    series = Series(WEEKLY.format(4), MONDAY, ZONE, 3600)
    old = host.create(Kind.EVENT, values(series, "Jour fixe"), guests=[guest.address], series=series)
    guest.deliver()
    before = settled(lab)

    rest = Series(WEEKLY.format(2), MONDAY + 2 * WEEK, ZONE, 3600)
    host.shorten(old, WEEKLY.format(2))
    host.create(Kind.EVENT, values(rest, "Jour fixe"), guests=[guest.address], series=rest)
    guest.deliver()
    lab.read()
    for user_id in [2, 1] if guest_first else [1, 2]:
        lab.sync(user_id)
    lab.settle(LAPS)

    assert records(lab) == before
    followed = [pair for pair in lab.pairs(2) if pair.line.crm_id]
    things = {pair.link.mailbox_id for pair in followed}
    assert len(followed) == 4
    assert len(things) == 2, "his rows name both series now"
    assert {pair.link.state.value for pair in followed} == {"linked"}
