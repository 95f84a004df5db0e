"""One meeting of a series, seen from Salesforce (E-8), and series that are left alone (LS-152)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Configuration, SeriesRule
from backend.domain.values import Kind, Side, Timed
from backend.storage import tables
from tests.fakes.lab import Lab
from tests.integration.stories.test_split_series import LAPS, SETTINGS, create, records, settled, shorten

DAILY = "FREQ=DAILY;COUNT=4"
HOUR = timedelta(hours=1)


def daily() -> tuple[Lab, str, list[str]]:
    lab = Lab(1, SETTINGS)
    id = create(lab, DAILY)
    return lab, id, list(settled(lab).values())


def moved(lab: Lab, record: str, by: timedelta) -> None:
    when = lab.world.org.rows[record].values["when"]
    assert isinstance(when, Timed)
    lab.world.org.edit(record, {"when": Timed(when.start + by, when.end + by, when.zone)})


def mailbox_writes(lab: Lab, since: int) -> list[str | None]:
    """Original starts of what was written to the mailbox."""
    return [write.original_start for write in lab.world.writes[since:] if write.side is Side.MAILBOX]


def held(lab: Lab) -> list[str]:
    return [row.reason for row in lab.rows(sa.select(tables.link.c.reason).where(tables.link.c.state == "held"))]


# --- from Salesforce to one meeting (E-8) -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["text", "time"])
def test_e8_an_edit_of_one_record_reaches_just_its_meeting(how: str) -> None:
    lab, id, ids = daily()
    series = lab.world.mailbox_of(1).things[id]
    since = len(lab.world.writes)

    if how == "text":
        lab.world.org.edit(ids[1], {"description": "Bring the contract"})
    else:
        moved(lab, ids[1], 2 * HOUR)
    lab.settle(LAPS)

    assert series.series is not None
    (exception,) = series.series.exceptions.values()
    kept = lab.world.org.rows[ids[1]].values
    assert exception.get("description") == kept.get("description")
    assert "description" not in series.values
    assert list(records(lab).values()) == ids
    written = mailbox_writes(lab, since)
    assert len(written) == 1
    assert written[0], "the write names one occurrence"


def test_e8_a_deleted_record_cancels_just_its_meeting() -> None:
    lab, id, ids = daily()
    series = lab.world.mailbox_of(1).things[id]

    lab.world.org.delete(ids[1])
    lab.settle(LAPS)

    assert series.alive
    assert series.series is not None
    assert [f"{day:%m-%d}" for day in series.series.cancelled] == ["03-10"]
    assert list(records(lab).values()) == [one for one in ids if one != ids[1]]


def test_e8_inv25_a_move_beyond_the_neighbour_is_held_and_the_series_goes_on() -> None:
    """Exchange refuses it (MS-068): the record waits with the reason, the others and the master go on."""
    lab, id, ids = daily()
    moved(lab, ids[1], timedelta(days=1, hours=2))
    lab.world.org.edit(ids[2], {"description": "Bring the contract"})
    lab.settle(LAPS)

    assert held(lab) == ["An occurrence cannot pass its neighbour."]
    series = lab.world.mailbox_of(1).things[id].series
    assert series is not None
    assert [values.get("description") for values in series.exceptions.values()] == ["Bring the contract"]

    lab.world.mailbox_of(1).edit(id, {"location": "Room 4"})
    lab.settle(LAPS)
    rows = {row.id: row.values.get("location") for row in lab.world.org.living(Kind.EVENT)}
    assert rows[ids[0]] == rows[ids[3]] == "Room 4"

    moved(lab, ids[1], -timedelta(days=1))
    lab.settle(LAPS)
    assert held(lab) == [], "possible again, and done"
    assert len(series_exceptions(lab, id)) == 2


def series_exceptions(lab: Lab, id: str) -> list[object]:
    series = lab.world.mailbox_of(1).things[id].series
    return list(series.exceptions.values()) if series is not None else []


def test_e8_what_no_mapping_knows_is_nobodys_change() -> None:
    lab, _, ids = daily()
    since = len(lab.world.writes)

    lab.world.org.annotate(ids[1], "agreed")
    lab.world.org.relate(ids[2], "001000000000000001")
    lab.settle(LAPS)

    assert lab.world.writes[since:] == []


# --- series that are left alone (LS-152) ------------------------------------------------------------------------------


def change(lab: Lab, settings: Configuration) -> None:
    lab.settings = settings
    with lab.configurations.editing() as editor:
        editor.save(settings)


def test_ls152_series_off_repeating_events_stay_in_the_mailbox() -> None:
    lab = Lab(1, replace(SETTINGS, series=SeriesRule.OFF))
    create(lab, DAILY)
    box = lab.world.mailbox_of(1)
    box.create(Kind.EVENT, {**box.things[next(iter(box.things))].values, "subject": "Once"})

    assert list(settled(lab)) == ["03-09 09"]
    assert [row.values["subject"] for row in lab.world.org.living(Kind.EVENT)] == ["Once"]
    kept = lab.rows(sa.select(tables.mailbox_item.c.problem).where(tables.mailbox_item.c.presence == "outside"))
    assert [row.problem for row in kept] == [
        "Repeating events stay where they are: the configuration leaves them alone."
    ]


def test_ls152_series_switched_off_both_copies_stay_and_on_again_they_go_on() -> None:
    lab, id, ids = daily()
    change(lab, replace(SETTINGS, series=SeriesRule.OFF))
    lab.settle(LAPS)

    lab.world.mailbox_of(1).edit(id, {"location": "Room 4"})
    lab.world.org.edit(ids[1], {"description": "Bring the contract"})
    lab.settle(LAPS)
    assert list(records(lab).values()) == ids
    assert all("location" not in row.values for row in lab.world.org.living(Kind.EVENT))
    assert series_exceptions(lab, id) == []

    change(lab, SETTINGS)
    lab.settle(LAPS)
    assert list(records(lab).values()) == ids
    assert {row.values.get("location") for row in lab.world.org.living(Kind.EVENT)} == {"Room 4"}
    assert len(series_exceptions(lab, id)) == 1


def test_ls152_while_series_are_off_a_shorter_one_deletes_nothing() -> None:
    lab, id, ids = daily()
    change(lab, replace(SETTINGS, series=SeriesRule.OFF))
    lab.settle(LAPS)

    shorten(lab, id, "FREQ=DAILY;COUNT=2")
    lab.settle(LAPS)

    assert list(records(lab).values()) == ids
