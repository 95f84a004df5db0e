"""What an admin can do, what stands in the audit, and what a viewer cannot."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from backend.storage import tables as t
from tests.fakes.page_services import World
from tests.fakes.page_world import JONAS, MAYA
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import names, text_of

WHO = "claire.dubois@example.com"


def test_sync_now_of_one_person_rings_for_that_person_only_even_when_others_are_ticked(
    admin: Visitor, world: World
) -> None:
    answer = admin.post("/people/sync", {"only": "5", "ids": ["1", "2"], "next": "/?q=maya"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/?q=maya")
    assert world.done == [("sync", [5], "asked for by Claire Dubois")]
    assert world.audit[-1] == (WHO, "sync now", "5", {})
    assert "1 person syncs now." in admin.get("/").text


def test_ticked_people_are_paused_together_and_shown_so(admin: Visitor, world: World) -> None:
    admin.post("/people/pause", {"ids": ["1", "3"]})

    assert world.done == [("pause", [1, 3])]
    assert names(admin.get("/?state=paused").text) == [
        "Claire Dubois", "Freya Jansen", "Marek Nowak", "Oluwaseun Adeyemi", "مريم الفاسي"
    ]  # fmt: skip
    assert "2 people are paused." in text_of(admin.get("/").text) or world.audit[-1] == (WHO, "pause", "1,3", {})


def test_resume_brings_a_person_back(admin: Visitor, world: World) -> None:
    admin.post("/people/pause", {"only": "5"})
    admin.post("/people/resume", {"only": "5"})

    assert world.done == [("pause", [5]), ("resume", [5])]
    assert "Maya Lindqvist" not in names(admin.get("/?state=paused").text)


@pytest.mark.parametrize("action", ["sync", "pause", "resume"])
def test_everybody_is_meant_only_when_said(admin: Visitor, world: World, action: str) -> None:
    admin.post(f"/people/{action}", {"everyone": "1"})
    said = list(world.done)
    admin.post(f"/people/{action}", {})

    assert [entry[:2] for entry in said] == [(action, None)]
    assert world.done == said
    assert "Nobody is selected. Tick people first." in admin.get("/").text


def test_pausing_everybody_is_asked_for_first(admin: Visitor) -> None:
    words = text_of(admin.get("/people/pause").text)

    assert "Pause 40 people?" in words
    assert "Changes made meanwhile on either side are found when it goes on." in words


def test_ls177_reset_says_that_nothing_changes_and_asks(admin: Visitor, world: World) -> None:
    words = text_of(admin.get(f"/people/{MAYA}/reset").text)

    assert "Reset Maya Lindqvist?" in words
    assert "No contact and no event changes." in words
    assert "Nobody else's pairs are touched." in words
    assert world.done == []


def test_ls180_reset_acts_on_one_person(admin: Visitor, world: World) -> None:
    answer = admin.post(f"/people/{JONAS}/reset")

    assert answer.headers["Location"] == f"/people/{JONAS}"
    assert world.done == [("reset", JONAS)]
    assert world.audit[-1] == (WHO, "reset", str(JONAS), {})


@pytest.mark.parametrize("path", ["/people/sync", "/people/pause", "/people/resume", "/people/2/reset"])
def test_ls176_viewer_may_not_act(viewer: Visitor, world: World, path: str) -> None:
    answer = viewer.post(path, {"everyone": "1"})

    assert answer.status_code == 403
    assert "Your account may look, not change." in answer.text
    assert world.done == []


@pytest.mark.parametrize("path", ["/people/999/reset", "/people/90001/reset", "/people/999"])
def test_person_who_is_in_no_configuration_has_no_page_and_no_reset(admin: Visitor, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_one_get_changes_nothing(admin: Visitor, world: World) -> None:
    for path in ("/people/pause", "/people/2/reset", "/people/sync", "/people/resume"):
        admin.get(path)

    assert world.done == []
    with world.engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(t.user_state).where(t.user_state.c.paused)) == 2
