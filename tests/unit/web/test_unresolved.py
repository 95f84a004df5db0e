"""Unresolved items: companies without an account, events without a person, and who may answer for whom."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from backend.storage import tables as t
from tests.fakes.page_items import COMPANIES
from tests.fakes.page_services import FakeNear, World
from tests.unit.web.conftest import Visitor

NADIA, OSKAR, YUSUF = COMPANIES
TAMARIND = FakeNear("001000000000001AAA", "Tamarind Health Ltd")
SALTMARSH = FakeNear("001000000000002AAA", "Saltmarsh Shipping")


@pytest.fixture
def rep(app: Flask) -> Visitor:
    """Maya, who signed in with Salesforce."""
    visitor = Visitor(app.test_client())
    visitor.get("/sign-in/salesforce")
    visitor.get("/sign-in/salesforce/callback?code=maya&state=state-1")
    return visitor


def answers(world: World) -> list[tuple[object, ...]]:
    return [one for one in world.done if one[0] in ("resolve", "leave")]


def test_ls077_contacts_without_an_account_are_listed_with_what_was_typed(admin: Visitor) -> None:
    told = admin.text("/unresolved")

    assert "Nadia Ferrante contact of Maya Lindqvist Company as typed: Tamarind Healthcare" in told
    assert "Several accounts are called “Lumen Row Architects”." in told
    assert "Contacts 3" in told
    assert "Events 1" in told


def test_near_matches_are_asked_for_once_a_page_and_only_when_wanted(admin: Visitor, world: World) -> None:
    world.accounts_near = [TAMARIND, SALTMARSH]
    admin.get("/unresolved")
    assert world.done == []

    told = admin.text("/unresolved?near=1")

    assert world.done == [("near", [NADIA, OSKAR, YUSUF])]
    assert "Tamarind Health Ltd" in told


def test_only_a_sure_match_is_chosen_beforehand(admin: Visitor, world: World) -> None:
    """“Saltmarsh Shiping” is one letter away; “Tamarind Healthcare” could be somebody else."""
    world.accounts_near = [TAMARIND, SALTMARSH]

    page = admin.get("/unresolved?near=1").text

    assert f'name="account-{OSKAR}" value="{SALTMARSH.id}" checked' in page
    assert page.count(" checked") == 2  # the account and the tick of its contact


def test_one_answer_resolves_and_remembers_the_spelling(admin: Visitor, world: World) -> None:
    admin.get("/unresolved")

    admin.post(f"/unresolved/{NADIA}", {f"account-{NADIA}": TAMARIND.id, f"remember-{NADIA}": "1"})

    assert answers(world) == [("resolve", NADIA, TAMARIND.id, True)]
    assert world.audit[-1][1:3] == ("company answered", "Tamarind Healthcare")
    assert "Tamarind Healthcare is answered." in admin.text("/unresolved")


def test_no_account_is_an_answer_too(admin: Visitor, world: World) -> None:
    admin.get("/unresolved")

    admin.post(f"/unresolved/{NADIA}", {"account": "none", f"account-{NADIA}": TAMARIND.id})

    assert answers(world) == [("leave", NADIA)]


def test_many_are_answered_at_once_each_with_its_own_account(admin: Visitor, world: World) -> None:
    admin.get("/unresolved")

    admin.post("/unresolved", {
        "items": [NADIA, OSKAR, YUSUF], f"account-{NADIA}": TAMARIND.id, f"account-{OSKAR}": SALTMARSH.id,
    })  # fmt: skip

    assert answers(world) == [("resolve", NADIA, TAMARIND.id, False), ("resolve", OSKAR, SALTMARSH.id, False)]
    assert "2 companies are answered." in admin.text("/unresolved")


def test_the_ticked_ones_can_be_left_without_an_account(admin: Visitor, world: World) -> None:
    admin.get("/unresolved")

    admin.post("/unresolved", {"items": [NADIA, OSKAR], f"account-{NADIA}": TAMARIND.id, "leave": "1"})

    assert answers(world) == [("leave", NADIA), ("leave", OSKAR)]


def test_nothing_ticked_or_chosen_answers_nothing_and_says_so(admin: Visitor, world: World) -> None:
    admin.get("/unresolved")
    admin.post("/unresolved", {"items": [NADIA]})

    assert answers(world) == []
    assert "Nothing was answered." in admin.text("/unresolved")
    assert admin.post(f"/unresolved/{NADIA}", {}).status_code == 422


def test_what_is_no_longer_unresolved_is_told(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.update(t.unresolved).where(t.unresolved.c.link_id == NADIA).values(standing="closed"))
    admin.get("/unresolved")

    assert admin.post(f"/unresolved/{NADIA}", {"account": "none"}).status_code == 404


def test_silence_of_salesforce_keeps_the_list_and_says_why(admin: Visitor, world: World) -> None:
    world.silent = True

    told = admin.text("/unresolved?near=1")

    assert "Salesforce does not answer just now." in told
    assert "Nadia Ferrante" in told


def test_a_rep_sees_and_answers_the_own_items_only(rep: Visitor, world: World) -> None:
    told = rep.text("/unresolved")
    assert "Nadia Ferrante Company as typed" in told
    assert "Yusuf" not in told

    assert rep.post(f"/unresolved/{NADIA}", {"account": "none"}).status_code == 302
    assert rep.post(f"/unresolved/{YUSUF}", {"account": "none"}).status_code == 404
    assert rep.post("/unresolved", {"items": [YUSUF], "leave": "1"}).status_code == 404
    assert answers(world) == [("leave", NADIA)]


def test_a_viewer_answers_nothing(viewer: Visitor, world: World) -> None:
    assert "<button" not in viewer.get("/unresolved").text.partition("<section")[2].partition("</section")[0]
    assert viewer.post(f"/unresolved/{NADIA}", {"account": "none"}).status_code == 403
    assert answers(world) == []


def test_ls144_events_that_relate_to_nobody_are_listed(admin: Visitor, rep: Visitor) -> None:
    for visitor in (admin, rep):
        told = visitor.text("/unresolved/events")
        assert "Coffee with somebody new" in told
        assert "No contact and no lead in Salesforce has the address" in told


def test_nothing_left_says_so(admin: Visitor, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.delete(t.unresolved))

    assert "Nothing to resolve Every contact has its company." in admin.text("/unresolved")
