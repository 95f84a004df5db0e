"""Configurations: list, new, copy, on, off, delete, and who may do it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from backend.domain.configuration import Configuration
from backend.domain.presets import AS_LIGHTNING_SYNC
from backend.storage import tables as t
from backend.storage.configurations import Assigned
from tests.fakes.page_services import World
from tests.fakes.page_world import MAYA
from tests.unit.web.conftest import Visitor
from tests.unit.web.test_status import counted, text_of

WHO = "claire.dubois@example.com"
FIELD_SALES, MANAGEMENT, KEY_ACCOUNTS, INSIDE = 1, 2, 3, 4


def stored(world: World) -> dict[str, Assigned]:
    return {one.configuration.name: one for one in world.configurations().all()}


def settings(world: World, name: str) -> Configuration:
    return replace(stored(world)[name].configuration, name="", version=1)


def because(world: World, user: int) -> tuple[bool, str]:
    with world.engine.connect() as connection:
        query = sa.select(t.user_state.c.syncs, t.user_state.c.because).where(t.user_state.c.user_id == user)
        row = connection.execute(query).one()
    return row.syncs, row.because


def rows(world: World, table: sa.Table) -> int:
    with world.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_ls025_the_list_tells_state_directions_people_and_preset(admin: Visitor) -> None:
    words = text_of(admin.get("/configurations/").text)

    assert "Field sales EMEA Recommended Active Both ways Both ways All events 16 people profile Sales" in words
    assert "Management Recommended + 1 change Active To mailbox Both ways All events 11 people 11 individually" in words
    assert "Inside sales Recommended Not active Both ways Both ways All events 1 person waits profile Inside" in words
    assert "1 active Salesforce user is in no configuration and does not sync." in words


def test_the_list_asks_as_much_of_the_database_however_many_there_are(admin: Visitor, world: World) -> None:
    with counted(world.engine) as few:
        admin.get("/configurations/")
    with world.configurations().editing() as editor:
        for number in range(30):
            editor.add(Configuration(f"Team {number}"))
    with counted(world.engine) as many:
        admin.get("/configurations/")

    assert len(many) == len(few)


def test_ls002_a_viewer_sees_no_control_that_changes_anything(viewer: Visitor, world: World) -> None:
    page = viewer.get("/configurations/").text

    assert "Field sales EMEA" in page
    assert "New configuration" not in page
    assert "Delete…" not in page
    for path in ("/configurations/new", "/configurations/1/switch", "/configurations/1/delete"):
        assert viewer.get(path).status_code == 403
        assert viewer.post(path, {"name": "Mine", "from": "recommended"}).status_code == 403
    assert viewer.post("/configurations/1", {"do": "save", "name": "Mine"}).status_code == 403
    assert "Mine" not in stored(world)
    assert world.audit[-1][1] == "signed in"


def test_ls001_an_admin_makes_changes_and_deletes_a_configuration(admin: Visitor, world: World) -> None:
    made = admin.post("/configurations/new", {"name": "Partners", "from": "recommended"})
    number = int(made.headers["Location"].rpartition("/")[2])
    admin.get(f"/configurations/{number}")
    admin.post(f"/configurations/{number}", {"do": "save", "name": "Partner desk"})
    admin.post(f"/configurations/{number}/delete")

    assert [act[1] for act in world.audit[-3:]] == [
        "configuration added", "configuration changed", "configuration deleted"
    ]  # fmt: skip
    assert {act[0] for act in world.audit[-3:]} == {WHO}
    assert "Partner desk" not in stored(world)


def test_ls036_a_new_configuration_asks_for_a_name_only_and_is_not_active(admin: Visitor, world: World) -> None:
    """LS-036: contact filters follow once it is saved."""
    form = admin.get("/configurations/new").text
    admin.post("/configurations/new", {"name": "  Partners ", "from": "recommended"})

    assert "contacts.filter" not in form
    assert settings(world, "Partners") == Configuration("", active=False)
    assert stored(world)["Partners"].usernames == ()


def test_a_new_configuration_begins_as_lightning_sync_did_or_as_another_one(admin: Visitor, world: World) -> None:
    admin.post("/configurations/new", {"name": "Old ways", "from": "as_lightning_sync"})
    admin.post("/configurations/new", {"name": "Second management", "from": str(MANAGEMENT)})

    assert settings(world, "Old ways") == replace(AS_LIGHTNING_SYNC, name="", active=False)
    assert settings(world, "Second management") == replace(settings(world, "Management"), active=False)
    assert stored(world)["Second management"].usernames == ()


@pytest.mark.parametrize(
    ("name", "start", "sentence"),
    [
        ("", "recommended", "Give it a name."),
        ("   ", "recommended", "Give it a name."),
        ("x" * 121, "recommended", "This is too long: use at most 120 characters."),
        ("field SALES emea", "recommended", "There is a configuration “Field sales EMEA” already"),
        ("Partners", "", "Choose what to begin with."),
        ("Partners", "999", "Choose what to begin with."),
    ],
)
def test_a_name_that_cannot_be_is_kept_with_the_reason(
    admin: Visitor, world: World, name: str, start: str, sentence: str
) -> None:
    before = stored(world)
    answer = admin.post("/configurations/new", {"name": name, "from": start})

    assert answer.status_code == 422
    assert sentence in text_of(answer.text)
    assert f'value="{name.strip()}"' in answer.text
    assert stored(world) == before


def test_ls026_turning_off_says_what_stays_and_stops_its_people(admin: Visitor, world: World) -> None:
    """LS-053: the assignment of a configuration that is off still counts, and the page says so."""
    words = text_of(admin.get(f"/configurations/{KEY_ACCOUNTS}/switch").text)
    pairs = rows(world, t.link)
    admin.post(f"/configurations/{KEY_ACCOUNTS}/switch", {"active": "off"})

    assert "12 people stop syncing. No contact and no event is deleted or changed." in words
    assert "Salesforce for Outlook must still leave these people's contacts and events alone" in words
    assert because(world, MAYA) == (False, "The configuration “Key accounts”, assigned to the user, is not active.")
    assert rows(world, t.link) == pairs
    assert world.audit[-1][1:] == ("configuration switched", "Key accounts", {"from": "on", "to": "off"})

    admin.post(f"/configurations/{KEY_ACCOUNTS}/switch", {"active": "on"})
    assert because(world, MAYA) == (True, "“Key accounts”, assigned to the user.")


def test_ls035_deleting_says_what_stays_and_takes_everybody_out(admin: Visitor, world: World) -> None:
    """LS-033: what is synced stays on both sides."""
    words = text_of(admin.get(f"/configurations/{KEY_ACCOUNTS}/delete").text)
    pairs, items = rows(world, t.link), rows(world, t.mailbox_item)
    answer = admin.post(f"/configurations/{KEY_ACCOUNTS}/delete")

    assert "12 people stop syncing by it" in words
    assert "No contact and no event is deleted." in words
    assert answer.headers["Location"] == "/configurations/"
    assert "Key accounts" not in stored(world)
    assert because(world, MAYA) == (True, "“Field sales EMEA”, assigned through the profile “Sales”.")
    assert (rows(world, t.link), rows(world, t.mailbox_item)) == (pairs, items)


def test_a_deleted_configuration_says_so_wherever_it_was_open(admin: Visitor) -> None:
    admin.post(f"/configurations/{INSIDE}/delete")

    for path in ("", "/switch", "/delete"):
        answer = admin.get(f"/configurations/{INSIDE}{path}")
        assert answer.status_code == 404
        assert "This configuration was deleted." in answer.text


def test_an_empty_list_offers_the_first_one(empty_world: World, admin: Visitor, world: World) -> None:
    with world.configurations().editing() as editor:
        for name in stored(world):
            editor.remove(name)

    words = text_of(admin.get("/configurations/").text)
    assert "No configuration yet" in words
    assert "New configuration" in words
