"""A person's page and the page of a run."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from backend.storage import tables as t
from tests.fakes.page_services import World
from tests.fakes.page_world import JONAS, MAYA, NOW, TOMAS
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import text_of


def steps(page: str) -> list[tuple[str, str]]:
    """The stepper: state and title of each step."""
    return re.findall(r'<li class="(done|now|ahead)"[^>]*><b>([^<]+)', page)


def test_first_sync_is_a_stepper_with_its_present_step_marked(admin: Visitor) -> None:
    page = admin.get(f"/people/{JONAS}").text

    assert steps(page) == [
        ("done", "Mailbox linked"),
        ("done", "Folder ready"),
        ("done", "Contacts"),
        ("now", "Events"),
        ("ahead", "In sync"),
    ]
    assert page.count('aria-current="step"') == 1
    assert "312 written" in text_of(page)
    assert "184 of 402 items" in text_of(page)


def test_stepper_of_somebody_who_waits_begins_at_the_mailbox_and_ends_with_the_first_sync(admin: Visitor) -> None:
    assert steps(admin.get("/people/11").text)[0] == ("now", "Mailbox linked")
    assert steps(admin.get(f"/people/{MAYA}").text) == []


def test_directions_say_how_much_was_left_out_and_why(admin: Visitor) -> None:
    words = text_of(admin.get(f"/people/{JONAS}").text)

    assert "Contacts to mailbox 312 4 left out: Taken out by the configuration's filter." in words
    assert "Events to Salesforce 184 11 left out: Private events stay in the mailbox." in words
    assert "Contacts to Salesforce 0 nothing left out" in words


def test_direction_that_the_configuration_does_not_sync_says_so(admin: Visitor) -> None:
    words = text_of(admin.get("/people/3").text)

    assert "Contacts to Salesforce - Management does not sync this way." in words


def test_runs_show_cause_result_numbers_and_length_newest_first(admin: Visitor) -> None:
    words = text_of(admin.get(f"/people/{JONAS}").text)

    assert "first sync, contacts Done in part 3 items were refused. 319 312 7 1:04" in words
    assert words.index("first sync, events") < words.index("first sync, contacts") < words.index("connection test")


def test_only_runs_with_changes_can_be_asked_for(admin: Visitor) -> None:
    every = admin.get(f"/people/{MAYA}").text.count('id="run-')
    changed = admin.get(f"/people/{MAYA}?runs=changed").text.count('id="run-')

    assert (every, changed) == (2, 1)


def test_sf033_refused_items_keep_salesforces_sentence_and_say_what_to_do(admin: Visitor) -> None:
    words = text_of(admin.get(f"/people/{TOMAS}").text)

    assert "3 items refused" in words
    assert "Björn Åkesson Salesforce refused it: “Postal code must have 5 digits.” A rule of your company." in words
    assert (
        "Ana Salesforce refused it: “Required fields are missing: [LastName]” Fill this field on the other side."
        in words
    )


def test_failed_person_sees_reason_remedy_and_next_try(admin: Visitor) -> None:
    words = text_of(admin.get("/people/6").text)

    assert (
        "The mailbox refuses access: it is not in the scope that Exchange allows this application. Add the mailbox"
        in words
    )
    assert "Next try in 15 min" in words


def test_run_page_counts_what_it_read_wrote_and_cost(admin: Visitor, world: World) -> None:
    with world.engine.connect() as connection:
        run = connection.scalar(sa.select(t.sync_run.c.id).where(t.sync_run.c.cause == "mailbox reported a change"))

    words = text_of(admin.get(f"/runs/{run}").text)

    assert (
        "Read 1 mailbox events 1 Written 1 Salesforce events changed 1 "
        "API calls 7 Microsoft 365 4, Salesforce 3 Took 1:04" in words
    )
    assert (
        "Quarterly review, Brightwater Logistics event Salesforce changed Place Only the mailbox changed it." in words
    )
    assert "Left out 11 private events stay in the mailbox" in words


def test_run_that_wrote_nothing_says_so(admin: Visitor) -> None:
    assert "Nothing had to be written" in text_of(admin.get("/runs/1").text)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("held", "Done, step held"), ("cut_off", "Cut off, went on later"), ("unheard-of", "unheard-of")],
)
def test_every_outcome_has_words_even_one_from_a_newer_version(
    admin: Visitor, world: World, outcome: str, words: str
) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.sync_run).where(t.sync_run.c.id == 1).values(outcome=outcome))

    assert words in text_of(admin.get("/runs/1").text)


def test_counts_in_a_form_we_do_not_know_are_zero_not_an_error(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(
            sa.update(t.sync_run).where(t.sync_run.c.id == 1).values(counts={"read": "many", "writes": None})
        )

    assert "Read 0 Written 0 API calls -" in text_of(admin.get("/runs/1").text)


def test_runs_are_paged(admin: Visitor, world: World) -> None:
    rows = [
        {
            "user_id": MAYA,
            "lease_token": 1,
            "cause": f"cause {n}",
            "started_at": NOW - timedelta(hours=n + 1),
            "counts": {},
            "outcome": "ok",
        }
        for n in range(30)
    ]
    with world.engine.begin() as connection:
        connection.execute(sa.insert(t.sync_run), rows)

    first, second = admin.get(f"/people/{MAYA}").text, admin.get(f"/people/{MAYA}?page=2").text

    assert (first.count('id="run-'), second.count('id="run-')) == (20, 12)
    assert "cause 29" in second
