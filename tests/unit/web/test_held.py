"""Held steps: nobody is mailed unless a person says so (INV-12, MS-074)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from backend.domain.codec import encode_values
from backend.domain.values import Timed
from backend.storage import tables as t
from tests.fakes.page_services import World
from tests.fakes.page_world import HANNAH, HELD, HELD_DELETE
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import text_of


def test_inv12_held_steps_are_listed_with_what_who_and_why(admin: Visitor) -> None:
    words = text_of(admin.get("/held").text)

    assert "Change in the mailbox: Kick-off “Rahmenvertrag" in words
    assert (
        "When, Place Hannah Weiss The meeting has 12 guests: the mail service would mail all of them. 11 min ago"
        in words
    )
    assert (
        "Deletion in the mailbox: Lunch with Per Sandgren Hannah Weiss "
        "The meeting has 1 guest: the mail service would mail this person." in words
    )


def test_step_shows_both_values_and_three_answers_with_the_silent_one_chosen(admin: Visitor) -> None:
    page = admin.get(f"/held/{HELD}").text

    words = text_of(page)

    assert "Place Office Hamburg Customer site, Bremen" in words
    assert re.findall(r'name="answer" value="(\w+)"( checked)?', page) == [
        ("leave", " checked"),
        ("put_back", ""),
        ("send", ""),
    ]
    assert "The change goes to the mailbox; the mail service mails 12 guests now." in words


def test_deletion_says_what_putting_back_means(admin: Visitor) -> None:
    words = text_of(admin.get(f"/held/{HELD_DELETE}").text)

    assert "It was deleted in Salesforce and is still in the mailbox." in words
    assert "The record is made again in Salesforce from the mailbox. Nobody is mailed." in words


@pytest.mark.parametrize(("answer", "synced"), [("send", True), ("put_back", True), ("leave", False)])
def test_answer_is_taken_recorded_and_carried_out(admin: Visitor, world: World, answer: str, synced: bool) -> None:
    admin.get(f"/held/{HELD}")

    done = admin.post(f"/held/{HELD}", {"answer": answer, "note": "She agreed."})

    assert done.headers["Location"] == "/held"
    expected: list[tuple[object, ...]] = [("decide", HELD, answer)]
    assert world.done == expected + ([("sync", [HANNAH], "a held step was answered")] if synced else [])
    actor, action, subject, detail = world.audit[-1]
    assert (actor, action, subject, detail["note"]) == (
        "claire.dubois@example.com",
        f"held step: {answer}",
        HELD,
        "She agreed.",
    )


@pytest.mark.parametrize("answer", ["", "delete", "SEND"])
def test_no_answer_is_no_answer(admin: Visitor, world: World, answer: str) -> None:
    done = admin.post(f"/held/{HELD}", {"answer": answer})

    assert done.status_code == 422
    assert "Choose one of the answers." in done.text
    assert world.done == []


def test_step_that_was_answered_meanwhile_cannot_be_answered_again(admin: Visitor, world: World) -> None:
    admin.post(f"/held/{HELD}", {"answer": "leave"})

    again = admin.post(f"/held/{HELD}", {"answer": "send"})

    assert again.status_code == 404
    assert "This step is not held any more" in again.text
    assert world.done == [("decide", HELD, "leave")]


def test_viewer_may_look_and_not_answer(viewer: Visitor, world: World) -> None:
    page = viewer.get(f"/held/{HELD}").text

    assert 'name="answer"' not in page
    assert viewer.post(f"/held/{HELD}", {"answer": "send"}).status_code == 403
    assert world.done == []


@pytest.mark.parametrize(
    ("hold", "why"),
    [
        ("mass_delete", "Held by the deletion guard: too many deletions for this person in one run."),
        (
            "mass_series",
            "Held by the deletion guard: more than 20 meetings of one repeating event are gone from the mailbox at "
            "once.",
        ),
        ("mass_update", "Held by the change guard: too many changes for this person in one run."),
    ],
)
def test_step_held_by_a_guard_says_which_and_offers_no_mail(admin: Visitor, world: World, hold: str, why: str) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.intent).where(t.intent.c.id == HELD).values(hold=hold))

    page = admin.get(f"/held/{HELD}").text

    assert why in text_of(page)
    assert re.findall(r'name="answer" value="(\w+)"', page) == ["leave", "send"]
    assert "mails" not in text_of(page).split("Your decision")[1]


def test_nothing_held_says_so(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.delete(t.intent).where(t.intent.c.state == "held"))

    assert "No step is held" in text_of(admin.get("/held").text)


def test_both_times_are_shown_in_the_zone_of_the_meeting(admin: Visitor, world: World) -> None:
    """Salesforce keeps no zone of a time; in the viewer's zone it would look shifted beside the mailbox's."""
    start = datetime(2026, 12, 5, 12, tzinfo=UTC)
    before = encode_values({"when": Timed(start, start + timedelta(hours=1), "America/New_York")})
    after = encode_values({"when": Timed(start + timedelta(hours=3), start + timedelta(hours=4))})
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.intent).where(t.intent.c.id == HELD).values(from_mailbox=before, values=after))

    words = text_of(admin.get(f"/held/{HELD}").text)

    assert "07:00 to 08:00 America/New_York" in words
    assert "10:00 to 11:00 America/New_York" in words
