"""Who holds a meeting, who may lead it, and when its organiser has let his chance pass (D-4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Direction, KindSettings
from backend.domain.values import Kind
from backend.storage import tables
from backend.storage.configuration_codec import encode_configuration
from backend.sync.meetings import Lead
from backend.sync.state import Holder, Presence, SeenItem
from tests.fakes.databases import EVERYTHING
from tests.fakes.stored import Bench, item, slot
from tests.fakes.world import FakeClock

UID = "uid"
EVENT = Kind.EVENT
ORGANIZER = "user3@example.com"


@pytest.fixture
def meeting(bench: Bench) -> Bench:
    """User 3 organises; the copies of users 1 and 2 were first seen by runs 10 and 20."""
    for user, run in ((1, 10), (2, 20)):
        copy = item(f"copy{user}", slot("Review"), uid=UID, organizer=ORGANIZER)
        bench.see(user, copy, kind=EVENT, run_id=run)
    return bench


def state(bench: Bench, user_id: int, **values: object) -> None:
    with bench.engine.begin() as connection:
        connection.execute(sa.update(tables.user_state).where(tables.user_state.c.user_id == user_id).values(values))


def declined(bench: Bench) -> frozenset[str]:
    return bench.dirty("mailbox", "copy1", kind=EVENT).declined


def test_d4_everybody_with_a_copy_holds_the_meeting(meeting: Bench) -> None:
    expected = {UID: (Holder(1, "copy1", True, 10), Holder(2, "copy2", True, 20))}
    assert meeting.dirty("mailbox", "copy1", kind=EVENT).holders == expected


@pytest.mark.parametrize(
    ("presence", "found"),
    [
        (Presence.GONE, ()),
        (Presence.OUTSIDE, (Holder(2, "copy2", False, 20),)),
        (Presence.UNKNOWN, (Holder(2, "copy2", False, 20),)),
    ],
)
def test_d4_a_copy_that_is_not_there_is_not_eligible(
    meeting: Bench, presence: Presence, found: tuple[Holder, ...]
) -> None:
    meeting.see(2, SeenItem("copy2", presence, uid=UID), kind=EVENT)
    assert meeting.dirty("mailbox", "copy1", kind=EVENT).holders[UID] == (Holder(1, "copy1", True, 10), *found)


def test_d4_nobody_is_eligible_whose_settings_do_not_write_events_to_salesforce(meeting: Bench) -> None:
    silent = replace(EVERYTHING, events=replace(EVERYTHING.events, direction=Direction.TO_MAILBOX))
    with meeting.engine.begin() as connection:
        connection.execute(
            sa.insert(tables.configuration),
            {"id": 2, "name": "Silent", "active": True, "version": 1, "settings": encode_configuration(silent),
             "updated_at": datetime.fromisoformat("2026-01-01T00:00:00+00:00")},
        )  # fmt: skip
    state(meeting, 2, configuration_id=2)
    assert isinstance(silent.events, KindSettings)
    assert meeting.dirty("mailbox", "copy1", kind=EVENT).holders[UID][1] == Holder(2, "copy2", False, 20)


def test_d4_who_no_longer_syncs_is_not_eligible(meeting: Bench) -> None:
    state(meeting, 2, syncs=False)
    assert meeting.dirty("mailbox", "copy1", kind=EVENT).holders[UID][1] == Holder(2, "copy2", False, 20)


def test_d4_an_organiser_is_known_if_he_syncs(meeting: Bench) -> None:
    assert meeting.dirty("mailbox", "copy1", kind=EVENT).organizers == {ORGANIZER: 3}
    state(meeting, 3, syncs=False)
    assert meeting.dirty("mailbox", "copy1", kind=EVENT).organizers == {}


def test_d4_an_organiser_who_had_no_complete_pass_since_may_still_take_the_lead(meeting: Bench) -> None:
    assert declined(meeting) == frozenset()
    state(meeting, 3, last_complete_run_id=10)
    assert declined(meeting) == frozenset()


def test_d4_an_organiser_declines_by_a_complete_pass_after_another_saw_the_meeting(meeting: Bench) -> None:
    state(meeting, 3, last_complete_run_id=11)
    assert declined(meeting) == {UID}


def test_d4_an_organiser_with_a_copy_in_scope_has_not_declined(meeting: Bench) -> None:
    state(meeting, 3, last_complete_run_id=11)
    meeting.see(3, item("own", slot("Review"), uid=UID, organizer=ORGANIZER), kind=EVENT, run_id=30)
    assert declined(meeting) == frozenset()
    meeting.see(3, SeenItem("own", Presence.OUTSIDE), kind=EVENT)
    assert declined(meeting) == {UID}


def test_d4_an_organiser_who_cannot_run_for_a_day_declines(meeting: Bench, clock: FakeClock) -> None:
    state(meeting, 3, last_ok_at=clock.now() - timedelta(hours=24))
    assert declined(meeting) == frozenset()
    clock.advance(timedelta(seconds=1))
    assert declined(meeting) == {UID}


def test_d4_a_new_organiser_has_a_day_from_his_assignment(meeting: Bench, clock: FakeClock) -> None:
    state(meeting, 3, last_ok_at=None, assigned_at=clock.now())
    assert declined(meeting) == frozenset()
    clock.advance(timedelta(hours=24, seconds=1))
    assert declined(meeting) == {UID}


def test_d8_who_leads_is_told_of_a_vanished_copy_too(meeting: Bench) -> None:
    """Asked when a delete leaves: no other thing of the user needs to be marked."""
    meeting.see(1, SeenItem("copy1", Presence.GONE), kind=EVENT)
    meeting.clean()
    waiting = Lead(None, 3, frozenset({2}))
    assert meeting.store.leads(1, ["copy1", "unknown"]) == {"copy1": waiting}
    state(meeting, 3, syncs=False)
    assert meeting.store.leads(1, ["copy1"]) == {"copy1": Lead(2, None, frozenset({2}))}
