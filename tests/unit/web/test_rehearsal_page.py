"""The rehearsal beside the editor: before a change of an active configuration is saved, in whatever state it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.domain.presets import RECOMMENDED
from backend.storage.rehearsals import SILENT, Rehearsal, State, latest
from tests.fakes.page_services import World
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_configuration_editor import PATH, form_of, open_form
from tests.unit.web.test_configurations import FIELD_SALES, settings, stored
from tests.unit.web.test_status import text_of

CHANGE: dict[str, Any] = {"events.private": ["off", "on"]}
RESULT = {
    "people": 16,
    "starting": 0,
    "stopping": 0,
    "mails": 0,
    "asked": 3,
    "numbers": {
        "mailbox.event.create": {"number": 412, "people": 38},
        "stops.event": {"number": 9087, "people": 16},
        "crm.event.delete": {"number": 2, "people": 1},
    },
    "failed": [{"person": "Sofia Marchetti", "problem": "The mailbox refuses access."}],
    "steps": [
        {"person": "Maya Lindqvist", "kind": "event", "title": "Review", "verb": "create in the mailbox",
         "sides": ["mailbox"], "rule": "New in Salesforce.", "held": False},
    ],
    "more": 499,
}  # fmt: skip


def begin(admin: Visitor, world: World) -> int:
    """A rehearsal of CHANGE; its number."""
    admin.post(PATH, open_form(admin) | CHANGE | {"do": "rehearse"})
    return int(world.done[-1][1])  # type: ignore[call-overload]  # what the fake noted


def newest(world: World) -> Rehearsal | None:
    with world.engine.connect() as connection:
        return latest(connection, FIELD_SALES, world.now)


def test_a_change_that_reaches_people_is_not_saved_before_it_was_rehearsed(admin: Visitor, world: World) -> None:
    before = stored(world)
    answer = admin.post(PATH, open_form(admin) | CHANGE | {"do": "save"})

    assert answer.status_code == 409
    assert "This was not rehearsed as it stands. Nothing was saved." in text_of(answer.text)
    assert "Events, Private events was off now on" in text_of(answer.text)
    assert stored(world) == before


def test_a_rehearsal_is_begun_in_the_background_and_outlives_the_browser(
    admin: Visitor, viewer: Visitor, world: World
) -> None:
    number = begin(admin, world)
    world.rehearsals().claim(number)
    world.rehearsals().note(number, 4, 16)
    page = admin.get(PATH).text

    assert world.done[-1] == ("rehearse", number)
    assert "4 of 16 people" in text_of(page)
    assert "It goes on when you leave this page." in text_of(page)
    assert "Events, Private events was off now on" in text_of(page)
    assert world.audit[-1][1:3] == ("rehearsal begun", "Field sales EMEA")
    assert "4 of 16" not in text_of(viewer.get(PATH).text)


def test_a_finished_rehearsal_tells_numbers_and_the_change_may_be_saved(admin: Visitor, world: World) -> None:
    number = begin(admin, world)
    world.rehearsals().claim(number)
    world.rehearsals().finish(number, RESULT)
    page = admin.get(PATH).text
    words = text_of(page)

    assert "events are made in mailboxes 38 people 412" in words
    assert "events are no longer followed; both copies stay 16 people 9,087" in words
    assert "deletions 2 mails to guests 0" in words
    assert "3 writes would mail guests and ask you first." in words
    assert "Sofia Marchetti: The mailbox refuses access." in words
    assert "Save and apply to 16 people" in words
    assert "The rehearsal matches the form." in words

    answer = admin.post(PATH, form_of(page) | {"do": "save"})
    assert answer.status_code == 302
    assert settings(world, "Field sales EMEA") == replace(RECOMMENDED, name="", private=True)
    assert world.audit[-1][3]["rehearsed"] is True
    assert newest(world) is None


def test_a_rehearsal_of_something_else_counts_as_outdated(admin: Visitor, world: World) -> None:
    number = begin(admin, world)
    world.rehearsals().claim(number)
    world.rehearsals().finish(number, RESULT)
    sent = form_of(admin.get(PATH).text) | {"events.days_back": "14"}

    looked = text_of(admin.post(PATH, sent | {"do": "look"}).text)
    assert "Outdated: 1 setting was changed since." in looked
    assert "Rehearse for 16 people" in looked
    assert admin.post(PATH, sent | {"do": "save"}).status_code == 409


def test_everything_it_found_is_listed_step_by_step(admin: Visitor, world: World) -> None:
    assert admin.get(f"{PATH}/rehearsal/steps").status_code == 404
    number = begin(admin, world)
    world.rehearsals().claim(number)
    world.rehearsals().finish(number, RESULT)
    words = text_of(admin.get(f"{PATH}/rehearsal/steps").text)

    assert "Maya Lindqvist Review create in the mailbox, mailbox New in Salesforce." in words
    assert "499 more are not listed" in words


def test_cancelling_keeps_what_was_changed(admin: Visitor, world: World) -> None:
    number = begin(admin, world)
    page = admin.post(PATH, form_of(admin.get(PATH).text) | {"do": "cancel"}).text

    assert world.rehearsals().claim(number) is None
    assert "Cancelled. What you changed is still in the form." in text_of(page)
    assert form_of(page)["events.private"] == ["off", "on"]
    assert form_of(admin.get(PATH).text)["events.private"] == ["off", "on"]


def test_a_cancelled_rehearsal_stores_no_progress_and_no_result(admin: Visitor, world: World) -> None:
    number = begin(admin, world)
    world.rehearsals().claim(number)
    admin.post(PATH, form_of(admin.get(PATH).text) | {"do": "cancel"})

    assert not world.rehearsals().note(number, 5, 16)
    assert not world.rehearsals().finish(number, RESULT)
    rehearsal = newest(world)
    assert rehearsal is not None
    assert rehearsal.state is State.CANCELLED


def test_a_rehearsal_that_failed_says_why_and_keeps_the_form(admin: Visitor, world: World) -> None:
    number = begin(admin, world)
    world.rehearsals().claim(number)
    world.rehearsals().fail(number, "Salesforce does not answer.")
    page = admin.get(PATH).text

    assert "It could not be done: Salesforce does not answer." in text_of(page)
    assert form_of(page)["events.private"] == ["off", "on"]


def test_a_rehearsal_whose_worker_is_gone_is_not_waited_for(admin: Visitor, world: World) -> None:
    number = begin(admin, world)
    world.rehearsals().claim(number)
    world.later((SILENT + timedelta(minutes=1)).total_seconds())

    assert "The worker that ran it is gone." in text_of(admin.get(PATH).text)


def test_where_nobody_can_be_rung_nothing_is_lost(admin: Visitor, world: World) -> None:
    world.processes = None
    answer = admin.post(PATH, open_form(admin) | CHANGE | {"do": "rehearse"})

    assert answer.status_code == 503
    assert "The rehearsal could not begin: Redis does not answer." in text_of(answer.text)
    assert form_of(answer.text)["events.private"] == ["off", "on"]


def test_discarding_forgets_the_rehearsed_change(admin: Visitor, world: World) -> None:
    begin(admin, world)
    admin.post(PATH, open_form(admin) | {"do": "discard"})

    assert newest(world) is None
    assert form_of(admin.get(PATH).text)["events.private"] == ["off"]


@pytest.mark.parametrize("change", [{"name": "Field sales North"}, {}])
def test_what_concerns_nobody_is_saved_without_a_rehearsal(
    admin: Visitor, world: World, change: dict[str, str]
) -> None:
    answer = admin.post(PATH, open_form(admin) | change | {"do": "save"})

    assert answer.status_code == 302
    assert newest(world) is None


def test_a_change_made_from_an_older_version_is_not_rehearsed_but_met(admin: Visitor, world: World) -> None:
    old = open_form(admin)
    admin.post(PATH, open_form(admin) | {"events.days_back": "60", "do": "save:anyway"})
    answer = admin.post(PATH, old | CHANGE | {"do": "rehearse"})

    assert answer.status_code == 409
    assert "saved this configuration meanwhile" in text_of(answer.text)
    assert newest(world) is None


def test_one_rehearsal_per_configuration_the_newest_counts(admin: Visitor, world: World) -> None:
    first = begin(admin, world)
    world.rehearsals().claim(first)
    second = begin(admin, world)

    assert not world.rehearsals().finish(first, RESULT)
    rehearsal = newest(world)
    assert rehearsal is not None
    assert (rehearsal.id, rehearsal.state) == (second, State.WAITING)
