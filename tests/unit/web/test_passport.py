"""The passport: both sides, every write with its rule, and why an item is or is not in sync."""

from __future__ import annotations

import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
import sqlalchemy as sa

from backend.domain.codec import encode_values
from backend.storage import tables as t
from tests.fakes.page_services import World
from tests.fakes.page_world import HANNAH, MAYA, NOW, REFUSED_LINK, REVIEW
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import text_of

OTHER = "11111111-1111-5111-8111-111111111111"


def change(world: World, table: sa.Table, condition: Any, **values: Any) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(table).where(condition).values(values))


def test_both_sides_are_compared_field_by_field_with_a_verdict(admin: Visitor) -> None:
    words = text_of(admin.get(f"/items/{REVIEW}").text)

    assert "Subject Quarterly review, Brightwater Logistics Quarterly review, Brightwater Logistics equal" in words
    assert "Place Room Älvsborg and online Room Älvsborg and online written 26 s ago" in words
    assert "Show as Busy Busy equal" in words


def test_conflict_shows_the_value_that_lost_on_its_side_and_the_rule(admin: Visitor) -> None:
    page = admin.get(f"/items/{REVIEW}").text

    words = text_of(page)

    assert (
        "Agenda: renewals, was Q4 now Q3 volumes, new depot in Gävle. "
        "Agenda: renewals, Q3 volumes, new depot in Gävle. Salesforce won" in words
    )
    assert "Both sides changed; Salesforce won by the configuration's rule." in words
    assert re.search(r"<del[^>]*><span class=\"vh\">was </span>Q4</del>", page)


def test_history_names_the_rule_that_decided_each_write_newest_first(admin: Visitor) -> None:
    words = text_of(admin.get(f"/items/{REVIEW}").text).split("History", 1)[1]

    marks = [
        "Changed in Salesforce Place: Room Älvsborg now and online Only the mailbox changed it. Run",
        "Both sides had changed; Salesforce kept its value Description: was Agenda: renewals, Q4 volumes",
        "Both sides had changed; the mailbox kept its value",
        "Changed in the mailbox When:",
        "Created in Salesforce",
        "New in the mailbox.",
        "Seen in the mailbox for the first time, and paired",
    ]
    assert [words.index(mark) for mark in marks] == sorted(words.index(mark) for mark in marks)


def test_pair_in_sync_says_why_it_is(admin: Visitor) -> None:
    words = text_of(admin.get(f"/items/{REVIEW}").text)

    assert (
        "Why it syncs Lockstep made the Salesforce record from the mailbox. Key accounts syncs events both ways. "
        "It has 3 guests: no change is written to the mailbox without asking." in words
    )


@pytest.mark.parametrize(
    ("state", "chip", "meaning"),
    [
        ("parked", "Outside the scope", "It left what this person's configuration takes."),
        ("stopped", "Stopped", "One side was deleted and the configuration keeps the other."),
        ("broken", "Both sides are missing", "Neither side shows it any more."),
        ("creating", "Being made", "Decided and written down; the other side gets it in this or the next run."),
    ],
)
def test_pair_that_is_not_in_sync_says_its_state_reason_and_what_follows(
    admin: Visitor, world: World, state: str, chip: str, meaning: str
) -> None:
    change(world, t.link, t.link.c.id == REVIEW, state=state, reason="The reason in words.")

    words = text_of(admin.get(f"/items/{REVIEW}").text)

    assert f"{chip} Thu 26 Nov" in words
    assert f"The reason in words. {meaning}" in words


def test_refused_item_shows_the_sides_own_sentence(admin: Visitor) -> None:
    words = text_of(admin.get(f"/items/{REFUSED_LINK}").text)

    assert (
        "Why it does not sync Salesforce refused it: “Postal code must have 5 digits.” A rule of your company." in words
    )
    assert "Tried again when either side or the configuration changes." in words


@pytest.mark.parametrize(
    ("intent_state", "verdict"), [("planned", "on its way to mailbox"), ("held", "held Waits for an answer.")]
)
def test_difference_that_is_being_written_says_so(
    admin: Visitor, world: World, intent_state: str, verdict: str
) -> None:
    change(world, t.crm_record, t.crm_record.c.kind == "event", values=encode_values({"subject": "Another subject"}))
    with world.engine.begin() as connection:
        connection.execute(
            sa.insert(t.intent).values(
                id=OTHER,
                user_id=MAYA,
                link_id=REVIEW,
                kind="event",
                side="mailbox",
                op="update",
                target="x",
                values=encode_values({"subject": "Another subject"}),
                from_mailbox={},
                from_crm={},
                state=intent_state,
                hold="would_mail",
            )
        )

    assert f"Another subject {verdict}" in text_of(admin.get(f"/items/{REVIEW}").text)


def test_difference_without_a_plan_is_called_one(admin: Visitor, world: World) -> None:
    change(world, t.crm_record, t.crm_record.c.kind == "event", values=encode_values({"subject": "Another subject"}))

    assert "Another subject differs Looked at in the next run." in text_of(admin.get(f"/items/{REVIEW}").text)


def test_difference_that_both_sides_were_left_with_is_no_alarm(admin: Visitor, world: World) -> None:
    change(world, t.crm_record, t.crm_record.c.kind == "event", values=encode_values({"subject": "QUARTERLY REVIEW"}))
    change(world, t.link, t.link.c.id == REVIEW, shadow_crm=encode_values({"subject": "QUARTERLY REVIEW"}))

    words = text_of(admin.get(f"/items/{REVIEW}").text)

    assert "QUARTERLY REVIEW differs Both were left as they are." in words


def test_zone_that_salesforce_cannot_hold_is_the_same_moment_not_a_difference(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.delete(t.conflict))
        connection.execute(sa.delete(t.history))

    assert "13:00 to 14:30 UTC same moment" in text_of(admin.get(f"/items/{REVIEW}").text)


def test_ids_for_support_are_given_in_full(admin: Visitor, world: World) -> None:
    with world.engine.connect() as connection:
        row = connection.execute(sa.select(t.link).where(t.link.c.id == REVIEW)).one()

    words = text_of(admin.get(f"/items/{REVIEW}").text)

    assert all(one in words for one in (row.id, row.key, row.mailbox_id, "00UWy"))


def test_unlinked_item_says_why_it_is_not_in_sync(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(
            sa.insert(t.mailbox_item).values(
                user_id=MAYA, kind="event", mailbox_id="AA/private+1=", presence="outside", version="1"
            )
        )
        connection.execute(
            sa.insert(t.note).values(
                user_id=MAYA,
                kind="event",
                side="mailbox",
                ref="AA/private+1=",
                reason="Private events stay in the mailbox.",
                at=NOW,
            )
        )

    answer = admin.get("/find", query_string={"q": "AA/private+1="}, follow_redirects=True)

    words = text_of(answer.text)
    assert "Content is not stored" in words
    assert "No content is kept of this item" in words
    assert "Private events stay in the mailbox." in words


@pytest.mark.parametrize(
    "path",
    [
        f"/items/{OTHER}",
        "/items/aside",
        "/items/aside?kind=event&side=mailbox&user=1&ref=nothing",
        "/items/aside?kind=x&side=y&user=z",
    ],
)
def test_passport_of_nothing_is_not_found(admin: Visitor, path: str) -> None:
    assert admin.get(path).status_code == 404


@pytest.mark.parametrize("query", ["Quarterly", "quarterly REVIEW", "brightwater log"])
def test_find_takes_parts_of_subjects(admin: Visitor, query: str) -> None:
    answer = admin.get("/find", query_string={"q": query})

    assert answer.headers["Location"] == f"/items/{REVIEW}"


def test_find_takes_record_ids_of_15_and_18_characters_mailbox_ids_keys_and_pair_ids(
    admin: Visitor, world: World
) -> None:
    with world.engine.connect() as connection:
        row = connection.execute(sa.select(t.link).where(t.link.c.id == REVIEW)).one()
        crm_id = connection.scalar(sa.select(t.line.c.crm_id).where(t.line.c.id == row.line_id))

    for query in (crm_id, crm_id[:15], row.mailbox_id, row.key, row.id):
        assert admin.get("/find", query_string={"q": query}).headers["Location"] == f"/items/{REVIEW}"


def test_find_takes_addresses_of_contacts_and_parts_of_their_names(admin: Visitor) -> None:
    ines = uuid5(NAMESPACE_URL, "ines")

    for query in ("ines.okoye@brightwater.example.com", "Ines Oko"):
        assert admin.get("/find", query_string={"q": query}).headers["Location"] == f"/items/{ines}"


def test_find_of_one_person_opens_the_page_of_that_person(admin: Visitor) -> None:
    assert admin.get("/find?q=hannah").headers["Location"] == f"/people/{HANNAH}"


def test_find_of_several_lists_them_and_of_none_says_what_is_not_searched(admin: Visitor) -> None:
    several, none = text_of(admin.get("/find?q=an").text), text_of(admin.get("/find?q=zzzz").text)

    assert "People" in several
    assert "Nothing is called “zzzz”" in none
    assert "what is private, not selected or outside the window can be found by its id alone" in none


def test_typed_markup_stays_text_everywhere(admin: Visitor, world: World) -> None:
    evil = '"><img src=x onerror=alert(1)>'
    change(world, t.crm_record, t.crm_record.c.kind == "event", values=encode_values({"subject": evil}))

    for path in (f"/items/{REVIEW}", f"/?q={evil}", f"/find?q={evil}", "/conflicts"):
        assert "<img" not in admin.get(path).text
